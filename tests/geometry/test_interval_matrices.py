"""Interval matrices: results at matrices inside the intervals lie inside the results, exact fractions and mpmath being the truth."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest

import gradwise as gw
from gradwise.geometry.intervals import Boxes, Interval
from gradwise.geometry.intervals.rules import RULES

mpmath.mp.dps = 40


def around(rng, middle, width):
    """Intervals of random widths around matrices, with a point inside, at an end in some entries."""
    lo, hi = middle - width * rng.random(middle.shape), middle + width * rng.random(middle.shape)
    t = rng.choice([0.0, 1.0, 0.37], middle.shape)
    return Interval(lo, hi), np.clip(lo + t * (hi - lo), lo, hi)


def boxes(count):
    return Boxes(*[np.zeros((count, 1))] * 2)


def fractions(A):
    return [[Fraction(float(x)) for x in row] for row in A]


def exact_det(A):
    n = len(A)
    if n == 0:
        return Fraction(1)
    return sum(
        ((-1) ** j * A[0][j] * exact_det([row[:j] + row[j + 1 :] for row in A[1:]]) for j in range(n)), Fraction(0)
    )


def exact_cofactors(A):
    n = len(A)
    return [
        [(-1) ** (i + j) * exact_det([r[:j] + r[j + 1 :] for k, r in enumerate(A) if k != i]) for j in range(n)]
        for i in range(n)
    ]


def exact_inverse(A):
    d, C, n = exact_det(A), exact_cofactors(A), len(A)
    return [[C[j][i] / d for j in range(n)] for i in range(n)]


def holds(interval, k, truth):
    k = k if len(interval.lo) > 1 else 0  # what is the same in all boxes has one entry
    lo, hi = np.atleast_1d(interval.lo[k]), np.atleast_1d(interval.hi[k])
    for place in np.ndindex(lo.shape):
        value = truth[place] if isinstance(truth, np.ndarray) else truth
        low, high = lo[place], hi[place]
        assert low == -np.inf or Fraction(float(low)) <= value
        assert high == np.inf or value <= Fraction(float(high))


@pytest.mark.parametrize("width", [0.0, 1e-12, 1e-3, 0.2])
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_determinants_inverses_and_cofactors_hold_the_exact_ones(n, width):
    rng = np.random.default_rng([n, int(width * 1e12)])
    A, point = around(rng, rng.normal(size=(6, n, n)), width)
    X, along = around(rng, rng.normal(size=(6, n, n)), width)
    found = {name: RULES[name](boxes(6), A) for name in ("det", "inv", "cofactor")}
    slope = RULES["cofactor"](boxes(6), A, X)
    for k in range(6):
        matrix, change = fractions(point[k]), fractions(along[k])
        holds(found["det"], k, exact_det(matrix))
        holds(found["cofactor"], k, np.array(exact_cofactors(matrix), dtype=object))
        holds(found["inv"], k, np.array(exact_inverse(matrix), dtype=object))

        # cof is a polynomial of degree n − 1 < 4: a central difference with exact numbers and Richardson's step gives its slope exactly
        def moved(t, matrix=matrix, change=change):
            return np.array(
                exact_cofactors(
                    [[a + t * x for a, x in zip(r, s, strict=True)] for r, s in zip(matrix, change, strict=True)]
                ),
                dtype=object,
            )

        one, two = (moved(1) - moved(-1)) / 2, (moved(2) - moved(-2)) / 4
        holds(slope, k, np.array(one + (one - two) / 3, dtype=object))
    if width <= 1e-12:
        assert np.all(np.isfinite(found["inv"].lo))
        assert np.max(found["inv"].hi - found["inv"].lo) < 1e-6


@pytest.mark.parametrize("width", [0.0, 1e-9, 0.05])
def test_systems_hold_the_exact_solution(width):
    rng = np.random.default_rng(5)
    A, matrix = around(rng, rng.normal(size=(8, 3, 3)) + 3 * np.eye(3), width)
    B, right = around(rng, rng.normal(size=(8, 3, 2)), width)
    X = RULES["solve"](boxes(8), A, B, "")
    for k in range(8):
        inverse, b = exact_inverse(fractions(matrix[k])), fractions(right[k])
        truth = [[sum(inverse[i][j] * b[j][c] for j in range(3)) for c in range(2)] for i in range(3)]
        holds(X, k, np.array(truth, dtype=object))
    assert np.all(np.isfinite(X.lo))


def test_a_matrix_that_may_be_singular_has_any_inverse_and_is_marked():
    box = boxes(2)
    A = Interval(
        np.array([[[1.0, 1.0], [1.0, 0.9]], [[1.0, 0.0], [0.0, 1.0]]]),
        np.array([[[1.0, 1.0], [1.0, 1.1]], [[1.0, 0.0], [0.0, 1.0]]]),
    )
    with np.errstate(all="ignore"):
        inverse = RULES["inv"](box, A)
    assert np.all(np.isneginf(inverse.lo[0]))
    assert np.all(np.isposinf(inverse.hi[0]))
    np.testing.assert_allclose(inverse.lo[1], np.eye(2), atol=1e-14)
    assert box.smooth.tolist() == [False, True]


@pytest.mark.parametrize("upper", [False, True])
def test_cholesky_factors_hold_the_exact_ones_and_read_one_triangle(upper):
    rng = np.random.default_rng(7)
    G = rng.normal(size=(6, 3, 3))
    middle = G @ np.swapaxes(G, 1, 2) + np.eye(3)
    A, point = around(rng, middle, 0.01)
    L = RULES["cholesky"](boxes(6), A, upper)
    for k in range(6):
        kept = np.triu(point[k]) + np.triu(point[k], 1).T if upper else np.tril(point[k]) + np.tril(point[k], -1).T
        factor = mpmath.cholesky(mpmath.matrix(kept.tolist()))
        for i in range(3):
            for j in range(3):
                value = factor[j, i] if upper else factor[i, j]
                assert L.lo[k, i, j] <= value <= L.hi[k, i, j]


def test_log_determinants():
    rng = np.random.default_rng(9)
    A, point = around(rng, rng.normal(size=(6, 3, 3)), 0.01)
    with np.errstate(all="ignore"):
        sign, size = RULES["slogdet"](boxes(6), A)
    for k in range(6):
        d = exact_det(fractions(point[k]))
        assert sign.lo[k] <= np.sign(float(d)) <= sign.hi[k]
        assert size.lo[k] <= mpmath.log(mpmath.mpf(abs(d).numerator) / abs(d).denominator) <= size.hi[k]


def matrix(v):
    return np.array([[3 + v[0] ** 2, v[1]], [v[1], 2.0]])


@pytest.mark.parametrize(
    ("f", "same"),
    [
        (lambda v: np.linalg.solve(matrix(v), np.array([1.0, 2.0])).sum() + v @ v, lambda v: (8 + 2 * v[0] ** 2 - 3 * v[1]) / (6 + 2 * v[0] ** 2 - v[1] ** 2) + v @ v),
        (lambda v: np.trace(np.linalg.inv(matrix(v))), lambda v: (5 + v[0] ** 2) / (6 + 2 * v[0] ** 2 - v[1] ** 2)),
        (lambda v: np.linalg.det(matrix(v)) ** 2, lambda v: (6 + 2 * v[0] ** 2 - v[1] ** 2) ** 2),
        (lambda v: v @ v - np.linalg.slogdet(matrix(v))[1], lambda v: v @ v - np.log(6 + 2 * v[0] ** 2 - v[1] ** 2)),
        (lambda v: np.log(np.prod(np.diag(np.linalg.cholesky(matrix(v))))) - v @ v, lambda v: np.log(6 + 2 * v[0] ** 2 - v[1] ** 2) / 2 - v @ v),
    ],
)  # fmt: skip
def test_functions_of_small_matrices_have_the_points_of_their_closed_forms(f, same):
    bounds = [(-1.0, 1.1), (-1.2, 1.0)]
    found, other = gw.critical_points(f, bounds), gw.critical_points(same, bounds)
    assert found.proved
    assert other.proved
    assert [p.kind for p in found] == [p.kind for p in other]
    for p, q in zip(found, other, strict=True):
        np.testing.assert_allclose(p.x, q.x, atol=1e-9)


def test_a_large_determinant_is_out_of_reach_and_says_so():
    found = gw.critical_points(lambda x: np.linalg.det(np.eye(9) + x * np.ones((9, 9))), (-1.0, 1.0))
    assert not found.proved
    assert (
        "no interval rule for det of more than 7 rows" in found.reason or "cofactor of more than 5 rows" in found.reason
    )
