"""A path of points on a picture of a plane: its line, its start and its end."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.errors import InputError
from gradwise.geometry.plane import Plane
from gradwise.plotting.canvas import VERMILION

#: more points than this are drawn as a line without markers
MANY = 60


def points_of(path: Any) -> np.ndarray:
    """The points of a path as an array of shape (m, n): an array, a descent's report or trace, or anything with ``points``."""
    for name in ("trace", "points"):
        inner = getattr(path, name, None)
        if inner is not None and not callable(inner):
            path = inner
    if not isinstance(path, np.ndarray) and hasattr(path, "x"):
        path = path.x
    try:
        points = np.asarray(path, dtype=np.float64)
    except (TypeError, ValueError):
        points = np.zeros(0)
    if points.ndim != 2 or points.size == 0:
        raise InputError(
            f"path is {path!r:.60}. One point in each row is required: shape (steps, variables). Pass np.array(list_of_points)"
        )
    return points


def finite_rows(points: np.ndarray | None) -> np.ndarray | None:
    """The points of a path without those that are not finite; None if there are none."""
    if points is None:
        return None
    good = points[np.all(np.isfinite(points), axis=1)]
    return good if len(good) else None


def draw_path(ax: Any, path: Any, plane: Plane, label: str = "path", color: str = VERMILION) -> None:
    """Draw a path, projected to the plane; its label says how far from the plane it runs."""
    points = points_of(path)
    if points.shape[1] == 2 and plane.origin.size != 2:
        flat, off = points, 0.0
    elif points.shape[1] == plane.origin.size:
        flat = plane.coordinates(points)
        off = float(np.max(plane.distance(points), initial=0.0))
        scale = float(np.max(np.linalg.norm(points - points[0], axis=1), initial=0.0))
        if off > 1e-6 * max(scale, 1e-300):
            label += f"\n(up to {off:.2g} off the plane)"
    else:
        raise InputError(
            f"path has {points.shape[1]} columns. {plane.origin.size}, one for each variable, or 2 coordinates in the plane, are required"
        )
    good = np.all(np.isfinite(flat), axis=1)
    flat = flat[good]
    marker = "o" if len(flat) <= MANY else ""
    ax.plot(*flat.T, color="white", linewidth=3.2, zorder=4, solid_capstyle="round")
    ax.plot(
        *flat.T, color=color, linewidth=1.6, marker=marker, markersize=3.2, zorder=5, label=label, gid="path",
        solid_capstyle="round",
    )  # fmt: skip
    if len(flat):
        ax.plot(*flat[0], "o", color="white", markeredgecolor=color, markeredgewidth=1.6, markersize=7, zorder=6)
        ax.plot(*flat[-1], "o", color=color, markeredgecolor="white", markeredgewidth=1.2, markersize=8, zorder=6)
