"""Operators, items, iteration and ``with`` for objects whose class is the user's: their special methods run as twins.

Two plain or traced operands are left to Python.  Otherwise an operator follows Python's protocol: the reflected method first where the right operand's class derives from
the left one's and overrides it, ``NotImplemented`` passes on, and where no method written in Python is involved, Python decides.
"""

from __future__ import annotations

import operator
import sys
import types
from typing import Any

import numpy as np

from gradwise.program import Primitive
from gradwise.rules import algebra, powers
from gradwise.tracing.arithmetic import skip_frames_of
from gradwise.tracing.array_likes import gives
from gradwise.tracing.conversions import objects
from gradwise.tracing.failing import of, shows
from gradwise.tracing.functions.creation import buffer
from gradwise.tracing.holders import HOLDERS, TWINS, adopted, is_adoptable, is_users_array, wrapped
from gradwise.tracing.instrument.arrays_of_users import beside_twin, both_traced, in_place_of
from gradwise.tracing.instrument.beside_numpy import as_array, decides, for_numpy, of_entries
from gradwise.tracing.instrument.callees import resolve
from gradwise.tracing.instrument.compiling import HOOKS
from gradwise.tracing.instrument.ending import reveal_within
from gradwise.tracing.instrument.foreign import note_operand
from gradwise.tracing.instrument.formatting import percent
from gradwise.tracing.instrument.object_entries import change_entries, hold_objects
from gradwise.tracing.instrument.object_entries import of_entries as of_objects
from gradwise.tracing.instrument.objects import class_info, holds_traced, store
from gradwise.tracing.instrument.rationals import is_fraction, without_fractions
from gradwise.tracing.instrument.references import ALONE, count, owns
from gradwise.tracing.instrument.state import local, note_written
from gradwise.tracing.instrument.userland import NATIVE
from gradwise.tracing.layout import copy_in_layout
from gradwise.tracing.traced import TracedArray, TracedScalar

#: operands of these types, together, are left to Python
UNTRACED = frozenset(NATIVE - {types.FunctionType, super})
TRACED = frozenset({TracedArray, TracedScalar})
PLAIN = UNTRACED | TRACED
_LISTS = frozenset({list, tuple})
_SEQUENCES = frozenset({list, tuple, str, bytes})
#: of these nothing needs to be looked into: a list beside an array may hold traced values, and is an array then; an array may hold objects
_CERTAIN = UNTRACED - _LISTS - {np.ndarray}
_SURE = PLAIN - _LISTS
_ndarray = np.ndarray
_float64 = np.float64
_FLOATS = frozenset({float, np.float64})
_NUMBERS = frozenset({float, int, np.float64})
_getframe = sys._getframe
_names = globals()
_F64 = np.dtype(np.float64)


def _binary(name: str, function: Any) -> Any:
    forward, reflected = f"__{name}__", f"__r{name}__"

    def slow(a: Any, b: Any) -> Any:
        watch = local.watch
        if watch is None:
            return function(a, b)
        if isinstance(a, (list, tuple)) or isinstance(b, (list, tuple)):
            kinds = _ARRAYS if name == "mul" else _ARRAYS_AND_NUMBERS
            if type(a) in _LISTS or forward not in class_info(watch, type(a)).methods:
                a = _beside(a, b, kinds)
            b = _beside(b, a, kinds)
        a, b = without_fractions(a, b)
        if type(a) is TracedArray and is_fraction(b):  # NumPy computes of the Python numbers, one by one
            return of_entries(slow, a, b)
        if type(b) is TracedArray and is_fraction(a):
            return of_entries(lambda entry, fraction: slow(fraction, entry), b, a)
        if type(a) not in PLAIN and not gives(type(a), forward):
            a = for_numpy(a, b)
        if type(b) not in PLAIN and isinstance(a, (np.ndarray, np.generic)) and decides(type(b)):
            b = as_array(b)
            if name == "matmul" and type(b) not in PLAIN:
                return function(np.empty(np.shape(a)), b)  # raises as NumPy does
            if type(b) not in PLAIN and isinstance(a, np.ndarray):
                return of_entries(slow, a, b)
            if type(b) in PLAIN:
                return function(a, b)
        if type(b) not in PLAIN or type(a) not in PLAIN:
            a, b = both_traced(a, b)
        left = class_info(watch, type(a)).methods.get(forward) if type(a) not in PLAIN else None
        right = class_info(watch, type(b)).methods.get(reflected) if type(b) not in PLAIN else None
        if left is None and right is None:
            if watch.overlay:
                reveal_within((a, b))
            return function(a, b)
        first = _native(type(a), forward) if left is None else left
        second = _native(type(b), reflected) if right is None else right
        if type(a) in _SEQUENCES and second is not None:
            order = [(second, b, a)]  # a sequence is repeated, or joined, after everything else was asked
        elif TWINS and (type(a) in TWINS or type(b) in TWINS):
            order = beside_twin(a, b, (first, second), reflected)
        elif second is not None and _goes_first(type(b), _kind(a), reflected):
            order = [(second, b, a), (first, a, b)]
        else:
            order = [(first, a, b)] + ([(second, b, a)] if type(a) is not type(b) else [])
        for method, one, other in order:
            if method is not None:
                result = resolve(method)(one, other)
                if result is not NotImplemented:
                    return result
        return function(a, b)  # raises as Python does

    def operate(a: Any, b: Any) -> Any:
        if type(a) in _CERTAIN and type(b) in _CERTAIN:
            return function(a, b)
        if type(b) in TRACED and type(a) is _ndarray and a.dtype is _F64 and name == "matmul":
            return b.__rmatmul__(a)
        if type(a) in _SURE and type(b) in _SURE:
            return of_objects(function, a, b) if hold_objects(a, b) else function(a, b)
        return slow(a, b)

    return operate


def _goes_first(right: type, left: type, reflected: str) -> bool:
    """Whether the right operand is asked first: its class derives from the left one's, and has another reflected method."""
    derives = right is not left and issubclass(right, left)
    return derives and getattr(right, reflected, None) is not getattr(left, reflected, None)


def _kind(value: Any) -> type:
    """The class of a value; of a traced number that of the number."""
    return type(value.value) if type(value) is TracedScalar else type(value)


def _native(cls: type, name: str) -> Any:
    """A method of a class, and none of its metaclass (``type`` has ``__or__``)."""
    return getattr(cls, name) if gives(cls, name) else None


_ARRAYS = (np.ndarray,)
#: a list beside a number of NumPy's becomes an array; but it cannot be repeated that often
_ARRAYS_AND_NUMBERS = (np.ndarray, np.inexact)


def _beside(value: Any, other: Any, kinds: tuple[type, ...] = _ARRAYS) -> Any:
    """A list that holds traced values, beside an array or a number of NumPy's: an array."""
    if not isinstance(value, (list, tuple)) or not isinstance(other, kinds) or not holds_traced(value):
        return value
    return resolve(np.array)(value)


def _in_place(name: str, function: Any, binary: Any) -> Any:
    method_name = f"__i{name}__"

    def operate(a: Any, b: Any) -> Any:
        cls = type(a)
        if cls is TracedScalar:
            return binary(a, b)
        if type(b) in _LISTS and (cls is _ndarray or cls is TracedArray):
            b = _beside(b, a)
        elif cls in _LISTS and isinstance(b, _ARRAYS_AND_NUMBERS) and holds_traced(a):
            return binary(a, b)  # NumPy's operand is asked before the list is joined
        if (cls is TracedArray or cls is _ndarray) and type(b) not in PLAIN:
            b = wrapped(b) if cls is TracedArray and is_users_array(type(b)) else for_numpy(b, a)
        asked = bool(TWINS) and type(b) in TWINS  # the class of the other operand says what the result is
        if asked and cls is TracedArray:
            return in_place_of(name, a, b)
        if cls is _ndarray and type(b) in TRACED and a.dtype.kind == "O":
            b = objects(b)  # which are computed with one by one
        if cls is _ndarray and (asked or type(b) in TRACED) and a.dtype.kind in "fc" and local.watch is not None:
            # only the place that is about to be assigned refers to the array: nobody misses what is written to its copy
            noted = id(a) in local.watch.touched
            if count(a) <= ALONE + 1 + noted and owns(a) and a.flags.writeable:
                a = buffer(local.watch.trace, copy_in_layout(a))
            return in_place_of(name, a, b) if asked else function(a, b)
        if (type(b) in TRACED or type(b) in HOLDERS) and is_adoptable(cls) and local.watch is not None:
            noted = id(a) in local.watch.touched
            if count(a) <= ALONE + 1 + noted and owns(a) and a.flags.writeable:
                a = adopted(a)
                cls = type(a)
        if cls in PLAIN and type(b) in PLAIN:
            if cls is np.ndarray:
                note_written(a)
                if a.dtype.kind == "O":
                    return change_entries(binary, a, b)
            elif local.watch is not None and (cls is list or cls is set or cls is dict):
                local.watch.touched[id(a)] = a
            return function(a, b)
        watch = local.watch
        if watch is not None:
            if cls not in TRACED:
                note_operand(watch, a)
            method = None if cls in PLAIN else class_info(watch, cls).methods.get(method_name)
            if method is not None:
                result = resolve(method)(a, b)
                return binary(a, b) if result is NotImplemented else result
            if getattr(cls, method_name, None) is None:
                return binary(a, b)
        return function(a, b)

    return operate


def _arithmetic(name: str, function: Any, primitive: Primitive) -> Any:
    """The operator of most of what instrumented code runs: two scalars of one trace, or one and a number, are recorded here, without Python's search for the method.

    The rest is as ``arithmetic.scalar_operator`` does it; a NumPy operand on the left would ask the traced one by the long way of ``__array_ufunc__``.
    """
    slow = _binary(name, function)
    reflected = f"__r{name}__"

    @shows(of("a", "b"))
    def operate(a: Any, b: Any) -> Any:
        ta, tb = type(a), type(b)
        if ta in _CERTAIN and tb in _CERTAIN:
            return function(a, b)
        if ta is TracedScalar:
            trace, x, i = a.tape, a.value, a.index
            if tb is TracedScalar and b.tape is trace:
                z, j = b.value, b.index
            elif tb in _NUMBERS:
                z, j = b, None
            else:
                return function(a, b) if tb in _SURE and not (tb is _ndarray and b.dtype.hasobject) else slow(a, b)
        elif tb is TracedScalar and ta in _NUMBERS:
            trace, x, i, z, j = b.tape, a, None, b.value, b.index
        elif tb in TRACED and ta is _ndarray and a.dtype is _F64:
            return getattr(b, reflected)(a)
        elif ta in _SURE and tb in _SURE:
            return of_objects(function, a, b) if hold_objects(a, b) else function(a, b)
        else:
            return slow(a, b)
        if not trace.open or (i is not None and type(x) not in _FLOATS) or (j is not None and type(z) not in _FLOATS):
            return function(a, b) if ta is not _float64 else getattr(b, reflected)(a)
        out = function(x, z)
        if i is None:
            i = trace.number(a)
        elif j is None:
            j = trace.number(b)
        values = trace.values
        index = len(values)
        values.append(out)
        trace.ops.extend((primitive, (), 2, i, j))
        trace.outs.append(index)
        where = trace.where
        if where is None:
            frame: Any = _getframe(1)
            while frame.f_globals is _names:  # a += b
                frame = frame.f_back
            where = (frame.f_code, frame.f_lasti)
        trace.places.extend(where)
        return TracedScalar(trace, index, out)

    return operate


_add = _arithmetic("add", operator.add, algebra.add_p)
_sub = _arithmetic("sub", operator.sub, algebra.sub_p)
_mul = _arithmetic("mul", operator.mul, algebra.mul_p)
_truediv = _arithmetic("truediv", operator.truediv, algebra.div_p)


def _recorded(x: Any, primitive: Primitive, params: tuple[Any, ...], out: Any) -> Any:
    """The equation of an operator on one traced number, at the line of the hook's caller."""
    trace = x.tape
    values = trace.values
    index = len(values)
    values.append(out)
    trace.ops.extend((primitive, params, 1, x.index))
    trace.outs.append(index)
    where = trace.where
    if where is None:
        frame: Any = _getframe(2)
        while frame.f_globals is _names:  # a **= 2
            frame = frame.f_back
        where = (frame.f_code, frame.f_lasti)
    trace.places.extend(where)
    return TracedScalar(trace, index, out)


def _neg(a: Any) -> Any:
    if type(a) is TracedScalar and a.tape.open and type(a.value) in _FLOATS:
        return _recorded(a, algebra.neg, (), -a.value)
    return _slow_neg(a)


def _pow(a: Any, b: Any) -> Any:
    if type(a) is TracedScalar and type(b) is int and b > 0 and a.tape.open and type(a.value) in _FLOATS:
        return _recorded(a, powers.power, (b,), a.value**b)
    if type(a) in _CERTAIN and type(b) in _CERTAIN:
        return a**b
    if type(b) in TRACED and (type(a) is _float64 or (type(a) is _ndarray and a.dtype is _F64)):
        return b.__rpow__(a)
    if type(a) in _SURE and type(b) in _SURE:
        if (type(a) is _ndarray and a.dtype.hasobject) or (type(b) is _ndarray and b.dtype.hasobject):
            return of_objects(operator.pow, a, b)
        return a**b
    return _slow_pow(a, b)


def _mod(a: Any, b: Any) -> Any:
    if type(a) is str:
        return percent(a, b)
    if type(a) in _CERTAIN and type(b) in _CERTAIN:
        return a % b
    if type(b) in TRACED and (type(a) is _float64 or (type(a) is _ndarray and a.dtype is _F64)):
        return b.__rmod__(a)
    if type(a) in _SURE and type(b) in _SURE:
        return of_objects(operator.mod, a, b) if hold_objects(a, b) else a % b
    return _slow_mod(a, b)


_slow_pow, _slow_mod = (_binary(n, getattr(operator, n)) for n in ("pow", "mod"))

BINARY = {"add": _add, "sub": _sub, "mul": _mul, "truediv": _truediv, "pow": _pow, "mod": _mod}
for _name, _function in {
    "floordiv": operator.floordiv,
    "matmul": operator.matmul,
    "lshift": operator.lshift,
    "rshift": operator.rshift,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
}.items():
    BINARY[_name] = _binary(_name, _function)
_IN_PLACE = {"and": operator.iand, "or": operator.ior}
IN_PLACE = {
    "i" + name: _in_place(name, _IN_PLACE.get(name) or getattr(operator, "i" + name), binary)
    for name, binary in BINARY.items()
}


class begun:
    """The container in ``container[key] += value``, where the key is an expression that is evaluated once: the entry's operator is a hook."""

    __slots__ = ("container",)

    def __init__(self, container: Any) -> None:
        self.container = container

    def __getitem__(self, key: Any) -> Any:
        return _Entry([HOOKS["reading"](self.container)[key]])

    def __setitem__(self, key: Any, value: Any) -> None:
        HOOKS["writing"](self.container)[key] = value


class begun_attribute:
    """The object in ``f().name += value``."""

    __slots__ = ("_obj",)

    def __init__(self, obj: Any) -> None:
        object.__setattr__(self, "_obj", obj)

    def __getattribute__(self, name: str) -> Any:
        return _Entry([HOOKS["augmented"](object.__getattribute__(self, "_obj"), name)])

    def __setattr__(self, name: str, value: Any) -> None:
        store(object.__getattribute__(self, "_obj"), name, value)


class _Entry:
    """An entry about to be changed by an operator."""

    __slots__ = ("held",)

    def __init__(self, held: list[Any]) -> None:
        self.held = held


def _changed_by(operate: Any) -> Any:
    def change(self: _Entry, value: Any) -> Any:
        return operate(self.held.pop(), value)  # popped: nothing but the call refers to it

    return change


for _name, _operate in IN_PLACE.items():
    setattr(_Entry, f"__{_name}__", _changed_by(_operate))


def _unary(name: str, function: Any) -> Any:
    method_name = f"__{name}__"

    def operate(a: Any) -> Any:
        if type(a) in PLAIN:
            return of_objects(function, a) if type(a) is _ndarray and a.dtype.hasobject else function(a)
        watch = local.watch
        method = None if watch is None else class_info(watch, type(a)).methods.get(method_name)
        return function(a) if method is None else resolve(method)(a)

    return operate


_slow_neg = _unary("neg", operator.neg)
UNARY = {"neg": _neg} | {name: _unary(name, getattr(operator, name)) for name in ("pos", "invert")}


skip_frames_of(globals())
