"""Sparse matrices of traced data: SciPy's own objects, with traced values where they keep their numbers.

``A.data`` of a matrix in rows, columns, coordinates or diagonals is a traced array then; the lists of ``lil`` and the dictionary of ``dok`` hold traced numbers.  What of SciPy reads them as plain
arrays raises, so nothing is lost unseen; the stand-ins of its methods and functions read them here.  When the run ends, the objects that still live hold plain numbers.

An entry that a traced value was put to is kept, be it zero at this point or not: its derivative is not zero.
"""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy

from gradwise.rules.sparse_systems import sparse_apply, sparse_solve
from gradwise.tracing.arithmetic import _innermost, plain
from gradwise.tracing.functions.creation import buffer
from gradwise.tracing.functions.operands import carries
from gradwise.tracing.instrument.state import local
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.standins.stacking import assembled
from gradwise.tracing.traced import apply, dtype_of, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


class Entries(NamedTuple):
    """A matrix by its entries: plain places, traced or plain data; entries at one place add up."""

    shape: tuple[int, int]
    rows: np.ndarray
    cols: np.ndarray
    data: Any


def is_sparse(value: Any) -> bool:
    """Whether a value is a sparse matrix or array of SciPy."""
    return bool(sys.modules["scipy.sparse"].issparse(value))


#: formats that keep their numbers in one array
_IN_ARRAYS = frozenset({"csr", "csc", "coo", "dia", "bsr"})
#: by identity, the lil and dok objects that hold traced numbers
_marked: dict[int, Any] = {}


def is_traced(matrix: Any) -> bool:
    """Whether a sparse matrix holds traced numbers."""
    if matrix.format in _IN_ARRAYS:
        return isinstance_traced(matrix.data)
    return id(matrix) in _marked and _marked[id(matrix)]() is matrix


def running() -> list[Any]:
    """The traces of the runs that this thread is in: what a stand-in records has the user's line in each."""
    found, watch = [], local.watch
    while watch is not None:
        found.append(watch.trace)
        watch = watch.outer
    return found


def involves(*arguments: Any) -> bool:
    """Whether an argument is traced, a sequence that holds a traced value, or a sparse matrix of traced data."""
    for a in arguments:
        if isinstance_traced(a):
            return True
        kind = type(a)
        if kind is list or kind is tuple:
            if contains_traced(a) or involves(*a):
                return True
        elif kind is dict:
            if involves(*a.values()):
                return True
        elif kind not in _ATOMS and is_sparse(a) and is_traced(a):
            return True
    return False


_ATOMS = frozenset({int, float, str, bool, type(None), np.ndarray, np.float64, np.int64, slice})


# --- reading --------------------------------------------------------------------------------------------------------------------


def two(shape: tuple[int, ...]) -> tuple[int, int]:
    """The shape of a matrix: a sparse vector is one row."""
    if len(shape) > 2:
        what = f"a sparse array of shape {tuple(shape)} with, or beside, traced numbers"
        cure = "Two axes are required. Write A.reshape(m, n) before, or use a full array"
        for trace in running():
            raise trace.fail(f"{what} was used, and gradwise has no derivative rule for more than two axes. {cure}")
        raise ValueError(f"{what} was used. {cure}")
    return (1, int(shape[0])) if len(shape) == 1 else (int(shape[0]), int(shape[1]))


def entries_of(matrix: Any) -> Entries:
    """The entries of a sparse matrix, in the order in which it keeps them."""
    shape = two(matrix.shape)
    form = matrix.format
    if form == "coo":
        places = matrix.coords
        rows = places[0] if len(places) == 2 else np.zeros(len(places[0]), int)
        return Entries(shape, np.asarray(rows), np.asarray(places[-1]), matrix.data)
    if form in {"csr", "csc"}:
        major = np.repeat(np.arange(len(matrix.indptr) - 1, dtype=matrix.indices.dtype), np.diff(matrix.indptr))
        data = matrix.data[: major.size] if len(matrix.data) > major.size else matrix.data
        minor = np.asarray(matrix.indices[: major.size])
        rows, cols = (major, minor) if form == "csr" else (minor, major)
        return Entries(shape, rows, cols, data)
    if form == "lil":
        counts = [len(r) for r in matrix.rows]
        kind = scipy.sparse.get_index_dtype(maxval=max(shape))
        cols = np.array([j for r in matrix.rows for j in r], kind)
        numbers = [v for r in matrix.data for v in r]
        rows = np.repeat(np.arange(len(counts), dtype=kind), counts)
        return Entries(shape, rows, cols, _array(numbers, matrix.dtype))
    if form == "dok":
        keys = [k if type(k) is tuple else (0, k) for k in matrix._dict]
        keys = [k if len(k) == 2 else (0, *k) for k in keys]
        places = np.array(keys, scipy.sparse.get_index_dtype(maxval=max(shape))).reshape(-1, 2)
        return Entries(shape, places[:, 0], places[:, 1], _array(list(matrix._dict.values()), matrix.dtype))
    if form == "dia":
        return _of_diagonals(matrix, shape)
    blocks = matrix.data  # bsr: blocks (b, r, c)
    count, r, c = blocks.shape
    major = np.repeat(np.arange(len(matrix.indptr) - 1), np.diff(matrix.indptr))
    rows = np.broadcast_to((major * r)[:, None, None] + np.arange(r)[:, None], (count, r, c)).ravel()
    starts = np.asarray(matrix.indices, np.int64)[:, None, None] * c
    cols = np.broadcast_to(starts + np.arange(c), (count, r, c)).ravel()
    return Entries(shape, rows, cols, blocks.reshape(-1))


def _of_diagonals(matrix: Any, shape: tuple[int, int]) -> Entries:
    """``data[k, j]`` is the entry (j − offset, j)."""
    width = matrix.data.shape[1]
    k, j = np.indices((len(matrix.offsets), width))
    rows = j - np.asarray(matrix.offsets)[k]
    inside = (rows >= 0) & (rows < shape[0]) & (j < shape[1])
    return Entries(shape, rows[inside], j[inside], matrix.data[k[inside], j[inside]])


def _array(numbers: list[Any], dtype: Any) -> Any:
    if contains_traced(numbers):
        made = assembled(numbers)
        wanted = np.result_type(dtype, made.dtype)
        return made if made.dtype == wanted else made.astype(wanted)
    return np.array(numbers, dtype)


def plain_twin(matrix: Any) -> Any:
    """The sparse matrix of the plain numbers, in the same format."""
    if not is_traced(matrix):
        return matrix
    form = matrix.format
    if form in {"lil", "dok"}:
        e = entries_of(matrix)
        made = scipy.sparse.coo_array((np.array(plain(e.data)), (e.rows, e.cols)), shape=e.shape)
        return type(matrix)(made) if len(matrix.shape) == 2 else type(matrix)(made.toarray()[0])
    return like(matrix, np.array(plain(matrix.data)))


def like(matrix: Any, data: np.ndarray) -> Any:
    """A matrix of the structure of another one with the plain numbers ``data``; arrays of places are its own."""
    form, cls = matrix.format, type(matrix)
    if form == "coo":
        return cls((data, tuple(np.array(c) for c in matrix.coords)), shape=matrix.shape)
    if form == "dia":
        return cls((data, np.array(matrix.offsets)), shape=matrix.shape)
    structure = (np.array(matrix.indices), np.array(matrix.indptr))
    return cls((data, *structure), shape=matrix.shape)


# --- making ---------------------------------------------------------------------------------------------------------------------


def hold(matrix: Any, data: Any) -> Any:
    """The matrix with ``data`` as its array of numbers; made plain when the run ends."""
    if carries(data) or isinstance_traced(data):
        matrix.data = data
        _clean_later(matrix)
    else:
        matrix.data = np.asarray(data)
    return matrix


def _clean_later(matrix: Any) -> None:
    watch = local.watch
    if watch is not None:
        reference = weakref.ref(matrix)
        watch.later.append(lambda: _clean(reference()))


def _clean(matrix: Any) -> None:
    if matrix is None:
        return
    form = matrix.format
    if form == "lil":
        for i, numbers in enumerate(matrix.data):
            matrix.data[i] = [plain(v) for v in numbers]
    elif form == "dok":
        for key, value in matrix._dict.items():
            matrix._dict[key] = plain(value)
    elif isinstance_traced(matrix.data):
        matrix.data = np.array(plain(matrix.data))


def mark(matrix: Any) -> Any:
    """Note that a lil or dok object holds traced numbers."""
    key = id(matrix)
    if key not in _marked or _marked[key]() is not matrix:
        _marked[key] = weakref.ref(matrix, lambda _: _marked.pop(key, None))
        _clean_later(matrix)
        watch = local.watch
        if watch is not None:
            watch.later.append(lambda: _marked.pop(key, None))
    return matrix


def canonical(e: Entries, *, by_columns: bool = False) -> Entries:
    """Entries sorted by rows (or columns), those at one place added up."""
    major, minor = (e.cols, e.rows) if by_columns else (e.rows, e.cols)
    width = max(e.shape)
    keys = major.astype(np.int64) * width + minor
    if keys.size < 2 or np.all(keys[1:] > keys[:-1]):
        return e
    unique, places = np.unique(keys, return_inverse=True)
    if unique.size == keys.size:
        data = e.data[np.argsort(keys, kind="stable")]
    else:
        data = added(e.data, places.ravel(), unique.size)
    major, minor = (a.astype(e.cols.dtype) for a in np.divmod(unique, width))
    return Entries(e.shape, *((minor, major) if by_columns else (major, minor)), data)


def added(data: Any, places: np.ndarray, count: int) -> Any:
    """The numbers added up by their places: y[p] = Σ data[places == p]."""
    if not carries(data):
        data = np.asarray(plain(data))
        made = np.zeros(count, data.dtype)
        np.add.at(made, places, data)
        return made
    return product(Entries((count, 1), places, np.zeros(places.size, int), data), np.ones((1, 1), data.dtype))[:, 0]


def made(cls: Any, e: Entries) -> Any:
    """The matrix of SciPy's class with these entries, whose numbers it has to itself."""
    form = form_of(cls)
    e = e._replace(data=e.data.copy())
    if form == "coo":
        matrix = cls((np.array(plain(e.data)), (np.array(e.rows), np.array(e.cols))), shape=e.shape)
        return hold(matrix, e.data)
    if form in {"csr", "csc"}:
        e = canonical(e, by_columns=form == "csc")
        major, minor = (e.rows, e.cols) if form == "csr" else (e.cols, e.rows)
        count = e.shape[0] if form == "csr" else e.shape[1]
        indptr = np.concatenate([[0], np.cumsum(np.bincount(major, minlength=count))]).astype(minor.dtype)
        matrix = cls((np.array(plain(e.data)), np.array(minor), indptr), shape=e.shape)
        return hold(matrix, e.data)
    e = canonical(e)
    if form == "dia":
        return _diagonals(cls, e)
    matrix = cls(e.shape, dtype=dtype_of(plain(e.data)))
    numbers = e.data.tolist()
    if form == "dok":
        matrix._dict.update(zip(zip(e.rows.tolist(), e.cols.tolist(), strict=True), numbers, strict=True))
        return mark(matrix)
    if form != "lil":
        raise e.data.tape.fail(
            f"a sparse matrix of traced data in the format {form!r} is not followed. Use 'csr', 'csc', 'coo', 'lil', 'dok' or 'dia'"
        )
    for i, j, v in zip(e.rows.tolist(), e.cols.tolist(), numbers, strict=True):
        matrix.rows[i].append(j)
        matrix.data[i].append(v)
    return mark(matrix)


def _diagonals(cls: Any, e: Entries) -> Any:
    offsets, k = np.unique(e.cols - e.rows, return_inverse=True)
    data = np.zeros((offsets.size, e.shape[1]), dtype_of(plain(e.data)))
    data[k.ravel(), e.cols] = plain(e.data)
    matrix = cls((data, offsets), shape=e.shape)
    trace = _innermost(e.data)
    if trace is None:
        return matrix
    ours = buffer(trace, np.zeros_like(data))
    ours[k.ravel(), e.cols] = e.data
    return hold(matrix, ours)


def form_of(cls: Any) -> str:
    """The format of a class of sparse matrices."""
    return str(cls._format)


def family(cls: Any, form: str) -> Any:
    """The class of a format: arrays for arrays, matrices for matrices."""
    kind = "array" if issubclass(cls, scipy.sparse.sparray) else "matrix"
    return getattr(scipy.sparse, f"{form}_{kind}")


def moved(function: Callable[..., Any], *matrices: Any) -> Any:
    """What a function that only moves entries makes of sparse matrices, arrays and numbers.

    It is given plain ones whose entries are numbered from 1 on; the numbers in its result say which entry went where.
    """
    pieces, numbered, start = [], [], 1
    for matrix in matrices:
        if is_sparse(matrix):
            e = canonical(entries_of(matrix))
            count = e.rows.size
            labels = np.arange(start, start + count, dtype=float)
            twin = scipy.sparse.coo_array((labels, (e.rows, e.cols)), shape=e.shape)
            cls = type(matrix) if matrix.format != "bsr" else family(type(matrix), "csr")
            numbered.append(cls(twin) if len(matrix.shape) == 2 else cls(twin.toarray()[0]))
            pieces.append(e.data)
        else:
            data = matrix if isinstance_traced(matrix) else np.asarray(matrix)
            shape = np.shape(plain(data))
            count = int(np.prod(shape))
            numbered.append(np.arange(start, start + count, dtype=float).reshape(shape))
            pieces.append(np.reshape(data, (-1,)))
        start += count
    result = function(*numbered)
    joined = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
    return filled(result, joined)


def filled(numbered: Any, joined: Any) -> Any:
    """A matrix, array or number of labels, with the entries that they stand for."""
    dtype = dtype_of(plain(joined))
    if not is_sparse(numbered):
        labels = np.asarray(numbered).astype(int)
        return _looked_up(joined, labels, dtype)
    if numbered.format in {"lil", "dok"}:
        e = entries_of(numbered)
        return made(type(numbered), e._replace(data=joined[e.data.astype(int) - 1]))
    labels = numbered.data.astype(int)
    data = joined[labels - 1] if np.all(labels > 0) else _looked_up(joined, labels, dtype)
    return hold(like(numbered, np.array(plain(data))), data)


def _looked_up(joined: Any, labels: np.ndarray, dtype: Any) -> Any:
    """The entries by labels from 1 on; zero for the label 0."""
    if np.all(labels > 0):
        return joined[labels - 1]
    if not labels.ndim:
        return dtype.type(0)
    return (
        np.where(labels > 0, joined[np.maximum(labels - 1, 0)], np.zeros((), dtype))
        if plain(joined).size
        else np.zeros(labels.shape, dtype)
    )


# --- products and systems -------------------------------------------------------------------------------------------------------


def _of_one_dtype(data: Any, x: Any) -> tuple[Any, Any]:
    dtype = np.result_type(dtype_of(plain(data)), dtype_of(plain(x)))
    dtype = dtype if dtype.kind in "fc" else np.dtype(float)
    return tuple([a if dtype_of(plain(a)) == dtype else a.astype(dtype) for a in (data, x)])


def product(e: Entries, x: Any) -> Any:
    """A X for columns X."""
    data, x = _of_one_dtype(e.data, x)
    trace = _innermost(data, x)
    params = (int(e.shape[0]),)
    if trace is None:
        return sparse_apply.value(np.asarray(plain(data)), np.asarray(plain(x)), e.rows, e.cols, *params)
    return apply(trace, sparse_apply, (data, x, np.array(e.rows), np.array(e.cols)), params)


def solution(e: Entries, b: Any, value: Any = None) -> Any:
    """X with A X = b for columns b; ``value`` is what SciPy found."""
    data, b = _of_one_dtype(e.data, b)
    trace = _innermost(data, b)
    if trace is None:
        return sparse_solve.value(np.asarray(plain(data)), np.asarray(plain(b)), e.rows, e.cols)
    value = None if value is None else np.asarray(value, dtype_of(plain(b)))
    return apply(trace, sparse_solve, (data, b, np.array(e.rows), np.array(e.cols)), (), value)


def dense(e: Entries) -> Any:
    """The full matrix."""
    e = canonical(e)
    trace = _innermost(e.data)
    value = np.zeros(e.shape, dtype_of(plain(e.data)))
    if trace is None:
        value[e.rows, e.cols] = plain(e.data)
        return value
    ours = buffer(trace, value)
    if e.rows.size:
        ours[np.array(e.rows), np.array(e.cols)] = e.data
    return ours
