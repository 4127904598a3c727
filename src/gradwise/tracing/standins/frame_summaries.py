"""Summaries of pandas on traced numbers: moments, extremes, ``describe``, ``ohlc``, bins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.instrument.state import local
from gradwise.tracing.standins.frame_objects import (
    has_columns,
    holds,
    numbers,
    numbers_in,
    pandas_itself,
    plainly,
    relabelled,
    settled,
)
from gradwise.tracing.standins.recording import open_traces
from gradwise.tracing.standins.stacking import assembled

if TYPE_CHECKING:
    from collections.abc import Callable


def moments(function: Any, of_arrays: Any) -> Callable[..., Any]:
    """``cov`` and ``corr`` of numbers of which none is missing."""

    def call(frame: Any, *args: Any, **options: Any) -> Any:
        if local.watch is None or not (holds(frame) or any(map(holds, args))):
            return function(frame, *args, **options)
        expected = function(plainly(frame), *map(plainly, args), **options)
        if frame.ndim == 2:
            result = of_arrays(numbers_in(frame[list(expected.columns)]), rowvar=False)
        else:
            other = args[0].reindex(frame.index)
            result = of_arrays(numbers_in(frame), numbers_in(other))[0, 1]
        if not np.allclose(plain(result), expected, rtol=1e-10, equal_nan=True):
            raise open_traces([frame.array.numbers if frame.ndim == 1 else numbers_in(frame)])[0].fail(
                f"{function.__name__}() of traced numbers with missing values or options was called, and has no rule. Write it with NumPy, on the values"
            )
        return relabelled(expected, result)

    return call


def extremes(function: Any) -> Callable[..., Any]:
    """``nlargest`` and ``nsmallest``: pandas finds the places."""

    def call(series: Any, *args: Any, **options: Any) -> Any:
        if local.watch is None or not holds(series):
            return function(series, *args, **options)
        numbers_alone = plainly(series)
        values = concrete(numbers(series))
        return settled(
            series.iloc[function(numbers_alone.set_axis(range(len(values))), *args, **options).index.to_numpy()]
        )

    return call


def described(function: Any) -> Callable[..., Any]:
    """``describe``: its rows are statistics by name."""

    def call(frame: Any, percentiles: Any = None, **options: Any) -> Any:
        if local.watch is None or not has_columns(frame):
            return function(frame, percentiles, **options)
        expected = function(plainly(frame), percentiles, **options)
        rows = [str(k) for k in expected.index]
        if any(not (row.endswith("%") or hasattr(frame, row)) for row in rows):  # of texts
            return function(frame, percentiles, **options)
        of = frame if frame.ndim == 1 else frame[list(expected.columns)]
        parts = [numbers_in(of.quantile(float(k[:-1]) / 100) if k.endswith("%") else getattr(of, k)()) for k in rows]
        return relabelled(expected, assembled(parts))

    return call


def first_to_last(function: Any) -> Callable[..., Any]:
    """``ohlc``: the first, largest, least and last number of each group."""

    def call(groups: Any, *args: Any, **options: Any) -> Any:
        obj = groups.obj if local.watch is not None else None
        if obj is None or obj.ndim != 1 or not has_columns(obj):
            return function(groups, *args, **options)
        parts = (groups.first(), groups.max(), groups.min(), groups.last())
        return settled(pandas_itself().concat(dict(zip(("open", "high", "low", "close"), parts, strict=True)), axis=1))

    return call


def binned(function: Any) -> Callable[..., Any]:
    """``cut`` and ``qcut``: which bin a number is in, at edges that are given or not shown."""

    def call(x: Any, bins: Any, *args: Any, **options: Any) -> Any:
        labels = options.get("labels", args[1 if function.__name__ == "cut" else 0 :][:1] or None)
        hidden = labels is not None and not options.get("retbins")
        given = function.__name__ == "cut" and np.ndim(plain(bins)) == 1 and not holds(bins)
        if local.watch is None or not holds(x) or not (hidden or given):
            return function(x, bins, *args, **options)
        if not isinstance(x, pandas_itself().Series):
            return function(concrete(x), bins, *args, **options)
        alike = pandas_itself().Series(concrete(numbers(x)), index=x.index, name=x.name)
        return function(alike, bins, *args, **options)

    return call
