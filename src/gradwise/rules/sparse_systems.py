"""Sparse matrices whose entries are differentiated: products and linear systems, by the entries and their places.

A matrix is its entries (…, e) with two arrays of e row and column numbers; entries at one place add up.  Vectors are columns: x is (…, n, k).  Leading axes of entries and columns are equal.

The three families close under differentiation: the product is linear in either operand, its transposes are the product with the transposed matrix and the products of pairs, and the
tangent of a solution X of A X = B is A⁻¹(Ḃ − Ȧ X).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from gradwise.program import ArrayType, Primitive
from gradwise.quiet import quiet
from gradwise.rules.algebra import conj_if_complex
from gradwise.rules.broadcasting import broadcast_to, reshape
from gradwise.rules.products import multilinear_jvp
from gradwise.rules.shapes import move_axis


def _matrix(data: Any, rows: Any, cols: Any, shape: tuple[int, int]) -> Any:
    return scipy.sparse.coo_array((data, (rows, cols)), shape=shape)


def _each(data: Any, x: Any, one: Any) -> Any:
    """``one`` of each matrix and its columns."""
    if data.ndim == 1:
        return one(data, x)
    lead = data.shape[:-1]
    results = [one(data[place], x[place]) for place in np.ndindex(lead)]
    if not results:  # no matrix at all, of as many rows as one would have
        return np.zeros(
            (*lead, *one(np.zeros(data.shape[-1:], data.dtype), np.zeros(x.shape[-2:], x.dtype)).shape), x.dtype
        )
    return np.array(results, dtype=x.dtype).reshape(*lead, *results[0].shape)


def _same_lead(operands: Any, batched: Any) -> list[Any]:
    """Operands with the batch axis in front of each that may be differentiated; the places stay as they are."""
    n = next(o.shape[0] for o, b in zip(operands, batched, strict=True) if b)
    return [o if b else broadcast_to(o, (n, *o.shape)) for o, b in zip(operands[:2], batched[:2], strict=True)] + list(
        operands[2:]
    )


def _wide(primitive: Any, operands: Any, params: tuple[Any, ...]) -> Any:
    """One matrix and a batch of columns: the batch laid side by side."""
    data, x, *places = operands
    b, n, k = x.shape
    y = primitive(data, reshape(move_axis(x, 0, 1), (n, b * k)), *places, params=params)
    return move_axis(reshape(y, (y.shape[0], b, k)), 1, 0)


# --- products -------------------------------------------------------------------------------------------------------------------


def _apply_value(data: Any, x: Any, rows: Any, cols: Any, m: int) -> Any:
    return _each(data, x, lambda d, v: np.asarray(_matrix(d, rows, cols, (m, v.shape[0])) @ v))


def _apply_transpose(ct: Any, operands: Any, linear_: Any, m: int) -> Any:
    data, x, rows, cols = operands
    if linear_[0]:
        return sparse_pairs(ct, conj_if_complex(x), rows, cols), None, None, None
    return None, sparse_apply(conj_if_complex(data), ct, cols, rows, params=(x.shape[-2],)), None, None


def _apply_batch(operands: Any, batched: Any, m: int) -> Any:
    if not batched[0] and operands[0].ndim == 1 and operands[1].ndim == 3:
        return _wide(sparse_apply, operands, (m,))
    return sparse_apply(*_same_lead(operands, batched), params=(m,))


#: A x of m rows, for the matrix with the entries ``data`` at (rows, cols); linear in the entries and in x.
sparse_apply = Primitive(
    "sparse_apply",
    _apply_value,
    lambda data, x, rows, cols, m: ArrayType((*x.shape[:-2], m, x.shape[-1]), x.dtype),
    transpose=_apply_transpose,
    batch=_apply_batch,
    params=("rows",),
    keeps="product",
)
sparse_apply.jvp = multilinear_jvp(sparse_apply)


def _pairs_value(g: Any, x: Any, rows: Any, cols: Any) -> Any:
    return np.einsum("...k,...k->...", g[..., rows, :], x[..., cols, :])


def _pairs_transpose(ct: Any, operands: Any, linear_: Any) -> Any:
    g, x, rows, cols = operands
    if linear_[0]:
        return sparse_apply(ct, conj_if_complex(x), rows, cols, params=(g.shape[-2],)), None, None, None
    return None, sparse_apply(ct, conj_if_complex(g), cols, rows, params=(x.shape[-2],)), None, None


#: The entries at (rows, cols) of g xᵀ; linear in g and in x.
sparse_pairs = Primitive(
    "sparse_pairs",
    _pairs_value,
    lambda g, x, rows, cols: ArrayType((*g.shape[:-2], *rows.shape), g.dtype),
    transpose=_pairs_transpose,
    batch=lambda operands, batched: sparse_pairs(*_same_lead(operands, batched)),
    keeps="product",
)
sparse_pairs.jvp = multilinear_jvp(sparse_pairs)


# --- systems --------------------------------------------------------------------------------------------------------------------


def _solution(data: Any, b: Any, rows: Any, cols: Any) -> Any:
    n = b.shape[0]
    if not b.size:
        return np.zeros_like(b)
    matrix = scipy.sparse.csc_array(_matrix(data, rows, cols, (n, n)))
    try:
        with quiet():
            # SuperLU's word on how a singular matrix is stored
            return scipy.sparse.linalg.splu(matrix).solve(np.ascontiguousarray(b))
    except RuntimeError:  # exactly singular: what SciPy answers
        return np.full_like(b, np.nan)


def _solve_value(data: Any, b: Any, rows: Any, cols: Any) -> Any:
    return _each(data, b, lambda d, v: _solution(d, v, rows, cols))


def _solve_jvp(primals: Any, tangents: Any, X: Any) -> Any:
    data, b, rows, cols = primals
    ddata, db = tangents[:2]
    if ddata is None:
        return sparse_solve(data, db, rows, cols)
    change = sparse_apply(ddata, X, rows, cols, params=(b.shape[-2],))
    return sparse_solve(data, -change if db is None else db - change, rows, cols)


def _solve_transpose(ct: Any, operands: Any, linear_: Any) -> Any:
    data, _, rows, cols = operands
    return None, sparse_solve(conj_if_complex(data), ct, cols, rows), None, None


def _solve_batch(operands: Any, batched: Any) -> Any:
    if not batched[0] and operands[0].ndim == 1 and operands[1].ndim == 3:
        return _wide(sparse_solve, operands, ())
    return sparse_solve(*_same_lead(operands, batched))


#: X with A X = B for the square matrix with the entries ``data`` at (rows, cols); linear in B.
sparse_solve = Primitive(
    "sparse_solve",
    _solve_value,
    lambda data, b, rows, cols: b,
    jvp=_solve_jvp,
    transpose=_solve_transpose,
    batch=_solve_batch,
)
