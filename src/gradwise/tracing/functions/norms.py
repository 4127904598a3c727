"""``np.linalg.norm`` and its relatives on traced arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from gradwise.rules import linear_algebra as rules
from gradwise.rules.linear_algebra.singular import unscaled
from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.functions.linear_algebra import inv, svdvals
from gradwise.tracing.functions.operands import as_array, integers, valued
from gradwise.tracing.reducing import euclidean
from gradwise.tracing.traced import apply, dtype_of


def _euclidean(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """√Σ|x|²: with the slope of the norm where the squares overflow, and slope 0 at 0."""
    trace = _innermost(x)
    params = (tuple(sorted(axes)), bool(keepdims))
    if trace is None:
        return unscaled(np.asarray(plain(x)), *params)
    return euclidean(trace, x, params)


def _whole(x: Any, keepdims: bool) -> Any:
    """The norm over all axes, with NumPy's own value to the last bit where its squares neither overflow nor underflow."""
    trace, axes = _innermost(x), tuple(range(x.ndim))
    with np.errstate(over="ignore", under="ignore"):
        value: Any = np.linalg.norm(plain(x), None, None, bool(keepdims))
    limits = np.finfo(value.dtype)
    if trace is None or not np.all((value < limits.max) & (value > np.sqrt(limits.tiny))):
        return _euclidean(x, axes, keepdims)
    return apply(trace, rules.norm, (x,), (axes, bool(keepdims)), value)


def _vector(x: Any, order: Any, axis: int, keepdims: bool) -> Any:
    options: dict[str, Any] = {"axis": axis, "keepdims": keepdims}
    if order is None or order == 2:
        return _euclidean(x, (axis,), keepdims)
    if isinstance(order, str):
        raise ValueError(f"Invalid norm order '{order}' for vectors")  # noqa: TRY004  as NumPy
    size = np.abs(x)
    if order == np.inf:
        if not x.size:
            options["initial"] = 0
        return np.max(size, **options)
    if order == -np.inf:
        return np.min(size, **options)
    if order == 0:  # the number of entries that are not zero is piecewise constant
        return np.sum(np.asarray(concrete(x) != 0, dtype=plain(size).dtype), **options)
    if order == 1:
        return np.sum(size, **options)
    total = np.sum(size**order, **options)
    at_zero = np.asarray(concrete(total <= 0, "mask"))
    if not np.any(at_zero) or order < 0:
        return total ** (1 / order)
    # at 0 the power 1/order has no slope: take the Euclidean norm there, which has the slope 0 and reports the kink
    return np.where(at_zero, _euclidean(x, (axis,), keepdims), np.where(at_zero, 1, total) ** (1 / order))[()]


def _matrix(x: Any, order: Any, axes: tuple[int, int], keepdims: bool) -> Any:
    row, column = axes
    if row == column:
        raise ValueError("Duplicate axes given.")
    if order in {None, "fro", "f"}:
        return _euclidean(x, axes, keepdims)
    if order in {2, -2, "nuc"}:
        s = svdvals(np.moveaxis(x, axes, (-2, -1)))
        # the first is the largest, the last the smallest
        result = np.sum(s, axis=-1) if order == "nuc" else s[..., 0 if order == 2 else -1][()]
    elif order in {1, -1, np.inf, -np.inf}:
        inner, outer = (row, column) if abs(order) == 1 else (column, row)
        sums = np.sum(np.abs(x), axis=inner)
        outer -= outer > inner
        result = (np.max if order > 0 else np.min)(sums, axis=outer)
    else:
        raise ValueError("Invalid norm order for matrices.")
    if keepdims:
        shape = list(x.shape)
        shape[row] = shape[column] = 1
        result = np.reshape(result, tuple(shape))
    return result


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A002  NumPy's name
    """``np.linalg.norm``: every order, over one axis or two."""
    x, ord, axis = as_array(x), concrete(ord), integers(axis)  # noqa: A001  NumPy's name
    if dtype_of(plain(x)).kind not in "fc":
        x = x.astype(np.float64)
    if axis is None:
        if ord is None or (ord in {"f", "fro"} and x.ndim == 2) or (ord == 2 and x.ndim == 1):
            if x.ndim == 0:
                return np.abs(x)
            return _whole(x, keepdims)
        axes = tuple(range(x.ndim))
    else:
        axes = normalize_axis_tuple(axis, x.ndim)
    if len(axes) == 1:
        return _vector(x, ord, axes[0], keepdims)
    if len(axes) == 2:
        return _matrix(x, ord, axes, keepdims)
    raise ValueError("Improper number of dimensions to norm.")


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:  # noqa: A002  NumPy's name
    """``np.linalg.matrix_norm``: over the last two axes."""
    return norm(as_array(x), ord, (-2, -1), keepdims)


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:  # noqa: A002  NumPy's name
    """``np.linalg.vector_norm``: several axes are taken as one."""
    x, axis = as_array(x), integers(axis)
    if axis is None:
        result = _flat(np.ravel(x), ord)
        return np.reshape(result, (1,) * x.ndim)[()] if keepdims else result
    if not isinstance(axis, tuple):
        return norm(x, ord, normalize_axis_index(axis, x.ndim), keepdims)
    axes = normalize_axis_tuple(axis, x.ndim)
    rest = [i for i in range(x.ndim) if i not in axes]
    moved = x.transpose((*axes, *rest)).reshape((math.prod(x.shape[i] for i in axes), *[x.shape[i] for i in rest]))
    result = norm(moved, ord, 0)
    return (
        np.reshape(result, tuple(1 if i in axes else n for i, n in enumerate(x.shape)))[()] if keepdims else result[()]
    )


def _flat(x: Any, order: Any) -> Any:
    return norm(x, order, 0)


def cond(x: Any, p: Any = None) -> Any:
    """``np.linalg.cond``: the ratio of extreme singular values, or ‖x‖ ‖x⁻¹‖ in another norm."""
    x, p = as_array(x), concrete(p)
    if p in {None, 2, -2}:
        finite = np.all(np.isfinite(x), axis=(-2, -1), keepdims=True)
        if np.all(concrete(finite)):
            s = svdvals(x)
        else:  # NumPy before 2.5 or after: infinity or nan, without a slope
            concrete(x)
            unknown = np.nan * np.sum(x, axis=(-2, -1))[..., None]
            s = np.where(plain(finite)[..., 0], svdvals(np.where(plain(finite), x, np.eye(*x.shape[-2:]))), unknown)
        ratio = s[..., 0] / s[..., -1] if p != -2 else s[..., -1] / s[..., 0]
        return valued(ratio, np.linalg.cond(plain(x), p)) if np.any(np.isnan(plain(ratio))) else ratio
    return norm(x, p, (-2, -1)) * norm(inv(x), p, (-2, -1))


FUNCTIONS: dict[Any, Any] = {
    np.linalg.norm: norm,
    np.linalg.matrix_norm: matrix_norm,
    np.linalg.vector_norm: vector_norm,
    np.linalg.cond: cond,
}
