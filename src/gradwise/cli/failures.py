"""What goes wrong, as one sentence with its cure and an exit code; Python's traceback only for the user's own code."""

from __future__ import annotations

import importlib
import os
import traceback
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gradwise.errors import GradwiseError, InputError

DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130

# Frames of these files are the machinery around the user's code.
_OWN = str(Path(__file__).resolve().parent.parent) + os.sep
_MACHINERY = (_OWN, str(Path(importlib.__file__).parent) + os.sep, "<frozen ")


class UsageError(Exception):
    """The command cannot be carried out as it was written; the message says what to write instead."""


class UserCodeError(Exception):
    """The user's own code raised while it was loaded or run; the exception is ``__cause__``."""

    def __init__(self, doing: str) -> None:
        super().__init__(doing)
        self.doing = doing


def exit_code(error: BaseException) -> int:
    """2 where the command is to be mended, 1 where the function is."""
    return MISUSED if isinstance(error, (UsageError, InputError)) else FAILED


def frames_of_user(error: BaseException) -> Iterator[types.FrameType]:
    """The frames themselves on the way to an error that are not gradwise's or the import system's, the first entered first."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if not frame.f_code.co_filename.startswith(_MACHINERY):
            yield frame


def user_frames(error: BaseException) -> list[traceback.FrameSummary]:
    """The frames of a traceback that are not gradwise's or the import system's."""
    return [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_MACHINERY)]


def place_of(error: BaseException) -> tuple[str | None, int | None]:
    """File and line of the user's code where an error arose, as far as it is known."""
    if isinstance(error, UserCodeError) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, SyntaxError):
        return error.filename, error.lineno
    filename = getattr(error, "filename", None)
    if isinstance(error, GradwiseError) and filename is not None:
        return filename, getattr(error, "lineno", None)
    frames = user_frames(error)
    return (frames[-1].filename, frames[-1].lineno) if frames else (None, None)


def message_of(error: BaseException) -> str:
    """The sentence to show for an error."""
    if isinstance(error, UserCodeError) and error.__cause__ is not None:
        cause = error.__cause__
        text = str(cause).strip()
        return f"{error.doing} raised {type(cause).__name__}" + (f": {text}" if text else "")
    return str(error)


def traceback_of(error: BaseException) -> str:
    """The traceback of the user's own exception, trimmed to the user's frames; empty for every other error."""
    if not isinstance(error, UserCodeError) or error.__cause__ is None:
        return ""
    shown = traceback.TracebackException.from_exception(error.__cause__)
    kept = _trimmed(shown)
    if kept is None or (not kept.stack and not isinstance(error.__cause__, SyntaxError)):
        return ""
    text = "".join(kept.format())
    return text if kept.stack else text.removeprefix("Traceback (most recent call last):\n")


def _trimmed(shown: traceback.TracebackException | None) -> traceback.TracebackException | None:
    """A traceback and those before it without our frames; one that has no others is left out."""
    if shown is None:
        return None
    shown.stack = traceback.StackSummary.from_list([f for f in shown.stack if not f.filename.startswith(_MACHINERY)])
    for name in ("__cause__", "__context__"):
        before = _trimmed(getattr(shown, name))
        setattr(shown, name, before if before is not None and before.stack else None)
    return shown


def as_dict(error: BaseException) -> dict[str, Any]:
    """An error for ``--json``."""
    filename, line = place_of(error)
    cause = error.__cause__ if isinstance(error, UserCodeError) else error
    return {"type": type(cause).__name__, "message": message_of(error), "file": filename, "line": line}
