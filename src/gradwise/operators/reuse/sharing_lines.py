"""Lines that leave where objects came to share their attributes between two calls (``tracing/purity/sharing.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.counters import holds_any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gradwise.execution.function_text import FunctionText
    from gradwise.tracing.purity.scope import Expected


def leave_if_shared(
    text: FunctionText,
    reading: Sequence[tuple[str, Any, Expected]],
    tallies: Iterable[str],
    dictionaries: Iterable[str],
) -> None:
    """Write them: for the objects and containers that are read (``reading``: their variables, what is there, what is expected of them), containers that are counted in, and data that hold dictionaries."""
    objects = {
        id(value): variable for variable, value, e in reading if e.kind == "object" and hasattr(value, "__dict__")
    }
    attributes = [f"{variable}.__dict__" for variable in objects.values()]
    apart = [*attributes, *tallies]
    if attributes and len(apart) > 1:
        text.leave_if(f"len({{{', '.join(f'id({one})' for one in apart)}}}) != {len(apart)}")
    tables = [variable for variable, value, e in reading if e.kind == "sequence" and type(value) is dict]
    found = [*dictionaries, *tables]
    if attributes and found:
        text.leave_if(f"{text.name(holds_any)}(({', '.join(found)},), ({', '.join(attributes)},))")
