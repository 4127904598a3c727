"""Code objects taken apart into instructions and put together again, with others between them.

    parse : code  →  [Instruction]      assemble : code, [Instruction]  →  code

Jumps, exception handlers and lines refer to instructions, not to offsets, so that instructions can be replaced by several.  What differs between CPython 3.11 and 3.14 (caches, the meaning of
arguments) is asked of ``dis``; the formats of the three tables are the same in all of them.
"""

from __future__ import annotations

import dis
import opcode
from collections.abc import Iterator
from types import CodeType
from typing import Any

_CACHES: Any = opcode._inline_cache_entries  # type: ignore[attr-defined]  # which dis itself reads
_JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs))
_NOWHERE = (None, None, None, None)


class Instruction:
    """One instruction: ``target`` is the instruction to which it jumps, ``place`` its lines and columns."""

    __slots__ = ("argument", "name", "op", "place", "target", "value")

    def __init__(self, name: str, argument: int = 0, place: Any = _NOWHERE, value: Any = None) -> None:
        self.name = name
        self.op = dis.opmap[name]
        self.argument = argument
        self.place = place
        self.value = value
        self.target: Instruction | None = None


class Handler:
    """The instructions [start, stop) of which ``target`` handles the exceptions; stop is None at the end of the code."""

    __slots__ = ("depth", "lasti", "start", "stop", "target")

    def __init__(
        self, start: Instruction, stop: Instruction | None, target: Instruction, depth: int, lasti: bool
    ) -> None:
        self.start = start
        self.stop = stop
        self.target = target
        self.depth = depth
        self.lasti = lasti


def parse(code: CodeType) -> tuple[list[Instruction], list[Handler]]:
    """The instructions and exception handlers of a code object."""
    made: list[Instruction] = []
    at: dict[int, Instruction] = {}
    jumps: list[tuple[Instruction, int]] = []
    prefixed: list[int] = []
    for i in dis.get_instructions(code):
        if i.opname == "EXTENDED_ARG":
            prefixed.append(i.offset)
            continue
        p = i.positions
        place = _NOWHERE if p is None else (p.lineno, p.end_lineno, p.col_offset, p.end_col_offset)
        new = Instruction(i.opname, i.arg or 0, place, i.argval)
        made.append(new)
        for offset in (*prefixed, i.offset):
            at[offset] = new
        prefixed.clear()
        if i.opcode in _JUMPS:
            jumps.append((new, i.argval))
    for jump, offset in jumps:
        jump.target = at[offset]
    entries: Any = dis._parse_exception_table(code)  # type: ignore[attr-defined]  # which dis itself reads
    handlers = [Handler(at[e.start], at.get(e.end), at[e.target], e.depth, e.lasti) for e in entries]
    return made, handlers


def caches(instruction: Instruction) -> int:
    """How many code units of caches follow an instruction."""
    if isinstance(_CACHES, dict):
        return int(_CACHES.get(instruction.name, 0))
    return int(_CACHES[instruction.op])


def _prefixes(argument: int) -> int:
    """How many EXTENDED_ARG an argument needs."""
    return (argument > 0xFF) + (argument > 0xFFFF) + (argument > 0xFFFFFF)


def assemble(code: CodeType, instructions: list[Instruction], handlers: list[Handler], **changes: Any) -> CodeType:
    """The code object with other instructions (and whatever else changes)."""
    start = _laid_out(instructions)
    length = start.pop()
    units = bytearray()
    for i in instructions:
        for shift in range(8 * _prefixes(i.argument), 0, -8):
            units += bytes((dis.EXTENDED_ARG, i.argument >> shift & 0xFF))
        units += bytes((i.op, i.argument & 0xFF)) + bytes(2 * caches(i))
    at = {id(i): offset for i, offset in zip(instructions, start, strict=True)}
    table = bytearray()
    for h in handlers:
        first = at[id(h.start)]
        stop = length if h.stop is None else at[id(h.stop)]
        if stop > first:
            table += _entry(first, stop - first, at[id(h.target)], h.depth << 1 | h.lasti)
    lines = b"".join(_lines(code.co_firstlineno, instructions, [*start, length]))
    return code.replace(co_code=bytes(units), co_exceptiontable=bytes(table), co_linetable=lines, **changes)


def _laid_out(instructions: list[Instruction]) -> list[int]:
    """Where each instruction begins, in code units, and where the code ends; the arguments of jumps are set."""
    while True:
        start, here = [], 0
        for i in instructions:
            start.append(here)
            here += _prefixes(i.argument) + 1 + caches(i)
        start.append(here)
        at = {id(i): offset for i, offset in zip(instructions, start, strict=False)}
        changed = False
        for i, after in zip(instructions, start[1:], strict=True):
            if i.target is not None:
                distance = at[id(i.target)] - after
                argument = -distance if "BACKWARD" in i.name else distance
                changed = changed or _prefixes(argument) != _prefixes(i.argument)
                i.argument = argument
        if not changed:
            return start


def _entry(*numbers: int) -> bytes:
    """An entry of the exception table: numbers in chunks of six bits, the highest first, with a mark where the entry begins."""
    made = bytearray()
    for number in numbers:
        chunks = [number & 63]
        while number := number >> 6:
            chunks.append(number & 63 | 64)
        made += bytes(reversed(chunks))
    made[0] |= 128
    return bytes(made)


def _lines(line: int, instructions: list[Instruction], start: list[int]) -> Iterator[bytes]:
    """The table of positions: for at most eight code units the change of the line, the lines, and the columns."""
    for i, first, stop in zip(instructions, start, start[1:], strict=False):
        at, end, column, end_column = i.place
        for here in range(first, stop, 8):
            count = min(8, stop - here) - 1
            if at is None:
                yield bytes((0x80 | 15 << 3 | count,))
            elif end is None or column is None or end_column is None:
                yield bytes((0x80 | 13 << 3 | count,)) + _signed(at - line)
            else:
                numbers = (end - at, column + 1, end_column + 1)
                yield bytes((0x80 | 14 << 3 | count,)) + _signed(at - line) + b"".join(map(_number, numbers))
            line = line if at is None else at


def _number(number: int) -> bytes:
    """A number in chunks of six bits, the lowest first."""
    made = bytearray()
    while number >= 64:
        made.append(number & 63 | 64)
        number >>= 6
    made.append(number)
    return bytes(made)


def _signed(number: int) -> bytes:
    return _number(-number << 1 | 1 if number < 0 else number << 1)
