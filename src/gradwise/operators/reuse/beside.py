"""The run of a function beside its program, for what it leaves behind (``tracing/purity/leaving.py``): entries of lists, attributes, what it prints.

The program gives value and derivative; the function, on the plain arguments, does what a plain call does.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gradwise.tracing.instrument.state import local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


class Raised(BaseException):
    """What the function raised beside its program: an error of the user's, and no reason to take another way."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class _State(threading.local):
    held_back = False


_state = _State()


def is_looked_at() -> bool:
    """Whether a run around this one notes what is stored, to put it back or to ask for it: then a function that leaves something runs under its eyes, and not beside its program."""
    return local.watch is not None or local.journal is not None or local.muted is not None


def leave_behind(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Run the function for what it leaves behind, unless that was done already.

    Raises
    ------
    Raised
        With what the function raises.
    """
    if _state.held_back:
        return
    try:
        function(*args, **kwargs)
    except Exception as error:
        raise Raised(error) from error


@contextmanager
def held_back() -> Iterator[None]:
    """Within it programs run alone: their functions ran before."""
    before, _state.held_back = _state.held_back, True
    try:
        yield
    finally:
        _state.held_back = before
