"""A basis of a null space: the columns that ``svd(full_matrices=True)`` and ``qr(mode="complete")`` add.

LAPACK makes a square Q of reflections, Q = H₁ … H_n = 1 − V T Vᴴ, with V unit lower trapezoidal.  So its first columns Q₁ determine all of it: with
W = Q₁ − [1; 0] = [W₁; W₂] = −V T V₁ᴴ the others are

    N = [0; 1] − V T V₂ᴴ = [0; 1] + W M,   M = W₁⁻ᴴ W₂ᴴ,   dN = dW M + W dM,   dM = W₁⁻ᴴ (dW₂ᴴ − dW₁ᴴ M)

(Ballard, Demmel, Grigori et al. 2014, *Reconstructing Householder vectors from tall-skinny QR*, have V and T from W.)  That is so of QR always, and of the SVD where LAPACK
begins with QR: gesvd always, gesdd from 11/6 times as many rows as columns on.  Whether it is so of the basis at hand is seen at its numbers.  Where it is not (gesdd of a matrix that is
nearly square; a reflection that is none, since the column was zero below its diagonal), the tangent is the one that follows the space without turning inside it, and reverse mode refuses a
function that would notice the turning.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.errors import SingularPointError
from gradwise.program import ArrayType, Primitive
from gradwise.rules.algebra import select
from gradwise.rules.linear_algebra.forms import adjoint, adjoint_value, eye_like, stacked_batch
from gradwise.rules.linear_algebra.solving import solve
from gradwise.rules.products import matmul
from gradwise.rules.shapes import slice_axis


def _checked_value(ct: Any, basis: Any) -> Any:
    """The cotangent of a basis, after a look whether it asks for more than the space that the basis spans."""
    K = np.conj(np.swapaxes(basis, -1, -2)) @ ct
    turn = K - np.conj(np.swapaxes(K, -1, -2))
    limit = 1e4 * K.shape[-1] * np.finfo(K.dtype).eps * np.abs(ct).max(initial=0)
    if np.any(np.abs(turn) > limit):
        raise SingularPointError(
            "the derivative of a function of a null-space basis (the columns that full_matrices=True or mode='complete' adds) was taken. A function of "
            "the space alone, such as its projector, is required, because the basis is arbitrary. Use full_matrices=False or mode='reduced'"
        )
    return ct


gauge_checked = Primitive(
    "gauge_checked",
    _checked_value,
    lambda ct, basis: ct,
    jvp=lambda primals, tangents, y: tangents[0],
    transpose=lambda ct, operands, linear_: (ct, None),
    batch=stacked_batch(lambda: gauge_checked, 2, 2),
    keeps="operands",
)
#: The tangent of a null-space basis that does not turn inside its space; reverse mode refuses a function that would notice the turning.
unturned = Primitive(
    "unturned",
    lambda dV, basis: dV,
    lambda dV, basis: dV,
    jvp=lambda primals, tangents, y: None if tangents[0] is None else unturned(tangents[0], primals[1]),
    transpose=lambda ct, operands, linear_: (gauge_checked(ct, operands[1]), None),
    batch=stacked_batch(lambda: unturned, 2, 2),
    keeps="operands",
)


def _reflected_value(Q: Any, R: Any, basis: Any) -> Any:
    n, several = Q.shape[-1], (*basis.shape[:-2], 1, 1)
    if n == 0:
        return np.zeros(several, bool)
    eps = np.finfo(Q.dtype).eps
    diagonal = np.abs(np.diagonal(R[..., :n, :n], axis1=-2, axis2=-1))
    full_rank = diagonal.min(axis=-1) > 16 * n * eps * np.abs(R).max(axis=(-2, -1))
    W = Q - np.eye(*Q.shape[-2:], dtype=Q.dtype)
    top = np.where(full_rank[..., None, None], W[..., :n, :], -np.eye(n, dtype=Q.dtype))
    try:
        expected = W @ np.linalg.solve(adjoint_value(top), adjoint_value(W[..., n:, :]))
    except np.linalg.LinAlgError:
        return np.zeros(several, bool)
    expected[..., n:, :] += np.eye(basis.shape[-1], dtype=Q.dtype)
    agrees = np.abs(expected - basis).max(axis=(-2, -1)) <= np.sqrt(eps)
    return (full_rank & agrees)[..., None, None]


#: Whether the basis is that of the reflections which made (Q, R), both of full rank.
reflected = Primitive(
    "reflected",
    _reflected_value,
    lambda Q, R, basis: ArrayType((*basis.shape[:-2], 1, 1), np.dtype(bool)),
    batch=stacked_batch(lambda: reflected, 2, 2, 2),
)


def has_choice(thin: Any, whole: Any) -> bool:
    """Whether the added columns could be others: one real column has no freedom beyond its sign."""
    added = whole.shape[-1] - thin.shape[-1]
    return added > 1 or (added == 1 and whole.dtype.kind == "c")


def following(thin: Any, d_thin: Any, rest: Any) -> Any:
    """−U₁ (dU₁ᴴ U₂): the added columns U₂ follow the space that they complete."""
    return -matmul(thin, matmul(adjoint(d_thin), rest))


def turning_as_reflections(known: Any, Q: Any, dQ: Any, otherwise: Any, rest: Any) -> Any:
    """The tangent of the added columns where they are those of reflections with the first columns Q, and else ``otherwise``, which does not turn."""
    n, m = Q.shape[-1], Q.shape[-2]
    first = Q.ndim - 2
    one = eye_like(Q)
    W = Q - slice_axis(one, 1, 0, n)
    head = lambda x: slice_axis(x, first, 0, n)
    tail = lambda x: slice_axis(x, first, n, m)
    divisor = select(known, adjoint(head(W)), -slice_axis(slice_axis(one, 0, 0, n), 1, 0, n))
    M = solve(divisor, adjoint(tail(W)), params=("",))
    dM = solve(divisor, adjoint(tail(dQ)) - matmul(adjoint(head(dQ)), M), params=("",))
    return select(known, matmul(dQ, M) + matmul(W, dM), unturned(otherwise, rest))
