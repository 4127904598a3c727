"""Traced arrays beside ``scipy.sparse`` matrices: ``A @ x``, ``A.dot(x)``, ``x @ A``, and ``A * x`` for the old matrix class.

Matrices of traced data answer themselves (``standins/sparse_entries.py``).

SciPy asks NumPy what an operand is and steps back (``NotImplemented``) if the answer is a 0-dimensional array of objects; ``as_operand`` gives that answer to SciPy's product, and to nobody
else.  Python then asks the traced array, whose reflected product comes here.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from gradwise.rules.sparse import sparse_product
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.places import place_of
from gradwise.tracing.traced import apply, isinstance_traced

_PRODUCTS = {"_matmul_dispatch", "_rmatmul_dispatch"}


def is_sparse(value: Any) -> bool:
    """Whether ``value`` is a sparse matrix or array of SciPy (which is not imported to find out)."""
    module = sys.modules.get("scipy.sparse")
    return module is not None and bool(module.issparse(value))


def asked_by_product(frame: Any) -> bool:
    """Whether the question what a traced value is comes from SciPy's sparse product."""
    code = frame.f_code
    return code.co_name in _PRODUCTS and "sparse" in code.co_filename


def as_operand(value: Any) -> np.ndarray:
    """The answer at which SciPy steps back."""
    box = np.empty((), dtype=object)
    box[()] = value
    return box


def holds_plain_numbers(matrix: Any) -> bool:
    """Whether none of a sparse matrix's numbers is traced."""
    data: Any = getattr(matrix, "data", None)
    if matrix.format == "lil":
        return not any(map(isinstance_traced, [v for row in data for v in row]))
    if matrix.format == "dok":
        return not any(map(isinstance_traced, matrix.values()))
    return not isinstance_traced(data)


def product(a: Any, b: Any) -> Any:
    """``a @ b`` where one is sparse and the other traced; NotImplemented where the matrix is to answer."""
    if not holds_plain_numbers(a if is_sparse(a) else b):
        return NotImplemented
    if is_sparse(a):
        return _left(a, b)
    if np.ndim(plain(b) if not is_sparse(b) else np.empty((0, 0))) != 2:
        raise ValueError("matmul: a sparse matrix has two dimensions")
    y = _left(b.T, a.T)
    return y.T


def _left(matrix: Any, x: Any) -> Any:
    value = plain(x)
    if np.ndim(value) not in (1, 2) or matrix.ndim != 2 or value.shape[0] != matrix.shape[1]:
        matrix @ np.asarray(value)  # raises in SciPy's words
        raise ValueError(f"matmul: a matrix of shape {matrix.shape} and an operand of shape {np.shape(value)}")
    rows = matrix.tocsr()
    data, result = np.asarray(rows.data), np.asarray(rows @ value)
    if data.dtype is not value.dtype:
        dtype = np.result_type(matrix.dtype, value)
        data = data.astype(dtype)
        if dtype != value.dtype:
            x = x.astype(dtype)
    operands = (x, data, np.asarray(rows.indices), np.asarray(rows.indptr))
    return apply(x.tape, sparse_product, operands, (tuple(int(n) for n in matrix.shape), False), result)


def install(array: Any) -> None:
    """Let the products of traced arrays look for sparse matrices first."""
    matmul, rmatmul, rmul = array.__matmul__, array.__rmatmul__, array.__rmul__

    def left(self: Any, other: Any) -> Any:
        return product(self, other) if is_sparse(other) else matmul(self, other)

    def right(self: Any, other: Any) -> Any:
        return product(other, self) if is_sparse(other) else rmatmul(self, other)

    def right_star(self: Any, other: Any) -> Any:  # the old matrix class: A * x is the matrix product
        if type(other) is not np.ndarray and is_sparse(other) and not _is_sparse_array(other):
            return product(other, self)
        trace = self.tape
        if trace.where is not None:
            return rmul(self, other)
        trace.where = place_of(sys._getframe(1))  # rmul takes its caller's line for the user's
        try:
            return rmul(self, other)
        finally:
            trace.where = None

    array.__matmul__, array.__rmatmul__, array.__rmul__ = left, right, right_star


def _is_sparse_array(value: Any) -> bool:
    return isinstance(value, sys.modules["scipy.sparse"].sparray)
