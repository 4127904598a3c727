"""Making sparse matrices of traced data: triplets, full matrices, diagonals, blocks, Kronecker products."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.matrices import is_matrix, unwrapped_matrix
from gradwise.tracing.standins.recording import at_line, contains_traced, handed_over
from gradwise.tracing.standins.scipy_calling import with_value
from gradwise.tracing.standins.sparse_arithmetic import like_scipy
from gradwise.tracing.standins.sparse_entries import (
    Entries,
    canonical,
    entries_of,
    filled,
    form_of,
    hold,
    involves,
    is_sparse,
    made,
    moved,
    plain_twin,
    running,
    two,
)
from gradwise.tracing.standins.sparse_items import settled_key
from gradwise.tracing.standins.sparse_operators import is_operator
from gradwise.tracing.standins.stacking import assembled
from gradwise.tracing.traced import dtype_of, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def traced_within(arguments: Any) -> list[Any]:
    """The traced arrays among arguments, in sequences of them and in sparse matrices."""
    found: list[Any] = []
    stack = list(arguments)
    while stack:
        a = stack.pop()
        if isinstance_traced(a):
            found.append(a)
        elif type(a) in {list, tuple}:
            stack.extend(a)
        elif type(a) is dict:
            stack.extend(a.values())
        elif is_sparse(a):
            stack.append(entries_of(a).data)
    return found


def numbers(values: Any) -> Any:
    """Data as an array; lists of traced numbers are stacked."""
    values = unwrapped_matrix(values)
    return assembled(values) if type(values) in {list, tuple} and contains_traced(values) else as_array(values)


# --- classes --------------------------------------------------------------------------------------------------------------------


def constructor(cls: Any) -> Callable[..., Any]:
    """Stand-in for a call of SciPy's class."""
    form = form_of(cls)

    def call(arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False, **options: Any) -> Any:
        if not (involves(arg1) or is_traced_matrix(arg1)):
            return cls(arg1, shape=shape, dtype=dtype, copy=copy, **options)
        with at_line(*running()):
            return _construct(cls, form, arg1, shape, dtype, copy=copy)

    call.__name__ = cls.__name__
    call.__doc__ = f"``scipy.sparse.{cls.__name__}``, of traced data too."
    return call


def is_traced_matrix(value: Any) -> bool:
    """Whether a value is a traced ``np.matrix``."""
    return is_matrix(value) and isinstance_traced(unwrapped_matrix(value))


def _typed(data: Any, dtype: Any) -> Any:
    return data if dtype is None or dtype_of(plain(data)) == np.dtype(dtype) else data.astype(dtype)


def _construct(cls: Any, form: str, arg1: Any, shape: Any, dtype: Any, *, copy: bool) -> Any:
    shape = settled_key(shape)
    if is_sparse(arg1):
        made_one = converted(arg1, cls, copy=True)
        return made_one if dtype is None else hold_typed(made_one, dtype)
    if type(arg1) is tuple and len(arg1) == 2 and form != "dia":
        data = _typed(numbers(arg1[0]).reshape(-1), dtype)
        places = settled_key(arg1[1])
        example = scipy.sparse.coo_array((np.array(plain(data)), places), shape=shape)
        rows = example.coords[0] if len(example.coords) == 2 else np.zeros(len(example.coords[0]), int)
        e = Entries(two(example.shape), rows, example.coords[-1], data)
        if form == "coo" and not copy:  # it keeps the array that it was given
            return hold(cls(example), data)
        return made(cls, e) if len(example.shape) == 2 else filled_vector(cls, e)
    if type(arg1) in {tuple, list} and type(arg1) is tuple and len(arg1) in (2, 3) and form in {"csr", "csc", "dia"}:
        data = _typed(numbers(arg1[0]), dtype)
        structure = settled_key(tuple(arg1[1:]))
        data = data.copy() if copy else data
        return hold(cls((np.array(plain(data)), *structure), shape=shape), _of_structure(data, form))
    array = _typed(numbers(arg1), dtype)
    example = cls(np.ones(array.shape))
    if len(example.shape) == 1:
        return filled_vector(cls, _row(array))
    rows, cols = np.indices(two(example.shape))
    return made(cls, Entries(two(example.shape), rows.ravel(), cols.ravel(), array.reshape(-1)))


def _of_structure(data: Any, form: str) -> Any:
    return np.atleast_2d(data) if form == "dia" else data


def _row(array: Any) -> Entries:
    n = array.shape[0]
    return Entries((1, n), np.zeros(n, int), np.arange(n), array)


def filled_vector(cls: Any, e: Entries) -> Any:
    """The sparse vector with these entries."""
    e = canonical(e)
    labels = scipy.sparse.coo_array((np.arange(1.0, e.cols.size + 1), (np.array(e.cols),)), shape=e.shape[1:])
    return filled(cls(labels), e.data)


def hold_typed(matrix: Any, dtype: Any) -> Any:
    """``A.astype(dtype)``."""
    e = entries_of(matrix)
    return made(type(matrix), e._replace(data=e.data.astype(dtype)))


def converted(matrix: Any, cls: Any, *, copy: bool = False) -> Any:
    """The matrix in the format of another class."""
    if matrix.format == form_of(cls) and type(matrix) is cls and not copy:
        return matrix
    if len(matrix.shape) == 1:
        return filled_vector(cls, entries_of(matrix))
    return made(cls, entries_of(matrix))


# --- diagonals and blocks ---------------------------------------------------------------------------------------------------------


def _diagonals(name: str) -> Any:
    """``diags`` and ``diags_array``: the diagonals may be arrays, or numbers that are broadcast."""

    def call(diagonals: Any, *args: Any, **kwargs: Any) -> Any:
        original = getattr(scipy.sparse, name)
        dtype = kwargs.pop("dtype", None)
        args, kwargs = settled_key(args), {k: settled_key(v) for k, v in kwargs.items()}
        several = type(diagonals) in {list, tuple} and any(
            type(d) in {list, tuple} or np.ndim(plain(d)) for d in diagonals
        )
        pieces = [numbers(d) for d in diagonals] if several else [numbers(diagonals)]
        if not several and pieces[0].ndim == 2:
            pieces = list(pieces[0])
            several = True
        joined = np.concatenate([np.reshape(p, (-1,)) for p in pieces])
        sizes = [int(np.size(plain(p))) for p in pieces]
        starts = np.cumsum([1, *sizes])
        labels = [
            np.arange(s, s + n, dtype=float).reshape(np.shape(plain(p)))
            for s, n, p in zip(starts, sizes, pieces, strict=False)
        ]
        numbered = original(labels if several else labels[0], *args, **kwargs)
        made_one = filled(numbered, joined)
        return made_one if dtype is None else hold_typed(made_one, dtype)

    return call


def spdiags(data: Any, diags: Any, m: Any = None, n: Any = None, format: Any = None) -> Any:  # noqa: A002  # SciPy's name
    """``scipy.sparse.spdiags``."""
    data = numbers(data)
    return moved(lambda d: scipy.sparse.spdiags(d, settled_key(diags), settled_key(m), settled_key(n), format), data)


def _flattened(blocks: Any, found: list[Any]) -> Any:
    """The blocks taken out of nested sequences, and places for them."""
    if type(blocks) in {list, tuple}:
        return [_flattened(b, found) for b in blocks]
    if blocks is None:
        return None
    if isinstance(blocks, np.ndarray) and blocks.dtype == object:
        return [_flattened(b, found) for b in blocks]
    found.append(unwrapped_matrix(blocks))
    return len(found) - 1


def _filled_in(places: Any, pieces: Any) -> Any:
    if type(places) is list:
        return [_filled_in(p, pieces) for p in places]
    return None if places is None else pieces[places]


def _blocks(name: str) -> Any:
    """``hstack``, ``vstack``, ``bmat``, ``block_array``, ``block_diag``: they move entries only."""

    def call(blocks: Any, *args: Any, **kwargs: Any) -> Any:
        original = getattr(scipy.sparse, name)
        found: list[Any] = []
        dtype = kwargs.pop("dtype", None)
        places = _flattened(blocks, found)
        found = [numbers(b) if not is_sparse(b) else b for b in found]
        result = moved(lambda *pieces: original(_filled_in(places, pieces), *args, **kwargs), *found)
        return result if dtype is None else hold_typed(result, dtype)

    return call


def _part(name: str) -> Any:
    """``tril`` and ``triu``."""

    def call(A: Any, k: Any = 0, format: Any = None) -> Any:  # noqa: A002  # SciPy's name
        A = (
            A
            if is_sparse(A)
            else scipy.sparse.coo_array(A)
            if not involves(A)
            else made(scipy.sparse.coo_array, _of_full(A))
        )
        return moved(lambda p: getattr(scipy.sparse, name)(p, concrete(k, "int"), format), A)

    return call


def _of_full(array: Any) -> Entries:
    array = numbers(array)
    rows, cols = np.indices(array.shape)
    return Entries(two(array.shape), rows.ravel(), cols.ravel(), array.reshape(-1))


def _either(A: Any) -> Entries:
    return entries_of(A) if is_sparse(A) else _of_full(A)


def kron(A: Any, B: Any, format: Any = None) -> Any:  # noqa: A002  # SciPy's name
    """``scipy.sparse.kron``."""
    a, b = canonical(_either(A)), canonical(_either(B))
    expected = scipy.sparse.kron(*[plain_twin(m) if is_sparse(m) else plain(numbers(m)) for m in (A, B)], format=format)
    p, q = b.shape
    kind = scipy.sparse.get_index_dtype(maxval=max(a.shape[0] * p, a.shape[1] * q))
    rows = (a.rows[:, None].astype(kind) * p + b.rows).ravel()
    cols = (a.cols[:, None].astype(kind) * q + b.cols).ravel()
    data = (as_array(a.data)[:, None] * as_array(b.data)).reshape(-1)
    return like_scipy(Entries((a.shape[0] * p, a.shape[1] * q), rows, cols, data), expected)


def kronsum(A: Any, B: Any, format: Any = None) -> Any:  # noqa: A002  # SciPy's name
    """``scipy.sparse.kronsum``: I ⊗ A + B ⊗ I."""
    n, m = np.shape(A)[0] if not is_sparse(A) else A.shape[0], np.shape(B)[0] if not is_sparse(B) else B.shape[0]
    expected = scipy.sparse.kronsum(
        *[plain_twin(x) if is_sparse(x) else plain(numbers(x)) for x in (A, B)], format=format
    )
    one, other = entries_of(kron(scipy.sparse.eye_array(m), A)), entries_of(kron(B, scipy.sparse.eye_array(n)))
    e = Entries(
        one.shape,
        np.concatenate([one.rows, other.rows]),
        np.concatenate([one.cols, other.cols]),
        np.concatenate([as_array(one.data), as_array(other.data)]),
    )
    return like_scipy(e, expected)


def find(A: Any) -> tuple[Any, Any, Any]:
    """``scipy.sparse.find``: rows, columns and values of what is not zero."""
    e = canonical(_either(A))
    concrete(e.data != 0)
    twin = plain_twin(A) if is_sparse(A) else plain(numbers(A))
    rows, cols, values = scipy.sparse.find(twin)  # in the order that this version has
    width = max(e.shape)
    places = np.searchsorted(e.rows.astype(np.int64) * width + e.cols, rows.astype(np.int64) * width + cols)
    return rows, cols, with_value(e.data[places], values)


def standing(name: str, ours: Any, module: str = "scipy.sparse") -> Any:
    """SciPy's function where nothing is traced, ours where something is."""

    def call(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = handed_over(args, kwargs)
        if not (
            involves(*args)
            or (kwargs and involves(*kwargs.values()))
            or any(is_traced_matrix(a) or is_operator(type(a)) for a in (*args, *kwargs.values()))
        ):
            return getattr(sys.modules[module], name)(*args, **kwargs)
        with at_line(*running()):
            return ours(*args, **kwargs)

    call.__name__ = name
    call.__doc__ = f"``{module}.{name}``."
    return call
