"""``x.flat``: the entries of a traced array in C order."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.tracing import indexing
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.traced import TracedArray, isinstance_traced


class Flat:
    """``x.flat``: the entries in C order, readable and writable."""

    def __init__(self, array: TracedArray) -> None:
        self.array = array

    def __iter__(self) -> Any:
        return iter(self.array.reshape(-1))

    def __len__(self) -> int:
        return int(self.array.size)

    def __getitem__(self, key: Any) -> Any:
        taken = self.array.reshape(-1)[key]
        return taken.copy() if type(taken) is TracedArray else taken

    def __setitem__(self, key: Any, value: Any) -> None:
        array = self.array
        places = np.arange(len(self))[indexing._plain_key(key)]
        if not isinstance_traced(value):
            value = indexing.stacked(value) if isinstance(value, (list, tuple)) else np.asarray(value)
        if np.ndim(plain(value)):  # the values in order, again and again
            value = value.reshape(-1)[np.arange(np.size(places)) % np.size(plain(value))].reshape(np.shape(places))
        if array.current().flags.c_contiguous:
            array.reshape(-1)[places] = value
        else:
            array[np.unravel_index(places, array.shape)] = value
