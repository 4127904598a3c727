"""``scipy.integrate``: integrals of sampled functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.standins.scipy_calling import refuse, table, with_value

if TYPE_CHECKING:
    from collections.abc import Callable


def _steps(x: Any, dx: Any, ndim: int, axis: int) -> Any:
    if x is None:
        return dx
    x = as_array(x)
    if x.ndim == 1:
        d = np.diff(x)
        return np.reshape(d, tuple(-1 if i == axis else 1 for i in range(ndim)))
    return np.diff(x, axis=axis)


def _parts(y: Any, axis: int, *places: Any) -> list[Any]:
    before = (slice(None),) * axis
    return [y[(*before, p)] for p in places]


def _areas(y: Any, x: Any, dx: Any, axis: int) -> Any:
    left, right = _parts(y, axis, slice(None, -1), slice(1, None))
    return _steps(x, dx, y.ndim, axis) * (left + right) / 2.0


def _plainly(function: Any, y: Any, x: Any, *args: Any, **options: Any) -> Any:
    return function(plain(y), None if x is None else plain(x), *args, **{k: plain(v) for k, v in options.items()})


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """``scipy.integrate.trapezoid``."""
    y = as_array(y)
    value = _plainly(scipy.integrate.trapezoid, y, x, dx=dx, axis=axis)
    return with_value(np.sum(_areas(y, x, dx, axis % y.ndim), axis=axis), value)


def cumulative_trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None) -> Any:
    """``scipy.integrate.cumulative_trapezoid``."""
    y = as_array(y)
    value = _plainly(scipy.integrate.cumulative_trapezoid, y, x, dx=dx, axis=axis, initial=initial)
    axis %= y.ndim
    result = np.cumsum(_areas(y, x, dx, axis), axis=axis)
    if initial is not None:
        shape = [1 if i == axis else n for i, n in enumerate(y.shape)]
        result = np.concatenate([np.full(shape, plain(initial), float), result], axis=axis)
    return with_value(result, value)


def _panels(y: Any, x: Any, dx: Any, axis: int, start: int, stop: int) -> Any:
    """Simpson's rule over pairs of intervals of any lengths."""
    y0, y1, y2 = _parts(y, axis, slice(start, stop, 2), slice(start + 1, stop + 1, 2), slice(start + 2, stop + 2, 2))
    if x is None:
        return np.sum(y0 + 4.0 * y1 + y2, axis=axis) * (dx / 3.0)
    h = _steps(x, dx, y.ndim, axis)
    h0, h1 = _parts(h, axis, slice(start, stop, 2), slice(start + 1, stop + 1, 2))
    total, ratio = h0 + h1, h0 / h1
    terms = total / 6.0 * (y0 * (2.0 - 1.0 / ratio) + y1 * (total * total / (h0 * h1)) + y2 * (2.0 - ratio))
    return np.sum(terms, axis=axis)


def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    """``scipy.integrate.simpson``; the last of an odd number of intervals by Cartwright's correction, as SciPy does."""
    y = as_array(y)
    value = _plainly(scipy.integrate.simpson, y, x, dx=dx, axis=axis)
    axis %= y.ndim
    n = y.shape[axis]
    if n % 2:
        return with_value(_panels(y, x, dx, axis, 0, n - 2), value)
    if n == 2:
        return with_value(np.sum(_areas(y, x, dx, axis), axis=axis), value)
    # the interpolating parabola of the last three points over the last interval
    h = _steps(x, dx, y.ndim, axis)
    if np.ndim(plain(h)):
        h0, h1 = _parts(h, axis, -2, -1)
    else:
        h0 = h1 = h
    alpha = (2 * h1**2 + 3 * h0 * h1) / (6 * (h1 + h0))
    beta = (h1**2 + 3 * h0 * h1) / (6 * h0)
    eta = h1**3 / (6 * h0 * (h0 + h1))
    last, before, first = _parts(y, axis, -1, -2, -3)
    return with_value(
        _panels(y, x, dx, axis, 0, n - 3) + alpha * last + beta * before - eta * first,
        value,
    )


def romb(y: Any, dx: Any = 1.0, axis: int = -1, show: bool = False) -> Any:
    """``scipy.integrate.romb``: a fixed weighted sum of the samples."""
    y = as_array(y)
    value = scipy.integrate.romb(plain(y), plain(dx), axis)
    weights = np.array([scipy.integrate.romb(e) for e in np.eye(y.shape[axis])])
    return with_value(np.tensordot(y, weights, ([axis % y.ndim], [0])) * dx, value)


def cumulative_simpson(y: Any, *, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None) -> Any:
    """``scipy.integrate.cumulative_simpson`` at plain places: a fixed linear map of the samples."""
    y = as_array(y)
    if carries(x) or carries(dx) or carries(initial) or np.ndim(plain(dx)) or (x is not None and np.ndim(x) > 1):
        refuse([y, x, dx, initial], "scipy.integrate.cumulative_simpson at traced places", "Plain places are required")
    value = scipy.integrate.cumulative_simpson(plain(y), x=x, dx=dx, axis=axis, initial=initial)
    matrix = scipy.integrate.cumulative_simpson(
        np.eye(y.shape[axis]), x=x, dx=dx, initial=None if initial is None else 0
    )
    result = np.moveaxis(np.tensordot(y, matrix, ([axis % y.ndim], [0])), -1, axis)
    return with_value(result, value)


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.integrate": table(
        "scipy.integrate",
        {
            "trapezoid": trapezoid,
            "cumulative_trapezoid": cumulative_trapezoid,
            "simpson": simpson,
            "romb": romb,
            "cumulative_simpson": cumulative_simpson,
        },
    )
}
