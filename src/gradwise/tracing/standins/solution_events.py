"""Events along a solution: their times and states are roots of the event's function, by the implicit function theorem (up to the third derivative)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.roots import differentiated, rooted
from gradwise.tracing.standins.plain_callbacks import Callback, note_choice
from gradwise.tracing.standins.proven import formula_of
from gradwise.tracing.standins.runge_kutta import CLASSICAL, moved
from gradwise.tracing.standins.scipy_calling import with_value

if TYPE_CHECKING:
    from gradwise.tracing.standins.known_paths import KnownPath
    from gradwise.tracing.standins.runge_kutta import Path


def watched_events(events: Any, args: tuple[Any, ...]) -> Any:
    """The events' functions with plain results, and their settings."""
    if events is None:
        return None
    made = []
    for event in (events,) if callable(events) else events:
        callback = Callback(event, args)
        for name in ("terminal", "direction"):
            if hasattr(event, name):
                setattr(callback, name, plain(getattr(event, name)))
        made.append(callback)
    return made


def found_events(path: Path | KnownPath, watched: list[Callback], found: Any) -> tuple[Any, Any] | None:
    """Give the events that were found their derivatives; return time and state of the one that ended the run, if one did."""
    end = None
    for number, event in enumerate(watched):
        times = found.t_events[number]
        if not len(times):
            continue
        pairs = [_event(path, event, float(t)) for t in times]
        if getattr(event, "terminal", False) and found.status == 1 and len(found.t) and times[-1] == found.t[-1]:
            end = pairs[-1]
        made = np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs])
        note_choice(made)
        found.t_events[number] = with_value(made[0], times)
        found.y_events[number] = with_value(made[1], found.y_events[number])
    return end


def _event(path: Path | KnownPath, event: Callback, at: float) -> tuple[Any, Any]:
    """Time and state of an event: a root of the event's function along the solution, which one Runge-Kutta step continues."""
    y = path.at(np.array([at]))[0]

    def along(t: Any) -> Any:
        value = event.traced(t, moved(path.function, at, y, t - at, CLASSICAL))
        return value[(0,) * plain(value).ndim] if np.ndim(plain(value)) else value

    formula = formula_of(along, (at,)) if rooted else None
    time = None if formula is None or not formula.moves else rooted[0](formula, at, each=True)
    if time is None:
        with np.errstate(all="ignore"):
            time = differentiated[0](along, at, ())
    trace = current_trace()
    if not np.isfinite(plain(time)) and trace is not None:
        raise trace.fail(
            f"scipy.integrate.solve_ivp found an event at {at!r} where its function has no slope, and its time no derivative. A function that crosses zero with a slope is required"
        )
    return time, moved(path.function, at, y, time - at, CLASSICAL)
