"""Counters: ``self.n += 1`` of an integer that nothing else in the function reads.

    ticks : (object, name) → how much a call adds

What a function computes does not depend on such an integer, and what a call adds to it is the same for all calls along one path.  So a program may stand for the function if its replay adds
as much (``operators/reuse``).  Seen are ``o.n += c``, ``o.n -= c`` and ``o.n = o.n + c`` with a literal integer c, where o is an object of the user's that was there before the call.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.objects import find, keeps, member
from gradwise.tracing.purity.scope import Expected
from gradwise.tracing.purity.values import Count, Known

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine


#: assignments without any code of the user's
_WAYS = (object.__setattr__, types.SimpleNamespace.__setattr__)


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
        and any(member(cls, "__setattr__") is way for way in _WAYS)
    )


def is_step(m: Machine, i: Any) -> bool:
    """Whether an attribute is loaded to be stored again at once, an integer literal more or less."""
    start = m.position[i.offset]
    following = m.instructions[start + 1 : start + 5]
    if len(following) < 4 or any(one.is_jump_target for one in following):
        return False
    literal, change, between, stored = following
    if literal.opname not in ("LOAD_CONST", "LOAD_SMALL_INT") or type(literal.argval) is not int:
        return False
    if change.opname != "BINARY_OP" or stored.opname != "STORE_ATTR" or stored.argval != i.argval:
        return False
    if change.argrepr in ("+=", "-="):
        return bool(between.opname == "SWAP" and between.arg == 2)
    return change.argrepr in ("+", "-") and between.opname in ("LOAD_FAST", "LOAD_FAST_BORROW")


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
