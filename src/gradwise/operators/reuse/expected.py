"""What guards of a program expect at a replay, and where a replay must look though nothing decides: where Python's numbers raise and NumPy's say nothing.

Python raises where infinity or nan is divided by zero, where the absolute value of a complex number overflows, and for some powers of complex numbers.  A quotient and a power are Python's where what they gave is a ``float`` or a ``complex``: with one of NumPy's
numbers among the operands it would be NumPy's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.program import COMPUTED
from gradwise.rules.algebra import div_p
from gradwise.rules.elementwise import abs_, floor_divide, mod
from gradwise.rules.powers import pow_, power
from gradwise.rules.special import gamma, gammaln

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradwise.program import Primitive, Program

#: how far a shift may be from that which was recorded: e^16 leaves sixteen times the rounding of the shift itself
_AWAY = 16.0


class Shift:
    """What a guard of the kind "shift" expects: a number that cancels, so that another near it serves as well."""

    __slots__ = ("number",)

    def __init__(self, number: Any) -> None:
        self.number = number

    def serves(self, value: Any) -> bool:
        """Whether the recorded number serves where another would be taken."""
        return bool(np.all(np.abs(value - self.number) <= _AWAY))  # never where one of them is not finite


class Whole(Shift):
    """What a guard expects of a number that was made an integer: ``int``, ``round``, ``math.floor`` and ``math.ceil`` give the same ones between two halves."""

    __slots__ = ()

    def serves(self, value: Any) -> bool:
        """Whether it is made the same integer, whichever of them asks."""
        twice = 2 * np.asarray(value)
        below = np.floor(twice)
        return bool(np.all((below == np.floor(2 * self.number)) & (below != twice)))


class Regular(Shift):
    """What an operand must be where Python computes as NumPy does: finite and, unless it is an exponent, not zero."""

    __slots__ = ("may_be_zero",)

    def __init__(self, *, may_be_zero: bool) -> None:
        super().__init__(1.0)
        self.may_be_zero = may_be_zero

    def serves(self, value: Any) -> bool:
        """Whether it is such a number."""
        return bool(np.isfinite(value)) and (self.may_be_zero or value != 0)


def expectation(kind: str, expected: Any) -> Any:
    """What a guard expects at a replay."""
    if kind == "shift":
        return Shift(expected)
    if kind == "int" and np.asarray(expected).dtype.kind == "f":
        twice = 2 * np.asarray(expected)
        with np.errstate(invalid="ignore"):
            if np.all(
                np.isfinite(twice) & (np.floor(twice) != twice)
            ):  # at a border between two it is the number itself
                return Whole(expected)
    return expected


def holds_as(value: Any, expected: Any) -> bool:
    """Whether a concrete answer is the same to the sign of its zeros."""
    if isinstance(expected, Shift) and np.shape(value) == np.shape(expected.number):
        with np.errstate(invalid="ignore"):
            return expected.serves(value)
    if type(expected) is bool or type(expected) is int:
        return bool(value == expected)
    if expected is COMPUTED:  # SciPy fails at what is not finite
        return bool(np.isfinite(value).all())
    same = bool(np.array_equal(value, expected))
    if same and np.asarray(expected).dtype.kind == "f":
        return bool(np.array_equal(np.signbit(value), np.signbit(expected)))
    return same


def divisors(program: Program, values: Sequence[Any], constants: frozenset[int]) -> list[int]:
    """What Python's floats were divided by: none may be zero at a replay.  A shortcut divides floats as Python does."""
    return [i for i in _operands(program, values, float, _QUOTIENTS, 1) if i not in constants]


def complex_operands(program: Program, values: Sequence[Any], constants: frozenset[int]) -> list[tuple[int, Regular]]:
    """What Python's complex numbers were divided by, of their powers the bases and exponents, and their absolute values: Python raises where one overflows."""
    found = dict.fromkeys(_operands(program, values, complex, {pow_}, 1), Regular(may_be_zero=True))
    for primitives, position in ((_QUOTIENTS, 1), (_POWERS, 0)):
        found |= dict.fromkeys(_operands(program, values, complex, primitives, position), Regular(may_be_zero=False))
    silent = [
        e
        for e in program.equations
        if e.primitive in _SILENT or (e.primitive is abs_ and program.types[e.inputs[0]].dtype.kind == "c")
    ]
    found |= {e.outputs: Regular(may_be_zero=True) for e in silent if type(values[e.outputs]) is float}
    return [(i, e) for i, e in found.items() if i not in constants]


_QUOTIENTS = frozenset({div_p, floor_divide, mod})
#: what NumPy and SciPy let overflow without a word, and ``math`` does not
_SILENT = frozenset({gamma, gammaln})
_POWERS = frozenset({power, pow_})


def _operands(
    program: Program,
    values: Sequence[Any],
    kind: type,
    primitives: frozenset[Primitive] | set[Primitive],
    position: int,
) -> list[int]:
    of_kind = [e for e in program.equations if e.primitive in primitives and type(values[e.output_tuple[0]]) is kind]
    return list(dict.fromkeys(e.inputs[position] for e in of_kind))
