"""Attributes that a call reads and then assigns: ``self.h = np.tanh(W @ x + U @ self.h); return self.h``, running means, filters, the best value so far.

What a call finds there is data like other data, what it assigns is like a local variable, and what is left in the end is left behind by the function itself, which runs beside its program (``leaving.py``).
A *memory* is such a thing too: ``if np.allclose(x, self.last): return self.value``.  What it gives came from the argument of another call, and the derivative is not in it.  So where what is remembered is compared
with what is given, what is computed must not come from it (``operators/reuse/remembering.py``); integers, texts, truth values and None belong to the form of a call, and are not remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.lattice import join, level
from gradwise.tracing.purity.objects import find
from gradwise.tracing.purity.plain import is_numeric
from gradwise.tracing.purity.scope import Expected
from gradwise.tracing.purity.values import ASIDE

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine
    from gradwise.tracing.purity.values import Known


def is_remembered(m: Machine, owner: Any, name: str) -> bool:
    """Whether an attribute is looked at as one that is read and then assigned."""
    remembered = m.scope.inquiry.remembered
    return bool(remembered) and (id(getattr(owner, "value", None)), name) in remembered


def read_before(m: Machine, owner: Known, name: str) -> Any:
    """What is found under the name: what was there before the call, or what the call assigned."""
    found = find(owner.value, name)
    if found is None or found[0] != "entry":
        raise m.doubt(f"it reads the attribute {name!r}, which it also assigns, and which is not there")
    if not is_numbers(found[1]):
        raise m.doubt(f"it reads the attribute {name!r}, which it also assigns, and which may decide")
    value = m.scope.classified(m, name, found[1], owner.expected.reads.names, f"the attribute {name!r}")
    held = m.scope.inquiry.held.get((id(owner.value), name))
    return value if held is None else join(value, held)


def is_numbers(value: Any) -> bool:
    """Whether a value is a floating or complex number, or an array of numbers: what a program takes as it comes."""
    if type(value) is np.ndarray:
        return is_numeric(value)
    return type(value) in (float, complex) or (
        isinstance(value, (np.floating, np.complexfloating)) and is_numeric(value)
    )


def assigned_after(m: Machine, owner: Known, name: str, value: Any) -> bool:
    """Note what is assigned to such an attribute; whether it is known what that is."""
    if level(value) is None and value is not ASIDE:
        return False
    degree = ASIDE if value is ASIDE else m.data(value)
    inquiry, key = m.scope.inquiry, (id(owner.value), name)
    joined = join(inquiry.held[key], degree) if key in inquiry.held else degree
    if key not in inquiry.held or joined != inquiry.held[key]:
        inquiry.held[key] = joined
        inquiry.learned = True
    members = owner.expected.reads.members
    members[("remembers", name)] = Expected("is", True)
    for absent in (name, "__getattr__"):
        members[("defined", absent)] = Expected("is", False)
    return True
