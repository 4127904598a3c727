"""What a place holds that code may change, and how it is put back: an object's attributes, a container's entries, a cell's content, an array's numbers, a generator's state.

    before = content(place, known)
    put_back(place, before)            # place holds what it held, entry by entry

Arrays are not held, since whether others refer to one is asked by how many do: their numbers are.
"""

from __future__ import annotations

import operator
import os
import sys
import threading
import types
import weakref
from collections import OrderedDict, deque
from contextvars import ContextVar
from typing import Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.tracing.instrument import states
from gradwise.tracing.instrument.atoms import ATOMS
from gradwise.tracing.instrument.lent import (
    bytes_of,
    is_gone,
    is_restorable,
    may_be_written,
    put_bytes,
    put_numbers,
)
from gradwise.tracing.instrument.references import Ours
from gradwise.tracing.layout import copy_in_layout
from gradwise.tracing.views import taken, way_to

MISSING = object()


class Known(dict[int, "Numbers"]):
    """What arrays hold, by their identity; with ``most``, of larger ones nothing but that they are there.

    Attributes
    ----------
    most : int or None
    tuples : dict
        With ``most``, the tuples that were met, by identity: to each of them there is one reference here, since who refers to one that holds arrays is asked (``sharing.py``).
    """

    __slots__ = ("most", "tuples")

    def __init__(self, most: int | None = None) -> None:
        super().__init__()
        self.most = most
        self.tuples: dict[int, Tuple] = {}


class Tuple:
    """A tuple that a place holds."""

    __slots__ = ("value",)

    def __init__(self, value: tuple[Any, ...]) -> None:
        self.value = value


class Numbers:
    """What an array in an attribute holds; without numbers, that it is there."""

    __slots__ = ("array", "memory", "numbers", "other", "way")

    def __init__(self, array: np.ndarray, most: int | None = None) -> None:
        self.array = Ours(array)
        self.numbers: Any = copy_in_layout(array) if most is None or array.nbytes <= most else None
        #: of which array it is a view, and how
        self.memory: weakref.ref[Any] | None = None
        self.way: list[tuple[str, Any]] | None = None
        if type(array) is np.ndarray and type(array.base) is np.ndarray:
            self.memory, self.way = Ours(array.base), way_to(array)
        #: what took its place, since nobody else had it: one array wherever it was
        self.other: weakref.ref[np.ndarray] | None = None

    def standing(self) -> np.ndarray:
        """The array, or the one with its numbers that took its place."""
        array = self.array()
        if array is None:
            array = None if self.other is None else self.other()
            if array is None:
                array = self._viewed()
                self.other = weakref.ref(array)
            else:
                array[...] = self.numbers
        return array

    def _viewed(self) -> np.ndarray:
        """The same view of the same array, if that is alive; else an array of its own."""
        memory = None if self.memory is None else self.memory()
        if memory is None or self.way is None:
            return copy_in_layout(self.numbers)
        view: np.ndarray = taken(memory, self.way)
        view[...] = self.numbers
        return view

    def put_back(self) -> np.ndarray:
        """The array, or another one with its numbers where nobody else has it."""
        array = self.array()
        if array is None:
            return self.standing()
        if self.numbers is not None:
            put_numbers(array, self.numbers)
        return array

    def is_gone(self) -> bool:
        """Whether nothing is known of it any more."""
        return self.numbers is None and self.array() is None

    def stands(self, now: Any) -> bool:
        """Whether this is the array, with its numbers."""
        array = self.array()
        if array is None or array is not now or self.numbers is None:
            return array is now
        return array.shape == self.numbers.shape and np.asarray(array).tobytes() == np.asarray(self.numbers).tobytes()


#: arrays of so many bytes are held as they are
_LARGE = 1 << 22


def held_of(value: Any, known: Known) -> Any:
    """An entry or the content of a cell: of an array its numbers, since whether others refer to it is asked by how many do."""
    if known.most is not None and issubclass(type(value), tuple):
        return known.tuples.setdefault(id(value), Tuple(value))
    return noted(value, known) if is_noted(value, known) else value


def _is_array(value: Any) -> bool:
    return issubclass(type(value), np.ndarray) and may_be_written(value)


def is_noted(value: Any, known: Known) -> bool:
    """Whether of a value the numbers are kept."""
    return _is_array(value) and value.dtype.kind != "O" and (known.most is not None or value.nbytes <= _LARGE)


def noted(array: np.ndarray, known: Known) -> Numbers:
    """The note of an array, one for all the places that hold it."""
    note = known.get(id(array))
    if note is None or note.array() is not array:
        note = known[id(array)] = Numbers(array, known.most)
    return note


def _as_held(now: Any, before: Any) -> Any:
    """What was held there: the array itself if it is still alive.  What was written to it is noted by itself."""
    if type(before) is Tuple:
        return before.value
    if type(before) is not Numbers:
        return before
    return now if (now is not None and before.array() is now) or before.is_gone() else before.standing()


def is_held(now: Any, before: Any) -> bool:
    """Whether this is what was held, or a number or text that is equal."""
    if type(before) is Numbers:
        return before.stands(now)
    if type(before) is Tuple:
        return now is before.value
    return now is before or (type(now) is type(before) and type(now) in _BY_VALUE and bool(now == before))


_BY_VALUE = ATOMS | {states.Told}


def content(place: Any, known: Known) -> Any:
    """What a place holds."""
    kind = type(place)  # a class of the user's may answer for the class of its objects
    if issubclass(kind, np.ndarray):
        return place.copy()
    if is_restorable(place):
        return bytes_of(place)
    if kind is ContextVar or kind is types.CellType:
        return held_of(_value_of(place), known)
    if place is os.environ:
        return dict(place)
    entries: Any = None
    if issubclass(kind, dict):  # without a look at the keys, whose classes may count that
        entries = [(key, held_of(value, known)) for key, value in _kind(place).items(place)]
    elif issubclass(kind, (list, deque, set)):
        entries = [held_of(value, known) for value in _entries_of(place)]
    attributes = own_entries(place)
    if attributes is not None:
        attributes = dict(attributes)
        # whether others refer to an array is asked by how many do: it is not held here
        if known.most is not None or not issubclass(kind, type):
            attributes = {k: noted(v, known) if _is_array(v) else held_of(v, known) for k, v in attributes.items()}
    slots = [(slot, held_of(_in_slot(slot, place), known)) for slot in _slots(kind)]
    return entries, attributes, [*slots, *states.content(place)]


def holds(place: Any, before: Any) -> bool:
    """Whether a place holds what it held, as far as can be seen without asking the user's classes."""
    kind = type(place)
    if issubclass(kind, np.ndarray):
        return place.shape == before.shape and all(map(operator.is_, place.flat, before.flat))
    if type(before) is bytes:
        return is_gone(place) or bytes_of(place) == before
    if kind is ContextVar or kind is types.CellType:
        return is_held(_value_of(place), before)
    if place is os.environ:
        return dict(place) == before
    entries, attributes, slots = before
    if issubclass(kind, dict) and not _holds_items(list(_kind(place).items(place)), entries):
        return False
    if issubclass(kind, (list, deque, set)) and not _holds_entries(_entries_of(place), entries):
        return False
    if attributes is not None:
        now = own_entries(place)
        if list(now) != list(attributes) or not all(is_held(now[k], v) for k, v in attributes.items()):
            return False
    return all(is_held(_in_slot(slot, place), value) for slot, value in slots)


def _holds_items(now: list[tuple[Any, Any]], before: list[tuple[Any, Any]]) -> bool:
    now, before = ([pair for pair in pairs if pair[0] is not _WARNED] for pairs in (now, before))
    return len(now) == len(before) and all(a is b and is_held(v, w) for (a, v), (b, w) in zip(now, before, strict=True))


#: under this name a module notes of what it warned
_WARNED = sys.intern("__warningregistry__")


def _holds_entries(now: list[Any], before: list[Any]) -> bool:
    return len(now) == len(before) and all(map(is_held, now, before))


def _entries_of(place: Any) -> list[Any]:
    """The entries, as the container has them."""
    for kind in (list, deque, set):
        if issubclass(type(place), kind):
            return list(kind.__iter__(place))
    return []


def _value_of(place: Any) -> Any:
    try:
        return place.get() if type(place) is ContextVar else place.cell_contents
    except (LookupError, ValueError):
        return MISSING


def _slots(kind: type) -> list[Any]:
    return [
        slot
        for base in kind.__mro__
        if "__slots__" in vars(base)
        for slot in vars(base).values()
        if type(slot) is types.MemberDescriptorType
    ]


def _in_slot(slot: Any, place: Any) -> Any:
    try:
        return slot.__get__(place, type(place))
    except AttributeError:
        return MISSING


def put_back(place: Any, content: Any) -> None:
    """The place holds what it held."""
    kind = type(place)
    if issubclass(kind, np.ndarray):
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
    if kind is ContextVar:
        if content is not MISSING:  # one that never had a value is not set by a run that only looks
            place.set(_as_held(place.get(None), content))
        return
    if kind is types.CellType:
        if content is MISSING:
            del place.cell_contents
        else:
            place.cell_contents = _as_held(_value_of(place), content)
        return
    entries, attributes, slots = content
    if issubclass(kind, dict):
        _put_entries_back(place, entries)
    elif issubclass(kind, list):
        now = _entries_of(place)
        place[:] = [_as_held(now[k] if k < len(now) else None, before) for k, before in enumerate(entries)]
    elif issubclass(kind, (deque, set)) and not _holds_entries(_entries_of(place), entries):
        _now = list(place)  # an array to which nothing else refers is this one still
        place.clear()
        (place.extend if issubclass(kind, deque) else place.update)(_as_held(None, before) for before in entries)
    if issubclass(kind, type):
        held = {name: _as_held(vars(place).get(name), value) for name, value in attributes.items()}
        for name in set(vars(place)) | set(held):
            if vars(place).get(name, MISSING) is not held.get(name, MISSING):
                if name in held:
                    type.__setattr__(place, name, held[name])
                else:
                    type.__delattr__(place, name)
    elif attributes is not None:
        _put_attributes_back(
            own_entries(place),
            {
                name: value.put_back() if type(value) is Numbers else _as_held(None, value)
                for name, value in attributes.items()
                if not (type(value) is Numbers and value.is_gone())
            },
        )
    for slot, value in slots:
        if value is not MISSING:
            slot.__set__(place, _as_held(_in_slot(slot, place), value))
        elif _in_slot(slot, place) is not MISSING:
            slot.__delete__(place)


def _put_attributes_back(place: dict[str, Any], held: dict[str, Any]) -> None:
    """The attributes that were there, of which none is missing for a moment: other threads may ask for them.  Their order is put back where there are none."""
    if list(place)[: len(held)] != list(held) and threading.active_count() == 1:
        place.clear()
    for name, value in held.items():
        if place.get(name, MISSING) is not value:
            place[name] = value
    for name in [name for name in place if name not in held]:
        del place[name]


def _put_entries_back(place: dict[Any, Any], entries: list[tuple[Any, Any]]) -> None:
    """The entries that were there; those that are there still are not touched, since globals may be read by other threads, and keys may count that they are asked."""
    kind = _kind(place)
    items = list(kind.items(place))
    if len(items) == len(entries) and all(
        a is b and v is _as_held(v, w) for (a, v), (b, w) in zip(items, entries, strict=True)
    ):
        return
    held = {key: _as_held(dict.get(place, key), before) for key, before in entries}
    in_order = list(kind.keys(place))[: len(held)] == list(held) or "__builtins__" in place
    for key in [key for key in kind.keys(place) if key not in held]:
        kind.__delitem__(place, key)
    for key, value in held.items():
        if dict.get(place, key, MISSING) is not value:
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
