"""The errors that a function handles while it is recorded, and whether its program can still stand for it.

    handled_errors(lines) → those of a run whose operation is missing in the program, where it came to what it was to avoid, and the traces that hold failures

An operation on traced values that failed here (a division by zero, ``math.log`` of a negative number) and would not at other values is no part of the program, unless it is known which one
it was: then it is asked again (``tracing/instrument/failures.py``).  An error that the user raises comes after the decisions that led to it, which are guards.  One by a lookup with nothing traced about it (a key that a dictionary has not got, a
name without a value) comes again wherever the form of the arguments and of what is read is the same.

The same watch says whether the run comes to what it was to avoid, since nothing is proved of it (``reached.py``).
"""

from __future__ import annotations

import inspect
import os
import sys
import types
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.operators.reuse.reached import Reach
from gradwise.tracing.instrument.both_ways.aside import entering, is_aside
from gradwise.tracing.instrument.compiling import MADE_HERE
from gradwise.tracing.instrument.failures import DECIDED, is_decided, misses_of_plain, note_failure
from gradwise.tracing.instrument.state import local as here
from gradwise.tracing.instrument.userland import is_users_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gradwise.tracing.purity.avoiding import Extent

_LIBRARIES = (Path(np.__file__).parent, Path(scipy.__file__).parent, Path(__file__).parents[2])
#: with a separator at the end: a package of the user's may be called numpyro
_NOT_THE_USERS = tuple([f"{folder}{os.sep}" for folder in _LIBRARIES])
_PYTHONS = (f"{Path(os.__file__).parent}{os.sep}", "<frozen")


def _is_pythons(filename: str) -> bool:
    return filename.startswith(_PYTHONS) and not filename.startswith(_NOT_THE_USERS)


def _runs_as_it_is(code: Any) -> bool:
    """Whether code of the user's is no copy of ours, nor a part of one."""
    if code.co_name in _PARTS or _is_pythons(code.co_filename) or not is_users_file(code.co_filename):
        return False
    if code.co_name == "__iter__":  # what it gives may be an iterator that others have
        return True
    return not any(constant is MADE_HERE or constant is entering for constant in code.co_consts)


_PARTS = frozenset({"<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>"})


def _asks_a_signature(frame: Any, error: BaseException) -> bool:
    """Whether it is ``inspect`` that misses what functions and classes seldom have, as where ``dataclass`` writes what a class says of itself: no twin lacks that."""
    return (
        isinstance(error, AttributeError)
        and error.name in _OF_SIGNATURES
        and isinstance(error.obj, (types.FunctionType, type))
        and frame.f_code.co_filename == inspect.__file__
    )


_OF_SIGNATURES = frozenset({"_partialmethod", "__partialmethod__", "__signature__", "__text_signature__"})


@contextmanager
def handled_errors(
    avoided: Mapping[str, frozenset[Extent]] | None = None,
) -> Iterator[tuple[list[str], list[str], list[Any]]]:
    """The errors that arise in the user's frames of this thread from traced values (what is left of them was handled, if the run succeeds), where the run came to what was to be ``avoided``, and the traces in which errors are guards."""
    found: list[str] = []
    noted: list[Any] = []
    run = here.both_ways
    reach = Reach(avoided or {})
    judged: list[BaseException] = []  # kept, so that each is itself

    def both(frame: Any, event: str, argument: Any) -> Any:
        reach.local(frame, event, argument)
        local(frame, event, argument)
        return both

    def local(frame: Any, event: str, argument: Any) -> Any:
        if event == "exception" and not issubclass(argument[0], (StopIteration, GeneratorExit)) and not is_aside():
            error = argument[1]
            if isinstance(error, BaseException):
                if any(error is seen for seen in judged):
                    return local
                judged.append(error)
                # an attribute may be missing in the twin of an object alone (``tracing/purity/transient.py``)
                # and a name after branches that ran both ways
                missing = AttributeError if run is None else (AttributeError, NameError)
                # how many axes there are is no question of values
                if isinstance(error, np.exceptions.AxisError) or (
                    is_decided(argument[2])
                    and (not isinstance(error, missing) or misses_of_plain(error) or _asks_a_signature(frame, error))
                ):
                    return local
                tape = None if run is not None else note_failure(argument[2], error)
                if tape is not None:
                    noted.extend([] if tape is DECIDED else [tape])
                    return local
            found.append(f"{argument[0].__name__} at {frame.f_code.co_filename}:{frame.f_lineno}")
        return local

    foreign: dict[int, bool] = {}  # by the identity of code objects, whose hash is long

    def entered(frame: Any, event: str, argument: Any) -> Any:
        code = frame.f_code
        known = foreign.get(id(code))
        if known is None:
            known = foreign[id(code)] = code.co_filename.startswith(_NOT_THE_USERS)
        watched = reach.enters(frame)
        if run is not None and (run.open or run.going) and not known and _runs_as_it_is(code):
            run.loses()  # who knows what it does
        if known:
            return reach.local if watched else None
        caller = frame
        while _is_pythons(caller.f_code.co_filename) and caller.f_back is not None:
            caller = caller.f_back
        if caller.f_code.co_filename.startswith(_NOT_THE_USERS):
            return reach.local if watched else None
        if watched:
            return both
        frame.f_trace_lines = False
        return local

    before = sys.gettrace()
    try:
        sys.settrace(entered)
        yield found, reach.met, noted
    finally:
        sys.settrace(before)
