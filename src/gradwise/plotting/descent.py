"""A descent in one row: its path on contours, how it converged, its steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.errors import InputError
from gradwise.geometry.plane import Plane, window
from gradwise.plotting.canvas import axes_for, legend, new_figure, remark
from gradwise.plotting.contour import contour
from gradwise.plotting.convergence import convergence
from gradwise.plotting.paths import draw_path, points_of
from gradwise.plotting.step_sizes import step_sizes


def descent(run: Any, axes: Any = None, f: Any = None) -> Any:
    """Draw a descent: the path on contours, f and ‖∇f‖ against the step, learning rates and lengths of steps.

    Parameters
    ----------
    run : gradwise.descent.Descent
        A report.
    axes : sequence of three matplotlib.axes.Axes, optional
        Where to draw; a new figure if omitted.
    f : callable, optional
        The function, as f(v) of a vector or f(x, y); the report's own if omitted.  Without any the path is drawn alone.

    Returns
    -------
    ndarray of three matplotlib.axes.Axes

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> report = gw.descend(lambda v: v[0] ** 2 + 4 * v[1] ** 2, np.array([2.0, 1.0]), learning_rate=0.1)
    >>> len(gw.plot.descent(report))
    3
    """
    if axes is None:
        axes = new_figure(15.0, 4.4).subplots(1, 3)
    axes = np.asarray(axes, dtype=object).ravel()
    if axes.size != 3:
        raise InputError(
            f"axes holds {axes.size} axes. Three are required: the path, the convergence, the steps. Write plt.subplots(1, 3)[1]"
        )
    path(run, axes[0], f)
    convergence(run, axes[1])
    step_sizes(run, axes[2])
    return axes


def path(run: Any, ax: Any = None, f: Any = None) -> Any:
    """Draw the path of a descent on the contours of its function: of two variables, or on the plane in which the path mostly lies.

    The plane of a path in more variables passes through the last point along the two leading principal directions of the path; the legend says how
    far from it the path runs.
    """
    points = points_of(run)
    good = np.all(np.isfinite(points), axis=1)
    points = points[good]
    if not len(points):
        raise InputError("the run has no finite point. At least one is required")
    if f is None:
        f = getattr(getattr(run, "end_point", None), "function", None)
    n = points.shape[1]
    names = _names(run, n)
    if n == 1:
        return _one(points, f, axes_for(ax), names)
    plane, directions = _plane_of(points, names)
    flat = plane.coordinates(points)
    limits = window(flat)
    ax = axes_for(ax, 5.4, 5.0)
    try:
        if f is not None:
            contour(f, *limits, ax, arrows=n == 2, path=points, point=points[-1], directions=directions, count=71)
            ax.set_title("")
    except InputError as error:
        if "not finite" not in str(error):
            raise
        ax.clear()
        remark(ax, "f is not finite anywhere around the path, which is drawn alone.")
        f = None
    if f is None:
        draw_path(ax, points, plane)
        ax.set(xlim=limits[0], ylim=limits[1], aspect="equal")
    ax.set_xlabel(plane.labels[0])
    ax.set_ylabel(plane.labels[1])
    legend(ax)
    return ax


def _names(run: Any, n: int) -> list[str]:
    """The names of the variables: those of the function's own arguments where it is known."""
    own = getattr(getattr(run, "end_point", None), "names", None)
    if isinstance(own, list) and len(own) == n:
        return own
    return [f"x{name}" if name.startswith("[") else name for name in getattr(getattr(run, "trace", run), "names", ())]


def _plane_of(points: np.ndarray, names: list[str]) -> tuple[Plane, Any]:
    n = points.shape[1]
    if n == 2:
        labels = (names[0], names[1]) if len(names) == 2 else ("x[0]", "x[1]")
        return Plane(np.zeros(2), np.eye(2), points[-1], labels), None
    _, _, rows = np.linalg.svd(points - points[-1], full_matrices=False)
    basis = np.zeros((2, n))
    basis[: min(2, len(rows))] = rows[:2]
    if len(rows) < 2 or not np.any(rows[1]):
        basis[1] = np.linalg.svd(basis[:1], full_matrices=True)[2][1]
    plane = Plane(points[-1], basis, np.zeros(2), ("first direction of the path", "second direction"))
    return plane, (basis[0], basis[1])


def _one(points: np.ndarray, f: Any, ax: Any, names: list[str]) -> Any:
    """The path of one variable, on the graph of f where there is one."""
    x = points[:, 0]
    if f is None:
        ax.plot(np.arange(len(x)), x, "o-", markersize=3)
        ax.set_xlabel("step")
        ax.set_ylabel(names[0] if names else "x")
        return ax
    pad = 0.2 * (np.ptp(x) or 1.0)
    grid = np.linspace(x.min() - pad, x.max() + pad, 201)
    with np.errstate(all="ignore"):
        values, reached = (np.array([float(f(np.array([v]))) for v in points]) for points in (grid, x))
    ax.plot(grid, values, linewidth=1.8, label="f")
    ax.plot(x, reached, "o-", color="#D55E00", markersize=4, linewidth=1, label="path")
    if not np.any(np.isfinite(reached)):
        remark(ax, "f is not finite at any point of the path.")
    ax.set_xlabel(names[0] if names else "x")
    ax.set_ylabel("f")
    legend(ax)
    return ax
