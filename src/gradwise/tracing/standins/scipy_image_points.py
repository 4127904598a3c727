"""``scipy.ndimage`` where its parameters are traced: images read at points that move (``map_coordinates``), and Gaussian filters whose width does.

An image is read as a sum of B-splines around each point (Unser, 1999), by steps, lines, and polynomials up to the fifth degree:

    f(x) = Σ_k c[k] β(x − k),    c the image itself for lines, else what ``spline_filter`` makes of it

Which entries are read is looked up by what is recorded, so that a program holds wherever the points move; a point on a pixel is a kink of lines.  The value is SciPy's own, and what differs from it is refused.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.interpolation import _interval, _offset, _taken
from gradwise.tracing.functions.operands import as_array, integers
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.standins.scipy_calling import confirmed, refuse, table
from gradwise.tracing.standins.scipy_linear_maps import STAND_INS as LINEAR
from gradwise.tracing.standins.scipy_signals import STAND_INS as SIGNALS
from gradwise.tracing.standins.stacking import plainly
from gradwise.tracing.traced import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable

#: SciPy's name of a border → NumPy's
_PADDINGS = {"reflect": "symmetric", "nearest": "edge", "mirror": "reflect", "wrap": "wrap", "constant": "constant"}
_PADDINGS |= {"grid-mirror": "symmetric", "grid-wrap": "wrap", "grid-constant": "constant"}


def _padded(x: Any, width: Any, mode: str, cval: Any) -> Any:
    """The array, continued as SciPy's border says."""
    border: dict[str, Any] = {"mode": _PADDINGS[mode]}
    if "constant" in mode and contains_traced(cval):  # for which an array that is not traced does not ask
        is_beyond = np.pad(np.zeros(np.shape(plain(x)), bool), width, constant_values=True)
        return np.where(is_beyond, cval, np.pad(x, width))
    if "constant" in mode:
        border["constant_values"] = cval
    return np.pad(x, width, **border)


# --- points that move ----------------------------------------------------------------------------------------------------------------------


def map_coordinates(
    input: Any,  # noqa: A002  # SciPy's name
    coordinates: Any,
    output: Any = None,
    order: Any = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """``scipy.ndimage.map_coordinates``."""
    if not contains_traced((coordinates, cval)) or output is not None:
        return LINEAR["scipy.ndimage"]["map_coordinates"](input, coordinates, output, order, mode, cval, prefilter)
    order = integers(order)
    image, points = as_array(input), as_array(coordinates)
    if order not in _WEIGHTS or dtype_of(plain(image)).kind == "c":
        refuse(
            [points],
            f"map_coordinates of order {order} at traced points",
            "A real image is required",
        )
    given = [plainly(a) for a in (image, points)]
    value = scipy.ndimage.map_coordinates(*given, None, order, mode, plain(cval), prefilter)
    shape = np.shape(plain(image))
    outside: Any = np.zeros(np.shape(value), bool)
    if mode == "constant":
        for x, n in zip(points, shape, strict=True):
            outside = np.logical_or(outside, np.logical_or(x < 0, x > n - 1))
    are_finite = np.all(concrete(np.isfinite(points)))
    pad = 12 if mode in {"nearest", "grid-constant"} and order > 1 else 0
    if pad:
        image = _padded(image, pad, mode, cval)
    if prefilter and order > 1:
        image = (
            LINEAR["scipy.ndimage"]["spline_filter"](image, order, np.float64, mode)
            if contains_traced(image)
            else (scipy.ndimage.spline_filter(image, order, np.float64, mode))
        )
    is_far: Any = mode == "wrap" or order == 0 or not are_finite
    if mode == "nearest" and pad:
        for x, n in zip(points, shape, strict=True):
            is_far = np.any(concrete(np.logical_or(x < 1 - pad, x > n + pad - 2))) or is_far
    if is_far:
        # SciPy does not wrap as it says near the border, what it reads beyond its own padding is not the edge, infinity is no point beyond, and steps are its own where they lie: what is recorded holds at these points
        concrete(points)
    axes = [_around(x, n, pad, order, mode) for x, n in zip(points, shape, strict=True)]
    result: Any = 0.0
    for terms in itertools.product(*[range(order + 1)] * len(axes)):
        weight: Any = 1.0
        inside: Any = True
        for (_, weights, there), k in zip(axes, terms, strict=True):
            weight, inside = weight * weights[k], inside & there[k]
        read = _taken(image, *[places[k] for (places, _, _), k in zip(axes, terms, strict=True)])
        result = result + weight * (read if np.all(inside) else np.where(inside, read, cval))
    return confirmed(np.where(outside, cval, result) if mode == "constant" else result, value, "map_coordinates")


def _around(x: Any, n: int, pad: int, order: int, mode: str) -> tuple[list[Any], list[Any], list[Any]]:
    """The places of the entries around the points of one axis, the weights of each, and whether the place is one of the image."""
    x = _folded(x, n, mode) + pad
    nearest = x + (0.5 if order % 2 == 0 else 0.0)
    size, reach = n + 2 * pad, np.arange(order + 1) - order // 2
    if n == 1 or mode == "grid-constant" or not contains_traced(x):
        # where they may be any entries, the decision is a guard
        base = np.asarray(concrete(np.floor(nearest)))
        at = [base.astype(np.intp) + k for k in reach]
        places = [_index(one, size, mode) for one in at]
        there = [(one >= 0) & (one < size) if mode == "grid-constant" else np.ones(np.shape(one), bool) for one in at]
    else:
        base = np.floor(nearest)
        before = np.arange(-2, size + 2)
        which = _interval(np.append(before, size + 2) * 1.0, nearest)
        places = [_taken(_index(before + k, size, mode), which) for k in reach]
        there = [np.ones(np.shape(plain(x)), bool)] * (order + 1)
    t = _offset(x, base, base + 1.0) if order == 1 else x - base
    return places, list(_WEIGHTS[order](t)), there


def _folded(x: Any, n: int, mode: str) -> Any:
    """The points moved into the image, as the border says."""
    if n == 1 or mode in {"constant", "grid-constant"}:
        return x
    if mode == "nearest":
        return np.clip(x, -12.0, n + 11.0) if n else x
    if mode == "wrap":
        return x - (n - 1) * _turns(x, 0.0, n - 1.0)
    if mode == "grid-wrap":
        return x - n * _turns(x, -0.5, float(n))
    start, half = (0.0, n - 1.0) if mode == "mirror" else (-0.5, float(n))
    y = x - 2 * half * _turns(x, start, 2 * half)
    return np.where(y > start + half, 2 * (start + half) - y, y)


def _turns(x: Any, start: float, period: float) -> Any:
    return np.floor((x - start) / period)


def _index(at: Any, n: int, mode: str) -> Any:
    """The entry that stands for a place beyond the border."""
    if mode == "grid-wrap":
        return at % n
    if mode in {"reflect", "grid-mirror"}:
        at = at % (2 * n)
        return np.where(at < n, at, 2 * n - 1 - at)
    if mode in {"nearest", "grid-constant"} or n == 1:
        return np.clip(at, 0, n - 1)
    if mode == "wrap":
        return np.where(at < 0, at + n - 1, np.where(at > n - 1, at - n + 1, at)) % n
    at = at % (2 * n - 2)
    return np.where(at < n, at, 2 * n - 2 - at)


def _cubics(t: Any) -> tuple[Any, ...]:
    s = 1.0 - t
    return s**3 / 6, (4 - 6 * t**2 + 3 * t**3) / 6, (4 - 6 * s**2 + 3 * s**3) / 6, t**3 / 6


def _quartics(t: Any) -> tuple[Any, ...]:
    def beside(y: Any) -> Any:
        return (55 + 20 * y - 120 * y**2 + 80 * y**3 - 16 * y**4) / 96

    return (0.5 - t) ** 4 / 24, beside(1 + t), 115 / 192 - 5 * t**2 / 8 + t**4 / 4, beside(1 - t), (0.5 + t) ** 4 / 24


def _quintics(t: Any) -> tuple[Any, ...]:
    def near(y: Any) -> Any:
        return 0.55 - y**2 / 2 + y**4 / 4 - y**5 / 12

    def beside(y: Any) -> Any:
        return 0.425 + 0.625 * y - 1.75 * y**2 + 1.25 * y**3 - 0.375 * y**4 + y**5 / 24

    s = 1.0 - t
    return s**5 / 120, beside(1 + t), near(t), near(s), beside(1 + s), t**5 / 120


#: order → the B-splines around a point, from the distance to the pixel before it (or to the nearest one, of even order)
_WEIGHTS: dict[int, Callable[[Any], tuple[Any, ...]]] = {
    0: lambda t: (np.ones(np.shape(plain(t))),),
    1: lambda t: (1.0 - t, t),
    2: lambda t: ((0.5 - t) ** 2 / 2, 0.75 - t**2, (0.5 + t) ** 2 / 2),
    3: _cubics,
    4: _quartics,
    5: _quintics,
}


# --- images moved by traced numbers -----------------------------------------------------------------------------------------------------


def affine_transform(
    input: Any,  # noqa: A002  # SciPy's name
    matrix: Any,
    offset: Any = 0.0,
    output_shape: Any = None,
    output: Any = None,
    order: Any = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """``scipy.ndimage.affine_transform``: the image read at ``matrix @ place + offset``."""
    rest = (order, mode, cval, prefilter)
    if not contains_traced((matrix, offset)) or output is not None:
        return LINEAR["scipy.ndimage"]["affine_transform"](input, matrix, offset, output_shape, output, *rest)
    image, matrix, offset = as_array(input), as_array(matrix), as_array(offset)
    given = [plainly(a) for a in (image, matrix, offset)]
    value = scipy.ndimage.affine_transform(*given, output_shape, None, order, mode, plain(cval), prefilter)
    n = np.ndim(given[0])
    if np.ndim(given[1]) == 2 and given[1].shape[1] == n + 1:
        matrix, offset = matrix[:n, :n], matrix[:n, n]
    places = np.reshape(np.indices(np.shape(value)), (n, -1)) * 1.0
    read = (matrix[:, None] * places if np.ndim(plain(matrix)) == 1 else matrix @ places) + np.reshape(offset, (-1, 1))
    return confirmed(np.reshape(map_coordinates(image, read, None, *rest), np.shape(value)), value, "affine_transform")


def shift(
    input: Any,  # noqa: A002  # SciPy's name
    shift: Any,
    output: Any = None,
    order: Any = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """``scipy.ndimage.shift``."""
    rest = (order, mode, cval, prefilter)
    if not contains_traced(shift) or output is not None:
        return LINEAR["scipy.ndimage"]["shift"](input, shift, output, *rest)
    value = scipy.ndimage.shift(plainly(input), plainly(shift), None, order, mode, plain(cval), prefilter)
    return confirmed(
        affine_transform(input, np.eye(np.ndim(value)), -as_array(shift), None, None, *rest), value, "shift"
    )


def rotate(
    input: Any,  # noqa: A002  # SciPy's name
    angle: Any,
    axes: Any = (1, 0),
    reshape: bool = True,
    output: Any = None,
    order: Any = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """``scipy.ndimage.rotate``: about the middle of the image."""
    rest = (order, mode, cval, prefilter)
    if not contains_traced(angle) or output is not None:
        return LINEAR["scipy.ndimage"]["rotate"](input, angle, axes, reshape, output, *rest)
    value = scipy.ndimage.rotate(plainly(input), plain(angle), axes, reshape, None, order, mode, plain(cval), prefilter)
    if np.ndim(value) != 2:
        refuse(
            [angle], "scipy.ndimage.rotate of more than two axes by a traced angle", "Rotate one plane after the other"
        )
    turn = np.deg2rad(angle)
    c, s = np.cos(turn), np.sin(turn)
    matrix = np.stack([np.stack([c, s]), np.stack([-s, c])])
    before, after = (np.asarray(np.shape(plain(a))) for a in (as_array(input), value))
    if reshape:  # how large the new image is, is a decision
        box = matrix @ np.array([[0, 0, before[0], before[0]], [0, before[1], 0, before[1]]], float)
        concrete(np.floor(np.max(box, axis=1) - np.min(box, axis=1) + 0.5))
    offset = (before - 1) / 2 - matrix @ ((after - 1) / 2)
    return confirmed(affine_transform(input, matrix, offset, tuple(after), None, *rest), value, "rotate")


# --- Gaussians of another width -----------------------------------------------------------------------------------------------------------------


def gaussian_filter1d(
    input: Any,  # noqa: A002  # SciPy's name
    sigma: Any,
    axis: int = -1,
    order: Any = 0,
    output: Any = None,
    mode: str = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    **options: Any,
) -> Any:
    """``scipy.ndimage.gaussian_filter1d``."""
    if not contains_traced(sigma):
        return SIGNALS["scipy.ndimage"]["gaussian_filter1d"](
            input, sigma, axis, order, output, mode, cval, truncate, **options
        )
    x = _smoothed_alone(input, sigma, order, output, options)
    value = scipy.ndimage.gaussian_filter1d(plain(x), plain(sigma), axis, 0, None, mode, cval, truncate)
    return confirmed(_smoothed(x, sigma, axis, mode, cval, truncate), value, "gaussian_filter1d")


def gaussian_filter(
    input: Any,  # noqa: A002  # SciPy's name
    sigma: Any,
    order: Any = 0,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    **options: Any,
) -> Any:
    """``scipy.ndimage.gaussian_filter``: one axis after the other."""
    if not contains_traced(sigma):
        return SIGNALS["scipy.ndimage"]["gaussian_filter"](input, sigma, order, output, mode, cval, truncate, **options)
    x = result = _smoothed_alone(input, sigma, order, output, options)
    value = scipy.ndimage.gaussian_filter(plain(x), plainly(sigma), 0, None, mode, cval, truncate)
    modes = [mode] * np.ndim(value) if isinstance(mode, str) else mode
    for axis, (s, m) in enumerate(zip(np.broadcast_to(as_array(sigma), (np.ndim(value),)), modes, strict=True)):
        result = _smoothed(result, s, axis, m, cval, truncate)
    return confirmed(result, value, "gaussian_filter")


def _smoothed_alone(x: Any, sigma: Any, order: Any, output: Any, options: dict[str, Any]) -> Any:
    if output is not None or np.any(plainly(order)) or any(v is not None for v in options.values()):
        refuse([sigma], "A Gaussian filter of traced width with order=, output=, radius= or axes=", "Leave them out")
    x = as_array(x)
    return x if dtype_of(plain(x)).kind in "fc" else x.astype(float)


def _smoothed(x: Any, sigma: Any, axis: int, mode: str, cval: float, truncate: float) -> Any:
    """The sum of the shifted arrays, weighted by exp(−k² / 2σ²)."""
    reach = int(concrete(np.floor(truncate * sigma + 0.5)))
    k = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 / (sigma * sigma) * k**2)
    weights = weights / np.sum(weights)
    x = np.moveaxis(x, axis, -1)
    n, pads = np.shape(plain(x))[-1], [(0, 0)] * (np.ndim(plain(x)) - 1)
    padded = _padded(x, [*pads, (reach, reach)], mode, cval)
    total: Any = 0.0
    for i in range(len(k)):
        total = total + weights[i] * padded[..., i : i + n]
    return np.moveaxis(total, -1, axis)


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.ndimage": table(
        "scipy.ndimage",
        {
            "map_coordinates": map_coordinates,
            "affine_transform": affine_transform,
            "shift": shift,
            "rotate": rotate,
            "gaussian_filter": gaussian_filter,
            "gaussian_filter1d": gaussian_filter1d,
        },
    )
}
