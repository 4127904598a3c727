"""Fractions beside traced numbers: floats, as Python makes of them."""

from __future__ import annotations

import numbers
from typing import Any

from gradwise.tracing.instrument.callees import resolve
from gradwise.tracing.traced import TracedScalar


def without_fractions(a: Any, b: Any) -> tuple[Any, Any]:
    """Two operands, of which a fraction beside a traced number is a float.  A fraction on the right makes a number of NumPy's one of Python's, since it is the fraction that computes."""
    if type(a) is TracedScalar and is_fraction(b):
        return resolve(float)(a), float(b)
    if type(b) is TracedScalar and is_fraction(a):
        return float(a), b
    return a, b


def is_fraction(value: Any) -> bool:
    """Whether a number is one of ``fractions``."""
    return type(value).__module__ == "fractions" and isinstance(value, numbers.Rational)
