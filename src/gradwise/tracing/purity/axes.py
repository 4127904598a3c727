"""Arrays of numbers of which the number of axes is known, and which may be the caller's: which parts of them are numbers, that no write can reach.

row = table[i]          total = table[i, j]          table = theta.reshape(n, m)          for row in table: …
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.boxes import box
from gradwise.tracing.purity.lattice import is_scalar, is_whole, level, texts_of
from gradwise.tracing.purity.scope import DTYPES
from gradwise.tracing.purity.values import ARRAY, GRID, OWN, SCALAR, SLICE, VECTOR, Constant, Index, Known

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

_BY_AXES = (SCALAR, VECTOR, GRID)


def _is_slice(key: Any) -> bool:
    return key is SLICE or (type(key) is Constant and type(key.value) is slice)


def index_of(entries: list[Any]) -> Index | None:
    """The tuple of these entries, if they are integers and slices."""
    integers = sum(map(is_whole, entries))
    slices = sum(map(_is_slice, entries))
    return Index(integers, slices) if entries and integers + slices == len(entries) else None


def part(array: Any, key: Any) -> Any:
    """``array[key]`` of a vector or a grid: another key raises, or gives some array."""
    if type(key) is Constant and type(key.value) is tuple:
        key = index_of([Constant(k) for k in key.value])
    elif type(key) is not Index:
        key = index_of([key])
    axes = _BY_AXES.index(array)
    if key is None or key.integers + key.slices > axes:
        return ARRAY
    return _BY_AXES[axes - key.integers]


def shaped(m: Machine, array: Any, name: str, arguments: list[Any]) -> Any:
    """``array.reshape(n, m)`` and other methods of arrays of numbers that tell how many axes there are; None if they do not."""
    if name == "astype" and arguments and level(array) is not None and is_dtype_of_numbers(arguments[0]):
        return OWN  # a copy, of entries that become numbers where they were none
    if level(array) is not ARRAY:
        return None
    if name == "reshape":
        axes = _axes_of(arguments)
        return _BY_AXES[axes] if axes in (1, 2) else None
    if name == "ravel":
        return VECTOR
    if name == "item":
        return SCALAR
    if name == "tolist" and not arguments and array in (VECTOR, GRID):
        row = box(m, "list", SCALAR)
        return row if array is VECTOR else box(m, "list", row, beside="[]")
    return None


def is_dtype_of_numbers(dtype: Any) -> bool:
    """Whether a dtype is surely one of numbers."""
    if type(dtype) is Known:
        return dtype.value in DTYPES
    texts = texts_of(dtype)
    try:
        return texts is not None and all(np.dtype(text).kind in "fciub" for text in texts)
    except TypeError:
        return False


#: functions that give the array itself, or a copy of it
_KEEPING = (np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray)


def as_array(function: Any, arguments: list[Any]) -> Any:
    """What a function of NumPy's gives of which an array of numbers is known."""
    keeps = any(function is one for one in _KEEPING) and arguments[:1] in ([VECTOR], [GRID])
    return arguments[0] if keeps else ARRAY


def _axes_of(arguments: list[Any]) -> int | None:
    if len(arguments) > 1:
        return len(arguments) if all(map(is_scalar, arguments)) else None
    (shape,) = arguments or (None,)
    if type(shape) is Index:
        return shape.integers
    if type(shape) is Constant and type(shape.value) is tuple:
        return len(shape.value)
    return 1 if shape is not None and is_scalar(shape) else None
