"""Builtins that go over values or call back: ``sum``, ``min``, ``max``, ``sorted``, ``map``, ``filter``, ``iter``, and ``list.sort``."""

from __future__ import annotations

import builtins
import functools
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.instrument.both_ways.aside import Apart
from gradwise.tracing.instrument.both_ways.merged_values import in_order, largest
from gradwise.tracing.instrument.compiling import HOOKS
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.taking import own
from gradwise.tracing.standins.recording import PLAIN, at_line, entries, open_traces, resolve, weak
from gradwise.tracing.traced import TracedArray, TracedScalar, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

#: since 3.12 floats are summed with compensation, which the traced additions do not do
_COMPENSATED = sys.version_info >= (3, 12)

_ABSENT = object()


def among(items: list[Any] | tuple[Any, ...]) -> bool:
    """Whether a traced value is among the items."""
    kinds = set(map(type, items))
    return TracedScalar in kinds or TracedArray in kinds


def objects_among(items: Any) -> bool:
    """Whether something among the items, or in sequences among them, is neither a number nor an array or a container of Python's."""
    kinds = set(map(type, items))
    if not _KNOWN_KINDS.issuperset(kinds):
        return "lt" in HOOKS
    return (tuple in kinds or list in kinds) and any(
        [objects_among(i) for i in items if type(i) is tuple or type(i) is list]
    )


_KNOWN_KINDS = PLAIN | {TracedScalar, TracedArray, np.ndarray, list, tuple, dict, set, frozenset}


class Ordered:
    """An object to be put in order, compared by the twins of its special methods."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: Any) -> Any:
        return HOOKS["true"](HOOKS["lt"](self.value, other.value if type(other) is Ordered else other))

    def __gt__(self, other: Any) -> Any:
        return HOOKS["true"](HOOKS["gt"](self.value, other.value if type(other) is Ordered else other))


def _ordered_key(key: Any) -> Any:
    def call(item: Any) -> Any:
        value = key(item)
        return Ordered(value) if objects_among((value,)) else value

    return call


def sum_(iterable: Any, /, start: Any = 0) -> Any:
    """``sum``, over any iterable, with the value of Python's own."""
    kind = type(iterable)
    if kind is range or (kind is np.ndarray and (iterable.dtype.kind != "O" or iterable.ndim != 1)):
        return sum(iterable, start)
    items = iterable if kind is list or kind is tuple else list(entries(iterable))
    if objects_among(items) or objects_among((start,)):
        return functools.reduce(HOOKS["add"], items, start)
    if type(start) in PLAIN and not among(items):
        return sum(items, start)
    traces = open_traces((*items, start))
    with at_line(*traces):
        total = sum(items, start)
    if (
        _COMPENSATED
        and type(total) is TracedScalar
        and total is not start
        and type(total.value) in {float, complex}
        and traces
    ):
        return weak(total, sum([plain(x) for x in items], plain(start)))
    return total


def _chosen(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, key: Any = None, default: Any = _ABSENT) -> Any:
        options = {} if default is _ABSENT else {"default": default}
        if key is not None:
            options["key"] = _ordered_key(resolve(key))
            return function(*map(entries, args) if len(args) == 1 else args, **options)
        if local.both_ways is not None and key is None:
            items = args if len(args) > 1 else args[0]
            if type(items) in (tuple, list) and items:
                with suppress(Apart):
                    return largest(function, items)
        if len(args) != 1:
            if all([type(a) in PLAIN for a in args]):
                return function(*args, **options)
            if objects_among(args):
                return function(*args, key=Ordered, **options)
            traces = open_traces(args)
            if not traces:
                return function(*args, **options)
            with at_line(*traces):
                return function(*args, **options)
        (items,) = args
        if type(items) is np.ndarray:
            return function(items, **options)
        # a generator is the user's code: it must not run while its line is ours
        if isinstance_traced(items):
            traces = open_traces((items,))
        else:
            items = items if type(items) in {list, tuple} else list(entries(items))
            if objects_among(items):
                return function(items, key=Ordered, **options)
            if not among(items):
                return function(items, **options)
            traces = open_traces(items)
        with at_line(*traces):
            return function(items, **options)

    call.__name__ = function.__name__
    call.__doc__ = f"``{function.__name__}``: the comparisons are concrete, and guarded."
    return call


def sorted_(iterable: Any, /, *, key: Any = None, reverse: Any = False) -> list[Any]:
    """``sorted``: the comparisons are concrete, and guarded."""
    items = list(entries(iterable))
    list_sort(items, key=key, reverse=reverse)
    return items


def list_sort(items: list[Any], *, key: Any = None, reverse: Any = False) -> None:
    """``list.sort``."""
    if key is not None:
        list.sort(items, key=_ordered_key(resolve(key)), reverse=reverse)
        return
    if objects_among(items):
        list.sort(items, key=Ordered, reverse=reverse)
        return
    with at_line(*open_traces(items if among(items) else ())):
        if local.both_ways is not None:
            with suppress(Apart):
                items[:] = in_order(items, reverse=bool(reverse))
                return
        list.sort(items, reverse=reverse)


def map_(function: Any, /, *iterables: Any, **options: Any) -> Any:
    """``map``."""
    step = resolve(function)
    if local.buffers:  # what it makes is no expression of the user's
        make, fresh = step, HOOKS["fresh"]

        def step(*values: Any) -> Any:
            return fresh(make(*values))

    return own(map(step, *[entries(i) for i in iterables], **options))


def filter_(function: Any, iterable: Any, /) -> Any:
    """``filter``."""
    return own(filter(HOOKS.get("true") if function is None else resolve(function), entries(iterable)))


def iter_(*args: Any) -> Any:
    """``iter``, of a callable and a sentinel too."""
    if len(args) == 2:
        return own(iter(resolve(args[0]), args[1]))
    made = iter(*map(entries, args))
    return made if args and made is args[0] else own(made)


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    builtins.__name__: {
        "sum": sum_,
        "min": _chosen(min),
        "max": _chosen(max),
        "sorted": sorted_,
        "map": map_,
        "filter": filter_,
        "iter": iter_,
    }
}
METHODS: dict[type, dict[str, Callable[..., Any]]] = {list: {"sort": list_sort}}
