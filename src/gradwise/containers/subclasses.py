"""Arrays and numbers of classes that somebody else than NumPy derived from ndarray, float and complex: which classes these are, and other numbers in such an array.

in_the_class : (numbers, array of the class) -> array of the class with these numbers and the attributes of that one
"""

from __future__ import annotations

import abc
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


def is_users_number(cls: Any) -> bool:
    """Whether a class is derived from ``float``, ``complex`` or ``np.float64`` by somebody else than a library.

    Examples
    --------
    >>> is_users_number(float), is_users_number(type("Meters", (float,), {"__module__": "theirs"}))
    (False, True)
    """
    if not (type(cls) is type or type(cls) is abc.ABCMeta) or not issubclass(cls, (float, complex)):
        return False
    return cls not in (float, complex) and (cls.__module__ or "").partition(".")[0] not in ("numpy", "gradwise")


def _base(kind: Any) -> Any:
    return next(cls for cls in kind.__mro__ if cls in (np.float64, float, complex))


def number_without_class(value: Any) -> Any:
    """The plain number that one of a user's class is; no code of the class runs."""
    return _base(type(value)).__pos__(value)


def plain_number_of_class(kind: Any, number: Any, attributes: dict[str, Any]) -> Any:
    """A plain number of a user's class with these attributes; no code of the class runs."""
    made = _base(kind).__new__(kind, number)
    for name, stored in attributes.items():
        object.__setattr__(made, name, stored)
    return made


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


def in_the_class(numbers: Any, given: Any) -> Any:
    """Numbers in an array of the class of another, with its attributes; an array of another shape as it is.  A number in the place of one of a user's class likewise."""
    if is_users_number(type(given)):
        return plain_number_of_class(type(given), numbers, attributes_of(given))
    if np.shape(numbers) != given.shape:
        return numbers
    made = np.ndarray.astype(given, np.asarray(numbers).dtype)  # not by view: the class is told of what it was made of
    made.view(np.ndarray)[...] = numbers
    give_attributes(made, attributes_of(given))
    return made
