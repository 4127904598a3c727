"""Flow lines: where the gradient leads from many starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwise import geometry
from gradwise.geometry import slices
from gradwise.plotting.canvas import BLUE, VERMILION, axes_for
from gradwise.plotting.contour import contour


def flow_lines(
    f: Callable[..., Any],
    xlim: Any = None,
    ylim: Any = None,
    ax: Any = None,
    starts: Any = None,
    direction: str = "descent",
    *,
    levels: Any = None,
    point: Any = None,
    variables: Any = None,
    directions: Any = None,
) -> Any:
    """Draw contours of a function on a plane and the curves along its gradient there.

    Parameters
    ----------
    f : callable
        f(x, y), f(v), f of a container, or of more variables on a plane; returns one real number.
    xlim, ylim : pair of float, optional
        The range of the two coordinates; lines end at the border.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if omitted.
    starts : array_like of shape (k, 2), optional
        Where lines begin, in the coordinates of the plane; points of a 5 × 5 grid if omitted.
    direction : {"descent", "ascent"}
    levels : int or array_like, optional
    point, variables, directions
        As for `gradwise.plot.contour`.  On a plane of more variables the lines are those of f restricted to it: along the projected gradient.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import gradwise as gw
    >>> ax = gw.plot.flow_lines(lambda x, y: x**2 + 4 * y**2, (-2, 2), (-2, 2), starts=[(1.5, 1.5), (-1.5, 1)])
    """
    function, plane, xlim, ylim = slices.plane_and_limits(
        f, xlim, ylim, point, variables, directions, "plot.flow_lines"
    )
    chosen = {"point": point, "variables": variables, "directions": directions}
    ax = contour(f, xlim, ylim, ax, arrows=False, levels=levels, **chosen)

    def restricted(z: Any) -> Any:
        return function.form(plane.origin + z @ plane.basis)

    if starts is None:
        s, t = (np.linspace(float(low), float(high), 7)[1:-1] for low, high in (xlim, ylim))
        starts = np.stack(np.meshgrid(s, t), axis=-1).reshape(-1, 2)
    lines = geometry.flow_lines(restricted, starts, direction, bounds=(xlim, ylim), rtol=1e-6, tol=1e-4)
    draw_flow_lines(lines, ax)
    ax.set_xlim(xlim)
    ax.set_ylim(ylim)
    return ax


def draw_flow_lines(lines: Sequence[Any], ax: Any = None) -> Any:
    """Draw `gradwise.geometry.FlowLine` objects in their first two variables, each with an arrow in its middle."""
    own = ax is None
    ax = axes_for(ax, 5.6, 5.2)
    for line in lines:
        points = line.points[:, :2] if line.points.shape[1] > 1 else np.column_stack([line.t, line.points[:, 0]])
        ax.plot(*points.T, color=BLUE, linewidth=1.5, zorder=4, gid="flow line")
        ax.plot(*points[0], "o", color="white", markeredgecolor=BLUE, markersize=4, zorder=5)
        lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
        if lengths[-1] > 0:
            i = int(np.searchsorted(lengths, 0.5 * lengths[-1]))
            ax.annotate(
                "", points[i], points[max(i - 1, 0)], zorder=5,
                arrowprops=dict(arrowstyle="-|>", color=BLUE, mutation_scale=12, linewidth=1.5, shrinkA=0, shrinkB=0),
            )  # fmt: skip
        if line.end.value == "critical point":
            ax.plot(*points[-1], "o", color=VERMILION, markeredgecolor="white", markersize=6, zorder=6)
    if own and lines:
        labels = lines[0].labels if lines[0].points.shape[1] > 1 else ["t", lines[0].labels[0]]
        ax.set_xlabel(labels[0])
        ax.set_ylabel(labels[1])
        if lines[0].points.shape[1] == 2:
            ax.set_aspect("equal", adjustable="datalim")
    return ax
