"""Slices, gathers and scatters.

An index key is a hashable tuple with one entry per axis of the indexed array: an int, ``("slice", start, stop, step)``, ``None`` for a new axis, or
``("array", k)`` for the k-th index array, which is an operand.  ``tracing`` writes keys in this form; here they are turned back into what
NumPy takes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.program import ArrayType, Primitive
from gradwise.rules.accumulation import add_at
from gradwise.rules.axes import move_axis, transpose
from gradwise.rules.broadcasting import broadcast_to, reshape, sum_to

INT = np.dtype(np.intp)
FULL = ("slice", None, None, None)


def numpy_key(key: tuple[Any, ...], arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """The key as NumPy takes it."""
    return tuple(
        (slice(*entry[1:]) if entry[0] == "slice" else arrays[entry[1]]) if type(entry) is tuple else entry
        for entry in key
    )


def is_basic(key: tuple[Any, ...]) -> bool:
    return not any(type(entry) is tuple and entry[0] == "array" for entry in key)


_keys: dict[tuple[Any, ...], tuple[Any, ...]] = {}


def basic_key(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """As ``numpy_key`` for a key without index arrays, remembered."""
    known = _keys.get(key)
    if known is None:
        if len(_keys) > 50_000:
            _keys.clear()
        known = _keys[key] = numpy_key(key, ())
    return known


def _getitem_value(x: Any, *rest: Any) -> Any:
    *arrays, key = rest
    if type(x) is float:  # as some numbers are in programs
        x = np.asarray(x)
    return x[numpy_key(key, tuple(arrays)) if arrays else basic_key(key)]


def _indexed_shape(shape: tuple[int, ...], arrays: tuple[Any, ...], key: tuple[Any, ...]) -> tuple[int, ...]:
    dummy = np.broadcast_to(np.zeros((), bool), shape)
    indices = tuple(np.broadcast_to(np.zeros((), INT), t.shape) for t in arrays)
    return dummy[numpy_key(key, indices)].shape


def _getitem_result(x: ArrayType, *rest: Any) -> ArrayType:
    *arrays, key = rest
    if not arrays and all([type(entry) is int for entry in key]):
        return ArrayType(x.shape[len(key) :], x.dtype)
    if 0 in x.shape and arrays:  # the zeros that stand for the positions are out of range on an axis of length 0
        axes = [entry for entry in key if entry is not None]
        taken = [k < len(axes) and type(axes[k]) is tuple and axes[k][0] == "array" for k in range(len(x.shape))]
        within = tuple([1 if t else n for n, t in zip(x.shape, taken, strict=True)])
        return ArrayType(_indexed_shape(within, tuple(arrays), key), x.dtype)
    return ArrayType(_indexed_shape(x.shape, tuple(arrays), key), x.dtype)


def _getitem_jvp(primals: Any, tangents: Any, y: Any, key: Any) -> Any:
    return None if tangents[0] is None else getitem(tangents[0], *primals[1:], params=(key,))


def _getitem_transpose(ct: Any, operands: Any, linear_: Any, key: Any) -> Any:
    x, *arrays = operands
    zeros = ct.builder.emit(zeros_p, (), (x.shape, x.dtype))
    return (scatter_add(zeros, ct, *arrays, params=(key,)), *[None] * len(arrays))


def _advanced_position(key: tuple[Any, ...]) -> tuple[bool, int]:
    """Whether the advanced entries (arrays and, beside them, ints) stand together, and how many result axes precede them."""
    places = [i for i, entry in enumerate(key) if type(entry) is int or (type(entry) is tuple and entry[0] == "array")]
    together = places == list(range(places[0], places[-1] + 1))
    before = sum(1 for entry in key[: places[0]] if entry is None or type(entry) is tuple)
    return together, before if together else 0


def _getitem_batch(operands: Any, batched: Any, key: tuple[Any, ...]) -> Any:
    x, *arrays = operands
    full, batched_key, moved, n = _batched_indexing(
        x, arrays, batched[0], batched[1:], key, x.shape[0] if batched[0] else 0
    )
    result = getitem(x, *full, params=(batched_key,))
    return move_axis(result, moved, 0)


def _batched_indexing(
    x: Any, arrays: Any, x_batched: bool, arrays_batched: Any, key: tuple[Any, ...], n: int
) -> tuple[Any, tuple[Any, ...], int, int]:
    """Index arrays, key, and position of the batch axis in the result, for an index that gains a batch axis."""
    if is_basic(key):
        return (), (FULL, *key), 0, n
    together, before = _advanced_position(key)
    if not any(arrays_batched):
        # a slice in front: arrays that stand apart send their axes to the front, before the batch axis
        rank = max(a.ndim for a in arrays)
        return tuple(arrays), (FULL, *key), 0 if together else rank, n
    n = next(a.shape[0] for a, b in zip(arrays, arrays_batched, strict=True) if b)
    rank = max(a.ndim - bool(b) for a, b in zip(arrays, arrays_batched, strict=True))
    full = tuple(
        reshape(a, (n, *(1,) * (rank - a.ndim + 1), *a.shape[1:])) if b else a
        for a, b in zip(arrays, arrays_batched, strict=True)
    )
    if not x_batched:
        # the batch axis leads the advanced axes, which stand at `before` (or in front)
        return full, key, before, n
    rows = arrays[0].builder.emit(arange, (), (n,))
    rows = reshape(rows, (n, *(1,) * rank))
    position = 0
    shifted = tuple(("array", e[1] + 1) if type(e) is tuple and e[0] == "array" else e for e in key)
    batched_key = (("array", 0), *shifted)
    # with the row index in front the advanced axes go to the front; put them back where the unbatched index had them
    return (rows, *full), batched_key, position, n


def _restore_advanced(result: Any, key: tuple[Any, ...], rank: int, batched_key: tuple[Any, ...]) -> Any:
    """Undo the move of the advanced axes to the front that a leading row index causes."""
    together, before = _advanced_position(key)
    if not together or before == 0:
        return result
    order = [0, *range(1 + rank, 1 + rank + before), *range(1, 1 + rank), *range(1 + rank + before, result.ndim)]
    return transpose(result, params=(tuple(order),))


def _getitem_batch_full(operands: Any, batched: Any, key: tuple[Any, ...]) -> Any:
    x, *arrays = operands
    if batched[0] and any(batched[1:]):
        rank = max(a.ndim - bool(b) for a, b in zip(arrays, batched[1:], strict=True))
        full, batched_key, _, _ = _batched_indexing(x, arrays, True, batched[1:], key, 0)
        return _restore_advanced(getitem(x, *full, params=(batched_key,)), key, rank, batched_key)
    return _getitem_batch(operands, batched, key)


#: ``x[key]``; linear in x.
getitem = Primitive(
    "getitem",
    _getitem_value,
    _getitem_result,
    jvp=_getitem_jvp,
    transpose=_getitem_transpose,
    batch=_getitem_batch_full,
    params=("key",),
    keeps="indices",
    view=True,
    structural="linear",
)


def _zeros_value(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    return np.zeros(shape, dtype)


zeros_p = Primitive(
    "zeros", _zeros_value, lambda shape, dtype: ArrayType(shape, dtype), params=("shape", "dtype"), keeps="none"
)
arange = Primitive("arange", lambda n: np.arange(n), lambda n: ArrayType((n,), INT), params=("n",), keeps="none")


def _scatter_add_value(x: Any, updates: Any, *rest: Any) -> Any:
    result = np.array(x)
    return scatter_add_into(result, updates, *rest)


def scatter_add_into(x: Any, updates: Any, *rest: Any) -> Any:
    """``x[key] += updates`` in place, with repeated indices added up."""
    *arrays, key = rest
    if arrays:
        add_at(x, numpy_key(key, tuple(arrays)), updates)
    else:
        x[basic_key(key)] += updates
    return x


def _scatter_result(x: ArrayType, *rest: Any) -> ArrayType:
    return x


def _scatter_add_jvp(primals: Any, tangents: Any, y: Any, key: Any) -> Any:
    dx, du, *_ = tangents
    if dx is None and du is None:
        return None
    x = primals[0]
    if du is None:
        return dx
    base = x.builder.emit(zeros_p, (), (x.shape, x.dtype)) if dx is None else dx
    return scatter_add(base, du, *primals[2:], params=(key,))


def _scatter_add_transpose(ct: Any, operands: Any, linear_: Any, key: Any) -> Any:
    updates, arrays = operands[1], operands[2:]
    taken = None
    if linear_[1]:
        taken = sum_to(getitem(ct, *arrays, params=(key,)), updates.shape)
    return (ct if linear_[0] else None, taken, *[None] * len(arrays))


def _scatter_batch(primitive: Primitive) -> Any:
    def batch(operands: Any, batched: Any, key: tuple[Any, ...]) -> Any:
        x, updates, *arrays = operands
        n = next(z.shape[0] for z, b in zip(operands, batched, strict=True) if b)
        x = x if batched[0] else broadcast_to(x, (n, *x.shape))
        inner = _indexed_shape(
            x.shape[1:],
            tuple(ArrayType(a.shape[1:] if b else a.shape, INT) for a, b in zip(arrays, batched[2:], strict=True)),
            key,
        )
        rank = len(inner)
        if batched[1]:
            u = reshape(updates, (n, *(1,) * (rank - updates.ndim + 1), *updates.shape[1:]))
        else:
            u = reshape(updates, (1, *(1,) * (rank - updates.ndim), *updates.shape))
        u = broadcast_to(u, (n, *inner))
        if not arrays or not any(batched[2:]):
            full, batched_key, place, _ = _batched_indexing(x, arrays, True, batched[2:], key, n)
            return primitive(x, move_axis(u, 0, place), *full, params=(batched_key,))
        full, batched_key, _, _ = _batched_indexing(x, arrays, True, batched[2:], key, n)
        advanced = max(a.ndim - bool(b) for a, b in zip(arrays, batched[2:], strict=True))
        together, before = _advanced_position(key)
        if together and before:  # the updates' advanced axes go to the front, as the row index makes them
            order = [
                0,
                *range(1 + before, 1 + before + advanced),
                *range(1, 1 + before),
                *range(1 + before + advanced, u.ndim),
            ]
            u = transpose(u, params=(tuple(order),))
        return primitive(x, u, *full, params=(batched_key,))

    return batch


#: ``x`` with ``updates`` added at ``key``, repeated indices adding up; linear in both.
scatter_add = Primitive(
    "scatter_add",
    _scatter_add_value,
    _scatter_result,
    jvp=_scatter_add_jvp,
    transpose=_scatter_add_transpose,
    params=("key",),
    keeps="indices",
    structural="linear",
)
scatter_add.batch = _scatter_batch(scatter_add)


def _scatter_set_value(x: Any, updates: Any, *rest: Any) -> Any:
    return scatter_set_into(np.array(x), updates, *rest)


def scatter_set_into(x: Any, updates: Any, *rest: Any) -> Any:
    """``x[key] = updates`` in place."""
    *arrays, key = rest
    x[numpy_key(key, tuple(arrays)) if arrays else basic_key(key)] = updates
    return x


def _scatter_set_jvp(primals: Any, tangents: Any, y: Any, key: Any) -> Any:
    x, updates, *arrays = primals
    dx, du, *_ = tangents
    if dx is None and du is None:
        return None
    if dx is None:
        dx = x.builder.emit(zeros_p, (), (x.shape, x.dtype))
    if du is None:
        du = x.builder.constant(x.dtype.type(0), x.dtype)
    return scatter_set(dx, du, *arrays, params=(key,))


def _scatter_set_transpose(ct: Any, operands: Any, linear_: Any, key: Any) -> Any:
    _, updates, *arrays = operands
    taken = kept = None
    if linear_[1]:  # first, so that what is left may take the memory of ``ct``
        source = ct
        if arrays:  # of repeated indices only the last write counts
            source = mask_last(ct, *arrays, params=(key,))
            taken = sum_to(source, updates.shape)
        else:
            taken = sum_to(getitem(source, params=(key,)), updates.shape)
    if linear_[0]:
        zero = ct.builder.constant(ct.dtype.type(0), ct.dtype)
        kept = scatter_set(ct, zero, *arrays, params=(key,))
    return (kept, taken, *[None] * len(arrays))


#: ``x`` with the entries at ``key`` replaced by ``updates`` (of repeated indices the last wins, as in NumPy); linear in both.
scatter_set = Primitive(
    "scatter_set",
    _scatter_set_value,
    _scatter_result,
    jvp=_scatter_set_jvp,
    transpose=_scatter_set_transpose,
    params=("key",),
    keeps="indices",
    structural="linear",
)
scatter_set.batch = _scatter_batch(scatter_set)


def _winning_writes(shape: tuple[int, ...], arrays: tuple[Any, ...], key: tuple[Any, ...]) -> Any:
    """For ``x[key] = u``: which entries of u survive (the last write to each place)."""
    index = numpy_key(key, arrays)
    numbers = np.arange(int(np.prod(shape)), dtype=INT).reshape(shape)[index]
    flat = numbers.ravel()
    writer = np.full(int(np.prod(shape)), -1, dtype=INT)
    writer[flat] = np.arange(flat.size, dtype=INT)
    return (writer[flat] == np.arange(flat.size, dtype=INT)).reshape(numbers.shape)


def _mask_last_value(x: Any, *rest: Any) -> Any:
    *arrays, key = rest
    taken = x[numpy_key(key, tuple(arrays))]
    return np.where(_winning_writes(x.shape, tuple(arrays), key), taken, np.zeros((), x.dtype))


def _mask_last_transpose(ct: Any, operands: Any, linear_: Any, key: Any) -> Any:
    x, *arrays = operands
    zeros = ct.builder.emit(zeros_p, (), (x.shape, x.dtype))
    return (scatter_set(zeros, ct, *arrays, params=(key,)), *[None] * len(arrays))


#: ``x[key]`` with 0 where a repeated index was overwritten by a later one: the adjoint of ``scatter_set`` in its updates.
mask_last = Primitive(
    "mask_last",
    _mask_last_value,
    _getitem_result,
    jvp=lambda primals, tangents, y, key: (
        None if tangents[0] is None else mask_last(tangents[0], *primals[1:], params=(key,))
    ),
    transpose=_mask_last_transpose,
    params=("key",),
    keeps="indices",
    structural="linear",
)


def _mask_last_batch(operands: Any, batched: Any, key: tuple[Any, ...]) -> Any:
    x, *arrays = operands
    n = next(z.shape[0] for z, b in zip(operands, batched, strict=True) if b)
    x = x if batched[0] else broadcast_to(x, (n, *x.shape))
    flags = batched[1:]
    if not any(flags):
        full, batched_key, place, _ = _batched_indexing(x, arrays, True, flags, key, n)
        return move_axis(mask_last(x, *full, params=(batched_key,)), place, 0)
    rank = max(a.ndim - bool(b) for a, b in zip(arrays, flags, strict=True))
    full, batched_key, _, _ = _batched_indexing(x, arrays, True, flags, key, n)
    return _restore_advanced(mask_last(x, *full, params=(batched_key,)), key, rank, batched_key)


mask_last.batch = _mask_last_batch


def slice_axis(x: Any, axis: int, start: int | None, stop: int | None, step: int | None = None) -> Any:
    """``x[..., start:stop:step, ...]`` along one axis."""
    key = tuple(("slice", start, stop, step) if i == axis else FULL for i in range(x.ndim))
    return getitem(x, params=(key,))


def flip(x: Any, axis: int) -> Any:
    return slice_axis(x, axis, None, None, -1)
