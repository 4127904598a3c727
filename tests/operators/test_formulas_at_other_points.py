"""Programs of functions whose rules take another formula, mask or number of steps elsewhere than where the program was made."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
from scipy.spatial import distance

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

A = np.array([[0.3, -0.8, 0.5], [1.1, 0.2, -0.4], [0.6, 0.9, -0.7]])
X = np.array([0.4, 1.3, -0.6, 0.9, -1.5])
WEIGHTS = np.arange(9.0).reshape(3, 3)
LEVELS = np.array([1.0, 2.0, 3.0, 2.0, 1.0])


FLAT = np.array([[1.0, 1.0], [1.0, 1.0]])


#: name: the function, where the first calls are, points elsewhere, where the value is a number
FUNCTIONS = {
    "expm": (lambda x: np.sum(scipy.linalg.expm(x) * WEIGHTS), A, (3 * A, 10 * A, 40 * A, 0.01 * A, 0 * A)),
    "sinm": (lambda x: np.sum(scipy.linalg.sinm(x) * WEIGHTS), A, (10 * A, 30 * A)),
    "sinhm": (lambda x: np.sum(scipy.linalg.sinhm(x) * WEIGHTS), A, (10 * A, 30 * A)),
    "triang": (
        lambda x: np.sum(scipy.stats.triang.logpdf(np.array([0.3, 0.6]), x)),
        np.array([0.7, 0.8]),
        (np.array([0.2, 0.5]), np.array([0.9, 0.5])),
    ),
    "wrapcauchy": (lambda x: np.sum(scipy.stats.wrapcauchy.cdf(x, 0.4)), np.array([0.7, 4.8]), (np.array([3.7, 0.8]),)),
    "skewcauchy": (
        lambda x: np.sum(scipy.stats.skewcauchy.cdf(x, 0.3)),
        np.array([-0.7, -1.8]),
        (np.array([0.7, 1.8]),),
    ),
    "vonmises": (
        lambda x: np.sum(scipy.stats.vonmises.cdf(np.array([0.3, 1.2]), x)),
        np.array([0.2, 0.3]),
        (np.array([40.0, 9.0]),),
    ),
    "yeojohnson": (lambda x: np.sum(scipy.stats.yeojohnson(x, 0.3) * LEVELS), X, (-X, X + 1.0, X - 3.0)),
}


def slopes(f, x, h=1e-5):
    found = np.zeros_like(x)
    for k in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[k] = h
        found[k] = (8 * (f(x + e) - f(x - e)) - (f(x + 2 * e) - f(x - 2 * e))) / (12 * h)
    return found


@pytest.mark.parametrize("promised", [None, True])
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.filterwarnings("ignore")
def test_a_program_gives_what_a_run_gives_elsewhere(name, promised):
    f, x, elsewhere = FUNCTIONS[name]
    g = gw.value_and_grad(f, method="exact", pure=promised)
    for k in range(4):
        g(x * (1 + 1e-3 * k))
    for y in (*elsewhere, x):
        value, slope = g(y)
        np.testing.assert_allclose(value, f(y), rtol=1e-12, atol=1e-12)
        if np.isfinite(value):
            expected = slopes(f, y)
            there = np.isfinite(expected)
            np.testing.assert_allclose(
                slope[there], expected[there], rtol=1e-6, atol=1e-7 * np.max(np.abs(expected[there]))
            )


def test_numbers_without_such_digits_are_left_alone_by_round_and_others_not():
    def f(x):
        return 2.0 * round(x, 12)

    g = gw.value_and_grad(f)
    for x in (1e6 + 0.3, 1e6 + 1.4, 1e6 + 2.5, 1e6 + 3.5):
        assert g(x) == (f(x), 2.0)
    small = 0.12345678901234567
    with pytest.warns(gw.NumericalFallbackWarning):
        assert g(small)[0] == f(small)


#: what NumPy and SciPy give where there is no number, or raise
ENDS = {
    "cov of negative weights": (
        lambda x: np.cov(X[:3], aweights=x),
        np.array([0.4, 0.9, 1.3]),
        np.array([0.4, -0.1, 2.0]),
    ),
    "nanargmax of nothing": (lambda x: np.sum(x) * np.nanargmax(x), X, X * np.nan),
    "weighted quantile with holes": (
        lambda x: np.nanquantile(x, 0.7, weights=LEVELS, method="inverted_cdf"),
        np.array([0.4, 1.3, -0.6, 0.9, 2.5]),
        np.array([0.4, 1.3, -0.6, 0.9, np.nan]),
    ),
    "solve of an indefinite matrix": (
        lambda x: np.sum(scipy.linalg.solve(np.diag(x), X[:2], assume_a="pos")),
        np.array([0.4, 1.4]),
        np.array([0.4, -1.4]),
    ),
    "solveh_banded of an indefinite matrix": (
        lambda x: np.sum(scipy.linalg.solveh_banded(x[None], X[:2])),
        np.array([0.4, 1.4]),
        np.array([0.4, -1.4]),
    ),
    "beside a plane": (
        lambda x: scipy.stats.multivariate_normal.logpdf(x, np.zeros(2), FLAT, allow_singular=True),
        np.array([0.4, 0.4]),
        np.array([0.4, -0.4]),
    ),
    "hmean": (scipy.stats.hmean, np.array([0.4, 0.9]), np.array([0.4, -0.3])),
    "pmean": (lambda x: scipy.stats.pmean(x, 2), np.array([0.4, 0.9]), np.array([0.4, -0.3])),
}


@pytest.mark.parametrize("p", [1.0, 2.0])
def test_distances_of_minkowski_move_with_their_power(p):
    x = np.array([0.3, -1.2, 0.7])

    def f(p):
        return distance.minkowski(x, 2 * x[::-1], p)

    assert gw.derivative(f, method="exact")(p) == pytest.approx((f(p + 1e-5) - f(p - 1e-5)) / 2e-5, rel=1e-8)


def outcome(f, x):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return f(x)
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("promised", [None, True])
@pytest.mark.parametrize("name", ENDS)
def test_where_there_is_no_number_a_program_gives_what_a_call_gives(name, promised):
    f, x, end = ENDS[name]
    g = gw.value_and_grad(f, method="exact", pure=promised)
    for k in range(4):
        g(x * (1 + 1e-3 * k))
    found, expected = outcome(lambda x: g(x)[0], end), outcome(f, end)
    if isinstance(expected, type):
        assert found is expected
    else:
        np.testing.assert_array_equal(found, expected)


def test_one_program_serves_matrices_of_one_size():
    def f(x):
        return np.sum(scipy.linalg.expm(x) * WEIGHTS)

    g = gw.grad(f, method="exact")
    for k in range(12):
        g(A * (1 + 1e-2 * k))
    assert shortcuts_of(f)["0"].served >= 6


def test_students_density_of_many_degrees_of_freedom_is_the_normal_one():
    """The difference of two logarithms of Γ cancels there."""
    g = gw.value_and_grad(lambda d: scipy.stats.t.logpdf(1.0, d))
    for k in range(5):
        g(3.0 + 0.1 * k)
    normal = -0.5 - 0.5 * np.log(2 * np.pi)
    for d in (1e8, 1e12, 1e100):
        assert g(d)[0] == pytest.approx(normal - 0.5 / d, rel=3e-15)
