"""The loop: one for all methods.  A step costs one evaluation, and the loop adds a few microseconds to it.

What a step must do is in `run`; everything that can wait (norms, angles, constants) is made of whole blocks by the recorder, and tests that need it run once a
block.  The gradient test costs one dot product: ‖g‖₂² > n t² implies ‖g‖∞ > t.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwise.descent.batches import Exhausted
from gradwise.descent.lengths import length
from gradwise.descent.methods import Failed, Method, Search
from gradwise.descent.methods.gd import GradientDescent
from gradwise.descent.objective import DOMAIN_ERRORS, Objective, outside_domain
from gradwise.descent.progress import Progress
from gradwise.descent.recorder import LongRows, Recorder, recorder_for
from gradwise.descent.stopping import StopReason
from gradwise.descent.unbounded import UNBOUNDED
from gradwise.descent.watch import Watch

#: steps at which a rate above the limit is looked for
_EARLY = (8, 16)


@dataclass(slots=True)
class Limits:
    """When to stop."""

    maxiter: int
    tol: float
    max_time: float | None
    step_tol: float
    clip_norm: float | None
    trace_limit: int


@dataclass(slots=True)
class Outcome:
    """What the loop leaves behind."""

    reason: StopReason
    x: np.ndarray
    f: float
    g: np.ndarray
    steps: int
    recorder: Recorder
    filled: int
    state: Any
    rate: float
    threshold: float
    details: dict[str, Any] = field(default_factory=dict)


def run(
    objective: Objective,
    x: np.ndarray,
    method: Method | Search,
    rates: float | Callable[[int], float],
    limits: Limits,
    *,
    callback: Callable[[Any, Any], None] | None = None,
    progress: bool | None = None,
    automatic: Callable[[np.ndarray, np.ndarray], float] | None = None,
) -> Outcome:
    """Descend from x.

    Parameters
    ----------
    rates : float or callable
        The rate, or the schedule; the first trial of a search of Newton's kind.
    callback : callable, optional
        Takes (x, (f, g, k)); StopIteration stops.
    automatic : callable, optional
        ``(x, g) → η``, asked at each step: 1/L̂ of a method that does not search.
    """
    clock = time.perf_counter
    began = clock()
    deadline = math.inf if limits.max_time is None else began + limits.max_time
    objective.next_batch()
    with np.errstate(all="ignore"):
        g: Any
        f, g = objective.evaluate(x)
        evaluate = objective.evaluate
        recorder = recorder_for(x.size, x.dtype, limits.maxiter, limits.trace_limit)
        X, G, F, R, T, S = recorder.X, recorder.G, recorder.fun, recorder.rate, recorder.time, recorder.squares
        norm = float(np.max(np.abs(g)))
        threshold = limits.tol * max(1.0, norm) if math.isfinite(norm) else limits.tol
        squared = x.size * threshold * threshold * (1 + 1e-6)
        watch = Watch(objective, method, f, x, g, limits)
        ceiling = watch.ceiling
        state = method.init(x, g)
        step: Any = method.step
        # points are written where they will be kept, if f gets no hold of the array itself
        own = not method.searches and objective.derivatives == "exact"
        placed = own and recorder.whole
        if own and type(method) is GradientDescent and isinstance(recorder, LongRows):
            moved = recorder.moved
            step = lambda _, x, g, rate, out: moved(x, g, rate)
        note = recorder.note if isinstance(recorder, LongRows) else None
        # gradients in containers are written where they will be kept
        written = None
        if note is None and not method.searches:
            written = objective.placing(G, recorder.points if placed else None)
        scheduled = rates if callable(rates) else None
        rate = math.nan if callable(rates) else float(rates)
        searches, maxiter, clip, batches = (
            method.searches,
            limits.maxiter,
            limits.clip_norm,
            objective.batches is not None,
        )
        details: dict[str, Any] = {}
        rows, k, last = recorder.rows, 0, began
        row: int = 0
        clipped = 0
        lowest, infinite, early, step_tol = (
            UNBOUNDED,
            math.inf,
            _EARLY,
            limits.step_tol,
        )  # names that are looked up at every step
        reason: StopReason | None = None
        with Progress(limits.maxiter, f, norm, progress) as shown, _interruptible(objective, lambda: (x, f, k)):
            while True:
                F[k], T[k] = f, last - began
                if note is not None:
                    gg = note(row, x, g)
                else:
                    if not placed or k == 0:
                        X[row] = x
                    if written is None or k == 0:
                        G[row] = g
                    S[k] = gg = float(g.dot(g))
                row += 1
                if gg <= squared or not (lowest < f < ceiling and gg < infinite):
                    reason = watch.judge(k, f, g, gg, threshold, F)
                    if reason is not None:
                        break
                if k in early:
                    seen = max(row - watch.span, 0)
                    reason = watch.early(
                        k, x, F, rate, (X[seen:row], G[seen:row]) if k == _EARLY[-1] and row > 5 else None
                    )
                    if reason is not None:
                        break
                if row == rows:
                    block = recorder.flush(row)
                    row, X, F, R, T, S = 1, recorder.X, recorder.fun, recorder.rate, recorder.time, recorder.squares
                    reason = watch.block(recorder, block, k, x, F, rate)
                    del block  # long vectors are let go one by one: many at once would go back to the system
                    if written is not None:
                        g = G[0]
                    if reason is not None:
                        break
                if k >= maxiter:
                    reason = StopReason.MAX_ITERATIONS
                    break
                if last > deadline:
                    reason = StopReason.MAX_TIME
                    break
                if last > shown.due:
                    shown.update(k, f, gg, last)
                if callback is not None:
                    try:
                        callback(x, (f, g, k))
                    except StopIteration:
                        reason = StopReason.CALLBACK
                        break
                if automatic is not None:
                    rate = automatic(x, g)
                elif scheduled is not None:
                    rate = float(scheduled(k))
                try:
                    if searches:
                        objective.rate = rate
                        found = step(state, x, f, g, objective)
                        if type(found) is Failed:
                            details["search"] = found.why
                            reason = (
                                StopReason.F_CHANGE_BELOW_NOISE
                                if watch.at_floor(x, f, g)
                                else StopReason.LINE_SEARCH_FAILED
                            )
                            break
                        R[k] = found.rate
                        x_new, f, g = found.x, found.f, found.g
                        if batches:
                            objective.next_batch()
                            f, g = evaluate(x_new)
                    else:
                        if clip is not None and gg > clip * clip:
                            clipped += 1
                            shorter = g * (clip / (math.sqrt(gg) if gg < math.inf else length(g)))
                            x_new = step(state, x, shorter, rate, X[row] if placed else None)
                        else:
                            x_new = step(state, x, g, rate, X[row] if placed else None)
                        R[k] = rate
                        if batches:
                            objective.next_batch()
                        if written is not None:
                            f, g = written(x_new, k + 1, row)
                        else:
                            g = None  # its memory is free for the next one
                            f, g = evaluate(x_new)
                except Exhausted:
                    g = G[row - 1].copy()
                    reason = StopReason.DATA_EXHAUSTED
                    break
                except DOMAIN_ERRORS as error:
                    if not outside_domain(error):
                        raise
                    g = G[row - 1].copy()
                    details["error"] = error
                    details["bad"] = x_new if not searches else x
                    reason = watch.failure(k, F)
                    break
                if step_tol and float(np.max(np.abs(x_new - x))) <= step_tol * max(1.0, float(np.max(np.abs(x)))):
                    reason = StopReason.STEP_TOLERANCE
                x = x_new
                k += 1
                last = clock()
                if reason is not None:
                    F[k], T[k] = f, last - began
                    if note is None:
                        X[row], G[row], S[k] = x, g, float(g.dot(g))
                    else:
                        note(row, x, g)
                    row += 1
                    break
    if clipped:
        details["clipped"] = clipped
    details.update(watch.details)
    fresh = row - (1 if recorder.flushed else 0)
    watch.remember(F[k - fresh + 1 : k + 1], k, X[:row], G[:row])
    details["best"] = watch.best
    return Outcome(
        reason, x.copy(), f, g.copy() if written is not None else g, k, recorder, row, state, rate, threshold, details
    )


@contextlib.contextmanager
def _interruptible(objective: Objective, point: Callable[[], tuple[np.ndarray, float, int]]) -> Iterator[None]:
    """An interruption from the keyboard goes on to the caller, with the point that was reached."""
    try:
        yield
    except KeyboardInterrupt as error:
        x, f, k = point()
        error.x = objective.parameters.own(x)  # type: ignore[attr-defined]  # for who catches it
        error.add_note(
            f"gradwise: interrupted after step {k}, at f = {f:.6g}; the point is the attribute x of this exception."
        )
        raise
