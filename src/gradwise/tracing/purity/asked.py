"""What may be asked of any object: ``isinstance``, ``callable``, ``len``, ``getattr``, and what goes over it."""

from __future__ import annotations

import abc
import functools
import types
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.attributes import attribute_of
from gradwise.tracing.purity.callables import callee_of
from gradwise.tracing.purity.constructed import attribute_of_known, attribute_of_made, special
from gradwise.tracing.purity.function_attributes import own_attributes
from gradwise.tracing.purity.lattice import (
    alternatives,
    certain_texts,
    describe,
    is_none_itself,
    is_numeric,
    is_scalar,
    join,
    level,
    texts_of,
)
from gradwise.tracing.purity.local_classes import is_local_class
from gradwise.tracing.purity.metaclasses import LIBRARIES, PLAIN, SCALARS, takes_no_data
from gradwise.tracing.purity.named_tuples import is_record_type
from gradwise.tracing.purity.objects import (
    ENTRIES,
    MISSING,
    find,
    is_absent,
    is_defined,
    is_derived,
    is_number_class,
    matching,
    member,
)
from gradwise.tracing.purity.remembered import is_remembered
from gradwise.tracing.purity.scope import Ends, Expected, is_users_function
from gradwise.tracing.purity.sequences import class_of, element_of, entries, is_object, is_of_users, is_sequence, note
from gradwise.tracing.purity.transient import is_transient
from gradwise.tracing.purity.values import (
    DATA,
    GRID,
    NOTHING,
    OWN,
    VECTOR,
    WHOLE,
    Abstract,
    Bound,
    Box,
    Constant,
    Known,
    Local,
    Made,
    Matched,
    Method,
    Pattern,
    Row,
    Rows,
    Several,
    Words,
)

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine


def value_of_member(member: Any, name: str) -> Any:
    """``member.value`` and ``member.name``: what belongs to an enumeration is looked at again at each call."""
    found = member._value_ if name == "value" else member._name_
    simple = type(found) in (int, float, str, bool) or found is None
    return Constant(found) if simple else DATA


def about_objects(m: Machine, function: Any, arguments: list[Any]) -> Any:
    """What a function of Python's gives that takes any object; None if it is none of them."""
    if function is len and len(arguments) == 1 and type(arguments[0]) is Row and arguments[0].cls is None:
        return Constant(len(arguments[0].entries))
    if function in (isinstance, issubclass) and len(arguments) == 2 and is_sequence(arguments[1]):  # a tuple
        arguments = [arguments[0], Row(tuple(entries(m, arguments[1]).values()))]
    if function in (isinstance, issubclass) and len(arguments) == 2 and type(arguments[1]) is Row:
        found = [about_objects(m, function, [arguments[0], one]) for one in arguments[1].entries]
        if None in found or function is issubclass:
            return None if None in found else OWN
        answers = {one.value if type(one) is Constant else None for one in found}
        return Constant(True) if True in answers else OWN if None in answers or not found else Constant(False)
    if function in (isinstance, issubclass, callable, len) and all(
        level(v) is not None
        or is_object(v)
        or is_sequence(v)
        or _is_class(v)
        or _is_callable(v)
        or type(v) in (Box, Several, Local, Row)
        for v in arguments
    ):
        if function is len and is_object(arguments[0]):
            return m.data(m.scope.call(m, special(m, arguments[0], "__len__"), []))
        if function is len and not is_sequence(arguments[0]) and type(arguments[0]) is not Box:
            return None
        if function is callable:
            for one in alternatives(arguments[0]):
                note(one, ("defined", "__call__"), lambda cls: is_defined(cls, "__call__"))
        elif function in (isinstance, issubclass) and len(arguments) == 2:
            note_derived(m, arguments[0], arguments[1])
            if function is isinstance:
                return _is_instance(*arguments)
        return OWN
    if function is callable and len(arguments) == 1 and type(arguments[0]) in (Bound, Method):
        return Constant(True)
    if function is enumerate and len(arguments) in (1, 2):
        m.data(arguments[-1]) if len(arguments) == 2 else None
        return Rows(Row((WHOLE, element_of(m, arguments[0]))))
    if function is zip:
        return Rows(Row(tuple([element_of(m, v) for v in arguments])))
    if function is reversed and len(arguments) == 1:
        return Rows(element_of(m, arguments[0]))
    if function in (getattr, hasattr) and len(arguments) in (2, 3) and type(arguments[1]) is Constant:
        arguments = [own_attributes(m, arguments[0], arguments[1].value), *arguments[1:]]
    if function in (getattr, hasattr) and len(arguments) == (3 if function is getattr else 2):
        asked_for = [
            n
            for n in texts_of(arguments[1]) or ()
            if is_transient(m, arguments[0], n) or is_remembered(m, arguments[0], n)
        ]
        if asked_for:  # which the twin of the object lacks
            raise m.doubt(f"it asks whether there is an attribute {asked_for[0]!r}, which it assigns")
    if function is getattr and len(arguments) in (2, 3):
        if len(arguments) == 3 and _lacks(m, arguments[0], arguments[1]):
            return arguments[2]
        if type(arguments[0]) is Abstract and level(arguments[0]) is not None:
            return _of_data(m, *arguments)
        found = by_name(m, arguments[0], arguments[1], is_asked=len(arguments) == 3)
        return found if len(arguments) == 2 or _surely_has(*arguments[:2]) else join(found, arguments[2])
    asked = certain_texts(arguments[1]) if function is hasattr and len(arguments) == 2 else None
    if asked and _is_plain(arguments[0]):
        if arguments[0] in (VECTOR, GRID) and len(asked) == 1:
            return Constant(all(hasattr(np.ndarray, name) for name in asked))
        return OWN
    if function is hasattr and len(arguments) == 2:
        if _lacks(m, arguments[0], arguments[1]):
            return Constant(False)
        by_name(m, arguments[0], arguments[1])  # where it is found
        return Constant(True) if _surely_has(arguments[0], arguments[1]) else OWN
    return None


def _is_instance(value: Any, cls: Any) -> Any:
    """Whether a value is of a class, where that is known: plain data are of no class of the user's, and objects of the user's are of those that their class is derived from."""
    if type(cls) is not Known or not isinstance(cls.value, type):
        return OWN
    if type(cls.value) is abc.ABCMeta and _is_plain(value) and not is_number_class(cls.value):
        return Constant(False)  # looked at in `note_derived`
    if type(cls.value) is not type and not is_number_class(cls.value):  # which may say of any class that it is derived
        return OWN
    if type(value) is Several:
        answers = [_is_instance(one, cls) for one in value.values]
        return answers[0] if all(one == answers[0] for one in answers) else OWN
    if type(value) is Row and value.cls is not None:
        is_one = issubclass(value.cls, cls.value)
        return OWN if is_one and is_local_class(cls.value) else Constant(is_one)
    if is_record_type(cls.value) and (is_scalar(value) or value in (VECTOR, GRID)):
        return Constant(False)
    if is_object(value):
        pretends = any("__class__" in vars(c) for c in class_of(value).__mro__[:-1])
        found = issubclass(class_of(value), cls.value)
        return OWN if pretends or (found and is_local_class(cls.value)) else Constant(found)
    degree = level(value)
    if type(cls.value) is type and _is_plain(value) and degree is not None and is_numeric(degree):
        return _is_number_of(value, cls.value)
    is_users = cls.expected is not None and cls.expected.kind == "class"
    surely_none = is_users and degree is not None and not is_number_class(cls.value)
    return Constant(False) if surely_none else OWN


def _is_number_of(value: Any, cls: type) -> Any:
    """Whether a number or array is of a class, as far as all that it may be agree; of what a library's function gave, that it is of no class of another one."""
    if value in (VECTOR, GRID):
        return Constant(issubclass(np.ndarray, cls))
    if not is_scalar(value) and str(cls.__module__).partition(".")[0] in LIBRARIES:
        return OWN
    answers = {issubclass(kind, cls) for kind in (SCALARS if is_scalar(value) else PLAIN)}
    return OWN if len(answers) > 1 else Constant(answers.pop())


def note_derived(m: Machine, value: Any, base: Any) -> None:
    """Note what is asked of the class of an object: whether it is derived from one of the user's."""
    if type(value) is Several:
        for one in value.values:
            note_derived(m, one, base)
        return
    if type(base) is Known and is_number_class(base.value):
        note(value, ("derived", weakref.ref(base.value)), lambda one: is_derived(one, base.value))
        return
    if type(base) is not Known or base.expected is None or base.expected.kind != "class":
        return
    cls = base.value
    is_open = member(cls, "__subclasshook__") is vars(object)["__subclasshook__"]
    if type(cls) is abc.ABCMeta and is_open and _is_plain(value) and takes_no_data(cls):
        base.expected.reads.members[("registered", True)] = Expected("is", True)
        return
    if not is_open or (type(cls) is not type and not is_of_users(value)):
        raise m.doubt(f"it asks whether a value is of type {cls.__name__}, to which any type may be added")
    note(value, ("derived", weakref.ref(cls)), lambda one: is_derived(one, cls))


def _is_plain(value: Any) -> bool:
    return level(value) is not None and type(value) is not Known


def _lacks(m: Machine, owner: Any, name: Any) -> bool:
    """Whether an object that was there has no attribute of a name; then that is noted."""
    if type(name) is Pattern and type(owner) is Known and is_of_users(owner):
        if matching(owner.value, name.prefix, name.suffix) != ():
            return False
        owner.expected.reads.members[("matching", name.prefix, name.suffix, ())] = Expected("is", True)
        return True
    if not (type(name) is Constant and type(name.value) is str and is_of_users(owner)):
        return False
    if _is_users_class(owner):
        if member(owner.value, name.value) is not MISSING or member(type(owner.value), name.value) is not MISSING:
            return False
        note(owner, ("defined", name.value), functools.partial(is_defined, name=name.value))
        return True
    if type(owner) is not Known:
        return False
    if not is_absent(owner.value, name.value):
        return False
    owner.expected.reads.members[("absent", name.value)] = Expected("is", True)
    return True


def _of_data(m: Machine, owner: Abstract, name: Any, *default: Any) -> Any:
    """``getattr(x, "dtype", default)`` of plain data."""
    texts = certain_texts(name)
    if texts is None or len(texts) != 1:
        raise m.doubt("it asks for an attribute by a name that is not known")
    try:
        found = attribute_of(m, owner, *texts, method=False)
    except Ends:  # no number or array has it
        if not default:
            raise
        return default[0]
    surely = owner in (VECTOR, GRID) and hasattr(np.ndarray, *texts)
    return found if surely else functools.reduce(join, default, found)


def _is_users_class(value: Any) -> bool:
    return type(value) is Known and value.expected is not None and value.expected.kind == "class"


def _surely_has(owner: Any, name: Any) -> bool:
    """Whether asking an object for an attribute that was found gives it: it is stored (in an object that was there), and not computed by a property, which may raise."""
    if type(owner) is Made or type(name) is Pattern or not is_object(owner):
        return False
    return all((find(owner.value, one) or ("property",))[0] != "property" for one in texts_of(name) or ())


def _is_class(value: Any) -> bool:
    return type(value) is Known and isinstance(value.value, type)


def _is_callable(value: Any) -> bool:
    return type(value) is Known and (callee_of(value.value) is not None or is_users_function(value.value))


def by_name(m: Machine, owner: Any, name: Any, *, is_asked: bool = True) -> Any:
    """``getattr(owner, "name")``; ``is_asked``: whether it may be missing."""
    names = texts_of(name)
    is_module = type(owner) is Known and isinstance(owner.value, types.ModuleType)
    known = type(owner) is Known and (is_module or is_of_users(owner))
    if type(name) is Pattern and known:
        found = matching(owner.value, name.prefix, name.suffix)
        if found and len(found) <= ENTRIES:  # another name raises, which does no harm
            owner.expected.reads.members[("matching", name.prefix, name.suffix, found)] = Expected("is", True)
            names = frozenset(found)
    if name is NOTHING or names == frozenset():  # an entry of an empty list, which raises
        return NOTHING
    if names is None or not (known or is_object(owner)):
        raise m.doubt("it asks for an attribute by a name that is not known")
    if is_module:
        return functools.reduce(join, [m.scope.attribute(m, owner, one) for one in sorted(names)])
    if type(owner) is Made and not is_asked:
        return functools.reduce(join, [_if_there(m, owner, one) for one in sorted(names)])
    read = attribute_of_made if type(owner) is Made else attribute_of_known
    return functools.reduce(join, [read(m.scope, m, owner, one) for one in sorted(names)])


def _if_there(m: Machine, owner: Made, name: str) -> Any:
    """An attribute of an object made during the call; without it the way ends."""
    try:
        return attribute_of_made(m.scope, m, owner, name, is_asked=False)
    except Ends:
        return NOTHING


def matched(m: Machine, subject: Any, cls: Any, names: tuple[str, ...], count: int) -> Any:
    """``case Class(a, name=b)``: what is taken out, or None for a subject that is surely something else."""
    if type(cls) is not Known or not isinstance(cls.value, type):
        raise m.doubt("it matches a class that is not known")
    if level(subject) is not None:
        if cls.expected is not None and cls.expected.kind == "class":
            note_derived(m, subject, cls)
        m.data(subject)
        return DATA
    if cls.expected is None or cls.expected.kind != "class" or is_local_class(cls.value):
        raise m.doubt(f"it matches {describe(subject)} in a way that is not looked into")
    note_derived(m, subject, cls)
    found = [one for one in alternatives(subject) if is_object(one) and issubclass(class_of(one), cls.value)]
    if not all(is_object(one) or is_none_itself(one) for one in alternatives(subject)):
        raise m.doubt(f"it matches {describe(subject)} in a way that is not looked into")
    taken: list[str] = []
    if count and found:
        positions = attribute_of_known(m.scope, m, cls, "__match_args__")
        if type(positions) is not Words:
            raise m.doubt(f"it matches the arguments of {cls.value.__name__}, which are not known")
        taken += getattr(cls.value, "__match_args__", ())[:count]
    if not found:
        return Constant(None)
    taken += names
    parts = tuple([functools.reduce(join, [by_name(m, one, Constant(n)) for one in found]) for n in taken])
    return Row(parts) if len(found) == len(alternatives(subject)) else Matched(parts)
