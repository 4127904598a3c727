"""What a call of a function counts in, of a function that leaves nothing else behind: calls that are made beside the user's are counted back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.operators.reuse.promises import unwrapped
from gradwise.tracing.purity import inspect_function
from gradwise.tracing.purity.expectations import by_place
from gradwise.tracing.purity.reading import read
from gradwise.tracing.purity.scope import Unproven, is_data

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradwise.tracing.purity.counters import Counter


def counters_of(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Counter]:
    """What a call counts in, of a function that leaves nothing else behind; empty for any other."""
    function = unwrapped(function)
    verdict = inspect_function(function, args, kwargs)
    if not verdict.counts or not verdict.is_replayable or verdict.node is None:
        return []
    given, expected = by_place(args, kwargs), verdict.node.arguments or {}
    objects = {k: v for k, v in given.items() if k in expected and not is_data(expected[k])}
    try:
        return read(function, verdict.node, objects, {})[3]
    except (Unproven, TypeError, ValueError, RecursionError):
        return []
