"""NumPy's functions that call a Python function for entries or lines: ``vectorize``, ``frompyfunc``, ``fromfunction``, ``fromiter``, ``apply_along_axis``, ``piecewise``.

The function may give traced values for plain entries (it may refer to them), so it is always called entry by entry here, as NumPy would.
"""

from __future__ import annotations

import gc
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions import choosing, polynomials
from gradwise.tracing.functions.operands import as_array, laid_out
from gradwise.tracing.holders import TWINS
from gradwise.tracing.instrument.object_entries import BY_OPERATORS, over_entries
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.standins.arrays import as_entries, asarray
from gradwise.tracing.standins.asking import asking, asking_function, objects
from gradwise.tracing.standins.buffers import fillable
from gradwise.tracing.standins.core_dimensions import by_signature
from gradwise.tracing.standins.recording import contains_traced, entries, resolve
from gradwise.tracing.standins.stacking import assembled, stacking_first
from gradwise.tracing.standins.text import look_among
from gradwise.tracing.standins.users_arrays import refuse_users_arrays
from gradwise.tracing.traced import TracedArray, TracedScalar, isinstance_traced
from gradwise.tracing.ufuncs import ELEMENTWISE, _fast_unary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gradwise.program import Primitive


def _entries(a: Any, shape: tuple[int, ...]) -> list[Any]:
    """The entries of a, broadcast, as Python numbers, which is how NumPy hands them to the function."""
    if isinstance_traced(a) or contains_traced(a):
        a = as_array(asarray(a))
        if isinstance_traced(a):
            flat = a.reshape(-1).tolist()
            if a.shape == shape:
                return flat
            places = np.broadcast_to(np.arange(a.size).reshape(a.shape), shape)
            return [flat[i] for i in places.ravel()]
    return list(np.broadcast_to(np.asanyarray(a, dtype=object), shape).flat)


def _shape(a: Any) -> tuple[int, ...]:
    if isinstance_traced(a):
        return np.shape(plain(a))
    return asarray(a).shape if contains_traced(a) else np.asanyarray(a, dtype=object).shape


def _collected(results: list[Any], shape: tuple[int, ...], dtype: Any) -> Any:
    """The array of the results."""
    if not contains_traced(results):
        values = np.empty(len(results), object)
        values[:] = results
        return values.reshape(shape).astype(dtype)
    made = assembled(results).reshape(shape)
    return made if dtype is None or made.dtype == np.dtype(dtype) else made.astype(dtype)


# --- vectorize ------------------------------------------------------------------------------------------------------------------


def vectorized_call(vectorized: np.vectorize, *args: Any, **kwargs: Any) -> Any:
    """A call of an ``np.vectorize`` object."""
    own: Any = vectorized
    if own.pyfunc is np._NoValue or current_trace() is None:
        return vectorized(*args, **kwargs)
    if TWINS:
        refuse_users_arrays("np.vectorize", (*args, *kwargs.values()))
    function = resolve(own.pyfunc)
    excluded = own.excluded
    names = [n for n in kwargs if n not in excluded]
    places = [i for i in range(len(args)) if i not in excluded]

    def one(*entries: Any) -> Any:
        arguments = list(args)
        for i, entry in zip(places, entries, strict=False):
            arguments[i] = entry
        return function(*arguments, **(kwargs | dict(zip(names, entries[len(places) :], strict=True))))

    moving = [args[i] for i in places] + [kwargs[n] for n in names]
    if own.signature is not None:
        return by_signature(own, one, moving)
    if not moving:
        return one()
    shape = np.broadcast_shapes(*[_shape(a) for a in moving])
    if 0 in shape:
        if not own.otypes:
            raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
        empty = tuple(np.empty(shape, t) for t in own.otypes)
        return empty if len(empty) > 1 else empty[0]
    # as NumPy does it: without dtypes the function is called once more, on the first entries as NumPy's numbers, and the result says which dtypes
    probe = [] if own.otypes else [one(*map(_first, moving))]
    entries = zip(*[_entries(a, shape) for a in moving], strict=True)
    results = probe[:] if own.cache else []
    results += [one(*e) for e in itertools.islice(entries, len(results), None)]
    return _in_order_of(_outputs(own, results, shape, *probe), moving)


def _first(a: Any) -> Any:
    """The first entry of an argument, as a number of NumPy's."""
    a = as_array(asarray(a)) if isinstance_traced(a) or contains_traced(a) else np.asarray(a)
    return a.reshape(-1)[0]


def _dtypes(vectorized: Any, first: tuple[Any, ...]) -> list[Any]:
    """The dtypes of the outputs: those asked for, or those of the first result."""
    if vectorized.otypes:
        return list(vectorized.otypes)
    return [np.asarray(plain(f)).dtype if not contains_traced(f) or isinstance_traced(f) else None for f in first]


def _outputs(vectorized: Any, results: list[Any], shape: tuple[int, ...], probe: Any = None) -> Any:
    probe = results[0] if probe is None else probe
    if isinstance(results[0], tuple) and not isinstance_traced(results[0]):
        dtypes = _dtypes(vectorized, probe)
        columns = zip(*results, strict=True)
        return tuple(_collected(list(c), shape, t) for c, t in zip(columns, dtypes, strict=True))
    return _collected(results, shape, _dtypes(vectorized, (probe,))[0])


def _in_order_of(made: Any, given: list[Any]) -> Any:
    """The outputs in the memory order of the arguments, as NumPy's own loop allocates them."""
    arrays = [a for a in map(plain, given) if type(a) is np.ndarray and a.ndim > 1]
    if all(a.flags.c_contiguous for a in arrays):
        return made
    if isinstance(made, tuple):
        return tuple([_in_order_of(piece, given) for piece in made])
    allocated = np.nditer([*arrays, None], op_dtypes=[None] * len(arrays) + [np.float64]).operands[-1]
    return laid_out(made, allocated) if isinstance_traced(made) and allocated.shape == made.shape else made


# --- frompyfunc -----------------------------------------------------------------------------------------------------------------


def function_of(ufunc: Any) -> Any:
    """The Python function of which ``np.frompyfunc`` made a ufunc; None for a ufunc of another make."""
    if not ufunc.__name__.endswith(" (vectorized)"):
        return None
    return next((r for r in gc.get_referents(ufunc) if callable(r)), None)


def object_ufunc(ufunc: Any) -> Callable[..., Any]:
    """A call of a ufunc of ``np.frompyfunc``: arrays of objects, which may be traced numbers."""
    function = function_of(ufunc)

    def call(*args: Any, **kwargs: Any) -> Any:
        if current_trace() is None or kwargs or len(args) != ufunc.nin:
            return ufunc(*args, **kwargs)
        if TWINS:
            refuse_users_arrays("a ufunc of np.frompyfunc", args)
        shape = np.broadcast_shapes(*[_shape(a) for a in args])
        one = resolve(function)
        results = [one(*entries) for entries in zip(*[_entries(a, shape) for a in args], strict=True)]
        columns = list(zip(*results, strict=True)) if ufunc.nout > 1 else [results]
        made = tuple(objects(c, shape) for c in columns)
        return made if ufunc.nout > 1 else made[0]

    return call


# --- the others -----------------------------------------------------------------------------------------------------------------


def fromfunction(function: Any, shape: Any, **options: Any) -> Any:
    """``np.fromfunction``."""
    return np.fromfunction(resolve(function), shape, **options)


def fromiter(iter: Iterable[Any], dtype: Any, count: Any = -1, **options: Any) -> Any:  # noqa: A002  # NumPy's name
    """``np.fromiter``."""
    if current_trace() is None:
        return np.fromiter(iter, dtype, count, **options)
    items = as_entries(entries(iter) if count < 0 else itertools.islice(entries(iter), count), dtype)
    if not contains_traced(items):
        look_among(items)
        return np.fromiter(items, dtype, count, **options)
    if 0 <= count != len(items):
        raise ValueError(f"iterator too short: Expected {count} but iterator had only {len(items)} items.")
    return assembled(items, np.dtype(dtype))


def apply_along_axis(func1d: Any, axis: Any, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.apply_along_axis``."""
    if current_trace() is None:
        return np.apply_along_axis(func1d, axis, arr, *args, **kwargs)
    if TWINS:
        refuse_users_arrays("np.apply_along_axis", (arr,))
    return polynomials.apply_along_axis(resolve(func1d), axis, arr, *args, **kwargs)


def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    """``np.apply_over_axes``."""
    if current_trace() is None:
        return np.apply_over_axes(func, a, axes)
    return polynomials.apply_over_axes(resolve(func), a, axes)


def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """``np.piecewise``, of functions that may refer to traced values."""
    if current_trace() is None:
        return np.piecewise(x, condlist, funclist, *args, **kw)
    if TWINS:
        refuse_users_arrays("np.piecewise", (x,))
    functions = [resolve(f) if callable(f) and not isinstance_traced(f) else f for f in funclist]
    return choosing.piecewise(x, condlist, functions, *args, **kw)


def numpy_function(function: Any) -> Callable[..., Any]:
    """What stands in for a function of NumPy that has no stand-in of its own."""
    if type(function) is np.ufunc and function_of(function) is not None:
        return object_ufunc(function)
    if type(function) is np.ufunc and function.nin == 1 and function in ELEMENTWISE:
        return _elementwise(function, ELEMENTWISE[function])
    otherwise = stacking_first(function)
    if function.__name__ in BY_OPERATORS:
        otherwise = over_entries(otherwise)
    return (asking if type(function) is np.ufunc else asking_function)(function, otherwise)


def _elementwise(ufunc: Any, primitive: Primitive) -> Callable[..., Any]:
    """A universal function of one argument, without the way through NumPy's protocol."""
    otherwise = asking(ufunc, stacking_first(ufunc))

    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs:
            x = args[0]
            cls = type(x)
            if cls is float or (cls is np.ndarray and x.dtype.kind != "O"):
                return ufunc(x)
            if (cls is TracedScalar or cls is TracedArray) and x.tape.open:
                return _fast_unary(x, ufunc, primitive)
        return otherwise(*args, **kwargs)

    call.__name__ = ufunc.__name__
    call.__doc__ = f"``np.{ufunc.__name__}``."
    return call


def _created_like(function: Any) -> Callable[..., Any]:
    """``np.zeros_like`` and its relatives: of a plain array a buffer too, wherever it is put."""
    create = numpy_function(function)

    def call(*args: Any, **kwargs: Any) -> Any:
        return fillable(create(*args, **kwargs))

    call.__name__ = function.__name__
    call.__doc__ = f"``np.{function.__name__}``: a buffer to which traced values may be assigned."
    return call


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "numpy": {
        **{name: _created_like(getattr(np, name)) for name in ("zeros_like", "ones_like", "empty_like", "full_like")},
        "fromfunction": fromfunction,
        "fromiter": fromiter,
        "apply_along_axis": apply_along_axis,
        "apply_over_axes": apply_over_axes,
        "piecewise": piecewise,
    }
}
