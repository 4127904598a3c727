"""Reductions of traced arrays with NumPy's options: axis, keepdims, dtype, out, initial, where."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from gradwise.program import Primitive
from gradwise.rules import cumulative, entries, reductions
from gradwise.rules.broadcasting import real_dtype
from gradwise.rules.linear_algebra.singular import is_scaled, norm, unscaled
from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.traced import TracedArray, apply, dtype_of, isinstance_traced, wrap
from gradwise.tracing.ufuncs import store

if TYPE_CHECKING:
    from gradwise.tracing.trace import Trace

_F64 = np.dtype(np.float64)
_ABSENT: Any = np._NoValue


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None or axis is _ABSENT:
        return tuple(range(ndim))
    if isinstance(axis, list):
        axis = tuple(axis)
    if ndim == 0 and type(axis) is int and axis in {0, -1}:  # NumPy's reductions of a number take the axis of a vector
        return ()
    return tuple(sorted(normalize_axis_tuple(axis, ndim)))


def _finish(result: Any, out: Any) -> Any:
    if isinstance(out, tuple):
        out = out[0]
    return result if out is None or out is _ABSENT else store(out, result)


def _quickly(x: TracedArray, primitive: Primitive, ufunc: np.ufunc, axis: Any, keepdims: Any) -> Any:
    """A reduction over all axes or one, of 64-bit numbers; None for others."""
    value = x.current()
    if value.dtype is not _F64 or not x.tape.open or (keepdims is not False and keepdims is not _ABSENT):
        return None
    rank = value.ndim
    if axis is None:
        axes = tuple(range(rank))
    elif type(axis) is int and -rank <= axis < rank:
        axes = (axis % rank,)
    else:
        return None
    if not axes or not value.size:
        return None
    return apply(x.tape, primitive, (x,), (axes, False), ufunc.reduce(value, axis))


def _reduction(name: str, primitive: Primitive, numpy_function: Any, ufunc: np.ufunc, identity: Any) -> Any:
    def method(
        x: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = _ABSENT,
        where: Any = True,
    ) -> Any:
        if type(x) is TracedArray and where is True and initial is _ABSENT and dtype is None and out is None:
            quick = _quickly(x, primitive, ufunc, axis, keepdims)
            if quick is not None:
                return quick
        if not isinstance_traced(x):  # only an option is traced
            if isinstance_traced(where):
                where = concrete(where, "mask")
            if not isinstance_traced(initial) and not isinstance_traced(out):
                extra = {
                    k: v for k, v in (("initial", initial), ("where", where)) if v is not _ABSENT and v is not True
                }
                return numpy_function(x, axis=axis, out=out, keepdims=bool(keepdims), **extra)
            x = x + np.sum(np.zeros_like(initial if isinstance_traced(initial) else out))
        value = x.current()
        if dtype is not None and dtype is not _ABSENT:
            x = x.astype(dtype)
            value = plain(x)
        if dtype_of(value).kind not in "fc" and name not in ("any", "all"):
            extra = {
                k: concrete(v)
                for k, v in (("initial", initial), ("where", where))
                if v is not _ABSENT and v is not True
            }
            return _finish(numpy_function(concrete(x), axis=axis, keepdims=bool(keepdims), **extra), out)
        if where is not True and where is not _ABSENT:
            if identity is None and initial is _ABSENT:
                raise ValueError(
                    f"reduction operation '{name}' does not have an identity, so to use a where mask one has to specify 'initial'"
                )
            x = np.where(where, x, identity if initial is _ABSENT or identity is not None else initial)
            value = plain(x)
        keep = keepdims is not _ABSENT and bool(keepdims)
        axes = _axes(axis, np.ndim(value))
        if initial is not _ABSENT and identity is None and any(value.shape[a] == 0 for a in axes):
            shape = reductions.reduced_shape(value.shape, axes, keep)
            return _finish(np.broadcast_to(initial, shape).astype(value.dtype)[()], out)
        if type(x) is TracedArray:
            concrete_value = numpy_function(value, axis=axis if axis is not _ABSENT else None, keepdims=keep)
            result = apply(x.tape, primitive, (x,), (axes, keep), concrete_value)
        elif name in ("any", "all"):
            result = x != 0
        else:  # a scalar is its own reduction, and one of NumPy's: 1/0 and (-8)**(1/3) of it are not Python's
            result = x if isinstance(value, np.generic) else wrap(x.tape, x.index, dtype_of(value).type(value))
        if initial is not _ABSENT and initial is not None:
            combine = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}[name]
            result = combine(result, initial)
        return _finish(result, out)

    method.__name__ = name
    method.__doc__ = f"``np.{name}`` of a traced array."
    return method


sum_ = _reduction("sum", reductions.sum_, np.sum, np.add, 0)
prod = _reduction("prod", entries.prod, np.prod, np.multiply, 1)
_max = _reduction("max", reductions.max_, np.max, np.maximum, None)
_min = _reduction("min", reductions.min_, np.min, np.minimum, None)
_any = _reduction("any", reductions.any_, np.any, np.logical_or, False)
_all = _reduction("all", reductions.all_, np.all, np.logical_and, True)


def max_(
    x: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = _ABSENT, where: Any = True
) -> Any:
    """``np.max`` of a traced array."""
    return _max(x, axis, None, out, keepdims, initial, where)


def min_(
    x: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = _ABSENT, where: Any = True
) -> Any:
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
        keep = keepdims is not _ABSENT and bool(keepdims)
        value = numpy_function(plain(x), axis=axis, keepdims=keep)
        is_array = type(x) is TracedArray
        if not is_array:
            return _finish(value, out)
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
        if np.ndim(plain(x)) == 0:
            x = np.reshape(x, (1,))
            axis = 0
        if axis is None:
            x = x.reshape(-1)
            axis = 0
        result = apply(x.tape, primitive, (x,), (normalize_axis_index(axis, x.ndim),))
        return _finish(result, out)

    return method


cumsum = _cumulative(cumulative.cumsum, np.cumsum)
cumprod = _cumulative(cumulative.cumprod, np.cumprod)


def cumulative_sum(
    x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: bool = False
) -> Any:
    """``np.cumulative_sum``."""
    return _finish(_with_initial(cumsum, 0, x, axis, dtype, include_initial), out)


def cumulative_prod(
    x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: bool = False
) -> Any:
    """``np.cumulative_prod``."""
    return _finish(_with_initial(cumprod, 1, x, axis, dtype, include_initial), out)


def _with_initial(function: Any, initial: int, x: Any, axis: Any, dtype: Any, include_initial: bool) -> Any:
    if axis is None:
        if np.ndim(plain(x)) > 1:
            raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")
        axis = 0
    result = function(x, axis, dtype)
    if not include_initial:
        return result
    shape = list(np.shape(plain(result)))
    shape[axis] = 1
    return np.concatenate([np.full(shape, initial, dtype_of(plain(result))), result], axis=axis)


def _count(value: Any, axes: tuple[int, ...], keep: bool, where: Any) -> Any:
    """How many entries a mean runs over: a number, or an array of the dtype of the value's real part."""
    if where is True or where is _ABSENT:
        count = 1
        for a in axes:
            count *= np.shape(value)[a]
        return count
    counted = np.broadcast_to(concrete(where, "mask"), np.shape(value))
    return np.sum(counted, axis=axes, keepdims=keep).astype(real_dtype(dtype_of(value)))


def mean(
    x: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True
) -> Any:
    """``np.mean``: the sum over the count."""
    keep = keepdims is not _ABSENT and bool(keepdims)
    if not isinstance_traced(x):  # only ``where`` or ``out`` is traced
        return _finish(np.mean(x, axis, dtype, keepdims=keep, where=concrete(where, "mask")), out)
    if dtype is not None:
        x = x.astype(dtype)
    if dtype_of(plain(x)).kind not in "fc":
        where = True if where is _ABSENT else concrete(where, "mask")
        return _finish(np.mean(concrete(x), axis=axis, keepdims=keep, where=where), out)
    value = x.current()
    axes = _axes(axis, np.ndim(value))
    total = sum_(x, axis=axes, keepdims=keep, where=where)
    return _finish(total / _count(value, axes, keep, where), out)


_mean = mean


def _spread(
    x: Any, axis: Any, dtype: Any, ddof: Any, keepdims: Any, where: Any, centre: Any, correction: Any
) -> tuple[Any, tuple[int, ...], bool, Any]:
    """The distances from the mean, the axes, whether to keep them, and the divisor of a variance."""
    x = x if isinstance_traced(x) else np.asarray(x)
    if dtype_of(plain(x)).kind not in "fc":
        x = np.asarray(concrete(x)).astype(float)
    if correction is not _ABSENT:
        if ddof != 0:
            raise ValueError("ddof and correction can't be provided simultaneously.")
        ddof = correction
    ddof = concrete(ddof)
    value = plain(x)
    axes = _axes(axis, np.ndim(value))
    keep = keepdims is not _ABSENT and bool(keepdims)
    where = True if where is _ABSENT else where
    if centre is _ABSENT:
        centre = np.mean(x, axis=axes, dtype=dtype, keepdims=True, where=where)
    count = _count(value, axes, keep, where)
    divisor = max(count - ddof, 0) if np.ndim(count) == 0 and where is True else np.maximum(count - ddof, 0)
    away = x - centre
    if where is not True:
        away = np.where(where, away, 0)
    return away, axes, keep, divisor


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
    away, axes, keep, divisor = _spread(x, axis, dtype, ddof, keepdims, where, mean, correction)
    squares = np.real(away * np.conj(away)) if dtype_of(plain(away)).kind == "c" else away * away
    sums: Any = {} if dtype is None else {"dtype": real_dtype(np.dtype(dtype))}
    return _finish(np.sum(squares, axis=axes, keepdims=keep, **sums) / divisor, out)


def euclidean(trace: Trace, x: Any, params: tuple[tuple[int, ...], bool]) -> Any:
    """√Σ|x|² over axes with the value that NumPy computes, also where its squares overflow or underflow; it is differentiated as the norm that it stands for there."""
    size = apply(trace, norm, (x,), params)
    if not is_scaled(plain(size)):
        return size
    with np.errstate(over="ignore", under="ignore"):
        own = unscaled(np.asarray(plain(x)), *params)
    return wrap(size.tape, size.index, own, pinned=False)


def std(
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
    """``np.std``: the norm of the distances from the mean over √n, so that equal entries are a kink of slope 0 and not 0/0."""
    away, axes, keep, divisor = _spread(x, axis, dtype, ddof, keepdims, where, mean, correction)
    trace = _innermost(away)
    if trace is None:
        return _finish(np.sqrt(np.sum(np.abs(away) ** 2, axis=axes, keepdims=keep) / divisor), out)
    size = euclidean(trace, away, (axes, keep))
    if dtype is not None:
        size = size.astype(real_dtype(np.dtype(dtype)))
    result = size / np.sqrt(divisor) if np.ndim(divisor) else size / math.sqrt(divisor) if divisor else size / 0.0
    if (
        where is True
        and dtype is None
        and mean is _ABSENT
        and correction is _ABSENT
        and np.ndim(divisor) == 0 < divisor
    ):
        # the last digit as NumPy has it
        own = np.std(plain(x), axis=None if axis is _ABSENT else axis, ddof=concrete(ddof), keepdims=keep)
        result = wrap(result.tape, result.index, own, pinned=False)
    return _finish(result, out)


def ptp(x: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    """``np.ptp``: the largest entry less the smallest."""
    keep = keepdims is not _ABSENT and bool(keepdims)
    return _finish(max_(x, axis, None, keep) - min_(x, axis, None, keep), out)
