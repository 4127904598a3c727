"""Gradient arrows on a grid, perpendicular to the level sets."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.errors import InputError
from gradwise.operators.arguments import function_label
from gradwise.plotting.canvas import BLACK, axes_for, set_title

#: the ratio of the ranges beyond which equal scales would make a thread of the picture
LONGEST = 5.0


def gradient_field(field: Any, ax: Any = None, color: str = BLACK) -> Any:
    """Draw the arrows of a gradient field.

    The longest arrows fill a cell of the grid; lengths are drawn as ‖∇f‖^½ so that short ones are seen.  With equal scales the arrows stand
    perpendicular to the level sets; where the ranges differ by more than a factor 5 the scales stay unequal and the picture says so.

    Parameters
    ----------
    field : gradwise.geometry.GradientField
        From `gradwise.geometry.gradient_field`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if omitted.
    color : color
        Of the arrows.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import gradwise as gw
    >>> field = gw.geometry.gradient_field(lambda x, y: x * y, (-1, 1), (-1, 1), 5)
    >>> ax = gw.plot.gradient_field(field)
    """
    if callable(field):
        raise InputError(
            f"gw.plot.gradient_field was given the function {function_label(field)}. A gradient field is required. Write gw.geometry.gradient_field(f, (-1, 1), (-1, 1)).plot(), "
            f"or gw.plot.contour(f, (-1, 1), (-1, 1)), which draws the arrows, too"
        )
    own = ax is None
    ax = axes_for(ax, 5.6, 5.0)
    norm = field.norm
    # the longest of 95 % fills a cell: beside a pole the others would be too short to be seen
    finite = norm[np.isfinite(norm)]
    largest = float(np.quantile(finite, 0.95) or np.max(finite)) if finite.size else 0.0
    with np.errstate(all="ignore"):
        share = np.where(norm > 0, np.minimum(norm / largest, 1.0) ** 0.5 / norm, 0.0)
    cell = min(_spacing(field.x), _spacing(field.y))
    x, y = np.meshgrid(field.x, field.y)
    shown = np.isfinite(norm) & (norm > 1e-9 * largest)
    if np.any(shown):
        ax.quiver(
            x[shown], y[shown], (field.u * share)[shown], (field.v * share)[shown],
            angles="xy", scale_units="xy", scale=1 / (0.85 * cell), units="inches", width=0.018, color=color,
            headwidth=4, headlength=5, headaxislength=4.5, zorder=3,
        )  # fmt: skip
    if own:
        for values, limit in ((field.x, ax.set_xlim), (field.y, ax.set_ylim)):
            limit(values[0] - _spacing(values) / 2, values[-1] + _spacing(values) / 2)
        set_title(ax, "", field.plane.held)
    same_scales(ax, _span(field.x), _span(field.y))
    ax.set_xlabel(field.plane.labels[0])
    ax.set_ylabel(field.plane.labels[1])
    return ax


def same_scales(ax: Any, width: float, height: float, *, arrows: bool = True) -> None:
    """Equal scales on both axes, unless one range is much the longer; then the picture says that right angles do not look right."""
    if max(width, height) <= LONGEST * min(width, height):
        ax.set_aspect("equal")
    elif arrows:
        ax.text(
            0.01, 0.012, "scales differ: arrows do not look perpendicular", transform=ax.transAxes, fontsize="x-small", color="0.25",
            ha="left", va="bottom", zorder=8, bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip


def _spacing(values: np.ndarray) -> float:
    return float(np.min(np.diff(values))) if values.size > 1 else 1.0


def _span(values: np.ndarray) -> float:
    return float(values[-1] - values[0]) + _spacing(values)
