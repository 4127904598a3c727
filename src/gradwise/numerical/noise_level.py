"""How large the noise is, and of what kind: scatter, steps of a rounded output, single precision.

Each function takes the samples, makes the few evaluations that decide, and returns a `Verdict`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

from gradwise.numerical.line import Outcome
from gradwise.numerical.microscope import View, common_step, significant_bits
from gradwise.numerical.rounding_or_structure import is_short
from gradwise.numerical.samples import BOTH, Request, Resolved, Samples, octave_of
from gradwise.numerical.status import Status


@dataclass(slots=True)
class Verdict:
    """A settled outcome, or where to search again (top), or the noise that was found."""

    outcome: Outcome | None = None
    top: int | None = None
    noise: float = 0.0
    status: Status = Status.OK


Deciding = Generator[Request, list[float], Verdict]


def level_of(samples: Samples, level: float, amplitude: float, flat: bool) -> Verdict:
    """Return the verdict on noise of this standard deviation: its kind is read off the bits of the values."""
    values = [value for value in samples.values.values() if math.isfinite(value)]
    size, unit = samples.size, samples.line.unit
    amplitude = max(3 * level, amplitude)
    bits = significant_bits(values)
    if is_short(bits, unit):
        grain = 2.0**-bits * size
        level, amplitude, status = max(level, 0.3 * grain), max(amplitude, grain), Status.LOW_PRECISION
    else:
        quantum = common_step(values, size) if flat else 0.0
        if quantum > max(64 * unit * size, level):
            level, amplitude, status = quantum / math.sqrt(12), max(0.75 * quantum, 2 * level), Status.QUANTISED
        elif level > 1e3 * unit * size:
            status = Status.QUANTISED if quantum > 0 else Status.NOISY
        else:
            status = Status.OK
    samples.set_amplitude(amplitude)
    return Verdict(noise=level, status=status)


def small_loss(samples: Samples, view: View) -> Verdict:
    """Return the verdict on a smooth view that agrees: what does not agree is rounding inside f."""
    level = max(view.spread, 0.4 * samples.mismatch)
    return level_of(samples, level, max(view.eta, samples.mismatch), False)


def plateau(samples: Samples, view: View) -> Deciding:
    """Return the verdict on a function that is exactly constant around x, though not far from it.

    It is quantised if it leaves the constant by a jump, and smooth at a smaller scale if it does so by a bend.
    """
    low = octave_of(view.near)
    known = _moved(samples)
    high = next((octave for octave in known if octave > low), samples.line.octave)
    flat = yield from bisect(samples, low, high, lambda k: samples.move(k) == 0.0)
    yield from samples.sample_octaves([flat + 1])
    size = yield from riser(samples, flat)
    if size == 0.0:
        return Verdict(top=flat)
    # what f is rounded to inside may move it by more than one step of its output
    return level_of(
        samples, max(size / math.sqrt(12), 0.4 * samples.mismatch), max(0.75 * size, samples.mismatch), True
    )


def tread(samples: Samples, found: Resolved) -> Deciding:
    """Return the verdict on a slope of exactly zero: x may be on the tread of a staircase, which jumps further out.

    A tread narrower than the ladder is a rounded output: the slope of the trend is meant.  A wider one is a step function:
    its slope is 0, and the bound includes the slope of the trend.
    """
    low, sides = found.low, BOTH if found.side == 0 else (found.side,)
    if found.value != 0.0 or samples.move(low, sides) != 0.0:
        return Verdict()
    f0 = samples.f0
    moved = _moved(samples)
    high = next((octave for octave in moved if octave > low), None)
    if high is None:
        return Verdict()
    flat = yield from bisect(samples, low, high, lambda k: samples.move(k, sides) == 0.0)
    yield from samples.sample_octaves([flat + 1])
    if not samples.move(flat + 1, sides) > 0.0:
        return Verdict()
    size = yield from riser(samples, flat, sides)
    if not size > RISEN * samples.eta(f0):
        return Verdict()
    if flat < samples.line.octave:
        if not (yield from is_staircase(samples, size)):
            return Verdict()
        return level_of(samples, size / math.sqrt(12), 0.75 * size, True)
    h = math.ldexp(1.0, flat)
    return Verdict(Outcome(0.0, size / h, Status.QUANTISED, h, 0.0, 0.0, size / math.sqrt(12)))


def is_staircase(samples: Samples, size: float) -> Generator[Request, list[float], bool]:
    """Whether a jump of a size beside x is one of many, as those of rounded outputs are: more follow, or f stands still between them.

    On the other side of x f goes on as it is there.
    """
    octave = samples.line.octave
    moves = [abs(samples.at(octave, side) - samples.f0) for side in BOTH]
    if not 0.0 < min(moves) < 0.25 * size or max(moves) > SEVERAL * size:
        return True
    yield from samples.sample_octaves([octave + BEYOND])
    return any(abs(samples.at(octave + BEYOND, side) - samples.f0) > SEVERAL * size for side in BOTH)


BEYOND = 3
"""Octaves beyond the ladder where jumps are counted: a step there is a quarter of |x| or half of it."""

SEVERAL = 1.5
"""Jumps are several if values differ by so many times the first of them."""


def _moved(samples: Samples) -> list[int]:
    """Return the octaves at which f is known to have moved."""
    values = samples.values.items()
    moved = [math.frexp(abs(t)) for t, value in values if value != samples.f0 and math.isfinite(value)]
    return sorted({exponent - 1 for mantissa, exponent in moved if mantissa == 0.5})


def riser(samples: Samples, flat: int, sides: tuple[int, ...] = BOTH) -> Generator[Request, list[float], float]:
    """Return the height of the jump by which f leaves the constant beyond ± 2**flat, 0 if it leaves it continuously."""
    side = next((side for side in sides if samples.at(flat + 1, side) != samples.f0), sides[-1])
    inner, outer = math.ldexp(side, flat), math.ldexp(side, flat + 1)
    start = height = abs(samples.values[outer] - samples.f0)
    for _ in range(4):
        middle = 0.5 * (inner + outer)
        yield from samples.sample([middle])
        if samples.values[middle] == samples.f0:
            inner = middle
        else:
            outer = middle
            height = abs(samples.values[outer] - samples.f0)
            if not height > 0.3 * start:
                return 0.0
    # A ramp that begins just short of the last point has doubled at the same distance beyond it; a tread goes on.
    beyond = outer + (outer - inner)
    yield from samples.sample([beyond])
    return 0.0 if abs(samples.values[beyond] - samples.f0) > 1.5 * height else height


RISEN = 64.0
"""How many units of rounding the riser of a staircase is high."""


def bisect(
    samples: Samples, low: int, high: int, holds: Callable[[int], bool], sides: tuple[int, ...] = BOTH
) -> Generator[Request, list[float], int]:
    """Return the largest octave in [low, high) at which a property that holds at low still does."""
    while high - low > 1:
        middle = (low + high) // 2
        yield from samples.sample_octaves([middle], sides)
        if holds(middle):
            low = middle
        else:
            high = middle
    return low
