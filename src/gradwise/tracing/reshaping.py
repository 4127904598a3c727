"""``x.shape = (n, 1)`` and ``x.resize(n, 2)``: another shape, or another size, in place.

With another shape the array becomes a view, of the new shape, of an array that nobody else knows and that has the old one; so everything that writes goes the way of views.
"""

from __future__ import annotations

import gc
import math
from typing import Any

import numpy as np

from gradwise.rules.broadcasting import reshape_p
from gradwise.tracing.arithmetic import concrete
from gradwise.tracing.traced import TracedArray


def set_shape(self: TracedArray, shape: Any) -> None:
    """``x.shape = shape``.

    Raises
    ------
    TracingError
        If the array is an argument of the function, or a part of it is held elsewhere: its parts are described by the old shape.
    """
    shape = tuple(int(concrete(n, "int")) for n in (shape if np.iterable(shape) else (shape,)))
    self.sync()
    value = self.value.view()
    value.shape = shape  # raises where that would take a copy
    if not self.tape.open:
        self.value.shape = shape
        return
    _require_own(self, f"x.shape = {shape}", f"Write x = x.reshape({shape})")
    whole = TracedArray(self.tape, self.index, self.value, self.pinned)
    whole.root, whole.parent, whole.path, whole.version = self.root, self.parent, self.path, self.version
    whole.writeable = self.writeable
    self.index = self.tape.record(reshape_p, (self.index,), (value.shape,), None)
    self.root, self.parent, self.path = whole.base_array(), whole, (reshape_p, (value.shape,))
    self.value, self.pinned, self.version = value, False, whole.base_array().version


def resize(self: TracedArray, *new_shape: Any, refcheck: bool = True) -> None:
    """``x.resize(n, m)``: as many of the entries as there is room for, then zeros.

    Raises
    ------
    ValueError
        If the array is a part of another, as NumPy does.
    TracingError
        If the array is an argument of the function, or a part of it is held elsewhere.
    """
    given = new_shape[0] if len(new_shape) == 1 and np.iterable(new_shape[0]) else new_shape
    shape = tuple(int(concrete(n, "int")) for n in given)
    if new_shape in {(), (None,)}:
        return
    if not self.tape.open:
        self.value.resize(shape, refcheck=False)
        return
    if self.parent is not None:
        raise ValueError("cannot resize this array: it does not own its data")
    if self.mirror is not None or not refcheck:  # NumPy's own check leaves no view of it
        _require_own(self, f"x.resize({shape})", f"Write x = np.resize(x, {shape}), or np.concatenate with zeros")
    size = math.prod(shape)
    flat: Any = np.reshape(self, (-1,))[:size]
    room = np.zeros(size - len(flat.value), self.value.dtype)
    made: Any = np.reshape(np.concatenate([flat, room]), shape).copy()
    self.index, self.value, self.pinned, self.version = made.index, made.value, made.pinned, made.version


def _require_own(self: TracedArray, what: str, cure: str) -> None:
    if self.mirror is not None or (self.viewed and _is_parent(self)):
        whose = (
            "an argument of the function" if self.mirror is not None else "an array of which a view is held elsewhere"
        )
        raise self.tape.fail(f"{what} was asked of {whose}. An array of its own is required. {cure}")


def _is_parent(self: TracedArray) -> bool:
    """Whether a view of an array is still there; every object of the process is looked at, which takes 10 ms and more."""
    return any(type(o) is TracedArray and o.parent is self for o in gc.get_referrers(self))
