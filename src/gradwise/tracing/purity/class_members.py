"""What classes and their instances have where they are no open objects: named tuples (``class Point(NamedTuple): def norm(self): …``), enumerations and their members.

Methods, properties and attributes are noted with the code that asks for them (``Node.reads.members``), by the class (or member), the kind of the attribute and its name, and looked at again at each call.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import typing
import weakref
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.container_classes import asking, overrides, stored_attribute
from gradwise.tracing.purity.dispatchers import dispatched_in, dispatched_to
from gradwise.tracing.purity.lattice import describe, join
from gradwise.tracing.purity.named_tuples import is_record_type
from gradwise.tracing.purity.objects import (
    ENTRIES,
    HEAP,
    MISSING,
    find_in_class,
    is_defined,
    is_member,
    is_simple_member,
    member,
    member_test,
)
from gradwise.tracing.purity.scope import Expected, is_users_function
from gradwise.tracing.purity.values import NOTHING, Bound, Constant, Known, Rows

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

_KINDS = ("method", "property", "static", "class")


def attribute_by_class(m: Machine, owner: Any, cls: type, name: str, of_class: Any = None) -> Any:
    """What the class of ``owner`` has under a name: a method, or what a property gives; None where it has neither.  ``of_class``: what a class method is given."""
    found = find_in_class(cls, name)
    if found is None or found[0] not in _KINDS or not is_users_function(found[1]):
        return None
    kind, function = found
    if kind == "class" and of_class is None:
        return None
    key = (weakref.ref(owner.value if type(owner) is Known and is_member(owner.value) else cls), kind, name)
    expected = m.scope.node.reads.members.setdefault(key, Expected("function", weakref.ref(function)))
    known = Known(function, expected)
    if kind == "property":
        return m.scope.call_function(m, known, [owner], {})
    return known if kind == "static" else Bound(known, of_class if kind == "class" else owner)


def attribute_of_container(m: Machine, owner: Any, name: str) -> Any:
    """An attribute of a container of a class derived from dict or list (``container_classes.py``): of its class, or what ``__getattr__`` gives; None where it is one of dict or list."""
    value, cls = owner.value, type(owner.value)
    if cls.__flags__ & HEAP == 0 or hasattr(dict if isinstance(value, dict) else list, name):
        return None if not overrides(cls, name) else attribute_by_class(m, owner, cls, name)
    if member(cls, name) is not MISSING:
        return attribute_by_class(m, owner, cls, name)
    members, of_class = m.scope.node.reads.members, weakref.ref(cls)
    members.setdefault((of_class, "raw", name), Expected("other", None))
    if stored_attribute(value, name):
        return m.scope.entry(m, owner, Constant(name))
    asked = asking(cls)
    if asked is None:
        return None
    if asked[0] == "raw":
        members.setdefault((of_class, "raw", "__getattr__"), Expected("is", asked[1]))
        if asked[1] is dict.get and name not in value:
            return Constant(None)
        return m.scope.entry(m, owner, Constant(name))
    if not is_users_function(asked[1]):
        return None
    key = (of_class, "method", "__getattr__")
    expected = members.setdefault(key, Expected("function", weakref.ref(asked[1])))
    return m.scope.call_function(m, Known(asked[1], expected), [owner, Constant(name)], {})


def found_under(key: tuple[Any, ...]) -> Any:
    """What is found under such a key now; MISSING where there is nothing of that kind."""
    kept, kind, name = key
    owner = kept()
    if owner is None:
        return MISSING
    if kind == "itself":
        return owner
    if kind == "raw":
        return member(owner, name)
    if kind == "dispatches":
        return dispatched_to(owner, name)
    if type(kind) is tuple:  # a method of that name
        return dispatched_in(owner, kind[1], name)
    cls = owner
    if isinstance(owner, enum.Enum):
        cls = type(owner)
        if cls.__getattribute__ is not object.__getattribute__ or (name in vars(owner)) is not (kind == "entry"):
            return MISSING
    found = find_in_class(cls, name)
    if kind == "entry":
        return MISSING if is_defined(cls, name) else vars(owner)[name]
    return found[1] if found is not None and found[0] == kind else MISSING


def attribute_of_member(m: Machine, owner: Known, name: str) -> Any:
    """A method of an enumeration or of one of its members, or what ``__init__`` gave to a member.

    Raises
    ------
    Unproven
        For all else.
    """
    value = owner.value
    found: Any = None
    if type(value) is dataclasses.Field and name == "name":
        return Constant(value.name)
    if (_is_enumeration(value) or is_record_type(value)) and (find_in_class(value, name) or ("",))[0] in (
        "static",
        "class",
    ):
        found = attribute_by_class(m, owner, value, name, owner)
    elif is_member(value) and _is_enumeration(type(value)):
        if name in vars(value) and not is_defined(type(value), name):
            key = (weakref.ref(value), "entry", name)
            what = f"the attribute {name!r}"
            return m.scope.classified(m, key, vars(value)[name], m.scope.node.reads.members, what, shared=True)
        if name not in vars(value):
            found = attribute_by_class(m, owner, type(value), name)
    if found is None:
        raise m.doubt(f"it reads {describe(owner)}.{name}, which is not looked into")
    return found


def known_member(value: Any) -> Known:
    """A member of an enumeration, by identity; one that is a number or a text is data."""
    if is_simple_member(value):
        return Known(value)
    expected = Expected("test", member_test(value))
    expected.is_data = True
    return Known(value, expected)


def _is_enumeration(cls: Any) -> bool:
    """Whether a class is an enumeration of whose members it is known what they do, and which nothing but ``enum`` answers for."""
    return (
        type(cls) is enum.EnumMeta
        and 0 < len(cls.__members__) <= ENTRIES
        and all(map(is_member, cls.__members__.values()))
        and all(getattr(cls, name) is getattr(enum.Enum, name) for name in ("__getattribute__", "__dir__"))
    )


def members_of(cls: Any) -> Rows | None:
    """What ``for member in Enumeration`` gives in turn; None for anything else."""
    if type(cls) is not Known or not _is_enumeration(cls.value):
        return None
    return Rows(functools.reduce(join, [known_member(one) for one in cls.value], NOTHING))


def is_generic(m: Machine, cls: Any) -> bool:
    """Whether a value is a generic class of the user's (``class Box(Generic[T])``), of which ``Box[float]`` is the class with a note beside it."""
    if type(cls) is not Known or cls.expected is None or cls.expected.kind != "class":
        return False
    found = member(cls.value, "__class_getitem__")
    if found is MISSING or found is not vars(typing.Generic).get("__class_getitem__"):
        return False
    assigns: Any = cls.value.__setattr__  # the note is an attribute
    m.scope.node.reads.members[weakref.ref(cls.value), "raw", "__class_getitem__"] = Expected("is", found)
    return assigns is object.__setattr__


def member_by_name(cls: Any, key: Any) -> Known | None:
    """``Enumeration["name"]``; None for anything else."""
    if type(cls) is not Known or type(key) is not Constant or not _is_enumeration(cls.value):
        return None
    return known_member(cls.value.__members__[key.value]) if key.value in cls.value.__members__ else None


def member_by_value(cls: Any, arguments: list[Any], keywords: dict[str, Any]) -> Known | None:
    """``Enumeration(value)`` of a number or text of the code; None for anything else."""
    if not _is_enumeration(cls) or len(arguments) != 1 or keywords or type(arguments[0]) is not Constant:
        return None
    value = arguments[0].value
    found = [one for one in cls if type(one._value_) is type(value) and one._value_ == value]
    return known_member(found[0]) if found and type(value) in (int, float, str, bool) else None


def called_member(m: Machine, callee: Known, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``member(…)`` of an enumeration whose class has a ``__call__``; None for anything else."""
    if not is_simple_member(callee.value):
        return None
    method = attribute_by_class(m, callee, type(callee.value), "__call__")
    return None if method is None else m.scope.call(m, method, arguments, keywords)
