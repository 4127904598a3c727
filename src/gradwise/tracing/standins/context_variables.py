"""Context variables: what is set in one is found by ``get``, and made plain when the run ends; ``Context.run`` calls the twin of its function."""

from __future__ import annotations

import functools
import threading
from contextvars import Context, ContextVar
from typing import TYPE_CHECKING, Any

from gradwise.tracing.instrument.objects import holds_traced, unwrapped
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.unwritten import Unmuted
from gradwise.tracing.standins.recording import resolve

if TYPE_CHECKING:
    from collections.abc import Callable


def _clean(variable: ContextVar[Any]) -> None:
    value = variable.get(None)
    if holds_traced(value):
        variable.set(unwrapped(value))


def _note(variable: ContextVar[Any]) -> None:
    """Note that the run sets a variable: what only looks puts it back, but for one of another context, and one that had no value."""
    watch = local.watch
    if watch is None:
        return
    if _within.depth:
        watch.effects[_ELSEWHERE] = None
        if local.muted is not None:
            raise Unmuted(_ELSEWHERE)
    elif local.journal is not None and not _has_value(variable):
        raise Unmuted("it sets a context variable that has no value")
    else:
        watch.stored[id(variable)] = variable
    watch.later.append(functools.partial(_clean, variable))


_ELSEWHERE = "it sets a context variable of another context"


def _has_value(variable: ContextVar[Any]) -> bool:
    try:
        variable.get()
    except LookupError:
        return False
    return True


class _Within(threading.local):
    """How many calls of ``Context.run`` are around."""

    depth = 0


_within = _Within()


def set_(variable: ContextVar[Any], value: Any) -> Any:
    """``ContextVar.set``."""
    _note(variable)
    return variable.set(value)


def reset(variable: ContextVar[Any], token: Any) -> None:
    """``ContextVar.reset``."""
    _note(variable)
    variable.reset(token)


def run(context: Context, function: Any, *args: Any, **kwargs: Any) -> Any:
    """``Context.run``."""
    watch = local.watch
    if watch is not None:
        watch.later.append(functools.partial(_clean_all, context))
    _within.depth += 1
    try:
        return context.run(resolve(function), *args, **kwargs)
    finally:
        _within.depth -= 1


def _clean_all(context: Context) -> None:
    for variable in list(context):
        context.run(_clean, variable)


METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    ContextVar: {"set": set_, "reset": reset},
    Context: {"run": run},
}
