"""Arrays of the user's objects under an operator: NumPy computes with the objects one by one, by their own operators, which run as twins.

    A * B  →  [a * b for a, b in zip(A, B)]      where a hook stands for each *

NumPy's loop asks the objects from compiled code.  So it is given *entries* in their place, whose operators are the hooks; what comes out holds the objects again.
Broadcasting, the order of sums in a product of matrices, and the errors are NumPy's.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.instrument.callees import resolve
from gradwise.tracing.instrument.compiling import HOOKS
from gradwise.tracing.instrument.userland import NATIVE
from gradwise.tracing.traced import TracedArray, TracedScalar

if TYPE_CHECKING:
    from collections.abc import Callable

#: numbers and what else asks nobody
_ANSWERED = frozenset(NATIVE | {TracedArray, TracedScalar})


class _Entry:
    """An object in an array, whose operators are the hooks."""

    __slots__ = ("obj",)

    def __init__(self, obj: Any) -> None:
        self.obj = obj


def _entry(value: Any) -> Any:
    return value if type(value) in _ANSWERED else _Entry(value)


def _bare(value: Any) -> Any:
    return value.obj if type(value) is _Entry else value


def _binary(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def forward(self: _Entry, other: Any) -> Any:
        return _entry(HOOKS[name](self.obj, _bare(other)))

    def reflected(self: _Entry, other: Any) -> Any:
        return _entry(HOOKS[name](_bare(other), self.obj))

    return forward, reflected


def _unary(name: str) -> Callable[[_Entry], Any]:
    return lambda self: _entry(HOOKS[name](self.obj))


for _name in (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "lshift",
    "rshift",
    "and",
    "or",
    "xor",
):
    for _form, _method in zip(("__{}__", "__r{}__"), _binary(_name), strict=True):
        setattr(_Entry, _form.format(_name), _method)
for _name in ("neg", "pos", "invert"):
    setattr(_Entry, f"__{_name}__", _unary(_name))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(_Entry, f"__{_name}__", _binary(_name)[0])
setattr(_Entry, "__abs__", lambda self: _entry(resolve(abs)(self.obj)))  # noqa: B010  as the others
setattr(_Entry, "__bool__", lambda self: bool(HOOKS["true"](self.obj)))  # noqa: B010  as the others


def hold_objects(a: Any, b: Any) -> bool:
    """Whether one of two operands is an array of objects, or of records that hold some."""
    return (type(a) is np.ndarray and a.dtype.hasobject) or (type(b) is np.ndarray and b.dtype.hasobject)


def of_entries(function: Callable[..., Any], *operands: Any) -> Any:
    """An operator of arrays, of which some may hold objects."""
    for a in operands:
        if type(a) is np.ndarray and a.dtype.hasobject and not a.dtype.names:
            return _with_entries(function, operands)
    return function(*operands)


def _with_entries(function: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
    given = [_entries(a) if type(a) is np.ndarray and a.dtype.kind == "O" else a for a in operands]
    if all(map(_is, given, operands)):
        return function(*operands)
    result = function(*given)
    if type(result) is not np.ndarray or result.dtype.kind != "O":
        return _bare(result)
    for place in np.ndindex(result.shape):
        result[place] = _bare(result[place])
    return result


def _is(a: Any, b: Any) -> bool:
    return a is b


def _entries(array: np.ndarray) -> np.ndarray:
    """An array of the entries of one of objects; the array itself if it holds numbers only."""
    if all(type(v) in _ANSWERED for v in array.flat):
        return array
    made = np.empty(array.shape, object)
    for place in np.ndindex(array.shape):
        made[place] = _entry(array[place])
    return made


def over_entries(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy, or a method of its arrays, that asks the objects in an array for their operators: a sum, a product of matrices."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return of_entries(lambda *given: function(*given, **kwargs), *args)

    return call


#: NumPy's functions that do so
BY_OPERATORS = frozenset(
    {
        "add",
        "subtract",
        "multiply",
        "divide",
        "true_divide",
        "floor_divide",
        "remainder",
        "mod",
        "power",
        "negative",
        "absolute",
    }
    | {"matmul", "dot", "inner", "vdot", "outer", "sum", "prod", "cumsum", "cumprod", "mean", "trace", "diff"}
    | {"max", "min", "amax", "amin", "maximum", "minimum", "sort"}
)


def change_entries(operate: Callable[[Any, Any], Any], a: np.ndarray, b: Any) -> np.ndarray:
    """``a += b`` of an array of objects: it holds what ``a + b`` gives."""
    a[...] = operate(a, b)
    return a
