"""Points on the command line: ``--at '[1.0, 2.0]' --at rate=0.1``.

A value is JSON or a Python literal. A list of numbers is an array, nested lists of equal lengths are a matrix; a tuple
stays a tuple, a dict a dict.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.cli.failures import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.cli.loading import Target

_NAMED = re.compile(r"\s*([A-Za-z_]\w*)\s*=(?!=)(.*)", re.DOTALL)
_CURE = "Write a number as 1.0, an array as '[1.0, 2.0]', a keyword as 'name=1.0', text as '\"text\"'"


def read_value(text: str, written: str) -> Any:
    """A JSON value or Python literal, with lists of numbers as arrays."""
    try:
        value = json.loads(text)
    except ValueError:
        try:
            value = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            raise UsageError(f"--at {written!r} is neither JSON nor a Python literal. {_CURE}") from None
    return as_argument(value, written)


def as_argument(value: Any, written: str) -> Any:
    """Lists of numbers as arrays, inside whatever holds them."""
    if isinstance(value, dict):
        return {key: as_argument(entry, written) for key, entry in value.items()}
    if isinstance(value, tuple):
        return tuple(as_argument(entry, written) for entry in value)
    if not isinstance(value, list):
        return value
    if not _all_numbers(value):
        return [as_argument(entry, written) for entry in value]
    try:
        array = np.array(value)
    except ValueError:
        raise UsageError(
            f"--at {written!r} has rows of different lengths, which make no array. "
            "Give the rows one length, or write a tuple of lists to pass separate arrays"
        ) from None
    if array.dtype.kind not in "iufcb":
        raise UsageError(f"--at {written!r} makes an array of dtype {array.dtype}. Numbers are required. {_CURE}")
    return array


def _all_numbers(value: Any) -> bool:
    if isinstance(value, list):
        return all(_all_numbers(entry) for entry in value)
    return isinstance(value, (int, float, complex))


def read_points(texts: Sequence[str]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword arguments from the words after each ``--at``."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for text in texts:
        match = _NAMED.fullmatch(text)
        if match is None:
            args.append(read_value(text, text))
            continue
        name, value = match.groups()
        if name in kwargs:
            raise UsageError(f"--at gives {name!r} twice. Give each argument once")
        kwargs[name] = read_value(value, text)
    return tuple(args), kwargs


def point_for(target: Target, texts: Sequence[str] | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of the call: from ``--at``, or the ``x0`` of the function's file."""
    if texts:
        args, kwargs = read_points(texts)
    elif hasattr(target.module, "x0"):
        args, kwargs = _spread(target.function, target.module.x0), {}
    else:
        args, kwargs = (), {}
    _require_fit(target, args, kwargs, given=bool(texts))
    return args, kwargs


def _spread(function: Callable[..., Any], x0: Any) -> tuple[Any, ...]:
    """A tuple ``x0`` is the list of arguments of a function that takes that many and more than one."""
    signature = _signature(function)
    if type(x0) is tuple and len(x0) > 1 and signature is not None:
        required = [
            p for p in signature.parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
        ]  # fmt: skip
        if len(required) == len(x0):
            return x0
    return (x0,)


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):  # builtins and some C functions have none
        return None


def _require_fit(target: Target, args: tuple[Any, ...], kwargs: dict[str, Any], *, given: bool) -> None:
    signature = _signature(target.function)
    if signature is None:
        if not args and not kwargs:
            raise UsageError(f"{target.name} was given no point. Write --at '[1.0, 2.0]'")
        return
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        written = f"{target.name}{signature}"
        if not given:
            raise UsageError(
                f"{written} was given no point. Write one --at for each argument, such as --at '[1.0, 2.0]', "
                f"or define x0 in {target.place}"
            ) from None
        raise UsageError(
            f"the point does not fit {written}: {error}. Write one --at for each argument, or --at name=value"
        ) from None
    if not args and not kwargs:
        raise UsageError(f"{target.name}{signature} takes no arguments, so there is nothing to differentiate")
