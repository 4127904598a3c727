"""What the names of a function stand for, and what must be looked at again before that is believed at the next call."""

from __future__ import annotations

import sys
import types
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.callables import callee_of
from gradwise.tracing.purity.objects import (
    ENTRIES,
    MISSING,
    callable_parts,
    find,
    find_in_class,
    inherited,
    is_open,
    is_users_class,
    keeps,
)
from gradwise.tracing.purity.plain import arrays_in, is_numeric, is_plain
from gradwise.tracing.purity.values import ARRAY, DATA, OPAQUE, Known

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Unproven(Exception):
    """A reason why nothing is proved, with its line."""

    def __init__(self, reason: str, code: types.CodeType | None = None, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.line = line

    def __str__(self) -> str:
        return self.reason if self.code is None else f"{self.code.co_filename}:{self.line}: {self.reason}"


class Expected:
    """What a name must stand for: plain data, an object by identity, a module with what is read from it, or a function of which a verdict holds.

    Attributes
    ----------
    kind : str
        "data", "is", "module", "function", "class" (of the user's), "object" (of one), "sequence" (a list, tuple or dict that holds no data only), or "other" (of a type of which
        nothing is known).
    object : object
        The object itself; "numbers" for data that are a number or an array of numbers; or for "function" and "class" a weak reference to it, for "object" and "other" one to its type; for "sequence" its type.
    reads : Reads or None
        Of a module, a class, an object or a sequence.
    nodes : list of Node
        What was found of a function: any function of which it holds will do.
    """

    __slots__ = ("kind", "nodes", "object", "reads")

    def __init__(self, kind: str, object_: Any = None, reads: Reads | None = None) -> None:
        self.kind = kind
        self.object = object_
        self.reads = reads
        self.nodes: list[Node] = []


class Reads:
    """What is read by name from the globals (or the entries of a module, an object, a sequence), from the closure, by import, and from classes.

    ``members`` are the functions of a class, by the kind of attribute (``objects.py``) and its name; by ("super", a weak reference to the class, name) for one found by ``super()``; by
    ("default", name) for what must be that of ``object``, and by ("keeps", name) for what instances keep.
    """

    __slots__ = ("cells", "imports", "members", "names")

    def __init__(self) -> None:
        self.names: dict[Any, Expected] = {}
        self.cells: dict[str, Expected] = {}
        self.imports: dict[str, Expected] = {}
        self.members: dict[tuple[Any, ...], Expected] = {}


class Node:
    """A function's code with what it reads; of the function that is differentiated also what it is called with.

    Attributes
    ----------
    receiver : Expected or None
        The object with which it is called, if it is a method.
    arguments : dict or None
        What its arguments must be, by position or name; None for any plain data.
    """

    __slots__ = ("arguments", "code", "reads", "receiver")

    def __init__(self, code: types.CodeType) -> None:
        self.code = code
        self.reads = Reads()
        self.receiver: Expected | None = None
        self.arguments: dict[int | str, Expected] | None = None


def is_users_function(value: Any) -> bool:
    """Whether a value is a function whose code is to be looked at: written in Python, and not one of NumPy's or ours."""
    return type(value) is types.FunctionType and (value.__module__ or "").split(".")[0] not in (
        "numpy",
        "scipy",
        "gradwise",
    )


def look_up(function: types.FunctionType, name: str) -> Any:
    """The value of a global or builtin name now; MISSING if there is none."""
    value = function.__globals__.get(name, MISSING)
    anything: Any = function  # the stubs of some versions do not know __builtins__
    return anything.__builtins__.get(name, MISSING) if value is MISSING else value


def cell_value(function: types.FunctionType, name: str) -> Any:
    """The value of a free variable now; MISSING if it has none."""
    cell = (function.__closure__ or ())[function.__code__.co_freevars.index(name)]
    try:
        value = cell.cell_contents
    except ValueError:  # not assigned yet
        return MISSING
    return value


def classify(value: Any, known: dict[int, tuple[Any, Expected, Any]]) -> tuple[Expected, Any]:
    """What must hold of a value that a name stands for, and the abstract value (OPAQUE for what is of no known type).

    ``known`` collects classes, objects and sequences, by identity: what is read of one is read of it wherever it is found.
    """
    if value is MISSING:
        return Expected("other", None), OPAQUE
    if type(value) is types.ModuleType:
        expected = Expected("module", value, Reads())
        return expected, Known(value, expected)
    if callee_of(value) is not None or is_type(value):
        return Expected("is", value), Known(value)
    if is_users_function(value):
        expected = Expected("function", weakref.ref(value))
        return expected, Known(value, expected)
    if is_numeric(value):
        return Expected("data", "numbers"), ARRAY
    if is_plain(value):
        return Expected("data"), DATA
    seen = known.get(id(value))
    if seen is not None:
        return seen[1], seen[2]
    cls = type(value)
    if is_users_class(value):
        expected = Expected("class", weakref.ref(value), Reads())
    elif is_users_class(cls):
        expected = Expected("object", weakref.ref(cls), Reads())
    elif cls in (list, tuple, dict) and 0 < len(value) <= ENTRIES:
        return _sequence(value, known)
    elif value is super or value is getattr:
        return Expected("is", value), Known(value)
    else:
        return Expected("other", weakref.ref(cls)), OPAQUE
    known[id(value)] = value, expected, Known(value, expected)
    return expected, known[id(value)][2]


def items_of(sequence: Any) -> list[tuple[Any, Any]]:
    """The entries of a list, tuple or dict with their indices or keys."""
    return list(sequence.items() if type(sequence) is dict else enumerate(sequence))


def _sequence(value: Any, known: dict[int, tuple[Any, Expected, Any]]) -> tuple[Expected, Any]:
    expected = Expected("sequence", type(value), Reads())
    entry: tuple[Any, Expected, Any] = (value, expected, Known(value, expected))
    known[id(value)] = value, Expected("other", weakref.ref(type(value))), OPAQUE  # should it hold itself
    for key, inner in items_of(value):
        if type(key) not in (int, str):
            return known[id(value)][1:]
        found, abstract = classify(inner, known)
        if abstract is OPAQUE:
            return known[id(value)][1:]
        assert expected.reads is not None
        expected.reads.names[key] = found
    known[id(value)] = entry
    return entry[1:]


def holds(function: Any, node: Node, visiting: dict[int, Any] | None = None) -> bool:
    """Whether a function with the node's code still reads what was read when the node was made."""
    visiting = {} if visiting is None else visiting
    if node.receiver is not None:
        parts = callable_parts(function)
        if parts is None or not _as_expected(parts[1], node.receiver, visiting):
            return False
        function = parts[0]
    elif type(function) is not types.FunctionType:
        return False
    if function.__code__ is not node.code:
        return False
    for defaults in (function.__defaults__, function.__kwdefaults__):
        if defaults is not None and not is_plain(defaults):
            return False
    known = visiting.get(id(node))
    if known is not None:
        return known is function
    visiting[id(node)] = function
    reads = node.reads
    for name, expected in reads.names.items():
        if not _as_expected(look_up(function, name), expected, visiting):
            return False
    for name, expected in reads.cells.items():
        if not _as_expected(cell_value(function, name), expected, visiting):
            return False
    for name, expected in reads.imports.items():
        if not _as_expected(sys.modules.get(name, MISSING), expected, visiting):
            return False
    del visiting[id(node)]
    return True


def accepts(node: Node, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a function of which the node holds may be called with these arguments."""
    expected = node.arguments
    if expected is None:
        return is_plain(tuple(args)) and is_plain(dict(kwargs))
    given = by_place(args, kwargs)
    return given.keys() == expected.keys() and all(_as_expected(v, expected[k], {}) for k, v in given.items())


def by_place(args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[int | str, Any]:
    """The arguments of a call by position or name."""
    found: dict[int | str, Any] = dict(enumerate(args))
    found.update(kwargs)
    return found


def _as_expected(value: Any, expected: Expected, visiting: dict[int, Any]) -> bool:
    kind = expected.kind
    if kind == "is":
        return value is expected.object
    if kind == "data":
        return is_numeric(value) if expected.object is not None else value is not MISSING and is_plain(value)
    if kind == "module":
        if value is not expected.object:
            return False
        assert expected.reads is not None
        entries = value.__dict__
        return all(_as_expected(entries.get(n, MISSING), e, visiting) for n, e in expected.reads.names.items())
    if kind == "function":
        if not expected.nodes:
            return value is expected.object()
        return is_users_function(value) and all(holds(value, node, visiting) for node in expected.nodes)
    if kind in ("object", "class", "sequence"):
        known = visiting.get(id(expected))
        if known is not None:
            return known is value
        visiting[id(expected)] = value
        found = value is not MISSING and _inside(value, expected, visiting)
        del visiting[id(expected)]
        return found
    if expected.object is None:
        return value is MISSING
    return type(value) is expected.object()


def _inside(value: Any, expected: Expected, visiting: dict[int, Any]) -> bool:
    """Whether a class, an object or a sequence holds what was read of it."""
    if expected.kind == "sequence":
        if type(value) is not expected.object:
            return False
        assert expected.reads is not None
        if [key for key, _ in items_of(value)] != list(expected.reads.names):
            return False
    elif expected.kind == "class":
        if value is not expected.object() or not is_users_class(value):
            return False
    elif type(value) is not expected.object() or not is_open(value):
        return False
    return all(_as_expected(inner, e, visiting) for _, inner, e in parts_of(value, expected))


def parts_of(value: Any, expected: Expected) -> Iterator[tuple[Any, Any, Expected]]:
    """What was read of a class, an object or a sequence, as it is now: key, value (MISSING if it is of another kind) and what must hold of it.

    The key is a name or an index for data, and that of ``Reads.members`` for a function of a class.
    """
    assert expected.reads is not None
    for name, inner in expected.reads.names.items():
        if expected.kind == "sequence":
            yield name, value[name], inner
            continue
        found = find(value, name) if expected.kind == "object" else find_in_class(value, name)
        yield name, found[1] if found is not None and found[0] in ("entry", "shared") else MISSING, inner
    for key, inner in expected.reads.members.items():
        if key[0] == "super":
            function = inherited(value if expected.kind == "class" else type(value), key[1](), key[2])
            yield key, MISSING if function is None else function, inner
            continue
        if key[0] == "keeps":
            yield key, keeps(value, key[1]), inner
            continue
        if key[0] == "default":
            yield key, getattr(value, key[1]), inner
            continue
        found = find(value, key[1]) if expected.kind == "object" else find_in_class(value, key[1])
        yield key, found[1] if found is not None and found[0] == key[0] else MISSING, inner


def arrays_read(function: Any, node: Node, arguments: dict[int | str, Any]) -> list[np.ndarray]:
    """The arrays that a function of which the node holds is given or reads, itself and through what it calls."""
    found: list[np.ndarray] = []
    pending: list[tuple[Any, Expected]] = []
    for place, expected in (node.arguments or {}).items():
        pending.append((arguments[place], expected))
    seen: set[tuple[int, int]] = set()

    def enter(f: Any, n: Node) -> None:
        if (id(f), id(n)) in seen:
            return
        seen.add((id(f), id(n)))
        if n.receiver is not None:
            f, receiver = callable_parts(f) or (f, MISSING)
            pending.append((receiver, n.receiver))
        pending.extend((look_up(f, name), e) for name, e in n.reads.names.items())
        pending.extend((cell_value(f, name), e) for name, e in n.reads.cells.items())
        pending.extend((sys.modules.get(name, MISSING), e) for name, e in n.reads.imports.items())
        found.extend(arrays_in([f.__defaults__ or (), f.__kwdefaults__ or {}]))

    enter(function, node)
    while pending:
        value, expected = pending.pop()
        if expected.kind == "data":
            found.extend(arrays_in(value))
        elif expected.kind == "module" and expected.reads is not None:
            entries = vars(value)
            pending.extend((entries.get(n, MISSING), e) for n, e in expected.reads.names.items())
        elif expected.kind == "function":
            for n in expected.nodes:
                enter(value, n)
        elif expected.kind in ("object", "class", "sequence") and (id(value), id(expected)) not in seen:
            seen.add((id(value), id(expected)))
            pending.extend((inner, e) for _, inner, e in parts_of(value, expected))
    return found


class _Types(frozenset[int]):
    """Types that may be asked for and given as dtypes, by identity."""

    def __contains__(self, value: object) -> bool:
        return super().__contains__(id(value))


_TYPE_LIST = (float, int, complex, bool, str, list, tuple, dict, type(None), np.ndarray, np.generic, np.number, np.floating, np.integer, np.complexfloating, np.inexact,
              np.float64, np.float32, np.int64, np.int32, np.intp, np.complex128, np.complex64, np.bool_, np.errstate)  # fmt: skip
_TYPES = _Types(id(t) for t in _TYPE_LIST)
#: types that are numbers' dtypes
DTYPES = _Types(id(t) for t in _TYPE_LIST[:4] + _TYPE_LIST[16:24])


def is_type(value: Any) -> bool:
    """Whether a value is a type that may be asked for, given as a dtype, or raised."""
    return value in _TYPES or (isinstance(value, type) and issubclass(value, BaseException))
