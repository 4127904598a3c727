"""Derived programs, remembered by the fingerprint of the program that they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.locks import lock
from gradwise.program import collector_paused

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


class Cache:
    """A bounded, thread-safe map from fingerprints to derived programs, weighted by their number of equations."""

    def __init__(self, entries: int = 1024, weight: int = 2_000_000) -> None:
        self._entries = entries
        self._weight = weight
        self._total = 0
        #: in the order in which they were put
        self._items: dict[Hashable, tuple[Any, int]] = {}
        self._lock = lock()

    def get(self, key: Hashable) -> Any:
        found = self._items.get(key)
        return None if found is None else found[0]

    def put(self, key: Hashable, value: Any, weight: int) -> None:
        with self._lock:
            self._total += weight - self._items.pop(key, (None, 0))[1]
            self._items[key] = (value, weight)
            while self._items and (len(self._items) > self._entries or self._total > self._weight):
                _, gone = self._items.pop(next(iter(self._items)))
                self._total -= gone

    def clear(self) -> None:
        with self._lock:
            self._items.clear()
            self._total = 0


_derived = Cache()


def derived(key: Hashable, make: Callable[[], tuple[Any, int]]) -> Any:
    """What ``make`` gives for ``key``, made once; ``make`` returns it with its weight."""
    found = _derived.get(key)
    if found is None:
        with collector_paused():
            found, weight = make()
        _derived.put(key, found, weight)
    return found


def forget_derived() -> None:
    """Forget every derived program."""
    _derived.clear()
