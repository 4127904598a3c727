"""NumPy's functions that make an array of what they are given: ``np.array([a, b])``, ``np.asarray(x)``, ``np.float64(x)``."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import concrete
from gradwise.tracing.array_likes import GIVEN
from gradwise.tracing.functions.operands import as_array, valued
from gradwise.tracing.holders import HOLDERS, LABELLED, TWINS, without_labels, written
from gradwise.tracing.standins.buffers import fillable
from gradwise.tracing.standins.recording import (
    PLAIN,
    SEQUENCE_TYPES,
    as_lists,
    at_line,
    contains_traced,
    entries,
    entry,
    given_number,
    is_users_row,
    is_users_sequence,
    open_traces,
    python_method,
)
from gradwise.tracing.standins.stacking import assembled, concretely, plainly
from gradwise.tracing.standins.text import look_among
from gradwise.tracing.traced import TracedArray, TracedScalar, dtype_of, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


#: what makes structured arrays of rows that hold traced numbers; ``records.py`` puts it there
STRUCTURED: list[Any] = []


def _made(obj: Any, dtype: Any, order: Any, ndmin: int, *, copy: bool) -> Any:
    """The traced array of an argument that holds traced values, laid out as asked."""
    obj = written(obj)
    dtype = None if dtype is None else np.dtype(dtype)
    if dtype is not None and dtype.names:
        return STRUCTURED[0](obj, dtype, copy=copy)
    if not isinstance_traced(obj):
        result = assembled(obj, dtype)
    elif not obj.tape.open or dtype_of(obj.value).kind not in "fc":
        return np.array(concrete(obj), dtype, order=order, ndmin=ndmin, copy=copy or None)
    elif dtype is not None and dtype.kind == "O":
        return np.array(obj.astype(dtype) if type(obj) is TracedArray else obj, dtype, order=order, ndmin=ndmin)
    else:
        source = as_array(obj)
        if dtype is not None and dtype != source.dtype:
            result = source.astype(dtype)
        else:
            result = source.copy(order=order or "K") if copy else source
    if not isinstance_traced(result):
        return np.array(result, ndmin=ndmin, order=order, copy=None)
    if result.ndim < ndmin:
        result = result.reshape((1,) * (ndmin - result.ndim) + result.shape)
    return _ordered(result, order)


def _copies(copy: Any) -> bool:
    """Whether ``copy=`` asks for a copy in any case."""
    return copy is np._CopyMode.ALWAYS if isinstance(copy, np._CopyMode) else bool(copy)


def _ordered(result: Any, order: Any) -> Any:
    """A traced array in the memory order asked for."""
    if order in {None, "K", "A"}:
        return result
    value = result.current()
    wanted = np.array(value, order=order, copy=None)
    if wanted is value or (wanted.strides == value.strides and np.may_share_memory(wanted, value)):
        return result
    return valued(result, wanted)


def array(object: Any, dtype: Any = None, **options: Any) -> Any:  # noqa: A002  # NumPy's name
    """``np.array``: a fresh array."""
    kind = type(object)
    if dtype is not None:
        object = of_numbers(object, dtype)  # noqa: A001  # the name of NumPy's parameter
    if kind is not list and kind is not tuple:
        object = _listed(object, dtype)  # noqa: A001  # the name of NumPy's parameter
    else:
        object = _rows(without_labels(object) if LABELLED else object)  # noqa: A001  # the name of NumPy's parameter
    if not contains_traced(object):
        look_among(object)
        made = np.array(object, dtype, **options)
        return fillable(made) if options.get("copy", True) is True else made
    return _made(
        object, dtype, options.get("order", "K"), options.get("ndmin", 0), copy=_copies(options.get("copy", True))
    )


def of_numbers(a: Any, dtype: Any) -> Any:
    """What holds traced numbers among objects, or objects that give one as ``float`` does, as numbers where an array of such is asked for."""
    if (
        dtype is None
        or (type(a) is not list and type(a) is not tuple and not is_of_objects(a))
        or np.dtype(dtype).kind not in "fc"
    ):
        return a
    if not is_of_objects(a):
        return _given_as_numbers(a, np.dtype(dtype))
    entries_ = as_entries(a.ravel().tolist(), dtype)
    return assembled(entries_, np.dtype(dtype)).reshape(a.shape) if contains_traced(entries_) else a


def as_entries(items: Iterable[Any], dtype: Any) -> list[Any]:
    """The entries of an array, each of which is one number where numbers are asked for, be it a sequence too."""
    dtype = np.dtype(dtype)
    return [entry(v, dtype) for v in items] if dtype.kind in "fc" else list(items)


def is_of_objects(a: Any) -> bool:
    """Whether an array holds objects."""
    return type(a) is np.ndarray and a.dtype.kind == "O"


def _given_as_numbers(items: Any, dtype: Any) -> Any:
    if _NUMBERS.issuperset(map(type, items)):
        return items
    return [
        _given_as_numbers(v, dtype) if type(v) is list or type(v) is tuple else given_number(v, dtype) for v in items
    ]


_NUMBERS = frozenset({float, int, bool, complex, np.float64, np.int64, np.ndarray, TracedScalar, TracedArray})


def _rows(items: Any) -> Any:
    """A nested sequence with what NumPy takes of the user's objects in it: of those that give an array, or are sequences."""
    kinds = set(map(type, items)) - _NUMBERS
    if not any(kind is list or kind is tuple or kind in HOLDERS or is_users_row(kind) for kind in kinds):
        return items
    rows = list(map(_row, items))
    return items if all(map(operator.is_, rows, items)) else rows


def _row(x: Any) -> Any:
    kind = type(x)
    if kind is list or kind is tuple:
        return _rows(x)
    if kind in HOLDERS:
        return written(x)
    return _listed(x) if is_users_row(kind) else x


def _listed(items: Any, dtype: Any = None) -> Any:
    """A list subclass, named tuple, deque or dictionary view of traced values as the list that NumPy takes it for; an object that gives a number, where numbers are asked for."""
    kind = type(items)
    if kind in TWINS:
        return written(items)
    if kind in PLAIN or kind in _LEFT or issubclass(kind, np.ndarray) or kind is list or kind is tuple:
        return items
    if isinstance(items, SEQUENCE_TYPES):
        return list(items)
    method = python_method(items, "__array__")
    if method is not None:
        return method()
    if is_users_sequence(items):
        return list(entries(items))
    if dtype is None or np.dtype(dtype).kind not in "fc":
        return items  # NumPy makes an array of the object
    return given_number(items, np.dtype(dtype))


def given(x: Any, dtype: Any) -> Any:
    """What NumPy takes of objects of the user's that it puts into an array of numbers that is there: of arrays and sequences what they hold, of others their number."""
    if type(x) in HOLDERS:
        return written(x)
    if is_of_objects(x):
        return of_numbers(x, dtype)
    x = as_lists(without_labels(x) if LABELLED else x)
    if type(x) is not list and type(x) is not tuple:
        x = _listed(x, dtype)
    return _rows(of_numbers(x, dtype)) if type(x) is list or type(x) is tuple else x


GIVEN[0] = given


#: what NumPy takes as it is
_LEFT = frozenset({TracedArray, TracedScalar, dict, set, range})


def _converter(function: Callable[..., Any], order: Any = "K", ndmin: int = 0) -> Callable[..., Any]:
    """Stand-in for ``np.asarray`` and its relatives: no copy where none is needed."""

    def call(a: Any, dtype: Any = None, *rest: Any, **options: Any) -> Any:
        if not contains_traced(a):
            a = _listed(of_numbers(without_labels(a) if LABELLED else a, dtype), dtype)
        if type(a) is list or type(a) is tuple:
            a = _rows(a)
        if not contains_traced(a):
            look_among(a)
            return function(a, dtype, *rest, **options)
        chosen = options.get("order", rest[0] if rest else None)
        return _made(a, dtype, chosen or order, ndmin, copy=_copies(options.get("copy")))

    call.__name__ = function.__name__
    call.__doc__ = f"``np.{function.__name__}``."
    return call


def require(a: Any, dtype: Any = None, requirements: Any = None, **options: Any) -> Any:
    """``np.require``: what is traced is as required, once in order."""
    if not contains_traced(a):
        return np.require(a, dtype, requirements, **options)
    wanted = {r.upper() for r in requirements or ()}
    order = "F" if wanted & {"F", "F_CONTIGUOUS", "FORTRAN"} else "C" if wanted & {"C", "C_CONTIGUOUS"} else "K"
    return _made(a, dtype, order, 0, copy=bool(wanted & {"O", "OWNDATA"}))


def asarray_chkfinite(a: Any, dtype: Any = None, order: Any = None) -> Any:
    """``np.asarray_chkfinite``."""
    if contains_traced(a):
        np.asarray_chkfinite(plainly(a), dtype, order)
        return asarray(a, dtype, order=order)
    return np.asarray_chkfinite(a, dtype, order)


asarray = _converter(np.asarray)


# --- scalar types ---------------------------------------------------------------------------------------------------------------


def _scalar_type(kind: Any) -> Callable[..., Any]:
    """Stand-in for a call of a NumPy scalar type: ``np.float64(x)``."""
    dtype = np.dtype(kind)

    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs:
            look_among(args[0])
            if type(args[0]) not in PLAIN:
                args = (_listed(args[0], dtype),)
        if len(args) != 1 or kwargs or not contains_traced(args[0]):
            return kind(*args, **kwargs)
        (x,) = args
        if dtype.kind not in "fc":
            return kind(concrete(x, "int") if type(x) is TracedScalar and dtype.kind in "iu" else concretely(x))
        if type(x) is TracedScalar:
            value = x.value
            if type(value) is kind:
                return x
            if x.tape.open and dtype_of(value) == dtype:  # a Python number: the same variable, another kind of number
                return TracedScalar(x.tape, x.index, kind(value))
        result = _made(x, dtype, "K", 0, copy=False)
        if result.ndim:
            return result
        with at_line(*open_traces((result,))):
            return result[()]

    call.__name__ = kind.__name__
    call.__doc__ = f"``np.{kind.__name__}``."
    return call


_SCALARS = ("float64", "float32", "float16", "longdouble", "complex128", "complex64")
_INTEGERS = ("int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool_", "intp")


def mintypecode(typechars: Any, *args: Any, **kwargs: Any) -> str:
    """``np.mintypecode``, which asks arrays for their types."""
    return np.mintypecode([t if isinstance(t, str) else plainly(t) for t in typechars], *args, **kwargs)


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "numpy": {
        "array": array,
        "asarray": asarray,
        "asanyarray": _converter(np.asanyarray),
        "ascontiguousarray": _converter(np.ascontiguousarray, "C", 1),
        "asfortranarray": _converter(np.asfortranarray, "F", 1),
        "asarray_chkfinite": asarray_chkfinite,
        "mintypecode": mintypecode,
        "require": require,
        **{name: _scalar_type(getattr(np, name)) for name in (*_SCALARS, *_INTEGERS)},
    }
}
