"""Containers of classes derived from ``dict`` and ``list`` that were there before the call: settings with attributes (``class Config(dict): __getattr__ = dict.__getitem__``), registries, lists of layers.

They are sequences like a dict or a list (``sequences.py``), as long as their class leaves to Python what a container does: then an entry is what the container of Python's holds.  Ordered dictionaries and
those with defaults are such containers too.  Methods and properties of the class are noted with the code that asks for them (``class_members.py``).
"""

from __future__ import annotations

import collections
import types
from typing import Any

from gradwise.tracing.purity.objects import HEAP, entries_of

_BASES = (dict, list)
_LIBRARYS = (collections.OrderedDict, collections.defaultdict)
#: what a class may say for itself although its base says something
_ALLOWED = frozenset(
    [
        "__init__",
        "__repr__",
        "__str__",
        "__doc__",
        "__module__",
        "__qualname__",
        "__setattr__",
        "__delattr__",
        "__init_subclass__",
        "__class_getitem__",
        "__dict__",
        "__weakref__",
        "__slots__",
        "__dir__",
        "__sizeof__",
        "__reduce__",
        "__reduce_ex__",
        "__getstate__",
        "__setstate__",
        "__annotations__",
        "__static_attributes__",
        "__firstlineno__",
        "copy",
        "update",
        "setdefault",
        "pop",
        "popitem",
        "clear",
        "append",
        "extend",
        "insert",
        "remove",
        "sort",
        "reverse",
    ]
)
#: what its base says nothing of, by which it would be no plain container
_ANSWERS = frozenset(
    [
        "__missing__",
        "__bool__",
        "__del__",
        "__get__",
        "__set__",
        "__delete__",
        "__index__",
        "__array__",
        "__array_ufunc__",
        "__array_function__",
        "__float__",
        "__int__",
        "__complex__",
        "__class__",
        "__next__",
        "__copy__",
        "__deepcopy__",
    ]
)
_NOT = {base: (frozenset(dir(base)) | _ANSWERS) - _ALLOWED for base in _BASES}


def is_container(value: Any) -> bool:
    """Whether a value is an ordered dictionary, one with a default, or a container of a class of the user's that does with its entries what dict and list do.

    Examples
    --------
    >>> is_container(collections.OrderedDict(a=1)), is_container({}), is_container(collections.Counter())
    (True, False, False)
    """
    cls = type(value)
    if cls in _LIBRARYS:
        return True
    base = dict if isinstance(value, dict) else list
    if type(cls) is not type or not issubclass(cls, base):
        return False
    *own, last, end = cls.__mro__
    if last is not base or end is not object or not own:
        return False
    for one in own:
        if not one.__flags__ & HEAP or not vars(one).keys().isdisjoint(_NOT[base]):
            return False
        if str(one.__module__ or "").partition(".")[0] in ("numpy", "scipy", "gradwise", "collections", "pandas"):
            return False
    stored = entries_of(value)
    return not stored or stored is value


def stored_attribute(value: Any, name: str) -> bool:
    """Whether a container is its own dictionary of attributes (``self.__dict__ = self``) and has one under this name."""
    return entries_of(value) is value and name in value


def copied_container(value: Any) -> Any:
    """Another container of the same class with the same entries; no code of the class runs."""
    cls, base = type(value), dict if isinstance(value, dict) else list
    if cls is collections.defaultdict:
        return collections.defaultdict(value.default_factory, value)
    if cls is collections.OrderedDict:
        return collections.OrderedDict(value)
    new: Any = base.__new__(cls)
    base.__init__(new, value)
    if entries_of(value) is value and hasattr(value, "__dict__"):
        object.__setattr__(new, "__dict__", new)
    return new


def overrides(cls: type, name: str) -> bool:
    """Whether a class of the user's has something under a name that dict or list has too."""
    return any(name in vars(one) for one in cls.__mro__ if one.__flags__ & HEAP)


def fills_gaps(value: Any) -> bool:
    """Whether a dictionary answers for keys that it has not got, and keeps the answers."""
    return type(value) is collections.defaultdict


def asking(cls: type) -> tuple[str, Any] | None:
    """What a class of containers has for ``__getattr__``: a function of the user's, or the method of dict that gives entries; None for anything else."""
    found = next((vars(c)["__getattr__"] for c in cls.__mro__ if "__getattr__" in vars(c)), None)
    if type(found) is types.FunctionType:
        return "method", found
    return ("raw", found) if found is dict.__getitem__ or found is dict.get else None
