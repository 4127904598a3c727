"""What a slope found is reported as: its bound, and whether that says anything."""

from __future__ import annotations

import math

from gradwise.numerical.line import INF, Outcome
from gradwise.numerical.rounding_or_structure import SINGLE, in_low_precision, single
from gradwise.numerical.samples import BOTH, Resolved, Samples, octave_of
from gradwise.numerical.status import Status


def conclude(samples: Samples, found: Resolved, status: Status, noise: float, shift: float) -> Outcome:
    """Return the outcome of a slope.

    Parameters
    ----------
    noise : float
        Level of the noise that was found, 0 if none was.
    shift : float
        By how much the slope right around x differs, beyond what rounding explains.
    """
    _on_branch(samples, found)
    line = samples.line
    magnitude = abs(found.value)
    low, step = math.ldexp(1.0, found.low), math.ldexp(1.0, found.high)
    assumed = max(samples.eta(samples.f0), samples.assumed, samples.argument_rounding(found.value))
    lost = max(1.0, samples.measured / assumed)
    factor = 1.0 if found.side == 0 else 2.0  # one-sided quotients converge less regularly
    uneven = (
        samples.odd_error(found),
        samples.even_error(found, max(assumed, samples.measured)),
        samples.root_error(found),
    )
    found.truncation = max(found.truncation, found.doubt, *uneven, shift)
    rounding, beneath = found.rounding * lost, _scatter_beneath(samples, found)
    if beneath > assumed:
        rounding = max(rounding, min(found.rounding * beneath / assumed, 2 * factor * beneath / low))
    error = factor * (2 * found.truncation + 3.5 * rounding)
    error += line.unit * magnitude * (2 + 1.5 * line.scale / low)
    if status is Status.OK and not noise and single(samples.f0) and in_low_precision(samples):
        # slopes of rounded values may agree to the last bit, and be off by what they are rounded to
        status, noise = Status.LOW_PRECISION, SINGLE * samples.size / math.sqrt(12)
        error = max(error, 3 * SINGLE * samples.size / low)
    if error < line.unit and samples.f0 == found.value == 0.0 and samples.move(found.low) == 0.0:
        # f is 0 to the last bit, as 1 - erf(9) is, though it moves farther out: what it is rounded from may be that large
        error = max(error, line.unit * samples.size / max(line.scale, step))
    level = max(noise, line.unit * abs(samples.f0))
    # a bound beyond the steepest chord seen says nothing, and is no success
    if status is Status.OK and not error <= magnitude + 4 * samples.size / low + 1e-300:
        status = Status.UNDECIDED
    return Outcome(found.value, error, status, step, found.value, found.value, level)


def _scatter_beneath(samples: Samples, found: Resolved) -> float:
    """Return what the pair closest to x shows of rounding that curvature hides at larger steps, 0 if there is no such pair."""
    w, f0 = samples.closest, samples.f0
    if not w > 0.0 or samples.amplitude > 0.0:
        return 0.0
    known = [octave for octave in samples.known_octaves() if all(samples.finite(octave, side) for side in BOTH)]
    octave = min([octave for octave in known if octave >= octave_of(w) + APART], default=found.low + 1)
    if octave > found.low:
        return 0.0
    part = math.ldexp(w, -octave)
    plus, minus = samples.values[w] - f0, samples.values[-w] - f0
    bend = abs(plus + minus - part * part * samples.bend(octave))
    drift = abs(plus - minus - 2 * w * found.value) - 4 * w * found.total
    drift -= abs(samples.at(octave, 1) - samples.at(octave, -1) - math.ldexp(found.value, octave + 1)) * part
    scatter = max(0.6 * bend, 0.8 * drift)
    return scatter if scatter < INF else 0.0


APART = 4
"""So many octaves above that pair the curvature is taken from."""


def _on_branch(samples: Samples, found: Resolved) -> None:
    """Take the slope of the branch that x is on, where steps down to a jump of the curvature beside x tell which one it is."""
    branches = samples.branches
    if branches and found.side == 0 and samples.amplitude == 0.0:
        near = min(branches, key=lambda slope: abs(slope - found.value))
        off = abs(near - found.value)
        if off <= 0.25 * abs(branches[0] - branches[1]):
            found.value, found.truncation, found.odd = near, max(found.truncation, off), None
