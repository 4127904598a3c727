"""Objects of the user's classes: what an attribute of theirs is, where no class of theirs answers for itself.

    find : (object, name) → ("entry", value), ("method", function), ("property", function), …, or None

An object is *open* if its class and their bases are written in Python, and its attributes are found as Python finds them by default: no ``__getattribute__``, no metaclass.  What ``find`` says
of an open object runs no code of the user's.
"""

from __future__ import annotations

import abc
import collections
import collections.abc
import dataclasses
import enum
import functools
import numbers
import sys
import types
import typing
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.metaclasses import HEAP, LIBRARIES, METACLASSES, only_makes

if TYPE_CHECKING:
    from collections.abc import Callable

_KNOWN_BASES: tuple[Any, ...] = (object, abc.ABC, typing.Generic, typing.Protocol, types.SimpleNamespace, np.vectorize)  # fmt: skip
#: classes of Python's that are written in Python and answer for nothing themselves: they are looked into like the user's
_OPENED = frozenset(
    [
        *[cls for cls in vars(collections.abc).values() if type(cls) is abc.ABCMeta and cls.__flags__ & 1 << 9],
        *(collections.UserDict, collections.UserList, collections.ChainMap),
    ]
)
_OWN_DICTIONARY = (types.NoneType, types.GetSetDescriptorType)
_DEFAULT = object.__getattribute__
_WAYS = (_DEFAULT, types.SimpleNamespace.__getattribute__)  # which both do the same

#: in the place of what is not there
MISSING = object()

#: entries of a list, tuple or dict of objects that is looked through, and of a list of nothing but texts
ENTRIES, NAMES = 64, 4096


def is_users_class(value: Any) -> bool:
    """Whether a value is a class written by the user (or one of the simple classes of libraries that only keep things), whose instances are open.

    Examples
    --------
    >>> is_users_class(types.SimpleNamespace), is_users_class(float)
    (True, False)
    """
    if not isinstance(value, type) or not _reads_plainly(value):
        return False
    if type(value) not in METACLASSES and not only_makes(type(value)):
        return False
    for cls in value.__mro__:
        if cls in _KNOWN_BASES or cls in _OPENED or _is_namespace(cls):
            continue
        made_in_c = type(vars(cls).get("__new__")) is types.BuiltinFunctionType
        if not cls.__flags__ & HEAP or made_in_c or str(cls.__module__ or "").partition(".")[0] in LIBRARIES:
            return False
        own = vars(cls)
        if "__class__" in own or type(own.get("__dict__")) not in _OWN_DICTIONARY:  # it answers for what it is itself
            return False
    return True


def _reads_plainly(cls: Any) -> bool:
    """Whether attributes of the instances of a class are found as Python finds them by default."""
    return any(cls.__getattribute__ is way for way in _WAYS)


def _is_namespace(cls: Any) -> bool:
    """Whether a class is ``argparse.Namespace`` or its base, which keep what they are given."""
    loaded = sys.modules.get("argparse")
    return loaded is not None and cls in (loaded.Namespace, *loaded.Namespace.__bases__)


def is_open(value: Any) -> bool:
    """Whether a value is an object of the user's whose attributes can be looked into."""
    return is_users_class(type(value))


def member(cls: type, name: str, after: int = 0) -> Any:
    """What the classes from number ``after`` in the order of resolution have under a name; MISSING if nothing."""
    for c in cls.__mro__[after:]:
        found = vars(c).get(name, MISSING)
        if found is not MISSING:
            return found
    return MISSING


def is_simple_member(value: Any) -> bool:
    """Whether a value is a member of an enumeration that is equal to itself only."""
    return (
        isinstance(value, enum.Enum)
        and type(value).__eq__ is object.__eq__
        and type(value).__ne__ is object.__ne__
        and type(value).__hash__ is enum.Enum.__hash__
        and _tells_its_value(type(value))
    )


def _tells_its_value(cls: Any) -> bool:
    """Whether what members of an enumeration have under ``value`` and ``name`` is what ``enum`` keeps of them, and no property of the user's."""
    for c in cls.__mro__:
        own = vars(c)
        if "value" in own or "name" in own:
            return c is enum.Enum
    return False


#: what a class of numbers or texts may say for itself when its members are members of an enumeration
_USUAL = frozenset(
    [
        "__new__",
        "__init__",
        "__repr__",
        "__str__",
        "__format__",
        "__doc__",
        "__module__",
        "__qualname__",
        "__reduce__",
        "__reduce_ex__",
        "__dir__",
        "__init_subclass__",
        "__getnewargs__",
        "__class_getitem__",
        "__static_attributes__",
        "__firstlineno__",
    ]
)


def is_data_member(value: Any) -> bool:
    """Whether a value is a member of an enumeration of integers, numbers or texts (``IntEnum``, ``class Kind(str, Enum)``) that does what these do.

    Examples
    --------
    >>> import http
    >>> is_data_member(http.HTTPStatus.OK), is_data_member(1)
    (True, False)
    """
    cls = type(value)
    if not isinstance(value, enum.Enum) or isinstance(value, enum.Flag) or not _tells_its_value(cls):
        return False
    base = next((c for c in (int, float, str) if c in cls.__mro__), None)
    if base is None:
        return False
    before = cls.__mro__[: cls.__mro__.index(base)]
    own = {name for c in before for name in vars(c) if name.startswith("__") and name in vars(base)}
    return own <= _USUAL and not any(vars(c).keys() & {"__getattr__", "__getattribute__"} for c in before)


def is_member(value: Any) -> bool:
    """Whether a value is a member of an enumeration of which it is known what it does."""
    return is_simple_member(value) or is_data_member(value)


def _has_members(cls: Any, kept: Any, tables: Any, value: Any) -> bool:
    if value is not cls or not all(member._value_ is content for member, content in kept) or not _tells_its_value(cls):
        return False
    by_name, names, by_value = tables
    return cls._member_map_ == by_name and cls._member_names_ == names and cls._value2member_map_ == by_value


def members_test(cls: Any) -> Callable[[Any], bool]:
    """What must hold at the next call of an enumeration whose members are read: they are the same ones (``aenum.extend_enum`` adds some), with the same values."""
    kept = [(member, member._value_) for member in cls.__members__.values()]
    tables = dict(cls._member_map_), list(cls._member_names_), dict(cls._value2member_map_)
    return functools.partial(_has_members, cls, kept, tables)


def member_test(value: Any) -> Callable[[Any], bool]:
    """What must hold at the next call of a member of an enumeration."""
    return functools.partial(_is_member, value, value._value_)


def _is_member(kept: Any, content: Any, value: Any) -> bool:
    return value is kept and is_member(value) and value._value_ is content


def is_frozen(cls: Any) -> bool:
    """Whether assignments to instances of a class raise since it is a frozen dataclass: what it does is what ``dataclasses`` wrote."""
    own = vars(cls).get("__setattr__")
    parameters = vars(cls).get("__dataclass_params__")
    return (
        type(own) is types.FunctionType
        and bool(getattr(parameters, "frozen", False))
        and own.__code__.co_filename == "<string>"
        and "FrozenInstanceError" in own.__code__.co_names + own.__code__.co_freevars
    )


def form_of(cls: Any) -> tuple[tuple[str, bool], ...] | None:
    """The names of the fields of a dataclass, and which of them ``__init__`` takes; None for any other class, and where ``__init__`` takes more than fields."""
    if not dataclasses.is_dataclass(cls):
        return None
    found = dataclasses.fields(cls)
    return tuple([(f.name, f.init) for f in found]) if len(found) == len(cls.__dataclass_fields__) else None


def has_form(cls: Any, form: tuple[tuple[str, bool], ...]) -> bool:
    """Whether a class has got these fields."""
    return form_of(cls) == form


def entries_of(value: Any) -> dict[str, Any]:
    """The instance's own dictionary; empty where it has none."""
    try:
        found: dict[str, Any] = _DEFAULT(value, "__dict__")
    except AttributeError:  # slots only
        return {}
    return found


def has_entries(value: Any, name: str) -> bool:
    """Whether an attribute of the object can be given to a copy of it alone: it has a dictionary, or a slot of that name."""
    if type(member(type(value), name)) is types.MemberDescriptorType:
        return True
    try:
        _DEFAULT(value, "__dict__")
    except AttributeError:
        return False
    return True


def copied(value: Any) -> Any:
    """Another object of the same class with the same entries and slots; no code of the class runs."""
    maker: Any = types.SimpleNamespace if isinstance(value, types.SimpleNamespace) else object
    twin = maker.__new__(type(value))
    entries = entries_of(value)
    if entries:
        _DEFAULT(twin, "__dict__").update(entries)
    for cls in type(value).__mro__:
        for found in () if cls in _KNOWN_BASES else vars(cls).values():
            if type(found) is types.MemberDescriptorType:
                try:
                    content = found.__get__(value)
                except AttributeError:  # not assigned
                    continue
                found.__set__(twin, content)
    return twin


def find(value: Any, name: str) -> tuple[str, Any] | None:
    """What the attribute of an open object is: its kind, and the value or the function behind it; None if that is not known.

    Kinds: "entry" (of the instance), "shared" (data of the class), "method", "property", "static", "class" (a class method).
    """
    found = member(type(value), name)
    kind = type(found)
    if kind is property:
        return ("property", found.fget) if type(found.fget) is types.FunctionType else None
    if kind is types.MemberDescriptorType:  # a slot
        if found.__name__ != name:  # under another name, by which it would be told apart from itself
            return None
        try:
            return "entry", found.__get__(value)
        except AttributeError:
            return None
    entries = entries_of(value)
    if name in entries and not hasattr(kind, "__set__"):
        return "entry", entries[name]
    return _of_class(found)


def find_in_class(cls: type, name: str) -> tuple[str, Any] | None:
    """``find`` for instances that have no entry of that name; a cached property is "cached" there, and computed."""
    found = member(cls, name)
    if type(found) is property:
        return ("property", found.fget) if type(found.fget) is types.FunctionType else None
    if type(found) is functools.cached_property and found.attrname == name and type(found.func) is types.FunctionType:
        return "cached", found.func
    return _of_class(found)


def _of_class(found: Any) -> tuple[str, Any] | None:
    kind = type(found)
    if found is MISSING:
        return None
    if kind is types.FunctionType:
        return "method", found
    if kind is staticmethod or kind is classmethod:
        return ("static" if kind is staticmethod else "class"), found.__func__
    if kind is functools.cached_property or hasattr(kind, "__get__"):
        return None
    return "shared", found


def is_absent(value: Any, name: str) -> bool:
    """Whether an open object surely has no attribute of a name."""
    cls = type(value)
    return member(cls, name) is MISSING and name not in entries_of(value) and member(cls, "__getattr__") is MISSING


def matching(value: Any, prefix: str, suffix: str) -> tuple[str, ...] | None:
    """The names of attributes of an open object, one of the user's classes or a module that begin and end so; None where ``__getattr__`` answers for others."""
    if isinstance(value, types.ModuleType):
        places: list[Any] = [vars(value)]
    else:
        places = [vars(c) for c in (value if isinstance(value, type) else type(value)).__mro__]
        places += [] if isinstance(value, type) else [entries_of(value)]
    if any("__getattr__" in place for place in places):
        return None
    least = len(prefix) + len(suffix)
    names = {n for place in places for n in place if n.startswith(prefix) and n.endswith(suffix) and len(n) >= least}
    return tuple(sorted(names))


def goes_over_entries(value: Any, otypes: Any) -> bool:
    """Whether an object of ``np.vectorize`` calls its function for each entry, and gives numbers of these types."""
    entries = entries_of(value)
    return entries.get("signature", MISSING) is None and entries.get("excluded") == set() and otypes_of(value) == otypes


def otypes_of(value: Any) -> Any:
    """The types that an object of ``np.vectorize`` was given for its results."""
    otypes = entries_of(value).get("otypes")
    return tuple(otypes) if type(otypes) is list else otypes


def is_defined(cls: type, name: str) -> bool:
    """Whether one of the user's classes has something under a name."""
    return member(cls, name) is not MISSING


def is_named(cls: type, names: tuple[str, str]) -> bool:
    """Whether a class has still got this name and qualified name."""
    return (cls.__name__, cls.__qualname__) == names


#: abstract classes of numbers: which other classes are registered there is asked again at each call
NUMBER_CLASSES = (numbers.Number, numbers.Complex, numbers.Real, numbers.Rational, numbers.Integral)


def is_number_class(value: Any) -> bool:
    """Whether a value is one of the abstract classes of numbers, or of containers."""
    return any(value is cls for cls in (*NUMBER_CLASSES, *_OPENED))


def is_derived(cls: type, base: type | None) -> bool:
    """Whether a class is derived from another, or registered there."""
    return base is not None and issubclass(cls, base)


def keeps(cls: type, name: str) -> bool:
    """Whether an attribute that is assigned is kept by the instance under that name: it has a dictionary or that slot, and its class has no setter, nor the slot of another name."""
    found = member(cls, name)
    if type(found) is types.MemberDescriptorType:
        return bool(found.__name__ == name)
    return bool(cls.__dictoffset__) and not hasattr(type(found), "__set__")


def setter(cls: type, name: str) -> Any:
    """The function that sets a property of a class; None if it has no such property, or one that is set otherwise."""
    found = member(cls, name)
    assigned: Any = cls.__setattr__
    if type(found) is not property or assigned is not object.__setattr__:
        return None
    return found.fset if type(found.fset) is types.FunctionType else None


def inherited(cls: type, owner: type, name: str) -> Any:
    """The function, or that of object, that ``super(owner, an instance of cls)`` finds under a name (for ``__new__``, ``super(owner, cls)``); None if it finds something else."""
    if owner not in cls.__mro__:
        return None
    found = member(cls, name, cls.__mro__.index(owner) + 1)
    if name == "__new__" and type(found) is staticmethod:
        found = found.__func__
    is_objects = any(found is one for one in (object.__init__, object.__new__, object.__setattr__))
    return found if type(found) is types.FunctionType or is_objects else None


def callable_parts(value: Any) -> tuple[Any, Any] | None:
    """The function behind a bound method, a partial function, or an object that can be called, and the object; None for all else."""
    if type(value) is functools.partial:
        parts = (value.func, None) if type(value.func) is types.FunctionType else callable_parts(value.func)
        return None if parts is None else (parts[0], value)
    if type(value) is types.MethodType:
        owner, function = value.__self__, value.__func__
    else:
        owner, function = value, member(type(value), "__call__")
    is_known = is_open(owner) or (isinstance(owner, type) and is_users_class(owner))  # a class method
    return (function, owner) if type(function) is types.FunctionType and is_known else None
