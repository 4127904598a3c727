"""What a function changes in its arguments' containers, changed in the caller's too.

A traced run gets containers that were made anew around traced leaves.  Arrays are written through (``tracing/aliasing.py``); an item that the function appends to a list, a key that it sets, an
attribute that it assigns is found here after the run, by identity, and put into the caller's own container as a plain value.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.containers.kinds import slots
from gradwise.containers.labelled import is_labelled
from gradwise.errors import InputError
from gradwise.tracing.instrument.objects import set_raw, unwrapped
from gradwise.tracing.instrument.state import local
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Sequence

_MISSING = object()


def _items(container: Any) -> dict[Any, Any] | None:
    """The items of a container that can change, by key; None for anything else."""
    if isinstance(container, list):
        return dict(enumerate(list.__iter__(container)))
    if isinstance(container, dict):
        return {key: dict.__getitem__(container, key) for key in dict.__iter__(container)}
    if isinstance(container, (tuple, np.ndarray, type, types.ModuleType)) or isinstance_traced(container):
        return None
    if is_labelled(type(container)):  # what a library stores on its objects is its own
        return None
    attributes = own_entries(container)
    attributes = dict(attributes) if type(attributes) is dict else None
    places = slots(type(container))
    if not places:
        return attributes
    stored = {name: _slot(container, name) for name in places}
    return {name: value for name, value in stored.items() if value is not _MISSING} | (attributes or {})


def _slot(container: Any, name: str) -> Any:
    try:
        return object.__getattribute__(container, name)
    except AttributeError:
        return _MISSING


def _with_twins(container: Any, items: dict[Any, Any]) -> dict[Any, Any]:
    """The items with the traced values of attributes that the run assigned: the object itself shows what they were then, and they may have been written to since."""
    stored = None if local.watch is None else local.watch.overlay.get(id(container))
    if stored is None:
        return items
    return {key: stored[1].get(key, value) for key, value in items.items()}


class Containers:
    """The caller's containers beside those that the function is given, as they are before the run.

    Attributes
    ----------
    others : sequence
        The arguments that the function is given as they are.
    shared : sequence
        Those of them that share memory with an array that is differentiated.
    """

    __slots__ = ("_others", "_pairs", "_shared")

    def __init__(
        self, theirs: list[Any], ours: list[Any], others: Sequence[Any] = (), shared: Sequence[np.ndarray] = ()
    ) -> None:
        self._others = others
        self._shared = [(array, array.copy()) for array in shared]
        self._pairs: list[tuple[Any, Any, dict[Any, Any], dict[Any, Any]]] = []
        seen: set[int] = set()
        stack = list(zip(theirs, ours, strict=False))
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
        """Put what the function changed into the caller's containers.

        Raises
        ------
        InputError
            If it changed a container or array that occurs twice among the arguments: the function was given two.
        """
        if any(array.tobytes() != before.tobytes() for array, before in self._shared):
            raise InputError(
                "the function writes to an argument that shares memory with one that is differentiated, so that both change. Separate arrays are required. "
                "Pass x.copy() for one of them"
            )
        changed = []
        for their, our, before, then in self._pairs:
            now = _with_twins(our, _items(our) or {})
            if list(now) != list(then) or not all(now[key] is then[key] for key in now):
                changed.append((their, before, then, now))
        self._refuse_shared([their for their, *_ in changed])
        containers = {id(our): their for their, our, *_ in self._pairs}
        for their, before, then, now in changed:
            # what was given and only moved is the caller's own object
            known = containers | {id(value): before[key] for key, value in then.items() if key in before}
            values = {key: known[id(v)] if id(v) in known else unwrapped(v) for key, v in now.items()}
            values = {key: _as_before(v, before.get(key)) for key, v in values.items()}
            _put(
                their,
                values,
                [k for k in then if k not in now],
                {k for k in values if now[k] is not then.get(k, _MISSING)},
            )

    def take_back(self) -> None:
        """The caller's containers hold what they held before the run."""
        for their, _, before, _ in self._pairs:
            now = _items(their) or {}
            if list(now) != list(before) or not all(now[key] is before[key] for key in now):
                _put(their, before, [k for k in now if k not in before], set(before))

    def _refuse_shared(self, changed: list[Any]) -> None:
        """In a plain call, what the function does to a container that occurs twice is seen at both places."""
        times: dict[int, int] = {}
        for their, *_ in self._pairs:
            times[id(their)] = times.get(id(their), 0) + 1
        beside = _containers_in(self._others) if self._others and self._pairs else set()
        twice = [their for their in changed if times[id(their)] > 1 or id(their) in beside]
        for their, _, before, _ in self._pairs if beside else ():
            now = _items(their) or {}
            if id(their) in beside and not (list(now) == list(before) and all(now[k] is before[k] for k in now)):
                twice.append(their)
        if twice:
            raise InputError(
                f"the function changes a {type(twice[0]).__name__} that occurs twice among its arguments, so that both change. Separate containers are required. "
                "Pass copy.deepcopy(x) for one of them"
            )


def _put(their: Any, values: dict[Any, Any], gone: list[Any], changed: set[Any]) -> None:
    """Let a container hold these values; of an object the attributes that changed, and none of those that are gone."""
    if isinstance(their, list):
        list.__setitem__(their, slice(None), list(values.values()))
    elif isinstance(their, dict):
        for key in [k for k in dict.__iter__(their) if k not in values]:
            dict.__delitem__(their, key)
        if list(dict.__iter__(their)) != list(values)[: len(their)]:
            dict.clear(their)
        for key, value in values.items():
            dict.__setitem__(their, key, value)
    else:
        for key in changed:
            set_raw(their, key, values[key])
        for key in gone:
            object.__delattr__(their, key)


def shared_arrays(theirs: Sequence[Any], ours: Sequence[Any], others: Sequence[Any]) -> list[np.ndarray]:
    """The arrays among the other arguments that share memory with one that is differentiated; a write to that one is refused."""
    found = []
    for other in others:
        if type(other) is not np.ndarray:
            continue
        for their, our in zip(theirs, ours, strict=True):
            if type(their) is np.ndarray and np.may_share_memory(their, other) and isinstance_traced(our):
                our.tape.mirrors.append(other)
                found.append(other)
                break
    return found


def originals(theirs: Sequence[Any], ours: Sequence[Any], others: Sequence[Any]) -> dict[int, int]:
    """The identities of the caller's containers and leaves, by those of what the function is given in their place (the other arguments as they are)."""
    found: dict[int, int] = {}
    stack = [*zip(theirs, ours, strict=True), *zip(others, others, strict=True)]
    while stack:
        their, our = stack.pop()
        if id(our) in found:
            continue
        found[id(our)] = id(their)
        if isinstance(their, tuple) and isinstance(our, tuple):
            stack.extend(zip(tuple.__iter__(their), tuple.__iter__(our), strict=False))
            continue
        now, before = _items(our), _items(their)
        if now is not None and before is not None:
            stack.extend((before[key], value) for key, value in now.items() if key in before)
    return found


def _as_before(value: Any, before: Any) -> Any:
    """An integer that the function was given as a float, and counted up, as an integer."""
    if type(before) is int and type(value) is float and value.is_integer():
        return int(value)
    return value


def _containers_in(values: Sequence[Any]) -> set[int]:
    """The identities of the containers that can change, in values and within them."""
    found: set[int] = set()
    stack = list(values)
    while stack:
        value = stack.pop()
        if isinstance(value, tuple):
            stack.extend(tuple.__iter__(value))
        elif (isinstance(value, (list, dict)) or hasattr(type(value), "__dataclass_fields__")) and id(
            value
        ) not in found:
            found.add(id(value))
            stack.extend((_items(value) or {}).values())
    return found
