"""Sliding windows of an axis, and their transpose: overlap-add."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.program import ArrayType
from gradwise.rules.broadcasting import linear


def _windows_result(t: ArrayType, size: int, axis: int) -> ArrayType:
    shape = list(t.shape)
    shape[axis] -= size - 1
    return ArrayType((*shape, size), t.dtype)


def _overlap_value(x: Any, axis: int) -> Any:
    *shape, size = x.shape
    count = shape[axis]
    shape[axis] += size - 1
    result = np.zeros(shape, x.dtype)
    along = np.moveaxis(result, axis, 0)
    for k in range(size):
        along[k : k + count] += np.moveaxis(x[..., k], axis, 0)
    return result


def _overlap_result(t: ArrayType, axis: int) -> ArrayType:
    *shape, size = t.shape
    shape[axis] += size - 1
    return ArrayType(tuple(shape), t.dtype)


#: ``y[…, i, …, k] = x[…, i + k, …]`` for k < size: the windows of an axis, with the place inside as the last axis.
windows = linear(
    "windows",
    lambda x, size, axis: np.lib.stride_tricks.sliding_window_view(x, size, axis),
    _windows_result,
    lambda ct, operands, linear_, size, axis: (overlap(ct, params=(axis,)),),
    lambda operands, batched, size, axis: windows(operands[0], params=(size, axis + 1)),
    params=("size", "axis"),
    view=True,
)

#: ``y[…, i + k, …] += x[…, i, …, k]``: the transpose of ``windows``.
overlap = linear(
    "overlap",
    _overlap_value,
    _overlap_result,
    lambda ct, operands, linear_, axis: (windows(ct, params=(operands[0].shape[-1], axis)),),
    lambda operands, batched, axis: overlap(operands[0], params=(axis + 1,)),
    params=("axis",),
)
