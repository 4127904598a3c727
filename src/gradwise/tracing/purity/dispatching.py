"""``functools.singledispatch`` and ``singledispatchmethod``: which function is called by the class of the first argument, as is registered now.

Which function a class leads to is noted with the code that calls, and asked again at each call.  Of plain data it is known what kinds there are: each kind that the argument may be counts.
"""

from __future__ import annotations

import functools
import types
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.class_members import found_under
from gradwise.tracing.purity.lattice import alternatives, describe, is_none_itself, is_scalar, join, level
from gradwise.tracing.purity.objects import entries_of, is_users_class, member
from gradwise.tracing.purity.scope import Expected, is_users_function
from gradwise.tracing.purity.sequences import class_of, is_object
from gradwise.tracing.purity.values import FLOAT, GRID, NOTHING, VECTOR, WHOLE, Box, Known, Made, Record

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

_NUMBERS = (
    float,
    int,
    bool,
    complex,
    np.float64,
    np.float32,
    np.int64,
    np.int32,
    np.complex128,
    np.complex64,
    np.bool_,
)
_WHOLE = (int, np.integer, np.bool_)
_DATA = (*_NUMBERS, np.ndarray, list, tuple, dict, set, frozenset, str, types.NoneType)


def dispatched(m: Machine, key: tuple[Any, ...], arguments: list[Any], keywords: dict[str, Any], first: int = 0) -> Any:
    """What a call gives that is dispatched by the argument number ``first``; ``key``: where the functions are registered (``class_members.found_under``)."""
    if len(arguments) <= first:
        raise m.doubt("it calls what dispatches by its first argument without one")
    registry = found_under((*key, None))
    if type(registry) is not dict:
        raise m.doubt("it calls what dispatches in a way that is not looked into")
    registered = tuple(cls for cls in registry if not is_users_class(cls))
    test = Expected("test", functools.partial(_has_classes, [weakref.ref(cls) for cls in registry]))
    m.scope.node.reads.members.setdefault((*key, None), test)
    result: Any = NOTHING
    for one in alternatives(arguments[first]):
        for cls in _classes_of(m, one, registered):
            function = found_under((*key, weakref.ref(cls)))
            if not is_users_function(function):
                raise m.doubt(f"it dispatches {describe(one)} to what is no function of the user's")
            expected = Expected("function", weakref.ref(function))
            expected = m.scope.node.reads.members.setdefault((*key, weakref.ref(cls)), expected)
            given = [*arguments[:first], one, *arguments[first + 1 :]]
            result = join(result, m.scope.call(m, Known(function, expected), given, keywords))
    return result


def _has_classes(kept: list[Any], registry: Any) -> bool:
    """Whether functions are registered for these classes and no others."""
    return type(registry) is dict and len(registry) == len(kept) and all(one() in registry for one in kept)


def _classes_of(m: Machine, value: Any, registered: tuple[type, ...]) -> tuple[type, ...]:
    """The classes of which a value may be; of libraries' classes for which something is ``registered`` each that fits."""
    if is_object(value):
        return (class_of(value),)
    if is_none_itself(value):
        return (types.NoneType,)
    if value is WHOLE or value is FLOAT:
        return (float,) if value is FLOAT else (*_NUMBERS, *[cls for cls in registered if issubclass(cls, _WHOLE)])
    if type(value) is Box and value.root.kind in ("list", "dict"):
        return (list if value.root.kind == "list" else dict,)
    if type(value) is Record:
        return (dict,)
    if value in (VECTOR, GRID):
        return (np.ndarray,)
    if is_scalar(value):
        return (*_NUMBERS, *[cls for cls in registered if issubclass(cls, (*_NUMBERS, np.generic))])
    if level(value) is None:
        raise m.doubt(f"it dispatches {describe(value)}, whose class is not known")
    return (*_DATA, *registered)


def dispatches(m: Machine, owner: Any, name: str) -> bool:
    """Whether an attribute of an object is a method that dispatches by its first argument; that the object stores nothing in its place is noted."""
    if type(member(class_of(owner), name)) is not functools.singledispatchmethod:
        return False
    if type(owner) is Made:
        return name not in m.scope.inquiry.made[owner.place]
    if name in entries_of(owner.value):
        return False
    owner.expected.reads.members["lacks", name] = Expected("is", True)
    return True


class DispatchedMethod:
    """A method that dispatches by its first argument, of an object, about to be called."""

    __slots__ = ("_name", "_owner")

    def __init__(self, owner: Any, name: str) -> None:
        self._owner = owner
        self._name = name

    def __eq__(self, other: object) -> bool:
        return type(other) is DispatchedMethod and other._owner == self._owner and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)

    def result(self, m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """What the call gives."""
        key = (weakref.ref(class_of(self._owner)), ("method", self._name))
        return dispatched(m, key, [self._owner, *arguments], keywords, first=1)
