"""Objects where plain data would stand: lists of objects that are gone over, operators of the user's classes, what may be asked of any object."""

from __future__ import annotations

import functools
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.attribute_tables import Attributes
from gradwise.tracing.purity.boxes import as_key, box, entry_of_box
from gradwise.tracing.purity.callables import callee_of
from gradwise.tracing.purity.class_members import members_of
from gradwise.tracing.purity.constructed import special
from gradwise.tracing.purity.container_classes import fills_gaps, is_container
from gradwise.tracing.purity.lattice import (
    certain_texts,
    describe,
    entry,
    is_none_itself,
    is_numeric,
    is_scalar,
    join,
    level,
    text,
    texts_of,
)
from gradwise.tracing.purity.named_tuples import has_fields, has_operators, is_named_tuple
from gradwise.tracing.purity.objects import ENTRIES, is_defined, is_simple_member
from gradwise.tracing.purity.scope import Ends, Expected, items_of
from gradwise.tracing.purity.sparse import is_matrix, is_one_entry
from gradwise.tracing.purity.values import (
    DATA,
    GLOBALS,
    GRID,
    INDICES,
    NOTHING,
    OWN,
    SCALAR,
    SPARSE,
    VECTOR,
    WHOLE,
    Bound,
    Box,
    Constant,
    Getter,
    Held,
    Known,
    Local,
    Made,
    Method,
    Mixed,
    Ragged,
    Record,
    Row,
    Rows,
    Several,
    Table,
    Texts,
    Words,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.purity.machine import Machine


def is_sequence(value: Any) -> bool:
    """Whether a value is a list, tuple or dict that holds more than data."""
    return type(value) is Known and value.expected is not None and value.expected.kind == "sequence"


def is_looked_into(value: Any) -> bool:
    """Whether the entries of a value are known, or it is no data."""
    return (
        type(value) in (Row, Ragged, Rows, Words, Table, Record, Mixed, Box)
        or is_sequence(value)
        or level(value) is None
    )


def is_none(value: Any) -> bool | None:
    """Whether a value is None, if that is known."""
    if type(value) is Constant:
        return value.value is None
    if type(value) in (
        Known,
        Made,
        Bound,
        Held,
        Getter,
        Local,
        Row,
        Ragged,
        Rows,
        Record,
        Mixed,
        Table,
        Texts,
        Words,
        Box,
    ):
        return False
    if type(value) is Several:
        return None if any(map(is_none_itself, value.values)) else False
    degree = level(value)
    return False if degree is not None and is_numeric(degree) else None


def is_object(value: Any) -> bool:
    """Whether a value is an object of the user's."""
    return type(value) is Made or (
        type(value) is Known and value.expected is not None and value.expected.kind == "object"
    )


def entries(m: Machine, sequence: Known) -> dict[Any, Any]:
    """The abstract entries of a sequence."""
    table = sequence.expected.reads.names
    return {k: m.scope.classified(m, k, v, table, f"entry {k!r}") for k, v in items_of(sequence.value)}


def _any_of(m: Machine, sequence: Known) -> Any:
    """One of the entries; of tuples and lists of one length, their entries."""
    found = list(entries(m, sequence).values())
    unlike = _ragged(m, sequence, found)
    if unlike is not None:
        return unlike
    if all(is_sequence(v) and not isinstance(v.value, dict) for v in found) and len({len(v.value) for v in found}) == 1:
        classes = {type(v.value) for v in found}
        cls = classes.pop() if len(classes) == 1 and is_named_tuple(found[0].value) else None
        if cls is not None or not any(has_fields(type(v.value)) and has_operators(type(v.value)) for v in found):
            found = [Row(tuple(entries(m, v).values()), cls, cls is not None and has_operators(cls)) for v in found]
    if len(found) > 1 and all(is_sequence(v) and isinstance(v.value, dict) and v.expected.is_data for v in found):
        return _one_of_dicts([entries(m, v) for v in found]) or functools.reduce(join, found)
    return functools.reduce(join, found)


def _ragged(m: Machine, sequence: Known, found: list[Any]) -> Ragged | None:
    """One of several tuples and lists of unlike lengths, ``[("push", 2.0), ("add",)]``; None for anything else."""
    rows: list[list[Any]] = []
    for (_, real), one in zip(items_of(sequence.value), found, strict=True):
        if type(real) not in (tuple, list) or level(one) is None or not (is_sequence(one) or type(one) is Words):
            return None
        rows.append(list(entries(m, one).values()) if is_sequence(one) else list(map(Constant, real)))
    longest = max(map(len, rows), default=0)
    if all(len(row) == longest for row in rows):
        return None
    return Ragged(tuple([functools.reduce(join, [r[k] for r in rows if k < len(r)]) for k in range(longest)]))


def _one_of_dicts(dicts: list[dict[Any, Any]]) -> Any:
    """One of several dicts of plain data; None where a key is no text."""
    keys = [key for table in dicts for key in table]
    if not all(type(key) is str for key in keys):
        return None
    found = {key: functools.reduce(join, [t[key] for t in dicts if key in t]) for key in keys}
    alike = all(table.keys() == dicts[0].keys() for table in dicts)
    return (Record if alike else Mixed)(tuple(found.items()))


def iterator_of(m: Machine, value: Any) -> Any:
    """What ``iter`` gives."""
    if type(value) is Rows or value is VECTOR or value is GRID or value is INDICES:
        return value
    if type(value) is Several:
        return Rows(functools.reduce(join, [element_of(m, v) for v in value.values if not is_none_itself(v)], NOTHING))
    if is_sequence(value):
        if isinstance(value.value, dict):
            return Rows(functools.reduce(join, map(_key, value.value)))
        return Rows(_any_of(m, value))
    if type(value) in (Row, Ragged):
        return Rows(functools.reduce(join, value.entries))
    if type(value) is Words:
        return Rows(_one_of(value))
    if type(value) is Table and not value.is_mapping:
        return Rows(value.element)
    if type(value) is Box:
        return Rows(value.root.keys if value.root.kind == "dict" else value.root.contents)
    if type(value) is Constant and type(value.value) in (tuple, frozenset) and len(value.value) <= ENTRIES:
        return Rows(functools.reduce(join, map(Constant, value.value), NOTHING))
    if type(value) is Attributes:
        return Rows(text(frozenset(value.entries(m))))
    if type(value) is Known and (members := members_of(value)) is not None:
        return members
    if is_object(value):
        found = m.scope.call(m, special(m, value, "__iter__"), [])
        return Rows(m.scope.call(m, special(m, found, "__next__"), [])) if is_object(found) else iterator_of(m, found)
    return m.data(value)


def _key(key: Any) -> Any:
    return Constant(key) if type(key) is str else Known(key) if is_simple_member(key) else DATA


def _one_of(words: Words) -> Any:
    return text(words.values) if len(words.values) <= ENTRIES else DATA


def element_of(m: Machine, iterator: Any) -> Any:
    """What an iterator, or what is gone over, gives in turn."""
    asked = type(iterator) in (Row, Ragged, Words, Table, Box, Constant, Several) or is_sequence(iterator)
    if asked or is_object(iterator) or (type(iterator) is Known and members_of(iterator) is not None):
        iterator = iterator_of(m, iterator)
    if type(iterator) is Rows:
        return iterator.element
    if iterator is VECTOR or iterator is INDICES:
        return SCALAR if iterator is VECTOR else WHOLE
    if iterator is GRID:
        return VECTOR
    return entry(m.data(iterator))


def entry_of(m: Machine, value: Any, key: Any) -> Any:
    """``value[key]`` of what is no data."""
    place = key.value if type(key) is Constant or (type(key) is Known and is_simple_member(key.value)) else None
    if type(value) is Box:
        return box(m, value.root.kind, value.root.contents) if key is None else entry_of_box(m, value, key)
    if type(value) is Several:
        return functools.reduce(join, [entry_of(m, v, key) for v in value.values if not is_none_itself(v)])
    if type(value) is Words:
        if key is None or type(place) is slice:
            return value
        return _one_of(value) if type(place) is int else Texts(value.values, certain=False)
    if type(value) is Table:
        is_one = value.is_mapping or type(place) is int or (key is not None and is_numeric(m.data(key)))
        return value.element if is_one else m.data(value)
    if type(value) in (Record, Mixed):
        known = dict(value.entries)
        return known[place] if type(place) is str and place in known else m.data(value)
    if type(value) is Ragged:
        return value.entries[place] if type(place) is int and 0 <= place < len(value.entries) else m.data(value)
    if type(value) is Row and type(place) is int and -len(value.entries) <= place < len(value.entries):
        return value.entries[place]
    if is_sequence(value):
        found = entries(m, value)
        if type(place) is int and place < 0 and not isinstance(value.value, dict):
            place += len(found)
        if place is not None and place in found:
            return found[place]
        if key is None or (type(key) is Constant and type(key.value) is slice):
            return Rows(_any_of(m, value))
        texts = texts_of(key)
        if fills_gaps(value.value) and not (texts and texts <= found.keys()):
            raise m.doubt("it asks a defaultdict for a key that it may not have, which would be added")
        if texts is not None:
            found = {k: v for k, v in found.items() if k in texts} or found
        elif not isinstance(value.value, dict) and not is_numeric(m.data(key)):
            return Rows(_any_of(m, value)) if level(value) is None else m.data(value)  # perhaps a slice
        return (
            functools.reduce(join, found.values()) if texts is not None else _any_of(m, value)
        )  # another key raises, which does no harm
    if type(value) is Row:
        return functools.reduce(join, value.entries) if key is not None else m.data(value)
    if value is GLOBALS:
        return m.scope.function_among_globals(m, texts_of(key))
    if is_matrix(value):  # rows and blocks of it
        return OWN if is_one_entry(key) else SPARSE
    if is_object(value) and key is not None:
        method = special(m, value, "__getitem__")
        return m.scope.call_function(m, method.function, [method.receiver, key], {})
    if value is NOTHING:
        raise Ends
    raise m.doubt(f"{describe(value)} is used where plain data are expected")


def unpacked(m: Machine, row: Any, count: int) -> list[Any]:
    """``a, b, … = row``."""
    if type(row) is Row and len(row.entries) == count:
        return list(row.entries)
    if is_sequence(row) and not isinstance(row.value, dict) and len(row.value) == count:
        return list(entries(m, row).values())
    if type(row) is Rows:
        return [row.element] * count
    if type(row) is Ragged and len(row.entries) >= count:
        return list(row.entries[:count])
    if is_sequence(row) or type(row) in (Row, Ragged):
        return [entry(m.data(row))] * count
    if type(row) is Words:
        return [_one_of(row)] * count
    if type(row) in (Table, Record, Mixed):
        return [m.data(row)] * count
    if type(row) is Box or is_object(row):
        return [element_of(m, row)] * count
    raise m.doubt(f"{describe(row)} is used where plain data are expected")


_NONE = Constant(None)


class MethodOfSequence:
    """``d.items``, ``d.values``, ``d.keys`` or ``d.get`` of a dict that holds objects, about to be called."""

    __slots__ = ("_name", "_owner")

    def __init__(self, owner: Known, name: str) -> None:
        self._owner = owner
        self._name = name

    def __eq__(self, other: object) -> bool:
        return type(other) is MethodOfSequence and other._owner == self._owner and other._name == self._name

    def __hash__(self) -> int:
        return hash((self._owner, self._name))

    def result(self, m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """What the call gives."""
        if self._name == "get" and len(arguments) in (1, 2) and not keywords:
            return self._get(m, as_key(m, arguments[0]), *arguments[1:])
        if arguments or keywords or self._name == "get":
            raise m.doubt("it calls a method of a dict of objects in a way that is not looked into")
        if self._name == "keys":
            return iterator_of(m, self._owner)
        element = _any_of(m, self._owner)
        return Rows(Row((iterator_of(m, self._owner).element, element)) if self._name == "items" else element)

    def _get(self, m: Machine, key: Any, default: Any = _NONE) -> Any:
        known = self._owner.value
        texts = certain_texts(key)
        if texts is not None and all(one not in known for one in texts):  # the keys are compared at each call
            return default
        found = entry_of(m, self._owner, key)
        return found if texts is not None and all(one in known for one in texts) else join(found, default)


def method_of_sequence(m: Machine, owner: Known, name: str) -> MethodOfSequence | Method:
    """A method of a list, tuple or dict whose entries are looked into."""
    if isinstance(owner.value, dict) and name in ("items", "values", "keys", "get"):
        return MethodOfSequence(owner, name)
    if level(owner) is not None:
        return Method(owner, name)
    raise m.doubt(f"it reads {describe(owner)}.{name}, which is not looked into")


def truth(m: Machine, value: Any) -> bool | None:
    """The truth of a value if it is known, a doubt if asking for it runs code of the user's: functions are true."""
    if type(value) is Several:
        for one in value.values:
            truth(m, one)
        return None
    if type(value) is Constant and (value.value is None or type(value.value) in (bool, int, str)):
        return bool(value.value)
    if type(value) is Known and (isinstance(value.value, (types.FunctionType, np.ufunc)) or callee_of(value.value)):
        return True
    if type(value) in (Bound, Held, Getter, Local):
        return True
    if is_sequence(value):  # or an empty one in its place
        return None
    if is_object(value):
        return _truth_of_object(m, value)
    if type(value) is not Box:
        m.data(value)
    return None


def _truth_of_object(m: Machine, value: Any) -> bool | None:
    """The truth of an object of the user's: as its class says, or its length; else it is true."""
    for name in ("__bool__", "__len__"):
        if is_defined(class_of(value), name):
            m.data(m.scope.call(m, special(m, value, name), []))
            return None
        note(value, ("defined", name), functools.partial(is_defined, name=name))
    return True


def is_of_users(value: Any) -> bool:
    """Whether a value is a class of the user's or an object of one."""
    return type(value) is Made or (
        type(value) is Known and value.expected is not None and value.expected.kind in ("object", "class")
    )


def class_of(value: Any) -> type:
    """The user's class itself, or the class of the object."""
    known = value.cls if type(value) is Made else value
    return known.value if known.expected.kind == "class" else type(known.value)


def note(value: Any, key: tuple[Any, ...], ask: Callable[[type], bool]) -> None:
    """Note what is asked of the class of an object, or of a class."""
    if is_of_users(value):
        known = value.cls if type(value) is Made else value
        known.expected.reads.members[key] = Expected("is", ask(class_of(value)))


def gives_entries(value: Any) -> bool:
    """Whether a value is an object of the user's, or a container of a class of theirs, which gives its entries one after the other."""
    return is_object(value) or (is_sequence(value) and is_container(value.value))


def numbers_of(m: Machine, value: Any) -> Table | None:
    """A tuple of what is in a container, where all of that are surely numbers, as far as is known; else None."""
    element = element_of(m, value) if type(value) in (Box, Table, Row, Rows) else None
    return Table(SCALAR, is_mapping=False) if value is VECTOR or element is NOTHING or is_scalar(element) else None
