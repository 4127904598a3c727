"""Which instructions of a code do nothing but lead to an exception.

    doomed_of : instructions → the numbers of those from which every way ends in ``raise``

A program stands for runs that returned.  Where nothing handles exceptions (``handled_parts.py``), a run that comes to such an instruction returns nothing, so that what a function does on its way to
``raise`` (a message is put together, of names of classes and of texts) need not be understood: the branch that leads there is decided by what is known, checked or guarded like any other.
"""

from __future__ import annotations

import dis
from typing import Any

_JUMPS = frozenset([*dis.hasjrel, *dis.hasjabs, *getattr(dis, "hasjump", ())])
_RAISES = frozenset(["RAISE_VARARGS", "RERAISE"])
#: what leaves the code, or is gone on with by others
_LEAVES = frozenset(["RETURN_VALUE", "RETURN_CONST", "RETURN_GENERATOR", "YIELD_VALUE", "SEND"])
#: how the handlers begin that Python itself puts into generators: an error goes on there
_MADE_FOR_GENERATORS = frozenset(["CALL_INTRINSIC_1", "CLEANUP_THROW"])
_ALWAYS = frozenset(["JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"])


def doomed_of(
    instructions: list[Any], position: dict[int, int], entries: list[Any], passing: frozenset[int] = frozenset()
) -> frozenset[int]:
    """The numbers of the instructions from which every way ends in an exception that the code does not handle; loops without an end are none.  ``passing``: handlers that let exceptions pass."""
    doomed: set[int] = set()
    catching = [e for e in entries if e.target not in passing]
    targets = {
        k: [number_at(e.target, position) for e in catching if e.start <= i.offset < e.end]
        for k, i in enumerate(instructions)
    }
    if not any(i.opname in _RAISES for i in instructions):
        return frozenset()
    changed = True
    while changed:
        changed = False
        for k in range(len(instructions) - 1, -1, -1):
            if k not in doomed and doomed.issuperset(targets[k]) and _is_doomed(instructions, position, k, doomed):
                doomed.add(k)
                changed = True
    return frozenset(doomed)


def may_end_early(instructions: list[Any], position: dict[int, int], entries: list[Any]) -> bool:
    """Whether a code waits (``yield``) where a handler of its own stands: a generator that is left waiting is closed, its handlers and ``finally`` run, and who called it goes on."""
    waiting = [i.offset for i in instructions if i.opname == "YIELD_VALUE"]
    for e in entries:
        k = number_at(e.target, position)
        is_own = k is None or instructions[k].opname not in _MADE_FOR_GENERATORS
        if is_own and any(e.start <= offset < e.end for offset in waiting):
            return True
    return False


def _is_doomed(instructions: list[Any], position: dict[int, int], k: int, doomed: set[int]) -> bool:
    instruction = instructions[k]
    if instruction.opname in _RAISES:
        return True
    if instruction.opname in _LEAVES:
        return False
    if instruction.opcode in _JUMPS and number_at(instruction.argval, position) not in doomed:
        return False
    return instruction.opname in _ALWAYS or k + 1 in doomed


def number_at(offset: int, position: dict[int, int]) -> int | None:
    """The number of the instruction at an offset, or of the first after its caches."""
    for at in range(offset, offset + 40, 2):  # caches
        if at in position:
            return position[at]
    return None


def is_of_context(instructions: list[Any], k: int | None) -> bool:
    """Whether a handler is that of a ``with``, whose context may swallow exceptions or not."""
    return k is not None and [i.opname for i in instructions[k : k + 2]] == ["PUSH_EXC_INFO", "WITH_EXCEPT_START"]
