"""Making arrays like a traced one: buffers that traced values may be assigned to."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.traced import TracedArray, isinstance_traced


def _buffer(like: Any, value: np.ndarray) -> TracedArray:
    """A fresh constant array of the trace of ``like``."""
    trace = like.tape
    trace.values.append(value.copy())
    index = len(trace.values) - 1
    trace.captured.append(index)
    return TracedArray(trace, index, value)


def _like(function: Any) -> Any:
    def create(a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, **options: Any) -> Any:
        value = function(plain(a), dtype=dtype, order=order, shape=shape)
        return _buffer(a, value)

    return create


def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, **options: Any
) -> Any:
    """``np.full_like``; the fill value may be traced."""
    like = a if isinstance_traced(a) else fill_value
    result = _buffer(like, np.zeros_like(plain(a), dtype=dtype, order=order, shape=shape))
    result[...] = fill_value
    return result


FUNCTIONS: dict[Any, Any] = {
    np.zeros_like: _like(np.zeros_like),
    np.ones_like: _like(np.ones_like),
    # NumPy's memory is arbitrary; zeros are the reproducible choice
    np.empty_like: _like(np.zeros_like),
    np.full_like: full_like,
}
