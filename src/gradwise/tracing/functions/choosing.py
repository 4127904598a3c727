"""Picking entries: take, compress, choose, select, piecewise, and the positions of true entries."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.functions.creation import buffer
from gradwise.tracing.functions.operands import array, as_array, carries, converted, finish, integers, valued
from gradwise.tracing.functions.writing import along_axis_key
from gradwise.tracing.traced import dtype_of, isinstance_traced


def take(a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: Any = "raise") -> Any:
    """``np.take``."""
    a, indices, axis = as_array(a), array(indices), integers(axis)
    if not carries(a):
        return finish(np.take(plain(a), concrete(indices, "index"), axis, mode=mode), out)
    if axis is None:
        a, axis = np.ravel(a), 0
    axis = normalize_axis_index(axis, a.ndim)
    kind, n = dtype_of(plain(indices)).kind, a.shape[axis]
    if mode != "raise" or kind not in "iu":
        indices = concrete(indices, "index")
        np.take(
            np.empty(n, bool), indices, mode=mode
        )  # raises for positions that are no integers, and for unknown modes
        indices = np.asarray(indices).astype(np.intp)
        if mode != "raise":
            indices = indices % n if mode == "wrap" else np.clip(indices, 0, n - 1)
    result = a[(*(slice(None),) * axis, indices)]
    if np.ndim(plain(indices)) == 0 and carries(result) and result.ndim:
        result = result.copy()  # an integer gives a view where np.take gives a copy
    elif carries(result) and result.ndim > 1:
        result = valued(result, np.ascontiguousarray(plain(result)))
    return finish(result, out)


def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """``np.take_along_axis``."""
    arr, indices = as_array(arr), array(indices)
    if axis is None:
        if np.ndim(plain(indices)) != 1:
            raise ValueError("when axis=None, `indices` must have a single dimension.")
        arr, axis = np.ravel(arr), 0
    axis = normalize_axis_index(integers(axis), arr.ndim)
    if not carries(arr):
        return np.take_along_axis(plain(arr), concrete(indices, "index"), axis)
    return arr[along_axis_key(arr.shape, indices, axis)]


def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    """``np.compress``."""
    mask = np.asarray(concrete(array(condition), "mask"))
    if mask.ndim != 1:
        raise ValueError("condition must be a 1-d array")
    return take(a, np.flatnonzero(mask), axis, out)


def extract(condition: Any, arr: Any) -> Any:
    """``np.extract``."""
    return take(np.ravel(as_array(arr)), np.flatnonzero(concrete(array(condition), "mask")))


def choose(a: Any, choices: Any, out: Any = None, mode: Any = "raise") -> Any:
    """``np.choose``: from the k-th choice where a is k."""
    a = np.asarray(concrete(array(a), "index"))
    arrays = [as_array(c) for c in choices]
    shape = np.broadcast_shapes(a.shape, *[c.shape for c in arrays])
    size = int(np.prod(shape))
    numbers = [np.arange(k * size, (k + 1) * size).reshape(shape) for k in range(len(arrays))]
    places = np.choose(a, numbers, mode=mode)
    entries = np.concatenate([np.ravel(np.broadcast_to(c, shape)) for c in arrays])
    return finish(np.reshape(entries[places.ravel()], shape) if shape else entries[places], out)


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """``np.select``: the first choice whose condition holds."""
    conditions, choices = list(condlist), list(choicelist)
    if len(conditions) != len(choices):
        raise ValueError("list of cases must be same length as list of conditions")
    if not conditions:
        raise ValueError("select with an empty condition list is not possible")
    pieces = [c if type(c) in {int, float, complex} else array(c) for c in (*choices, default)]
    dtype = np.result_type(*[plain(p) for p in pieces])
    pieces = [converted(p, dtype) if carries(p) else np.asarray(plain(p), dtype) for p in pieces]
    conditions = [array(c) for c in conditions]
    for i, c in enumerate(conditions):
        if dtype_of(plain(c)).kind != "b":
            raise TypeError(f"invalid entry {i} in condlist: should be boolean ndarray")
    shape = np.broadcast_shapes(*[np.shape(plain(c)) for c in (*conditions, *pieces)])
    result = np.broadcast_to(pieces[-1], shape)
    for condition, piece in zip(conditions[::-1], pieces[-2::-1], strict=True):
        result = np.where(condition, piece, result)
    return valued(result, np.ascontiguousarray(plain(result))) if np.ndim(plain(result)) > 1 else result


def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """``np.piecewise``: each function on the part of x where its condition holds."""
    x = as_array(x)
    conditions = concrete(condlist, "mask") if isinstance_traced(condlist) else condlist
    if np.isscalar(conditions) or (not isinstance(conditions[0], (list, np.ndarray)) and x.ndim != 0):
        conditions = [conditions]
    masks = [np.asarray(concrete(array(c), "mask"), bool) for c in conditions]
    if len(masks) == len(funclist) - 1:
        masks.append(~np.any(masks, axis=0))
    elif len(masks) != len(funclist):
        raise ValueError(
            f"with {len(masks)} condition(s), either {len(masks)} or {len(masks) + 1} functions are expected"
        )
    pieces = []
    for mask, function in zip(masks, funclist, strict=True):
        if callable(function) and not isinstance_traced(function):
            part = x[mask]
            if part.size > 0:
                pieces.append((mask, function(part, *args, **kw)))
        else:
            pieces.append((mask, function))
    trace = _innermost(x, *[p for _, p in pieces])
    zeros = np.zeros_like(plain(x))
    y = zeros if trace is None else buffer(trace, zeros)
    for mask, piece in pieces:
        y[mask] = piece
    return y


# --- positions --------------------------------------------------------------------------------------------------------------------


def _true(a: Any) -> Any:
    """Which entries are not zero: concrete, guarded as a mask and not by their values."""
    a = array(a)
    return np.asarray(concrete(a if dtype_of(plain(a)).kind == "b" else a != 0, "mask"))


def nonzero(a: Any) -> tuple[np.ndarray, ...]:
    """``np.nonzero``."""
    return np.nonzero(_true(a))


def argwhere(a: Any) -> np.ndarray:
    """``np.argwhere``."""
    return np.argwhere(_true(a))


def flatnonzero(a: Any) -> np.ndarray:
    """``np.flatnonzero``."""
    return np.flatnonzero(_true(a))


def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """``np.count_nonzero``."""
    return np.count_nonzero(_true(a), integers(axis), keepdims=keepdims)


FUNCTIONS: dict[Any, Any] = {
    np.take: take,
    np.take_along_axis: take_along_axis,
    np.compress: compress,
    np.extract: extract,
    np.choose: choose,
    np.select: select,
    np.piecewise: piecewise,
    np.nonzero: nonzero,
    np.argwhere: argwhere,
    np.flatnonzero: flatnonzero,
    np.count_nonzero: count_nonzero,
}
