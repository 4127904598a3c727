"""Joining and splitting arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradwise.rules.shapes import concatenate as concatenate_p
from gradwise.tracing.arithmetic import _innermost, plain
from gradwise.tracing.traced import apply, isinstance_traced
from gradwise.tracing.ufuncs import store


def concatenate(arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """``np.concatenate``."""
    if isinstance_traced(arrays):
        arrays = list(arrays)
    arrays = [a if isinstance_traced(a) else np.asarray(a) for a in arrays]
    if axis is None:
        arrays, axis = [np.ravel(a) for a in arrays], 0
    value = np.concatenate([plain(a) for a in arrays], axis=axis, dtype=dtype, casting=casting)
    trace = _innermost(*arrays)
    if trace is None:
        return value
    result = apply(trace, concatenate_p, arrays, (normalize_axis_index(axis, value.ndim),), value, value.dtype)
    return result if out is None else store(out, result)


def stack(arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """``np.stack``."""
    if isinstance_traced(arrays):
        arrays = list(arrays)
    arrays = [a if isinstance_traced(a) else np.asarray(a) for a in arrays]
    if not arrays:
        raise ValueError("need at least one array to stack")
    shapes = {np.shape(plain(a)) for a in arrays}
    if len(shapes) != 1:
        raise ValueError("all input arrays must have the same shape")
    shape = shapes.pop()
    axis = normalize_axis_index(axis, len(shape) + 1)
    new = (*shape[:axis], 1, *shape[axis:])
    return concatenate([np.reshape(a, new) for a in arrays], axis, out, dtype=dtype, casting=casting)


FUNCTIONS: dict[Any, Any] = {np.concatenate: concatenate, np.stack: stack}
