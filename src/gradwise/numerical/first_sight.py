"""What the verification pair says at first sight: a kink, a jump or a cusp at x is looked at at once.

Where the ladder and the pair show one of them, no step need be found first: the microscope and the tests of `findings`
decide, and where they do not confirm it the search goes on as ever.
"""

from __future__ import annotations

import math

from gradwise.numerical.findings import (
    confirmed_kink,
    gap_from_afar,
    jump_at_x,
    noise,
    seen_from_afar,
    two_slopes,
    view_at,
)
from gradwise.numerical.ladder import LEVELS, PROBE
from gradwise.numerical.noise_level import Deciding, Verdict
from gradwise.numerical.power_law import infinite_slope
from gradwise.numerical.rounding_or_structure import contradicts
from gradwise.numerical.samples import BOTH, Resolved, Samples

VISIBLE = 64.0
"""How many units of rounding a pair must be bent by."""

CURVED = 16.0
"""How many times as much as the curvature that the ladder shows explains."""

FLAT = 0.25
"""A side that moves by less than this part of the other one is the one that f(x) belongs to, at a jump."""

POWERS = (0.05, 0.97)
"""Exponents of cusps."""


def at_first_sight(samples: Samples, v: float) -> Deciding:
    """Return the verdict where the pair at ± v shows a kink, a jump, a cusp or noise and a closer look confirms it; else an empty one."""
    values, f0 = samples.values, samples.f0
    plus, minus = values[v] - f0, values[-v] - f0
    bend = abs(plus + minus)
    if not bend > VISIBLE * samples.eta(f0):
        return NOTHING
    octave = samples.line.octave - LEVELS + 1
    c = math.ldexp(1.0, octave)
    near, far = (values[c] - f0) + (values[-c] - f0), (values[2 * c] - f0) + (values[-2 * c] - f0)
    part = math.ldexp(v, -octave)
    if not bend > CURVED * abs(4 * near - 0.25 * far) * part * part:
        return NOTHING
    wide = abs(4 * near - far)  # free of f''
    right, left, rough = abs(plus), abs(minus), samples.roughness > 0.0
    jump = rough or (2.5 * bend < wide < 3.5 * bend and min(right, left) < FLAT * max(right, left))
    kink = jump or 1.8 * bend < wide * part < 2.2 * bend
    if not kink and not (bend > 0.3 * abs(plus - minus) and _cusp(bend, abs(near), abs(far), part)):
        return NOTHING
    view = yield from view_at(samples, max(samples.line.octave + PROBE, samples.floor), BOTH)
    if view.kind == "kink":
        if not (yield from seen_from_afar(samples, view, octave)) or not (yield from confirmed_kink(samples, view)):
            return NOTHING
        verdict = yield from two_slopes(samples, view, octave - 1)
        return verdict if verdict.outcome is not None else NOTHING
    if view.kind == "jump":
        return Verdict((yield from jump_at_x(samples, view)))
    if view.kind == "power":
        return Verdict((yield from infinite_slope(samples, view)))
    if view.kind == "noise" and rough and gap_from_afar(samples, view) == 0.0:
        slope, bound = samples.quotient(octave, 0)
        around = Resolved(slope, abs(slope - samples.quotient(octave + 1, 0)[0]), bound, octave + 1, octave, 0)
        view.measure()
        if not contradicts(view, around):
            return (yield from noise(samples, view, around))
    return NOTHING


NOTHING = Verdict()


def _cusp(bend: float, near: float, far: float, part: float) -> bool:
    """Whether even parts at v = part · h, h and 2 h grow like a power of the step, larger ones perhaps more."""
    if not bend < near < far:
        return False
    rate = math.log2(near / bend) / -math.log2(part)
    return POWERS[0] < rate < POWERS[1] and math.log2(far / near) > rate - 0.1
