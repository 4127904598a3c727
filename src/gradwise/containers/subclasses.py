"""Arrays of subclasses of ndarray that somebody else than NumPy defines: which classes these are, and other numbers in such an array.

in_the_class : (numbers, array of the class) -> array of the class with these numbers and the attributes of that one
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from gradwise.containers.kinds import slots

_users: WeakKeyDictionary[type, bool] = WeakKeyDictionary()
_OTHERS = frozenset({"numpy", "gradwise"})


def is_users_array(cls: Any) -> bool:
    """Whether a class is a subclass of ndarray that somebody else than NumPy defines, and none of NumPy's own kinds with a memory or operators of their own."""
    if not issubclass(cls, np.ndarray) or cls is np.ndarray:
        return False
    known = _users.get(cls)
    if known is None:
        own = (np.matrix, np.ma.MaskedArray, np.recarray, np.memmap)
        known = not issubclass(cls, own) and cls.__module__.partition(".")[0] not in _OTHERS
        _users[cls] = known
    return known


def attributes_of(array: Any) -> dict[str, Any]:
    """What an array of a user's class stores on itself."""
    found = dict(getattr(array, "__dict__", {}))
    found.update({name: getattr(array, name) for name in slots(type(array)) if hasattr(array, name)})
    return found


def give_attributes(made: Any, attributes: dict[str, Any]) -> None:
    """Put attributes into an array of a user's class, past what the class does on assignments."""
    places = slots(type(made))
    own = getattr(made, "__dict__", None)
    if type(own) is dict:
        own.clear()
    for name, value in attributes.items():
        if name in places or type(own) is not dict:
            object.__setattr__(made, name, value)
        else:
            own[name] = value


def in_the_class(numbers: Any, given: np.ndarray) -> Any:
    """Numbers in an array of the class of another, with its attributes; an array of another shape as it is."""
    if np.shape(numbers) != given.shape:
        return numbers
    made = np.ndarray.astype(given, np.asarray(numbers).dtype)  # not by view: the class is told of what it was made of
    made.view(np.ndarray)[...] = numbers
    give_attributes(made, attributes_of(given))
    return made
