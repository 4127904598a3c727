"""gw.descend: the public door of the room."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy

from gradwise.containers.signatures import signature_of
from gradwise.descent.causes import find_cause
from gradwise.descent.lengths import length
from gradwise.descent.loop import Limits, Outcome, run
from gradwise.descent.methods import Method, Search, make_method
from gradwise.descent.methods.automatic import first_estimate
from gradwise.descent.objective import Objective, readable_start
from gradwise.descent.report import Descent
from gradwise.descent.stopping import StopReason
from gradwise.descent.unbounded import fall, unbounded_sentence
from gradwise.errors import InputError


def descend(
    f: Callable[..., Any],
    x0: Any,
    method: str = "gd",
    learning_rate: float | str | Callable[[int], float] = "auto",
    *,
    maxiter: int = 1000,
    tol: float = 1e-6,
    grad: Any = None,
    jac: Any = None,
    args: tuple[Any, ...] = (),
    data: Any = None,
    rng: Any = None,
    callback: Callable[..., Any] | None = None,
    progress: bool | None = None,
    clip_norm: float | None = None,
    max_time: float | None = None,
    step_tol: float = 0.0,
    trace_limit: int = 64 << 20,
    **options: Any,
) -> Descent:
    r"""Minimise f by a descent that explains itself: the path, why it stopped, and what theory says about both.

    .. math:: x_{k+1} = x_k - \eta_k \, d(\nabla f(x_k))

    Parameters
    ----------
    f : callable
        Returns one real number: f(v) of an array or a container of arrays, or f(x, y, …) of numbers; with ``data`` f(parameters, batch).
    x0 : array, number, or nested container of them
        The start.  float32 stays float32.
    method : str
        "gd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "newton" or "natural".
    learning_rate : float, callable or str
        A number; a function of the step, such as ``gw.descent.cosine(0.1, steps=500)``; or "auto": 1/L̂ with backtracking for gd, 1/L̂ for
        momentum and nesterov, 0.1 for adagrad, 0.01 for rmsprop and adam, 1 for newton and natural.  For gd also "armijo", "wolfe" (strong Wolfe
        conditions) and "adaptive" (Malitsky and Mishchenko).
    maxiter : int
        Steps at most.
    tol : float
        Stops once ‖∇f‖∞ ≤ tol · max(1, ‖∇f(x0)‖∞).
    grad, jac : callable or True, optional
        Your own gradient, called as f is; True if f returns (value, gradient).  By default the exact one, from one run of f.
    args : tuple
        Further arguments of f.
    data : iterable, optional
        Batches, gone through again and again; a batch that is a tuple or list fills several arguments of f, if it takes them.
    rng : int or numpy.random.Generator, optional
        Shuffles the batches before each pass.
    callback : callable, optional
        ``callback(intermediate_result)`` gets an OptimizeResult with x, fun, jac and nit before each step, a function with another parameter name the
        point alone; StopIteration stops.
    progress : bool, optional
        A progress bar: after two seconds on a terminal unless said otherwise.
    clip_norm : float, optional
        Longer gradients are scaled down to this length (methods with a given rate).
    max_time : float, optional
        Seconds.
    step_tol : float
        Stops once ‖Δx‖∞ ≤ step_tol · max(1, ‖x‖∞).
    trace_limit : int
        Bytes of points that the trace keeps; beyond it rows are thinned out.
    **options
        Of the method: ``beta`` (momentum, nesterov; also "increasing"), ``beta1, beta2, eps`` (adam), ``rho, eps`` (rmsprop), ``eps`` (adagrad), ``c1``
        (armijo), ``c1, c2`` (wolfe), ``strategy="trust_region" | "cholesky"``, ``radius`` (newton), ``metric, solver, damping, cg_tol, cg_maxiter`` (natural).

    Returns
    -------
    Descent
        ``print`` it.

    Raises
    ------
    InputError
        If an argument is out of range, or there is no such method or option.
    OutputError
        If f does not return one real number.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> report = gw.descend(lambda w: (w[0] - 3) ** 2 + 2 * (w[1] - 1) ** 2, np.zeros(2), learning_rate=0.25)
    >>> report.x.round(4), report.nit, report.stop_reason.value
    (array([3., 1.]), 20, 'gradient_tolerance')

    Notes
    -----
    A rate that diverges on a function of constant curvature is told by step 16, with one that works.  What the report cannot see: other minima,
    and curvature away from the path.
    """
    if grad is not None and jac is not None:
        msg = "gw.descend was given both grad and jac, which are two names for the gradient. One is required. Leave one out."
        raise InputError(msg)
    if callback is not None and not callable(callback):
        msg = f"callback={callback!r} is a {type(callback).__name__}. A function of the point is required. Write callback=lambda x: print(x), or leave it out."
        raise InputError(msg)
    limits = _limits(maxiter, tol, max_time, step_tol, clip_norm, trace_limit)
    chosen = make_method(method, learning_rate, options)
    method = method.lower() if isinstance(method, str) else method
    if data is None:
        x0 = readable_start(f, x0, args)
    objective = Objective(f, x0, args=args, grad=grad if grad is not None else jac, data=data, rng=rng)
    rates, automatic = _rates(chosen, learning_rate, objective)
    if clip_norm is not None and chosen.searches:
        msg = f"clip_norm was given with a method that searches for its step ({method!r}). A given learning_rate is required. Leave clip_norm out, or set one."
        raise InputError(msg)
    outcome = run(
        objective, objective.parameters.start, chosen, rates, limits,
        callback=None if callback is None else _callback(callback, objective), progress=progress, automatic=automatic,
    )  # fmt: skip
    return report_of(outcome, objective, chosen, method)


def report_of(outcome: Outcome, objective: Objective, method: Method | Search, name: str) -> Descent:
    """The report of a loop that has ended."""
    x, f, g = outcome.x, outcome.f, outcome.g
    best_f, best_k, best_x, best_g = outcome.details.pop("best")
    notes = []
    parameters = objective.parameters
    trace, extra = outcome.recorder.finish(
        outcome.filled, outcome.x, parameters.shape, parameters.names() if parameters.size <= 50 else []
    )
    if outcome.reason in {StopReason.MAX_ITERATIONS, StopReason.MAX_TIME} and outcome.steps:
        found = fall(objective, x, f, g, parameters.start, float(trace.gradient_length[0]))
        if found is not None:
            outcome.reason = StopReason.UNBOUNDED
            eps = float(np.finfo(x.dtype).eps)
            outcome.details["unbounded"] = unbounded_sentence(found, f, trace, extra["gradient_change"], eps)
    reason = outcome.reason
    failed = reason in {StopReason.DIVERGED, StopReason.NON_FINITE, StopReason.UNBOUNDED}
    used = outcome.recorder.rate[: outcome.steps]
    last_rate = (
        float(np.median(used[-max(len(used) // 4, 1) :]))
        if outcome.steps
        else math.nan
        if method.searches
        else outcome.rate
    )
    nfev = objective.evaluations
    with np.errstate(all="ignore"):  # what overflows is told in words
        cause = find_cause(reason, objective, method, last_rate, objective.parameters.start, best_x, outcome, trace)
    if failed and not (f <= best_f) and math.isfinite(best_f):
        x, f, g = best_x, best_f, best_g
        notes.append(f"x is the point with the lowest f, that of step {best_k}.")
    if objective.derivatives == "numerical":
        notes.append("f could not be traced: its gradient, or a part of it, is numerical.")
    if reason is StopReason.GRADIENT_TOLERANCE and not outcome.steps:
        notes.append(
            "no step was taken: the gradient is within the tolerance at the start, as it is at a saddle, at a maximum and on a plateau, too. report.end_point tells which; "
            "start elsewhere, or lower tol, if this is no minimum."
        )
    if "clipped" in outcome.details:
        notes.append(f"the gradient was clipped at {outcome.details['clipped']} of {outcome.steps} steps.")
    details = {key: value for key, value in outcome.details.items() if key not in {"error", "bad", "unbounded"}}
    if isinstance(outcome.state, dict):
        details.update(outcome.state)
    message = f"{reason.sentence} {reason.remedy}"
    if cause is not None and cause.learning_rate is not None:
        message = f"{reason.sentence} Take learning_rate={cause.learning_rate:.4g}."
    return Descent(
        x=x, fun=f, jac=g, objective=objective, trace=trace, extra=extra, stop_reason=reason, message=message, method=method,
        method_name=name, options=method.options(), nfev=nfev, state=outcome.state, cause=cause, notes=notes, details=details,
        parameters=parameters, same_function=objective.batches is None, last_rate=last_rate, tolerance=outcome.threshold,
    )  # fmt: skip


# --------------------------------------------------------------------------------------------------------------- arguments


def _limits(maxiter: Any, tol: Any, max_time: Any, step_tol: Any, clip_norm: Any, trace_limit: Any) -> Limits:
    if isinstance(maxiter, bool) or not isinstance(maxiter, int | np.integer) or maxiter < 0:
        msg = f"maxiter={maxiter!r}. A whole number of steps, 0 or more, is required. Write maxiter=1000."
        raise InputError(msg)
    for name, value, least in (("tol", tol, "0 or more"), ("step_tol", step_tol, "0 or more")):
        if not isinstance(value, int | float | np.number) or not value >= 0:
            msg = f"{name}={value!r}. A number, {least}, is required. Write {name}=1e-6."
            raise InputError(msg)
    for name, value in (("max_time", max_time), ("clip_norm", clip_norm), ("trace_limit", trace_limit)):
        if value is not None and (not isinstance(value, int | float | np.number) or not value > 0):
            msg = f"{name}={value!r}. A positive number is required. Leave {name} out, or write {name}=1."
            raise InputError(msg)
    return Limits(int(maxiter), float(tol), max_time, float(step_tol), clip_norm, int(trace_limit))


def _rates(method: Method | Search, learning_rate: Any, objective: Objective) -> tuple[Any, Any]:
    """The rate or schedule for the loop, and what adapts it."""
    if isinstance(learning_rate, str):
        if method.default_rate == "auto":
            return math.nan, LipschitzRate(objective)
        return float(method.default_rate), None
    if callable(learning_rate):
        first = learning_rate(0)
        if not isinstance(first, int | float | np.number) or not math.isfinite(first) or first < 0:
            msg = f"learning_rate(0) returned {first!r}. A schedule must return a number, 0 or more, for each step. Return a float."
            raise InputError(msg)
        return learning_rate, None
    if (
        isinstance(learning_rate, bool)
        or not isinstance(learning_rate, int | float | np.number)
        or not (math.isfinite(learning_rate) and learning_rate > 0)
    ):
        msg = f"learning_rate={learning_rate!r}. A positive number, a function of the step, or 'auto' is required. Write learning_rate=0.01."
        raise InputError(msg)
    return float(learning_rate), None


class LipschitzRate:
    """The rate η = 1/L̂, with L̂ the largest ‖Δg‖/‖Δx‖ so far; at the start from two gradients."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.L = 0.0
        self.x: np.ndarray | None = None
        self.g: np.ndarray | None = None

    def __call__(self, x: np.ndarray, g: np.ndarray) -> float:
        if self.x is None or self.g is None:
            self.L = first_estimate(x, g, self.objective)
        else:
            step, change = length(x - self.x), length(g - self.g)
            if step > 0 and math.isfinite(change):
                self.L = max(self.L, change / step)
        self.x, self.g = x, g
        return 1 / self.L


def _callback(
    callback: Callable[..., Any], objective: Objective
) -> Callable[[np.ndarray, tuple[float, np.ndarray, int]], None]:
    """The user's callback: ``callback(intermediate_result)`` or ``callback(x)``, told apart by the name as SciPy does."""
    try:
        by_name = set(signature_of(callback).parameters) == {"intermediate_result"}
    except (TypeError, ValueError):
        by_name = False
    own = objective.parameters.own

    def call(x: np.ndarray, point: tuple[float, np.ndarray, int]) -> None:
        if not by_name:
            callback(own(x))
            return
        f, g, k = point
        callback(intermediate_result=scipy.optimize.OptimizeResult(x=own(x), fun=f, jac=own(np.asarray(g)), nit=k))

    return call
