"""Points on the command line: ``--at '[1.0, 2.0]' --at rate=0.1``, ``--at x=1.0,y=2``, ``--at point.json``; data: ``--data X=x.csv``.

A value is JSON, a Python literal or a file (``files.py``).  A list of numbers is an array, nested lists of equal lengths are a matrix; a tuple
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
from gradwise.cli.files import is_file_name, read_file
from gradwise.containers import signatures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.cli.loading import Target

_NAMED = re.compile(r"\s*([A-Za-z_]\w*)\s*=(?!=)(.*)", re.DOTALL)
_CURE = (
    "Write a number as 1.0, an array as '[1.0, 2.0]', a keyword as 'name=1.0', text as '\"text\"', a file by its name"
)


def read_value(text: str, written: str, option: str = "--at") -> Any:
    """A JSON value, a Python literal or the contents of a file, with lists of numbers as arrays."""
    if is_file_name(text):
        return as_argument(read_file(text, option), written, option)
    try:
        value = json.loads(text)
    except ValueError:
        try:
            value = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            raise UsageError(f"{option} {written!r} is neither JSON nor a Python literal. {_CURE}") from None
    return as_argument(value, written, option)


def as_argument(value: Any, written: str, option: str = "--at") -> Any:
    """Lists of numbers as arrays, inside whatever holds them."""
    if isinstance(value, dict):
        return {key: as_argument(entry, written, option) for key, entry in value.items()}
    if isinstance(value, tuple):
        return tuple(as_argument(entry, written, option) for entry in value)
    if not isinstance(value, list):
        return value
    if not _all_numbers(value):
        return [as_argument(entry, written, option) for entry in value]
    try:
        array = np.array(value)
    except ValueError:
        raise UsageError(
            f"{option} {written!r} has rows of different lengths, which make no array. "
            "Give the rows one length, or write a tuple of lists to pass separate arrays"
        ) from None
    if array.dtype.kind not in "iufcb":
        raise UsageError(f"{option} {written!r} makes an array of dtype {array.dtype}. Numbers are required. {_CURE}")
    return array


def _all_numbers(value: Any) -> bool:
    if isinstance(value, list):
        return all(_all_numbers(entry) for entry in value)
    return isinstance(value, (int, float, complex))


def split_named(text: str) -> list[str]:
    """``x=1.0,y=[2, 3]`` as ``x=1.0`` and ``y=[2, 3]``; text without a name at its start is one piece.

    Examples
    --------
    >>> split_named("x=1.0, y=[2, 3],mode='a,b=c'")
    ['x=1.0', ' y=[2, 3]', "mode='a,b=c'"]
    """
    if _NAMED.fullmatch(text) is None:
        return [text]
    pieces, start, depth, quote = [], 0, 0, ""
    for k, c in enumerate(text):
        if quote:
            quote = "" if c == quote and text[k - 1] != "\\" else quote
        elif c in "'\"":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0 and _NAMED.fullmatch(text[k + 1 :]):
            pieces.append(text[start:k])
            start = k + 1
    return [*pieces, text[start:]]


def read_points(texts: Sequence[str], names: Sequence[str] = ()) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword arguments from the words after each ``--at``; ``names`` are those of the function's parameters."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for text in [piece for written in texts for piece in split_named(written)]:
        match = _NAMED.fullmatch(text)
        if match is not None:
            name, value = match.groups()
            _put(kwargs, name, read_value(value, text))
            continue
        value = read_value(text, text)
        if is_file_name(text) and isinstance(value, dict) and value and set(value) <= set(names):
            for name, entry in value.items():  # a file of arguments by name
                _put(kwargs, name, entry)
        else:
            args.append(value)
    return tuple(args), kwargs


def _put(kwargs: dict[str, Any], name: str, value: Any) -> None:
    if name in kwargs:
        raise UsageError(f"--at gives {name!r} twice. Give each argument once")
    kwargs[name] = value


def read_data(texts: Sequence[str] | None) -> dict[str, Any]:
    """The arguments that ``--data`` binds, by name."""
    data: dict[str, Any] = {}
    for text in texts or ():
        match = _NAMED.fullmatch(text)
        if match is None:
            raise UsageError(
                f"--data {text!r} has no name. The argument that it fills is required. Write --data X=x.csv"
            )
        name, value = match.groups()
        if name in data:
            raise UsageError(f"--data gives {name!r} twice. Give each argument once")
        found = read_value(value, text, "--data")
        if isinstance(found, dict) and set(found) == {name}:  # an .npz file or a JSON object with that one entry
            found = found[name]
        data[name] = found
    return data


def point_for(
    target: Target, texts: Sequence[str] | None, data: dict[str, Any] | None = None, *, needed: bool = True
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of the call but the data: from ``--at``, or the ``x0`` of the function's file; none at all where they are not needed."""
    data = data or {}
    if texts:
        names = [] if (signature := signature_of(target.function)) is None else list(signature.parameters)
        args, kwargs = read_points(texts, names)
        args, kwargs = _named_entries(target.function, args, kwargs, data)
    elif hasattr(target.module, "x0"):
        args, kwargs = _spread(target.function, target.module.x0, data), {}
    else:
        args, kwargs = (), {}
        if not needed:
            return args, kwargs
    try:
        _require_fit(target, args, kwargs, data, given=bool(texts))
    except UsageError:
        if texts or needed:
            raise
        return (), {}  # an x0 that belongs to another function of the file
    return args, kwargs


def _named_entries(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], data: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """One point for a function of several numbers, f(x, y, …), as those numbers by name."""
    names = _required(function, {**kwargs, **data})
    # beside data an array is one argument, and another is missing
    one = tuple if data else (tuple, np.ndarray)
    if len(args) != 1 or len(names) < 2 or not isinstance(args[0], one) or np.ndim(args[0]) != 1:
        return args, kwargs
    if len(args[0]) != len(names):
        return args, kwargs
    numbers = args[0].tolist() if isinstance(args[0], np.ndarray) else args[0]
    return (), {**dict(zip(names, numbers, strict=True)), **kwargs}


def _required(function: Callable[..., Any], given: dict[str, Any]) -> list[str]:
    """The parameters without a value that can be given by name; none where one cannot."""
    signature = signature_of(function)
    if signature is None or any(p.kind is p.POSITIONAL_ONLY for p in signature.parameters.values()):
        return []
    return [
        p.name for p in signature.parameters.values()
        if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty and p.name not in given
    ]  # fmt: skip


def _spread(function: Callable[..., Any], x0: Any, data: dict[str, Any]) -> tuple[Any, ...]:
    """A tuple ``x0`` is the list of arguments of a function that takes that many and more than one."""
    signature = signature_of(function)
    if type(x0) is tuple and len(x0) > 1 and signature is not None:
        required = [
            p for p in signature.parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty and p.name not in data
        ]  # fmt: skip
        if len(required) == len(x0):
            return x0
    return (x0,)


def signature_of(function: Callable[..., Any]) -> inspect.Signature | None:
    """The signature of a function, None where it has none to read."""
    try:
        return signatures.signature_of(function)
    except (TypeError, ValueError):  # builtins and some C functions have none
        return None


def _require_fit(
    target: Target, args: tuple[Any, ...], kwargs: dict[str, Any], data: dict[str, Any], *, given: bool
) -> None:
    signature = signature_of(target.function)
    if signature is None:
        if not args and not kwargs:
            raise UsageError(f"{target.name} was given no point. Write --at '[1.0, 2.0]'")
        return
    for name in data:
        if name not in signature.parameters and not any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values()):
            raise UsageError(
                f"--data names {name!r}, which {target.name}{signature} does not take. Write the name of one of its arguments"
            )
        if name in kwargs:
            raise UsageError(f"--at and --data both give {name!r}. Give each argument once")
    try:
        signature.bind(*args, **kwargs, **data)
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
