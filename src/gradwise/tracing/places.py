"""Where the user's code stands: the line of each equation and of each error, as a code object and an offset, resolved to a line only when somebody asks."""

from __future__ import annotations

import opcode
import os
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import scipy

_getframe = sys._getframe  # the only way to a caller's line at tracing speed

#: how the name of the file begins of code that is one call of a library's function, made where that function itself is differentiated
CALL_OF = "<call of "

# frames of these packages are not the user's
_PACKAGES = (str(Path(np.__file__).parent), str(Path(scipy.__file__).parent), str(Path(__file__).parents[1]), CALL_OF)


#: where the code of hooks and stand-ins lies
HOOKS = tuple(str(Path(__file__).with_name(name)) for name in ("instrument", "standins"))

_STAND_INS = str(Path(__file__).parent / "standins")

#: where packages lie that are not the user's own code
LIBRARIES = (str(Path(os.__file__).parent), str(Path(np.__file__).parents[1]))

_OURS = str(Path(__file__).parents[1])
_RAISE = opcode.opmap["RAISE_VARARGS"]


class _Files(dict[str, bool]):
    """Which files are not the user's, by name; asked some times an operation, so each name is looked at once."""

    def __missing__(self, name: str) -> bool:
        if len(self) > 10_000:  # names that are made up anew, as of cells of a notebook
            self.clear()
        answer = self[name] = name.startswith(_PACKAGES)
        return answer


_foreign = _Files()


def user_place(depth: int = 1) -> tuple[Any, int] | None:
    """Code and offset of the nearest frame that is neither ours nor NumPy's."""
    return place_of(_getframe(depth + 1))


def place_of(frame: Any) -> tuple[Any, int] | None:
    """Code and offset of a frame, or of the nearest one around it that is neither ours nor NumPy's."""
    foreign = _foreign
    while frame is not None:
        code = frame.f_code
        if not foreign[code.co_filename]:
            return code, frame.f_lasti
        frame = frame.f_back
    return None


def error_place(depth: int = 1) -> tuple[Any, int] | None:
    """As ``user_place``, but the caller of a library's function rather than a line inside it."""
    frame: Any = _getframe(depth + 1)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGES):
        frame = frame.f_back
    nearest = frame
    # up to where the function was called from, past the hooks of instrumented code
    while frame is not None and (
        not frame.f_code.co_filename.startswith(_PACKAGES[1:]) or frame.f_code.co_filename.startswith(HOOKS)
    ):
        if not frame.f_code.co_filename.startswith((*LIBRARIES, *HOOKS)):
            return frame.f_code, frame.f_lasti
        frame = frame.f_back
    return None if nearest is None else (nearest.f_code, nearest.f_lasti)


class Places(list[Any]):
    """The user's line of each equation: extended by ``(code, offset)``, indexed by the number of the equation."""

    __slots__ = ()

    def __getitem__(self, number: Any) -> Any:
        code = list.__getitem__(self, 2 * number)
        # an iterator that a stand-in went through computed (sum(itertools.accumulate(x))): the line of what came before
        while code is not None and number > 0 and code.co_filename.startswith(_STAND_INS):
            number -= 1
            code = list.__getitem__(self, 2 * number)
        return None if code is None else (code, list.__getitem__(self, 2 * number + 1))

    def lines(self) -> list[Any]:
        """All of them, in order."""
        found: list[Any] = []
        ours = {id(None): False}  # by identity: equal code may lie in another file
        entries = list.__iter__(self)
        for code, offset in zip(entries, entries, strict=True):
            is_stand_in = ours.get(id(code))
            if is_stand_in is None:
                is_stand_in = ours[id(code)] = code.co_filename.startswith(_STAND_INS)
            if is_stand_in and found:
                found.append(found[-1])
            else:
                found.append(None if code is None else (code, offset))
        return found


def raised_by_the_user(error: Exception) -> bool:
    """Whether a ``raise`` statement outside of the libraries, and of gradwise wherever it lies, raised the error."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return False
    code = traceback.tb_frame.f_code
    return not code.co_filename.startswith((*LIBRARIES, _OURS)) and code.co_code[traceback.tb_lasti] == _RAISE


def raised_by_us(error: Exception) -> bool:
    """Whether an error was raised in code of gradwise's, or in a library that it called; not if it is about an attribute of an object of the user's, for which a hook asks."""
    if isinstance(error, AttributeError) and error.obj is not None:
        return (type(error.obj).__module__ or "").startswith("gradwise")
    traceback, ours = error.__traceback__, False
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        ours = name.startswith(_OURS) or (ours and name.startswith(LIBRARIES))
        traceback = traceback.tb_next
    return ours


def speaks_of_traced_values(error: Exception) -> bool:
    """Whether an error names the class of a traced value; compiled code writes it without quotes, too ("argument 1 must be numpy.ndarray, not …").  That which found no signature for its arguments names no class at all."""
    text = str(error)
    return _NAMED.search(text) is not None or (isinstance(error, TypeError) and _UNMATCHED.search(text) is not None)


#: the user's own class may be called TracedBySatellite
_NAMED = re.compile(r"'Traced|\bTraced(?:Array|Scalar)\b")
#: Cython's functions of several types, pybind11's and nanobind's functions
_UNMATCHED = re.compile(
    r"^No matching signature found$|^Function call with ambiguous argument types$|: incompatible (?:function|constructor) arguments\."
)


def place_of_error(error: Exception) -> tuple[str | None, int | None]:
    """File and line of the user's innermost frame in a traceback (a library's, if there is none)."""
    place: tuple[str | None, int | None] = (None, None)
    traceback = error.__traceback__
    theirs = False
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        if not name.startswith(_OURS) and (not theirs or not name.startswith(LIBRARIES)):
            place = name, traceback.tb_lineno
            theirs = theirs or not name.startswith(LIBRARIES)
        traceback = traceback.tb_next
    return place
