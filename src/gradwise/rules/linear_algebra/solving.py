"""Linear systems, inverses and least squares.

    A X = B         dX = A⁻¹ (dB − dA X)
    Y = A⁻¹         dY = −Y dA Y
    P = A⁺          dP = −P dA P + P Pᴴ dAᴴ (1 − A P) + (1 − P A) dAᴴ Pᴴ P        (constant rank)

The last is Golub & Pereyra (1973), *The differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate*, eq. 4.12.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.errors import SingularPointError
from gradwise.program import ArrayType, Primitive
from gradwise.rules.broadcasting import reshape, sum_to
from gradwise.rules.linear_algebra.forms import (
    adjoint,
    aligned,
    eye_like,
    hermitian_from,
    matrix_type,
    stack_shape,
    stacked_batch,
)
from gradwise.rules.products import matmul
from gradwise.rules.shapes import transpose

# --- solve ----------------------------------------------------------------------------------------------------------------------


def _is_deficient(A: Any, purpose: str) -> bool:
    """Whether a factor is singular up to rounding: the triangular factor of QR by its diagonal, eigenvectors by their condition number."""
    if A.size == 0 or purpose not in {"qr", "eig"}:
        return False
    eps = 16 * A.shape[-1] * np.finfo(A.dtype).eps
    if purpose == "eig":
        return bool(np.any(np.linalg.cond(A) * eps > 1))
    diagonal = np.abs(np.diagonal(A, axis1=-2, axis2=-1))
    return bool(np.any(diagonal.min(axis=-1) <= eps * np.abs(A).max(axis=(-2, -1))))


def _solve_value(A: Any, B: Any, purpose: str) -> Any:
    try:
        if _is_deficient(A, purpose):
            raise np.linalg.LinAlgError("rank deficient up to rounding")  # noqa: TRY301 - one message for both kinds of singular matrix
        return np.linalg.solve(A, B)
    except np.linalg.LinAlgError:
        if not purpose:
            raise
        raise SingularPointError(
            f"{purpose} has no derivative at this matrix: a factor that the derivative divides by is singular. A matrix of full rank is "
            "required. Move off the point, or use a function that is smooth there"
        ) from None


def _solve_jvp(primals: Any, tangents: Any, X: Any, purpose: str) -> Any:
    A, _ = primals
    dA, dB = tangents
    if dA is None:
        return solve(A, dB, params=(purpose,))
    change = matmul(dA, X)
    return solve(A, -change if dB is None else dB - change, params=(purpose,))


def _solve_transpose(ct: Any, operands: Any, linear_: Any, purpose: str) -> Any:
    A, B = operands
    return None, sum_to(solve(adjoint(A), ct, params=(purpose,)), B.shape)


def _solve_batch(operands: Any, batched: Any, purpose: str) -> Any:
    A, B = operands
    if not batched[0] and A.ndim == 2 and B.ndim == 3:
        # one matrix, many right-hand sides: a single factorisation, the batch laid side by side
        b, n, k = B.shape
        wide = reshape(transpose(B, params=((1, 0, 2),)), (n, b * k))
        X = solve(A, wide, params=(purpose,))
        return transpose(reshape(X, (n, b, k)), params=((1, 0, 2),))
    return solve(*aligned(operands, batched, (2, 2)), params=(purpose,))


#: X with A X = B, for stacks of matrices A (…, n, n) and B (…, n, k); linear in B.  ``purpose`` names the function whose derivative
#: divides by A ("" for solve itself, which raises NumPy's LinAlgError).
solve = Primitive(
    "solve",
    _solve_value,
    lambda A, B, purpose: B.with_shape((*stack_shape((A, B), (2, 2)), *B.shape[-2:])),
    jvp=_solve_jvp,
    transpose=_solve_transpose,
    batch=_solve_batch,
    params=("purpose",),
)

# --- inv ------------------------------------------------------------------------------------------------------------------------


def _inv_jvp(primals: Any, tangents: Any, Y: Any) -> Any:
    return -matmul(matmul(Y, tangents[0]), Y)


inv = Primitive("inv", np.linalg.inv, lambda A: A, jvp=_inv_jvp, batch=stacked_batch(lambda: inv, 2), keeps="output")

# --- pinv -----------------------------------------------------------------------------------------------------------------------


def _pinv_value(A: Any, rcond: Any, hermitian: bool) -> Any:
    return np.linalg.pinv(A, rcond=np.asarray(rcond), hermitian=hermitian)


def _pinv_jvp(primals: Any, tangents: Any, P: Any, rcond: Any, hermitian: bool) -> Any:
    (A,), (dA,) = primals, tangents
    if hermitian:  # only the lower triangle is read
        A, dA = hermitian_from(A, params=(False,)), hermitian_from(dA, params=(False,))
    return pinv_tangent(A, P, dA)


def pinv_tangent(A: Any, P: Any, dA: Any) -> Any:
    """The constant-rank formula; the terms of projectors that vanish for the shape are left out when A is square or not."""
    H, dH = adjoint(P), adjoint(dA)
    outside = eye_like(A) - matmul(A, P)
    inside = eye_like(P) - matmul(P, A)
    return (
        matmul(matmul(P, H), matmul(dH, outside)) + matmul(matmul(inside, dH), matmul(H, P)) - matmul(matmul(P, dA), P)
    )


def _rank_deficient(operands: Any, output: Any, rcond: Any, hermitian: bool) -> Any:
    (A,) = operands
    s = np.linalg.svd(A, compute_uv=False, hermitian=hermitian)
    return s.min(axis=-1, initial=np.inf) <= np.asarray(rcond) * s.max(axis=-1, initial=0)


#: The Moore–Penrose inverse.  Where A has not full rank it jumps in every direction that changes the rank; the derivative is the one along
#: directions that keep it.
pinv = Primitive(
    "pinv",
    _pinv_value,
    lambda A, rcond, hermitian: matrix_type(A, A.shape[-1], A.shape[-2]),
    jvp=_pinv_jvp,
    batch=stacked_batch(lambda: pinv, 2),
    kink=_rank_deficient,
    kink_name="pinv of a matrix without full rank (derivative along directions that keep the rank)",
    params=("rcond", "hermitian"),
)

# --- least squares --------------------------------------------------------------------------------------------------------------


def _lstsq_value(A: Any, B: Any, rcond: float) -> Any:
    if A.ndim == 2 and B.ndim == 2:
        return np.linalg.lstsq(A, B, rcond=rcond)[0]
    return np.matmul(_pinv_value(A, rcond, hermitian=False), B)


def _lstsq_jvp(primals: Any, tangents: Any, X: Any, rcond: float) -> Any:
    A, B = primals
    dA, dB = tangents
    P = pinv(A, params=(rcond, False))
    if dA is None:
        return matmul(P, dB)
    # A⁺ applied to B, by the rule of A⁺, with the residual R = B − A X and PᴴX in place of products with P
    dH, H = adjoint(dA), adjoint(P)
    R = B - matmul(A, X)
    pulled = matmul(dH, matmul(H, X))
    change = matmul(P, matmul(H, matmul(dH, R))) + (pulled - matmul(P, matmul(A, pulled))) - matmul(P, matmul(dA, X))
    return change if dB is None else change + matmul(P, dB)


def _lstsq_rank_deficient(operands: Any, output: Any, rcond: float) -> Any:
    return np.any(_rank_deficient(operands[:1], None, rcond, hermitian=False))


#: X of least norm that minimises ‖A X − B‖, with singular values up to rcond·σ₁ taken as zero.
lstsq = Primitive(
    "lstsq",
    _lstsq_value,
    lambda A, B, rcond: B.with_shape((*stack_shape((A, B), (2, 2)), A.shape[-1], B.shape[-1])),
    jvp=_lstsq_jvp,
    batch=stacked_batch(lambda: lstsq, 2, 2),
    kink=_lstsq_rank_deficient,
    kink_name="lstsq with a matrix without full rank (derivative along directions that keep the rank)",
    params=("rcond",),
)


def _rank_value(A: Any, rcond: Any) -> Any:
    s = np.linalg.svd(A, compute_uv=False)
    return np.count_nonzero(s > np.asarray(rcond)[..., None] * s.max(axis=-1, keepdims=True, initial=0), axis=-1)


#: How many singular values exceed rcond·σ₁: an integer, on which a guard may stand.
rank = Primitive(
    "rank",
    _rank_value,
    lambda A, rcond: ArrayType(A.shape[:-2], np.dtype(np.intp)),
    batch=stacked_batch(lambda: rank, 2),
    params=("rcond",),
    keeps="none",
)
