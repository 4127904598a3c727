"""A contour through a point: the curve, where it ends, and singular points on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.errors import InputError
from gradwise.operators.arguments import function_label
from gradwise.plotting.canvas import BLUE, VERMILION, axes_for, legend, number
from gradwise.plotting.gradient_field import LONGEST


def level_set(curve: Any, ax: Any = None, color: str = BLUE, label: str | None = None) -> Any:
    """Draw a level set.

    Parameters
    ----------
    curve : gradwise.geometry.LevelSet
        From `gradwise.geometry.level_set`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if omitted.
    color : color
    label : str, optional
        For the legend; the level if omitted.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import gradwise as gw
    >>> ax = gw.geometry.level_set(lambda x, y: x**2 + y**2, (3.0, 4.0)).plot()
    """
    if callable(curve):
        raise InputError(
            f"gw.plot.level_set was given the function {function_label(curve)}. A level set is required. Write gw.geometry.level_set(f, point).plot()"
        )
    ax = axes_for(ax, 5.4, 5.0)
    ax.plot(
        *curve.coordinates.T, color=color, linewidth=1.8, label=f"f = {number(curve.level)}" if label is None else label
    )
    if not curve.closed:
        first, last = curve.coordinates[0], curve.coordinates[-1]
        for place, end in zip((first, last), curve.ends, strict=True):
            if end.value == "singular point":
                ax.plot(*place, "X", color=VERMILION, markeredgecolor="white", markersize=9, zorder=4, label="∇f = 0")
            elif end.value != "border":
                ax.plot(*place, "|", color=color, markersize=10, zorder=4)
    handles, names = ax.get_legend_handles_labels()
    unique = dict(zip(names, handles, strict=True))
    low, high = np.min(curve.coordinates, axis=0), np.max(curve.coordinates, axis=0)
    span = np.maximum(high - low, 1e-300)
    if max(span) <= LONGEST * min(span):
        ax.set_aspect("equal")
    ax.set_xlabel(curve.labels[0])
    ax.set_ylabel(curve.labels[1])
    legend(ax, handles=list(unique.values()), labels=list(unique))
    return ax
