"""Attributes that code of the user's answers for: descriptors (``__get__``, ``__set__``), and ``__getattr__``.

    asked_descriptor : (object, name) → the descriptor that is asked for the attribute, as Python finds it          asked_getattr : (object, name) → the ``__getattr__`` that is
    stored_first : code of an ``__init__`` → the attributes that its object surely has, whoever asks for them

Asking here runs no code of the user's.  What such code gives is found by looking into it like into a property (``constructed.py``); which descriptor is asked, and that nothing has come before it, is looked at again at each call.
"""

from __future__ import annotations

import dis
import itertools
import types
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.objects import MISSING, entries_of, find, is_defined, is_open, member

if TYPE_CHECKING:
    from collections.abc import Container


def descriptor_of(cls: type, name: str) -> Any:
    """The descriptor of the user's that a class has under a name; MISSING for anything else.

    Examples
    --------
    >>> descriptor_of(int, "real") is MISSING
    True
    """
    found = member(cls, name)
    if not is_open(found):
        return MISSING
    methods = [member(type(found), one) for one in ("__get__", "__set__")]
    functions = [one for one in methods if type(one) is types.FunctionType]
    return found if functions and len(functions) == sum(one is not MISSING for one in methods) else MISSING


def comes_first(descriptor: Any) -> bool:
    """Whether a descriptor is asked before the instance's own entries."""
    return any(is_defined(type(descriptor), name) for name in ("__set__", "__delete__"))


def asked_descriptor(value: Any, name: str) -> Any:
    """The descriptor that is asked for an attribute of an object; MISSING where none is."""
    found = descriptor_of(type(value), name)
    if found is MISSING or not is_defined(type(found), "__get__"):
        return MISSING
    return MISSING if name in entries_of(value) and not comes_first(found) else found


def first_descriptor(cls: type, name: str) -> Any:
    """The descriptor that is asked for an attribute of every instance of a class, whatever that stores; MISSING where none is."""
    found = descriptor_of(cls, name)
    is_asked = found is not MISSING and comes_first(found) and is_defined(type(found), "__get__")
    return found if is_asked else MISSING


def setting_descriptor(cls: type, name: str) -> Any:
    """The descriptor that is called where an attribute is assigned as ``object`` does it; MISSING where none is."""
    found = descriptor_of(cls, name)
    assigns: Any = cls.__setattr__
    is_called = found is not MISSING and is_defined(type(found), "__set__") and assigns is object.__setattr__
    return found if is_called else MISSING


def asked_getattr(value: Any, name: str) -> Any:
    """The function ``__getattr__`` that is asked for an attribute, since there is no other under that name; MISSING where there is one."""
    cls = type(value)
    if member(cls, name) is not MISSING or name in entries_of(value):
        return MISSING
    found = member(cls, "__getattr__")
    return found if type(found) is types.FunctionType else MISSING


_LOADS = frozenset(["LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_FAST_LOAD_FAST", "LOAD_FAST_BORROW_LOAD_FAST_BORROW", "STORE_FAST_LOAD_FAST"])  # fmt: skip
_JUMPS = frozenset([*dis.hasjrel, *dis.hasjabs, *getattr(dis, "hasjump", ())])


def stored_first(code: types.CodeType) -> frozenset[str]:
    """The attributes that a method assigns to its object before it does anything else with it, or comes to a branch or a handler: nobody can ask for them before.

    Examples
    --------
    >>> class Proxy:
    ...     def __init__(self, inner):
    ...         self.inner = inner
    ...         self.check()
    ...         self.late = 1
    >>> stored_first(Proxy.__init__.__code__)
    frozenset({'inner'})
    """
    found: set[str] = set()
    if not code.co_argcount:
        return frozenset()
    itself = code.co_varnames[0]
    covered = list(dis.Bytecode(code).exception_entries)  # type: ignore[attr-defined]  # missing from the stubs
    instructions = [i for i in dis.get_instructions(code) if i.opname not in ("CACHE", "EXTENDED_ARG")]
    targets = {i.argval for i in instructions if i.opcode in _JUMPS}
    for i, following in itertools.pairwise(instructions):
        is_handled = any(entry.start <= i.offset < entry.end for entry in covered)
        if is_handled or i.opcode in _JUMPS or i.offset in targets:
            break
        mentioned = i.argval if type(i.argval) is tuple else (i.argval,)
        if itself not in mentioned:
            continue
        is_target = i.opname in _LOADS and mentioned[-1] == itself and mentioned.count(itself) == 1
        if not is_target or following.opname != "STORE_ATTR" or following.offset in targets:
            break
        found.add(following.argval)
    return frozenset(found)


def is_hidden(value: Any, name: str) -> bool:
    """Whether an object stores something itself under the name of a descriptor of the user's that comes first."""
    return (
        name in entries_of(value) and (found := descriptor_of(type(value), name)) is not MISSING and comes_first(found)
    )


def find_stored(value: Any, name: str, members: Container[Any]) -> tuple[str, Any] | None:
    """``find``, or where ("hidden", name) is among the ``members`` that were noted, what an object stores itself and hides behind a descriptor of the user's (``obj.__dict__[name]``)."""
    if ("hidden", name) in members:
        return ("entry", entries_of(value)[name]) if is_hidden(value, name) else None
    return find(value, name)


#: what asks, for the instances and for the class, by the kind of what is noted (``Reads.members``)
ANSWERS: dict[str, Any] = {"descriptor": asked_descriptor, "getattr": asked_getattr, "hidden": is_hidden}
ANSWERS_OF_CLASS: dict[str, Any] = {"first": first_descriptor, "setting": setting_descriptor}


def answer(value: Any, key: tuple[Any, ...], *, is_class: bool) -> Any:
    """What is found now under such a key of an object or a class; the classes answer for their instances."""
    if key[0] in ANSWERS:
        return ANSWERS[key[0]](value, key[1])
    return ANSWERS_OF_CLASS[key[0]](value if is_class else type(value), key[1])


def lacks_entry(value: Any, name: str) -> bool:
    """Whether an object has no entry of its own under a name: a cached property is not computed yet."""
    return name not in entries_of(value)
