"""Metaclasses of the user's that have to do with the making of classes only, and what belongs to libraries."""

from __future__ import annotations

import abc
import sys
import typing
import weakref
from typing import Any

import numpy as np

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


#: the classes of numbers, and of plain data
_NUMPYS = sorted(set(np.sctypeDict.values()), key=repr)
SCALARS: tuple[type, ...] = (float, int, bool, complex, *[c for c in _NUMPYS if issubclass(c, (np.number, np.bool_))])
PLAIN = (*SCALARS, *_NUMPYS, np.ndarray, str, bytes, type(None), list, tuple, dict, set, frozenset, slice, range)
_ANSWERS: weakref.WeakKeyDictionary[type, tuple[Any, bool]] = weakref.WeakKeyDictionary()


def takes_no_data(cls: type) -> bool:
    """Whether no class of plain data was registered with an abstract class; asked anew where any class was registered with any.

    Examples
    --------
    >>> base = abc.ABCMeta("Base", (), {})
    >>> takes_no_data(base), base.register(float) is float, takes_no_data(base)
    (True, True, False)
    """
    token = abc.get_cache_token()
    known = _ANSWERS.get(cls)
    if known is None or known[0] != token:
        known = _ANSWERS[cls] = token, not any(issubclass(kind, cls) for kind in PLAIN)
    return known[1]
