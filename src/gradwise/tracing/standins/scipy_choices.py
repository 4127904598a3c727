"""SciPy's functions that choose: assignments, peaks, ranks, neighbours, hulls, triangulations.

What is chosen is the same in a neighbourhood of the point, and is SciPy's own; the numbers that belong to it (distances, heights, volumes) are formulas of the entries that were chosen.  What is recorded
holds at this point alone, where another point may choose otherwise.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.holders import standing_for
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import only_at_this_point, refuse, table, with_value
from gradwise.tracing.standins.stacking import leaves, plainly
from gradwise.tracing.standins.traced_data import settled
from gradwise.tracing.traced import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable


def _settle(arguments: Any) -> None:
    only_at_this_point(open_traces(leaves(list(arguments), [])))


def _chosen(module: str, name: str) -> Callable[..., Any]:
    """Stand-in for a function whose results change by jumps only."""

    def call(*args: Any, **options: Any) -> Any:
        _settle((*args, *options.values()))
        function = getattr(getattr(scipy, module), name)
        return function(*map(plainly, args), **{k: plainly(v) for k, v in options.items()})

    call.__name__ = name
    call.__doc__ = f"``scipy.{module}.{name}``, which changes by jumps only."
    return call


# --- peaks ------------------------------------------------------------------------------------------------------------------------


def _prominences(x: Any, peaks: Any, left: Any, right: Any) -> Any:
    return x[peaks] - np.maximum(x[left], x[right])


def find_peaks(x: Any, *args: Any, **options: Any) -> Any:
    """``scipy.signal.find_peaks``: heights and prominences are those of the entries."""
    _settle((x, *args, *options.values()))
    x = as_array(x)
    peaks, found = scipy.signal.find_peaks(plain(x), *map(plainly, args), **{k: plainly(v) for k, v in options.items()})
    for key, value in list(found.items()):
        if key == "peak_heights":
            found[key] = with_value(x[peaks], value)
        elif key == "prominences":
            found[key] = with_value(_prominences(x, peaks, found["left_bases"], found["right_bases"]), value)
        elif value.dtype.kind == "f":
            refuse([x], f"{key!r} of scipy.signal.find_peaks", "Known are peak_heights and prominences")
    return peaks, found


def peak_prominences(x: Any, peaks: Any, wlen: Any = None) -> Any:
    """``scipy.signal.peak_prominences``."""
    _settle((x,))
    x = as_array(x)
    value, left, right = scipy.signal.peak_prominences(plain(x), plainly(peaks), wlen)
    return with_value(_prominences(x, np.asarray(plainly(peaks)), left, right), value), left, right


# --- samples ----------------------------------------------------------------------------------------------------------------------


def wasserstein_distance(u: Any, v: Any, u_weights: Any = None, v_weights: Any = None) -> Any:
    """``scipy.stats.wasserstein_distance``: Σ |F(z) − G(z)| Δz over the merged sample."""
    u, v, (u_weights, v_weights) = as_array(u), as_array(v), settled((u_weights, v_weights))
    value = scipy.stats.wasserstein_distance(plain(u), plain(v), plainly(u_weights), plainly(v_weights))
    if contains_traced((u_weights, v_weights)):
        refuse([u, v, u_weights, v_weights], "scipy.stats.wasserstein_distance of traced weights", "Write it in NumPy")
    _settle((u, v))
    merged = np.sort(np.concatenate([u * 1.0, v * 1.0]))
    heights = []
    for sample, weights in ((plain(u), u_weights), (plain(v), v_weights)):
        order = np.argsort(sample)
        weights = np.ones(len(sample)) if weights is None else np.asarray(weights, float)
        total = np.concatenate([[0.0], np.cumsum(weights[order])]) / weights.sum()
        heights.append(total[np.searchsorted(sample[order], plain(merged)[:-1], "right")])
    return with_value(np.sum(np.abs(heights[0] - heights[1]) * np.diff(merged)), value)


def nnls(A: Any, b: Any, *args: Any, **options: Any) -> Any:
    """``scipy.optimize.nnls``: least squares in the unknowns that are not 0."""
    A, b = as_array(A), as_array(b)
    _settle((A, b))
    value, size = scipy.optimize.nnls(plain(A), plain(b), *args, **options)
    free = np.flatnonzero(value > 0)
    if not free.size:
        return value, with_value(np.linalg.norm(b), size)
    part = A[:, free] * 1.0
    solved = np.linalg.solve(part.T @ part, part.T @ b)
    x = np.concatenate([np.zeros(1), solved])[np.where(value > 0, np.searchsorted(free, np.arange(len(value))) + 1, 0)]
    return with_value(x, value), with_value(np.linalg.norm(part @ solved - b), size)


# --- points -----------------------------------------------------------------------------------------------------------------------


class _OfPoints:
    """An object of SciPy's that was made of the plain points; what is computed of it here belongs to the traced ones."""

    def __init__(self, made: Any, points: Any, name: str) -> None:
        self._made, self._points, self._name = made, points, name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._made, attribute)
        if attribute.startswith("__") or not isinstance(value, (np.ndarray, float)) or dtype_of(value).kind != "f":
            return value
        return refuse([self._points], f"{attribute} of scipy.spatial.{self._name}", "Compute it from its indices")


@standing_for("_made")
class _Hull(_OfPoints):
    @property
    def points(self) -> Any:
        return self._points

    @property
    def volume(self) -> Any:
        corners = self._points[self._made.simplices] - np.mean(plain(self._points), axis=0)
        total = np.sum(np.abs(np.linalg.det(corners))) / math.factorial(corners.shape[-1])
        return with_value(total, self._made.volume)

    @property
    def area(self) -> Any:
        corners = self._points[self._made.simplices]
        edges = corners[:, 1:] - corners[:, :1]
        squares = np.linalg.det(edges @ np.swapaxes(edges, 1, 2))
        return with_value(np.sum(np.sqrt(squares)) / math.factorial(edges.shape[1]), self._made.area)


@standing_for("_made")
class _Mesh(_OfPoints):
    @property
    def points(self) -> Any:
        return self._points

    def find_simplex(self, xi: Any, *args: Any, **options: Any) -> Any:
        _settle((xi,))
        return self._made.find_simplex(plainly(xi), *args, **options)


@standing_for("_made")
class _Tree(_OfPoints):
    @property
    def data(self) -> Any:
        return self._points

    def query(self, x: Any, k: Any = 1, *args: Any, **options: Any) -> Any:
        return _nearest(self._made, self._points, x, k, args, options)

    def query_ball_point(self, x: Any, *args: Any, **options: Any) -> Any:
        _settle((x, *args, *options.values()))
        return self._made.query_ball_point(*map(plainly, (x, *args)), **{k: plainly(v) for k, v in options.items()})


def _nearest(tree: Any, points: Any, x: Any, k: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The distances to the nearest points, and which they are."""
    x = as_array(x)
    _settle((x, points))
    given = dict(zip(("eps", "p", "distance_upper_bound"), args, strict=False)) | options
    distances, places = tree.query(plain(x), k, *args, **options)
    if np.any(np.isinf(distances)) or given.get("p", 2) != 2:
        refuse([x, points], "A query with p other than 2, or with neighbours that are not there,", "Use the indices")
    beside = x[..., None, :] if np.ndim(places) == np.ndim(plain(x)) else x
    away = points[places] - beside
    return with_value(np.sqrt(np.sum(away * away, axis=-1)), distances), places


def _made_of_points(name: str, cls: type) -> Callable[..., Any]:
    def call(points: Any, *args: Any, **options: Any) -> Any:
        points = as_array(points)
        _settle((points,))
        return cls(getattr(scipy.spatial, name)(plain(points), *args, **options), points, name)

    call.__name__ = name
    call.__doc__ = f"``scipy.spatial.{name}`` of traced points."
    return call


def _query(tree: Any, x: Any, k: Any = 1, *args: Any, **options: Any) -> Any:
    if not contains_traced((x,)):
        return tree.query(x, k, *args, **options)
    with at_line(*open_traces(leaves([x], []))):
        return _nearest(tree, np.asarray(tree.data), x, k, args, options)


def _trees() -> dict[type, dict[str, Callable[..., Any]]]:
    return {cls: {"query": _query} for cls in (scipy.spatial.KDTree, scipy.spatial.cKDTree)}


LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {"scipy.spatial": _trees}

_JUMPING = {
    "optimize": ("linear_sum_assignment",),
    "signal": ("argrelmax", "argrelmin", "argrelextrema", "find_peaks_cwt"),
    "stats": (
        "rankdata",
        "spearmanr",
        "kendalltau",
        "ks_2samp",
        "mannwhitneyu",
        "wilcoxon",
        "friedmanchisquare",
        "kruskal",
        "weightedtau",
        "somersd",
    ),
}


def directed_hausdorff(u: Any, v: Any, *args: Any, **options: Any) -> Any:
    """``scipy.spatial.distance.directed_hausdorff``: the distance of the two points that SciPy finds."""
    value = scipy.spatial.distance.directed_hausdorff(plainly(u), plainly(v), *args, **options)
    _settle((u, v))
    away = as_array(u)[value[1]] - as_array(v)[value[2]]
    return (with_value(np.sqrt(np.sum(away * away)), value[0]), *value[1:])


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.spatial.distance": table("scipy.spatial.distance", {"directed_hausdorff": directed_hausdorff}),
    "scipy.optimize": table(
        "scipy.optimize", {"nnls": nnls} | {n: _chosen("optimize", n) for n in _JUMPING["optimize"]}
    ),
    "scipy.signal": table(
        "scipy.signal",
        {"find_peaks": find_peaks, "peak_prominences": peak_prominences}
        | {n: _chosen("signal", n) for n in _JUMPING["signal"]},
    ),
    "scipy.stats": table(
        "scipy.stats",
        {"wasserstein_distance": wasserstein_distance} | {n: _chosen("stats", n) for n in _JUMPING["stats"]},
    ),
    "scipy.spatial": table(
        "scipy.spatial",
        {
            "ConvexHull": _made_of_points("ConvexHull", _Hull),
            "Delaunay": _made_of_points("Delaunay", _Mesh),
            "KDTree": _made_of_points("KDTree", _Tree),
            "cKDTree": _made_of_points("cKDTree", _Tree),
        },
    ),
}
