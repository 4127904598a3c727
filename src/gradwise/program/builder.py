"""Writing programs: a builder that emits equations, and symbols that read like arrays.

``Symbol`` lets a rule be written as a formula: ``1 + y * y`` on symbols emits equations.  A symbol knows its type, never
a value.  Python numbers become ``constant`` equations of the other operand's dtype.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.program.language import ArrayType, Equation, Primitive

if TYPE_CHECKING:
    from collections.abc import Sequence


def _constant_value(value: Any, dtype: np.dtype[Any]) -> Any:
    return dtype.type(value)


#: A number known when the program is written: no operands, ``params = (value, dtype)``.
constant = Primitive(
    "constant",
    _constant_value,
    lambda value, dtype: ArrayType((), dtype),
    jvp=None,
    params=("value", "dtype"),
    keeps="none",
)

_types: dict[Any, Any] = {}


def result_type(primitive: Primitive, types: Sequence[ArrayType], params: tuple[Any, ...]) -> Any:
    """The type (or tuple of types) of an equation's value, remembered by signature."""
    key = (primitive, tuple(types), params)
    known = _types.get(key)
    if known is None:
        known = primitive.result(*types, *params)
        if len(_types) > 100_000:
            _types.clear()
        _types[key] = known
    return known


class Builder:
    """A program under construction.

    Parameters
    ----------
    types : list of ArrayType
        The types of the variables that exist already; extended in place.
    location : optional
        The user's line to which emitted equations belong.
    """

    def __init__(self, types: list[ArrayType] | None = None, location: Any = None) -> None:
        self.types = [] if types is None else types
        self.equations: list[Equation] = []
        self.location = location
        self._constants: dict[Any, Symbol] = {}

    def variable(self, type_: ArrayType) -> Symbol:
        """A new variable without a definition (an input)."""
        self.types.append(type_)
        return Symbol(self, len(self.types) - 1, type_)

    def symbol(self, variable: int) -> Symbol:
        return Symbol(self, variable, self.types[variable])

    def constant(self, value: Any, dtype: np.dtype[Any]) -> Symbol:
        key = (type(value), value, dtype, np.copysign(1.0, value) if isinstance(value, (int, float)) else 0)
        known = self._constants.get(key)
        if known is None:
            known = self._constants[key] = self.emit(constant, (), (value, dtype))
        return known

    def lift(self, operand: Any, dtype: np.dtype[Any]) -> Symbol:
        """A symbol for an operand that may be a Python or NumPy number."""
        return operand if type(operand) is Symbol else self.constant(operand, dtype)

    def emit(self, primitive: Primitive, operands: Sequence[Symbol], params: tuple[Any, ...] = ()) -> Any:
        types = [operand.type for operand in operands]
        result = result_type(primitive, types, params)
        inputs = tuple(operand.index for operand in operands)
        if primitive.multiple:
            outputs = tuple(self.variable(t) for t in result)
            self.equations.append(Equation(primitive, inputs, params, tuple(o.index for o in outputs), self.location))
            return outputs
        output = self.variable(result)
        self.equations.append(Equation(primitive, inputs, params, output.index, self.location))
        return output


class Symbol:
    """A variable of a program under construction, with the operators of an array.

    The operators are bound to their primitives by ``gradwise.rules`` (see ``Symbol.operators``), because the language does not
    know the mathematics.
    """

    __slots__ = ("builder", "index", "type")
    __array_ufunc__ = None
    __level__ = -1
    #: name of an operator → primitive; filled by gradwise.rules
    operators: dict[str, Any] = {}

    def __init__(self, builder: Builder, index: int, type_: ArrayType) -> None:
        self.builder = builder
        self.index = index
        self.type = type_

    def __primitive__(self, primitive: Primitive, operands: Sequence[Any], params: tuple[Any, ...]) -> Any:
        """Emit an equation; numbers take the dtype of the first symbol that is no mask."""
        dtype = self.type.dtype
        if dtype.kind == "b":
            dtype = next((x.dtype for x in operands if type(x) is Symbol and x.dtype.kind != "b"), dtype)
        lifted = [self.builder.lift(operand, dtype) for operand in operands]
        return self.builder.emit(primitive, lifted, params)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.type.shape

    @property
    def ndim(self) -> int:
        return len(self.type.shape)

    @property
    def size(self) -> int:
        return self.type.size

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.type.dtype

    def __add__(self, other: Any) -> Symbol:
        return self.operators["add"](self, other)

    def __radd__(self, other: Any) -> Symbol:
        return self.operators["add"](other, self)

    def __sub__(self, other: Any) -> Symbol:
        return self.operators["sub"](self, other)

    def __rsub__(self, other: Any) -> Symbol:
        return self.operators["sub"](other, self)

    def __mul__(self, other: Any) -> Symbol:
        return self.operators["mul"](self, other)

    def __rmul__(self, other: Any) -> Symbol:
        return self.operators["mul"](other, self)

    def __truediv__(self, other: Any) -> Symbol:
        return self.operators["div"](self, other)

    def __rtruediv__(self, other: Any) -> Symbol:
        return self.operators["div"](other, self)

    def __neg__(self) -> Symbol:
        return self.operators["neg"](self)

    def __matmul__(self, other: Any) -> Symbol:
        return self.operators["matmul"](self, other)

    def __eq__(self, other: object) -> Symbol:  # type: ignore[override]  # a formula, not a Python comparison
        return self.operators["equal"](self, other)

    def __ne__(self, other: object) -> Symbol:  # type: ignore[override]  # a formula, not a Python comparison
        return self.operators["not_equal"](self, other)

    def __gt__(self, other: Any) -> Symbol:
        return self.operators["greater"](self, other)

    def __lt__(self, other: Any) -> Symbol:
        return self.operators["less"](self, other)

    def __ge__(self, other: Any) -> Symbol:
        return self.operators["greater_equal"](self, other)

    def __le__(self, other: Any) -> Symbol:
        return self.operators["less_equal"](self, other)

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError("a symbol has no truth value: a rule may not branch on values")

    def __repr__(self) -> str:
        return f"Symbol({self.index}: {self.type})"
