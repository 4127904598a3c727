"""NumPy's functions that make new arrays: under a trace an array of the trace, to which traced values may be assigned.

A buffer of integers, booleans or objects is a plain one.  Without a trace in this thread NumPy's own function answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.array_likes import GIVEN
from gradwise.tracing.functions.creation import _arange
from gradwise.tracing.functions.operands import integers, valued
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.standins.stacking import assembled
from gradwise.tracing.standins.text import look_among
from gradwise.tracing.traced import TracedArray, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.trace import Trace


def owned(trace: Trace | None, value: Any) -> Any:
    """A fresh array of NumPy as an array of the trace, if it may hold what has a derivative."""
    if trace is None or type(value) is not np.ndarray or value.dtype.kind not in "fc" or not trace.open:
        return value
    values = trace.values
    index = len(values)
    values.append(value)
    trace.captured.append(index)
    # pinned: the first write takes memory of its own, and the constant keeps its contents
    return TracedArray(trace, index, value, True)


def fillable(value: Any) -> Any:
    """A fresh array of NumPy, of the trace if there is one; where nothing moves it stays as it is, which compiled code takes."""
    trace = current_trace()
    return value if trace is None or trace.still else owned(trace, value)


#: what makes structured arrays the trace's; ``records.py`` puts it there
RECORDS: list[Any] = []


def _maker(function: Callable[..., Any]) -> Callable[..., Any]:
    """Stand-in for a function whose arguments are a shape or integers and a dtype."""

    def call(*args: Any, **kwargs: Any) -> Any:
        trace = current_trace()
        if trace is None:
            return function(*args, **kwargs)
        if kwargs.get("like") is not None:
            return function(*args, **kwargs)
        try:
            value = function(*args, **kwargs)
        except TypeError:  # a size that is traced
            value = function(*map(integers, args), **{k: integers(v) for k, v in kwargs.items()})
        if type(value) is np.ndarray and value.dtype.names and RECORDS:
            return RECORDS[0](value, trace)
        return fillable(value)

    call.__name__ = function.__name__
    call.__doc__ = f"``np.{function.__name__}``: a buffer to which traced values may be assigned."
    return call


def full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", **options: Any) -> Any:
    """``np.full``; the fill value may be traced."""
    if options.get("like") is not None:
        return np.full(shape, fill_value, dtype, order, **options)
    if dtype is not None and np.dtype(dtype).kind in "fc":
        fill_value = GIVEN[0](fill_value, np.dtype(dtype))
    fill_value = assembled(fill_value) if isinstance(fill_value, (list, tuple)) else fill_value
    look_among(fill_value)
    value = np.full(integers(shape), plain(fill_value), dtype, order, **options)
    trace = _innermost(fill_value)
    result = fillable(value) if trace is None else owned(trace, value)
    if trace is not None and isinstance_traced(result):
        with at_line(trace):
            result[...] = fill_value
    return result


def arange(*args: Any, **kwargs: Any) -> Any:
    """``np.arange``; the ends and the step may be traced, how many numbers there are is concrete."""
    if not contains_traced(args) and not contains_traced(tuple(kwargs.values())):
        return np.arange(*args, **kwargs)
    dtype = kwargs.get("dtype", args[3] if len(args) > 3 else None)
    named = dict(zip(("start", "stop", "step"), args[:3], strict=False)) | kwargs
    start, stop, step = named.get("start", 0), named.get("stop"), named.get("step", 1)
    if stop is None:
        start, stop = 0, start
    ends = (start, stop, step)
    value = np.arange(*map(plain, ends), dtype=dtype)
    if value.dtype.kind not in "fc":
        return np.arange(*map(concrete, ends), dtype=dtype)
    traces = open_traces(ends)
    if not traces:
        return value
    with at_line(*traces):
        return valued(_arange(ends, dtype), value)


def linspace(*args: Any, **kwargs: Any) -> Any:
    """``np.linspace``."""
    if contains_traced(args) or contains_traced(tuple(kwargs.values())):
        args = tuple([assembled(a) if isinstance(a, (list, tuple)) else a for a in args])
        with at_line(*open_traces((*args, *kwargs.values()))):
            return np.linspace(*args, **kwargs)
    return np.linspace(*args, **kwargs)


def kaiser(M: Any, beta: Any) -> Any:
    """``np.kaiser``: I₀(β √(1 - t²)) / I₀(β) for t from -1 to 1; β may be traced."""
    traces = open_traces((M, beta))
    if not traces or plain(M) <= 1:
        return np.kaiser(plain(M), plain(beta))
    M = integers(M)
    t = (2 * np.arange(M) - (M - 1)) / (M - 1)
    with at_line(*traces):
        return valued(np.i0(beta * np.sqrt(1 - t**2)) / np.i0(beta), np.kaiser(M, plain(beta)))


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "numpy": {
        **{name: _maker(getattr(np, name)) for name in ("zeros", "ones", "eye", "identity", "tri")},
        "empty": _maker(np.zeros),  # NumPy's memory is arbitrary; zeros are the reproducible choice
        "full": full,
        "arange": arange,
        "linspace": linspace,
        "kaiser": kaiser,
    }
}
