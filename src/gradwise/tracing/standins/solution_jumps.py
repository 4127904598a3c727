"""Jumps of a callback between the points that an algorithm of SciPy's asked for: what the derivative of the branches on both sides does not know.

Where a right-hand side jumps as the state passes a border, or an integrand at a place that moves, the derivative of the solution or the integral has a share of its own.  Recorded steps and sums lack it, and differences are often too
noisy there to say so.  So the function itself is asked.  Between neighbouring points it is halved where it is least like a straight line, until it is one to rounding or the two sides still differ: there it jumps.  A kink, as of
``np.where(y < 1, y, 1)``, is none, and a jump at a place that depends on nothing traced has no share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.standins.plain_callbacks import Callback, Switches, note_adaptive

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.tracing.standins.known_paths import KnownPath
    from gradwise.tracing.standins.runge_kutta import Path, RightHandSide

#: of the largest value of each entry: what a jump is at least
_LEAST = 1e-7
#: a little before the middle: a function that is odd about its jump, as a sign, is straight there at the middle
_WHERE, _HALVINGS = 0.4375, 44
#: along how many lines an integrand of several variables is looked at
_LINES = 16


#: coarser solutions change between neighbouring arguments by more than a verification by differences allows
VERIFIABLE = 1e-9


def note_steps(what: str, path: Path | KnownPath, rtol: Any, *, switches: bool) -> None:
    """Keep a run along recorded steps from being verified by differences, where these say nothing; raise where the right-hand side jumps."""
    if switches:
        refuse_jumps(what, path.function, path.times, path.states, moves=True)
    if path.is_implicit or (np.max(rtol) > VERIFIABLE and not switches):
        note_adaptive(what)


def refuse_jumps(what: str, function: RightHandSide, times: Any, states: Any, *, moves: bool) -> None:
    """Raise if a right-hand side jumps where a state that moves passes a border, or where a comparison with traced values turns."""
    points = np.array([plain(y) for y in states])
    trace = current_trace()
    assert trace is not None
    with np.errstate(all="ignore"):
        for low, high, by_state in jumps(function.plainly, times, points):
            turning = Switches()
            if not (by_state and moves):
                for point in low, high:
                    function(float(point[0]), point[1:])
            if (by_state and moves) or turning.seen():
                raise trace.fail(
                    f"{what} was called for a right-hand side that jumps at t = {low[0]:.6g}, where a comparison turns out otherwise than before. The derivative of the solution has a share of that jump, which "
                    "its branches do not know. Integrate up to that time (found with events= where the state decides) and from there on; method='numerical' takes differences as it is"
                )


def refuse_moving_jumps_inside(what: str, callback: Callback) -> None:
    """The same for a function of several variables, along the first of them."""
    lines: dict[Any, list[Any]] = {}
    for t, *rest in callback.several or ():
        lines.setdefault(tuple(rest), []).append((t, 0.0))
    chosen = list(lines)[:: max(len(lines) // _LINES, 1)]
    for rest in chosen:
        refuse_moving_jumps(what, callback, lines[rest], *rest)


def refuse_moving_jumps(what: str, callback: Callback, seen: Sequence[tuple[float, Any]], *rest: Any) -> None:
    """Raise if an integrand jumps between the numbers that SciPy asked for, where a comparison with traced values turns."""
    nodes = sorted({t for t, _ in seen})
    trace = current_trace()
    assert trace is not None
    with np.errstate(all="ignore"):
        for low, high, _ in jumps(lambda t, y: np.ravel(callback(t, *rest)), nodes, np.empty((len(nodes), 0))):
            turning = Switches()
            for point in low, high:
                callback.traced(float(point[0]), *rest)
            if turning.seen():
                raise trace.fail(
                    f"{what} was called for an integrand that jumps at {low[0]:.6g}, where a comparison with values that are differentiated turns out otherwise. The derivative of the integral has a share of that jump, "
                    "which the integrand does not know. Divide the integral there, with the place of the jump as a limit; method='numerical' takes differences as it is"
                )


def jumps(
    function: Callable[[Any, Any], Any], times: Sequence[float], states: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray, bool]]:
    """Points (time and state) just before and after a function of these jumps between neighbouring ones, and whether it does so by the state.

    What it does not see: a jump and back between two points, and jumps below 1e-7 of the largest value of their entry.
    """

    def value(point: np.ndarray) -> np.ndarray:
        return np.array(function(float(point[0].real), point[1:].copy())).ravel()

    points = [np.concatenate([[t], y]) for t, y in zip(times, states, strict=True)]
    values = [value(p) for p in points]
    if not values:
        return []
    least = _LEAST * np.max(np.abs(values), axis=0)
    found = []
    for a, b, fa, fb in zip(points, points[1:], values, values[1:], strict=False):
        low, high, at_low, at_high = a, b, fa, fb
        for _ in range(_HALVINGS):
            middle = low + _WHERE * (high - low)
            at_middle = value(middle)
            if np.all(np.abs(at_middle - (1 - _WHERE) * at_low - _WHERE * at_high) <= least):
                break
            size = least + np.finfo(float).tiny
            if np.max(np.abs(at_middle - at_low) / size) > np.max(np.abs(at_high - at_middle) / size):
                high, at_high = middle, at_middle
            else:
                low, at_low = middle, at_middle
        else:
            gap = np.abs(at_high - at_low)
            # rounding of a stiff right-hand side fluctuates on both sides, a jump stands still
            length, finest = np.max(np.abs(high - low)), 256 * np.finfo(float).eps * np.max(np.abs(high))
            aside = (high - low) * max(1.0, finest / length if length else 0.0)
            around = [[value(end + k * step) for k in (1, 2, 3)] for end, step in ((low, -aside), (high, aside))]
            spread = sum(np.max(np.abs(np.diff(side, axis=0)), axis=0) for side in around)
            jumping = (gap > least) & (gap > 10 * spread)
            if jumping.any():
                across = value(np.concatenate([low[:1], high[1:]]))
                by_state = np.abs(across - at_low) > 0.5 * gap
                found.append((low, high, bool((jumping & by_state).any())))
    return found
