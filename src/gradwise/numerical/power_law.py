"""Infinite slopes: what looks like a power of |t| close to x must go on so further down, and come from further up."""

from __future__ import annotations

import math
from collections.abc import Generator

from gradwise.numerical.line import INF, NAN, Outcome
from gradwise.numerical.microscope import View
from gradwise.numerical.samples import BOTH, Request, Samples, octave_of
from gradwise.numerical.status import Status


def infinite_slope(samples: Samples, view: View) -> Generator[Request, list[float], Outcome | None]:
    """Return the outcome of an infinite slope if it goes on growing twelve octaves further down, else None."""
    far = octave_of(view.near)
    close = max(far - 12, samples.floor + 1)
    yield from samples.sample_octaves([far, close])
    slopes = {}
    octaves = far - close
    expected = (1 - view.size) * octaves  # growth of the slope in octaves, if the power law goes on
    for side in BOTH:
        before, _ = samples.quotient(far, side)
        slope, bound = samples.quotient(close, side)
        slopes[side] = slope
        growing = math.isfinite(slope) and abs(slope) > abs(before) * (1 + 0.015 * octaves) + 8 * bound
        growing = growing and _follows(samples, view, (side,))
        if growing and before != 0.0 and abs(math.log2(abs(slope / before)) - expected) <= 0.1 * octaves:
            slopes[side] = math.copysign(INF, slope)
    if not any(math.isinf(slope) for slope in slopes.values()):
        # A cusp on a slope: the even part, free of the slope, must follow the power law down.
        outer, inner = math.ldexp(samples.bend(far), -far), math.ldexp(samples.bend(close), -close)
        if not (
            abs(samples.bend(close)) > 16 * samples.eta(samples.f0) and outer != 0.0 and _follows(samples, view, BOTH)
        ):
            return None
        if not abs(math.log2(abs(inner / outer)) - expected) <= 0.1 * octaves:
            return None
        # and up: noise, which may look like one in these few values, does not grow with the step
        wide = samples.line.octave - 3
        shrink = 2.0**-view.size
        seen = abs(64 * samples.bend(wide) - 20 * samples.bend(wide + 1) + samples.bend(wide + 2))  # free of t² and t⁴
        part = abs(64 * shrink * shrink - 20 * shrink + 1)
        first = octave_of(view.far)
        if seen < 0.25 * part * abs(samples.bend(first)) * 2.0 ** (view.size * (wide + 2 - first)):
            return None
        slopes = {side: math.copysign(INF, side * inner) for side in BOTH}
    if expected < SLOW and not (yield from _goes_on_growing(samples, view, close)):
        return None
    known = [slope for slope in slopes.values() if not math.isnan(slope)]
    value = known[0] if len(set(known)) == 1 else NAN
    level = samples.line.unit * abs(samples.f0)
    step = math.ldexp(1.0, close)
    return Outcome(value, INF, Status.NOT_DIFFERENTIABLE, step, slopes[-1], slopes[1], level)


SLOW = 1.5
"""By how many octaves a slope grows at least, if it need not be looked at once more whether it is infinite."""


def _goes_on_growing(samples: Samples, view: View, close: int) -> Generator[Request, list[float], bool]:
    """Whether slopes that grow by little still do so as close to x as rounding permits; those of structure have ended."""
    deep = (samples.floor + close) // 2
    growth = (1 - view.size) * (close - deep)
    yield from samples.sample_octaves([deep])
    for side in BOTH:
        before, _ = samples.quotient(close, side)
        slope, bound = samples.quotient(deep, side)
        change = abs(before) * (2.0**growth - 1)
        if math.isfinite(slope) and 16 * bound < change and abs(slope) < abs(before) + 0.25 * change:
            return False
    return True


def _follows(samples: Samples, view: View, sides: tuple[int, ...]) -> bool:
    """Whether the pair of values that is known besides those of the view obeys its power law too, as noise would not."""
    v, far, f0, values = samples.near(octave_of(view.far)), view.far, samples.f0, samples.values
    seen = sum([values.get(side * v, NAN) - f0 for side in sides])
    expected = sum([values.get(side * far, NAN) - f0 for side in sides])
    if not math.isfinite(seen):
        return True
    # each side may have an exponent of its own; that of the view is the smaller one, or that of the even part
    most, least = (v / far) ** view.size, v / far if len(sides) == 1 else (v / far) ** view.size
    slack = 8 * samples.eta(f0) + 0.1 * abs(expected)
    return least * abs(expected) - slack <= math.copysign(seen, seen * expected) <= most * abs(expected) + slack
