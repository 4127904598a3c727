r"""Central differences at steps H, H/2, H/4, H/8, extrapolated to step zero, and one pair far below to verify.

With :math:`D(h) = (f(x+h) - f(x-h)) / 2h = f' + h^2 f'''/6 + h^4 f^{(5)}/120 + …` each column of

.. math:: T_{k,j} = \frac{4^j T_{k+1,j-1} - T_{k,j-1}}{4^j - 1}, \qquad T_{k,0} = D(H / 2^k)

removes one more power of h² (Richardson 1911; Ridders 1982 for the tableau as an error estimate).  Two further values
at 2⁻¹³ H tell what no tableau can: whether the function is as smooth between the points as it looks from them.  They
expose kinks, jumps, noise, narrow peaks and aliasing, because D(2⁻¹³ H) and the second difference there are known in
advance to within rounding.

The formulas are for a batch of lines; those for one, in plain floats, are in `plain_ladder`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from operator import mul
from typing import Any

import numpy as np

INFINITE = math.inf
NAN = math.nan

LEVELS = 4
PROBE = -13
"""The verification pair sits 13 octaves below the largest step."""

LOWER = 2
"""How many octaves the ladder may go down where nothing but its truncation is in the way."""

PRECISION = 4096.0
"""How many units of rounding in a slope are accepted before a larger step is tried."""

SURE = 2.0**-10
"""More rounding than this, relatively, is never accepted at once, however coarse the type of f."""

EVEN = 0.6
"""By how much changes of second differences, scaled to one step, shrink from octave to octave at least; to a quarter in the end."""

# Sum of |weights| with which the four central differences enter the last column, times the step ratio:
# rounding of f by η moves the result by at most 1.7 η / h of the smallest step.
AMPLIFICATION = 1.7


def judge_ladder(
    h: Any, plus: Any, minus: Any, f0: Any, unit: Any, scale: Any, limit: float = PRECISION, v: Any = None
) -> tuple[Any, Any, Any, Any, Any, Any, Any, Any]:
    """Return (value, error, accepted, limited, η, lost, coarse, bent): the derivative and whether everything about it agrees.

    ``limited`` where everything does, and larger steps could tell more.  ``lost`` is the rounding that the verification pair
    shows, in units of η, the one that is assumed; 0 if it shows a kink.  ``coarse`` where all agrees but for truncation.  ``bent`` where a kink shows that is too flat to be called one: the error holds both slopes.

    Parameters
    ----------
    h : array
        The largest step H; a power of two.
    plus, minus : array with five rows
        f(x + h) and f(x - h) at h = H, H/2, H/4, H/8 and v.
    f0, unit, scale : float or array
        f(x), the unit roundoff of f, and |x|.
    limit : float
        How many units of rounding in the slope are accepted before a larger step is tried instead; of truncation, a
        thousandth of that before smaller ones are.
    v : float or array
        Step of the verification pair, 2⁻¹³ H or so; exactly that by default.
    """
    p0, p1, p2, p3, plus_v = plus
    m0, m1, m2, m3, minus_v = minus
    h3 = 0.125 * h

    # Rounding of the values nearest to x counts; far values enter with small weights.
    eta = (
        unit * np.maximum(np.maximum(abs(f0), np.maximum(abs(p3), abs(m3))), 0.25 * np.maximum(abs(p0), abs(m0)))
        + 5e-324
    )

    # Near x the second difference must be f'' v²; f'' is extrapolated from the two smallest steps.
    v = h * 2.0**PROBE if v is None else v
    s3, s2, s1 = (p3 - f0) + (m3 - f0), 0.25 * ((p2 - f0) + (m2 - f0)), 0.0625 * ((p1 - f0) + (m1 - f0))
    ratio = v / h3
    shrink = ratio * ratio
    bend = abs((plus_v - f0) + (minus_v - f0) - shrink * (4 * s3 - s2) / 3)
    eta8, twice = 8 * eta, 2 * v
    near, middle = s3 - s2, s2 - s1
    turn = abs(near)
    # and among the steps it converges: beside a kink too flat for the pair, changes of it grow as steps shrink
    straight = (bend <= eta8 + shrink * (turn + eta8)) & (turn <= EVEN * abs(middle) + eta8)
    a0, a3, b2, c1, d0 = _tableau(h, plus, minus)
    rounding = AMPLIFICATION * eta / h3

    # The changes from column to column shrink by a factor that itself shrinks: error(T) ≈ change · 4 · ratio.
    tiny = rounding * 0.05 + 1e-320  # a change below this is an accident of rounding, and no denominator
    change1, change2, change3 = abs(b2 - a3), abs(c1 - b2), abs(d0 - c1)
    ratio21 = change2 / (change1 + tiny)
    change = np.maximum(change3, 0.4 * change2 * ratio21)
    shrinking = 4 * np.maximum(change3 / (change2 + tiny), 4 * ratio21)
    truncation = change * (shrinking + 2e-3) * 4

    drift = abs((plus_v - minus_v) - twice * (d0 + shrink * (a3 - d0)))  # with the term of third order
    magnitude = abs(d0)
    # where the largest step shows truncation already, a larger one would not help against rounding
    allowed = -np.maximum(-limit * unit, -SURE)
    at_its_best = (rounding <= allowed * magnitude) | (abs(a0 - d0) > 4 * (eta / h + rounding))
    drift_allowed = 6 * eta + 4 * unit * scale * magnitude + twice * shrink * change1
    straight = straight & (change3 <= 1e-2 * magnitude + 64 * rounding)
    fine = truncation <= 3 * rounding + limit / 1024 * unit * magnitude
    agrees = straight & fine & (drift <= drift_allowed)
    coarse = straight & (fine == 0) & (drift <= drift_allowed + twice * truncation)
    # f may lose a few bits inside: bend and drift are six and two more samples of its rounding
    lost = np.maximum(1.0, np.maximum(0.6 * bend, 0.8 * drift) / eta)
    error = 2 * truncation + 3 * rounding * lost + unit * magnitude * (2 + 1.5 * scale / h3)
    # Where the curvature jumps at x, D has a term in h: it leaves change2 = change1 * 2 / 15, and 1.84 change1 in d0.
    error = error + 2 * change1 * (12 * change2 + 6 * rounding >= change1)
    # A smaller such term hides beneath the even ones until these are gone: changes that stop shrinking, 1/64 of what it leaves.
    error = error + 64 * change3 * (change3 * (change1 + tiny) > 8 * change2 * change2)
    # Rid of the terms of second and fourth order, they shrink to a 16th from step to step; beside a kink they double, to 0.44 gap · h3, beside |t|³ they halve.
    gap = abs(near - 0.25 * middle)
    bent = gap > 0.7 * abs(middle - 0.25 * (s1 - 0.015625 * ((p0 - f0) + (m0 - f0)))) + eta8
    error = error + bent * (1.25 * gap / h3)
    # a kink bends and does not drift, rounding does both
    lost = 0.5 * bend / eta * (drift > 0.1 * bend)
    return d0, error, agrees & at_its_best, agrees & (at_its_best == 0), eta, lost, coarse & at_its_best, bent


def _tableau(h: np.ndarray, plus: np.ndarray, minus: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return T[0, 0] and the last entry of every column, of all lanes in a few array operations."""
    a = (plus[:LEVELS] - minus[:LEVELS]) / (h * (WIDTHS if plus.ndim == 2 else WIDTHS[..., None]))
    b = (4 * a[1:] - a[:-1]) / 3
    c = (16 * b[1:] - b[:-1]) / 15
    return a[0], a[3], b[2], c[1], (64 * c[1] - c[0]) / 63


WIDTHS = np.array([2.0, 1.0, 0.5, 0.25])[:, None]

OUTER = (4, 3)
"""Octaves above the largest step of the two pairs that are added where rounding limits."""


def judge_outer(
    h: Any, pairs: list[tuple[Any, Any]], value: Any, error: Any, eta: Any, unit: Any, scale: Any
) -> tuple[Any, Any, Any]:
    """Return (value, error, better): the slope that pairs at 16 H and 8 H give where they agree with the ladder's and know more.

    Parameters
    ----------
    h, eta, unit, scale : float or array
        As in `judge_ladder`.
    pairs : list of (f(x + h_k), f(x - h_k))
        Values at 16 H, 8 H.
    value, error : float or array
        What the ladder has found, limited by rounding.
    """
    (p0, m0), (p1, m1) = pairs
    a0, a1 = (p0 - m0) / (32 * h), (p1 - m1) / (16 * h)
    outer = (4 * a1 - a0) / 3
    eta = np.maximum(eta, unit * np.maximum(np.maximum(abs(p0), abs(m0)), np.maximum(abs(p1), abs(m1))))
    truncation, rounding = abs(outer - a1), AMPLIFICATION * eta / (8 * h)
    bound = 2 * truncation + 3 * rounding + unit * abs(outer) * (2 + 1.5 * scale / (8 * h))
    better = (abs(outer - value) <= error) & (bound < 0.5 * error)
    return np.where(better, outer, value), np.where(better, bound, error), better


def odd_term(slopes: list[float], bound: float) -> float:
    """Return the error that a term in h leaves in an even extrapolation that ends at the last slope, 0 if there is none.

    Such a term halves the differences of neighbours, a smooth function quarters them; ``bound`` is what rounding can do to one.
    It leaves 0.61 of the last difference in four levels, 0.67 in two.
    """
    before, last = slopes[-3] - slopes[-2], slopes[-2] - slopes[-1]
    if before < 0:
        before, last = -before, -last
    halved = before / 3 - 2 * bound <= last <= 0.7 * before + 2 * bound
    return 0.8 * max(last - 2 * bound, 0.0) if halved else 0.0


ODD_NODES = 5
"""Steps on which a term in h is looked for."""


def odd_part(slopes: list[float], bounds: list[float], value: float) -> float:
    """Return the distance of a value from what slopes at h, 2h, 4h, … give with a term in h besides the even ones.

    The slopes are fitted by 1, h, h², h⁴ twice, without the last and without the first: a term in h is one and the same for
    both; what even terms of higher order leave is 2⁷ times as large in the second.  0 where they do not agree.
    """
    count = len(slopes) - 1
    if count < 3:
        return 0.0
    intercept, linear = _odd_rule(count)
    near = sum(map(mul, linear, slopes))
    far = 0.5 * sum(map(mul, linear, slopes[1:]))
    noise = sum(map(mul, map(abs, linear), bounds))
    if not (abs(near - far) <= 0.3 * abs(near) and abs(near) > 2 * noise):
        return 0.0
    return abs(value - sum(map(mul, intercept, slopes)))


@functools.cache
def _odd_rule(count: int) -> tuple[list[float], list[float]]:
    """Return the weights of slopes at h, 2h, 4h, … in the terms 1 and h of a fit by 1, h, h², h⁴."""
    steps = 2.0 ** np.arange(count)
    inverse = np.linalg.inv(np.stack([steps**power for power in (0, 1, 2, 4)[:count]], axis=1))
    return inverse[0].tolist(), inverse[1].tolist()


class Tableau:
    """Neville's scheme in h**power, from coarse quotients to fine ones: the best extrapolation over all runs of neighbours.

    Parameters
    ----------
    power : int
        2 for central differences (an even expansion in h), 1 for one-sided ones.

    Notes
    -----
    With A = T[i..j-1] and B = T[i+1..j], the truncation of T[i..j] is taken as the distance of A and B times the weight of A,
    or a 64th where that weight is smaller: far nodes that weigh next to nothing cannot vouch for near ones.  It is nearly always
    larger than the true error: nothing is assumed about decay.  The truncation of a single quotient is its distance from its
    neighbours, the coarser one counting a quarter.

    Attributes
    ----------
    least : float
        Truncation and rounding of the best extrapolation so far.
    """

    __slots__ = ("_best", "_bounds", "_last", "_octaves", "_slopes", "_start", "_weights", "least")

    def __init__(self, power: int) -> None:
        self._weights = WEIGHTS[power]
        self._octaves: list[int] = []
        self._slopes: list[float] = []  # T[i..j] for every i, where j is the finest quotient so far
        self._bounds: list[float] = []
        self._last = (NAN, INFINITE, INFINITE)  # the finest quotient itself: value, truncation, rounding
        self._best = (NAN, INFINITE, INFINITE, 0, 0)
        self.least = INFINITE
        self._start = 0  # of the longest run that rounding lets be the best

    def add(self, octave: int, slope: float, bound: float) -> None:
        """Add a quotient at a step of 2**octave, smaller than those before, whose rounding is at most `bound`."""
        self.extend([(octave, slope, bound)])

    def extend(self, quotients: Iterable[tuple[int, float, float]]) -> None:
        """Add quotients as `add` does one."""
        octaves, slopes, bounds, weights = self._octaves, self._slopes, self._bounds, self._weights
        least, start, (last, change, rounding) = self.least, self._start, self._last
        i = len(octaves)
        for octave, slope, bound in quotients:
            moved = INFINITE
            if i > 0:
                moved = slope - last
                if moved < 0.0:
                    moved = -moved
                if rounding < least:
                    truncation = 1.5 * moved
                    if 0.25 * change > truncation and i > 1:
                        truncation = 0.25 * change
                    if truncation + rounding < least:
                        least = truncation + rounding
                        self._best = last, truncation, rounding, octaves[-1], octaves[-1]
                if bound >= least:  # no run that ends here can be better, nor any that goes on
                    start = i
            else:
                self._best = slope, INFINITE, bound, octave, octave
            last, change, rounding = slope, moved, bound
            octaves.append(octave)
            slopes.append(slope)
            bounds.append(bound)
            if start < i:
                value, noise, j = slope, bound, i
                if octaves[start] - octave == i - start:  # one octave after the other
                    gaps = weights[1 : i - start + 1]
                else:
                    gaps = [weights[octaves[k] - octave] for k in range(i - 1, start - 1, -1)]
                for fine, coarse, weight in gaps:
                    j -= 1
                    before = slopes[j]
                    truncation = value - before
                    if truncation < 0.0:
                        truncation = -truncation
                    truncation *= weight
                    slopes[j] = value = value * fine - before * coarse
                    bounds[j] = noise = noise * fine + bounds[j] * coarse
                    if truncation + noise < least:
                        least = truncation + noise
                        self._best = value, truncation, noise, octaves[j], octave
                    elif noise >= least:
                        start = j
                        break
            i += 1
        self.least, self._start, self._last = least, start, (last, change, rounding)

    def best(self) -> tuple[float, float, float, int, int]:
        """Return (value, truncation, rounding, octave of the largest step, octave of the smallest step)."""
        value, truncation, rounding = self._last
        if truncation + rounding < self.least:
            return value, truncation, rounding, self._octaves[-1], self._octaves[-1]
        return self._best


def extrapolate(
    octaves: list[int], slopes: list[float], rounding: list[float], power: int
) -> tuple[float, float, float, int, int]:
    """Return what a `Tableau` makes of quotients at descending octaves, each with its bound from rounding."""
    tableau = Tableau(power)
    tableau.extend(zip(octaves, slopes, rounding))
    return tableau.best()


WIDEST = 63
"""Octaves between two steps beyond which the coarser one weighs nothing."""

FARTHEST = 2200
"""More octaves than there are between any two numbers."""


def _weights(power: int) -> list[tuple[float, float, float]]:
    """Return the weights of the finer and the coarser quotient by how many octaves lie between, and that of their distance."""
    found = [(1.0, 0.0, 0.0)]
    for gap in range(1, WIDEST + 1):
        ratio = 2.0 ** (-power * gap)
        found.append((1 / (1 - ratio), ratio / (1 - ratio), max(ratio / (1 - ratio), 0.015625)))
    return found + found[-1:] * (FARTHEST - WIDEST)


WEIGHTS = {power: _weights(power) for power in (1, 2)}
