"""Effects to which a run may not come.

    block_of : (machine, number of an instruction) → where the instructions stand that surely run before it, from the last branch on

What a program stands for is one path through the code, and what decides the path is guarded or compared.  Where a branch that prints, warns or logs was not taken by the run from which the
program is made, it is not taken wherever the program stands.  So such effects are noted with their places; the run before the program is made is watched (``operators/reuse/reached.py``), and none is made of
one that comes there.  The code around them is looked at like any other: a memory that a branch fills is what another reads, so what writes to anything that was there before the call is never avoided.
"""

from __future__ import annotations

import dis
from typing import TYPE_CHECKING, Any

#: a line and a column, and those of the end
Extent = tuple[int, int, int, int]
_WIDE = 1_000_000

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

_JUMPS = frozenset([*dis.hasjrel, *dis.hasjabs, *getattr(dis, "hasjump", ())])
_ENDS = frozenset(["RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", "YIELD_VALUE", "SEND", "FOR_ITER"])


def block_of(m: Machine, k: int) -> frozenset[Extent] | None:
    """Where the instructions stand that surely run before instruction ``k`` of the code, and that itself; None where that is not known, or where each call comes there."""
    if m.code.co_filename == "<eval>":
        return None
    targets = {i.argval for i in m.instructions if i.opcode in _JUMPS} | {entry.target for entry in m.entries}
    first = k
    while first and m.instructions[first].offset not in targets:
        before = m.instructions[first - 1]
        if before.opcode in _JUMPS or before.opname in _ENDS:
            break
        first -= 1
    if not first and m.code is m.scope.inquiry.root:
        return None
    extents = {extent_of(i.positions) for i in m.instructions[first : k + 1]}
    return frozenset([e for e in extents if e is not None]) if extent_of(m.instructions[k].positions) else None


def extent_of(place: Any) -> Extent | None:
    """Where an instruction stands: from a line and column to a line and column, whole lines where the columns are not known; None without a line."""
    if place is None:
        return None
    line, last, column, end = place
    if line is None:
        return None
    last = line if last is None else last
    return (line, -1, last, _WIDE) if column is None or end is None else (line, column, last, end)


def is_within(inner: Extent, outer: Extent) -> bool:
    """Whether one piece of text lies in another.

    Examples
    --------
    >>> is_within((3, 4, 3, 9), (3, 0, 4, 1)), is_within((3, 4, 3, 9), (3, 5, 3, 9))
    (True, False)
    """
    return outer[:2] <= inner[:2] and inner[2:] <= outer[2:]
