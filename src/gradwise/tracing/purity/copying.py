"""``copy.copy`` and ``copy.deepcopy`` of objects in the symbolic run: another object of the class, with the same attributes or copies of them.

What is one thing under two names is one in a deep copy too, and a write to it is seen under both.  Which of all that an object holds is one and the same is asked again at each call (``shape_of``), and where a deep copy
begins elsewhere (at a list, at an object made during the call), it may hold one such thing only.

Python asks a class how its objects are copied in many ways (``__copy__``, ``__reduce_ex__``, ``copyreg`` …).  Only objects of classes that say nothing are looked into, which is asked again at each call.
"""

from __future__ import annotations

import copy
import copyreg
import functools
import types
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.attribute_tables import Attributes
from gradwise.tracing.purity.boxes import box
from gradwise.tracing.purity.constructed import keep
from gradwise.tracing.purity.lattice import describe, is_none_itself, is_numeric, is_scalar, join, level, put
from gradwise.tracing.purity.objects import HEAP, MISSING, entries_of, member
from gradwise.tracing.purity.scope import Expected, classify
from gradwise.tracing.purity.sequences import entries, is_object, is_sequence
from gradwise.tracing.purity.values import NOTHING, OWN, Bound, Box, Constant, Held, Known, Local, Made, Row, Several

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

#: what a class may say about copies of its objects, or about attributes that are not there
_SAID = ("__copy__", "__deepcopy__", "__setstate__", "__getnewargs__", "__getnewargs_ex__", "__getattr__", "__del__")
_USUAL = ("__new__", "__reduce__", "__reduce_ex__", "__getstate__", "__getattribute__")
#: objects in objects
_DEPTH = 16
#: what is copied as it is, or holds nothing that is looked into
_ATOMS = (float, int, complex, str, bytes, type(None), np.generic, type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)  # fmt: skip
#: under which name a deep copy keeps how many things it met that were there before the call
_MET = "met"


def copies_plainly(cls: Any) -> bool:
    """Whether a copy of an object of a class is another one with the same dictionary, made without any code of the user's.

    Examples
    --------
    >>> copies_plainly(type("Plain", (), {})), copies_plainly(type("Own", (), {"__copy__": lambda self: self}))
    (True, False)
    """
    slots = any(type(v) is types.MemberDescriptorType for c in cls.__mro__ if c.__flags__ & HEAP for v in vars(c).values())  # fmt: skip
    return (
        not slots
        and cls not in copyreg.dispatch_table
        and all(member(cls, name) is MISSING for name in _SAID)
        and all(member(cls, name) is vars(object).get(name, MISSING) for name in _USUAL)
    )


def shape_of(root: Any) -> tuple[int, ...]:
    """Which of what an object holds, and of what that holds, is one and the same.

    Examples
    --------
    >>> one = [1.0]
    >>> shape_of({"a": one, "b": one}), shape_of({"a": one, "b": [1.0]})
    ((0, 1, 1), (0, 1, 2))
    """
    first: dict[int, int] = {}
    shape: list[int] = []
    left = [root]
    while left:
        value = left.pop()
        if isinstance(value, _ATOMS):
            continue
        new = id(value) not in first
        shape.append(first.setdefault(id(value), len(first)))
        if not new:
            continue
        if isinstance(value, (list, tuple)):
            left.extend(reversed(value))
        elif isinstance(value, dict):
            left.extend(reversed(value.values()))
        elif hasattr(value, "__dict__"):
            entries = entries_of(value)
            left.extend([entries[name] for name in sorted(entries, reverse=True)])
    return tuple(shape)


def copied_object(m: Machine, function: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """What ``copy.copy(obj)`` and ``copy.deepcopy(obj)`` give of an object, or of a container of objects; None for anything else."""
    if (function is not copy.copy and function is not copy.deepcopy) or len(arguments) != 1 or keywords:
        return None
    (value,) = arguments
    if function is copy.copy:
        alternatives = value.values if type(value) is Several else frozenset([value])
        if not all(map(is_object, alternatives)):
            return None
        return functools.reduce(join, [_copied(m, one, {}, 0, deep=False) for one in alternatives])
    holds = is_object(value) or type(value) in (Several, Box) or (level(value) is None and is_sequence(value))
    if not holds:
        return None
    if type(value) is Known and is_object(value):
        value.expected.reads.members["shaped", shape_of(value.value)] = Expected("is", True)
        return _deep(m, value, {}, 0)
    memo: dict[Any, Any] = {_MET: 0}
    found = _deep(m, value, memo, 0)
    if memo[_MET] > 1 and level(value) is not None:
        return None  # a list of plain data, to which nothing may be written
    if memo[_MET] > 1:
        raise m.doubt("it copies several objects or arrays that were there before the call, which may be one")
    return found


def _copied(m: Machine, owner: Any, memo: dict[Any, Any], depth: int, *, deep: bool) -> Made:
    """Another object with the attributes of this one."""
    key = owner.place if type(owner) is Made else id(owner.value)
    if key in memo:
        return memo[key]
    if _MET in memo and type(owner) is Known:
        memo[_MET] += 1
    cls = _class_of(m, owner)
    if depth > _DEPTH or not copies_plainly(cls.value):
        raise m.doubt(f"it copies {describe(owner)} in a way that is not looked into")
    members = m.scope.node.reads.members
    members.setdefault((weakref.ref(cls.value), "itself", ""), Expected("test", copies_plainly))
    # copies of copies are made at one place, however many they are
    made = memo[key] = Made(cls, (id(m.code), m.offset, cls, "copy", depth if type(owner) is Made else key))
    m.scope.inquiry.made.setdefault(made.place, {})
    for name, value in Attributes(owner).entries(m).items():
        keep(m, made, name, _deep(m, value, memo, depth + 1) if deep else value)
    return made


def _class_of(m: Machine, owner: Any) -> Known:
    if type(owner) is Made:
        return owner.cls
    expected, abstract = classify(type(owner.value), m.scope.inquiry.known)
    if type(abstract) is not Known or expected.kind != "class":
        raise m.doubt(f"it copies {describe(owner)}, whose class is not looked into")
    return Known(type(owner.value), owner.expected.reads.members.setdefault(("type",), expected))


def _deep(m: Machine, value: Any, memo: dict[Any, Any], depth: int) -> Any:
    """A copy of a value and of all that it holds; one of what holds itself is found by ``memo``."""
    if is_object(value):
        return _copied(m, value, memo, depth, deep=True)
    if type(value) is Several and all(is_object(one) or is_none_itself(one) for one in value.values):
        return functools.reduce(join, [_deep(m, one, memo, depth) for one in value.values])
    if type(value) in (Constant, Local) or value is NOTHING or is_scalar(value):
        return value
    if type(value) is Known and isinstance(value.value, (types.FunctionType, types.BuiltinFunctionType, type)):
        return value
    degree = level(value)
    if degree is not None and type(value) is not Box:
        if _MET in memo and degree is not OWN:
            memo[_MET] += 1
        return OWN if is_numeric(degree) else m.data(value)
    if depth > _DEPTH or type(value) in (Bound, Held):
        raise m.doubt(f"it copies {describe(value)}, which is not looked into")
    if type(value) is Row and value.cls is None:
        return Row(tuple([_deep(m, one, memo, depth + 1) for one in value.entries]))
    shared = id(value.root) if type(value) is Box else id(value.value) if type(value) is Known else None
    if shared in memo:  # a list of two names is one list in the copy too
        return memo[shared]
    if type(value) is Box:
        made = memo[shared] = box(m, value.root.kind, beside=f"copy {depth}")
        met = memo.get(_MET, 0)
        put(made, _deep(m, value.root.contents, memo, depth + 1), value.root.keys)
        if memo.get(_MET, 0) > met:  # what was there may be in it several times
            memo[_MET] += 1
        return made
    if is_sequence(value) and type(value.value) in (list, tuple, dict):
        if type(value.value) is tuple:
            return Row(tuple([_deep(m, one, memo, depth + 1) for one in entries(m, value).values()]))
        made = memo[shared] = box(m, "dict" if type(value.value) is dict else "list", beside=f"copy {depth}")
        for k, one in entries(m, value).items():
            put(made, _deep(m, one, memo, depth + 1), Constant(k))
        return made
    raise m.doubt(f"it copies {describe(value)}, which is not looked into")
