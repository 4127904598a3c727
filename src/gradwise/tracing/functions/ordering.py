"""Choosing, sorting and searching: where, clip, sort, partition, unique, searchsorted, histogram."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradwise.rules import ordering
from gradwise.rules.algebra import select
from gradwise.rules.broadcasting import convert_p
from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.functions.operands import array, as_array, carries, common_dtype, integers, laid_out
from gradwise.tracing.traced import TracedArray, TracedScalar, apply, dtype_of, isinstance_traced
from gradwise.tracing.ufuncs import store

_ABSENT: Any = np._NoValue


def _trace_of_usual(condition: Any, branches: tuple[Any, ...]) -> Any:
    """The trace of a choice by an array of truth values between arrays and numbers of 64 bits; None for all others."""
    found = None
    for a, kinds in ((condition, "?"), *[(b, "d") for b in branches]):
        kind = type(a)
        if kind is TracedArray or kind is TracedScalar:
            if found not in (None, a.tape) or not a.tape.open:
                return None
            found, a = a.tape, a.value
            kind = type(a)
        if kind is np.ndarray:
            if a.dtype.char != kinds:
                return None
        elif kinds == "?" or (kind is not float and kind is not np.float64):
            return None
    return found


def where(condition: Any, *branches: Any) -> Any:
    """``np.where``."""
    if not branches:
        return np.nonzero(concrete(array(condition), "mask"))
    if len(branches) == 2 and (trace := _trace_of_usual(condition, branches)) is not None:
        value = np.where(plain(condition), *map(plain, branches))
        return apply(trace, select, (condition, *branches), (), value)
    condition = array(condition)
    x, y = (b if isinstance_traced(b) or np.isscalar(b) else array(b) for b in branches)
    trace = _innermost(condition, x, y)
    value = np.where(plain(condition), plain(x), plain(y))
    if trace is None:
        return value
    if isinstance_traced(condition):
        if dtype_of(condition.value).kind != "b":
            condition = condition != 0
    else:
        condition = np.asarray(condition, dtype=bool)
    dtype = value.dtype

    def as_dtype(b: Any) -> Any:
        if isinstance_traced(b):
            if dtype_of(plain(b)) == dtype:
                return b
            return apply(b.tape, convert_p, (b,), (dtype,)) if b.tape.open else plain(b)
        return b if dtype_of(b) == dtype else np.asarray(b).astype(dtype)

    return apply(trace, select, (condition, as_dtype(x), as_dtype(y)), (), value)


def clip(
    a: Any,
    a_min: Any = _ABSENT,
    a_max: Any = _ABSENT,
    out: Any = None,
    *,
    min: Any = _ABSENT,  # noqa: A002  NumPy's name
    max: Any = _ABSENT,  # noqa: A002  NumPy's name
    **options: Any,
) -> Any:
    """``np.clip``: the smaller of the upper bound and the larger of the lower bound and a."""
    low = min if a_min is _ABSENT or a_min is None else a_min
    high = max if a_max is _ABSENT or a_max is None else a_max
    result = array(a)
    if options:
        raise _innermost(a, low, high, out).fail(
            f"np.clip was called with the option {next(iter(options))!r}. Bounds alone are required on traced values. "
            "Write it with np.minimum, np.maximum and np.where"
        )
    if low is not None and low is not _ABSENT:
        result = np.maximum(result, low)
    if high is not None and high is not _ABSENT:
        result = np.minimum(result, high)
    if result is a:
        result = +a
    return result if out is None else store(out, result)


# --- sorting --------------------------------------------------------------------------------------------------------------


def _along(a: Any, axis: int | None) -> tuple[Any, int]:
    """The array and the axis; without an axis, the array flat."""
    a = as_array(a)
    if axis is None:
        return np.ravel(a), 0
    return a, normalize_axis_index(integers(axis), np.ndim(plain(a)))


def sort(
    a: Any,
    axis: int | None = -1,
    kind: Any = None,
    order: Any = None,
    *,
    stable: bool | None = None,
    descending: bool | None = None,
) -> Any:
    """``np.sort``."""
    a, axis = _along(a, axis)
    falls: dict[str, Any] = {"descending": True} if descending and descending is not _ABSENT else {}
    if dtype_of(plain(a)).kind not in "fc":
        return np.sort(concrete(a), axis, kind, **falls)
    if not carries(a):
        return np.sort(plain(a), axis, **falls)
    if falls:
        return apply(a.tape, ordering.take_along, (a, apply(a.tape, ordering.argsort, (-a,), (axis,))), (axis,))
    return apply(a.tape, ordering.sort, (a,), (axis,))


def argsort(
    a: Any,
    axis: int | None = -1,
    kind: Any = None,
    order: Any = None,
    *,
    stable: bool | None = None,
    descending: bool | None = None,
) -> Any:
    """``np.argsort``, of equal entries the earlier first, and NaN last."""
    a, axis = _along(a, axis)
    falls: dict[str, Any] = {"descending": True} if descending and descending is not _ABSENT else {}
    if not carries(a):
        return np.argsort(plain(a), axis, **falls)
    return apply(a.tape, ordering.argsort, (-a if falls else a,), (axis,))


def _kth(kth: Any, n: int) -> Any:
    kth = np.asarray(concrete(kth, "int"))
    places = tuple(normalize_axis_index(int(k), n) for k in np.atleast_1d(kth))
    return places if kth.ndim else places[0]


def argpartition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None) -> Any:
    """``np.argpartition``."""
    a, axis = _along(a, axis)
    kth = _kth(kth, a.shape[axis])
    return apply(a.tape, ordering.argpartition, (a,), (axis, kth)) if carries(a) else np.argpartition(a, kth, axis)


def partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None) -> Any:
    """``np.partition``: the entries in the order of ``argpartition``; those of a sort where one at ``kth`` has its equal, which is a kink."""
    a, axis = _along(a, axis)
    if not plain(a).size:
        return a.copy() if isinstance_traced(a) else np.partition(a, kth, axis)
    if not carries(a):
        return np.partition(a, _kth(kth, a.shape[axis]), axis)
    places = argpartition(a, kth, axis)
    value = np.partition(plain(a), _kth(kth, a.shape[axis]), axis)
    at_kth = np.take(value, np.atleast_1d(_kth(kth, a.shape[axis])), axis)
    if np.any([np.count_nonzero(value == v, axis=axis) > 1 for v in np.split(at_kth, at_kth.shape[axis], axis)]):
        ranks = np.argsort(np.argsort(a, axis=axis, kind="stable"), axis=axis)
        a, places = np.sort(a, axis=axis, kind="stable"), np.take_along_axis(ranks, places, axis)
    return laid_out(apply(a.tape, ordering.take_along, (a, places), (axis,)), a)


def sort_complex(a: Any) -> Any:
    """``np.sort_complex``."""
    a = as_array(a)
    return np.sort(a.astype(np.sort_complex(plain(a)[..., :0] if a.ndim else plain(a)).dtype), axis=-1)


def lexsort(keys: Any, axis: int = -1) -> Any:
    """``np.lexsort``: stable sorts one after another, the last key weighing most."""
    keys = [as_array(k) for k in keys]
    axis = normalize_axis_index(integers(axis), np.ndim(plain(keys[0])))
    indices = np.argsort(keys[0], axis=axis, kind="stable")
    for key in keys[1:]:
        taken = np.take_along_axis(key, indices, axis)
        indices = np.take_along_axis(indices, np.argsort(taken, axis=axis, kind="stable"), axis)
    return indices


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,  # noqa: A002  NumPy's name
) -> Any:
    """``np.unique``: the distinct values carry derivatives (of the first of each); index, inverse and counts are concrete."""
    ar = as_array(ar)
    if axis is None:
        flat = np.ravel(ar)
        order = np.argsort(flat)
        ordered = flat[order]
        # the answer depends on the order of the entries and on which of them are equal
        concrete(order, "order")
        concrete(ordered[1:] == ordered[:-1], "mask")
    else:
        flat = ar
        concrete(ar, "value")
    value, index, inverse, counts = np.unique(
        plain(ar), return_index=True, return_inverse=True, return_counts=True, axis=axis, equal_nan=equal_nan
    )
    values = flat[index] if axis is None else np.take(flat, index, axis)
    del value
    results = [values]
    for wanted, result in ((return_index, index), (return_inverse, inverse), (return_counts, counts)):
        if wanted:
            results.append(result)
    return tuple(results) if len(results) > 1 else values


def _unique_parts(function: Any, **wanted: bool) -> Any:
    """``np.unique_all`` and its kin, which give named tuples."""

    def parts(x: Any, /) -> Any:
        result = unique(x, equal_nan=False, **wanted)
        return type(function(plain(as_array(x))))(*result)

    return parts


def _set_operation(function: Any) -> Any:
    """Which entries belong to the result is concrete; the entries themselves carry derivatives."""

    def operation(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
        one, two = np.ravel(array(ar1)), np.ravel(array(ar2))
        if not assume_unique:
            one, two = unique(one), unique(two)
        joined = np.concatenate([one, two])
        order = np.asarray(concrete(np.argsort(joined), "order"))
        concrete(joined[order[1:]] == joined[order[:-1]], "mask")
        chosen = function(plain(one), plain(two), assume_unique=True)
        places = np.searchsorted(plain(joined)[order], chosen)
        if function is np.setdiff1d and assume_unique:  # in the order of the first
            return one[np.flatnonzero(~np.isin(plain(one), plain(two)))]
        return joined[order[places]]

    return operation


# --- searching ------------------------------------------------------------------------------------------------------------


def searchsorted(a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
    """``np.searchsorted``: integers, which carry no derivative."""
    a, v = as_array(a), array(v)
    if sorter is not None:
        a = np.take(a, concrete(array(sorter), "index"))
    trace = _innermost(a, v)
    value = np.searchsorted(plain(a), plain(v), side)
    if trace is None:
        return value
    return apply(trace, ordering.searchsorted, (a, v), (side, 0), value, common_dtype(plain(a), plain(v)))


def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """``np.digitize``."""
    bins = as_array(bins)
    steps = np.diff(bins)
    if isinstance_traced(bins):
        steps = np.where(concrete(steps > 0, "mask"), 1, np.where(concrete(steps < 0, "mask"), -1, 0))
    side: Any = "left" if right else "right"
    if np.all(steps >= 0):
        return np.searchsorted(bins, x, side)
    if np.any(steps > 0):
        raise ValueError("bins must be monotonically increasing or decreasing")
    return bins.shape[0] - np.searchsorted(bins[::-1], x, side)


def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:  # noqa: A002  NumPy's name
    """``np.histogram_bin_edges``; with a number of bins and no range the edges follow the smallest and the largest entry."""
    bins = concrete(bins, "int") if isinstance_traced(bins) and np.ndim(plain(bins)) == 0 else bins
    if isinstance(bins, str):
        raise _innermost(a, weights).fail(
            f"np.histogram was called with bins = {bins!r}. A number of bins or the edges are required on traced values. "
            "Compute the edges from plain values first"
        )
    if np.ndim(plain(bins)) == 1:
        return bins if isinstance_traced(bins) else array(bins)
    a = np.ravel(as_array(a))
    if range is not None:
        first, last = range
    elif a.size == 0:
        first, last = 0.0, 1.0
    else:
        first, last = np.min(a), np.max(a)
    if first == last:
        first, last = first - 0.5, last + 0.5
    return np.linspace(first, last, int(bins) + 1)


def histogram(
    a: Any,
    bins: Any = 10,
    range: Any = None,  # noqa: A002  NumPy's name
    density: bool | None = None,
    weights: Any = None,
) -> Any:
    """``np.histogram``: counts are integers and carry no derivative; edges, densities and weights do."""
    edges = histogram_bin_edges(a, bins, range, weights)
    flat = np.ravel(as_array(a))
    n = np.shape(plain(edges))[0] - 1
    places = np.asarray(concrete(np.searchsorted(edges, flat, "right"), "index")) - 1
    places = np.where(concrete(flat == edges[-1], "mask"), n - 1, places)  # the last bin is closed
    inside = concrete((flat >= edges[0]) & (flat <= edges[-1]), "mask")
    if weights is None:
        counts = np.bincount(places[inside], minlength=n)
    else:
        counts = np.bincount(places[inside], np.ravel(as_array(weights))[inside], minlength=n)
    if density:
        return counts / np.diff(edges) / np.sum(counts), edges
    return counts, edges


def bincount(x: Any, /, weights: Any = None, minlength: Any = 0) -> Any:
    """``np.bincount`` with traced weights."""
    x, minlength = np.asarray(concrete(array(x), "index")), int(concrete(minlength, "int"))
    if weights is None or not carries(weights := as_array(weights)):
        return np.bincount(x, plain(weights), minlength)
    length = np.bincount(x, minlength=minlength).shape[0]
    if dtype_of(plain(weights)).kind == "c":
        raise TypeError("Cannot cast array data from complex128 to float64: np.bincount takes real weights")
    weights = weights.astype(np.float64)
    return apply(weights.tape, ordering.add_along, (weights, x.astype(np.intp)), (0, length))


FUNCTIONS: dict[Any, Any] = {
    np.where: where,
    np.clip: clip,
    np.sort: sort,
    np.argsort: argsort,
    np.partition: partition,
    np.argpartition: argpartition,
    np.sort_complex: sort_complex,
    np.lexsort: lexsort,
    np.unique: unique,
    np.unique_values: lambda x, /: unique(x, equal_nan=False),
    np.unique_all: _unique_parts(np.unique_all, return_index=True, return_inverse=True, return_counts=True),
    np.unique_counts: _unique_parts(np.unique_counts, return_counts=True),
    np.unique_inverse: _unique_parts(np.unique_inverse, return_inverse=True),
    np.union1d: lambda ar1, ar2: unique(np.concatenate([np.ravel(array(ar1)), np.ravel(array(ar2))])),
    np.setdiff1d: _set_operation(np.setdiff1d),
    np.setxor1d: _set_operation(np.setxor1d),
    np.intersect1d: _set_operation(np.intersect1d),
    np.searchsorted: searchsorted,
    np.digitize: digitize,
    np.histogram: histogram,
    np.histogram_bin_edges: histogram_bin_edges,
    np.bincount: bincount,
}
