"""The methods of universal functions on traced values: reduce, accumulate, outer, at, reduceat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.instrument.state import note_written
from gradwise.tracing.special import logsumexp
from gradwise.tracing.storing import cast, store
from gradwise.tracing.traced import dtype_of, isinstance_traced, wrap

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
        np.logaddexp: _log_sum if dtype is None and not options and np.size(plain(x)) else None,
    }.get(ufunc)
    if function is not None:
        extra = {"dtype": dtype} if dtype is not None else {}
        if extra and (function is np.max or function is np.min):  # they have no such option
            x, extra = cast(x, np.dtype(dtype)), {}
        return function(x, axis=axis, keepdims=keepdims, out=out, **extra, **options)
    initial, where = options.pop("initial", None), options.pop("where", True)
    if dtype is not None:
        x = cast(x, np.dtype(dtype))
    rank = np.ndim(plain(x))
    axes = tuple(range(rank)) if axis is None else normalize_axis_tuple(axis if rank else (), rank)
    total = _folded(ufunc, np.moveaxis(x, axes, range(len(axes))) if axes else x, len(axes), initial, where, axes)
    if keepdims:
        total = np.expand_dims(total, axes)
    return total if out is None else store(out[0] if isinstance(out, tuple) else out, total)


def _folded(ufunc: Any, x: Any, rank: int, initial: Any, where: Any, axes: tuple[int, ...]) -> Any:
    """The entries along the first ``rank`` axes of ``x``, one after another; ``axes`` is where they were."""
    identity = ufunc.identity
    if rank > 1 and identity is None and not _reorderable(ufunc):
        raise ValueError(
            f"reduction operation '{ufunc.__name__}' is not reorderable, so at most one axis may be specified"
        )
    if where is not True and initial is None and identity is None:
        raise ValueError(
            f"reduction operation '{ufunc.__name__}' does not have an identity, so to use a where mask one has to specify 'initial'"
        )
    shape = np.shape(plain(x))
    count = int(np.prod(shape[:rank]))
    items = [x[place] for place in np.ndindex(*shape[:rank])] if rank else [x]
    kept: list[Any]
    if where is True:
        kept = [True] * count
    else:
        mask = np.broadcast_to(concrete(where, "mask"), _before(shape, axes))
        mask = np.moveaxis(mask, axes, range(rank))
        kept = [mask[place] for place in np.ndindex(*shape[:rank])]
    start = identity if initial is None else initial
    if start is not None and (initial is not None or count < 2 or where is not True):
        if not count:
            return np.full(shape[rank:], start, dtype_of(plain(x)))[()]
        total = ufunc(start, items[0]) if kept[0] is True else np.where(kept[0], ufunc(start, items[0]), start)
    elif not count:
        raise ValueError(f"zero-size array to reduction operation {ufunc.__name__} which has no identity")
    else:
        total = items[0]
    for item, keep in zip(items[1:], kept[1:], strict=True):
        total = ufunc(total, item) if keep is True else np.where(keep, ufunc(total, item), total)
    return total


def _before(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of an array whose ``axes`` were moved to the front."""
    own = list(shape[len(axes) :])
    for axis, n in sorted(zip(axes, shape, strict=False)):
        own.insert(axis, n)
    return tuple(own)


def _reorderable(ufunc: Any) -> bool:
    """Whether NumPy reduces over several axes at once."""
    try:
        ufunc.reduce(np.ones((1, 1)), axis=(0, 1))
    except ValueError:
        return False
    return True


def _accumulate(trace: Any, ufunc: Any, x: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    if dtype is not None:
        x = cast(x, np.dtype(dtype))
    if ufunc is np.add or ufunc is np.multiply:
        result = (np.cumsum if ufunc is np.add else np.cumprod)(x, axis=axis)
    elif 0 in np.shape(plain(x)):
        result = x.copy()
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
        note_written(x)
        if not any(isinstance_traced(r) and dtype_of(plain(r)).kind in "fc" for r in rest):  # counts, say
            ufunc.at(x, _plain_index(indices), *map(concrete, rest))
            return
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
