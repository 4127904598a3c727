"""``x.shape = (n, 1)``: another shape in place.

The array becomes a view, of the new shape, of an array that nobody else knows and that has the old one; so everything that writes goes the way of views.
"""

from __future__ import annotations

import gc
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
    if self.mirror is not None or any(type(o) is TracedArray and o.parent is self for o in gc.get_referrers(self)):
        what = (
            "an argument of the function" if self.mirror is not None else "an array of which a view is held elsewhere"
        )
        raise self.tape.fail(
            f"x.shape = {shape} was assigned to {what}. An array of its own is required. Write x = x.reshape({shape})"
        )
    whole = TracedArray(self.tape, self.index, self.value, self.pinned)
    whole.root, whole.parent, whole.path, whole.version = self.root, self.parent, self.path, self.version
    whole.writeable = self.writeable
    self.index = self.tape.record(reshape_p, (self.index,), (value.shape,), None)
    self.root, self.parent, self.path = whole.base_array(), whole, (reshape_p, (value.shape,))
    self.value, self.pinned, self.version = value, False, whole.base_array().version
