"""Objects of compiled and of libraries' classes that a run may change, and that nobody can put back: ``array.array``, ``bytearray``, memory of ctypes, semaphores, parsers."""

from __future__ import annotations

import os
import sys
import weakref
from collections import deque
from contextvars import ContextVar
from typing import Any

import numpy as np

from gradwise.tracing.instrument.state import Watch, local, note_changed, note_written

#: containers whose content a journal keeps (``journal.py``)
_KEPT = (list, dict, set, deque, np.ndarray)
#: numbers and texts, which do not change
_VALUES = (int, float, complex, str, bytes, tuple)
#: written in Python that a run looks into (``userland.py``)
_LOOKED_INTO = frozenset({"collections", "fractions", "queue", "sched", "statistics"})

#: modules of classes whose ``get`` takes something out
_OF_QUEUES = frozenset({"_queue", "asyncio", "multiprocessing"})

#: methods of sparse matrices that change them
OF_MATRICES = frozenset({"setdiag", "resize", "eliminate_zeros", "sum_duplicates", "sort_indices", "prune"})
#: methods that change their object, by the names that libraries give them
CHANGING = frozenset(
    [
        *OF_MATRICES,
        "append",
        "appendleft",
        "extend",
        "extendleft",
        "insert",
        "add",
        "update",
        "subtract",
        "remove",
        "discard",
        "pop",
        "popleft",
        "popitem",
        "clear",
        "setdefault",
        "reverse",
        "frombytes",
        "fromlist",
        "byteswap",
        "acquire",
        "release",
        "set",
        "reset",
        "register",
        "unregister",
        "push",
        "put",
        "put_nowait",
        "send",
        "throw",
        "get",
        "get_nowait",
        "seek",
        "truncate",
        "execute",
        "executemany",
        "executescript",
        "commit",
        "rollback",
        "add_section",
        "remove_section",
        "read_dict",
        "read_string",
        "addHandler",
        "removeHandler",
        "addFilter",
        "removeFilter",
        "setLevel",
        "addLevelName",
        "set_title",
        "set_xlabel",
        "set_ylabel",
        "set_data",
        "add_argument",
        "addItem",
        "setValue",
        "emit",
        "increment",
        "inc",
        "dec",
        "observe",
        "next",
    ]
)


def is_foreign(cls: type) -> bool:
    """Whether objects of a class hold something that cannot be put back when a run only looks.

    Examples
    --------
    >>> import array
    >>> is_foreign(array.array), is_foreign(bytearray), is_foreign(dict), is_foreign(float)
    (True, True, False, False)
    """
    known = _known.get(cls)
    if known is None:
        known = _known[cls] = _decide(cls)
    return known


#: what was found of classes
_known: weakref.WeakKeyDictionary[type, bool] = weakref.WeakKeyDictionary()


def _decide(cls: type) -> bool:
    root = str(cls.__module__ or "").partition(".")[0]
    if cls is type(os.environ) or (issubclass(cls, (*_KEPT, *_VALUES)) and root != "scipy"):
        return False  # a matrix of SciPy's in a dictionary is derived from one, and keeps its entries in another
    of_library = root in sys.stdlib_module_names or type(cls).__module__ == "_ctypes"
    return (of_library and root not in _LOOKED_INTO) or root == "scipy"


def is_of_scipy(cls: type) -> bool:
    """Whether code of SciPy's, or what stands for it, reads the attributes of a class's objects themselves: a spline whose coefficients are changed."""
    return is_foreign(cls) and cls.__module__.startswith("scipy")


def is_compiled(cls: type) -> bool:
    """Whether attributes of a library's objects are kept where nobody can put them back: ``decimal.Context``."""
    return is_foreign(cls) and not cls.__dictoffset__ and cls is not ContextVar and not hasattr(cls, "__slots__")


def note_operand(watch: Watch, obj: Any) -> None:
    """Note that an operator changes an object in place: a matrix, a masked array, an object of a library's."""
    if issubclass(type(obj), np.ndarray):  # not what stands for one
        note_written(obj)
    elif is_foreign(type(obj)):
        note_changed(watch, obj)


def note_change(obj: Any, name: str) -> None:
    """Note that a method of one of the names in ``CHANGING`` is called; SciPy's objects are values but for their items and entries."""
    cls, watch = type(obj), local.watch
    if watch is None:
        return
    if name == "get" and cls.__module__.partition(".")[0] not in _OF_QUEUES:
        return  # of a mapping or a variable: it is looked up
    if is_foreign(cls):
        if name in OF_MATRICES or not cls.__module__.startswith("scipy"):
            note_changed(watch, obj)
    elif issubclass(cls, dict) or obj is os.environ:  # a Counter's update is C
        watch.touched[id(obj)] = obj
