"""Rounding or structure: what is seen close to x is put to the test before it is believed, or dismissed as noise.

Rounding can look like a line: outputs of single precision along steps of few bits, values between two jumps of a function that
cancels.  One more value, at a step of many bits, tells; and so does the way in which the line ends: by bending, or by a jump.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

from gradwise.numerical.line import NAN
from gradwise.numerical.microscope import DOUBLE_BITS, OFFSETS, View, look, significant_bits
from gradwise.numerical.samples import BOTH, Request, Resolved, Samples, octave_of

BENDING = (0.9877665, 0.7320508)
"""Where it is looked at how a line ends, in units of a step that is too long for it."""

SINGLE = 2.0**-23
"""Distance of neighbouring numbers of single precision at 1."""

SPLITTER = 2.0**29 + 1

CONFIRMING = 0.8090169943749475
"""Where smoothness far below is looked at once more, in units of the step: a number of many bits."""


def agrees(view: View, found: Resolved) -> bool:
    """Whether a smooth view shows the slope that was found: f loses a few bits inside, no more."""
    if view.kind != "smooth" or view.slope_error > 1e-2 * abs(found.value) + 4 * found.total:
        return False
    return abs(view.slope - found.value) <= view.slope_error + 2 * found.total


def contradicts(view: View, found: Resolved) -> bool:
    """Whether the trend of scattered values right around x excludes the slope that was found."""
    off = abs(view.slope - found.value)
    return found.side == 0 and off > 10 * view.slope_deviation + 4 * found.total and off > 0.01 * abs(found.value)


def still_off(view: View, found: Resolved) -> bool:
    """Whether a view that no model fits has another trend than the slope found on steps which are no longer."""
    return view.kind == "noise" and abs(view.slope - found.value) > OFF * abs(found.value) + 4 * found.total


OFF = 1e-2
"""By what part of itself a slope may be off that trend."""


def on_a_peak(samples: Samples, view: View, found: Resolved) -> bool:
    """Whether f is curved far more close to x than at the steps used: at the top of a narrow peak, whose sides are alike at any step."""
    close = octave_of(view.far)
    alike = abs(view.slope - found.value) <= view.slope_error + 2 * found.total
    if view.kind != "smooth" or found.side != 0 or close > found.low - 2 or not alike:
        return False
    near, far = abs(samples.bend(close)), abs(samples.bend(found.low))
    return near > VISIBLE * samples.eta(samples.f0) and near > PEAKED * math.ldexp(far, 2 * (close - found.low))


VISIBLE = 64.0
"""How many units of rounding a second difference must have to be judged."""

PEAKED = 16.0
"""By how many times the curvature of a peak is larger than what steps beyond it show."""


def in_low_precision(samples: Samples) -> bool:
    """Whether all values fit single or half precision where x does not: then steps of rounding may look like a straight line."""
    values = [value for value in samples.values.values() if math.isfinite(value)]
    return significant_bits([samples.line.scale]) > DOUBLE_BITS and is_short(
        significant_bits(values), samples.line.unit
    )


def single(value: Any) -> Any:
    """Whether numbers fit single precision: their upper half, by the splitting of Veltkamp (1968), is all of them."""
    product = value * SPLITTER
    return product - (product - value) == value


def is_short(bits: int, unit: float) -> bool:
    """Whether values of so many bits come from single or half precision, where double is expected."""
    return unit < 1e-10 and (8 <= bits <= 11 or 20 <= bits <= 24)


def confirm(samples: Samples, view: View) -> Generator[Request, list[float], None]:
    """Ask for one value more of a view that looks smooth; where it is not as expected, the view shows noise.

    Steps of few bits may all be rounded as f(x) is, as those of exp(t) - 1 - t are: on them rounding looks like a line.
    """
    step = samples.exact(CONFIRMING * view.far)
    step = step if math.isfinite(samples.values.get(view.far, NAN)) else -step
    yield from samples.sample([step])
    right, left = [samples.values.get(side * view.far, NAN) - samples.f0 for side in BOTH]
    both = math.isfinite(right + left)
    even, odd = (0.5 * (right + left), 0.5 * (right - left) - view.slope * view.far) if both else (0.0, 0.0)
    part = step / view.far
    off = abs(samples.values[step] - samples.f0 - view.slope * step - even * part**2 - odd * part**3)
    allowed = 0.25 * (abs(even) + abs(odd)) if both else 0.02 * abs(view.slope) * view.far
    if off > 8 * view.eta + 4 * view.residual + allowed:
        view.kind, view.spread, view.residual = "noise", max(view.spread, off), max(view.residual, off)


def scatter_beside(samples: Samples, view: View) -> float:
    """Return by how many units of rounding values beside x, that at x left out, are off a function with two derivatives."""
    values = [[samples.values.get(side * offset * view.far, NAN) for side in BOTH] for offset in OFFSETS[:3]]
    even, odd = [right + left for right, left in values], [right - left for right, left in values]
    worst = 0.0
    for parts, power in ((even, 2), (odd, 1)):
        first, second, third = [offset**power for offset in OFFSETS[:3]]
        worst = max(worst, abs(parts[0] - parts[1] - (parts[1] - parts[2]) * (first - second) / (second - third)))
    return worst / view.eta if view.eta > 0.0 else 0.0


def bends(samples: Samples, octave: int) -> Generator[Request, list[float], bool]:
    """Whether f leaves the line it follows far below by bending, not by a jump: what cancels is smooth between two roundings."""
    steps = [samples.exact(side * math.ldexp(part, octave)) for part in BENDING for side in BOTH]
    steps += [math.ldexp(side, octave - 1) for side in BOTH]
    steps = list(dict.fromkeys(steps))
    yield from samples.sample(steps)
    kept = [t for t in steps if math.isfinite(samples.values[t]) and t != 0.0]
    if len(kept) < 6:
        return False
    values = [samples.values[t] for t in kept]
    eta = max(samples.eta(value) for value in (samples.f0, *values))
    if look(kept, values, samples.f0, eta, smooth=True).kind == "smooth":
        return True
    # or with one curvature on either side
    return all(_parabola([(t, y - samples.f0) for t, y in zip(kept, values) if t * side > 0], 6 * eta) for side in BOTH)


def _parabola(points: list[tuple[float, float]], tolerance: float) -> bool:
    """Whether values beside x lie on a parabola through f(x): the last of them on the one through the others."""
    (t1, y1), (t2, y2), *rest = [(t, y / t) for t, y in sorted(points, key=lambda point: abs(point[0]))]
    bend = (y2 - y1) / (t2 - t1)
    slope = y1 - bend * t1
    return all(abs(y - slope - bend * t) <= 0.05 * abs(bend * t) + tolerance / abs(t1) for t, y in rest)
