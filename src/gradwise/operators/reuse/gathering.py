"""Lines that look whether what was proved of a function still holds, and that gather the data that it reads: as ``holds`` and ``read`` of ``tracing/purity`` do, for one function.

    gather : (f, node) → lines, names of the data and of the fixed data

What the general walk decides anew at each call (which names are modules, functions, data) is written down once: 40 ns a name instead of 400.  It is stricter: a name that
stood for a function must stand for the very same one.  No strong reference is kept to what the function refers to, libraries excepted.
"""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.scope import MISSING, Expected, Node, cell_value, look_up

if TYPE_CHECKING:
    import types
    from collections.abc import Hashable

    from gradwise.execution.function_text import FunctionText


class Unsuitable(Exception):
    """The function reads something that is not gathered this way."""


class _Gathering:
    def __init__(self, text: FunctionText) -> None:
        self.text = text
        self.missing, self.modules = text.name(MISSING), text.name(sys.modules)
        self.places: dict[Hashable, str] = {}
        self.fixed: list[str] = []
        self._seen: set[tuple[int, int, bool]] = set()

    def keep(self, place: Hashable, expression: str, *, direct: bool) -> None:
        if direct and place in self.places:
            return
        variable = self.text.keep(expression)
        if direct:
            self.places[place] = variable
        else:
            self.fixed.append(variable)

    def follow(self, expression: str, value: Any, expected: Expected, place: Hashable, *, direct: bool) -> None:
        """``expression`` gives now what ``value`` is."""
        if expected.kind == "data":
            self.keep(place, expression, direct=direct)
        elif expected.kind == "is":
            self.text.leave_if(f"{expression} is not {self.text.name(expected.object)}")
        elif expected.kind == "module":
            module = self.text.name(expected.object, "m")
            self.text.leave_if(f"{expression} is not {module}")
            assert expected.reads is not None
            for name, inner in expected.reads.names.items():
                found = vars(value).get(name, MISSING)
                self.follow(f"{module}.__dict__.get({name!r}, {self.missing})", found, inner, None, direct=False)
        elif expected.kind == "function":
            variable = self.text.keep(expression)
            self.text.leave_if(f"{variable} is not {self.text.name(weakref.ref(value), 'r')}()")
            for node in expected.nodes:
                self.enter(variable, value, node, direct=direct)
        else:
            raise Unsuitable

    def enter(self, variable: str, f: types.FunctionType, node: Node, *, direct: bool) -> None:
        if (id(f), id(node), direct) in self._seen:
            return
        self._seen.add((id(f), id(node), direct))
        self.text.leave_if(f"{variable}.__code__ is not {self.text.name(node.code, 'k')}")
        for name, expected in node.reads.names.items():
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
            self.follow(expression, cell_value(f, name), expected, place, direct=direct)
        for name, expected in node.reads.imports.items():
            found = sys.modules.get(name, MISSING)
            self.follow(f"{self.modules}.get({name!r}, {self.missing})", found, expected, None, direct=False)
        for attribute, kind in (("__defaults__", "defaults"), ("__kwdefaults__", "keywords")):
            if getattr(f, attribute):
                self.keep((kind, id(f)), f"{variable}.{attribute}", direct=direct)
            else:
                self.text.leave_if(f"{variable}.{attribute}")


def gather(text: FunctionText, variable: str, function: types.FunctionType, node: Node) -> tuple[list[str], list[str]]:
    """Write the lines for a function (in ``variable``) of which the node holds now.

    Returns
    -------
    tuple of list of str
        The names of its data, in the order of ``reading.read``, and of the data that it finds through modules.

    Raises
    ------
    Unsuitable
        If the function reads something of unknown behaviour.
    """
    gathering = _Gathering(text)
    gathering.enter(variable, function, node, direct=True)
    return list(gathering.places.values()), gathering.fixed
