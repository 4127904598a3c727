"""Operators of sparse matrices of which one operand is traced: sums, products, powers, entry by entry.

SciPy's own operator on the plain numbers says what is the result's class and format, and raises what it raises.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from gradwise.tracing import sparse
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.standins.matrices import as_matrix, is_matrix, unwrapped_matrix
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.standins.sparse_entries import (
    Entries,
    canonical,
    dense,
    entries_of,
    hold,
    is_sparse,
    like,
    made,
    plain_twin,
    product,
    two,
)
from gradwise.tracing.standins.stacking import assembled
from gradwise.tracing.traced import dtype_of, isinstance_traced


def given(other: Any) -> Any:
    """An operand as a sparse matrix, a traced or plain array, or a number."""
    if is_sparse(other):
        return other
    other = unwrapped_matrix(other)
    if type(other) in {list, tuple} and contains_traced(other):
        return assembled(other)
    return other


def shown(other: Any) -> Any:
    """The plain counterpart of an operand."""
    if is_sparse(other):
        return plain_twin(other)
    return plain(given(other))


def like_scipy(result: Any, expected: Any) -> Any:
    """Entries, or a full matrix, as the class that SciPy's own result has."""
    if isinstance(result, Entries):
        if not is_sparse(expected):
            result = dense(result)
        elif len(expected.shape) == 1:
            return vector(type(expected), result)
        else:
            cls = type(expected)
            if cls._format == "bsr":
                cls = getattr(scipy.sparse, cls.__name__.replace("bsr", "csr"))
            return made(cls, result)
    if isinstance(expected, np.matrix):
        return as_matrix(result)
    shape = np.shape(expected)
    return np.reshape(result, shape) if np.shape(plain(result)) != shape else result


def vector(cls: Any, e: Entries) -> Any:
    """The sparse vector of one row (or one column) of entries."""
    e = canonical(e)
    places = e.cols if e.shape[0] == 1 else e.rows
    n = e.shape[1] if e.shape[0] == 1 else e.shape[0]
    made_one = scipy.sparse.coo_array((np.array(plain(e.data)), (np.array(places),)), shape=(n,))
    made_one = made_one if cls._format == "coo" else cls(made_one)
    return hold(made_one, e.data)


def is_number(value: Any) -> bool:
    """Whether an operand scales a matrix."""
    return not is_sparse(value) and np.ndim(plain(value)) == 0


# --- entry by entry -------------------------------------------------------------------------------------------------------------


def mapped(matrix: Any, function: Any) -> Any:
    """The matrix with a function of each entry, which maps zero to zero."""
    if matrix.format in {"lil", "dok"}:
        e = entries_of(matrix)
        return made(type(matrix), e._replace(data=function(e.data)))
    data = function(matrix.data)
    data = data.copy() if data is matrix.data else data
    return hold(like(matrix, np.array(plain(data))), data)


def each(matrix: Any, function: Any) -> Any:
    """``mapped``, of entries that are added up first where several are at one place."""
    if matrix.format in {"csr", "csc", "coo"} and len(matrix.shape) == 2:
        e = entries_of(matrix)
        unique = canonical(e, by_columns=matrix.format == "csc")
        if unique.rows.size != e.rows.size:
            matrix = made(type(matrix), unique)
    return mapped(matrix, function)


def multiply(matrix: Any, other: Any) -> Any:
    """``A.multiply(other)``."""
    other = given(other)
    if is_number(other):
        return mapped(matrix, lambda data: data * other)
    expected = plain_twin(matrix).multiply(shown(other))
    shape = np.shape(expected) if not is_sparse(expected) else two(expected.shape)
    if is_sparse(other):
        if two(other.shape) == two(matrix.shape):
            return like_scipy(_common(entries_of(matrix), entries_of(other)), expected)
        if two(matrix.shape) != shape and two(other.shape) == shape:
            matrix, other = other, matrix
        other = dense(entries_of(other))
    e = canonical(entries_of(matrix))
    if e.shape != shape:
        return like_scipy(_full(dense(e) * other), expected)
    factor = np.broadcast_to(other, shape) if np.shape(plain(other)) != shape else as_array(other)
    return like_scipy(e._replace(data=e.data * factor[e.rows, e.cols]), expected)


def _full(array: Any) -> Entries:
    rows, cols = np.indices(np.shape(plain(array)))
    return Entries(two(np.shape(plain(array))), rows.ravel(), cols.ravel(), np.reshape(array, (-1,)))


def _common(a: Entries, b: Entries) -> Entries:
    """The products at the places of both."""
    a, b = canonical(a), canonical(b)
    width = max(a.shape)
    _, i, j = np.intersect1d(
        a.rows.astype(np.int64) * width + a.cols,
        b.rows.astype(np.int64) * width + b.cols,
        assume_unique=True,
        return_indices=True,
    )
    return Entries(a.shape, a.rows[i], a.cols[i], a.data[i] * b.data[j])


def power(matrix: Any, n: Any, dtype: Any = None) -> Any:
    """``A.power(n)``: each entry."""
    if np.ndim(plain(n)) or plain(n) == 0:
        return plain_twin(matrix).power(n, dtype)  # raises
    return each(matrix, lambda data: data**n if dtype is None else data.astype(dtype) ** n)


# --- sums -----------------------------------------------------------------------------------------------------------------------


def added_to(matrix: Any, other: Any, sign: float = 1.0, own: float = 1.0) -> Any:
    """``own·A + sign·other``."""
    other = given(other)
    if is_number(other) and plain(other) == 0 and not carries(other):
        return mapped(matrix, lambda data: own * data)
    expected = own * plain_twin(matrix) + sign * shown(other)  # raises where a number is added
    e = entries_of(matrix)
    if not is_sparse(other):
        return like_scipy(own * dense(e) + sign * other, expected)
    f = entries_of(other)
    if f.shape != e.shape:
        return like_scipy(own * dense(e) + sign * dense(f), expected)
    data = np.concatenate([as_array(own * e.data), as_array(sign * f.data)])
    rows, cols = np.concatenate([e.rows, f.rows]), np.concatenate([e.cols, f.cols])
    return like_scipy(Entries(e.shape, rows, cols, data), expected)


# --- products -------------------------------------------------------------------------------------------------------------------


def matmul(matrix: Any, other: Any) -> Any:
    """``A @ other``."""
    wrapped = is_matrix(other)
    if _is_constant(matrix, other):
        return sparse.product(matrix, other)
    other = given(other)
    if is_sparse(other):
        expected = plain_twin(matrix) @ plain_twin(other)
        f = entries_of(other)
        if len(other.shape) == 1:
            f = _turned(f)
        return like_scipy(_product_of_two(entries_of(matrix), f), expected)
    other = as_array(other)
    e = entries_of(matrix)
    if other.ndim not in (1, 2) or other.shape[0] != e.shape[1]:
        return plain_twin(matrix) @ plain(other)  # raises
    if other.ndim == 1:
        y = product(e, other.reshape(-1, 1))[:, 0]
    else:
        y = product(e, other)
    if len(matrix.shape) == 1:
        y = y[0]
    return as_matrix(y) if wrapped else y


def rmatmul(matrix: Any, other: Any) -> Any:
    """``other @ A``."""
    wrapped = is_matrix(other)
    if _is_constant(matrix, other):
        return sparse.product(other, matrix)
    other = as_array(given(other))
    e = _turned(entries_of(matrix)) if len(matrix.shape) == 2 else entries_of(matrix)
    if other.ndim not in (1, 2) or other.shape[-1] != e.shape[1]:
        return plain(other) @ plain_twin(matrix)  # raises
    y = product(e, other.reshape(-1, 1))[:, 0] if other.ndim == 1 else product(e, other.T).T
    if len(matrix.shape) == 1:
        y = y[..., 0]
    return as_matrix(y) if wrapped else y


def _is_constant(matrix: Any, other: Any) -> bool:
    """Whether a matrix of plain numbers meets a traced array, of which SciPy's own product gives the value."""
    return len(matrix.shape) == 2 and isinstance_traced(other) and sparse.holds_plain_numbers(matrix)


def _turned(e: Entries) -> Entries:
    return Entries(e.shape[::-1], e.cols, e.rows, e.data)


def _product_of_two(a: Entries, b: Entries) -> Entries:
    """The entries a_ik b_kj, those at one place yet to be added up."""
    b = canonical(b)
    starts = np.concatenate([[0], np.cumsum(np.bincount(b.rows, minlength=b.shape[0]))])
    counts = starts[a.cols + 1] - starts[a.cols]
    i = np.repeat(np.arange(a.rows.size), counts)
    within = np.arange(i.size) - np.repeat(np.cumsum(counts) - counts, counts)
    j = np.repeat(starts[a.cols], counts) + within
    shape = (a.shape[0], b.shape[1])
    data = as_array(a.data)[i] * as_array(b.data)[j]
    return canonical(Entries(shape, a.rows[i], b.cols[j], data))


def matrix_power(matrix: Any, n: Any) -> Any:
    """``A ** n`` of the old matrix class: repeated products."""
    if int(n) != n or n < 1 or matrix.shape[0] != matrix.shape[1]:
        return plain_twin(matrix) ** n  # raises, or is constant
    result = None
    for digit in f"{int(n):b}":
        result = matrix if result is None else matmul(result, result)
        if digit == "1" and result is not matrix:
            result = matmul(result, matrix)
    return result


def divide(matrix: Any, other: Any) -> Any:
    """``A / other``."""
    other = given(other)
    if is_number(other):
        return mapped(matrix, lambda data: data / other)
    if is_sparse(other):
        expected = plain_twin(matrix) / plain_twin(other)
        return like_scipy(dense(entries_of(matrix)) / dense(entries_of(other)), expected)
    expected = plain_twin(matrix) / shown(other)
    e = canonical(entries_of(matrix))
    factor = np.broadcast_to(other, e.shape)
    return like_scipy(e._replace(data=e.data / factor[e.rows, e.cols]), expected)


def _kind(matrix: Any) -> bool:
    return isinstance(matrix, scipy.sparse.sparray)


def star(matrix: Any, other: Any) -> Any:
    """``A * other``: each entry for arrays, the matrix product for the old class; numbers scale."""
    if is_number(given(other)):
        return multiply(matrix, other)
    return multiply(matrix, other) if _kind(matrix) else matmul(matrix, other)


def reflected_star(matrix: Any, other: Any) -> Any:
    """``other * A``."""
    if is_number(given(other)):
        return multiply(matrix, other)
    return multiply(matrix, other) if _kind(matrix) else rmatmul(matrix, other)


def double_star(matrix: Any, n: Any) -> Any:
    """``A ** n``."""
    return power(matrix, n) if _kind(matrix) else matrix_power(matrix, n)


def sums(matrix: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """``A.sum(axis)``."""
    e = entries_of(matrix)
    axis = _axis(axis, matrix)
    if axis is None:
        return np.sum(e.data) if dtype is None else np.sum(e.data).astype(dtype)
    turned = e if axis == 1 else _turned(e)
    y = product(turned, np.ones((turned.shape[1], 1), dtype_of(plain(e.data))))[:, 0]
    if _kind(matrix):
        return y
    return as_matrix(y.reshape(-1, 1) if axis == 1 else y.reshape(1, -1))


def mean(matrix: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """``A.mean(axis)``."""
    found = _axis(axis, matrix)
    shape = two(matrix.shape)
    return sums(matrix, axis) / (shape[0] * shape[1] if found is None else shape[found])


def _axis(axis: Any, matrix: Any) -> int | None:
    if type(axis) is tuple:
        axis = axis[0] if len(axis) == 1 else None
    if axis is None or len(matrix.shape) == 1:
        return None
    plain_twin(matrix).sum(axis)  # raises for an axis that is not there
    return int(axis) % 2


def largest(name: str) -> Any:
    """``A.max(axis)`` and ``A.min(axis)``; entries that are not kept are zeros."""

    def call(matrix: Any, axis: Any = None, out: Any = None, **options: Any) -> Any:
        expected = getattr(plain_twin(matrix), name)(axis)
        result = getattr(dense(entries_of(matrix)), name)(None if len(matrix.shape) == 1 else axis)
        if not is_sparse(expected):
            return result
        array = result.reshape(two(expected.shape))
        return like_scipy(_full(array), expected)

    return call
