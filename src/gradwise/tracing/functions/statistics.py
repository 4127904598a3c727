"""Sums, means and other statistics, with the variants that leave NaN out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradwise.tracing import reducing
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions import quantiles
from gradwise.tracing.functions.operands import array, as_array, integers, valued
from gradwise.tracing.traced import dtype_of
from gradwise.tracing.ufuncs import store

_ABSENT: Any = np._NoValue


def _finish(result: Any, out: Any) -> Any:
    return result if out is None or out is _ABSENT else store(out, result)


def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = _ABSENT) -> Any:
    """``np.average``; the weights may be traced."""
    a = as_array(a)
    axis = integers(axis)
    keep = keepdims is not _ABSENT and bool(keepdims)
    if weights is None:
        result = np.mean(a, axis=axis, keepdims=keep)
        scale: Any = np.size(plain(a)) / max(np.size(plain(result)), 1)
    else:
        weights = as_array(weights)
        shape = np.shape(plain(a))
        if np.shape(plain(weights)) != shape:
            if axis is None:
                raise TypeError("Axis must be specified when shapes of a and weights differ.")
            axes = tuple(normalize_axis_index(i, len(shape)) for i in np.atleast_1d(axis))
            if np.shape(plain(weights)) != tuple(shape[i] for i in axes):
                raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
            weights = np.transpose(weights, tuple(np.argsort(axes).tolist()))
            weights = np.reshape(weights, tuple(n if i in axes else 1 for i, n in enumerate(shape)))
        scale = np.sum(weights * np.ones(shape, dtype_of(plain(weights))), axis=axis, keepdims=keep)
        if np.any(scale == 0.0):
            raise ZeroDivisionError("Weights sum to zero, can't be normalized")
        result = np.sum(a * weights, axis=axis, keepdims=keep) / scale
    if not returned:
        return result
    return result, scale if np.shape(plain(scale)) == np.shape(plain(result)) else np.broadcast_to(
        scale, np.shape(plain(result))
    )


# --- covariance -----------------------------------------------------------------------------------------------------------


#: from NumPy 2.2 on
_ONE_ROW_TURNS = np.cov(np.zeros((1, 2)), rowvar=False, ddof=0).shape == (2, 2)


def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """``np.cov``; the observations and the weights ``aweights`` may be traced."""
    x = _rows(m, rowvar, dtype, whole=_ONE_ROW_TURNS and np.ndim(plain(m)) == 2)
    if y is not None:
        x = np.concatenate([x, _rows(y, rowvar, dtype, whole=False)], axis=0)
    n = np.shape(plain(x))[1]
    ddof = (0 if bias else 1) if ddof is None else int(concrete(ddof))
    weights: Any = None
    if fweights is not None:
        counts = np.asarray(concrete(array(fweights)))
        if np.any(counts < 0) or not np.all(counts == np.round(counts)):
            raise ValueError("fweights must be non-negative integers")
        weights = counts.astype(float)
    if aweights is not None:
        aweights = array(aweights)
        if np.any(aweights < 0):
            raise ValueError("aweights cannot be negative")
        weights = aweights if weights is None else weights * aweights
    if weights is None:
        centre, divisor = np.mean(x, axis=1, keepdims=True), n - ddof
        weighted = away = x - centre
    else:
        total = np.sum(weights)
        centre = np.sum(x * weights, axis=1, keepdims=True) / total
        if ddof == 0:
            divisor = total
        elif aweights is None:
            divisor = total - ddof
        else:
            divisor = total - ddof * np.sum(weights * aweights) / total
        away = x - centre
        weighted = away * weights
    if divisor <= 0:
        divisor = 0.0 * divisor
    result = (away @ np.conj(weighted).T) * np.true_divide(1, divisor)
    return np.squeeze(result)


def _rows(m: Any, rowvar: bool, dtype: Any, *, whole: bool) -> Any:
    """The variables as rows; a matrix of one row is turned if ``whole``."""
    m = as_array(m)
    if np.ndim(plain(m)) > 2:
        raise ValueError("m has more than 2 dimensions")
    dtype = np.dtype(dtype) if dtype is not None else np.result_type(dtype_of(plain(m)), np.float64)
    if dtype_of(plain(m)) != dtype:
        m = m.astype(dtype)
    two = np.atleast_2d(m)
    return two.T if not rowvar and (np.shape(plain(two))[0] != 1 or whole) else two


def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """``np.corrcoef``."""
    c = cov(x, y, rowvar, dtype=dtype)
    if np.ndim(plain(c)) == 0:
        return c / c
    spread = np.sqrt(np.real(np.diagonal(c)))
    made = c / spread[:, None] / spread[None, :]
    own = plain(made)
    parts = (own.real, own.imag) if own.dtype.kind == "c" else (own,)
    if all(np.all(~(np.abs(part) > 1)) for part in parts):
        return made
    own = own.copy()  # beyond ±1 by rounding: NumPy clips, which has no share in the derivative
    for part in (own.real, own.imag) if own.dtype.kind == "c" else (own,):
        np.clip(part, -1, 1, out=part)
    return valued(made, own)


# --- without NaN ----------------------------------------------------------------------------------------------------------


def _without(function: Any, replacement: Any) -> Any:
    """A reduction in which NaN counts as ``replacement``."""

    def call(a: Any, *args: Any, **kwargs: Any) -> Any:
        a = array(a)
        return function(
            np.where(np.isnan(a), replacement, a) if dtype_of(plain(a)).kind in "fc" else a, *args, **kwargs
        )

    return call


def _extremum(function: Any, replacement: float) -> Any:
    def call(
        a: Any, axis: Any = None, out: Any = None, keepdims: Any = _ABSENT, initial: Any = _ABSENT, where: Any = _ABSENT
    ) -> Any:
        a = array(a)
        keep = keepdims is not _ABSENT and bool(keepdims)
        options = {k: v for k, v in (("initial", initial), ("where", where)) if v is not _ABSENT}
        result = function(np.where(np.isnan(a), replacement, a), axis=axis, keepdims=keep, **options)
        if initial is _ABSENT:  # NumPy gives NaN for a slice without numbers
            result = np.where(np.all(np.isnan(a), axis=axis, keepdims=keep), np.nan, result)[()]
        return _finish(result, out)

    return call


def _argument(function: Any, replacement: float) -> Any:
    def call(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = _ABSENT) -> Any:
        a = array(a)
        if np.any(np.all(np.isnan(a), axis=axis)):
            raise ValueError("All-NaN slice encountered")
        keep = keepdims is not _ABSENT and bool(keepdims)
        return _finish(function(np.where(np.isnan(a), replacement, a), axis=axis, keepdims=keep), out)

    return call


def _numbers(a: Any, where: Any) -> Any:
    """The mask of the entries that count."""
    mask = np.logical_not(np.isnan(a))
    return mask if where is _ABSENT or where is True else np.logical_and(mask, where)


def nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = _ABSENT, *, where: Any = _ABSENT
) -> Any:
    """``np.nanmean``."""
    a = array(a)
    return np.mean(
        a,
        axis=axis,
        dtype=dtype,
        out=out,
        keepdims=keepdims is not _ABSENT and bool(keepdims),
        where=_numbers(a, where),
    )


def _nan_spread(function: Any) -> Any:
    def call(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: Any = 0,
        keepdims: Any = _ABSENT,
        *,
        where: Any = _ABSENT,
        mean: Any = _ABSENT,
        correction: Any = _ABSENT,
    ) -> Any:
        a = array(a)
        keep = keepdims is not _ABSENT and bool(keepdims)
        mask = _numbers(a, where)
        ddof = ddof if correction is _ABSENT else correction
        result = function(
            a,
            axis=axis,
            dtype=dtype,
            ddof=ddof,
            keepdims=keep,
            where=mask,
            **({} if mean is _ABSENT else {"mean": mean}),
        )
        counted = np.broadcast_to(concrete(mask, "mask"), np.shape(plain(a)))
        few = np.sum(counted, axis=axis, keepdims=keep) <= ddof
        if np.any(few):
            result = np.where(few, np.nan, result)[()]
        return _finish(result, out)

    return call


FUNCTIONS: dict[Any, Any] = {
    np.sum: reducing.sum_,
    np.prod: reducing.prod,
    np.mean: reducing.mean,
    np.var: reducing.var,
    np.std: reducing.std,
    np.max: reducing.max_,
    np.min: reducing.min_,
    np.amax: reducing.max_,
    np.amin: reducing.min_,
    np.any: reducing.any_,
    np.all: reducing.all_,
    np.argmax: reducing.argmax,
    np.argmin: reducing.argmin,
    np.cumsum: reducing.cumsum,
    np.cumprod: reducing.cumprod,
    np.ptp: reducing.ptp,
    np.average: average,
    np.cov: cov,
    np.corrcoef: corrcoef,
    np.nansum: _without(np.sum, 0.0),
    np.nanprod: _without(np.prod, 1.0),
    np.nancumsum: _without(np.cumsum, 0.0),
    np.nancumprod: _without(np.cumprod, 1.0),
    np.nanmax: _extremum(np.max, -np.inf),
    np.nanmin: _extremum(np.min, np.inf),
    np.nanargmax: _argument(np.argmax, -np.inf),
    np.nanargmin: _argument(np.argmin, np.inf),
    np.nanmean: nanmean,
    np.nanvar: _nan_spread(np.var),
    np.nanstd: _nan_spread(np.std),
    **quantiles.FUNCTIONS,
}
if hasattr(np, "cumulative_sum"):  # since NumPy 2.1
    FUNCTIONS.update({np.cumulative_sum: reducing.cumulative_sum, np.cumulative_prod: reducing.cumulative_prod})
