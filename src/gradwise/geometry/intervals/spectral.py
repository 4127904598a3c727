"""Eigenvalues and eigenvectors of symmetric interval matrices, and the operations that their derivatives are made of.

    A ≈ Q Λ Qᵀ with a residual of norm ρ for all A in the intervals:      |λ_k(A) − Λ_k| ≤ ρ,      sin ∠(v_k(A), q_k) ≤ ρ/(gap_k − ρ)

by Weyl's inequality, and by the sin θ theorem of Davis and Kahan, with gap_k the distance of Λ_k from the others.  A vector is taken with the sign in which it is near q_k: what a function
of the eigenvalues makes of them does not depend on signs.  Where two eigenvalues may be equal, their order is open and vectors are anything: the box is rough.

Source: B. N. Parlett, The Symmetric Eigenvalue Problem, 1998, chapters 10 and 11.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.geometry.intervals.decisions import OutOfReachError
from gradwise.geometry.intervals.interval import EPS, Interval, aligned, div, multilinear, sub, up

#: rows of the largest matrix
MOST_ROWS = 30


def eigvalsh(box: Any, A: Interval, upper: bool) -> Interval:
    """The eigenvalues of a symmetric matrix in ascending order; of A one triangle is read."""
    return eigh(box, A, upper)[0]


def eigh(box: Any, A: Interval, upper: bool) -> tuple[Interval, Interval]:
    """The eigenvalues and unit eigenvectors of a symmetric matrix."""
    n = A.shape[-1]
    if n > MOST_ROWS:
        raise OutOfReachError(f"there is no interval rule for eigh of more than {MOST_ROWS} rows")
    A = A.map(lambda a: _mirrored(a, upper=upper))
    middle = np.nan_to_num(A.mid, nan=0.0, posinf=0.0, neginf=0.0)
    w, V = np.linalg.eigh(middle)
    error, turned = _residual(A, w, V)
    # Weyl's bound keeps the order
    bounds = Interval(np.nextafter(w - error, -np.inf), np.nextafter(w + error, np.inf))
    bounds = Interval(np.where(np.isfinite(error), bounds.lo, -np.inf), np.where(np.isfinite(error), bounds.hi, np.inf))
    apart = np.abs(w[..., :, None] - w[..., None, :])
    gap = np.min(np.where(np.eye(n, dtype=bool), np.inf, apart), axis=-1) * (1 - 8 * EPS) - error
    with np.errstate(all="ignore"):
        sine = np.where(gap > 0, error / np.where(gap > 0, gap, 1.0), np.inf) * (1 + 8 * EPS)
    # ‖v − q‖ = 2 sin(θ/2) ≤ √2 sin θ up to a right angle
    reach = np.where(sine < 1, 1.4143 * sine + turned, np.inf)[..., None, :]
    _mark_equal(box, bounds)
    return bounds, Interval(np.maximum(V - reach, -1.0), np.minimum(V + reach, 1.0))


def marked(box: Any, V: Interval, w: Interval, zeros: bool, rows: bool) -> Interval:
    """Eigenvectors as a derivative reads them: themselves."""
    _of_eigenvalues(zeros)
    return V


def undetermined(box: Any, w: Interval, zeros: bool, extra: int) -> Interval:
    """A 1 for each simple eigenvalue."""
    _of_eigenvalues(zeros or extra > 0)
    _mark_equal(box, w)
    ones = np.ones(w.shape)
    return Interval(ones, ones)


def mean_of_equal(box: Any, x: Interval, w: Interval, zeros: bool) -> Interval:
    """The entries of x themselves where all eigenvalues differ; where they may not, anything between the entries."""
    _of_eigenvalues(zeros)
    open_ = _mark_equal(box, w)
    x, open_interval = aligned(x, Interval(open_[..., None], open_[..., None]))
    unsure = open_interval.lo
    low, high = np.min(x.lo, axis=-1, keepdims=True), np.max(x.hi, axis=-1, keepdims=True)
    return Interval(np.where(unsure, low, x.lo), np.where(unsure, high, x.hi))


def over_gaps(box: Any, M: Interval, w: Interval) -> Interval:
    """The entries M_ij/(w_j − w_i), 0 on the diagonal."""
    n = w.shape[-1]
    gaps = sub(w.map(lambda a: a[..., None, :]), w.map(lambda a: a[..., :, None]))
    diagonal = np.eye(n, dtype=bool)
    gaps = Interval(np.where(diagonal, 1.0, gaps.lo), np.where(diagonal, 1.0, gaps.hi))
    y, holds = div(M, gaps)
    box.rough(holds)
    return Interval(np.where(diagonal, 0.0, y.lo), np.where(diagonal, 0.0, y.hi))


# --- parts ----------------------------------------------------------------------------------------------------------------


def _residual(A: Interval, w: np.ndarray, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of ρ = ‖A − QΛQᵀ‖ over the intervals, and of ‖V − Q‖, with Q the orthogonal matrix nearest to V.

    ‖V − Q‖ ≤ ‖I − VᵀV‖ = δ, and ‖AQ − QΛ‖ ≤ ‖AV − VΛ‖ + δ(‖A‖ + ‖Λ‖).  Shape (…, 1) each.
    """
    n = w.shape[-1]
    Q, product = Interval(V, V), lambda a, b: multilinear(np.matmul, n, [a, b])
    transposed = Q.map(lambda a: np.swapaxes(a, -1, -2))
    defect = _frobenius(sub(Interval.point(np.eye(n)), product(transposed, Q)))
    scaled = Interval(V * w[..., None, :], V * w[..., None, :])
    rounding = np.max(np.abs(w), axis=-1) * EPS * n
    left = _frobenius(sub(product(A, Q), scaled)) + rounding
    sizes = _frobenius(A) + np.max(np.abs(w), axis=-1)
    error = up(up(left + up(defect * sizes)) * (1 + 8 * EPS))
    return error[..., None], defect[..., None]


def _frobenius(x: Interval) -> np.ndarray:
    """An upper bound of the Frobenius norm of every matrix in the intervals."""
    n = x.shape[-1] * x.shape[-2]
    return up(np.sqrt(np.sum(x.size**2, axis=(-2, -1)) * (1 + (n + 4) * EPS)) * (1 + 4 * EPS)) + 1e-300


def _mirrored(a: np.ndarray, *, upper: bool) -> np.ndarray:
    """The symmetric matrix of which one triangle is given."""
    above = np.triu(np.ones(a.shape[-2:], bool), 1)
    return np.where(
        above if upper else np.swapaxes(above, -1, -2),
        a,
        np.where(np.eye(a.shape[-1], dtype=bool), a, np.swapaxes(a, -1, -2)),
    )


def _mark_equal(box: Any, w: Interval) -> np.ndarray:
    """Mark the boxes in which two eigenvalues may be equal, and say in which, shape (…)."""
    open_ = np.any(w.hi[..., :-1] >= w.lo[..., 1:], axis=-1) if w.shape[-1] > 1 else np.zeros(w.shape[:-1], bool)
    open_ |= ~np.all(np.isfinite(w.lo) & np.isfinite(w.hi), axis=-1)
    box.rough(open_)
    return open_


def _of_eigenvalues(other: bool) -> None:
    if other:
        raise OutOfReachError("there is no interval rule for singular vectors")
