"""A function that looks whether what was proved of another still holds, and gathers the data that it reads: the same as ``holds`` and ``read`` of ``tracing/purity``, for one function.

    gatherer : (f, node) → (f → (data, fixed data), or None)

What the general walk decides anew at each call (which names are modules, functions, data) is written down once, as a Python function of a line a name: 40 ns each instead of 400.  It is stricter: a name that
stood for a function must stand for the very same one.  It holds no strong reference to what the function refers to, libraries excepted.
"""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.scope import MISSING, Expected, Node, cell_value, look_up

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Hashable


class Unsuitable(Exception):
    """The function reads something that is not gathered this way."""


class _Gathering:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"MISSING": MISSING, "modules": sys.modules}
        self.places: dict[Hashable, str] = {}
        self.fixed: list[str] = []
        self._seen: set[tuple[int, int, bool]] = set()
        self._count = 0

    def fresh(self, stem: str) -> str:
        self._count += 1
        return f"{stem}{self._count}"

    def named(self, value: Any, stem: str) -> str:
        name = self.fresh(stem)
        self.names[name] = value
        return name

    def require(self, condition: str) -> None:
        self.lines.append(f"if not ({condition}): return None")

    def keep(self, place: Hashable, expression: str, *, direct: bool) -> None:
        if direct and place in self.places:
            return
        variable = self.fresh("d")
        self.lines.append(f"{variable} = {expression}")
        if direct:
            self.places[place] = variable
        else:
            self.fixed.append(variable)

    def follow(self, expression: str, value: Any, expected: Expected, place: Hashable, *, direct: bool) -> None:
        """``expression`` gives now what ``value`` is."""
        if expected.kind == "data":
            self.keep(place, expression, direct=direct)
        elif expected.kind == "is":
            self.require(f"{expression} is {self.named(expected.object, 'c')}")
        elif expected.kind == "module":
            module = self.named(expected.object, "m")
            self.require(f"{expression} is {module}")
            assert expected.reads is not None
            for name, inner in expected.reads.names.items():
                found = vars(value).get(name, MISSING)
                self.follow(f"{module}.__dict__.get({name!r}, MISSING)", found, inner, None, direct=False)
        elif expected.kind == "function":
            variable = self.fresh("t")
            self.lines.append(f"{variable} = {expression}")
            self.require(f"{variable} is {self.named(weakref.ref(value), 'r')}()")
            for node in expected.nodes:
                self.enter(variable, value, node, direct=direct)
        else:
            raise Unsuitable

    def enter(self, variable: str, f: types.FunctionType, node: Node, *, direct: bool) -> None:
        if (id(f), id(node), direct) in self._seen:
            return
        self._seen.add((id(f), id(node), direct))
        self.require(f"{variable}.__code__ is {self.named(node.code, 'k')}")
        for name, expected in node.reads.names.items():
            place: Hashable = ("global", id(f.__globals__), name)
            if name in f.__globals__:
                expression = f"{variable}.__globals__.get({name!r}, MISSING)"
            else:
                self.require(f"{name!r} not in {variable}.__globals__")
                expression = f"{variable}.__builtins__.get({name!r}, MISSING)"
            self.follow(expression, look_up(f, name), expected, place, direct=direct)
        for name, expected in node.reads.cells.items():
            position = f.__code__.co_freevars.index(name)
            place = ("cell", id((f.__closure__ or ())[position]))
            expression = f"{variable}.__closure__[{position}].cell_contents"
            self.follow(expression, cell_value(f, name), expected, place, direct=direct)
        for name, expected in node.reads.imports.items():
            found = sys.modules.get(name, MISSING)
            self.follow(f"modules.get({name!r}, MISSING)", found, expected, None, direct=False)
        for attribute, kind in (("__defaults__", "defaults"), ("__kwdefaults__", "keywords")):
            if getattr(f, attribute):
                self.keep((kind, id(f)), f"{variable}.{attribute}", direct=direct)
            else:
                self.require(f"not {variable}.{attribute}")


def gatherer(
    function: types.FunctionType, node: Node
) -> Callable[[Any], tuple[tuple[Any, ...], tuple[Any, ...]] | None]:
    """For a function of which the node holds now.

    Returns
    -------
    callable
        Of the function; gives None where the node does not hold, else the data in the order of ``reading.read``.  May raise ValueError (an empty cell).

    Raises
    ------
    Unsuitable
        If the function reads something of unknown behaviour.
    """
    gathering = _Gathering()
    gathering.enter("f", function, node, direct=True)
    data = "".join(f"{d}, " for d in gathering.places.values())
    fixed = "".join(f"{d}, " for d in gathering.fixed)
    text = "\n    ".join(["def gather(f):", *gathering.lines, f"return ({data}), ({fixed})"])
    exec(compile(text, "<gradwise gathering>", "exec"), gathering.names)  # noqa: S102 - made of names that the code of the function reads
    return gathering.names["gather"]
