"""How many references there are to an object, beside those that the question itself makes.

    count(obj) == ALONE         only the name ``obj`` of the asking function refers to it
    beside(notes, key) == 0     only the dictionary of notes refers to ``notes[key]``

What ``sys.getrefcount`` says of a local name depends on the interpreter: since CPython 3.14 an argument may be borrowed from the frame of the caller, which counts as no reference.
So both numbers are measured.  An entry taken out of a dictionary is an owned reference in every version.
"""

from __future__ import annotations

import gc
import sys
import types
import weakref
from typing import Any

import numpy as np


class Ours(weakref.ref[Any]):
    """A weak reference of ours, told from those of the user's."""

    __slots__ = ()


def count(obj: Any) -> int:
    """References to an argument, in units that ``ALONE`` knows."""
    return sys.getrefcount(obj)


def _probe(obj: Any) -> int:
    return count(obj)


#: what ``count`` says of an object to which one name of the asking function refers
ALONE: int = _probe(object())


def beside(notes: dict[int, Any], key: int) -> int:
    """References to ``notes[key]`` beside that of the dictionary."""
    return sys.getrefcount(notes[key]) - _NOTED


_NOTED = 0
_NOTED = beside({0: object()}, 0)


def owns(value: np.ndarray) -> bool:
    """Whether an array has its memory to itself: it is no view, or a view of an array that nothing else refers to (``np.tile`` reshapes what it made)."""
    base = value.base
    # the view refers to it, and the name here
    return base is None or (type(base) is np.ndarray and base.base is None and count(base) <= ALONE + 1)


def shares_arrays(obj: Any) -> bool:
    """Whether something else refers to an array of an object of SciPy's, or to the one whose memory it shows: ``M.T`` and ``lil_matrix(M)`` share those of M."""
    if not type(obj).__module__.startswith("scipy"):
        return False
    notes: dict[int, Any] = {key: v for key, v in enumerate(vars(obj).values()) if type(v) is np.ndarray}
    for key in list(notes):
        while type(notes[key]) is np.ndarray:  # the object refers to it, or the view before it
            if beside(notes, key) > 1:
                return True
            notes[key] = notes[key].base
    return False


#: so many objects are looked at
_MOST = 2000
#: what leads to everything there is
_EVERYWHERE = (type, types.ModuleType, types.FunctionType, types.CellType, types.FrameType)


def _belongs(held: Any) -> bool:
    """Whether an object is of Python's own library: what is the user's, or traced, leads to everything too."""
    if isinstance(held, _EVERYWHERE) or not gc.is_tracked(held):
        return False
    return (type(held).__module__ or "").partition(".")[0] in sys.stdlib_module_names


def from_within(obj: Any) -> int:
    """References to an object from what it holds itself: a parser's sections refer to their parser."""
    found, seen = 0, {id(obj)}
    stack = [obj]
    while stack and len(seen) < _MOST:
        for held in gc.get_referents(stack.pop()):
            found += held is obj
            if id(held) not in seen and _belongs(held):
                seen.add(id(held))
                stack.append(held)
    return found
