"""The teeth of a saw: pieces of one slope, joined by jumps, along a trend of another one.

What is rounded on the way to f(x), as the denominator of x / (exp x - 1) or a part in half precision, leaves f smooth between two
roundings, with a slope that says nothing of the function that is meant.  Other places tell: the pieces there have the
slope of the piece around x, and the chords to them have that of the trend.
"""

from __future__ import annotations

import math
from collections.abc import Generator

from gradwise.numerical.close_look import CURVED, STEEP, WILD, rounded_pieces
from gradwise.numerical.samples import Request, Resolved, Samples

SWING = 10.0
"""By how many times slopes at other places may be larger than that at x for all to belong to one oscillation."""

ALIKE = 0.3
"""By what part of the distance between trend and piece the slopes of pieces may differ."""

VISIBLE = 16.0
"""How many units of rounding in the slope of a piece that distance must be."""

ELSEWHERE = (0.6180339887498949, -0.4142135623730951, 0.2360679774997897)
"""Where pieces are compared besides, in units of the distance of the first two."""

SOME = 9
"""By how many octaves a distance of some teeth is longer than the longest step that stays within one; it is shorter than the first step by no more."""

TEETH = 16.0
"""A tooth may be so many times as long as the longest step that stays within it."""


def height_of_teeth(
    samples: Samples, found: Resolved, *, scattered: bool = False
) -> Generator[Request, list[float], float]:
    """Return the height of the jumps if the slope found on small steps is that of such a piece, else 0.

    Where values scatter it is looked some teeth away too: at the first step the pieces of what is partly rounded have other slopes.
    """
    octave, side = samples.line.octave, found.side
    if not found.high < octave - 2:
        return 0.0
    slope, h = found.value, math.ldexp(0.125, found.high)
    turn = samples.quotient(found.high, side)[0] - slope
    bend = math.ldexp(samples.bend(found.high), -found.high) if side == 0 else 0.0
    if max(abs(bend), abs(turn)) > CURVED * abs(slope):
        return 0.0
    distance = yield from _to_the_trend(samples, found, octave, h)
    if distance == 0.0 and scattered and found.high + SOME < octave:
        distance = yield from _to_the_trend(samples, found, max(found.high, octave - 2 * SOME) + SOME, h)
    height = math.ldexp(TEETH * distance, found.high)
    if height > WILD * samples.size and abs(slope) * samples.line.scale > STEEP * abs(samples.f0):
        # as high as all of f: a saw that is meant, if it is no rounding
        return height if (yield from rounded_pieces(samples, slope, 8 * h)) else 0.0
    return height


def _to_the_trend(samples: Samples, found: Resolved, octave: int, h: float) -> Generator[Request, list[float], float]:
    """Return how far the slopes of chords of 2**octave are off that of the piece around x, if those of all pieces there are like it; else 0."""
    slope, side, f0 = found.value, found.side, samples.f0
    # steps this short rarely cross the end of a tooth
    centres = [math.ldexp(side or 1, octave), math.ldexp(side, octave - 1) if side else -math.ldexp(1.0, octave)]
    yield from samples.sample(centres)
    off = []
    for centre in centres:
        there = samples.values[centre]
        distance = (there - f0) / centre - slope
        eta = max(samples.eta(there), samples.eta(f0), samples.argument_rounding(slope))
        if not abs(distance) > VISIBLE * eta / h + found.total:
            return 0.0
        yield from samples.sample([centre + h])
        if not abs((samples.values[centre + h] - there) / h - slope) <= ALIKE * abs(distance):
            return 0.0
        off.append(distance)
    right, left = off
    # beside a single jump chords on one side fall off like the distance, on two sides they have two signs
    if not (right * left > 0.0 and abs(right - left) <= (0.5 if side == 0 else ALIKE) * max(abs(right), abs(left))):
        return 0.0
    # an oscillation may have the slope at x at two other places, and hardly at all
    for part in ELSEWHERE:
        centre = samples.exact(math.ldexp(part * (side or 1), octave))
        centre = abs(centre) * side if side else centre
        yield from samples.sample([centre, centre + h])
        if not abs((samples.values[centre + h] - samples.values[centre]) / h - slope) <= ALIKE * abs(right):
            return 0.0
    return max(abs(right), abs(left))


def swings(samples: Samples, found: Resolved) -> Generator[Request, list[float], bool]:
    """Whether slopes at other places lie to both sides of the trend and are of the size of that at x, as those of an oscillation do.

    Pieces between two roundings have slopes of one sign.
    """
    h, trend = math.ldexp(1.0, found.high - 4), samples.quotient(samples.line.octave, 0)[0]
    centres = [samples.exact(part * math.ldexp(1.0, found.high)) for part in PLACES]
    yield from samples.sample([t for centre in centres for t in (centre, centre + h)])
    slopes = [(samples.values[centre + h] - samples.values[centre]) / h - trend for centre in centres]
    most = SWING * abs(found.value - trend)
    return min(slopes) < -most / SWING**2 and max(slopes) > most / SWING**2 and all(abs(s) <= most for s in slopes)


PLACES = (-301.7, -97.3, 41.9, 150.1, 499.3)
"""Where it is looked, in units of the longest step on which f is smooth around x."""
