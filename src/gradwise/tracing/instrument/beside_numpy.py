"""A user's object on the right of an array or number of NumPy's: what NumPy makes of it, before Python asks for its reflected operator.

NumPy asks an object that has ``__array_ufunc__`` or a higher ``__array_priority__``.  Of others an array does not ask: what has ``__array__``,
``__array_interface__`` or ``__array_struct__``, or ``__len__`` and ``__getitem__`` as a sequence has, is taken for an array; beside any other object it computes
entry by entry, of the Python numbers, and gives an array of what the object answers.  A number of NumPy's takes sequences for arrays as well, and leaves other
objects to Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.tracing.array_likes import gives, is_not_asked, is_sequence
from gradwise.tracing.holders import is_users_array
from gradwise.tracing.instrument.callees import resolve
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def for_numpy(obj: Any, other: Any) -> Any:
    """An operand as NumPy takes it beside one of its own: a sequence or what stands for an array as one; anything else as it is."""
    if not isinstance(other, (np.ndarray, np.generic)) or not decides(type(obj)):
        return obj
    return as_array(obj)


def decides(cls: type) -> bool:
    """Whether NumPy decides what an operator beside an object of a class does."""
    return (
        is_not_asked(cls) and not is_users_array(cls) and str(cls.__module__ or "").partition(".")[0] not in _ANSWERING
    )


#: libraries whose objects are looked at elsewhere
_ANSWERING = frozenset({"numpy", "scipy", "pandas", "xarray", "gradwise", "fractions", "decimal"})


def as_array(obj: Any) -> Any:
    """An object that NumPy takes for an array, or a number, as one; the object itself where it does not."""
    cls: Any = type(obj)
    if issubclass(cls, (int, float, complex)):  # a number of a class of the user's, a member of an enumeration
        return np.asarray(obj).item()
    if _stands_for_array(obj, cls):
        return resolve(np.asarray)(obj)
    if not is_sequence(cls):
        return obj
    try:
        entries = resolve(list)(obj)
    except KeyError:  # what looks like a dictionary is none
        return obj
    return resolve(np.array)(entries)


def _stands_for_array(obj: Any, cls: type) -> bool:
    """Whether NumPy finds an array in an object.  It asks the object, not its class: what the object was given counts, and what ``__getattr__`` answers."""
    if any(gives(cls, name) for name in _PROTOCOLS):
        return True
    if any("__getattr__" in vars(c) or "__getattribute__" in vars(c) for c in cls.__mro__[:-1]):
        return any(hasattr(obj, name) for name in _PROTOCOLS)
    own = own_entries(obj)
    return own is not None and any(name in own for name in _PROTOCOLS)


_PROTOCOLS = ("__array_struct__", "__array_interface__", "__array__")


def of_entries(operate: Callable[[Any, Any], Any], a: Any, obj: Any) -> Any:
    """An operation of each entry of an array with an object."""
    shape = np.shape(a)
    results = [operate(a[place].item() if shape else a.item(), obj) for place in np.ndindex(shape)]
    if not shape:
        return results[0]
    if any(map(isinstance_traced, results)) and all(isinstance_traced(r) or isinstance(r, float) for r in results):
        return resolve(np.array)(results).reshape(shape)  # of which an array of objects would be made anyway
    made = np.empty(shape, object)
    for place, result in zip(np.ndindex(shape), results, strict=True):
        made[place] = result
    return made
