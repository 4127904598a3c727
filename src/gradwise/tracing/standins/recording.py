"""What the stand-ins share: Python numbers that are traced, the user's line, callbacks."""

from __future__ import annotations

import types
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.rules.algebra import real_p
from gradwise.rules.broadcasting import convert_p
from gradwise.tracing import instrument
from gradwise.tracing.arithmetic import concrete
from gradwise.tracing.array_likes import gives, is_array
from gradwise.tracing.conversions import is_constant
from gradwise.tracing.holders import TWINS
from gradwise.tracing.instrument.compiling import HOOKS
from gradwise.tracing.instrument.special_methods import bound
from gradwise.tracing.instrument.userland import gives_method, is_users_file
from gradwise.tracing.places import user_place
from gradwise.tracing.sparse import is_sparse
from gradwise.tracing.traced import TracedArray, TracedScalar, dtype_of, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gradwise.tracing.trace import Trace

F64 = np.dtype(np.float64)
C128 = np.dtype(np.complex128)

#: types of which no value can be traced, and which most arguments have
PLAIN = frozenset({float, int, np.float64, bool, str, bytes, complex, type(None), np.int64, np.float32, np.complex128})


def resolve(function: Any) -> Any:
    """What the instrumented code calls for ``function``; the function itself where nothing is instrumented."""
    # callees.py asks for the stand-ins: it is met here when a stand-in runs, not when this module is imported
    callees = getattr(instrument, "callees", None)
    return function if callees is None else callees.resolve(function)


def handed_over(args: Any, kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments of a function of a library's: the user's functions among them as their twins, so that the run sees what they do."""
    callees = getattr(instrument, "callees", None)
    if callees is None:
        return tuple(args), kwargs

    def twins(value: Any) -> Any:
        if type(value) is dict and any(map(callable, value.values())):  # a function for each column
            return {k: callees.with_twins(v) for k, v in value.items()}
        return callees.with_twins(value)

    return tuple([twins(a) for a in args]), {k: twins(v) for k, v in kwargs.items()}


class at_line:
    """While this is entered, what the traces record carries the line of the user that called us."""

    __slots__ = ("traces",)

    def __init__(self, *traces: Trace | None) -> None:
        self.traces = [t for t in traces if t is not None and t.where is None]

    def __enter__(self) -> None:
        if self.traces:
            place = user_place(1)
            for trace in self.traces:
                trace.where = place

    def __exit__(self, *error: object) -> None:
        for trace in self.traces:
            trace.where = None


def open_traces(values: Iterable[Any]) -> list[Trace]:
    """The open traces of the values that are traced."""
    found: list[Trace] = []
    last = None
    for x in values:
        cls = type(x)
        if cls is TracedScalar or cls is TracedArray:
            trace = x.tape
            if trace is not last:
                last = trace
                if trace.open and trace not in found:
                    found.append(trace)
    return found


#: what NumPy makes an array of, entry by entry: named tuples and other classes of the kind too
SEQUENCE_TYPES = (list, tuple, deque)
_LISTS = frozenset({list, tuple})
NO_SEQUENCES = PLAIN | {TracedArray, TracedScalar, np.ndarray}


def as_lists(items: Any) -> Any:
    """A named tuple, a deque, or another sequence of such a class, as the tuple or list that NumPy takes it for; those within it too.  Anything else as it is."""
    if not isinstance(items, SEQUENCE_TYPES) or (type(items) in _LISTS and set(map(type, items)) <= NO_SEQUENCES):
        return items
    return (tuple if isinstance(items, tuple) else list)(map(as_lists, items))


def contains_traced(items: Any) -> bool:
    """Whether a value, or anything in a nested sequence, is traced."""
    kind = type(items)
    if kind is list or kind is tuple:
        kinds = set(map(type, items))
        if TracedScalar in kinds or TracedArray in kinds:
            return True
        if not kinds <= NO_SEQUENCES and any(
            [
                contains_traced(i) if type(i) in _LISTS else contains_traced(list(i))
                for i in items
                if isinstance(i, SEQUENCE_TYPES)
            ]
        ):
            return True
        return bool(TWINS) and not TWINS.isdisjoint(kinds)
    return kind is TracedScalar or kind is TracedArray or kind in TWINS


def python_method(x: Any, name: str) -> Callable[..., Any] | None:
    """The method ``name`` that the class of an object defines in Python, bound and resolved; None if it defines none."""
    for cls in type(x).__mro__:
        if name in cls.__dict__:
            method = cls.__dict__[name]
            if type(method) is types.FunctionType:
                return resolve(types.MethodType(method, x))
            return bound(method, x, name) if gives_method(method, name) else None
    return None


def is_users_sequence(x: Any) -> bool:
    """Whether NumPy takes an object for a sequence because its class has the methods of one in Python.  A sparse matrix has them, and refuses to say how long it is."""
    return (
        gives(type(x), "__len__")
        and not isinstance(x, dict)
        and python_method(x, "__getitem__") is not None
        and not is_sparse(x)
    )


def is_users_row(cls: type) -> bool:
    """Whether NumPy takes objects of a class of the user's for arrays or sequences, where they are entries of a list."""
    if cls in PLAIN or issubclass(cls, dict):
        return False
    found = [next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None) for name in _OF_ROWS]
    users = [type(m) is types.FunctionType and is_users_file(m.__code__.co_filename) for m in found]
    return users[0] or (users[1] and found[2] is not None)


#: what NumPy asks for
_OF_ROWS = ("__array__", "__getitem__", "__len__")


def entries(x: Any) -> Any:
    """What to go over in place of an object: of the user's class, by the twins of ``__iter__`` and ``__next__``."""
    if type(x) in _GONE_OVER:
        return x
    iterate = HOOKS.get("iterate")
    return x if iterate is None else iterate(x)


_GONE_OVER = frozenset({list, tuple, dict, set, range, np.ndarray, TracedArray, TracedScalar})


def number(x: Any) -> Any:
    """``float(x)`` where x is traced: a traced Python float.  Anything else as it is, but for objects whose ``__float__`` gives a traced number."""
    cls = type(x)
    if cls is TracedScalar:
        value = x.value
        if type(value) is float and x.tape.open:
            return x
        return _number(x)
    if cls is TracedArray:
        return _number(x)
    if cls in TWINS and issubclass(cls.__kind__, (float, complex)):
        return number(x.__parts__()[0])
    if cls not in PLAIN and hasattr(cls, "__float__") and cls is not np.ndarray:
        method = python_method(x, "__float__")
        if method is not None:
            result = method()
            return number(result) if isinstance_traced(result) else result if type(result) is float else float(x)
    if cls is np.ndarray and x.dtype.kind == "O" and x.ndim == 0:
        result = number(x.item())
        return result if isinstance_traced(result) else x
    return x


def given_number(x: Any, dtype: Any) -> Any:
    """The number of an object that NumPy puts into an array of numbers; anything else as it is, also objects that NumPy takes for arrays."""
    cls = type(x)
    return x if cls is not np.ndarray and (cls in NO_SEQUENCES or is_array(cls)) else entry(x, dtype)


def entry(x: Any, dtype: Any) -> Any:
    """What an object gives as ``float`` (or ``complex``) does, where it is one entry of an array of numbers, be it a sequence too."""
    if type(x) in PLAIN or isinstance_traced(x):
        return x
    method = python_method(x, "__complex__") if dtype.kind == "c" else None
    if method is None:
        return number(x)
    result = method()
    return result if isinstance_traced(result) else x


def _number(x: Any) -> Any:
    value = x.current()
    trace = x.tape
    if not trace.open:
        return float(value)
    dtype = dtype_of(value)
    if dtype.kind not in "fc":
        return float(concrete(x))
    result = float(value)  # raises and warns as Python does
    index = x.index
    if type(x) is TracedArray:
        with at_line(trace):
            x = x[(0,) * value.ndim]
        index = x.index
    if dtype.kind == "c":
        index = trace.record(real_p, (index,), (), np.real(x.value))
        dtype = np.real(x.value).dtype
    if dtype != F64:
        index = trace.record(convert_p, (index,), (F64,), result)
    return TracedScalar(trace, index, result)


def weak(fresh: Any, value: Any) -> Any:
    """The result of an equation that was recorded just now, with the value that Python's own function computed."""
    if not isinstance_traced(fresh) or not fresh.tape.open:
        return value
    fresh.tape.values[fresh.index] = value
    return TracedScalar(fresh.tape, fresh.index, value)


def carries(x: Any) -> bool:
    """Whether x is a traced value that has a derivative: a number that depends on an input."""
    return isinstance_traced(x) and x.tape.open and dtype_of(x.value).kind in "fc" and not is_constant(x)
