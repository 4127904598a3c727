"""Items, iteration, ``with`` and ``match`` for objects whose class is the user's: their special methods run as twins."""

from __future__ import annotations

import itertools
import os
from collections import defaultdict, deque
from contextlib import AbstractContextManager, suppress
from types import GeneratorType
from typing import Any

import numpy as np

from gradwise.tracing.array_likes import gives
from gradwise.tracing.conversions import objects
from gradwise.tracing.instrument.callees import resolve
from gradwise.tracing.instrument.caught import Suppressing, note, note_state
from gradwise.tracing.instrument.compiling import MADE_HERE
from gradwise.tracing.instrument.ending import reveal_all, reveal_within
from gradwise.tracing.instrument.foreign import is_foreign
from gradwise.tracing.instrument.objects import class_info, holds_traced
from gradwise.tracing.instrument.operations import PLAIN
from gradwise.tracing.instrument.references import ALONE, count
from gradwise.tracing.instrument.state import local, note_changed, note_lent, note_written
from gradwise.tracing.instrument.taking import COPIED, taken_from
from gradwise.tracing.traced import TracedArray, TracedScalar


class Items:
    """The items of an object of the user's class, by twins of its special methods."""

    __slots__ = ("methods", "obj")

    def __init__(self, obj: Any, methods: dict[str, Any]) -> None:
        self.obj = obj
        self.methods = methods

    def __getitem__(self, key: Any) -> Any:
        method = self.methods.get("__getitem__")
        return self.obj[key] if method is None else resolve(method)(self.obj, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        method = self.methods.get("__setitem__")
        if method is None:
            if isinstance(self.obj, (list, dict, deque)):
                touch(self.obj)
            self.obj[key] = value
        else:
            resolve(method)(self.obj, key, value)

    def __delitem__(self, key: Any) -> None:
        method = self.methods.get("__delitem__")
        if method is None:
            del self.obj[key]
        else:
            resolve(method)(self.obj, key)


def touch(container: Any) -> None:
    """Note that the run puts something into a container."""
    watch = local.watch
    if watch is not None:
        watch.touched[id(container)] = container


def reading(obj: Any) -> Any:
    """What to take an item of in place of ``obj``."""
    if type(obj) in PLAIN:
        return obj
    watch = local.watch
    if watch is None:
        return obj
    if type(obj) is defaultdict:
        return _WithMissing(obj, _from_factory)
    methods = class_info(watch, type(obj)).methods
    if "__missing__" in methods and "__getitem__" not in methods and isinstance(obj, dict):
        return _WithMissing(obj, methods["__missing__"])
    return Items(obj, methods) if "__getitem__" in methods else obj


def _from_factory(obj: Any, key: Any) -> Any:
    if obj.default_factory is None:
        raise KeyError(key)
    obj[key] = value = resolve(obj.default_factory)()
    return value


class _WithMissing:
    """A dictionary whose ``__missing__`` is the user's."""

    __slots__ = ("missing", "obj")

    def __init__(self, obj: Any, missing: Any) -> None:
        self.obj = obj
        self.missing = missing

    def __setitem__(self, key: Any, value: Any) -> None:
        touch(self.obj)
        self.obj[key] = value

    def __delitem__(self, key: Any) -> None:
        del self.obj[key]

    def __getitem__(self, key: Any) -> Any:
        if dict.__contains__(self.obj, key):
            return dict.__getitem__(self.obj, key)
        touch(self.obj)
        return resolve(self.missing)(self.obj, key)


#: what NumPy takes apart where it is assigned to several items
_TRACED = frozenset({TracedArray, TracedScalar})
_GIVING_ENTRIES = _TRACED | {list, tuple}


class _Objects:
    """The items of an array of objects: to several of them NumPy assigns the entries of an array, or of nested lists, each as an object."""

    __slots__ = ("array",)

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __getitem__(self, key: Any) -> Any:
        return self.array[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        if type(value) in _GIVING_ENTRIES and holds_traced(value):
            several = np.broadcast_to(np.False_, self.array.shape)[key]
            if type(several) is np.ndarray:
                value = _entries(value, several.ndim)
        self.array[key] = value


class _Integers:
    """The items of an array of integers or truth values: what is assigned to them becomes such numbers, which have no derivative and are asked for again."""

    __slots__ = ("array",)

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __getitem__(self, key: Any) -> Any:
        return self.array[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        if type(value) in _GIVING_ENTRIES and holds_traced(value):
            value = resolve(np.asarray)(value, dtype=self.array.dtype)
        self.array[key] = value


def _entries(value: Any, depth: int) -> Any:
    """What is assigned to ``depth`` axes: NumPy takes nested lists and arrays apart as deep as that, and what lies deeper is one object."""
    if type(value) in _TRACED:
        return objects(value)
    shape = _shape(value, depth + 1)
    if len(shape) <= depth:
        return resolve(np.array)(value, dtype=object)
    made = np.empty(shape[:depth], object)
    for place in np.ndindex(made.shape):
        item = value
        for i in place:
            item = item[i]
        made[place] = item
    return made


def _shape(value: Any, depth: int) -> tuple[int, ...]:
    """The axes that nested lists and arrays have in common, up to ``depth`` of them."""
    if depth and type(value) in {list, tuple}:
        inner = {_shape(item, depth - 1) for item in value}
        alike = itertools.takewhile(lambda sizes: len(set(sizes)) == 1, zip(*inner, strict=False))
        return (len(value), *(sizes[0] for sizes in alike))
    return np.shape(value)[:depth] if isinstance(value, np.ndarray) or type(value) in _TRACED else ()


def writing(obj: Any) -> Any:
    """What to assign an item of in place of ``obj``."""
    cls = type(obj)
    if cls is TracedArray:
        return obj
    watch = local.watch
    if watch is None:
        return obj
    if cls is list or cls is dict:
        watch.touched[id(obj)] = obj
        return obj
    if cls is np.ndarray or cls is np.flatiter:
        note_written(obj)  # of a field, as of any view, whose own end tells nothing, what is behind it too
        if cls is np.ndarray and obj.dtype.hasobject and not obj.dtype.names:
            return _Objects(obj)
        if cls is np.ndarray and obj.dtype.kind in "iub":
            return _Integers(obj)
    if cls in PLAIN:
        if cls is bytearray or cls is memoryview:
            note_lent(watch, obj)
        return obj
    if cls is defaultdict:
        return _WithMissing(obj, _from_factory)
    if issubclass(cls, np.ndarray):  # a matrix, a masked array
        note_written(obj)
    elif is_foreign(cls):
        note_changed(watch, obj)
    elif obj is os.environ:
        watch.touched[id(obj)] = obj
        return obj
    methods = class_info(watch, cls).methods
    if "__setitem__" in methods or "__delitem__" in methods or "__getitem__" in methods:
        return Items(obj, methods)
    if isinstance(obj, (list, dict, deque)):
        watch.touched[id(obj)] = obj
    return obj


# --- iteration, with, match --------------------------------------------------------------------------------------------------------


#: plain types that are used up when they are iterated over
ITERATORS = frozenset(cls for cls in PLAIN if hasattr(cls, "__next__"))


def iterate(obj: Any) -> Any:
    """What to iterate over in place of ``obj``."""
    cls = type(obj)
    if cls in PLAIN:
        if cls in ITERATORS:
            held = count(obj) > ALONE
            if held:
                obj = taken_from(obj)
            if (held and cls in _CALLING) or (cls is GeneratorType and not made_here(obj)):
                return _revealing(obj)
        return obj
    watch = local.watch
    if watch is None:
        return obj
    methods = class_info(watch, cls).methods
    if gives(cls, "__next__") and ("__next__" not in methods or cls in COPIED) and count(obj) > ALONE:
        obj = taken_from(obj)
    make = methods.get("__iter__")
    if make is not None:
        obj = resolve(make)(obj)
        if type(obj) in PLAIN:
            return obj
        methods = class_info(watch, type(obj)).methods
    elif "__getitem__" in methods and not gives(cls, "__iter__"):
        return _by_index(obj, methods["__getitem__"])
    step = methods.get("__next__")
    return obj if step is None else _stepped(obj, step)


#: iterators that call functions, which may have been made before the run
_CALLING = frozenset({map, filter})


def made_here(generator: Any) -> bool:
    """Whether a generator is that of a function that a run of ours entered: its code has the hooks."""
    constants = generator.gi_code.co_consts
    return bool(constants) and constants[-1] is MADE_HERE


def delegate(obj: Any) -> Any:
    """What to delegate to in place of ``obj`` (``yield from``): a generator itself, which is sent to and closed."""
    if type(obj) is not GeneratorType:
        return iterate(obj)
    watch = local.watch
    if watch is not None and watch.overlay and not made_here(obj):
        reveal_all()
    return obj


def _revealing(iterator: Any) -> Any:
    """An iterator whose code runs as it is: before each of its steps the objects show their traced attributes."""
    while True:
        watch = local.watch
        if watch is not None and watch.overlay:
            reveal_all()
        try:
            value = next(iterator)
        except StopIteration:
            return
        yield value


def _stepped(obj: Any, step: Any) -> Any:
    while True:
        try:
            value = resolve(step)(obj)
        except StopIteration:
            return
        yield value


def _by_index(obj: Any, get: Any) -> Any:
    index = 0
    while True:
        try:
            value = resolve(get)(obj, index)
        except IndexError:
            return
        yield value
        index += 1


class _Managed(AbstractContextManager[Any]):
    """A context manager of the user's class, by twins of its methods."""

    def __init__(self, obj: Any, methods: dict[str, Any]) -> None:
        self.obj = obj
        self.methods = methods

    def __enter__(self) -> Any:
        method = self.methods.get("__enter__")
        return self.obj.__enter__() if method is None else resolve(method)(self.obj)

    def __exit__(self, *problem: Any) -> Any:
        method = self.methods.get("__exit__")
        swallowed = self.obj.__exit__(*problem) if method is None else resolve(method)(self.obj, *problem)
        if swallowed:
            note(problem[1])
        return swallowed


def managed(obj: Any) -> Any:
    """What to enter in place of ``obj``."""
    watch = local.watch
    if watch is None or type(obj) in PLAIN:
        return obj
    if type(obj) is np.errstate:
        note_state(obj)
    if type(obj) is suppress:
        return Suppressing(obj)
    methods = class_info(watch, type(obj)).methods
    return _Managed(obj, methods) if "__enter__" in methods or "__exit__" in methods else obj


def bare(obj: Any) -> Any:
    """The subject of a ``match``, whose patterns read attributes themselves."""
    watch = local.watch
    if watch is not None and watch.overlay:
        reveal_within((obj,))
    return obj
