"""What the operators return: functions that other processes can be handed.

    pool.map(gw.grad(f), points)          # pickled as the call gw.grad(f), which is made again there

A function made inside another has no name by which ``pickle`` finds it.
"""

from __future__ import annotations

import functools
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Derived(functools.partial[Any]):
    """A function made by an operator, which knows the call that made it.

    It is a partial call of no arguments, whose call is compiled: a class with ``__call__`` takes longer.
    """

    _made: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
    __wrapped__: Any
    __qualname__: str

    def __reduce__(self) -> Any:
        name = global_name(self, self.__wrapped__)
        if name is not None:
            return name
        return _again, self._made

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<function gw.{self.__qualname__}>"


def _again(operator: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    return operator(*args, **options)


def derived(derivative: Any, operator: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """The function ``derivative`` as what ``operator(*args, **options)`` makes; the first of the arguments is the user's function."""
    made = Derived(derivative)
    names = made.__dict__
    names["__name__"] = names["__qualname__"] = derivative.__name__
    names["__doc__"] = derivative.__doc__
    names["__wrapped__"] = args[0]
    names["__module__"] = getattr(args[0], "__module__", None)
    names["_made"] = operator, args, options
    return made


def global_name(made: Any, function: Any) -> str | None:
    """The name of a function under which its module holds ``made``, as it does where an operator stands above the function's ``def``."""
    name = getattr(function, "__qualname__", None)
    found: Any = sys.modules.get(getattr(function, "__module__", None) or "")
    if found is None or not isinstance(name, str):
        return None
    for part in name.split("."):
        found = getattr(found, part, None)
    return name if found is made else None
