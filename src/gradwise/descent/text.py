"""The report of a descent as lines of text, the most important first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.descent.stopping import StopReason

if TYPE_CHECKING:
    from gradwise.descent.report import Descent


def summary_lines(report: Descent) -> list[str]:
    """The lines of the report; curvature and the end point are computed here if they were not before."""
    trace = report.trace
    name = report.method
    options = ", ".join(
        f"{key}={_short(value)}"
        for key, value in report.options.items()
        if not callable(value) and not hasattr(value, "product")
    )
    head = f"{name}({options})" if options else name
    lines = [f"{head}: {report.stop_reason.value} after {report.nit} steps, f = {report.fun:.10g}"]
    lines.append(f"  reason: {report.message}")
    if report.cause is not None:
        lines.append(f"  cause: {report.cause.sentence}")
    if len(trace):
        lines.append(
            f"  gradient: ‖g‖∞ from {trace.gradient_norm[0]:.3g} to {float(np.max(np.abs(np.asarray(report._g)), initial=0.0)):.3g}, {report.nfev} evaluations"  # noqa: SLF001  (two halves of one report)
        )
    end = report.end_point
    if end is not None:
        lines.append(f"  end point: {end.headline().split(' at ')[0]}; {end.message}")
    if report.curvature is not None:
        lines.append(f"  curvature: {report.curvature.sentence()}")
    if report.path.steps:
        lines.append(f"  path: {report.path.sentence()}")
    if report.learning_rates is not None:
        lines.append(f"  learning rate: {report.learning_rates.sentence()}")
    lines.append(f"  convergence: {report.rate.sentence()}")
    more = report.steps_to_tolerance if not report.success else math.nan
    if math.isfinite(more) and more > 0:
        lines.append(
            f"  to go: about {math.ceil(more)} more steps at this rate until the gradient is within the tolerance"
        )
    lines += [f"  {check.name}: {check.sentence}" for check in report.assumptions if check.held is not None]
    lines += [f"  not computed: {name}: {why}" for name, why in report.unavailable.items()]
    lines += [f"  note: {note}" for note in report.notes]
    if (
        report.stop_reason is StopReason.GRADIENT_TOLERANCE
        and report.nit
        and end is not None
        and end.kind == "not critical"
    ):
        lines.append(
            "  note: the gradient is within tol · max(1, ‖g‖∞ at the start), which is not enough to stand at a critical point here: lower tol to go on."
        )
    return lines


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)
