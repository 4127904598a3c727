"""Lines that look at one thing that was asked of a class or of one of its instances: a method, a property, what it must not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.answering import ANSWERS, ANSWERS_OF_CLASS
from gradwise.tracing.purity.copying import shape_of
from gradwise.tracing.purity.metaclasses import takes_no_data
from gradwise.tracing.purity.objects import (
    entries_of,
    goes_over_entries,
    has_form,
    inherited,
    is_absent,
    is_defined,
    is_derived,
    is_named,
    keeps,
    setter,
)

if TYPE_CHECKING:
    from gradwise.operators.reuse.gathering import _Gathering
    from gradwise.tracing.purity.scope import Expected


#: what asks for a descriptor, of an instance or of its class
_DESCRIPTORS = {"descriptor": ANSWERS["descriptor"], **ANSWERS_OF_CLASS}


def write_member(
    g: _Gathering,
    variable: str | None,
    cls: str,
    owner: Any,
    key: tuple[Any, ...],
    found: Any,
    expected: Expected,
) -> None:
    """A function of a class, of an instance that is in ``variable`` (None for none)."""
    kind, name = key[0], key[-1]
    if kind == "super":
        read = f"{g.text.name(inherited)}({cls}, {g.text.name(key[1])}(), {name!r})"
        if expected.kind == "is":
            g.text.leave_if(f"{read} is not {g.text.name(expected.object)}")
            return
    elif kind == "absent":
        g.text.leave_if(f"not {g.text.name(is_absent)}({variable}, {name!r})")
        return
    elif kind == "defined" and found is False:
        g.classes.stays(cls, owner if variable is None else type(owner), name)
        return
    elif kind == "entries":
        g.text.leave_if(f"tuple({g.text.name(entries_of)}({variable})) != {name!r}")
        return
    elif kind == "shaped":
        g.text.leave_if(f"{g.text.name(shape_of)}({variable}) != {name!r}")
        return
    elif kind in _DESCRIPTORS:
        read = f"{g.text.name(_DESCRIPTORS[kind])}({variable if kind == 'descriptor' else cls}, {name!r})"
        g.follow(read, found, expected, None, direct=False)
        return
    elif kind == "lacks":
        g.text.leave_if(f"{name!r} in {g.text.name(entries_of)}({variable})")
        return
    elif kind == "hidden":
        g.text.leave_if(f"not {g.text.name(ANSWERS[kind])}({variable}, {name!r})")
        return
    elif kind == "getattr":
        read = f"{g.text.name(ANSWERS[kind])}({variable}, {name!r})"
    elif kind == "told":
        g.follow(f"{variable}.{name}", found, expected, None, direct=False)
        return
    elif kind == "type":
        g.follow(cls, found, expected, None, direct=False)
        return
    elif kind in ("defined", "derived", "named", "fields"):
        ask: Any = {"defined": is_defined, "derived": is_derived, "named": is_named, "fields": has_form}[kind]
        g.text.leave_if(f"{g.text.name(ask)}({cls}, {g.text.name(name) + '()' if kind == 'derived' else repr(name)}) is not {found!r}")  # fmt: skip
        return
    elif kind in ("counts", "stores", "transient", "remembers"):
        assert variable is not None
        g.classes.stays(cls, type(owner), name)
        g.text.leave_if(f"{cls}.__setattr__ is not {g.text.name(type(owner).__setattr__)}")
        if kind == "counts":
            g.text.leave_if(f"type({variable}.{name}) is not int")
        if kind != "remembers":
            g.counters["attribute", id(owner), name] = f"{variable}.{name}"
        g.counting.append((variable, owner, name))
        return
    elif kind == "matching":
        g.matches(variable or cls, key)
        return
    elif kind == "entrywise":
        g.text.leave_if(f"not {g.text.name(goes_over_entries)}({variable}, {g.text.name(name)})")
        return
    elif kind == "registered":
        g.text.leave_if(f"not {g.text.name(takes_no_data)}({cls})")
        return
    elif kind in ("keeps", "default"):
        other = f"{cls}.{name} is not {g.text.name(expected.object)}"
        g.text.leave_if(other if kind == "default" else f"not {g.text.name(keeps)}({cls}, {name!r})")
        return
    else:
        way = {"property": ".fget", "cached": ".func", "class": ".__func__"}.get(kind, "")
        read = f"{cls}.{name}{way}" if kind != "setter" else f"{g.text.name(setter)}({cls}, {name!r})"
        if kind != "setter":  # the class gives one function for methods and static methods
            g.classes.keeps_kind(cls, owner if variable is None else type(owner), name)
        may_hide = variable is not None and kind not in ("property", "setter")
        if may_hide and (entries_of(owner) or hasattr(owner, "__dict__")):
            g.text.leave_if(f"{name!r} in {variable}.__dict__")
    function = g.text.keep(read)
    g.same(function, found)
    for node in expected.nodes:
        g.enter(function, found, node, direct=False)
