"""What functions under ``lru_cache`` keep."""

from __future__ import annotations

import gc
from typing import Any

#: in the place of a key, what a memory keeps under some key: a run that asks it is shown another value
KEPT = object()


def kept(memory: Any) -> list[Any]:
    """What a function under ``lru_cache`` keeps, and beside it what leads to no array of numbers: keys and its own parts."""
    held = gc.get_referents(memory)
    tables = [one for one in held if type(one) is dict and one is not memory.__dict__]
    results = (
        [one for table in tables for one in table.values()] if memory.cache_parameters()["maxsize"] is None else held
    )
    return [one for one in results if type(one) is not dict or not any(one is table for table in tables)]
