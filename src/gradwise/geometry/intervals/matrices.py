"""Linear algebra of interval matrices: systems, inverses, determinants, Cholesky factors.

    A X = B :  with R ≈ (mid A)⁻¹ and X₀ = R mid B,   |X − X₀| ≤ |R(B − A X₀)| + |I − R A| · ‖R(B − A X₀)‖∞ / (1 − ‖I − R A‖∞)

for all A and B in the intervals if ‖I − R A‖∞ < 1, which also proves that each such A is regular: X − X₀ = R(B − A X₀) + (I − R A)(X − X₀).  Where the norm is not below 1
the matrix may be singular in the box, and anything is possible.

Determinants and cofactors are polynomials, and evaluated as such (Laplace's expansion over sets of columns, n 2ⁿ⁻¹ products), so that singular matrices need no care.

Source: S. M. Rump, Verification methods, Acta Numerica 19, 2010, section 10; A. Neumaier, Interval Methods for Systems of Equations, 1990, section 4.1.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from gradwise.geometry.intervals.decisions import OutOfReachError
from gradwise.geometry.intervals.functions import log, root
from gradwise.geometry.intervals.interval import (
    EPS,
    Interval,
    absolute,
    add,
    aligned,
    div,
    down,
    mul,
    multilinear,
    neg,
    sub,
    up,
)

#: rows of the largest matrix whose determinant, cofactors or factor are taken
MOST_ROWS = {"det": 7, "slogdet": 7, "cofactor": 5, "cholesky": 12}

#: the coefficients of a polynomial that is linear in each of some directions: set of directions → interval
Jet = dict[frozenset[int], Interval]
_NONE: frozenset[int] = frozenset()


def solve(box: Any, A: Interval, B: Interval, purpose: str = "") -> Interval:
    """X with A X = B, for stacks of matrices."""
    A, B = aligned(A, B)
    n = A.shape[-1]
    inverse_of_middle = _approximate_inverse(A.mid)
    R = Interval(inverse_of_middle, inverse_of_middle)
    middle = _finite(np.matmul(inverse_of_middle, _finite(B.mid)))
    X = Interval(middle, middle)
    defect = sub(Interval.point(np.eye(n)), _product(R, A)).size
    rows = _sum_up(defect, -1)
    norm = np.max(rows, axis=-2, keepdims=True, initial=0.0)
    step = _product(R, sub(B, _product(A, X))).size
    longest = np.max(step, axis=-2, keepdims=True, initial=0.0)
    regular = norm < 1 - 1e-9
    room = down(1 - np.where(regular, norm, 0.0))
    bound = up(step + up(up(rows * longest) / room))
    box.rough(~regular)
    known = regular & np.isfinite(bound)
    return Interval(np.where(known, down(middle - bound), -np.inf), np.where(known, up(middle + bound), np.inf))


def inverse(box: Any, A: Interval) -> Interval:
    """The inverse of a matrix."""
    return solve(box, A, Interval.point(np.eye(A.shape[-1])))


def det(box: Any, A: Interval) -> Interval:
    """The determinant."""
    n = _rows_of(A, "det")
    one = Interval.point(np.ones((1,) * (A.ndim - 3)))
    return _minor([A], range(n), range(n)).get(_NONE, one)


def slogdet(box: Any, A: Interval) -> tuple[Interval, Interval]:
    """The sign of the determinant and log|det A|; anything where the determinant may vanish."""
    _rows_of(A, "slogdet")
    d = det(box, A)
    open_ = (d.lo <= 0) & (d.hi >= 0)
    box.rough(open_)
    return Interval(np.sign(d.lo), np.sign(d.hi)), log(box, absolute(d))


def cofactor(box: Any, A: Interval, *directions: Interval) -> Interval:
    """The matrix of cofactors of A, or its derivative along directions: the coefficient of t₁t₂… in cof(A + t₁X₁ + t₂X₂ + …)."""
    n = _rows_of(A, "cofactor")
    matrices = aligned(A, *directions)
    wanted = frozenset(range(1, len(matrices)))
    zero = Interval.point(np.zeros((1,) * (matrices[0].ndim - 3)))
    entries = []
    for i in range(n):
        for j in range(n):
            minor = _minor(matrices, [k for k in range(n) if k != i], [k for k in range(n) if k != j])
            entry = minor.get(wanted, zero) if n > 1 or wanted else Interval.point(np.ones(zero.shape[1:]))
            entries.append(neg(entry) if (i + j) % 2 else entry)
    return _assembled(entries, n)


def cholesky(box: Any, A: Interval, upper: bool) -> Interval:
    """The lower factor L of A = L Lᵀ, row by row, or its transpose; of A one triangle is read."""
    n = _rows_of(A, "cholesky")
    read = (lambda i, j: _entry(A, j, i)) if upper else (lambda i, j: _entry(A, i, j))
    zero = Interval.point(np.zeros((1,) * (A.ndim - 3)))
    factor: dict[tuple[int, int], Interval] = {}
    for i in range(n):
        for j in range(i + 1):
            rest = read(i, j)
            for k in range(j):
                rest = sub(rest, mul(factor[i, k], factor[j, k]))
            if i == j:
                factor[i, i] = root(box, rest)
            else:
                factor[i, j], holds = div(rest, factor[j, j])
                box.rough(holds)
    order = [(j, i) if upper else (i, j) for i in range(n) for j in range(n)]
    return _assembled([factor.get(place, zero) for place in order], n)


# --- parts ----------------------------------------------------------------------------------------------------------------


def _rows_of(A: Interval, name: str) -> int:
    n = A.shape[-1]
    if n > MOST_ROWS[name]:
        raise OutOfReachError(f"there is no interval rule for {name} of more than {MOST_ROWS[name]} rows")
    return n


def _product(a: Interval, b: Interval) -> Interval:
    return multilinear(np.matmul, a.shape[-1], [a, b])


def _finite(x: np.ndarray) -> np.ndarray:
    return np.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0)


def _sum_up(x: np.ndarray, axis: int) -> np.ndarray:
    """A sum of non-negative numbers, rounded up."""
    return np.sum(x, axis=axis, keepdims=True) * (1 + (x.shape[axis] + 2) * EPS)


def _approximate_inverse(middle: np.ndarray) -> np.ndarray:
    """Inverses in floating point; zero where there is none, which proves nothing."""
    middle = _finite(middle)
    result = np.zeros_like(middle)
    with np.errstate(all="ignore"):
        size = np.max(np.abs(middle), axis=(-2, -1), keepdims=True, initial=0.0)
        scaled = middle / np.where(size > 0, size, 1.0)
        sound = np.abs(np.linalg.det(scaled)) > 1e-200
        if np.any(sound):
            result[sound] = _finite(np.linalg.inv(scaled[sound]) / size[sound])
    return result


def _entry(A: Interval, i: int, j: int) -> Interval:
    return A.map(lambda a: a[..., i, j])


def _minor(matrices: list[Interval], rows: Any, columns: Any) -> Jet:
    """The determinant of rows and columns of A + t₁X₁ + …, by Laplace's expansion: first rows over sets of columns, each from the smaller ones."""
    known: dict[tuple[int, ...], Jet] = {(): {}}
    for k, row in enumerate(rows):
        larger: dict[tuple[int, ...], Jet] = {}
        for chosen in combinations(columns, k + 1):
            total: Jet = {}
            for position, column in enumerate(chosen):
                entry = {frozenset({d} if d else ()): _entry(X, row, column) for d, X in enumerate(matrices)}
                rest = known[chosen[:position] + chosen[position + 1 :]]
                term = _times(entry, rest) if k else entry
                total = _plus(total, term, negative=bool((k + position) % 2))
            larger[chosen] = total
        known = larger
    return next(iter(known.values()))


def _times(a: Jet, b: Jet) -> Jet:
    """The product, without squares of directions."""
    result: Jet = {}
    for s, x in a.items():
        for t, z in b.items():
            if not s & t:
                result = _plus(result, {s | t: mul(x, z)})
    return result


def _plus(a: Jet, b: Jet, *, negative: bool = False) -> Jet:
    result = dict(a)
    for s, x in b.items():
        term = neg(x) if negative else x
        result[s] = add(result[s], term) if s in result else term
    return result


def _assembled(entries: list[Interval], n: int) -> Interval:
    """A matrix of its entries, row by row."""

    def join(end: str) -> np.ndarray:
        parts = np.broadcast_arrays(*[getattr(e, end) for e in entries])
        stacked = np.stack(parts, axis=-1)
        return stacked.reshape(*stacked.shape[:-1], n, n)

    return Interval(join("lo"), join("hi"))
