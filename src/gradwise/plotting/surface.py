"""The graph of a function of two variables in space, with tangent plane and path: the companion of the contour picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from gradwise import geometry
from gradwise.geometry import slices
from gradwise.plotting.canvas import BLACK, SEQUENTIAL, VERMILION, axes_for, set_title, title_of
from gradwise.plotting.paths import finite_rows, points_of

#: the cosine of the angle to the normal of a tangent plane beyond which it is turned towards the eye
_FACING = 0.25


def surface(
    f: Callable[..., Any],
    xlim: Any = None,
    ylim: Any = None,
    ax: Any = None,
    path: Any = None,
    tangent_at: Any = None,
    *,
    point: Any = None,
    variables: Any = None,
    directions: Any = None,
    count: int = 61,
    vectorized: bool = False,
) -> Any:
    """Draw the graph z = f(x, y), with a path on it and the tangent plane at a point.

    Parameters
    ----------
    f, xlim, ylim, point, variables, directions, vectorized
        As for `gradwise.plot.contour`.
    ax : mpl_toolkits.mplot3d.Axes3D, optional
        Where to draw; a new figure if omitted.
    path : array_like of shape (steps, n), or a descent's report, optional
        Drawn on the graph.
    tangent_at : array_like, optional
        Where the tangent plane touches.
    count : int
        Points of the grid along each side.

    Returns
    -------
    mpl_toolkits.mplot3d.Axes3D

    Examples
    --------
    >>> import gradwise as gw
    >>> ax = gw.plot.surface(lambda x, y: x**2 - y**2, (-1, 1), (-1, 1), tangent_at=(0.5, 0.0))
    """
    points = None if path is None else points_of(path)
    function, plane, xlim, ylim = slices.plane_and_limits(
        f, xlim, ylim, point, variables, directions, "plot.surface", finite_rows(points)
    )
    grid = slices.grid_of(function, plane, xlim, ylim, count, vectorized=vectorized)
    own = ax is None
    ax = axes_for(ax, 6.2, 5.4, projection="3d")
    ax.computed_zorder = (
        False  # path and tangent plane lie on the graph, where sorting by depth would hide them in part
    )
    x, y = np.meshgrid(grid.x, grid.y)
    ax.plot_surface(
        x, y, np.where(np.isfinite(grid.values), grid.values, np.nan), cmap=SEQUENTIAL, alpha=0.8, linewidth=0.2, edgecolor=(1, 1, 1, 0.35),
        rcount=45, ccount=45, antialiased=True,
    )  # fmt: skip
    if points is not None:
        points = points if points.shape[1] == function.size else plane.point(points)
        heights = np.array([function(p) for p in points])
        ax.plot(
            *plane.coordinates(points).T, heights, color=VERMILION, linewidth=2, marker="o", markersize=3, zorder=10
        )
    slopes = None if tangent_at is None else _tangent(ax, f, tangent_at, plane, xlim, ylim)
    finite = grid.values[np.isfinite(grid.values)]
    if finite.size and finite.max() > finite.min():
        low, high = float(finite.min()), float(finite.max())
        ax.set_zlim(low, high)
        if own and slopes is not None:
            ax.azim = side_to_see_from(slopes * [np.ptp(xlim), np.ptp(ylim)] / (high - low), ax.elev, ax.azim)
    ax.set_xlabel(plane.labels[0])
    ax.set_ylabel(plane.labels[1])
    ax.set_zlabel("f")
    ax.tick_params(labelsize="small", pad=1)
    set_title(ax, title_of(f), plane.held)
    ax.set_box_aspect(None, zoom=0.92)
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_major_locator(MaxNLocator(5))
        axis.set_pane_color((0.97, 0.97, 0.97, 1.0))
    return ax


def side_to_see_from(slopes: np.ndarray, elevation: float, azimuth: float) -> float:
    """The azimuth, in degrees, from which a plane with these slopes (in a cube) is seen well from above; the given one unless it is nearly edge-on.

    Examples
    --------
    >>> side_to_see_from(np.array([0.1, 0.0]), 30.0, -60.0)
    -60.0
    >>> side_to_see_from(np.array([0.0, -2.0]), 30.0, -60.0)
    30.0
    """
    normal = np.array([-slopes[0], -slopes[1], 1.0]) / np.sqrt(1 + slopes @ slopes)

    def faces(degrees: float) -> float:
        up, around = np.radians([elevation, degrees])
        return float(normal @ [np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)])

    return max((azimuth, azimuth + 90, azimuth - 90, azimuth + 180), key=lambda a: min(faces(a), _FACING))


def _tangent(ax: Any, f: Any, place: Any, plane: Any, xlim: Any, ylim: Any) -> np.ndarray:
    """Draw the tangent plane; return its slopes along the axes of the picture."""
    model = geometry.tangent_plane(f, place)
    s, t = plane.coordinates(model.point)
    half = 0.22 * min(xlim[1] - xlim[0], ylim[1] - ylim[0])
    x, y = np.meshgrid(
        [max(s - half, xlim[0]), min(s + half, xlim[1])], [max(t - half, ylim[0]), min(t + half, ylim[1])]
    )
    shift = plane.point(np.stack([x, y], axis=-1)) - plane.point((s, t))
    ax.plot_surface(x, y, model.value + shift @ model.gradient, color=VERMILION, alpha=0.45, zorder=9, shade=False)
    ax.plot([s], [t], [model.value], "o", color=BLACK, markersize=5, zorder=11)
    return np.asarray(plane.project(model.gradient), dtype=np.float64)
