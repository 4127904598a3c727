"""Comparisons, membership and truth of objects whose class is the user's: their special methods run as twins.

    a < b, a == b, …  →  lt(a, b), eq(a, b), …
    v in c            →  contains(v, c)
    if a, not a, …    →  if true(a), not true(a), …

A method that Python itself calls runs as it stands: it would read the plain values that an object shows, and a derivative would be lost in silence.
"""

from __future__ import annotations

import operator
from typing import Any

from gradwise.tracing.arithmetic import skip_frames_of
from gradwise.tracing.array_likes import gives
from gradwise.tracing.holders import TWINS
from gradwise.tracing.instrument.arrays_of_users import beside_twin, both_traced
from gradwise.tracing.instrument.beside_numpy import for_numpy
from gradwise.tracing.instrument.callees import resolve
from gradwise.tracing.instrument.items import ITERATORS, iterate
from gradwise.tracing.instrument.objects import class_info
from gradwise.tracing.instrument.operations import PLAIN
from gradwise.tracing.instrument.rationals import without_fractions
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.taking import taken_from

_REFLECTED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "eq", "ne": "ne"}


def _comparison(name: str, function: Any) -> Any:
    forward, reflected = f"__{name}__", f"__{_REFLECTED[name]}__"

    def slow(a: Any, b: Any) -> Any:
        watch = local.watch
        if watch is None:
            return function(a, b)
        a, b = without_fractions(a, b)
        a, b = both_traced(a, b)
        if type(b) not in PLAIN:
            b = for_numpy(b, a)
        if type(a) not in PLAIN and forward not in class_info(watch, type(a)).methods:
            a = for_numpy(a, b)
        left = class_info(watch, type(a)).methods.get(forward) if type(a) not in PLAIN else None
        right = class_info(watch, type(b)).methods.get(reflected) if type(b) not in PLAIN else None
        if left is None and name == "ne" and type(a) not in PLAIN:
            # object's own __ne__ is the opposite of __eq__
            equal = class_info(watch, type(a)).methods.get("__eq__")
            inherited: Any = type(a).__ne__
            if equal is not None and inherited is object.__ne__:
                result = resolve(equal)(a, b)
                if result is not NotImplemented:
                    return not true(result)
        if left is None and right is None:
            return function(a, b)
        if TWINS and (type(a) in TWINS or type(b) in TWINS):
            methods = (left or getattr(type(a), forward), right or getattr(type(b), reflected))
            order = beside_twin(a, b, methods, reflected)
        else:
            order = [(left or getattr(type(a), forward), a, b), (right or getattr(type(b), reflected), b, a)]
            if type(b) is not type(a) and issubclass(type(b), type(a)):
                order.reverse()
        for method, one, other in order:
            result = resolve(method)(one, other)
            if result is not NotImplemented:
                return result
        return function(a, b)  # identity, or raises as Python does

    def operate(a: Any, b: Any) -> Any:
        kind = type(a)
        if kind in PLAIN and type(b) in PLAIN:
            if (kind is tuple or kind is list) and kind is type(b) and _holds_objects(a) and _holds_objects(b):
                return _in_sequence(name, a, b)
            return function(a, b)
        return slow(a, b)

    return operate


def _holds_objects(items: Any) -> bool:
    """Whether something in a sequence is an object that Python would compare by special methods of the user's."""
    kinds = set(map(type, items))
    return local.watch is not None and (
        not kinds <= PLAIN
        or ((tuple in kinds or list in kinds) and any(_holds_objects(v) for v in items if type(v) in (tuple, list)))
    )


def _in_sequence(name: str, a: Any, b: Any) -> Any:
    """Two sequences: by the first items that are not equal, or by their lengths."""
    if len(a) != len(b) and name in ("eq", "ne"):
        return name == "ne"
    for one, other in zip(a, b, strict=False):
        if one is not other and not true(COMPARISONS["eq"](one, other)):
            return COMPARISONS[name](one, other) if name not in ("eq", "ne") else name == "ne"
    return getattr(operator, name)(len(a), len(b))


COMPARISONS = {name: _comparison(name, getattr(operator, name)) for name in _REFLECTED}


def contains(value: Any, container: Any) -> bool:
    """``value in container``."""
    if type(container) in PLAIN:
        if type(container) in ITERATORS:
            container = taken_from(container)
        if type(value) in PLAIN or type(container) not in (list, tuple):
            return value in container
        return any(v is value or true(COMPARISONS["eq"](v, value)) for v in container)
    watch = local.watch
    if watch is None:
        return value in container
    methods = class_info(watch, type(container)).methods
    if "__contains__" in methods and methods["__contains__"] is not None:
        return bool(true(resolve(methods["__contains__"])(container, value)))
    if "__contains__" in methods or gives(type(container), "__contains__"):
        return value in container
    if "__iter__" in methods or "__getitem__" in methods:
        return any(v is value or true(COMPARISONS["eq"](v, value)) for v in iterate(container))
    return value in (taken_from(container) if gives(type(container), "__next__") else container)


def true(value: Any) -> Any:
    """What to test in place of ``value``."""
    if type(value) in PLAIN:
        return value
    watch = local.watch
    if watch is None:
        return value
    methods = class_info(watch, type(value)).methods
    method = methods.get("__bool__")
    if method is not None:
        return resolve(method)(value)
    if gives(type(value), "__bool__"):
        return value
    method = methods.get("__len__")
    return value if method is None else resolve(method)(value)


skip_frames_of(globals())
