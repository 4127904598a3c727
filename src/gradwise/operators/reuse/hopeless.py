"""Functions of which nothing was proved, or for which no program could stand: they are not looked at again at each call, which takes 10 µs."""

from __future__ import annotations

import functools
import types
import weakref
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.objects import member

if TYPE_CHECKING:
    from collections.abc import Hashable

_FUNCTIONS = 512
#: functions of which nothing was proved, by the identity of their code: the code, who they are, and at how many calls yet that is not asked again
_hopeless: dict[int, tuple[weakref.ref[Any], Hashable, list[int]]] = {}
_PAUSE = 8


def _identity(function: Any) -> tuple[Any, Hashable]:
    """The code of a function, method, partial function or object that can be called, and who it is."""
    if type(function) is types.MethodType:
        return getattr(function.__func__, "__code__", None), (id(function.__self__), id(function.__func__))
    if type(function) is types.FunctionType:
        return function.__code__, id(function)
    behind = function.func if type(function) is functools.partial else member(type(function), "__call__")
    return getattr(behind, "__code__", None), id(function)


def is_hopeless(function: Any) -> bool:
    """Whether nothing was proved of the function a few calls ago: to look again takes 10 µs."""
    code, who = _identity(function)
    known = _hopeless.get(id(code))
    if known is None or known[1] != who or known[0]() is not code or not known[2][0]:
        return False
    known[2][0] -= 1
    return True


def give_up(function: Any) -> None:
    """Do not look at a function again for a few calls."""
    code, who = _identity(function)
    if code is not None:
        if len(_hopeless) > _FUNCTIONS:
            _hopeless.clear()
        _hopeless[id(code)] = weakref.ref(code), who, [_PAUSE]


def forget_hopeless() -> None:
    """Look again at all functions."""
    _hopeless.clear()
