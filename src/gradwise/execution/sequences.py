"""Texts of sequences for the loops of a straight-line function: entries of lists taken together, places in a progression (``loops.py``)."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: an entry of a list that a loop kept
_ENTRY = re.compile(r"(r\d+)\[(\d+)\]")


def as_list(texts: Sequence[str]) -> str:
    """The text of a list with these entries; those that are entries of a list one after another are taken together."""
    parts, entries, k = [], [_ENTRY.fullmatch(text) for text in texts], 0
    while k < len(texts):
        end = k + 1
        here, following = entries[k], entries[end] if end < len(texts) else None
        if here is not None and following is not None and here[1] == following[1] and here[2] != following[2]:
            name, start = here[1], int(here[2])
            step = int(following[2]) - start
            while end < len(texts) and texts[end] == f"{name}[{start + step * (end - k)}]":
                end += 1
            stop = start + step * (end - k)
            parts.append(f"*{name}[{start}:{stop if stop >= 0 else ''}:{step}]")
        else:
            parts.append(texts[k])
        k = end
    return parts[0][1:] if len(parts) == 1 and parts[0][0] == "*" else f"[{', '.join(parts)}]"


def progression(entries: Sequence[int]) -> str | None:
    """A slice that takes these entries."""
    start, step = entries[0], entries[1] - entries[0]
    if step == 0 or any(b - a != step for a, b in pairwise(entries)):
        return None
    stop = entries[-1] + step
    if (start < 0) != (entries[-1] < 0):
        return None
    if (stop < 0) != (start < 0):
        return f"{start}::{step}"
    return f"{start}:{stop}:{step}"
