"""Arrays of intervals, and their arithmetic with outward rounding.

    [a, b] ∘ [c, d]  ⊇  {x ∘ z : x ∈ [a, b], z ∈ [c, d]}

The four operations and the square root are correctly rounded by IEEE 754, so that a result lies within one float of the computed one: ``np.nextafter``.  Other
functions are widened by their error in units of the last place (``widened``).  Zero times anything is zero, infinity included, for the sets hold real numbers.

Source: Moore, Kearfott and Cloud, Introduction to Interval Analysis, 2009; Rump, Verification methods, Acta Numerica 19, 2010 (midpoint and radius for products).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

EPS = float(np.finfo(float).eps)
TINY = float(np.finfo(float).smallest_subnormal)
LARGEST = float(np.finfo(float).max)


class Interval:
    """An array of intervals [lo, hi]; of booleans, lo says "certainly" and hi "possibly".

    Attributes
    ----------
    lo, hi : numpy.ndarray
        Of one shape, the leading axis counting boxes; the same object where the interval is a point.
    """

    __slots__ = ("hi", "lo")

    def __init__(self, lo: np.ndarray, hi: np.ndarray) -> None:
        self.lo = lo
        self.hi = hi

    @classmethod
    def point(cls, value: Any) -> Interval:
        """A value that is the same in all boxes."""
        array = np.asarray(value)[None]
        return cls(array, array)

    @property
    def thin(self) -> bool:
        """Whether the interval is known to be a point."""
        return self.lo is self.hi

    @property
    def shape(self) -> tuple[int, ...]:
        return self.lo.shape

    @property
    def ndim(self) -> int:
        return self.lo.ndim

    @property
    def mid(self) -> np.ndarray:
        """A float inside; 0 in the whole line."""
        with np.errstate(all="ignore"):
            middle = np.where(np.isneginf(self.lo) & np.isposinf(self.hi), 0.0, self.lo / 2 + self.hi / 2)
        return np.clip(middle, self.lo, self.hi)

    @property
    def size(self) -> np.ndarray:
        """The largest absolute value."""
        return np.maximum(np.abs(self.lo), np.abs(self.hi))

    def map(self, function: Callable[[np.ndarray], np.ndarray]) -> Interval:
        """The same rearrangement of both ends, exact."""
        lo = function(self.lo)
        return Interval(lo, lo if self.thin else function(self.hi))

    def spread(self, count: int) -> Interval:
        """With a leading axis of the given length."""
        return self.map(lambda x: x if len(x) == count else np.broadcast_to(x, (count, *x.shape[1:])))

    def __repr__(self) -> str:
        return f"Interval({self.lo!r}, {self.hi!r})"


def aligned(*operands: Interval) -> list[Interval]:
    """Operands whose shapes broadcast: missing axes are inserted behind the leading one."""
    rank = max(x.ndim for x in operands)
    return [
        x if x.ndim == rank else x.map(lambda a: a.reshape(a.shape[0], *(1,) * (rank - a.ndim), *a.shape[1:]))
        for x in operands
    ]


def down(x: np.ndarray) -> np.ndarray:
    """The next float below."""
    return np.nextafter(x, -np.inf)


def up(x: np.ndarray) -> np.ndarray:
    """The next float above."""
    return np.nextafter(x, np.inf)


def widened(
    lo: np.ndarray, hi: np.ndarray, ulps: Any, least: float = -np.inf, most: float = np.inf, ulps_hi: Any = None
) -> Interval:
    """Bounds for values computed with an error of so many units in the last place (``ulps_hi`` for the upper ones), within the range of the function."""
    below = lo - (ulps + 1) * EPS * np.abs(lo) - TINY
    above = hi + ((ulps if ulps_hi is None else ulps_hi) + 1) * EPS * np.abs(hi) + TINY
    # the function exceeds the largest float there, whatever it is
    below = np.where(np.isposinf(lo), LARGEST, below)
    above = np.where(np.isneginf(hi), -LARGEST, above)
    return Interval(np.maximum(below, least), np.minimum(above, most))


def outward(lo: np.ndarray, hi: np.ndarray) -> Interval:
    """Bounds for correctly rounded sums: a sum that rounds to zero is zero."""
    return Interval(np.where(lo == 0, lo, down(lo)), np.where(hi == 0, hi, up(hi)))


def add(x: Interval, z: Interval) -> Interval:
    x, z = aligned(x, z)
    if x.thin and z.thin:
        return _sum_of_points(x.lo, z.lo)
    return outward(x.lo + z.lo, x.hi + z.hi)


def sub(x: Interval, z: Interval) -> Interval:
    x, z = aligned(x, z)
    if x.thin and z.thin:
        return _sum_of_points(x.lo, np.negative(z.lo))
    return outward(x.lo - z.hi, x.hi - z.lo)


def _sum_of_points(a: np.ndarray, b: np.ndarray) -> Interval:
    """The sum of two points, which stays one where it is exact: an exponent z − 1 must be whole where z is (Knuth's error of a sum, exact itself)."""
    total = np.asarray(a + b)
    with np.errstate(all="ignore"):
        other = total - a
        exact = (a - (total - other)) + (b - other) == 0
    if exact.all():
        return Interval(total, total)
    return Interval(np.where(exact, total, down(total)), np.where(exact, total, up(total)))


def neg(x: Interval) -> Interval:
    if x.thin:
        return x.map(np.negative)
    return Interval(-x.hi, -x.lo)


def mul(x: Interval, z: Interval) -> Interval:
    x, z = aligned(x, z)
    if x.thin and z.thin and _whole(x.lo) and _whole(z.lo):
        exact = np.asarray(x.lo * z.lo)
        if np.all(np.abs(exact) < 2**53):
            return Interval(exact, exact)
    if z.thin:
        x, z = z, x
    p, q = x.lo * z.lo, x.lo * z.hi
    if x.thin:
        lo, hi = np.minimum(p, q), np.maximum(p, q)
    else:
        r, s = x.hi * z.lo, x.hi * z.hi
        lo = np.minimum(np.minimum(p, q), np.minimum(r, s))
        hi = np.maximum(np.maximum(p, q), np.maximum(r, s))
    if np.isnan(lo).any():
        return _product_with_infinities(x, z)
    return _rounded_product(lo, hi, x, z)


def _whole(x: np.ndarray) -> bool:
    """Whether all entries are whole numbers."""
    return bool(np.all(np.isfinite(x)) and np.all(np.floor(x) == x))


def _rounded_product(lo: np.ndarray, hi: np.ndarray, x: Interval, z: Interval) -> Interval:
    below, above = down(lo), up(hi)
    zero_lo, zero_hi = lo == 0, hi == 0
    if zero_lo.any() or zero_hi.any():  # a zero is exact unless the product underflowed
        small = np.minimum(_smallest(x.lo), _smallest(x.hi)) * np.minimum(_smallest(z.lo), _smallest(z.hi))
        if small > 1e-300:
            below, above = np.where(zero_lo, 0.0, below), np.where(zero_hi, 0.0, above)
        else:
            zero = ((x.lo == 0) & (x.hi == 0)) | ((z.lo == 0) & (z.hi == 0))
            below, above = np.where(zero, 0.0, below), np.where(zero, 0.0, above)
    return Interval(below, above)


def _smallest(x: np.ndarray) -> float:
    """The smallest absolute value that is not zero."""
    return float(np.min(np.abs(x), where=x != 0, initial=LARGEST))


def _product_with_infinities(x: Interval, z: Interval) -> Interval:
    """The product where 0 · ∞ occurs, which is 0, and the empty set, which stays empty but beside an exact zero."""
    zero = ((x.lo == 0) & (x.hi == 0)) | ((z.lo == 0) & (z.hi == 0))
    empty = (np.isnan(x.lo) | np.isnan(z.lo)) & ~zero
    ends = [np.nan_to_num(a * b, nan=0.0, posinf=np.inf, neginf=-np.inf) for a in (x.lo, x.hi) for b in (z.lo, z.hi)]
    lo, hi = np.minimum.reduce(ends), np.maximum.reduce(ends)
    lo, hi = np.where(empty, np.nan, down(lo)), np.where(empty, np.nan, up(hi))
    return Interval(np.where(zero, 0.0, lo), np.where(zero, 0.0, hi))


def reciprocal(x: Interval) -> tuple[Interval, np.ndarray]:
    """1/x, and where zero lies in x (the result is then a half line, or the whole line)."""
    holds = (x.lo <= 0) & (x.hi >= 0)
    lo, hi = down(1 / x.hi), up(1 / x.lo)
    if holds.any():
        lo = np.where(holds, np.where((x.lo == 0) & (x.hi > 0), lo, -np.inf), lo)
        hi = np.where(holds, np.where((x.hi == 0) & (x.lo < 0), hi, np.inf), hi)
    return Interval(lo, hi), holds


def div(x: Interval, z: Interval) -> tuple[Interval, np.ndarray]:
    """x/z, and where zero lies in z."""
    x, z = aligned(x, z)
    holds = (z.lo <= 0) & (z.hi >= 0)
    if holds.any():
        inverse, holds = reciprocal(z)
        return mul(x, inverse), holds
    p, q = x.lo / z.lo, x.lo / z.hi
    r, s = x.hi / z.lo, x.hi / z.hi
    lo = np.minimum(np.minimum(p, q), np.minimum(r, s))
    hi = np.maximum(np.maximum(p, q), np.maximum(r, s))
    bad = np.isnan(lo)
    if bad.any():  # ∞/∞
        empty = np.isnan(x.lo) | np.isnan(z.lo)
        lo, hi = np.where(bad & ~empty, -np.inf, lo), np.where(bad & ~empty, np.inf, hi)
    zero = (x.lo == 0) & (x.hi == 0)
    return Interval(np.where(zero, 0.0, down(lo)), np.where(zero, 0.0, up(hi))), holds


def square(x: Interval) -> Interval:
    p, q = x.lo * x.lo, x.hi * x.hi
    across = (x.lo < 0) & (x.hi > 0)
    lo = np.where(across, 0.0, np.maximum(down(np.minimum(p, q)), 0.0))
    hi = np.maximum(p, q)
    return Interval(lo, np.where((x.lo == 0) & (x.hi == 0), 0.0, up(hi)))


def absolute(x: Interval) -> Interval:
    lo = np.where((x.lo < 0) & (x.hi > 0), 0.0, np.minimum(np.abs(x.lo), np.abs(x.hi)))
    return Interval(lo, x.size)


def hull(x: Interval, z: Interval) -> Interval:
    """The smallest interval around both; the other one where one is empty."""
    return Interval(np.fmin(x.lo, z.lo), np.fmax(x.hi, z.hi))


def summed(total: Callable[[np.ndarray], np.ndarray], terms: int, x: Interval) -> Interval:
    """Sums of at most so many terms, ``total`` a linear map with coefficients 0 and 1: |error| ≤ terms · u · Σ|xᵢ| (Higham 2002, section 4.2)."""
    if terms <= 1:
        return x.map(total)
    share = terms * EPS
    lo = total(x.lo) - share * total(np.abs(x.lo))
    hi = total(x.hi) + share * total(np.abs(x.hi))
    if np.isnan(lo).any() and not np.isnan(x.lo).any():  # an overflow, and not the empty set
        lo, hi = np.where(np.isnan(lo), -np.inf, lo), np.where(np.isnan(hi), np.inf, hi)
    return Interval(lo, hi)


def multilinear(product: Callable[..., np.ndarray], terms: int, operands: list[Interval]) -> Interval:
    """A map that is linear in each operand, with coefficients 0 and 1 (matmul, einsum, convolution), by midpoint and radius.

    |ABC − mid| ≤ |A||B||C| − |mid A||mid B||mid C| with |X| = |mid X| + rad X, and the rounding of sums of so many products.
    """
    mids = [x.lo if x.thin else x.mid for x in operands]
    radii = [None if x.thin else up(np.maximum(x.hi - m, m - x.lo)) for x, m in zip(operands, mids, strict=True)]
    sizes = [np.abs(m) if r is None else up(np.abs(m) + r) for m, r in zip(mids, radii, strict=True)]
    middle = product(*mids)
    largest = product(*sizes)
    radius = np.zeros_like(largest)
    for k, r in enumerate(radii):  # the telescope: |A||B| − |a||b| = rad A |B| + |a| rad B
        if r is not None:
            radius = radius + product(*[np.abs(m) for m in mids[:k]], r, *sizes[k + 1 :])
    slack = radius * (1 + 4 * (terms + 4) * EPS) + largest * ((terms + 2 * len(operands)) * EPS) + TINY * (terms > 0)
    lo, hi = middle - slack, middle + slack
    unknown = ~(np.isfinite(lo) & np.isfinite(hi))
    return Interval(np.where(unknown, -np.inf, lo), np.where(unknown, np.inf, hi))
