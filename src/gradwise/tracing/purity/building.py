"""Instructions that build containers and take them apart (``BUILDING``, by name)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.axes import index_of
from gradwise.tracing.purity.boxes import as_key, box, merge
from gradwise.tracing.purity.lattice import certain_texts, depth, entry, is_empty, join, put
from gradwise.tracing.purity.scope import is_type
from gradwise.tracing.purity.sequences import (
    element_of,
    is_looked_into,
    unpacked,
)
from gradwise.tracing.purity.values import (
    FRESH,
    GRID,
    NOTHING,
    OWN,
    VECTOR,
    Box,
    Cell,
    Cells,
    Constant,
    Known,
    Matched,
    Ragged,
    Record,
    Row,
    Rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.purity.machine import Machine
    from gradwise.tracing.purity.state import State

#: tuples in tuples of which the entries are known
_DEPTH = 3


def _tuple(m: Machine, i: Any, s: State) -> None:
    values = s.pop_many(i.arg)
    if values and all(type(v) is Cell for v in values):
        s.push(Cells(tuple(values)))
        return
    if values and all(type(v) is Known and is_type(v.value) for v in values):
        s.push(values[0])  # several types in the place of one
        return
    if any(is_looked_into(v) or certain_texts(v) is not None for v in values) and max(map(depth, values)) < _DEPTH:
        s.push(Row(tuple(values)))
        return
    index = index_of(values)
    if index is not None:
        s.push(index)
        return
    degrees = [m.data(v) for v in values]
    s.push(OWN if all(d.rank <= OWN.rank for d in degrees) else FRESH)


def _container(m: Machine, i: Any, s: State) -> None:
    values = s.pop_many(i.arg)
    if values and all(type(v) is Known and is_type(v.value) for v in values):
        s.push(values[0])  # several types in the place of one
        return
    if i.opname == "BUILD_LIST" and _is_for_a_call(m, i):
        s.push(Row(tuple(values)))
        return
    if i.opname == "BUILD_LIST":
        s.push(box(m, "list", functools.reduce(join, values, NOTHING)))
        return
    for value in values:
        m.data(value)
    s.push(FRESH)


def _is_for_a_call(m: Machine, i: Any) -> bool:
    """Whether a list is made for a call with stars (``f(a, *b, c)``), and known to nobody else."""
    place = m.position[i.offset] + 1
    while place + 1 < len(m.instructions):
        one = m.instructions[place]
        if one.is_jump_target:
            return False
        if one.opname == "LIST_TO_TUPLE" or (
            one.opname == "CALL_INTRINSIC_1" and one.argrepr == "INTRINSIC_LIST_TO_TUPLE"
        ):
            return True
        follows = m.instructions[place + 1]
        taken = follows.opname in ("LIST_EXTEND", "LIST_APPEND") and follows.arg == 1 and not follows.is_jump_target
        if not taken or one.opname not in _LOADS:
            return False
        place += 2
    return False


#: instructions that push one value, and do nothing else
_LOADS = frozenset(["LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_BORROW", "LOAD_DEREF", "LOAD_GLOBAL", "LOAD_CONST", "LOAD_NAME", "LOAD_SMALL_INT"])  # fmt: skip


def _map(m: Machine, i: Any, s: State) -> None:
    entries = s.pop_many(2 * i.arg)
    made = box(m, "dict")
    for key, value in zip(entries[::2], entries[1::2], strict=True):
        put(made, value, as_key(m, key))
    s.push(made)


def _const_key_map(m: Machine, i: Any, s: State) -> None:
    keys = s.pop()
    made = box(m, "dict")
    for key, value in zip(keys.value, s.pop_many(i.arg), strict=True):
        put(made, value, Constant(key))
    s.push(made)


def _append(m: Machine, i: Any, s: State) -> None:
    value = s.pop()
    target = s.stack[-i.arg]
    if type(target) is Box:
        put(target, value)
    elif type(target) is Row:  # ``f(a, *b, c)``
        s.stack[-i.arg] = Row((*target.entries, value))
    else:
        m.data(value)


def _extend(m: Machine, i: Any, s: State) -> None:
    value = s.pop()
    target = s.stack[-i.arg]
    if type(target) is Row and ((type(value) is Row and value.cls is None) or is_empty(value)):
        s.stack[-i.arg] = Row((*target.entries, *(value.entries if type(value) is Row else ())))
        return
    if type(target) is Row:  # of how many is not known
        target = s.stack[-i.arg] = box(m, "list", functools.reduce(join, target.entries, NOTHING))
    if type(target) is Box:
        put(target, element_of(m, value))
    else:
        m.data(value)


def _merge(m: Machine, i: Any, s: State) -> None:
    value = s.pop()
    target = s.stack[-i.arg]
    if i.opname == "DICT_MERGE" and type(value) is Record and _is_made_before(m, i):
        s.stack[-i.arg] = value  # ``f(**keywords)``
    elif type(target) is Box:
        merge(m, target, value)
    else:
        m.data(value)


def _is_made_before(m: Machine, i: Any) -> bool:
    """Whether the keywords of a call are just those that are merged into an empty dict."""
    place = m.position[i.offset]
    made = m.instructions[place - 2]
    return place >= 2 and made.opname == "BUILD_MAP" and made.arg == 0


def _map_add(m: Machine, i: Any, s: State) -> None:
    key, value = s.pop_many(2)
    target = s.stack[-i.arg]
    if type(target) is Box:
        put(target, value, as_key(m, key))
    else:
        m.data(value)


def _unpack(m: Machine, i: Any, s: State) -> None:
    row = s.pop()
    if type(row) is Matched:  # None does not come here
        s.push(*reversed(row.entries))
        return
    if i.opname == "UNPACK_SEQUENCE" and type(row) is Constant and type(row.value) is tuple and len(row.value) == i.arg:
        s.push(*[Constant(one) for one in reversed(row.value)])  # a, b = 0.0, None
        return
    if i.opname == "UNPACK_SEQUENCE" and is_looked_into(row):
        s.push(*reversed(unpacked(m, row, i.arg)))
        return
    element = (
        element_of(m, row)
        if type(row) in (Box, Row, Ragged, Rows) or row is VECTOR or row is GRID
        else entry(m.data(row))
    )
    count = i.arg if i.opname == "UNPACK_SEQUENCE" else (i.arg & 0xFF) + (i.arg >> 8)
    if i.opname == "UNPACK_SEQUENCE":
        s.push(*[element] * count)
        return
    after, before = i.arg >> 8, i.arg & 0xFF
    if type(row) is Ragged and not after and len(row.entries) >= before:  # those that are shorter raise
        rest = functools.reduce(join, row.entries[before:], NOTHING)
        s.push(box(m, "list", rest), *reversed(row.entries[:before]))
        return
    s.push(*[element] * after, box(m, "list", element), *[element] * before)


BUILDING: dict[str, Callable[..., Any]] = {
    "BUILD_TUPLE": _tuple,
    **dict.fromkeys(["BUILD_LIST", "BUILD_SET"], _container),
    "BUILD_MAP": _map,
    "BUILD_CONST_KEY_MAP": _const_key_map,
    **dict.fromkeys(["LIST_APPEND", "SET_ADD"], _append),
    **dict.fromkeys(["LIST_EXTEND", "SET_UPDATE"], _extend),
    **dict.fromkeys(["DICT_UPDATE", "DICT_MERGE"], _merge),
    "MAP_ADD": _map_add,
    **dict.fromkeys(["UNPACK_SEQUENCE", "UNPACK_EX"], _unpack),
}
