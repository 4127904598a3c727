"""Cholesky and QR.

    A = L Lᴴ       dL = L Φ(L⁻¹ dA L⁻ᴴ),  Φ the lower triangle with half the diagonal           (Murray 2016, arXiv:1602.07527, eq. 8)
    A = Q R        with C = dA R⁻¹ and Ω the skew-Hermitian matrix that makes QᴴC − Ω upper triangular with a real diagonal:
                   dQ = C − Q (QᴴC − Ω),   dR = (QᴴC − Ω) R                                     (Walter & Lehmann 2012, arXiv:1001.1654)

LAPACK reads one triangle in Cholesky, so the derivative with respect to the other is zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.program import Primitive
from gradwise.rules.algebra import imag
from gradwise.rules.broadcasting import convert
from gradwise.rules.linear_algebra.forms import (
    adjoint,
    diagonal_of,
    eye_like,
    half_triangle,
    hermitian_from,
    matrix_type,
    row,
    stacked_batch,
    triangle,
)
from gradwise.rules.linear_algebra.null_spaces import following, has_choice, reflected, turning_as_reflections
from gradwise.rules.linear_algebra.solving import solve
from gradwise.rules.products import matmul
from gradwise.rules.shapes import concatenate, slice_axis


def _cholesky_jvp(primals: Any, tangents: Any, factor: Any, upper: bool) -> Any:
    L = adjoint(factor) if upper else factor
    change = hermitian_from(tangents[0], params=(upper,))
    half = solve(L, change, params=("cholesky",))
    dL = matmul(L, half_triangle(solve(L, adjoint(half), params=("cholesky",))))
    return adjoint(dL) if upper else dL


#: The lower (or upper) factor of a positive definite matrix, of which only that triangle is read.
cholesky = Primitive(
    "cholesky",
    lambda A, upper: np.linalg.cholesky(A, upper=upper),
    lambda A, upper: A,
    jvp=_cholesky_jvp,
    batch=stacked_batch(lambda: cholesky, 2),
    params=("upper",),
    keeps="output",
)

# --- QR -------------------------------------------------------------------------------------------------------------------------


def _qr_result(A: Any, mode: str) -> Any:
    m, n = A.shape[-2:]
    inner = m if mode == "complete" else min(m, n)
    return matrix_type(A, m, inner), matrix_type(A, inner, n)


def _skew(B: Any) -> Any:
    """Ω with Ωᴴ = −Ω that agrees with B below the diagonal, and in the imaginary part on it (R keeps a real diagonal)."""
    low = triangle(B, params=(-1, False))
    skew = low - adjoint(low)
    if B.dtype.kind == "c":
        skew = skew + eye_like(B) * row(convert(imag(diagonal_of(B)), B.dtype) * 1j)
    return skew


def _qr_jvp(primals: Any, tangents: Any, outputs: Any, mode: str) -> Any:
    (A,), (dA,), (Q, R) = primals, tangents, outputs
    m, n = A.shape[-2:]
    last = A.ndim - 1
    if m < n:  # the first m columns determine Q; R = QᴴA
        first = slice_axis(R, last, 0, m)
        dQ, _ = square_or_tall(Q, first, slice_axis(dA, last, 0, m))
        return dQ, triangle(matmul(adjoint(dQ), A) + matmul(adjoint(Q), dA), params=(0, True))
    if mode == "complete" and m > n:
        thin, rest = slice_axis(Q, last, 0, n), slice_axis(Q, last, n, m)
        upper = slice_axis(R, last - 1, 0, n)
        d_thin, d_upper = square_or_tall(thin, upper, dA)
        d_rest = following(thin, d_thin, rest)
        if has_choice(thin, Q):
            d_rest = turning_as_reflections(reflected(thin, upper, rest), thin, d_thin, d_rest, rest)
        zeros = slice_axis(R, last - 1, n, m) * 0
        return concatenate(d_thin, d_rest, params=(last,)), concatenate(d_upper, zeros, params=(last - 1,))
    return square_or_tall(Q, R, dA)


def square_or_tall(Q: Any, R: Any, dA: Any) -> tuple[Any, Any]:
    C = adjoint(solve(adjoint(R), adjoint(dA), params=("qr",)))
    B = matmul(adjoint(Q), C)
    upper = B - _skew(B)
    return C - matmul(Q, upper), triangle(matmul(upper, R), params=(0, True))


#: (Q, R) of the reduced or complete factorisation.  The columns that "complete" adds: see ``null_spaces.py``.
qr = Primitive(
    "qr",
    lambda A, mode: tuple(np.linalg.qr(A, mode=mode)),
    _qr_result,
    jvp=_qr_jvp,
    batch=stacked_batch(lambda: qr, 2),
    multiple=True,
    params=("mode",),
)
