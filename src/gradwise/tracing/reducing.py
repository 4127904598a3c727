"""Reductions of traced arrays with NumPy's options: axis, keepdims, dtype, out, initial, where."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from gradwise.program import Primitive
from gradwise.rules import reductions
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.traced import TracedArray, apply, dtype_of, isinstance_traced
from gradwise.tracing.ufuncs import store

_ABSENT: Any = np._NoValue


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None or axis is _ABSENT:
        return tuple(range(ndim))
    if isinstance(axis, list):
        axis = tuple(axis)
    return tuple(sorted(normalize_axis_tuple(axis, ndim)))


def _finish(result: Any, out: Any) -> Any:
    if isinstance(out, tuple):
        out = out[0]
    return result if out is None or out is _ABSENT else store(out, result)


def _reduction(name: str, primitive: Primitive, numpy_function: Any, identity: Any) -> Any:
    def method(
        x: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = _ABSENT,
        where: Any = True,
    ) -> Any:
        if not isinstance_traced(x):  # only an option is traced
            if isinstance_traced(where):
                where = concrete(where, "mask")
            if not isinstance_traced(initial) and not isinstance_traced(out):
                extra = {k: v for k, v in (("initial", initial), ("where", where)) if v is not _ABSENT and v is not True}
                return numpy_function(x, axis=axis, out=out, keepdims=bool(keepdims), **extra)
            x = x + np.sum(np.zeros_like(initial if isinstance_traced(initial) else out))
        value = x.current()
        if dtype is not None and dtype is not _ABSENT:
            x = x.astype(dtype)
            value = plain(x)
        if dtype_of(value).kind not in "fc" and name not in ("any", "all"):
            extra = {k: concrete(v) for k, v in (("initial", initial), ("where", where)) if v is not _ABSENT and v is not True}
            return _finish(numpy_function(concrete(x), axis=axis, keepdims=bool(keepdims), **extra), out)
        if where is not True and where is not _ABSENT:
            if identity is None and initial is _ABSENT:
                raise ValueError(f"reduction operation '{name}' does not have an identity, so to use a where mask one has to specify 'initial'")
            x = np.where(where, x, identity if initial is _ABSENT or identity is not None else initial)
            value = plain(x)
        keep = keepdims is not _ABSENT and bool(keepdims)
        axes = _axes(axis, np.ndim(value))
        if initial is not _ABSENT and identity is None and any(value.shape[a] == 0 for a in axes):
            shape = reductions.reduced_shape(value.shape, axes, keep)
            return _finish(np.broadcast_to(initial, shape).astype(value.dtype), out)
        if type(x) is TracedArray:
            concrete_value = numpy_function(value, axis=axis if axis is not _ABSENT else None, keepdims=keep)
            result = apply(x.tape, primitive, (x,), (axes, keep), concrete_value)
        else:  # a scalar is its own reduction
            result = x if name not in ("any", "all") else x != 0
        if initial is not _ABSENT and initial is not None:
            combine = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}[name]
            result = combine(result, initial)
        return _finish(result, out)

    method.__name__ = name
    method.__doc__ = f"``np.{name}`` of a traced array."
    return method


sum_ = _reduction("sum", reductions.sum_, np.sum, 0)
prod = _reduction("prod", reductions.prod, np.prod, 1)
_max = _reduction("max", reductions.max_, np.max, None)
_min = _reduction("min", reductions.min_, np.min, None)
_any = _reduction("any", reductions.any_, np.any, False)
_all = _reduction("all", reductions.all_, np.all, True)


def max_(x: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = _ABSENT, where: Any = True) -> Any:
    """``np.max`` of a traced array."""
    return _max(x, axis, None, out, keepdims, initial, where)


def min_(x: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = _ABSENT, where: Any = True) -> Any:
    """``np.min`` of a traced array."""
    return _min(x, axis, None, out, keepdims, initial, where)


def any_(x: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
    """``np.any`` of a traced array."""
    return _any(x, axis, None, out, keepdims, _ABSENT, where)


def all_(x: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
    """``np.all`` of a traced array."""
    return _all(x, axis, None, out, keepdims, _ABSENT, where)


def _arg(primitive: Primitive, numpy_function: Any) -> Any:
    def method(x: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
        value = numpy_function(x.current(), axis=axis, keepdims=bool(keepdims))
        if type(x) is not TracedArray:
            return value
        keep = keepdims is not _ABSENT and bool(keepdims)
        if axis is None:
            flat = x.reshape(-1)
            result = apply(flat.tape, primitive, (flat,), (0, False))
            if keep:
                result = np.reshape(result, (1,) * x.ndim)
        else:
            result = apply(x.tape, primitive, (x,), (normalize_axis_index(axis, x.ndim), keep), value)
        return _finish(result, out)

    return method


argmax = _arg(reductions.argmax, np.argmax)
argmin = _arg(reductions.argmin, np.argmin)


def _cumulative(primitive: Primitive, numpy_function: Any) -> Any:
    def method(x: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        if dtype is not None:
            x = x.astype(dtype)
        if dtype_of(plain(x)).kind not in "fc":
            return _finish(numpy_function(concrete(x), axis=axis), out)
        if type(x) is not TracedArray:
            x = np.reshape(x, (1,))
            axis = 0
        if axis is None:
            x = x.reshape(-1)
            axis = 0
        result = apply(x.tape, primitive, (x,), (normalize_axis_index(axis, x.ndim),))
        return _finish(result, out)

    return method


cumsum = _cumulative(reductions.cumsum, np.cumsum)
cumprod = _cumulative(reductions.cumprod, np.cumprod)


def mean(x: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
    """``np.mean``: the sum over the count."""
    if dtype is not None:
        x = x.astype(dtype)
    if dtype_of(plain(x)).kind not in "fc":
        return _finish(np.mean(concrete(x), axis=axis, keepdims=bool(keepdims), where=concrete(where)), out)
    value = plain(x)
    keep = keepdims is not _ABSENT and bool(keepdims)
    axes = _axes(axis, np.ndim(value))
    if where is True or where is _ABSENT:
        count: Any = 1
        for a in axes:
            count *= value.shape[a]
        total = sum_(x, axis=axes, keepdims=keep)
        return _finish(total / count, out)
    count = np.sum(np.broadcast_to(concrete(where, "mask"), value.shape), axis=axes, keepdims=keep)
    return _finish(sum_(x, axis=axes, keepdims=keep, where=where) / count, out)


def var(
    x: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = _ABSENT,
    correction: Any = _ABSENT,
) -> Any:
    """``np.var``: the mean of the squared distances from the mean."""
    if dtype is not None:
        x = x.astype(dtype)
    if correction is not _ABSENT:
        ddof = correction
    value = plain(x)
    axes = _axes(axis, np.ndim(value))
    keep = keepdims is not _ABSENT and bool(keepdims)
    centre = _mean(x, axis=axes, keepdims=True, where=where) if mean is _ABSENT else mean
    away = x - centre
    squares = np.real(away * np.conj(away)) if dtype_of(plain(away)).kind == "c" else away * away
    total = sum_(squares, axis=axes, keepdims=keep, where=where)
    if where is True or where is _ABSENT:
        count: Any = 1
        for a in axes:
            count *= value.shape[a]
    else:
        count = np.sum(np.broadcast_to(concrete(where, "mask"), value.shape), axis=axes, keepdims=keep)
    return _finish(total / np.maximum(count - ddof, 0), out)


_mean = mean


def std(x: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False, **options: Any) -> Any:
    """``np.std``: the root of ``np.var``."""
    return _finish(np.sqrt(var(x, axis, dtype, None, ddof, keepdims, **options)), out)


def ptp(x: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    """``np.ptp``: the largest entry less the smallest."""
    keep = keepdims is not _ABSENT and bool(keepdims)
    return _finish(max_(x, axis, None, keep) - min_(x, axis, None, keep), out)
