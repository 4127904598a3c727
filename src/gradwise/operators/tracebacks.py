"""Tracebacks of what goes wrong while a function is differentiated: the user's frames, one frame of ours before them, and what came after.

    shorten : exception -> the same exception with a shorter traceback

Twenty of our frames stood between the call of an operator and the function that it ran; in a notebook, several screens.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import GradwiseError, ProgramError

if TYPE_CHECKING:
    import types

_OURS = str(Path(__file__).parents[1]) + os.sep

#: ``GRADWISE_TRACEBACK=full`` leaves tracebacks as they are, for work on gradwise itself
_VARIABLE = "GRADWISE_TRACEBACK"


def shorten(error: BaseException) -> None:
    """Take our frames that lie before a frame of the user's out of a traceback and of those printed before it, but for the first; the last frames stay, whosever they are.

    Of an error of our own, whose message tells the line, our last frame stays.  A traceback without the user's frames is that of a mistake in gradwise, and stays.
    """
    if os.environ.get(_VARIABLE) == "full":
        return
    first = error.__traceback__
    if first is not None:
        told = isinstance(error, GradwiseError) and not isinstance(error, ProgramError)
        first.tb_next = _first_kept(first.tb_next, told=told)
    seen = {id(error)}
    before = error
    while True:
        earlier = before.__cause__ or (None if before.__suppress_context__ else before.__context__)
        if earlier is None or id(earlier) in seen:
            return
        seen.add(id(earlier))
        earlier.__traceback__ = _first_kept(earlier.__traceback__, told=False)
        before = earlier


def mention_lists(error: BaseException, arguments: Iterable[Any]) -> None:
    """Note beside a TypeError about lists that the function was given one, which it takes for an array: containers keep their type."""
    if type(error) is not TypeError or getattr(error, "__notes__", None):
        return
    about = str(error)
    if ("'list'" in about or "multiply sequence" in about) and any(
        type(a) is list and a and all(isinstance(v, (int, float, np.number, list)) for v in a) for a in arguments
    ):
        error.add_note(
            "The function was given a list, as in the call: containers keep their type. Pass np.array([...]) for the arithmetic of arrays"
        )


def _first_kept(entry: types.TracebackType | None, *, told: bool) -> types.TracebackType | None:
    """Where a traceback begins without our frames; ``told``: whether our last frame is enough where none is the user's."""
    whole, last = entry, entry
    while entry is not None and _is_ours(entry):
        last, entry = entry, entry.tb_next
    if entry is None:
        return last if told else whole
    kept = entry
    while entry is not None:  # a derivative inside the function
        following = entry.tb_next
        later = following
        while later is not None and _is_ours(later):
            later = later.tb_next
        if following is not later and later is not None:
            entry.tb_next = later
        entry = later
    return kept


def _is_ours(entry: types.TracebackType) -> bool:
    return entry.tb_frame.f_code.co_filename.startswith(_OURS)
