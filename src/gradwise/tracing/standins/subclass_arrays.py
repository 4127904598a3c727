"""Arrays of the user's own subclasses of ndarray: how they are made, and the methods of ndarray that are asked of the class (``subclasses/``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.holders import is_users_array
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.standins import arrays, plain_arrays, unbound_methods
from gradwise.tracing.standins.buffers import owned
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.standins.users_arrays import beside_traced
from gradwise.tracing.subclasses import members
from gradwise.tracing.subclasses.interface import default
from gradwise.tracing.subclasses.protocols import array_function
from gradwise.tracing.subclasses.twins import TracedSubclass, finalized, refusal, wrapped
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_before: dict[int, Callable[..., Any]] = {
    id(theirs): ours for theirs, ours in (*plain_arrays.BY_IDENTITY, *unbound_methods.BY_IDENTITY)
}


def _of_class(name: str, original: Any) -> Callable[..., Any]:
    """``np.ndarray.name`` called as a function: of an array of ours what ndarray does, whatever its class overrides."""
    otherwise = _before.get(id(original), original)
    ours = default(name)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if issubclass(type(self), TracedSubclass):
            return ours(self, *args, **kwargs)
        if is_users_array(type(self)):
            if beside_traced((self, *args, *kwargs.values())) is None:
                return original(self, *args, **kwargs)
            if name in _WRITING:
                raise refusal(
                    wrapped(self),
                    f"{name} with a traced value of an array that was there before, which is written into,",
                )
            return ours(wrapped(self), *args, **kwargs)
        return otherwise(self, *args, **kwargs)

    call.__name__ = name
    call.__doc__ = f"``np.ndarray.{name}(a, ...)``."
    return call


#: methods that write into the array
_WRITING = frozenset({"__setitem__", "fill", "put", "partition", "sort", "resize", "setfield"}) | frozenset(
    name for name in vars(np.ndarray) if name.startswith("__i") and name[3:] in {n[2:] for n in vars(np.ndarray)}
)


def new(cls: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.ndarray.__new__``: of a user's class an array to which traced values may be assigned."""
    trace = current_trace()
    if trace is None or not trace.open or not is_users_array(cls):
        return np.ndarray.__new__(cls, *args, **kwargs)
    return _made(cls, trace, *args, **kwargs)


def _made(
    cls: Any,
    trace: Any,
    shape: Any,
    dtype: Any = float,
    buffer: Any = None,
    offset: int = 0,
    strides: Any = None,
    order: Any = None,
) -> Any:
    if np.dtype(dtype).kind not in "fc" or (buffer is not None and not isinstance_traced(buffer)):
        return np.ndarray.__new__(cls, shape, dtype, buffer, offset, strides, order)
    if buffer is None:
        return finalized(cls, owned(trace, np.zeros(shape, dtype, order or "C")), None)
    size = math.prod(shape) if isinstance(shape, (tuple, list)) else int(shape)
    if offset or strides is not None or buffer.dtype != dtype or not buffer.flags.c_contiguous or order == "F":
        raise trace.fail(
            f"{cls.__name__}.__new__ was given the memory of a traced array in another order or dtype, by offset, strides or dtype. The same entries in the same order are required. "
            "Index the array, and take a view of the result"
        )
    return finalized(cls, buffer.reshape(-1)[:size].reshape(shape), None)


def asanyarray(a: Any, dtype: Any = None, *rest: Any, **options: Any) -> Any:
    """``np.asanyarray``: an array of the user's class stays one."""
    if issubclass(type(a), TracedSubclass):
        return a if dtype is None or np.dtype(dtype) == a.dtype else a.astype(dtype)
    return _asanyarray(a, dtype, *rest, **options)


def array(object: Any, dtype: Any = None, **options: Any) -> Any:  # noqa: A002  # NumPy's name
    """``np.array``: with ``subok=True`` an array of the user's class stays one."""
    if not options.get("subok") or not issubclass(type(object), TracedSubclass):
        return arrays.array(object, dtype, **options)
    made = asanyarray(object, dtype)
    if made is object and arrays._copies(options.get("copy", True)):
        made = members.METHODS["copy"](object)
    missing = options.get("ndmin", 0) - made.ndim
    return members.METHODS["reshape"](made, (1,) * missing + made.shape) if missing > 0 else made


def _direct(function: Any) -> tuple[Any, Callable[..., Any]]:
    """``np.f._implementation``, by which ``__array_function__`` of a class calls NumPy's own function."""
    implementation = function._implementation

    def call(*args: Any, **kwargs: Any) -> Any:
        given = beside_traced((*args, *kwargs.values()))
        if given is not None:
            first = next((v for v in _flat(given) if issubclass(type(v), TracedSubclass)), None)
            if first is not None:
                return array_function(first, function, (), args, kwargs)
        if contains_traced(args) or contains_traced(tuple(kwargs.values())):
            return function(*args, **kwargs)
        return implementation(*args, **kwargs)

    call.__name__ = getattr(function, "__name__", "function")
    return implementation, call


def _flat(values: Any) -> Iterator[Any]:
    for value in values:
        if type(value) in {list, tuple}:
            yield from _flat(value)
        else:
            yield value


_DISPATCHED = {
    id(f): f
    for module in (np, np.linalg, np.fft)
    for f in list(vars(module).values())
    if type(f) is type(np.sum) and hasattr(f, "_implementation")
}

_asanyarray = arrays.STAND_INS["numpy"]["asanyarray"]

BY_IDENTITY: list[tuple[Any, Callable[..., Any]]] = [
    *(
        (original, _of_class(name, original))
        for name, original in vars(np.ndarray).items()
        if callable(original) and callable(default(name)) and name not in ("__new__", "__hash__")
    ),
    (np.ndarray.__new__, new),
    *map(_direct, _DISPATCHED.values()),
]

STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {"numpy": {"asanyarray": asanyarray, "array": array}}
