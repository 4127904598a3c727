"""Errors of operations on traced values that the user's code handles: another branch runs than at other values, and no guard says so.

handler entered  →  caught()          ``local.caught`` counts those errors
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.failing import is_of_form
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.userland import is_users_file

if TYPE_CHECKING:
    from types import TracebackType


def caught() -> None:
    """At the beginning of a handler."""
    note(sys.exception())


def note(error: BaseException | None) -> None:
    """Count an error that is handled, unless it comes again whatever the values: one that the user raises comes after the decisions that led to it."""
    if local.watch is not None and error is not None and _differs(error.__traceback__, error):
        local.caught += 1


def _differs(traceback: TracebackType | None, error: BaseException) -> bool:
    frames = []
    while traceback is not None:
        frames.append(traceback.tb_frame)
        traceback = traceback.tb_next
    if not frames or is_users_file(frames[-1].f_code.co_filename):
        return False
    return not any(is_of_form(frame, error) for frame in frames)


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
