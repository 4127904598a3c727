"""Default arguments that are objects, functions or members of enumerations: looked into like the entries of a tuple, and looked at again at each call."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.plain import is_plain
from gradwise.tracing.purity.scope import Expected, Reads, classify, is_users_function
from gradwise.tracing.purity.values import OPAQUE, SCALAR, WHOLE, Constant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradwise.tracing.purity.machine import Machine

#: where a function keeps its defaults
PLACES = ("__defaults__", "__kwdefaults__")


def has_plain_defaults(function: types.FunctionType) -> bool:
    """Whether all defaults are plain data."""
    return all(values is None or is_plain(values) for values in (function.__defaults__, function.__kwdefaults__))


def defaults_of(
    function: types.FunctionType, reads: Reads, known: dict[int, tuple[Any, Expected, Any]]
) -> dict[str, Any] | None:
    """The abstract values of the defaults by the names of their parameters, where they are not all plain data; None for one of unknown behaviour.

    What must hold of them is noted in ``reads``.
    """
    found: dict[str, Any] = {}
    for place in PLACES:
        values = getattr(function, place)
        if values is None or is_plain(values):
            continue
        expected, _ = classify(values, known)
        if expected.kind != "sequence":
            return None
        reads.defaults[place] = expected
        for name, value in _named(function, place):
            abstract = classify(value, known)[1]
            if abstract is OPAQUE:
                return None
            found[name] = abstract
    return found


def _named(function: types.FunctionType, place: str) -> Iterator[tuple[str, Any]]:
    values = getattr(function, place)
    if place == "__kwdefaults__":
        yield from values.items()
        return
    code = function.__code__
    yield from zip(code.co_varnames[code.co_argcount - len(values) : code.co_argcount], values, strict=True)


def with_plain_defaults(m: Machine, function: Any) -> None:
    """See to it that what is not known to be given has a default that is data like it."""
    if is_users_function(function) and not has_plain_defaults(function):
        raise m.doubt(
            f"it calls {function.__name__}, of which a default is no plain data, with arguments whose number is not known"
        )


def default_constants(
    function: types.FunctionType, given: list[tuple[str, Any]], parameters: dict[str, Any]
) -> dict[tuple[str, Any], Any]:
    """Give to the parameters that are given nothing their defaults, where these are None, truth values, texts or an empty tuple; of numbers it is noted that they are (their types, in the place of values)."""
    names = {name for name, _ in given}
    found: dict[tuple[str, Any], Any] = {}
    for place in PLACES:
        values = getattr(function, place) or {}
        code = function.__code__
        first = code.co_argcount - len(values)
        entries = values.items() if place == "__kwdefaults__" else enumerate(values)
        for key, value in entries:
            name = key if isinstance(key, str) else code.co_varnames[first + key]
            if name in names:
                continue
            if is_constant(value):
                parameters[name] = Constant(value)
                found[place, key] = value
            elif type(value) in _NUMBERS:  # which are not changed in place: ``scale *= 1e6``
                parameters[name] = _NUMBERS[type(value)]
                found[place, key] = type(value)
    return found


#: kinds of defaults of which the number does not count
_NUMBERS: dict[type, Any] = {float: SCALAR, np.float64: SCALAR, int: WHOLE}


def is_constant(value: Any) -> bool:
    """Whether a default counts by value."""
    return value is None or type(value) in (bool, str) or (type(value) is tuple and not value)


def has_defaults(function: types.FunctionType, constants: dict[tuple[str, Any], Any]) -> bool:
    """Whether the defaults of a function are these constants."""
    for (place, key), value in constants.items():
        values = getattr(function, place)
        if values is None or (key not in values if place == "__kwdefaults__" else key >= len(values)):
            return False
        if isinstance(value, type):
            if type(values[key]) is not value:
                return False
        elif type(values[key]) is not type(value) or values[key] != value:
            return False
    return True
