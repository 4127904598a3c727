"""What the names of a function stand for, and what must be looked at again before that is believed at the next call."""

from __future__ import annotations

import sys
import types
import weakref
from typing import Any

import numpy as np

from gradwise.tracing.purity.callables import callee_of
from gradwise.tracing.purity.plain import arrays_in, is_plain
from gradwise.tracing.purity.values import DATA, OPAQUE, Known

MISSING = object()


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
        "data", "is", "module", "function", or "other" (of a type of which nothing is known).
    object : object
        The object itself, or for "function" and "other" a weak reference to it or to its type.
    reads : Reads or None
        Of a module.
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
    """What is read by name from the globals (or the entries of a module), from the closure, and by import."""

    __slots__ = ("cells", "imports", "names")

    def __init__(self) -> None:
        self.names: dict[str, Expected] = {}
        self.cells: dict[str, Expected] = {}
        self.imports: dict[str, Expected] = {}


class Node:
    """A function's code with what it reads."""

    __slots__ = ("code", "reads")

    def __init__(self, code: types.CodeType) -> None:
        self.code = code
        self.reads = Reads()


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


def classify(name: str, value: Any) -> tuple[Expected, Any]:
    """What must hold of a value that a name stands for, and the abstract value (OPAQUE for what is of no known type)."""
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
    if is_plain(value):
        return Expected("data"), DATA
    return Expected("other", weakref.ref(type(value))), OPAQUE


def holds(function: types.FunctionType, node: Node, visiting: dict[int, Any] | None = None) -> bool:
    """Whether a function with the node's code still reads what was read when the node was made."""
    if function.__code__ is not node.code:
        return False
    for defaults in (function.__defaults__, function.__kwdefaults__):
        if defaults is not None and not is_plain(defaults):
            return False
    visiting = {} if visiting is None else visiting
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


def _as_expected(value: Any, expected: Expected, visiting: dict[int, Any]) -> bool:
    kind = expected.kind
    if kind == "is":
        return value is expected.object
    if kind == "data":
        return value is not MISSING and is_plain(value)
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
    if expected.object is None:
        return value is MISSING
    return type(value) is expected.object()


def arrays_read(function: types.FunctionType, node: Node) -> list[np.ndarray]:
    """The arrays that a function of which the node holds reads, itself and through what it calls."""
    found: list[np.ndarray] = []
    pending: list[tuple[Any, Expected]] = []
    seen: set[tuple[int, int]] = set()

    def enter(f: types.FunctionType, n: Node) -> None:
        if (id(f), id(n)) in seen:
            return
        seen.add((id(f), id(n)))
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
