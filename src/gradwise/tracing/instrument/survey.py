"""What code that no run sees changes: everything that a walk from a function comes to, as it was before a run and as it is after it.

    class Key:
        asked = 0
        def __hash__(self): Key.asked += 1; …

    {key: x}            the dictionary asks, from compiled code

Special methods that compiled code calls, hooks of ``copy``, ``pickle``, ``json`` and parsers, mocks, handlers, generators that a library draws from: no instrumented code is there.  What they changed shows in what they changed.
So before the first run of a function (and before each of one of which something was found) all that can be reached from it is noted, and compared afterwards.  What holds something else, and the run did not write to itself, counts as stored by the run: it is put back where a look is to leave nothing behind, and where the run fails.

Not seen is what no walk comes to, or only a long one: objects that compiled classes hold, what a library keeps for itself, an array of more than 64 KiB.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import types
from collections import deque
from collections.abc import Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.tracing.instrument import states
from gradwise.tracing.instrument.atoms import ATOMS
from gradwise.tracing.instrument.contents import contents, is_users
from gradwise.tracing.instrument.journal import Journal
from gradwise.tracing.instrument.lent import is_restorable, lender_of, may_be_written
from gradwise.tracing.instrument.userland import is_users_file

if TYPE_CHECKING:
    from gradwise.tracing.instrument.state import Watch

#: so many values are looked at on a walk, and containers of more entries are passed by
_MOST, _LONG = 2000, 200
#: arrays of more bytes, and containers of more entries, are not kept
_LARGE, _MANY = 1 << 16, 1000
_CONTAINERS = (list, dict, set, deque)
_LEADING = frozenset(
    {
        *(tuple, frozenset, types.FunctionType, types.MethodType, types.BuiltinMethodType, types.CellType),
        *(functools.partial, staticmethod, classmethod, property, functools.cached_property),
        functools._lru_cache_wrapper,
    }
)


class Survey:
    """What the runs of a function change, of what it leads to.

    Attributes
    ----------
    found : bool
        Whether a run changed something that it did not see.
    active : bool
        Whether runs that only look put it back.
    """

    __slots__ = ("_alive", "_before", "_roots", "active", "asked", "found")

    def __init__(self, roots: list[Any], *, active: bool = False) -> None:
        self._roots = roots
        self._before: Journal | None = None
        self._alive: list[Journal] = []
        self.found = False
        self.active = active
        self.asked = False

    def is_due(self) -> bool:
        """Whether the next run is to be compared."""
        return self.active or not self.asked

    def noted(self) -> Journal:
        """What is there now."""
        journal = Journal(most=_LARGE)
        self.note_in(journal)
        self._before = journal
        self._alive.append(journal)
        return journal

    def restore(self, journal: Journal) -> None:
        """Everything holds what it held when it was noted."""
        journal.restore_changed()
        self.forget(journal)

    def forget(self, journal: Journal) -> None:
        """What was noted is not needed any more."""
        self._alive = [other for other in self._alive if other is not journal]
        self._before = None

    def moved_on(self, before: Journal) -> None:
        """What is done meanwhile was done before: it stays where what was noted is put back."""
        for journal in self._alive:
            journal.moved_on(before)

    def references(self, one: tuple[Any, ...]) -> int:
        """How many references to a tuple are those of what was noted."""
        return sum([journal.holds_tuple(one) for journal in self._alive])

    def note_in(self, journal: Journal) -> None:
        """Note in a journal what is there now."""
        for place in reached(self._roots):
            with contextlib.suppress(Exception):  # a class of the user's refuses to be looked at
                journal.note(place)

    @contextlib.contextmanager
    def comparing(self, watch: Watch) -> Iterator[None]:
        """After it, what a run changed and did not see is noted as the run's."""
        known = self._before
        before = known or self.noted()
        yield
        self.asked, self._before = True, None
        for place in before.changed():
            if not _is_seen(place, watch):
                watch.unseen[id(place)] = place
                self.found = self.active = True
        if known is None:
            self.forget(before)


def _is_seen(place: Any, watch: Watch) -> bool:
    key = id(place)
    notes = (watch.stored, watch.touched, watch.overlay, watch.cells, watch.names, watch.generators, watch.tails)
    return any(key in note for note in notes) or any(place is array() for array in watch.held)


def reached(roots: list[Any]) -> Iterator[Any]:
    """What can change of all that a walk comes to."""
    yield from (states.PROCESS, *states.GENERATORS)
    pending = deque(roots)
    seen: set[int] = set()
    while pending and len(seen) < _MOST:
        one = pending.popleft()
        kind = type(one)
        if kind in ATOMS or id(one) in seen:
            continue
        seen.add(id(one))
        if kind is types.ModuleType:
            if is_users_file(getattr(one, "__file__", None) or "<frozen>"):
                pending.append(vars(one))
                pending.extend(list(vars(one).values())[:_LONG])
        elif issubclass(kind, np.ndarray):
            if kind is np.ndarray and _is_small(
                one
            ):  # one of another class would be held, and who refers to it is asked
                yield one
        elif issubclass(kind, type):
            if is_users(one):
                yield one
                pending.extend([held for _, held in contents(one)])
        elif kind is dict and "__builtins__" in one:  # what code names in it is on the walk
            yield one
        else:
            if _can_change(one, kind):
                yield one
            pending.extend(_held(one, kind))


_OF_ITERATORS = frozenset({"builtins", "itertools", "numpy"})


def _can_change(one: Any, kind: type) -> bool:
    if kind is ContextVar or kind is types.CellType or states.is_kept(kind):
        return True
    if issubclass(kind, (tuple, frozenset)) or (hasattr(kind, "__next__") and kind.__module__ in _OF_ITERATORS):
        return False  # who refers to a tuple is asked, and an iterator from which a run takes is put back by who notes that
    if issubclass(kind, _CONTAINERS):
        return _size(one, kind) <= _MANY
    return is_restorable(one) or bool(own_entries(one)) or is_users(kind)


def _size(one: Any, kind: type) -> int:
    """How many entries a container has, whatever a class of the user's says."""
    return next(base.__len__(one) for base in (*_CONTAINERS, tuple, frozenset) if issubclass(kind, base))


def _is_small(array: np.ndarray) -> bool:
    if not may_be_written(array) or array.nbytes > _LARGE or array.dtype.kind == "O":
        return False
    lender = lender_of(array)
    return lender is None or is_restorable(lender)


def _held(one: Any, kind: type) -> list[Any]:
    """Where the walk goes on."""
    if issubclass(kind, np.random.Generator):
        return [one.bit_generator]
    if issubclass(kind, np.random.BitGenerator):
        return [one.seed_seq]
    if kind is types.BuiltinMethodType:
        return [one.__self__]
    if issubclass(kind, (*_CONTAINERS, tuple, frozenset)):
        held = [h for _, h in contents(one)] if _size(one, kind) <= _LONG else []
        if issubclass(kind, (set, frozenset)) and _size(one, kind) <= _LONG:
            held += list((set if issubclass(kind, set) else frozenset).__iter__(one))
        return held
    if is_users(kind) or kind in _LEADING:
        return [held for _, held in contents(one)]
    beyond = gc.get_referents(one) if states.is_kept(kind) else []
    return [*beyond, *(own_entries(one) or {}).values()]
