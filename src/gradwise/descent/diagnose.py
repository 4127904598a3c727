"""gw.diagnose_run: the report of a descent for a path that somebody else took: SciPy, PyTorch, optax, or a loop of one's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradwise.containers import flatten
from gradwise.descent.cause import Cause
from gradwise.descent.causes import left_domain, overshooting
from gradwise.descent.foreign import falling, trace_of
from gradwise.descent.methods import Method, Search, make_method
from gradwise.descent.objective import Objective
from gradwise.descent.replay import replayed
from gradwise.descent.report import Descent
from gradwise.descent.stopping import StopReason
from gradwise.errors import InputError

_NAMES = {
    "x": ("x", "params", "parameters", "points", "xs"),
    "fun": ("fun", "f", "loss", "value", "values", "losses"),
    "jac": ("jac", "g", "grad", "gradient", "gradients", "grads"),
    "rate": ("learning_rate", "lr", "rate", "step_size", "eta"),
    "time": ("time", "times"),
}


def diagnose_run(
    trace: Any,
    f: Callable[..., Any] | None = None,
    *,
    method: str | None = None,
    learning_rate: float | Any = None,
    args: tuple[Any, ...] = (),
    **options: Any,
) -> Descent:
    """The report of `gradwise.descend` for a path taken by another solver or loop.

    Parameters
    ----------
    trace : dict, or list of points, dicts or OptimizeResults
        A dict of columns ``{"x": [...], "fun": [...], "jac": [...], "learning_rate": ...}``, or a list with one entry for each step: what a SciPy callback
        received (x, or intermediate_result), or dicts with these names.  Also "f", "loss"; "g", "grad"; "lr"; "params".  Points may be nested containers of
        arrays, of PyTorch tensors or of JAX arrays.
    f : callable, optional
        The function.  With it values and gradients that the trace lacks are computed, and the end point is looked at: λmax, classification.
    method : str, optional
        "gd", "momentum", "nesterov", "adam", …: with the learning rate, theory is compared with what was observed.  What an adaptive method divides by is gathered again
        from the gradients of the trace, which must be all of them, from the first step on.
    learning_rate : float or sequence, optional
        If the trace does not hold it.
    args : tuple
        Further arguments of f.
    **options
        Of the method, such as ``beta=0.9``.

    Returns
    -------
    Descent

    Raises
    ------
    InputError
        If the trace holds no points, or neither gradients nor f to compute them.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> x, points = np.array([1.0, 1.0]), []
    >>> for _ in range(60):
    ...     points.append(x.copy())
    ...     x = x - 0.09 * np.array([2 * x[0], 20 * x[1]])
    >>> report = gw.diagnose_run(points, lambda x: x[0] ** 2 + 10 * x[1] ** 2, method="gd", learning_rate=0.09)
    >>> round(report.rate.factor, 3), report.learning_rates.regime
    (0.82, 'oscillating')
    """
    columns = _columns(trace)
    points = columns["x"]
    if not points:
        msg = "gw.diagnose_run was given a trace without points. At least one point is required. Append a copy of x at each step."
        raise InputError(msg)
    start = _as_arrays(points[0])
    if not all(np.all(np.isfinite(leaf)) for leaf in flatten(start)[0] if np.asarray(leaf).dtype.kind in "fc"):
        msg = "the first point of the trace is not finite. A finite start is required. Leave out the rows before the run began."
        raise InputError(msg)
    if f is None:
        objective = Objective(_no_function, start, grad=_no_function, operator="diagnose_run")
    else:
        objective = Objective(f, start, args=args, operator="diagnose_run")
    parameters = objective.parameters
    vectors = [
        np.array(parameters.flat(_as_arrays(point), f"point {k} of the trace")) for k, point in enumerate(points)
    ]
    fun, gradients = _values(columns, objective, vectors, known=f is not None)
    rates = _rates(columns, learning_rate, len(vectors))
    times = [float(t) for t in columns["time"]] if columns["time"] else [math.nan] * len(vectors)
    table, extra = trace_of(
        vectors, fun, gradients, rates, times, parameters.shape, parameters.names() if parameters.size <= 50 else []
    )
    used = rates[np.isfinite(rates)] if rates is not None else np.zeros(0)
    last_rate = float(np.median(used[-max(len(used) // 4, 1) :])) if used.size else math.nan
    chosen = _method(method, options, last_rate)
    constants = {} if chosen is None else chosen.options()
    notes = (
        []
        if f is not None
        else ["without f the end point cannot be looked at: pass it for λmax and the classification."]
    )
    same = not (f is not None and _noisy(columns, objective, vectors))
    if not same:
        notes.append("the values of the trace are not those of f at the points: minibatches, or another function.")
    state = None
    if isinstance(chosen, Method):
        state, why = replayed(chosen, vectors, gradients, rates)
        if why and chosen.scaling(chosen.init(vectors[0], vectors[0])) is not None:
            chosen = None  # without its scaling there is no theory of the method
            notes.append(why)
        elif why and same and rates is not None and len(vectors) > 1:
            notes.append(why)
    elif chosen is not None:
        chosen = None
    last_gradient = gradients[-1]
    reason, message, cause = _verdict(objective if f is not None else None, chosen, last_rate, vectors, fun, same=same)
    if f is not None and same and reason is StopReason.NOT_STATED and last_gradient is not None:
        cause = falling(objective, vectors[-1], fun[-1], last_gradient, table, extra)
        if cause is not None:
            reason = StopReason.UNBOUNDED
            message = f"{reason.sentence} {reason.remedy}"
    return Descent(
        x=vectors[-1], fun=fun[-1], jac=last_gradient if last_gradient is not None else np.full(parameters.size, np.nan),
        objective=objective if f is not None else None, trace=table, extra=extra, stop_reason=reason, message=message, method=chosen,
        method_name=method or "unknown method", options=constants, nfev=len(vectors), notes=notes,
        parameters=parameters, same_function=same, last_rate=last_rate, state=state, cause=cause,
    )  # fmt: skip


#: where nobody knows what the steps were made of
_UNKNOWN_RATE = "Whether the learning rate is above its limit cannot be told from the points alone. Pass method= and learning_rate=."


def _verdict(
    objective: Objective | None,
    method: Method | Search | None,
    rate: float,
    points: list[np.ndarray],
    fun: list[float],
    *,
    same: bool,
) -> tuple[StopReason, str, Cause | None]:
    """How the run ended, in words, and why."""
    bad = [k for k, value in enumerate(fun) if not math.isfinite(value)]
    if bad:
        reason, cause = StopReason.NON_FINITE, None
        if objective is not None and np.all(np.isfinite(points[bad[0]])):
            cause = left_domain(objective, points[bad[0]])
        return reason, f"f is not finite from step {bad[0]} on. {reason.remedy}", cause
    if same and objective is not None and _rises(fun, float(np.finfo(points[0].dtype).eps)):
        cause = overshooting(objective, method, rate, points, fun)
        if cause is not None:
            reason, better = StopReason.DIVERGED, cause.learning_rate
            if cause.name == "unknown":
                return reason, f"{cause.sentence} {_UNKNOWN_RATE}", cause
            return (
                reason,
                f"{reason.sentence} {reason.remedy if better is None else f'Take learning_rate={better:.4g}.'}",
                cause,
            )
    reason = StopReason.NOT_STATED
    return reason, f"{reason.sentence} {reason.remedy}", None


def _rises(fun: list[float], eps: float) -> bool:
    """Whether f rose in each of the last four steps, by more than its rounding."""
    last = np.array(fun[-5:])
    return len(last) == 5 and bool(np.all(np.diff(last) > 64 * eps * np.max(np.abs(last))))


def _no_function(*args: Any) -> Any:
    msg = "gw.diagnose_run was given no f. The function is required for what is not in the trace. Pass gw.diagnose_run(trace, f)."
    raise InputError(msg)


def _method(name: str | None, options: dict[str, Any], rate: float) -> Method | Search | None:
    """The method for theory."""
    if name is None:
        if options:
            msg = f"gw.diagnose_run was given {next(iter(options))}= without method=. Options belong to a method. Write method='momentum'."
            raise InputError(msg)
        return None
    return make_method(name, rate if math.isfinite(rate) and name not in {"newton", "natural"} else "auto", options)


def _columns(trace: Any) -> dict[str, list[Any]]:
    """The columns of a trace, each a list (empty if it is not there)."""
    if hasattr(trace, "fun") and np.ndim(trace.fun) == 0:
        msg = (
            f"gw.diagnose_run was given a {type(trace).__name__}, which holds the end of a run and not its path. A point for each step is required. "
            f"Collect them with callback=lambda x: points.append(x.copy()), or call gw.minimize, whose result has a report."
        )
        raise InputError(msg)
    if isinstance(trace, Mapping):
        found = {name: _first(trace, names) for name, names in _NAMES.items()}
        return {name: _as_list(value, name) for name, value in found.items()}
    if hasattr(trace, "fun") and hasattr(trace, "x") and not isinstance(trace, list | tuple):
        return _columns({"x": trace.x, "fun": trace.fun, "jac": getattr(trace, "jac", None)})
    if not hasattr(trace, "__iter__"):
        msg = f"gw.diagnose_run was given a trace of type {type(trace).__name__}. A dict of columns or a list of points is required. Append x.copy() at each step."
        raise InputError(msg)
    rows = list(trace)
    if (
        rows
        and isinstance(rows[0], Mapping)
        and _first(rows[0], _NAMES["x"]) is not None
        and _looks_like_a_row(rows[0])
    ):
        columns: dict[str, list[Any]] = {}
        for name, names in _NAMES.items():
            values = [_first(row, names) for row in rows]
            columns[name] = [] if all(v is None for v in values) else values
        return columns
    return {"x": rows, "fun": [], "jac": [], "rate": [], "time": []}


def _looks_like_a_row(row: Mapping[str, Any]) -> bool:
    known = {name for names in _NAMES.values() for name in names} | {
        "nit",
        "nfev",
        "njev",
        "success",
        "status",
        "message",
        "k",
        "step",
    }
    return hasattr(row, "nit") or (set(row) <= known and len(row) > 1) or set(row) == {"x"}


def _first(mapping: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((mapping[name] for name in names if name in mapping), None)


def _as_list(value: Any, name: str) -> list[Any]:
    if value is None:
        return []
    if name == "rate" and np.ndim(_as_array(value)) == 0:
        return [value]
    return list(value)


def _as_array(value: Any) -> Any:
    """A tensor or array of another library as a NumPy array; numbers stay numbers."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray | int | float | complex | np.generic):
        return value
    return np.asarray(value)


def _as_arrays(tree: Any) -> Any:
    leaves, structure = flatten(tree, name="a point of the trace")
    return structure.rebuild([_as_array(leaf) for leaf in leaves])


def _values(
    columns: dict[str, list[Any]], objective: Objective, vectors: list[np.ndarray], *, known: bool
) -> tuple[list[float], list[np.ndarray | None]]:
    """Values f and the gradients: from the trace, or computed."""
    count = len(vectors)
    for name in ("fun", "jac"):
        if columns[name] and len(columns[name]) != count:
            msg = f"the trace has {count} points and {len(columns[name])} entries of {name!r}. One for each point is required. Leave the last point out, or add its value."
            raise InputError(msg)
    if not columns["jac"] and not known:
        msg = "the trace holds no gradients, and no f was given to compute them. One of the two is required. Pass gw.diagnose_run(trace, f)."
        raise InputError(msg)
    fun: list[float] = []
    gradients: list[np.ndarray | None] = []
    with np.errstate(all="ignore"):
        for k, z in enumerate(vectors):
            value = columns["fun"][k] if columns["fun"] else None
            gradient = columns["jac"][k] if columns["jac"] else None
            if (value is None or gradient is None) and known:
                found = objective.try_evaluate(z) or (math.nan, np.full(z.size, np.nan))
                value = found[0] if value is None else value
                gradient = found[1] if gradient is None else gradient
            fun.append(math.nan if value is None else float(_as_array(value)))
            flat = (
                None
                if gradient is None
                else objective.parameters.flat(_as_arrays(gradient), f"gradient {k} of the trace")
            )
            gradients.append(None if flat is None else np.array(flat))
    return fun, gradients


def _rates(columns: dict[str, list[Any]], given: Any, count: int) -> np.ndarray | None:
    values = columns["rate"] if given is None else [given] if np.ndim(given) == 0 else list(given)
    if not values:
        return None
    rates = np.array([math.nan if v is None else float(_as_array(v)) for v in values])
    return np.full(max(count - 1, 1), rates[0]) if len(rates) == 1 else rates[: max(count - 1, 1)]


def _noisy(columns: dict[str, list[Any]], objective: Objective, vectors: list[np.ndarray]) -> bool:
    """Whether the values of the trace differ from those of f."""
    if not columns["fun"]:
        return False
    eps = float(np.finfo(objective.parameters.dtype).eps)
    for k in {0, len(vectors) // 2, len(vectors) - 1}:
        there, here = float(_as_array(columns["fun"][k])), objective.value(vectors[k])
        if (
            math.isfinite(there)
            and math.isfinite(here)
            and abs(there - here) > max(1e4 * eps, 1e-5) * max(abs(there), abs(here), 1e-300)
        ):
            return True
    return False
