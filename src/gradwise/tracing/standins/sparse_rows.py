"""A row of a matrix in compressed rows, and the product of such a matrix with a traced array: what a sum of sparse terms asks for at each of them (``A[i, :] @ x``).

SciPy makes a row by its constructor, which looks at every piece again and takes nine tenths of the time; here the same pieces are put into an object of the same class.  The product is SciPy's
compiled one, called with what its ``@`` would give it.  Whatever is not quite the usual case (another class or index type, traced or complex data, attributes that this version of SciPy keeps and that
are not known here) is left to SciPy: the functions answer None.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import scipy

from gradwise.rules.sparse import compiled_products, sparse_product
from gradwise.tracing.traced import TracedArray

_PIECES = {"data", "indices", "indptr"}
#: what SciPy's object of the three pieces keeps besides them
_KEPT = {"_shape", "maxprint"}
_F64 = np.dtype(np.float64)
_I32 = np.dtype(np.int32)
_INTS = frozenset({int, np.int64, np.int32})


@functools.cache
def _maxprint() -> Any:
    """What a row made by SciPy keeps besides its pieces and its shape; None where that is more than is known here."""
    row = scipy.sparse.csr_matrix(np.eye(3))[1, :]
    kept = vars(row)
    usual = set(kept) == _PIECES | _KEPT and type(row) is scipy.sparse.csr_matrix and row.indices.dtype == _I32
    return kept["maxprint"] if usual and type(kept["_shape"]) is tuple else None


def row(matrix: Any, key: Any) -> Any:
    """``matrix[key]`` where the key is one row of a ``csr_matrix``; None for anything else."""
    cls = type(matrix)
    if cls is not scipy.sparse.csr_matrix:
        return None
    if type(key) is tuple:
        if len(key) != 2:
            return None
        key, rest = key
        if type(rest) is not slice or rest.start is not None or rest.stop is not None or rest.step is not None:
            return None
    if type(key) not in _INTS or not _in_usual_pieces(matrix):
        return None
    (rows, columns), indptr = matrix.shape, matrix.indptr
    if rows == 1 or not -rows <= key < rows:  # a matrix of one row is copied with all that it keeps
        return None
    maxprint = _maxprint()
    if maxprint is None:
        return None
    i = int(key) + rows if key < 0 else int(key)
    start, stop = indptr[i : i + 2].tolist()
    made = cls.__new__(cls)
    made.__dict__.update(
        _shape=(1, columns),
        maxprint=maxprint,
        indices=matrix.indices[start:stop].copy(),
        indptr=np.array((0, stop - start), _I32),
        data=matrix.data[start:stop].copy(),
    )
    return made


def _in_usual_pieces(matrix: Any) -> bool:
    """Whether the numbers are plain float64, and the indices of the type of all but the largest matrices."""
    data, indices, indptr = matrix.data, matrix.indices, matrix.indptr
    return (
        type(data) is np.ndarray
        and data.dtype is _F64
        and type(indices) is np.ndarray
        and indices.dtype is _I32
        and type(indptr) is np.ndarray
        and indptr.dtype is _I32
    )


def product(matrix: Any, x: Any) -> Any:
    """``matrix @ x`` for a traced vector or column of float64 and a matrix in compressed rows; None for anything else."""
    if type(x) is not TracedArray or type(matrix) not in _classes() or not x.tape.open or not _in_usual_pieces(matrix):
        return None
    x.sync()
    value, shape = x.value, matrix.shape
    products = compiled_products()
    if (
        products is None
        or value.dtype is not _F64
        or len(shape) != 2
        or not (value.ndim == 1 or (value.ndim == 2 and value.shape[1] == 1))
        or value.shape[0] != shape[1]
    ):
        return None
    data, indices, indptr = matrix.data, matrix.indices, matrix.indptr
    result = np.zeros((shape[0], *value.shape[1:]))
    products[0](shape[0], shape[1], indptr, indices, data, value.ravel(), result.ravel())
    trace = x.tape
    operands = (x.index, trace.capture(data)[0], trace.capture(indices)[0], trace.capture(indptr)[0])
    return TracedArray(
        trace, trace.record(sparse_product, operands, ((int(shape[0]), int(shape[1])), False), None), result
    )


@functools.cache
def _classes() -> tuple[Any, ...]:
    return scipy.sparse.csr_matrix, scipy.sparse.csr_array
