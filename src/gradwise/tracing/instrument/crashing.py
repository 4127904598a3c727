"""Libraries whose compiled code ends the process where it meets an object whose numbers it may not read.

CasADi asks an object for ``__array__`` and goes on with the error of that answer pending: a traced value, or any other array that refuses to be converted, is a segmentation fault.  What is given such
values raises instead, so that the derivative is numerical.
"""

from __future__ import annotations

import functools
from typing import Any

from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.within import holds_traced

_CRASHING = frozenset({"casadi"})


def may_crash(callee: Any) -> bool:
    """Whether a library's function or class must not be given traced values."""
    return (callee.__module__ or "").partition(".")[0] in _CRASHING


def with_plain_numbers_only(callee: Any) -> Any:
    """What stands for a function or a class that must not be given traced values."""

    @functools.wraps(callee, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        watch = local.watch
        if watch is not None and any(map(holds_traced, (*args, *kwargs.values()))):
            raise watch.trace.fail(
                f"{callee.__qualname__} of {callee.__module__} was given a traced value, which its compiled code cannot read. "
                "A plain number is required. Give the function that calls it a rule with gw.custom_rule"
            )
        return callee(*args, **kwargs)

    return call
