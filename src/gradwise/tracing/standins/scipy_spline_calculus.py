"""``scipy.interpolate`` through traced data: derivatives, antiderivatives and roots of interpolants that hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import carries, integers
from gradwise.tracing.standins.piecewise_polynomials import Pieces, antiderived, at, beside, derived
from gradwise.tracing.standins.recording import open_traces
from gradwise.tracing.standins.scipy_calling import only_at_this_point, refuse
from gradwise.tracing.standins.scipy_interpolation import agreeing
from gradwise.tracing.standins.scipy_spline_data import _with_coefficients
from gradwise.tracing.standins.traced_data import hold, shown_array

if TYPE_CHECKING:
    from collections.abc import Callable


def _derivative(original: Callable[..., Any], f: Any, nu: Any = 1) -> Any:
    nu = integers(nu)
    g = original(f, nu)
    pieces = Pieces(shown_array(f, "x"), shown_array(f, "c"))
    if carries(pieces.breaks):
        hold(g, "x", pieces.breaks)
    if nu >= 0:
        return _with_coefficients(g, "c", derived(pieces.c, nu)) if carries(pieces.c) else g
    for _ in range(-nu):
        pieces = antiderived(pieces)
    return _with_coefficients(g, "c", pieces.c)


def _antiderivative(original: Callable[..., Any], f: Any, nu: Any = 1) -> Any:
    return _derivative(lambda f, n: original(f, -n), f, -integers(nu))


def _spline_derivative(original: Callable[..., Any], f: Any, nu: Any = 1) -> Any:
    nu = integers(nu)
    g = original(f, nu)
    t, k = shown_array(f, "t"), f.k
    c = shown_array(f, "c")[: len(plain(t)) - k - 1]
    for _ in range(nu):
        c = np.diff(c, axis=0) * beside(k / (t[k + 1 : -1] - t[1 : -k - 1]), np.ndim(plain(c)) - 1)
        t, k = t[1:-1], k - 1
    return _padded(_knotted(g, t), c)


def _spline_antiderivative(original: Callable[..., Any], f: Any, nu: Any = 1) -> Any:
    nu = integers(nu)
    g = original(f, nu)
    t, k = shown_array(f, "t"), f.k
    c = shown_array(f, "c")[: len(plain(t)) - k - 1]
    for _ in range(nu):
        sums = np.cumsum(c * beside((t[k + 1 :] - t[: -k - 1]) / (k + 1), np.ndim(plain(c)) - 1), axis=0)
        c = np.concatenate([np.zeros_like(plain(sums)[:1]), sums])
        t, k = np.concatenate([t[:1], t, t[-1:]]), k + 1
    return _padded(_knotted(g, t), c, last=True)


def _knotted(g: Any, t: Any) -> Any:
    """The spline on these knots, which it holds if they are traced."""
    return hold(g, "t", agreeing(t, shown_array(g, "t"))) if carries(t) else g


def _padded(g: Any, c: Any, *, last: bool = False) -> Any:
    """The spline with these coefficients, and as many more at the end as SciPy keeps."""
    more = len(shown_array(g, "c")) - len(plain(c))
    if more:
        end = c[-1:] if last else np.zeros_like(plain(c)[:1])
        c = np.concatenate([c, *[end] * more])
    return _with_coefficients(g, "c", c)


def _solved(original: Callable[..., Any], f: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
    """The places where the polynomials are y: two of Newton's steps from those that SciPy finds."""
    found = original(f, plain(y), *args, **kwargs)
    pieces = Pieces(shown_array(f, "x"), shown_array(f, "c"))
    if found.dtype != np.float64 or np.ndim(plain(pieces.c)) > 2:
        refuse([pieces.c, y], "PPoly.roots or solve of several polynomials at once", "Solve for one at a time")
    if np.any(np.isnan(found)):
        refuse([pieces.c, y], "PPoly.roots or solve of a piece that is constant", "It has no places of its own")
    only_at_this_point(open_traces([pieces.breaks, pieces.c, y]))
    place = found
    for _ in range(2):
        place = place - (at(pieces, place) - y) / at(pieces, place, 1)
    return agreeing(place, found)


def _roots(original: Callable[..., Any], f: Any, *args: Any, **kwargs: Any) -> Any:
    return _solved(lambda f, _, *a, **k: original(f, *a, **k), f, 0.0, *args, **kwargs)


def _bernstein_derivative(original: Callable[..., Any], f: Any, nu: Any = 1) -> Any:
    nu = integers(nu)
    if nu < 0:
        refuse([shown_array(f, "c")], "BPoly.derivative of negative order", "Convert it by PPoly.from_bernstein_basis")
    g = original(f, nu)
    c, breaks = shown_array(f, "c"), shown_array(f, "x")
    for _ in range(min(nu, len(plain(c)) - 1)):
        c = (len(plain(c)) - 1) * np.diff(c, axis=0) / beside(np.diff(breaks), np.ndim(plain(c)) - 2)
    if np.shape(plain(c)) != np.shape(plain(shown_array(g, "c"))):
        return g  # of an order above the degree
    return _with_coefficients(g, "c", c)


#: class → method → ours
OF_TRACED_DATA: dict[str, dict[str, Callable[..., Any]]] = {
    "PPoly": {"derivative": _derivative, "antiderivative": _antiderivative, "roots": _roots, "solve": _solved},
    "BPoly": {"derivative": _bernstein_derivative},
    "BSpline": {"derivative": _spline_derivative, "antiderivative": _spline_antiderivative},
}
