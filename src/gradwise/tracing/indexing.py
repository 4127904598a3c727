"""Indexing traced arrays: NumPy's keys in the form that programs have.

A key becomes a tuple with one entry per axis (``rules/shapes.py``) and a list of index arrays.  Masks become the positions of their true entries, since their number is a shape; a
mask that is traced is guarded.  Basic indexing gives views, advanced indexing copies.
"""

from __future__ import annotations

import dis
import sys
from typing import Any

import numpy as np

from gradwise.rules.shapes import FULL, getitem, scatter_set
from gradwise.tracing.aliasing import foreign_write
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.array_likes import GIVEN
from gradwise.tracing.failing import decided
from gradwise.tracing.holders import HOLDERS, written
from gradwise.tracing.keys import (
    BOUNDS,
    consumed,
    index_rank,
    is_index,
    is_single_boolean,
    is_special,
    plain_key,
    plain_program_key,
    split_key,
)
from gradwise.tracing.places import place_of
from gradwise.tracing.traced import (
    TracedArray,
    TracedScalar,
    dtype_of,
    isinstance_traced,
    keep_operands,
    operand_index,
)

_STORE = dis.opmap["STORE_SUBSCR"]
_getframe = sys._getframe


def _ordinary(self: Any, key: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...], int | None]:
    """A key with single booleans, or with an ellipsis for no axis between index arrays, as an ordinary key of a view.

    A single boolean is an index array of length 1 or 0 on a new axis.  An ellipsis separates index arrays even where it stands for no axis, and so does a new
    axis, which the result then has too much, at the place that is returned.
    """
    rank = np.ndim(self.value)
    rest = rank - sum(consumed(e) for e in key if e is not Ellipsis)
    before: list[Any] = []
    entries: list[Any] = []
    surplus = None
    for i, entry in enumerate(key):
        if entry is Ellipsis:
            before.extend([slice(None)] * rest)
            if rest == 0 and any(is_index(e) for e in key[:i]) and any(is_index(e) for e in key[i + 1 :]):
                surplus = len([e for e in key[:i] if not is_index(e)])
                entries.append(None)
            else:
                entries.append(Ellipsis)
        elif is_single_boolean(entry):
            before.append(None)
            entries.append(np.zeros(1 if concrete(entry, "mask") else 0, np.intp))
        else:
            before.extend([slice(None)] * consumed(entry))
            entries.append(entry)
    view = self[tuple(before)] if None in before else self
    if surplus is not None:  # the broadcast index arrays come first in the result
        indices = [
            np.empty(0) if isinstance(e, (int, np.integer)) else e for e in entries if e is not None and is_index(e)
        ]
        shapes = [np.shape(plain(e)) for e in indices if np.ndim(plain(e))]
        surplus += max((index_rank(e) for e in indices), default=0) if shapes else 0
    return view, tuple(entries), surplus


@decided(IndexError, unless_traced="key")
def get(self: TracedArray, key: Any) -> Any:
    """``self[key]``."""
    trace = self.tape
    if not trace.open:
        return self.current()[plain_key(key)]
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
    elif cls is slice and type(key.start) in BOUNDS and type(key.stop) in BOUNDS and type(key.step) in BOUNDS:
        out = value[key]
        program_key = (("slice", key.start, key.stop, key.step), *(FULL,) * (value.ndim - 1))
        arrays = []
    elif cls is np.ndarray and key.ndim and key.dtype.kind in "iu":
        out = value[key]
        program_key = (("array", 0), *(FULL,) * (value.ndim - 1))
        arrays = [key]
    elif (quick := plain_program_key(key, value.shape, arrays := [])) is not None:
        program_key = quick
        out = value[key]
    else:
        if isinstance(key, str) or (isinstance(key, list) and key and isinstance(key[0], str)):
            raise IndexError("traced arrays have no named fields. Arrays of numbers are required")
        if is_special(key):
            view, key, surplus = _ordinary(self, key if type(key) is tuple else (key,))
            if view is not self or surplus is not None:
                result = view[key]
                return result if surplus is None else np.squeeze(result, surplus)
        program_key, arrays = split_key(key, value.shape)
        out = value[plain_key(key)]
    where = trace.where
    place = place_of(_getframe(1)) if where is None else where
    if arrays:
        trace.where = place
        try:
            if cls is np.ndarray and arrays[0] is key:
                indices: tuple[int, ...] = (trace.capture(key)[0],)
            else:
                indices = tuple([operand_index(trace, a, None) for a in arrays])
                keep_operands(getitem, (self, *arrays), trace)
            index = trace.record(getitem, (self.index, *indices), (program_key,), None)
        finally:
            trace.where = where
        if type(out) is np.ndarray:
            return TracedArray(trace, index, out)
        trace.values[index] = out
        return TracedScalar(trace, index, out)
    is_array = type(out) is np.ndarray
    index = len(trace.values)
    trace.values.append(None if is_array else out)
    trace.ops.extend((getitem, (program_key,), 1, self.index))
    trace.outs.append(index)
    trace.places.extend(place or _NOWHERE)
    if not is_array:
        return TracedScalar(trace, index, out)
    if out.base is None:  # a position that is an array of rank 0 makes a copy
        return TracedArray(trace, index, out)
    return self.child_view(getitem, (program_key,), index, out)


def ordinary_write(self: Any, key: Any, updates: Any) -> tuple[Any, Any, Any]:
    """The view, key and updates with which ``self[key] = updates`` is an ordinary write."""
    if not is_special(key):
        return self, key, updates
    view, key, surplus = _ordinary(self, key if type(key) is tuple else (key,))
    if surplus is not None:
        shape = list(view.value[plain_key(key)].shape)
        del shape[surplus]
        updates = stacked(updates) if isinstance(updates, (list, tuple)) else updates
        updates = np.expand_dims(np.broadcast_to(updates, tuple(shape)), surplus)
    return view, key, updates


def _put_number(self: TracedArray, key: Any, number: Any) -> bool:
    """``self[key] = number`` where that is one number of 64 bits, put into a buffer of the function's own, as loops do that fill one; False if it is anything else."""
    trace, value = self.tape, self.value
    if self.mirror is not None or not self.writeable or value.dtype is not _F64:
        return False
    kind = type(number)
    if kind is TracedScalar:
        plain_number, source = number.value, number.index
        if number.tape is not trace or type(plain_number) not in _FLOATS:
            return False
    elif kind in _FLOATS:
        plain_number, source = number, trace.number(number)
    else:
        return False
    program_key = plain_program_key(key, value.shape)
    if program_key is None:
        return False
    if self.pinned:
        self.prepare_write()
    self.value[key] = plain_number
    index = len(trace.values)
    trace.values.append(None)
    trace.ops.extend((scatter_set, (program_key,), 2, self.index, source))
    trace.outs.append(index)
    trace.places.extend(trace.where or place_of(_getframe(2)) or _NOWHERE)
    self.index = index
    self.version += 1
    return True


_FLOATS = frozenset({float, np.float64})
_F64 = np.dtype(np.float64)
_NOWHERE = (None, 0)


def put(self: TracedArray, key: Any, updates: Any) -> None:
    """``self[key] = updates``."""
    trace = self.tape
    if not trace.open:
        self.current()[plain_key(key)] = plain(updates)
        return
    if self.root is None and _put_number(self, key, updates):
        return
    where = trace.where
    if where is None:
        trace.where = place_of(_getframe(1))
    try:
        self.sync()
        program_key: Any = plain_program_key(key, self.value.shape)
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
            updates = stacked(GIVEN[0](updates, dtype_of(self.value)))
        elif kind not in _NUMBERS or (kind is np.ndarray and updates.dtype.kind == "O"):
            updates = GIVEN[0](updates, dtype_of(self.value))
            updates = stacked(updates) if type(updates) is list else updates
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
        # NumPy leaves out axes in front that the place has not; of a place that is one entry where it is named with an ellipsis
        if shape and shape[0] == 1 and (len(shape) > 1 or _has_ellipsis(key)):
            surplus_axes = len(shape) - np.ndim(self.value[plain_key(key)])
            updates = (
                updates.reshape(shape[surplus_axes:])
                if surplus_axes > 0 and set(shape[:surplus_axes]) == {1}
                else updates
            )
        self.write(program_key, tuple(arrays), updates)
    finally:
        trace.where = where


def _has_ellipsis(key: Any) -> bool:
    return key is Ellipsis or (type(key) is tuple and any(part is Ellipsis for part in key))


_NUMBERS = frozenset({float, int, bool, np.ndarray, np.float64, np.int64, TracedArray, TracedScalar})


def _shuffles(array: TracedArray, updates: TracedArray) -> bool:
    """Whether a part of an array is written into the array itself by compiled code, and not by an assignment in Python's."""
    if updates.base_array() is not array.base_array():
        return False
    writer = _getframe(2)
    return writer.f_code.co_code[writer.f_lasti] != _STORE


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
