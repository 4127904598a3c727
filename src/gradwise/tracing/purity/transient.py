"""Attributes that a call assigns before it reads them: ``self.m = 0.0; for z in …: self.m = self.m + k * z; return self.m``.

What is computed does not depend on what such an attribute held before, so that it is like a local variable, and what is left in it is left behind (``leaving.py``).  Whether it is assigned first is no question to the
code, which has many ways, but to the one way for which a program stands: in the run of which the program is made the twin of the object lacks the attribute (``twins.py``).  A way that reads it first raises
``AttributeError`` there, and the function runs at each call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.lattice import join, level
from gradwise.tracing.purity.objects import MISSING, member
from gradwise.tracing.purity.scope import Ends, Expected
from gradwise.tracing.purity.values import ASIDE, Box, Known, Made

if TYPE_CHECKING:
    from gradwise.tracing.purity.look import Inquiry
    from gradwise.tracing.purity.machine import Machine


def candidates(inquiry: Inquiry) -> frozenset[tuple[int, str]]:
    """The attributes that were found to be both assigned and read, by the identity of their objects."""
    return frozenset(inquiry.assigned & inquiry.looked_at)


def may_be_missing(value: Any, name: str) -> bool:
    """Whether an object without an attribute raises ``AttributeError``: no class of it has something under that name, or answers for others."""
    cls = type(value)
    return member(cls, name) is MISSING and member(cls, "__getattr__") is MISSING


def is_transient(m: Machine, owner: Any, name: str) -> bool:
    """Whether an attribute is looked at as one that is assigned before it is read."""
    return type(owner) is Known and (id(owner.value), name) in m.scope.inquiry.transient


def read_again(m: Machine, owner: Known, name: str) -> Any:
    """What was assigned to such an attribute: the join of all of it.

    Raises
    ------
    Ends
        Where nothing was, as far as is known: the attribute is missing in the run for a program.
    """
    _note(owner, name)
    found = m.scope.inquiry.held.get((id(owner.value), name))
    if found is None:
        raise Ends
    return found


def assigned(m: Machine, owner: Known, name: str, value: Any) -> bool:
    """Note what is assigned to such an attribute; whether it is known what that is."""
    if level(value) is None and value is not ASIDE and type(value) not in (Box, Made):
        return False
    inquiry, key = m.scope.inquiry, (id(owner.value), name)
    joined = join(inquiry.held[key], value) if key in inquiry.held else value
    if key not in inquiry.held or joined != inquiry.held[key]:
        inquiry.held[key] = joined
        inquiry.learned = True
    _note(owner, name)
    return True


def _note(owner: Known, name: str) -> None:
    members = owner.expected.reads.members
    members[("transient", name)] = Expected("is", True)
    for absent in (name, "__getattr__"):
        members[("defined", absent)] = Expected("is", False)
