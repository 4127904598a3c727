"""What ``functools.singledispatch`` and ``singledispatchmethod`` find for a class, as is registered now.

dispatched_to : (the function that dispatches, class) → the function that is registered for the class
"""

from __future__ import annotations

import functools
import types
from typing import Any

from gradwise.tracing.purity.lookups import cell_value
from gradwise.tracing.purity.objects import MISSING, member

_DISPATCHING: Any = functools.singledispatch(len)
_WRAPPER = _DISPATCHING.__code__


def is_dispatcher(value: Any) -> bool:
    """Whether a function dispatches by the class of its first argument.

    Examples
    --------
    >>> is_dispatcher(functools.singledispatch(abs)), is_dispatcher(is_dispatcher)
    (True, False)
    """
    return type(value) is types.FunctionType and value.__code__ is _WRAPPER


def dispatched_to(value: Any, of_class: Any) -> Any:
    """The function that is registered for a class (a weak reference to it); the registry for None.  MISSING where ``value`` does not dispatch."""
    ask = cell_value(value, "dispatch") if is_dispatcher(value) else None
    if type(ask) is not types.FunctionType or "registry" not in ask.__code__.co_freevars:
        return MISSING
    if of_class is None:
        return cell_value(ask, "registry")
    cls = of_class()
    return MISSING if cls is None else ask(cls)


def dispatched_in(owner: type, name: str, of_class: Any) -> Any:
    """The method that is registered for a class under the name of a ``singledispatchmethod``."""
    found = member(owner, name)
    return dispatched_to(found.dispatcher, of_class) if type(found) is functools.singledispatchmethod else MISSING
