"""Shapes: reshape, transpose, broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.rules.algebra import broadcast_to_p
from gradwise.tracing import methods
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.traced import apply, isinstance_traced


def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    """``np.broadcast_to``; the result is a copy, as far as writing is concerned it is read-only in NumPy too."""
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(int(n) for n in shape)
    value = np.broadcast_to(plain(array), shape)
    if not isinstance_traced(array):
        return value
    return apply(array.tape, broadcast_to_p, (array,), (shape,), value)


FUNCTIONS: dict[Any, Any] = {
    np.reshape: lambda a, shape=None, order="C", *, newshape=None, copy=None: methods.reshape(
        a, shape if newshape is None else newshape, order=order, copy=copy
    ),
    np.transpose: lambda a, axes=None: methods.transpose(a, axes),
    np.swapaxes: methods.swapaxes,
    np.ravel: methods.ravel,
    np.squeeze: methods.squeeze,
    np.broadcast_to: broadcast_to,
}
