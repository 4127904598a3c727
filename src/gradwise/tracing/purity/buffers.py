"""Arrays that are kept and written to: ``self.u[:] = u0; for k in …: self.u[k] = …; return self.u @ w``, work arrays in globals and closures, ``out=self.work``.

Such a *buffer* is data like other data: a program takes a copy of what a call finds there, and computes what is written as with an array of the call's own.  What is left in it in the end is left by the function
itself, which runs beside its program (``leaving.py``).  That holds as long as the memory is reached under this one name: it must belong to the array itself (or to one of which it is a view), and nothing else that the call reads or is given may
share it, which is asked at each call.  Arrays of integers and truth values are none: they tell what was computed before, and belong to the form of a call.

Which arrays are buffers is found by trying: all that are read and might be, and then as few of them as will do (``verdicts.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.tracing.purity.plain import arrays_in, is_plain
from gradwise.tracing.purity.sparse import parts_of_matrix

if TYPE_CHECKING:
    from collections.abc import Iterable

#: so many arrays are tried
MOST = 12


def is_buffer(value: Any) -> bool:
    """Whether a value is an array of floating or complex numbers that may be written to, in memory that belongs to an array.

    Examples
    --------
    >>> a = np.zeros(4)
    >>> is_buffer(a), is_buffer(np.arange(4.0).reshape(2, 2)), is_buffer(np.zeros(4, int)), is_buffer(np.frombuffer(b"12345678"))
    (True, True, False, False)
    """
    if type(value) is not np.ndarray or value.dtype.kind not in "fc" or not value.dtype.isnative:
        return False
    return value.flags.writeable and _is_owner(value if value.base is None else value.base)


def _is_owner(base: Any) -> bool:
    """Whether what holds the memory of an array is an array that it belongs to: another name for it can only be a view of that."""
    return type(base) is np.ndarray and base.base is None and base.flags.owndata


def are_apart(buffers: Iterable[np.ndarray], others: Iterable[Any]) -> bool:
    """Whether no buffer shares memory with another, or with any of the arrays, containers and matrices beside them.

    Examples
    --------
    >>> a, b = np.zeros(4), np.ones(4)
    >>> are_apart([a, b], [2.0, b[:2].copy()]), are_apart([a], [[b, a[1:]]])
    (True, False)
    """
    kept = list(buffers)
    for k, one in enumerate(kept):
        if any(_share(one, other) for other in kept[:k]):
            return False
    for value in others:
        if type(value) in (float, int, bool, str, np.float64):
            continue
        for array in (value,) if type(value) is np.ndarray else _arrays_within(value):
            if any(_share(array, one) for one in kept):
                return False
    return True


def _share(a: np.ndarray, b: np.ndarray) -> bool:
    if a.base is None and b.base is None and a.flags.owndata and b.flags.owndata:  # memory of their own
        return a is b
    return np.may_share_memory(a, b)


def _arrays_within(value: Any) -> list[np.ndarray]:
    names = parts_of_matrix(value)
    if names is not None:
        return [getattr(value, name) for name in names]
    if is_plain(value):
        return arrays_in(value)
    return [v for v in (own_entries(value) or {}).values() if type(v) is np.ndarray]  # a spline's coefficients
