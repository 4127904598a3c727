"""The callees with a stand-in, by identity, and the methods of plain types with one, by type and name.

Modules are looked at only once they are loaded; ``refresh`` looks again when more of them are.  The stand-ins themselves are loaded when the first function is watched: they are
a sixth of what importing gradwise would take.
"""

from __future__ import annotations

import functools
import importlib
import sys
import time
from collections import OrderedDict, deque
from typing import Any

from gradwise.tracing.instrument.state import Tail, local
from gradwise.tracing.special import STAND_INS as SPECIAL

#: stand-ins by the identity of what they stand for
KNOWN: dict[int, Any] = {}
#: by type and name
METHODS: dict[type, dict[str, Any]] = {}

_kept: list[Any] = []
_loaded: set[str] = set()
_modules = [0]


@functools.cache
def _standins() -> Any:
    return importlib.import_module("gradwise.tracing.standins")


def numpy_function(function: Any) -> Any:
    """The stand-in of a function of NumPy's that has none of its own."""
    return _standins().numpy_function(function)


def vectorized_call(function: Any, *args: Any, **kwargs: Any) -> Any:
    """The call of an ``np.vectorize`` object."""
    return _standins().vectorized_call(function, *args, **kwargs)


def refresh() -> None:
    """Find the stand-ins of modules that were loaded since."""
    if _modules[0] == len(sys.modules):  # asked at every call of a derivative
        return
    began = time.perf_counter()
    try:
        _find()
    finally:
        spent[0] += time.perf_counter() - began


#: the seconds that it took to load stand-ins and to find them, which are no part of what a run takes
spent = [0.0]


def _find() -> None:
    standins = _standins()
    if not _modules[0]:
        _install(standins)
    _modules[0] = len(sys.modules)
    for table in (*TABLES, standins.STAND_INS):
        for module_name, entries in table.items():
            key = f"{id(table)}:{module_name}"
            if key in _loaded:
                continue
            module = sys.modules.get(module_name)
            if module is None:
                continue
            _loaded.add(key)
            for name, ours in entries.items():
                theirs = getattr(module, name, None)
                if theirs is not None and theirs is not ours:
                    KNOWN.setdefault(id(theirs), ours)
                    _kept.append(theirs)
    for module_name, methods in standins.LATE_METHODS.items():
        if f"methods:{module_name}" not in _loaded and module_name in sys.modules:
            _loaded.add(f"methods:{module_name}")
            for cls, entries in methods().items():
                METHODS.setdefault(cls, {}).update(entries)
                for name, ours in entries.items():
                    if hasattr(cls, name):
                        theirs = getattr(cls, name)
                        if type(theirs) is property:
                            theirs = theirs.fget
                        KNOWN.setdefault(id(theirs), ours)
                        _kept.append(
                            theirs
                        )  # one that is made when it is asked for would leave its identity to another


#: module → name → stand-in; the first table that names a callee decides
TABLES: list[dict[str, dict[str, Any]]] = [SPECIAL]


def _touching(original: Any) -> Any:
    """A method that puts something into a container: noted, so that the run's end finds it."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        watch = local.watch
        if watch is not None:
            watch.touched[id(self)] = self
        return original(self, *args, **kwargs)

    return call


#: a list shorter than that is looked at as a whole
_LONG = 64


def _append(self: list[Any], *values: Any, **none: Any) -> None:
    """``list.append``; of a long list only the end is noted, unless something else is done to it."""
    watch = local.watch
    if watch is not None and id(self) not in watch.touched:
        if id(self) not in watch.tails and (len(self) < _LONG or type(self) is not list):
            watch.touched[id(self)] = self
        elif len(values) == 1:
            watch.tails.setdefault(id(self), Tail(self)).appended.append(values[0])
    list.append(self, *values, **none)


def _install(standins: Any) -> None:
    for cls, names in {
        list: "append extend insert pop remove clear reverse __setitem__ __delitem__ __iadd__ __imul__",
        dict: "update setdefault pop popitem clear __setitem__ __delitem__ __ior__",
        set: "add update discard remove pop clear difference_update intersection_update",
        OrderedDict: "update setdefault pop popitem clear move_to_end __setitem__ __delitem__ __ior__",
        deque: "append appendleft extend extendleft insert pop popleft clear rotate remove __setitem__",
    }.items():
        METHODS[cls] = {name: _touching(getattr(cls, name)) for name in names.split()}
        if cls is list:
            METHODS[cls]["append"] = _append
        KNOWN.update({id(getattr(cls, name)): METHODS[cls][name] for name in names.split()})  # list.append(x, v)
    for owner, entries in standins.METHODS.items():
        METHODS.setdefault(owner, {}).update(entries)
    for theirs, ours in standins.BY_IDENTITY:
        KNOWN[id(theirs)] = ours
        _kept.append(theirs)
