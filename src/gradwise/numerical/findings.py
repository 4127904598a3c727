"""What to make of a slope that does not agree with what is seen right around x.

Each function takes the samples and a `View`, makes the few evaluations that decide, and returns a verdict: an `Outcome`
when the case is settled, an octave at which to search again when there is structure at a smaller scale, or neither when
the function is noisy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

from gradwise.numerical.ladder import PROBE
from gradwise.numerical.line import INF, NAN, Outcome
from gradwise.numerical.microscope import (
    OFFSETS,
    OFFSETS_ONE_SIDED,
    View,
    common_step,
    look,
    significant_bits,
)
from gradwise.numerical.models import spread_within
from gradwise.numerical.power_law import infinite_slope
from gradwise.numerical.rounding_or_structure import CONFIRMING, bends, contradicts, is_short
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


def disagreement(samples: Samples, found: Resolved) -> Generator[Request, list[float], View | None]:
    """Return None when values far below the steps used agree with the slope found, else the microscope's view."""
    side = found.side
    sides = BOTH if side == 0 else (side,)
    octave = max(min(found.low - 7, samples.line.octave + PROBE), samples.floor)
    v, f0 = samples.near(octave), samples.f0
    yield from samples.sample([side * v for side in sides])
    seen = {side: samples.values[side * v] for side in sides}
    ratio = math.ldexp(v, -found.low) ** 2
    eta = samples.eta(f0)
    # where f(x) is 0, as at the minimum of a sum of squares, the values beside it have the larger error
    samples.assumed = max(eta, *(samples.eta(value) for value in seen.values() if math.isfinite(value)), 0.0)
    slack = 4 * v * found.total + 4 * samples.line.unit * samples.line.scale * abs(found.value)
    slack += 3 * v * ratio * abs(samples.quotient(found.low, side)[0] - found.value)  # the term of third order
    if found.truncation <= 1e-2 * abs(found.value) + 4 * found.rounding:
        if side == 0:
            # the second difference at 2**low, corrected by the one twice as large, predicts the one at v
            s3, s2 = samples.bend(found.low), samples.bend(found.low + 1)
            if not math.isfinite(s2):
                s2 = 4 * s3
            bend = abs((seen[1] - f0) + (seen[-1] - f0) - ratio * (4 * s3 - 0.25 * s2) / 3)
            drift = abs(seen[1] - seen[-1] - 2 * v * found.value)
            curved = ratio * abs(s3 - 0.25 * s2)
            if bend <= 10 * eta + curved + 10 * ratio * eta and drift <= 6 * eta + slack:
                # Where f vanishes at x, as t⁴ and |t|³ do at 0, terms of higher order dwarf its rounding there; where it
                # does not move at this step, what is curved is twice as far away.
                vanishes = 256 * samples.assumed < max(samples.eta(samples.at(found.low, s)) for s in sides)
                known = curved if vanishes or samples.move(found.low) == 0.0 else 0.0
                samples.measured = max(0.6 * (bend - known), 0.8 * (drift - slack), 0.0)
                return None
            samples.mismatch = max(0.25 * bend, 0.5 * drift)
        else:
            h = math.ldexp(side, found.low)
            curvature = abs(samples.at(found.low, side) - f0 - h * found.value) * ratio
            drift = abs(seen[side] - f0 - side * v * found.value) - slack - 3 * curvature
            if drift <= 6 * eta:
                samples.measured = 0.8 * drift
                return None
            samples.mismatch = drift
    return (yield from view_at(samples, octave, sides))


def view_at(samples: Samples, octave: int, sides: tuple[int, ...]) -> Generator[Request, list[float], View]:
    """Look at x through the microscope, with steps of 2**octave and below."""
    offsets = OFFSETS if len(sides) == 2 else OFFSETS_ONE_SIDED
    octave = max(octave, samples.floor + 5)
    steps = [side * math.ldexp(offset, octave) for offset in offsets for side in sides]
    yield from samples.sample(steps)
    kept = [t for t in steps if math.isfinite(samples.values[t])]
    if len(kept) < 4:
        return View("noise", spread=INF, residual=INF)
    values = [samples.values[t] for t in kept]
    steepness = max(abs(value - samples.f0) / abs(t) for t, value in zip(kept[:2], values))
    unit = samples.line.unit
    eta = max(unit * max(abs(samples.f0), *map(abs, values)) + 5e-324, unit * samples.line.scale * steepness)
    return look(kept, values, samples.f0, eta)


def small_loss(samples: Samples, view: View) -> Verdict:
    """Return the verdict on a smooth view that agrees: what does not agree is rounding inside f."""
    level = max(view.spread, 0.4 * samples.mismatch)
    return _level(samples, level, max(view.eta, samples.mismatch), False)


def explain(samples: Samples, view: View, found: Resolved) -> Deciding:
    """Return the verdict on a view that is not smooth."""
    if view.kind == "kink":
        step = samples.exact(CONFIRMING * view.far)
        yield from samples.sample([step])
        off, half = abs(samples.values[step] - samples.f0 - view.slope * step), 0.5 * view.size * step
        if off < 0.3 * half - 6 * view.eta or off > 1.7 * half + 6 * view.eta:
            return (yield from noise(samples, view, found))  # rounding that by chance looked like one
        return (yield from kink(samples, view, found))
    if view.kind == "jump":
        return (yield from _jump(samples, view, found))
    if view.kind == "plateau":
        return (yield from plateau(samples, view))
    if view.kind == "power":
        outcome = yield from infinite_slope(samples, view)
        if outcome is not None:
            return Verdict(outcome)
    return (yield from noise(samples, view, found))


def smooth_octave(samples: Samples, low: int, high: int, other: float) -> Generator[Request, list[float], int]:
    """Return the largest octave whose central slope is that of a smooth octave far below, and not the other one."""
    yield from samples.sample_octaves([low])
    reference, bound = samples.quotient(low, 0)
    allowed = 0.03 * min(abs(reference), abs(reference - other)) + 4 * bound

    def holds(octave: int) -> bool:
        return abs(samples.quotient(octave, 0)[0] - reference) <= allowed

    return (yield from _bisect(samples, low, high, holds))


def _bisect(
    samples: Samples, low: int, high: int, holds: Callable[[int], bool]
) -> Generator[Request, list[float], int]:
    """Return the largest octave in [low, high) at which a property that holds at low still does."""
    while high - low > 1:
        middle = (low + high) // 2
        yield from samples.sample_octaves([middle])
        if holds(middle):
            low = middle
        else:
            high = middle
    return low


def kink(samples: Samples, view: View, found: Resolved) -> Deciding:
    """Return the verdict on a view that shows two slopes: a kink at x, or one that lies beside it."""
    # A kink at x is seen by every larger step too: there 4 bend(h/2) - bend(h), free of f'', is gap · h.
    if found.side == 0:
        low = min(
            found.low, samples.line.octave - 1
        )  # where steps have grown, terms of fourth order would show instead
        wide = 4 * samples.bend(low) - samples.bend(low + 1)
        if abs(wide) < 0.3 * view.size * math.ldexp(1.0, low + 1):
            return (yield from noise(samples, view, found))
    # A kink that lies beside x looks like one at x from afar: look again as close as rounding permits.
    gap = view.size
    close = max(octave_of(64 * view.eta / gap) + 1, samples.floor + 1)
    near = octave_of(view.near)
    if close < near:
        yield from samples.sample_octaves([close])
        h = math.ldexp(1.0, close)
        bend = abs(samples.bend(close))
        if bend < 0.5 * gap * h:
            return Verdict(top=(yield from _bisect(samples, close, near, lambda k: _straight(samples, k, gap))))
        if bend > 1.5 * gap * h and bend > 64 * view.eta:
            outcome = yield from infinite_slope(samples, view)
            if outcome is not None:
                return Verdict(outcome)
    right, left = samples.best(1), samples.best(-1)
    error = 2 * max(right.total, left.total)
    if not abs(abs(right.value - left.value) - gap) <= 0.1 * gap + error:
        # The extrapolations from afar contradict the view from nearby: believe the view.
        right.value = (samples.values[view.far] - samples.f0) / view.far
        left.value = (samples.f0 - samples.values[-view.far]) / view.far
        error = abs(abs(right.value - left.value) - gap) + view.residual / view.near
    value = 0.5 * (right.value + left.value)
    half = 0.5 * abs(right.value - left.value)
    step = math.ldexp(1.0, max(right.high, left.high))
    level = samples.line.unit * abs(samples.f0)
    return Verdict(Outcome(value, half + error, Status.KINK, step, left.value, right.value, level))


def _straight(samples: Samples, octave: int, gap: float) -> bool:
    return abs(samples.bend(octave)) < 0.02 * gap * math.ldexp(1.0, octave) + 8 * samples.eta(samples.f0)


def _jump(samples: Samples, view: View, found: Resolved) -> Deciding:
    floor, size = samples.floor + 1, view.size
    yield from samples.sample_octaves([floor])
    if samples.move(floor) < 0.25 * size:
        # Not at x: a step or a narrow peak beside it.
        near = octave_of(view.near)
        top = yield from _bisect(samples, floor, near, lambda k: samples.move(k) < 0.25 * size)
        if samples.move(top) == 0.0 and math.ldexp(abs(found.value), top) > 16 * view.eta:
            return _level(samples, size / math.sqrt(12), 0.75 * size, True)  # the tread of a staircase
        inner = 2 * view.far * samples.quotient(top, 0)[0]
        strange = abs(samples.values[view.far] - samples.values[-view.far] - inner) > 4 * size + 0.5 * abs(inner)
        if strange and not (yield from bends(samples, top + 1)):
            return (yield from noise(samples, view, found))  # a slope that nothing else follows: between two roundings
        return Verdict(top=top)
    slopes = {}
    for side in BOTH:
        attached = abs(samples.at(floor, side) - samples.f0) < 0.25 * size
        far, near_step = side * view.far, side * view.near
        slope = (samples.values[far] - samples.values[near_step]) / (far - near_step)
        slopes[side] = samples.best(side).value if attached else slope
    level = samples.line.unit * abs(samples.f0)
    return Verdict(Outcome(NAN, INF, Status.JUMP, math.ldexp(1.0, floor), slopes[-1], slopes[1], level))


def noise(samples: Samples, view: View, found: Resolved) -> Deciding:
    """Return the level and the kind of the noise, or where to search if it is smooth structure seen from too far."""
    flat = False
    if math.isfinite(view.spread):
        near = octave_of(view.near)
        if contradicts(view, found):
            return Verdict(top=(yield from smooth_octave(samples, octave_of(view.far), found.high, found.value)))
        for depth in (8, 18):
            close = max(near - depth, samples.floor + 1)
            yield from samples.sample_octaves([close])
            moves = [samples.at(close, side) - samples.f0 for side in BOTH if samples.finite(close, side)]
            flat = not any(moves)
            expected = abs(view.slope) * math.ldexp(1.0, close)
            rest = max((abs(abs(move) - expected) for move in moves), default=INF)
            if flat or rest > 0.5 * view.spread:
                break
            if rest < 0.02 * view.spread + 4 * view.eta:
                # Rounding has few values, and steps of a power of two may all be rounded as f(x) was.
                step = samples.exact(math.ldexp(CONFIRMING, close))
                step = step if samples.finite(close, 1) else -step
                yield from samples.sample([step])
                if (
                    abs(abs(samples.values[step] - samples.f0) - abs(view.slope * step))
                    > 0.02 * view.spread + 4 * view.eta
                ):
                    break
                # Smooth after all, at a scale so small that it looked like noise from where the microscope stood?
                if found.side != 0:
                    return Verdict(top=near)
                top = yield from smooth_octave(samples, close, near, found.value)
                if (yield from bends(samples, top + 1)):
                    return Verdict(top=top)
                break
    spread = view.spread if math.isfinite(view.spread) else 0.0
    largest = view.residual if math.isfinite(view.residual) else 0.0
    if not flat and spread > 0.0:
        # nine values leave five to tell the level: one in a hundred such estimates is three times too small
        spread = max(spread, spread_within({t: y for t, y in samples.values.items() if abs(t) <= view.far}))
    return _level(samples, spread, largest, flat)


def plateau(samples: Samples, view: View) -> Deciding:
    """Return the verdict on a function that is exactly constant around x, though not far from it.

    It is quantised if it leaves the constant by a jump, and smooth at a smaller scale if it does so by a bend.
    """
    low = octave_of(view.near)
    known = _moved(samples)
    high = next((octave for octave in known if octave > low), samples.line.octave)
    flat = yield from _bisect(samples, low, high, lambda k: samples.move(k) == 0.0)
    yield from samples.sample_octaves([flat + 1])
    size = yield from _riser(samples, flat)
    if size == 0.0:
        return Verdict(top=flat)
    # what f is rounded to inside may move it by more than one step of its output
    return _level(samples, max(size / math.sqrt(12), 0.4 * samples.mismatch), max(0.75 * size, samples.mismatch), True)


def _moved(samples: Samples) -> list[int]:
    """Return the octaves at which f is known to have moved."""
    values = samples.values.items()
    moved = [math.frexp(abs(t)) for t, value in values if value != samples.f0 and math.isfinite(value)]
    return sorted({exponent - 1 for mantissa, exponent in moved if mantissa == 0.5})


def _riser(samples: Samples, flat: int) -> Generator[Request, list[float], float]:
    """Return the height of the jump by which f leaves the constant beyond ± 2**flat, 0 if it leaves it continuously."""
    side = 1 if samples.at(flat + 1, 1) != samples.f0 else -1
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


def _level(samples: Samples, level: float, amplitude: float, flat: bool) -> Verdict:
    """Return the verdict on noise of this standard deviation: its kind is read off the bits of the values."""
    values = [value for value in samples.values.values() if math.isfinite(value)]
    size, unit = samples.size, samples.line.unit
    amplitude = max(3 * level, amplitude)
    bits = significant_bits(values)
    quantum = common_step(values, size) if flat else 0.0
    if is_short(bits, unit):
        grain = 2.0**-bits * size
        level, amplitude, status = max(level, 0.3 * grain), max(amplitude, grain), Status.LOW_PRECISION
    elif quantum > max(64 * unit * size, level):
        level, amplitude, status = quantum / math.sqrt(12), max(0.75 * quantum, 2 * level), Status.QUANTISED
    else:
        status = Status.NOISY if level > 1e3 * unit * size else Status.OK
        status = Status.QUANTISED if flat and status is Status.NOISY and quantum > 0 else status
    samples.set_amplitude(amplitude)
    return Verdict(noise=level, status=status)


def tread(samples: Samples, found: Resolved) -> Deciding:
    """Return the verdict on a slope of exactly zero: x may be on the tread of a staircase, which jumps further out.

    A tread narrower than the ladder is a rounded output: the slope of the trend is meant.  A wider one is a step function:
    its slope is 0, and the bound includes the slope of the trend.
    """
    low = found.low
    if found.value != 0.0 or samples.move(low) != 0.0:
        return Verdict()
    f0 = samples.f0
    moved = _moved(samples)
    high = next((octave for octave in moved if octave > low), None)
    if high is None:
        return Verdict()
    flat = yield from _bisect(samples, low, high, lambda k: samples.move(k) == 0.0)
    yield from samples.sample_octaves([flat + 1])
    size = yield from _riser(samples, flat)
    if not size > 64 * samples.eta(f0):
        return Verdict()
    if flat < samples.line.octave:
        return _level(samples, size / math.sqrt(12), 0.75 * size, True)
    h = math.ldexp(1.0, flat)
    return Verdict(Outcome(0.0, size / h, Status.QUANTISED, h, 0.0, 0.0, size / math.sqrt(12)))
