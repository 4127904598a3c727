"""Memory that arrays show and that is not NumPy's: of a ``bytearray``, an ``array.array``, ``ctypes``, a map of a file, shared memory.

What a run that only looks wrote there is put back through the object that lends it, which tells whether the memory is still there.  Memory behind a pointer may be anybody's, and what holds pointers is not taken apart: who writes there is not called
once more.
"""

from __future__ import annotations

import array as numbers
import io
import pickle
from typing import Any

import numpy as np

#: memory of more bytes is not copied
_LARGE = 1 << 24
#: streams in memory, which hold what is written to them
STREAMS = frozenset({io.StringIO, io.BytesIO})


def lender_of(value: Any) -> Any:
    """What lends an array, or a memory view, its memory; None where that is an array's own."""
    while True:
        if isinstance(value, np.ndarray):
            value = value.base
        elif type(value) is memoryview:
            try:
                value = value.obj
            except ValueError:  # it was released
                return value
        elif (around := behind_strides(value)) is not None:
            value = around
        else:
            return value


def behind_strides(value: Any) -> Any:
    """The array whose memory ``np.lib.stride_tricks`` shows in other strides, which it holds in an object of its own; None of anything else."""
    if not hasattr(value, "__array_interface__"):
        return None
    held = getattr(value, "base", None)
    return held if isinstance(held, np.ndarray) else None


def is_restorable(lender: Any) -> bool:
    """Whether the memory of an object can be copied and put back through it.

    Examples
    --------
    >>> is_restorable(bytearray(8)), is_restorable([0.0]), is_restorable(b"read only")
    (True, False, False)
    """
    cls = type(lender)  # what stands for an object in a run answers for its class
    if cls in STREAMS:
        return not lender.closed
    if cls is bytearray or issubclass(cls, numbers.array):
        return len(lender) * getattr(lender, "itemsize", 1) <= _LARGE
    if cls.__module__ == "mmap":
        return not lender.closed and len(lender) <= _LARGE
    if type(cls).__module__ == "_ctypes":
        owner = lender
        while owner._b_base_ is not None:
            owner = owner._b_base_
        return bool(owner._b_needsfree_) and owner._objects is None and memoryview(lender).nbytes <= _LARGE
    return False


def may_be_written(array: np.ndarray) -> bool:
    """Whether an array may be written to; one that was broadcast may not, and warns where it is asked."""
    return not any(step == 0 and n > 1 for step, n in zip(array.strides, array.shape)) and bool(array.flags.writeable)


def is_gone(lender: Any) -> bool:
    """Whether the memory was taken back: a map or a stream that was closed, a memory view that was released."""
    return type(lender) is memoryview or (
        (type(lender).__module__ == "mmap" or type(lender) in STREAMS) and lender.closed
    )


def bytes_of(lender: Any) -> bytes:
    """A copy of the memory; of a stream, with its position."""
    if type(lender) in STREAMS:
        return pickle.dumps(lender.__getstate__()[:-1])
    return bytes(memoryview(lender)) if memoryview(lender).nbytes else b""


def put_bytes(lender: Any, content: bytes) -> None:
    """Put it back; an object that grew has its size again."""
    if is_gone(lender):
        return
    if type(lender) in STREAMS:
        lender.__setstate__((*pickle.loads(content), None))  # noqa: S301 - made above
    elif memoryview(lender).nbytes == len(content):
        if content:
            np.frombuffer(lender, np.uint8)[:] = np.frombuffer(content, np.uint8)
    elif type(lender) is bytearray:
        lender[:] = content
    elif issubclass(type(lender), numbers.array):
        lender[:] = numbers.array(lender.typecode, content)


def put_numbers(array: np.ndarray, held: np.ndarray) -> None:
    """Put the numbers of an array back, also where it was locked after they were written; not where its memory is gone."""
    if is_gone(lender_of(array)):
        return
    if array.flags.writeable:
        array[...] = held
        return
    try:
        array.flags.writeable = True
    except ValueError:  # so is the array whose memory it shows
        return
    array[...] = held
    array.flags.writeable = False
