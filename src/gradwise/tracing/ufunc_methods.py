"""The methods of universal functions on traced values: reduce, accumulate, outer, at, reduceat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.special import logsumexp
from gradwise.tracing.storing import cast, refuse, store
from gradwise.tracing.traced import isinstance_traced, wrap

if TYPE_CHECKING:
    from collections.abc import Callable


def _log_sum(x: Any, axis: Any, keepdims: bool, out: Any) -> Any:
    """``np.logaddexp.reduce`` in one step."""
    result = logsumexp(x, axis, keepdims=keepdims)
    if isinstance_traced(result):  # the last digit as NumPy has it
        kept: Any = keepdims
        own = np.logaddexp.reduce(plain(x), axis=axis, keepdims=kept)
        result = wrap(result.tape, result.index, own, pinned=False)
    return result if out is None else store(out[0] if isinstance(out, tuple) else out, result)


def _reduce(
    trace: Any,
    ufunc: Any,
    x: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    **options: Any,
) -> Any:
    function: Any = {
        np.add: np.sum,
        np.multiply: np.prod,
        np.maximum: np.max,
        np.minimum: np.min,
        np.logical_and: np.all,
        np.logical_or: np.any,
        np.logaddexp: _log_sum if dtype is None and not options else None,
    }.get(ufunc)
    if function is not None:
        extra = {"dtype": dtype} if dtype is not None else {}
        return function(x, axis=axis, keepdims=keepdims, out=out, **extra, **options)
    initial, where = options.pop("initial", None), options.pop("where", True)
    axes = tuple(range(np.ndim(x))) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if where is not True or len(axes) != 1:
        refuse((x,), f"{ufunc.__name__}.reduce with where= or over several axes")
    moved = np.moveaxis(x, axes[0], 0)
    items = [moved[i] for i in range(moved.shape[0])]
    if initial is not None:
        items.insert(0, initial)
    if not items:
        raise ValueError(f"zero-size array to reduction operation {ufunc.__name__} which has no identity")
    total = items[0]
    for item in items[1:]:
        total = ufunc(total, item)
    if keepdims:
        total = np.expand_dims(total, axes[0])
    return total if out is None else store(out[0] if isinstance(out, tuple) else out, total)


def _accumulate(trace: Any, ufunc: Any, x: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    if dtype is not None:
        x = cast(x, np.dtype(dtype))
    if ufunc is np.add or ufunc is np.multiply:
        result = (np.cumsum if ufunc is np.add else np.cumprod)(x, axis=axis)
    else:
        moved = np.moveaxis(x, axis, 0)
        items = [moved[0]]
        for i in range(1, moved.shape[0]):
            items.append(ufunc(items[-1], moved[i]))
        result = np.moveaxis(np.stack(items), 0, axis)
    return result if out is None else store(out[0] if isinstance(out, tuple) else out, result)


def _outer(trace: Any, ufunc: Any, x: Any, z: Any, **options: Any) -> Any:
    x = np.asarray(x) if isinstance(x, (list, tuple)) and not isinstance_traced(x) else x
    z = np.asarray(z) if isinstance(z, (list, tuple)) and not isinstance_traced(z) else z
    left = np.reshape(x, np.shape(plain(x)) + (1,) * np.ndim(plain(z)))
    return ufunc(left, z, **options)


def _at(trace: Any, ufunc: Any, x: Any, indices: Any, *rest: Any) -> None:
    """``x[indices] = ufunc(x[indices], …)`` one index after another: repeated indices count each time."""
    if not isinstance_traced(x):
        raise trace.fail(
            f"{ufunc.__name__}.at writes traced values into a plain array. An array made from traced values is required: create it with np.zeros_like(x)"
        )
    if ufunc is np.add or ufunc is np.subtract:
        updates = (
            rest[0]
            if ufunc is np.add
            else -1 * rest[0]
            if not isinstance(rest[0], (list, tuple))
            else -np.asarray(rest[0])
        )
        x.add_at(indices, updates)
        return
    # an operation that does not add up is run entry by entry on the flat positions that the index addresses
    shape = np.shape(plain(x))
    positions = np.arange(int(np.prod(shape))).reshape(shape)[_plain_index(indices)]
    pieces = [np.broadcast_to(r, positions.shape) for r in rest]
    if len(set(positions.ravel().tolist())) == positions.size:
        x[indices] = ufunc(x[indices], *pieces)
        return
    for place in np.ndindex(*positions.shape):
        where = np.unravel_index(int(positions[place]), shape)
        x[where] = ufunc(x[where], *[p[place] for p in pieces])


def _plain_index(indices: Any) -> Any:
    if isinstance(indices, tuple):
        return tuple(map(concrete, indices))
    return concrete(indices)


def _reduceat(trace: Any, ufunc: Any, x: Any, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    moved = np.moveaxis(x, axis, 0)
    indices = np.asarray(concrete(indices))
    n = moved.shape[0]
    pieces = []
    for k, start in enumerate(indices):
        stop = indices[k + 1] if k + 1 < len(indices) else n
        pieces.append(ufunc.reduce(moved[start:stop], axis=0) if stop > start else moved[start])
    result = np.moveaxis(np.stack(pieces), 0, axis)
    return result if out is None else store(out[0] if isinstance(out, tuple) else out, result)


METHODS: dict[str, Callable[..., Any]] = {
    "reduce": _reduce,
    "accumulate": _accumulate,
    "outer": _outer,
    "at": _at,
    "reduceat": _reduceat,
}
