"""Arguments that are given by name, where the function's own signature has them by place: ``np.sum(a=x)`` is ``np.sum(x)``, whatever our function calls its first argument."""

from __future__ import annotations

import functools
import inspect
import itertools
from typing import Any


@functools.cache
def required(function: Any) -> tuple[str, ...]:
    """The names of the arguments that come first and that a function cannot do without.

    Examples
    --------
    >>> required(inspect.getmodule), required(print)
    (('object',), ())
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return ()
    first = itertools.takewhile(lambda p: p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty, parameters)
    return tuple([p.name for p in first])


def in_place(function: Any, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The arguments of a call, of which the required ones stand where they are without their names.

    Examples
    --------
    >>> in_place(inspect.getmodule, (), {"object": 1})
    ((1,), {})
    """
    names = required(function)[len(args) :] if kwargs else ()
    if names and names[0] in kwargs:
        named = list(itertools.takewhile(kwargs.__contains__, names))
        args = (*args, *[kwargs[key] for key in named])
        kwargs = {key: value for key, value in kwargs.items() if key not in named}
    return args, kwargs
