"""Attributes of objects in the symbolic run: of objects that were there before the call, and of objects made during it.

What is read of an object that was there is noted in what is expected of it (``Expected.reads``) and looked at again at each call.  Of an object made during the call the attributes are
kept by the place where it is made, as the join of all that is ever stored there.
"""

from __future__ import annotations

import types
import weakref
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.answering import (
    asked_descriptor,
    asked_getattr,
    find_stored,
    first_descriptor,
    is_hidden,
    setting_descriptor,
    stored_first,
)
from gradwise.tracing.purity.lattice import describe, join
from gradwise.tracing.purity.local_classes import Standing, standing, stands_for
from gradwise.tracing.purity.objects import (
    MISSING,
    entries_of,
    find,
    find_in_class,
    is_frozen,
    keeps,
    member,
    setter,
)
from gradwise.tracing.purity.remembered import is_remembered, read_before
from gradwise.tracing.purity.scope import Ends, Expected, Reads, classify, is_users_function
from gradwise.tracing.purity.transient import is_transient, read_again
from gradwise.tracing.purity.values import NOTHING, Bound, Constant, Known, Made

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine


def noted_function(m: Machine, expected: Expected, key: tuple[Any, ...], function: Any) -> Known:
    """A function of a class, noted under its key."""
    local = stands_for(function)
    if local is not None:
        return local  # type: ignore[return-value]  # called alike
    if not is_users_function(function):
        raise m.doubt(f"the method {key[-1]!r} is none of the user's")
    assert expected.reads is not None
    kept = expected.reads.members.setdefault(key, Expected("function", weakref.ref(function)))
    return Known(function, kept)


def class_of_known(owner: Known, known: dict[int, Any]) -> Known:
    """``type(obj)``: the class is looked at again with the object, and so are its name and what is read of it."""
    cls, members = type(owner.value), owner.expected.reads.members
    members["named", (cls.__name__, cls.__qualname__)] = Expected("is", True)
    expected, _ = classify(cls, known)
    if expected.kind != "class":
        return Known(cls)
    return Known(cls, members.setdefault(("type",), expected))


def class_of_made(owner: Made) -> Known:
    """``type(obj)`` of an object made during the call."""
    cls = owner.cls.value
    owner.cls.expected.reads.members["named", (cls.__name__, cls.__qualname__)] = Expected("is", True)
    return owner.cls


def attribute_of_known(scope: Any, m: Machine, owner: Known, name: str) -> Any:
    """The attribute of an object or a class that was there before the call."""
    if is_transient(m, owner, name):
        return read_again(m, owner, name)
    if is_remembered(m, owner, name):
        return read_before(m, owner, name)
    expected, value = owner.expected, owner.value
    is_class = expected.kind == "class"
    if name == "__class__" and not is_class and not any("__class__" in vars(c) for c in type(value).__mro__[:-1]):
        return class_of_known(owner, scope.inquiry.known)
    scope.inquiry.looked_at.add((id(value), name))
    found = find_in_class(value, name) if is_class else find(value, name)
    if found is None and not is_class:
        return answered(m, owner, name)
    if found is None:
        raise m.doubt(f"the attribute {name!r} of {describe(owner)} is not looked into")
    kind, inner = found
    if type(inner) is Standing:
        return standing(m, inner)
    if kind in ("entry", "shared"):
        shared = is_class or kind == "shared"
        return scope.classified(m, name, inner, expected.reads.names, f"the attribute {name!r}", shared=shared)
    function = noted_function(m, expected, (kind, name), inner)
    if kind == "property" and not is_class:
        return scope.call_function(m, function, [owner], {})
    if kind == "static" or (kind == "method" and is_class):
        return function
    if (kind == "method" and not is_class) or (kind == "class" and is_class):
        return Bound(function, owner)
    raise m.doubt(f"the attribute {name!r} of {describe(owner)} is not looked into")


def answered(m: Machine, owner: Known, name: str) -> Any:
    """The attribute of an object that was there, for which code of the user's answers (``answering.py``): a descriptor, or ``__getattr__``.

    Raises
    ------
    Unproven
        Where neither is asked.  That the object stores nothing under the name is noted: a property that keeps what it computes may do so at this call.
    """
    value, reads = owner.value, owner.expected.reads
    descriptor = asked_descriptor(value, name)
    if descriptor is not MISSING:
        return _ask(
            m, reads, ("descriptor", name), descriptor, "__get__", [owner, class_of_known(owner, m.scope.inquiry.known)]
        )
    function = asked_getattr(value, name)
    if function is not MISSING:
        known = noted_function(m, owner.expected, ("getattr", name), function)
        return m.scope.call_function(m, known, [owner, Constant(name)], {})
    reads.members[("lacks", name)] = Expected("is", True)
    raise m.doubt(f"the attribute {name!r} of {describe(owner)} is not looked into")


def stored_in_known(m: Machine, owner: Known, name: str) -> Any:
    """What an object that was there stores itself under a name, which it has, whatever descriptor of the user's answers for the attribute."""
    if is_transient(m, owner, name) or is_remembered(m, owner, name):
        raise m.doubt(f"it reads {name!r} from the dictionary of an object, and assigns the attribute")
    members = owner.expected.reads.members
    if is_hidden(owner.value, name):
        members["hidden", name] = Expected("is", True)
    found = find_stored(owner.value, name, members)
    if found is None or found[0] != "entry":
        raise m.doubt(f"the attribute {name!r} of {describe(owner)} is not looked into")
    m.scope.inquiry.looked_at.add((id(owner.value), name))
    return m.scope.classified(m, name, found[1], owner.expected.reads.names, f"the attribute {name!r}")


def _ask(m: Machine, reads: Reads, key: tuple[str, str], descriptor: Any, method: str, arguments: list[Any]) -> Any:
    """What a method of a descriptor gives, which is noted under the key."""
    known = m.scope.classified(m, key, descriptor, reads.members, f"the descriptor {key[1]!r}", shared=True)
    return m.scope.call(m, special(m, known, method), arguments)


def attribute_of_made(scope: Any, m: Machine, owner: Made, name: str, *, is_asked: bool = True) -> Any:
    """The attribute of an object made during the call; ``is_asked``: whether it may be missing."""
    cls = owner.cls.value
    if member(cls, "__getattr__") is MISSING:
        return _had_by_made(scope, m, owner, name, is_asked=is_asked)
    if is_asked:
        raise m.doubt(
            f"it asks for an attribute of {describe(owner)}, which has a __getattr__, whose errors are handled"
        )
    try:
        had = _had_by_made(scope, m, owner, name, is_asked=False)
    except Ends:
        had = NOTHING
    found = find_in_class(cls, name)
    is_computed = found is not None and found[0] in ("property", "cached")
    # what is assigned to a property or a descriptor is kept by nobody: it is computed, and may raise
    is_stored = name in scope.inquiry.stored_first.get(owner.place, ()) and keeps(cls, name)
    if had is not NOTHING and (is_stored or (found is not None and not is_computed)):
        return had
    # a property and a descriptor may raise AttributeError, and then it is asked too
    scope.inquiry.survives |= member(cls, name) is not MISSING
    answer = special(m, owner, "__getattr__")
    try:
        return join(had, scope.call(m, answer, [Constant(name)]))
    except Ends:
        if had is NOTHING:
            raise
        return had


def _had_by_made(scope: Any, m: Machine, owner: Made, name: str, *, is_asked: bool) -> Any:
    """The attribute that an object made during the call has, without its ``__getattr__``."""
    cls, expected = owner.cls.value, owner.cls.expected
    if name == "__class__" and not any("__class__" in vars(c) for c in cls.__mro__[:-1]):
        return class_of_made(owner)
    found = find_in_class(cls, name)
    if found is not None and found[0] == "property":
        return scope.call_function(m, noted_function(m, expected, ("property", name), found[1]), [owner], {})
    descriptor = first_descriptor(cls, name)
    if descriptor is not MISSING:
        return _ask(m, expected.reads, ("first", name), descriptor, "__get__", [owner, class_of_made(owner)])
    stored = scope.inquiry.made[owner.place]
    if (
        found is not None and found[0] == "cached"
    ):  # what it gives again is what it would compute of all that is ever stored
        function = noted_function(m, expected, ("cached", name), found[1])
        computed = scope.call_function(m, function, [owner], {})
        return join(stored[name], computed) if name in stored else computed
    is_slot = type(member(cls, name)) is types.MemberDescriptorType and keeps(cls, name)
    if found is None and name not in stored and (is_slot or member(cls, name) is MISSING) and not is_asked:
        key = ("keeps", name) if is_slot else ("defined", name)
        expected.reads.members[key] = Expected("is", is_slot)
        raise Ends  # it has none
    if is_slot and name in stored:
        expected.reads.members[("keeps", name)] = Expected("is", True)
        return stored[name]
    if found is None and (name not in stored or member(cls, name) is not MISSING):
        raise m.doubt(f"the attribute {name!r} of {describe(owner)} is not known")
    if found is None:
        expected.reads.members[("defined", name)] = Expected("is", False)
        return stored[name]
    kind, inner = found
    if type(inner) is Standing:
        of_class = standing(m, inner)
    elif kind == "shared":
        of_class = scope.classified(m, name, inner, expected.reads.names, f"the attribute {name!r}", shared=True)
    else:
        function = noted_function(m, expected, (kind, name), inner)
        of_class = function if kind == "static" else Bound(function, owner.cls if kind == "class" else owner)
    # what the class has is found until something is stored
    return join(stored[name], of_class) if name in stored else of_class


def set_by_property(m: Machine, owner: Any, name: str, value: Any) -> bool:
    """Whether the class of an object of the user's has a property of that name with a setter, or a descriptor, which is called then."""
    if type(owner) is Made:
        cls, expected = owner.cls.value, owner.cls.expected
    elif type(owner) is Known and owner.expected is not None and owner.expected.kind == "object":
        cls, expected = type(owner.value), owner.expected
    else:
        return False
    found = setter(cls, name)
    descriptor = setting_descriptor(cls, name)
    if descriptor is not MISSING:
        _ask(m, expected.reads, ("setting", name), descriptor, "__set__", [owner, value])
        return True
    if found is None:
        return False
    m.scope.call_function(m, noted_function(m, expected, ("setter", name), found), [owner, value], {})
    return True


def store(scope: Any, m: Machine, owner: Any, name: str, value: Any) -> None:
    """``owner.name = value``, where the owner was made during the call."""
    if type(owner) is not Made:
        raise m.doubt("it assigns an attribute")
    if not keeps(owner.cls.value, name):
        raise m.doubt(f"it assigns the attribute {name!r}, which has a setter")
    owner.cls.expected.reads.members[("keeps", name)] = Expected("is", True)
    keep(m, owner, name, value)


def keep(m: Machine, owner: Made, name: str, value: Any) -> None:
    """Note what is stored in an object made during the call."""
    stored = m.scope.inquiry.made[owner.place]
    joined = join(stored[name], value) if name in stored else value
    if name not in stored or joined != stored[name]:
        stored[name] = joined
        m.scope.inquiry.learned = True


def assigned(m: Machine, owner: Any, name: Any, value: Any) -> Any:
    """``object.__setattr__(owner, name, value)``, by which frozen dataclasses are filled."""
    if type(name) is not Constant or type(name.value) is not str or type(owner) is not Made:
        raise m.doubt("it assigns an attribute by a name that is not known")
    store(m.scope, m, owner, name.value, value)
    return Constant(None)


def construct(
    scope: Any,
    m: Machine,
    cls: Known,
    arguments: list[Any],
    keywords: dict[str, Any],
    *,
    complete: bool = True,
    rest: Any = None,
) -> Any:
    """An object of a class of the user's, made by calling the class; ``complete``: whether these are all the arguments."""
    expected, value = cls.expected, cls.value
    if value is types.SimpleNamespace:
        return _namespace(scope, m, cls, arguments, keywords)
    making: Any = value.__new__
    if making is object.__new__:
        expected.reads.members[("default", "__new__")] = Expected("is", making)
        made: Any = made_anew(m, cls)
    else:
        made = _made_by_users(m, cls, arguments, keywords, complete=complete)
    initial = member(value, "__init__")
    if initial is object.__init__:
        expected.reads.members[("default", "__init__")] = Expected("is", initial)
        if (arguments or keywords) and making is object.__new__:
            raise m.doubt(f"it gives arguments to {value.__name__}, which takes none")
        return made
    if type(made) is Known:  # a singleton, which is filled again
        raise m.doubt(f"it calls __init__ of an object of type {value.__name__} that was there")
    found = find_in_class(value, "__init__")
    if found is None or found[0] != "method":
        raise m.doubt(f"it makes an object of type {value.__name__} in a way that is not looked into")
    initial = noted_function(m, expected, ("method", "__init__"), found[1])
    if making is object.__new__ and not assigns_itself(value) and type(found[1]) is types.FunctionType:
        scope.inquiry.stored_first[made.place] = stored_first(found[1].__code__)
    scope.call_function(m, initial, [made, *arguments], keywords, complete=complete, rest=rest)
    return made


def made_anew(m: Machine, cls: Any) -> Made:
    """``object.__new__(cls)``: an object of the user's class without attributes."""
    if type(cls) is not Known or cls.expected is None or cls.expected.kind != "class":
        raise m.doubt(f"it makes an object of {describe(cls)} in a way that is not looked into")
    expected, value = cls.expected, cls.value
    if not assigns_itself(value):
        kept: Any = value.__setattr__
        if kept is not object.__setattr__ and not is_frozen(value):
            raise m.doubt(f"it makes an object of type {value.__name__}, which has a __setattr__ of its own")
        expected.reads.members[("default", "__setattr__")] = Expected("is", kept)
    if member(value, "__del__") is not MISSING:
        raise m.doubt(f"it makes an object of type {value.__name__}, which has a __del__")
    expected.reads.members[("defined", "__del__")] = Expected("is", False)
    if member(value, "__getattr__") is MISSING:  # else it is looked into where it is asked
        expected.reads.members[("defined", "__getattr__")] = Expected("is", False)
    made = Made(cls, (id(m.code), m.offset, cls))
    m.scope.inquiry.made.setdefault(made.place, {})
    return made


def _made_by_users(m: Machine, cls: Known, arguments: list[Any], keywords: dict[str, Any], *, complete: bool) -> Any:
    """What ``__new__`` of a class of the user's gives: an object of that very class, made now or before the call (a singleton)."""
    value = cls.value
    found = find_in_class(value, "__new__")
    if found is None or found[0] != "static":
        raise m.doubt(f"it makes an object of type {value.__name__}, which has a __new__ of its own")
    making = noted_function(m, cls.expected, ("static", "__new__"), found[1])
    made = m.scope.call_function(m, making, [cls, *arguments], keywords, complete=complete)
    is_known = type(made) is Known and made.expected is not None and made.expected.kind == "object"
    of = type(made.value) if is_known else made.cls.value if type(made) is Made else None
    if of is not value:
        raise m.doubt(f"it makes an object of type {value.__name__}, whose __new__ gives {describe(made)}")
    return made


def assigns_itself(cls: type) -> bool:
    """Whether a class of the user's has a ``__setattr__`` of the user's, which is called where an attribute is assigned."""
    return type(member(cls, "__setattr__")) is types.FunctionType and not is_frozen(cls)


def assign_by_class(m: Machine, owner: Any, name: str, value: Any) -> bool:
    """Whether the class of an object made during the call assigns attributes itself, which is done then."""
    if type(owner) is not Made or not assigns_itself(owner.cls.value):
        return False
    m.scope.call(m, special(m, owner, "__setattr__"), [Constant(name), value])
    return True


def _namespace(scope: Any, m: Machine, cls: Known, arguments: list[Any], keywords: dict[str, Any]) -> Made:
    """``SimpleNamespace(a=…)``."""
    if arguments:
        raise m.doubt("it makes a SimpleNamespace in a way that is not looked into")
    made = Made(cls, (id(m.code), m.offset, cls))
    scope.inquiry.made.setdefault(made.place, {})
    for name, value in keywords.items():
        store(scope, m, made, name, value)
    return made


def special(m: Machine, owner: Any, name: str) -> Any:
    """A method that Python finds in the class only (``__call__``, ``__add__``)."""
    if type(owner) is Made:
        cls, expected = owner.cls.value, owner.cls.expected
    elif type(owner) is Known and owner.expected is not None and owner.expected.kind == "object":
        cls, expected = type(owner.value), owner.expected
        if name in entries_of(owner.value):  # which ``find`` would give
            raise m.doubt(f"{describe(owner)} has a {name} of its own")
    else:
        raise m.doubt(f"{describe(owner)} is used where plain data are expected")
    found = find_in_class(cls, name)
    if found is None or found[0] != "method":
        raise m.doubt(f"{describe(owner)} is used where plain data are expected")
    return Bound(noted_function(m, expected, ("method", name), found[1]), owner)
