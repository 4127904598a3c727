"""Linear algebra of small matrices of expressions, by the formulas of a textbook: adjugates, Cholesky's recursion, the quadratic formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.symbolic.library import sp

#: the largest matrix of expressions that is inverted by its adjugate, whose entries have (n − 1)! terms
LARGEST = 4
#: the largest matrix of numbers that is inverted exactly
LARGEST_OF_NUMBERS = 20


class TooLarge(Exception):
    """A matrix has no formula of reasonable length; the message says its size."""


def _require_small(A: Any) -> None:
    n = A.shape[0]
    numbers = not any(a.free_symbols for a in A)
    largest = LARGEST_OF_NUMBERS if numbers else LARGEST
    if n > largest:
        raise TooLarge(f"a matrix of {n} by {n}, where formulas are written up to {largest} by {largest}")


def _stacked(operation: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    """Apply an operation on matrices to each matrix of the stacks."""
    stack = np.broadcast_shapes(*[a.shape[:-2] for a in arrays])
    full = [np.broadcast_to(a, (*stack, *a.shape[-2:])) for a in arrays]
    if not stack:
        return operation(*full)
    results = [operation(*[a[place] for a in full]) for place in np.ndindex(stack)]
    inner = np.shape(results[0])
    joined = np.empty((len(results), *inner), object)
    for k, result in enumerate(results):
        joined[k] = result if inner else result[()]  # an array without axes would become an entry itself
    return joined.reshape(*stack, *inner)


def _matrix(A: np.ndarray) -> Any:
    return sp.Matrix(A.shape[0], A.shape[1], list(A.reshape(-1)))


def _array(M: Any) -> np.ndarray:
    result = np.empty(M.shape, object)
    for i in range(M.shape[0]):
        for j in range(M.shape[1]):
            result[i, j] = M[i, j]
    return result


def determinant(A: np.ndarray) -> Any:
    """The determinant of one matrix."""
    M = _matrix(A)
    _require_small(M)
    return M.det(method="berkowitz")


def _det(A: np.ndarray) -> np.ndarray:
    result = np.empty((), object)
    result[()] = determinant(A)
    return result


def _inv(A: np.ndarray) -> np.ndarray:
    M = _matrix(A)
    _require_small(M)
    if not M.free_symbols:
        return _array(M.inv())
    return _array(M.adjugate() / M.det(method="berkowitz"))


def _solve(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    M = _matrix(A)
    _require_small(M)
    if not M.free_symbols:
        return _array(M.LUsolve(_matrix(B)))
    return _array((M.adjugate() * _matrix(B)) / M.det(method="berkowitz"))


def _lstsq(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """(AᵀA)⁻¹AᵀB, or Aᵀ(AAᵀ)⁻¹B for a wide matrix: of full rank."""
    return _solve(A.T @ A, A.T @ B) if A.shape[0] >= A.shape[1] else A.T @ _solve(A @ A.T, B)


def _pinv(A: np.ndarray) -> np.ndarray:
    eye = np.array([[sp.Integer(int(i == j)) for j in range(A.shape[0])] for i in range(A.shape[0])], object)
    return _lstsq(A, eye)


def _cholesky(A: np.ndarray, *, upper: bool) -> np.ndarray:
    n = A.shape[0]
    if n > LARGEST:
        raise TooLarge(f"a matrix of {n} by {n}, where formulas are written up to {LARGEST} by {LARGEST}")
    L = np.full((n, n), sp.Integer(0), object)
    for j in range(n):
        L[j, j] = sp.sqrt(A[j, j] - sp.Add(*[L[j, k] ** 2 for k in range(j)]))
        for i in range(j + 1, n):
            entry = A[j, i] if upper else A[i, j]
            L[i, j] = (entry - sp.Add(*[L[i, k] * L[j, k] for k in range(j)])) / L[j, j]
    return L.T if upper else L


def _eigvalsh(A: np.ndarray, *, upper: bool) -> np.ndarray:
    n = A.shape[0]
    if n == 1:
        return A[0]
    if n > 2:
        raise TooLarge(f"a matrix of {n} by {n}, where eigenvalues have a short formula up to 2 by 2")
    a, b, d = A[0, 0], A[0, 1] if upper else A[1, 0], A[1, 1]
    root = sp.sqrt(((a - d) / 2) ** 2 + b**2)
    return np.array([(a + d) / 2 - root, (a + d) / 2 + root], object)


def _svdvals(A: np.ndarray) -> np.ndarray:
    """σ² = (F ± √(F² − 4 det²))/2 with F the sum of squares, as the eigenvalues of AᵀA; of one row or column its norm."""
    m, n = A.shape
    F = sp.Add(*[a**2 for a in A.reshape(-1)])
    if min(m, n) == 1:
        return np.array([sp.sqrt(F)], object)
    if min(m, n) > 2:
        raise TooLarge(f"a matrix of {m} by {n}, where singular values have a short formula up to two rows or columns")
    gram = A.T @ A if n == 2 else A @ A.T
    det = sp.expand(gram[0, 0] * gram[1, 1] - gram[0, 1] ** 2)
    if m == n == 2:
        det = sp.expand(A[0, 0] * A[1, 1] - A[0, 1] * A[1, 0]) ** 2
    root = sp.sqrt(F**2 - 4 * det)
    return np.array([sp.sqrt((F + root) / 2), sp.sqrt((F - root) / 2)], object)


#: primitives of which one output alone has a formula: name → its place, its row below, and what the others are
VALUES_ONLY: dict[str, tuple[int, str, str]] = {
    "eigh": (0, "eigvalsh", "eigenvectors, whose signs are LAPACK's choice"),
    "svd": (0, "svdvals", "singular vectors, whose signs are LAPACK's choice"),
}
#: why others have none
WITHOUT: dict[str, str] = {
    "qr": "the factors of qr, whose signs are LAPACK's choice (np.linalg.cholesky(A.T @ A) has a formula, and is R up to signs)",
    "eig": "the eigenvalues of a matrix that is not symmetric, whose order is LAPACK's choice (np.linalg.eigvalsh has a formula)",
    "rank": "the rank of a matrix",
}


#: name of the primitive → (operands, then static parameters) → array of expressions
MATRICES: dict[str, Callable[..., Any]] = {
    "det": lambda A: _stacked(_det, A),
    "inv": lambda A: _stacked(_inv, A),
    "log_det_slope": lambda A: _stacked(_inv, A),
    "solve": lambda A, B, purpose: _stacked(_solve, A, B),
    "lstsq": lambda A, B, rcond: _stacked(_lstsq, A, B),
    "pinv": lambda A, rcond, hermitian: _stacked(_pinv, A),
    "cholesky": lambda A, upper: _stacked(lambda a: _cholesky(a, upper=upper), A),
    "svdvals": lambda A: _stacked(_svdvals, A),
    "eigvalsh": lambda A, upper: _stacked(lambda a: _eigvalsh(a, upper=upper), A),
}


def slogdet(A: np.ndarray) -> tuple[Any, Any]:
    """The sign and the logarithm of the modulus of the determinant."""
    det = _stacked(_det, A)
    each = np.frompyfunc(lambda d: sp.sign(d), 1, 1), np.frompyfunc(lambda d: sp.log(sp.Abs(d)), 1, 1)
    return each[0](det), each[1](det)
