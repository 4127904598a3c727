"""What a run writes to, as it was before: a run that only looks at a function leaves nothing behind.

    with kept() as journal:
        record(f, …)              # what f stores is noted before it is stored
    journal.restore()             # everything holds what it held

Attributes, entries of containers and arrays, closure cells, globals, context variables, the environment and what silent runs wrote to files are put back; generators of random numbers and iterators are where a run failed (``undone``), else by who looks (``muting.rewind``).
"""

from __future__ import annotations

import contextlib
import os
import threading
import types
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.tracing.instrument.lent import bytes_of, is_restorable, lender_of, put_bytes
from gradwise.tracing.instrument.muting import put_generator
from gradwise.tracing.instrument.noted_arrays import (
    NotedArray,
    as_held,
    held_in,
    is_changeable_array,
    is_noted,
    note_of,
)
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.taking import copies_of, put_back
from gradwise.tracing.instrument.unwritten import Unmuted

_MISSING = object()
#: containers of more entries are not looked into
_MANY = 1000


class Journal:
    """What the places to which a run writes held before, by their identity."""

    __slots__ = ("_arrays", "_before", "_files", "_held", "done", "generators", "of_failures")

    def __init__(self, *, of_failures: bool = False) -> None:
        self._before: dict[int, tuple[Any, Any]] = {}
        self._arrays: dict[int, NotedArray] = {}
        #: what the places hold, and those: a place that is noted after its array was written to holds what that held before
        self._held: dict[int, NotedArray] = {}
        #: whether it is asked only where a run fails
        self.of_failures = of_failures
        #: generators of random numbers from which the run drew, and iterators from which it took, and where they were
        self.generators: dict[int, tuple[Any, Any]] = {}
        #: what the run did that nobody can undo (``not_undone.py``)
        self.done: list[tuple[Any, Any]] = []
        #: what silent runs wrote to files until now
        self._files: dict[str, bytes | None] = {} if local.files is None else dict(local.files.content)

    def note(self, place: Any) -> None:
        """Keep what a place holds, the first time."""
        if type(place) is tuple:  # with what is noted of it
            place = place[0]
        watch = local.watch
        if watch is not None and id(place) in watch.created:  # it ends with the run
            return
        lender = lender_of(place) if isinstance(place, np.ndarray) else None
        if is_restorable(lender):
            self.note(lender)
        elif type(place) is np.ndarray and place.dtype.kind != "O":
            if lender is not None and self.of_failures:
                return
            if lender is not None and local.muted is not None:
                raise Unmuted("it writes to memory that is not NumPy's")
            self._arrays.setdefault(id(place), note_of(place, self._held))
        elif id(place) not in self._before:
            self._before[id(place)] = place, _content(place, self._held)

    def before(self) -> list[tuple[Any, Any]]:
        """The places that were noted, and what they held."""
        return list(self._before.values())

    def referred(self) -> Collection[int]:
        """The identities of the places to which the journal itself refers."""
        return self._before.keys()

    def places(self) -> list[Any]:
        """The places that were noted, and arrays among them."""
        arrays = [noted.array() for noted in self._arrays.values()]
        return [place for place, _ in self._before.values()] + [a for a in arrays if a is not None]

    def now(self) -> Journal:
        """What the same places hold now."""
        other = Journal()
        for place in self.places():
            other.note(place)
        return other

    def empty(self, apart_from: Collection[int] | None = None) -> None:
        """Empty the dictionaries and sets among the places (or all containers apart from those of some identities), and take away the files to which silent runs wrote, until they are restored."""
        if local.files is not None:
            local.files.hide()
        kinds = (dict, set) if apart_from is None else (dict, set, list, deque)
        for key, (place, _) in self._before.items():
            # the names of a module stay; a list that holds arrays cannot be asked for a text
            stays = isinstance(place, dict) and "__builtins__" in place
            if isinstance(place, kinds) and not stays and key not in (apart_from or ()):
                place.clear()

    def note_within(self, value: Any, depth: int = 4) -> None:
        """Keep what the containers and arrays in a value hold, which another call may write to in place."""
        if is_noted(value):
            self._arrays.setdefault(id(value), note_of(value, self._held))
        elif depth and isinstance(value, (list, dict, deque, set)) and len(value) <= _MANY:
            self.note(value)
            for entry in value.values() if isinstance(value, dict) else value:
                self.note_within(entry, depth - 1)

    def notes(self) -> dict[int, Any]:
        """A dictionary for notes of a run."""
        return Noting(self)

    def restore(self) -> None:
        """Everything that was noted holds what it held."""
        # an object and its dictionary are one place of two names: what was noted first is what it held
        for place, content in reversed(self._before.values()):
            with contextlib.suppress(Exception):  # an object that refuses the value it had
                _put_back(place, content)
        # a part that was noted later held what was written to another by then
        for array in reversed(self._arrays.values()):
            array.put_back()
        if local.files is not None:
            local.files.content = dict(self._files)

    def forget(self) -> None:
        """Forget what was noted: a run that has ended refers to its journal for a while, and who refers to an array is asked."""
        for notes in (self._before, self._arrays, self._held):
            notes.clear()


def _content(place: Any, known: dict[int, NotedArray]) -> Any:
    if isinstance(place, np.ndarray):
        return place.copy()
    if is_restorable(place):
        return bytes_of(place)
    if isinstance(place, ContextVar):
        try:
            return held_in(place.get(), known)
        except LookupError:
            return _MISSING
    if isinstance(place, types.CellType):
        try:
            return held_in(place.cell_contents, known)
        except ValueError:
            return _MISSING
    if place is os.environ:
        return dict(place)
    entries: Any = None
    if isinstance(place, dict):
        entries = {key: held_in(value, known) for key, value in _kind(place).items(place)}
    elif isinstance(place, (list, deque, set)):
        entries = [held_in(value, known) for value in place]
    attributes = own_entries(place)
    if attributes is not None:
        attributes = dict(attributes)
        if not isinstance(place, type):  # whether others refer to an array is asked by how many do: it is not held here
            attributes = {k: note_of(v, known) if is_changeable_array(v) else v for k, v in attributes.items()}
    slots = [
        (slot, slot.__get__(place, type(place)) if _is_set(slot, place) else _MISSING)
        for base in type(place).__mro__
        if "__slots__" in vars(base)
        for slot in vars(base).values()
        if type(slot) is types.MemberDescriptorType
    ]
    return entries, attributes, slots


def _is_set(slot: Any, place: Any) -> bool:
    try:
        slot.__get__(place, type(place))
    except AttributeError:
        return False
    return True


def _put_back(place: Any, content: Any) -> None:
    if isinstance(place, np.ndarray):
        place[...] = content
        return
    if type(content) is bytes:
        put_bytes(place, content)
        return
    if place is os.environ:
        for key in [key for key in place if key not in content]:
            del place[key]
        place.update({key: value for key, value in content.items() if place.get(key) != value})
        return
    if isinstance(place, ContextVar):
        if content is not _MISSING:  # one that never had a value is not set by a run that only looks
            place.set(as_held(place.get(None), content))
        return
    if isinstance(place, types.CellType):
        if content is _MISSING:
            del place.cell_contents
        else:
            try:
                now = place.cell_contents
            except ValueError:
                now = _MISSING
            place.cell_contents = as_held(now, content)
        return
    entries, attributes, slots = content
    if isinstance(place, dict):
        _put_entries_back(place, entries)
    elif isinstance(place, list):
        place[:] = [as_held(place[k] if k < len(place) else None, before) for k, before in enumerate(entries)]
    elif isinstance(place, (deque, set)):
        _now = list(place)  # an array to which nothing else refers is this one still
        place.clear()
        (place.extend if isinstance(place, deque) else place.update)(as_held(None, before) for before in entries)
    if isinstance(place, type):
        for name in set(vars(place)) | set(attributes):
            if vars(place).get(name, _MISSING) is not attributes.get(name, _MISSING):
                if name in attributes:
                    type.__setattr__(place, name, attributes[name])
                else:
                    type.__delattr__(place, name)
    elif attributes is not None:
        _put_attributes_back(
            place.__dict__,
            {name: value.put_back() if type(value) is NotedArray else value for name, value in attributes.items()},
        )
    for slot, value in slots:
        if value is not _MISSING:
            slot.__set__(place, value)
        elif _is_set(slot, place):
            slot.__delete__(place)


def _put_attributes_back(place: dict[str, Any], held: dict[str, Any]) -> None:
    """The attributes that were there, of which none is missing for a moment: other threads may ask for them.  Their order is put back where there are none."""
    if list(place)[: len(held)] != list(held) and threading.active_count() == 1:
        place.clear()
    for name, value in held.items():
        if place.get(name, _MISSING) is not value:
            place[name] = value
    for name in [name for name in place if name not in held]:
        del place[name]


def _put_entries_back(place: dict[Any, Any], entries: dict[Any, Any]) -> None:
    """The entries that were there; those that are there still are not touched, since globals may be read by other threads."""
    kind = _kind(place)
    held = {key: as_held(dict.get(place, key), before) for key, before in entries.items()}
    in_order = list(kind.keys(place))[: len(held)] == list(held) or "__builtins__" in place
    for key in [key for key in kind.keys(place) if key not in held]:
        kind.__delitem__(place, key)
    for key, value in held.items():
        if dict.get(place, key, _MISSING) is not value:
            kind.__setitem__(place, key, value)
        if not in_order:  # the order too, entry by entry: other threads may look for the others
            if kind is OrderedDict:
                OrderedDict.move_to_end(place, key)  # type: ignore[arg-type]
            else:
                dict.pop(place, key)
                dict.__setitem__(place, key, value)


def _kind(place: dict[Any, Any]) -> Any:
    """The class whose methods know the order of a dictionary's entries."""
    return OrderedDict if isinstance(place, OrderedDict) else dict


class Noting(dict[int, Any]):
    """A dictionary of a run's notes that keeps what their places hold."""

    __slots__ = ("journal",)

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self.journal = journal

    def __setitem__(self, key: int, place: Any) -> None:
        self.journal.note(place)
        super().__setitem__(key, place)

    def setdefault(self, key: int, default: Any = None) -> Any:
        """As a dictionary's; a long list to which something will be appended is noted too."""
        self.journal.note(getattr(default, "of", default))
        return super().setdefault(key, default)


@contextlib.contextmanager
def kept() -> Iterator[Journal]:
    """Within it, runs note what they write to; afterwards all is as it was."""
    journal, outer, copies = Journal(), local.journal, local.copied
    local.journal, local.copied = journal, copies_of(copies)
    try:
        yield journal
    finally:
        local.journal, local.copied = outer, copies
        journal.restore()
        for generator, state in journal.generators.values():
            if not hasattr(type(generator), "__next__"):  # of an iterator a copy was taken from
                put_generator(generator, state)


@contextlib.contextmanager
def undone(failure: type[Exception], put: Callable[[Any, Any], None]) -> Iterator[Journal | None]:
    """Within it, what a run that ends by such a failure stored is as it was, and the generators from which it drew: half a call may leave a memory that knows the point, and not yet its value."""
    if local.journal is not None or local.watch is not None:
        yield None
        return
    local.journal = journal = Journal(of_failures=True)
    try:
        yield journal
    except failure as error:
        local.journal = None
        journal.restore()
        error.__dict__["undone"], error.__dict__["done"] = True, tuple(journal.done)
        for noted in journal.generators.values():  # without a name for the iterator here: who refers to it is asked
            (put_back if hasattr(type(noted[0]), "__next__") else put)(noted[0], noted[1])
        raise
    finally:
        local.journal = None
        journal.forget()
