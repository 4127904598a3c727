"""Functions that draw get plain numbers, and are called once: what they add to a figure stays there."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.unwritten import Unmuted
from gradwise.tracing.instrument.within import holds_traced, unwrapped

#: packages whose functions draw
_DRAWING = frozenset({"matplotlib", "mpl_toolkits"})
#: entries of an array that are noted
_SHORT = 100


def draws(function: Any) -> bool:
    """Whether a library's function, or method of its objects, draws."""
    return (function.__module__ or "").partition(".")[0] in _DRAWING


def drawing(function: Any) -> Any:
    """What stands for a function that draws."""

    @functools.wraps(function, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        watch = local.watch
        if watch is None:
            return function(*args, **kwargs)
        if local.muted is not None:
            raise Unmuted("it draws a figure")
        watch.effects["it draws a figure"] = None
        return function(*map(_plainly, args), **{k: _plainly(v) for k, v in kwargs.items()})

    return call


def _plainly(value: Any) -> Any:
    if not holds_traced(value):
        return value
    plain, watch = unwrapped(value), local.watch
    if watch is not None:  # which may be read from the figure
        with np.errstate(all="ignore"):
            numbers = np.asarray(plain, dtype=object).ravel()[:_SHORT]
        watch.trace.texts.update(repr(float(n)) for n in numbers if isinstance(n, (float, np.floating)))
    return plain
