"""The data that a function reads beside its arguments, and the function with other data in their place.

A *place* is where a name finds its value: a dictionary of globals, a closure cell, the defaults of a function.  ``read`` lists the places of a function and of all that it calls with
what stands there now; ``with_data`` gives a twin of the function that finds other values there.  The real places are not touched: the twin has cells
of its own, and globals that look the real ones up at each read.
"""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.scope import MISSING, Expected, Node, cell_value, look_up
from gradwise.tracing.rebuilding import LiveGlobals

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


def _cell(function: types.FunctionType, name: str) -> Any:
    return (function.__closure__ or ())[function.__code__.co_freevars.index(name)]


def read(function: types.FunctionType, node: Node) -> tuple[dict[Hashable, Any], list[Any]]:
    """The data at each place, and the data that cannot be exchanged, in an order that depends on the node alone.

    The node must hold of the function.  What is found through a module (its entries, and what its functions read) cannot be exchanged, since the twin finds the real module.
    """
    places: dict[Hashable, Any] = {}
    fixed: list[Any] = []
    seen: set[tuple[int, int, bool]] = set()

    def keep(place: Hashable, value: Any, *, direct: bool) -> None:
        if direct:
            places[place] = value
        else:
            fixed.append(value)

    def follow(value: Any, expected: Expected, place: Hashable, *, direct: bool) -> None:
        if expected.kind == "data":
            keep(place, value, direct=direct)
        elif expected.kind == "module":
            assert expected.reads is not None
            for name, inner in expected.reads.names.items():
                follow(vars(value).get(name, MISSING), inner, None, direct=False)
        elif expected.kind == "function":
            for n in expected.nodes:
                enter(value, n, direct=direct)

    def enter(f: types.FunctionType, n: Node, *, direct: bool) -> None:
        if (id(f), id(n), direct) in seen:
            return
        seen.add((id(f), id(n), direct))
        for name, expected in n.reads.names.items():
            follow(look_up(f, name), expected, ("global", id(f.__globals__), name), direct=direct)
        for name, expected in n.reads.cells.items():
            follow(cell_value(f, name), expected, ("cell", id(_cell(f, name))), direct=direct)
        for name, expected in n.reads.imports.items():
            follow(sys.modules.get(name, MISSING), expected, None, direct=False)
        if f.__defaults__:
            keep(("defaults", id(f)), f.__defaults__, direct=direct)
        if f.__kwdefaults__:
            keep(("keywords", id(f)), f.__kwdefaults__, direct=direct)

    enter(function, node, direct=True)
    return places, fixed


def with_data(function: types.FunctionType, node: Node, data: dict[Hashable, Any]) -> types.FunctionType:
    """A twin of the function that finds ``data`` at their places; the function itself if it and what it calls read none."""
    made: dict[int, Any] = {}

    def twin(f: types.FunctionType, nodes: list[Node]) -> types.FunctionType:
        if id(f) in made:
            return made[id(f)]
        names: dict[str, Expected] = {}
        cells: dict[str, Expected] = {}
        for n in nodes:
            names.update(n.reads.names)
            cells.update(n.reads.cells)

        def answer(name: str, value: Any) -> Any:
            place = ("global", id(f.__globals__), name)
            if place in data:
                return data[place]
            expected = names.get(name)
            return twin(value, expected.nodes) if expected is not None and expected.nodes else value

        replaced = any(("global", id(f.__globals__), n) in data or e.nodes for n, e in names.items())
        globals_: dict[str, Any] = LiveGlobals(f.__globals__, answer) if replaced else f.__globals__
        own = [types.CellType() for _ in f.__code__.co_freevars]
        g = types.FunctionType(
            f.__code__, globals_, f.__name__, data.get(("defaults", id(f)), f.__defaults__), tuple(own)
        )
        g.__kwdefaults__ = data.get(("keywords", id(f)), f.__kwdefaults__)
        g.__qualname__, g.__module__ = f.__qualname__, f.__module__
        made[id(f)] = g
        _fill(own, f, cells, twin, data)
        return g

    return twin(function, [node]) if data else function


def _fill(
    own: list[Any],
    f: types.FunctionType,
    cells: dict[str, Expected],
    twin: Callable[..., Any],
    data: dict[Hashable, Any],
) -> None:
    for cell, name, there in zip(own, f.__code__.co_freevars, f.__closure__ or (), strict=True):
        place, expected = ("cell", id(there)), cells.get(name)
        if place in data:
            cell.cell_contents = data[place]
            continue
        value = cell_value(f, name)
        if value is MISSING:
            continue
        cell.cell_contents = twin(value, expected.nodes) if expected is not None and expected.nodes else value
