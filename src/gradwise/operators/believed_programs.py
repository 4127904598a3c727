"""What was found of the programs of a function (``memories.py``), by its code: that they take nothing of an earlier call, or which run has what they lack."""

from __future__ import annotations

import types
import weakref
from collections.abc import Hashable

from gradwise.locks import lock

#: programs of one function that are remembered
_PROGRAMS = 512
#: a function whose runs beside that many programs stored nothing has no memory
_ENOUGH = 16


class Known:
    """What was found of a function.

    Attributes
    ----------
    believed : set
        Programs that take nothing of an earlier call.
    cures : dict
        By a program that does, which run has what it lacks, and the program of that run.
    stores : bool
        Whether a run of it stored something that outlived it.
    """

    __slots__ = ("believed", "code", "cures", "stores")

    def __init__(self, code: types.CodeType) -> None:
        self.code = weakref.ref(code)
        self.believed: set[Hashable] = set()
        self.cures: dict[Hashable, tuple[int, Hashable]] = {}
        self.stores = False

    def believe(self, program: Hashable) -> None:
        """Note that a program takes nothing of an earlier call."""
        with _lock:
            if len(self.believed) >= _PROGRAMS:
                self.believed.clear()
            self.believed.add(program)

    def note_cure(self, program: Hashable, cure: tuple[int, Hashable]) -> None:
        """Note which run has what a program lacks."""
        with _lock:
            if len(self.cures) >= _PROGRAMS:
                self.cures.clear()
            self.cures[program] = cure


_known: dict[int, Known] = {}
_lock = lock()


def forget_believed() -> None:
    """Ask again what was asked."""
    with _lock:
        _known.clear()


def known_of(code: types.CodeType | None) -> Known | None:
    """What was found of a function of this code."""
    if code is None:
        return None
    found = _known.get(id(code))
    if found is None or found.code() is not code:
        with _lock:
            if len(_known) > 8192:
                _known.clear()
            found = _known[id(code)] = Known(code)
    return found


def keeps_something(code: types.CodeType) -> bool:
    """Whether a run of a function of this code is known to have stored something that outlived it."""
    known = _known.get(id(code))
    return known is not None and known.stores and known.code() is code


def is_believed(code: types.CodeType | None, program: Hashable) -> bool:
    """Whether a program of a function of this code takes nothing of an earlier call."""
    known = _known.get(id(code))
    if known is None or known.code() is not code:
        return False
    return program in known.believed or (not known.stores and len(known.believed) >= _ENOUGH)
