"""Keys of ``x[key]``: as NumPy takes them, with plain numbers, and as a program holds them."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from gradwise.rules.shapes import FULL
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.holders import TWINS, written
from gradwise.tracing.traced import TracedScalar, isinstance_traced

#: the types of the parts of a slice that a program can hold as they are
BOUNDS = (int, type(None))


def as_position(entry: Any) -> int | None:
    """The entry as an integer, if it is one."""
    cls = type(entry)
    if cls is int:
        return entry
    if cls is bool or cls is np.bool_:
        return None
    if cls is TracedScalar and entry.value.__class__ in (bool, np.bool_):
        return None
    try:
        return operator.index(entry)
    except TypeError:
        return None


def _bound(value: Any) -> int | None:
    return None if value is None else operator.index(value)


def split_key(key: Any, shape: tuple[int, ...]) -> tuple[tuple[Any, ...], list[Any]]:
    """The key in program form, and its index arrays (plain or traced integer arrays)."""
    entries = list(key) if type(key) is tuple else [key]
    arrays: list[Any] = []
    out: list[Any] = []
    used = 0
    expanded: list[Any] = []
    for entry in entries:
        if TWINS:
            entry = written(entry)
        if isinstance(entry, (list, range)) and not isinstance_traced(entry):
            items = list(entry)
            if any(isinstance_traced(i) for i in items):
                items = [concrete(i, "index") for i in items]
            entry = np.asarray(items) if items else np.empty(0, np.intp)
        expanded.append(entry)
    for entry in expanded:
        if entry is None or entry is Ellipsis:
            continue
        value = plain(entry)
        if type(value) in (bool, np.bool_):
            continue
        used += value.ndim if type(value) is np.ndarray and value.dtype.kind == "b" else 1
    if used > len(shape):
        raise IndexError(f"too many indices for array: array is {len(shape)}-dimensional, but {used} were indexed")
    if sum(e is Ellipsis for e in expanded) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    axis = 0
    for entry in expanded:
        if entry is Ellipsis:
            out.extend([FULL] * (len(shape) - used))
            axis += len(shape) - used
        elif entry is None:
            out.append(None)
        elif type(entry) is slice:
            out.append(("slice", _bound(entry.start), _bound(entry.stop), _bound(entry.step)))
            axis += 1
        else:
            number = as_position(entry) if np.ndim(plain(entry)) == 0 else None
            if number is not None:
                n = shape[axis]
                if not -n <= number < n:
                    raise IndexError(f"index {number} is out of bounds for axis {axis} with size {n}")
                out.append(number + n if number < 0 else number)
                axis += 1
                continue
            value = plain(entry)
            if type(value) is not np.ndarray:
                value = np.asarray(value)
            if value.dtype.kind == "b":
                mask = np.asarray(concrete(entry, "mask"))
                for position in np.nonzero(mask):
                    arrays.append(position)
                    out.append(("array", len(arrays) - 1))
                if mask.shape != shape[axis : axis + mask.ndim]:
                    raise IndexError(
                        f"boolean index did not match indexed array along axis {axis}; size of axis is {shape[axis : axis + mask.ndim]} "
                        f"but size of corresponding boolean axis is {mask.shape}"
                    )
                axis += mask.ndim
            elif value.dtype.kind in "iu":
                arrays.append(entry if isinstance_traced(entry) else value)
                out.append(("array", len(arrays) - 1))
                axis += 1
            else:
                raise IndexError(
                    "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or boolean arrays are valid indices"
                )
    out.extend([FULL] * (len(shape) - axis))
    return tuple(out), arrays


def is_single_boolean(entry: Any) -> bool:
    """Whether an entry is one truth value, which takes no axis and makes one."""
    value = plain(entry)
    return type(value) in {bool, np.bool_} or (
        type(value) is np.ndarray and value.dtype.kind == "b" and value.ndim == 0
    )


def consumed(entry: Any) -> int:
    """How many axes of the indexed array an entry other than an ellipsis takes."""
    if entry is None or is_single_boolean(entry):
        return 0
    if isinstance(entry, list) and not isinstance_traced(entry):
        entry = np.asarray([plain(e) for e in entry])
    value = plain(entry)
    return value.ndim if type(value) is np.ndarray and value.dtype.kind == "b" else 1


def is_index(entry: Any) -> bool:
    """Whether an entry is a position or an array of them."""
    return entry is not None and entry is not Ellipsis and type(entry) is not slice


def index_rank(entry: Any) -> int:
    """The rank of the positions that an index entry gives."""
    if isinstance(entry, list) and not isinstance_traced(entry):
        entry = np.asarray([plain(e) for e in entry])
    value = np.asarray(plain(entry))
    return 1 if value.dtype.kind == "b" else value.ndim


def is_special(key: Any) -> bool:
    """Whether ``_ordinary`` has something to do."""
    if type(key) is not tuple:
        return is_single_boolean(key)
    return any(is_single_boolean(e) for e in key) or (
        any(e is Ellipsis for e in key)
        and sum(is_index(e) for e in key) > 1
        and not all(as_position(e) is not None for e in key if is_index(e))
    )


def plain_program_key(key: Any, shape: tuple[int, ...], arrays: list[Any] | None = None) -> tuple[Any, ...] | None:
    """The program form of an int, or of a tuple of ints and plain slices; None for anything else, and for what is out of range.

    Plain arrays of integers may be among them if there is a list ``arrays``, to which they are added.
    """
    entries = key if type(key) is tuple else (key,)
    rest = len(shape) - len(entries)
    if rest < 0:
        return None
    out: list[Any] = []
    for entry, n in zip(entries, shape, strict=False):
        cls = type(entry)
        if cls is int:
            if not -n <= entry < n:
                return None
            out.append(entry + n if entry < 0 else entry)
        elif cls is slice and type(entry.start) in BOUNDS and type(entry.stop) in BOUNDS and type(entry.step) in BOUNDS:
            out.append(("slice", entry.start, entry.stop, entry.step))
        elif arrays is not None and cls is np.ndarray and entry.ndim and entry.dtype.kind in "iu":
            out.append(("array", len(arrays)))
            arrays.append(entry)
        else:
            return None
    return (*out, *(FULL,) * rest) if rest else tuple(out)


def plain_key(key: Any) -> Any:
    """The key with which NumPy indexes the plain array."""
    if type(key) is tuple:
        return tuple(_plain_entry(k) for k in key)
    return _plain_entry(key)


def _plain_entry(entry: Any) -> Any:
    if isinstance_traced(entry):
        return entry.current()
    if type(entry) is slice:
        return slice(plain(entry.start), plain(entry.stop), plain(entry.step))
    if isinstance(entry, list):
        return [plain(e) for e in entry]
    return entry
