"""Lines that leave where objects and containers became one between two calls, or came to share their attributes (``tracing/purity/sharing.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.counters import holds_any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gradwise.execution.function_text import FunctionText
    from gradwise.tracing.purity.scope import Expected


def leave_if_one(
    text: FunctionText,
    counting: Sequence[tuple[str, Any, str]],
    reading: Sequence[tuple[str, Any, Expected]],
    tallies: Mapping[int, str],
) -> None:
    """Write the lines that leave where what is read has become what is counted in.

    ``counting``: the variables of objects with counters, the objects and the attributes; ``reading``: those of objects and containers that are read, what is there, what is expected of them;
    ``tallies``: those of containers that are counted in, by their identity.
    """
    by_name: dict[str, dict[int, str]] = {}
    for variable, owner, name in counting:
        by_name.setdefault(name, {})[id(owner)] = variable
    for kept in {tuple(owners.values()): None for owners in [*by_name.values(), tallies] if len(owners) > 1}:
        # where they become one, each finds what was assigned to the other
        text.leave_if(f"len({{{', '.join(f'id({v})' for v in kept)}}}) != {len(kept)}")
    for variable, value, expected in reading:
        assert expected.reads is not None
        for name, owners in by_name.items():
            if expected.kind == "object" and name in expected.reads.names and id(value) not in owners:
                for counted in owners.values():
                    text.leave_if(f"{variable} is {counted}")
        if expected.kind == "sequence":
            for tally in tallies.values():
                text.leave_if(f"{variable} is {tally}")


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
    tables = [variable for variable, value, e in reading if e.kind == "sequence" and isinstance(value, dict)]
    found = [*dictionaries, *tables]
    if attributes and found:
        text.leave_if(f"{text.name(holds_any)}(({', '.join(found)},), ({', '.join(attributes)},))")
