"""Containers that a run wrote to, made plain in place when it ends, and what must wait for the run around it."""

from __future__ import annotations

import functools
from collections import OrderedDict, deque
from typing import Any

import numpy as np

from gradwise.tracing.conversions import Unknown
from gradwise.tracing.holders import HOLDERS, STANDING
from gradwise.tracing.instrument.atoms import ATOMS
from gradwise.tracing.instrument.state import Watch, local
from gradwise.tracing.instrument.within import holds_traced, unwrapped
from gradwise.tracing.text import Text
from gradwise.tracing.traced import isinstance_traced


def belongs_outside(value: Any) -> bool:
    """Whether a value (or one inside it) is, or may depend on, one of a run that is still open."""
    if isinstance_traced(value):
        return value.tape.open or value.tape.open_outer() is not None
    if type(value) in HOLDERS:
        return any(map(belongs_outside, value.__parts__()))
    if type(value) in STANDING:  # a list is what some are
        return any(map(belongs_outside, [*vars(value).values(), *(value if issubclass(type(value), list) else ())]))
    if isinstance(value, dict):
        return any(belongs_outside(v) for v in value.values())
    return isinstance(value, (list, tuple, set, frozenset, deque)) and any(belongs_outside(v) for v in value)


#: keys that know of the run, and the plain type of each
_MARKED: dict[type, Any] = {Unknown: bytes, Text: lambda text: str.__str__(text)}


def _is_marked(key: Any) -> bool:
    """Whether a key is, or holds, a text or bytes that know of the run."""
    return type(key) in _MARKED or (type(key) in _GROUPS and any(map(_is_marked, key)))


def _plain_key(key: Any) -> Any:
    if type(key) in _GROUPS:
        return type(key)(map(_plain_key, key))
    return _MARKED.get(type(key), unwrapped)(key)


_GROUPS = (tuple, frozenset)


def cleaned(container: Any, outer: Watch | None, *, itself: bool = False) -> bool:
    """Make the values of a container plain (only its own, with ``itself``, not those of what it holds); whether some must wait for the enclosing run."""
    waiting = False
    if isinstance(container, dict):
        if outer is None and any(_is_marked(k) or holds_traced(k) for k in container):
            entries = [(_plain_key(k), v) for k, v in container.items()]
            kind: Any = OrderedDict if isinstance(container, OrderedDict) else dict
            kind.clear(container)  # and not by the methods of its class: a Counter counts what it is updated with
            for key, value in entries:
                kind.__setitem__(container, key, value)
        items: list[tuple[Any, Any]] = [(k, v) for k, v in container.items() if type(v) not in ATOMS]
        put = functools.partial(dict.__setitem__, container)
    elif isinstance(container, list):
        items = [(k, v) for k, v in enumerate(container) if type(v) not in ATOMS]
        put = functools.partial(list.__setitem__, container)
    elif isinstance(container, deque):
        items = [(k, v) for k, v in enumerate(container) if type(v) not in ATOMS]
        put = functools.partial(deque.__setitem__, container)
    elif isinstance(container, set):
        traced = [v for v in container if holds_traced(v) or (outer is None and _is_marked(v))]
        for value in traced:
            container.discard(value)
            container.add(_plain_key(value))
        return False
    elif not isinstance(container, np.ndarray) or container.dtype.kind != "O":  # the environment, memory of bytes
        return False
    else:
        items = list(enumerate(container.flat))
        put = functools.partial(container.flat.__setitem__)
    for key, value in items:
        if isinstance_traced(value) if itself else (value is not container and holds_traced(value, plain=local.plain)):
            if outer is not None and belongs_outside(value):
                waiting = True
            else:
                put(key, unwrapped(value))
    return waiting
