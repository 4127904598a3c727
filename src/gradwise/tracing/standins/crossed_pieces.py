"""The pieces of a solution between the places where its right-hand side goes over to another branch, and the way over these (``crossings.py``, which finds them and has the formula)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import carries
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.roots import differentiated, owned, rooted, sided
from gradwise.tracing.standins.proven import formula_of
from gradwise.tracing.standins.runge_kutta import CLASSICAL, RightHandSide, TooManyStepsError, moved
from gradwise.tracing.standins.solution_pieces import Pieces, on_side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.tracing.standins.proven import Formula

#: of the time span: how near to a crossing a piece ends; what is tried where a solution of another tolerance is on the wrong side there
_NEAR, _FURTHER = 1e-10, (1.0, 1.0, 1.0, 1e2, 1e4)
#: how near where the formula loses its digits: the second derivative of an eigenvalue has an error of ε²/gap³
_BLURRED = 1e-7
#: parts of a piece at which is looked how a right-hand side leaves a border; the least that counts, and the powers between which its curvature is infinite
_DISTANCES, _ROUNDING, _ROUGH = (2.0**-22, 2.0**-18, 2.0**-14, 2.0**-10), 1e-12, 1.8
#: a power of 0 is that of rounding
_FLAT = 0.3


class Crossing(NamedTuple):
    """When a solution crosses, the sides of the formula before it, which of the gaps vanishes, whether that is positive before, and how far before and after the pieces end."""

    time: float
    sides: Any
    entry: int
    positive: bool
    width: float


class Course(NamedTuple):
    """A plain solution: ends of steps, states there, and the solution between them (None: by one step)."""

    times: Sequence[float]
    states: np.ndarray
    between: Callable[[float], Any] | None


def recorded(function: RightHandSide, run: Callable[..., Any], point: Sequence[Any]) -> Formula | None:
    """The program of a run of the right-hand side; one of which nothing is proved has work arrays of its own meanwhile.  None if it cannot be recorded."""
    if function.proved is not None:
        return formula_of(run, point)
    callback, trace = function.callback, _trace()
    called, error = callback.called, trace.error
    callback.called = own = callback.owned = callback.owned or owned[0](called)
    try:
        found = formula_of(run, point, own.borrow)
    finally:
        callback.called = called
    if found is None:
        trace.error = error  # it is watched at each call as before
    return found


def width_of(course: Course, *, blurred: bool = False) -> float:
    """How far apart two pieces are."""
    span = abs(course.times[-1] - course.times[0])
    return float((_BLURRED if blurred else _NEAR) * span + 64 * np.finfo(float).eps * np.max(np.abs(course.times)))


class Division:
    """A solution that is divided; ``make`` gives the path of a piece (formula, times of its ends, state)."""

    def __init__(
        self, what: str, function: RightHandSide, course: Course, start: Any, make: Callable[..., Any]
    ) -> None:
        self.what, self.function, self.course, self.make = what, function, course, make
        self.first, self.last = float(course.times[0]), float(course.times[-1])
        self.direction = 1.0 if self.last >= self.first else -1.0
        self._pieces = Pieces(function, start, self.direction)

    def pieces(self, formula: Formula, begin: float, stops: Any, crossings: list[Crossing]) -> Pieces:
        """The pieces, one after the other, with the states at the stops; ``formula`` is that at the beginning."""
        made, what, function = self._pieces, self.what, self.function
        stops = sorted({float(t) for t in np.ravel(stops)}, reverse=self.direction < 0)
        state = made.start
        if begin != self.first:
            # on the border itself: the branch after it, at once
            made.keep([self.first], np.stack([state]))
            state = state + (begin - self.first) * function(self.first, state)
            stops = [t for t in stops if t != self.first]
        side = self._steady(formula, begin, state, crossings[0] if crossings else None)
        for number, crossing in enumerate(crossings):
            before, end, after, value = self._up_to(crossing, side, begin, state, stops)
            now = recorded(function, function, (after, value.copy()))
            if now is None:
                raise TooManyStepsError
            for t, y, way in (before, np.asarray(plain(end)), -1.0), (after, value, 1.0):
                if _is_rough(function, t, y, way * self.direction * abs(after - begin)):
                    raise _trace().fail(
                        f"{what} was called for a right-hand side that goes over to another branch at t = {t:.6g} like a root or another broken power, whose slope or curvature is infinite there: its steps do not resolve the derivatives. "
                        "A right-hand side with finite slopes and curvatures on both sides is required: smooth it beside the border; method='numerical' takes differences as it is"
                    )
            further = self._steady(now, after, value, crossings[number + 1] if number + 1 < len(crossings) else None)
            state = _crossed(
                what, (on_side(function, side), on_side(function, further)), crossing, before, end, after, value
            )
            begin, side = after, further
        made.append(self.make(side, (begin, self.last), state), (begin, self.last), stops)
        return made

    def _up_to(
        self, crossing: Crossing, side: Any, begin: float, state: Any, stops: Sequence[float]
    ) -> tuple[float, Any, float, np.ndarray]:
        """The piece before a crossing, appended: when it ends, the state then, the first time after the crossing, and the plain state then."""
        at = crossing.time
        for further in _FURTHER:
            half = self.direction * 0.5 * further * crossing.width
            before, after = at - half, at + half
            path = self.make(side, (begin, before), state)
            beyond, gaps = self._beyond(crossing, before, after, path.states[-1])
            if _goes_over(crossing, gaps):
                end = self._pieces.append(path, (begin, before), stops)
                beyond, gaps = self._beyond(crossing, before, after, end)
                if _goes_over(crossing, gaps):
                    return before, end, after, beyond
                self._pieces.undo()
            # the piece is nearer to the solution than what the crossing was found on
            at = before + float(gaps[0] / (gaps[0] - gaps[1])) * (after - before)
            if not 0 < (at - begin) * self.direction < abs(self.last - begin):
                at = crossing.time
        raise _trace().fail(
            f"{self.what} was called for a right-hand side that switches at t = {crossing.time:.6g}, where the solution only touches the border, and has no derivative. "
            "A solution that crosses it is required; method='numerical' takes differences as it is"
        )

    def _beyond(self, crossing: Crossing, before: float, after: float, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """The plain state after a crossing, of that before it, and the gap before and after."""
        value = np.asarray(plain(y))
        slope = np.asarray(self.function.plainly(before, value.copy()), float)
        beyond = value + (after - before) * slope
        slope = 0.5 * (slope + np.asarray(self.function.plainly(after, beyond.copy()), float))
        beyond = value + (after - before) * slope
        gaps = crossing.sides.gaps(np.array([before, after]), np.stack([value, beyond]))
        return beyond, gaps[:, crossing.entry]

    def _steady(self, formula: Formula, begin: float, state: Any, crossing: Crossing | None) -> Any:
        """The formula on the sides of the beginning of a piece, as which the solution goes on up to the crossing at its end, if there is one."""
        sides = sided[0](formula)
        if sides is None:
            return formula
        end = self.last if crossing is None else crossing.time
        times = np.asarray(self.course.times)
        inside = (min(begin, end) < times) & (times < max(begin, end))
        along = times[inside], np.asarray(self.course.states)[inside]
        return sides.steady(
            begin, np.asarray(plain(state)), along=along, entry=None if crossing is None else crossing.entry
        )


def _goes_over(crossing: Crossing, gaps: np.ndarray) -> bool:
    """Whether the gap is on the one side before a crossing, and on the other after it."""
    return bool((gaps[0] > 0) == crossing.positive and (gaps[1] > 0) != crossing.positive)


def _is_rough(function: RightHandSide, t: float, y: np.ndarray, length: float) -> bool:
    """Whether the right-hand side leaves a point like a power below 2 of the distance, beside a straight line, along its own direction for this length of time."""
    slope = np.asarray(function.plainly(t, y.copy()), float)

    def leaves(part: float) -> np.ndarray:
        once, twice = (
            np.asarray(function.plainly(t + d * length, y + d * length * slope), float) for d in (part, 2 * part)
        )
        return np.abs(twice - 2 * once + slope)

    sizes = np.array([leaves(part) for part in _DISTANCES])
    counts = (sizes > _ROUNDING * np.abs(slope)).all(axis=0)
    powers = np.diff(np.log(np.where(counts, sizes, 1.0)), axis=0) / np.diff(np.log(_DISTANCES))[:, None]
    broken = ((powers > _FLAT) & (powers < _ROUGH)).all(axis=0)
    return bool((counts & broken & (np.ptp(powers, axis=0) < 2 - _ROUGH)).any())


def _crossed(
    what: str,
    sides: tuple[RightHandSide, RightHandSide],
    crossing: Crossing,
    before: float,
    y: Any,
    after: float,
    value: np.ndarray,
) -> Any:
    """The state just after a crossing, of the state just before it; ``sides`` are the right-hand sides before and after."""

    def along(h: Any) -> Any:
        gap = crossing.sides.traced(crossing.entry, before + h, moved(sides[0], before, y, h, CLASSICAL))
        return gap - plain(gap)

    formula = recorded(sides[0], along, (0.0,))
    delay: Any = None
    if formula is None or formula.moves:
        delay = None if formula is None else rooted[0](formula, 0.0, each=True)
        if delay is None:
            delay = differentiated[0](along, 0.0, ())
        if not np.isfinite(plain(delay)):
            raise _trace().fail(
                f"{what} was called for a right-hand side that switches at t = {crossing.time:.6g}, where the solution touches the border without a slope, and the time of the switch has no derivative. "
                "A solution that crosses it with a slope is required; method='numerical' takes differences as it is"
            )
    constant = value - np.asarray(plain(y))
    late: Any = 0.0 if delay is None or not carries(delay) else delay
    there = y if late is not delay else moved(sides[0], before, y, delay, CLASSICAL)
    beyond = there + constant
    if crossing.sides.is_blurred(crossing.entry):
        # far enough from both sides for what lies between to have a share
        between = 0.5 * (after - before) * (sides[0](before + late, there) + sides[1](after + late, beyond))
        beyond = beyond + (between - plain(between))
    return beyond if late is not delay else moved(sides[1], after + delay, beyond, -delay, CLASSICAL)


def _trace() -> Any:
    trace = current_trace()
    assert trace is not None
    return trace
