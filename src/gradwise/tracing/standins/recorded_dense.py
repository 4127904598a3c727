"""Dense solutions of initial value problems, whose states are traced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.holders import standing_for, written
from gradwise.tracing.standins.left_behind import Left
from gradwise.tracing.standins.plain_callbacks import note_choice
from gradwise.tracing.standins.recording import carries
from gradwise.tracing.standins.runge_kutta import Path, moved
from gradwise.tracing.standins.scipy_calling import with_value
from gradwise.tracing.standins.stacking import assembled

if TYPE_CHECKING:
    from gradwise.tracing.standins.known_paths import KnownPath
    from gradwise.tracing.standins.solutions_again import Asking


def listed_array(a: Any) -> Any:
    """A list as an array."""
    return assembled(a) if type(a) in {list, tuple} else written(a)


def states_at(path: Path | KnownPath, times: np.ndarray, wanted: Any) -> list[Any]:
    """The states at times, moved to the traced ones where these are traced."""
    rows = path.at(times)
    if carries(wanted):
        concrete(wanted)
        rows = [
            moved(path.function, float(t), y, wanted[i] - float(t))
            for i, (t, y) in enumerate(zip(times, rows, strict=True))
        ]
    return rows


@standing_for("_plain")
class RecordedSolution:
    """``OdeSolution`` whose states are traced; while the trace is open a time may be traced too."""

    def __init__(self, plain_solution: Any, path: Path | KnownPath, asking: Asking | None, *callbacks: Any) -> None:
        self._plain = plain_solution
        self._path = path
        self._asking = asking
        self._callbacks = callbacks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)

    def __call__(self, t: Any) -> Any:
        """The states at times t: of shape (n,), or (n, len(t))."""
        t = listed_array(t)
        times = np.asarray(plain(t), float)
        value = self._plain(times)
        if self._asking is not None:
            return self._asking.inside(t, value)
        if not self._path.is_traced:
            return value
        wanted = np.reshape(t, (-1,)) if carries(t) else None
        found = Left(*self._callbacks)  # SciPy interpolates, and calls nothing
        if wanted is None and times.size:
            made = self._path.table(times.reshape(-1)).T
            made = made if times.ndim else made[:, 0]
        else:
            rows = states_at(self._path, times.reshape(-1), wanted)
            made = np.stack(rows).T if times.ndim else rows[0]
        found.restore()
        note_choice(made)
        return with_value(made, value)
