"""A function along a line, with its tangent and its quadratic model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise import geometry
from gradwise.plotting.canvas import (
    BLACK,
    BLUE,
    GREEN,
    VERMILION,
    axes_for,
    legend,
    number,
    quiet_spines,
    set_title,
    title_of,
)


def line_slice(
    f: Callable[..., Any], x: Any, direction: Any = None, limits: Any = None, ax: Any = None, count: int = 201
) -> Any:
    """Draw f along a line through x, with its tangent and its quadratic model there.

    Parameters
    ----------
    f : callable
        f(v), f(x, y, …), f of a container or of one number; returns one real number.
    x, direction, limits, count
        As for `gradwise.geometry.line_slice`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if omitted.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> ax = gw.plot.line_slice(np.sin, 1.0, limits=(-3, 3))
    """
    return draw_line_slice(geometry.line_slice(f, x, direction, limits, count), ax, title_of(f))


def draw_line_slice(cut: Any, ax: Any = None, title: str = "") -> Any:
    """Draw a `gradwise.geometry.LineSlice`."""
    ax = axes_for(ax, 6.4, 4.2)
    quiet_spines(ax)
    one = cut.point.size == 1  # over its own axis, whichever way the direction points
    start = float(cut.point[0]) if one else 0.0
    t = start + float(cut.direction[0]) * cut.t if one else cut.t
    ax.plot(t, cut.values, color=BLUE, linewidth=2.6, label="f")
    ax.plot(t, cut.tangent, "--", color=VERMILION, linewidth=1.5, label=f"tangent, slope {number(cut.slope)}")
    ax.plot(
        t, cut.quadratic, "-.", color=GREEN, linewidth=1.5, label=f"quadratic model, curvature {number(cut.curvature)}"
    )
    ax.plot(start, cut.value, "o", color=BLACK, markersize=6, zorder=5)
    finite = cut.values[np.isfinite(cut.values)]
    if finite.size:
        low, high = min(float(finite.min()), cut.value), max(float(finite.max()), cut.value)
        pad = 0.15 * (high - low) or max(0.1 * abs(high), 0.1)
        ax.set_ylim(low - pad, high + pad)
    ax.set_xlabel("distance t along the direction" if cut.label == "t" else cut.label)
    ax.set_ylabel("f")
    set_title(ax, title, f"through {cut.through}" if cut.through else "")
    legend(ax)
    return ax
