"""Medians, quantiles, percentiles: linear in two neighbouring order statistics.

For given q and n every method of NumPy is a place v between two positions of the sorted array, y = x₍ₖ₎ + (v − k)(x₍ₖ₊₁₎ − x₍ₖ₎) with k = ⌊v⌋.
That place is what NumPy itself gives for the array 0, 1, …, n−1.  For the continuous methods v = nq + α + q(1 − α − β) − 1 is differentiable in q
(Hyndman & Fan 1996).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import array, as_array, carries, integers
from gradwise.tracing.traced import dtype_of, isinstance_traced
from gradwise.tracing.ufuncs import store

_ABSENT: Any = np._NoValue
#: method → (α, β)
_CONTINUOUS = {
    "linear": (1.0, 1.0),
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
}
#: methods by which NumPy mixes two entries, whichever share one of them has
_MIXING = frozenset({*_CONTINUOUS, "midpoint", "averaged_inverted_cdf"})


def _flattened(a: Any, axis: Any, keepdims: Any) -> tuple[Any, tuple[int, ...]]:
    """The array with the reduced axes joined into one, the last, and the shape of the result."""
    shape = np.shape(plain(a))
    axes = tuple(range(len(shape))) if axis is None else tuple(sorted(normalize_axis_tuple(integers(axis), len(shape))))
    rest = tuple(i for i in range(len(shape)) if i not in axes)
    lead = tuple(shape[i] for i in rest)
    moved = a if rest + axes == tuple(range(len(shape))) else np.transpose(a, rest + axes)
    flat = np.reshape(moved, (*lead, math.prod(shape[i] for i in axes)))
    keep = keepdims is not _ABSENT and bool(keepdims)
    return flat, tuple(1 if i in axes else n for i, n in enumerate(shape)) if keep else lead


def _finish(result: Any, out: Any) -> Any:
    return result if out is None or out is _ABSENT else store(out, result)


def _shaped(result: Any, shape: tuple[int, ...], keepdims: Any) -> Any:
    """In its shape; a number unless the axes are kept."""
    result = np.reshape(result, shape)
    return result if keepdims is not _ABSENT and keepdims else result[()]


def _floating(a: Any) -> Any:
    a = as_array(a)
    return a if dtype_of(plain(a)).kind in "fc" else a.astype(float)


def _with_nan(result: Any, ordered: Any) -> Any:
    """NaN where a slice holds one (NaN sorts to the end)."""
    return np.where(np.isnan(ordered[..., -1]), np.nan, result)


def median(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    """``np.median``."""
    flat, shape = _flattened(_floating(a), axis, keepdims)
    n = np.shape(plain(flat))[-1]
    if n == 0:
        return _finish(np.full(shape, np.nan, dtype_of(plain(flat)))[()], out)
    ordered = np.sort(flat, axis=-1)
    # NumPy takes the mean of the entries in the middle, and the mean of -0.0 is 0.0
    middle = (ordered[..., n // 2] if n % 2 else 0.5 * (ordered[..., n // 2 - 1] + ordered[..., n // 2])) + 0.0
    return _finish(_shaped(_with_nan(middle, ordered), shape, keepdims), out)


def _place(n: int, q: Any, method: Any) -> Any:
    """The place v of each quantile among 0 … n−1; traced if q is and the method is continuous."""
    if not carries(q):
        q = np.asarray(concrete(q))
    if method == "linear":  # the same formula, in NumPy's order of rounding
        return (n - 1) * q
    if method in _CONTINUOUS:
        alpha, beta = _CONTINUOUS[method]
        return np.clip(n * q + (alpha + q * (1 - alpha - beta)) - 1, 0, n - 1)
    return np.quantile(np.arange(n, dtype=float), np.asarray(concrete(q)), method=method)


def _between(ordered: Any, v: Any, *, entries: bool) -> Any:
    """The interpolated order statistics, with the axes of v in front; where NumPy takes ``entries`` as they are, an infinite neighbour has no share (elsewhere ∞ · 0 is nan)."""
    n = np.shape(plain(ordered))[-1]
    last = n - 2 if isinstance_traced(v) else n - 1
    places = np.minimum(np.floor(plain(v)), max(last, 0)).astype(np.intp)
    above = np.minimum(places + 1, n - 1)
    if isinstance_traced(v):
        concrete(np.floor(v), "index")
    elif entries:
        above = np.where(v == places, places, above)
    low, high = ordered[..., places], ordered[..., above]
    result = low if entries and np.array_equal(places, above) else _mixed(ordered, low, high, v, places, above)
    weak = np.ndim(plain(v)) == 0 and dtype_of(plain(result)) != dtype_of(plain(ordered))
    result = result.astype(dtype_of(plain(ordered))) if weak and not isinstance_traced(v) else result
    k = np.ndim(plain(v))
    rank = np.ndim(plain(result))
    return np.transpose(result, (*range(rank - k, rank), *range(rank - k))) if k and rank > k else result


def _mixed(ordered: Any, low: Any, high: Any, v: Any, places: Any, above: Any) -> Any:
    """From the nearer of the two neighbours, in the same order of rounding as NumPy."""
    gap, fraction = high - low, v - places
    far = concrete(fraction >= 0.5, "index") if isinstance_traced(v) else fraction >= 0.5
    return ordered[..., np.where(far, above, places)] + gap * np.where(far, fraction - 1, fraction)


def _check(q: Any) -> None:
    if not np.all((q >= 0) & (q <= 1)):
        raise ValueError("Quantiles must be in the range [0, 1]")


def _levels(q: Any, a: Any) -> Any:
    """A Python number takes the precision of the array; anything else keeps its own."""
    return np.asarray(q, dtype_of(plain(a))) if type(q) in {int, float} and dtype_of(plain(a)).kind == "f" else array(q)


def _hundredth(q: Any, a: Any) -> Any:
    dtype = dtype_of(plain(a := _floating(a)))
    return np.true_divide(q if type(q) in {int, float} else array(q), dtype.type(100) if dtype.kind == "f" else 100)


def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: Any = False,
    *,
    weights: Any = None,
) -> Any:
    """``np.quantile`` with every method of NumPy; q may be traced."""
    a = _floating(a)
    q = _levels(q, a)
    _check(q)
    flat, shape = _flattened(a, axis, keepdims)
    if weights is not None:
        return _finish(_weighted(flat, shape, a, q, axis, method, weights), out)
    ordered = np.sort(flat, axis=-1)
    result = _between(ordered, _place(np.shape(plain(flat))[-1], q, method), entries=method not in _MIXING)
    return _finish(_shaped(_with_nan(result, ordered), (*np.shape(plain(q)), *shape), keepdims), out)


def _weighted(flat: Any, shape: tuple[int, ...], a: Any, q: Any, axis: Any, method: str, weights: Any) -> Any:
    """With weights, for which NumPy has the method inverted_cdf: each quantile is an entry of the array."""
    if method != "inverted_cdf":
        raise ValueError(f"Only method 'inverted_cdf' supports weights. Got: {method}.")
    whole = np.shape(plain(as_array(a)))
    w = np.asarray(concrete(array(weights)), dtype=float)
    if w.shape != whole:
        if axis is None or w.ndim != 1:
            raise TypeError("Shape of weights must be consistent with shape of a along specified axis.")
        w = np.reshape(
            w, tuple(n if i == normalize_axis_tuple(axis, len(whole))[0] else 1 for i, n in enumerate(whole))
        )
    w, _ = _flattened(np.broadcast_to(w, whole), axis, False)
    order = np.argsort(flat, axis=-1)
    ordered = np.take_along_axis(flat, order, -1)
    total = np.cumsum(np.take_along_axis(w, np.asarray(concrete(order, "order")), -1), axis=-1)
    levels = np.asarray(concrete(q))
    reached = total / total[..., -1:] >= np.reshape(levels, levels.shape + (1,) * total.ndim)
    places = np.argmax(reached, axis=-1)
    picked = [np.take_along_axis(ordered, p[..., None], -1)[..., 0] for p in places.reshape(-1, *total.shape[:-1])]
    return np.reshape(np.stack(picked), (*levels.shape, *shape))[()]


def percentile(a: Any, q: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.percentile``."""
    levels = array(q)
    if not np.all((levels >= 0) & (levels <= 100)):
        raise ValueError("Percentiles must be in the range [0, 100]")
    return quantile(a, _hundredth(q, a), *args, **kwargs)


# --- without NaN ------------------------------------------------------------------------------------------------------------


def _slice_by_slice(function: Any, lead_of_result: tuple[int, ...], flat: Any, shape: tuple[int, ...]) -> Any:
    """The function of the numbers of each slice; NaN where there is none."""
    if np.size(plain(flat)) == 0:
        return np.full(shape, np.nan, dtype_of(plain(flat)))[()]  # of this shape in NumPy, whatever q is
    rows = np.reshape(flat, (-1, np.shape(plain(flat))[-1]))
    mask = np.isnan(rows)
    missing = np.asarray(concrete(mask, "mask"))
    results = []
    for i in range(missing.shape[0]):
        kept = np.flatnonzero(~missing[i])
        results.append(function(rows[i][kept]) if kept.size else np.full(lead_of_result, np.nan, dtype_of(plain(flat))))
    stacked = np.stack(results, axis=-1)
    return np.reshape(stacked, (*lead_of_result, *shape))[()]


def nanmedian(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = _ABSENT) -> Any:
    """``np.nanmedian``."""
    flat, shape = _flattened(_floating(a), axis, keepdims)
    return _finish(_slice_by_slice(median, (), flat, shape), out)


def nanquantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: Any = _ABSENT,
    *,
    weights: Any = None,
) -> Any:
    """``np.nanquantile``."""
    a = _floating(a)
    q = _levels(q, a)
    _check(q)
    if weights is not None:
        missing = concrete(np.isnan(a), "mask")
        weights = np.where(missing, 0.0, np.broadcast_to(concrete(array(weights)), np.shape(missing)))
        return quantile(np.where(np.isnan(a), np.inf, a), q, axis, out, False, method, keepdims, weights=weights)
    flat, shape = _flattened(a, axis, keepdims)
    result = _slice_by_slice(lambda row: quantile(row, q, method=method), np.shape(plain(q)), flat, shape)
    return _finish(result, out)


def nanpercentile(a: Any, q: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.nanpercentile``."""
    return nanquantile(a, _hundredth(q, a), *args, **kwargs)


FUNCTIONS: dict[Any, Any] = {
    np.median: median,
    np.quantile: quantile,
    np.percentile: percentile,
    np.nanmedian: nanmedian,
    np.nanquantile: nanquantile,
    np.nanpercentile: nanpercentile,
}
