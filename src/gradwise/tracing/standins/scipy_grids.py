"""``scipy.interpolate`` in several variables at traced points: grids, tensor products of splines, radial functions.

A tensor product of splines is Σ B_i(x) B_j(y) c_ij over the few B-splines that are not 0 at a point, whose numbers are looked up beside their values.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.rules.shapes import getitem
from gradwise.tracing.arithmetic import _innermost, plain
from gradwise.tracing.functions.interpolation import _interval, _offset, _taken
from gradwise.tracing.functions.operands import integers
from gradwise.tracing.standins.piecewise_polynomials import Pieces, at, beside, extended, filled, points
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.standins.scipy_calling import refuse
from gradwise.tracing.standins.scipy_interpolation import (
    IN_ONE_VARIABLE,
    agreeing,
    method_of,
    names_of,
    pieces_of,
    spline_basis,
)
from gradwise.tracing.standins.scipy_radial import at_traced_points, kernel_of
from gradwise.tracing.standins.scipy_spline_calculus import OF_TRACED_DATA
from gradwise.tracing.standins.scipy_spline_data import MAKERS
from gradwise.tracing.standins.stacking import assembled, plainly
from gradwise.tracing.standins.traced_data import shown_array
from gradwise.tracing.traced import apply, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def _looked_up(values: Any, places: list[Any]) -> Any:
    """``values[places]`` with one array of integers for each of the first axes."""
    trace = _innermost(values, *places)
    if trace is None:
        return values[tuple(places)]
    key = tuple([("array", i) for i in range(len(places))])
    return apply(trace, getitem, (values, *places), (key,))


def _any(masks: list[Any]) -> Any:
    total = masks[0]
    for mask in masks[1:]:
        total = np.logical_or(total, mask)
    return total


# --- tensor products of splines ------------------------------------------------------------------------------------------------------------


def _tensor(knots: Any, degrees: Any, c: Any, xs: list[Any], nu: Any) -> Any:
    """The tensor product at points whose coordinates broadcast; of their shape and then the further axes of c."""
    n = len(xs)
    trailing = np.ndim(plain(c)) - n
    ndim = max(np.ndim(plain(x)) for x in xs)
    weights: Any = 1.0
    places = []
    for d, (t, k, x, order) in enumerate(zip(knots, degrees, xs, nu, strict=True)):
        made = spline_basis(t, int(k))
        spread = [1] * n
        spread[d] = int(k) + 1
        own = at(Pieces(made.breaks, made.c), x, int(order), kinks=made.kinks(int(order)))
        own = np.reshape(own, (*np.shape(plain(own))[:-1], *spread))
        weights = weights * own
        columns = made.columns.reshape(-1, *spread)
        places.append(_taken(columns, _interval(made.breaks, x)))
    terms = beside(weights, trailing) * _looked_up(c, places)
    return np.sum(terms, axis=tuple(range(ndim, ndim + n)))


def _nd_spline_called(original: Callable[..., Any], f: Any, xi: Any, *, nu: Any = None, extrapolate: Any = None) -> Any:
    value = original(f, plainly(xi), nu=nu, extrapolate=extrapolate)
    extrapolate = f.extrapolate if extrapolate is None else extrapolate
    return agreeing(_nd_spline(f, _columns(assembled_points(xi)), nu, extrapolate), value)


def _nd_spline(f: Any, xs: list[Any], nu: Any, extrapolate: Any) -> Any:
    result = _tensor(f.t, f.k, f.c, xs, [0] * len(xs) if nu is None else integers(nu))
    if extrapolate:
        return result
    ends = [(t[k], t[-k - 1]) for t, k in zip(f.t, f.k, strict=True)]
    return filled(result, _outside(xs, ends), np.nan)


def _outside(xs: list[Any], ends: Any) -> Any:
    return _any([mask for x, (low, high) in zip(xs, ends, strict=True) for mask in (x < low, x > high)])


def _bivariate_called(
    original: Callable[..., Any], f: Any, x: Any, y: Any, dx: Any = 0, dy: Any = 0, grid: Any = True
) -> Any:
    dx, dy = integers(dx), integers(dy)
    value = original(f, plainly(x), plainly(y), dx, dy, grid)
    return agreeing(_bivariate((*f.tck[:3], *f.degrees), points(x), points(y), dx, dy, grid=grid), value)


def bisplev(x: Any, y: Any, tck: Any, dx: Any = 0, dy: Any = 0) -> Any:
    """``scipy.interpolate.bisplev`` of a plain spline."""
    if contains_traced(tck):
        refuse(tck, "scipy.interpolate.bisplev of traced coefficients", "Plain knots and coefficients are required")
    value = scipy.interpolate.bisplev(plainly(x), plainly(y), tck, dx, dy)
    return agreeing(_bivariate(tck, points(x), points(y), dx, dy, grid=True), value)


def _bivariate(tck: Any, x: Any, y: Any, dx: int, dy: int, *, grid: bool) -> Any:
    """FITPACK's splines of two variables, which are held at their value on the boundary outside of it."""
    tx, ty, c, kx, ky = tck
    if grid:
        x, y = np.reshape(x, (-1, 1)), np.reshape(y, (1, -1))
    else:
        shape = np.broadcast_shapes(np.shape(plain(x)), np.shape(plain(y)))
        x, y = np.broadcast_to(x, shape), np.broadcast_to(y, shape)
    x, y = np.clip(x, tx[kx], tx[-kx - 1]), np.clip(y, ty[ky], ty[-ky - 1])
    table_of_c = np.reshape(c, (len(tx) - kx - 1, len(ty) - ky - 1))
    return _tensor((tx, ty), (kx, ky), table_of_c, [x, y], (dx, dy))


def _bivariate_at_points(original: Callable[..., Any], f: Any, xi: Any, yi: Any, dx: Any = 0, dy: Any = 0) -> Any:
    return _bivariate_called(lambda f, x, y, dx, dy, grid: original(f, x, y, dx, dy), f, xi, yi, dx, dy, grid=False)


# --- values on a grid ---------------------------------------------------------------------------------------------------------------------


def assembled_points(xi: Any, ndim: int | None = None) -> Any:
    """Points with their coordinates along the last axis, as SciPy reads an array, a list or a tuple of coordinates."""
    if type(xi) is tuple and len(xi) == 1:
        xi = xi[0]
    if type(xi) is tuple and ndim is not None:
        parts = [points(assembled(x) if type(x) in {list, tuple} else x) for x in xi]
        return np.stack(np.broadcast_arrays(*parts), axis=-1)
    x = points(assembled(xi) if type(xi) in {list, tuple} else xi)
    return np.reshape(x, (-1, ndim)) if ndim is not None and np.ndim(plain(x)) == 1 else x


def _columns(x: Any) -> list[Any]:
    return [x[..., d] for d in range(np.shape(plain(x))[-1])]


def _grid_called(original: Callable[..., Any], f: Any, xi: Any, method: Any = None, **options: Any) -> Any:
    value = original(f, plainly(xi), method, **options)
    return agreeing(_grid(f, xi, f.method if method is None else method, options.get("nu")), value)


def _grid(f: Any, xi: Any, method: str, nu: Any) -> Any:
    xs = _columns(assembled_points(xi, len(f.grid)))
    values = shown_array(f, "values")
    if method in {"linear", "nearest"}:
        result = _multilinear(f.grid, values, xs, nearest=method == "nearest")
    elif method == "pchip":
        result = _by_pchip(f.grid, values, xs)
    elif isinstance_traced(values):
        result = _by_collocation(f.grid, values, f._SPLINE_DEGREE_MAP[method], xs, nu)
    elif method in {"slinear", "cubic", "quintic"} and hasattr(f, "_construct_spline"):
        spline = f._spline if f.method == method else f._construct_spline(method)
        result = _nd_spline(spline, xs, nu, extrapolate=True)
    else:
        refuse(
            xs,
            f"scipy.interpolate.RegularGridInterpolator of method {method!r}",
            'Use "linear", "pchip", "cubic" or "quintic"',
        )
    outside = _outside(xs, [(g[0], g[-1]) for g in f.grid])
    if f.bounds_error:
        if np.any(outside):
            raise ValueError("One of the requested xi is out of bounds.")
        return result
    return result if f.fill_value is None else filled(result, outside, f.fill_value)


def _by_collocation(grid: Any, values: Any, degree: int, xs: list[Any], nu: Any) -> Any:
    """The tensor product of interpolating splines: its coefficients are a linear map of the values along each axis."""
    knots = []
    for axis, places in enumerate(grid):
        spline = scipy.interpolate.make_interp_spline(places, np.eye(len(places)), k=degree)
        knots.append(spline.t)
        values = np.moveaxis(np.tensordot(spline.c, values, ([1], [axis])), 0, axis)
    orders = [0] * len(xs) if nu is None else integers(nu)
    return _tensor(tuple(knots), (degree,) * len(knots), values, xs, orders)


def _by_pchip(grid: Any, values: Any, xs: list[Any]) -> Any:
    """Along the last axis first, then along the others point by point, as SciPy does."""
    shape = np.shape(plain(xs[0]))
    flat = [np.reshape(x, (-1,)) for x in xs]

    def along(axis: int, data: Any, x: Any) -> Any:
        data = np.moveaxis(data, axis, 0)
        make = MAKERS["PchipInterpolator"] if contains_traced(data) else scipy.interpolate.PchipInterpolator
        return extended(pieces_of(make(grid[axis], data)), points(x), 0, True)

    last = len(grid) - 1
    lines = along(last, values, flat[last])
    made = []
    for j in range(np.size(plain(flat[0]))):
        folded = lines[j]
        for axis in range(last - 1, -1, -1):
            folded = along(axis, folded, flat[axis][j])
        made.append(folded)
    result = np.stack(made)
    return np.reshape(result, (*shape, *np.shape(plain(result))[1:]))


def _multilinear(grid: Any, values: Any, xs: list[Any], *, nearest: bool) -> Any:
    """The sum over the corners of a cell; at a grid line the slopes of the cell above it."""
    places: list[Any] = []
    corners: list[list[tuple[slice, Any]]] = []
    for g, x in zip(grid, xs, strict=True):
        if len(g) == 1:
            places.append(_taken(np.zeros(2, int), np.searchsorted(g, x)))
            corners.append([(slice(0, 1), 1.0)])
            continue
        place = _interval(g, x)
        left, right = _taken(g[:-1], place), _taken(g[1:], place)
        if nearest:
            far = np.where((x - left) / (right - left) <= 0.5, 0.0, 1.0)
        else:
            far = _offset(x, left, right) / (right - left)
        places.append(place)
        corners.append([(slice(None, -1), 1.0 - far), (slice(1, None), far)])
    trailing = np.ndim(plain(values)) - len(xs)
    total: Any = 0.0
    for corner in itertools.product(*corners):
        weight: Any = 1.0
        for _, w in corner:
            weight = weight * w
        total = total + beside(weight, trailing) * _looked_up(values[tuple([part for part, _ in corner])], places)
    return total


def interpn(
    points: Any, values: Any, xi: Any, method: Any = "linear", bounds_error: Any = True, fill_value: Any = np.nan
) -> Any:
    """``scipy.interpolate.interpn`` on a plain grid."""
    if contains_traced(points) or (contains_traced(values) and method == "splinef2d"):
        refuse([points, values], "scipy.interpolate.interpn of traced data", 'A plain grid, and "linear", are required')
    value = scipy.interpolate.interpn(points, plainly(values), plainly(xi), method, bounds_error, fill_value)
    if method != "splinef2d":
        make = (
            MAKERS["RegularGridInterpolator"] if contains_traced(values) else scipy.interpolate.RegularGridInterpolator
        )
        f = make(points, values, method, bounds_error, fill_value)
        return agreeing(_grid(f, xi, method, None), value)
    xs = _columns(assembled_points(xi, 2))
    f = scipy.interpolate.RectBivariateSpline(points[0], points[1], values)
    result = _bivariate((*f.tck[:3], *f.degrees), xs[0], xs[1], 0, 0, grid=False)
    outside = _outside(xs, [(p[0], p[-1]) for p in points])
    if bounds_error and np.any(outside):
        raise ValueError("One of the requested xi is out of bounds.")
    return agreeing(filled(result, outside, np.nan if fill_value is None else fill_value), value)


# --- scattered data ---------------------------------------------------------------------------------------------------------------------


def _scattered_called(original: Callable[..., Any], f: Any, *xi: Any) -> Any:
    """Lines over the triangulation; the program holds while each point stays in its triangle."""
    value = original(f, *map(plainly, xi))
    n = f.points.shape[1]
    x = assembled_points(xi, n)
    if f.scale is not None:
        x = (x - f.offset) / f.scale
    rows = np.reshape(x, (-1, n))
    triangles = f.tri.find_simplex(plain(rows))
    if np.any(triangles < 0):
        refuse(xi, "scipy.interpolate.LinearNDInterpolator outside of its points", "Points inside of them are required")
    maps = f.tri.transform[triangles]
    away = rows - maps[:, n]
    first = np.sum(maps[:, :n] * away[:, None, :], axis=-1)
    weights = np.concatenate([first, 1.0 - np.sum(first, axis=-1, keepdims=True)], axis=-1)
    if np.any(weights <= 1e-12):
        refuse(
            xi, "scipy.interpolate.LinearNDInterpolator on an edge, where its slopes jump,", "Move the points off it"
        )
    corners = np.reshape(f.values, (len(f.points), -1))[f.tri.simplices[triangles]]
    result = np.sum(weights[..., None] * corners, axis=1)
    return agreeing(np.reshape(result, np.shape(value)), value)


# --- radial functions --------------------------------------------------------------------------------------------------------------------


def _radial_called(original: Callable[..., Any], f: Any, x: Any) -> Any:
    if f.neighbors is not None:
        return at_traced_points(f, x)
    value = original(f, plain(x))
    x = points(x)
    kernel = kernel_of(f.kernel, [f.epsilon * (x[:, d : d + 1] - f.y[:, d]) for d in range(f.y.shape[1])])
    n = len(f.y)
    result = kernel @ f._coeffs[:n]
    scaled = (x - f._shift) / f._scale
    for row, powers in zip(f._coeffs[n:], f.powers, strict=True):
        term: Any = np.ones_like(plain(x)[:, 0])
        for d, p in enumerate(powers):
            term = term * scaled[:, d] ** int(p) if p else term
        result = result + beside(term, 1) * row
    if np.iscomplexobj(value):
        result = result[:, 0::2] + 1j * result[:, 1::2]
    return agreeing(result, value)


STAND_INS = names_of({"bisplev": bisplev, "interpn": interpn})

_OURS: dict[str, dict[str, Callable[..., Any]]] = {
    "BivariateSpline": {"__call__": _bivariate_called, "ev": _bivariate_at_points},
    "NdBSpline": {"__call__": _nd_spline_called},
    "RegularGridInterpolator": {"__call__": _grid_called},
    "RBFInterpolator": {"__call__": _radial_called},
    "LinearNDInterpolator": {"__call__": _scattered_called},
}


def methods() -> dict[type, dict[str, Callable[..., Any]]]:
    """The methods of SciPy's interpolants, by type; ``scipy.interpolate`` must be loaded."""
    found = {}
    for name, ours in (IN_ONE_VARIABLE | _OURS).items():
        cls = getattr(scipy.interpolate, name)
        every = ours | OF_TRACED_DATA.get(name, {})
        lists = name not in {"RegularGridInterpolator", "LinearNDInterpolator"}  # which take a tuple of coordinates
        found[cls] = {n: method_of(_original(cls, n), f, lists=lists) for n, f in every.items() if hasattr(cls, n)}
    return found


def _original(cls: type, name: str) -> Any:
    """SciPy's method, or what makes its property."""
    found = getattr(cls, name)
    return found.fget if type(found) is property else found


#: module → the methods of its types, once it is loaded
LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {"scipy.interpolate": methods}
