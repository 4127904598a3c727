"""Paths that another solver took: points noted as they come, values found again, and the same report made of them."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from gradwise.descent.cause import Cause
from gradwise.descent.causes import left_domain, wrong_gradient
from gradwise.descent.objective import Objective
from gradwise.descent.recorder import Recorder
from gradwise.descent.report import Descent
from gradwise.descent.stopping import StopReason
from gradwise.descent.trace import Trace
from gradwise.descent.unbounded import UNBOUNDED, fall, unbounded_sentence

#: evaluations remembered until their point is noted
_RECENT = 64
_LIMIT = 64 << 20


class Visits:
    """The evaluations that a solver asks for, and the points that it accepts.

    Attributes
    ----------
    path : list of (x, f, g, time)
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.path: list[tuple[np.ndarray, float, np.ndarray | None, float]] = []
        self.recent: dict[bytes, tuple[float, np.ndarray | None]] = {}
        self.values = 0
        self.began = time.perf_counter()
        self.dtype = objective.parameters.dtype
        self.outside: np.ndarray | None = None  # the first point at which f or its gradient was not finite

    def value_and_grad(self, z: np.ndarray) -> tuple[float, np.ndarray]:
        """The value f and its gradient, for ``jac=True``."""
        z = np.array(z, dtype=self.dtype).ravel()
        f, g = self.objective.evaluate(z)
        self._remember(z, f, g)
        return f, np.asarray(g, dtype=float)

    def value(self, z: np.ndarray) -> float:
        """The value f alone, for methods that take no gradient."""
        z = np.array(z, dtype=self.dtype).ravel()
        self.values += 1
        f = self.objective.value(z)
        self._remember(z, f, None)
        return f

    def _remember(self, z: np.ndarray, f: float, g: np.ndarray | None) -> None:
        if self.outside is None and not (math.isfinite(f) and (g is None or np.all(np.isfinite(g)))):
            self.outside = z
        if not self.path:
            self.path.append((z.copy(), f, g, time.perf_counter() - self.began))
        self.recent[z.tobytes()] = (f, g)
        if len(self.recent) > _RECENT:
            self.recent.pop(next(iter(self.recent)))

    def at(self, x: np.ndarray) -> tuple[float, np.ndarray | None]:
        """The value f and the gradient at a point, from memory where it is recent."""
        z = np.array(x, dtype=self.dtype).ravel()
        found = self.recent.get(z.tobytes())
        if found is None:
            found = self.objective.try_evaluate(z) or (math.nan, np.full(z.size, np.nan))
            self._remember(z, *found)
        return found

    def note(self, x: np.ndarray) -> None:
        """A point that the solver accepted."""
        z = np.array(x, dtype=self.dtype).ravel()
        if self.path and np.array_equal(self.path[-1][0], z):
            return
        self.path.append((z, *self.at(z), time.perf_counter() - self.began))


def trace_of(
    points: list[np.ndarray],
    fun: list[float],
    gradients: list[np.ndarray | None],
    rates: np.ndarray | None,
    times: list[float],
    shape: Any,
    names: list[str],
) -> tuple[Trace, dict[str, np.ndarray]]:
    """A trace of points, values and gradients that are known; rates are nan where nobody said."""
    n, count = points[0].size, len(points)
    recorder = Recorder(n, points[0].dtype, count, _LIMIT)
    with np.errstate(all="ignore"):
        squares = [np.nan if g is None else float(np.vecdot(g, g)) for g in gradients]
    row = 0
    for k, (x, g) in enumerate(zip(points, gradients, strict=True)):
        if row == recorder.rows:
            recorder.flush(row)
            row = 1
        recorder.X[row] = x
        recorder.G[row] = np.nan if g is None else g
        recorder.squares[k] = squares[k]
        recorder.fun[k], recorder.time[k] = fun[k], times[k]
        recorder.rate[k] = np.nan if rates is None or k >= len(rates) else rates[k]
        row += 1
    return recorder.finish(row, points[-1], shape, names)


def falling(
    objective: Objective, x: np.ndarray, f: float, g: np.ndarray, trace: Trace, extra: dict[str, np.ndarray]
) -> Cause | None:
    """The cause where f falls without bound from the end of a path."""
    if f < UNBOUNDED:
        return Cause("unbounded", f"f fell to {f:.3g}.")
    found = fall(objective, x, f, g, trace.points[0], float(trace.gradient_length[0]))
    if found is None:
        return None
    eps = float(np.finfo(x.dtype).eps)
    return Cause("unbounded", unbounded_sentence(found, f, trace, extra["gradient_change"], eps))


def foreign_report(
    visits: Visits, objective: Objective, reason: StopReason, message: str, name: str, *, free: bool = True
) -> Descent:
    """The report of a solver's path; ``free`` where no constraint keeps it from moving on."""
    missing = [k for k, (_, _, g, _) in enumerate(visits.path) if g is None]
    evaluations = visits.values + objective.evaluations
    path = list(visits.path)
    for k in missing:  # of methods without gradients the path still shows ‖g‖: one evaluation for each accepted point
        x, f, _, when = path[k]
        found = objective.try_evaluate(x)
        path[k] = (x, f, None if found is None else found[1], when)
    parameters = objective.parameters
    trace, extra = trace_of(
        [x for x, *_ in path], [f for _, f, *_ in path], [g for _, _, g, _ in path], None, [t for *_, t in path],
        parameters.shape, parameters.names() if parameters.size <= 50 else [],
    )  # fmt: skip
    x, f, g, _ = path[-1]
    cause = wrong_gradient(objective, x, 1e-5, thorough=not reason.success)
    if cause is None and free and reason is not StopReason.CALLBACK and g is not None:
        cause = falling(objective, x, f, g, trace, extra)
        if cause is not None:
            reason = StopReason.UNBOUNDED
            message = f"{reason.sentence} {reason.remedy} {message}"
    if cause is None and reason is StopReason.SOLVER_FAILED and visits.outside is not None:
        cause = left_domain(objective, visits.outside)
    notes = []
    if missing:
        notes.append(
            f"{name} uses no gradient; those of the trace were computed afterwards, at {len(missing)} accepted points."
        )
    if objective.derivatives == "numerical":
        notes.append("f could not be traced: its gradient, or a part of it, is numerical.")
    return Descent(
        x=x, fun=f, jac=g if g is not None else np.full(x.size, np.nan), objective=objective, trace=trace, extra=extra, stop_reason=reason,
        message=message, method=None, method_name=name, options={}, nfev=evaluations, cause=cause, notes=notes, parameters=parameters,
    )  # fmt: skip
