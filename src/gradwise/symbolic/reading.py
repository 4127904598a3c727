"""From a program to expressions: each equation in turn, on arrays of SymPy expressions.

    read : (Program, values at a point, symbols of the inputs) → outputs as expressions, conditions

The program is a straight line, so loops are unrolled and the branch taken is the only one there is.  What Python asked of the values on the way (an ``if``, an index, a
sort) becomes a condition of the formula.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwise.errors import InputError, TracingError
from gradwise.execution import build
from gradwise.program import Equation, Program
from gradwise.rules.indexing import numpy_key
from gradwise.symbolic.arrays import ARRAYS, AS_RECORDED, as_array, as_numbers
from gradwise.symbolic.entrywise import ENTRYWISE, as_truth, truncated
from gradwise.symbolic.fourier import FOURIER
from gradwise.symbolic.library import sp
from gradwise.symbolic.matrices import MATRICES, VALUES_ONLY, WITHOUT, TooLarge, slogdet
from gradwise.symbolic.numbers import number, numbers
from gradwise.symbolic.ordering import PLACES
from gradwise.symbolic.special import SEVERAL, SPECIAL

#: how many entries of arrays are written as expressions at most
MOST_ENTRIES = 20_000
#: primitives with index arrays among their operands, and from which operand on
_INDEXED = {"getitem": 1, "scatter_set": 2, "scatter_add": 2, "take_along": 1, "add_along": 1, "sparse_product": 2}


@dataclass(frozen=True)
class Condition:
    """What must hold for a formula to be that of the program.

    Attributes
    ----------
    holds : sympy.Boolean
    filename, lineno : str or None, int or None
        The user's line that asked.
    """

    holds: Any
    filename: str | None = None
    lineno: int | None = None


class Reader:
    """The state of one reading: an expression for each entry of each variable, and the conditions met."""

    def __init__(
        self, program: Program, values: list[Any], limit: int, fixed: dict[int, Any], resolved: set[int]
    ) -> None:
        self.program = program
        self.values = values  # of every variable at the traced point
        self.limit = limit
        self.resolved = resolved  # guards that are dealt with elsewhere
        self.expressions: dict[int, np.ndarray] = dict(fixed)
        self.conditions: dict[Any, Condition] = {}
        self._sizes: dict[Any, int] = {}
        self._written = 0
        self._used = {*program.outputs, *(g.variable for g in program.guards)}

    # --- the walk -------------------------------------------------------------------------------------------------------

    def read(self) -> list[np.ndarray]:
        """Expressions of the outputs."""
        program = self.program
        for variable in program.captured:
            if variable not in self.expressions:
                self._count(program.types[variable].size, None)
                self.expressions[variable] = numbers(self.values[variable])
        for equation in self._needed():
            self._equation(equation)
        for position, guard in enumerate(program.guards):
            if position not in self.resolved:
                self._guard(guard)
        return [self.expressions[v] for v in program.outputs]

    def _needed(self) -> list[Equation]:
        """The equations on which an output or a guard depends."""
        wanted = {*self.program.outputs, *(g.variable for g in self.program.guards)}
        kept = []
        for equation in reversed(self.program.equations):
            if wanted.intersection(equation.output_tuple):
                kept.append(equation)
                wanted.update(equation.inputs)
        self._used = wanted
        return kept[::-1]

    def _equation(self, equation: Equation) -> None:
        types = self.program.types
        self._count(sum(types[o].size for o in equation.output_tuple), equation)
        try:
            result = self._value(equation)
        except TooLarge as error:
            raise self._refusal(equation, f"{equation.primitive.name} of {error}", InputError) from None
        except (TypeError, ValueError, NotImplementedError, ArithmeticError, AttributeError) as error:
            raise self._refusal(equation, f"{_spoken(equation)}: {error}") from error  # what SymPy cannot do
        outputs = result if equation.primitive.multiple else (result,)
        for variable, value in zip(equation.output_tuple, outputs, strict=True):
            array = as_array(value, types[variable].shape)
            for entry in array.reshape(-1):
                if self.size(entry) > self.limit:
                    raise self._too_large(equation)
            self.expressions[variable] = array

    def _value(self, equation: Equation) -> Any:
        primitive, params = equation.primitive, equation.params
        name = primitive.name
        operands = [self.expressions[i] for i in equation.inputs]
        if name in PLACES:
            (variable,) = equation.output_tuple
            place = self.values[variable]
            for condition in PLACES[name](*operands, place, *params):
                self.require(condition, equation.source)
            return numbers(place)
        if name in _INDEXED:
            start = _INDEXED[name]
            if name == "sparse_product":
                return ARRAYS[name](*operands, *params)
            return self._indexed(equation, operands[:start], start)
        if name == "constant":
            return numbers(self.values[equation.outputs])
        if name == "convert":
            return self._converted(equation, operands[0])
        if name == "slogdet":
            return slogdet(operands[0])
        if name == "sort":
            return self._sorted(equation, operands[0])
        row = ENTRYWISE.get(name) or SPECIAL.get(name)
        if row is not None:
            return self._entrywise(equation, row, operands)
        if name in SEVERAL:
            several = SEVERAL[name]
            parts = [several(x) for x in operands[0].reshape(-1)]
            shape = operands[0].shape
            return tuple(as_array(np.array([p[k] for p in parts], object).reshape(shape), shape)
                         for k in range(len(equation.outputs)))  # fmt: skip
        if name in ARRAYS:
            return ARRAYS[name](*operands, *params)
        if name in MATRICES:
            return MATRICES[name](*operands, *params)
        if name in FOURIER:
            return FOURIER[name](*operands, *params)
        if name in VALUES_ONLY and any(x.free_symbols for x in operands[0].reshape(-1)):
            return self._values_only(equation, operands[0])
        if name in AS_RECORDED:
            return primitive.value(*operands, *params)
        if name == "solution" and getattr(params[0], "is_sum", False):
            return self._sum(equation, params[0], operands)
        if not any(x.free_symbols for array in operands for x in array.reshape(-1)):
            return tuple(map(numbers, (self.values[o] for o in equation.outputs))) if primitive.multiple else numbers(
                self.values[equation.outputs]
            )  # fmt: skip
        if name == "raises":
            raise self._refusal(equation, "that an operation fails, whose error the function handles, has no formula")
        if name in WITHOUT:
            raise self._refusal(equation, f"{WITHOUT[name]}, have no formula")
        raise self._refusal(equation, f"{_spoken(equation)} has no counterpart in SymPy")

    def _values_only(self, equation: Equation, A: np.ndarray) -> Any:
        """Eigenvalues or singular values, where nothing else of the factorisation is used."""
        place, name, others = VALUES_ONLY[equation.primitive.name]
        rest = [o for k, o in enumerate(equation.output_tuple) if k != place]
        if self._used.intersection(rest):
            raise self._refusal(equation, f"{others}, have no formula")
        params = equation.params if name == "eigvalsh" else ()
        values = MATRICES[name](A, *params)
        types = self.program.types
        # what nobody reads may hold anything
        return tuple(
            values if o not in rest else np.full(types[o].shape, sp.nan, object) for o in equation.output_tuple
        )

    def _sum(self, equation: Equation, callee: Any, operands: list[np.ndarray]) -> Any:
        """An integral, as the sum over its nodes."""
        _, program = callee.unrolled(self.values[equation.inputs[0]], 0)
        values: list[Any] = [None] * len(program.types)
        for variable, i in zip(program.inputs, equation.inputs, strict=True):
            values[variable] = self.values[i]
        build(program.equations, program.types, (), (), range(len(program.types))).run(values)
        fixed = dict(zip(program.inputs, operands, strict=True))
        return Reader(program, values, self.limit, fixed, set()).read()

    # --- the kinds of equation ------------------------------------------------------------------------------------------

    def _entrywise(self, equation: Equation, row: Any, operands: list[np.ndarray]) -> Any:
        static = [number(p) for p in equation.params]
        if equation.primitive.name == "gammaln" and np.any(np.asarray(self.values[equation.inputs[0]]) < 0):
            raise self._refusal(equation, "gammaln of a negative number, log|Γ(x)|, has no counterpart in SymPy")
        if equation.primitive.name == "lambertw" and np.any(np.imag(self.values[equation.outputs])):
            raise self._refusal(equation, "lambertw below −1/e, where it is complex, has no real counterpart in SymPy")
        return np.frompyfunc(lambda *entry: row(*entry, *static), len(operands), 1)(*operands)

    def _converted(self, equation: Equation, x: np.ndarray) -> Any:
        (dtype,) = equation.params
        source = self.program.types[equation.inputs[0]].dtype
        if dtype.kind == "b":
            return np.frompyfunc(as_truth, 1, 1)(x)
        x = as_numbers(x)
        if dtype.kind in "iu" and source.kind in "fc":
            return np.frompyfunc(truncated, 1, 1)(x)
        if source.kind == "c" and dtype.kind != "c":
            return np.frompyfunc(ENTRYWISE["real"], 1, 1)(x)
        return x

    def _sorted(self, equation: Equation, x: np.ndarray) -> Any:
        (axis,) = equation.params
        order = np.argsort(self.values[equation.inputs[0]], axis=axis, kind="stable")
        for condition in PLACES["argsort"](x, order, axis):
            self.require(condition, equation.source)
        return np.take_along_axis(x, order, axis)

    def _indexed(self, equation: Equation, operands: list[np.ndarray], start: int) -> Any:
        arrays = [self._integers(v, equation) for v in equation.inputs[start:]]
        if equation.primitive.name == "getitem":
            return operands[0][numpy_key(equation.params[0], tuple(arrays))]
        # an array without axes would be stored as an entry itself
        operands = [x if x.ndim else x[()] for x in operands]
        return equation.primitive.value(*operands, *arrays, *equation.params)

    def _integers(self, variable: int, equation: Equation) -> Any:
        """An index as numbers; where it depends on the arguments, under the condition that it stays what it is."""
        concrete = np.asarray(self.values[variable])
        for entry, value in zip(self.expressions[variable].reshape(-1), concrete.reshape(-1), strict=True):
            if entry.free_symbols:
                self.require(_equals(entry, value), equation.source)
        return concrete

    # --- conditions -----------------------------------------------------------------------------------------------------

    def _guard(self, guard: Any) -> None:
        expected = np.asarray(guard.expected)
        for entry, value in zip(self.expressions[guard.variable].reshape(-1), expected.reshape(-1), strict=True):
            if guard.kind == "int" and expected.dtype.kind == "f":
                self.require(_same_whole_number(entry, float(value)), guard.source)
                continue
            self.require(_equals(entry, value), guard.source)

    def require(self, condition: Any, source: tuple[str | None, int | None] | None) -> None:
        """Note a condition, unless it is always true."""
        condition = sp.sympify(condition)
        if condition.free_symbols and condition not in self.conditions:
            self.conditions[condition] = Condition(condition, *(source or (None, None)))

    # --- sizes and refusals ---------------------------------------------------------------------------------------------

    def size(self, expression: Any) -> int:
        """How many operations and symbols an expression has when it is written out."""
        known = self._sizes.get(expression)
        if known is None:
            known = self._sizes[expression] = 1 + sum(self.size(a) for a in expression.args)
        return known

    def _count(self, entries_: int, equation: Equation | None) -> None:
        self._written += entries_
        if self._written > MOST_ENTRIES:
            what = f"more than {MOST_ENTRIES:,} entries of arrays would be written out"
            raise self._refusal(equation, what, InputError)

    def _too_large(self, equation: Equation) -> Exception:
        return self._refusal(
            equation,
            f"the formula grows beyond {self.limit:,} operations and symbols",
            InputError,
            "Fewer entries, iterations or arguments are required. Write a formula of a smaller function, or raise limit=",
        )

    def _refusal(
        self,
        equation: Equation | None,
        what: str,
        kind: type[Exception] = TracingError,
        cure: str = "Operations on few entries that have a formula are required. gw.grad differentiates the function at a point all the same",
    ) -> Exception:
        place = None if equation is None else equation.source
        message = f"gw.formula of {self.program.name}: {what}. {cure}"
        if kind is TracingError:
            return TracingError(message, *(place or (None, None)))
        return kind(message if place is None else f"{message}\n  at {place[0]}:{place[1]}")


def _spoken(equation: Equation) -> str:
    name = equation.primitive.name
    if name == "call":
        return "a call with a rule of its own (gw.custom_rule)"
    return f"the primitive {name}"


def _same_whole_number(entry: Any, value: float) -> Any:
    """Between which halves int, round, floor and ceil all give what they gave: a guard does not say which of them asked."""
    if (2 * value).is_integer():
        return sp.Eq(entry, number(value))
    low = sp.Rational(math.floor(2 * value), 2)
    return sp.And(entry > low, entry < low + sp.Rational(1, 2))


def _equals(entry: Any, value: Any) -> Any:
    """The condition that an expression has a value: for truth values the condition itself or its opposite."""
    if isinstance(value, (bool, np.bool_)):
        return as_truth(entry) if value else sp.Not(as_truth(entry))
    return sp.Eq(entry, number(value))
