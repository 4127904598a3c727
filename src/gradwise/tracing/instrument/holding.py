"""Plain arrays that the user's objects and modules keep, about to be written into: work arrays, matrices that are assembled anew in each call.

    self.K[i, j] = v     the attribute K becomes a buffer of the trace
    table["g"][i] = v    the item becomes one
    work[:] = x          the global or the variable of the function around becomes one

Only where nothing else refers to the array, so that nobody misses what is written: the object keeps the old numbers until the run ends, then an array with the new ones.  An array that
others refer to stays plain, and a traced value that is written to it raises.
"""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np

from gradwise.tracing.functions.creation import buffer
from gradwise.tracing.instrument.items import reading, touch
from gradwise.tracing.instrument.objects import class_info, load, store_plainly
from gradwise.tracing.instrument.references import ALONE, count
from gradwise.tracing.instrument.state import local

#: the reference of the parameter of ``alone`` where a local name of the caller's is passed, from which it is borrowed since CPython 3.14; a global or a variable of the function around never is
_OWN_NAME = 0 if sys.version_info >= (3, 14) else 1


def alone(value: Any, names: int = 0) -> bool:
    """Whether a value is a plain array of numbers to which one place refers, beside ``names`` local names of the caller's and the notes of the run."""
    watch = local.watch
    return (
        type(value) is np.ndarray
        and watch is not None
        and value.dtype.kind in "fc"
        and (value.base is None or _owns(value.base))
        and value.flags.writeable
        and count(value) <= ALONE + (_OWN_NAME + names if names else 1) + (id(value) in watch.touched)
    )


def _owns(base: Any) -> bool:
    """Whether the memory of a view belongs to an array that nothing else refers to (SciPy keeps what it was given under another view)."""
    return type(base) is np.ndarray and base.base is None and count(base) <= ALONE + 1


def owned(value: Any) -> Any:
    """A buffer of the trace with the numbers of an array."""
    watch = local.watch
    return value if watch is None else buffer(watch.trace, value.copy())


def held_attribute(obj: Any, name: str) -> Any:
    """``obj.name``, whose items are about to be assigned."""
    value = load(obj, name)
    if type(value) is np.ndarray and alone(value, 1) and _keeps(obj, name):
        value = owned(value)
        store_plainly(obj, name, value)
    return value


def _keeps(obj: Any, name: str) -> bool:
    """Whether an object itself keeps an attribute, without code of the user's."""
    watch = local.watch
    if watch is None or isinstance(obj, (type, types.ModuleType)):
        return False
    info = class_info(watch, type(obj))
    if name in info.special or info.setattr or info.getattribute:
        return False
    return name in getattr(obj, "__dict__", ()) or type(getattr(type(obj), name, None)) is types.MemberDescriptorType


def held_item(container: Any, key: Any) -> Any:
    """``container[key]``, whose items are about to be assigned."""
    value = reading(container)[key]
    if type(value) is np.ndarray and type(container) in (list, dict) and type(key) is not slice and alone(value, 1):
        value = owned(value)
        touch(container)
        container[key] = value
    return value
