"""User functions without source: the same code, closure cells and defaults, with globals and builtins that answer with stand-ins.

The interpreter asks a dictionary subclass for each global, and finds builtins in the ``__builtins__`` of the globals that a function was made with.  Attribute loads and
operators are not seen here: objects show their traced attributes before such a function runs, and are looked through afterwards.  Code that writes globals is left as it is, since its writes
would miss the module.
"""

from __future__ import annotations

import builtins
import functools
import types
from typing import Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.tracing.instrument.ending import reveal_within
from gradwise.tracing.instrument.known import KNOWN
from gradwise.tracing.instrument.objects import holds_traced, resolve_later
from gradwise.tracing.instrument.state import local
from gradwise.tracing.rebuilding import rebuilt


class _Shadow(type):
    """The class of a number type's shadow: called as its stand-in, and else the type itself."""

    stands_for: type

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return resolve_later()(cls.stands_for)(*args, **kwargs)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.stands_for)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.stands_for)

    def __eq__(cls, other: object) -> bool:
        return other is cls.stands_for or type.__eq__(cls, other)

    def __hash__(cls) -> int:
        return hash(cls.stands_for)


def _shadow(number: type) -> Any:
    made = _Shadow(number.__name__, (), {"dtype": np.dtype(number), "__slots__": ()})
    made.stands_for = number
    for name in ("fromhex", "from_bytes"):
        if hasattr(number, name):
            setattr(made, name, getattr(number, name))
    return made


_SHADOWS: dict[Any, Any] = {number: _shadow(number) for number in (float, int, complex)}
_CALLABLES = (
    *(
        "abs",
        "all",
        "any",
        "divmod",
        "enumerate",
        "eval",
        "exec",
        "filter",
        "format",
        "getattr",
        "hasattr",
        "iter",
        "map",
        "max",
        "min",
    ),
    *("next", "pow", "print", "reversed", "round", "setattr", "sorted", "sum", "type", "vars", "zip"),
)


class _View:
    """A module (or namespace) whose members are answered."""

    def __init__(self, module: Any) -> None:
        self.__dict__["_module"] = module

    def __getattr__(self, name: str) -> Any:
        return answer(name, getattr(self._module, name))

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._module, name, value)


def answer(name: str, value: Any) -> Any:
    """What a rebuilt function finds under a name."""
    found = KNOWN.get(id(value))
    if found is not None:
        return found if not isinstance(value, type) else _SHADOWS.get(value, value)
    if isinstance(value, types.ModuleType):
        return _View(value) if value.__name__.partition(".")[0] in _SEEN_THROUGH else value
    if type(value) in _CALLABLE_KINDS and local.watch is not None:
        return resolve_later()(value)
    return value


_CALLABLE_KINDS = (types.FunctionType, types.MethodType, functools.partial, functools._lru_cache_wrapper, np.vectorize)
_SEEN_THROUGH = frozenset({"numpy", "scipy", "math", "cmath", "operator", "functools", "itertools", "statistics"})


@functools.lru_cache(maxsize=1)
def _private_builtins(_: int) -> dict[str, Any]:
    table = dict(vars(builtins))
    for name in _CALLABLES:
        ours = KNOWN.get(id(table[name]))
        if ours is not None and not isinstance(table[name], type):
            table[name] = ours
    for number, shadow in _SHADOWS.items():
        table[number.__name__] = shadow
    for name in ("map", "filter", "zip", "enumerate", "reversed"):
        ours = KNOWN.get(id(table[name]))
        if ours is not None:
            table[name] = ours
    return table


def rebuilt_twin(function: Any) -> Any:
    """The function with stand-ins under its names, between a look at its arguments before and after; the function itself if it writes globals."""
    inner = rebuilt(function, answer, _private_builtins(len(KNOWN)))
    if inner is None:
        inner = function

    @functools.wraps(function, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        watch = local.watch
        values = [*args, *kwargs.values()]
        if watch is None:
            return inner(*args, **kwargs)
        if watch.overlay:
            reveal_within([*values, *_cells(function)])
        try:
            return inner(*args, **kwargs)
        finally:
            for value in values:
                _note(watch, value)

    return call


def _cells(function: Any) -> list[Any]:
    found = []
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:
            continue
    return found


def _note(watch: Any, value: Any) -> None:
    """What the run left in an object or a container that it was given."""
    if isinstance(value, (list, dict, set)):
        watch.touched[id(value)] = value
    attributes = own_entries(value)
    if type(attributes) is dict and not isinstance(value, (type, types.ModuleType)):
        names = {n for n, v in attributes.items() if holds_traced(v)}
        if names:
            watch.revealed.setdefault(id(value), (value, set()))[1].update(names)
