"""Why a descent failed, looked for when it has: the learning rate, the line that gave nan, a wrong gradient, a kink, the rounding floor.

Everything here runs after the loop, so a descent that ends well pays nothing for it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwise import operators
from gradwise.checking import check_grad
from gradwise.descent.cause import Cause
from gradwise.descent.crossings import across_kink
from gradwise.descent.curvature import curvature_at
from gradwise.descent.lengths import length
from gradwise.descent.lines import first_non_finite, line_of
from gradwise.descent.methods import Method, Search
from gradwise.descent.objective import Objective
from gradwise.descent.second_order import SecondOrder, attempt
from gradwise.descent.stopping import StopReason
from gradwise.descent.trace import Trace
from gradwise.errors import GradwiseWarning
from gradwise.quiet import quiet

_TRIAL_STEPS = 20
#: parameters up to which a user's gradient is checked entry by entry; beyond, along directions
_MANY = 200


def find_cause(
    reason: StopReason,
    objective: Objective,
    method: Method | Search,
    rate: float,
    start: np.ndarray,
    best: np.ndarray,
    outcome: Any,
    trace: Trace,
) -> Cause | None:
    """The cause of a failure, None where the reason needs none."""
    if reason not in {StopReason.LINE_SEARCH_FAILED, StopReason.CALLBACK, StopReason.DATA_EXHAUSTED}:
        lost = reason in {StopReason.DIVERGED, StopReason.NON_FINITE, StopReason.UNBOUNDED}
        wrong = wrong_gradient(objective, start if lost else outcome.x, outcome.threshold, thorough=not reason.success)
        if wrong is not None:
            return wrong
    if reason is StopReason.DIVERGED:
        return _diverged(objective, method, rate, start, best, outcome)
    if reason is StopReason.NON_FINITE:
        return _non_finite(objective, method, rate, start, outcome)
    if reason is StopReason.LINE_SEARCH_FAILED:
        return _search_failed(objective, outcome)
    if reason is StopReason.UNBOUNDED:
        seen = outcome.details.get("unbounded", f"f fell to {outcome.f:.3g}.")
        return Cause("unbounded", seen, first_bad_step=outcome.steps)
    if reason in {StopReason.MAX_ITERATIONS, StopReason.MAX_TIME}:
        return across_kink(objective, trace, searches=method.searches)
    return None


def wrong_gradient(objective: Objective, x: np.ndarray, threshold: float, *, thorough: bool) -> Cause | None:
    """A gradient that was given and is not that of f at x, whatever the descent ended with; None if it is, or nothing can be said.

    Parameters
    ----------
    threshold : float
        Differences up to this do not matter.
    thorough : bool
        Whether the checker may be run where f cannot be traced.
    """
    if objective.given is None or not np.all(np.isfinite(x)):
        return None
    f = objective.traceable()
    function = lambda z: f(*objective.arguments(z))
    pair, _ = attempt(lambda: (operators.grad(function, method="exact")(x), objective.evaluate(x)[1]))
    if pair is None:
        return _named(objective, x) if thorough else None
    exact, given = (np.asarray(g, dtype=float) for g in pair)
    scale = float(np.max(np.abs(exact), initial=0.0))
    apart = float(np.max(np.abs(exact - given), initial=0.0))
    if not (math.isfinite(apart) and apart > max(threshold, 1e-3 * scale)):
        return None
    return _named(objective, x) or Cause(
        "wrong gradient",
        f"The gradient that was given differs from that of f by {apart:.2g} at the point; f has ‖∇f‖∞ = {scale:.2g} there.",
    )


def _named(objective: Objective, x: np.ndarray) -> Cause | None:
    """What the checker says of the gradient that was given, if it is wrong."""
    report, _ = attempt(lambda: _check(objective, x))
    if report is None or report.passed or not report.conclusive:
        return None
    named = report.causes[0] if report.causes else "unknown"
    return Cause(
        "wrong gradient",
        f"The gradient that was given is wrong at the last point: {report.headline()}; likely: {named}.",
        check=report,
    )


# ---------------------------------------------------------------------------------------------------------- divergence


def _first_bad(outcome: Any) -> int:
    """The first step of the last rise of f."""
    f = outcome.recorder.fun[: outcome.steps + 1]
    f = np.where(np.isfinite(f), f, np.inf)
    falls = np.flatnonzero(np.diff(f) <= 0)
    return int(falls[-1]) + 1 if falls.size else 0


def _diverged(
    objective: Objective, method: Method | Search, rate: float, start: np.ndarray, best: np.ndarray, outcome: Any
) -> Cause:
    bad = _first_bad(outcome)
    rises = bad < outcome.steps
    better, known = working_rate(objective, method, rate, start, best)
    text = f"f rises from step {bad} on" if rises else "f will rise: its curvature is constant"
    text += (
        f", and the learning rate is {rate:.4g}" if rises else f", and the learning rate {rate:.4g} is above the limit"
    )
    if known is not None:
        text += (
            f"; the largest stable one, {method.stability_text}, is {method.stability / known:.4g} (λmax = {known:.4g})"
        )
    text += (
        f". {better:.4g} works (tried for {_TRIAL_STEPS} steps)."
        if better is not None
        else ". No smaller rate that was tried lowers f."
    )
    return Cause("learning rate", text, better, bad, details={"lambda_max": known})


def overshooting(
    objective: Objective, method: Method | Search | None, rate: float, points: list[np.ndarray], fun: list[float]
) -> Cause | None:
    """The cause where a path that somebody else took rises at its end; None where the rate is below the limit, or is not known and f is not above its start."""
    falls = np.flatnonzero(np.diff(fun) <= 0)
    bad = int(falls[-1]) + 1 if falls.size else 0
    if (
        method is None
        or method.searches
        or not math.isfinite(rate)
        or method.scaling(method.init(points[0], points[0])) is not None
    ):
        if fun[-1] <= fun[0]:
            return None
        name = "unknown" if method is None or not math.isfinite(rate) else "learning rate"
        return Cause(name, f"f rises from step {bad} on, and ends above its start.", first_bad_step=bad)
    best = points[int(np.argmin(fun))]
    better, known = working_rate(objective, method, rate, points[0], best)
    if known is None or rate * known <= method.stability:
        return None
    text = (
        f"f rises from step {bad} on, and the learning rate is {rate:.4g}; the largest stable one, {method.stability_text}, is "
        f"{method.stability / known:.4g} (λmax = {known:.4g})"
    )
    text += f". {better:.4g} works (tried for {_TRIAL_STEPS} steps)." if better is not None else "."
    return Cause("learning rate", text, better, bad, details={"lambda_max": known})


def working_rate(
    objective: Objective, method: Method | Search, rate: float, start: np.ndarray, best: np.ndarray
) -> tuple[float | None, float | None]:
    """A rate at which a trial from the start lowers f, and the λmax that suggested it."""
    if method.searches:
        return None, None
    second = SecondOrder(objective)
    tops = []
    for z in (start, best):
        found, _ = attempt(lambda z=z: curvature_at(second, z, steps=30))  # type: ignore[misc]  # called at once
        if found is not None and found.lambda_max > 0:
            tops.append(
                found.lambda_max_bounds[1]
                if math.isfinite(found.lambda_max_bounds[1]) and found.method.startswith("dense")
                else 1.1 * found.lambda_max
            )
    known = max(tops) if tops else None
    candidate = (
        min(rate / 2, 1 / known)
        if known is not None and method.scaling(method.init(start, start)) is None
        else rate / 10
    )
    for _ in range(12):
        if _falls(objective, method, candidate, start):
            return candidate, known
        candidate /= 4
    return None, known


def _falls(objective: Objective, method: Any, rate: float, start: np.ndarray) -> bool:
    """Whether a short descent with this rate ends below its start, and does not rise at its end."""
    x = start
    first = objective.try_evaluate(x)
    if first is None:
        return False
    f0, g = first
    state = method.init(x, g)
    values = [f0]
    for _ in range(_TRIAL_STEPS):
        x = method.step(state, x, g, rate)
        found = objective.try_evaluate(x)
        if found is None or found[0] > 10 * abs(f0) + f0 + 1e-300:
            return False
        values.append(found[0])
        g = found[1]
    rising = all(b > a for a, b in zip(values[-6:], values[-5:]))
    return values[-1] <= f0 and not rising


# ------------------------------------------------------------------------------------------------------- not finite


def _non_finite(objective: Objective, method: Method | Search, rate: float, start: np.ndarray, outcome: Any) -> Cause:
    error = outcome.details.get("error")
    bad = outcome.details.get("bad")
    step = outcome.steps + (1 if error is not None else 0)
    if error is not None:
        filename, lineno = line_of(error)
        text = f"f cannot be computed at step {step}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    else:
        filename, lineno, what = first_non_finite(objective, outcome.x if bad is None else bad)
        text = f"at step {step} {what}"
    if filename is not None:
        text += f", at {filename}:{lineno}"
    better = None
    if step > 0 and not method.searches:
        better, _ = working_rate(objective, method, rate, start, start)
        if better is not None:
            text += f". The learning rate {better:.4g} stays within the domain (tried for {_TRIAL_STEPS} steps)"
    return Cause("outside the domain", text + ".", better, step, filename, lineno)


def left_domain(objective: Objective, z: np.ndarray) -> Cause:
    """The cause where a solver gave up after it met a point at which f is not finite."""
    filename, lineno, what = first_non_finite(objective, z)
    place = f", at {filename}:{lineno}" if filename is not None else ""
    return Cause("outside the domain", f"at a point that was tried {what}{place}.", filename=filename, lineno=lineno)


# -------------------------------------------------------------------------------------------------------- line searches


def _search_failed(objective: Objective, outcome: Any) -> Cause:
    """A wrong gradient, a kink, the rounding floor, or a direction that does not descend."""
    why = outcome.details.get("search", "")
    x, g = outcome.x, outcome.g
    if objective.given is not None:
        wrong = _named(objective, x)
        if wrong is not None:
            return wrong
    if objective.given is None or objective.given is not True:
        kinks, _ = attempt(lambda: _kinks(objective, x))
        if kinks:
            first = kinks[0]
            return Cause(
                "kink",
                f"f has a kink near the last point ({first}): there is no gradient to follow.",
                details={"kinks": kinks},
            )
    if "does not descend" in why:
        return Cause("not a descent direction", f"{why}.")
    change, eps = _flatness(objective, x, outcome.f, g), float(np.finfo(x.dtype).eps)
    if change <= 64 * eps * max(abs(outcome.f), 1e-300):
        return Cause(
            "rounding floor",
            f"Along the gradient f changes by {change:.1e}, which is its rounding error: x is as good as f can tell.",
        )
    return Cause(
        "unknown", f"{why or 'The search found no point'}; the gradient checks, and there is no kink at the point."
    )


def _flatness(objective: Objective, x: np.ndarray, f: float, g: np.ndarray) -> float:
    size = length(g)
    if size == 0:
        return 0.0
    probe = math.sqrt(float(np.finfo(x.dtype).eps)) * max(1.0, length(x)) / size
    there = objective.value(x - probe * g)
    return abs(there - f) if math.isfinite(there) else math.inf


def _check(objective: Objective, x: np.ndarray) -> Any:
    """The report of the checker on the user's gradient, for the flat vector."""
    f = objective.f if objective.given is not True else lambda *args: objective.f(*args)[0]
    value = lambda z: objective._real(f(*objective.arguments(np.array(z))))  # noqa: SLF001  (the objective's own conversion)
    gradient = lambda z: np.asarray(objective._evaluate_given(np.array(z))[1], dtype=float)  # noqa: SLF001
    with quiet():
        entries = None if x.size <= _MANY else list(np.linspace(0, x.size - 1, 32).astype(int))
        return check_grad(value, np.asarray(x, dtype=float), gradient, entries=entries)


def _kinks(objective: Objective, x: np.ndarray) -> list[str]:
    """Kinks of f at the point, or crossed within a short way of it."""
    function = objective.scalar()
    with quiet(GradwiseWarning), np.errstate(all="ignore"):
        here = [str(kink) for kink in operators.kinks(function, x)]
        if here:
            return here
        # a search that stops beside a kink: the gradient jumps on a scale on which a smooth one cannot
        _, g = objective.evaluate(x)
        size = length(g)
        delta = 1e-6 * max(1.0, length(x)) / max(size, 1e-300)
        other = objective.try_evaluate((x - delta * g).astype(x.dtype))
        nearer = objective.try_evaluate((x - delta / 100 * g).astype(x.dtype))
    if other is not None and nearer is not None:
        jump, near = length(other[1] - g), length(nearer[1] - g)
        if jump > 0.1 * size and (near > 0.5 * jump or jump > 1e4 * near):
            return [f"the gradient changes by {jump / size:.2g} of its length within {delta * size:.1g}"]
    return []
