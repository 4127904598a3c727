"""Differences and what is built from them: gradients of samples, the trapezoid rule."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array, carries, converted, integers, laid_out
from gradwise.tracing.traced import dtype_of

_ABSENT: Any = np._NoValue


def _along(axis: int, key: Any) -> tuple[Any, ...]:
    return (*(slice(None),) * axis, key)


def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = _ABSENT, append: Any = _ABSENT) -> Any:
    """``np.diff``."""
    n = operator.index(integers(n))
    if n == 0:
        return a
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n!r}")
    a = as_array(a)
    if a.ndim == 0:
        raise ValueError("diff requires input that is at least one dimensional")
    axis = normalize_axis_index(integers(axis), a.ndim)
    edge = (*a.shape[:axis], 1, *a.shape[axis + 1 :])
    parts = [as_array(p) for p in (prepend,) if p is not _ABSENT]
    parts.append(a)
    parts.extend(as_array(p) for p in (append,) if p is not _ABSENT)
    if len(parts) > 1:
        a = np.concatenate([np.broadcast_to(p, edge) if p.ndim == 0 else p for p in parts], axis)
    for _ in range(n):
        later, earlier = a[_along(axis, slice(1, None))], a[_along(axis, slice(None, -1))]
        a = later != earlier if a.dtype.kind == "b" else later - earlier
    return a


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """``np.ediff1d``."""
    ary = np.ravel(as_array(ary))
    parts = []
    for name, part in (("to_begin", to_begin), ("middle", None), ("to_end", to_end)):
        if name == "middle":
            parts.append(ary[1:] - ary[:-1])
        elif part is not None:
            part = as_array(part)
            if not np.can_cast(part.dtype, ary.dtype, "same_kind"):
                raise TypeError(f"dtype of `{name}` must be compatible with input `ary` under the `same_kind` rule.")
            parts.append(converted(np.ravel(part), ary.dtype))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """``np.trapezoid``: Σ Δx (y_i + y_{i+1}) / 2."""
    y = as_array(y)
    axis = normalize_axis_index(integers(axis), y.ndim)
    if x is None:
        d = dx
    else:
        x = as_array(x)
        if x.ndim == 1:
            d = diff(x)
            d = np.reshape(d, (1,) * axis + d.shape + (1,) * (y.ndim - 1 - axis))
        else:
            d = diff(x, axis=axis)
    return np.sum(d * (y[_along(axis, slice(1, None))] + y[_along(axis, slice(None, -1))]) / 2.0, axis)


# --- np.gradient ------------------------------------------------------------------------------------------------------------------


def _spacings(f: Any, varargs: tuple[Any, ...], axes: tuple[int, ...]) -> list[Any]:
    """For each axis a number, or the distances between neighbours."""
    if not varargs:
        return [1.0] * len(axes)
    if len(varargs) == 1 and np.ndim(plain(as_array(varargs[0]))) == 0:
        return list(varargs) * len(axes)
    if len(varargs) != len(axes):
        raise TypeError("invalid number of arguments")
    result = []
    for given, axis in zip(varargs, axes, strict=True):
        places = as_array(given)
        if places.ndim == 0:
            result.append(given)
            continue
        if places.ndim != 1:
            raise ValueError("distances must be either scalars or 1d")
        if len(places) != f.shape[axis]:
            raise ValueError("when 1d, distances must match the length of the corresponding dimension")
        places = converted(places, np.dtype(float)) if places.dtype.kind in "iu" else places
        distances = diff(places)
        uniform = not carries(distances) and bool((plain(distances) == plain(distances)[0]).all())
        result.append(distances[0] if uniform else distances)
    return result


def _one_axis(f: Any, h: Any, axis: int, edge_order: int) -> Any:
    """Central differences inside, one-sided ones at the ends (Fornberg's weights for three points at distances h₁, h₂)."""

    def at(key: Any) -> Any:
        return f[_along(axis, key)]

    def column(weights: Any) -> Any:
        return np.reshape(weights, (-1,) + (1,) * (f.ndim - 1 - axis))

    # distances that are traced and happen to be equal keep the weights of unequal ones: their derivatives differ
    uniform = np.ndim(plain(h)) == 0
    if uniform:
        inside = (at(slice(2, None)) - at(slice(None, -2))) / (2.0 * h)
        first = last = h
    else:
        h1, h2 = h[:-1], h[1:]
        a, b, c = -h2 / (h1 * (h1 + h2)), (h2 - h1) / (h1 * h2), h1 / (h2 * (h1 + h2))
        inside = column(a) * at(slice(None, -2)) + column(b) * at(slice(1, -1)) + column(c) * at(slice(2, None))
        first, last = h[0], h[-1]
    if edge_order == 1:
        start, end = (at(1) - at(0)) / first, (at(-1) - at(-2)) / last
    else:
        if uniform:
            a, b, c = -1.5 / h, 2.0 / h, -0.5 / h
            p, q, r = 0.5 / h, -2.0 / h, 1.5 / h
        else:
            h1, h2 = h[0], h[1]
            a, b, c = -(2.0 * h1 + h2) / (h1 * (h1 + h2)), (h1 + h2) / (h1 * h2), -h1 / (h2 * (h1 + h2))
            h1, h2 = h[-2], h[-1]
            p, q, r = h2 / (h1 * (h1 + h2)), -(h2 + h1) / (h1 * h2), (2.0 * h2 + h1) / (h2 * (h1 + h2))
        start = a * at(0) + b * at(1) + c * at(2)
        end = p * at(-3) + q * at(-2) + r * at(-1)
    ends = [np.expand_dims(e, axis) for e in (start, end)]
    return np.concatenate([ends[0], inside, ends[1]], axis)


def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """``np.gradient``: finite differences of samples, second order inside."""
    f = as_array(f)
    axes = tuple(range(f.ndim)) if axis is None else normalize_axis_tuple(integers(axis), f.ndim)
    spacings = _spacings(f, varargs, axes)
    if edge_order > 2:
        raise ValueError("'edge_order' greater than 2 not supported")
    wide = f.dtype if dtype_of(plain(f)).kind in "fc" else np.dtype(float)
    f = converted(f, wide)
    results = []
    for h, ax in zip(spacings, axes, strict=True):
        if f.shape[ax] < edge_order + 1:
            raise ValueError(
                "Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements are required."
            )
        result = _one_axis(f, h, ax, edge_order)
        results.append(laid_out(converted(result, wide), f))
    return results[0] if len(axes) == 1 else tuple(results)


FUNCTIONS: dict[Any, Any] = {np.diff: diff, np.ediff1d: ediff1d, np.gradient: gradient}
if hasattr(np, "trapezoid"):
    FUNCTIONS[np.trapezoid] = trapezoid
