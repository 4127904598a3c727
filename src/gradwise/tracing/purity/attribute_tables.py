"""``setattr(obj, name, value)`` of known names, and ``vars(obj)`` or ``obj.__dict__``: what is read and assigned by way of an object's dictionary."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.constructed import (
    assign_by_class,
    attribute_of_known,
    keep,
    set_by_property,
    store,
    stored_in_known,
)
from gradwise.tracing.purity.function_attributes import own_attributes
from gradwise.tracing.purity.lattice import (
    alternatives,
    describe,
    is_none_itself,
    is_numeric,
    join,
    level,
    text,
    texts_of,
)
from gradwise.tracing.purity.leaving import left
from gradwise.tracing.purity.objects import ENTRIES, entries_of, find
from gradwise.tracing.purity.remembered import is_remembered
from gradwise.tracing.purity.scope import Ends, Expected
from gradwise.tracing.purity.transient import is_transient
from gradwise.tracing.purity.values import NOTHING, Abstract, Constant, Known, Made, Mixed, Record, Row, Rows

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

_METHODS = ("items", "values", "keys", "get", "update")


def assign(m: Machine, owner: Any, name: str, value: Any) -> None:
    """``owner.name = value``."""
    for one in [own_attributes(m, v, name) for v in alternatives(owner)]:
        if (
            is_none_itself(one)
            or _takes_none(one, name)
            or assign_by_class(m, one, name, value)
            or set_by_property(m, one, name, value)
            or left(m, one, name, value)
        ):
            continue
        store(m.scope, m, one, name, value)


def _takes_none(value: Any, name: str) -> bool:
    """Whether a value is a number or an array, which takes no attribute of that name: that raises, and handlers are looked at as everywhere.  A result of a library's that would take it is the call's own."""
    degree = level(value) if type(value) in (Abstract, Constant) else None
    return degree is not None and is_numeric(degree) and not (hasattr(np.ndarray, name) or hasattr(np.float64, name))


def assigned_by_name(m: Machine, arguments: list[Any]) -> Constant:
    """``setattr(owner, name, value)``: under several names, of an object made during the call, each may have been given the value."""
    owner, name, value = arguments
    names = texts_of(name)
    if not names or (len(names) > 1 and type(owner) is not Made):
        raise m.doubt("it assigns an attribute by a name that is not known")
    for one in sorted(names):
        assign(m, owner, one, value)
    return Constant(None)


class Attributes:
    """``obj.__dict__``: nothing may be done with it but what is written here."""

    __slots__ = ("name", "owner")

    def __init__(self, owner: Any, name: str = "") -> None:
        self.owner = owner
        #: the method that is about to be called
        self.name = name

    def __eq__(self, other: object) -> bool:
        return type(other) is Attributes and other.owner == self.owner and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def method(self, m: Machine, name: str) -> Attributes:
        """A method, about to be called."""
        if self.name or name not in _METHODS:
            raise m.doubt(f"it reads the attribute {name!r} of an object's dictionary, which is not looked into")
        return Attributes(self.owner, name)

    def result(self, m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """What a method gives."""
        if self.name == "update":
            return self._updated(m, arguments, keywords)
        if keywords or len(arguments) > (2 if self.name == "get" else 0):
            raise m.doubt(f"it calls {self.name} of an object's dictionary in a way that is not looked into")
        known = self.entries(m)
        if self.name == "get":
            names = texts_of(arguments[0])
            if names is None:
                raise m.doubt("it asks for an attribute by a name that is not known")
            default = arguments[1] if len(arguments) > 1 else Constant(None)
            return functools.reduce(join, [known[n] for n in names if n in known], default)
        keys, element = text(frozenset(known)), functools.reduce(join, known.values(), NOTHING)
        found = {"keys": keys, "values": element}.get(self.name)
        return Rows(Row((keys, element)) if found is None and known else NOTHING if found is None else found)

    def _updated(self, m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Constant:
        given = dict(keywords)
        for one in arguments:
            if type(one) is not Record:
                raise m.doubt("it updates an object's dictionary with what is not known")
            given.update(dict(one.entries))
        if type(self.owner) is not Made:
            raise m.doubt("it updates the dictionary of an object that was there before the call")
        for name, value in given.items():
            store(m.scope, m, self.owner, name, value)
        return Constant(None)

    def entry(self, m: Machine, key: Any) -> Any:
        """``obj.__dict__[key]``."""
        names = texts_of(key)
        if names is None or self.name:
            raise m.doubt("it asks for an attribute by a name that is not known")
        if type(self.owner) is Made:
            known = self.entries(m)
            found = [known[n] for n in sorted(names) if n in known]
        else:
            found = [stored_in_known(m, self.owner, n) for n in sorted(names) if self._has(n)]
        if not found:
            raise Ends
        return functools.reduce(join, found)

    def _has(self, name: str) -> bool:
        """Whether an object that was there stores something under a name; that it does not is noted."""
        if name in entries_of(self.owner.value):
            return True
        self.owner.expected.reads.members["lacks", name] = Expected("is", True)
        return False

    def assign(self, m: Machine, key: Any, value: Any) -> None:
        """``obj.__dict__[key] = value``, which asks neither descriptors nor ``__setattr__``."""
        names = texts_of(key)
        if not names or len(names) > 1 or self.name or type(self.owner) is not Made:
            raise m.doubt("it assigns to the dictionary of an object in a way that is not looked into")
        keep(m, self.owner, next(iter(names)), value)

    def entries(self, m: Machine) -> dict[str, Any]:
        """What is there, by name."""
        if type(self.owner) is Made:
            return dict(m.scope.inquiry.made[self.owner.place])
        names = tuple(entries_of(self.owner.value))
        if len(names) > ENTRIES:
            raise m.doubt("it goes over the attributes of an object that has many")
        if any(is_transient(m, self.owner, name) or is_remembered(m, self.owner, name) for name in names):
            raise m.doubt("it goes over attributes, of which it assigns some")
        if any((find(self.owner.value, name) or ("",))[0] != "entry" for name in names):
            raise m.doubt("it goes over attributes, of which the class answers for some")
        self.owner.expected.reads.members["entries", names] = Expected("is", True)
        return {name: attribute_of_known(m.scope, m, self.owner, name) for name in names}


def table_of(m: Machine, owner: Any) -> Attributes:
    """``vars(owner)``."""
    is_known = type(owner) is Known and owner.expected is not None and owner.expected.kind == "object"
    cls = owner.cls.value if type(owner) is Made else type(owner.value) if is_known else None
    if cls is None or cls.__dictoffset__ == 0 or any("__dict__" in getattr(c, "__slots__", ()) for c in cls.__mro__):
        raise m.doubt(f"it asks {describe(owner)} for its dictionary")
    return Attributes(owner)


def entries_of_record(receiver: Any, name: str) -> Rows | None:
    """``settings.items()`` of a dict whose entries are known; None for anything else."""
    if type(receiver) not in (Record, Mixed) or name not in ("items", "values", "keys"):
        return None
    keys = text(frozenset(k for k, _ in receiver.entries))
    element = functools.reduce(join, [v for _, v in receiver.entries], NOTHING)
    if element is NOTHING:
        return Rows(NOTHING)
    return Rows({"items": Row((keys, element)), "values": element, "keys": keys}[name])
