"""What a function leaves behind and never reads: entries appended to lists that were there, attributes assigned to objects that were there, what it prints, warns and logs.

    self.history.append(value)          self.parts[name] = value          self.last = x          print("loss", value)

What is computed does not depend on it, so a program may stand for the function where the function itself runs beside it on plain values, for the sake of this (``operators/reuse``): it appends and prints what a
plain call does, once.  The list is loaded for nothing else, and an attribute is read nowhere: as for counters (``counters.py``).
Only the last entries of a list may be taken after something was appended (``hist.append(v); return hist[-1]``): in the run for the program its twin is empty, so that an entry of an earlier call is not found there.
"""

from __future__ import annotations

import collections
import types
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.asides import data_beside
from gradwise.tracing.purity.lattice import join, level
from gradwise.tracing.purity.objects import is_open, keeps, member
from gradwise.tracing.purity.remembered import assigned_after, is_remembered
from gradwise.tracing.purity.scope import Ends, Expected, Reads
from gradwise.tracing.purity.transient import assigned, is_transient, may_be_missing
from gradwise.tracing.purity.values import ASIDE, DATA, NOTHING, OWN, Constant, Known

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine


#: containers to entries of which something is assigned without any code of the user's
ENTRIES: tuple[type, ...] = (dict, list, collections.OrderedDict, collections.defaultdict)
#: what is appended to, and the methods that change it, take one value at most and give none
LOGS: tuple[type, ...] = (list, collections.deque)
_METHODS = ("append", "extend", "clear")


class Log:
    """A list that is appended to (``append`` loaded: about to be called), a container to an entry of which something is assigned; nothing else may be done with it."""

    __slots__ = ("name", "value")

    def __init__(self, value: list[Any], name: str = "") -> None:
        self.value = value
        #: the method that is about to be called
        self.name = name

    @property
    def is_method(self) -> bool:
        """Whether it is a method of the list, about to be called."""
        return bool(self.name)

    def __eq__(self, other: object) -> bool:
        return type(other) is Log and other.value is self.value and other.name == self.name

    def __hash__(self) -> int:
        return id(self.value)

    def method(self, m: Machine, name: str) -> Log:
        """``log.append``, ``log.clear``."""
        if self.is_method or name not in _METHODS:
            raise m.doubt(f"it reads the attribute {name!r} of a list that it appends to")
        return Log(self.value, name)

    def last(self, m: Machine, key: Any) -> Any:
        """``log[-1]``, after something was appended."""
        held = m.scope.inquiry.held.get((id(self.value), "[]"), NOTHING)
        if self.is_method or held is NOTHING:
            raise Ends
        return held

    def holds(self, m: Machine, value: Any) -> None:
        """Note what is appended, or assigned to an entry."""
        keep(m, value)
        inquiry, key = m.scope.inquiry, (id(self.value), "[]")
        joined = join(inquiry.held.get(key, NOTHING), value)
        if joined != inquiry.held.get(key, NOTHING):
            inquiry.held[key] = joined
            inquiry.learned = True

    def result(self, m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Constant:
        """``log.append(value)``."""
        if not self.is_method or len(arguments) > 1 or keywords:
            raise m.doubt("it appends to a list that was there before the call in a way that is not looked into")
        for value in arguments:
            if m.scope.inquiry.asides:
                data_beside(m, [value])
            self.holds(m, value if value is ASIDE else m.data(value) if self.name == "append" else DATA)
        return Constant(None)


def log(m: Machine, i: Any, value: Any, table: dict[Any, Expected]) -> Log | None:
    """The list or deque that is loaded to be appended to; what must hold of it is noted in ``table``.  None if it is loaded for anything else."""
    following = m.instructions[m.position[i.offset] + 1 :][:1]
    if not following or following[0].is_jump_target or type(value) not in LOGS + ENTRIES:
        return None
    appends = following[0].opname in ("LOAD_METHOD", "LOAD_ATTR") and following[0].argval in _METHODS
    takes = type(value) in LOGS and id(value) in m.scope.inquiry.tallies and _takes_last(m, i)
    if not takes and not (appends and type(value) in LOGS) and not (type(value) in ENTRIES and _assigns_entry(m, i)):
        return None
    expected = table.setdefault(i.argval, Expected("tally", type(value), Reads()))
    if expected.kind != "tally" or expected.object is not type(value):
        raise m.doubt("it appends to what it also reads")
    assert expected.reads is not None
    expected.reads.members[("appends", "append")] = Expected("is", True)
    if takes:
        expected.reads.members[("lasts", "append")] = Expected("is", True)
    m.scope.inquiry.tallies[id(value)] = value
    m.scope.inquiry.leaves = True
    return Log(value)


def _takes_last(m: Machine, i: Any) -> bool:
    """Whether a list is loaded for ``container[-1]``, with a negative literal."""
    start = m.position[i.offset] + 1
    key, *following = m.instructions[start : start + 2]
    is_last = key.opname == "LOAD_CONST" and type(key.argval) is int and key.argval < 0
    return (
        is_last and bool(following) and following[0].argrepr in ("", "[]") and following[0].opname.startswith("BINARY")
    )


def _assigns_entry(m: Machine, i: Any) -> bool:
    """Whether a container is loaded for ``container[key] = value``, with a name, a literal or an attribute for a key."""
    start = m.position[i.offset] + 1
    key, *following = m.instructions[start : start + 3]
    if not key.opname.startswith(("LOAD_CONST", "LOAD_SMALL_INT", "LOAD_FAST", "LOAD_DEREF")):
        return False
    if following and following[0].opname == "LOAD_ATTR":
        following = following[1:]
    return bool(following) and following[0].opname == "STORE_SUBSCR"


def keep(m: Machine, value: Any) -> None:
    """Note that something is left behind, which may be an argument or a part of one."""
    degree = OWN if value is ASIDE else level(value)
    m.scope.inquiry.keeps |= degree is None or degree.rank > OWN.rank


#: assignments without any code of the user's
WAYS = (object.__setattr__, types.SimpleNamespace.__setattr__)


def stores(value: Any, name: str) -> bool:
    """Whether an attribute of an object is assigned without any code of the user's."""
    cls = type(value)
    return (
        (is_open(value) or cls is types.FunctionType)
        and keeps(cls, name)
        and any(member(cls, "__setattr__") is way for way in WAYS)
    )


def left(m: Machine, owner: Any, name: str, value: Any) -> bool:
    """Note an attribute that is assigned to an object that was there; whether it may be."""
    if type(owner) is not Known or owner.expected is None or owner.expected.kind != "object":
        return False
    if not stores(owner.value, name):
        return False
    if may_be_missing(owner.value, name):
        m.scope.inquiry.assigned.add((id(owner.value), name))
    if is_transient(m, owner, name):
        if not assigned(m, owner, name, value):
            return False
    elif is_remembered(m, owner, name):
        if not assigned_after(m, owner, name, value):
            return False
    elif level(value) is None and value is not ASIDE:
        return False
    else:
        data_beside(m, [value])
        owner.expected.reads.members[("stores", name)] = Expected("is", True)
    keep(m, value)
    m.scope.inquiry.counted.add((id(owner.value), name))
    m.scope.inquiry.leaves = True
    return True
