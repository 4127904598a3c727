"""Critical points: ▼ minimum, ▲ maximum, ✕ saddle, ? undecided, with the axes of curvature, of length 1/√abs(λ)."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.patheffects import withStroke

from gradwise import geometry
from gradwise.containers import flatten
from gradwise.errors import InputError
from gradwise.geometry.flat_function import FlatFunction
from gradwise.geometry.plane import Plane
from gradwise.plotting.canvas import BLACK, BLUE, GREEN, GREY, PURPLE, VERMILION, axes_for, legend, number, quiet_spines

#: kind → marker, colour; anything else is drawn as undecided
MARKERS = {
    "minimum": ("v", BLUE),
    "maximum": ("^", VERMILION),
    "saddle": ("X", GREEN),
    "degenerate": ("$?$", BLACK),
    "undecided": ("$?$", BLACK),
    "not critical": ("$?$", GREY),
}
#: the longest axis of curvature, as a share of the picture's smaller side
LONGEST = 0.12
#: and, where points are many, as a part of the distance between neighbours
BETWEEN = 0.6


def critical_points(points: Any, ax: Any = None, *, plane: Plane | None = None) -> Any:
    """Mark critical points by their kind, with eigenvectors as axes of length ∝ 1/√abs(λ).

    One unit serves all points of a picture: along an axis f changes by the same amount at each, to second order.  A full line is a direction in
    which f grows, a dashed one a direction in which it falls.

    Parameters
    ----------
    points : list of gradwise.geometry.Classification, or the report of `gradwise.critical_points`
        What to mark.
    ax : matplotlib.axes.Axes, optional
        Where to draw, usually on a contour; a new figure if omitted.
    plane : gradwise.geometry.plane.Plane, optional
        The plane of the picture; the first two variables if omitted.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import gradwise as gw
    >>> ax = gw.plot.critical_points([gw.classify(lambda x, y: x**2 + 4 * y**2, (0.0, 0.0))])
    """
    return draw_points(points, ax, plane)


def draw_points(points: Any, ax: Any = None, plane: Plane | None = None, owner: str = "") -> Any:
    """Mark critical points; the legend says whose they are, ``minimum of the section``, if not those of f."""
    reports = list(getattr(points, "points", points))
    own = ax is None
    ax = axes_for(ax, 5.2, 5.0)
    if not reports:
        return ax
    places = np.array([_coordinates(report, plane) for report in reports])
    if own:
        _frame(ax, places, reports[0])
    span = min(abs(np.diff(ax.get_xlim())[0]), abs(np.diff(ax.get_ylim())[0]))
    axes = [_axes_of(report, plane) for report in reports]
    roots = [abs(value) ** -0.5 for pairs in axes for value, _ in pairs if value != 0.0]
    unit = min(LONGEST * span, _room(places)) / max(roots) if roots else 0.0
    for place, pairs in zip(places, axes, strict=True):
        for value, direction in pairs:
            if value == 0.0:
                continue
            ends = np.array(
                [place - unit * abs(value) ** -0.5 * direction, place + unit * abs(value) ** -0.5 * direction]
            )
            for colour, width in (("white", 3.0), (BLACK, 1.4)):
                ax.plot(
                    *ends.T,
                    color=colour,
                    linewidth=width,
                    linestyle="-" if value > 0 else (0, (3, 1.5)),
                    zorder=6,
                    gid="axis",
                )
    _marks(ax, reports, places, owner)
    if own:
        legend(ax)
    return ax


def _room(places: np.ndarray) -> float:
    """How long an axis may be beside the point's neighbours: a part of the distance from the nearest one, the median of all points."""
    if len(places) < 2:
        return np.inf
    apart = np.linalg.norm(places[:, None] - places[None, :], axis=-1)
    nearest = np.min(np.where(apart > 0, apart, np.inf), axis=1)
    return BETWEEN * float(np.median(nearest))


def _marks(ax: Any, reports: list[Any], places: np.ndarray, owner: str = "") -> None:
    """A marker at each point, each kind once in the legend."""
    seen: set[str] = set()
    for report, place in zip(reports, places, strict=True):
        kind = report.kind if report.kind in MARKERS else "undecided"
        marker, colour = MARKERS[kind]
        plain = marker.startswith("$")  # a sign has no edge: a halo sets it off
        ax.plot(
            *place, marker=marker, color=colour, markersize=9, markeredgecolor=colour if plain else "white",
            markeredgewidth=0.4 if plain else 0.9, zorder=7, label=None if kind in seen else kind + owner, linestyle="none", gid=kind,
            path_effects=[withStroke(linewidth=3, foreground="white")] if plain else None,
        )  # fmt: skip
        seen.add(kind)


def draw_found(found: Any, ax: Any = None) -> Any:
    """Draw f over the box that was searched, with its critical points.

    A curve for one variable, contours for two, the points alone for more.  What could not be decided is shaded.

    Parameters
    ----------
    found : gradwise.geometry.CriticalPoints
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if omitted.
    """
    from gradwise.plotting.contour import contour

    f, bounds = found.function, found.bounds
    if len(bounds) > 2 or (f is None and len(bounds) == 2):
        ax = critical_points(found, ax)
        if len(found):
            ax.set_xlabel(found.names[0])
            ax.set_ylabel(found.names[1])
        others = ""
        if len(bounds) > 2:
            hidden = found.names[2:]
            others = (
                f"\nseen along {', '.join(hidden)}"
                if len(hidden) <= 3
                else f"\nseen along {len(hidden)} other variables"
            )
        ax.set_title(_title(found) + others, fontsize="medium")
        return ax
    if len(bounds) == 2:
        ax = contour(
            f, tuple(bounds[0]), tuple(bounds[1]), ax, arrows=False, critical_points=found, count=_grid_for(found)
        )
        ax.set_ylabel(found.names[1])
        corners = [[(x, y), (x, v), (u, v), (u, y)] for (x, u), (y, v) in found.undecided]
        boxes = PolyCollection(corners, facecolor=PURPLE, edgecolor=PURPLE, linewidth=1.5, zorder=2.5, gid="undecided")
        ax.add_collection(boxes)
    else:
        ax = axes_for(ax, 6.4, 4.0)
        quiet_spines(ax)
        if f is not None:
            x = np.linspace(float(bounds[0][0]), float(bounds[0][1]), 801)
            function = FlatFunction(f, np.array([np.mean(bounds[0])]), "plot")
            ax.plot(x, [function(np.array([z])) for z in x], color=BLUE, linewidth=1.8)
        for low, high in found.undecided[:, 0]:
            ax.axvspan(low, high, color=PURPLE, alpha=0.5, linewidth=0.8, gid="undecided")
        _marks(ax, found.points, np.array([[np.mean(p.enclosure), p.value] for p in found.points]).reshape(-1, 2))
        ax.set_ylabel("f")
        legend(ax)
    ax.set_xlabel(found.names[0])
    ax.set_title(_title(found), fontsize="medium")
    return ax


def _grid_for(found: Any) -> int:
    """Points of a grid that shows the hills and valleys between the critical points: at least six from one to the next along each side."""
    places = np.array([np.mean(p.enclosure, axis=1) for p in found]).reshape(-1, 2)
    cells = [1, 1]
    for axis in (0, 1):
        gaps = np.diff(np.unique(places[:, axis]))
        gaps = gaps[gaps > 1e-3 * (found.bounds[axis][1] - found.bounds[axis][0])]
        if gaps.size:
            cells[axis] = int((found.bounds[axis][1] - found.bounds[axis][0]) / np.median(gaps))
    return int(np.clip(6 * max(cells) + 1, 121, 301))


def _title(found: Any) -> str:
    """How many points, and whether these are all."""
    sure = sum(p.kind in {"minimum", "saddle", "maximum"} for p in found)
    return f"{sure} critical point{'s' * (sure != 1)}, {found.status.partition(':')[0]}"


def draw_classification(report: Any, ax: Any = None) -> Any:
    """Draw f around a classified point: contours of the plane of the two extreme eigenvectors, with their axes.

    Parameters
    ----------
    report : gradwise.geometry.Classification
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if omitted.
    """
    from gradwise.plotting.contour import contour
    from gradwise.plotting.line_slice import line_slice

    if report.function is None:
        raise InputError(
            "plot() was called on a classification that was pickled. Its function is needed. Call gw.classify in this process"
        )
    # the report's function takes the vector of all variables, however the user's is written
    v, f, reach = _vector(report), report.function, _reach(report)
    if v.size == 1:
        ax = line_slice(f, v, None, (-reach, reach), ax)
    elif v.size == 2:
        x, y = v
        ax = contour(f, (x - reach, x + reach), (y - reach, y + reach), ax, False, None, [report], point=v)
    elif report.eigenvectors is None or report.eigenvectors.shape[1] < 2:
        raise InputError(
            f"plot() of a classification in {v.size} variables without eigenvectors. Two are required to choose a plane. "
            f"Use gw.plot.contour with point= and directions="
        )
    else:
        directions = (report.eigenvectors[:, 0], report.eigenvectors[:, -1])
        ax = contour(f, (-reach, reach), (-reach, reach), ax, False, None, [report], point=v, directions=directions)
        lowest, highest = report.eigenvalues[0], report.eigenvalues[-1]
        ax.set_xlabel(f"eigenvector of λ = {number(lowest)}")
        ax.set_ylabel(f"eigenvector of λ = {number(highest)}")
    if v.size <= 2:
        ax.set_xlabel(report.names[0])
    if v.size == 2:
        ax.set_ylabel(report.names[1])
    ax.set_title(report.headline() if v.size <= 3 else report.kind, fontsize="medium")
    return ax


def points_of_section(function: FlatFunction, plane: Plane, limits: Any) -> Any:
    """The critical points of f restricted to a plane, in the plane's coordinates: there the gradient is perpendicular to the plane, or zero."""
    form, origin, basis = function.form, plane.origin, plane.basis
    return geometry.critical_points(lambda v: form(origin + v[0] * basis[0] + v[1] * basis[1]), list(limits))


def reports_in(points: Any, f: Any) -> Any:
    """Reports from what a picture was given: points, or reports."""
    if hasattr(points, "points"):
        return points
    return [point if hasattr(point, "kind") else geometry.classify(f, point) for point in points]


def _vector(report: Any) -> np.ndarray:
    x = getattr(report, "x", None)
    leaves = flatten(x)[0]
    return np.concatenate([np.ravel(np.asarray(leaf, dtype=np.float64)) for leaf in leaves])


def _coordinates(report: Any, plane: Plane | None) -> np.ndarray:
    v = _vector(report)
    if plane is None:
        if v.size < 2:
            raise InputError(
                f"a critical point of {v.size} variable was given. Two are required for a picture. Use gw.plot.line_slice"
            )
        return v[:2]
    return plane.coordinates(v)


def _axes_of(report: Any, plane: Plane | None) -> list[tuple[float, np.ndarray]]:
    """Pairs (λ, direction in the plane); a direction that is not in the plane is drawn by its part in it."""
    values, vectors = getattr(report, "eigenvalues", None), getattr(report, "eigenvectors", None)
    if values is None or vectors is None or report.kind == "not critical":
        return []
    values, vectors = np.asarray(values, dtype=np.float64), np.asarray(vectors, dtype=np.float64)
    if vectors.shape[1] != values.size:  # of Lanczos' method the first and last
        values = values[[0, -1]]
    certain = _certain(report, values)
    pairs = []
    for value, vector, sure in zip(values, vectors.T, certain):
        direction = vector[:2] if plane is None else plane.coordinates(plane.origin + vector)
        if sure and np.linalg.norm(direction) > 1e-8:
            pairs.append((float(value), direction))
    return pairs


def _certain(report: Any, values: np.ndarray) -> np.ndarray:
    """Eigenvalues whose interval excludes zero: 1/√abs(λ) of the others is no length."""
    intervals = getattr(report, "intervals", None)
    if intervals is None or len(intervals) != values.size:
        return np.abs(values) > 1e-12 * np.max(np.abs(values), initial=0.0)
    return (intervals[:, 0] > 0) | (intervals[:, 1] < 0)


def _reach(report: Any) -> float:
    """Half the side of a picture around a point: a few units of what the curvature calls near."""
    return max(1.0, float(np.max(np.abs(_vector(report)))) / 4)


def _frame(ax: Any, places: np.ndarray, report: Any) -> None:
    low, high = places.min(axis=0), places.max(axis=0)
    pad = np.maximum(0.25 * (high - low), 0.25 * max(float(np.max(high - low)), 2.0))
    ax.set_xlim(low[0] - pad[0], high[0] + pad[0])
    ax.set_ylim(low[1] - pad[1], high[1] + pad[1])
    ax.set_aspect("equal")
    names = list(getattr(report, "names", None) or ("", ""))
    ax.set_xlabel(names[0])
    ax.set_ylabel(names[1])
    ax.grid(visible=True, color="0.92")
