"""Operators beside an array of the user's class that stands for one of traced numbers (``subclasses/``): which method Python asks first, and what ``x += v`` is."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.containers.subclasses import is_users_number
from gradwise.tracing.holders import TWINS, is_users_array, wrapped
from gradwise.tracing.traced import TracedArray, TracedScalar

#: universal functions by the names of operators
UFUNCS: dict[str, Any] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "matmul": np.matmul,
    "truediv": np.true_divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "pow": np.power,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
}
COMPARISONS: dict[str, Any] = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}


def _class(value: Any) -> Any:
    """The class that a value has in the plain run."""
    cls = type(value)
    return (
        cls.__kind__
        if cls in TWINS
        else np.ndarray
        if cls is TracedArray
        else type(value.value)
        if cls is TracedScalar
        else cls
    )


def beside_twin(a: Any, b: Any, methods: tuple[Any, Any], reflected: str) -> list[tuple[Any, Any, Any]]:
    """The methods to be asked, in Python's order: the reflected one first, where the right operand's class derives from the left one's and overrides it."""
    first, second = methods
    left, right = _class(a), _class(b)
    if type(b) in TWINS and issubclass(left, np.generic) and not is_users_number(left):
        # a number of NumPy's applies the universal function, as ndarray itself would
        return [(getattr(type(b).__mro__[1], reflected), b, a)]
    if left is right:
        return [(first, a, b)]
    overloaded = getattr(right, reflected, None) is not getattr(left, reflected, None)
    if issubclass(right, left) and overloaded:
        return [(second, b, a), (first, a, b)]
    return [(first, a, b), (second, b, a)]


def both_traced(a: Any, b: Any) -> tuple[Any, Any]:
    """Operands with a plain array of a user's class beside a traced one as one of ours."""
    if is_users_array(type(a)) and _is_traced(b):
        return wrapped(a), b
    if is_users_array(type(b)) and _is_traced(a):
        return a, wrapped(b)
    return a, b


def _is_traced(value: Any) -> bool:
    cls = type(value)
    return cls is TracedArray or cls is TracedScalar or cls in TWINS


def in_place_of(name: str, a: Any, b: Any) -> Any:
    """``a += b`` of an array of numbers: the class of the other operand is asked for the result."""
    return UFUNCS[name](a, b, out=(a,))
