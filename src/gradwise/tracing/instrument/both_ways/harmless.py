"""What a branch that is not taken may call: the user's functions, whose text is run both ways too, and what is known to change nothing."""

from __future__ import annotations

import cmath
import math
import types
from typing import Any

import numpy as np

from gradwise.tracing.instrument.both_ways.aside import spoil
from gradwise.tracing.instrument.userland import is_users_file

#: methods of lists, dictionaries, tuples and arrays that change nothing
_READING = frozenset(
    [
        "conj",
        "copy",
        "count",
        "cumprod",
        "cumsum",
        "dot",
        "get",
        "index",
        "item",
        "items",
        "keys",
        "max",
        "mean",
        "min",
        "prod",
        "ravel",
        "real",
        "reshape",
        "sum",
        "tolist",
        "trace",
        "transpose",
        "values",
    ]
)
#: built-in functions, and those of ``math`` and ``cmath``, that change nothing
_HARMLESS = {
    id(f)
    for f in (
        *(abs, bool, complex, divmod, enumerate, float, int, isinstance, len, max, min, pow, range, reversed, round),
        *(sorted, sum, tuple, zip),
        *(getattr(m, n) for m in (math, cmath) for n in dir(m) if not n.startswith("_")),
    )
}
#: functions of NumPy that do
_CHANGING = frozenset(
    [
        "copyto",
        "fill_diagonal",
        "load",
        "loadtxt",
        "nan_to_num",
        "place",
        "put",
        "put_along_axis",
        "putmask",
        "save",
        "savetxt",
        "savez",
        "seterr",
    ]
)


#: methods whose further arguments are no arrays to write to, and functions of which the third is none
_OF_SEVERAL = frozenset({"get", "index", "reshape", "transpose"})
_OF_THREE = frozenset({"arange", "clip", "full", "interp", "linspace", "where"})


def callee(function: Any, count: int) -> Any:
    """What a branch calls with ``count`` arguments by place (-1: unknown), if that is the user's function, whose text says what it does, or one that is known to change nothing."""
    if not _is_harmless(function, count):
        spoil()
    return function


def owner(value: Any, name: str, count: int) -> Any:
    """What a method is called of by a branch, if it changes nothing."""
    if type(value) is types.ModuleType:
        callee(getattr(value, name), count)
    elif not _is_the_users(getattr(value, name)) and not (name in _READING and (0 <= count < 2 or name in _OF_SEVERAL)):
        spoil()
    return value


def _is_the_users(function: Any) -> bool:
    function = getattr(function, "__func__", function)
    return type(function) is types.FunctionType and is_users_file(function.__code__.co_filename)


def _is_harmless(function: Any, count: int) -> bool:
    if _is_the_users(function) or id(function) in _HARMLESS:
        return True
    if type(function) is np.ufunc:  # the next argument is written to
        return 0 <= count <= function.nin
    name = getattr(function, "__name__", "")
    module = (getattr(function, "__module__", None) or "").partition(".")[0]
    if module != "numpy" or name in _CHANGING:
        return False
    if not callable(getattr(np, name, None)) and not callable(getattr(np.linalg, name, None)):
        return False
    return 0 <= count < 3 or (count == 3 and name in _OF_THREE)
