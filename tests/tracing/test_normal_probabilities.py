"""Probabilities of normal variables in one to five dimensions: derivatives by limits, means and covariances in closed form."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from closing import closes
from scipy.special import ndtr
from scipy.stats import multivariate_normal, norm

import gradwise as gw

COV = np.array([[1.3, -0.6], [-0.6, 0.9]])


def by_correlation(h: float, k: float, rho: float) -> list[float]:
    """∂Φ₂/∂h = φ(h) Φ((k − ρh)/√(1 − ρ²)), and ∂Φ₂/∂ρ is the density (Plackett 1954)."""
    c = math.sqrt(1 - rho * rho)
    density = multivariate_normal.pdf([h, k], cov=[[1, rho], [rho, 1]])
    return [norm.pdf(h) * ndtr((k - rho * h) / c), norm.pdf(k) * ndtr((h - rho * k) / c), density]


@pytest.mark.parametrize("h", [-2.5, 0.0, 0.8])
@pytest.mark.parametrize("rho", [-0.95, -0.3, 0.0, 0.5, 0.98])
def test_by_limits_and_correlation(h: float, rho: float) -> None:
    def f(p: Any) -> Any:
        return multivariate_normal.cdf(p[:2], cov=np.stack([1.0, p[2], p[2], 1.0]).reshape(2, 2))

    p = np.array([h, 0.4, rho])
    np.testing.assert_allclose(gw.grad(f, method="exact")(p), by_correlation(*p), rtol=1e-9, atol=1e-12)
    assert gw.value_and_grad(f, method="exact")(p)[0] == f(p)


CASES: dict[str, Any] = {
    "rows": (lambda x: multivariate_normal.cdf(x, [0.1, -0.2], COV), [[0.3, 0.5], [-1.0, 0.4]]),
    "mean": (lambda m: multivariate_normal.cdf([0.2, -0.3], m, COV), [0.3, 0.5]),
    "covariance": (lambda a: multivariate_normal.cdf([0.2, -0.3], None, a @ a.T), [[1.1, 0.2], [-0.4, 0.8]]),
    "logarithm": (lambda x: multivariate_normal.logcdf(x, cov=COV), [-1.3, 0.5]),
    "between limits": (
        lambda x: multivariate_normal.cdf(x[:2], cov=COV, lower_limit=x[2:]),
        [0.3, 0.5, -1.0, -0.4],
    ),
    "between limits, one infinite": (
        lambda x: multivariate_normal.cdf(x, cov=COV, lower_limit=[-np.inf, -0.4]),
        [0.3, 0.5],
    ),
    "an infinite limit": (lambda x: multivariate_normal.cdf(np.stack([x[0], np.inf]), cov=COV), [0.3]),
    "frozen": (lambda x: multivariate_normal([0.1, 0.2], COV).cdf(x), [0.3, 0.5]),
    "frozen, of traced parameters": (lambda m: multivariate_normal(m, COV).cdf([0.3, 0.5]), [0.1, 0.2]),
    "one dimension": (lambda x: multivariate_normal.cdf(x[0], x[1], x[2]), [0.3, 0.5, 1.4]),
    "variances": (lambda v: multivariate_normal.cdf([0.3, 0.5], [0.0, 0.1], v), [0.7, 1.2]),
}


@pytest.mark.parametrize("name", CASES)
def test_against_differences(name: str) -> None:
    closes(*CASES[name], rtol=1e-8)


def of_one_factor(p: Any, n: int) -> Any:
    """Of limits p[:n] and correlations λᵢ λⱼ: the variables are independent, given the factor z."""
    limits, factors = p[:n], p[n:]

    def inner(z: Any) -> Any:
        product = mp.npdf(z)
        for b, c in zip(limits, factors, strict=True):
            product *= mp.ncdf((b - c * z) / mp.sqrt(1 - c * c))
        return product

    return mp.quad(inner, [-9, -3, 0, 3, 9])


@pytest.mark.parametrize("n", [pytest.param(n, marks=pytest.mark.slow) for n in (3, 4, 5)])
def test_more_dimensions(n: int) -> None:
    # they raised: against mpmath's integrals over the one factor
    def f(p: Any) -> Any:
        cov = p[n:, None] * p[n:]
        return multivariate_normal.cdf(p[:n], cov=cov + np.diag(1 - np.diag(cov)))

    p = np.concatenate([np.linspace(-0.6, 0.9, n), np.linspace(0.85, -0.5, n)])
    gradient = gw.grad(f, method="exact")
    found, places = gradient(p), (n - 1, n)

    def moved(k: int, h: Any) -> Any:
        return of_one_factor([mp.mpf(float(v)) + (h if i == k else 0) for i, v in enumerate(p)], n)

    for k in places:
        np.testing.assert_allclose(found[k], float(mp.diff(lambda h, k=k: moved(k, h), 0)), rtol=1e-8, atol=1e-11)
    second = float(mp.diff(lambda h: moved(n, h), 0, 2))
    np.testing.assert_allclose(gw.jvp(gradient, (p,), (np.eye(2 * n)[n],))[1][n], second, rtol=1e-7)
    forward = gw.jvp(f, (p,), (np.arange(2.0 * n),), method="exact")[1]
    np.testing.assert_allclose(forward, found @ np.arange(2.0 * n), rtol=1e-9)


def test_limits_of_more_dimensions() -> None:
    cov = np.array([[1.0, 0.5, 0.2], [0.5, 2.0, -0.3], [0.2, -0.3, 1.5]])

    def between(x: Any) -> Any:
        return multivariate_normal.cdf(x, cov=cov, lower_limit=[-np.inf, -0.4, -np.inf])

    def parts(x: Any) -> Any:
        bound = np.stack([x[0], -0.4, x[2]])
        return multivariate_normal.cdf(x, cov=cov) - multivariate_normal.cdf(bound, cov=cov)

    x = np.array([0.3, 0.5, 0.1])
    np.testing.assert_allclose(gw.grad(between, method="exact")(x), gw.grad(parts, method="exact")(x), rtol=1e-9)
    without = gw.grad(lambda x: multivariate_normal.cdf(np.stack([x[0], np.inf, x[2]]), cov=cov), method="exact")(x)
    two = gw.grad(lambda x: multivariate_normal.cdf(x, cov=cov[::2, ::2]), method="exact")(x[::2])
    np.testing.assert_allclose(without, [two[0], 0.0, two[1]], rtol=1e-9)
    rows = gw.jacobian(lambda x: multivariate_normal.cdf(np.stack([x, 2 * x]), cov=cov), method="exact")(x)
    one = gw.grad(lambda x: multivariate_normal.cdf(x, cov=cov), method="exact")
    np.testing.assert_allclose(rows, [one(x), 2 * one(2 * x)], rtol=1e-9)


def test_six_dimensions_raise_with_the_formula() -> None:
    with pytest.raises(gw.TracingError, match="probability of one dimension less"):
        gw.grad(lambda x: multivariate_normal.cdf(x, cov=np.eye(6) + 0.5), method="exact")(np.ones(6))


def test_logarithms_of_what_cancels_raise() -> None:
    """The difference of two probabilities has no digits there: the derivative was 30.2939 for 30.2930 there, and 3.4 for 40 at -2, in silence."""

    def logcdf(a: Any, rho: float) -> Any:
        return multivariate_normal.logcdf([a, a + 0.1], cov=np.array([[1, rho], [rho, 1]]))

    with pytest.raises(gw.TracingError, match="no digits of it are known"):
        gw.grad(lambda a: logcdf(a, -0.9), method="exact")(-1.5)
    with mp.workdps(40):
        spread = mp.sqrt(mp.mpf("0.75"))
        low, high = mp.mpf(-5), mp.mpf(-5) + mp.mpf("0.1")
        total = mp.quad(lambda t: mp.npdf(t) * mp.ncdf((high - t / 2) / spread), [-20, -8, -5])
        by_both = mp.npdf(low) * mp.ncdf((high - low / 2) / spread) + mp.npdf(high) * mp.ncdf((low - high / 2) / spread)
        expected = float(by_both / total)
    np.testing.assert_allclose(gw.grad(lambda a: logcdf(a, 0.5), method="exact")(-5.0), expected, rtol=1e-10)


def test_single_precision() -> None:
    cov = np.array([[1, 0.5], [0.5, 1]], np.float32)
    found = gw.grad(lambda a: multivariate_normal.cdf([a, a], cov=cov), method="exact")(np.float32(0.3))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, 2 * norm.pdf(0.3) * ndtr(0.15 / math.sqrt(0.75)), rtol=1e-6)
