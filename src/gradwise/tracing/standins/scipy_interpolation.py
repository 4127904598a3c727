"""``scipy.interpolate`` in one variable: piecewise polynomials, splines and interpolating polynomials at traced points, and their integrals with traced bounds.

The value is SciPy's own; the derivative is that of the piece to the right at a break, as SciPy's ``derivative`` has it, and NaN where the value is NaN outside of the data.  Their methods are
met in ``scipy_grids``; derivatives and antiderivatives of plain splines are SciPy's objects.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.interpolation import _taken
from gradwise.tracing.functions.operands import as_array, integers
from gradwise.tracing.standins.piecewise_polynomials import (
    Basis,
    Pieces,
    at,
    basis,
    beside,
    extended,
    filled,
    integral,
    points,
)
from gradwise.tracing.standins.recording import at_line, carries, contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import refuse, with_value
from gradwise.tracing.standins.stacking import assembled, leaves, plainly
from gradwise.tracing.standins.traced_data import has, held, own_name, plain_copy, settled, shown_array
from gradwise.tracing.traced import dtype_of, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def method_of(original: Callable[..., Any], ours: Callable[..., Any], *, lists: bool = True) -> Callable[..., Any]:
    """SciPy's method where nothing is traced, else ``ours(original, object, *arguments)``; lists of traced values become arrays unless ``lists`` is False."""

    @functools.wraps(original)
    def call(obj: Any, *args: Any, **kwargs: Any) -> Any:
        data = held(obj)
        if not data and not contains_traced(args) and not (kwargs and contains_traced(tuple(kwargs.values()))):
            return original(obj, *args, **kwargs)
        args, kwargs = settled(args), {k: settled(v) for k, v in kwargs.items()}
        with at_line(*open_traces(leaves((*args, *kwargs.values(), *data.values()), []))):
            theirs = (lambda f, *a, **k: original(plain_copy(f), *a, **k)) if data else original
            if lists:
                args, kwargs = tuple(map(_array, args)), {k: _array(v) for k, v in kwargs.items()}
            return ours(theirs, obj, *args, **kwargs)

    return call


def _array(a: Any) -> Any:
    return assembled(a) if type(a) in {list, tuple} and contains_traced(a) else a


def names_of(functions: dict[str, Callable[..., Any]]) -> dict[str, dict[str, Callable[..., Any]]]:
    """The stand-ins of functions and classes of ``scipy.interpolate``: SciPy's where nothing depends on an input."""
    return {"scipy.interpolate": {name: _function_of(name, ours) for name, ours in functions.items()}}


def _function_of(name: str, ours: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(ours)
    def call(*args: Any, **kwargs: Any) -> Any:
        if contains_traced((*args, *kwargs.values())):
            args, kwargs = settled(args), {k: settled(v) for k, v in kwargs.items()}
        every = leaves((*args, *kwargs.values()), [])
        if not any(map(carries, every)) and not any(map(held, every)):
            return getattr(scipy.interpolate, name)(*args, **kwargs)
        with at_line(*open_traces(every)):
            return ours(*args, **kwargs)

    call.__name__ = name
    return call


def agreeing(result: Any, value: Any) -> Any:
    """The composition with SciPy's value; what differs from it by more than rounding is no composition of this function, and is refused."""
    traces = open_traces(leaves([result], []))
    if not traces:
        return value
    found, want = (np.asarray(plainly(list(v) if type(v) is tuple else v)) for v in (result, value))
    finite = np.isfinite(want)
    far = np.abs(np.where(finite, found.reshape(want.shape) - want, 0.0))
    size = np.abs(np.where(finite, want, 0.0))
    if far.size and np.any(far > 1e-5 * (size + np.max(size))) and np.max(far) > 1e-9 * _size_of_terms(traces[0]):
        refuse([result], "An interpolant of SciPy's whose value could not be reproduced", "Write its formula in NumPy")
    return with_value(result, value)


def _size_of_terms(trace: Any) -> float:
    """The largest number recorded of late: what cancels where the value is 0."""
    sizes = [0.0]
    for value in trace.values[-256:]:
        if np.size(value) and dtype_of(value).kind in "fc":
            finite = np.abs(value)[np.isfinite(value)]
            sizes.append(float(np.max(finite, initial=0.0)))
    return max(sizes)


def placed(result: Any, ndim: int, axis: int) -> Any:
    """The axes of the points, which come first, moved to where the interpolation axis was."""
    rank = np.ndim(plain(result))
    if axis == 0 or ndim == 0:
        return result
    return np.transpose(result, (*range(ndim, ndim + axis), *range(ndim), *range(ndim + axis, rank)))


# --- piecewise polynomials and splines ---------------------------------------------------------------------------------------------------


def spline_basis(t: Any, k: int) -> Basis:
    """The B-splines on these knots."""
    made = basis(t, k)
    if made is None:
        raise ValueError(f"The knots {t!r} leave no interval for a spline of degree {k}. Knots that rise are required.")
    return made


def pieces_of(f: Any) -> Pieces:
    """The polynomials of a PPoly, a BPoly, a BSpline or one of their subclasses, the interpolation axis first."""
    if has(f, "t"):
        t = shown_array(f, "t")
        return spline_basis(t, f.k).pieces(shown_array(f, "c")[: len(plain(t)) - f.k - 1])
    if isinstance(f, scipy.interpolate.BPoly):
        if held(f):
            return _of_bernstein(Pieces(shown_array(f, "x"), shown_array(f, "c")))
        f = scipy.interpolate.PPoly.from_bernstein_basis(f)
    return Pieces(shown_array(f, "x"), shown_array(f, "c"))


def _of_bernstein(pieces: Pieces) -> Pieces:
    """Polynomials Σₐ cₐ C(k, a) uᵃ (1 − u)ᵏ⁻ᵃ of the place u in a piece, in powers of x − left."""
    c, h = pieces.c, beside(np.diff(pieces.breaks), np.ndim(plain(pieces.c)) - 2)
    k = len(plain(c)) - 1
    powers: list[Any] = []
    for s in range(k, -1, -1):
        terms = [(-1) ** (s - a) * math.comb(k, a) * math.comb(k - a, s - a) * c[a] for a in range(s + 1)]
        powers.append(sum(terms[1:], terms[0]) / h**s)
    return Pieces(pieces.breaks, np.stack(powers))


def _shown(name: str) -> Callable[..., Any]:
    """What the property ``name`` shows, without the conversion to a plain array on its way."""
    return lambda original, f: shown_array(f, name) if own_name(f, name) in held(f) else original(f)


def _called(original: Callable[..., Any], f: Any, x: Any, nu: Any = 0, extrapolate: Any = None) -> Any:
    nu, extrapolate = integers(nu), integers(extrapolate)
    value = original(f, plain(x), nu, extrapolate)
    result = extended(pieces_of(f), points(x), nu, f.extrapolate if extrapolate is None else extrapolate)
    return agreeing(placed(result, np.ndim(plain(x)), f.axis), value)


def _integrated(original: Callable[..., Any], f: Any, a: Any, b: Any, extrapolate: Any = None) -> Any:
    value = original(f, plain(a), plain(b), extrapolate)
    extrapolate = f.extrapolate if extrapolate is None else extrapolate
    if has(f, "t") and not extrapolate:
        extrapolate = "zero"
    return agreeing(integral(pieces_of(f), points(a), points(b), extrapolate), value)


# --- FITPACK -------------------------------------------------------------------------------------------------------------------------------

_OUTSIDE = {"extrapolate": 0, "zeros": 1, "raise": 2, "const": 3}


def _fitpack_pieces(tck: Any) -> Pieces:
    t, c, k = tck
    return spline_basis(t, k).pieces(as_array(c)[: len(t) - k - 1])


def _fitpack_value(tck: Any, x: Any, nu: int, ext: int) -> Any:
    pieces = _fitpack_pieces(tck)
    if ext == 0 or (ext == 3 and nu):  # FITPACK's derivatives are not held
        return at(pieces, x, nu)
    below, above = x < pieces.low, x > pieces.high
    outside = np.logical_or(below, above)
    if ext == 2:
        if np.any(outside):
            raise ValueError("Found x value not in the domain")
        return at(pieces, x, nu)
    result = at(pieces, np.where(outside, pieces.low, x), nu)
    first, last = at(pieces, np.array([pieces.low, pieces.high])) if ext == 3 else (0.0, 0.0)
    return np.where(below, first, np.where(above, last, result))


def _univariate_called(original: Callable[..., Any], f: Any, x: Any, nu: Any = 0, ext: Any = None) -> Any:
    nu = integers(nu)
    value = original(f, plain(x), nu, ext)
    ext = f.ext if ext is None else ext
    return agreeing(_fitpack_value(f._eval_args, points(x), nu, _OUTSIDE.get(ext, ext)), value)


def _univariate_integral(original: Callable[..., Any], f: Any, a: Any, b: Any) -> Any:
    value = original(f, plain(a), plain(b))
    return agreeing(integral(_fitpack_pieces(f._eval_args), points(a), points(b), "zero"), value)


def _univariate_derivatives(original: Callable[..., Any], f: Any, x: Any) -> Any:
    value = original(f, plain(x))
    pieces = _fitpack_pieces(f._eval_args)
    return agreeing(np.stack([at(pieces, points(x), nu) for nu in range(len(value))]), value)


def splev(x: Any, tck: Any, der: Any = 0, ext: Any = 0) -> Any:
    """``scipy.interpolate.splev``; knots are plain."""
    value = scipy.interpolate.splev(plainly(x), _plain_spline(tck, "splev"), der, ext)
    if has(tck, "t"):
        return agreeing(extended(pieces_of(tck), points(x), der, True), value)
    t, c, k = tck
    if np.ndim(plain(c)) > 1 or np.ndim(c[0]):
        return agreeing([_fitpack_value((t, row, k), points(x), der, ext) for row in c], value)
    return agreeing(_fitpack_value(tck, points(x), der, ext), value)


def splint(a: Any, b: Any, tck: Any, full_output: Any = 0) -> Any:
    """``scipy.interpolate.splint``; knots are plain."""
    theirs = _plain_spline(tck, "splint")
    if full_output:
        refuse([a, b], "scipy.interpolate.splint with full_output", "Leave full_output out")
    value = scipy.interpolate.splint(plainly(a), plainly(b), theirs)
    rows = [tck]
    if not has(tck, "t") and np.ndim(tck[1][0]):
        rows = [(tck[0], row, tck[2]) for row in tck[1]]
    made = [integral(pieces_of(s) if has(s, "t") else _fitpack_pieces(s), points(a), points(b), "zero") for s in rows]
    return agreeing(made if type(value) is list else made[0], value)


def _plain_spline(tck: Any, name: str) -> Any:
    """The spline of plain numbers; knots must be plain."""
    if type(tck) not in {list, tuple}:
        return plain_copy(tck)
    if contains_traced(tck[0]) or (contains_traced(tck) and not isinstance_traced(tck[1])):
        refuse(
            tck, f"scipy.interpolate.{name} of traced knots", "Plain knots and one array of coefficients are required"
        )
    return plainly(tck)


# --- interp1d ----------------------------------------------------------------------------------------------------------------------------


def _interp1d(f: Any, x: Any) -> Any:
    """The interpolant with one column for each function; where a line has a knot, the slope to its right."""
    n = len(plain(f.x))
    side: Any = "left"
    moving = isinstance_traced(f.x)
    if f._kind == "linear" and n > 1:
        with np.errstate(all="ignore"):
            slopes = np.diff(f._y, axis=0) / np.diff(f.x)[:, None]
        result = at(Pieces(points(f.x), np.stack([slopes, f._y[:-1]])), x)
    elif f._kind == "spline":
        result = extended(pieces_of(f._spline), x, 0, True)
        if f._call.__name__ == "_call_nan_spline":
            result = result * np.nan
    else:
        if f._kind == "linear":
            knots, rows = f.x, np.zeros(n + 1, int)
        elif f._kind in {"previous", "next"}:  # SciPy moves plain knots by one unit in the last place instead
            knots, side = (f.x, {"left": "right", "right": "left"}[f._side]) if moving else (f._x_shift, f._side)
            rows = np.clip(np.arange(n + 1), 1 - f._ind, n - f._ind) + f._ind - 1
        else:
            knots, side, rows = (f.x[1:] / 2 + f.x[:-1] / 2 if moving else f.x_bds), f._side, np.arange(n)
        result = _taken(f._y[rows], np.searchsorted(knots, x, side))
    if f._extrapolate:
        return result
    below, above = x < f.x[0], x > f.x[-1]
    if f.bounds_error:
        if np.any(np.logical_or(below, above)):
            raise ValueError(f"A value in x_new is outside of the interpolation range [{f.x[0]}, {f.x[-1]}].")
        return result
    return filled(filled(result, below, f._fill_value_below), above, f._fill_value_above)


# --- interpolating polynomials -----------------------------------------------------------------------------------------------------------


def _newton(f: Any, x: Any, nu: int) -> Any:
    """Newton's form by Horner's rule, which carries the derivatives: (p (x − a) + c)⁽ʲ⁾ = p⁽ʲ⁾ (x − a) + j p⁽ʲ⁻¹⁾."""
    t = beside(x, 1)
    ders: list[Any] = [f.c[f.n - 1] + 0 * t] + [0.0] * nu
    for i in range(f.n - 2, -1, -1):
        w = t - f.xi[i]
        for j in range(nu, 0, -1):
            ders[j] = ders[j] * w + j * ders[j - 1]
        ders[0] = ders[0] * w + f.c[i]
    return ders[nu] + 0 * ders[0]


def _barycentric(f: Any, x: Any, nu: int) -> Any:
    """Σ yⱼ wⱼ Πₖ≠ⱼ (x − xₖ) / Σ wⱼ Πₖ≠ⱼ (x − xₖ), which has no poles at the nodes; derivatives are interpolated as well."""
    y = f.yi
    if nu:
        gaps = f.xi[:, None] - f.xi
        np.fill_diagonal(gaps, 1.0)
        matrix = f.wi / (gaps * f.wi[:, None])
        np.fill_diagonal(matrix, 0.0)
        np.fill_diagonal(matrix, -matrix.sum(axis=1))
        for _ in range(nu):
            y = matrix @ y
    size = 4.0 / np.ptp(f.xi) if f.n > 1 else 1.0
    gaps = [(x - node) * size for node in f.xi]
    after: list[Any] = [1.0]
    for gap in gaps[:0:-1]:
        after.append(after[-1] * gap)
    before: Any = 1.0
    above: Any = 0.0
    below: Any = 0.0
    for j, (gap, rest) in enumerate(zip(gaps, reversed(after), strict=True)):
        term = f.wi[j] * before * rest + 0 * gap
        above, below = above + beside(term, 1) * y[j], below + term
        before = before * gap
    return above / beside(below, 1)


def interpolating_polynomial(f: Any, x: Any, nu: int) -> Any:
    """The derivative of order nu, with a column for each function."""
    if isinstance(f, scipy.interpolate.BarycentricInterpolator):
        return _barycentric(f, x, nu)
    return _newton(f, x, nu)


def shaped(f: Any, x: Any, columns: Any) -> Any:
    """One column for each function as SciPy's shape."""
    ndim = np.ndim(plain(x))
    return placed(np.reshape(columns, (*np.shape(plain(x)), *f._y_extra_shape)), ndim, f._y_axis)


def _interpolator_called(original: Callable[..., Any], f: Any, x: Any) -> Any:
    value = original(f, plain(x))
    x = points(x)
    if isinstance(f, scipy.interpolate.interp1d):
        columns = _interp1d(f, x)
    elif isinstance(f, (scipy.interpolate.BarycentricInterpolator, scipy.interpolate.KroghInterpolator)):
        columns = interpolating_polynomial(f, x, 0)
    else:
        refuse([x], f"An interpolator of type {type(f).__name__}", "Use one of SciPy's own")
    return agreeing(shaped(f, x, columns), value)


def _interpolator_derivative(original: Callable[..., Any], f: Any, x: Any, der: Any = 1) -> Any:
    der = integers(der)
    value = original(f, plain(x), der)
    return agreeing(shaped(f, points(x), interpolating_polynomial(f, points(x), der)), value)


def _interpolator_derivatives(original: Callable[..., Any], f: Any, x: Any, der: Any = None) -> Any:
    der = integers(der)
    value = original(f, plain(x), der)
    x = points(x)
    return agreeing(np.stack([shaped(f, x, interpolating_polynomial(f, x, nu)) for nu in range(len(value))]), value)


STAND_INS = names_of({"splev": splev, "splint": splint})

#: class → method → ours
IN_ONE_VARIABLE: dict[str, dict[str, Callable[..., Any]]] = {
    "PPoly": {"__call__": _called, "integrate": _integrated, "x": _shown("x"), "c": _shown("c")},
    "BPoly": {"__call__": _called, "integrate": _integrated, "x": _shown("x"), "c": _shown("c")},
    "BSpline": {"__call__": _called, "integrate": _integrated, "c": _shown("c"), "t": _shown("t")},
    "UnivariateSpline": {
        "__call__": _univariate_called,
        "integral": _univariate_integral,
        "derivatives": _univariate_derivatives,
    },
    "interp1d": {"__call__": _interpolator_called},
    "KroghInterpolator": {
        "__call__": _interpolator_called,
        "derivative": _interpolator_derivative,
        "derivatives": _interpolator_derivatives,
    },
    "BarycentricInterpolator": {
        "__call__": _interpolator_called,
        "derivative": _interpolator_derivative,
        "derivatives": _interpolator_derivatives,
    },
}
