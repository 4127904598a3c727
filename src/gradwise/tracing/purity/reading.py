"""The data that a function reads beside its arguments, and the function with other data in their place.

A *place* is where a name finds its value: a dictionary of globals, a closure cell, the defaults of a function, an attribute of an object, an entry of a list.  ``read`` lists the places of a
function and of all that it calls with what stands there now; ``with_data`` (``twins.py``) gives a twin of the function that finds other values there.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from gradwise.tracing.layout import copy_in_layout
from gradwise.tracing.purity.answering import find_stored
from gradwise.tracing.purity.buffers import are_apart
from gradwise.tracing.purity.class_members import found_under
from gradwise.tracing.purity.counters import Counter, holds_any
from gradwise.tracing.purity.expectations import parts_of
from gradwise.tracing.purity.function_attributes import attributes_expected
from gradwise.tracing.purity.lookups import cell_of, cell_value, look_up
from gradwise.tracing.purity.objects import MISSING, callable_parts, entries_of, has_entries, member
from gradwise.tracing.purity.scope import CACHED, INSIDE, Expected, Node, Unproven, is_data
from gradwise.tracing.purity.sharing import is_shared

if TYPE_CHECKING:
    from collections.abc import Hashable


#: what is left behind in an object or a list, and the kind of counter in which that is kept
_LEFT = {"appends": "log", "stores": "store", "transient": "transient"}


def is_moving(value: Any, expected: Expected, key: Any) -> bool:
    """Whether what is read of an object or a container that is differentiated is differentiated too: what it stores itself is.

    Raises
    ------
    Unproven
        For a cached property, which is computed anew.
    """
    if type(key) is tuple or expected.kind != "object":
        return type(key) is not tuple
    if type(member(type(value), key)) is functools.cached_property:
        raise Unproven(f"the cached property {key!r} of what is differentiated is computed anew")
    assert expected.reads is not None
    found = find_stored(value, key, expected.reads.members)
    return found is not None and found[0] == "entry"


def place_in(value: Any, expected: Expected, key: Any) -> Hashable:
    """The place of an attribute or an entry; None where its value cannot be exchanged."""
    if type(key) is tuple or expected.kind == "class":  # a function of a class, data of a class
        return None
    if expected.kind == "method":
        return None if key == "__func__" else ("receiver", id(value))
    if expected.kind == "object" and (not has_entries(value, key) or _is_seen(value, expected, key)):
        return None
    return "inside", id(value), key


def _is_seen(value: Any, expected: Expected, key: str) -> bool:
    """Whether it would be seen that a twin has data of its class itself: by ``vars(obj)``."""
    members = expected.reads.members if expected.reads is not None else {}
    return any(k[0] == "entries" for k in members) and key not in entries_of(value)


def read(
    function: Any,
    node: Node,
    objects: dict[int | str, Any],
    moving: dict[int | str, Any],
    remembered: set[Hashable] | None = None,
    memories: list[Any] | None = None,
) -> tuple[dict[Hashable, Any], list[Any], tuple[int, ...], list[Counter], dict[Hashable, Any]]:
    """The data at each place, the data that cannot be exchanged, in an order that depends on the node, which of what is found was found before (objects, functions and places), counters, and the arrays that are kept and written to, of which the data are copies (``buffers.py``).

    ``objects`` are the arguments, by position or name, that are no data: what is read of them is read too.  ``moving`` are those of them that are differentiated: their own data are
    differentiated, those that functions of their classes read are not.

    The places of what a call reads and then assigns (``remembered.py``) are put into ``remembered``, functions under ``lru_cache`` into ``memories``.

    The node must hold of the function.  What is counted in must not be found among the data (``Unproven``).  What is found through a module or a class (their entries, and what their functions read) cannot be exchanged, since the twin finds the real ones.
    """
    places: dict[Hashable, Any] = {}
    fixed: list[Any] = []
    seen: set[tuple[int, int, bool]] = set()
    passed: set[tuple[int, int]] = set()
    first: dict[Hashable, int] = {}
    again: list[int] = []
    counters: dict[Hashable, Counter] = {}
    buffers: dict[Hashable, Any] = {}
    #: every place of data, and every container that is looked into
    asked: set[Hashable] = set()
    containers: list[Any] = []
    #: the objects that are looked into, and whether attributes of some are assigned after they are read
    owners: list[Any] = []
    assigns = False
    count = 0

    def meet(identity: Hashable) -> None:
        """Note what was met before: two objects in the place of one and the same read other numbers."""
        nonlocal count
        known = first.setdefault(identity, count)
        if known != count:
            again.extend((known, count))
        count += 1

    def keep(place: Hashable, value: Any, *, direct: bool) -> None:
        if direct:
            meet(place)
            places[place] = value
        else:
            fixed.append(value)

    def count_in(counter: Counter, *, direct: bool) -> None:
        if not direct:
            raise Unproven(f"the counter {counter.key!r} is found through a module or a class")
        counters[counter.identity] = counter

    def follow(value: Any, expected: Expected, place: Hashable, *, direct: bool) -> None:
        nonlocal assigns
        if expected.kind == "data" and expected.object == "buffer":
            if not direct:
                raise Unproven("an array that it writes to is found through a module or a class")
            if place not in places:
                buffers[place] = value
            keep(place, copy_in_layout(value), direct=direct)
        elif expected.kind == "data":
            keep(place, value, direct=direct)
        elif expected.kind in ("sparse", "content"):
            fixed.append(value)
        elif expected.kind == "module":
            assert expected.reads is not None
            for name, inner in expected.reads.names.items():
                asked.add(("global", id(vars(value)), name))
                follow(vars(value).get(name, MISSING), inner, None, direct=False)
        elif expected.kind == "function":
            for n in expected.nodes:
                enter(value, n, direct=direct)
            own = attributes_expected(expected)
            if own is not None:
                follow(value, own, place, direct=direct)
        elif expected.kind in INSIDE:
            meet(id(value))
            if (id(value), id(expected), direct) in seen:
                return
            seen.add((id(value), id(expected), direct))
            if expected.kind == "sequence":
                containers.append(value)
            elif expected.kind == "object":
                owners.append(value)
            elif type(value) is CACHED and memories is not None:
                memories.append(value)
            for key, found, inner in parts_of(value, expected):
                if type(key) is tuple and key[0] == "counts":
                    count_in(
                        Counter("entry" if expected.kind == "tally" else "attribute", value, key[1]), direct=direct
                    )
                if type(key) is tuple and key[0] == "remembers" and not direct:
                    raise Unproven(f"the attribute {key[1]!r}, which it assigns, is found through a module or a class")
                if type(key) is tuple and key[0] == "remembers" and remembered is not None:
                    remembered.add(place_in(value, expected, key[1]))
                if type(key) is tuple and key[0] in _LEFT:
                    kept = Counter(_LEFT[key[0]], value, key[1])
                    if (
                        key[0] == "transient" and kept.identity in counters
                    ):  # under two names, each with what is assigned there
                        raise Unproven(f"it assigns the attribute {key[1]!r} under several names")
                    count_in(kept, direct=direct)
                assigns |= type(key) is tuple and key[0] == "remembers"
                asked.add(("attribute", id(value), key))
                where = place_in(value, expected, key)
                follow(found, inner, where, direct=direct and where is not None)

    def enter(f: Any, n: Node, *, direct: bool) -> None:
        meet(id(f))
        if (id(f), id(n), direct) in seen:
            return
        seen.add((id(f), id(n), direct))
        if n.receiver is not None:
            parts = callable_parts(f)
            assert parts is not None
            follow(parts[1], n.receiver, None, direct=True)
            if type(f) is functools.partial:  # the function behind it was found there
                return
            f, direct = parts[0], False  # the twin is called by way of its class
        for name, expected in n.reads.names.items():
            if expected.kind == "counter":
                count_in(Counter("global", f.__globals__, name), direct=direct)
                continue
            asked.add(("global", id(f.__globals__), name))
            follow(look_up(f, name), expected, ("global", id(f.__globals__), name), direct=direct)
        for name, expected in n.reads.cells.items():
            cell = cell_of(f, name)
            if expected.kind == "counter":
                count_in(Counter("cell", cell, ""), direct=direct)
                continue
            asked.add(("cell", id(cell), ""))
            follow(cell_value(f, name), expected, ("cell", id(cell)), direct=direct)
        for name, expected in n.reads.imports.items():
            follow(sys.modules.get(name, MISSING), expected, None, direct=False)
        for key, expected in n.reads.members.items():
            follow(found_under(key), expected, None, direct=False)
        for attribute, kind in (("__defaults__", "defaults"), ("__kwdefaults__", "keywords")):
            values = getattr(f, attribute)
            if values and attribute in n.reads.defaults:  # the twin has the real ones
                follow(values, n.reads.defaults[attribute], None, direct=False)
            elif values:
                keep((kind, id(f)), values, direct=direct)

    def pass_by(value: Any, expected: Expected) -> None:
        meet(id(value))
        if (id(value), id(expected)) in passed:
            return
        passed.add((id(value), id(expected)))
        for key, found, inner in parts_of(value, expected):
            if type(key) is tuple and (key[0] in ("counts", "remembers") or key[0] in _LEFT):
                raise Unproven(f"the counter {key[1]!r} belongs to what is differentiated")
            if inner.object == "buffer":
                raise Unproven("an array that it writes to belongs to what is differentiated")
            asked.add(("attribute", id(value), key))
            if not is_moving(value, expected, key):
                follow(found, inner, None, direct=False)
            elif inner.kind in INSIDE:
                pass_by(found, inner)
            elif not is_data(inner):
                follow(found, inner, None, direct=False)

    expected = node.arguments or {}
    for key, value in objects.items():
        follow(value, expected[key], None, direct=True)
    for key, value in moving.items():
        pass_by(value, expected[key])
    enter(function, node, direct=True)
    if not asked.isdisjoint(counters):
        raise Unproven("it reads what it also counts in, under another name")
    tallies = [c.owner for c in counters.values() if c.is_container]
    if tallies and holds_any([*places.values(), *fixed, *containers], tallies):
        raise Unproven("it counts in a container that it also reads, under another name")
    if (assigns or counters) and is_shared(owners, tallies, [*places.values(), *fixed, *containers]):
        raise Unproven("it assigns an attribute of an object that shares its attributes with another")
    others = [value for place, value in places.items() if place not in buffers]
    if buffers and not are_apart(buffers.values(), [*others, *fixed]):
        raise Unproven("it writes to an array that it also reads under another name")
    return places, fixed, tuple(again), list(counters.values()), buffers
