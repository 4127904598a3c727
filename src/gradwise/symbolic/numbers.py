"""Numbers of a program as a textbook writes them.

A float64 that is the nearest one to a simple exact number becomes that number: 0.5 is 1/2, 3.141592653589793 is π, and 3.7 stays.  By chance that happens to a
number of 53 random bits with probability below 10⁻⁹, and where it does, the value changes by a rounding error.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from gradwise.symbolic.library import sp

#: numerators and denominators that look simple: one of them below SMALL, the other below LARGE
SMALL, LARGE = 12, 1000


def number(x: Any) -> Any:
    """A NumPy or Python number as a SymPy number.

    Examples
    --------
    >>> [number(x) for x in (0.5, 3.0, 0.1, 2.718281828459045)]
    [1/2, 3, 1/10, E]
    """
    if isinstance(x, (bool, np.bool_)):
        return sp.true if x else sp.false
    if isinstance(x, (int, np.integer)):
        return sp.Integer(int(x))
    if isinstance(x, (complex, np.complexfloating)):
        return number(x.real) + sp.I * number(x.imag)
    single = isinstance(x, (np.float32, np.float16))
    x = float(x)
    if math.isnan(x):
        return sp.nan
    if math.isinf(x):
        return sp.oo if x > 0 else -sp.oo
    if x.is_integer() and abs(x) < 1e15:
        return sp.Integer(int(x))
    near = Fraction(x).limit_denominator(LARGE)
    if _is_simple(near) and (_float32(near) if single else float(near)) == x:
        return sp.Rational(near.numerator, near.denominator)
    return sp.Float(x) if single or not 1e-9 < abs(x) < 1e9 else _irrational(x)


def _is_simple(x: Fraction) -> bool:
    """Whether a textbook would write a number as a fraction: 5/2, 1/100, 9/10, but 3.7 and 12.34."""
    above, below = abs(x.numerator), x.denominator
    return 0 < above <= LARGE and (below < 10 or above <= SMALL)


def _float32(x: Fraction) -> float:
    return float(np.float32(float(x)))


def _irrational(x: float) -> Any:
    """Write x as q c for a simple fraction q and a known constant c, or x itself."""
    for value, constant in _constants():
        quotient = x / value
        near = Fraction(quotient).limit_denominator(SMALL)
        if near == 0 or abs(near.numerator) > SMALL:
            continue
        if abs(near.numerator / near.denominator * value - x) <= 2 * math.ulp(x):
            return sp.Rational(near.numerator, near.denominator) * constant
    return sp.Float(x)


@cache
def _constants() -> list[tuple[float, Any]]:
    """Constants that programs hold as floats, with their values."""
    exact = [sp.pi, sp.E, *[sp.sqrt(n) for n in (2, 3, 5, 6, 7, 10)], sp.sqrt(sp.pi), sp.sqrt(2 * sp.pi), 1 / sp.pi,
             1 / sp.sqrt(sp.pi), 1 / sp.sqrt(2 * sp.pi), sp.log(2), sp.log(10), sp.log(2 * sp.pi), 1 / sp.log(2),
             1 / sp.log(10), sp.pi**2, sp.EulerGamma, sp.GoldenRatio]  # fmt: skip
    return [(float(c), c) for c in exact]


def numbers(array: Any) -> np.ndarray:
    """An array of numbers as an array of SymPy numbers.

    Examples
    --------
    >>> numbers(np.array([0.25, 2.0])).tolist()
    [1/4, 2]
    """
    array = np.asarray(array)
    result = np.empty(array.shape, object)
    for place in np.ndindex(array.shape):
        result[place] = number(array[place])
    return result
