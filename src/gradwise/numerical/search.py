"""The search for one derivative along one line, as a generator: it yields steps and is sent the values there.

A generator, because one search is a chain of decisions while evaluation is best done in batches: `lanes` runs the
searches of all entries side by side, collects the steps they ask for, and evaluates them together.

The chain: complex step with its real check, else the ladder with its verification pair (`ladder`): nearly every
smooth function ends there.  Else, in this order: where is the function finite (domain); is the step limited by rounding
(grow) or by truncation (shrink); does the far smaller verification pair agree; and if not, what does the function look
like right around x (`microscope`): kink, jump, infinite slope, noise, or structure at a smaller scale, which restarts the
search at that scale.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass

from gradwise.numerical.complex_step import CHECK, TINY, judge_complex
from gradwise.numerical.ladder import LEVELS, PROBE, extrapolate, judge_ladder
from gradwise.numerical.line import INF, NAN, Line, Outcome
from gradwise.numerical.microscope import View, look, significant_bits
from gradwise.numerical.status import Status

Steps = Generator[list[float | complex], list[float | complex], "Outcome"]


@dataclass(slots=True)
class Resolved:
    """An extrapolated slope: central (side 0) or one-sided (side ±1)."""

    value: float
    truncation: float
    rounding: float
    high: int
    low: int
    side: int

    @property
    def total(self) -> float:
        """Truncation and rounding together."""
        return self.truncation + self.rounding


class Search:
    """State of one search; `run` is the generator."""

    __slots__ = ("amplitude", "complex_error", "complex_value", "f0", "line", "noise", "status", "values")

    def __init__(self, line: Line, f0: float) -> None:
        self.line = line
        self.f0 = f0
        self.values: dict[float, float] = {0.0: f0}
        self.amplitude = 0.0  # bound on one value's error where it is known to exceed rounding
        self.noise = 0.0
        self.status = Status.OK
        self.complex_value: float | None = None
        self.complex_error = 0.0

    # ------------------------------------------------------------------------------------------------- the chain
    def run(self, try_complex: bool) -> Steps:
        """Search: yields lists of steps, receives the values there, returns the Outcome."""
        if not math.isfinite(self.f0):
            return Outcome(NAN, INF, Status.NON_FINITE, 0.0, NAN, NAN, NAN)
        if try_complex:
            outcome = yield from self._complex_step()
            if outcome is not None:
                return outcome
        line = self.line
        octave = line.octave
        h = math.ldexp(1.0, octave)
        if h <= line.left and h <= line.right:
            outcome = yield from self._ladder(octave, h)
            if outcome is not None:
                return outcome
        return (yield from self.investigate(octave))

    def _complex_step(self) -> Generator[list[float | complex], list[float | complex], Outcome | None]:
        line = self.line
        scale = line.scale if line.scale > 1e-280 else 1.0
        exponent = math.frexp(scale)[1]
        tiny = math.ldexp(1.0, exponent + TINY)
        first = True
        for growth in (0, 12, 24):
            h = math.ldexp(1.0, exponent + CHECK + growth)
            if h > line.left or h > line.right:
                return None
            if first:
                answer = yield [complex(0.0, tiny), complex(0.0, h), h, -h]
                near, far, plus, minus = answer
                first = False
                if near is None or far is None:
                    self._store(h, plus, minus)
                    return None
            else:
                far, plus, minus = yield [complex(0.0, h), h, -h]
            self._store(h, plus, minus)
            if not (math.isfinite(plus) and math.isfinite(minus) and math.isfinite(near.imag)):
                return None
            value, error, accepted, blind = judge_complex(
                tiny, near.imag, h, far.real, far.imag, self.f0, (plus, minus), line.scale, line.unit, max
            )
            self.complex_value, self.complex_error = value, error
            if accepted and not blind:
                noise = line.unit * abs(self.f0)
                return Outcome(value, error, Status.OK, 0.0, value, value, noise)
            if not (accepted and blind):
                return None
        return None

    def _store(self, h: float, plus: float, minus: float) -> None:
        self.values[h] = plus
        self.values[-h] = minus

    def _ladder(self, octave: int, h: float) -> Generator[list[float | complex], list[float | complex], Outcome | None]:
        h1, h2, h3, v = 0.5 * h, 0.25 * h, 0.125 * h, h * 2.0**PROBE
        yield from self.sample([h, -h, h1, -h1, h2, -h2, h3, -h3, v, -v])
        values = self.values
        pairs = [(values[h], values[-h]), (values[h1], values[-h1]), (values[h2], values[-h2]), (values[h3], values[-h3])]
        value, error, accepted, eta = judge_ladder(
            h, pairs, (values[v], values[-v]), self.f0, self.line.unit, self.line.scale, max
        )
        if not accepted:
            return None
        return self.adopt(Outcome(value, error, Status.OK, h, value, value, eta))

    def sample(self, steps: list[float]) -> Generator[list[float | complex], list[float | complex], None]:
        """Evaluate at the steps that are new and within reach; the others are NaN."""
        values, line = self.values, self.line
        new = []
        for t in steps:
            if t not in values:
                if -line.left <= t <= line.right:
                    new.append(t)
                else:
                    values[t] = NAN
        if new:
            answers = yield new
            for t, answer in zip(new, answers):
                values[t] = answer

    # --------------------------------------------------------------------------------------------- the slow path
    def investigate(self, octave: int) -> Steps:
        """Find out why the ladder was not accepted, and what the derivative is."""
        yield from self.sample(self._steps(range(octave, octave - LEVELS, -1)) + self._steps([octave + PROBE]))
        tops = {}
        for side in (1, -1):
            tops[side] = yield from self._top(side, octave)
        if tops[1] is None and tops[-1] is None:
            return Outcome(NAN, INF, Status.NON_FINITE, 0.0, NAN, NAN, NAN)
        if tops[1] is None or tops[-1] is None:
            side = 1 if tops[-1] is None else -1
            return (yield from self._one_sided(side, tops[side]))
        both = min(tops[1], tops[-1])
        top = both
        for _ in range(4):
            found = yield from self.resolve(0, top)
            view = yield from self._verify(found)
            if view is None:
                break
            outcome, top = yield from self._explain(view, found, octave)
            if outcome is not None:
                return outcome
            if top is None:
                # noise: its level is known now, and the search for the step starts again from the top
                found = yield from self.resolve(0, both)
                break
        else:
            return self._conclude(found, Status.UNDECIDED)
        if tops[1] != tops[-1] and found.total > 1e-11 * abs(found.value):
            side = 1 if tops[1] > tops[-1] else -1
            other = yield from self.resolve(side, tops[side])
            if 4 * other.total < found.total:
                found = other
        status = self.status
        # More than 10 % uncertain, and not because of noise or rounding: the steps contradict one another.
        if found.truncation > 0.1 * abs(found.value) + 4 * found.rounding and found.total > 0.1 * abs(found.value):
            status = Status.UNDECIDED
        outcome = yield from self._staircase(found)
        return outcome or self._conclude(found, status)

    def _conclude(self, found: Resolved, status: Status) -> Outcome:
        magnitude, line = abs(found.value), self.line
        low = math.ldexp(1.0, found.low)
        error = 2 * found.total + line.unit * magnitude * (2 + 1.5 * line.scale / low)
        step = math.ldexp(1.0, found.high)
        noise = max(self.noise, line.unit * abs(self.f0))
        return self.adopt(Outcome(found.value, error, status, step, found.value, found.value, noise))

    def adopt(self, outcome: Outcome) -> Outcome:
        """Replace the value by the complex step's where the ladder, an independent witness, confirms it."""
        value = self.complex_value
        if value is None or outcome.status is not Status.OK:
            return outcome
        if abs(value - outcome.value) <= outcome.error <= 1e-3 * abs(value) and self.amplitude == 0.0:
            floor = 8 * max(outcome.noise, self.line.unit * abs(self.f0)) / max(outcome.step, self.line.scale)
            error = max(self.complex_error, min(floor, outcome.error), 1e-4 * outcome.error)
            return Outcome(value, error, Status.OK, 0.0, value, value, outcome.noise)
        return outcome

    # -------------------------------------------------------------------------------------------------- the domain
    def _floor(self) -> int:
        """Octave of the smallest step that is told apart from x."""
        return math.frexp(self.line.spacing)[1] + 1 if self.line.scale > 1e-280 else -60

    def _top(self, side: int, octave: int) -> Generator[list[float | complex], list[float | complex], int | None]:
        """Return the largest octave at and below which the function is finite on this side, None if it never is."""
        room = self.line.right if side > 0 else self.line.left
        known = [octave, octave - 1, octave - 2, octave - 3, octave + PROBE]
        if all(self._finite(side, k) for k in known):
            return octave
        floor = self._floor()
        if room < INF:
            if room < math.ldexp(1.0, floor + 1):
                return None
            limit = math.frexp(room)[1] - 1  # 2**limit <= room
            if limit < octave:
                probes = [limit] if limit <= octave + PROBE else [octave + PROBE, limit]
                yield from self.sample([side * math.ldexp(1.0, k) for k in probes])
                if all(self._finite(side, k) for k in probes):
                    return limit
        good, bad = None, octave
        for k in known:
            if not self._finite(side, k):
                good, bad = None, k
            elif good is None:
                good = k
        if good is None:
            yield from self.sample([side * math.ldexp(1.0, floor)])
            if not self._finite(side, floor):
                return None
            good = floor
        while bad - good > 1:
            middle = (bad + good) // 2
            yield from self.sample([side * math.ldexp(1.0, middle)])
            if self._finite(side, middle):
                good = middle
            else:
                bad = middle
        return good

    def _finite(self, side: int, octave: int) -> bool:
        return math.isfinite(self.values.get(side * math.ldexp(1.0, octave), NAN))

    def _steps(self, octaves: object, sides: tuple[int, ...] = (1, -1)) -> list[float]:
        return [side * math.ldexp(1.0, k) for k in octaves for side in sides]  # type: ignore[attr-defined]

    # ----------------------------------------------------------------------------------------------- the resolution
    def _quotients(self, side: int, ceiling: int | None = None) -> tuple[list[int], list[float], list[float]]:
        """Return the octaves, difference quotients and rounding bounds of all finite samples, descending."""
        octaves, slopes, bounds = [], [], []
        values, f0 = self.values, self.f0
        sides = (1, -1) if side == 0 else (side,)
        candidates = sorted({math.frexp(t)[1] - 1 for t in values if t != 0.0}, reverse=True)
        for k in candidates:
            if ceiling is not None and k > ceiling:
                continue
            h = math.ldexp(1.0, k)
            found = [values.get(s * h, NAN) for s in sides]
            if not all(map(math.isfinite, found)):
                continue
            if side == 0:
                slope = (found[0] - found[1]) / (2 * h)
                eta = max(self._eta(found[0]), self._eta(found[1]))
            else:
                slope = (found[0] - f0) / (side * h)
                eta = self._eta(found[0]) + self._eta(f0)
            octaves.append(k)
            slopes.append(slope)
            bounds.append(max(eta, 0.5 * self.line.unit * self.line.scale * abs(slope)) / h)
        return octaves, slopes, bounds

    def _eta(self, value: float) -> float:
        return max(self.line.unit * abs(value) + 5e-324, self.amplitude)

    def _best(self, side: int, ceiling: int | None) -> Resolved:
        octaves, slopes, bounds = self._quotients(side, ceiling)
        if not octaves:
            return Resolved(NAN, INF, INF, 0, 0, side)
        steps = [math.ldexp(1.0, k) for k in octaves]
        value, truncation, rounding, i, j = extrapolate(steps, slopes, bounds, 2 if side == 0 else 1)
        return Resolved(value, truncation, rounding, octaves[i], octaves[j], side)

    def resolve(
        self, side: int, top: int
    ) -> Generator[list[float | complex], list[float | complex], Resolved]:
        """Find the steps at which truncation and rounding balance: grow, shrink, or stop between."""
        sides = (1, -1) if side == 0 else (side,)
        levels = LEVELS if side == 0 else 7
        floor = self._floor()
        bottom = max(top - levels + 1, floor)
        ceiling = top
        yield from self.sample(self._steps(range(top, bottom - 1, -1), sides))
        best = self._best(side, ceiling)
        limit = 1023 if side == 0 and top >= self.line.octave else top + 0
        if side != 0 and top >= self.line.octave:
            limit = 1023
        grown = shrunk = 0
        for _ in range(14):
            goal = 2.0**-45 * abs(best.value) * (self.line.unit / 2.0**-53)
            if best.total <= goal:
                break
            if best.truncation <= best.rounding and best.high == ceiling and ceiling < limit and grown < 5:
                new = self._grow(side, ceiling)
                grown += 1
                octaves = sorted({new, new - 1, new - 2} if new - ceiling > 2 else range(ceiling + 1, new + 1))
                wanted = [t for t in self._steps(octaves, sides) if -self.line.left <= t <= self.line.right]
                if not wanted:
                    break
                yield from self.sample(wanted)
                if not any(all(self._finite(s, k) for s in sides) for k in octaves):
                    limit = ceiling
                    break
                ceiling = new
            elif best.truncation > best.rounding and bottom > floor and shrunk < 8:
                if best.low > bottom + 1:
                    break
                shrunk += 1
                bottom -= 1
                yield from self.sample(self._steps([bottom], sides))
            else:
                break
            best = self._best(side, ceiling)
        return best

    def _grow(self, side: int, octave: int) -> int:
        """Return the octave to try next when the step is limited by rounding: jump to the curvature's scale."""
        h = math.ldexp(1.0, octave)
        plus, minus = self.values.get(h, NAN), self.values.get(-h, NAN)
        size = max(abs(plus), abs(minus), abs(self.f0))
        if side == 0:
            bend = abs(plus - 2 * self.f0 + minus)
        else:
            half = self.values.get(side * h / 2, NAN)
            bend = abs((plus if side > 0 else minus) - 2 * half + self.f0)
        noise = max(self.line.unit * size, self.amplitude)
        if bend > 16 * noise and bend > 0:
            jump = int(0.5 * math.log2(max(size / bend, 1.0))) - 2
            return octave + min(max(jump, 1), 40)
        return octave + (6 if self.amplitude == 0.0 else 2)

    # ------------------------------------------------------------------------------------------------ verification
    def _verify(self, found: Resolved) -> Generator[list[float | complex], list[float | complex], View | None]:
        """Return None when a pair far below the steps used agrees with the slope found, else the microscope's view."""
        side = found.side
        sides = (1, -1) if side == 0 else (side,)
        octave = max(min(found.low - 7, self.line.octave + PROBE), self._floor())
        steps = self._steps([octave], sides)
        yield from self.sample(steps)
        v, f0 = math.ldexp(1.0, octave), self.f0
        eta = self._eta(f0)
        slack = 2 * v * (2 * found.total) + 4 * self.line.unit * self.line.scale * abs(found.value)
        resolved = found.truncation <= 1e-2 * abs(found.value) + 4 * found.rounding
        if side == 0:
            plus, minus = self.values[v], self.values[-v]
            h = math.ldexp(1.0, found.low)
            curvature = abs(self.values.get(h, NAN) - 2 * f0 + self.values.get(-h, NAN)) * (v / h) ** 2
            bend, drift = abs(plus - 2 * f0 + minus), abs(plus - minus - 2 * v * found.value)
            if resolved and bend <= 10 * eta + 3 * curvature and drift <= 6 * eta + slack:
                return None
        else:
            value = self.values[side * v]
            h = math.ldexp(1.0, found.low)
            curvature = abs(self.values.get(side * h, NAN) - f0 - side * h * found.value) * (v / h) ** 2
            if resolved and abs(value - f0 - side * v * found.value) <= 6 * eta + slack + 3 * curvature:
                return None
        return (yield from self._look(octave, sides))

    def _look(
        self, octave: int, sides: tuple[int, ...]
    ) -> Generator[list[float | complex], list[float | complex], View]:
        count = 4 if len(sides) == 2 else 6
        octave = max(octave, self._floor() + count - 1)
        steps = self._steps(range(octave, octave - count, -1), sides)
        yield from self.sample(steps)
        kept = [t for t in steps if math.isfinite(self.values[t])]
        if len(kept) < 4:
            return View("noise", INF, INF)
        eta = self.line.unit * max(abs(self.f0), *[abs(self.values[t]) for t in kept]) + 5e-324
        eta = max(eta, self.line.unit * self.line.scale * self._steepness(kept))
        view = look(kept, [self.values[t] for t in kept], self.f0, eta)
        view.octave, view.low = octave, octave - count + 1
        return view

    def _steepness(self, steps: list[float]) -> float:
        return max(abs(self.values[t] - self.f0) / abs(t) for t in steps[:2])

    # ---------------------------------------------------------------------------------------------- explanations
    def _explain(
        self, view: View, found: Resolved, octave: int
    ) -> Generator[list[float | complex], list[float | complex], tuple[Outcome | None, int | None]]:
        """Return (outcome, None) when settled, (None, octave) to search again from there, (None, None) for noise."""
        if view.kind == "kink":
            return (yield from self._kink(view))
        if view.kind == "jump":
            return (yield from self._jump(view))
        if view.kind == "power":
            outcome = yield from self._power(view)
            return outcome, view.low
        if view.kind == "smooth":
            return None, (yield from self._smooth_scale(view.octave, octave))
        return (yield from self._noisy(view))

    def _smooth_scale(self, low: int, high: int) -> Generator[list[float | complex], list[float | complex], int]:
        """Return the largest octave between a smooth one and a rough one at which D is still within a tenth."""
        h = math.ldexp(1.0, low)
        reference = (self.values[h] - self.values[-h]) / (2 * h)
        allowed = 0.1 * abs(reference) + 4 * self._eta(self.f0) / h
        while high - low > 1:
            middle = (low + high) // 2
            h = math.ldexp(1.0, middle)
            yield from self.sample([h, -h])
            if abs((self.values[h] - self.values[-h]) / (2 * h) - reference) <= allowed:
                low = middle
            else:
                high = middle
        return low

    def _kink(
        self, view: View
    ) -> Generator[list[float | complex], list[float | complex], tuple[Outcome | None, int | None]]:
        # A kink that lies beside x looks like one at x from afar: look again as close as rounding permits.
        resolution = 32 * max(view.residual, self._eta(self.f0)) / view.size
        close = max(math.frexp(resolution)[1], self._floor() + 1)
        if close < view.low:
            h = math.ldexp(1.0, close)
            yield from self.sample([h, -h])
            bend = abs(self.values[h] - 2 * self.f0 + self.values[-h])
            if bend < 0.5 * view.size * h:
                return None, (yield from self._flat_scale(close, view.low, view.size))
        sides = {side: self._best(side, None) for side in (1, -1)}
        right, left = sides[1], sides[-1]
        error = 2 * max(right.total, left.total)
        gap = abs(right.value - left.value)
        if not gap > 2 * error:
            # The extrapolations from afar contradict the view from nearby: believe the view.
            h = math.ldexp(1.0, view.octave)
            right.value, left.value = (self.values[h] - self.f0) / h, (self.f0 - self.values[-h]) / h
            gap = abs(right.value - left.value)
        value = 0.5 * (right.value + left.value)
        step = math.ldexp(1.0, max(right.high, left.high))
        noise = max(self.noise, self.line.unit * abs(self.f0))
        return Outcome(value, 0.5 * gap + error, Status.KINK, step, left.value, right.value, noise), None

    def _flat_scale(
        self, low: int, high: int, gap: float
    ) -> Generator[list[float | complex], list[float | complex], int]:
        """Return the largest octave at which the second difference does not see the kink beside x yet."""
        while high - low > 1:
            middle = (low + high) // 2
            h = math.ldexp(1.0, middle)
            yield from self.sample([h, -h])
            if abs(self.values[h] - 2 * self.f0 + self.values[-h]) < 0.02 * gap * h:
                low = middle
            else:
                high = middle
        return low

    def _jump(
        self, view: View
    ) -> Generator[list[float | complex], list[float | complex], tuple[Outcome | None, int | None]]:
        floor = self._floor() + 1
        h = math.ldexp(1.0, floor)
        yield from self.sample([h, -h])
        moves = [abs(self.values[h] - self.f0), abs(self.values[-h] - self.f0)]
        if max(moves) < 0.25 * view.size:
            # Not at x: a step or a narrow peak beside it.
            low, high = floor, view.low
            while high - low > 1:
                middle = (low + high) // 2
                h = math.ldexp(1.0, middle)
                yield from self.sample([h, -h])
                if max(abs(self.values[h] - self.f0), abs(self.values[-h] - self.f0)) < 0.25 * view.size:
                    low = middle
                else:
                    high = middle
            return None, low
        slopes = {}
        for side in (1, -1):
            whole = abs(self.values[side * h] - self.f0) < 0.25 * view.size
            far, near = math.ldexp(side, view.octave), math.ldexp(side, view.low)
            slope = (self.values[far] - self.values[near]) / (far - near)
            slopes[side] = self._best(side, None).value if whole else slope
        noise = max(self.noise, self.line.unit * abs(self.f0))
        return Outcome(NAN, INF, Status.JUMP, h, slopes[-1], slopes[1], noise), None

    def _power(self, view: View) -> Generator[list[float | complex], list[float | complex], Outcome | None]:
        """Return the outcome of an infinite slope if the power law goes on twelve octaves further down, else None."""
        far = view.low
        close = max(far - 12, self._floor() + 1)
        h = math.ldexp(1.0, close)
        yield from self.sample([h, -h])
        slopes = {}
        for side in (1, -1):
            outer, inner = self.values.get(math.ldexp(side, far), NAN), self.values.get(side * h, NAN)
            slope = (inner - self.f0) / (side * h)
            before = (outer - self.f0) / math.ldexp(side, far)
            slopes[side] = NAN
            if math.isfinite(slope):
                growing = abs(slope) > abs(before) * (1 + 0.02 * (far - close))
                slopes[side] = math.copysign(INF, slope) if growing else slope
        if not any(math.isinf(slope) for slope in slopes.values()):
            return None
        known = [slope for slope in slopes.values() if not math.isnan(slope)]
        value = known[0] if len(set(known)) == 1 else NAN
        noise = self.line.unit * abs(self.f0)
        return Outcome(value, INF, Status.NOT_DIFFERENTIABLE, h, slopes[-1], slopes[1], noise)

    def _noisy(
        self, view: View
    ) -> Generator[list[float | complex], list[float | complex], tuple[Outcome | None, int | None]]:
        values = [value for t, value in self.values.items() if math.isfinite(value)]
        size = max(abs(self.f0), max(map(abs, values)))
        if view.kind == "plateau":
            moves = sorted({abs(a - b) for a in values for b in values if a != b})
            quantum = moves[0] if moves else 0.0
            self.noise, self.amplitude = quantum / math.sqrt(12), quantum
            self.status = Status.QUANTISED
        else:
            close = max(view.low - 16, self._floor() + 1)
            h = math.ldexp(1.0, close)
            yield from self.sample([h, -h])
            moves = [self.values[h] - self.f0, self.values[-h] - self.f0]
            if all(map(math.isfinite, moves)) and 0 < max(map(abs, moves)) < 0.02 * view.size and view.size < INF:
                # Smooth after all, at a scale so small that it looked like noise.
                return None, close + 3
            self.noise = view.size
            self.amplitude = max(3 * view.size, view.residual)
            self.status = Status.NOISY if view.size > 1e3 * self.line.unit * size else Status.OK
        bits = significant_bits(values)
        if bits <= 26 and self.line.unit < 1e-10:
            unit = 2.0**-bits
            self.amplitude = max(self.amplitude, unit * size)
            self.noise = max(self.noise, 0.3 * unit * size)
            self.status = Status.LOW_PRECISION
        return None, None

    # ------------------------------------------------------------------------------------------------- other ends
    def _one_sided(self, side: int, top: int) -> Steps:
        for _ in range(3):
            found = yield from self.resolve(side, top)
            view = yield from self._verify(found)
            if view is None:
                break
            if view.kind == "power":
                outcome = yield from self._power(view)
                if outcome is not None:
                    return outcome
            if view.kind == "jump":
                return Outcome(NAN, INF, Status.JUMP, 0.0, NAN, NAN, self.noise)
            if view.kind in {"noise", "plateau"} and self.amplitude == 0.0:
                _, again = yield from self._noisy(view)
                if again is None:
                    found = yield from self.resolve(side, top)
                    break
                top = again
            else:
                top = view.octave
        else:
            self.status = Status.UNDECIDED
        outcome = self._conclude(found, self.status if self.status is Status.UNDECIDED else Status.ONE_SIDED)
        outcome.left, outcome.right = (NAN, outcome.value) if side > 0 else (outcome.value, NAN)
        return outcome

    def _staircase(self, found: Resolved) -> Generator[list[float | complex], list[float | complex], Outcome | None]:
        """Return an outcome when the values are exactly equal around x and then jump: a step function's tread."""
        start = self.line.octave
        if self.amplitude or any(self.values.get(t) != self.f0 for t in self._steps(range(start, start - LEVELS, -1))):
            return None
        larger = sorted(t for t, value in self.values.items() if t > 0 and math.isfinite(value))
        equal = [t for t in larger if self.values[t] == self.f0 == self.values.get(-t)]
        moved = [t for t in larger if t > max(equal) and self.values[t] != self.f0]
        if not moved:
            return None
        low, high = math.frexp(max(equal))[1] - 1, math.frexp(min(moved))[1] - 1
        while high - low > 1:
            middle = (low + high) // 2
            h = math.ldexp(1.0, middle)
            yield from self.sample([h, -h])
            if self.values[h] == self.f0 == self.values[-h]:
                low = middle
            else:
                high = middle
        h = math.ldexp(1.0, high)
        size = max(abs(self.values[h] - self.f0), abs(self.values[-h] - self.f0))
        if not size > 64 * self._eta(self.f0):
            return None
        return Outcome(0.0, 2 * size / h, Status.QUANTISED, h / 2, 0.0, 0.0, size / math.sqrt(12))
