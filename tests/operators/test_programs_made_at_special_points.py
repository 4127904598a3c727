"""Programs that were made where a number is nan, refused or at a border serve at ordinary points what a call gives there."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.special
import scipy.stats

import gradwise as gw

P = np.array([0.4, 1.3, 0.6, 0.9])
Q = P / 2


def holed(x, hole):
    x = x.copy()
    x[0] = hole
    return x


#: the function, where the first calls are, an ordinary point
FUNCTIONS = {
    "normal density": (lambda x: np.sum(scipy.stats.norm.logpdf(x)), holed(P, np.nan), P),
    "normal distribution": (lambda x: np.sum(scipy.stats.norm.cdf(x, 0.3, 1.2)), holed(P, np.nan), -P),
    "logistic": (lambda x: np.sum(scipy.stats.logistic.cdf(x)), P * np.nan, P),
    "of location and scale": (lambda x: scipy.stats.norm.logpdf(0.3, x[0], x[1]), holed(P, np.nan), P),
    "negative scales": (lambda x: np.sum(scipy.stats.norm.logpdf(Q, x, x)), -P, P),
    "one negative scale": (lambda x: np.sum(scipy.stats.norm.logpdf(Q, x, x)), holed(P, -1.0), holed(P, 2.0)),
    "exponential": (lambda x: np.sum(scipy.stats.expon.logpdf(x)), holed(P, np.nan), P),
    "gamma below its support": (lambda x: np.sum(scipy.stats.gamma.pdf(x, 2.0)), holed(P, np.nan), holed(P, -1.0)),
    "beta": (lambda x: np.sum(scipy.stats.beta.logpdf(Q, x, 2.0)), holed(P, np.nan), P),
    "refused shape": (lambda x: np.sum(scipy.stats.gamma.cdf(1.0, x)), holed(P, -1.0), holed(P, 0.0)),
    "student": (lambda x: np.sum(scipy.stats.t.cdf(x, 3)), holed(P, np.nan), P),
    "quantile at the end": (lambda q: np.sum(scipy.stats.expon.ppf(q)), holed(Q, 0.0), holed(Q, -0.2)),
    "quantile of nan": (lambda q: np.sum(scipy.stats.norm.ppf(q)), holed(Q, np.nan), Q),
    "truncated": (lambda x: np.sum(scipy.stats.truncnorm.logpdf(x, -2.0, 2.0)), holed(P, np.nan), P),
}


def slopes(f, x, h=1e-5):
    return np.array([(f(x + e) - f(x - e)) / (2 * h) for e in h * np.eye(x.size)])


@pytest.mark.parametrize("promised", [None, True])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_program_made_there_gives_what_a_call_gives(name, promised):
    f, first, x = FUNCTIONS[name]
    g = gw.value_and_grad(f, method="exact", pure=promised)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for k in range(5):
            g(first * (1 + 1e-3 * k))
        for y in (x, x * 1.01, x * 1.02):
            value, slope = g(y)
            np.testing.assert_allclose(value, f(y), rtol=1e-12)
            if np.isfinite(value):
                np.testing.assert_allclose(slope, slopes(f, y), rtol=1e-6, atol=1e-8)


def test_second_derivatives_of_a_program_made_there():
    def f(x):
        return np.sum(scipy.stats.norm.logpdf(P, x, np.abs(x)))

    g = gw.hessian(f)
    for k in range(5):
        g(holed(P, np.nan) * (1 + 1e-3 * k))
    x = -P
    expected = np.diag([slopes(lambda t, k=k: gw.grad(f, pure=False)(np.where(np.arange(4) == k, t, x))[k], x[k : k + 1])[0] for k in range(4)])  # fmt: skip
    np.testing.assert_allclose(g(x), expected, rtol=1e-6, atol=1e-8)


def test_the_slope_where_a_number_is_nan_is_nan():
    value, slope = gw.value_and_grad(lambda x: np.sum(scipy.stats.norm.logpdf(x)))(holed(P, np.nan))
    assert np.isnan(value)
    np.testing.assert_array_equal(np.isnan(slope), [True, False, False, False])


@pytest.mark.parametrize("name", ["iv", "jv", "yv", "ive"])
@pytest.mark.parametrize("first", [np.nan, -1e4])
@pytest.mark.filterwarnings("ignore")
def test_orders_of_which_no_formula_holds_say_nothing_of_others(name, first):
    def f(v):
        return getattr(scipy.special, name)(v, 1.5)

    g = gw.derivative(f, method="exact")
    for _ in range(5):
        with pytest.raises(gw.GradwiseError):
            g(first)
    for v in (0.3, 0.4, 0.7):
        assert g(v) == pytest.approx((f(v + 1e-5) - f(v - 1e-5)) / 2e-5, rel=1e-8)


MASK = np.array([[False, True, False], [False, False, False]])
ROWS = np.array([1.3, 0.7, 2.1, 0.4, 1.9, 2.2])


@pytest.mark.parametrize(
    ("f", "first"),
    [
        (
            lambda x: np.sum(np.ma.average(np.ma.array(x.reshape(2, 3), mask=MASK), axis=0, weights=[1.0, 2.0]).filled(0.0)),
            holed(ROWS, np.nan),
        ),
        (lambda x: np.ma.corrcoef(np.ma.array(x.reshape(2, 3))).filled(0.0)[0, 1], ROWS * 0),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_what_numpy_masks_there_is_not_masked_elsewhere(f, first):
    g = gw.value_and_grad(f, pure=True)
    for k in range(5):
        g(first * (1 + 1e-3 * k))
    for x in (ROWS, ROWS * 1.1, -ROWS):
        value, slope = g(x)
        assert value == pytest.approx(f(x), rel=1e-12)
        np.testing.assert_allclose(slope, slopes(f, x), rtol=1e-6, atol=1e-7)
