"""Level sets of a function in a plane, its gradient arrows, a path and critical points: the picture of a function of two variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.colors import BoundaryNorm
from matplotlib.ticker import MaxNLocator

from gradwise.errors import InputError
from gradwise.geometry import fields, slices
from gradwise.plotting.canvas import (
    BLACK,
    SEQUENTIAL,
    axes_for,
    colour_scale,
    distinct_numbers,
    legend,
    number,
    remark,
    set_title,
    title_of,
)
from gradwise.plotting.critical_points import MARKERS, draw_points, points_of_section, reports_in
from gradwise.plotting.gradient_field import gradient_field, same_scales
from gradwise.plotting.paths import draw_path, finite_rows, points_of

#: how many level sets are drawn
LEVELS = 14
#: critical points beyond which no corner is free for a legend
CROWD = 12


def contour(
    f: Callable[..., Any],
    xlim: Any = None,
    ylim: Any = None,
    ax: Any = None,
    arrows: bool | int = True,
    path: Any = None,
    critical_points: Any = None,
    *,
    point: Any = None,
    variables: Any = None,
    directions: Any = None,
    levels: Any = None,
    count: int = 121,
    colorbar: bool | None = None,
    vectorized: bool = False,
) -> Any:
    """Draw the level sets of f with gradient arrows perpendicular to them, a path, and critical points.

    Parameters
    ----------
    f : callable
        f(x, y), f(v), f of a container, or of more variables on a plane through ``point``; returns one real number.
    xlim, ylim : pair of float, optional
        The range of the two coordinates; around the path, or else the point, if omitted.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if omitted.
    arrows : bool or int
        Gradient arrows; a number gives how many along the longer side.
    path : array_like of shape (steps, n), or a descent's report, optional
        Points to connect; in n variables they are projected, and the legend says how far from the plane they are.
    critical_points : True or list, optional
        Reports of `gradwise.classify`, or points, which are classified; with True those that `gradwise.critical_points` finds: in more than
        two variables those of f on the plane of the picture, of which the legend says that they are the section's.
    point, variables, directions
        For more than two variables: a point of the plane, and two variables by name or position (the first two if omitted), or two directions, as
        for `gradwise.geometry.plane_slice`.  The title names the values that are held.  Without a point the plane passes through the end of the path; without
        either, the further numbers of an f(x, y, z, …) are held at 0.
    levels : int or array_like, optional
        How many level sets, or their values; if omitted 14, closer together where f is flat.
    count : int
        Points of the grid along each side; f is called point by point.
    colorbar : bool, optional
        A scale of colours; by default on a new figure only.
    vectorized : bool
        f takes whole arrays of points, as for `gradwise.geometry.plane_slice`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import gradwise as gw
    >>> ax = gw.plot.contour(lambda x, y: (x - 2) ** 2 + (y - 1) ** 2, (-1, 4), (-2, 3), path=[(0, 0), (1, 0.5), (2, 1)])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('x', 'y')
    >>> ax = gw.plot.contour(lambda w: (w**2).sum(), point=[1.0, 0.5, 2.0], variables=(0, 2))
    >>> ax.get_title()
    'w[1] = 0.5'
    """
    points = None if path is None else points_of(path)
    function, plane, xlim, ylim = slices.plane_and_limits(
        f, xlim, ylim, point, variables, directions, "plot.contour", finite_rows(points)
    )
    grid = slices.grid_of(function, plane, xlim, ylim, count, vectorized=vectorized)
    own = ax is None
    ax = draw_plane_slice(grid, ax, levels=levels, colorbar=own if colorbar is None else colorbar)
    if arrows:
        if arrows is not True and (not isinstance(arrows, (int, np.integer)) or arrows < 1):
            raise InputError(f"arrows={arrows!r}. True, False, or how many along the longer side, is required")
        along = 13 if arrows is True else int(arrows)
        width, height = xlim[1] - xlim[0], ylim[1] - ylim[0]
        longest = max(width, height)
        shape = [max(3, round(along * side / longest)) for side in (width, height)]
        if min(width, height) * 5 < longest:
            shape = [along, along]
        gradient_field(fields.field_of(function, plane, xlim, ylim, (shape[0], shape[1])), ax, color="#303030")
    if points is not None:
        draw_path(ax, points, plane)
    if critical_points is not None and critical_points is not False:
        if critical_points is True:
            owner = " of the section" if function.size > 2 else ""
            draw_points(points_of_section(function, plane, (xlim, ylim)), ax, owner=owner)
        else:
            draw_points(reports_in(critical_points, function.f), ax, plane)
    ax.set_xlim(xlim)
    ax.set_ylim(ylim)
    set_title(ax, title_of(f), plane.held)
    crowded = sum(line.get_gid() in MARKERS for line in ax.lines) > CROWD
    legend(ax, **({"loc": "upper center", "bbox_to_anchor": (0.5, -0.12), "ncols": 3} if crowded else {"loc": "best"}))
    return ax


def draw_plane_slice(grid: Any, ax: Any = None, *, levels: Any = None, colorbar: bool = True) -> Any:
    """Draw the contours of a `gradwise.geometry.PlaneSlice`."""
    values = np.ma.masked_invalid(grid.values)
    if values.count() == 0:
        held, other = (f" ({grid.plane.held})", " or another point") if grid.plane.held else ("", "")
        raise InputError(
            f"the function is not finite anywhere on the grid{held}. Finite values are required. Choose other limits{other}, or check the function"
        )
    width, height = grid.x[-1] - grid.x[0], grid.y[-1] - grid.y[0]
    ax = axes_for(ax, *_size(width, height))
    chosen = level_values(values.compressed(), LEVELS if levels is None else levels)
    top = float(np.max(np.abs(values)))
    scale = top if top > 1e200 else 1.0  # matplotlib closes the outer bands at 1e250
    values, heights = values / scale, chosen / scale
    if len(chosen) > 1:
        # colours by rank, so that each band has its own however the levels are spaced
        filled = ax.contourf(
            grid.x, grid.y, values, levels=heights, cmap=SEQUENTIAL, norm=_by_rank(heights), alpha=0.55, extend="both"
        )
        if colorbar:
            every = slice(None, None, max(1, len(chosen) // 7))
            bar = colour_scale(ax, filled, height / width if height <= 5 * width else 1.0, ticks=heights[every])
            base, labels = distinct_numbers(chosen[every].tolist())
            bar.ax.set_yticklabels(labels)
            bar.ax.set_title(base, fontsize="small")
    crossed = heights[(heights >= values.min()) & (heights <= values.max())]
    if len(crossed) and values.max() > values.min():
        color = "white" if len(chosen) > 1 else BLACK
        ax.contour(grid.x, grid.y, values, levels=crossed, colors=color, linewidths=0.8, linestyles="solid")
    elif values.max() == values.min():
        ax.set_xlim(grid.x[0], grid.x[-1])
        ax.set_ylim(grid.y[0], grid.y[-1])
        remark(ax, f"f = {number(float(chosen[0]))} all over the grid: there are no level sets to draw.")
    ax.set_xlabel(grid.plane.labels[0])
    ax.set_ylabel(grid.plane.labels[1])
    same_scales(ax, width, height, arrows=False)
    set_title(ax, "", grid.plane.held)
    return ax


def level_values(values: np.ndarray, levels: Any) -> np.ndarray:
    """Values of level sets: those given, or so many, evenly spaced where f is evenly distributed and closer at its flat end."""
    if not isinstance(levels, (int, np.integer)):
        given = np.unique(np.asarray(levels, dtype=np.float64))
        if given.size == 0 or not np.all(np.isfinite(given)):
            raise InputError(f"levels={levels!r}. A number of levels, or finite values of f, are required")
        return given
    if isinstance(levels, bool) or levels < 1:
        raise InputError(f"levels={levels!r}. At least one level, or a list of values of f, is required")
    low, high = np.quantile(values, [0.0, 0.99])
    if not high > low:
        high = float(np.max(values))
    if not high > low:
        return np.array([low])
    middle = (np.median(values) - low) / (high - low)
    if 0.25 <= middle <= 0.75:
        nice = MaxNLocator(int(levels), steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        return nice[(nice >= low) & (nice <= high)]
    # with this power half of the levels lie below the median of the values
    share = np.linspace(0, 1, int(levels) + 1)
    power = min(np.log(max(min(middle, 1 - middle), 1e-6)) / np.log(0.5), 3.0)
    spread = share**power if middle < 0.5 else 1 - (1 - share) ** power
    return np.unique(low + (high - low) * spread[1:] if middle < 0.5 else low + (high - low) * spread[:-1])


def _by_rank(levels: np.ndarray) -> Any:
    return BoundaryNorm(levels, 256, extend="both")


def _size(width: float, height: float) -> tuple[float, float]:
    """The size of a new figure, in inches, for equal scales."""
    ratio = height / width
    if not 1 / 5 <= ratio <= 5:
        return 6.4, 4.8
    return (
        (6.4, float(np.clip(5.4 * ratio, 2.4, 6.4)))
        if ratio <= 1.1
        else (float(np.clip(5.6 / ratio + 1.2, 3.2, 6.4)), 6.0)
    )
