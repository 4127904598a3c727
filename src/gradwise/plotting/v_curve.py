"""The V-curve of a numerical derivative: the error of central differences against the step, and the step chosen."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.errors import InputError
from gradwise.numerical import v_curve as curves
from gradwise.plotting.canvas import BLUE, GREEN, GREY, ORANGE, VERMILION, axes_for, legend, quiet_spines, remark
from gradwise.plotting.gradient import gradient
from gradwise.plotting.matrix import matrix


def v_curve(estimate: Any, entry: int | tuple[int, ...] | None = None, ax: Any = None) -> Any:
    """Draw the V-curve of one entry of an `Estimate`: truncation on the right, rounding or noise on the left.

    Parameters
    ----------
    estimate : gradwise.numerical.Estimate
        What `derivative`, `grad` or `jacobian` of `gradwise.numerical` returned; its function is evaluated at 120 further points.
    entry : int or tuple of int, optional
        Which entry of an array result; the one with the largest relative error bound if omitted.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if omitted.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> ax = gw.plot.v_curve(gw.numerical.derivative(np.exp, 1.0))

    Notes
    -----
    A Hessian has no single step, and a pickled estimate no function: their entries are drawn instead, with the error bound in the title.
    """
    if not hasattr(estimate, "line") or not hasattr(estimate, "error"):
        raise InputError(
            f"gw.plot.v_curve was given {estimate!r:.80}. An estimate of gradwise.numerical is required. "
            f"Write gw.plot.v_curve(gw.numerical.derivative(f, x))"
        )
    if estimate.line is None and entry is None and np.ndim(estimate.value) > 0 and np.isrealobj(estimate.value):
        return _values(estimate, ax)
    curve = curves.v_curve(estimate, entry)
    ax = axes_for(ax, 6.4, 4.4)
    quiet_spines(ax)
    shown = np.where(curve.errors > 0, curve.errors, np.nan)
    ax.loglog(curve.steps, shown, ".", color=BLUE, label="central difference")
    ax.loglog(curve.steps, curve.truncation, "--", color=ORANGE, label="truncation, h²")
    ax.loglog(curve.steps, curve.rounding, "--", color=GREEN, label="rounding or noise, 1/h")
    bounded = np.isfinite(curve.error) and curve.error > 0
    if bounded:
        ax.axhline(curve.error, color=VERMILION, label="error bound of the result")
    if curve.step > 0:
        ax.axvline(curve.step, color=GREY, linewidth=0.9, label="largest step used")
    finite = shown[np.isfinite(shown)]
    if not np.isfinite(curve.errors).any():
        remark(ax, "f is not finite around x: there are no differences to draw.")
    if finite.size:
        lowest = min(finite.min(), curve.error) if bounded else finite.min()
        ax.set_ylim(lowest / 10, finite.max() * 10)
    ax.set_xlabel("step h")
    ax.set_ylabel("error of the slope")
    ax.set_title(curve.title, fontsize="medium")
    legend(ax)
    return ax


def _values(estimate: Any, ax: Any) -> Any:
    """The entries of an estimate that has no line to be evaluated along."""
    values = np.asarray(estimate.value)
    ax = matrix(values, ax) if values.ndim > 1 else gradient(values, ax)
    ax.set_title(f"entries, numerical bounds ≤ {np.max(estimate.error):.1g}", fontsize="medium")
    return ax
