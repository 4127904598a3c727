"""The arrays to which a run wrote that failed: ``told : (trace, run) → the error``, which knows them (``operators/shared_arrays.py``)."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from gradwise.errors import TracingError
from gradwise.tracing.instrument.references import Ours
from gradwise.tracing.instrument.state import Watch
from gradwise.tracing.views import memory_of


def is_writable(array: Any) -> bool:
    """Whether an array of numbers may stand in a buffer: its memory is NumPy's."""
    return (
        type(array) is np.ndarray
        and array.dtype.kind in "fc"
        and array.flags.writeable
        and memory_of(array).base is None
    )


def written_in(watch: Watch) -> list[weakref.ref[np.ndarray]]:
    """The plain arrays of numbers to which a run that failed wrote, or was about to, whose notes are dropped: who refers to an array is asked."""
    found = {id(m): Ours(m) for m in map(memory_of, filter(is_writable, watch.touched.values()))}
    watch.touched.clear()
    watch.kept.clear()
    return list(found.values())


def told(trace: Any, watch: Watch) -> Any:
    """The error with which a run ended, that knows what the run wrote to; the trace forgets it, which its frames refer to."""
    error, trace.error = trace.error, None
    told_inside(watch, error)
    return error


def told_inside(watch: Watch, error: Exception) -> None:
    """Let the error of a run, or of one inside it, know what they wrote to."""
    if isinstance(error, TracingError):
        error.__dict__["written"] = [*error.__dict__.get("written", []), *written_in(watch)]
