"""Context variables: what is set in one is found by ``get``, and made plain when the run ends; ``Context.run`` calls the twin of its function."""

from __future__ import annotations

import functools
from contextvars import Context, ContextVar
from typing import TYPE_CHECKING, Any

from gradwise.tracing.instrument.objects import holds_traced, unwrapped
from gradwise.tracing.instrument.state import local
from gradwise.tracing.standins.recording import resolve

if TYPE_CHECKING:
    from collections.abc import Callable


def _clean(variable: ContextVar[Any]) -> None:
    value = variable.get(None)
    if holds_traced(value):
        variable.set(unwrapped(value))


def set_(variable: ContextVar[Any], value: Any) -> Any:
    """``ContextVar.set``."""
    watch = local.watch
    if watch is not None:
        watch.effects["it sets a context variable"] = None
        watch.later.append(functools.partial(_clean, variable))
    return variable.set(value)


def run(context: Context, function: Any, *args: Any, **kwargs: Any) -> Any:
    """``Context.run``."""
    watch = local.watch
    if watch is not None:
        watch.later.append(functools.partial(_clean_all, context))
    return context.run(resolve(function), *args, **kwargs)


def _clean_all(context: Context) -> None:
    for variable in list(context):
        context.run(_clean, variable)


METHODS: dict[type, dict[str, Callable[..., Any]]] = {ContextVar: {"set": set_}, Context: {"run": run}}
