"""``scipy.spatial``'s objects of points: neighbours, hulls, triangulations, Voronoi's cells.

Which points are chosen is SciPy's, and the same in a neighbourhood; distances, volumes, normals and corners are formulas of the chosen ones.  What is recorded holds at this point alone.
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
from gradwise.tracing.standins.scipy_calling import refuse, table, with_value
from gradwise.tracing.standins.scipy_choices import settle
from gradwise.tracing.standins.sparse_arithmetic import like_scipy
from gradwise.tracing.standins.sparse_entries import Entries
from gradwise.tracing.standins.stacking import leaves, plainly
from gradwise.tracing.traced import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable


class _OfPoints:
    """An object of SciPy's that was made of the plain points; what is computed of it here belongs to the traced ones."""

    def __init__(self, made: Any, points: Any, name: str) -> None:
        self._made, self._points, self._name = made, points, name

    @property
    def points(self) -> Any:
        return self._points

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._made, attribute)
        if attribute.startswith("__") or not isinstance(value, (np.ndarray, float)) or dtype_of(value).kind != "f":
            return value
        return refuse([self._points], f"{attribute} of scipy.spatial.{self._name}", "Compute it from its indices")


@standing_for("_made")
class _Hull(_OfPoints):
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

    @property
    def equations(self) -> Any:
        """Unit normals n and offsets d of the facets, n · x + d = 0: n is orthogonal to the edges, and points to SciPy's side."""
        value = self._made.equations
        corners = self._points[self._made.simplices]
        edges = corners[:, 1:] - corners[:, :1]
        # what is left of SciPy's normal beside the moved edges
        away = value[:, :-1, None] - np.swapaxes(edges, 1, 2) @ np.linalg.solve(
            edges @ np.swapaxes(edges, 1, 2), edges @ value[:, :-1, None]
        )
        normals = away[..., 0] / np.sqrt(np.sum(away[..., 0] ** 2, axis=1, keepdims=True))
        offsets = -np.sum(normals * corners[:, 0], axis=1, keepdims=True)
        return with_value(np.concatenate([normals, offsets], axis=1), value)


@standing_for("_made")
class _Mesh(_OfPoints):
    def find_simplex(self, xi: Any, *args: Any, **options: Any) -> Any:
        settle((xi,))
        return self._made.find_simplex(plainly(xi), *args, **options)

    @property
    def transform(self) -> Any:
        """For each simplex the map to its barycentric coordinates, T⁻¹ (x − r), and below it r, its last corner."""
        value = self._made.transform
        corners = self._points[self._made.simplices]
        flat = ~np.isfinite(value).all(axis=(1, 2))  # degenerate ones, of which SciPy has nan
        edges = np.swapaxes(corners[:, :-1] - corners[:, -1:], 1, 2)
        edges = np.where(flat[:, None, None], np.eye(edges.shape[-1]), edges)
        return with_value(np.concatenate([np.linalg.inv(edges), corners[:, -1:]], axis=1), value)


@standing_for("_made")
class _Cells(_OfPoints):
    @property
    def vertices(self) -> Any:
        """The points that are as far from n + 1 of the given ones."""
        value, points = self._made.vertices, plain(self._points)
        n = points.shape[1]
        away, places = scipy.spatial.KDTree(points).query(value, min(n + 2, len(points)))
        if away.shape[1] > n + 1 and np.any(away[:, n + 1] - away[:, 0] <= _SAME * away[:, 0]):
            refuse(
                [self._points],
                "vertices of scipy.spatial.Voronoi, of which one is as far from more points than determine it,",
                "Points in general position are required",
            )
        around = self._points[places[:, : n + 1]]
        edges = around[:, 1:] - around[:, :1]
        squares = np.sum(around**2, axis=-1)
        half = 0.5 * (squares[:, 1:] - squares[:, :1])
        return with_value(np.linalg.solve(edges, half[..., None])[..., 0], value)


#: how near distances are that are taken for equal, relative to them
_SAME = 1e-9


@standing_for("_made")
class _Tree(_OfPoints):
    @property
    def data(self) -> Any:
        return self._points

    def query(self, x: Any, k: Any = 1, *args: Any, **options: Any) -> Any:
        return _nearest(self._made, self._points, x, k, args, options)

    def query_ball_point(self, x: Any, *args: Any, **options: Any) -> Any:
        settle((x, *args, *options.values()))
        return self._made.query_ball_point(*map(plainly, (x, *args)), **{k: plainly(v) for k, v in options.items()})

    def sparse_distance_matrix(self, other: Any, *args: Any, **options: Any) -> Any:
        return _distances(self, other, args, options)


def _lengths(away: Any, p: float) -> Any:
    """Minkowski's lengths along the last axis."""
    if p == 2:
        return np.sqrt(np.sum(away * away, axis=-1))
    sizes = np.abs(away)
    return np.max(sizes, axis=-1) if np.isinf(p) else np.sum(sizes**p, axis=-1) ** (1 / p)


def _nearest(tree: Any, points: Any, x: Any, k: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The distances to the nearest points, and which they are; those of neighbours that are not there are infinite."""
    x = as_array(x)
    settle((x, points))
    given = dict(zip(("eps", "p", "distance_upper_bound"), args, strict=False)) | options
    distances, places = tree.query(plain(x), k, *args, **options)
    beside = x[..., None, :] if np.ndim(places) == np.ndim(plain(x)) else x
    there = np.isfinite(distances)
    away = points[np.where(there, places, 0)] - beside
    lengths = _lengths(np.where(there[..., None], away, 1.0) if not np.all(there) else away, given.get("p", 2))
    return with_value(lengths if np.all(there) else np.where(there, lengths, np.inf), distances), places


def _distances(tree: Any, other: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The distances of the pairs of points of two trees that are near enough."""
    given = dict(zip(("max_distance", "p", "output_type"), args, strict=False)) | options
    ours, theirs = (as_array(t.data) for t in (tree, other))
    settle((ours, theirs, given["max_distance"]))
    plain_trees = [getattr(t, "_made", t) for t in (tree, other)]
    settled = {k: plainly(v) for k, v in given.items()}
    value = plain_trees[0].sparse_distance_matrix(plain_trees[1], **settled)
    found = plain_trees[0].sparse_distance_matrix(plain_trees[1], **settled | {"output_type": "coo_matrix"})
    lengths = _lengths(ours[found.row] - theirs[found.col], given.get("p", 2.0))
    entries = with_value(lengths, found.data)
    if not scipy.sparse.issparse(value):
        return refuse([entries], "sparse_distance_matrix that is no matrix", "Write output_type='coo_matrix'")
    return like_scipy(Entries(value.shape, found.row, found.col, entries), value)


def _made_of_points(name: str, cls: type) -> Callable[..., Any]:
    def call(points: Any, *args: Any, **options: Any) -> Any:
        points = as_array(points)
        settle((points,))
        return cls(getattr(scipy.spatial, name)(plain(points), *args, **options), points, name)

    call.__name__ = name
    call.__doc__ = f"``scipy.spatial.{name}`` of traced points."
    return call


# --- methods of SciPy's own objects, of plain points -----------------------------------------------------------------------------------


def _query(tree: Any, x: Any, k: Any = 1, *args: Any, **options: Any) -> Any:
    if not contains_traced((x,)):
        return tree.query(x, k, *args, **options)
    with at_line(*open_traces(leaves([x], []))):
        return _nearest(tree, np.asarray(tree.data), x, k, args, options)


def _pairs(tree: Any, other: Any, *args: Any, **options: Any) -> Any:
    if not isinstance(other, _Tree):
        return tree.sparse_distance_matrix(other, *args, **options)
    return _distances(tree, other, args, options)


def _find_simplex(mesh: Any, xi: Any, *args: Any, **options: Any) -> Any:
    if contains_traced((xi,)):
        settle((xi,))
    return mesh.find_simplex(plainly(xi), *args, **options)


def _late() -> dict[type, dict[str, Callable[..., Any]]]:
    trees = (scipy.spatial.KDTree, scipy.spatial.cKDTree)
    found: dict[type, dict[str, Callable[..., Any]]] = {
        cls: {"query": _query, "sparse_distance_matrix": _pairs} for cls in trees
    }
    return found | {scipy.spatial.Delaunay: {"find_simplex": _find_simplex}}


LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {"scipy.spatial": _late}


def directed_hausdorff(u: Any, v: Any, *args: Any, **options: Any) -> Any:
    """``scipy.spatial.distance.directed_hausdorff``: the distance of the two points that SciPy finds."""
    value = scipy.spatial.distance.directed_hausdorff(plainly(u), plainly(v), *args, **options)
    settle((u, v))
    away = as_array(u)[value[1]] - as_array(v)[value[2]]
    return (with_value(np.sqrt(np.sum(away * away)), value[0]), *value[1:])


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.spatial.distance": table("scipy.spatial.distance", {"directed_hausdorff": directed_hausdorff}),
    "scipy.spatial": table(
        "scipy.spatial",
        {
            name: _made_of_points(name, cls)
            for name, cls in {
                "ConvexHull": _Hull,
                "Delaunay": _Mesh,
                "Voronoi": _Cells,
                "KDTree": _Tree,
                "cKDTree": _Tree,
            }.items()
        },
    ),
}
