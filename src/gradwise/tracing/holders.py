"""Objects of ours that hold traced arrays and stand for an object of NumPy's: matrices, masked arrays, records.

What looks for traced values in the user's containers asks the classes that are listed here: ``parts()`` are the arrays that such an object holds, ``plain()`` is what it stands for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers.subclasses import is_users_array

if TYPE_CHECKING:
    from collections.abc import Callable

#: the classes
HOLDERS: set[type] = set()


#: those of them that were made for users' classes of arrays in the runs that are open
TWINS: set[type] = set()


#: by class of NumPy's own such objects, what makes ours of a plain one
WRAPPERS: dict[type, Callable[[Any], Any]] = {}


#: by class of NumPy's own such objects, what makes one of the current trace of a plain one to which nothing else refers; of structured arrays under ``np.void``
OWNERS: dict[type, Callable[[Any], Any]] = {}


#: by class of labelled containers (of pandas, of xarray), what gives the traced array behind one; the object itself where nothing is traced
LABELLED: dict[type, Callable[[Any], Any]] = {}


def without_labels(value: Any) -> Any:
    """The traced array behind a labelled container, also in a list or tuple; anything else as it is."""
    kind = type(value)
    if kind in LABELLED:
        return LABELLED[kind](value)
    if (kind is list or kind is tuple) and any([type(v) in LABELLED for v in value]):
        return kind([without_labels(v) for v in value])
    return value


#: by class of ours that stands for an object of a library's (a factorization, an interpolant), the attribute that is this object, of plain numbers
STANDING: dict[type, str] = {}


#: those of them for which ``type`` and ``isinstance`` give their ``__kind__``, and nothing else
KINDS: set[type] = set()


def standing_for(attribute: str) -> Callable[[type], type]:
    """Decorator of a class that stands for an object of a library's: where the run left one, its ``attribute`` is put at the end."""

    def note(cls: type) -> type:
        STANDING[cls] = attribute
        if "__kind__" in vars(cls):
            KINDS.add(cls)
        return cls

    return note


#: attributes that do not depend on the numbers
DESCRIPTIONS = frozenset({"shape", "ndim", "size", "dtype", "itemsize", "nbytes", "strides", "flags"})

#: numbers of Python's lack what NumPy's have: a handler of ``n = v.shape[0]`` is how code asks whether it was given one
PYTHONS_NUMBERS = frozenset({int, float, complex, bool})


#: what makes an array of the user's class of a traced array, and of a plain array of that class; ``subclasses`` puts it there
SUBCLASSES: dict[str, Callable[..., Any]] = {}


def answers(value: Any) -> bool:
    """Whether an operand has operators of its own: it is asked, not the traced array beside it."""
    cls = type(value)
    return cls in HOLDERS or cls in WRAPPERS or (bool(SUBCLASSES) and is_users_array(cls))


def wrapped(value: Any) -> Any:
    """A plain matrix, masked array or array of the user's class as one of ours; anything else as it is."""
    wrapper = WRAPPERS.get(type(value))
    if wrapper is None and SUBCLASSES and is_users_array(type(value)):
        wrapper = SUBCLASSES["wrapped"]
    return value if wrapper is None else wrapper(value)


def adopted(value: Any) -> Any:
    """An array of a class of the user's or of NumPy's to which nothing else refers, or a structured one, as one of ours, to which traced values may be assigned."""
    owner = OWNERS.get(type(value) if value.dtype.names is None else np.void)
    if owner is not None:
        return owner(value)
    return SUBCLASSES["adopted"](value) if SUBCLASSES else value


def is_adoptable(cls: type) -> bool:
    """Whether arrays of a class beside ``np.ndarray`` can be ours (``adopted``)."""
    return cls in OWNERS or is_users_array(cls)


def written(value: Any) -> Any:
    """What an ordinary array takes of a matrix, or of a masked array of which nothing is masked, that is assigned to it; anything else as it is."""
    if type(value) not in HOLDERS:
        return value
    if type(value) in TWINS:
        return value.__parts__()[0]
    if not hasattr(value, "array"):
        return value
    masked: Any = getattr(value, "mask", False)
    whole = any(value.array is part for part in value.parts()[:1])
    return value.array if whole and (masked is False or not masked.any()) else value


class Holder(ABC):
    """Base of the classes: listed when they are made."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        HOLDERS.add(cls)

    @abstractmethod
    def parts(self) -> list[Any]:
        """The arrays, traced or plain, that this holds."""

    @abstractmethod
    def plain(self) -> Any:
        """What this stands for, of plain numbers."""

    @abstractmethod
    def as_output(self) -> Any:
        """What a function that returns this has computed: an array or a container of arrays."""

    # under these names the run asks: a class that has the user's methods too cannot have plain ones of its own

    def __parts__(self) -> list[Any]:
        return self.parts()

    def __plain__(self) -> Any:
        return self.plain()

    def __output__(self) -> Any:
        return self.as_output()
