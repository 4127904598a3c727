"""Functions of NumPy, SciPy and ``math`` that are differentiated themselves, ``gw.grad(np.linalg.norm)``: proved as the functions that call them.

written : np.linalg.norm  →  a function of Python whose code is one call of it
"""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from gradwise.operators.reuse.promises import unwrapped
from gradwise.tracing.places import CALL_OF
from gradwise.tracing.purity.callables import callee_of

_COMPILED = (np.ufunc, type(np.sum), types.BuiltinFunctionType)
_LIBRARIES = ("numpy", "scipy")
#: by the identity of the library's function: the function, which is kept so that the identity is its own, and the one that calls it
_written: dict[int, tuple[Any, Any]] = {}


def looked_at(function: Any) -> Any:
    """What is looked at in place of a function: the function itself without a promise around it; of a library's known function one that calls it."""
    if type(function) is types.FunctionType:
        if not (function.__module__ or "").startswith(_LIBRARIES):
            return function
    elif not isinstance(function, _COMPILED):
        function = unwrapped(function)
        return looked_at(function) if isinstance(function, (*_COMPILED, types.FunctionType)) else function
    known = _written.get(id(function))
    if known is None:
        if callee_of(function) is None:
            return function
        known = _written[id(function)] = function, _calling(function)
    return known[1]


def _calling(function: Any) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    # verdicts are kept by the code, and code of no file of ours is instrumented
    name = function.__name__
    call.__code__ = call.__code__.replace(co_name=name, co_filename=f"{CALL_OF}{name}>", co_firstlineno=1)
    call.__name__ = name
    call.__module__ = ""  # neither ours nor a library's, whose code is not looked at
    return call
