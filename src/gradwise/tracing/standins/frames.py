"""pandas with traced numbers: Series and DataFrames that are made, changed and asked inside of a function.

Traced numbers are put into pandas' objects as columns of our own kind (``frame_columns.py``), before pandas is called; all else is pandas, which asks the column.  Functions of the user's that pandas
calls run instrumented; results that pandas collected as objects become columns again.  When the run ends, what is left has plain columns.
"""

from __future__ import annotations

import functools
import importlib
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import labelled as containers
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.holders import LABELLED
from gradwise.tracing.instrument.callees import with_twins
from gradwise.tracing.instrument.ending import reveal_within
from gradwise.tracing.instrument.frames_asked_for import answers_for_its_caller
from gradwise.tracing.instrument.state import local
from gradwise.tracing.standins.frame_objects import (
    as_entries,
    behind,
    changed,
    column_of,
    columns,
    frame_of,
    given,
    has_columns,
    holds,
    is_frame,
    lift,
    lifted,
    numbers,
    numbers_in,
    pandas_itself,
    plainly,
    relabelled,
    settle,
    settled,
)
from gradwise.tracing.standins.frame_summaries import binned, described, extremes, first_to_last, moments
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.standins.stacking import assembled
from gradwise.tracing.traced import TracedArray, TracedScalar, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


# --- calls ---------------------------------------------------------------------------------------------------------------------------


def calling(function: Any, *, lifts: bool = False, changes: bool = False, operator: bool = False) -> Callable[..., Any]:
    """A function or method of pandas; ``lifts`` makes the object's own columns ready if an argument is traced, ``changes`` in place."""
    counts = isinstance(function, types.FunctionType) and answers_for_its_caller(function)

    @functools.wraps(function, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        watch = local.watch
        if counts:  # how many frames up the variables of the caller are
            kwargs = {**kwargs, "level": kwargs.get("level", 0) + 1}
        if watch is None:
            return function(*args, **kwargs)
        if watch.overlay:
            reveal_within([*args, *kwargs.values()])
        if changes:
            changed(args[0])
        if lifts and args and is_frame(args[0]) and any(map(holds, (*args[1:], *kwargs.values()))):
            frame = args[0]
            if changes:
                lift(frame, "fc")
            else:
                args = (lifted(frame), *args[1:])
        labels = args[0] if args and is_frame(args[0]) else None
        arguments = [_beside(labels, a) for a in args]
        if operator:
            arguments = [columns().Number(a) if type(a) is TracedScalar else a for a in arguments]
        result = function(*arguments, **{k: _beside(labels, v) for k, v in kwargs.items()})
        if changes and labels is not None:
            settle(labels)
        return settled(result)

    return call


def _beside(frame: Any, value: Any) -> Any:
    """An argument beside an object of pandas: an array of two axes has its labels."""
    if type(value) is TracedArray and value.ndim == 2 and getattr(frame, "ndim", 0) == 2 and value.shape == frame.shape:
        return frame_of(value, frame.index, frame.columns)
    return given(value)


def _with_outputs(function: Any) -> Callable[..., Any]:
    """``np.add(series, 1, out=array)``: pandas would be given a column in the place of the array, and write to that."""
    ordinary = calling(function)

    def call(frame: Any, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        outputs = options.get("out", ())
        if local.watch is None or len(outputs) != 1 or type(outputs[0]) is not TracedArray:
            return ordinary(frame, ufunc, method, *inputs, **options)
        (output,), where = options.pop("out"), options.pop("where", True)
        made = ordinary(frame, ufunc, method, *inputs, **options)
        output[...] = np.where(where, numbers_in(made), output)
        return relabelled(made, output)

    return call


def _missing(function: Any) -> Callable[..., Any]:
    """``isna`` and its relatives: of an array, which are NaN as an array."""
    ordinary = calling(function)

    def call(obj: Any) -> Any:
        if local.watch is None or not isinstance_traced(obj):
            return ordinary(obj)
        return function(np.where(concrete(np.isnan(obj), "mask"), np.nan, 0.0)[()])

    return call


def _by_indexer(function: Any) -> Callable[..., Any]:
    """``df.loc[…] = v`` and its relatives."""

    def call(indexer: Any, key: Any, value: Any) -> None:
        if local.watch is not None:
            changed(indexer.obj)
        if local.watch is not None and (holds(value) or has_columns(indexer.obj)):
            if holds(value):
                lift(indexer.obj, "fc")
            function(indexer, key, given(value))
            settle(indexer.obj)
        else:
            function(indexer, key, value)

    return call


def _applying(function: Any) -> Callable[..., Any]:
    """``apply`` of groups: Series that a callback returns are stacked as plain arrays, of objects here."""
    ordinary = calling(function)

    def call(groups: Any, func: Any, *args: Any, **options: Any) -> Any:
        if local.watch is None or not callable(func):
            return ordinary(groups, func, *args, **options)
        own = with_twins(func)

        @functools.wraps(func, updated=())
        def one(*given: Any, **named: Any) -> Any:
            made = own(*given, **named)
            return made.astype(object) if is_frame(made) and made.ndim == 1 and has_columns(made) else made

        return ordinary(groups, one, *args, **options)

    return call


def _transforming(function: Any) -> Callable[..., Any]:
    """``transform`` of a Series: number by number, unless the function does not take a number; a traced one takes more methods than Python's."""
    ordinary = calling(function)

    def call(series: Any, func: Any, *args: Any, **options: Any) -> Any:
        if local.watch is None or not callable(func) or not holds(series) or not len(series):
            return ordinary(series, func, *args, **options)
        try:
            func(float(plain(numbers(series)[0])), **options)
        except Exception:  # noqa: BLE001  # pandas asks in the same way
            return settled(with_twins(func)(series, **options))
        return ordinary(series, func, *args, **options)

    return call


def _constructing(cls: Any) -> Callable[..., Any]:
    """``pd.DataFrame(array, columns=…)`` of an array of two axes; everything else as any call."""
    ordinary = calling(cls)

    def call(
        data: Any = None, index: Any = None, columns: Any = None, dtype: Any = None, copy: Any = None
    ) -> Any:  # as pandas names them
        if type(data) is list and contains_traced(data):
            joined = assembled(data) if not any(type(v) is dict for v in data) else data
            data = joined if type(joined) is TracedArray and joined.ndim == 2 else data
        if type(data) is TracedArray and data.ndim == 2 and local.watch is not None:
            if columns is not None and len(columns) != data.shape[1]:
                return cls(plain(data), index, columns)  # raises as it does
            return settled(frame_of(data, index, columns))
        return ordinary(data, index, columns, dtype, copy)

    return call


def _of_entries(cls: Any) -> Callable[..., Any]:
    """``pd.Series([array, array])`` holds the arrays; everything else as any call."""
    ordinary = calling(cls)

    def call(data: Any = None, *args: Any, **options: Any) -> Any:
        entries = as_entries(data) if local.watch is not None else None
        if type(entries) in (list, tuple) and entries is data and any(map(isinstance_traced, entries)):
            return settled(cls(data, *args, **options))
        return ordinary(data, *args, **options)

    return call


def _product(function: Any, *, flipped: bool = False) -> Callable[..., Any]:
    """``dot`` and ``@``: labels are pandas', of the plain numbers."""

    def call(frame: Any, other: Any) -> Any:
        if local.watch is None or not (holds(frame) or holds(other)):
            return function(frame, other)
        expected = function(plainly(frame), plainly(other))
        if is_frame(other):
            other = other.reindex(frame.columns if frame.ndim == 2 else frame.index)
        a, b = numbers_in(frame), numbers_in(other)
        return relabelled(expected, np.dot(b, a) if flipped else np.dot(a, b))

    return call


def _value(getter: Any) -> Callable[..., Any]:
    """``values`` and ``to_numpy``: the traced array."""

    def call(frame: Any, *args: Any, **kwargs: Any) -> Any:
        found = numbers(frame) if local.watch is not None else None
        if found is None:
            return getter(frame, *args, **kwargs)
        dtype = kwargs.get("dtype", args[0] if args else None)
        return found if dtype is None or np.dtype(dtype) == found.dtype else found.astype(dtype)

    return call


def _type_of(getter: Any) -> Callable[..., Any]:
    """``dtype`` and ``dtypes``: those of the plain numbers."""

    def call(frame: Any) -> Any:
        found = getter(frame)
        if isinstance(found, pandas_itself().Series):
            return found.map(lambda d: getattr(d, "numbers", d)) if has_columns(frame) else found
        return getattr(found, "numbers", found)

    return call


_ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_OPERATORS = frozenset(
    {f"__{r}{name}__" for name in _ARITHMETIC for r in ("", "r", "i")}
    | {f"__{name}__" for name in _COMPARISONS}
    | {r + name for name in (*_ARITHMETIC, "div") for r in ("", "r")}
    | {"subtract", "multiply", "divide", *_COMPARISONS}
)
_LIFTING = _OPERATORS | {"where", "mask", "fillna", "clip", "combine", "combine_first", "replace", "merge", "join"}
_CHANGING = frozenset({"__setitem__", "insert", "update", "isetitem"})
_SPECIAL = ("__getitem__", "__setitem__", "__array_ufunc__", "__neg__", "__abs__", "__getattr__", "__call__")


def _methods_of(cls: type) -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for name in dir(cls):
        function = getattr(cls, name)
        if type(function) is not types.FunctionType:
            continue
        if name in _LIFTING or name in _CHANGING:
            found[name] = calling(function, lifts=True, changes=name in _CHANGING, operator=name in _OPERATORS)
        elif name in _SPECIAL or name[0] != "_":
            found[name] = calling(function)
    return found


def _table() -> dict[type, dict[str, Callable[..., Any]]]:
    from_statistics = importlib.import_module("gradwise.tracing.standins.frame_windows")
    pandas = pandas_itself()
    containers.MADE["pandas"] = column_of
    known = importlib.import_module("gradwise.tracing.instrument.known")
    LABELLED.update(dict.fromkeys((pandas.Series, pandas.DataFrame), behind))
    table: dict[type, dict[str, Callable[..., Any]]] = {}
    for cls in (pandas.Series, pandas.DataFrame):
        table[cls] = _methods_of(cls) | {"to_numpy": _value(cls.to_numpy), "__array__": _value(cls.__array__)}
        table[cls] |= {name: _product(getattr(cls, name)) for name in ("dot", "__matmul__")}
        table[cls] |= {"__rmatmul__": _product(cls.__rmatmul__, flipped=True)}
        table[cls] |= {"cov": moments(cls.cov, np.cov), "corr": moments(cls.corr, np.corrcoef)}
        table[cls] |= {"describe": described(cls.describe), "__array_ufunc__": _with_outputs(cls.__array_ufunc__)}
        for name, make in (("values", _value), ("dtypes", _type_of), ("dtype", _type_of)):
            descriptor = getattr(cls, name, None)
            if isinstance(descriptor, property):
                known.KNOWN[id(descriptor.fget)] = make(descriptor.fget)
    for name in ("nlargest", "nsmallest"):
        table[pandas.Series][name] = extremes(getattr(pandas.Series, name))
    table[pandas.Series]["transform"] = _transforming(pandas.Series.transform)
    core = pandas.core
    for cls in (
        core.indexing._LocIndexer,
        core.indexing._iLocIndexer,
        core.indexing._AtIndexer,
        core.indexing._iAtIndexer,
    ):
        table[cls] = {"__getitem__": calling(cls.__getitem__), "__setitem__": _by_indexer(cls.__setitem__)}
    for cls in (pandas.api.typing.SeriesGroupBy, pandas.api.typing.DataFrameGroupBy, pandas.api.typing.Resampler):
        table[cls] = _methods_of(cls)
    for cls in (pandas.api.typing.SeriesGroupBy, pandas.api.typing.DataFrameGroupBy):
        table[cls]["apply"] = _applying(cls.apply)
    for cls in (pandas.api.typing.SeriesGroupBy, pandas.api.typing.Resampler):
        table[cls]["ohlc"] = first_to_last(cls.ohlc)
    for name in ("from_dict", "from_records"):
        function = vars(pandas.DataFrame)[name].__func__
        known.KNOWN[id(function)] = calling(function)
    table |= from_statistics.windows()
    for name in (
        "concat",
        "merge",
        "merge_asof",
        "pivot_table",
        "pivot",
        "melt",
        "to_numeric",
        "crosstab",
    ):
        known.KNOWN[id(getattr(pandas, name))] = calling(getattr(pandas, name))
    for name in ("isna", "isnull", "notna", "notnull"):
        known.KNOWN[id(getattr(pandas, name))] = _missing(getattr(pandas, name))
    for name in ("cut", "qcut"):
        known.KNOWN[id(getattr(pandas, name))] = binned(getattr(pandas, name))
    known.KNOWN[id(pandas.Series)] = _of_entries(pandas.Series)
    known.KNOWN[id(pandas.DataFrame)] = _constructing(pandas.DataFrame)
    return table


LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {"pandas": _table}
