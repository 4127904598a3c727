"""What theory says of a rate, from the method, the learning rate and the curvature at the end.

gd: |1 − ηλ|        heavy ball and Nesterov: the larger root of their recurrence        worst over λ in [λmin, λmax], which is at an end
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gradwise.descent.convergence import ObservedRate
    from gradwise.descent.report import Descent


@dataclass(eq=False)
class TheoryLine:
    """A line to draw beside the gradient norm.

    Attributes
    ----------
    steps : numpy.ndarray
    gradient_norm : numpy.ndarray
        C ρ^k or C k^(−p), through the observed norm in the middle of the window.
    text : str
    """

    steps: np.ndarray
    gradient_norm: np.ndarray
    text: str


def predicted_factor(report: Descent) -> tuple[float, str]:
    """The factor per step that theory predicts and its formula; nan and "" where it has none."""
    method, curvature, rate = report._method, report.curvature, report.learning_rate  # noqa: SLF001  (two halves of one report)
    if method is None or curvature is None or not math.isfinite(rate) or method.scaling(report._state) is not None:  # noqa: SLF001
        return math.nan, ""
    rates = report.trace.learning_rate[:-1]
    recent = rates[len(rates) // 2 :]
    if len(recent) and np.ptp(recent) > 0.01 * abs(rate):
        return math.nan, ""  # with a changing rate there is no single factor
    low = curvature.lambda_min if curvature.lambda_min_bounds[0] > 0 else curvature.smallest_nonzero
    ends = {"λmin": low, "λmax": curvature.lambda_max}
    if low <= 0:
        return math.nan, ""
    factors = {name: method.factor(rate, value) for name, value in ends.items()}
    if any(value is None for value in factors.values()):
        return math.nan, ""
    worst = max(factors, key=lambda name: factors[name] or 0.0)
    value = float(factors[worst] or 0.0)
    if method.plain:
        formula = "1 − ημ" if worst == "λmin" else "ηL − 1"
    else:
        formula = f"largest root of the recurrence at {worst}"
    return value, f"{formula} = {value:.6g}"


def with_theory(found: ObservedRate, report: Descent) -> ObservedRate:
    """The observed rate with theory beside it."""
    name = report.method
    if found.kind in {"linear", "diverging", "none", "undecided"}:
        value, text = predicted_factor(report)
        return dataclasses.replace(found, theory=value, theory_text=text) if text else found
    if found.kind == "sublinear":
        text = {"gd": "O(1/k) on convex functions", "nesterov": "O(1/k²) on convex functions"}.get(name, "")
        return dataclasses.replace(
            found, theory=-1.0 if name == "gd" else -2.0 if name == "nesterov" else math.nan, theory_text=text
        )
    if found.kind == "superlinear" and name == "newton":
        return dataclasses.replace(found, theory=2.0, theory_text="order 2 near a minimum with a regular Hessian")
    return found


def theory_line(report: Descent) -> TheoryLine | None:
    """The line of theory through the middle of the window of the observed rate."""
    rate = report.rate
    norms = report.trace.gradient_length
    if len(norms) < 3 or not math.isfinite(rate.theory):
        return None
    steps = np.arange(len(norms), dtype=float)
    if rate.kind == "linear":
        middle = (rate.window[0] + rate.window[1]) // 2
        with np.errstate(all="ignore"):
            # through the mean of the logarithms, so that an oscillation does not shift it
            logs = np.log(norms[rate.window[0] : rate.window[1] + 1])
            level = float(np.mean(logs[np.isfinite(logs)]))
            centre = (rate.window[0] + rate.window[1]) / 2
            line = np.exp(level + (steps - centre) * math.log(max(rate.theory, 1e-300)))
        return TheoryLine(steps, line, rate.theory_text) if middle < len(norms) else None
    return None
