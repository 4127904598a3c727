"""Python's operators on traced values: the fast path of recording.

Each operator is one closure that takes the common cases (float64 operands of the same trace, Python numbers, float64 arrays) with a few type tests, and
leaves everything else (other dtypes, values of other traces, ended traces) to ``binary`` and ``unary``, which are general.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.program import Primitive
from gradwise.rules import algebra
from gradwise.tracing.aliasing import foreign_write
from gradwise.tracing.array_likes import array_of
from gradwise.tracing.complex_numbers import of_complex
from gradwise.tracing.forgetting import are_equal_somewhere, is_remembered, refuse_memory
from gradwise.tracing.holders import HOLDERS, answers, wrapped
from gradwise.tracing.places import place_of
from gradwise.tracing.traced import TracedArray, TracedScalar, apply, dtype_of, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

_getframe = sys._getframe
_float64 = np.float64
_F64 = np.dtype(np.float64)
_ndarray = np.ndarray

#: types that other libraries' arrays and containers have: Python should ask them instead
_NUMBERS = (int, float, complex, np.generic)


def _innermost(*operands: Any) -> Any:
    """The open trace of highest level among the operands, or None."""
    best = None
    for o in operands:
        if isinstance_traced(o) and o.tape.open and (best is None or o.tape.level > best.level):
            best = o.tape
    return best


def plain(operand: Any) -> Any:
    """The concrete value of a traced value; anything else as it is."""
    return operand.current() if isinstance_traced(operand) else operand


def binary(function: Callable[..., Any], primitive: Primitive, x: Any, z: Any) -> Any:
    """Record a binary elementwise operation of any operands; ``function`` computes it as Python or NumPy would."""
    trace = _innermost(x, z)
    value = function(plain(x), plain(z))
    if trace is None or value is NotImplemented:
        return value
    if dtype_of(value).kind == "O":
        other = z if isinstance_traced(x) else x
        if type(other) is _ndarray and any(map(isinstance_traced, other.flat)):  # an array of traced numbers
            numbers = np.stack(other.ravel().tolist()).reshape(other.shape)
            return binary(function, primitive, *((x, numbers) if other is z else (numbers, z)))
        if type(other) is _ndarray and other.dtype.kind == "O":  # of the user's objects, which compute with numbers
            return _of_objects(function, x, z)
        raise trace.fail(f"{primitive.name} of {_describe(x)} and {_describe(z)} gives objects. Numbers are required")
    dtype = dtype_of(value)
    if dtype.kind == "b":  # a comparison: compare in the common dtype of the operands
        if primitive is algebra.equal or primitive is algebra.not_equal:
            refuse_memory(trace, x, z, value if primitive is algebra.equal else np.logical_not(value))
        if trace.forgetful and primitive in (algebra.equal, algebra.not_equal):
            is_equal = primitive is algebra.equal
            if is_remembered(trace, x, z) or are_equal_somewhere(
                trace, x, z, value if is_equal else np.logical_not(value)
            ):
                # a constant, by which the record computes as this run does
                return np.full(np.shape(value), not is_equal)[()]
        dtype = dtype_of(np.asarray(plain(x)) if not _weak(z) else plain(x))
        dtype = np.result_type(plain(x), plain(z)) if dtype.kind != "O" else dtype
    elif dtype.kind in "iu" and not (_moves(x) or _moves(z)):
        return function(concrete(x), concrete(z))  # integers and booleans carry no derivative
    return apply(trace, primitive, (x, z), (), value, dtype)


def _of_objects(function: Callable[..., Any], x: Any, z: Any) -> Any:
    """An operation on an array of objects, entry by entry."""
    if type(x) is not TracedScalar and type(z) is not TracedScalar:
        return function(as_objects(x), as_objects(z))
    objects = z if type(x) is TracedScalar else x
    result = np.empty(objects.shape, object)
    for place in np.ndindex(objects.shape):
        one = objects[place]
        result[place] = function(x, one) if objects is z else function(one, z)
    return result


def as_objects(x: Any) -> Any:
    """A traced array as an array of objects that are its entries; anything else as it is."""
    if type(x) is not TracedArray:
        return x
    entries = np.empty(np.shape(x.value), object)
    for place in np.ndindex(entries.shape):
        entries[place] = x[place] if entries.ndim else x[()]
    return entries


def _weak(x: Any) -> bool:
    return isinstance(x, (int, float, complex)) and not isinstance(x, np.generic)


def _moves(x: Any) -> bool:
    """Whether a traced value carries a derivative."""
    return isinstance_traced(x) and dtype_of(x.value).kind in "fc"


def _describe(x: Any) -> str:
    x = plain(x)
    return f"{type(x).__name__} {x!r}" if np.ndim(x) == 0 else f"{type(x).__name__} of shape {np.shape(x)}"


def concrete(operand: Any, kind: str = "value") -> Any:
    """The concrete value of an operand, guarded."""
    if not isinstance_traced(operand):
        return operand
    value = operand.current()
    if operand.tape.open:
        kept = value.copy() if type(value) is np.ndarray else value
        operand.tape.guard(operand.index, kind, kept)
    return value


def unary(function: Callable[..., Any], primitive: Primitive, x: Any) -> Any:
    """Record a unary elementwise operation."""
    if type(x) is TracedScalar and x.tape.open:
        kind = type(x.value)
        if kind is _float64 or kind is float:  # the common case
            out = function(x.value)
            return TracedScalar(x.tape, x.tape.record(primitive, (x.index,), (), out), out)
    value = function(plain(x))
    if not x.tape.open:
        return value
    dtype = dtype_of(value)
    keep = dtype.kind in "fc" and dtype_of(x.value).kind not in "fc"
    return apply(x.tape, primitive, (x,), (), value, dtype if keep else None)


#: globals of the module whose functions stand between an operator and the user's line
_hooks: Any = None
_others: Any = None


def skip_frames_of(names: dict[str, Any]) -> None:
    """Note a module whose frames are not the user's, though they apply operators; there are two."""
    global _hooks, _others  # set once, at import
    _hooks, _others = names, _hooks


def _behind(frame: Any) -> Any:
    while frame.f_globals is _hooks or frame.f_globals is _others:
        frame = frame.f_back
    return frame


def _place_around(frame: Any) -> tuple[Any, int]:
    """The user's place at a frame from which an operator was called."""
    if frame.f_globals is _hooks or frame.f_globals is _others:
        frame = _behind(frame)
    return frame.f_code, frame.f_lasti


def scalar_operator(function: Callable[..., Any], primitive: Primitive, *, flipped: bool) -> Callable[..., Any]:
    """The method of traced scalars that records ``function`` of two operands as ``primitive``; ``flipped`` for the reflected one."""
    keep_out = primitive.keeps == "all"

    def method(self: TracedScalar, other: Any) -> Any:
        trace = self.tape
        value = self.value
        kind = type(value)
        if trace.open and (kind is _float64 or kind is float):
            cls = type(other)
            if cls is TracedScalar and not flipped:  # Python asks a traced value first, a.__rsub__(b) may be written
                z = other.value
                kind = type(z)
                if other.tape is trace and (kind is _float64 or kind is float):
                    out = function(value, z)
                    i, j = self.index, other.index
                else:
                    return general(function, primitive, self, other)
            elif cls is float or cls is int or cls is _float64:
                if flipped:
                    out = function(other, value)
                    i, j = trace.number(other), self.index
                else:
                    out = function(value, other)
                    i, j = self.index, trace.number(other)
            elif cls is _ndarray and other.dtype is _F64 and other.ndim:
                captured = trace.capture(other)[0]
                if flipped:
                    out = function(other, value)
                    i, j = captured, self.index
                else:
                    out = function(value, other)
                    i, j = self.index, captured
                index = len(trace.values)
                trace.values.append(out if keep_out else None)
                trace.ops.extend((primitive, (), 2, i, j))
                trace.outs.append(index)
                trace.places.extend(trace.where or _place_around(_getframe(1)))
                return TracedArray(trace, index, out, keep_out)
            elif flipped:
                return general(function, primitive, other, self)
            else:
                return general(function, primitive, self, other)
            values = trace.values
            index = len(values)
            values.append(out)
            trace.ops.extend((primitive, (), 2, i, j))
            trace.outs.append(index)
            trace.places.extend(trace.where or _place_around(_getframe(1)))
            return TracedScalar(trace, index, out)
        return general(function, primitive, other, self) if flipped else general(function, primitive, self, other)

    return method


def is_subclass(x: Any, *operands: Any) -> bool:
    """Whether a plain array is of a subclass of ndarray that computes as ndarray does: a memory map, an array of the user's class.

    Raises
    ------
    TracingError
        If it makes its results itself, and the operands are traced.
    """
    cls = type(x)
    if cls is _ndarray or not issubclass(cls, _ndarray) or cls.__array_ufunc__ is not _ndarray.__array_ufunc__:
        return False
    if issubclass(cls, (np.matrix, np.ma.MaskedArray)):  # derived from them: they themselves were asked before
        trace = _innermost(*operands)
        if trace is not None:
            raise trace.fail(
                f"a {cls.__name__}, of a class derived from {'np.matrix' if issubclass(cls, np.matrix) else 'np.ma.MaskedArray'}, met a traced value. Its operators are others than those of arrays, "
                "which a traced result would not know. Write np.asarray(a), with @ for the products of matrices and np.where for a mask"
            )
    if cls.__array_wrap__ is not _ndarray.__array_wrap__ and cls.__module__.partition(".")[0] != "numpy":
        trace = _innermost(*operands)
        if trace is not None and type(x.__array_wrap__(np.asarray(x))) is not _ndarray:
            raise trace.fail(
                f"a {cls.__name__} is to be computed with beside a traced value: an array of a class that makes its results itself (__array_wrap__), such as of numbers with units, "
                "which a traced one cannot hold. A plain array is required. Write its numbers, in the unit that is meant: np.asarray(x)"
            )
    return True


def general(function: Callable[..., Any], primitive: Primitive, x: Any, z: Any) -> Any:
    """Record an operation of any operands; NotImplemented where Python should ask the other one."""
    if type(x) is TracedScalar or type(z) is TracedScalar:
        made = of_complex(function, primitive, x, z)
        if made is not None:
            return made
    other = z if isinstance_traced(x) else x
    if not isinstance_traced(other) and not isinstance(other, (*_NUMBERS, _ndarray, list, tuple)):
        taken = array_of(other, x if other is z else z)
        return (
            NotImplemented
            if taken is None
            else general(function, primitive, *(taken if v is other else v for v in (x, z)))
        )
    if answers(other):
        return NotImplemented if type(other) in HOLDERS else function(wrapped(x), wrapped(z))
    if is_subclass(other, x, z):
        return general(function, primitive, *(np.asarray(v) if v is other else v for v in (x, z)))
    if isinstance(other, (list, tuple)) and not isinstance_traced(other):
        if any(isinstance_traced(o) for o in other):
            return NotImplemented
        if type(z if x is other else x) is TracedScalar:
            function(plain(x), plain(z))  # raises where a number and a sequence do: (1, 2) * 1.5 is none of either
        if x is other:
            x = np.asarray(x)
        else:
            z = np.asarray(z)
    return binary(function, primitive, x, z)


def array_operator(function: Callable[..., Any], primitive: Primitive, *, flipped: bool) -> Callable[..., Any]:
    """The method of traced arrays that records ``function`` of two operands as ``primitive``; ``flipped`` for the reflected one."""
    keeps = primitive.keeps
    keep_pair = keeps != "none"
    keep_one = keeps in {"all", "operands"}
    keep_out = keeps == "all"

    def method(self: TracedArray, other: Any) -> Any:
        trace = self.tape
        if not trace.open:
            return general(function, primitive, other, self) if flipped else general(function, primitive, self, other)
        root = self.root
        if root is not None and self.version != root.version:
            self.refresh()
        value = self.value
        cls = type(other)
        if value.dtype is not _F64:
            return general(function, primitive, other, self) if flipped else general(function, primitive, self, other)
        if cls is TracedArray and not flipped:
            if other.tape is not trace:
                return binary(function, primitive, self, other)
            other.sync()
            z = other.value
            if z.dtype is not _F64:
                return binary(function, primitive, self, other)
            out = function(value, z)
            i, j = self.index, other.index
            if keep_pair:
                self.pin()
                other.pin()
        elif cls is TracedScalar and not flipped:
            z = other.value
            kind = type(z)
            if other.tape is not trace or (kind is not _float64 and kind is not float):
                return binary(function, primitive, self, other)
            out = function(value, z)
            i, j = self.index, other.index
            if keep_pair:
                self.pin()
        elif cls is float or cls is int or cls is _float64:
            if flipped:
                out = function(other, value)
                i, j = trace.number(other), self.index
            else:
                out = function(value, other)
                i, j = self.index, trace.number(other)
            if keep_one:
                self.pin()
        elif cls is _ndarray and other.dtype is _F64:
            if flipped:
                out = function(other, value)
                i, j = trace.capture(other)[0], self.index
            else:
                out = function(value, other)
                i, j = self.index, trace.capture(other)[0]
            if keep_one:
                self.pin()
        else:
            return general(function, primitive, other, self) if flipped else general(function, primitive, self, other)
        is_array = type(out) is _ndarray
        values = trace.values
        index = len(values)
        values.append(out if keep_out or not is_array else None)
        trace.ops.extend((primitive, (), 2, i, j))
        trace.outs.append(index)
        trace.places.extend(trace.where or _place_around(_getframe(1)))
        return TracedArray(trace, index, out, keep_out) if is_array else TracedScalar(trace, index, out)

    return method


def in_place(function: Callable[..., Any]) -> Callable[..., Any]:
    """The method of traced arrays that writes ``function(x, z)`` back into x, as ``+=`` does."""

    def method(self: TracedArray, other: Any) -> Any:
        trace = self.tape
        if not trace.open:
            self.current()[...] = plain(function(self, other))
            return self
        outermost = trace.where is None
        if outermost:
            trace.where = place_of(_getframe(1))
        try:
            result = function(self, other)
            if result is not NotImplemented:
                assign_whole(self, result)
                return self
            return result
        finally:
            if outermost:
                trace.where = None

    return method


def assign_whole(target: TracedArray, result: Any) -> None:
    """``target[...] = result`` with the checks that NumPy makes for an ``out=`` argument."""
    trace = target.tape
    if isinstance_traced(result) and result.tape is not trace and result.tape.open and result.tape.level > trace.level:
        raise foreign_write(target)
    value, present = plain(result), target.current()
    if np.shape(value) != present.shape:
        shapes = [str(shape).replace(" ", "") for shape in (present.shape, np.shape(value))]
        raise ValueError(
            f"non-broadcastable output operand with shape {shapes[0]} doesn't match the broadcast shape {shapes[1]}"
        )
    if not np.can_cast(dtype_of(value), present.dtype, "same_kind"):
        raise TypeError(f"cannot cast from {dtype_of(value)} to {present.dtype} with casting rule 'same_kind'")
    target.replace(result if isinstance_traced(result) and result.tape is trace else lifted(trace, result))


def lifted(trace: Any, operand: Any) -> Any:
    """A plain value, or a value of an outer trace, as a traced value of ``trace``."""
    if isinstance_traced(operand) and operand.tape is trace:
        return operand
    index, value = trace.capture(operand)
    return (
        TracedArray(trace, index, value, pinned=True) if type(value) is _ndarray else TracedScalar(trace, index, value)
    )
