"""Which places of the interpreter's stack are empty: before CPython 3.13 the callee of a CALL lies above an empty place, or has ``self`` above it.

The code is followed from its beginning along all its jumps and handlers, with the stack as a tuple of flags.
"""

from __future__ import annotations

import dis
import sys

from gradwise.tracing.instrument.assembly import Handler, Instruction

#: whether LOAD_ATTR loads methods too, by the lowest bit of its argument
METHOD_BIT = sys.version_info >= (3, 12)


def empty_places(instructions: list[Instruction], handlers: list[Handler]) -> dict[tuple[int, int], bool]:
    """Before which instruction which depth of the stack is empty (PUSH_NULL), by following the code from its beginning."""
    at = {id(i): k for k, i in enumerate(instructions)}
    handled: dict[int, list[Handler]] = {}
    for h in handlers:
        stop = len(instructions) if h.stop is None else at[id(h.stop)]
        for k in range(at[id(h.start)], stop):
            handled.setdefault(k, []).append(h)
    found: dict[tuple[int, int], bool] = {}
    seen: set[int] = set()
    pending: list[tuple[int, tuple[bool, ...]]] = [(0, ())]
    while pending:
        k, stack = pending.pop()
        while k < len(instructions) and k not in seen:
            seen.add(k)
            found |= {(k, depth): True for depth, empty in enumerate(reversed(stack), 1) if empty}
            pending += [(at[id(h.target)], stack[: h.depth] + (False,) * (1 + h.lasti)) for h in handled.get(k, ())]
            i = instructions[k]
            if i.target is not None:
                pending.append((at[id(i.target)], _after(i, stack, jump=True)))
            if i.name in _ENDS:
                break
            stack = _after(i, stack, jump=False)
            k += 1
    return found


_ENDS = frozenset(
    (
        "RETURN_VALUE",
        "RETURN_CONST",
        "RERAISE",
        "RAISE_VARARGS",
        "JUMP_FORWARD",
        "JUMP_BACKWARD",
        "JUMP_BACKWARD_NO_INTERRUPT",
    )
)


def _after(i: Instruction, stack: tuple[bool, ...], *, jump: bool) -> tuple[bool, ...]:
    """The stack after an instruction: which places are empty."""
    name = i.name
    if name == "PUSH_NULL":
        return (*stack, True)
    if (name == "LOAD_GLOBAL" and i.argument & 1) or name == "LOAD_METHOD":
        return (*(stack if name == "LOAD_GLOBAL" else stack[:-1]), True, False)
    if METHOD_BIT and name == "LOAD_ATTR" and i.argument & 1:
        return (*stack[:-1], True, False)
    if name == "LOAD_SUPER_ATTR":
        return (*stack[:-3], *((True, False) if i.argument & 1 else (False,)))
    if name == "CALL":
        return (*stack[: -i.argument - 2], False)
    if name == "CALL_FUNCTION_EX":
        return (*stack[: -3 - (i.argument & 1)], False)
    if name == "PRECALL":
        return stack
    if name == "SWAP":
        swapped = list(stack)
        swapped[-1], swapped[-i.argument] = swapped[-i.argument], swapped[-1]
        return tuple(swapped)
    if name == "COPY":
        return (*stack, stack[-i.argument])
    effect = dis.stack_effect(i.op, i.argument if i.op >= dis.HAVE_ARGUMENT else None, jump=jump)
    return stack + (False,) * effect if effect >= 0 else stack[:effect]
