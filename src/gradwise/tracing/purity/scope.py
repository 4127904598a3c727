"""What the names of a function stand for, and what must be looked at again before that is believed at the next call."""

from __future__ import annotations

import enum
import functools
import types
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.instrument.boxed import behind
from gradwise.tracing.purity.bounds import compared
from gradwise.tracing.purity.callables import ANEW, CONTAINERS, CONTEXTS, GETTERS, JOINERS, KEYS, WRITERS, callee_of
from gradwise.tracing.purity.container_classes import is_container
from gradwise.tracing.purity.distributions import (
    MethodOfDistribution,
    distribution_test,
    is_distribution,
    method_test,
)
from gradwise.tracing.purity.draws import MAKERS
from gradwise.tracing.purity.fixed import fixed_test, is_fact, is_fixed, is_fixed_type
from gradwise.tracing.purity.interpolators import content_of, is_maker, kind_of_content
from gradwise.tracing.purity.named_tuples import is_named_tuple, is_record_type, record_test
from gradwise.tracing.purity.objects import (
    ENTRIES,
    MISSING,
    NAMES,
    NUMBER_CLASSES,
    callable_parts,
    is_member,
    is_simple_member,
    is_users_class,
    member_test,
    members_test,
)
from gradwise.tracing.purity.outlets import is_logger, logger_test
from gradwise.tracing.purity.plain import is_numeric, is_plain
from gradwise.tracing.purity.polynomials import makes_polynomial
from gradwise.tracing.purity.solver_names import solver_name
from gradwise.tracing.purity.sparse import makes_matrix, parts_of_matrix
from gradwise.tracing.purity.tables import holds_numbers, is_table, outline, table
from gradwise.tracing.purity.values import (
    ARRAY,
    DATA,
    GRID,
    OPAQUE,
    SCALAR,
    VECTOR,
    WHOLE,
    Bound,
    Constant,
    Fixed,
    Getter,
    Known,
    Table,
    Words,
)

if TYPE_CHECKING:
    pass


class Unproven(Exception):
    """A reason why nothing is proved, with its line."""

    def __init__(
        self, reason: str, code: types.CodeType | None = None, line: int | None = None, *, overwrites: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        #: whether it is that an array is written to which was there before the call (``buffers.py``)
        self.overwrites = overwrites
        self.code = code
        self.line = line

    def __str__(self) -> str:
        return self.reason if self.code is None else f"{self.code.co_filename}:{self.line}: {self.reason}"


class Ends(Exception):
    """A way through the code that ends where it stands, as far as is known: an exception is raised, or a call never returns."""


class Expected:
    """What a name must stand for: plain data, an object by identity, a module with what is read from it, or a function of which a verdict holds.

    Attributes
    ----------
    kind : str
        "data", "constant" (a text, a list of texts, a truth value or None, which may decide what else is read), "is", "module", "function", "method" (of an object of the user's), "class" (of the
        user's), "object" (of one), "sequence" (a list, tuple or dict whose entries are looked into), "partial" (a function with arguments that it holds, or with a memory of results), "counter" (an integer that is counted on), "tally" (a list or dict of these), "sparse" (a sparse matrix), "content" (an interpolator), "test" (what a function says of it), or
        "other" (of a type of which nothing is known).
    object : object
        The object itself; "numbers" for data that are a number or an array of numbers, "number" (which is no "integer"), "integer", "vector" and "grid" (with two axes) for one of these, "buffer" for an array that is written to (``buffers.py``), the outline of data that are a table (``tables.py``); for "test" what must be true of it; or for "function" and "class" a weak reference to it, for "object" and "other" one to its type; for "sequence" and "tally" its type.
    reads : Reads or None
        Of a module, a class, an object, a sequence or a method (its object and its function); of a function that which holds of its attributes (``function_attributes.py``).
    is_data : bool
        Of a sequence: whether it holds nothing but data.
    nodes : list of Node
        What was found of a function: any function of which it holds will do.
    """

    __slots__ = ("is_data", "kind", "nodes", "object", "reads")

    def __init__(self, kind: str, object_: Any = None, reads: Reads | None = None) -> None:
        self.is_data = False
        self.kind = kind
        self.object = object_
        self.reads = reads
        self.nodes: list[Node] = []


def is_data(expected: Expected) -> bool:
    """Whether what must hold is that a value is plain data."""
    return expected.kind in ("data", "constant") or expected.is_data


#: kinds of what holds something that is looked at again
INSIDE = ("object", "class", "sequence", "method", "partial", "tally")


class Reads:
    """What is read by name from the globals (or the entries of a module, an object, a sequence), from the closure, by import, and from classes.

    ``members`` are the functions of a class, by the kind of attribute (``objects.py``) and its name; by ("super", a weak reference to the class, name) for one found by ``super()``; by
    ("absent", name) for what an object does not have; by ("default", name) for what must be that of ``object``, by ("defined", name) for whether there is something
    under that name, by ("derived", a weak reference to a class) for whether it is a base, by ("keeps", name) for what instances keep, by ("registered", True) for an abstract class with which no plain type is registered, by ("fields", form) for those of a dataclass, by ("type",) for the class of an object, by ("entries", names) for the names in its dictionary, by ("matching", prefix, suffix, names) for the names that
    begin and end so (of a module too), by ("entrywise", otypes) for what ``np.vectorize`` makes, by ("counts", name) for a counter (``counters.py``), and by
    ("appends", name), ("lasts", name), ("stores", name), ("transient", name) and ("remembers", name) for what is left behind (``leaving.py``, ``transient.py``, ``remembered.py``).
    """

    __slots__ = ("cells", "constants", "defaults", "imports", "members", "names")

    def __init__(self) -> None:
        #: defaults that count by value, by where they are kept and their place there
        self.constants: dict[tuple[str, Any], Any] = {}
        #: what must hold of defaults that are not plain data, by where they are kept
        self.defaults: dict[str, Expected] = {}
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


def is_written_in_python(value: Any) -> bool:
    """Whether a value is a function written in Python, and not one of NumPy's or ours."""
    return type(value) is types.FunctionType and (value.__module__ or "").split(".")[0] not in (
        "numpy",
        "scipy",
        "gradwise",
    )


def is_users_function(value: Any) -> bool:
    """Whether a value is a function whose code is to be looked at: written in Python, with names that are found in plain dictionaries."""
    return is_written_in_python(value) and type(value.__globals__) is dict and type(value.__builtins__) is dict


def held_by_getter(value: Any) -> tuple[Any, ...] | None:
    """What ``operator.itemgetter("w")`` and its like, made before the call, take; None where that is more than names and integers."""
    made, held, *_ = value.__reduce__()
    known = made is type(value) and all(type(k) in (int, str) for k in held)
    return tuple([Constant(k) for k in held]) if known else None


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
        return _boxed(value, known) or (expected, Known(value, expected))
    cls = type(value)
    if any(value is one for one in ANEW):
        return Expected("is", value), Known(value)
    if cls is bool or cls is str or value is None:
        return Expected("constant", value), Constant(value)
    if is_numeric(value):
        if cls is not np.ndarray:
            return (Expected("data", "integer"), WHOLE) if cls is int else (Expected("data", "number"), SCALAR)
        if value.ndim in (1, 2):
            return (Expected("data", "vector"), VECTOR) if value.ndim == 1 else (Expected("data", "grid"), GRID)
        return Expected("data", "numbers"), ARRAY
    seen = known.get(id(value))
    if seen is not None:
        return seen[1], seen[2]
    if cls in (list, tuple) and len(value) <= NAMES and all(type(v) is str for v in value):
        return Expected("constant", cls(value)), Words(frozenset(value))
    if is_table(value):
        found = outline(value)
        return Expected("data", found), table(value, found)
    if cls in (list, tuple, dict) and 0 < len(value) <= ENTRIES and _is_worth_it(value):
        return _sequence(value, known)
    if holds_numbers(value):
        return Expected("data", "scalars"), Table(SCALAR, cls is dict)
    if is_plain(value):
        return Expected("data"), DATA
    if is_fact(value):
        return Expected("is", value), Constant(value)
    parts = callable_parts(value) if cls is types.MethodType else None
    if parts is not None and is_users_function(parts[0]):
        return _method(value, parts, known)
    if is_users_class(value):
        expected = Expected("class", weakref.ref(value), Reads())
    elif is_users_class(cls):
        expected = Expected("object", weakref.ref(cls), Reads())
    elif cls in (list, tuple, dict) and 0 < len(value) <= ENTRIES:
        return _sequence(value, known)
    elif cls in HELD:
        return _holding(value, known)
    elif parts_of_matrix(value) is not None:
        expected = Expected("sparse", weakref.ref(cls))
    elif content_of(value) is not None:
        return Expected("content", weakref.ref(cls)), kind_of_content(value)
    elif (is_named_tuple(value) or is_container(value)) and 0 < len(value) <= ENTRIES:
        return _sequence(value, known)
    elif is_record_type(value):
        expected = Expected("test", record_test(value))
    elif is_logger(value) or is_fixed_type(value):
        return (Expected("test", logger_test(value)) if is_logger(value) else Expected("is", value)), Known(value)
    elif is_distribution(value):
        return Expected("test", distribution_test(value)), Known(value)
    elif (test := method_test(value)) is not None:
        return Expected("test", test), MethodOfDistribution(value.__name__)
    elif (content := compared(value)) is not None:
        return Expected("test", content[0]), content[1]
    elif is_fixed(value):
        return Expected("test", fixed_test(value)), Fixed(type(value))
    elif is_member(value):
        expected = Expected("test", member_test(value))
        expected.is_data = not is_simple_member(value)
        return expected, Known(value, expected if expected.is_data else None)
    elif isinstance(value, enum.EnumMeta) and len(value.__members__) <= ENTRIES:
        return Expected("test", members_test(value)), Known(value)
    elif cls in GETTERS and (held := held_by_getter(value)) is not None:
        return Expected("is", value), Getter(cls, held, ())
    elif any(value is f for f in _BY_NAME) or is_maker(value) or makes_polynomial(value) or makes_matrix(value) or solver_name(value) or cls is type:  # fmt: skip
        return Expected("is", value), Known(value)  # a class may be asked for, as in isinstance(x, Frame)
    else:
        return Expected("other", weakref.ref(cls)), OPAQUE
    known[id(value)] = value, expected, Known(value, expected)
    return expected, known[id(value)][2]


#: functions that are understood where they are called
_BY_NAME = (
    *CONTEXTS,
    functools.partial,
    *GETTERS,
    super,
    getattr,
    setattr,
    hasattr,
    vars,
    eval,
    globals,
    *MAKERS,
    *WRITERS,
    *CONTAINERS,
    *JOINERS,
    *KEYS,
)


def _is_worth_it(value: Any) -> bool:
    """Whether a container holds texts, which may be names, and can be looked into entry by entry."""
    if type(value) is dict and not all(type(k) in (int, str) for k in value):
        return False
    entries = value.values() if type(value) is dict else value
    return any(type(v) is str or (type(v) in (list, tuple, dict) and _holds_texts(v)) for v in entries)


def _holds_texts(row: Any) -> bool:
    """Whether a row, or a record under texts for keys, holds texts."""
    if type(row) is dict and not all(type(k) is str for k in row):
        return False
    return any(type(v) is str for v in (row.values() if type(row) is dict else row))


def _method(value: Any, parts: tuple[Any, Any], known: dict[int, tuple[Any, Expected, Any]]) -> tuple[Expected, Any]:
    function, owner = parts
    expected = Expected("method", types.MethodType, Reads())
    found, receiver = classify(owner, known)
    if receiver is OPAQUE:
        return Expected("other", weakref.ref(types.MethodType)), OPAQUE
    assert expected.reads is not None
    expected.reads.names["__self__"] = found
    behind = expected.reads.names["__func__"] = Expected("function", weakref.ref(function))
    known[id(value)] = value, expected, Bound(Known(function, behind), receiver)
    return known[id(value)][1:]


#: functions with arguments that they hold, and functions with a memory of results: what is read of them
CACHED = type(functools.lru_cache(len))
HELD: dict[Any, tuple[str, ...]] = {functools.partial: ("func", "args", "keywords"), CACHED: ("__wrapped__",)}


def _boxed(value: Any, known: dict[int, tuple[Any, Expected, Any]]) -> tuple[Expected, Any] | None:
    """A function of ``autograd.numpy``: the one of NumPy's that it stands around, or one of autograd's own; None for any other."""
    raw = behind(value)
    if raw is None:
        return None
    expected, abstract = classify(raw, known)
    if expected.kind == "is" or (expected.kind == "function" and raw.__module__.startswith("autograd.")):
        return Expected("is", value), abstract
    if expected.kind != "test":
        return None
    return Expected("test", lambda found: found is value and expected.object(raw)), abstract


def _holding(value: Any, known: dict[int, tuple[Any, Expected, Any]]) -> tuple[Expected, Any]:
    """A function with arguments that it holds, or with a memory: what is behind is looked into."""
    cls: Any = type(value)
    expected = Expected("partial", cls, Reads())
    other = Expected("other", weakref.ref(cls))
    known[id(value)] = value, other, OPAQUE  # should it hold itself
    assert expected.reads is not None
    for name in HELD[cls]:
        inner: Any = getattr(value, name, ())
        held = type(inner) in (tuple, dict) and len(inner) > 0
        found, abstract = (_sequence if held else classify)(inner, known)
        if abstract is OPAQUE:
            return other, OPAQUE
        expected.reads.names[name] = found
    known[id(value)] = value, expected, Known(value, expected)
    return known[id(value)][1:]


def items_of(sequence: Any) -> list[tuple[Any, Any]]:
    """The entries of a list, tuple or dict with their indices or keys."""
    return list(sequence.items() if isinstance(sequence, dict) else enumerate(sequence))


def _sequence(value: Any, known: dict[int, tuple[Any, Expected, Any]]) -> tuple[Expected, Any]:
    expected = Expected("sequence", type(value), Reads())
    entry: tuple[Any, Expected, Any] = (value, expected, Known(value, expected))
    known[id(value)] = value, Expected("other", weakref.ref(type(value))), OPAQUE  # should it hold itself
    for key, inner in items_of(value):
        if type(key) not in (int, str) and not is_simple_member(key):
            return known[id(value)][1:]
        found, abstract = classify(inner, known)
        if abstract is OPAQUE:
            return known[id(value)][1:]
        assert expected.reads is not None
        expected.reads.names[key] = found
    expected.is_data = is_plain(value)
    known[id(value)] = entry
    return entry[1:]


class _Types(frozenset[int]):
    """Types that may be asked for and given as dtypes, by identity."""

    def __contains__(self, value: object) -> bool:
        return super().__contains__(id(value))


_TYPE_LIST = (float, int, complex, bool, str, list, tuple, dict, type(None), np.ndarray, np.generic, np.number, np.floating, np.integer, np.complexfloating, np.inexact,
              np.float64, np.float32, np.int64, np.int32, np.intp, np.complex128, np.complex64, np.bool_, np.errstate, *NUMBER_CLASSES)  # fmt: skip
_TYPES = _Types(id(t) for t in _TYPE_LIST)
#: types that are numbers' dtypes
DTYPES = _Types(id(t) for t in _TYPE_LIST[:4] + _TYPE_LIST[16:24])


def is_type(value: Any) -> bool:
    """Whether a value is a type that may be asked for, given as a dtype, or raised."""
    return value in _TYPES or (isinstance(value, type) and issubclass(value, BaseException))
