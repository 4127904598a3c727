"""Probabilities of normal variables in one and two dimensions: derivatives by limits, means and covariances in closed form."""

from __future__ import annotations

import math
from typing import Any

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


def test_three_dimensions_raise_with_the_formula() -> None:
    with pytest.raises(gw.TracingError, match="probability of one dimension less"):
        gw.grad(lambda x: multivariate_normal.cdf(x, cov=np.eye(3)), method="exact")(np.ones(3))
