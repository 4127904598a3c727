"""Metaclasses of the user's that have to do with the making of classes only, and what belongs to libraries."""

from __future__ import annotations

import abc
import sys
import typing
from typing import Any

LIBRARIES = frozenset([*sys.stdlib_module_names, "numpy", "scipy", "gradwise"])
HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class made while the program runs
#: that of protocols says what ``isinstance`` gives, and nothing else
METACLASSES: tuple[type, ...] = (type, abc.ABCMeta, type(typing.Protocol))

#: what a metaclass may say for itself: how classes are made, not what they and their objects do
_MAKES = frozenset(
    [
        *("__new__", "__init__", "__prepare__", "__module__", "__qualname__", "__doc__", "__annotations__"),
        *("__static_attributes__", "__firstlineno__", "__annotate__", "__annotate_func__", "__annotations_cache__"),
    ]
)


def only_makes(metaclass: Any) -> bool:
    """Whether a metaclass of the user's has to do with the making of classes only (a registry), and with none of their attributes.

    Examples
    --------
    >>> only_makes(type("Registry", (type,), {"__module__": "registries", "known": {}}))
    True
    """
    for cls in metaclass.__mro__:
        if cls in METACLASSES:
            return True
        if not cls.__flags__ & HEAP or str(cls.__module__ or "").partition(".")[0] in LIBRARIES:
            return False
        for name, found in vars(cls).items():
            is_own = name in _MAKES or not (name.startswith("__") or name == "mro")
            if not is_own or hasattr(type(found), "__set__") or hasattr(type(found), "__delete__"):
                return False
    return False
