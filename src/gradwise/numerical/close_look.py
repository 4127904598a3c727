"""Closer than the microscope: what looks like noise from afar may be smooth a few units of the last place from x.

sin near 1e10, a pole or a cusp close to x, kinks side by side: values on steps of 1e-5 |x| scatter as noise does, and the
derivative is there all the same.  A few values at some hundred units in the last place of x tell: noise scatters there too,
and what is rounded does not move.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Generator

from gradwise.numerical.microscope import View, common_step
from gradwise.numerical.noise_level import bisect
from gradwise.numerical.rounding_or_structure import CONFIRMING, bends
from gradwise.numerical.samples import BOTH, Request, Resolved, Samples, octave_of

DEEP = 8
"""Octaves above the smallest step: there a function that moves by half of its size over a hundred such steps is seen to be straight."""

SHORT = -5
"""No longer than this are the steps of that look, where x is large."""

QUIET = 0.25
"""What f moves by at tiny steps, in units of what is taken for noise, if it is none."""

STRAIGHT = 0.05
"""By how much f may be off its tangent there, in units of what it moves by."""

VISIBLE = 32.0
"""How many units of rounding f must move by, and differ from what it would by the other slope."""

CURVED = 0.01
"""What bends by so much of its slope where it ceases to be straight does so because it curves."""

SMOOTH = (2.5, 8.0)
"""Between these lies the ratio of second differences of neighbouring octaves, 4 where f has a curvature."""

MEAN = 0.4
"""The deviation of noise, in units of the largest difference of some ten values."""

WILD, STEEP = 0.1, 8.0
"""Noise of a tenth of f leaves no trend to be meant; a rounded numerator over a power of x has slopes of a few f / x."""


def structure_close_by(
    samples: Samples, view: View, other: float
) -> Generator[Request, list[float], tuple[int | None, str]]:
    """Return the octave at which to search again where f is straight, or has a kink at x, close to it; else whether it "scatters" there or is "flat".

    Parameters
    ----------
    other : float
        The slope found at large steps.
    """
    # where x is so large that this is long for a function of length 1, closer still
    octave, closest = max(min(samples.floor + DEEP, SHORT), samples.floor + DEEP // 2), samples.floor + DEEP // 2
    near = octave_of(view.near)
    if not (math.isfinite(view.spread) and octave < near - 1):
        return None, ""
    lines, seen = yield from _lines_at(samples, octave, view, other)
    if lines is None and octave > closest and seen in {"scatters", "turns"} and view.spread > WILD * samples.size:
        # what scatters as much as f itself may be a pole or a wave that is closer still
        octave = closest
        lines, seen = yield from _lines_at(samples, octave, view, other)
    if lines is None and seen == "" and octave < SHORT < near - 1:
        # rounding hides there what oscillates along a trend, and does not on the length of 1
        octave = SHORT
        lines, _ = yield from _lines_at(samples, octave, view, other, other)
    if lines is None:
        return None, seen
    samples.octaves.add(octave)
    right, left = lines
    if right != left:
        return (yield from bisect(samples, octave, near, lambda k: _two_lines(samples, k, right, left))), ""
    top = yield from smooth_octave(samples, octave, near, other)
    return (top if (yield from belongs_to_f(samples, view, top)) else None), ""


def line_on_one_side(
    samples: Samples, view: View, side: int, other: float
) -> Generator[Request, list[float], int | None]:
    """Return the octave at which to search again on the side where f has values, if it is smooth close to x and scatters by much of itself beyond."""
    near = octave_of(view.near)
    if not math.isfinite(view.spread) or not (view.kind == "power" or view.spread > WILD * samples.size):
        return None
    f0, f = samples.f0, samples.values
    for octave in (max(min(samples.floor + DEEP, SHORT), samples.floor + DEEP // 2), samples.floor + DEEP // 2):
        if not octave < near - 1:
            return None
        h = math.ldexp(side, octave)
        step = samples.exact(2 * CONFIRMING * h)
        yield from samples.sample([0.5 * h, h, step])
        half, whole, beyond = [f[t] - f0 for t in (0.5 * h, h, step)]
        # a parabola through f(x) and two values
        part = step / h
        off = abs(beyond - part * (4 * half - whole) - 2 * part * part * (whole - 2 * half))
        eta = samples.eta(f0) + samples.line.unit * samples.line.scale * abs(whole / h)
        seen = 0.0 < abs(whole) <= QUIET * view.spread and abs(whole - other * h) > VISIBLE * eta
        if seen and off <= STRAIGHT * abs(whole) + 8 * eta:
            samples.octaves.add(octave)
            return (yield from bisect(samples, octave, near, functools.partial(_as_steep, samples, side, whole / h)))
    return None


def _lines_at(
    samples: Samples, octave: int, view: View, other: float, trend: float = 0.0
) -> Generator[Request, list[float], tuple[tuple[float, float] | None, str]]:
    """Return the slopes to the right and to the left of a kink seen at an octave, twice one slope where f is smooth; else what is seen.

    What f moves by as a trend does is no scatter.
    """
    f0, f = samples.f0, samples.values
    h = math.ldexp(1.0, octave)
    yield from samples.sample([h, -h])
    moves = [f[h] - f0, f0 - f[-h]]
    moved = max(map(abs, moves))
    off = max([abs(move - trend * h) for move in moves]) if trend else moved
    if not off <= QUIET * view.spread or moved == 0.0:
        return None, "flat" if moved == 0.0 else "scatters" if math.isfinite(moved) else ""
    right, left = moves[0] / h, moves[1] / h
    eta = max(samples.line.unit * abs(f0) + 5e-324, samples.line.unit * samples.line.scale * max(abs(right), abs(left)))
    if not max(abs(right - other), abs(left - other)) * h > VISIBLE * eta:
        return None, ""
    # steps of a power of two may all be rounded alike
    step = samples.exact(2 * CONFIRMING * h)
    yield from samples.sample([step, -step])
    part, tolerance = step / h, STRAIGHT * moved + 8 * eta
    odd, even = 0.5 * (right + left) * step, 0.5 * (right - left) * h
    kinked, curved = [
        max(abs(f[side * step] - f0 - side * odd - even * growth) for side in BOTH) for growth in (part, part * part)
    ]
    if not min(kinked, curved) <= tolerance:
        return None, "turns"
    return ((right, left) if abs(even) > tolerance and kinked < curved else (right, right)), ""


def _as_steep(samples: Samples, side: int, slope: float, octave: int) -> bool:
    return abs(samples.quotient(octave, side)[0] - slope) < 2 * STRAIGHT * abs(slope)


def _two_lines(samples: Samples, octave: int, right: float, left: float) -> bool:
    """Whether both sides go on as lines of these slopes, to a part of the gap between them."""
    h = math.ldexp(1.0, octave)
    off = max(abs(samples.at(octave, 1) - samples.f0 - right * h), abs(samples.at(octave, -1) - samples.f0 + left * h))
    return off <= STRAIGHT * abs(right - left) * h


def belongs_to_f(samples: Samples, view: View, top: int) -> Generator[Request, list[float], bool]:
    """Whether a line around x that ends at an octave is part of f: it ends by bending, or what is beyond is no trend of it.

    Pieces between two roundings, or between two numbers of iterations, end by jumps; what is divided by a power of x is curved
    on the scale of x alone.
    """
    h = math.ldexp(1.0, top)
    slope, bound = samples.quotient(top, 0)
    if abs(samples.bend(top)) > CURVED * abs(slope) * h + 8 * bound * h:
        # noise of small steps bends as well, but not four times as much at twice the step
        yield from samples.sample_octaves([top - 1])
        near = samples.bend(top - 1)
        if near != 0.0 and SMOOTH[0] < samples.bend(top) / near < SMOOTH[1]:
            return True
    if (yield from bends(samples, top + 1)):
        return True
    if not abs(slope) * samples.line.scale > STEEP * abs(samples.f0):
        return False
    seen = [abs(y - samples.f0) for t, y in samples.values.items() if abs(t) <= view.far and y - y == 0.0]
    return max(view.spread, MEAN * max(seen)) > WILD * samples.size and not (
        yield from rounded_pieces(samples, slope, h)
    )


def on_a_piece(samples: Samples, found: Resolved) -> Generator[Request, list[float], bool]:
    """Whether a slope among noise, which f may lose inside, is that of a piece between two roundings."""
    if not found.high < samples.line.octave - CLOSER:
        return False
    return (yield from rounded_pieces(samples, found.value, math.ldexp(1.0, found.high)))


CLOSER = 8
"""So many octaves below the first step such pieces are."""


def rounded_pieces(samples: Samples, slope: float, h: float) -> Generator[Request, list[float], bool]:
    """Whether pieces of one slope, as long as h or so, are what rounding leaves: multiples of one grain apart, and of several.

    Those of a saw that is meant, as x % 1 is, are apart by multiples of its height, and none is higher.
    """
    f0 = samples.f0
    for wider in WIDER:
        steps = [samples.exact(side * part * wider * h) for part in PIECES for side in BOTH]
        yield from samples.sample(steps)
        kept = [t for t in steps if math.isfinite(samples.values[t])]
        apart = [samples.values[t] - slope * t for t in kept]
        most = max([abs(y - f0) for y in apart], default=0.0)
        # beyond a piece f is off its line by about as much as that has moved
        if most > TURNED * abs(slope) * h:
            break
    else:
        return False
    # x is rounded inside f, which moves a piece, as its curvature does; `common_step` takes 2⁻⁴⁶ of a size for rounding
    size = max(*map(abs, apart), 2.0**-5 * abs(slope) * samples.line.scale, 2.0**46 * TURNED**2 * most)
    grain = common_step([f0, *apart], size)
    if not grain > 0.0:
        return False
    # numbers beside 1 are a power of two apart, and a tiny one
    octave = math.log2(grain / abs(slope))
    values = [samples.values[t] for t in kept]
    fine = octave < FINE and abs(octave - round(octave)) < EXACTLY
    return fine or max(values) - min(values) > HIGHER * grain


WIDER = (1.0, 16.0, 256.0)
"""How much farther out pieces are looked for where there are none."""

TURNED = 0.01
"""What part of its move a piece may be off a line, at most; the square of it where several are compared."""

FINE, EXACTLY = -32, 1e-3
"""Pieces no longer than this octave, and that well of a power of two, lie between neighbouring numbers of some size."""

PIECES = (5.3, 11.9, 23.7, 46.1)
"""Where pieces are looked for, in units of what is no longer than one."""

HIGHER = 1.25
"""By how many grains values differ at least if they are rounded: the height of a saw is one."""


def smooth_octave(samples: Samples, low: int, high: int, other: float) -> Generator[Request, list[float], int]:
    """Return the largest octave whose central slope is that of a smooth octave far below, and not the other one."""
    yield from samples.sample_octaves([low])
    reference, bound = samples.quotient(low, 0)
    allowed = 0.03 * min(abs(reference), abs(reference - other)) + 4 * bound

    def holds(octave: int) -> bool:
        return abs(samples.quotient(octave, 0)[0] - reference) <= allowed

    return (yield from bisect(samples, low, high, holds))
