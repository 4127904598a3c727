"""The steps of a descent: learning rates, with the largest stable one, and lengths."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.errors import InputError
from gradwise.plotting.canvas import BLUE, GREEN, ORANGE, VERMILION, axes_for, legend, quiet_spines, remark
from gradwise.plotting.runs import columns_of


def step_sizes(run: Any, ax: Any = None) -> Any:
    """Draw the learning rate and the length of each step on a logarithmic scale.

    A report's largest stable rate and its 1/L are drawn as lines, where it knows them.

    Parameters
    ----------
    run : gradwise.descent.Descent, its trace, or a dict of columns
        Columns are ``learning_rate`` and ``step``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if omitted.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import gradwise as gw
    >>> ax = gw.plot.step_sizes({"learning_rate": [0.1, 0.1, 0.05], "step": [1.0, 0.8, 0.3]})
    """
    columns = columns_of(run)
    if not len(columns.step) and not len(columns.learning_rate):
        raise InputError(
            "the run has neither learning_rate nor step. One of them is required. Pass a report, or a dict with one of them"
        )
    ax = axes_for(ax, 6.4, 4.0)
    quiet_spines(ax)
    ax.set_yscale("log")
    for values, color, label in (
        (columns.learning_rate, BLUE, "learning rate η"),
        (columns.step, ORANGE, "length of the step ‖Δx‖"),
    ):
        if np.any(np.isfinite(values) & (values > 0)):
            shown = np.where(values > 0, values, np.nan)
            ax.plot(
                np.arange(len(values)),
                shown,
                color=color,
                linewidth=1.6,
                marker="o" if len(values) <= 40 else "",
                markersize=3,
                label=label,
            )
    rates = getattr(columns.report, "learning_rates", None)
    for name, color, label in (("stable", VERMILION, "largest stable η"), ("one_over_L", GREEN, "1/L")):
        value = getattr(rates, name, None)
        if value is not None and np.isfinite(value) and value > 0:
            ax.axhline(value, color=color, linewidth=1.2, linestyle="--", label=f"{label} = {value:.4g}")
    if not ax.lines:
        remark(ax, "The run has no step: it ended where it began.")
    ax.set_xlim(0, max(columns.length - 1, 1))
    ax.set_xlabel("step")
    legend(ax)
    return ax
