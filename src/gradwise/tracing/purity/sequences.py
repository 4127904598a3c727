"""Objects where plain data would stand: lists of objects that are gone over, operators of the user's classes, what may be asked of any object."""

from __future__ import annotations

import functools
import types
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.callables import callee_of
from gradwise.tracing.purity.constructed import attribute_of_known, attribute_of_made, special
from gradwise.tracing.purity.objects import ENTRIES, find, is_absent, is_defined, is_derived, matching, member
from gradwise.tracing.purity.scope import Expected, is_users_function, items_of
from gradwise.tracing.purity.sparse import is_matrix
from gradwise.tracing.purity.values import (
    DATA,
    FLOAT,
    GLOBALS,
    OWN,
    SPARSE,
    Bound,
    Constant,
    Known,
    Local,
    Made,
    Method,
    Pattern,
    Record,
    Row,
    Rows,
    Several,
    Table,
    Texts,
    Words,
    alternatives,
    describe,
    entry,
    is_numeric,
    join,
    level,
    text,
    texts_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.purity.machine import Machine

_OPERATORS = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul"}  # fmt: skip


def is_sequence(value: Any) -> bool:
    """Whether a value is a list, tuple or dict that holds more than data."""
    return type(value) is Known and value.expected is not None and value.expected.kind == "sequence"


def is_looked_into(value: Any) -> bool:
    """Whether the entries of a value are known, or it is no data."""
    return type(value) in (Row, Words, Table, Record) or is_sequence(value) or level(value) is None


def is_none(value: Any) -> bool | None:
    """Whether a value is None, if that is known."""
    if type(value) is Constant:
        return value.value is None
    if type(value) in (Known, Made, Bound, Local, Several, Row, Rows, Record, Table, Texts, Words):
        return False
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
    if all(is_sequence(v) and type(v.value) is not dict for v in found) and len({len(v.value) for v in found}) == 1:
        found = [Row(tuple(entries(m, v).values())) for v in found]
    return functools.reduce(join, found)


def iterator_of(m: Machine, value: Any) -> Any:
    """What ``iter`` gives."""
    if type(value) is Rows:
        return value
    if is_sequence(value):
        if type(value.value) is dict:
            return Rows(functools.reduce(join, [Constant(k) if type(k) is str else DATA for k in value.value]))
        return Rows(_any_of(m, value))
    if type(value) is Row:
        return Rows(functools.reduce(join, value.entries))
    if type(value) is Words:
        return Rows(_one_of(value))
    if type(value) is Table and not value.is_mapping:
        return Rows(value.element)
    return m.data(value)


def _one_of(words: Words) -> Any:
    return text(words.values) if len(words.values) <= ENTRIES else DATA


def element_of(m: Machine, iterator: Any) -> Any:
    """What an iterator, or what is gone over, gives in turn."""
    if type(iterator) in (Row, Words, Table) or is_sequence(iterator):
        iterator = iterator_of(m, iterator)
    if type(iterator) is Rows:
        return iterator.element
    return entry(m.data(iterator))


def entry_of(m: Machine, value: Any, key: Any) -> Any:
    """``value[key]`` of what is no data."""
    place = key.value if type(key) is Constant else None
    if type(value) is Words:
        if key is None or type(place) is slice:
            return value
        return _one_of(value) if type(place) is int else Texts(value.values, certain=False)
    if type(value) is Table:
        is_one = value.is_mapping or type(place) is int or (key is not None and is_numeric(m.data(key)))
        return value.element if is_one else m.data(value)
    if type(value) is Record:
        known = dict(value.entries)
        return known[place] if type(place) is str and place in known else m.data(value)
    if type(value) is Row and type(place) is int and -len(value.entries) <= place < len(value.entries):
        return value.entries[place]
    if is_sequence(value):
        found = entries(m, value)
        if type(place) is int and place < 0 and type(value.value) is not dict:
            place += len(found)
        if place is not None and place in found:
            return found[place]
        if key is None or (type(key) is Constant and type(key.value) is slice):
            return Rows(_any_of(m, value))
        texts = texts_of(key)
        if texts is not None:
            found = {k: v for k, v in found.items() if k in texts} or found
        elif type(value.value) is not dict and not is_numeric(m.data(key)):
            return Rows(_any_of(m, value)) if level(value) is None else m.data(value)  # perhaps a slice
        return (
            functools.reduce(join, found.values()) if texts is not None else _any_of(m, value)
        )  # another key raises, which does no harm
    if type(value) is Row:
        return functools.reduce(join, value.entries) if key is not None else m.data(value)
    if value is GLOBALS:
        return m.scope.function_among_globals(m, texts_of(key))
    if is_matrix(value):  # rows and blocks of it
        return SPARSE
    if is_object(value) and key is not None:
        method = special(m, value, "__getitem__")
        return m.scope.call_function(m, method.function, [method.receiver, key], {})
    raise m.doubt(f"{describe(value)} is used where plain data are expected")


def unpacked(m: Machine, row: Any, count: int) -> list[Any]:
    """``a, b, … = row``."""
    if type(row) is Row and len(row.entries) == count:
        return list(row.entries)
    if is_sequence(row) and type(row.value) is not dict and len(row.value) == count:
        return list(entries(m, row).values())
    if type(row) is Rows:
        return [row.element] * count
    if is_sequence(row) or type(row) is Row:
        return [entry(m.data(row))] * count
    if type(row) is Words:
        return [_one_of(row)] * count
    if type(row) in (Table, Record):
        return [m.data(row)] * count
    raise m.doubt(f"{describe(row)} is used where plain data are expected")


class MethodOfSequence:
    """``d.items`` or ``d.values`` of a dict that holds objects, about to be called."""

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
        if arguments or keywords:
            raise m.doubt("it calls a method of a dict of objects in a way that is not looked into")
        element = _any_of(m, self._owner)
        return Rows(Row((iterator_of(m, self._owner).element, element)) if self._name == "items" else element)


def method_of_sequence(m: Machine, owner: Known, name: str) -> MethodOfSequence | Method:
    """A method of a list, tuple or dict whose entries are looked into."""
    if type(owner.value) is dict and name in ("items", "values"):
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
    if type(value) is Bound:
        return True
    m.data(value)
    return None


def operator_of_objects(m: Machine, symbol: str, x: Any, z: Any) -> Any:
    """A binary operator of the user's class."""
    name = _OPERATORS.get(symbol)
    if name is not None and is_object(x):
        for one in alternatives(z):
            _is_asked_second(m, x, one, f"__r{name}__")
        method, other = special(m, x, f"__{name}__"), z
    elif name is not None and is_object(z) and _is_pythons_number(x):
        method, other = special(m, z, f"__r{name}__"), x
    else:
        raise m.doubt(f"the operator {symbol} of {describe(x if level(x) is None else z)} is not looked into")
    return m.scope.call_function(m, method.function, [method.receiver, other], {})


def _is_asked_second(m: Machine, left: Any, right: Any, reflected: str) -> None:
    """See to it that Python asks the left operand first: the right one goes first if its class is derived from that of the left one, and has got another method for that."""
    if is_object(right):
        cls, other = _class_of(left), _class_of(right)
        if other is not cls:
            _note(right, ("derived", weakref.ref(cls)), lambda one: is_derived(one, cls))
            if not issubclass(other, cls):
                return
            if member(other, reflected) is not member(cls, reflected):
                raise m.doubt(f"the operand {describe(right)} is asked before {describe(left)}")
            if is_defined(other, reflected):
                special(m, left, reflected), special(m, right, reflected)  # which notes them
            else:
                _note(right, ("defined", reflected), lambda one: is_defined(one, reflected))
    elif level(right) is None and type(right) not in (Known, Bound, Local):
        raise m.doubt(f"{describe(right)} is an operand of {describe(left)}")


def _is_pythons_number(value: Any) -> bool:
    """Whether a value is surely a number of Python's, which leaves its operators to the other operand."""
    return level(value) is FLOAT or (type(value) is Constant and type(value.value) in (int, bool, complex))


def about_objects(m: Machine, function: Any, arguments: list[Any]) -> Any:
    """What a function of Python's gives that takes any object; None if it is none of them."""
    if function in (isinstance, issubclass, callable, len) and all(
        level(v) is not None or is_object(v) or is_sequence(v) or _is_class(v) or _is_callable(v) for v in arguments
    ):
        if function is len and not is_sequence(arguments[0]):
            return None
        if function is callable:
            _note(arguments[0], ("defined", "__call__"), lambda cls: is_defined(cls, "__call__"))
        elif function in (isinstance, issubclass) and len(arguments) == 2:
            _note_derived(m, arguments[0], arguments[1])
        return OWN
    if function is enumerate and len(arguments) in (1, 2):
        m.data(arguments[-1]) if len(arguments) == 2 else None
        return Rows(Row((OWN, element_of(m, arguments[0]))))
    if function is zip:
        return Rows(Row(tuple([element_of(m, v) for v in arguments])))
    if function is reversed and len(arguments) == 1:
        return Rows(element_of(m, arguments[0]))
    if function is getattr and len(arguments) in (2, 3):
        if len(arguments) == 3 and _lacks(m, arguments[0], arguments[1]):
            return arguments[2]
        found = _by_name(m, arguments[0], arguments[1])
        return found if len(arguments) == 2 or _surely_has(*arguments[:2]) else join(found, arguments[2])
    if function is hasattr and len(arguments) == 2:
        if _lacks(m, arguments[0], arguments[1]):
            return Constant(False)
        _by_name(m, arguments[0], arguments[1])  # where it is found
        return Constant(True) if _surely_has(arguments[0], arguments[1]) else OWN
    return None


def _is_of_users(value: Any) -> bool:
    """Whether a value is a class of the user's or an object of one."""
    return type(value) is Made or (
        type(value) is Known and value.expected is not None and value.expected.kind in ("object", "class")
    )


def _class_of(value: Any) -> type:
    """The user's class itself, or the class of the object."""
    known = value.cls if type(value) is Made else value
    return known.value if known.expected.kind == "class" else type(known.value)


def _note(value: Any, key: tuple[Any, ...], ask: Callable[[type], bool]) -> None:
    """Note what is asked of the class of an object, or of a class."""
    if _is_of_users(value):
        known = value.cls if type(value) is Made else value
        known.expected.reads.members[key] = Expected("is", ask(_class_of(value)))


def _note_derived(m: Machine, value: Any, base: Any) -> None:
    if type(base) is not Known or base.expected is None or base.expected.kind != "class":
        return
    cls = base.value
    if member(cls, "__subclasshook__") is not vars(object)["__subclasshook__"] or (
        type(cls) is not type and not _is_of_users(value)
    ):
        raise m.doubt(f"it asks whether a value is of type {cls.__name__}, to which any type may be added")
    _note(value, ("derived", weakref.ref(cls)), lambda one: is_derived(one, cls))


def _lacks(m: Machine, owner: Any, name: Any) -> bool:
    """Whether an object that was there has no attribute of a name; then that is noted."""
    if type(name) is Pattern and type(owner) is Known and _is_of_users(owner):
        if matching(owner.value, name.prefix, name.suffix) != ():
            return False
        owner.expected.reads.members[("matching", name.prefix, name.suffix, ())] = Expected("is", True)
        return True
    if not (type(name) is Constant and type(name.value) is str and is_object(owner) and type(owner) is Known):
        return False
    if not is_absent(owner.value, name.value):
        return False
    owner.expected.reads.members[("absent", name.value)] = Expected("is", True)
    return True


def _surely_has(owner: Any, name: Any) -> bool:
    """Whether asking an object for an attribute that was found gives it: it is stored (in an object that was there), and not computed by a property, which may raise."""
    if type(owner) is Made or type(name) is Pattern or not is_object(owner):
        return False
    return all((find(owner.value, one) or ("property",))[0] != "property" for one in texts_of(name) or ())


def _is_class(value: Any) -> bool:
    return type(value) is Known and isinstance(value.value, type)


def _is_callable(value: Any) -> bool:
    return type(value) is Known and (callee_of(value.value) is not None or is_users_function(value.value))


def _by_name(m: Machine, owner: Any, name: Any) -> Any:
    """``getattr(owner, "name")``."""
    names = texts_of(name)
    is_module = type(owner) is Known and isinstance(owner.value, types.ModuleType)
    known = type(owner) is Known and (is_module or _is_of_users(owner))
    if type(name) is Pattern and known:
        found = matching(owner.value, name.prefix, name.suffix)
        if found and len(found) <= ENTRIES:  # another name raises, which does no harm
            owner.expected.reads.members[("matching", name.prefix, name.suffix, found)] = Expected("is", True)
            names = frozenset(found)
    if names is None or not (known or is_object(owner)):
        raise m.doubt("it asks for an attribute by a name that is not known")
    if is_module:
        return functools.reduce(join, [m.scope.attribute(m, owner, one) for one in sorted(names)])
    read = attribute_of_made if type(owner) is Made else attribute_of_known
    return functools.reduce(join, [read(m.scope, m, owner, one) for one in sorted(names)])
