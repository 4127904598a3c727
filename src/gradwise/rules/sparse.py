"""Products with a constant sparse matrix, held as the three arrays of its compressed rows."""

from __future__ import annotations

import functools
import importlib
from typing import Any

import numpy as np
import scipy

from gradwise.program import ArrayType
from gradwise.rules.broadcasting import linear, reshape
from gradwise.rules.shapes import move_axis


@functools.cache
def compiled_products() -> Any:
    """SciPy's compiled products with compressed rows; None where this version keeps them elsewhere."""
    try:
        tools = importlib.import_module("scipy.sparse._sparsetools")
    except ImportError:
        return None
    names = ("csr_matvec", "csr_matvecs", "csc_matvec", "csc_matvecs")
    return tuple([getattr(tools, name) for name in names]) if all(hasattr(tools, name) for name in names) else None


def _value(x: Any, data: Any, indices: Any, indptr: Any, shape: tuple[int, int], adjoint: bool) -> Any:
    products = compiled_products()
    if products is None or indices.dtype != indptr.dtype:
        matrix = scipy.sparse.csr_array((data, indices, indptr), shape=shape)
        return np.asarray((matrix.conj().T if adjoint else matrix) @ x)
    # what SciPy's @ calls in the end: making the matrix takes 30 times as long as a product with a row of it
    rows, columns = shape[::-1] if adjoint else shape
    if x.shape[0] != columns:  # which the compiled products do not look at
        raise ValueError(f"a product of a sparse matrix of {columns} columns with an array of shape {x.shape}")
    result = np.zeros((rows, *x.shape[1:]), np.result_type(data, x))
    if adjoint and data.dtype.kind == "c":
        data = data.conj()
    if x.ndim == 1:
        products[2 if adjoint else 0](rows, columns, indptr, indices, data, x, result)
    else:
        products[3 if adjoint else 1](rows, columns, result[:1].size, indptr, indices, data, x.ravel(), result.ravel())
    return result


def _result(x: ArrayType, data: Any, indices: Any, indptr: Any, shape: tuple[int, int], adjoint: bool) -> ArrayType:
    return ArrayType((shape[1] if adjoint else shape[0], *x.shape[1:]), x.dtype)


def _transpose(ct: Any, operands: Any, linear_: Any, shape: tuple[int, int], adjoint: bool) -> Any:
    return sparse_product(ct, *operands[1:], params=(shape, not adjoint)), None, None, None


def _batch(operands: Any, batched: Any, shape: tuple[int, int], adjoint: bool) -> Any:
    x, *matrix = operands
    n = x.shape[0]
    columns = reshape(move_axis(x, 0, x.ndim - 1), (x.shape[1], -1 if 0 in x.shape else x.size // x.shape[1]))
    y = sparse_product(columns, *matrix, params=(shape, adjoint))
    return move_axis(reshape(y, (y.shape[0], *x.shape[2:], n)), x.ndim - 1, 0)


#: A x, or Aᴴ x with ``adjoint``, for A in compressed rows and x a vector or a matrix; linear in x.
sparse_product = linear("sparse_product", _value, _result, _transpose, _batch, params=("shape", "adjoint"))
sparse_product.keeps = "indices"
