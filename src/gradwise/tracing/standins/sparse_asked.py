"""NumPy's functions given one of SciPy's sparse matrices: which has no array, and is an object like any other to them.

    np.abs(A) = abs(A),   np.sqrt(A) = A.sqrt(),   np.multiply(A, 2) = A * 2,   np.sum(A, axis=0) = A.sum(axis=0),   np.real(A) = A.real

A universal function asks an object that is no array for a method of its name, or Python for its operator; functions that are methods of arrays ask for the method.
"""

from __future__ import annotations

import builtins
import numbers
from typing import Any

from gradwise.tracing.instrument.compiling import HOOKS
from gradwise.tracing.sparse import is_sparse
from gradwise.tracing.standins.recording import resolve
from gradwise.tracing.traced import TracedScalar


def of_ufunc(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a universal function makes of a sparse matrix, alone or beside another or a number; NotImplemented of what is made of others entry by entry."""
    if kwargs or not all(is_sparse(a) or isinstance(a, (numbers.Number, TracedScalar)) for a in args):
        return NotImplemented
    if name == "absolute" and len(args) == 1:
        return resolve(builtins.abs)(*args)
    if name == "square" and len(args) == 1:
        return HOOKS["mul"](args[0], args[0])
    operator = _OPERATORS.get(name)
    if operator is not None:
        return HOOKS[operator](*args)
    if len(args) == 1 and callable(getattr(args[0], name, None)):
        return HOOKS["method"](args[0], name)()
    return NotImplemented


#: by name, the operator of Python's that a universal function is of objects
_OPERATORS = {"negative": "neg", "positive": "pos", "add": "add", "subtract": "sub", "multiply": "mul"} | {
    "divide": "truediv",
    "power": "pow",
}


def of_function(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function makes of a sparse matrix for which NumPy asks it; NotImplemented of all others."""
    if not args or not is_sparse(args[0]):
        return NotImplemented
    if name in _ATTRIBUTES and len(args) == 1 and not kwargs:
        return HOOKS["load"](args[0], name)
    name = _OTHER_NAMES.get(name, name)
    if name in _METHODS and hasattr(type(args[0]), name):
        return HOOKS["method"](args[0], name)(*args[1:], **kwargs)
    return NotImplemented


_ATTRIBUTES = frozenset({"real", "imag"})
_OTHER_NAMES = {"amax": "max", "amin": "min", "permute_dims": "transpose"}
_METHODS = frozenset({"sum", "mean", "max", "min", "argmax", "argmin", "transpose", "nonzero"})
