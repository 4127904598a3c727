"""Where a condition stands, from the instruction at which its truth was asked."""

from __future__ import annotations

import itertools
import opcode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradwise.tracing.instrument.both_ways.aside import Place

_COMPARE = opcode.opmap["COMPARE_OP"]
_EXTENDED = opcode.opmap["EXTENDED_ARG"]
_CACHE = opcode.opmap["CACHE"]
_CALLS = frozenset(code for name, code in opcode.opmap.items() if name.startswith("CALL"))


def place_of(code: Any, offset: int) -> Place | None:
    """Where the condition stands that is asked at an instruction: what was computed by the one before, since a jump may have the place of the whole statement."""
    # since 3.13 a comparison may ask for the truth of its result itself
    before = offset // 2 - (code.co_code[offset] != _COMPARE)
    while before > 0 and code.co_code[2 * before] == _EXTENDED:
        before -= 1
    line, _, column, end = next(itertools.islice(code.co_positions(), before, None), (None,) * 4)
    return None if line is None or column is None or end is None else (code.co_filename, line, column, end)


def is_call(code: Any, offset: int) -> bool:
    """Whether the instruction calls: the comparisons are those of ``max``, ``min`` or ``sorted``."""
    while offset and code.co_code[offset] == _CACHE:
        offset -= 2
    return code.co_code[offset] in _CALLS
