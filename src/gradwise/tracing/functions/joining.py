"""Joining and splitting arrays, inserting and deleting entries."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradwise.rules.shapes import concatenate as concatenate_p
from gradwise.rules.shapes import pack
from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.functions.operands import array, as_array, carries, converted, integers, valued
from gradwise.tracing.traced import apply, isinstance_traced
from gradwise.tracing.ufuncs import store

# --- joining --------------------------------------------------------------------------------------------------------------------


def _sequence(arrays: Any) -> list[Any]:
    if not isinstance_traced(arrays) and not hasattr(arrays, "__getitem__"):
        raise TypeError('arrays to stack must be passed as a "sequence" type such as list or tuple.')
    return [array(a) for a in arrays]


def concatenate(
    arrays: Any, /, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    """``np.concatenate``."""
    arrays, axis = _sequence(arrays), integers(axis)
    if axis is None:
        arrays, axis = [np.ravel(a) for a in arrays], 0
    trace = _innermost(*arrays)
    if trace is None:
        out = plain(out) if isinstance_traced(out) and not out.tape.open else out
        if isinstance_traced(out):
            return store(out, np.concatenate([plain(a) for a in arrays], axis, dtype=dtype, casting=casting), casting)
        return np.concatenate([plain(a) for a in arrays], axis, out, dtype=dtype, casting=casting)
    if out is not None:
        if dtype is not None:
            raise TypeError("concatenate() only takes `out` or `dtype` as an argument, but both were provided.")
        value = np.concatenate([plain(a) for a in arrays], axis)
        if plain(out).shape != value.shape:
            raise ValueError("Output array is the wrong shape")
    else:
        value = np.concatenate([plain(a) for a in arrays], axis, dtype=dtype, casting=casting)
    axis = normalize_axis_index(axis, value.ndim)
    if out is not None and any(np.may_share_memory(plain(out), plain(a)) for a in arrays):
        return _one_after_the_other(arrays, axis, out, casting)
    result = apply(trace, concatenate_p, arrays, (axis,), value, value.dtype)
    return result if out is None else store(out, result, casting)


def _one_after_the_other(arrays: list[Any], axis: int, out: Any, casting: Any) -> Any:
    """``out=`` that is a part of what is joined: NumPy copies one array after the other, and the later ones are what the earlier ones left."""
    start = 0
    for a in arrays:
        stop = start + np.shape(plain(a))[axis]
        store(out[(slice(None),) * axis + (slice(start, stop),)], a, casting)
        start = stop
    return out


def stack(arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """``np.stack``."""
    arrays = _sequence(arrays)
    if not arrays:
        raise ValueError("need at least one array to stack")
    shapes = {np.shape(plain(a)) for a in arrays}
    if len(shapes) != 1:
        raise ValueError("all input arrays must have the same shape")
    shape = shapes.pop()
    axis = normalize_axis_index(integers(axis), len(shape) + 1)
    trace = _innermost(*arrays) if axis == 0 and out is None and dtype is None else None
    if trace is not None and not shape:
        value = np.stack([plain(a) for a in arrays], casting=casting)
        return apply(trace, pack, arrays, (value.shape,), value, value.dtype)
    if trace is not None and all(
        np.ndim(v) and v.flags.c_contiguous for v in map(plain, arrays)
    ):  # one after the other in memory: two operations instead of one for each array
        joined = concatenate(arrays, 0, casting=casting)
        return np.reshape(joined, (len(arrays), *shape))
    new = (*shape[:axis], 1, *shape[axis:])
    return concatenate([np.reshape(a, new) for a in arrays], axis, out, dtype=dtype, casting=casting)


def vstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """``np.vstack``."""
    return concatenate([np.atleast_2d(a) for a in _sequence(tup)], 0, dtype=dtype, casting=casting)


def hstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """``np.hstack``."""
    arrays = [np.atleast_1d(a) for a in _sequence(tup)]
    return concatenate(arrays, 0 if arrays and arrays[0].ndim == 1 else 1, dtype=dtype, casting=casting)


def dstack(tup: Any) -> Any:
    """``np.dstack``."""
    return concatenate([np.atleast_3d(a) for a in _sequence(tup)], 2)


def column_stack(tup: Any) -> Any:
    """``np.column_stack``."""
    arrays = [as_array(a) for a in _sequence(tup)]
    return concatenate([np.reshape(a, (-1, 1)) if a.ndim < 2 else a for a in arrays], 1)


def _plain_nested(arrays: Any) -> Any:
    return [_plain_nested(a) for a in arrays] if type(arrays) is list else plain(arrays)


def _block_rank(arrays: Any, depth: int) -> int:
    if type(arrays) is list:
        return max(_block_rank(a, depth + 1) for a in arrays)
    return max(np.ndim(plain(arrays)), depth)


def _block(arrays: Any, rank: int, axis: int) -> Any:
    if type(arrays) is list:
        return concatenate([_block(a, rank, axis + 1) for a in arrays], axis)
    a = as_array(arrays)
    return np.reshape(a, (1,) * (rank - a.ndim) + a.shape)


def _list_depth(arrays: Any) -> int:
    return 1 + _list_depth(arrays[0]) if type(arrays) is list else 0


def block(arrays: Any) -> Any:
    """``np.block``: nested lists of blocks; the innermost are joined along the last axis."""
    np.block(_plain_nested(arrays))  # raises where the blocks do not fit
    rank, depth = _block_rank(arrays, 0), _list_depth(arrays)
    result = _block(arrays, rank, rank - depth)
    return result if depth else result.copy()


def append(arr: Any, values: Any, axis: Any = None) -> Any:
    """``np.append``."""
    if axis is None:
        return concatenate([np.ravel(as_array(arr)), np.ravel(as_array(values))], 0)
    return concatenate([as_array(arr), as_array(values)], axis)


# --- splitting --------------------------------------------------------------------------------------------------------------------


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """``np.unstack``: views of the entries along an axis."""
    x = as_array(x)
    if x.ndim == 0:
        raise ValueError("Input array must be at least 1-d.")
    return tuple(np.moveaxis(x, axis, 0))


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """``np.array_split``: views of parts that may differ in length by one."""
    ary, indices_or_sections = as_array(ary), integers(indices_or_sections)
    axis = normalize_axis_index(integers(axis), ary.ndim)
    n = ary.shape[axis]
    if np.ndim(indices_or_sections):
        bounds = [0, *(int(i) for i in indices_or_sections), n]
    else:
        sections = int(indices_or_sections)
        if sections <= 0:
            raise ValueError("number sections must be larger than 0.")
        each, extra = divmod(n, sections)
        bounds = [k * each + min(k, extra) for k in range(sections + 1)]
    before = (slice(None),) * axis
    return [ary[(*before, slice(start, stop))] for start, stop in itertools.pairwise(bounds)]


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """``np.split``: views of equal parts."""
    ary, indices_or_sections = as_array(ary), integers(indices_or_sections)
    if not np.ndim(indices_or_sections) and ary.shape[axis] % indices_or_sections:
        raise ValueError("array split does not result in an equal division")
    return array_split(ary, indices_or_sections, axis)


def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """``np.hsplit``."""
    ary = as_array(ary)
    if ary.ndim == 0:
        raise ValueError("hsplit only works on arrays of 1 or more dimensions")
    return split(ary, indices_or_sections, 1 if ary.ndim > 1 else 0)


def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """``np.vsplit``."""
    ary = as_array(ary)
    if ary.ndim < 2:
        raise ValueError("vsplit only works on arrays of 2 or more dimensions")
    return split(ary, indices_or_sections, 0)


def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """``np.dsplit``."""
    ary = as_array(ary)
    if ary.ndim < 3:
        raise ValueError("dsplit only works on arrays of 3 or more dimensions")
    return split(ary, indices_or_sections, 2)


# --- inserting and deleting -------------------------------------------------------------------------------------------------------


def _concrete_index(obj: Any) -> Any:
    if isinstance(obj, slice):
        return slice(integers(obj.start), integers(obj.stop), integers(obj.step))
    return concrete(obj, "index") if isinstance_traced(obj) else integers(obj)


def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    """``np.insert``: NumPy's own function on the numbers of the entries says where each one goes."""
    arr, values, obj = as_array(arr), as_array(values), _concrete_index(obj)
    size = arr.size
    numbers = np.arange(size).reshape(arr.shape)
    places = np.insert(numbers, obj, size + np.arange(values.size).reshape(values.shape), integers(axis))
    entries = concatenate([np.ravel(arr), converted(np.ravel(values), arr.dtype)])
    return _in_order(np.reshape(entries[places.ravel()], places.shape).copy(), arr)


def delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    """``np.delete``."""
    arr, obj = as_array(arr), _concrete_index(obj)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    axis = normalize_axis_index(integers(axis), arr.ndim)
    return _in_order(arr[(*(slice(None),) * axis, np.delete(np.arange(arr.shape[axis]), obj))], arr)


def _in_order(result: Any, arr: Any) -> Any:
    """NumPy inserts and deletes in Fortran order where the array has that, and in C order otherwise."""
    order: Any = "F" if plain(arr).flags.fnc else "C"
    return valued(result, np.array(plain(result), order=order)) if carries(result) else result


FUNCTIONS: dict[Any, Any] = {
    np.concatenate: concatenate,
    np.stack: stack,
    np.vstack: vstack,
    np.hstack: hstack,
    np.dstack: dstack,
    np.column_stack: column_stack,
    np.block: block,
    np.append: append,
    np.array_split: array_split,
    np.split: split,
    np.hsplit: hsplit,
    np.vsplit: vsplit,
    np.dsplit: dsplit,
    np.insert: insert,
    np.delete: delete,
}
if hasattr(np, "unstack"):
    FUNCTIONS[np.unstack] = unstack
