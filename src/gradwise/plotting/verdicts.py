"""The picture of a gradient check: how far each entry is off, against its bound, coloured by verdict."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from gradwise.plotting.canvas import BLUE, GREY, ORANGE, VERMILION, axes_for, legend, quiet_spines

COLOURS = {"agrees": BLUE, "wrong": VERMILION, "cannot tell": ORANGE}


def verdicts(report: Any, ax: Any = None) -> Any:
    """Draw abs(claimed − numerical) of every entry on a logarithmic axis, with the numerical bound below it.

    Parameters
    ----------
    report : gradwise.checking.Report
        What a check returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if omitted.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> ax = gw.plot.verdicts(gw.check_grad(lambda x: np.sum(x**2), np.ones(3), lambda x: 2 * x))
    """
    ax = axes_for(ax, 6.4, 3.8)
    quiet_spines(ax)
    ax.set_title(report.headline(), fontsize="medium")
    numerical, error, found = report.flat("numerical"), report.flat("error"), report.flat("verdicts")
    claimed = report.flat("claimed")
    if claimed.shape != numerical.shape:
        text = f"the claimed derivative has {claimed.size} entries,\n{numerical.size} are required"
        ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes)
        ax.set_axis_off()
        return ax
    gap = np.abs(claimed - numerical)
    shown = gap[np.isfinite(gap) & (gap > 0)]
    bounds = error[np.isfinite(error) & (error > 0)]
    floor = min([float(np.min(values)) for values in (shown, bounds) if values.size] or [1e-16]) / 3
    entries = np.arange(gap.size)
    ax.plot(
        entries,
        np.where(np.isfinite(error), np.maximum(np.abs(error), floor), np.nan),
        color=GREY,
        lw=1,
        label="numerical bound",
    )
    for verdict, colour in COLOURS.items():
        chosen = found == verdict
        if np.any(chosen):
            heights = np.where(np.isfinite(gap[chosen]), np.maximum(gap[chosen], floor), np.nan)
            ax.plot(entries[chosen], heights, "o", ms=4, color=colour, label=f"{verdict} ({np.sum(chosen)})")
    ax.set_yscale("log")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel(f"entry of the {report.kind}")
    ax.set_ylabel("|claimed − numerical|")
    legend(ax)
    return ax
