"""Methods of universal functions (``np.add.reduce``), about to be called."""

from __future__ import annotations

from typing import Any

from gradwise.tracing.purity.callables import UFUNC_METHODS
from gradwise.tracing.purity.values import Known


class UfuncMethod:
    """``np.add.reduce`` and the like."""

    __slots__ = ("__name__", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.__name__ = name


_UFUNC_METHODS = {name: UfuncMethod(name) for name in (*UFUNC_METHODS, "at")}


def ufunc_method(name: str) -> Any:
    """The abstract method of a ufunc; None if it may write."""
    found = _UFUNC_METHODS.get(name)
    return None if found is None else Known(found)
