"""``x.flat``: the entries of a traced array in C order."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from gradwise.tracing import indexing, keys
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.traced import TracedArray, isinstance_traced


class Flat:
    """``x.flat``: the entries in C order, readable and writable."""

    def __init__(self, array: TracedArray) -> None:
        self.array = array
        #: the number of the next entry
        self.index = 0

    @property
    def base(self) -> TracedArray:
        return self.array

    def copy(self) -> Any:
        return self.array.reshape(-1).copy()

    def __array_ufunc__(self, function: Any, method: str, *operands: Any, **options: Any) -> Any:
        return getattr(function, method)(*map(_entries, operands), **options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return function(*map(_entries, args), **{k: _entries(v) for k, v in kwargs.items()})

    @property
    def coords(self) -> tuple[int, ...]:
        """The place of the next entry."""
        size = len(self)
        places = np.unravel_index(min(self.index, max(size - 1, 0)), self.array.shape) if size else ()
        first = (self.array.shape[0], *[0] * (self.array.ndim - 1)) if self.index >= size and self.array.ndim else None
        return tuple(map(int, places)) if first is None else first

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        if self.index >= len(self):
            raise StopIteration
        self.index += 1
        return self.array.reshape(-1)[self.index - 1]

    def __len__(self) -> int:
        return int(self.array.size)

    def __getitem__(self, key: Any) -> Any:
        self.index = 0  # as NumPy's
        taken = self.array.reshape(-1)[key]
        return taken.copy() if type(taken) is TracedArray else taken

    def __setitem__(self, key: Any, value: Any) -> None:
        array = self.array
        self.index = 0
        places = np.arange(len(self))[keys.plain_key(key)]
        if not isinstance_traced(value):
            value = indexing.stacked(value) if isinstance(value, (list, tuple)) else np.asarray(value)
        if not np.size(plain(value)):
            return
        if np.ndim(plain(value)):  # the values in order, again and again
            value = value.reshape(-1)[np.arange(np.size(places)) % np.size(plain(value))].reshape(np.shape(places))
        if array.current().flags.c_contiguous:
            array.reshape(-1)[places] = value
        else:
            array[np.unravel_index(places, array.shape)] = value


def _entries(x: Any) -> Any:
    """The entries of what goes over an array, also in lists; anything else as it is."""
    if type(x) is Flat:
        return x.array.reshape(-1)
    return type(x)(map(_entries, x)) if type(x) in (list, tuple) else x


def _comparison(name: str) -> Any:
    function = getattr(operator, name)

    def compare(self: Flat, other: Any) -> Any:
        return function(_entries(self), _entries(other))

    compare.__name__ = f"__{name}__"
    compare.__doc__ = "Entry by entry."
    return compare


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Flat, f"__{_name}__", _comparison(_name))
Flat.__hash__ = None  # type: ignore[assignment]  # as NumPy's
