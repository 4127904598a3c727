"""Determinants.

    D det(A)[X] = Σ cof(A) ∘ X,     D log|det A| [X] = Re tr(A⁻¹ X)

The cofactor matrix is a polynomial in A, so that the determinant has a derivative of every order everywhere, singular matrices included.  It is taken from
the singular value decomposition A = U S Vᴴ, cof(A) = cof(U) cof(S) cof(Vᴴ), where cof(S) multiplies the *other* singular values and divides by none.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from gradwise.errors import SingularPointError
from gradwise.program import Primitive
from gradwise.rules.algebra import conj_if_complex, imag, mul, real
from gradwise.rules.broadcasting import convert, real_dtype, sum_to
from gradwise.rules.linear_algebra.forms import aligned, inner, stack_shape, stacked_batch
from gradwise.rules.products import matmul
from gradwise.rules.shapes import swap_last

#: below this condition number det(A) A⁻ᵀ is as good as the singular value decomposition, and much cheaper
WELL_CONDITIONED = 1e4

# --- cofactors ------------------------------------------------------------------------------------------------------------------


def _others(s: Any) -> tuple[Any, Any]:
    """Π_{l≠i} s_l and Π_{l≠i,j} s_l (zero on the diagonal), without division."""
    n = s.shape[-1]
    ones = np.ones((*s.shape[:-1], n, n, n), s.dtype)
    eye = np.eye(n, dtype=bool)
    taken = np.where(eye[:, None, :] | eye[None, :, :], ones, s[..., None, None, :])
    pairs = taken.prod(axis=-1)
    single = np.diagonal(pairs, axis1=-2, axis2=-1)
    return single, np.where(eye, 0, pairs)


def _singular_values(A: Any) -> tuple[Any, Any, Any, Any]:
    """U, s, Vᴴ, and which of the matrices are finite: the determinant of others is nan, where LAPACK's iteration does not end."""
    finite = np.isfinite(A).all(axis=(-2, -1), keepdims=True)
    return (*np.linalg.svd(np.where(finite, A, np.eye(A.shape[-1], dtype=A.dtype))), finite)


def _cofactor(A: Any) -> Any:
    n = A.shape[-1]
    if n == 0:
        return A
    with np.errstate(all="ignore"):
        try:
            inverse = np.linalg.inv(A)
            condition = np.linalg.norm(A, axis=(-2, -1)) * np.linalg.norm(inverse, axis=(-2, -1))
            determinant = np.linalg.det(A)
            if np.all(condition < WELL_CONDITIONED) and np.all(np.isfinite(determinant) & (determinant != 0)):
                return determinant[..., None, None] * np.swapaxes(inverse, -1, -2)
        except np.linalg.LinAlgError:
            pass
    U, s, Vh, finite = _singular_values(A)
    before = np.concatenate([np.ones_like(s[..., :1]), np.cumprod(s, axis=-1)[..., :-1]], axis=-1)
    behind = np.concatenate([np.cumprod(s[..., :0:-1], axis=-1)[..., ::-1], np.ones_like(s[..., :1])], axis=-1)
    sign = np.linalg.det(U) * np.linalg.det(Vh)
    return np.where(finite, np.conj((U * (before * behind)[..., None, :]) @ Vh) * sign[..., None, None], np.nan)


def _cofactor_tangent(A: Any, X: Any) -> Any:
    """D cof(A)[X].  With M = Uᴴ X V: (i,i) entries Σ_{k≠i} M_kk Π_{l≠i,k} s_l, (i,j) entries −M_ji Π_{l≠i,j} s_l, turned back."""
    if A.shape[-1] == 0:
        return np.zeros(np.broadcast_shapes(A.shape, X.shape), A.dtype)
    U, s, Vh, finite = _singular_values(A)
    _, pairs = _others(s)
    M = np.conj(np.swapaxes(U, -1, -2)) @ X @ np.conj(np.swapaxes(Vh, -1, -2))
    diagonal = (pairs @ np.diagonal(M, axis1=-2, axis2=-1)[..., None])[..., 0]
    core = diagonal[..., None, :] * np.eye(A.shape[-1], dtype=A.dtype) - np.swapaxes(M, -1, -2) * pairs
    sign = np.linalg.det(U) * np.linalg.det(Vh)
    return np.where(finite, np.conj(U) @ core @ np.conj(Vh) * sign[..., None, None], np.nan)


def _homogeneous_part(A: Any, X: Any, degree: int) -> Any:
    """The part of cof(A + tX) of degree ``degree`` in t: exact by sampling the polynomial on a circle around 0."""
    n = A.shape[-1]
    size = np.linalg.norm(X, axis=(-2, -1), keepdims=True)
    radius = (np.linalg.norm(A, axis=(-2, -1), keepdims=True) + (size == 0)) / np.where(size == 0, 1, size)
    radius = np.where(radius == 0, 1 / np.where(size == 0, 1, size), radius)
    total = 0
    for k in range(n):
        root = np.exp(2j * np.pi * k / n)
        total = total + _cofactor(A + radius * root * X) * root**-degree
    total = total / (n * radius**degree)
    return total if A.dtype.kind == "c" else total.real


def _cofactor_value(A: Any, *directions: Any) -> Any:
    degree = len(directions)
    if degree == 0:
        return _cofactor(A)
    if degree == 1:
        return _cofactor_tangent(A, *directions).astype(A.dtype, copy=False)
    if degree > A.shape[-1] - 1:  # a polynomial of degree n − 1
        return np.zeros(np.broadcast_shapes(A.shape, *[X.shape for X in directions]), A.dtype)
    # polarisation: the multilinear form from its values on sums of directions
    total = 0
    for k in range(1, degree + 1):
        for chosen in combinations(directions, k):
            total = total + (-1) ** (degree - k) * _homogeneous_part(A, sum(chosen), degree)
    return np.asarray(total).astype(A.dtype, copy=False)


def _cofactor_jvp(primals: Any, tangents: Any, C: Any) -> Any:
    A, *directions = primals
    dA, *changes = tangents
    total = None if dA is None else cofactor(A, *directions, dA)
    for k, dX in enumerate(changes):
        if dX is not None:
            term = cofactor(A, *directions[:k], dX, *directions[k + 1 :])
            total = term if total is None else total + term
    return total


def _cofactor_transpose(ct: Any, operands: Any, linear_: Any) -> Any:
    # ⟨C, D^{k+1} det(A)[…, X, ·]⟩ is symmetric in C and X: the form is its own transpose
    k = linear_.index(True)
    others = [ct if i == k else conj_if_complex(x) for i, x in enumerate(operands)]
    result = sum_to(cofactor(*others), operands[k].shape)
    return tuple(result if i == k else None for i in range(len(operands)))


#: The gradient of D^k det(A)[X₁, …, X_k] in A: the matrix of cofactors (k = 0) and its derivatives, linear in each Xᵢ.
cofactor = Primitive(
    "cofactor",
    _cofactor_value,
    lambda *types: types[0].with_shape((*stack_shape(types, (2,) * len(types)), *types[0].shape[-2:])),
    jvp=_cofactor_jvp,
    transpose=_cofactor_transpose,
    batch=lambda operands, batched: cofactor(*aligned(operands, batched, (2,) * len(operands))),
)

# --- det, slogdet ---------------------------------------------------------------------------------------------------------------

det = Primitive(
    "det",
    np.linalg.det,
    lambda A: A.with_shape(A.shape[:-2]),
    jvp=lambda primals, tangents, y: inner(cofactor(primals[0]), tangents[0]),
    batch=stacked_batch(lambda: det, 2),
)


def _inverse_value(A: Any) -> Any:
    try:
        return np.linalg.inv(A)
    except np.linalg.LinAlgError:
        raise SingularPointError(
            "slogdet was differentiated at a singular matrix, where log|det A| is −inf. An invertible matrix is required. "
            "Use np.linalg.det, which is smooth there, or move off the point"
        ) from None


#: The inverse, as the slope of log|det A|: a singular matrix is a singular point.
slope = Primitive(
    "log_det_slope",
    _inverse_value,
    lambda A: A,
    jvp=lambda primals, tangents, Y: -matmul(matmul(Y, tangents[0]), Y),
    batch=stacked_batch(lambda: slope, 2),
    keeps="output",
)


def _slogdet_jvp(primals: Any, tangents: Any, outputs: Any) -> Any:
    sign, _ = outputs
    change = inner(swap_last(slope(primals[0])), tangents[0])
    if sign.dtype.kind != "c":
        return None, change
    return mul(sign, convert(imag(change), sign.dtype) * 1j), real(change)


slogdet = Primitive(
    "slogdet",
    lambda A: tuple(np.linalg.slogdet(A)),
    lambda A: (A.with_shape(A.shape[:-2]), A.with_shape(A.shape[:-2]).with_dtype(real_dtype(A.dtype))),
    jvp=_slogdet_jvp,
    batch=stacked_batch(lambda: slogdet, 2),
    multiple=True,
)
