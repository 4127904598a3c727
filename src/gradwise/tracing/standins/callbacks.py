"""The standard library's functions that call a function back: ``functools``, ``itertools``, ``bisect``, ``heapq``, ``random``.

What they do with the values themselves, the traced values do by their operators.
"""

from __future__ import annotations

import functools
import itertools
import sys
import types
from typing import TYPE_CHECKING, Any

from gradwise.tracing.instrument.taking import own
from gradwise.tracing.standins.real_functions import STAND_INS as REAL
from gradwise.tracing.standins.recording import at_line, open_traces, resolve

if TYPE_CHECKING:
    from collections.abc import Callable


def reduce(function: Any, iterable: Any, /, *first: Any, **named: Any) -> Any:
    """``functools.reduce``; the first value may be named ``initial`` from Python 3.14 on."""
    called = resolve(function)
    if type(called) is not types.BuiltinFunctionType:
        return functools.reduce(called, iterable, *first, **named)
    items = list(iterable)
    with at_line(*open_traces((*first, *named.values(), *items))):
        return functools.reduce(called, items, *first, **named)


def _calling(function: Any, *, place: int, keyword: str | None = None) -> Callable[..., Any]:
    """Stand-in for a function, or a class, that takes a callable at a place, or by keyword."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) > place and args[place] is not None:
            args = (*args[:place], resolve(args[place]), *args[place + 1 :])
        elif keyword is not None and kwargs.get(keyword) is not None:
            kwargs[keyword] = resolve(kwargs[keyword])
        return own(function(*args, **kwargs))

    call.__name__ = function.__name__
    call.__doc__ = f"``{function.__module__}.{function.__name__}``."
    return call


def lognormvariate(mu: Any = 0.0, sigma: Any = 1.0) -> Any:
    """``random.lognormvariate``: e to the power of a normal draw, which is μ + σ z."""
    return REAL["math"]["exp"](sys.modules["random"].normalvariate(mu, sigma))


def _lognormvariate(self: Any, mu: Any = 0.0, sigma: Any = 1.0) -> Any:
    return REAL["math"]["exp"](self.normalvariate(mu, sigma))


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "functools": {"reduce": reduce, "cmp_to_key": _calling(functools.cmp_to_key, place=0, keyword="mycmp")},
    "itertools": {
        "accumulate": _calling(itertools.accumulate, place=1, keyword="func"),
        "groupby": _calling(itertools.groupby, place=1, keyword="key"),
        **{
            name: _calling(getattr(itertools, name), place=0)
            for name in ("starmap", "takewhile", "dropwhile", "filterfalse")
        },
    },
    "random": {"lognormvariate": lognormvariate},
}


def _methods() -> dict[type, dict[str, Callable[..., Any]]]:
    random = sys.modules["random"]
    return {cls: {"lognormvariate": _lognormvariate} for cls in (random.Random, random.SystemRandom)}


LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {"random": _methods}
