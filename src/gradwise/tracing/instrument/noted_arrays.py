"""Arrays as a journal keeps them (``journal.py``): their numbers, and weakly themselves, since whether others refer to an array is asked by how many do.

note = note_of(array, known)      # one note for all the places that hold the array
note.put_back()                 # the array with its numbers, or another one in its place where nobody else has it
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from gradwise.tracing.instrument.lent import put_numbers
from gradwise.tracing.instrument.references import Ours
from gradwise.tracing.layout import copy_in_layout
from gradwise.tracing.views import taken, way_to


class NotedArray:
    """What an array in an attribute holds."""

    __slots__ = ("array", "memory", "numbers", "other", "way")

    def __init__(self, array: np.ndarray) -> None:
        self.array = Ours(array)
        self.numbers = copy_in_layout(array)
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
        put_numbers(array, self.numbers)
        return array


#: arrays of so many bytes are held as they are
_LARGE = 1 << 22


def held_in(value: Any, known: dict[int, NotedArray]) -> Any:
    """An entry or the content of a cell: of an array its numbers, since whether others refer to it is asked by how many do."""
    return note_of(value, known) if is_noted(value) else value


def is_changeable_array(value: Any) -> bool:
    """Whether a value is an array that may be written to."""
    return issubclass(type(value), np.ndarray) and value.flags.writeable


def is_noted(value: Any) -> bool:
    """Whether the numbers of a value are kept."""
    return is_changeable_array(value) and value.nbytes <= _LARGE and value.dtype.kind != "O"


def note_of(array: np.ndarray, known: dict[int, NotedArray]) -> NotedArray:
    """The note of an array, one for all the places that hold it."""
    note = known.get(id(array))
    if note is None or note.array() is not array:
        note = known[id(array)] = NotedArray(array)
    return note


def as_held(now: Any, before: Any) -> Any:
    """What was held there: the array itself if it is still alive.  What was written to it is noted by itself."""
    if type(before) is not NotedArray:
        return before
    return now if now is not None and before.array() is now else before.standing()
