"""What is kept of a function, or of a method of an object, by its identity, as long as it lives."""

from __future__ import annotations

import types
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from gradwise.locks import lock

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


#: by the identity of the function, or of a method's object and function, which are referred to weakly
_known: OrderedDict[Hashable, tuple[tuple[weakref.ref[Any], ...], dict[Hashable, Shortcuts]]] = OrderedDict()
_lock = lock()


def forget_shortcuts() -> None:
    """Forget all shortcuts."""
    with _lock:
        _known.clear()


def shortcuts_of(function: Any) -> dict[Hashable, Shortcuts] | None:
    """The shortcuts of a function by what is differentiated; None if there are none."""
    if type(function) is types.MethodType:
        owner, behind = function.__self__, function.__func__
        entry = _known.get((id(owner), id(behind)))
        if entry is None or entry[0][0]() is not owner or entry[0][1]() is not behind:
            return None
        return entry[1]
    entry = _known.get(id(function))
    return None if entry is None or entry[0][0]() is not function else entry[1]


def shortcuts_for(function: Callable[..., Any], choice: Hashable) -> Shortcuts:
    """The shortcuts of a function for one choice, an empty record if there are none.

    Raises
    ------
    TypeError
        For an object that cannot be referred to weakly.
    """
    parts = (function.__self__, function.__func__) if type(function) is types.MethodType else (function,)
    key: Hashable = tuple(map(id, parts)) if len(parts) == 2 else id(function)
    with _lock:
        entry = _known.get(key)
        if entry is None or any(r() is not p for r, p in zip(entry[0], parts, strict=True)):
            entry = (tuple([weakref.ref(p) for p in parts]), {})
            _known[key] = entry
            while len(_known) > _FUNCTIONS:
                _known.popitem(last=False)
        return entry[1].setdefault(choice, Shortcuts())
