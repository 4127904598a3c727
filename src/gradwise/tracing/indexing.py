"""Indexing traced arrays: NumPy's keys in the form that programs have.

A key becomes a tuple with one entry per axis (``rules/shapes.py``) and a list of index arrays.  Masks become the positions of their true entries, since their number is a shape; a
mask that is traced is guarded.  Basic indexing gives views, advanced indexing copies.
"""

from __future__ import annotations

import dis
import operator
import sys
from typing import Any

import numpy as np

from gradwise.rules.shapes import FULL, getitem
from gradwise.tracing.aliasing import foreign_write
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.holders import HOLDERS, TWINS, written
from gradwise.tracing.places import place_of
from gradwise.tracing.traced import (
    TracedArray,
    TracedScalar,
    isinstance_traced,
    keep_operands,
    operand_index,
)

_STORE = dis.opmap["STORE_SUBSCR"]
_getframe = sys._getframe


def _position(entry: Any) -> int | None:
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
            number = _position(entry) if np.ndim(plain(entry)) == 0 else None
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


def _is_single_boolean(entry: Any) -> bool:
    value = plain(entry)
    return type(value) in {bool, np.bool_} or (
        type(value) is np.ndarray and value.dtype.kind == "b" and value.ndim == 0
    )


def _consumed(entry: Any) -> int:
    """How many axes of the indexed array an entry other than an ellipsis takes."""
    if entry is None or _is_single_boolean(entry):
        return 0
    if isinstance(entry, list) and not isinstance_traced(entry):
        entry = np.asarray([plain(e) for e in entry])
    value = plain(entry)
    return value.ndim if type(value) is np.ndarray and value.dtype.kind == "b" else 1


def _ordinary(self: Any, key: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...], int | None]:
    """A key with single booleans, or with an ellipsis for no axis between index arrays, as an ordinary key of a view.

    A single boolean is an index array of length 1 or 0 on a new axis.  An ellipsis separates index arrays even where it stands for no axis, and so does a new
    axis, which the result then has too much, at the place that is returned.
    """
    rank = np.ndim(self.value)
    rest = rank - sum(_consumed(e) for e in key if e is not Ellipsis)
    before: list[Any] = []
    entries: list[Any] = []
    surplus = None
    for i, entry in enumerate(key):
        if entry is Ellipsis:
            before.extend([slice(None)] * rest)
            if rest == 0 and any(_is_index(e) for e in key[:i]) and any(_is_index(e) for e in key[i + 1 :]):
                surplus = len([e for e in key[:i] if not _is_index(e)])
                entries.append(None)
            else:
                entries.append(Ellipsis)
        elif _is_single_boolean(entry):
            before.append(None)
            entries.append(np.zeros(1 if concrete(entry, "mask") else 0, np.intp))
        else:
            before.extend([slice(None)] * _consumed(entry))
            entries.append(entry)
    view = self[tuple(before)] if None in before else self
    if surplus is not None:  # the broadcast index arrays come first in the result
        indices = [
            np.empty(0) if isinstance(e, (int, np.integer)) else e for e in entries if e is not None and _is_index(e)
        ]
        shapes = [np.shape(plain(e)) for e in indices if np.ndim(plain(e))]
        surplus += max((_index_rank(e) for e in indices), default=0) if shapes else 0
    return view, tuple(entries), surplus


def _is_index(entry: Any) -> bool:
    return entry is not None and entry is not Ellipsis and type(entry) is not slice


def _index_rank(entry: Any) -> int:
    """The rank of the positions that an index entry gives."""
    if isinstance(entry, list) and not isinstance_traced(entry):
        entry = np.asarray([plain(e) for e in entry])
    value = np.asarray(plain(entry))
    return 1 if value.dtype.kind == "b" else value.ndim


def _special(key: Any) -> bool:
    """Whether ``_ordinary`` has something to do."""
    if type(key) is not tuple:
        return _is_single_boolean(key)
    return any(_is_single_boolean(e) for e in key) or (
        any(e is Ellipsis for e in key)
        and sum(_is_index(e) for e in key) > 1
        and not all(_position(e) is not None for e in key if _is_index(e))
    )


def _plain_program_key(key: Any, shape: tuple[int, ...], arrays: list[Any] | None = None) -> tuple[Any, ...] | None:
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
        elif (
            cls is slice
            and type(entry.start) in _BOUNDS
            and type(entry.stop) in _BOUNDS
            and type(entry.step) in _BOUNDS
        ):
            out.append(("slice", entry.start, entry.stop, entry.step))
        elif arrays is not None and cls is np.ndarray and entry.ndim and entry.dtype.kind in "iu":
            out.append(("array", len(arrays)))
            arrays.append(entry)
        else:
            return None
    return (*out, *(FULL,) * rest) if rest else tuple(out)


def get(self: TracedArray, key: Any) -> Any:
    """``self[key]``."""
    trace = self.tape
    if not trace.open:
        return self.current()[_plain_key(key)]
    root = self.root
    if root is not None and self.version != root.version:
        self.refresh()
    value = self.value
    arrays: list[Any]
    cls = type(key)
    if cls is int:
        out = value[key]
        n = value.shape[0]
        program_key: tuple[Any, ...] = (key + n if key < 0 else key, *(FULL,) * (value.ndim - 1))
        arrays = []
    elif cls is slice and type(key.start) in _BOUNDS and type(key.stop) in _BOUNDS and type(key.step) in _BOUNDS:
        out = value[key]
        program_key = (("slice", key.start, key.stop, key.step), *(FULL,) * (value.ndim - 1))
        arrays = []
    elif (quick := _plain_program_key(key, value.shape, arrays := [])) is not None:
        program_key = quick
        out = value[key]
    else:
        if isinstance(key, str) or (isinstance(key, list) and key and isinstance(key[0], str)):
            raise IndexError("traced arrays have no named fields. Arrays of numbers are required")
        if _special(key):
            view, key, surplus = _ordinary(self, key if type(key) is tuple else (key,))
            if view is not self or surplus is not None:
                result = view[key]
                return result if surplus is None else np.squeeze(result, surplus)
        program_key, arrays = split_key(key, value.shape)
        out = value[_plain_key(key)]
    where = trace.where
    if where is None:
        trace.where = place_of(_getframe(1))
    try:
        if arrays:
            indices = tuple(operand_index(trace, a, None) for a in arrays)
            keep_operands(getitem, (self, *arrays), trace)
            index = trace.record(getitem, (self.index, *indices), (program_key,), None)
            if type(out) is np.ndarray:
                return TracedArray(trace, index, out)
            trace.values[index] = out
            return TracedScalar(trace, index, out)
        if type(out) is np.ndarray:
            index = trace.record(getitem, (self.index,), (program_key,), None)
            return self.child_view(getitem, (program_key,), index, out)
        return TracedScalar(trace, trace.record(getitem, (self.index,), (program_key,), out), out)
    finally:
        trace.where = where


_BOUNDS = (int, type(None))


def _plain_key(key: Any) -> Any:
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


def ordinary_write(self: Any, key: Any, updates: Any) -> tuple[Any, Any, Any]:
    """The view, key and updates with which ``self[key] = updates`` is an ordinary write."""
    if not _special(key):
        return self, key, updates
    view, key, surplus = _ordinary(self, key if type(key) is tuple else (key,))
    if surplus is not None:
        shape = list(view.value[_plain_key(key)].shape)
        del shape[surplus]
        updates = stacked(updates) if isinstance(updates, (list, tuple)) else updates
        updates = np.expand_dims(np.broadcast_to(updates, tuple(shape)), surplus)
    return view, key, updates


def put(self: TracedArray, key: Any, updates: Any) -> None:
    """``self[key] = updates``."""
    trace = self.tape
    if not trace.open:
        self.current()[_plain_key(key)] = plain(updates)
        return
    where = trace.where
    if where is None:
        trace.where = place_of(_getframe(1))
    try:
        self.sync()
        program_key: Any = _plain_program_key(key, self.value.shape)
        kind = type(updates)
        if program_key is not None and (
            kind is float or kind is int or (kind is TracedScalar and updates.tape is trace)
        ):
            self.write(program_key, (), updates)  # the common case: one number
            return
        if kind is TracedArray and type(key) is int and where is None and _shuffles(self, updates):
            raise trace.fail(
                "np.random.shuffle was called with a traced array of several axes, whose rows it would mix up: a row is a view. A permutation of indices is "
                "required. Write x[rng.permutation(len(x))]"
            )
        view, key, updates = ordinary_write(self, key, updates)
        if view is not self:
            view[key] = updates
            return
        if isinstance_traced(updates) and updates.tape.open and updates.tape.level > trace.level:
            raise foreign_write(self)
        if isinstance(updates, (list, tuple)) and not isinstance_traced(updates):
            updates = stacked(updates)
        program_key, arrays = split_key(key, self.value.shape)
        updates = written(updates)
        if type(updates) in HOLDERS:
            raise trace.fail(
                "a masked array with masked entries, or records, of traced numbers were assigned to an ordinary array, which takes numbers only. "
                "Write x.filled(0.0), or the field that is meant"
            )
        if not isinstance_traced(updates):
            updates = np.asarray(updates) if not np.isscalar(updates) else updates
            if trace.texts and np.asarray(updates).dtype.kind in "US":  # numbers are read from it
                trace.looked_up = trace.recalled = True
        shape = np.shape(plain(updates))
        if len(shape) > 1 and shape[0] == 1:  # NumPy leaves out axes in front that the place has not
            surplus_axes = len(shape) - np.ndim(self.value[_plain_key(key)])
            updates = (
                updates.reshape(shape[surplus_axes:])
                if surplus_axes > 0 and set(shape[:surplus_axes]) == {1}
                else updates
            )
        self.write(program_key, tuple(arrays), updates)
    finally:
        trace.where = where


def _shuffles(array: TracedArray, updates: TracedArray) -> bool:
    """Whether a part of an array is written into the array itself by compiled code, and not by an assignment that the user wrote."""
    if updates.base_array() is not array.base_array():
        return False
    code, offset = array.tape.where
    return code.co_code[offset] != _STORE


def stacked(items: Any) -> Any:
    """A nested sequence as one array, traced if anything in it is."""
    if not contains_traced(items):
        return np.asarray(items)
    parts = [stacked(i) if isinstance(i, (list, tuple)) and not isinstance_traced(i) else i for i in items]
    shapes = {np.shape(plain(p)) for p in parts}
    if len(shapes) > 1:
        raise ValueError(
            f"a sequence of arrays of different shapes was given: {sorted(shapes)}. Equal shapes are required to make one array of them"
        )
    return np.stack(parts)


def contains_traced(items: Any) -> bool:
    """Whether a value, or anything in a nested sequence, is traced."""
    if isinstance_traced(items):
        return True
    return isinstance(items, (list, tuple)) and any(contains_traced(i) for i in items)
