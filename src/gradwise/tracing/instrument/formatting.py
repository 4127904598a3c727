"""``text % values`` with traced numbers among the values."""

from __future__ import annotations

from typing import Any

from gradwise.tracing.holders import HOLDERS
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.within import holds_traced
from gradwise.tracing.text import shown_as
from gradwise.tracing.traced import TracedArray, TracedScalar, isinstance_traced


def percent(text: str, values: Any) -> Any:
    """``text % values``: traced numbers are shown as they are, and the text is noted (it may be read back)."""
    if local.watch is not None and holds_traced(values):
        return shown_as(first_traced(values), text % shown(values))
    return text % values


def first_traced(values: Any) -> Any:
    """A traced value among values and in containers of them."""
    if isinstance_traced(values):
        return values
    if type(values) in HOLDERS:
        values = values.__parts__()
    for value in values.values() if isinstance(values, dict) else values:
        if holds_traced(value):
            return first_traced(value)
    return None


def shown(values: Any) -> Any:
    """Traced values as the plain ones, to be printed."""
    if isinstance(values, tuple):
        return tuple([shown(v) for v in values])
    if isinstance(values, dict):
        return {k: shown(v) for k, v in values.items()}
    if isinstance(values, list):
        return [shown(v) for v in values]
    if type(values) in HOLDERS:
        return values.__plain__()
    return values.shown() if type(values) in (TracedArray, TracedScalar) else values
