"""What NumPy itself makes of an array of a user's class: its function is run on plain numbers in arrays of a class that only watches.

    functions of arrays        of what class each result is, of which argument it was made (``__array_finalize__``), whether its class is asked to wrap it
    methods that the user's class overrides    raise as soon as NumPy asks one: its own Python code of the function runs instrumented then, if it has such

So no code of the user's runs twice, and no list of NumPy's functions says which keep the class.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.holders import is_users_array
from gradwise.tracing.instrument.compiling import instrumented
from gradwise.tracing.instrument.known import KNOWN
from gradwise.tracing.instrument.state import local
from gradwise.tracing.subclasses.twins import (
    TracedSubclass,
    finalized,
    kind_of,
    like,
    new_array,
    numbers,
    overrides,
    refusal,
)
from gradwise.tracing.traced import TracedArray, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


class Asked(BaseException):
    """NumPy asks an array for something that its class defines itself."""


class _Probe(np.ndarray):
    """An array that knows of which array of the user's it was made."""

    kind: Any
    source: Any = None
    #: the arguments beside the array with which ``__array_wrap__`` was called
    wraps: Any = None

    def __array_finalize__(self, obj: Any) -> None:
        self.source = getattr(obj, "source", None)
        if getattr(obj, "wraps", None) is not None:
            raise Asked("__array_wrap__")

    @property
    def __array_priority__(self) -> float:
        return priority(self.source)


def priority(value: Any) -> float:
    """``__array_priority__`` of an array."""
    kind = kind_of(value)
    found = 0.0 if kind is None else getattr(kind, "__array_priority__", 0.0)
    return float(found) if isinstance(found, (int, float)) else 0.0


def _wrapping(self: _Probe, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
    if self.wraps is not None:  # what the class made of it before, nobody knows here
        raise Asked("__array_wrap__")
    made = np.asarray(array).view(type(self))
    made.source, made.wraps = self.source, (context, return_scalar)
    return made


#: what classes define that NumPy's functions of arrays do not ask for, or whose answer the probe knows
_NOT_ASKED = frozenset(
    [
        *("__new__", "__init__", "__init_subclass__", "__class__", "__dict__", "__doc__", "__module__", "__slots__"),
        *("__array_finalize__", "__array_function__", "__array_priority__", "__array_wrap__", "__repr__", "__str__"),
        *("__format__", "__reduce__", "__reduce_ex__", "__setstate__", "__getattribute__", "__setattr__", "__hash__"),
        *("__delattr__", "__dir__", "__sizeof__", "__getstate__", "__subclasshook__", "__array__", "__class_getitem__"),
    ]
)


def _asking(name: str) -> Any:
    if callable(getattr(np.ndarray, name)):

        def ask(self: Any, *args: Any, **kwargs: Any) -> Any:
            raise Asked(name)

        return ask

    def read(self: Any) -> Any:
        raise Asked(name)

    return property(read)


def _probe_class(twin: Any) -> Any:
    """The class that watches in place of a user's, made once in a run."""
    made = vars(twin).get("__probe__")
    if made is None:
        kind = twin.__kind__
        names: dict[str, Any] = {"kind": kind}
        for base in kind.__mro__[: kind.__mro__.index(np.ndarray)]:
            for name in vars(base):
                if hasattr(np.ndarray, name) and name not in _NOT_ASKED:
                    names[name] = _asking(name)
        if overrides(kind, "__array_wrap__"):
            names["__array_wrap__"] = _wrapping
        made = type("_Probe", (_Probe,), names)
        type.__setattr__(twin, "__probe__", made)
    return made


def _probe(value: Any) -> Any:
    """The probe for an argument: plain numbers of the class that watches."""
    if isinstance(value, TracedSubclass):
        # a copy: nan_to_num(v, copy=False) writes into it
        made = np.array(plain(numbers(value))).view(_probe_class(type(value)))
        made.source = value
        return made
    if isinstance_traced(value):
        return plain(value)
    if type(value) in {list, tuple}:
        return type(value)(map(_probe, value))
    return np.asarray(value) if is_users_array(type(value)) else value


def emulated(function: Any, args: Any, kwargs: Any, ours: Callable[[], Any], python: Any = None) -> Any:
    """``function(*args, **kwargs)`` with arrays of users' classes among the arguments.

    Parameters
    ----------
    ours : callable
        The same on the arrays of numbers.
    python : function, optional
        NumPy's own Python code of the function.
    """
    try:
        with np.errstate(all="ignore"):
            given = {k: np.array(_probe(v)) if k == "out" else _probe(v) for k, v in kwargs.items() if v is not None}
            expected = function(*map(_probe, args), **given)
    except Asked as asked:
        return _by_its_code(function, args, kwargs, python, str(asked))
    if getattr(function, "__name__", "") == "empty_like":
        expected = np.zeros_like(expected)  # whatever the memory held
    return alike(ours(), expected, _first(args))


def _by_its_code(function: Any, args: Any, kwargs: Any, python: Any, asked: str) -> Any:
    if type(python) is types.FunctionType and local.watch is not None:
        return _instrumented(python)(*args, **kwargs)
    name = getattr(function, "__name__", "a function of NumPy")
    raise refusal(_first(args), f"{name}, which asks the class for its {asked},")


def _instrumented(function: types.FunctionType) -> Any:
    """A function of NumPy's that is written in Python, instrumented."""
    watch: Any = local.watch
    entry = watch.twins.get(id(function))
    if entry is None or entry[1] is function:
        code = instrumented(function.__code__, function.__globals__)
        if code is None:
            return function
        made = types.FunctionType(code, function.__globals__, function.__name__, function.__defaults__)
        made.__kwdefaults__ = function.__kwdefaults__
        for name in function.__code__.co_names:
            helper = function.__globals__.get(name)
            if (
                type(helper) is types.FunctionType
                and helper.__module__.startswith("numpy.")
                and id(helper) not in KNOWN
            ):
                watch.twins.setdefault(id(helper), (helper, _helper(helper)))
        watch.twins[id(made)] = (made, made)
        entry = watch.twins[id(function)] = (function, made)
    return entry[1]


def _helper(function: types.FunctionType) -> Any:
    """A function of NumPy's that such code calls: instrumented too, where it is given an array of ours."""

    def call(*args: Any, **kwargs: Any) -> Any:
        given = (*args, *kwargs.values())
        return (function if _first(given) is None else _instrumented_helper(function))(*args, **kwargs)

    return call


def _instrumented_helper(function: types.FunctionType) -> Any:
    watch: Any = local.watch
    del watch.twins[id(function)]
    try:
        return _instrumented(function)
    finally:
        watch.twins[id(function)] = (function, _helper(function))


def _first(args: Any) -> Any:
    for a in args:
        found = _first(a) if type(a) in {list, tuple} else a if issubclass(type(a), TracedSubclass) else None
        if found is not None:
            return found
    return None


def alike(ours: Any, expected: Any, first: Any) -> Any:
    """Our result in the classes that NumPy's has; refused where its numbers are others."""
    if isinstance(expected, (tuple, list)) and isinstance(ours, (tuple, list)) and len(ours) == len(expected):
        made = [alike(o, e, first) for o, e in zip(ours, expected, strict=True)]
        return type(expected)(*made) if hasattr(expected, "_fields") else type(expected)(made)
    if not isinstance(expected, _Probe):
        return ours
    found = ours if isinstance_traced(ours) else np.asarray(ours)
    if np.shape(plain(found)) != expected.shape or not _same(np.asarray(plain(found)), np.asarray(expected)):
        raise refusal(first, "a function whose result for such arrays is another than for plain arrays")
    source = expected.source
    if expected.wraps is not None:
        return wrap(source, found, *expected.wraps)
    if source is not None and found is numbers(source):
        return source
    if source is None:
        return finalized(expected.kind, found, None)
    return like(found, source)


def _same(found: np.ndarray, wanted: np.ndarray) -> bool:
    if found.dtype.kind not in "fc":
        return bool(np.array_equal(found, wanted))
    scale = np.abs(wanted[np.isfinite(wanted)]).max(initial=0.0)
    return bool(np.allclose(found, wanted, rtol=1e-8, atol=1e-10 * scale, equal_nan=True))


def wrap(source: Any, result: Any, context: Any, scalar: bool) -> Any:
    """A result by ``__array_wrap__`` of an array of a user's class."""
    if not overrides(type(source).__kind__, "__array_wrap__"):
        return finalized(type(source).__kind__, result, source)
    method = source.__array_wrap__
    array = result if type(result) is TracedArray else numbers(new_array(type(source).__kind__, result))
    given = (array, context, scalar)[: wrap_arguments(type(source).__kind__)]
    return method(*given)


def wrap_arguments(kind: Any) -> int:
    """How many arguments ``__array_wrap__`` of a class takes: two before NumPy 2."""
    code = getattr(kind.__array_wrap__, "__code__", None)
    return 3 if code is None or code.co_flags & _VARARGS else min(3, code.co_argcount - 1)


_VARARGS = 0x04
