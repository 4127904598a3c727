"""Operators of the user's classes: objects, and named tuples with operators of their own."""

from __future__ import annotations

import functools
import weakref
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.constructed import special
from gradwise.tracing.purity.lattice import alternatives, describe, is_none_itself, is_scalar, join, level
from gradwise.tracing.purity.named_tuples import has_fields, has_operators
from gradwise.tracing.purity.objects import is_absent, is_defined, is_derived, member
from gradwise.tracing.purity.record_types import answers, operator_of_records
from gradwise.tracing.purity.scope import Ends, Expected
from gradwise.tracing.purity.sequences import class_of, entries, is_object, is_sequence, note
from gradwise.tracing.purity.values import FLOAT, NOTHING, Bound, Constant, Known, Local, Made, Row, Several

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

_OPERATORS = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul",
    "|": "or", "&": "and", "^": "xor", "<<": "lshift", ">>": "rshift",
}  # fmt: skip


def operator_of_objects(m: Machine, symbol: str, x: Any, z: Any) -> Any:
    """A binary operator of the user's class."""
    if x is NOTHING or z is NOTHING:
        raise Ends
    name = _OPERATORS.get(symbol.removesuffix("="))
    if type(x) is Several and not any(map(is_none_itself, x.values)):
        return functools.reduce(join, [operator_of_objects(m, symbol, one, z) for one in x.values])
    if type(z) is Several and level(x) is not None and not any(map(is_none_itself, z.values)):
        return functools.reduce(join, [operator_of_objects(m, symbol, x, one) for one in z.values])
    x, z = as_record(m, x), as_record(m, z)
    if answers(x) or (answers(z) and _is_pythons_number(x)):
        return operator_of_records(m, name, x, z)
    if symbol.endswith("=") and is_object(x) and name is not None:
        if is_defined(class_of(x), f"__i{name}__"):
            method = special(m, x, f"__i{name}__")
            return m.scope.call_function(m, method.function, [method.receiver, z], {})
        note(x, ("defined", f"__i{name}__"), lambda cls: is_defined(cls, f"__i{name}__"))
    if name is not None and is_object(x):
        for one in alternatives(z):
            _is_asked_second(m, x, one, f"__r{name}__")
        method, other = special(m, x, f"__{name}__"), z
    elif name is not None and is_object(z) and (_is_pythons_number(x) or (is_scalar(x) and _is_no_array(m, z))):
        method, other = special(m, z, f"__r{name}__"), x
    else:
        raise m.doubt(f"the operator {symbol} of {describe(x if level(x) is None else z)} is not looked into")
    return m.scope.call_function(m, method.function, [method.receiver, other], {})


def _is_asked_second(m: Machine, left: Any, right: Any, reflected: str) -> None:
    """See to it that Python asks the left operand first: the right one goes first if its class is derived from that of the left one, and has got another method for that."""
    if is_object(right):
        cls, other = class_of(left), class_of(right)
        if other is not cls:
            note(right, ("derived", weakref.ref(cls)), lambda one: is_derived(one, cls))
            if not issubclass(other, cls):
                return
            if member(other, reflected) is not member(cls, reflected):
                raise m.doubt(f"the operand {describe(right)} is asked before {describe(left)}")
            if is_defined(other, reflected):
                special(m, left, reflected), special(m, right, reflected)  # which notes them
            else:
                note(right, ("defined", reflected), lambda one: is_defined(one, reflected))
    elif level(right) is None and type(right) not in (Known, Bound, Local):
        raise m.doubt(f"{describe(right)} is an operand of {describe(left)}")


def _is_pythons_number(value: Any) -> bool:
    """Whether a value is surely a number of Python's, which leaves its operators to the other operand."""
    return level(value) is FLOAT or (type(value) is Constant and type(value.value) in (int, bool, complex))


#: what makes NumPy treat an object as an array, or leave an operator to it
_OF_ARRAYS = ("__array_ufunc__", "__array_function__", "__len__", "__getitem__", "__getattr__")
#: those that it asks the object itself for
_OF_OBJECTS = ("__array__", "__array_interface__", "__array_struct__")


def _is_no_array(m: Machine, value: Any) -> bool:
    """Whether NumPy's numbers do with an object what Python's do: ask it for its reflected operator.  What its class lacks for that is noted."""
    if any(is_defined(class_of(value), name) for name in (*_OF_ARRAYS, *_OF_OBJECTS)):
        return False
    if type(value) is Made and any(name in m.scope.inquiry.made[value.place] for name in _OF_OBJECTS):
        return False
    if type(value) is Known:
        if not all(is_absent(value.value, name) for name in _OF_OBJECTS):
            return False
        value.expected.reads.members.update({("absent", name): Expected("is", True) for name in _OF_OBJECTS})
    for name in (*_OF_ARRAYS, *_OF_OBJECTS):
        note(value, ("defined", name), functools.partial(is_defined, name=name))
    return True


def as_record(m: Machine, value: Any) -> Any:
    """A named tuple that was there, and whose class has operators of its own, as one whose entries are known; all else as it is."""
    if not is_sequence(value) or not has_fields(type(value.value)) or not has_operators(type(value.value)):
        return value
    return Row(tuple(entries(m, value).values()), type(value.value), answers=True)
