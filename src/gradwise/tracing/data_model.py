"""Which method of Python's data model is which operator of ``arithmetic.py``; and the conversions that Python asks of a number."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.program import Primitive
from gradwise.rules import algebra, elementwise
from gradwise.tracing.arithmetic import (
    array_operator,
    binary,
    concrete,
    general,
    in_place,
    plain,
    scalar_operator,
    unary,
)
from gradwise.tracing.factors import matmul, power
from gradwise.tracing.failing import by_method, of, shows
from gradwise.tracing.forgetting import is_no_distance
from gradwise.tracing.holders import answers
from gradwise.tracing.traced import Traced, dtype_of, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

BINARY: dict[str, tuple[Callable[..., Any], Primitive]] = {
    "add": (operator.add, algebra.add_p),
    "sub": (operator.sub, algebra.sub_p),
    "mul": (operator.mul, algebra.mul_p),
    "truediv": (operator.truediv, algebra.div_p),
    "mod": (operator.mod, elementwise.mod),
    "floordiv": (operator.floordiv, elementwise.floor_divide),
}

COMPARISONS: dict[str, tuple[Callable[..., Any], Primitive]] = {
    "eq": (operator.eq, algebra.equal),
    "ne": (operator.ne, algebra.not_equal),
    "lt": (operator.lt, algebra.less),
    "le": (operator.le, algebra.less_equal),
    "gt": (operator.gt, algebra.greater),
    "ge": (operator.ge, algebra.greater_equal),
}


@shows(of("self", function=int))
def _integer(self: Traced) -> int:
    return int(concrete(self, "int"))


def _index(self: Traced) -> int:
    value = self.current()
    if dtype_of(value).kind not in "iub" or np.ndim(value):
        raise TypeError("only integer scalar arrays can be converted to a scalar index")
    return operator.index(concrete(self, "index"))


def _bool(self: Traced) -> bool:
    value = self.current()
    answer = bool(value)
    if self.tape.open:
        if dtype_of(value).kind != "b":
            # ``if x`` is a comparison like others: its guard holds for other numbers, and its branch may be that of single points
            return bool(operator.ne(self, 0))
        if self.tape.forgetful and is_no_distance(self):
            answer = not answer
        self.tape.guard(self.index, "bool", answer)
    return answer


def _equality(function: Callable[..., Any], primitive: Primitive, x: Any, z: Any) -> Any:
    if z is None or type(z) is str or type(z) is bytes:
        return function(plain(x), z)  # no number is None: the same for all values, entry by entry
    return general(function, primitive, x, z)


def _is_number(value: Any) -> bool:
    return isinstance_traced(value) or (
        isinstance(value, (int, np.generic, np.ndarray, list, tuple)) and not answers(value)
    )


def _logical(function: Callable[..., Any], predicate: Primitive | None, x: Any, z: Any) -> Any:
    if not (_is_number(x) and _is_number(z)):
        return NotImplemented  # an object of the user's: a unit, an array of a class
    if predicate is not None and dtype_of(plain(x)).kind == "b" and dtype_of(plain(z)).kind == "b":
        return binary(function, predicate, x, z)
    return function(concrete(x), concrete(z))


def _invert(self: Traced) -> Any:
    if dtype_of(self.value).kind == "b":
        return unary(operator.invert, elementwise.PREDICATES["logical_not"], self)
    return ~concrete(self)


def install(scalar: Any, array: Any) -> None:
    """Give the traced classes Python's operators."""
    for name, (function, primitive) in {**BINARY, **COMPARISONS}.items():
        reflected = name in BINARY
        for flipped in (False, True) if reflected else (False,):
            method = f"__{'r' if flipped else ''}{name}__"
            setattr(scalar, method, shows(by_method)(scalar_operator(function, primitive, flipped=flipped)))
            setattr(array, method, shows(by_method)(array_operator(function, primitive, flipped=flipped)))
    shows(of("x", "z"))(binary)
    for cls in (scalar, array):  # equality is asked by memories of results, which the general way notices
        cls.__eq__ = lambda self, other: _equality(operator.eq, algebra.equal, self, other)
        cls.__ne__ = lambda self, other: _equality(operator.ne, algebra.not_equal, self, other)
    logical = {
        "and": (operator.and_, elementwise.PREDICATES["logical_and"]),
        "or": (operator.or_, elementwise.PREDICATES["logical_or"]),
        "xor": (operator.xor, elementwise.PREDICATES["logical_xor"]),
        "lshift": (operator.lshift, None),
        "rshift": (operator.rshift, None),
    }
    for name, (function, predicate) in logical.items():

        def logical_method(self: Any, other: Any, function: Any = function, predicate: Any = predicate) -> Any:
            return _logical(function, predicate, self, other)

        def flipped_method(self: Any, other: Any, function: Any = function, predicate: Any = predicate) -> Any:
            return _logical(function, predicate, other, self)

        for cls in (scalar, array):
            setattr(cls, f"__{name}__", logical_method)
            setattr(cls, f"__r{name}__", flipped_method)
        setattr(array, f"__i{name}__", in_place(logical_method))
    for cls in (scalar, array):
        cls.__pow__ = lambda self, other, modulus=None: power(self, other)
        cls.__rpow__ = lambda self, other, modulus=None: power(other, self)
        cls.__matmul__ = lambda self, other: matmul(self, other)
        cls.__rmatmul__ = lambda self, other: matmul(other, self)
        cls.__neg__ = lambda self: unary(operator.neg, algebra.neg, self)
        cls.__pos__ = lambda self: self.copy() if type(self) is array else self
        cls.__abs__ = lambda self: unary(operator.abs, elementwise.abs_, self)
        cls.__invert__ = _invert
        cls.__divmod__ = lambda self, other: (self // other, self % other)
        cls.__rdivmod__ = lambda self, other: (other // self, other % self)
        cls.__int__ = _integer
        cls.__index__ = _index
        cls.__bool__ = _bool
    for name, (function, _) in BINARY.items():
        setattr(array, f"__i{name}__", in_place(function))
    array.__ipow__ = in_place(power)
    array.__imatmul__ = in_place(matmul)
