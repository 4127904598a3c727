r"""Solutions of right-hand sides that go over to another branch on the way: divided where they do.

.. math:: g\bigl(t_a + \delta,\ \Phi^-_\delta(t_a, y_a)\bigr) = \text{const}, \qquad y_b = \Phi^+_{-\delta}\bigl(t_b + \delta,\ \Phi^-_\delta(t_a, y_a) + \text{const}\bigr)

A step that passes a kink has both slopes in it, and no branch knows that the time of the crossing moves: the first derivative of a solution with a kink would be right to the root of the tolerance only, the second would be wrong,
and both of one with a jump.  So the crossings are looked for along the plain solution, as zeros of the *gaps* of the recorded formula (``operators/solutions/sides.py``).  The pieces between have their own formula, from just
after one crossing to just before the next.  There the state follows the branch before it, Φ⁻, up to where its gap g is what it is at :math:`t_a`, and goes back along the branch after it, Φ⁺.  That time δ is zero in value, and has
derivatives.  What lies between :math:`t_a` and :math:`t_b`, 1e-10 of the time span, is taken as constant.

What it does not see: a crossing there and back within one step of a tolerance of 1e-10.

References
----------
Hiskens & Pai (2000), Trajectory sensitivity analysis of hybrid systems, section IV, for the first order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import carries
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.roots import differentiated, owned, rooted, sided
from gradwise.tracing.standins.proven import formula_of
from gradwise.tracing.standins.runge_kutta import CLASSICAL, RightHandSide, TooManyStepsError, advanced, moved
from gradwise.tracing.standins.solution_pieces import Pieces, on_side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.tracing.standins.proven import Formula

#: of the time span: how near to a crossing a piece ends; what is tried where a solution of another tolerance is on the wrong side there
_NEAR, _FURTHER = 1e-10, (1.0, 1.0, 1.0, 1e2, 1e4)
#: parts of a piece at which is looked how a right-hand side leaves a border; the least that counts, and the powers between which its curvature is infinite
_DISTANCES, _ROUNDING, _ROUGH = (2.0**-22, 2.0**-18, 2.0**-14, 2.0**-10), 1e-12, 1.8
#: a power of 0 is that of rounding
_FLAT = 0.3
#: crossings of one solution
_MANY = 300
_TRIALS = 200


class Crossing(NamedTuple):
    """When a solution crosses, the sides of the formula before it, which of the gaps vanishes, and whether that is positive before."""

    time: float
    sides: Any
    entry: int
    positive: bool


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


def divided(
    what: str,
    formula: Formula | None,
    function: RightHandSide,
    course: Course,
    start: Any,
    stops: Any,
    make: Callable[[Formula, tuple[float, float], Any], Any],
) -> Pieces | None:
    """The solution in pieces, if it crosses where its right-hand side switches; ``make`` gives the path of a piece (formula, times of its ends, state)."""
    if formula is None or len(course.times) < 2 or sided[0](formula) is None:
        return None
    with np.errstate(all="ignore"):
        found = _crossings(what, formula, function, course)
        if found is None:
            return None
        formula, begin, crossings = found
        return _pieces(what, formula, function, course, start, stops, make, begin, crossings)


def refuse_sliding(what: str, formula: Formula | None, times: Any, states: np.ndarray) -> None:
    """Raise if SciPy's own solution (a row of states for each time) goes to and fro over a border all along."""
    sides = None if formula is None else sided[0](formula)
    if sides is None or len(times) < _MANY:
        return
    with np.errstate(all="ignore"):
        above = sides.gaps(np.asarray(times, float), np.asarray(states, float)) > 0
    if np.max(np.count_nonzero(above[1:] != above[:-1], axis=0), initial=0) > _MANY:
        raise _too_many(what)


def _too_many(what: str) -> Exception:
    return _trace().fail(
        f"{what} was called for a right-hand side that switches more than {_MANY} times on the way, as one does that slides along a border, and has no derivative rule there. "
        "Integrate over shorter times, or smooth the switch; method='numerical' takes differences as it is"
    )


def _width(course: Course) -> float:
    span = abs(course.times[-1] - course.times[0])
    return float(_NEAR * span + 64 * np.finfo(float).eps * np.max(np.abs(course.times)))


def _crossings(
    what: str, formula: Formula, function: RightHandSide, course: Course
) -> tuple[Formula, float, list[Crossing]] | None:
    """The formula at the beginning, when that is (just after the first time where a gap vanishes there), and the crossings in order; None if there are none, or a formula cannot be recorded."""
    times, states = np.array(course.times), np.asarray(course.states)
    direction = 1.0 if times[-1] >= times[0] else -1.0
    width = _width(course)
    begin, sides = float(times[0]), sided[0](formula)
    gaps = sides.gaps(times, states)
    found: list[Crossing] = []
    place = turned = 0
    moves_on = (gaps[0] == 0) & (gaps[1] != 0)
    if moves_on.any():
        begin += direction * width
        states = np.concatenate([[_between(function, course, times[0], states[0], begin)], states[1:]])
        times[0] = begin
        further = recorded(function, function, (begin, states[0].copy()))
        if further is None:
            return None
        formula, sides = further, sided[0](further)
        gaps = None if sides is None else sides.gaps(times, states)
    while gaps is not None:
        crossed = np.flatnonzero(((gaps[1:] > 0) != (gaps[0] > 0)).any(axis=1))
        if not len(crossed):
            break
        if len(found) == _MANY:
            raise _too_many(what)
        before = place + int(crossed[0])
        low = (times[before], gaps[crossed[0]])
        high = (times[before + 1], gaps[crossed[0] + 1])
        base = times[before], states[before].copy()

        def state_at(t: float, base: tuple[float, np.ndarray] = base) -> np.ndarray:
            return _between(function, course, *base, t)

        def gaps_at(t: float, base: tuple[float, np.ndarray] = base, sides: Any = sides) -> np.ndarray:
            return sides.gaps(np.array([base[0], t]), np.stack([base[1], state_at(t)]))[1]

        at, entry = located(gaps_at, low, high, width)
        three = np.array([times[before], at, times[before + 1]])
        if sides.passes_by(entry, three, np.stack([states[before], state_at(at), states[before + 1]])):
            # a vector that turns round beside 0: looked at in smaller steps
            further_times = [0.5 * (times[before] + at), at]
            times = np.insert(times, before + 1, further_times)
            states = np.insert(states, before + 1, [state_at(t) for t in further_times], axis=0)
            gaps = sides.gaps(times[place:], states[place:])
            turned += 1
            if turned > _MANY:
                return None
            continue
        if direction * (at - times[-1]) >= -width:  # at the end itself, the piece before it holds
            break
        found.append(Crossing(at, sides, entry, bool(low[1][entry] > 0)))
        after = at + direction * 0.5 * width
        state = _between(function, course, *base, after)
        place = before
        while place + 1 < len(times) - 1 and direction * times[place + 1] <= direction * after:
            place += 1
        times[place] = after
        states = states.copy() if states is course.states else states
        states[place] = state
        now = recorded(function, function, (float(after), np.array(state)))
        if now is None:
            return None
        sides = sided[0](now)
        gaps = None if sides is None else sides.gaps(times[place:], states[place:])
    return (formula, begin, found) if found or moves_on.any() else None


def _between(function: RightHandSide, course: Course, start: float, y: np.ndarray, t: float) -> np.ndarray:
    """The plain state at a time between the ends of a step, the first of which is given."""
    if course.between is not None:
        return np.asarray(course.between(t))
    scheme, h = scipy.integrate.DOP853, t - start
    slopes: list[Any] = [np.asarray(function.plainly(float(start), y.copy()), float)]
    for i in range(1, scheme.n_stages):
        state = advanced(y, h, scheme.A[i, :i], slopes)
        slopes.append(np.asarray(function.plainly(float(start + scheme.C[i] * h), state), float))
    return advanced(y, h, scheme.B, slopes)


def located(gaps: Callable[[float], np.ndarray], low: Any, high: Any, width: float) -> tuple[float, int]:
    """When the first gap vanishes between two times, and which: by the Illinois variant of false position.

    Of several it is the first in the program: where a value jumps, the gaps of what reads it do so too, without being zero.
    """
    (a, at_a), (b, at_b) = low, high
    weight_a = weight_b = 1.0
    last = 0
    entry = 0
    for trial in range(_TRIALS):
        differ = np.flatnonzero((at_a > 0) != (at_b > 0))
        parts = weight_a * at_a[differ] / (weight_a * at_a[differ] - weight_b * at_b[differ])
        parts = np.where(np.isfinite(parts), parts, 0.5)
        entry = int(differ[0])
        if abs(b - a) <= 0.1 * width:
            break
        # every fourth trial halves, so that the interval is small at last whatever the gaps are
        t = 0.5 * (a + b) if trial % 4 == 3 else a + min(max(float(np.min(parts)), 1e-3), 1 - 1e-3) * (b - a)
        now = gaps(t)
        if ((now > 0) != (at_a > 0)).any():
            b, at_b = t, now
            weight_a, weight_b = (0.5 * weight_a if last > 0 else 1.0), 1.0
            last = 1
        else:
            a, at_a = t, now
            weight_b, weight_a = (0.5 * weight_b if last < 0 else 1.0), 1.0
            last = -1
    return float(0.5 * (a + b)), entry


def _pieces(
    what: str,
    formula: Formula,
    function: RightHandSide,
    course: Course,
    start: Any,
    stops: Any,
    make: Callable[..., Any],
    begin: float,
    crossings: list[Crossing],
) -> Pieces:
    """The pieces, one after the other."""
    first, last = float(course.times[0]), float(course.times[-1])
    direction = 1.0 if last >= first else -1.0
    stops = sorted({float(t) for t in np.ravel(stops)}, reverse=direction < 0)
    pieces = Pieces(function, start, direction)
    state = start
    if begin != first:
        # on the border itself: the branch after it, at once
        pieces.keep([first], np.stack([start]))
        state = start + (begin - first) * function(first, start)
        stops = [t for t in stops if t != first]
    side: Any = None
    for crossing in crossings:
        at = crossing.time
        for further in _FURTHER:
            half = direction * 0.5 * further * _width(course)
            before, after = at - half, at + half
            side = _steady(crossing.sides, course, begin, before, state) if side is None else side
            path = make(side, (begin, before), state)
            end = pieces.append(path, (begin, before), stops)
            value = np.asarray(plain(end))
            value_after = value + (after - before) * np.asarray(function.plainly(before, value.copy()), float)
            gaps = crossing.sides.gaps(np.array([before, after]), np.stack([value, value_after]))[:, crossing.entry]
            if (gaps[0] > 0) == crossing.positive and (gaps[1] > 0) != crossing.positive:
                break
            # the piece is nearer to the solution than what the crossing was found on
            at = before + float(gaps[0] / (gaps[0] - gaps[1])) * (after - before)
            if not 0 < (at - begin) * direction < abs(last - begin):
                at = crossing.time
            pieces.undo()
        else:
            raise _trace().fail(
                f"{what} was called for a right-hand side that switches at t = {crossing.time:.6g}, where the solution only touches the border, and has no derivative. "
                "A solution that crosses it is required; method='numerical' takes differences as it is"
            )
        now = recorded(function, function, (after, value_after.copy()))
        if now is None:
            raise TooManyStepsError
        for t, y, way in (before, value, -1.0), (after, value_after, 1.0):
            if _is_rough(function, t, y, way * direction * abs(after - begin)):
                raise _trace().fail(
                    f"{what} was called for a right-hand side that goes over to another branch at t = {t:.6g} like a root or another broken power, whose slope or curvature is infinite there: its steps do not resolve the derivatives. "
                    "A right-hand side with finite slopes and curvatures on both sides is required: smooth it beside the border; method='numerical' takes differences as it is"
                )
        rest = sided[0](now)
        further_side = now if rest is None else _steady(rest, course, after, last, value_after)
        sides = on_side(function, side), on_side(function, further_side)
        state = _crossed(what, sides, crossing, before, end, after, value_after)
        begin, side = after, further_side
    if side is None:
        rest = sided[0](formula)
        side = formula if rest is None else _steady(rest, course, begin, last, state)
    pieces.append(make(side, (begin, last), state), (begin, last), stops)
    return pieces


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


def _steady(sides: Any, course: Course, begin: float, end: float, state: Any) -> Any:
    """The formula on the sides of the beginning of a piece, as which the solution goes on up to its end."""
    times = np.asarray(course.times)
    inside = (min(begin, end) < times) & (times < max(begin, end))
    return sides.steady(begin, np.asarray(plain(state)), along=(times[inside], np.asarray(course.states)[inside]))


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
    if delay is None or not carries(delay):
        return y + constant
    there = moved(sides[0], before, y, delay, CLASSICAL) + constant
    return moved(sides[1], after + delay, there, -delay, CLASSICAL)


def _trace() -> Any:
    trace = current_trace()
    assert trace is not None
    return trace
