"""Intervals that hold the eigenvalues of a symmetric matrix known with an error, and proofs that it is positive definite.

    eigenvalue_intervals : (H̃, E)  →  [λ̃ᵢ − r, λ̃ᵢ + r] ∋ λᵢ(H)   for every symmetric H with abs(H − H̃) ≤ E entry by entry

By Weyl's theorem an eigenvalue moves by at most ‖H − H̃‖₂ ≤ ‖E‖; what ``eigh`` itself misses is bounded afterwards from its residual, ‖H̃V − VΛ‖_F/σmin(V)
(Kahan; Cao, Xie and Li, SIAM J. Matrix Anal. Appl. 17, 1996), with the rounding of that product added.

Both are absolute: beside an eigenvalue of 10¹⁵⁰ one of 1 would be noise, as where two variables have very different units.  Where the diagonal says so, the matrix is therefore
looked at in other units as well, A = DHD with powers of two D, and by Ostrowski's theorem λᵢ(H) = θ λᵢ(A) with some θ between the least and the largest of 1/dᵢ².

Source: R. A. Horn and C. R. Johnson, Matrix Analysis, 2013, theorem 4.5.9 (Ostrowski).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy

EPS = float(np.finfo(float).eps)


def eigenvalue_intervals(H: np.ndarray, error: np.ndarray | float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the eigenvalues (ascending), their intervals of shape (n, 2), and the eigenvectors as columns.

    Parameters
    ----------
    H : numpy.ndarray
        Shape (n, n), finite; its symmetric part is taken, the rest counts as error.
    error : numpy.ndarray or float
        A bound on the error of every entry.
    """
    scale = power_of_two(H)
    H, error = H / scale, np.asarray(error, dtype=float) / scale
    symmetric = (H + H.T) / 2
    E = np.broadcast_to(error, H.shape) + np.abs(H - H.T) / 2 + EPS * np.abs(symmetric)
    values, V, intervals = _bounded(symmetric, (E + E.T) / 2)
    intervals = _in_other_units(symmetric, (E + E.T) / 2, intervals)
    values = np.clip(values, intervals[:, 0], intervals[:, 1])
    return (
        values * scale,
        np.stack(
            [np.nextafter(intervals[:, 0] * scale, -np.inf), np.nextafter(intervals[:, 1] * scale, np.inf)], axis=1
        ),
        V,
    )


def power_of_two(x: Any) -> float:
    """A power of two near the largest entry, 1 where there is none: dividing by it is exact, and squares of what is left neither overflow nor vanish.

    Examples
    --------
    >>> power_of_two([1.0, -5.0]), power_of_two([0.0])
    (4.0, 1.0)
    """
    largest = float(np.max(np.abs(x), initial=0.0))
    if not 0 < largest < math.inf:
        return 1.0
    return math.ldexp(1.0, min(max(math.frexp(largest)[1] - 1, -1021), 1022))


def length(v: Any) -> float:
    """‖v‖₂ without overflow or underflow."""
    scale = power_of_two(v)
    return scale * float(np.linalg.norm(np.asarray(v, dtype=float) / scale))


def _bounded(H: np.ndarray, E: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eigenvalues, eigenvectors, and intervals by Weyl's theorem and the residual, for a symmetric matrix of a size near 1."""
    values, V = np.linalg.eigh(H)
    distance = min(norm_bound(E), float(np.linalg.norm(E)))
    return values, V, _intervals(values, distance + _residual(H, values, V))


def _in_other_units(H: np.ndarray, E: np.ndarray, intervals: np.ndarray) -> np.ndarray:
    """The intervals, narrowed by Ostrowski's theorem where the diagonal entries are of very different sizes."""
    diagonal = np.abs(np.diagonal(H))
    if not np.all(np.isfinite(E)) or np.max(diagonal, initial=0.0) <= 1e6 * np.min(diagonal, initial=math.inf):
        return intervals
    steps = np.where(diagonal > 0, np.round(-np.log2(np.where(diagonal > 0, diagonal, 1.0)) / 2), 0.0)
    d = np.exp2(np.clip(steps, -500, 500))
    with np.errstate(all="ignore"):
        A, error = d[:, None] * H * d, d[:, None] * E * d
        if not (np.all(np.isfinite(A)) and np.all(np.isfinite(error))):
            return intervals
        _, _, other = _bounded(A, error + EPS * np.abs(A))
        least, most = 1 / np.max(d) ** 2, 1 / np.min(d) ** 2
        low = np.where(other[:, 0] > 0, other[:, 0] * least, other[:, 0] * most)
        high = np.where(other[:, 1] > 0, other[:, 1] * most, other[:, 1] * least)
    return np.stack([np.fmax(intervals[:, 0], low), np.fmin(intervals[:, 1], high)], axis=1)


def _intervals(values: np.ndarray, radius: float) -> np.ndarray:
    return np.stack([np.nextafter(values - radius, -np.inf), np.nextafter(values + radius, np.inf)], axis=1)


def norm_bound(E: np.ndarray) -> float:
    """An upper bound on the spectral norm of a matrix with non-negative entries: the largest sum of a row, for symmetric ones."""
    return float(np.max(np.sum(np.abs(E), axis=1))) * (1 + len(E) * EPS)


def _residual(H: np.ndarray, values: np.ndarray, V: np.ndarray) -> float:
    """A bound on what ``eigh`` missed."""
    n = len(H)
    rounding = (n + 2) * EPS
    R = np.linalg.norm(H @ V - V * values) + rounding * 2 * math.sqrt(n) * float(np.linalg.norm(H))
    defect = float(np.linalg.norm(V.T @ V - np.eye(n))) + rounding * n
    return float(R) / math.sqrt(max(1 - defect, 0.25)) if defect < 0.5 else math.inf


def inertia(intervals: np.ndarray) -> tuple[int, int, int]:
    """How many intervals lie below zero, above zero, and hold zero."""
    below = int(np.sum(intervals[:, 1] < 0))
    above = int(np.sum(intervals[:, 0] > 0))
    return below, above, len(intervals) - below - above


def proved_lower_bound(H: Any, guess: float) -> float | None:
    """A proved lower bound on the smallest eigenvalue of a symmetric matrix, near a guess; None where the proof fails.

    The matrix is factorised as H − cI ≈ LDLᵀ with c a little below the guess.  If D > 0 then LDLᵀ is positive semidefinite whatever rounding did, so that

        λmin(H) ≥ c − ‖H − cI − LDLᵀ‖

    with the residual computed, and the rounding of that computation added.

    Parameters
    ----------
    H : numpy.ndarray or scipy.sparse matrix
        Symmetric.
    guess : float
        An estimate of the smallest eigenvalue; a positive bound can only come of a positive guess.
    """
    n = H.shape[0]
    size = _row_sum(abs(H))
    # a Ritz value over-estimates the smallest eigenvalue, at times by orders of magnitude
    parts = [0.9, 0.5, *(10.0**-k for k in range(1, 16))]
    for c in [guess * p for p in parts if guess * p > EPS * size] if guess > 0 else [2 * guess - n * EPS * size]:
        shifted = H - c * (scipy.sparse.identity(n, format="csc") if scipy.sparse.issparse(H) else np.eye(n))
        factors = _sparse_factors(shifted) if scipy.sparse.issparse(H) else _dense_factors(shifted)
        if factors is None:
            continue
        bound = c - _distance(shifted, *factors) - 2 * EPS * (abs(c) + size)
        if guess <= 0 or bound > 0:
            return float(bound)
    return None


def _dense_factors(A: np.ndarray) -> tuple[Any, Any] | None:
    try:
        L = np.linalg.cholesky(A)
    except np.linalg.LinAlgError:
        return None
    return L, None


def _sparse_factors(A: Any) -> tuple[Any, Any] | None:
    """L and the permutation of a sparse LDLᵀ, L scaled by √D; None where a pivot is not positive or rows were exchanged."""
    try:
        lu = scipy.sparse.linalg.splu(
            A.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
        )
    except RuntimeError:
        return None
    D = lu.U.diagonal()
    if np.any(D <= 0) or not np.array_equal(lu.perm_r, lu.perm_c):
        return None
    return (lu.L @ scipy.sparse.diags(np.sqrt(D))).tocsr(), np.argsort(lu.perm_c)


def _distance(A: Any, L: Any, permutation: Any) -> float:
    """A bound on ‖A − LLᵀ‖₂, the rounding of the product included."""
    n = A.shape[0]
    if permutation is not None:
        A = A.tocsr()[permutation][:, permutation]
    product = L @ L.T
    absolute = abs(L)
    # a row of abs(L) abs(L)ᵀ 1 bounds the sums that were rounded, without forming the product
    rounding = (n + 2) * EPS * float(np.max(absolute @ (absolute.T @ np.ones(n))))
    return _row_sum(abs(A - product)) + rounding


def _row_sum(A: Any) -> float:
    return float(np.max(np.asarray(A.sum(axis=1)).ravel())) * (1 + A.shape[0] * EPS)
