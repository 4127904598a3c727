"""The step at which truncation and rounding balance: grow, shrink, or stop between the two."""

from __future__ import annotations

import math
from collections.abc import Generator

from gradwise.numerical.ladder import LEVELS, PROBE
from gradwise.numerical.line import CLOSEST, INF, outward_octave
from gradwise.numerical.samples import BOTH, Request, Resolved, Samples, octave_of, resolved

LEVELS_ONE_SIDED = 7
MAXIMUM_GROWTHS = 5
MAXIMUM_SHRINKS = 5

NOISY_VALUES = 34
"""How many values among noise are enough to grow no further, if the slope is known to 10 %: what a larger step gains is small against their cost."""

MOST_VALUES = 39
"""How many values there may be among noise, if the slope is known to 10 %: with one call that tried complex numbers they are 40."""

NOISY_OCTAVES = 4
"""Among noise steps may grow by so many octaves, to |x|, even if f changes by much of its size."""

CONVERGING = 0.03
"""Quotients at steps on which f is smooth are off by less than this part."""

CONSISTENT = 1.25
"""By how many times its bound a quotient at a smaller step may be off the slope found among noise."""

VISIBLE = 64.0
"""How many units of rounding a second difference must have to be judged."""

UNSMOOTH = 8.0
"""By how much truncation may be underestimated where it is not gone after all levels."""


def resolve(
    samples: Samples, side: int, top: int, *, may_grow: bool = True
) -> Generator[Request, list[float], Resolved]:
    """Return the best slope that steps of 2**top and around can give.

    Limited by rounding, the step grows: a pair far outside is tried, and kept if its quotient still agrees.  Limited by
    truncation, it shrinks an octave at a time as long as that helps.
    """
    sides = BOTH if side == 0 else (side,)
    levels = LEVELS if side == 0 else LEVELS_ONE_SIDED
    floor = samples.floor
    bottom = max(top - levels + 1, floor)
    yield from samples.sample_octaves(range(top, bottom - 1, -1), sides)
    tableau = samples.tableau(side, top, bottom)
    best = resolved(tableau, side)
    goal = 2.0**-46 * (samples.line.unit / 2.0**-53)
    ceiling = top
    if may_grow and _limited_by_rounding(samples, best, ceiling, goal):
        ceiling = yield from _grow(samples, side, ceiling, best, goal)
        if ceiling > top:
            bottom = max(ceiling - levels + 1, floor)
            avoided = samples.avoided if samples.amplitude > 0.0 else None
            yield from samples.sample_octaves([k for k in range(ceiling, bottom - 1, -1) if k != avoided], sides)
            tableau = samples.tableau(side, ceiling, bottom)
            best = resolved(tableau, side)
    values = [best.value]
    for _ in range(MAXIMUM_SHRINKS):
        if best.total <= goal * abs(best.value) or best.truncation <= best.rounding or bottom <= floor:
            break
        if best.low > bottom + 1:  # the finest steps did not help: what is left is noise or structure
            break
        if samples.amplitude == 0.0:
            if samples.scatters(best.truncation, best.low):
                break
        elif samples.noisy and len(samples.values) >= MOST_VALUES and best.truncation <= 8 * best.rounding:
            break
        before = best.total
        bottom -= 1
        yield from samples.sample_octaves([bottom], sides)
        slope, bound = samples.quotient(bottom, side)
        if math.isfinite(slope):
            tableau.add(bottom, slope, bound)
        best = resolved(tableau, side)
        values.append(best.value)
        if best.total > 0.5 * before and best.truncation > 1e-3 * abs(best.value):
            break
    else:
        # Nine levels leave nothing of a smooth function's truncation: the scheme's weights do not apply to what is left.
        if best.truncation > 4 * best.rounding:
            best.truncation *= UNSMOOTH
    if samples.amplitude > 0.0:
        best = _consistent(samples, side, ceiling, bottom, best)
    if len(values) > 2:
        # Where the values still move, a run of quotients may agree by accident: progress speeds up, it does not jump.
        before, last = abs(values[-2] - values[-3]), abs(values[-1] - values[-2])
        rate = min(1.0, last / before) if before > 0 else 1.0
        best.doubt = last * rate * rate
    return best


def _consistent(samples: Samples, side: int, ceiling: int, bottom: int, best: Resolved) -> Resolved:
    """Return the best slope that quotients at smaller steps allow: large ones may agree where they pass an extremum."""
    finer = [(octave, samples.quotient(octave, side)) for octave in samples.known_octaves() if octave >= bottom]
    while True:
        off = [abs(best.value - slope) - CONSISTENT * bound for octave, (slope, bound) in finer if octave < best.low]
        if ceiling <= bottom or not max(off, default=0.0) > best.total:
            return best
        ceiling -= 1
        best = samples.best(side, ceiling, bottom)


def smooth_scale(samples: Samples, top: int, v: float) -> Generator[Request, list[float], int | None]:
    """Return the octave from which a ladder should converge, by how quotients approach that of a pair close to x; None if unclear.

    Quotients of a function that is smooth on a length L are off by (h/L)² of the slope.  Between the ladder and the pair two more
    steps are tried.
    """
    if samples.roughness > 0.0 or samples.amplitude > 0.0:
        return None
    if not math.ldexp(v, 4) < math.ldexp(1.0, top - LEVELS + 1):  # f is finite on a small scale only
        v = samples.near(top + PROBE)
        yield from samples.sample([v, -v])
    f, f0 = samples.values, samples.f0
    plus, minus = f[v], f[-v]
    slope, bend = (plus - minus) / (2 * v), abs((plus - f0) + (minus - f0))
    octave, close = top - LEVELS + 1, octave_of(v)
    h = math.ldexp(1.0, octave)
    if not (h in f and -h in f and 2 * h in f and -2 * h in f):
        yield from samples.sample_octaves([octave, octave + 1])
    wide = abs(4 * ((f[h] - f0) + (f[-h] - f0)) - ((f[2 * h] - f0) + (f[-2 * h] - f0))) * (v / h)
    if bend > 0.3 * abs(plus - minus) or f0 in {plus, minus} or 1.8 * bend < wide < 2.2 * bend:
        return None  # a kink, a cusp, or a value that does not move: no scale is small enough
    steep, visible = abs(slope), 4 * samples.line.unit * max(abs(plus), abs(minus)) / v
    before = math.inf
    for _ in range(3):
        if octave <= close:
            return None
        h = math.ldexp(1.0, octave)
        if h not in f or -h not in f:
            yield from samples.sample_octaves([octave])
        found = (f[h] - f[-h]) / (2 * h)
        off = abs(found - slope) - visible
        if not off > 1e-9 * steep + 2 * visible:  # nothing is in the way, or it cannot be seen
            return None
        if off < CONVERGING * steep:
            break
        grows = 2 * abs(before) < abs(found) < 0.5 * steep
        if grows and 0.5 * abs(found * found) < abs(before * slope) < 2 * abs(found * found):
            return None  # like a power of the step
        before, octave = found, (octave + close) // 2
    else:
        return None
    length = octave + math.floor(0.5 * math.log2(steep / off))
    lower = min(length - 4, top - 1)
    return lower if lower > samples.floor + LEVELS + 8 else None


def _limited_by_rounding(samples: Samples, best: Resolved, ceiling: int, goal: float) -> bool:
    """Whether the largest step shows no truncation yet, and the slope is not known to full precision."""
    slope, bound = samples.quotient(ceiling, best.side)
    if not math.isfinite(slope) or (best.total <= goal * abs(best.value) and best.value != 0.0):
        return False
    return abs(slope - best.value) <= 4 * (bound + best.rounding)


def _grow(
    samples: Samples, side: int, octave: int, best: Resolved, goal: float
) -> Generator[Request, list[float], int]:
    """Return the octave of the largest step at which the quotient still agrees with the best slope."""
    sides = BOTH if side == 0 else (side,)
    line = samples.line
    room = min(line.left, line.right) if side == 0 else (line.right if side > 0 else line.left)
    limit = math.frexp(room)[1] - 1 if room < INF else 1000
    if samples.move(octave) <= 8 * samples.eta(samples.f0) or abs(best.value) <= 4 * best.rounding:
        # Constant as far as can be seen. Far beyond |x| that says nothing about the slope at x (a saturated function).
        limit = min(limit, outward_octave(line.octave))
    jump = _needed(samples, best, octave, goal)
    for _ in range(MAXIMUM_GROWTHS):
        jump = min(jump, limit - octave)
        enough = samples.amplitude > 0.0 and len(samples.values) >= NOISY_VALUES
        if jump < 1 or (enough and best.total <= 0.1 * abs(best.value)):
            break
        new = octave + jump
        if samples.amplitude > 0.0 and new == samples.avoided:
            new += 1 if new < limit else -1
        if new == octave:
            break
        yield from samples.sample_octaves([new], sides)
        slope, bound = samples.quotient(new, side)
        off = abs(slope - best.value)
        # among noise steps grow by little, and do not leap
        alike = side != 0 or samples.amplitude > 0.0 or (yield from _one_scale(samples, new))
        if alike and off < INF and off <= 0.1 * abs(best.value) + 4 * (bound + best.rounding):
            octave = new
            if off > 4 * (bound + best.rounding) or _curved(samples, new, sides):
                break
            best = Resolved(slope, 0.0, bound, new, new, side) if bound < best.rounding else best
            jump = _needed(samples, best, octave, goal)
        else:
            limit = new - 1
            jump = max(1, jump // 2) if jump > 1 else 0
    return octave


def _one_scale(samples: Samples, octave: int) -> Generator[Request, list[float], bool]:
    """Whether second differences, where they are seen, shrink as a smooth function's: a leap may land beyond its oscillations."""
    if not abs(samples.bend(octave)) > VISIBLE * samples.eta(samples.at(octave, 1)):
        return True
    yield from samples.sample_octaves([octave - 1, octave - 2])
    for k in (octave, octave - 1):
        near, far = abs(samples.bend(k - 1)), abs(samples.bend(k))
        if far > VISIBLE * samples.eta(samples.at(k, 1)) and not 0.5 * far <= 4 * near <= 2 * far:
            return False
    return True


def _curved(samples: Samples, octave: int, sides: tuple[int, ...]) -> bool:
    """Whether f changes by much of its size at this step: larger steps would leave its neighbourhood."""
    if samples.noisy and octave < samples.line.octave + NOISY_OCTAVES:
        return False
    moved = max(abs(samples.at(octave, side) - samples.f0) for side in sides)
    return moved > 0.1 * abs(samples.f0) and moved > 256 * samples.eta(samples.f0)


def _needed(samples: Samples, best: Resolved, octave: int, goal: float) -> int:
    """Return by how many octaves the step should grow: to the curvature's scale where it shows, else by the precision."""
    if best.side == 0:
        bend, size = abs(samples.bend(octave)), max(abs(samples.at(octave, 1)), abs(samples.f0))
        noise = samples.eta(size)
        if bend > 16 * noise:
            # f'' h² = bend: the function's own length is h √(size / bend)
            return min(max(int(0.5 * math.log2(max(size / bend, 1.0))) - 2, 1), 40)
    if samples.amplitude > 0.0:
        return 2
    if best.value == 0.0 or samples.move(octave) == 0.0:
        return max(6, CLOSEST - octave)  # far below the length of everything else, x might as well be 0
    missing = math.log2(max(best.rounding / max(goal * abs(best.value), 5e-324), 2.0))  # the slope may be subnormal
    return min(max(int(min(missing, 64.0)) - 3, 1), 16)
