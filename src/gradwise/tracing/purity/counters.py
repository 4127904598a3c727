"""Counters: ``self.n += 1`` of an integer that nothing else in the function reads.

    Counter : a place that holds an integer, and how to add to it

What a function computes does not depend on such an integer, and what a call adds to it is the same for all calls along one path.  So a program may stand for the function if its replay adds
as much (``operators/reuse``).  Seen are ``p += c``, ``p -= c`` and ``p = p + c`` with a literal integer c, where the place p is an attribute of an object of the user's that was there before the call, an entry
(``stats["f"]``, ``self.calls[0]``) of a dictionary or a list that was there and is only counted in, a global variable, or a variable of the enclosing function.
"""

from __future__ import annotations

import collections
import types
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.leaving import WAYS, Log, log
from gradwise.tracing.purity.lookups import cell_of
from gradwise.tracing.purity.objects import find, keeps, member
from gradwise.tracing.purity.scope import Expected, Reads
from gradwise.tracing.purity.values import Constant, Count, Known, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradwise.tracing.purity.machine import Machine


#: containers whose entries are read and assigned without any code of the user's
CONTAINERS: tuple[type, ...] = (dict, list, collections.defaultdict, collections.Counter, collections.OrderedDict)


class Counter:
    """A place that holds an integer: an attribute of ``owner`` ("attribute"), an entry of a container or of globals ("entry", "global"), or the content of a cell ("cell").

    What a function leaves behind otherwise (``leaving.py``) is kept in the same way, since it must not be read either: an attribute that is assigned ("store"; "transient" where it is read after that), a list that is appended to ("log").  Nothing is counted there.

    Examples
    --------
    >>> stats = {"f": 3}
    >>> counter = Counter("entry", stats, "f")
    >>> counter.add(2)
    >>> counter.value, stats
    (5, {'f': 5})
    """

    __slots__ = ("key", "kind", "owner")

    def __init__(self, kind: str, owner: Any, key: Any) -> None:
        self.kind = kind
        self.owner = owner
        self.key = key

    @property
    def identity(self) -> tuple[str, int, Any]:
        kind = "attribute" if self.kind in ("store", "transient") else self.kind
        return kind, id(self.owner), self.key

    @property
    def is_counted(self) -> bool:
        """Whether it holds an integer."""
        return self.kind not in ("store", "log", "transient")

    @property
    def is_container(self) -> bool:
        """Whether its owner is a list or a dictionary."""
        return self.kind in ("entry", "log")

    @property
    def value(self) -> Any:
        if not self.is_counted:
            return 0
        if self.kind == "attribute":
            return getattr(self.owner, self.key)
        return self.owner.cell_contents if self.kind == "cell" else self.owner[self.key]

    def add(self, step: int) -> None:
        """Count."""
        if not self.is_counted:
            return
        if self.kind == "attribute":
            setattr(self.owner, self.key, getattr(self.owner, self.key) + step)
        elif self.kind == "cell":
            self.owner.cell_contents += step
        else:
            self.owner[self.key] += step


def counts(value: Any, name: str) -> bool:
    """Whether an attribute is an integer of the object's own, which is assigned without any code of the user's.

    Examples
    --------
    >>> import types
    >>> counts(types.SimpleNamespace(n=1), "n"), counts(types.SimpleNamespace(n=1.0), "n")
    (True, False)
    """
    cls = type(value)
    found = find(value, name)
    return (
        found is not None
        and found[0] == "entry"
        and type(found[1]) is int
        and keeps(cls, name)
        and any(member(cls, "__setattr__") is way for way in WAYS)
    )


def counts_entry(container: Any, key: Any) -> bool:
    """Whether an entry of a list or a dictionary is an integer.

    Examples
    --------
    >>> counts_entry({"f": 1}, "f"), counts_entry({"f": 1}, "g"), counts_entry([0.5], 0)
    (True, False, False)
    """
    if type(container) is list:
        return type(key) is int and 0 <= key < len(container) and type(container[key]) is int
    return type(container) in CONTAINERS and type(container.get(key)) is int


# --- what follows in the code ---------------------------------------------------------------------------------------------------


def _following(m: Machine, i: Any, count: int) -> list[Any]:
    """The next instructions, nothing where there are fewer or something jumps to one of them."""
    start = m.position[i.offset]
    following = m.instructions[start + 1 : start + 1 + count]
    return following if len(following) == count and not any(one.is_jump_target for one in following) else []


def _adds(literal: Any, change: Any, signs: tuple[str, ...]) -> bool:
    """Whether two instructions add an integer literal."""
    return (
        literal.opname in ("LOAD_CONST", "LOAD_SMALL_INT")
        and type(literal.argval) is int
        and change.opname == "BINARY_OP"
        and change.argrepr in signs
    )


_IN_PLACE, _ANEW = ("+=", "-="), ("+", "-")


def is_step(m: Machine, i: Any) -> bool:
    """Whether an attribute is loaded to be stored again at once, an integer literal more or less."""
    following = _following(m, i, 4)
    if not following:
        return False
    literal, change, between, stored = following
    if stored.opname != "STORE_ATTR" or stored.argval != i.argval:
        return False
    if _adds(literal, change, _IN_PLACE):
        return bool(between.opname == "SWAP" and between.arg == 2)
    return _adds(literal, change, _ANEW) and between.opname in ("LOAD_FAST", "LOAD_FAST_BORROW")


def is_step_of_variable(m: Machine, i: Any, storing: str) -> bool:
    """Whether a variable is loaded to be stored again at once, an integer literal more or less."""
    following = _following(m, i, 3)
    return (
        bool(following)
        and _adds(following[0], following[1], _IN_PLACE + _ANEW)
        and following[2].opname == storing
        and following[2].argval == i.argval
    )


def _key(i: Any) -> Any:
    """The key that an instruction loads, a text or a small integer; None for any other."""
    if i.opname not in ("LOAD_CONST", "LOAD_SMALL_INT"):
        return None
    return i.argval if type(i.argval) is str or (type(i.argval) is int and i.argval >= 0) else None


def _takes_entry(i: Any) -> bool:
    return i.opname == "BINARY_SUBSCR" or (i.opname == "BINARY_OP" and i.argrepr == "[]")


def _counted_key(m: Machine, i: Any) -> Any:
    """The key of the entry that is counted in, where a container is loaded for ``container[key] += 1`` or for the first time in ``container[key] = container[key] + 1``; None where it is loaded for anything else."""
    in_place = _following(m, i, 9)
    if in_place:
        key, one, other, taken, literal, change, first, second, stored = in_place
        copies = all(copy.opname == "COPY" and copy.arg == 2 for copy in (one, other))
        turned = (first.opname, first.arg, second.opname, second.arg) == ("SWAP", 3, "SWAP", 2)
        if copies and turned and _takes_entry(taken) and _adds(literal, change, _IN_PLACE) and _stores(stored):
            return _key(key)
    if i.opname == "LOAD_ATTR":
        anew = _following(m, i, 8)
        del anew[4:5]  # the object
    else:
        anew = _following(m, i, 7)
    if anew:
        key, taken, literal, change, again, same, stored = anew
        matches = (again.opname, again.argval) == (i.opname, i.argval) and _key(key) == _key(same)
        if matches and _takes_entry(taken) and _adds(literal, change, _ANEW) and _stores(stored):
            return _key(key)
    return None


def _stores(i: Any) -> bool:
    return bool(i.opname == "STORE_SUBSCR")


def _is_second(m: Machine, i: Any, value: Any, stack: list[Any]) -> bool:
    """Whether a container is loaded for the second time in ``container[key] = container[key] + 1``."""
    following = _following(m, i, 2)
    if not following or not stack or type(stack[-1]) is not Count or stack[-1].owner != Tally(value):
        return False
    return _key(following[0]) == stack[-1].name and _stores(following[1])


# --- what is loaded and stored ---------------------------------------------------------------------------------------------------


def loaded(m: Machine, owner: Any, name: str) -> Count | None:
    """The counter that is loaded; None if the attribute is none."""
    if type(owner) is not Known or owner.expected is None or owner.expected.kind != "object":
        return None
    return Count(owner, name) if counts(owner.value, name) else None


def stored(m: Machine, owner: Any, name: str, value: Any) -> bool:
    """Note that a counter is stored where it was loaded; whether that is so."""
    if type(value) is not Count or owner != value.owner or name != value.name:
        return False
    for known in (owner, value.owner):
        known.expected.reads.members[("counts", name)] = Expected("is", True)
    m.scope.inquiry.counted.add((id(owner.value), name))
    return True


def variable_loaded(m: Machine, i: Any) -> Count | None:
    """The global variable, or that of the enclosing function, that is loaded to be counted in; None if it is none."""
    function = m.scope.function
    if i.opname == "LOAD_GLOBAL":
        if is_step_of_variable(m, i, "STORE_GLOBAL") and type(function.__globals__.get(i.argval)) is int:
            return Count(("global", id(function.__globals__)), i.argval)
        return None
    if not is_step_of_variable(m, i, "STORE_DEREF") or not _is_of_enclosing(m, i.argval):
        return None
    cell = cell_of(function, i.argval)
    return Count(("cell", id(cell)), i.argval) if type(_content(cell)) is int else None


def _is_of_enclosing(m: Machine, name: str) -> bool:
    """Whether a variable is one of the function's own free variables, and not of a function made during the call."""
    return m.code is m.scope.function.__code__ and name in m.code.co_freevars and name not in m.free


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return None


def variable_stored(m: Machine, i: Any, value: Any) -> bool:
    """Note that a variable is stored where it was loaded; whether that is so."""
    if type(value) is not Count or type(value.owner) is not tuple or value.name != i.argval:
        return False
    kind, identity = value.owner
    if (kind == "global") is not (i.opname == "STORE_GLOBAL"):
        return False
    reads = m.scope.node.reads
    table = reads.names if kind == "global" else reads.cells
    if table.setdefault(i.argval, Expected("counter")).kind != "counter":
        return False
    m.scope.inquiry.counted.add((identity, i.argval if kind == "global" else ""))
    return True


def container(m: Machine, i: Any, value: Any, table: dict[Any, Expected], stack: list[Any]) -> Tally | Log | None:
    """The list or dictionary that is loaded only to be counted in; what must hold of it is noted in ``table``.  None if it is loaded for anything else."""
    if type(value) not in CONTAINERS:
        return log(m, i, value, table)
    if _is_second(m, i, value, stack) and i.argval in table and table[i.argval].kind == "tally":
        return Tally(value)
    key = _counted_key(m, i)
    if key is None or not counts_entry(value, key):
        return log(m, i, value, table)
    reads = Reads()
    expected = table.setdefault(i.argval, Expected("tally", type(value), reads))
    if expected.kind != "tally" or expected.object is not type(value):
        raise m.doubt("it counts in what it also reads")
    assert expected.reads is not None
    expected.reads.members[("counts", key)] = Expected("is", True)
    m.scope.inquiry.tallies[id(value)] = value
    return Tally(value)


def entry_stored(target: Any, key: Any, value: Any) -> bool:
    """Whether an entry is stored where it was loaded."""
    return (
        type(value) is Count
        and type(target) is Tally
        and value.owner == target
        and type(key) is Constant
        and type(key.value) is type(value.name)
        and key.value == value.name
    )


def holds_any(data: Iterable[Any], containers: Iterable[Any]) -> bool:
    """Whether one of these containers is among the data, or in a list, tuple or dictionary among them.

    Examples
    --------
    >>> stats = {"f": 1}
    >>> holds_any([1.0, [stats]], [stats]), holds_any([1.0, [{"f": 1}]], [stats])
    (True, False)
    """
    wanted = {id(c) for c in containers}
    pending, seen = list(data), set[int]()
    while pending:
        value = pending.pop()
        if id(value) in wanted:
            return True
        if isinstance(value, (list, tuple, set, frozenset, dict)) and id(value) not in seen:
            seen.add(id(value))
            pending.extend(value.values() if isinstance(value, dict) else value)
    return False
