"""Eigenvalues and eigenvectors.

    A V = V diag(w),   M = V⁻¹ dA V  (Vᴴ for Hermitian A):      dw = diag M,   dV = V (M ∘ 1/(w_j − w_i)) + V D

(Giles 2008, *An extended collection of matrix derivative results*, §3.1.)  The diagonal D is the *gauge*: how fast each eigenvector's length and phase
turn.  It is chosen as LAPACK normalises, so that the derivative is that of the numbers NumPy returns:

- ``eig``: length 1 and the entry of largest modulus real;
- ``eigh``, real: length 1 (nothing turns);
- ``eigh``, complex: length 1 and the first (UPLO="L") or last (UPLO="U") entry real, where it is not tiny; else a phase that rests, VᴴdV = 0 on the diagonal.

Functions that do not depend on phases have the same derivative in any gauge.  Only the triangle named by UPLO is read, so the derivative with respect to the
other is zero.  Repeated eigenvalues: see ``gaps.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.errors import SingularPointError
from gradwise.program import Primitive
from gradwise.rules.algebra import add, conj, imag, mul, real
from gradwise.rules.broadcasting import complex_dtype, convert, real_dtype
from gradwise.rules.linear_algebra.bases import rotated
from gradwise.rules.linear_algebra.forms import adjoint, diagonal_of, hermitian_from, row, stacked_batch
from gradwise.rules.linear_algebra.gaps import kink_felt, marked, mean_of_equal, over_gaps, repeated
from gradwise.rules.linear_algebra.solving import solve
from gradwise.rules.products import matmul
from gradwise.rules.reductions import sum_

#: a phase is followed by an entry of an eigenvector only if that entry is larger than this; below, the phase is lost in rounding
SMALLEST_PIVOT = 1e-4

# --- the phase --------------------------------------------------------------------------------------------------------------------


def _pivots_value(V: Any, which: str) -> Any:
    W = np.zeros_like(V)
    if not V.size:
        return W
    if which == "largest":
        place = np.abs(V).argmax(axis=-2, keepdims=True)
    else:
        place = np.full((*V.shape[:-2], 1, V.shape[-1]), 0 if which == "first" else V.shape[-2] - 1)
    entry = np.take_along_axis(V, place, axis=-2)
    is_real = np.abs(entry.imag) <= 4 * np.finfo(V.dtype).eps
    usable = is_real & (np.abs(entry) > SMALLEST_PIVOT)
    np.put_along_axis(W, place, np.where(usable, 1 / np.where(usable, entry, 1), 0), axis=-2)
    return W


#: 1/V_kj in the row k of each column j in which LAPACK makes it real, zero elsewhere.
pivots = Primitive(
    "pivots",
    _pivots_value,
    lambda V, which: V,
    jvp=lambda primals, tangents, W, which: -mul(W * W, tangents[0]),
    batch=stacked_batch(lambda: pivots, 2),
    params=("which",),
    keeps="output",
)


def column_sums(x: Any) -> Any:
    """(…, m, n) → (…, n)."""
    return sum_(x, params=((x.ndim - 2,), False))


def turning(V: Any, dV: Any, which: str) -> Any:
    """The rate i θ_j, (…, n), at which each column must turn back so that its pivot stays real."""
    return convert(imag(column_sums(mul(pivots(V, params=(which,)), dV))), V.dtype) * 1j


# --- Hermitian matrices -----------------------------------------------------------------------------------------------------------


def _repeated_in(operands: Any, w: Any, *static: Any) -> Any:
    return repeated(w)


REPEATED = "repeated eigenvalues (each takes the mean slope of its group: exact for symmetric functions of them)"


def _coupling(V: Any, dA: Any, upper: bool) -> Any:
    return matmul(matmul(adjoint(V), hermitian_from(dA, params=(upper,))), V)


def _eigh_jvp(primals: Any, tangents: Any, outputs: Any, upper: bool) -> Any:
    w, V = outputs
    V = marked(V, w, params=(False, False))  # second derivatives read the vectors here
    M = _coupling(V, tangents[0], upper)
    dw = mean_of_equal(real(diagonal_of(M)), w, params=(False,))
    dV = matmul(V, over_gaps(M, convert(w, V.dtype)))
    if V.dtype.kind == "c":
        dV = dV - mul(V, row(turning(V, dV, "last" if upper else "first")))
    return dw, dV


def _values_type(A: Any, *static: Any) -> Any:
    return A.with_shape(A.shape[:-1]).with_dtype(real_dtype(A.dtype))


def _uplo(upper: bool) -> Any:
    return "U" if upper else "L"


def _eigh_value(A: Any, upper: bool) -> Any:
    w, V = np.linalg.eigh(A, UPLO=_uplo(upper))
    return w, *rotated(w, V)


#: w and V; programs read V through ``marked``.
eigh = Primitive(
    "eigh",
    _eigh_value,
    lambda A, upper: (_values_type(A), A),
    jvp=_eigh_jvp,
    batch=stacked_batch(lambda: eigh, 2),
    kink=_repeated_in,
    kink_name=REPEATED,
    kink_felt=kink_felt,
    multiple=True,
    params=("upper",),
    keeps="output",
)


def _eigvalsh_jvp(primals: Any, tangents: Any, w: Any, upper: bool) -> Any:
    values, V = eigh(primals[0], params=(upper,))
    V = marked(V, values, params=(False, False))
    return mean_of_equal(real(diagonal_of(_coupling(V, tangents[0], upper))), w, params=(False,))


eigvalsh = Primitive(
    "eigvalsh",
    lambda A, upper: np.linalg.eigvalsh(A, UPLO=_uplo(upper)),
    lambda A, upper: _values_type(A),
    jvp=_eigvalsh_jvp,
    batch=stacked_batch(lambda: eigvalsh, 2),
    kink=_repeated_in,
    kink_name=REPEATED,
    kink_felt=kink_felt,
    params=("upper",),
)

# --- general matrices -------------------------------------------------------------------------------------------------------------


def _eig_value(A: Any, dtype: np.dtype[Any]) -> Any:
    w, V = np.linalg.eig(A)
    if dtype.kind != "c" and w.dtype.kind == "c":  # from NumPy 2.5 on also where all are real
        if not np.any(w.imag):
            return w.real.astype(dtype), V.real.astype(dtype)
        raise SingularPointError(
            "eig was recorded with real eigenvalues and is now evaluated at a matrix with complex ones. Matrices of one kind are required. "
            "Convert the matrix to complex first (a.astype(complex))"
        )
    return w.astype(dtype, copy=False), V.astype(dtype, copy=False)


def _eig_jvp(primals: Any, tangents: Any, outputs: Any, dtype: np.dtype[Any]) -> Any:
    w, V = outputs
    V = marked(V, w, params=(False, False))
    M = solve(V, matmul(convert(tangents[0], dtype), V), params=("eig",))
    dV = matmul(V, over_gaps(M, w))
    length = convert(real(column_sums(mul(conj(V) if dtype.kind == "c" else V, dV))), dtype)
    if dtype.kind == "c":
        length = add(length, turning(V, dV, "largest"))
    return mean_of_equal(diagonal_of(M), w, params=(False,)), dV - mul(V, row(length))


def _eig_result(A: Any, dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "c":
        dtype = complex_dtype(A.dtype)
    return A.with_shape(A.shape[:-1]).with_dtype(dtype), A.with_dtype(dtype)


#: Eigenvalues and right eigenvectors; ``dtype`` is real where the result was (all eigenvalues of a real matrix real).
eig = Primitive(
    "eig",
    _eig_value,
    _eig_result,
    jvp=_eig_jvp,
    batch=stacked_batch(lambda: eig, 2),
    kink=_repeated_in,
    kink_name=REPEATED,
    kink_felt=kink_felt,
    multiple=True,
    params=("dtype",),
    keeps="output",
)
