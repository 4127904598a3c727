r"""What the values of the ladder say of either side of x by itself: kinks, jumps, jumps of the curvature, with hardly a value more.

Four values on one side determine, together with f(x), a polynomial of degree four,

.. math:: f(x + t) = f(x) + t \, (a + b t + c t^2 + d t^3), \qquad t = H, H/2, H/4, H/8,

and the value at the verification pair, a ten-thousandth of the way, tells whether f follows it: noise, edges and structure at a smaller
scale do not.  Where both sides follow theirs, f(x) lies where the two meet, and their slopes are those at x.  What is not
settled so is left to the search.
"""

from __future__ import annotations

import math
from collections.abc import Generator

from gradwise.numerical.ladder import LEVELS
from gradwise.numerical.line import INF, NAN, Line, Outcome
from gradwise.numerical.samples import BOTH, Request, Samples
from gradwise.numerical.status import Status
from gradwise.numerical.two_sides import GAIN

FOLLOWS = 6.0
"""Units of rounding by which f may be off its polynomial at the verification pair."""

VISIBLE = 64.0
"""How many of them a kink or a jump must be high there."""

CONVERGED = 0.01
"""How well the slopes are to be known, relatively, before more values are worth their cost."""

EXACT = 1e-9
"""So well the slopes at a kink are known, in units of their difference, if no more values are asked for."""

DEEPER = 3
"""Octaves below the ladder that are asked for."""

EXACTLY, STRAIGHT = 1e-3, 0.15
"""By what part of a jump the side that f(x) belongs to may be off, and the other one; if f(x) belongs to none, both are exact."""

LEAP, LOPSIDED = 0.25, 4.0
"""What part of its move at a thousand times the step f moves by where it jumps, and how many times that to the other side."""

CLOSEST = 2.0**-36
"""How far beside x a kink may lie unseen, in units of the verification pair, if rounding lets no more be seen."""

Side = tuple[float, float, float, float, float, float, float, float, tuple[float, ...]]
"""Slope, truncation, rounding, the part of the slope that grows with t, drift, slack and rounding at the pair, steepest chord, and what of the tableau smaller steps go on from."""


def side_of(f: dict[float, float], f0: float, h: float, v: float, line: Line) -> Side:
    """Return what values at h, h/2, h/4, h/8 and v say of the side that these steps, of one sign, lead to."""
    y0, y1, y2, y3, y = f[h] - f0, f[0.5 * h] - f0, f[0.25 * h] - f0, f[0.125 * h] - f0, f[v]
    per, unit = 1.0 / h, line.unit
    a0, a1, a2, a3 = y0 * per, y1 * (2 * per), y2 * (4 * per), y3 * (8 * per)
    b0, b1, b2 = 2 * a1 - a0, 2 * a2 - a1, 2 * a3 - a2
    c0, c1 = (4 * b1 - b0) / 3, (4 * b2 - b1) / 3
    slope, truncation, steep = (8 * c1 - c0) / 7, abs(c1 - c0) / 7, abs(a0)
    if not truncation <= CONVERGED * max(abs(slope), steep):
        return NOTHING
    # y and f(x) are rounded, each by a unit of itself
    size = abs(f0)
    per, twice = abs(per) * unit, size + size
    e0, e1, e2, e3 = per * (abs(y0) + twice), per * (abs(y1) + twice), per * (abs(y2) + twice), per * (abs(y3) + twice)
    rounding = (512 * e3 + 224 * e2 + 28 * e1 + e0) / 21
    total, last = truncation + rounding, abs(y)
    part = v / h
    grows = (14 * a0 - 182 * a1 + 616 * a2 - 448 * a3) / 21
    bends = (616 * a1 - 56 * a0 - 1456 * a2 + 896 * a3) / 21
    eta = unit * max(size, last) + 5e-324
    slack = 4 * (abs(v) * total + unit * line.scale * abs(slope))
    drift = abs(y - f0 - v * (slope + part * (grows + part * bends))) - slack
    if not drift <= FOLLOWS * eta:
        return NOTHING
    corner = slope
    # what is a line, or a parabola, larger steps know better
    change, loss = abs(b1 - b0) / 3, (32 * e2 + 12 * e1 + e0) / 3
    if change + loss < total:
        slope, truncation, rounding, total = c0, change, loss, change + loss
    change = 1.5 * abs(a1 - a0)
    if change + e0 < total:
        slope, truncation, rounding = a0, change, e0
    return slope, truncation, rounding, grows / h, drift, slack, eta, steep, (a3, b2, c1, corner)


NOTHING: Side = (NAN, INF, INF, NAN, INF, INF, INF, INF, ())
"""Of a side that f does not follow."""


def on_either_side(samples: Samples, h: float, v: float) -> Generator[Request, list[float], Outcome | None]:
    """Return the outcome at a kink, a jump or a jump of the curvature at x, None where it is none of these."""
    f, f0, line = samples.values, samples.f0, samples.line
    right = side_of(f, f0, h, v, line)
    if right is NOTHING and not _leaps(f, f0, h, v):
        return None
    left = side_of(f, f0, -h, -v, line)
    if right is NOTHING or left is NOTHING:
        return (yield from _jump(samples, right, left, h, v))
    one, truncation, rounding, growth, drift, slack, eta, steep, _ = right
    other, other_truncation, other_rounding, other_growth, other_drift, other_slack, other_eta, other_steep, _ = left
    both = truncation + rounding + other_truncation + other_rounding
    if not both <= CONVERGED * max(steep, other_steep):
        return None
    gap = abs(one - other)
    if other_eta + other_slack > eta + slack:
        eta, slack = other_eta, other_slack
    if gap * v > VISIBLE * eta and gap > GAIN * both:
        if both <= EXACT * gap and _is_kink(
            gap, both, abs(growth - other_growth), v, eta + slack, eta + line.unit * line.scale * gap
        ):
            return _kink(samples, one, other, both, h)
    elif not GAIN * both < _truncation(f, h):
        return None
    elif gap <= 2 * both and truncation + other_truncation <= 3 * (rounding + other_rounding):
        if truncation + rounding > other_truncation + other_rounding:
            one, truncation, rounding = other, other_truncation, other_rounding
        bent, lost = max(abs(growth), abs(other_growth)), max(drift, other_drift)
        return _joined(samples, one, truncation + 0.5 * gap, rounding * max(1.0, 0.8 * lost / eta), bent, h)
    return (yield from _deeper(samples, right, left, h, v))


def _is_kink(gap: float, both: float, turn: float, v: float, tolerance: float, eta: float) -> bool:
    """Whether two slopes that differ by a gap are those at x: what may be off at the pair is far less, and tells where they meet.

    A jump of the curvature beside x has two slopes from afar as well; it moves f off the point where the two sides meet by half of gap² / jump.
    """
    close = 4 * both * v <= max(VISIBLE * eta, CLOSEST * gap * v)
    return close and gap * v > VISIBLE * tolerance and gap * gap > 8 * FOLLOWS * turn * tolerance


def _leaps(f: dict[float, float], f0: float, h: float, v: float) -> bool:
    """Whether f moves far more on one side than on the other at the verification pair, or as much there as at a thousand times the step."""
    right, left = abs(f[v] - f0), abs(f[-v] - f0)
    return right > LOPSIDED * left or left > LOPSIDED * right or right > LEAP * abs(f[0.125 * h] - f0)


def _truncation(f: dict[float, float], h: float) -> float:
    """Return the truncation of what central quotients say."""
    a, b, c = 0.5 * h, 0.25 * h, 0.125 * h
    d0, d1, d2, d3 = (f[h] - f[-h]) / (2 * h), (f[a] - f[-a]) / h, (f[b] - f[-b]) / a, (f[c] - f[-c]) / b
    b0, b1, b2 = (4 * d1 - d0) / 3, (4 * d2 - d1) / 3, (4 * d3 - d2) / 3
    return abs((16 * b2 - b1) - (16 * b1 - b0)) / (15 * 63)


def _kink(samples: Samples, right: float, left: float, both: float, step: float) -> Outcome:
    value, half = 0.5 * (right + left), 0.5 * abs(right - left)
    return Outcome(
        value, half + 2 * both, Status.KINK, step, left + 0.0, right + 0.0, samples.line.unit * abs(samples.f0)
    )


def _joined(samples: Samples, value: float, truncation: float, rounding: float, bent: float, h: float) -> Outcome:
    """Return the outcome of two sides that agree on a slope, which f moves by rounding x inside where they are bent."""
    line = samples.line
    truncation += 2 * line.unit * line.scale * bent
    error = 4 * truncation + 7 * rounding + line.unit * abs(value) * (2 + 12 * line.scale / h) + 4e-323 / h
    return Outcome(value + 0.0, error, Status.OK, h, value, value, line.unit * abs(samples.f0))


def _deeper(
    samples: Samples, right: Side, left: Side, h: float, v: float
) -> Generator[Request, list[float], Outcome | None]:
    """Return the same where a few octaves more are needed to know the slopes."""
    line = samples.line
    if line.octave - LEVELS - DEEPER + 1 <= samples.floor:
        return None
    yield from samples.sample_octaves(range(line.octave - LEVELS, line.octave - LEVELS - DEEPER, -1))
    one, error, loss, growth, drift, slack, eta = _extended(samples.values, samples.f0, h, v, line, right)
    other, other_error, other_loss, other_growth, *more = _extended(samples.values, samples.f0, -h, -v, line, left)
    drift, slack, eta = max(drift, more[0]), max(slack, more[1]), max(eta, more[2])
    gap, both = abs(one - other), error + loss + other_error + other_loss
    if not drift <= FOLLOWS * eta:
        return None
    if gap > GAIN * both:
        kink = _is_kink(gap, both, abs(growth - other_growth), v, eta + slack, eta + line.unit * line.scale * gap)
        return _kink(samples, one, other, both, h) if kink else None
    if other_error + other_loss < error + loss:
        one, error, loss = other, other_error, other_loss
    if not (gap <= 2 * both and error <= 3 * loss + 4 * line.unit * abs(one)):
        return None
    bent, low = max(abs(growth), abs(other_growth)), math.ldexp(h, -DEEPER)
    return _joined(samples, one, error + 0.5 * gap, loss * max(1.0, 0.8 * drift / eta), bent, low)


def _extended(
    f: dict[float, float], f0: float, h: float, v: float, line: Line, side: Side
) -> tuple[float, float, float, float, float, float, float]:
    """Return slope, truncation, rounding, growth, drift, slack and rounding at the pair of one side, by the values at h/16, h/32, h/64 as well."""
    slope, error, loss, *_, (a0, b0, c0, d0) = side
    t = 0.015625 * h
    y, y1, y2, y3 = f[v], f[4 * t], f[2 * t], f[t]
    a1, a2, a3 = (y1 - f0) / (4 * t), (y2 - f0) / (2 * t), (y3 - f0) / t
    b1, b2, b3 = 2 * a1 - a0, 2 * a2 - a1, 2 * a3 - a2
    c1, c2, c3 = (4 * b1 - b0) / 3, (4 * b2 - b1) / 3, (4 * b3 - b2) / 3
    d1, d2, d3 = (8 * c1 - c0) / 7, (8 * c2 - c1) / 7, (8 * c3 - c2) / 7
    e1, e2, e3 = (16 * d1 - d0) / 15, (16 * d2 - d1) / 15, (16 * d3 - d2) / 15
    p2, p3 = (32 * e2 - e1) / 31, (32 * e3 - e2) / 31
    q3 = (64 * p3 - p2) / 63
    # what is lost in all values alike counts by the smallest step, what is lost of their moves is as large at all
    size, unit = abs(f0), line.unit
    lost, moved = 2 * unit * size / abs(t), unit * max(abs(a0), abs(a1), abs(a2), abs(a3))
    least = error + loss
    for value, before, rounding in (
        (e1, d1, 1.26 * lost + 7.29 * moved),
        (p2, e2, 2.63 * lost + 7.76 * moved),
        (q3, p3, 5.38 * lost + 8.01 * moved),
    ):
        truncation = abs(value - before)
        if truncation + rounding < least:
            slope, error, loss, least = value, truncation, rounding, truncation + rounding
    # what bends f at the pair is known from the steps next to it
    g0, g1, g2, g3 = (a0 - slope) / (8 * t), (a1 - slope) / (4 * t), (a2 - slope) / (2 * t), (a3 - slope) / t
    c0, c1 = (8 * g2 - 6 * g1 + g0) / 3, (8 * g3 - 6 * g2 + g1) / 3
    growth = (8 * c1 - c0) / 7
    bends = 0.125 * v / t * (14 * g0 - 182 * g1 + 616 * g2 - 448 * g3) / 21
    slack = 4 * (abs(v) * least + unit * line.scale * abs(slope)) + v * v * abs(c1 - c0)
    drift = abs(y - f0 - v * (slope + v * (growth + bends))) - slack
    return slope, error, loss, growth, drift, slack, unit * max(size, abs(y)) + 5e-324


def _jump(
    samples: Samples, right: Side, left: Side, h: float, v: float
) -> Generator[Request, list[float], Outcome | None]:
    """Return the outcome of a jump at x: a side that f(x) does not belong to follows a cubic of its own."""
    f, f0, line = samples.values, samples.f0, samples.line
    part, worst, most, isolated = v / h, 0.0, abs(f0), True
    slopes, limits = [right[0], left[0]], [f0, f0]
    for place, (side, one) in enumerate(((h, right), (-h, left))):
        if one is not NOTHING:
            worst, isolated = max(worst, (FOLLOWS * one[6] + one[5]) * (STRAIGHT / EXACTLY)), False
        else:
            y0, y1, y2, y3, y = f[side], f[0.5 * side], f[0.25 * side], f[0.125 * side], f[side * part]
            grows = (14 * y0 - 182 * y1 + 616 * y2 - 448 * y3) / 21
            bends = (616 * y1 - 56 * y0 - 1456 * y2 + 896 * y3) / 21
            off = y - (64 * y3 - 56 * y2 + 14 * y1 - y0) / 21 - part * (grows + part * bends)
            worst, most = max(worst, abs(off)), max(most, abs(y))
            slopes[place], limits[place] = grows / side, y - part * grows
    size = abs(limits[0] - limits[1])
    if not (worst <= (EXACTLY if isolated else STRAIGHT) * size and size > VISIBLE * line.unit * most + 5e-322):
        return None
    near = math.ldexp(1.0, samples.floor + 1)
    yield from samples.sample([near, -near])
    # beside x, or at the top of a narrow peak, it is not
    if not all(abs(f[side * near] - limit) <= STRAIGHT * size for side, limit in zip(BOTH, limits)):
        return None
    return Outcome(NAN, INF, Status.JUMP, near, slopes[1] + 0.0, slopes[0] + 0.0, line.unit * abs(f0))
