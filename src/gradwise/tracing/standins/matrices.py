"""``np.matrix`` of traced values: ``*`` is the matrix product, everything has two dimensions.

NumPy's own matrix of the plain numbers is asked first: it raises what it raises, and says of which kind and shape the result is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.holders import DESCRIPTIONS, OWNERS, WRAPPERS, Holder
from gradwise.tracing.indexing import stacked
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.layout import copy_in_layout
from gradwise.tracing.standins.buffers import owned
from gradwise.tracing.standins.recording import at_line, contains_traced, number, open_traces
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class TracedMatrix(Holder):
    """What stands for an ``np.matrix`` of traced numbers."""

    __slots__ = ("__weakref__", "array")
    array: Any

    def __init__(self, array: Any) -> None:
        self.array = array

    @property  # type: ignore[misc]  # answers isinstance(x, np.matrix) as the plain one would
    def __class__(self) -> type:
        return np.matrix

    def parts(self) -> list[Any]:
        return [self.array]

    def plain(self) -> Any:
        return np.array(plain(self.array)).view(np.matrix)

    def as_output(self) -> Any:
        return self.array

    def shown(self) -> Any:
        """The plain matrix, sharing memory: for looking only."""
        return plain(self.array).view(np.matrix)

    # --- attributes ---------------------------------------------------------------------------------------------------------

    @property
    def A(self) -> Any:
        return self.array

    @property
    def A1(self) -> Any:
        return self.array.reshape(-1)

    @property
    def T(self) -> Any:
        return TracedMatrix(self.array.T)

    @property
    def H(self) -> Any:
        return TracedMatrix(np.conj(self.array.T) if self.array.dtype.kind == "c" else self.array.T)

    @property
    def I(self) -> Any:  # noqa: E743  # NumPy's name
        square = self.array.shape[0] == self.array.shape[1]
        return TracedMatrix(np.linalg.inv(self.array) if square else np.linalg.pinv(self.array))

    @property
    def real(self) -> Any:
        return TracedMatrix(self.array.real)

    @property
    def imag(self) -> Any:
        return TracedMatrix(self.array.imag)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        expected = getattr(self.shown(), name)
        if name in DESCRIPTIONS:
            return expected
        if name in {"tolist", "item", "flat"}:
            return getattr(self.array, name)
        if not callable(expected):
            raise _another(self.array)

        def method(*args: Any, **kwargs: Any) -> Any:
            with at_line(*open_traces([self.array])):
                made = getattr(self.shown(), name)(*_each(args, _shown), **{k: _shown(v) for k, v in kwargs.items()})
                ours = getattr(self.array, name)(*_each(args, unwrapped_matrix), **_unwrapped(kwargs))
                if not isinstance_traced(ours):
                    concrete(self.array)
                return alike(ours, made)

        return method

    def sort(self, *args: Any, **kwargs: Any) -> None:
        self.array.sort(*args, **kwargs)

    def fill(self, value: Any) -> None:
        self.array.fill(value)

    # --- items --------------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        key = unwrapped_matrix(key)
        found = self.array[key]
        expected = self.shown()[plain(key)]
        if not isinstance(expected, np.matrix):
            return found
        return TracedMatrix(found if np.shape(plain(found)) == expected.shape else found.reshape(expected.shape))

    def __setitem__(self, key: Any, value: Any) -> None:
        key, value = unwrapped_matrix(key), unwrapped_matrix(value)
        target = self.shown()[plain(key)]
        shape = np.shape(plain(self.array)[plain(key)])
        if np.ndim(plain(value)) > len(shape):  # a column for a column, a row for a row
            value = np.broadcast_to(as_array(value), np.shape(target)).reshape(shape)
        self.array[key] = value

    def __float__(self) -> float:
        return number(self.array)

    def __bool__(self) -> bool:
        return bool(self.array)

    def __repr__(self) -> str:
        return repr(self.shown())

    def __str__(self) -> str:
        return str(self.shown())

    # --- NumPy's protocols --------------------------------------------------------------------------------------------------

    __array_priority__ = 11.0

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _through(getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _through(function, args, kwargs)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        array = self.array
        return array if dtype is None or np.dtype(dtype) == array.dtype else array.astype(dtype)

    # --- operators ----------------------------------------------------------------------------------------------------------

    def __mul__(self, other: Any) -> Any:
        return _times(self, other)

    def __rmul__(self, other: Any) -> Any:
        return _times(other, self)

    def __matmul__(self, other: Any) -> Any:
        return _through(np.matmul, (self, other), {})

    def __rmatmul__(self, other: Any) -> Any:
        return _through(np.matmul, (other, self), {})

    def __imul__(self, other: Any) -> Any:
        self.array[...] = unwrapped_matrix(_times(self, other))
        return self

    def __pow__(self, n: Any) -> Any:
        return TracedMatrix(np.linalg.matrix_power(self.array, n))

    def __neg__(self) -> Any:
        return TracedMatrix(-self.array)

    def __pos__(self) -> Any:
        return TracedMatrix(+self.array)

    def __abs__(self) -> Any:
        return TracedMatrix(abs(self.array))


def _operator(name: str) -> Any:
    def operate(self: Any, other: Any) -> Any:
        if type(other) is TracedMatrix:
            other = other.array
        elif isinstance(other, np.matrix):
            other = np.asarray(other)
        elif type(other) in {list, tuple}:
            other = stacked(other)
        result = getattr(type(self.array), name)(self.array, other) if isinstance_traced(self.array) else NotImplemented
        if result is NotImplemented:
            result = getattr(self.array, name)(other)
        if result is NotImplemented or np.ndim(plain(result)) != 2:
            return result
        return TracedMatrix(result)

    operate.__name__ = name
    return operate


def _in_place(name: str) -> Any:
    binary = _operator(name)

    def operate(self: Any, other: Any) -> Any:
        self.array[...] = unwrapped_matrix(binary(self, other))
        return self

    operate.__name__ = name.replace("__", "__i", 1)
    return operate


for _name in ("add", "sub", "truediv", "floordiv", "mod"):
    setattr(TracedMatrix, f"__{_name}__", _operator(f"__{_name}__"))
    setattr(TracedMatrix, f"__r{_name}__", _operator(f"__r{_name}__"))
    setattr(TracedMatrix, f"__i{_name}__", _in_place(f"__{_name}__"))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(TracedMatrix, f"__{_name}__", _operator(f"__{_name}__"))
for _name in ("A", "A1", "T", "H", "I"):  # the methods that NumPy had before
    setattr(TracedMatrix, "get" + _name, getattr(TracedMatrix, _name).fget)
TracedMatrix.__hash__ = None  # type: ignore[assignment]  # as np.matrix


def is_matrix(value: Any) -> bool:
    """Whether a value is an ``np.matrix``, traced or not."""
    return type(value) is TracedMatrix or isinstance(value, np.matrix)


def as_matrix(array: Any) -> Any:
    """An array of at most two dimensions as a matrix."""
    array = as_array(array)
    if array.ndim < 2:
        array = array.reshape(1, -1)
    return TracedMatrix(array) if isinstance_traced(array) and array.tape.open else plain(array).view(np.matrix)


def unwrapped_matrix(value: Any) -> Any:
    """The array of a matrix; anything else as it is, but for sequences of them."""
    if type(value) is TracedMatrix:
        return value.array
    if isinstance(value, np.matrix):
        return np.asarray(value)
    if type(value) in {list, tuple} and any(is_matrix(v) or type(v) in {list, tuple} for v in value):
        return type(value)(map(unwrapped_matrix, value))
    return value


def _unwrapped(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {k: unwrapped_matrix(v) for k, v in kwargs.items()}


def _shown(value: Any) -> Any:
    if type(value) is TracedMatrix:
        return value.shown()
    if type(value) in {list, tuple}:
        return type(value)(map(_shown, value))
    return plain(value)


def _each(values: Any, function: Any) -> list[Any]:
    return [function(v) for v in values]


def alike(ours: Any, expected: Any) -> Any:
    """A result as a matrix or an array, in the shape that NumPy's own function of matrices gives; refused where its numbers are others."""
    if isinstance(expected, tuple) and isinstance(ours, tuple):
        made = [alike(o, e) for o, e in zip(ours, expected, strict=True)]
        return type(expected)(*made) if hasattr(expected, "_fields") else tuple(made)
    if not isinstance_traced(ours):
        if contains_traced(ours) or isinstance(ours, (list, dict)):
            raise TypeError(
                f"a function of an np.matrix of traced values gives {type(expected).__name__}, which has no rule"
            )
        return expected
    if np.shape(plain(ours)) != np.shape(expected):
        if np.size(plain(ours)) != np.size(expected):
            raise _another(ours)
        ours = ours.reshape(np.shape(expected))
    found, wanted = np.asarray(plain(ours)), np.asarray(expected)
    size = np.abs(wanted).max(initial=0.0, where=np.isfinite(wanted))
    if not np.allclose(found, wanted, rtol=1e-8, atol=1e-10 * size, equal_nan=True):
        raise _another(ours)
    return TracedMatrix(ours) if isinstance(expected, np.matrix) else ours


def _another(ours: Any) -> Exception:
    if not isinstance_traced(ours):
        return TypeError("a function of an np.matrix of traced values has no rule")
    error: Exception = ours.tape.fail(
        "a function of an np.matrix of traced values gives another result than the same function of arrays. Write it with arrays: A = np.asarray(M), and @ for the product"
    )
    return error


def _through(function: Any, args: Any, kwargs: Any) -> Any:
    """A function of NumPy on matrices."""
    out = kwargs.get("out")
    if out is not None:
        raise _another(
            next(o.array for o in (*args, *np.atleast_1d(np.array(out, object)).ravel()) if type(o) is TracedMatrix)
        )
    with at_line(*open_traces([a.array if type(a) is TracedMatrix else a for a in args])):
        expected = function(*_each(args, _shown), **{k: _shown(v) for k, v in kwargs.items()})
        return alike(function(*_each(args, unwrapped_matrix), **_unwrapped(kwargs)), expected)


def _times(a: Any, b: Any) -> Any:
    """The product of ``np.matrix``: of numbers each entry, else of matrices; a vector is a row."""
    module_says = [v for v in (a, b) if not is_matrix(v) and np.ndim(plain(v) if isinstance_traced(v) else v) == 0]
    if module_says:
        if type(module_says[0]) not in _NUMBERS and not isinstance_traced(module_says[0]):
            return NotImplemented
        return TracedMatrix(unwrapped_matrix(a) * unwrapped_matrix(b))
    pair = [as_array(unwrapped_matrix(v)) for v in (a, b)]
    left, right = (v.reshape(1, -1) if v.ndim == 1 else v for v in pair)
    return TracedMatrix(np.matmul(left, right))


_NUMBERS = frozenset({int, float, complex, bool, np.float64, np.float32, np.int64, np.int32, np.complex128})


# --- making ---------------------------------------------------------------------------------------------------------------------


def _making(function: Callable[..., Any], *, copy: bool) -> Callable[..., Any]:
    def call(data: Any, dtype: Any = None, *rest: Any, **options: Any) -> Any:
        if type(data) is TracedMatrix:
            array = data.array
        elif contains_traced(data):
            array = as_array(data)
        else:
            made = function(data, dtype, *rest, **options)
            if not copy or made.dtype.kind not in "fc":
                return made
            ours = owned(current_trace(), np.asarray(made))
            return TracedMatrix(ours) if isinstance_traced(ours) else made
        with at_line(*open_traces([array])):
            if dtype is not None:
                array = array.astype(dtype)
            copying = rest[0] if rest else options.get("copy", copy)
            return as_matrix(array.copy() if copying else array)

    call.__name__ = function.__name__
    call.__doc__ = f"``np.{function.__name__}``."
    return call


def _bmat(obj: Any, ldict: Any = None, gdict: Any = None) -> Any:
    """``np.bmat`` of blocks; names in a string are looked up where the plain function would."""
    if isinstance(obj, str) or not _holds(obj):
        return np.bmat(obj, ldict, gdict)
    if type(obj) is TracedMatrix:
        return obj
    rows = obj if any(type(r) in {list, tuple} for r in obj) else [obj]
    return as_matrix(np.concatenate([np.concatenate(unwrapped_matrix(list(r)), axis=-1) for r in rows], axis=0))


def _holds(obj: Any) -> bool:
    if type(obj) in {list, tuple}:
        return any(map(_holds, obj))
    return type(obj) is TracedMatrix or isinstance_traced(obj)


def _starred(name: str) -> Any:
    """The operator of NumPy's matrix, beside a traced array."""
    original = getattr(np.matrix, name)

    def operate(self: Any, other: Any) -> Any:
        if not isinstance_traced(other):
            return original(self, other)
        with at_line(*open_traces([other])):
            return _times(other, self) if name == "__rmul__" else _times(self, other)

    return operate


def _wrapped(m: Any) -> Any:
    return as_matrix(m) if isinstance_traced(m) else TracedMatrix(np.asarray(m))


WRAPPERS[np.matrix] = _wrapped
OWNERS[np.matrix] = lambda m: TracedMatrix(owned(current_trace(), copy_in_layout(np.asarray(m))))

BY_IDENTITY: list[tuple[Any, Any]] = [(getattr(np.matrix, n), _starred(n)) for n in ("__mul__", "__rmul__")]

STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "numpy": {
        "matrix": _making(np.matrix, copy=True),
        "asmatrix": _making(np.asmatrix, copy=False),
        "bmat": _bmat,
    }
}
