"""The singular value decomposition and the norms that rest on it.

    A = U diag(s) Vᴴ,  X = Uᴴ dA V,  Y = (X + Xᴴ)/2,  Z = (X − Xᴴ)/2:

    ds = Re diag X
    dU = U (Y/(s_j − s_i) + Z/(s_j + s_i)) + (1 − U Uᴴ) dA V S⁻¹
    dV = V (Y/(s_j − s_i) − Z/(s_j + s_i)) + (1 − V Vᴴ) dAᴴ U S⁻¹

Townsend (2016), *Differentiating the singular value decomposition*, with his quotients (s_j X + s_i Xᴴ)/(s_j² − s_i²) split into partial fractions, so that close
singular values cost no more digits than they must.  A complex pair (u_j, v_j) has one free phase; LAPACK makes the first row of V real (m ≥ n), or
of U (m < n), and the derivative follows it.  A zero singular value is a kink (s = |·|), with slope 0; repeated ones: see ``gaps.py``.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from gradwise.program import ArrayType, Primitive
from gradwise.rules.algebra import conj_if_complex, div, equal, mul, real, select
from gradwise.rules.broadcasting import convert, real_dtype, reshape
from gradwise.rules.elementwise import sign
from gradwise.rules.linear_algebra.bases import current_basis, rotated, tolerance
from gradwise.rules.linear_algebra.factorizations import qr, square_or_tall
from gradwise.rules.linear_algebra.forms import (
    adjoint,
    adjoint_value,
    diagonal_of,
    eye_like,
    matrix_type,
    row,
    stacked_batch,
)
from gradwise.rules.linear_algebra.gaps import (
    kink_felt,
    marked,
    mean_of_equal,
    over_columns,
    over_gaps,
    over_sums,
    repeated,
)
from gradwise.rules.linear_algebra.null_spaces import following, has_choice, reflected, turning_as_reflections
from gradwise.rules.linear_algebra.spectral import turning
from gradwise.rules.products import matmul
from gradwise.rules.reductions import reduced_shape, sum_
from gradwise.rules.shapes import concatenate, slice_axis


def _singular_kink(operands: Any, s: Any, *static: Any) -> Any:
    return repeated(s) | (s <= tolerance(s))


def _singular_kink_felt(operands: Any, s: Any, cotangent: Any, *static: Any) -> bool:
    at_zero = np.shape(cotangent) == np.shape(s) and np.any((s <= tolerance(s)) & (np.asarray(cotangent) != 0))
    return bool(at_zero) or kink_felt(operands, s, cotangent)


KINK = "repeated or zero singular values (mean slope of the group, slope 0 at zero)"


def _svd_result(A: ArrayType, full: bool) -> Any:
    m, n = A.shape[-2:]
    k = min(m, n)
    s = ArrayType((*A.shape[:-2], k), real_dtype(A.dtype))
    return s, matrix_type(A, m, m if full else k), matrix_type(A, n if full else k, n)


def _slopes(X: Any, s: Any) -> Any:
    return mean_of_equal(real(diagonal_of(X)), s, params=(True,))


def _completed(d_thin: Any, thin: Any, whole: Any, A: Any, dA: Any) -> Any:
    """The tangent of a square factor: the columns beyond the thin part follow their space, and turn in it as the reflections of A do."""
    last = whole.ndim - 1
    if thin.shape[-1] == whole.shape[-1]:
        return d_thin
    rest = slice_axis(whole, last, thin.shape[-1], whole.shape[-1])
    d_rest = following(thin, d_thin, rest)
    if has_choice(thin, whole):
        known = reflected(*qr(A, params=("reduced",)), rest)
        safe = -slice_axis(eye_like(A), 1, 0, A.shape[-1])
        Q, R = qr(select(known, A, safe), params=("reduced",))
        dQ, _ = square_or_tall(Q, R, select(known, dA, 0))
        d_rest = turning_as_reflections(known, Q, dQ, d_rest, rest)
    return concatenate(d_thin, d_rest, params=(last,))


def _svd_jvp(primals: Any, tangents: Any, outputs: Any, full: bool) -> Any:
    (A,), (dA,), (s, whole_U, whole_Vh) = primals, tangents, outputs
    m, n = A.shape[-2:]
    k = min(m, n)
    last = A.ndim - 1
    whole_U, whole_Vh = marked_vectors(A, s, whole_U, whole_Vh)  # second derivatives read the vectors here
    U = slice_axis(whole_U, last, 0, k) if full and m > k else whole_U
    whole_V = adjoint(whole_Vh)
    V = slice_axis(whole_V, last, 0, k) if full and n > k else whole_V
    X = matmul(matmul(adjoint(U), dA), V)
    S = convert(s, A.dtype)
    Y, Z = (X + adjoint(X)) * 0.5, (X - adjoint(X)) * 0.5
    symmetric, skew = over_gaps(Y, S), over_sums(Z, S)
    dU, dV = matmul(U, symmetric + skew), matmul(V, symmetric - skew)
    if m > k:
        dU = dU + over_columns(matmul(dA, V) - matmul(U, X), S)
    if n > k:
        dV = dV + over_columns(matmul(adjoint(dA), U) - matmul(V, adjoint(X)), S)
    if A.dtype.kind == "c":
        phase = row(turning(V, dV, "first") if m >= n else turning(U, dU, "first"))
        dU, dV = dU - mul(U, phase), dV - mul(V, phase)
    return _slopes(X, s), _completed(dU, U, whole_U, A, dA), adjoint(_completed(dV, V, whole_V, adjoint(A), adjoint(dA)))


def _svd_value(A: Any, full: bool) -> Any:
    U, s, Vh = np.linalg.svd(A, full_matrices=full)
    if current_basis() is not None:
        U, V = rotated(s, U, adjoint_value(Vh))
        Vh = adjoint_value(V)
    return s, U, Vh


#: (s, U, Vᴴ): the singular values first, because it is they that sit on kinks.  Programs read U and Vᴴ through ``marked``.
svd = Primitive(
    "svd",
    _svd_value,
    _svd_result,
    jvp=_svd_jvp,
    batch=stacked_batch(lambda: svd, 2),
    kink=_singular_kink,
    kink_name=KINK,
    kink_felt=_singular_kink_felt,
    multiple=True,
    params=("full_matrices",),
)


def marked_vectors(A: Any, s: Any, U: Any, Vh: Any) -> tuple[Any, Any]:
    """U and Vᴴ as programs read them.  A single zero singular value of a square matrix leaves its vectors determined; beside a null space it does not."""
    m, n = A.shape[-2:]
    return marked(U, s, params=(m > n, False)), marked(Vh, s, params=(n > m, True))


def _svdvals_jvp(primals: Any, tangents: Any, s: Any) -> Any:
    values, U, Vh = svd(primals[0], params=(False,))
    U, Vh = marked_vectors(primals[0], values, U, Vh)
    return _slopes(matmul(matmul(adjoint(U), tangents[0]), adjoint(Vh)), s)


svdvals = Primitive(
    "svdvals",
    lambda A: np.linalg.svd(A, compute_uv=False),
    lambda A: _svd_result(A, full=False)[0],
    jvp=_svdvals_jvp,
    batch=stacked_batch(lambda: svdvals, 2),
    kink=_singular_kink,
    kink_name=KINK,
    kink_felt=_singular_kink_felt,
)

# --- the Euclidean norm -------------------------------------------------------------------------------------------------------------


_sum: Any = np.add.reduce


@functools.cache
def _limits(dtype: np.dtype[Any]) -> tuple[float, float]:
    """Between which norms the squares neither overflow nor underflow."""
    limits = np.finfo(dtype)
    return float(np.sqrt(limits.tiny)), float(limits.max)


def _norm_value(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """√Σ|x|², scaled where the squares overflow or underflow.

    NumPy does not scale, so that the value of the user's function is another one there (``tracing/functions/norms.py``): a program, which runs where errors are raised, does not stand for it.
    """
    x = np.asarray(x)
    with np.errstate(over="ignore", under="ignore"):
        y = unscaled(x, axes, keepdims)
    low, high = _limits(x.dtype)
    if low < y < high if y.ndim == 0 else y.size == 0 or (low < y.min() and y.max() < high):
        return y
    largest = np.abs(x).max(axis=axes, keepdims=True, initial=0)
    scaled = (largest > 0) & np.isfinite(largest)
    outside = ~((low < y) & (y < high)).reshape(largest.shape)
    if np.any(scaled & outside) and np.geterr()["over"] == "raise":
        raise FloatingPointError("the squares overflow or underflow")
    scale = np.where(scaled, largest, 1)
    z = x / scale
    exact = np.sqrt(np.sum((z.conj() * z).real, axis=axes, keepdims=True)) * scale
    return exact.reshape(y.shape)[()]


def unscaled(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """√Σ|x|² as NumPy computes it."""
    square = (x.conj() * x).real if x.dtype.kind == "c" else x * x
    return np.sqrt(_sum(square, axis=axes, keepdims=keepdims))


def is_scaled(y: Any) -> bool:
    """Whether a norm may be one of which the squares overflow or underflow."""
    low, high = _limits(np.asarray(y).dtype)
    return not bool(np.all((low < y) & (y < np.sqrt(high))))


def _norm_jvp(primals: Any, tangents: Any, y: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    (x,), (dx,) = primals, tangents
    return sum_(real(mul(conj_if_complex(unit(x, y, axes)), dx)), params=(axes, keepdims))


def unit(x: Any, y: Any, axes: tuple[int, ...]) -> Any:
    """x/‖x‖, and 0 at x = 0: by a factor, so that an infinite cotangent shows there."""
    size = reshape(y, reduced_shape(x.shape, axes, keepdims=True))
    return mul(sign(size), div(x, select(equal(size, 0), 1, size)))


def _norm_result(t: ArrayType, axes: tuple[int, ...], keepdims: bool) -> ArrayType:
    return ArrayType(reduced_shape(t.shape, axes, keepdims), real_dtype(t.dtype))


#: ‖x‖ = √Σ|x|² over ``axes``: the vector 2-norm and the Frobenius norm.  At 0 its slope is 0.
norm = Primitive(
    "norm",
    _norm_value,
    _norm_result,
    jvp=_norm_jvp,
    batch=lambda operands, batched, axes, keepdims: norm(operands[0], params=(tuple(a + 1 for a in axes), keepdims)),
    kink=lambda operands, output, axes, keepdims: output == 0,
    kink_name="norm at 0 (slope taken as 0)",
    params=("axes", "keepdims"),
)
