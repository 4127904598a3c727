"""The V-curve of a numerical derivative: the error of central differences against the step, and the step chosen."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from gradwise.numerical.v_curve import v_curve


def draw_v_curve(estimate: Any, entry: int | tuple[int, ...] | None = None, ax: Any = None) -> Any:
    """Draw the V-curve of one entry of an `Estimate` and return the axes.

    Parameters
    ----------
    estimate : gradwise.numerical.Estimate
        What `derivative`, `grad` or `jacobian` returned; its function is evaluated at 120 further points.
    entry : int or tuple of int, optional
        Which entry of an array result; the one with the largest relative error bound if omitted.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if omitted.
    """
    curve = v_curve(estimate, entry)
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    shown = np.where(curve.errors > 0, curve.errors, np.nan)
    ax.loglog(curve.steps, shown, ".", color="C0", label="central difference")
    ax.loglog(curve.steps, curve.truncation, "--", color="C1", label="truncation, h²")
    ax.loglog(curve.steps, curve.rounding, "--", color="C2", label="rounding or noise, 1/h")
    bounded = np.isfinite(curve.error) and curve.error > 0
    if bounded:
        ax.axhline(curve.error, color="C3", label="error bound of the result")
    if curve.step > 0:
        ax.axvline(curve.step, color="0.5", linewidth=0.8, label="largest step used")
    finite = shown[np.isfinite(shown)]
    if finite.size:
        lowest = min(finite.min(), curve.error) if bounded else finite.min()
        ax.set_ylim(lowest / 10, finite.max() * 10)
    ax.set_xlabel("step h")
    ax.set_ylabel("error of the slope")
    ax.set_title(curve.title)
    ax.legend(fontsize="small")
    return ax
