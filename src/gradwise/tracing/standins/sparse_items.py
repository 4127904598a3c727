"""Items of sparse matrices of traced data: ``K[i, j]``, ``K[rows][:, cols]``, ``K[i, j] += v``, ``J[k, :] = g``."""

from __future__ import annotations

import operator
from bisect import bisect_left
from typing import Any

import numpy as np

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.standins.sparse_entries import (
    Entries,
    canonical,
    dense,
    entries_of,
    hold,
    is_sparse,
    made,
    mark,
    moved,
    two,
)
from gradwise.tracing.standins.stacking import assembled
from gradwise.tracing.traced import TracedScalar, dtype_of, isinstance_traced


def settled_key(key: Any) -> Any:
    """The key with plain numbers."""
    if isinstance_traced(key):
        return concrete(key)
    if type(key) in {tuple, list}:
        return type(key)(map(settled_key, key))
    if type(key) is slice:
        return slice(*map(settled_key, (key.start, key.stop, key.step)))
    return concrete_sparse(key) if is_sparse(key) else key


def concrete_sparse(matrix: Any) -> Any:
    """The matrix of the plain numbers, on which the run depends from now on."""
    e = entries_of(matrix)
    numbers = np.asarray(concrete(e.data))
    return made(type(matrix), e._replace(data=numbers))


def _pair(key: Any, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Row and column of one entry, if the key asks for one."""
    if type(key) is not tuple or len(key) != 2 or len(shape) != 2:
        return None
    found = []
    for k, n in zip(key, shape, strict=True):
        if isinstance(k, (slice, list, tuple)) or k is Ellipsis or k is None or np.ndim(k) or isinstance(k, bool):
            return None
        i = operator.index(k)
        if not -n <= i < n:
            raise IndexError(f"index ({i}) out of range")
        found.append(i % n)
    return found[0], found[1]


def get(matrix: Any, key: Any) -> Any:
    """``matrix[key]``."""
    key = settled_key(key)
    pair = _pair(key, matrix.shape)
    if pair is not None and matrix.format in {"lil", "dok"}:
        i, j = pair
        zero = matrix.dtype.type(0)
        if matrix.format == "dok":
            return matrix._dict.get((i, j), zero)
        row = matrix.rows[i]
        k = bisect_left(row, j)
        return matrix.data[i][k] if k < len(row) and row[k] == j else zero
    return moved(lambda p: p[key], matrix)


def places(key: Any, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The rows and columns that a key stands for, broadcast to the shape of what is assigned."""
    if is_sparse(key):
        key = key.nonzero()
    if isinstance(key, np.ndarray) and key.dtype == bool and key.ndim == 2:
        key = np.nonzero(key)
    first, second = key if type(key) is tuple else (key, slice(None))
    if first is Ellipsis:
        first = slice(None)
    if second is Ellipsis:
        second = slice(None)
    rows, cols = np.arange(shape[0])[first], np.arange(shape[1])[second]
    if isinstance(first, slice) or isinstance(second, slice):
        if rows.ndim == 2 or cols.ndim == 2:
            rows, cols = np.ravel(rows), np.ravel(cols)
        return np.broadcast_arrays(np.reshape(rows, (-1, 1)), np.reshape(cols, (1, -1)))  # type: ignore[return-value]
    return np.broadcast_arrays(rows, cols)  # type: ignore[return-value]


def put(matrix: Any, key: Any, value: Any) -> None:
    """``matrix[key] = value``."""
    key = settled_key(key)
    if type(value) is list and contains_traced(value):
        value = assembled(value)
    pair = _pair(key, matrix.shape)
    if pair is not None and (type(value) is TracedScalar or np.ndim(plain(value)) == 0):
        _put_one(matrix, *pair, value if type(value) is TracedScalar else as_array(value)[()])
        return
    rows, cols = places(key, two(matrix.shape))
    source = dense(entries_of(value)) if is_sparse(value) else as_array(value)
    if source.ndim == 2 and rows.ndim == 1:
        source = source.reshape(-1) if source.size in (rows.size, 1) else source
    numbers = np.broadcast_to(_as_kept(matrix, source), rows.shape).reshape(-1)
    merge(matrix, rows.ravel(), cols.ravel(), numbers)


def _as_kept(matrix: Any, source: Any) -> Any:
    """Numbers in the kind that the matrix keeps."""
    dtype = np.dtype(matrix.dtype)
    if dtype.kind not in "fc" and isinstance_traced(source) and dtype_of(source.value).kind in "fc":
        raise source.tape.fail(
            f"a traced value is assigned to a sparse matrix of dtype {dtype}, which keeps its integer part only. Make the matrix of floats: dtype=float"
        )
    return source.astype(dtype) if dtype_of(plain(source)) != dtype else source


def _put_one(matrix: Any, i: int, j: int, value: Any) -> None:
    if isinstance_traced(value):
        value = _as_kept(matrix, as_array(value))[()]
    else:
        value = np.dtype(matrix.dtype).type(value)
    if matrix.format == "dok":
        matrix._dict[i, j] = value
    elif matrix.format == "lil":
        row = matrix.rows[i]
        k = bisect_left(row, j)
        if k < len(row) and row[k] == j:
            matrix.data[i][k] = value
        else:
            row.insert(k, j)
            matrix.data[i].insert(k, value)
    else:
        merge(matrix, np.array([i]), np.array([j]), as_array(value).reshape(1))
        return
    if isinstance_traced(value):
        mark(matrix)


def merge(matrix: Any, rows: np.ndarray, cols: np.ndarray, numbers: Any) -> None:
    """Put numbers to places of a matrix; of several to one place the last one stays."""
    old = canonical(entries_of(matrix))
    width = max(old.shape)
    keys, before = rows.astype(np.int64) * width + cols, old.rows.astype(np.int64) * width + old.cols
    last = keys.size - 1 - np.unique(keys[::-1], return_index=True)[1]  # sorted by key
    stay = ~np.isin(before, keys)
    joined = np.concatenate([as_array(old.data)[stay], as_array(numbers)[last]])
    r, c = (np.concatenate([a[stay], np.asarray(b)[last]]) for a, b in ((old.rows, rows), (old.cols, cols)))
    become(matrix, Entries(old.shape, r, c, joined))


def become(matrix: Any, e: Entries) -> None:
    """Give a matrix these entries, in place."""
    fresh = made(type(matrix), e)
    if matrix.format == "dok":
        matrix._dict.clear()
        matrix._dict.update(fresh._dict)
        mark(matrix)
    elif matrix.format == "lil":
        matrix.rows[:], matrix.data[:] = fresh.rows, fresh.data
        mark(matrix)
    elif matrix.format in {"csr", "csc"}:
        matrix.indices, matrix.indptr = fresh.indices, fresh.indptr
        hold(matrix, fresh.data)
    elif matrix.format == "coo":
        matrix.coords = fresh.coords
        hold(matrix, fresh.data)
    else:
        raise e.data.tape.fail(
            f"assignment to a sparse matrix in the format {matrix.format!r}. Convert it with .tolil() or .tocsr() first"
        )
