"""Moving entries about: joining and diagonals, and by their names here the order of the axes (``axes.py``) and indexing (``indexing.py``)."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.program import ArrayType, Primitive
from gradwise.rules.axes import move_axis, swap_last, transpose
from gradwise.rules.broadcasting import broadcast_to, linear, reshape
from gradwise.rules.indexing import (
    FULL,
    INT,
    arange,
    basic_key,
    flip,
    getitem,
    is_basic,
    mask_last,
    numpy_key,
    scatter_add,
    scatter_add_into,
    scatter_set,
    scatter_set_into,
    slice_axis,
    zeros_p,
)

# --- joining --------------------------------------------------------------------------------------------------------------------


def _concatenate_value(*rest: Any) -> Any:
    *arrays, axis = rest
    return np.concatenate(arrays, axis=axis)


def _concatenate_result(*rest: Any) -> ArrayType:
    *types, axis = rest
    shape = list(types[0].shape)
    shape[axis] = sum(t.shape[axis] for t in types)
    return ArrayType(tuple(shape), types[0].dtype)


def _concatenate_jvp(primals: Any, tangents: Any, y: Any, axis: int) -> Any:
    parts = [
        x.builder.emit(zeros_p, (), (x.shape, y.dtype)) if dx is None else dx
        for x, dx in zip(primals, tangents, strict=True)
    ]
    return concatenate(*parts, params=(axis,))


def _concatenate_transpose(ct: Any, operands: Any, linear_: Any, axis: int) -> Any:
    result, start = [], 0
    for x, is_linear in zip(operands, linear_, strict=True):
        stop = start + x.shape[axis]
        result.append(slice_axis(ct, axis, start, stop) if is_linear else None)
        start = stop
    return tuple(result)


def _concatenate_batch(operands: Any, batched: Any, axis: int) -> Any:
    n = next(z.shape[0] for z, b in zip(operands, batched, strict=True) if b)
    full = [z if b else broadcast_to(z, (n, *z.shape)) for z, b in zip(operands, batched, strict=True)]
    return concatenate(*full, params=(axis + 1,))


concatenate = Primitive(
    "concatenate",
    _concatenate_value,
    _concatenate_result,
    jvp=_concatenate_jvp,
    transpose=_concatenate_transpose,
    batch=_concatenate_batch,
    params=("axis",),
    keeps="none",
    structural="linear",
)


def _pack_value(*rest: Any) -> Any:
    *numbers, shape = rest
    return np.array(numbers).reshape(shape)


def _pack_jvp(primals: Any, tangents: Any, y: Any, shape: tuple[int, ...]) -> Any:
    parts = [
        x.builder.constant(y.dtype.type(0), y.dtype) if dx is None else dx
        for x, dx in zip(primals, tangents, strict=True)
    ]
    return pack(*parts, params=(shape,))


def _pack_transpose(ct: Any, operands: Any, linear_: Any, shape: tuple[int, ...]) -> Any:
    flat = ct if len(shape) == 1 else reshape(ct, (len(operands),))
    return tuple(getitem(flat, params=((i,),)) if is_linear else None for i, is_linear in enumerate(linear_))


def _pack_batch(operands: Any, batched: Any, shape: tuple[int, ...]) -> Any:
    n = next(z.shape[0] for z, b in zip(operands, batched, strict=True) if b)
    columns = [reshape(z if b else broadcast_to(z, (n,)), (n, 1)) for z, b in zip(operands, batched, strict=True)]
    return reshape(concatenate(*columns, params=(1,)), (n, *shape))


#: The array of the given shape whose entries, in C order, are the operands: numbers.
pack = Primitive(
    "pack",
    _pack_value,
    lambda *rest: ArrayType(rest[-1], rest[0].dtype),
    jvp=_pack_jvp,
    transpose=_pack_transpose,
    batch=_pack_batch,
    params=("shape",),
    keeps="none",
    structural="linear",
)

# --- diagonals ------------------------------------------------------------------------------------------------------------------


def _diagonal_result(t: ArrayType, offset: int, axis1: int, axis2: int) -> ArrayType:
    rest = tuple(n for i, n in enumerate(t.shape) if i not in {axis1, axis2})
    rows, columns = t.shape[axis1], t.shape[axis2]
    length = min(rows + min(offset, 0), columns - max(offset, 0))
    return ArrayType((*rest, max(length, 0)), t.dtype)


def _place_diagonal_value(x: Any, shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> Any:
    result = np.zeros(shape, x.dtype)
    diagonal_of = np.diagonal(result, offset, axis1, axis2)
    diagonal_of.flags.writeable = True
    diagonal_of[...] = x
    return result


def _diagonal_value(x: Any, offset: int, axis1: int, axis2: int) -> Any:
    result = np.diagonal(x, offset, axis1, axis2)
    result.flags.writeable = x.flags.writeable  # einsum("ii->i", x) is a view that may be written to
    return result


#: ``np.diagonal(x, offset, axis1, axis2)``: the diagonal of two axes, as the last axis.
diagonal = linear(
    "diagonal",
    _diagonal_value,
    _diagonal_result,
    lambda ct, operands, linear_, offset, axis1, axis2: (
        place_diagonal(ct, params=(operands[0].shape, offset, axis1, axis2)),
    ),
    lambda operands, batched, offset, axis1, axis2: diagonal(operands[0], params=(offset, axis1 + 1, axis2 + 1)),
    params=("offset", "axis1", "axis2"),
    view=True,
)

#: Zeros of the given shape with ``x`` on the diagonal of two axes: the transpose of ``diagonal``.
place_diagonal = linear(
    "place_diagonal",
    _place_diagonal_value,
    lambda t, shape, offset, axis1, axis2: ArrayType(shape, t.dtype),
    lambda ct, operands, linear_, shape, offset, axis1, axis2: (diagonal(ct, params=(offset, axis1, axis2)),),
    lambda operands, batched, shape, offset, axis1, axis2: place_diagonal(
        operands[0], params=((operands[0].shape[0], *shape), offset, axis1 + 1, axis2 + 1)
    ),
    params=("shape", "offset", "axis1", "axis2"),
)

__all__ = [
    "FULL",
    "INT",
    "arange",
    "basic_key",
    "concatenate",
    "diagonal",
    "flip",
    "getitem",
    "is_basic",
    "mask_last",
    "move_axis",
    "numpy_key",
    "pack",
    "place_diagonal",
    "scatter_add",
    "scatter_add_into",
    "scatter_set",
    "scatter_set_into",
    "slice_axis",
    "swap_last",
    "transpose",
    "zeros_p",
]
