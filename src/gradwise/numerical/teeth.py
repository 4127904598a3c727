"""The teeth of a saw: pieces of one slope, joined by jumps, along a trend of another one.

What is rounded on the way to f(x), as the denominator of x / (exp x - 1) or a part in half precision, leaves f smooth between two
roundings, with a slope that says nothing of the function that is meant.  Other places tell: the pieces there have the
slope of the piece around x, and the chords to them have that of the trend.
"""

from __future__ import annotations

import math
from collections.abc import Generator

from gradwise.numerical.close_look import CURVED, STEEP, WILD
from gradwise.numerical.samples import BOTH, Request, Resolved, Samples

ALIKE = 0.3
"""By what part of the distance between trend and piece the slopes of pieces may differ."""

VISIBLE = 16.0
"""How many units of rounding in the slope of a piece that distance must be."""

TEETH = 16.0
"""A tooth may be so many times as long as the longest step that stays within it."""


def height_of_teeth(samples: Samples, found: Resolved) -> Generator[Request, list[float], float]:
    """Return the height of the jumps if the slope found on small steps is that of such a piece, else 0."""
    octave = samples.line.octave
    if found.side != 0 or not found.high < octave - 2:
        return 0.0
    bend, turn = math.ldexp(samples.bend(found.high), -found.high), samples.quotient(found.high, 0)[0] - found.value
    if max(abs(bend), abs(turn)) > CURVED * abs(found.value):
        return 0.0
    # steps this short rarely cross the end of a tooth
    slope, h, f0 = found.value, math.ldexp(0.125, found.high), samples.f0
    off = {1: 0.0, -1: 0.0}
    for side in BOTH:
        centre = math.ldexp(side, octave)
        there = samples.at(octave, side)
        distance = (there - f0) / centre - slope
        eta = max(samples.eta(there), samples.eta(f0), samples.argument_rounding(slope))
        if not abs(distance) > VISIBLE * eta / h + found.total:
            return 0.0
        yield from samples.sample([centre + h])
        if not abs((samples.values[centre + h] - there) / h - slope) <= ALIKE * abs(distance):
            return 0.0
        off[side] = distance
    right, left = off[1], off[-1]
    if not (right * left > 0.0 and abs(right - left) <= 0.5 * max(abs(right), abs(left))):
        return 0.0
    height = math.ldexp(TEETH * max(abs(right), abs(left)), found.high)
    if height > WILD * samples.size and abs(slope) * samples.line.scale > STEEP * abs(f0):
        return 0.0  # as high as all of f: a saw that is meant
    return height
