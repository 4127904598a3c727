"""Vectors that a loop only fills: lists while it runs, whose entries Python has at hand (``loops.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.execution.repetition import KEYED, Carried, Fixed, Own, Streamed
from gradwise.program import F64
from gradwise.rules.shapes import getitem, scatter_add

if TYPE_CHECKING:
    from gradwise.execution.loops import LoopWriter

#: how much longer than the loop a vector may be that is made a list for it
_AT_HAND = 16


def filled_vectors(around: LoopWriter) -> set[Carried]:
    """Vectors that the loop reads and writes entry by entry only: lists, while it runs, whose entries Python has at hand."""
    loop = around.loop
    users: dict[Any, list[int]] = {}
    for j, sources in enumerate(loop.operands):
        for source in sources:
            if type(source) in (Own, Carried):
                users.setdefault(source, []).append(j)
    return {
        s
        for s in users
        if type(s) is Carried and s.lag == 1 and s.position not in around.brief and _is_filled(around, s, users)
    }


def _is_filled(around: LoopWriter, source: Carried, users: dict[Any, list[int]]) -> bool:
    loop, position, found = around.loop, 0, False
    current: list[Any] = [source]
    kind = around.writer.types[around.made[source.position]]
    if len(kind.shape) != 1 or kind.dtype != F64.dtype or kind.size > _AT_HAND * loop.count:
        return False
    place = {}  # of each equation's first output among all
    for j in range(loop.period):
        place[j] = position
        position += len(around.steps[loop.start + j][0].output_tuple)
    if any(type(s) is Carried and s != source and s.position == source.position for s in users):
        return False
    while current:
        for j in users.get(current.pop(), ()):
            equation, _, _, overwritten = around.steps[loop.start + j]
            if equation.primitive not in KEYED or loop.operands[j].count(loop.operands[j][0]) > 1:
                return False
            if not around.are_entries(equation.params[0], around.made[source.position]):
                return False
            if equation.primitive is getitem and len(equation.inputs) == 1:
                continue
            update = around.writer.types[equation.inputs[1]] if len(equation.inputs) == 2 else None
            if overwritten != 0 or update is not F64 or not _is_number(around, loop.operands[j][1]):
                return False
            if place[j] in around.kept:
                return False
            if equation.primitive is scatter_add and around.writer.is_watched(around.made[place[j]]):
                return False  # NumPy says where a sum overflows
            current.append(Own(place[j]))
            found = found or place[j] == source.position
    return found


def _is_number(around: LoopWriter, source: Any) -> bool:
    """Whether an operand of 64 bits will be a Python float."""
    if type(source) is Fixed:
        return source.variable in around.writer.numbers
    if type(source) is Streamed:
        return True
    made = around.writer.types[around.made[source.position]]
    return made is F64 and all(
        not equation.primitive.multiple
        for equation, *_ in around.steps[around.loop.start : around.loop.start + around.loop.period]
    )
