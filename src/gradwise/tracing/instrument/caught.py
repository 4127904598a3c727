"""Errors of operations on traced values that the user's code handles: another branch runs than at other values.

    handler entered  →  caught()

That the operation fails again becomes a guard of the trace (``failures.py``).  ``local.caught`` counts the errors of which it is not known what failed.
"""

from __future__ import annotations

import contextlib
import sys
from operator import pos
from typing import Any

import numpy as np

from gradwise.rules.failing import raises
from gradwise.tracing.instrument.failures import below_the_user, is_decided, misses_of_plain, note_failure
from gradwise.tracing.instrument.state import local

#: of an operation that is not known: as far as is known it fails nowhere else
UNKNOWN = (pos, (), (None,), ValueError, (), ())


def caught() -> None:
    """At the beginning of a handler."""
    note(sys.exception())


def note(error: BaseException | None) -> None:
    """Make it a guard that an error which is handled arises again, unless it does whatever the values: one that the user raises comes after the decisions that led to it."""
    watch = local.watch
    if watch is None or error is None or not below_the_user(error.__traceback__):
        return
    # how many axes there are is no question of values; an attribute may be missing in the twin of an object alone
    if isinstance(error, np.exceptions.AxisError) or (
        is_decided(error.__traceback__) and (not isinstance(error, AttributeError) or misses_of_plain(error))
    ):
        return
    if note_failure(error.__traceback__, error) is not None:
        return
    local.caught += 1
    while watch is not None:
        trace = watch.trace
        if trace.open and trace.inputs:
            trace.guard(trace.record(raises, (trace.inputs[0],), UNKNOWN, np.bool_(False)), "error", True)
        watch = watch.outer


def note_state(state: np.errstate) -> None:
    """Before NumPy is to raise where it would warn: who handles that may handle it for other values only."""
    if any(getattr(state, name, None) == "raise" for name in ("_all", "_divide", "_over", "_under", "_invalid")):
        local.caught += 1


class Suppressing(contextlib.AbstractContextManager[Any]):
    """``contextlib.suppress``."""

    def __init__(self, obj: Any) -> None:
        self.obj = obj

    def __enter__(self) -> Any:
        return self.obj.__enter__()

    def __exit__(self, *problem: Any) -> Any:
        swallowed = self.obj.__exit__(*problem)
        if swallowed:
            note(problem[1])
        return swallowed
