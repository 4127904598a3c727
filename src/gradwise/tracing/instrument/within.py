"""Values that hold traced ones: in containers of containers, and their plain copies."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.tracing.aliasing import part_of
from gradwise.tracing.holders import HOLDERS, STANDING
from gradwise.tracing.instrument.atoms import are_atoms
from gradwise.tracing.instrument.state import local
from gradwise.tracing.layout import copy_in_layout
from gradwise.tracing.text import Text
from gradwise.tracing.traced import TracedArray, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Collection


def holds_traced(value: Any, depth: int = 6, plain: Collection[int] = ()) -> bool:
    """Whether a value is traced, the text of a traced one, or a container (of containers) that holds one.

    ``plain``: the ``id`` of containers that are known to hold none, however deep, so that nobody looks into them again.
    """
    cls = type(value)
    if isinstance_traced(value) or cls is Text:
        return True
    if depth == 0:
        return _holds_traced_deeply(value, plain)
    if plain and id(value) in plain:
        return False
    if cls is dict or isinstance(value, dict):
        if are_atoms(value) and are_atoms(value.values()):
            return False
        return any(holds_traced(v, depth - 1, plain) for v in value.values()) or any(
            isinstance_traced(k) for k in value
        )
    if isinstance(value, (list, tuple, set, frozenset, deque)):
        return not are_atoms(value) and any(holds_traced(v, depth - 1, plain) for v in value)
    if cls in STANDING:
        return True
    parts = value.__parts__() if cls in HOLDERS else value.flat if cls is np.ndarray and value.dtype.kind == "O" else ()
    return any(map(isinstance_traced, parts))


def _holds_traced_deeply(value: Any, plain: Collection[int]) -> bool:
    """The same for what lies deep in containers, which may hold themselves."""
    seen: dict[int, Any] = {}
    pending = [value]
    while pending:
        found = pending.pop()
        if id(found) in seen or id(found) in plain:
            continue
        seen[id(found)] = found
        if isinstance(found, dict):
            pending.extend(() if are_atoms(found.values()) else found.values())
        elif isinstance(found, (list, tuple, set, frozenset, deque)):
            pending.extend(() if are_atoms(found) else found)
        elif holds_traced(found, 1, plain):
            return True
    return False


def unwrapped(value: Any, depth: int = 6) -> Any:
    """The plain counterpart of a value that holds traced ones: a copy, in containers of the same kind."""
    known = local.copies
    if known is None:
        return _unwrapped(value, depth)
    if id(value) not in known:
        known[id(value)] = (value, _unwrapped(value, depth))
    return known[id(value)][1]


def _unwrapped(value: Any, depth: int) -> Any:
    if isinstance_traced(value):
        if local.copies is not None and type(value) is TracedArray and value.parent is not None:
            # a view of what its array becomes
            return _as_writable(part_of(unwrapped(value.parent), *value.path), value.value)
        plain = value.value
        return _as_writable(copy_in_layout(plain), plain) if isinstance(plain, np.ndarray) else plain
    if type(value) is Text:
        return str.__str__(value)
    if type(value) in STANDING:
        return getattr(value, STANDING[type(value)])
    if type(value) in HOLDERS or not holds_traced(value, max(depth, 0), local.plain):
        return value.__plain__() if type(value) in HOLDERS else value
    if depth <= 0:
        return _unwrapped_deeply(value)
    if isinstance(value, dict):
        return _like(value, {unwrapped(k): unwrapped(v, depth - 1) for k, v in value.items()})
    if isinstance(value, tuple):
        items = [unwrapped(v, depth - 1) for v in value]
        return type(value)(*items) if hasattr(type(value), "_fields") else _like(value, tuple(items))
    if isinstance(value, np.ndarray):
        return np.array([unwrapped(v) for v in value.flat], dtype=object).reshape(value.shape)
    return _like(value, [unwrapped(v, depth - 1) for v in value])


def _as_writable(made: Any, shown: Any) -> Any:
    """A new array, read-only where the function made the one read-only whose numbers it has."""
    if type(made) is np.ndarray and not shown.flags.writeable and made.flags.writeable:
        made.flags.writeable = False
    return made


def _unwrapped_deeply(value: Any) -> Any:
    """The same for what lies deep in containers: each is copied once, and one that holds itself holds what it was."""
    before = local.copies
    known = local.copies = {} if before is None else before
    try:
        if id(value) not in known:
            known[id(value)] = (value, value)  # while it is being copied
            known[id(value)] = (value, _unwrapped(value, 1))
        return known[id(value)][1]
    finally:
        local.copies = before


def _like(value: Any, items: Any) -> Any:
    cls = type(value)
    if type(items) is cls:
        return items
    if cls in (set, frozenset):
        return cls(items)
    try:
        # not by copy.copy, which leaves a note in the class
        make: Any = cls.__new__
        if isinstance(value, (tuple, frozenset)):  # which cannot be filled
            make = tuple.__new__ if isinstance(value, tuple) else frozenset.__new__
            twin = make(cls, items)
        elif isinstance(value, deque):
            twin = make(cls)
            deque.__init__(twin, items, value.maxlen)
        else:
            twin = make(cls)
        if isinstance(twin, dict):
            dict.update(twin, items)
        elif isinstance(twin, list):
            list.extend(twin, items)
        elif isinstance(twin, set):
            set.update(twin, items)
        getattr(twin, "__dict__", {}).update(own_entries(value) or {})
        if isinstance(value, defaultdict):
            twin.default_factory = value.default_factory
    except Exception:  # noqa: BLE001  a container of the user's that cannot be copied: its items in a plain one
        return items
    return twin
