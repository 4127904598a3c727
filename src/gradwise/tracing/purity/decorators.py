"""Decorators of ``functools`` on functions that are made during the call: ``lru_cache`` and ``cache``, whose memory begins empty and ends with the call, and ``wraps``."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.lattice import is_numeric, level
from gradwise.tracing.purity.values import ARRAY, DATA, Bound, Constant, Held, Known, Local

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine


@dataclass(slots=True, unsafe_hash=True)
class Decorator:
    """What ``lru_cache(maxsize=None)`` or ``wraps(f)`` gives: to be called with a function, and nothing else."""

    maker: Any


@dataclass(slots=True, unsafe_hash=True)
class Remembering:
    """A function with a memory of its results; to be called, and nothing else."""

    function: Any


_MEMORIES = (functools.lru_cache, functools.cache)


def decorated(m: Machine, callee: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """What a call of a decorator, or of what one made, gives; None for any other callee."""
    if type(callee) is Remembering:
        kept = m.data(m.scope.call(m, callee.function, arguments, keywords))
        return ARRAY if is_numeric(kept) else DATA  # which is given again
    if type(callee) is Decorator:
        if len(arguments) != 1 or keywords or not _is_function(arguments[0]):
            raise m.doubt("it decorates a function in a way that is not looked into")
        return Remembering(arguments[0]) if callee.maker in _MEMORIES else arguments[0]
    maker = callee.value if type(callee) is Known else None
    if maker is functools.wraps and len(arguments) == 1 and _is_function(arguments[0]) and not keywords:
        return Decorator(maker)
    if maker is functools.update_wrapper and len(arguments) == 2 and all(map(_is_function, arguments)) and not keywords:
        return arguments[0]
    if not any(maker is one for one in _MEMORIES):
        return None
    if len(arguments) == 1 and not keywords and _is_function(arguments[0]):
        return Remembering(arguments[0])
    for value in [*arguments, *keywords.values()]:
        if type(value) is not Constant:
            raise m.doubt("it makes a memory of a size that is not known")
    return Decorator(maker)


def _is_function(value: Any) -> bool:
    """Whether a value is a function; one that is made during the call or the user's, so that names which a decorator gives it are read by nobody unseen."""
    return type(value) in (Local, Bound, Held, Remembering) or (type(value) is Known and level(value) is None)
