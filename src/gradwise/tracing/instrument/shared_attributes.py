"""Objects whose dictionary of attributes others refer to as well: ``self.__dict__ = shared``, ``table = vars(self)``."""

from __future__ import annotations

import sys
from typing import Any


def _references(obj: Any) -> int:
    """How many refer to the dictionary of an object; 0 where it has none."""
    try:
        attributes = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return 0
    return sys.getrefcount(attributes)


class _Alone:
    """An object that keeps its attributes for itself."""

    def __init__(self) -> None:
        self.kept = 1.0


_ALONE = _references(_Alone())  # which CPython counts in different ways


def shares_attributes(obj: Any) -> bool:
    """Whether somebody else may find what is stored in an object under another name.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> a, b = SimpleNamespace(k=1.0), SimpleNamespace()
    >>> shares_attributes(a)
    False
    >>> table = vars(a)
    >>> shares_attributes(a)
    True
    """
    return _references(obj) > _ALONE
