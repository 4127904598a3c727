"""A function with other data in the places where it reads them: ``with_data : (f, node, data) → twin``.

The real places are not touched: the twin has cells of its own, globals that look the real ones up at each read, and objects and lists of its own in the place of those that hold the data.
"""

from __future__ import annotations

import copy
import functools
import types
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.answering import is_hidden
from gradwise.tracing.purity.container_classes import copied_container, is_container
from gradwise.tracing.purity.counters import Counter
from gradwise.tracing.purity.expectations import parts_of
from gradwise.tracing.purity.function_attributes import attributes_expected
from gradwise.tracing.purity.lookups import cell_of, cell_value, look_up
from gradwise.tracing.purity.objects import MISSING, callable_parts, copied, entries_of
from gradwise.tracing.purity.reading import place_in
from gradwise.tracing.purity.scope import CACHED, Expected, Node
from gradwise.tracing.rebuilding import LiveGlobals

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

#: under which a twin of a function under ``lru_cache`` has the memory for which it stands
STANDS_FOR = "__gradwise_memory__"
_INSIDE = ("object", "sequence", "method", "partial", "tally")


def with_data(
    function: Any,
    node: Node,
    data: dict[Hashable, Any],
    objects: dict[int | str, Any] | None = None,
    counters: Sequence[Counter] = (),
) -> tuple[Any, dict[int | str, Any], list[list[tuple[Counter, int]]]]:
    """A twin of the function that finds ``data`` at their places, twins of the arguments that are objects, and for each of the ``counters`` those of the twins with their first values (more may come while the twin runs); themselves if there are no data and no counters."""
    if not data and not counters:
        return function, objects or {}, []
    twins = _Twins(data, counters)
    expected = node.arguments or {}
    for key, value in (objects or {}).items():
        twins.meet(value, expected[key])
    twins.meet_root(function, node)
    others = {key: twins.of(value, expected[key]) for key, value in (objects or {}).items()}
    twin = twins.of_root(function, node)
    return twin, others, [twins.counters_of(counter) for counter in counters]


def _is_rebuilt(expected: Expected) -> bool:
    return bool(expected.nodes) or expected.kind in _INSIDE or attributes_expected(expected) is not None


def _members(expected: Expected) -> list[tuple[Any, ...]]:
    return [] if expected.reads is None else list(expected.reads.members)


class _Twins:
    def __init__(self, data: dict[Hashable, Any], counters: Sequence[Counter]) -> None:
        self.data = data
        #: the counters of twins with their first values, by the identity of that for which they stand
        self.counting: dict[Hashable, list[tuple[Counter, int]]] = {counter.identity: [] for counter in counters}
        self.made: dict[int, Any] = {}
        #: what is expected of objects, and of functions, by their identity
        self.expected: dict[int, list[Expected]] = {}
        self.nodes: dict[int, list[Node]] = {}

    def counters_of(self, counter: Counter) -> list[tuple[Counter, int]]:
        """The counters in the place of one: each twin of a function has globals and cells of its own."""
        found = self.counting[counter.identity]
        if found or counter.kind in ("global", "cell"):
            return found
        # globals are looked up when the twin runs, so that the twin of what is found there may be missing yet
        twin = Counter(counter.kind, self.of(counter.owner, self.expected[id(counter.owner)][0]), counter.key)
        return [(twin, twin.value)]

    def meet(self, value: Any, expected: Expected) -> None:
        """Collect all that is expected of what is found in several places: it has one twin."""
        own = attributes_expected(expected)
        if own is not None:
            self.meet(value, own)
        if expected.nodes:
            self.meet_function(value, expected.nodes)
            return
        known = self.expected.setdefault(id(value), [])
        if expected.kind not in _INSIDE or expected in known:
            return
        known.append(expected)
        assert expected.reads is not None
        if expected.kind == "method":
            self.meet(value.__self__, expected.reads.names["__self__"])
            return
        for key, found, inner in parts_of(value, expected):
            if _is_rebuilt(inner) and place_in(value, expected, key) is not None:
                self.meet(found, inner)

    def meet_function(self, f: types.FunctionType, nodes: list[Node]) -> None:
        known = self.nodes.setdefault(id(f), [])
        for node in nodes:
            if node in known:
                continue
            known.append(node)
            for name, expected in node.reads.names.items():
                if _is_rebuilt(expected):
                    self.meet(look_up(f, name), expected)
            for name, expected in node.reads.cells.items():
                if _is_rebuilt(expected):
                    self.meet(cell_value(f, name), expected)

    def meet_root(self, function: Any, node: Node) -> None:
        if node.receiver is None:
            self.meet_function(function, [node])
            return
        parts = callable_parts(function)
        assert parts is not None
        self.meet(parts[1], node.receiver)

    def of_root(self, function: Any, node: Node) -> Any:
        if node.receiver is None:
            return self.of_function(function)
        parts = callable_parts(function)
        assert parts is not None
        receiver = self.of(parts[1], node.receiver)
        return types.MethodType(parts[0], receiver) if type(function) is types.MethodType else receiver

    def of(self, value: Any, expected: Expected) -> Any:
        """The twin of a value that is no data."""
        if type(value) is types.FunctionType and _is_rebuilt(expected):
            return self.of_function(value)
        if expected.kind not in _INSIDE:
            return value
        if id(value) in self.made:
            return self.made[id(value)]
        if expected.kind == "method":
            assert expected.reads is not None
            return types.MethodType(value.__func__, self.of(value.__self__, expected.reads.names["__self__"]))
        # a tuple is made anew below; copy.copy of a named one would leave a note in its class
        made: Any = (
            value
            if isinstance(value, tuple)
            else copied(value)
            if expected.kind == "object"
            else copied_container(value)
            if is_container(value)
            else copy.copy(value)
        )
        twin = self.made[id(value)] = made
        if expected.kind == "tally" and any(("lasts", "append") in _members(e) for e in self.expected[id(value)]):
            twin.clear()  # the last entry is one that the call appended, or the run raises
        if isinstance(value, tuple):
            del self.made[id(value)]  # made when its entries are known
        inside = self.inside(value)
        if expected.kind == "object":
            stored = self.stored(value, twin)
            for key, new in inside.items():
                if is_hidden(value, key):
                    stored[key] = new
                else:
                    object.__setattr__(twin, key, new)
        elif type(value) is CACHED:
            twin = self.made[id(value)] = functools.lru_cache(maxsize=None)(
                inside.get("__wrapped__", value.__wrapped__)
            )
            vars(twin)[STANDS_FOR] = value
        elif expected.kind == "partial":
            args, keywords = inside.get("args", value.args), inside.get("keywords", value.keywords)
            twin = self.made[id(value)] = functools.partial(inside.get("func", value.func), *args, **keywords)
        elif isinstance(value, tuple):
            entries = [inside.get(k, v) for k, v in enumerate(value)]
            twin = self.made[id(value)] = tuple.__new__(type(value), entries)
        else:
            for key, new in inside.items():
                twin[key] = new
        return twin

    def inside(self, value: Any) -> dict[Any, Any]:
        """The entries of a twin that are others."""
        inside: dict[Any, Any] = {}
        everything = [(place_in(value, e, key), key, found, inner) for e in self.expected[id(value)] for key, found, inner in parts_of(value, e)]  # fmt: skip
        for place, key, found, inner in everything:
            if place is None:
                continue
            if place in self.data:
                inside[key] = self.data[place]
            elif _is_rebuilt(inner):
                inside[key] = self.of(found, inner)
        return inside

    def stored(self, value: Any, twin: Any) -> dict[str, Any]:
        """The dictionary of a twin, without what is assigned before it is read, or the run raises."""
        stored = entries_of(twin)
        for kind, name in [key for e in self.expected[id(value)] for key in _members(e) if len(key) == 2]:
            if kind == "transient":
                stored.pop(name, None)
        return stored

    def of_function(self, f: types.FunctionType) -> types.FunctionType:
        if id(f) in self.made:
            return self.made[id(f)]
        names: dict[str, Expected] = {}
        cells: dict[str, Expected] = {}
        for n in self.nodes.get(id(f), ()):
            for table, reads in ((names, n.reads.names), (cells, n.reads.cells)):
                table.update({k: e for k, e in reads.items() if k not in table or _is_rebuilt(e)})
        data = self.data

        def answer(name: str, value: Any) -> Any:
            place = ("global", id(f.__globals__), name)
            if place in data:
                return data[place]
            expected = names.get(name)
            return self.of(value, expected) if expected is not None and _is_rebuilt(expected) else value

        counted = {n: f.__globals__[n] for n, e in names.items() if e.kind == "counter"}
        replaced = any(("global", id(f.__globals__), n) in data or _is_rebuilt(e) for n, e in names.items())
        globals_: dict[str, Any] = f.__globals__
        if replaced or counted:
            globals_ = LiveGlobals(f.__globals__, answer, counted)
        for name, count in counted.items():
            self.counting["global", id(f.__globals__), name].append((Counter("global", globals_, name), count))
        cells_of_twin = [types.CellType() for _ in f.__code__.co_freevars]
        g = types.FunctionType(
            f.__code__, globals_, f.__name__, data.get(("defaults", id(f)), f.__defaults__), tuple(cells_of_twin)
        )
        g.__kwdefaults__ = data.get(("keywords", id(f)), f.__kwdefaults__)
        g.__qualname__, g.__module__, g.__doc__ = f.__qualname__, f.__module__, f.__doc__
        self.made[id(f)] = g
        if isinstance(globals_, LiveGlobals):  # bodies of classes do not ask the dictionary, but look into it
            globals_.show({n: answer(n, f.__globals__[n]) for n in ("__name__", *names) if n in f.__globals__})
        if id(f) in self.expected:  # attributes of its own
            g.__dict__.update(f.__dict__)
            own = self.inside(f)
            self.stored(f, g).update(own)
        for cell, name in zip(cells_of_twin, f.__code__.co_freevars, strict=True):
            place, expected = ("cell", id(cell_of(f, name))), cells.get(name)
            value = data[place] if place in data else cell_value(f, name)
            if ("cell", id(cell_of(f, name)), "") in self.counting:
                self.counting["cell", id(cell_of(f, name)), ""].append((Counter("cell", cell, ""), value))
            if value is not MISSING:
                rebuilt = place not in data and expected is not None and _is_rebuilt(expected)
                cell.cell_contents = self.of(value, expected) if rebuilt else value  # type: ignore[arg-type]  # not None here
        return g
