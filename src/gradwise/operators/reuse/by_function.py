"""What is kept of a function, by its identity, as long as it lives."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

#: functions of which something is kept
_FUNCTIONS = 256


class Shortcuts:
    """The shortcuts of one function for one choice of arguments, and how often they led there.

    Attributes
    ----------
    ways : list
    served, failed : int
    """

    __slots__ = ("failed", "served", "ways")

    def __init__(self) -> None:
        self.ways: list[Any] = []
        self.served = self.failed = 0


_known: OrderedDict[int, tuple[weakref.ref[Any], dict[Hashable, Shortcuts]]] = OrderedDict()
_lock = threading.Lock()


def forget_shortcuts() -> None:
    """Forget all shortcuts."""
    with _lock:
        _known.clear()


def shortcuts_of(function: Any) -> dict[Hashable, Shortcuts] | None:
    """The shortcuts of a function by what is differentiated; None if there are none."""
    entry = _known.get(id(function))
    return None if entry is None or entry[0]() is not function else entry[1]


def shortcuts_for(function: Callable[..., Any], key: Hashable) -> Shortcuts:
    """The shortcuts of a function for one choice, an empty record if there are none."""
    with _lock:
        entry = _known.get(id(function))
        if entry is None or entry[0]() is not function:
            entry = (weakref.ref(function), {})
            _known[id(function)] = entry
            while len(_known) > _FUNCTIONS:
                _known.popitem(last=False)
        return entry[1].setdefault(key, Shortcuts())
