"""NumPy's functions given objects that answer them: by NumPy's protocols, as arrays or sequences, by methods of their name, or as SciPy's sparse matrices do.

    np.exp(obj)  =  obj.__array_ufunc__(np.exp, "__call__", obj), np.exp(obj.__array__()) or obj.exp()

The methods of the user's classes run as twins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.failing import called, shows
from gradwise.tracing.functions.dispatch import straight
from gradwise.tracing.instrument.compiling import HOOKS
from gradwise.tracing.instrument.state import current_trace, note_written
from gradwise.tracing.instrument.written import WRITING
from gradwise.tracing.sparse import is_sparse
from gradwise.tracing.standins.arrays import asarray
from gradwise.tracing.standins.recording import entries, is_users_sequence, python_method
from gradwise.tracing.standins.sparse_asked import of_function, of_ufunc
from gradwise.tracing.standins.users_arrays import beside_traced
from gradwise.tracing.traced import TracedArray, TracedScalar

if TYPE_CHECKING:
    from collections.abc import Callable


def objects(results: Any, shape: tuple[int, ...]) -> Any:
    """An array of objects of a shape; of none, the object."""
    made = np.empty(len(results), object)
    for i, result in enumerate(results):
        made[i] = result
    return made.reshape(shape)[()]


def answering(arguments: Any, name: str) -> Any:
    """The twin of the method by which an object of the user's answers a function of NumPy; None if there is none."""
    for a in arguments:
        if type(a) not in _ARRAYS:
            method = python_method(a, name)
            if method is not None and type(a).__module__.partition(".")[0] != "gradwise":
                return method
    return None


_ARRAYS = frozenset(
    {np.ndarray, TracedArray, TracedScalar, float, int, list, tuple, np.float64, complex, bool, str}
    | {np.int64, np.int32, np.bool_, np.complex128, np.float32, type(None), slice, np.dtype, type}
)


def _gives_array(a: Any) -> bool:
    """Whether NumPy would ask an object of the user's for the array that it stands for, or for its entries."""
    if type(a) in _ARRAYS or hasattr(type(a), "__array_ufunc__") or isinstance(a, np.generic):
        return False
    return python_method(a, "__array__") is not None or is_users_sequence(a)


def _as_given(a: Any) -> Any:
    if not _gives_array(a):
        return a
    return list(entries(a)) if is_users_sequence(a) else asarray(a)


#: the universal functions that ask entries that are objects for a method of their name
_ASKED = frozenset(
    {"arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cbrt", "conjugate", "cos", "cosh"}
    | {"deg2rad", "degrees", "exp", "exp2", "expm1", "fabs", "fmod", "hypot", "log", "log10", "log1p", "log2"}
    | {"rad2deg", "radians", "rint", "sin", "sinh", "sqrt", "tan", "tanh"}
)


def _is_array(a: Any) -> bool:
    return isinstance(a, (np.ndarray, TracedArray, list, tuple))


def _is_of_objects(a: Any) -> bool:
    return type(a) is np.ndarray and a.dtype.kind == "O"


def _of_entry(obj: Any, name: str) -> Any:
    """The method of an object that NumPy asks for, by whichever way the object gives it; None if it gives none."""
    method = python_method(obj, name)
    if method is None and type(obj) not in _ARRAYS and not isinstance(obj, np.generic):
        try:
            method = HOOKS["method"](obj, name)
        except AttributeError:
            return None
    return method


def asking(ufunc: Any, otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """A universal function: ``__array_ufunc__`` of the user's classes, and the methods of entries of object arrays, run as twins."""
    name, operands = ufunc.__name__, ufunc.nin
    is_asked = name in _ASKED

    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) > operands or "out" in kwargs:
            note_written((*args[operands:], kwargs.get("out")))
        for a in args:
            if type(a) not in _ARRAYS:
                if is_sparse(a):
                    result = of_ufunc(name, args, kwargs)
                    return otherwise(*args, **kwargs) if result is NotImplemented else result
                given = beside_traced((*args, *kwargs.values()))
                if given is not None:  # NumPy asks the classes in its order
                    return otherwise(*given[: len(args)], **dict(zip(kwargs, given[len(args) :], strict=True)))
                method = answering(args, "__array_ufunc__")
                if method is not None and current_trace() is not None:
                    out = kwargs.get("out")
                    if out is not None and type(out) is not tuple:
                        kwargs["out"] = (out,)
                    result = method(ufunc, "__call__", *args, **kwargs)
                    return otherwise(*args, **kwargs) if result is NotImplemented else result
                if current_trace() is not None and any(map(_gives_array, args)):
                    return call(*map(_as_given, args), **kwargs)
                if not is_asked or kwargs or hasattr(a, "__array__"):
                    return otherwise(*args, **kwargs)
                method = _of_entry(args[0], name) if not any(map(_is_array, args)) else None
                return otherwise(*args, **kwargs) if method is None else method(*args[1:])
        if is_asked and not kwargs and len(args) == operands and any(map(_is_of_objects, args)):
            given = np.broadcast_arrays(*args)
            methods = [_of_entry(v, name) for v in given[0].flat]
            if methods and all(methods):
                rest = zip(*[a.flat for a in given[1:]], strict=True) if operands > 1 else [()] * len(methods)
                results = [m(*others) for m, others in zip(methods, rest, strict=True) if m is not None]
                return objects(results, given[0].shape)
        return otherwise(*args, **kwargs)

    call.__name__ = name
    return call


def asking_function(function: Any, otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy: ``__array_function__`` of the user's classes runs as a twin."""
    writes = function.__name__ in WRITING

    @shows(called)
    def call(*args: Any, **kwargs: Any) -> Any:
        if writes or "out" in kwargs:
            note_written((*(args[:1] if writes else ()), kwargs.get("out")))
        result = straight(function, args, kwargs)
        if result is not NotImplemented:
            return result
        for a in args:
            if type(a) not in _ARRAYS or (
                (type(a) is list or type(a) is tuple) and not _ARRAYS.issuperset(map(type, a))
            ):
                given = beside_traced((*args, *kwargs.values()))
                if given is not None:  # NumPy asks the classes in its order
                    return otherwise(*given[: len(args)], **dict(zip(kwargs, given[len(args) :], strict=True)))
            if type(a) not in _ARRAYS and is_sparse(a):
                result = of_function(function.__name__, args, kwargs)
                return otherwise(*args, **kwargs) if result is NotImplemented else result
            if type(a) not in _ARRAYS and not hasattr(type(a), "__array_function__") and _gives_array(a):
                if current_trace() is not None:
                    return call(*map(_as_given, args), **kwargs)
            elif type(a) not in _ARRAYS and hasattr(type(a), "__array_function__"):
                method = answering(args, "__array_function__")
                if method is not None and current_trace() is not None:
                    types = tuple({type(v) for v in args if hasattr(type(v), "__array_function__")})
                    result = method(function, types, args, kwargs)
                    return otherwise(*args, **kwargs) if result is NotImplemented else result
        return otherwise(*args, **kwargs)

    call.__name__ = getattr(function, "__name__", "numpy_function")
    return call
