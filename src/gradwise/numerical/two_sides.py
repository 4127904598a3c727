r"""Where the curvature jumps at x: squared hinges, t·|t|, Huber's loss, splines at their knots.

The two sides are smooth, with one slope and two curvatures.  Then the central quotient keeps every power of h,

.. math:: D(h) = f' + \frac{h}{4} (f''_+ - f''_-) + O(h^2),

successive differences shrink by 2 and not by 4, and an extrapolation in h² converges no faster than the quotients.
Extrapolation in h on either side converges as ever, and the two sides check one another.
"""

from __future__ import annotations

import math
from collections.abc import Generator

from gradwise.numerical.findings import kink
from gradwise.numerical.ladder import PROBE
from gradwise.numerical.line import NAN
from gradwise.numerical.microscope import View
from gradwise.numerical.noise_level import Verdict
from gradwise.numerical.resolution import resolve
from gradwise.numerical.samples import BOTH, Request, Resolved, Samples

GAIN = 4.0
"""How much more precise the two sides together must be than the central slope: smooth functions never gain this."""


CLEAR = 64.0
"""How much more precise one side must be than the other, and than the central slope, to be believed alone."""


NEAR = 8.0
"""Up to so many times their precision two sides may differ and still agree, where no kink shows: the bound includes it."""


def from_both_sides(
    samples: Samples, top: int, found: Resolved
) -> Generator[Request, list[float], tuple[Resolved | None, Verdict | None]]:
    """Return the slope on which two one-sided extrapolations agree, or the verdict where they nearly do.

    Both are None where the central slope is limited by rounding, or the sides are no better.
    """
    if samples.scatters(max(found.truncation, found.doubt), found.low):
        return None, None
    truncation = max(found.truncation, found.doubt, samples.odd_error(found))
    total = truncation + found.rounding
    if found.side != 0 or not truncation > max(4 * found.rounding, 1e-12 * abs(found.value)):
        return None, None
    if not GAIN * min(samples.best(side, top).total for side in BOTH) < total:
        return None, None
    sides = []
    for side in BOTH:
        sides.append((yield from resolve(samples, side, top, may_grow=False)))  # noqa: PERF401 - no comprehension can yield
    right, left = sides
    single = [one.high == one.low for one in sides]  # such quotients vouch for nothing
    zero = right.value == left.value == 0.0
    # a side that is flat here, and not further out, may be the tread of a staircase
    if all(single) or (zero and any(_moves(samples, one.side, top) for one in sides if one.high == one.low)):
        low = min(right.low, left.low)
        still = zero and samples.move(low) == 0.0
        return (Resolved(0.0, 0.0, samples.quotient(low, 0)[1], low, low, 0) if still else None), None
    together = right.total + left.total
    if not GAIN * together < total:
        return (yield from _clear_side(samples, right, left, found, total)), None
    gap = abs(right.value - left.value)
    if gap > 2 * together:
        verdict = yield from _nearly(samples, gap, found)
        if verdict is not None and verdict.top is not None:
            # the slope beside a jump of the curvature lies between those of the two sides; on a plateau of rounding it does not
            slope, _ = samples.quotient(verdict.top, 0)
            if not abs(slope - 0.5 * (right.value + left.value)) <= 1.5 * gap:
                verdict = None
        if verdict is not None or gap > NEAR * together:
            samples.branches = right.value, left.value
            return None, verdict
    lost = 1.0
    for one in sides:
        factor = yield from _confirmed(samples, one)
        if factor is None:
            return None, None
        lost = max(lost, factor)
    better, other = (right, left) if right.total <= left.total else (left, right)
    samples.assumed = max(samples.eta(samples.f0), 5e-324)
    samples.measured = lost * samples.assumed
    # f rounds x inside, which moves the slope by |x f''| units on the side that is bent more
    bent = max(abs(samples.quotient(one.low, one.side)[0] - one.value) / math.ldexp(1.0, one.low) for one in sides)
    truncation = better.truncation + 0.5 * abs(better.value - other.value)
    truncation += 2 * samples.line.unit * samples.line.scale * bent
    return Resolved(better.value + 0.0, truncation, better.rounding, better.high, better.low, better.side), None


def _moves(samples: Samples, side: int, top: int) -> bool:
    """Whether f moves on this side at one of the steps up to 2**top."""
    return any(samples.at(octave, side) != samples.f0 for octave in samples.known_octaves() if octave <= top)


def _clear_side(
    samples: Samples, right: Resolved, left: Resolved, found: Resolved, total: float
) -> Generator[Request, list[float], Resolved | None]:
    """Return the slope of the side on which nothing is in the way, where there is something on the other."""
    one, other = (right, left) if right.total <= left.total else (left, right)
    if one.high == one.low:
        return None
    if not (CLEAR * one.total < min(other.total, total) and abs(one.value - found.value) <= 4 * total):
        return None
    factor = yield from _confirmed(samples, one)
    if factor is None:
        return None
    samples.assumed = max(samples.eta(samples.f0), 5e-324)
    samples.measured = factor * samples.assumed
    return one


def _nearly(samples: Samples, gap: float, found: Resolved) -> Generator[Request, list[float], Verdict | None]:
    """Return the verdict on slopes that differ by a little: a small kink at x, or a jump of the curvature beside it."""
    probe = samples.near(samples.line.octave + PROBE)
    bend = abs((samples.values.get(probe, NAN) - samples.f0) + (samples.values.get(-probe, NAN) - samples.f0))
    curved = abs(samples.bend(found.low)) * math.ldexp(probe, -found.low) ** 2
    if bend > 4 * gap * probe + 2 * curved + 64 * samples.eta(samples.f0):
        return None  # no kink of this size is bent like that: noise, or an infinite slope
    octave = min(samples.line.octave + PROBE, found.low)
    yield from samples.sample_octaves([octave, octave + 1])
    values = [samples.at(octave, side) for side in BOTH]
    if not all(map(math.isfinite, values)):
        return None
    eta = max(samples.eta(value) for value in (samples.f0, *values))
    near = math.ldexp(1.0, octave)
    if not 256 * eta < gap * near:  # below what rounding lets be seen there
        return None
    if not gap * near <= abs(4 * samples.bend(octave) - samples.bend(octave + 1)) <= 4 * gap * near:
        return None  # it is 2 gap · near for a kink
    seen = View("kink", size=gap, spread=eta, residual=eta, near=near, far=near, eta=eta)
    verdict = yield from kink(samples, seen, Resolved(found.value, found.truncation, found.rounding, octave, octave, 0))
    if verdict.outcome is not None:
        # A kink at x shows at every step: 4 bend(h/2) - bend(h) is gap · h and free of the curvature.
        close = math.frexp(256 * eta / gap)[1]
        yield from samples.sample_octaves([close, close - 1])
        wide = abs(4 * samples.bend(close - 1) - samples.bend(close))
        if not 0.7 * gap < math.ldexp(wide, -close) < 1.4 * gap:
            return None
    return verdict


def _confirmed(samples: Samples, one: Resolved) -> Generator[Request, list[float], float | None]:
    """Return how far a value far below the steps is off this side's slope, in units of rounding; None if too far."""
    octave = max(min(one.low - 7, samples.line.octave + PROBE), samples.floor)
    v = one.side * samples.near(octave)
    yield from samples.sample([v])
    value = samples.values[v]
    eta = max(samples.eta(samples.f0), samples.eta(value))
    curvature = (samples.quotient(one.low, one.side)[0] - one.value) * math.ldexp(abs(v), -one.low)
    slack = abs(v) * (4 * one.total + abs(curvature)) + 4 * samples.line.unit * samples.line.scale * abs(one.value)
    drift = abs(value - samples.f0 - v * (one.value + curvature)) - slack
    if not drift <= 6 * eta:
        return None
    return max(1.0, 0.8 * drift / eta)
