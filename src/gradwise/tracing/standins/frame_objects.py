"""Traced numbers on their way into Series and DataFrames, and out of them.

Columns of our own kind (``frame_columns.py``) hold them.  What pandas collected as objects becomes such columns again; when the run ends, what is left has plain columns.
"""

from __future__ import annotations

import functools
import importlib
import sys
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.instrument.callees import with_twins
from gradwise.tracing.instrument.state import local
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.standins.stacking import assembled
from gradwise.tracing.traced import TracedArray, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def pandas_itself() -> Any:
    """pandas, which the user has loaded."""
    return sys.modules["pandas"]


@functools.cache
def columns() -> Any:
    """The module of our columns, which imports pandas."""
    return importlib.import_module("gradwise.tracing.standins.frame_columns")


# --- into pandas ---------------------------------------------------------------------------------------------------------------------


def is_frame(value: Any) -> bool:
    """Whether a value is a Series or a DataFrame."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, (pandas.Series, pandas.DataFrame))


def column_of(value: Any) -> Any:
    """A traced array of one axis as a column, one of two as a DataFrame; a list of traced numbers too."""
    if type(value) is TracedArray:
        if value.ndim == 1:
            return columns().Column(value)
        if value.ndim == 2:
            return frame_of(value)
        return value[()] if value.ndim == 0 else value
    return value


def frame_of(array: Any, index: Any = None, names: Any = None) -> Any:
    """An array of two axes as a DataFrame."""
    made = pandas_itself().DataFrame({k: columns().Column(array[:, k]) for k in range(array.shape[1])}, index=index)
    if names is not None:
        made.columns = names
    return made


def given(value: Any) -> Any:
    """An argument as pandas can take it."""
    kind = type(value)
    if kind is TracedArray:
        return column_of(value)
    if kind is dict:
        return {k: as_entries(v) for k, v in value.items()} if any(map(_may_hold, value.values())) else value
    if kind is list or kind is tuple:
        if value and contains_traced(value) and all(isinstance_traced(v) or isinstance(v, (int, float)) for v in value):
            joined = assembled(value)
            return column_of(joined) if joined.ndim in (1, 2) else value
        return kind([given(v) for v in value]) if any(map(_may_hold, value)) else value
    return with_twins(value)


def as_entries(value: Any) -> Any:
    """A column of a table that is made; in a list of arrays each is an entry, an object."""
    if type(value) in (list, tuple) and any(np.ndim(plain(v)) for v in value if isinstance_traced(v)):
        return value
    return given(value)


def _may_hold(value: Any) -> bool:
    return type(value) in (TracedArray, list, tuple, dict) or isinstance_traced(value)


def holds(value: Any) -> bool:
    """Whether an argument brings traced numbers."""
    if isinstance_traced(value) or contains_traced(value):
        return True
    if is_frame(value):
        return has_columns(value)
    if type(value) is dict:
        return any(map(holds, value.values()))
    return type(value) in (list, tuple) and any(map(holds, value))


def _arrays(frame: Any) -> list[Any]:
    if isinstance(frame, pandas_itself().Series):
        return [frame._values]
    return list(frame._iter_column_arrays())


def has_columns(frame: Any) -> bool:
    """Whether a Series or DataFrame has a column of ours."""
    if "gradwise.tracing.standins.frame_columns" not in sys.modules:
        return False
    kind = columns().Column
    # an Index shares methods with a Series, and holds no numbers of ours
    return is_frame(frame) and any(type(a) is kind for a in _arrays(frame))


def lifted(frame: Any) -> Any:
    """A Series or DataFrame whose columns of numbers are ready to meet traced ones."""
    made = frame.copy(deep=False)
    lift(made, "fciu")
    return made


def lift(frame: Any, kinds: str) -> None:
    """Make the columns of numbers ready to hold traced ones, in place."""

    def ready(array: Any) -> Any:
        dtype = array.dtype
        if isinstance(dtype, np.dtype) and dtype.kind in kinds:
            return columns().Column(np.asarray(array, dtype if dtype.kind in "fc" else float))
        return None

    _replace(frame, ready)


def _replace(frame: Any, other: Callable[[Any], Any]) -> None:
    """Put other columns in place of those for which there is one."""
    pandas = pandas_itself()
    if isinstance(frame, pandas.Series):
        made = other(frame._values)
        if made is not None:
            frame._mgr = pandas.Series(made, index=frame.index, name=frame.name, copy=False)._mgr
        return
    for k, array in enumerate(_arrays(frame)):
        made = other(array)
        if made is not None:
            frame.isetitem(k, made)


# --- out of pandas -------------------------------------------------------------------------------------------------------------------


class _Ending:
    """The objects of pandas that a run made or changed: those that are left when it ends get plain columns."""

    def __init__(self) -> None:
        self.known: dict[int, Any] = {}
        self.here: dict[int, Any] = {}

    def made(self, frame: Any) -> None:
        """Note an object that a call of this run gave."""
        self.here[id(frame)] = weakref.ref(frame)

    def knows(self, frame: Any) -> bool:
        """Whether an object is one of these."""
        reference = self.here.get(id(frame))
        return reference is not None and reference() is frame

    def note(self, frame: Any) -> None:
        """Note an object."""
        self.known[id(frame)] = weakref.ref(frame)

    def __call__(self) -> None:
        for reference in self.known.values():
            frame = reference()
            if frame is not None:
                _replace(frame, _left)


def _left(array: Any) -> Any:
    """What is left of a column when the run ends; None where nothing in it is traced."""
    if type(array) is columns().Column:
        return np.array(array.plainly())
    if not _has_objects(array):
        return None
    made = np.empty(len(array), object)
    for i, entry in enumerate(array):
        made[i] = plain(entry)
    return made


def _has_objects(array: Any) -> bool:
    """Whether a column of objects has traced ones: arrays are entries too."""
    return bool(array.dtype == object and any(map(isinstance_traced, array)))


def _noted() -> Any:
    """The notes of the run that is open."""
    watch = local.watch
    if watch is None:
        return _Ending()
    for item in watch.later:
        if type(item) is _Ending:
            return item
    made = _Ending()
    watch.later.append(made)
    return made


def changed(frame: Any) -> None:
    """Note that a run writes to an object of pandas: one that was there before would show what other runs wrote to it."""
    if local.watch is not None and not _noted().knows(frame):
        local.watch.effects["it writes to a Series or DataFrame that was there before"] = None


def settled(value: Any) -> Any:
    """A result of pandas: what it collected as objects are columns again."""
    if is_frame(value):
        settle(value)
        _noted().made(value)
    elif type(value).__name__ == "Column" and type(value) is columns().Column:
        return value.numbers
    elif type(value) is tuple:
        for v in value:
            settled(v)
    return value


def settle(frame: Any) -> None:
    """Make columns of what an object of pandas holds as objects, in place."""
    _replace(frame, _of_objects)
    if has_columns(frame) or any(map(_has_objects, _arrays(frame))):
        _noted().note(frame)


def _of_objects(array: Any) -> Any:
    """The column of an array of objects that are numbers, some of them traced."""
    if array.dtype != object:
        return None
    items = list(array)
    if not any(map(isinstance_traced, items)) or not all(
        v is None or isinstance(plain(v), (int, float, np.number)) for v in items
    ):
        return None
    return columns().Column(assembled([np.nan if v is None else v for v in items]))


def numbers(frame: Any) -> Any:
    """The array of a Series or DataFrame, traced where a column is; None where none is."""
    if not has_columns(frame):
        return None
    arrays = [a.numbers if type(a) is columns().Column else np.asarray(a) for a in _arrays(frame)]
    if isinstance(frame, pandas_itself().Series):
        return arrays[0]
    if any(np.asarray(plain(a)).dtype.kind not in "fciub" for a in arrays):
        return None
    return np.stack(arrays, axis=1)


def behind(frame: Any) -> Any:
    """The traced array behind a Series or DataFrame; itself where nothing is traced."""
    found = numbers(frame)
    return frame if found is None else found


def plainly(value: Any) -> Any:
    """A Series or DataFrame with plain columns."""
    if not is_frame(value):
        return plain(value)
    made, kind = value.copy(deep=False), columns().Column
    _replace(made, lambda a: a.plainly() if type(a) is kind else None)
    return made


def numbers_in(value: Any) -> Any:
    """The numbers of an operand."""
    found = numbers(value) if is_frame(value) else value
    return np.asarray(value) if found is None else found


def relabelled(expected: Any, result: Any) -> Any:
    """The labels of one, the numbers of the other."""
    if isinstance(expected, pandas_itself().DataFrame):
        return settled(frame_of(result, expected.index, expected.columns))
    if isinstance(expected, pandas_itself().Series):
        return settled(pandas_itself().Series(columns().Column(result), index=expected.index, name=expected.name))
    return result
