"""The search for one derivative along one line, as a generator: it yields steps and is sent the values there.

A generator, because one search is a chain of decisions while evaluation is best done in batches: `lanes` runs the
searches of all entries side by side, collects the steps they ask for, and evaluates them together.

The chain: complex step with its real check, else the ladder with its verification pair (`ladder`): nearly every
smooth function ends there.  Else, in this order: where is f finite (`domain`); is the step limited by rounding or by
truncation (`resolution`); do values far below it agree; and if not, what does f look like right around x (`microscope`,
`findings`): kink, jump, infinite slope, noise, or structure at a smaller scale, where the search starts again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator

from gradwise.numerical.close_look import on_a_piece, smooth_octave
from gradwise.numerical.complex_step import adopted_error, gap_at_check
from gradwise.numerical.conclusion import conclude
from gradwise.numerical.domain import finite_octave
from gradwise.numerical.either_side import on_either_side
from gradwise.numerical.findings import disagreement, explain, noise
from gradwise.numerical.first_sight import at_first_sight
from gradwise.numerical.jump_beside import beside_a_jump
from gradwise.numerical.ladder import LEVELS, LOWER, PROBE
from gradwise.numerical.line import INF, NAN, Line, Outcome
from gradwise.numerical.microscope import View
from gradwise.numerical.noise_level import small_loss, tread
from gradwise.numerical.one_side import NARROW_SIDE, ROUGHLY, contradicted, search_one_side
from gradwise.numerical.plain_ladder import judge_line
from gradwise.numerical.plateaus import (
    divides_nearby,
    goes_on,
    lost_numerator,
    numerator_stands,
    rounded_numerator,
    way_out,
)
from gradwise.numerical.resolution import resolve, smooth_scale
from gradwise.numerical.rounding_or_structure import (
    CONFIRMING,
    agrees,
    confirm,
    in_low_precision,
    on_a_peak,
    scatter_beside,
    single,
    still_off,
)
from gradwise.numerical.samples import BOTH, Request, Resolved, Samples, octave_of
from gradwise.numerical.status import Status
from gradwise.numerical.still import stands_still
from gradwise.numerical.teeth import swings
from gradwise.numerical.two_sides import from_both_sides

Steps = Generator[Request, list, Outcome]
RESTARTS = 4

KNOWN = 64.0
"""How many units of rounding the slope at large steps may be off over the smallest of them to raise doubt."""

SCATTERS = 1e3
"""From how many units of rounding on f scatters beside x."""

NARROW = 20
"""Structure is narrow if it needs steps so many octaves below the first."""

WIDER = 4.0
"""By how much bounds widen on plateaus of rounding, whose heights follow no law."""


class Search:
    """State of one search; `resume` is the generator."""

    __slots__ = (
        "checked",
        "complex_error",
        "complex_value",
        "doubtful",
        "jumped",
        "noise",
        "samples",
        "scattered",
        "shift",
        "status",
    )

    def __init__(self, line: Line, f0: float, ask: Callable[[Request], None] | None = None) -> None:
        self.samples = Samples(line, f0, ask)
        self.noise = 0.0
        self.shift = 0.0  # by how much the slope right around x differs from that found, beyond rounding
        self.status = Status.OK
        self.jumped = False  # on the way to x
        self.scattered = False  # there, before a smaller scale was found
        self.doubtful = False  # whether f has another slope right around x
        self.complex_value: float | None = None
        self.complex_error = 0.0
        self.checked = 0.0  # the step at which a real check has refused the complex step

    def resume(self) -> Steps:
        """Search without complex numbers: the ladder, at most two octaves lower, and what to do where it does not agree."""
        samples = self.samples
        line = samples.line
        octave = line.octave
        h = math.ldexp(1.0, octave)
        if h <= line.left and h <= line.right:
            v = samples.near(octave + PROBE)
            outcome, coarse = yield from self._ladder(h, v)
            if outcome is not None:
                return outcome
            if coarse:
                for lower in range(1, LOWER + 1):
                    outcome, coarse = yield from self._ladder(math.ldexp(h, -lower), v)
                    if outcome is not None:
                        return outcome
                    if not coarse:
                        break
                samples.octaves.update(range(octave - lower - LEVELS + 1, octave - LEVELS + 1))
        return (yield from self.investigate())

    def _ladder(self, h: float, v: float) -> Generator[Request, list, tuple[Outcome | None, bool]]:
        """Return the outcome of four steps from h down, None if it does not agree, and whether smaller steps may help."""
        samples = self.samples
        a, b, c = 0.5 * h, 0.25 * h, 0.125 * h
        yield from samples.sample((h, -h, a, -a, b, -b, c, -c, v, -v))
        f, line, f0 = samples.values, samples.line, samples.f0
        right, left = (f[h], f[a], f[b], f[c], f[v]), (f[-h], f[-a], f[-b], f[-c], f[-v])
        value, error, accepted, eta, coarse, bent = judge_line(h, right, left, f0, line.unit, line.scale, v)
        if not accepted or (single(right[0]) and single(left[0]) and right[0] != left[0] and not single(line.scale)):
            return None, coarse
        if self.checked > 0.0:
            gap = gap_at_check(samples, self.checked, h, v)
            error, bent = error + gap, bent or gap > 0.0
        if bent:
            self.complex_value = None  # abs and maximum run on complex numbers
        jump, sure = yield from rounded_numerator(samples, h, value)
        if jump > 0.0:
            other = None if sure else Resolved(value, error, 0.0, line.octave, line.octave, 0)
            return (yield from self.among_plateaus(jump, other)), False
        return self.adopt(Outcome(value, error, Status.OK, h, value, value, eta)), False

    # --------------------------------------------------------------------------------------------- the slow path
    def investigate(self) -> Steps:
        """Find out why the ladder was not accepted, and what the derivative is."""
        samples = self.samples
        octave = samples.line.octave
        h, v = math.ldexp(1.0, octave), samples.near(octave + PROBE)
        a, b, c = 0.5 * h, 0.25 * h, 0.125 * h
        steps = (h, -h, a, -a, b, -b, c, -c, v, -v)
        if -v not in samples.values:
            yield from samples.sample(steps)
        seen = list(map(samples.values.__getitem__, steps))
        whole = all(map(math.isfinite, seen))
        if seen.count(samples.f0) == len(seen):
            outcome = yield from self._still()
            if outcome is not None:
                return outcome
        elif whole:
            outcome = yield from on_either_side(samples, h, v)
            if outcome is not None:
                return self.adopt(outcome)
        samples.octaves.update(range(octave - LEVELS + 1, octave + 1))
        samples.feel(v, octave - LEVELS + 1)
        if single(samples.f0) and not single(samples.line.scale):
            # by chance f(x) has few bits, and on steps of a power of two all values then have
            yield from samples.sample([samples.exact(math.ldexp(CONFIRMING, octave))])
        rough = None
        if whole:
            right: int | None = octave
            left = right
            verdict = yield from at_first_sight(samples, v)
            if verdict.outcome is not None:
                return verdict.outcome
            if verdict.noise:
                self.noise, self.status = verdict.noise, verdict.status
                rough = yield from resolve(samples, 0, octave)
        else:
            right = yield from finite_octave(samples, 1, octave)
            left = yield from finite_octave(samples, -1, octave)
        if right is None:
            if left is None:
                return Outcome(NAN, INF, Status.NON_FINITE, 0.0, NAN, NAN, NAN)
            return (yield from search_one_side(self, -1, left))
        if left is None:
            return (yield from search_one_side(self, 1, right))
        if rough is None and not single(samples.f0):
            settled = yield from self._descend(min(right, left), v)
            if settled is not None:
                return settled
            beside = (yield from beside_a_jump(samples, octave, v)) if right == left == octave else None
            if beside is not None:
                return self.conclude(beside, Status.OK)
        found, outcome = (yield from self._two_sided(min(right, left), octave)) if rough is None else (rough, None)
        if outcome is None and right != left and found.total > 1e-11 * abs(found.value):
            roomier = 1 if right > left else -1
            other = yield from self._other_side(found, roomier, max(right, left))
            narrow = other is found and abs(right - left) > NARROW_SIDE and found.total > ROUGHLY * abs(found.value)
            if narrow and (yield from contradicted(self, found, roomier, max(right, left))):
                return self.conclude(found, Status.UNDECIDED)
            found = other
        elif outcome is None and self.jumped and found.total > 1e-9 * abs(found.value):
            # on the other side of x nothing is in the way of larger steps
            side = min(BOTH, key=lambda side: abs(samples.at(octave, side) - samples.f0))
            if samples.at(octave, side) != samples.f0:
                found = yield from self._other_side(found, side, octave)
        if outcome is None and found.value == 0.0:
            verdict = yield from tread(samples, found)
            outcome = verdict.outcome
            if verdict.noise:
                self.noise, self.status = verdict.noise, verdict.status
                found = yield from resolve(samples, 0, min(right, left))
        if outcome is not None:
            return outcome
        if self.status is Status.OK or (self.status is Status.NOISY and (yield from on_a_piece(samples, found))):
            jump, sure = yield from lost_numerator(samples, found, jumped=self.jumped, scattered=self.scattered)
            if jump > 0.0:
                return (yield from self.among_plateaus(jump, None if sure else found))
            if self.doubtful and not (yield from swings(samples, found)):
                self.status = Status.UNDECIDED
        # More than 10 % uncertain, and not because of noise or rounding: the steps contradict one another.
        # Where two sides agree on a slope of zero, the slopes they came from are what 10 % is measured by.
        size = abs(found.value) if found.side == 0 else max(abs(samples.quotient(found.high, s)[0]) for s in BOTH)
        if found.truncation > 0.1 * size + 4 * found.rounding:
            self.status = Status.UNDECIDED
        return self.conclude(found, self.status)

    def _still(self) -> Generator[Request, list, Outcome | None]:
        """Return the outcome of an f that does not move on the ladder, None if rounding may be what hides how it does."""
        samples = self.samples
        if samples.f0 == 0.0:
            lost = yield from way_out(samples)
            if lost is not None:
                step, move = lost
                return Outcome(0.0, 2 * move / step, Status.NOISY, step, 0.0, 0.0, move / math.sqrt(12))
        return (yield from stands_still(samples))

    def _descend(self, top: int, v: float) -> Generator[Request, list, Outcome | None]:
        """Return the outcome of a ladder on the scale on which f is smooth around x, where that is what is in the way; else None."""
        samples = self.samples
        lower = yield from smooth_scale(samples, top, v)
        if lower is None:
            return None
        v = samples.near(lower + PROBE)
        outcome, coarse = yield from self._ladder(math.ldexp(1.0, lower), v)
        if outcome is None and coarse:
            outcome, _ = yield from self._ladder(math.ldexp(0.5, lower), v)
        if outcome is not None and outcome.status is not Status.OK:
            return outcome
        if outcome is None:
            samples.closest = v
        else:
            found = Resolved(outcome.value, outcome.error, 0.0, lower, lower - LEVELS + 1, 0)
            # on a plateau of rounding f is smooth too, and larger steps know nothing of it
            plateau = numerator_stands(samples, found)
            if not plateau and (not divides_nearby(samples, found) or goes_on(samples, found, top)):
                return outcome
        samples.octaves.update(range(lower - LEVELS, lower + 1))
        return None

    def among_plateaus(self, jump: float, other: Resolved | None, side: int = 0, top: int | None = None) -> Steps:
        """Search as among noise of this size: what f is right around x says nothing of its slope, or is the other possibility."""
        samples = self.samples
        samples.set_amplitude(jump)
        self.noise, self.status = jump / math.sqrt(12), Status.NOISY
        found = yield from resolve(samples, side, samples.line.octave if top is None else top)
        found.truncation, found.rounding = WIDER * found.truncation, WIDER * found.rounding
        if other is not None:
            found.truncation = max(found.truncation, abs(found.value - other.value) + other.total)
        return self.conclude(found, Status.NOISY)

    def _two_sided(self, both: int, octave: int) -> Generator[Request, list, tuple[Resolved, Outcome | None]]:
        samples = self.samples
        top: int | None = both
        last = both
        tops = {top}
        first = found = yield from resolve(samples, 0, both)
        scatter = 0.0  # beside x, in units of rounding
        for _ in range(RESTARTS):
            joined, sided = yield from from_both_sides(samples, last, found)
            if joined is not None:
                return joined, None
            view = None if sided is not None else (yield from disagreement(samples, found))
            if view is not None and view.kind == "smooth" and not agrees(view, found):
                yield from confirm(samples, view)
            if sided is not None:
                if sided.outcome is not None:
                    return found, sided.outcome
                top = sided.top
                self.noise, self.status = sided.noise, sided.status
            elif view is None:
                if samples.amplitude == 0.0 and single(samples.f0) and in_low_precision(samples):
                    verdict = small_loss(samples, View("smooth"))
                    self.noise, self.status = verdict.noise, verdict.status
                    return (yield from resolve(samples, 0, last, may_grow=last == both)), None
                if last != both:  # among structure, what cannot be seen beneath rounding may be as large
                    found.truncation = max(found.truncation, found.rounding)
                    self._doubt(first, found, scatter)
                return found, None
            elif on_a_peak(samples, view, found):
                top = octave_of(view.far)
            elif agrees(view, found) or (view.kind == "smooth" and in_low_precision(samples)):
                verdict = small_loss(samples, view)
                self.noise, self.status = verdict.noise, verdict.status
                # a step that has shrunk away from structure must not grow back into it
                found = yield from resolve(samples, 0, last, may_grow=last == both)
                self.compare(view, found)
                self._doubt(first, found, scatter)
                return found, None
            elif view.kind == "smooth":
                low = math.frexp(view.far)[1] - 1
                off = abs(view.slope - found.value)
                if off > view.slope_error and abs(samples.quotient(low, 0)[0] - found.value) < 0.25 * off:
                    low = octave_of(view.near)  # the values farthest off are not those of that line
                top = yield from smooth_octave(samples, low, last, found.value)
                if top in tops:
                    verdict = yield from noise(samples, view, found)  # looks smooth, is not
                    top = verdict.top
                    self.noise, self.status = verdict.noise, verdict.status
            else:
                if last == both:
                    scatter = scatter_beside(samples, view)
                verdict = yield from explain(samples, view, found)
                if verdict.outcome is not None:
                    return found, verdict.outcome
                top = verdict.top
                self.noise, self.status = verdict.noise, verdict.status
                self.jumped = self.jumped or (view.kind == "jump" and top is not None)
                self.scattered = self.scattered or (view.kind != "kink" and top is not None)
            if top is None or top in tops:
                found = yield from resolve(samples, 0, last)
                self._doubt(first, found, scatter)
                if top is not None and samples.amplitude == 0.0 and view is not None and still_off(view, found):
                    self.status = Status.UNDECIDED
                return found, None
            tops.add(top)
            last, before = top, found
            found = yield from resolve(samples, 0, top, may_grow=False)
        self.unsettled(found, before)
        return found, None

    def _doubt(self, first: Resolved, found: Resolved, scatter: float) -> None:
        """Leave it undecided where large steps know one slope, tiny ones another, and what lies between scatters.

        A narrow structure ends somewhere, and f is smooth beyond; what cancels beside x scatters there too.
        """
        off = abs(found.value - first.value) - 8 * (first.total + found.total)
        known = math.ldexp(first.total, first.low) <= KNOWN * self.samples.eta(self.samples.f0)
        narrow = found.high < self.samples.line.octave - NARROW
        self.doubtful = known and narrow and scatter > SCATTERS and off > 0.1 * max(abs(first.value), abs(found.value))

    def compare(self, view: View, found: Resolved) -> None:
        """Note a slope that differs right around x: a jump of the curvature beside x moves it, rounding only scatters it."""
        shift = abs(view.slope - found.value)
        self.shift = shift if shift > 3 * view.slope_deviation else 0.0

    def unsettled(self, found: Resolved, before: Resolved) -> None:
        """Let the bound include the last change; undecided unless that is far below the slopes seen on the way."""
        change = abs(found.value - before.value)
        found.truncation = max(found.truncation, change)
        if not change <= 1e-6 * abs(self.samples.quotient(self.samples.line.octave, found.side)[0]):
            self.status = Status.UNDECIDED

    def _other_side(self, found: Resolved, side: int, top: int) -> Generator[Request, list, Resolved]:
        """Return the one-sided slope of the roomier side where it is much more precise and agrees with the central one."""
        other = yield from resolve(self.samples, side, top)
        if 4 * other.total < found.total and abs(other.value - found.value) <= 2 * found.total + other.total:
            view = yield from disagreement(self.samples, other)
            if view is None:
                return other
        return found

    def conclude(self, found: Resolved, status: Status) -> Outcome:
        return self.adopt(conclude(self.samples, found, status, self.noise, self.shift))

    def adopt(self, outcome: Outcome) -> Outcome:
        """Replace the value by the complex step's where the ladder, an independent witness, confirms it."""
        value, samples = self.complex_value, self.samples
        if value is None or outcome.status is not Status.OK or samples.amplitude > 0.0:
            return outcome
        if abs(value - outcome.value) <= outcome.error <= 1e-3 * abs(value):
            rounding = samples.line.unit * abs(samples.f0)
            error = adopted_error(self.complex_error, outcome, rounding, samples.line.scale, max, min)
            if error <= outcome.error:
                return Outcome(value, error, Status.OK, 0.0, value, value, outcome.noise)
        return outcome
