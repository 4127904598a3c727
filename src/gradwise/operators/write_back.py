"""What a function changes in its arguments' containers, changed in the caller's too.

A traced run gets containers that were made anew around traced leaves.  Arrays are written through (``tracing/aliasing.py``); an item that the function appends to a list, a key that it sets, an
attribute that it assigns is found here after the run, by identity, and put into the caller's own container as a plain value.
"""

from __future__ import annotations

import types
from typing import Any

from gradwise.containers.labelled import is_labelled
from gradwise.tracing.instrument.objects import set_raw, unwrapped
from gradwise.tracing.traced import isinstance_traced

_MISSING = object()


def _items(container: Any) -> dict[Any, Any] | None:
    """The items of a container that can change, by key; None for anything else."""
    if isinstance(container, list):
        return dict(enumerate(list.__iter__(container)))
    if isinstance(container, dict):
        return {key: dict.__getitem__(container, key) for key in dict.__iter__(container)}
    if isinstance(container, (tuple, type, types.ModuleType)) or isinstance_traced(container):
        return None
    if is_labelled(type(container)):  # what a library stores on its objects is its own
        return None
    attributes = getattr(container, "__dict__", None)
    return dict(attributes) if type(attributes) is dict else None


class Containers:
    """The caller's containers beside those that the function is given, as they are before the run."""

    __slots__ = ("_pairs",)

    def __init__(self, theirs: list[Any], ours: list[Any]) -> None:
        self._pairs: list[tuple[Any, Any, dict[Any, Any], dict[Any, Any]]] = []
        seen: set[int] = set()
        stack = list(zip(theirs, ours, strict=True))
        while stack:
            their, our = stack.pop()
            if their is our or id(our) in seen:
                continue
            seen.add(id(our))
            if isinstance(their, tuple) and isinstance(our, tuple):
                stack.extend(zip(tuple.__iter__(their), tuple.__iter__(our), strict=False))
                continue
            now, before = _items(our), _items(their)
            if now is None or before is None:
                continue
            self._pairs.append((their, our, before, now))
            stack.extend((before[key], value) for key, value in now.items() if key in before)

    def write_back(self) -> None:
        """Put what the function changed into the caller's containers."""
        for their, our, before, then in self._pairs:
            now = _items(our) or {}
            if len(now) == len(then) and all(now[key] is then.get(key, _MISSING) for key in now):
                continue
            # what was given and only moved is the caller's own object
            known = {id(value): before[key] for key, value in then.items() if key in before}
            values = {key: known[id(v)] if id(v) in known else unwrapped(v) for key, v in now.items()}
            if isinstance(their, list):
                list.__setitem__(their, slice(None), list(values.values()))
            elif isinstance(their, dict):
                for key in [k for k in dict.__iter__(their) if k not in values]:
                    dict.__delitem__(their, key)
                for key, value in values.items():
                    dict.__setitem__(their, key, value)
            else:
                for key, value in values.items():
                    if now[key] is not then.get(key, _MISSING):
                        set_raw(their, key, value)
                for key in [k for k in then if k not in now]:
                    their.__dict__.pop(key, None)
