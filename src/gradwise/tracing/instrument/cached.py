"""Functions under ``lru_cache`` in a traced run, which has memories of its own: what earlier calls left there has the right values and no derivative.

A recursion that counts on its memory takes exponentially long without one, so the run remembers what Python would: the same size, the same
keys. Only a traced argument is met again by identity, not by its value: two numbers that are equal here have derivatives of their own.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.within import holds_traced

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.instrument.state import Watch


class _Given:
    """An argument that is met again by identity."""

    __slots__ = ("key", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.key = _identity(value)

    def __eq__(self, other: object) -> bool:
        return type(other) is _Given and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def _identity(value: Any) -> Any:
    """Of a tuple that holds traced values, each by itself: the tuple is made anew at each call."""
    if type(value) is tuple:
        return tuple(map(_identity, value))
    return (value,) if _is_told_by_value(value) else id(value)


_ATOMS = frozenset({int, str, float, bool, type(None)})


def _is_told_by_value(value: Any) -> bool:
    return type(value) in _ATOMS or not (holds_traced(value) or _has_traced_attributes(value))


def _has_traced_attributes(value: Any, depth: int = 3) -> bool:
    """Whether an object has attributes to which the run assigned traced values, or holds such objects: equal ones may differ in derivatives."""
    overlay = local.watch.overlay if local.watch is not None else None
    if not overlay or getattr(type(value), "__eq__", None) is object.__eq__:
        return False
    parts = value if isinstance(value, (tuple, frozenset)) else list(getattr(value, "__dict__", {}).values())
    return id(value) in overlay or (depth > 0 and any(_has_traced_attributes(part, depth - 1) for part in parts))


def memory_of_run(watch: Watch, callee: Any, resolve: Callable[[Any], Any]) -> Any:
    """What a run calls in place of a function under ``lru_cache``."""
    entry = watch.memos.get(id(callee))
    if entry is None:
        entry = watch.memos[id(callee)] = (callee, _memory(callee, resolve))
    memory = entry[1]

    def call(*args: Any, **kwargs: Any) -> Any:
        return memory(
            *[a if _is_told_by_value(a) else _Given(a) for a in args],
            **{k: v if _is_told_by_value(v) else _Given(v) for k, v in kwargs.items()},
        )

    return call


def _memory(callee: Any, resolve: Callable[[Any], Any]) -> Any:
    @functools.lru_cache(**callee.cache_parameters())
    def memory(*args: Any, **kwargs: Any) -> Any:
        return resolve(callee.__wrapped__)(
            *[a.value if type(a) is _Given else a for a in args],
            **{k: v.value if type(v) is _Given else v for k, v in kwargs.items()},
        )

    return memory


def of_memory(watch: Watch, method: Any) -> Any:
    """``f.cache_clear`` and ``f.cache_info`` in a run: they mean its memory too, and it alone where the function has no other yet."""
    entry = watch.memos.get(id(method.__self__))
    if entry is None:
        return method
    own = getattr(entry[1], method.__name__)

    def call() -> Any:
        answer = method()
        return own() if answer is None or not answer.hits + answer.misses else answer

    return call
