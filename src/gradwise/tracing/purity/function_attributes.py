"""Attributes of functions: ``loss.A @ x``, ``loss.calls += 1``, ``loss.history.append(v)``, ``function.__name__``.

A function of the user's keeps its attributes in a dictionary, as an object does, and no code answers for them.  So what is read of it and assigned to it is noted in an ``Expected`` of an object, beside that by which it is called
(``Expected.reads`` of the function, under ``OWN``), and a twin of the function has a dictionary of its own.
"""

from __future__ import annotations

import types
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.scope import Expected, Reads
from gradwise.tracing.purity.values import Constant, Known

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

#: under which name the attributes of a function are noted in what is expected of it
OWN = "__dict__"
#: what every function tells of itself, texts or None
TOLD = frozenset({"__name__", "__qualname__", "__module__", "__doc__"})


def own_attributes(m: Machine, owner: Any, name: str) -> Any:
    """What stands for a function whose attribute of that name is read or assigned: the function as an object.  All else as it is."""
    if type(owner) is not Known or type(owner.value) is not types.FunctionType:
        return owner
    if owner.expected is None or owner.expected.kind != "function" or name in vars(types.FunctionType):
        return owner
    return _as_object(m, owner)


def _as_object(m: Machine, owner: Known) -> Known:
    known = m.scope.inquiry.known
    if id(owner.value) not in known:  # functions are in no other way there
        own = Expected("object", weakref.ref(types.FunctionType), Reads())
        known[id(owner.value)] = owner.value, own, Known(owner.value, own)
    if owner.expected.reads is None:
        owner.expected.reads = Reads()
    owner.expected.reads.names[OWN] = known[id(owner.value)][1]
    found: Known = known[id(owner.value)][2]
    return found


def told(m: Machine, owner: Any, name: str) -> Constant | None:
    """``function.__name__``; None for anything else."""
    if name not in TOLD or type(owner) is not Known:
        return None
    if isinstance(owner.value, (np.ufunc, types.BuiltinFunctionType)):  # which nobody can rename
        text = getattr(owner.value, name, None)
    elif type(owner.value) is types.FunctionType and owner.expected is not None and owner.expected.kind == "function":
        text = getattr(owner.value, name)
        members = _as_object(m, owner).expected.reads.members
        members["told", name] = Expected("constant", text)
    else:
        return None
    return Constant(text) if text is None or type(text) is str else None


def attributes_expected(expected: Expected) -> Expected | None:
    """What must hold of the attributes of a function; None where none was asked for."""
    return expected.reads.names[OWN] if expected.kind == "function" and expected.reads is not None else None
