"""Products of vectors, matrices and tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.tracing.traced import isinstance_traced
from gradwise.tracing.ufuncs import store


def _array(a: Any) -> Any:
    return a if isinstance_traced(a) else np.asarray(a)


def dot(a: Any, b: Any, out: Any = None) -> Any:
    """``np.dot``: the product over the last axis of a and the second last of b."""
    a, b = _array(a), _array(b)
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        result = a * b
    elif np.ndim(b) <= 2:
        result = a @ b
    else:
        result = np.tensordot(a, b, axes=(np.ndim(a) - 1, np.ndim(b) - 2))
    return result if out is None else store(out, result)


FUNCTIONS: dict[Any, Any] = {np.dot: dot}
