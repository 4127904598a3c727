"""Memory layout: copies whose strides behave as those of the original.

Whether ``x.reshape(...)`` or ``x.ravel()`` shares memory with x depends on x's strides, so a stand-in for x must have strides of the same kind.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def copy_in_layout(x: np.ndarray) -> np.ndarray:
    """A copy of x that is contiguous, or not, along the same axes; gaps shrink to one entry.

    Examples
    --------
    >>> x = np.zeros((4, 300))[::-1, ::100]
    >>> x.strides, copy_in_layout(x).strides
    ((-2400, 800), (-48, 16))
    """
    if x.flags.c_contiguous or x.flags.f_contiguous:
        return x.copy(order="K")
    result = empty_in_layout(x)
    result[...] = x
    return result


def empty_in_layout(x: np.ndarray) -> np.ndarray:
    """Memory for a copy of x; see ``copy_in_layout``."""
    strides = [0] * x.ndim
    axes = sorted((i for i in range(x.ndim) if x.shape[i] > 1 and x.strides[i]), key=lambda i: abs(x.strides[i]))
    step = x.itemsize  # what the next axis must step by to continue the ones before it
    expected = x.itemsize
    for i in axes:
        gap = abs(x.strides[i]) != expected
        strides[i] = (step + gap * x.itemsize) * (1 if x.strides[i] > 0 else -1)
        step = abs(strides[i]) * x.shape[i]
        expected = abs(x.strides[i]) * x.shape[i]
    if any(
        x.strides[i] == 0 and n > 1 for i, n in enumerate(x.shape)
    ):  # entries that share memory: an array of its own
        return np.empty(x.shape, x.dtype)
    first = sum((n - 1) * -s for n, s in zip(x.shape, strides, strict=True) if s < 0)
    memory: Any = np.empty(step // x.itemsize + 1, x.dtype)
    return np.ndarray(x.shape, x.dtype, memory, first, strides)
