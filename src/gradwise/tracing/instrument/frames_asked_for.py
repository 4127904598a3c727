"""Functions that ask for the frame of who calls them: between it and them there must be no other.

globals()["scale"] = 2.0                in a wrapper of ours, it would be a name of ours
table.query("a > @threshold")           pandas looks for threshold in the variables of the caller
collections.namedtuple("P", "a b")      belongs to the module of the caller
"""

from __future__ import annotations

import inspect
import sys
import types
import warnings
from typing import Any

_BUILTIN = frozenset(
    map(
        id,
        (
            *(globals, locals, vars, dir, __import__, warnings.warn),
            *(getattr(sys, name) for name in ("_getframe", "_getframemodulename") if hasattr(sys, name)),
        ),
    )
)
_ASKING = frozenset({"_getframe", "_getframemodulename", "currentframe"})
#: how many frames are between is counted by those that call the next
_COUNTING = frozenset({"DataFrame.query", "DataFrame.eval", "eval"})


def answers_for_its_caller(callee: Any) -> bool:
    """Whether a compiled function, or a library's, asks for the frame that calls it.

    Examples
    --------
    >>> answers_for_its_caller(globals), answers_for_its_caller(inspect.currentframe), answers_for_its_caller(sum)
    (True, True, False)
    """
    if type(callee) is not types.FunctionType:
        return id(callee) in _BUILTIN
    code = callee.__code__
    if (callee.__module__ or "").partition(".")[0] == "pandas":
        return code.co_qualname in _COUNTING
    return callee is inspect.currentframe or not _ASKING.isdisjoint(code.co_names)
