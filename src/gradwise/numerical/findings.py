"""What to make of a slope that does not agree with what is seen right around x.

Each function takes the samples and a `View`, makes the few evaluations that decide, and returns a verdict: an `Outcome`
when the case is settled, an octave at which to search again when there is structure at a smaller scale, or neither when
the function is noisy.
"""

from __future__ import annotations

import math
from collections.abc import Generator

from gradwise.numerical.close_look import (
    DEEP,
    SHORT,
    WILD,
    belongs_to_f,
    line_on_one_side,
    smooth_octave,
    structure_close_by,
)
from gradwise.numerical.ladder import LEVELS, PROBE
from gradwise.numerical.line import INF, NAN, Outcome
from gradwise.numerical.microscope import (
    OFFSETS,
    OFFSETS_ONE_SIDED,
    View,
    classify,
    look,
    standard_grid,
)
from gradwise.numerical.models import largest, spread_within
from gradwise.numerical.noise_level import Deciding, Verdict, bisect, is_staircase, level_of, plateau
from gradwise.numerical.power_law import infinite_slope
from gradwise.numerical.rounding_or_structure import CONFIRMING, bends, contradicts
from gradwise.numerical.samples import BOTH, Request, Resolved, Samples, octave_of
from gradwise.numerical.status import Status

SLOPES = 1e-9
"""So well the slopes at a kink are to be known, in units of their difference."""


def disagreement(samples: Samples, found: Resolved) -> Generator[Request, list[float], View | None]:
    """Return None when values far below the steps used agree with the slope found, else the microscope's view."""
    side = found.side
    octave = max(min(found.low - 7, samples.line.octave + PROBE), samples.floor)
    if side != 0:
        return (yield from _disagreement_on_one_side(samples, found, octave))
    v, f0 = samples.near(octave), samples.f0
    yield from samples.sample([v, -v])
    seen = {side: samples.values[side * v] for side in BOTH}
    ratio = math.ldexp(v, -found.low) ** 2
    eta = samples.eta(f0)
    # where f(x) is 0, as at the minimum of a sum of squares, the values beside it have the larger error
    samples.assumed = max(eta, *(samples.eta(value) for value in seen.values() if math.isfinite(value)), 0.0)
    if found.truncation <= 1e-2 * abs(found.value) + 4 * found.rounding:
        # the second difference at 2**low, corrected by the one twice as large, predicts the one at v
        s3, s2 = samples.bend(found.low), samples.bend(found.low + 1)
        if not math.isfinite(s2):
            s2 = 4 * s3
        bend = abs((seen[1] - f0) + (seen[-1] - f0) - ratio * (4 * s3 - 0.25 * s2) / 3)
        drift = abs(seen[1] - seen[-1] - 2 * v * found.value)
        curved, slack = ratio * abs(s3 - 0.25 * s2), _slack(samples, found, v)
        if bend <= 10 * eta + curved + 10 * ratio * eta and drift <= 6 * eta + slack:
            # Where f vanishes at x, as t⁴ and |t|³ do at 0, terms of higher order dwarf its rounding there; where it
            # does not move at this step, what is curved is twice as far away.
            vanishes = 256 * samples.assumed < max(samples.eta(samples.at(found.low, s)) for s in BOTH)
            known = curved if vanishes or samples.move(found.low) == 0.0 else 0.0
            samples.measured = max(0.6 * (bend - known), 0.8 * (drift - slack), 0.0)
            return None
        samples.mismatch = max(0.25 * bend, 0.5 * drift)
    return (yield from view_at(samples, octave, BOTH))


def _disagreement_on_one_side(
    samples: Samples, found: Resolved, octave: int
) -> Generator[Request, list[float], View | None]:
    """Return the same for one side, where no second value tells at a step what noise, kinks and finer structure there are.

    So values are asked for at three scales, down to some hundred units in the last place of x.
    """
    side, f0, eta = found.side, samples.f0, samples.eta(samples.f0)
    samples.assumed = eta
    if found.truncation > 1e-2 * abs(found.value) + 4 * found.rounding:
        return (yield from view_at(samples, octave, (side,)))
    deep = samples.floor + DEEP
    scales = dict.fromkeys([octave, (octave + deep) // 2, deep] if deep < octave - 2 else [octave])
    steps = [samples.near(scale) for scale in scales]
    yield from samples.sample([side * v for v in steps])
    chord = samples.at(found.low, side) - f0 - math.ldexp(side, found.low) * found.value
    samples.measured = 0.0
    for scale, v in zip(scales, steps):
        ratio = math.ldexp(v, -found.low) ** 2
        drift = abs(samples.values[side * v] - f0 - side * v * found.value) - _slack(samples, found, v)
        drift -= 3 * abs(chord) * ratio
        if not drift <= 6 * eta:
            samples.mismatch = drift
            return (yield from view_at(samples, scale, (side,)))
        samples.measured = max(samples.measured, 0.8 * drift)
    return None


def _slack(samples: Samples, found: Resolved, v: float) -> float:
    """Return by how much f(x + v) may be off the line of a slope found at larger steps."""
    third = abs(samples.quotient(found.low, found.side)[0] - found.value) * math.ldexp(v, -found.low) ** 2
    return 4 * v * found.total + 4 * samples.line.unit * samples.line.scale * abs(found.value) + 3 * v * third


def view_at(samples: Samples, octave: int, sides: tuple[int, ...]) -> Generator[Request, list[float], View]:
    """Look at x through the microscope, with steps of 2**octave and below."""
    offsets = OFFSETS if len(sides) == 2 else OFFSETS_ONE_SIDED
    octave = max(octave, samples.floor + 5)
    samples.octaves.add(octave)
    steps = [side * math.ldexp(offset, octave) for offset in offsets for side in sides]
    yield from samples.sample(steps)
    f0, known, unit = samples.f0, samples.values, samples.line.unit
    values = [known[t] for t in steps]
    whole = math.isfinite(sum(values))
    if not whole:
        kept = [t for t in steps if math.isfinite(known[t])]
        if len(kept) < 4:
            return View("noise", spread=INF, residual=INF)
        steps, values = kept, [known[t] for t in kept]
    steepness = max(abs((values[0] - f0) / steps[0]), abs((values[1] - f0) / steps[1]))
    eta = max(unit * max(abs(f0), largest(values)) + 5e-324, unit * samples.line.scale * steepness)
    if whole and len(sides) == 2:
        view = classify(standard_grid(), [value - f0 for value in values], steps[0], steps[-2], eta)
    else:
        view = look(steps, values, f0, eta)
    if view.kind == "plateau":
        # a function of period 1 stands still on steps that are whole numbers, and moves at the pair, which is none
        v = samples.near(octave)
        moved = max([abs(known.get(side * v, f0) - f0) for side in sides])
        if moved > view.eta:
            return View("noise", 0.0, moved, moved, far=view.far, near=view.near, eta=view.eta)
    return view


def explain(samples: Samples, view: View, found: Resolved) -> Deciding:
    """Return the verdict on a view that is not smooth."""
    if view.kind == "kink":
        if (yield from confirmed_kink(samples, view)):
            return (yield from kink(samples, view, found))
        return (yield from noise(samples, view, found))
    gap = gap_from_afar(samples, view) if view.kind in {"jump", "noise"} else 0.0
    if gap > 0.0:
        view.size = gap
        return (yield from two_slopes(samples, view))
    if view.kind == "jump":
        return (yield from _jump(samples, view, found))
    if view.kind == "plateau":
        return (yield from plateau(samples, view))
    if view.kind == "power":
        outcome = yield from infinite_slope(samples, view)
        if outcome is not None:
            return Verdict(outcome)
    return (yield from noise(samples, view, found))


def gap_from_afar(samples: Samples, view: View) -> float:
    """Return the gap of two slopes that the steps of the ladder agree on and a view may show, else 0.

    A kink beside x, among the steps of the microscope, is none of its models, and looks like noise or a jump.  Noise itself
    does not shrink with the steps.
    """
    octave = samples.line.octave - LEVELS + 1
    near, middle, far = [samples.bend(octave + k) for k in range(3)]
    # free of f'', twice as large from octave to octave
    small, large = abs(4 * near - middle), abs(4 * middle - far)
    if not (small > VISIBLE * samples.eta(samples.f0) and abs(large - 2 * small) <= 0.1 * large):
        return 0.0
    gap = math.ldexp(small, -octave - 1)
    return gap if view.residual <= gap * view.far else 0.0


VISIBLE = 64.0
"""How many units of rounding second differences must have."""


def confirmed_kink(samples: Samples, view: View) -> Generator[Request, list[float], bool]:
    """Whether one value more lies on the two lines of a view that shows a kink; rounding may look like one by chance."""
    step = samples.exact(CONFIRMING * view.far)
    yield from samples.sample([step])
    off, half = samples.values[step] - samples.f0 - view.slope * step, 0.5 * view.size * step
    # what both sides share is a g t + c t²
    part = OFFSETS[1]
    far, near = [samples.values[t] + samples.values[-t] - 2 * samples.f0 for t in (view.far, part * view.far)]
    curved = 0.5 * (part * far - near) / (part - part * part) * CONFIRMING**2
    if abs(curved) > 0.3 * half:
        off -= curved
    off = abs(off)
    return not (off < 0.3 * half - 6 * view.eta or off > 1.7 * half + 6 * view.eta)


def kink(samples: Samples, view: View, found: Resolved) -> Deciding:
    """Return the verdict on a view that shows two slopes: a kink at x, or one that lies beside it."""
    # where steps have grown, terms of fourth order would show instead
    if found.side == 0 and not (yield from seen_from_afar(samples, view, min(found.low, samples.line.octave - 1))):
        return (yield from noise(samples, view, found))
    return (yield from two_slopes(samples, view))


def seen_from_afar(samples: Samples, view: View, octave: int) -> Generator[Request, list[float], bool]:
    """Whether a kink shows at a larger step too, as one at x does: there 4 bend(h/2) - bend(h), free of f'', is gap · h.

    Where terms of fourth order show instead, the shortest step at which a kink is far above rounding is asked for.
    """
    closer = max(octave_of(CLEARLY * view.eta / view.size), octave_of(view.far) + 2)
    for step in (octave, closer):
        if step != octave:
            yield from samples.sample_octaves([step, step + 1])
        part = abs(4 * samples.bend(step) - samples.bend(step + 1)) / math.ldexp(view.size, step + 1)
        if not part > MOST:
            return not part < LEAST
        if closer > octave - 2:
            return True
    return False


CLEARLY = 2048.0
"""How many units of rounding a kink must bend f by to be told from what f loses inside."""

LEAST, MOST = 0.3, 3.0
"""Of the part of a kink that larger steps show."""


def two_slopes(samples: Samples, view: View, further: int | None = None) -> Deciding:
    """Return the verdict on a kink that is seen from afar too: its slopes, or where to search if it lies beside x.

    Where they are not known to `SLOPES`, one octave more may be asked for.
    """
    # A kink that lies beside x looks like one at x from afar: look again as close as rounding permits.
    gap = view.size
    close = max(octave_of(64 * view.eta / gap) + 1, samples.floor + 1)
    near = octave_of(view.near)
    if close < near:
        yield from samples.sample_octaves([close])
        h = math.ldexp(1.0, close)
        bend = abs(samples.bend(close))
        if bend < 0.5 * gap * h:
            return Verdict(top=(yield from bisect(samples, close, near, lambda k: _straight(samples, k, gap))))
        if bend > 1.5 * gap * h and bend > 64 * view.eta:
            outcome = yield from infinite_slope(samples, view)
            if outcome is not None:
                return Verdict(outcome)
    right = samples.best(1)
    if further is not None and right.total > SLOPES * gap:
        yield from samples.sample_octaves([further])
        right = samples.best(1)
    left = samples.best(-1)
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
        top = yield from bisect(samples, floor, near, lambda k: samples.move(k) < 0.25 * size)
        still = samples.move(top) == 0.0 and math.ldexp(abs(found.value), top) > 16 * view.eta
        if still and (yield from is_staircase(samples, size)):
            return level_of(samples, size / math.sqrt(12), 0.75 * size, True)  # the tread of a staircase
        inner = 2 * view.far * samples.quotient(top, 0)[0]
        strange = abs(samples.values[view.far] - samples.values[-view.far] - inner) > 4 * size + 0.5 * abs(inner)
        if strange and not (yield from bends(samples, top + 1)):
            return (yield from noise(samples, view, found))  # a slope that nothing else follows: between two roundings
        return Verdict(top=top)
    return Verdict((yield from jump_at_x(samples, view)))


def jump_at_x(samples: Samples, view: View) -> Generator[Request, list[float], Outcome | None]:
    """Return the outcome of a jump, None if it is not at x."""
    floor, size = samples.floor + 1, view.size
    yield from samples.sample_octaves([floor])
    if samples.move(floor) < 0.25 * size:
        return None
    slopes = {}
    for side in BOTH:
        attached = abs(samples.at(floor, side) - samples.f0) < 0.25 * size
        far, near_step = side * view.far, side * view.near
        slope = (samples.values[far] - samples.values[near_step]) / (far - near_step)
        slopes[side] = samples.best(side).value if attached else slope
    level = samples.line.unit * abs(samples.f0)
    return Outcome(NAN, INF, Status.JUMP, math.ldexp(1.0, floor), slopes[-1], slopes[1], level)


def noise(samples: Samples, view: View, found: Resolved) -> Deciding:
    """Return the level and the kind of the noise, or where to search if it is smooth structure seen from too far."""
    flat = False
    view.measure()
    if math.isfinite(view.spread):
        near = octave_of(view.near)
        if contradicts(view, found):
            return Verdict(top=(yield from smooth_octave(samples, octave_of(view.far), found.high, found.value)))
        seen = ""
        if found.side == 0:
            # a function of period 1 stands still on steps that are whole numbers
            all_around = _spread_around(samples, view)
            view.spread = all_around if all_around > WILDER * view.spread else view.spread
            top, seen = yield from structure_close_by(samples, view, found.value)
        else:
            top = yield from line_on_one_side(samples, view, found.side, found.value)
        if top is not None:
            return Verdict(top=top)
        # what does not move there is rounded, or at an extremum, which moves higher up
        for depth in () if seen == "scatters" else (8,) if seen == "flat" else (8, 18):
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
                # at the top of a peak the slope says nothing of where it ends
                flatter = math.ldexp(abs(samples.quotient(top, 0)[0]), top) < abs(samples.bend(top))
                ends = belongs_to_f(samples, view, top) if flatter else bends(samples, top + 1)
                if (yield from ends):
                    return Verdict(top=top)
                break
        flat = flat or seen == "flat"
        if seen == "scatters" and samples.floor + DEEP > SHORT and view.spread > WILD * samples.size:
            # neighbouring numbers are so far apart that what oscillates and what is noise are one
            verdict = level_of(samples, view.spread, view.residual, False)
            verdict.status = Status.UNDECIDED
            return verdict
    spread = view.spread if math.isfinite(view.spread) else 0.0
    most = view.residual if math.isfinite(view.residual) else 0.0
    if not flat and spread > 0.0:
        # nine values leave five to tell the level: one in a hundred such estimates is three times too small
        spread = max(spread, _spread_around(samples, view))
    return level_of(samples, spread, most, flat)


WILDER = 16.0
"""By how many times values at steps of many bits scatter more than those of the microscope to be believed before these."""


def _spread_around(samples: Samples, view: View) -> float:
    """Return the scatter of all values that are known within the reach of a view."""
    return spread_within({t: y for t, y in samples.values.items() if abs(t) <= view.far})
