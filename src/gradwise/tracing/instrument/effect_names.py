"""What a code may do outside, by the names that it loads: prints, reads, waits, draws.

An attribute that has the name of one of Python's own functions, or is taken for data where it is loaded, is somebody's own; so is a method of the user's that a run entered (``effects.py``).
"""

from __future__ import annotations

import dis
import sys
import types
import weakref
from collections.abc import Iterator

#: builtins and methods that do something outside, or change what they are asked of
_NAMES = frozenset(
    [
        "print",
        "open",
        "input",
        "next",
        "exec",
        "breakpoint",
        "write",
        "writelines",
        "read",
        "readline",
        "readlines",
        "flush",
        "warn",
        "put",
        "itemset",
        "partition",
        "resize",
        "setflags",
        "setfield",
        "fill",
        "sort",
        "shuffle",
        "place",
        "putmask",
        "copyto",
        "fill_diagonal",
        "at",
        "savefig",
        "tofile",
        "to_csv",
        "write_text",
        "write_bytes",
        "writerow",
        "writerows",
    ]
)
#: names that do something which is undone with the places to which a run writes, or does no harm
_UNDONE = frozenset(
    [
        *("exec", "warn", "itemset", "partition", "resize", "setflags", "setfield", "fill", "sort", "place", "putmask"),
        *("copyto", "fill_diagonal", "at"),
    ]
)

#: names of what a silent run does not do, or does to files that it keeps in memory
_SILENT = frozenset(
    [
        *("print", "open", "write", "writelines", "flush", "shuffle", "read", "readline", "readlines"),
        *("write_text", "write_bytes"),
    ]
)

#: names that read what a silent run did not write
_READING = frozenset(
    [
        *("fromfile", "memmap", "getvalue", "read_csv", "read_table", "read_json", "read_excel", "read_pickle"),
        *("read_parquet", "read_hdf", "imread"),
    ]
)


def _is_seen(following: dis.Instruction, instruction: dis.Instruction, level: int) -> bool:
    """Whether a load of ``next`` is that of a call which takes from the call's own generator, or from what a silent run sees (``taking.py``); an attribute of that name is somebody's."""
    if instruction.opname != "LOAD_GLOBAL":
        return instruction.opname != "LOAD_NAME"
    is_called = bool((instruction.arg or 0) & 1)
    return is_called and (level == SEEN or isinstance(following.argval, types.CodeType))


def effects_in(code: types.CodeType, level: int) -> tuple[tuple[str, bool], ...]:
    """What a code may do by the names that it loads: each name, and whether it is that of an attribute.  ``level``: 0 where nothing is undone, 1 where places are put back, ``SEEN`` where the run is silent as well."""
    table = _effects_by_code[level]
    known = table.get(id(code))
    if known is None or known[0]() is not code:
        if len(table) > 2048:
            table.clear()
        known = table[id(code)] = (weakref.ref(code), tuple(_look_for_effects(code, level)))
    return known[1]


_Found = dict[int, tuple[weakref.ref[types.CodeType], tuple[tuple[str, bool], ...]]]
#: what was found in code, where nothing is undone, where places are put back, and where the run is silent as well: names, and whether they are those of attributes
_effects_by_code: tuple[_Found, _Found, _Found] = ({}, {}, {})


#: the level of silent runs
SEEN = 2
#: Python's own functions, which are nobody's attributes
_BUILTINS = frozenset(["print", "input", "exec", "breakpoint"])
#: what takes the last two values for data; and the last one
_OF_TWO = frozenset(["BINARY_OP", "COMPARE_OP", "BINARY_SUBSCR", "STORE_SUBSCR"])
_OF_ONE = _OF_TWO | {"UNARY_NEGATIVE", "LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR"}


def _look_for_effects(code: types.CodeType, level: int) -> Iterator[tuple[str, bool]]:
    names = (_NAMES, _NAMES - _UNDONE, _NAMES - _UNDONE - _SILENT | _READING)[level]
    instructions = list(dis.get_instructions(code))
    for place, instruction in enumerate(instructions):
        name, is_attribute = instruction.argval, instruction.opname in ("LOAD_ATTR", "LOAD_METHOD")
        if name in names and (is_attribute or instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME")):
            if name == "next" and _is_seen(instructions[place + 1], instruction, level):
                continue
            if is_attribute and _is_somebodys(instructions, place):
                continue
            yield str(name), is_attribute
        if not level and instruction.opname == "KW_NAMES" and "out" in (code.co_consts[instruction.arg or 0] or ()):
            yield "a function with out=", False
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from effects_in(constant, level)
        elif not level and type(constant) is tuple and "out" in constant:
            yield "a function with out=", False


def _is_somebodys(instructions: list[dis.Instruction], place: int) -> bool:
    """Whether an attribute has the name of one of Python's functions (``model.input``), or is taken for data where it is loaded (``option.put * 2``, ``layer.send[0]``)."""
    before, instruction, *following = instructions[max(place - 1, 0) : place + 3]
    if instruction.argval in _BUILTINS:
        return before.argval != "builtins"
    if instruction.opname == "LOAD_METHOD" or (sys.version_info >= (3, 12) and (instruction.arg or 0) & 1):
        return False
    second = following[0].opname
    is_operand = second.startswith("LOAD_") and "_LOAD_" not in second and following[-1].opname in _OF_TWO
    return is_operand or second in _OF_ONE
