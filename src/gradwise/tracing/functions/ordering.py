"""Choosing and sorting: where, clip, sort, searchsorted."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.rules.algebra import convert_p, select
from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.traced import apply, dtype_of, isinstance_traced
from gradwise.tracing.ufuncs import store


def where(condition: Any, *branches: Any) -> Any:
    """``np.where``."""
    if not branches:
        return np.nonzero(concrete(condition, "mask"))
    x, y = (b if isinstance_traced(b) or np.isscalar(b) else np.asarray(b) for b in branches)
    trace = _innermost(condition, x, y)
    value = np.where(plain(condition), plain(x), plain(y))
    if trace is None:
        return value
    if isinstance_traced(condition):
        if dtype_of(condition.value).kind != "b":
            condition = condition != 0
    else:
        condition = np.asarray(condition, dtype=bool)
    dtype = value.dtype

    def as_dtype(b: Any) -> Any:
        if isinstance_traced(b):
            return b if dtype_of(plain(b)) == dtype else apply(b.tape, convert_p, (b,), (dtype,)) if b.tape.open else plain(b)
        return b if dtype_of(b) == dtype else np.asarray(b).astype(dtype)

    return apply(trace, select, (condition, as_dtype(x), as_dtype(y)), (), value)


def clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None, **options: Any) -> Any:  # noqa: A002  NumPy's names
    """``np.clip``: the smaller of the upper bound and the larger of the lower bound and a."""
    low, high = a_min if a_min is not None else min, a_max if a_max is not None else max
    result = a
    if low is not None:
        result = np.maximum(result, low)
    if high is not None:
        result = np.minimum(result, high)
    if low is None and high is None:
        result = +a
    return result if out is None else store(out, result)


FUNCTIONS: dict[Any, Any] = {np.where: where, np.clip: clip}
