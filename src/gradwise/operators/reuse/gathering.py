"""Lines that look whether what was proved of a function still holds, and that gather the data that it reads: as ``holds`` and ``read`` of ``tracing/purity`` do, for one function.

    gather : (f, node) → lines, names of the data and of the fixed data

What the general walk decides anew at each call (which names are modules, functions, data) is written down once: 40 ns a name instead of 400.  It is stricter: a name that
stood for a function must stand for the very same one.  No strong reference is kept to what the function refers to, libraries excepted.
"""

from __future__ import annotations

import abc
import functools
import sys
import types
import weakref
from typing import TYPE_CHECKING, Any

from gradwise.operators.reuse.class_lines import ClassLines
from gradwise.operators.reuse.member_lines import write_member
from gradwise.operators.reuse.sharing_lines import leave_if_one, leave_if_shared
from gradwise.tracing import copy_in_layout
from gradwise.tracing.purity.buffers import is_buffer
from gradwise.tracing.purity.class_members import found_under
from gradwise.tracing.purity.container_classes import is_container
from gradwise.tracing.purity.defaults import has_defaults
from gradwise.tracing.purity.expectations import parts_of
from gradwise.tracing.purity.function_attributes import attributes_expected
from gradwise.tracing.purity.lookups import cell_value, look_up
from gradwise.tracing.purity.metaclasses import only_makes
from gradwise.tracing.purity.named_tuples import is_named_tuple
from gradwise.tracing.purity.objects import (
    MISSING,
    callable_parts,
    entries_of,
    is_defined,
    is_simple_member,
    matching,
)
from gradwise.tracing.purity.reading import is_moving, place_in
from gradwise.tracing.purity.scope import CACHED, INSIDE, Expected, Node, items_of
from gradwise.tracing.purity.sharing import holds_dict

if TYPE_CHECKING:
    from collections.abc import Hashable

    from gradwise.execution.function_text import FunctionText


class Unsuitable(Exception):
    """The function reads something that is not gathered this way."""


class _Gathering:
    def __init__(self, text: FunctionText, *, of_twin: bool = False) -> None:
        self.text = text
        #: whether the lines are for a twin of the function, whose functions are twins too
        self.of_twin = of_twin
        self.missing, self.modules = text.name(MISSING), text.name(sys.modules)
        self.places: dict[Hashable, str] = {}
        #: the variables of arrays that are written to, by those of their copies
        self.buffers: dict[str, str] = {}
        self.fixed: list[str] = []
        self._seen: set[tuple[int, int, bool]] = set()
        self._passed: set[tuple[int, int]] = set()
        #: the variables of what was tested, by its identity
        self._tested: dict[int, str] = {}
        self.classes = ClassLines(text)
        self._objects: dict[int, str] = {}
        #: what is counted in, as it is assigned
        self.counters: dict[Hashable, str] = {}
        #: the variables of objects with counters, the objects and the attributes; and the variables of objects and containers that are read, with what is expected of them
        self.counting: list[tuple[str, Any, str]] = []
        self.reading: list[tuple[str, Any, Expected]] = []
        #: the variables of data that are dictionaries or hold some
        self.dictionaries: list[str] = []
        #: the variables of containers that are counted in, by their identity
        self.tallies: dict[int, str] = {}
        #: the variables of functions under ``lru_cache``, by their identity
        self.memories: dict[int, str] = {}

    def keep(self, place: Hashable, expression: str, *, direct: bool) -> None:
        if direct and place in self.places:
            return
        variable = self.text.keep(expression)
        if direct:
            self.places[place] = variable
        else:
            self.fixed.append(variable)

    def buffer(self, place: Hashable, expression: str, *, direct: bool) -> None:
        """An array that is written to: what is read is a copy."""
        if not direct:
            raise Unsuitable
        if place not in self.places:
            variable = self.text.keep(expression)
            self.text.leave_if(f"not {self.text.name(is_buffer)}({variable})")
            self.places[place] = self.text.keep(f"{self.text.name(copy_in_layout)}({variable})")
            self.buffers[self.places[place]] = variable

    def follow(self, expression: str, value: Any, expected: Expected, place: Hashable, *, direct: bool) -> None:
        """``expression`` gives now what ``value`` is."""
        if expected.kind == "data" and expected.object == "buffer":
            self.buffer(place, expression, direct=direct)
        elif expected.kind == "data":
            self.keep(place, expression, direct=direct)
            if holds_dict(value):
                self.dictionaries.append(self.places[place] if direct else self.fixed[-1])
        elif expected.kind in ("sparse", "content"):
            self.fixed.append(self.text.keep(expression))
        elif expected.kind == "test":
            known = self._tested.get(id(value))
            if known is not None:  # the same thing is there
                self.text.leave_if(f"{expression} is not {known}")
                return
            known = self._tested[id(value)] = self.text.keep(expression)
            self.text.leave_if(f"not {self.text.name(expected.object)}({known})")
        elif expected.kind == "constant":
            self.text.leave_if(self.unlike(self.text.keep(expression), expected.object))
        elif expected.kind == "is":
            self.text.leave_if(f"{expression} is not {self.text.name(expected.object)}")
            if is_simple_member(value):
                self.text.leave_if(f"not {self.text.name(is_simple_member)}({expression})")
        elif expected.kind == "module":
            module = self.text.name(expected.object, "m")
            plain = self.text.name(types.ModuleType)
            self.text.leave_if(f"{expression} is not {module} or type({module}) is not {plain}")
            assert expected.reads is not None
            for key in expected.reads.members:
                self.matches(module, key)
            for name, inner in expected.reads.names.items():
                found = vars(value).get(name, MISSING)
                self.follow(f"{module}.__dict__.get({name!r}, {self.missing})", found, inner, None, direct=False)
        elif expected.kind == "function":
            variable = self.text.keep(expression)
            self.same(variable, value)
            for node in expected.nodes:
                self.enter(variable, value, node, direct=direct)
            own = attributes_expected(expected)
            if own is not None:
                self.inside(variable, value, own, direct=direct)
        elif expected.kind in INSIDE:
            self.inside(self.text.keep(expression), value, expected, direct=direct)
        elif expected.object is None:  # what must not be there
            self.text.leave_if(f"{expression} is not {self.missing}")
        else:
            raise Unsuitable

    def same(self, variable: str, value: Any) -> None:
        """The line that leaves unless a function is the one that was there, which may be gone: then its reference gives None."""
        if not self.of_twin:
            self.text.leave_if(f"{variable} is None or {variable} is not {self.text.name(weakref.ref(value), 'r')}()")

    def unlike(self, variable: str, constant: Any) -> str:
        """The condition that a variable is another than a text, a truth value or None."""
        if type(constant) in (str, list, tuple):
            kept = self.text.name(constant)
            other = f"type({variable}) is not {self.text.name(type(constant))} or {variable} != {kept}"
            is_mixed = f" or {{*map(type, {variable})}} != {self.text.name({str})}"
            return other if type(constant) is str or not constant else other + is_mixed
        return f"{variable} is not {constant!r}"

    def inside(self, variable: str, value: Any, expected: Expected, *, direct: bool) -> None:
        """An object, a class, or a list of them: what is read of it."""
        known = self._objects.setdefault(id(value), variable)
        if known is not variable:  # found twice: then it must be one object there too
            self.text.leave_if(f"{variable} is not {known}")
        if (id(value), id(expected), direct) in self._seen:
            return
        self._seen.add((id(value), id(expected), direct))
        kind = self.kind(variable, value, expected)
        if type(value) is CACHED:
            self.memories[id(value)] = variable
        if expected.kind == "tally":
            self.tally(variable, value, expected)
            return
        if expected.kind in ("object", "sequence"):
            self.reading.append((variable, value, expected))
        members = () if expected.reads is None else expected.reads.members
        for key, found, inner in parts_of(value, expected):
            if type(key) is tuple:
                write_member(self, variable if expected.kind == "object" else None, kind, value, key, found, inner)
                continue
            place = place_in(value, expected, key)
            read = f"{variable}[{self.key(key)}]" if expected.kind == "sequence" else f"{variable}.{key}"
            if expected.kind == "object" and ("hidden", key) in members:
                read = f"{variable}.__dict__[{key!r}]"
            elif expected.kind == "object":
                self.classes.stays(kind, type(value), key)
                if is_defined(type(value), "__getattr__") and key in entries_of(value):
                    read = f"{variable}.__dict__[{key!r}]"
            elif expected.kind == "class":
                self.classes.keeps_kind(kind, value, key)
            self.follow(read, found, inner, place, direct=direct and place is not None)

    def key(self, key: Any) -> str:
        """A key of a container, as it is written."""
        return repr(key) if type(key) in (int, str) else self.text.name(key)

    def tally(self, variable: str, value: Any, expected: Expected) -> None:
        """A list or dictionary in which entries are counted."""
        assert expected.reads is not None
        for kind, key in expected.reads.members:
            if kind in ("appends", "lasts"):
                continue
            if type(value) is list:
                self.text.leave_if(f"len({variable}) <= {key} or type({variable}[{key}]) is not int")
            else:
                self.text.leave_if(f"type({variable}.get({key!r})) is not int")
            self.counters["entry", id(value), key] = f"{variable}[{key!r}]"
        self.tallies.setdefault(id(value), variable)

    def kind(self, variable: str, value: Any, expected: Expected) -> str:
        """The lines that compare the type of what is in a variable; the name of its class."""
        kind, cls = f"type({variable})", type(value)
        if expected.kind == "sequence":
            self.text.leave_if(f"{kind} is not {self.text.name(cls)} or len({variable}) != {len(value)}")
            if issubclass(cls, dict):
                keys = [k for k, _ in items_of(value)]
                self.text.leave_if(f"list({variable}) != {self.text.name(keys)}")
                self.text.leave_if(f"[type(k) for k in {variable}] != {self.text.name([type(k) for k in keys])}")
            if cls not in (list, tuple, dict):
                test = is_named_tuple if issubclass(cls, tuple) else is_container
                self.text.leave_if(f"not {self.text.name(test)}({variable})")
        elif expected.kind in ("method", "tally", "partial"):
            self.text.leave_if(f"{kind} is not {self.text.name(cls)}")
        elif expected.kind == "class":
            kind, cls = variable, value
            self.text.leave_if(f"{variable} is not {self.text.name(weakref.ref(value), 'r')}()")
        else:
            kind = self.text.keep(kind)
            self.text.leave_if(f"{kind} is not {self.text.name(weakref.ref(cls), 'r')}()")
        if type(cls) is not type:  # the class of a class may be another one day
            self.text.leave_if(f"type({kind}) is not {self.text.name(type(cls))}")
            if type(cls) is not abc.ABCMeta:
                self.text.leave_if(f"not {self.text.name(only_makes)}(type({kind}))")
        if expected.kind in ("class", "object"):
            self.text.leave_if(f"{kind}.__getattribute__ is not {self.text.name(cls.__getattribute__)}")
        return kind

    def pass_by(self, variable: str, value: Any, expected: Expected) -> None:
        """An argument that is differentiated: what is read of its classes."""
        if (id(value), id(expected)) in self._passed:
            raise Unsuitable
        self._passed.add((id(value), id(expected)))
        kind = self.kind(variable, value, expected)
        members = () if expected.reads is None else expected.reads.members
        for key, found, inner in parts_of(value, expected):
            read = f"{variable}[{self.key(key)}]" if expected.kind == "sequence" else f"{variable}.{key}"
            if ("hidden", key) in members:
                raise Unsuitable
            if type(key) is not tuple and expected.kind == "object":
                self.classes.stays(kind, type(value), key)
            if type(key) is tuple:
                write_member(self, variable if expected.kind == "object" else None, kind, value, key, found, inner)
            elif not is_moving(value, expected, key):
                self.follow(read, found, inner, None, direct=False)
            elif inner.kind in INSIDE:
                self.pass_by(self.text.keep(read), found, inner)
            elif inner.kind != "data" or inner.object == "buffer":
                self.follow(read, found, inner, None, direct=False)

    def matches(self, variable: str, key: tuple[Any, ...]) -> None:
        """The line that leaves where other names begin and end so."""
        _, prefix, suffix, names = key
        self.text.leave_if(f"{self.text.name(matching)}({variable}, {prefix!r}, {suffix!r}) != {names!r}")

    def root(self, variable: str, function: Any, node: Node) -> None:
        """The function itself, or the method and its object."""
        if node.receiver is None:
            self.enter(variable, function, node, direct=True)
            return
        parts = callable_parts(function)
        assert parts is not None
        if type(function) is functools.partial:  # the function behind it is found there
            self.inside(variable, function, node.receiver, direct=True)
            return
        if function is parts[1]:
            receiver, behind = variable, f"type({variable}).__call__"
        else:
            receiver, behind = f"{variable}.__self__", f"{variable}.__func__"
        self.inside(self.text.keep(receiver), parts[1], node.receiver, direct=True)
        self.enter(self.text.keep(behind), parts[0], node, direct=False)

    def enter(self, variable: str, f: types.FunctionType, node: Node, *, direct: bool) -> None:
        if (id(f), id(node), direct) in self._seen:
            return
        self._seen.add((id(f), id(node), direct))
        self.text.leave_if(f"{variable}.__code__ is not {self.text.name(node.code, 'k')}")
        for name, expected in node.reads.names.items():
            if expected.kind == "counter":
                self.text.leave_if(f"type({variable}.__globals__.get({name!r})) is not int")
                self.counters["global", id(f.__globals__), name] = f"{variable}.__globals__[{name!r}]"
                continue
            place: Hashable = ("global", id(f.__globals__), name)
            if name in f.__globals__:
                expression = f"{variable}.__globals__.get({name!r}, {self.missing})"
            else:
                self.text.leave_if(f"{name!r} in {variable}.__globals__")
                expression = f"{variable}.__builtins__.get({name!r}, {self.missing})"
            self.follow(expression, look_up(f, name), expected, place, direct=direct)
        for name, expected in node.reads.cells.items():
            position = f.__code__.co_freevars.index(name)
            place = ("cell", id((f.__closure__ or ())[position]))
            expression = f"{variable}.__closure__[{position}].cell_contents"
            if expected.kind == "counter":
                self.text.leave_if(f"type({expression}) is not int")
                self.counters["cell", place[1], ""] = expression
                continue
            self.follow(expression, cell_value(f, name), expected, place, direct=direct)
        for name, expected in node.reads.imports.items():
            found = sys.modules.get(name, MISSING)
            self.follow(f"{self.modules}.get({name!r}, {self.missing})", found, expected, None, direct=False)
        for key, expected in node.reads.members.items():
            self.follow(f"{self.text.name(found_under)}({self.text.name(key)})", found_under(key), expected, None, direct=False)  # fmt: skip
        if node.reads.constants:
            self.text.leave_if(f"not {self.text.name(has_defaults)}({variable}, {self.text.name(node.reads.constants)})")  # fmt: skip
        for attribute, kind in (("__defaults__", "defaults"), ("__kwdefaults__", "keywords")):
            if attribute in node.reads.defaults:
                expected = node.reads.defaults[attribute]
                self.follow(f"{variable}.{attribute}", getattr(f, attribute), expected, None, direct=False)
            elif getattr(f, attribute):
                self.keep((kind, id(f)), f"{variable}.{attribute}", direct=direct)
            else:
                self.text.leave_if(f"{variable}.{attribute}")


def gather(
    text: FunctionText,
    variable: str,
    function: Any,
    node: Node,
    objects: dict[str, tuple[Any, Expected]],
    moving: dict[str, tuple[Any, Expected]],
    *,
    of_twin: bool = False,
) -> tuple[list[str], list[str], dict[Hashable, str], list[str], dict[str, str], dict[int, str]]:
    """Write the lines for a function (in ``variable``) of which the node holds now, and for those of its arguments that are objects, by their variables (``moving``: differentiated); ``of_twin``: for a twin of the function.

    Returns
    -------
    tuple
        The names of its data, in the order of ``reading.read``; of the data that it finds through modules; what is counted in, by the identity of counters; the names of containers that are counted in; those of arrays that are written to, by those of their copies, which are the data; and those of functions under ``lru_cache``, by their identity.

    Raises
    ------
    Unsuitable
        If the function reads something of unknown behaviour.
    """
    gathering = _Gathering(text, of_twin=of_twin)
    for name, (value, expected) in objects.items():
        gathering.follow(name, value, expected, None, direct=True)
    for name, (value, expected) in moving.items():
        gathering.pass_by(name, value, expected)
    gathering.root(variable, function, node)
    leave_if_one(text, gathering.counting, gathering.reading, gathering.tallies)
    if gathering.counting or gathering.tallies:
        leave_if_shared(text, gathering.reading, gathering.tallies.values(), gathering.dictionaries)
    places, tallies = list(gathering.places.values()), [*gathering.tallies.values()]
    return places, gathering.fixed, gathering.counters, tallies, gathering.buffers, gathering.memories
