"""Elementary and special functions of intervals: monotone ones from their ends, even ones from the nearest and farthest, periodic ones by their extrema.

The errors in units of the last place are those that NumPy's own accuracy tests allow (4; seen: 0.8 at most), and for SciPy's functions at least twice the largest that
was seen against 40-digit values (in the tails of erfc and ndtr it grows as x²: 260 units at x = 25); ``tests/geometry/test_intervals.py`` checks every row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy

from gradwise.geometry.intervals.interval import (
    EPS,
    Interval,
    absolute,
    aligned,
    div,
    down,
    mul,
    reciprocal,
    square,
    up,
    widened,
)

Function = Callable[..., np.ndarray]


def in_tails(base: float, share: float) -> Callable[[np.ndarray], np.ndarray]:
    """Errors that grow with x², as those of functions that compute exp(−x²) do."""
    return lambda x: base + share * x * x


def _at(ulps: Any, x: np.ndarray) -> Any:
    return ulps(x) if callable(ulps) else ulps


def increasing(function: Function, ulps: Any = 4, least: float = -np.inf, most: float = np.inf) -> Any:
    """A function that increases on the whole line."""

    def rule(box: Any, x: Interval, *params: Any) -> Interval:
        lo = function(x.lo, *params)
        hi = lo if x.thin else function(x.hi, *params)
        return widened(lo, hi, _at(ulps, x.lo), least, most, _at(ulps, x.hi))

    return rule


def decreasing(function: Function, ulps: Any = 4, least: float = -np.inf, most: float = np.inf) -> Any:
    """A function that decreases on the whole line."""

    def rule(box: Any, x: Interval, *params: Any) -> Interval:
        return widened(function(x.hi, *params), function(x.lo, *params), _at(ulps, x.hi), least, most, _at(ulps, x.lo))

    return rule


def on_domain(rule: Any, least: float, most: float, *, steep: bool = True) -> Any:
    """A rule for a function that is defined between two numbers only; ``steep``: its slope is infinite at the ends."""

    def restricted(box: Any, x: Interval, *params: Any) -> Interval:
        outside = (x.hi < least) | (x.lo > most) | np.isnan(x.lo)
        partly = ((x.lo < least) | (x.hi > most)) & ~outside
        if partly.any():
            box.partial(partly)
        if steep:
            box.rough((x.lo <= least) | (x.hi >= most))
        inside = Interval(np.clip(x.lo, least, most), np.clip(x.hi, least, most))
        y = rule(box, inside, *params)
        if outside.any():
            return Interval(np.where(outside, np.nan, y.lo), np.where(outside, np.nan, y.hi))
        return y

    return restricted


def even(function: Function, ulps: float, *, rising: bool, least: float, most: float = np.inf) -> Any:
    """An even function, monotone in abs(x)."""

    def rule(box: Any, x: Interval) -> Interval:
        size = absolute(x)
        near, far = function(size.lo), function(size.hi)
        return widened(near, far, ulps, least, most) if rising else widened(far, near, ulps, least, most)

    return rule


def valley(function: Function, ulps: float, where: float, least: float) -> Any:
    """A function of positive numbers that falls up to a place and rises from there."""

    def rule(box: Any, x: Interval) -> Interval:
        a, b = function(x.lo), function(x.hi)
        y = widened(np.minimum(a, b), np.maximum(a, b), ulps)
        across = (x.lo <= where * (1 + 4 * EPS)) & (x.hi >= where * (1 - 4 * EPS))
        return Interval(np.where(across, least, y.lo), y.hi)

    return rule


# --- trigonometric ----------------------------------------------------------------------------------------------------

#: the float above π
_PI_UP = math.nextafter(math.pi, 4)
#: beyond, the reduction by multiples of π in floating point says nothing
_FAR = 1e9


def _holds(x: Interval, offset: float, period: float) -> np.ndarray:
    """Whether offset + k·period lies in x for some integer k, or may for rounding."""
    slack = 8 * EPS * (x.size + abs(offset) + period)
    k = np.ceil((x.lo - slack - offset) / period)
    return np.asarray(offset + k * period <= x.hi + slack)


def _wave(function: Function, top: float) -> Any:
    def rule(box: Any, x: Interval) -> Interval:
        a = function(x.lo)
        b = a if x.thin else function(x.hi)
        y = widened(np.minimum(a, b), np.maximum(a, b), 4, -1.0, 1.0)
        lost = ~(x.size < _FAR)
        hi = np.where(lost | _holds(x, top, 2 * math.pi), 1.0, y.hi)
        lo = np.where(lost | _holds(x, top - math.pi, 2 * math.pi), -1.0, y.lo)
        empty = np.isnan(x.lo)
        return Interval(np.where(empty, np.nan, lo), np.where(empty, np.nan, hi)) if empty.any() else Interval(lo, hi)

    return rule


sin = _wave(np.sin, math.pi / 2)
cos = _wave(np.cos, 0.0)


def tan(box: Any, x: Interval) -> Interval:
    poles = _holds(x, math.pi / 2, math.pi) | ~(x.size < _FAR)
    box.rough(poles)
    y = widened(np.tan(x.lo), np.tan(x.hi), 4)
    return Interval(np.where(poles, -np.inf, y.lo), np.where(poles, np.inf, y.hi))


# --- powers -----------------------------------------------------------------------------------------------------------


def power(box: Any, x: Interval, exponent: Any) -> Interval:
    """The power xⁿ for a number n: from the ends for whole n, else exp(n log x) on x ≥ 0."""
    n = float(exponent)
    if n == 0:
        return Interval(np.ones_like(x.lo), np.ones_like(x.lo))
    if n == 1:
        return x
    if n == 2:
        return square(x)
    if n.is_integer():
        y = _whole_power(x, int(abs(n)))
        if n > 0:
            return y
        inverse, holds = reciprocal(y)
        box.rough(holds)
        return inverse
    return _real_power(box, x, n)


def _whole_power(x: Interval, n: int) -> Interval:
    if n % 2 == 0:
        size = absolute(x)
        return widened(size.lo**n, size.hi**n, 4, 0.0)
    return widened(x.lo**n, x.hi**n, 4)


def _real_power(box: Any, x: Interval, n: float) -> Interval:
    def rule(box: Any, inside: Interval) -> Interval:
        lo, hi = np.power(inside.lo, n), np.power(inside.hi, n)
        return widened(lo, hi, 4, 0.0) if n > 0 else widened(hi, lo, 4, 0.0)

    # defined from 0 on; the slope there is infinite, or that of a later derivative is
    return on_domain(rule, 0.0, np.inf)(box, x)


def pow_(box: Any, x: Interval, z: Interval) -> Interval:
    """The power xᶻ with the exponent as an operand.

    On x ≥ 0 it is monotone in each operand, so that the extremes are at the corners.  For x < 0 it is defined at whole z only: an exponent that is a whole number is treated as
    one, entry by entry; where one may be whole and moves, nothing is known.
    """
    x, z = aligned(x, z)
    if z.lo.size == 1 and np.all(z.lo == z.hi) and not np.isnan(z.lo).any():
        return power(box, x, float(z.lo.ravel()[0]))

    def rule(box: Any, inside: Interval) -> Interval:
        corners = [np.power(a, b) for a in (inside.lo, inside.hi) for b in (z.lo, z.hi)]
        # at 0 the power jumps from ∞ to 1 to 0 with the sign of z
        y = widened(np.minimum.reduce(corners), np.maximum.reduce(corners), 4, 0.0)
        wild = (inside.lo <= 0) & (z.lo <= 0)
        box.rough(wild & other)
        return Interval(np.where(wild, 0.0, y.lo), np.where(wild, np.inf, y.hi))

    whole = (z.lo == z.hi) & (np.floor(z.lo) == z.lo) & np.isfinite(z.lo)
    # an exponent that rounding has widened around a whole number may be it
    open_ = ~whole & (x.lo < 0) & (np.floor(z.hi) >= z.lo)
    box.rough(open_)
    other = ~(whole | open_)
    base = Interval(np.where(other, x.lo, 1.0), np.where(other, x.hi, 1.0))
    y = on_domain(rule, 0.0, np.inf)(box, base)
    if whole.any():
        n = np.where(whole, z.lo, 1.0)
        exact = _whole_powers(box, Interval(np.where(whole, x.lo, 1.0), np.where(whole, x.hi, 1.0)), n)
        y = Interval(np.where(whole, exact.lo, y.lo), np.where(whole, exact.hi, y.hi))
    return Interval(np.where(open_, -np.inf, y.lo), np.where(open_, np.inf, y.hi))


def _whole_powers(box: Any, x: Interval, n: np.ndarray) -> Interval:
    """The powers xⁿ for an array of whole numbers."""
    size, degree = absolute(x), np.abs(n)
    even = degree % 2 == 0
    y = widened(np.where(even, size.lo, x.lo) ** degree, np.where(even, size.hi, x.hi) ** degree, 4)
    lo = np.where(even, np.maximum(y.lo, 0.0), y.lo)
    # 1 and x are exact
    lo = np.where(degree == 0, 1.0, np.where(degree == 1, x.lo, lo))
    hi = np.where(degree == 0, 1.0, np.where(degree == 1, x.hi, y.hi))
    inverse, holds = reciprocal(Interval(lo, hi))
    below = n < 0
    box.rough(holds & below)
    return Interval(np.where(below, inverse.lo, lo), np.where(below, inverse.hi, hi))


# --- functions of two operands ----------------------------------------------------------------------------------------


def hypot(box: Any, x: Interval, z: Interval) -> Interval:
    x, z = aligned(absolute(x), absolute(z))
    box.rough((x.lo <= 0) & (z.lo <= 0))
    return widened(np.hypot(x.lo, z.lo), np.hypot(x.hi, z.hi), 2, 0.0)


def logaddexp(function: Function) -> Any:
    """Rises with both operands."""

    def rule(box: Any, x: Interval, z: Interval) -> Interval:
        x, z = aligned(x, z)
        lo, hi = function(x.lo, z.lo), function(x.hi, z.hi)
        # near zero the sum of two logarithms cancels: its error is that of the larger operand
        slack = 8 * EPS * (np.abs(x.size) + np.abs(z.size) + 1)
        return Interval(lo - slack, hi + slack)

    return rule


def arctan2(box: Any, y: Interval, x: Interval) -> Interval:
    """The angle of (x, y); where the cut (x ≤ 0, y = 0) is met, anything between −π and π."""
    y, x = aligned(y, x)
    corners = [np.arctan2(a, b) for a in (y.lo, y.hi) for b in (x.lo, x.hi)]
    result = widened(np.minimum.reduce(corners), np.maximum.reduce(corners), 4, -_PI_UP, _PI_UP)
    cut = (x.lo <= 0) & (y.lo <= 0) & (y.hi >= 0)
    box.rough(cut)
    return Interval(np.where(cut, -4.0, result.lo), np.where(cut, 4.0, result.hi))


def xlogy(box: Any, x: Interval, z: Interval) -> Interval:
    """The product x log z, which is 0 at x = 0."""
    return mul(x, log(box, z))


def power_log(box: Any, x: Interval, z: Interval, k: int) -> Interval:
    """The product xᶻ (log x)ᵏ for x > 0."""
    return mul(pow_(box, x, z), power(box, log(box, x), k))


def sinc(box: Any, x: Interval) -> Interval:
    """NumPy's sin(πx)/(πx): between −0.2173 and 1; away from zero from its quotient."""
    turn = widened(np.pi * x.lo, np.pi * x.hi, 1)
    turn = Interval(np.minimum(turn.lo, turn.hi), np.maximum(turn.lo, turn.hi))
    quotient, holds = div(sin(box, turn), turn)
    lo, hi = np.where(holds, -0.2173, quotient.lo), np.where(holds, 1.0, quotient.hi)
    return Interval(np.maximum(lo, -0.2173), np.minimum(hi, 1.0))


log = on_domain(increasing(np.log), 0.0, np.inf)


def special(name: str) -> Function:
    """A function of ``scipy.special``, looked up when called: its import is dear."""
    return lambda *operands: getattr(scipy.special, name)(*operands)


def polygamma(box: Any, x: Interval, order: int) -> Interval:
    """ψ⁽ⁿ⁾ for x > 0: rises for even n, falls and is positive for odd n; anything elsewhere."""
    values = [scipy.special.polygamma(order, end) for end in (x.lo, x.hi)]
    lo, hi = values if order % 2 == 0 else values[::-1]
    y = widened(lo, hi, 32, 0.0 if order % 2 else -np.inf)
    other = ~(x.lo > 0)
    box.rough(other)
    return Interval(np.where(other, -np.inf, y.lo), np.where(other, np.inf, y.hi))


def positive_only(function: Function, ulps: float, slack: float = 0.0) -> Any:
    """A function that rises on the positive numbers; anything elsewhere."""

    def rule(box: Any, x: Interval) -> Interval:
        y = widened(function(x.lo), function(x.hi), ulps)
        other = ~(x.lo > 0)
        box.rough(other)
        return Interval(np.where(other, -np.inf, y.lo - slack), np.where(other, np.inf, y.hi + slack))

    return rule


def logarithm_of_gamma(box: Any, x: Interval) -> Interval:
    """The function log Γ(x) for x > 0: a valley with its bottom −0.12148629… at 1.46163214…; near its zeros 1 and 2 the error is absolute."""
    y = valley(special("gammaln"), 16, 1.4616321449683622, -0.12148629053584965)(box, x)
    other = ~(x.lo > 0)
    box.rough(other)
    return Interval(np.where(other, -np.inf, y.lo - 8 * EPS), np.where(other, np.inf, y.hi + 8 * EPS))


def root(box: Any, x: Interval) -> Interval:
    """√x, correctly rounded."""

    def rule(box: Any, inside: Interval) -> Interval:
        lo, hi = np.sqrt(inside.lo), np.sqrt(inside.hi)
        return Interval(np.where(inside.lo == 0, 0.0, down(lo)), np.where(inside.hi == 0, 0.0, up(hi)))

    return on_domain(rule, 0.0, np.inf)(box, x)


def root_of_squares(box: Any, x: Interval) -> Interval:
    """√s of a sum of squares, never negative but for rounding."""
    return root(box, Interval(np.maximum(x.lo, 0.0), np.maximum(x.hi, 0.0)))
