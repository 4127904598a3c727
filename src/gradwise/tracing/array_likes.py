"""Objects that NumPy takes for arrays beside one of its own, instead of asking them: sequences, and what has ``__array__``."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.tracing.holders import HOLDERS
from gradwise.tracing.traced import isinstance_traced


def gives(cls: type, name: str) -> bool:
    """Whether objects of a class have a method.  ``hasattr(cls, name)`` finds those of its metaclass too: members of enumerations would be sequences."""
    if hasattr(cls, name):
        for c in cls.__mro__:
            if name in c.__dict__:
                return True
    return False


def is_not_asked(cls: type) -> bool:
    """Whether NumPy decides what an operator beside an object of a class does: the class does not say that it does itself."""
    return not (
        gives(cls, "__array_ufunc__")
        or gives(cls, "__array_priority__")
        or cls in HOLDERS
        or issubclass(cls, (np.generic, dict, str, bytes))
    )


def is_sequence(cls: type) -> bool:
    """Whether NumPy takes objects of a class for arrays of what they hold."""
    return gives(cls, "__len__") and gives(cls, "__getitem__")


def is_array(cls: type) -> bool:
    """Whether NumPy takes objects of a class for arrays, also where they could give a number (``__float__``): it does not ask them for it."""
    return (
        cls in HOLDERS
        or any([gives(cls, name) for name in _PROTOCOLS])
        or (is_sequence(cls) and not issubclass(cls, (dict, np.void)))
    )


#: of an object that has one of these, NumPy takes the array
_PROTOCOLS = ("__array__", "__array_interface__", "__array_struct__", "__buffer__")


def array_of(obj: Any, beside: Any) -> Any:
    """The array for which NumPy takes an object beside a traced value: what its ``__array__`` gives, what a sequence holds (a range, a deque); None if it takes it for none (nor do Python's numbers), or if traced values are in a sequence."""
    cls = type(obj)
    if not isinstance(beside, (np.ndarray, np.generic)) or not is_not_asked(cls):
        return None
    if gives(cls, "__array__"):
        given = GIVEN[0](obj, None)
        return None if given is obj else given
    if not is_sequence(cls):
        return None
    try:
        if any(map(isinstance_traced, obj)):
            return None
        made = np.asarray(obj)
    except KeyError:  # what looks like a dictionary is none
        return None
    return made if made.dtype.kind in "fciub" else None


#: what NumPy takes of an object of the user's for an array of a dtype (of any, if that is None), the object itself where it is none; ``standins/arrays.py`` puts it there
GIVEN: list[Any] = [lambda x, dtype: x]
