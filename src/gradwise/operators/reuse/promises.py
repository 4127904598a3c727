"""What the author of a function says of it: ``pure=True`` and ``gw.compile`` promise, ``pure=False`` forbids reuse."""

from __future__ import annotations

import functools
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from gradwise.operators.derived import global_name

if TYPE_CHECKING:
    from collections.abc import Callable

#: the function that is promised to be pure, or ``FORBIDDEN``
_said: ContextVar[Any] = ContextVar("gradwise_pure", default=None)
FORBIDDEN = object()


class Promise:
    """A function with its author's promise that it has no effects and takes no decision by anything but what it is given and what it reads."""

    __slots__ = ("__dict__", "function")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        functools.update_wrapper(self, function, updated=())  # type: ignore[arg-type]  # it is callable where it is used

    def __reduce__(self) -> Any:
        return global_name(self, self.function) or (type(self), (self.function,))


def unwrapped(function: Any) -> Any:
    """The function itself, without a promise around it."""
    while isinstance(function, Promise):
        function = function.function
    return function


def is_forbidden() -> bool:
    """Whether every function is to run."""
    return _said.get() is FORBIDDEN


def is_promised(function: Any) -> bool:
    """Whether a function is promised to be pure."""
    return isinstance(function, Promise) or (_said.get() is not None and _said.get() is function)


def under(said: Any, operator: Callable[..., Any]) -> Callable[..., Any]:
    """The operator with what is said of its function."""

    @functools.wraps(operator)
    def told(*args: Any, **kwargs: Any) -> Any:
        before = _said.get()
        try:
            _said.set(said)
            return operator(*args, **kwargs)
        finally:
            _said.set(before)

    return told
