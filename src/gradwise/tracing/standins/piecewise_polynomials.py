"""Piecewise polynomials at traced points: the piece is looked up, so that the program holds for other points, then powers of the distance from its left break.

    p(x) = Σₘ c[m, i] (x − xᵢ)^(k−m)   for xᵢ ≤ x < xᵢ₊₁,   the first and the last piece reaching to infinity

Splines are brought to this form by de Boor's recurrence with polynomials for numbers (de Boor 1978, *A Practical Guide to Splines*, chapter X).  Coefficients may be traced.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.interpolation import _interval, _offset, _taken
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.traced import dtype_of, isinstance_traced


@dataclass(frozen=True)
class Pieces:
    """Polynomials between breaks.

    Attributes
    ----------
    breaks : array (m + 1,)
        Rising or falling.
    c : array (k + 1, m, ...)
        Coefficients, the highest power first.
    """

    breaks: Any
    c: Any

    @property
    def low(self) -> Any:
        """The lower end."""
        return self.breaks[0] if _rises(self.breaks) else self.breaks[-1]

    @property
    def high(self) -> Any:
        """The upper end."""
        return self.breaks[-1] if _rises(self.breaks) else self.breaks[0]


def _rises(breaks: Any) -> bool:
    values = plain(breaks)
    return bool(values[-1] >= values[0])


def points(x: Any) -> Any:
    """Points as SciPy's compiled functions take them: an array of float64."""
    x = as_array(x)
    if dtype_of(plain(x)).kind == "c":
        x = np.real(x)
    return x if dtype_of(plain(x)) == np.float64 else x.astype(np.float64)


def at(pieces: Pieces, x: Any, nu: int = 0, *, kinks: bool | None = None) -> Any:
    """The derivative of order nu at x, of shape x.shape + c.shape[2:]; at a break that of the piece to the right, and a kink if the slope jumps there."""
    breaks = pieces.breaks
    place = _interval(breaks, x) if _rises(breaks) else _interval(-breaks, -x)
    left = _taken(breaks[:-1], place)
    c = derived(pieces.c, nu)
    kinks = _kinks(breaks, c) if kinks is None else kinks
    t = _offset(x, left, _taken(breaks[1:], place)) if kinks else x - left
    t = beside(t, np.ndim(plain(c)) - 2)
    # in SciPy's order, by powers: to the last digit, and nan at infinity where terms of two signs meet
    total, power = _taken(c[-1], place), t
    for i in range(len(plain(c)) - 2, -1, -1):
        total = total + _taken(c[i], place) * power
        power = power * t if i else power
    return total


def beside(x: Any, ndim: int) -> Any:
    """The array with so many new axes at its end."""
    return np.reshape(x, (*np.shape(plain(x)), *(1,) * ndim)) if ndim else x


def derived(c: Any, nu: int) -> Any:
    """The coefficients of the derivative of order nu."""
    if nu == 0:
        return c
    degree = len(plain(c)) - 1
    if nu > degree:
        return np.zeros_like(plain(c)[:1])
    factors = [math.perm(p, nu) for p in range(degree, nu - 1, -1)]
    return c[:-nu] * beside(np.array(factors, float), np.ndim(plain(c)) - 1)


def antiderived(pieces: Pieces) -> Pieces:
    """The antiderivative that is 0 at the first break."""
    c = pieces.c
    n, ndim = len(plain(c)), np.ndim(plain(c))
    c = c / beside(np.arange(n, 0.0, -1.0), ndim - 1)
    h = beside(np.diff(pieces.breaks), ndim - 2)
    area = c[0]
    for i in range(1, n):
        area = area * h + c[i]
    area = area * h
    start = np.concatenate([np.zeros_like(plain(area)[:1]), np.cumsum(area, axis=0)[:-1]])
    return Pieces(pieces.breaks, np.concatenate([c, start[None]]))


def _kinks(breaks: Any, c: Any, *, going_round: bool = False) -> bool:
    """Whether the value or the slope jumps at a break, beyond rounding; where the end meets the start, if this is asked."""
    if isinstance_traced(c) or isinstance_traced(breaks):
        return len(plain(c)) == 2
    if len(c) < 2:
        return going_round
    ask = _jumps if c.size < _REMEMBERED else _jumps.__wrapped__
    return ask(np.asarray(breaks, float).tobytes(), c.tobytes(), c.shape, c.dtype.str, going_round)


#: splines of fewer coefficients are remembered, for those that are called in a loop
_REMEMBERED = 20_000


@functools.lru_cache(maxsize=128)
def _jumps(breaks_bytes: bytes, c_bytes: bytes, shape: tuple[int, ...], dtype: str, going_round: bool) -> bool:
    """As ``_kinks``, of plain coefficients given by their bytes."""
    breaks, c = np.frombuffer(breaks_bytes), np.frombuffer(c_bytes, dtype).reshape(shape)
    n = len(c)
    h = beside(np.diff(breaks), c.ndim - 2)
    powers = h[None] ** beside(np.arange(n - 1.0, -1.0, -1.0), h.ndim)
    pieces = slice(-1, None) if going_round else slice(None, -1)
    with np.errstate(all="ignore"):
        values = c * powers
        slopes = derived(c, 1) * powers[1:]
        for terms, start in ((values, c[-1]), (slopes, c[-2])):
            sizes = np.max(np.abs(terms), axis=0)
            gaps = np.abs(np.sum(terms, axis=0) - np.roll(start, -1, axis=0))
            if np.any((gaps > 1e-8 * (sizes + np.roll(sizes, -1, axis=0)))[pieces]):
                return True
    return False


# --- outside of the breaks -----------------------------------------------------------------------------------------------------------


def extended(pieces: Pieces, x: Any, nu: int, extrapolate: Any) -> Any:
    """As ``at``, with NaN outside where ``extrapolate`` is False; "periodic" goes round."""
    if isinstance(extrapolate, str) and extrapolate == "periodic":
        first = pieces.breaks[0]
        period = pieces.breaks[-1] - first
        if _kinks(pieces.breaks, derived(pieces.c, nu), going_round=True):
            return at(pieces, first + np.mod(x - first, period), nu)
        return at(pieces, x - period * np.floor((x - first) / period), nu)
    result = at(pieces, x, nu)
    if extrapolate:
        return result
    return filled(result, np.logical_or(x < pieces.low, x > pieces.high), np.nan)


def filled(result: Any, outside: Any, fill: Any) -> Any:
    """The result with ``fill`` in the places of the mask; where that is NaN so is the derivative."""
    outside = beside(outside, np.ndim(plain(result)) - np.ndim(plain(outside)))
    undefined = np.isnan(fill)
    if np.any(undefined):
        result = result * np.where(np.logical_and(outside, undefined), np.nan, 1.0)
    if not np.all(undefined):
        result = np.where(np.logical_and(outside, ~undefined), fill, result)
    return result


def integral(pieces: Pieces, a: Any, b: Any, extrapolate: Any) -> Any:
    """The integral from a to b; "zero" takes the polynomials to be 0 outside."""
    whole = antiderived(pieces)
    if isinstance(extrapolate, str) and extrapolate == "periodic":
        first, last = pieces.breaks[0], pieces.breaks[-1]
        period = last - first

        def upto(x: Any) -> Any:
            turns = np.floor((x - first) / period)
            return at(whole, x - period * turns) + beside(turns, np.ndim(plain(total))) * total

        total = at(whole, last)
        return upto(b) - upto(a)
    if isinstance(extrapolate, str) and extrapolate == "zero":
        a, b = (np.clip(x, pieces.low, pieces.high) for x in (a, b))
        extrapolate = True
    return extended(whole, b, 0, extrapolate) - extended(whole, a, 0, extrapolate)


# --- splines -----------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Basis:
    """The B-splines of a knot vector, piece by piece.

    Attributes
    ----------
    breaks : array (m + 1,)
    c : array (k + 1, m, k + 1)
        The polynomials of the functions that are not 0 on a piece.
    columns : array of integers (m, k + 1)
        Which functions these are.
    """

    breaks: Any
    c: Any
    columns: Any

    def kinks(self, nu: int) -> bool:
        """Whether the slope of the derivative of order nu may jump at a break: it does not where few knots meet."""
        meeting = np.max(np.diff(self.columns[:, 0]), initial=0)
        return bool(meeting and len(self.c) - 1 - nu - meeting < 1)

    def pieces(self, coefficients: Any) -> Pieces:
        """The spline with these coefficients, along their first axis."""
        ndim = np.ndim(plain(coefficients)) - 1
        terms = [beside(self.c[:, :, j], ndim) * coefficients[self.columns[:, j]] for j in range(self.columns.shape[1])]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return Pieces(self.breaks, total)


def basis(t: Any, k: int) -> Basis | None:
    """The B-splines of degree k on the knots t; None if the knots leave no interval."""
    if isinstance_traced(t):
        spans = _spans(plain(t), int(k))
        return _recurrence(t, spans, int(k)) if len(spans) else None
    ask = _basis if len(t) < _REMEMBERED else _basis.__wrapped__
    return ask(np.asarray(t, float).tobytes(), int(k))


@functools.lru_cache(maxsize=64)
def _basis(knots: bytes, k: int) -> Basis | None:
    t = np.frombuffer(knots)
    spans = _spans(t, k)
    return _recurrence(t, spans, k) if len(spans) else None


def _spans(t: np.ndarray, k: int) -> np.ndarray:
    """The knots that an interval follows."""
    spans = np.arange(k, len(t) - k - 1)
    # a step of no length has the last value of a spline of steps
    return spans[t[spans + 1] > t[spans]] if k else spans


def _recurrence(t: Any, spans: np.ndarray, k: int) -> Basis:
    left = t[spans]
    one = np.zeros((k + 1, len(spans)))  # powers of x − left, rising
    one[0] = 1
    row: list[Any] = [one]
    for p in range(1, k + 1):
        longer: list[Any] = [0.0] * (p + 1)
        for r, f in enumerate(row):
            i = spans - p + 1 + r
            f = f / (t[i + p] - t[i])
            times_u = np.concatenate([np.zeros((1, len(spans))), f[:-1]])
            longer[r + 1] = longer[r + 1] + (times_u + (left - t[i]) * f)
            longer[r] = longer[r] + ((t[i + p] - left) * f - times_u)
        row = longer
    columns = (spans - k)[:, None] + np.arange(k + 1)
    breaks = np.concatenate([left, t[spans[-1] + 1 : spans[-1] + 2]])
    return Basis(breaks, np.stack(row, axis=-1)[::-1], columns)
