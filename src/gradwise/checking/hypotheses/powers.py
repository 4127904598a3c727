"""Slips in the rule of a power or a quotient: u' v^(k−1) without k, with v^k for v^(k−1), u/v for u/v²."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwise.checking.vocabulary import Cause
from gradwise.program import Equation

Slip = Callable[[Any, Sequence[Any], Any], Any]
"""``slip(right part, values of the operands, cotangent of the result) -> wrong part``."""


def power_slips(equation: Equation, place: int) -> list[tuple[Cause, str, Slip, float]]:
    """Ways to get the exponent of one operand wrong: (cause, text, slip, rank)."""
    name = equation.primitive.name
    if name in ("power", "pow") and place == 0:
        table: list[tuple[Cause, str, Slip, float]] = [
            (Cause.WRONG_POWER, "the exponent of {outer} is not lowered in its derivative", _times_operand(0), 13.7),
            (Cause.WRONG_POWER, "the exponent of {outer} is lowered by two in its derivative", _by_operand(0), 13.8),
        ]
        if name == "pow":
            say = "the exponent of {outer} is missing as a factor of its derivative"
            table.append((Cause.INNER, say, _without_exponent, 13.6))
        return table
    if (name == "div" and place == 1) or name == "reciprocal":
        say = "the divisor of {outer} is not squared in its derivative"
        return [
            (Cause.WRONG_POWER, say, _times_operand(place), 13.7),
            (Cause.INNER, say, _times_operand(place), 13.9),
        ]
    return []


def _without_exponent(part: Any, values: Sequence[Any], bar: Any) -> Any:
    """ȳ v^(k−1), summed where v was broadcast."""
    base, exponent = values
    terms = np.asarray(bar * base ** (exponent - 1.0))
    shape = np.shape(part)
    lead = tuple(range(terms.ndim - len(shape)))
    kept = tuple(k + len(lead) for k, n in enumerate(shape) if n == 1 and terms.shape[k + len(lead)] > 1)
    return np.sum(terms, axis=kept + lead, keepdims=True).reshape(shape) if kept or lead else terms


def _times_operand(place: int) -> Slip:
    return lambda part, values, bar: part * values[place] if np.shape(part) == np.shape(values[place]) else part


def _by_operand(place: int) -> Slip:
    return lambda part, values, bar: part / values[place] if np.shape(part) == np.shape(values[place]) else part
