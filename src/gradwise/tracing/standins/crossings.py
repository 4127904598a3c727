r"""Solutions of right-hand sides that go over to another branch on the way: divided where they do.

.. math:: g\bigl(t_a + \delta,\ \Phi^-_\delta(t_a, y_a)\bigr) = \text{const}, \qquad y_b = \Phi^+_{-\delta}\bigl(t_b + \delta,\ \Phi^-_\delta(t_a, y_a) + \text{const}\bigr)

A step that passes a kink has both slopes in it, and no branch knows that the time of the crossing moves: the first derivative of a solution with a kink would be right to the root of the tolerance only, the second would be wrong,
and both of one with a jump.  So the crossings are looked for along the plain solution, as zeros of the *gaps* of the recorded formula (``operators/solutions/sides.py``).  The pieces between have their own formula, from just
after one crossing to just before the next.  There the state follows the branch before it, Φ⁻, up to where its gap g is what it is at :math:`t_a`, and goes back along the branch after it, Φ⁺.  That time δ is zero in value, and has
derivatives.  What lies between :math:`t_a` and :math:`t_b`, 1e-10 of the time span, is taken as constant
(``crossed_pieces.py``).

What it does not see: a crossing there and back within one step of a tolerance of 1e-10.

References
----------
Hiskens & Pai (2000), Trajectory sensitivity analysis of hybrid systems, section IV, for the first order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.roots import sided
from gradwise.tracing.standins.crossed_pieces import Course, Crossing, Division, recorded, width_of
from gradwise.tracing.standins.runge_kutta import RightHandSide, advanced

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.standins.proven import Formula
    from gradwise.tracing.standins.solution_pieces import Pieces

#: crossings of one solution
_MANY = 300
_TRIALS = 200
#: how long a step is, in widths, from which on one can tell a vector that passes through 0 from one that passes by
_TOLD = 1e5


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
        return Division(what, function, course, start, make).pieces(formula, begin, stops, crossings)


def refuse_sliding(what: str, formula: Formula | None, times: Any, states: np.ndarray) -> None:
    """Raise if SciPy's own solution (a row of states for each time) goes to and fro over a border all along."""
    sides = None if formula is None else sided[0](formula)
    if sides is None or len(times) < _MANY:
        return
    with np.errstate(all="ignore"):
        above = sides.gaps(np.asarray(times, float), np.asarray(states, float)) > 0
    if np.max(np.count_nonzero(above[1:] != above[:-1], axis=0), initial=0) > _MANY:
        raise _too_many(what)


def refuse_ties(what: str, sides: Any, entry: int, at: float, *points: Any) -> None:
    """Raise if more than two eigenvalues meet at a number, near the second of two points."""
    if sides.is_tied(entry, *points):
        raise _trace().fail(
            f"{what} was called for a function in which more than two eigenvalues or singular values become equal at {at:.6g}, or a repeated one meets another, and which of them goes on where cannot be said. "
            "Eigenvalues that meet in pairs are required; method='numerical' takes differences as it is"
        )


def _too_many(what: str) -> Exception:
    return _trace().fail(
        f"{what} was called for a right-hand side that switches more than {_MANY} times on the way, as one does that slides along a border, and has no derivative rule there. "
        "Integrate over shorter times, or smooth the switch; method='numerical' takes differences as it is"
    )


def _crossings(
    what: str, formula: Formula, function: RightHandSide, course: Course
) -> tuple[Formula, float, list[Crossing]] | None:
    """The formula at the beginning, when that is (just after the first time where a gap vanishes there), and the crossings in order; None if there are none, or a formula cannot be recorded."""
    times, states = np.array(course.times), np.asarray(course.states)
    direction = 1.0 if times[-1] >= times[0] else -1.0
    width = width_of(course)
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
        is_told = abs(three[2] - three[0]) > _TOLD * width
        if is_told and sides.passes_by(entry, three, np.stack([states[before], state_at(at), states[before + 1]])):
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
        refuse_ties(what, sides, entry, at, three[:2], np.stack([states[before], state_at(at)]))
        crossing = Crossing(
            at, sides, entry, bool(low[1][entry] > 0), width_of(course, blurred=sides.is_blurred(entry))
        )
        found.append(crossing)
        after = at + direction * 0.5 * crossing.width
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


def _trace() -> Any:
    trace = current_trace()
    assert trace is not None
    return trace
