"""``scipy.interpolate`` through traced data: splines and polynomials whose coefficients depend on the data; cubic polynomials and lines between traced places.

Cubic splines, B-splines and interpolating polynomials are linear in the data: the map is found from unit vectors, and for traced knots from ``spline_slopes``.  Akima's slopes are those of Akima (1970).  The coefficients have SciPy's values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.standins.piecewise_polynomials import beside, extended, points
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.standins.scipy_calling import keep_finite, refuse
from gradwise.tracing.standins.scipy_interpolation import (
    agreeing,
    interpolating_polynomial,
    names_of,
    pieces_of,
    placed,
    shaped,
)
from gradwise.tracing.standins.scipy_smoothing_splines import coefficients
from gradwise.tracing.standins.spline_collocation import spline_through
from gradwise.tracing.standins.spline_slopes import pchip_slopes, slopes_through
from gradwise.tracing.standins.stacking import plainly
from gradwise.tracing.standins.traced_data import hold, shown_array
from gradwise.tracing.traced import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST = 2048


def _interpolate(name: str) -> Any:
    return getattr(scipy.interpolate, name)


def _with_coefficients(f: Any, name: str, made: Any) -> Any:
    """The interpolant, holding the traced array; its value is the interpolant's own."""
    return hold(f, name, agreeing(made, shown_array(f, name)))


def _data(y: Any, axis: int) -> Any:
    y = as_array(y)
    keep_finite((y,))  # SciPy refuses others
    y = y if dtype_of(plain(y)).kind in "fc" else y.astype(float)
    return np.moveaxis(y, axis, 0)


def _only_data(name: str, y: Any, *others: Any) -> None:
    """Refuse what is not linear in the data."""
    if contains_traced(others):
        refuse(others, f"scipy.interpolate.{name} of traced places or conditions", "Only the data may be traced")
    if np.size(plain(y)) and len(y) > _MOST:
        refuse([y], f"scipy.interpolate.{name} of more than {_MOST} traced data", f"At most {_MOST} are required")


def _placed(f: Any, x: Any) -> Any:
    """The places of the interpolant, which holds them from now on if they are traced."""
    if contains_traced(x):
        keep_finite((x,))
        hold(f, "x", agreeing(points(x), f.x))
    return shown_array(f, "x")


def _units(n: int, *, periodic: bool) -> np.ndarray:
    """Unit vectors as columns; those of periodic data have equal ends."""
    units = np.eye(n)
    if not periodic:
        return units
    units = units[:, :-1]
    units[-1, 0] = 1.0
    return units


def _mapped(matrix: Any, y: Any, *, periodic: bool) -> Any:
    return np.tensordot(matrix, y[:-1] if periodic else y, 1)


# --- cubic polynomials of values and slopes --------------------------------------------------------------------------------------------


def _hermite(x: Any, y: Any, slopes: Any) -> Any:
    """The coefficients of the cubic polynomials with these values and slopes at x."""
    h = beside(np.diff(x), np.ndim(plain(y)) - 1)
    chord = np.diff(y, axis=0) / h
    first, last = slopes[:-1], slopes[1:]
    bend = (first + last - 2 * chord) / h
    return np.stack([bend / h, (chord - first) / h - bend, first, y[:-1]])


def cubic_hermite_spline(x: Any, y: Any, dydx: Any, axis: Any = 0, extrapolate: Any = None) -> Any:
    """``CubicHermiteSpline`` of traced values and slopes."""
    f = _interpolate("CubicHermiteSpline")(plainly(x), plainly(y), plainly(dydx), axis, extrapolate)
    return _with_coefficients(f, "c", _hermite(_placed(f, x), _data(y, axis), _data(dydx, axis)))


def cubic_spline(x: Any, y: Any, axis: Any = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None) -> Any:
    """``CubicSpline`` of traced values."""
    make = _interpolate("CubicSpline")
    y = as_array(y)
    f = make(plainly(x), plain(y), axis, plainly(bc_type), extrapolate)
    y = _data(y, axis)
    _only_data("CubicSpline", y)
    if contains_traced((x, bc_type)):
        x = _placed(f, x)
        return _with_coefficients(f, "c", _hermite(x, y, slopes_through(x, y, bc_type)))
    periodic = type(bc_type) is str and bc_type == "periodic"
    units = _units(len(y), periodic=periodic)
    homogeneous, given = bc_type, False
    if type(bc_type) is not str:
        given = any(type(side) is not str for side in bc_type)
        homogeneous = [s if type(s) is str else (s[0], np.zeros(units.shape[1])) for s in bc_type]
    slopes = _mapped(make(f.x, units, bc_type=homogeneous)(f.x, 1), y, periodic=periodic)
    if given:
        slopes = slopes + make(f.x, np.zeros_like(plain(y)), bc_type=bc_type)(f.x, 1)
    return _with_coefficients(f, "c", _hermite(f.x, y, slopes))


def pchip_interpolator(x: Any, y: Any, axis: Any = 0, extrapolate: Any = None) -> Any:
    """``PchipInterpolator`` of traced values."""
    f = _interpolate("PchipInterpolator")(plainly(x), plainly(y), axis, extrapolate)
    x, y = _placed(f, x), _data(y, axis)
    return _with_coefficients(f, "c", _hermite(x, y, pchip_slopes(x, y)))


def akima_interpolator(x: Any, y: Any, axis: Any = 0, **options: Any) -> Any:
    """``Akima1DInterpolator`` of traced values."""
    f = _interpolate("Akima1DInterpolator")(plainly(x), plainly(y), axis, **options)
    x, y = _placed(f, x), _data(y, axis)
    m = np.diff(y, axis=0) / beside(np.diff(x), np.ndim(plain(y)) - 1)
    if len(plain(m)) == 1:
        return _with_coefficients(f, "c", _hermite(x, y, np.concatenate([m, m])))
    first, last = 2 * m[:1] - m[1:2], 2 * m[-1:] - m[-2:-1]
    m = np.concatenate([2 * first - m[:1], first, m, last, 2 * last - m[-1:]])
    jumps = np.abs(np.diff(m, axis=0))
    after, before = jumps[2:], jumps[:-2]
    if options.get("method") == "makima":
        sums = np.abs(m[1:] + m[:-1]) / 2
        after, before = after + sums[2:], before + sums[:-2]
    total = after + before
    if np.any(total <= 1e-9 * np.max(total)):
        refuse([y], "Akima1DInterpolator of traced data along a line, where its slopes have a kink,", "Move them")
    return _with_coefficients(f, "c", _hermite(x, y, m[1:-2] + before / total * (m[2:-1] - m[1:-2])))


# --- B-splines ---------------------------------------------------------------------------------------------------------------------------


def make_interp_spline(
    x: Any, y: Any, k: Any = 3, t: Any = None, bc_type: Any = None, axis: Any = 0, check_finite: Any = True
) -> Any:
    """``make_interp_spline`` of traced values, and of traced places where SciPy chooses the knots."""
    make = _interpolate("make_interp_spline")
    y = as_array(y)
    f = make(plainly(x), plain(y), k, plainly(t), plainly(bc_type), axis, check_finite)
    y = _data(y, axis)
    if t is None and contains_traced((x, bc_type)):
        t, c = spline_through(points(x), y, k, bc_type)
        return _with_coefficients(hold(f, "t", agreeing(t, shown_array(f, "t"))), "c", c)
    _only_data("make_interp_spline", y, x, t, bc_type)
    periodic = type(bc_type) is str and bc_type == "periodic"
    units = _units(len(y), periodic=periodic)
    homogeneous, given = bc_type, False
    if bc_type is not None and type(bc_type) is not str:
        given = any(side is not None and type(side) is not str for side in bc_type)
        zeros = np.zeros(units.shape[1])
        homogeneous = tuple([s if s is None or type(s) is str else [(order, zeros) for order, _ in s] for s in bc_type])
    c = _mapped(make(x, units, k, t, homogeneous).c, y, periodic=periodic)
    if given:
        c = c + make(x, np.zeros_like(plain(y)), k, t, bc_type).c
    return _with_coefficients(f, "c", c)


def make_lsq_spline(
    x: Any, y: Any, t: Any, k: Any = 3, w: Any = None, axis: Any = 0, *args: Any, **options: Any
) -> Any:
    """``make_lsq_spline`` of traced values."""
    make = _interpolate("make_lsq_spline")
    y = as_array(y)
    f = make(plainly(x), plain(y), plainly(t), k, plainly(w), axis, *args, **options)
    y = _data(y, axis)
    _only_data("make_lsq_spline", y, x, t, w)
    return _with_coefficients(
        f, "c", _mapped(make(x, np.eye(len(y)), t, k, w, 0, *args, **options).c, y, periodic=False)
    )


# --- interp1d, barycentric polynomials, grids --------------------------------------------------------------------------------------------


def interp1d(x: Any, y: Any, kind: Any = "linear", axis: Any = -1, *args: Any, **options: Any) -> Any:
    """``interp1d`` of traced values and places."""
    given = dict(zip(("copy", "bounds_error", "fill_value", "assume_sorted"), args, strict=False)) | options
    y, fill = as_array(y), given.pop("fill_value", np.nan)
    _only_data("interp1d", [], *given.values())
    f = _interpolate("interp1d")(plainly(x), plain(y), kind, axis, fill_value=plainly(fill), **given)
    if contains_traced(x) and f._kind == "spline" and not f._spline.k:
        refuse([x], f"interp1d of traced places, of kind {kind!r},", 'Write the kind as "previous"')
    if contains_traced(fill):
        for name, value in zip(("below", "above"), fill if type(fill) is tuple else (fill, fill), strict=True):
            hold(f, f"_fill_value_{name}", np.broadcast_to(as_array(value), f._y_extra_shape))
    if f._kind in {"previous", "next"} and type(fill) is str:
        refuse([y], "interp1d of traced data that extrapolates steps", 'Leave out fill_value="extrapolate"')
    if not given.get("assume_sorted", False):
        order = np.argsort(as_array(x), kind="mergesort")
        x, y = np.take(as_array(x), order), np.take(y, order, axis=axis)
    rows = _data(y, axis)
    hold(f, "y", agreeing(y if dtype_of(plain(y)).kind in "fc" else y.astype(float), f.y))
    hold(f, "_y", agreeing(np.reshape(rows, (len(plain(rows)), -1)), f._y))
    x = _placed(f, x)
    if f._kind == "spline":
        if f._call.__name__ != "_call_spline":
            refuse([y], "interp1d of data that are not numbers", "Finite data are required")
        cubic = carries(x) and f._spline.k == 3
        f._spline = cubic_spline(x, f._y) if cubic else make_interp_spline(x, f._y, f._spline.k)
    return f


def barycentric_interpolator(xi: Any, yi: Any = None, axis: Any = 0, **options: Any) -> Any:
    """``BarycentricInterpolator`` of traced values."""
    _only_data("BarycentricInterpolator", [], xi, *options.values())
    f = _interpolate("BarycentricInterpolator")(xi, plainly(yi), axis, **options)
    rows = _data(yi, axis)
    return _with_coefficients(f, "yi", np.reshape(rows, (len(plain(rows)), -1)))


def krogh_interpolator(xi: Any, yi: Any, axis: Any = 0) -> Any:
    """``KroghInterpolator`` of traced values, and derivatives where nodes are repeated."""
    yi = as_array(yi)
    _only_data("KroghInterpolator", yi, xi)
    make = _interpolate("KroghInterpolator")
    f = make(xi, plain(yi), axis)
    rows = _data(yi, axis)
    rows = np.reshape(rows, (len(plain(rows)), -1))
    return _with_coefficients(f, "c", _mapped(make(xi, np.eye(len(plain(rows)))).c, rows, periodic=False))


def make_smoothing_spline(x: Any, y: Any, w: Any = None, lam: Any = None, **options: Any) -> Any:
    """``make_smoothing_spline`` of traced values, weights and penalty (``scipy_smoothing_splines.py``)."""
    y = as_array(y)
    _only_data("make_smoothing_spline", y, x, *options.values())
    f = _interpolate("make_smoothing_spline")(x, plain(y), plainly(w), plainly(lam), **options)
    return hold(f, "c", coefficients(x, _data(y, options.get("axis", 0)), w, lam, shown_array(f, "c")))


def regular_grid_interpolator(grid: Any, values: Any, method: Any = "linear", *args: Any, **options: Any) -> Any:
    """``RegularGridInterpolator`` of traced values; SciPy turns falling grids round."""
    _only_data("RegularGridInterpolator", [], grid, *args, *options.values())
    f = _interpolate("RegularGridInterpolator")(grid, plainly(values), method, *args, **options)
    values = as_array(values)
    falling = [axis for axis, places in enumerate(grid) if len(places) > 1 and places[0] > places[-1]]
    values = np.flip(values, tuple(falling)) if falling else values
    return _with_coefficients(f, "values", values if dtype_of(plain(values)).kind in "fc" else values.astype(float))


#: SciPy's name → ours
MAKERS: dict[str, Callable[..., Any]] = {
    "CubicHermiteSpline": cubic_hermite_spline,
    "CubicSpline": cubic_spline,
    "PchipInterpolator": pchip_interpolator,
    "Akima1DInterpolator": akima_interpolator,
    "make_interp_spline": make_interp_spline,
    "make_lsq_spline": make_lsq_spline,
    "interp1d": interp1d,
    "BarycentricInterpolator": barycentric_interpolator,
    "KroghInterpolator": krogh_interpolator,
    "make_smoothing_spline": make_smoothing_spline,
    "RegularGridInterpolator": regular_grid_interpolator,
}


# --- functions that make an interpolant and call it --------------------------------------------------------------------------------------


def _made_and_called(name: str, cls: str) -> Callable[..., Any]:
    def call(xi: Any, yi: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        original = getattr(scipy.interpolate, name)
        value = original(plainly(xi), plainly(yi), plainly(x), *args, **kwargs)
        x = points(x)
        names = ("axis", "der") if name == "barycentric_interpolate" else ("der", "axis")
        given = dict(zip(names, args, strict=False)) | kwargs
        der, axis = given.pop("der", 0), given.pop("axis", 0)
        f = MAKERS[cls](xi, yi, axis=axis, **given)
        orders = [int(d) for d in np.atleast_1d(der)]
        if hasattr(f, "x"):
            made = [placed(extended(pieces_of(f), points(x), d, True), np.ndim(plain(x)), f.axis) for d in orders]
        else:
            made = [shaped(f, points(x), interpolating_polynomial(f, points(x), d)) for d in orders]
        if np.ndim(der) == 0:
            return agreeing(made[0], value)
        return agreeing(made, value) if type(value) is list else agreeing(np.stack(made), value)

    call.__name__ = name
    call.__doc__ = f"``scipy.interpolate.{name}``"
    return call


_CLASSES = {
    "pchip_interpolate": "PchipInterpolator",
    "krogh_interpolate": "KroghInterpolator",
    "barycentric_interpolate": "BarycentricInterpolator",
}

STAND_INS = names_of(MAKERS | {name: _made_and_called(name, cls) for name, cls in _CLASSES.items()})
