"""SciPy's newer distributions where they invert numerically, truncate and mix; limits of Kolmogorov's and Smirnov's statistics."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradwise as gw

st = pytest.importorskip("scipy.stats")

P = np.array([0.4, 1.3, 0.7])


def logistic_quantile(p):
    return st.Logistic().ilogcdf(-p[2])


def mixture(p):
    return st.Mixture([st.Normal(mu=p[0], sigma=1.0), st.Normal(mu=0.0, sigma=p[1])], weights=[0.3, 0.7])


def normal(z):
    return 0.5 * math.erfc(-z / math.sqrt(2)), math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


@pytest.mark.skipif(not hasattr(st, "Logistic"), reason="SciPy has no Logistic before 1.17")
def test_a_quantile_by_its_logarithm():
    # log(1/(1 + e^{−x})) = −p: x = −log(e^p − 1)
    for _ in range(4):
        found = gw.grad(logistic_quantile, method="exact")(P)
        np.testing.assert_allclose(found, [0, 0, -math.exp(0.7) / math.expm1(0.7)], rtol=1e-9)


@pytest.mark.skipif(
    not hasattr(st, "Logistic"), reason="SciPy before 1.17 passes the parameters in a way that is not followed"
)
def test_a_quantile_of_a_uniform_distribution_by_its_logarithm():
    # a + (b − a) e^{−p}
    found = gw.grad(lambda p: st.Uniform(a=p[0], b=p[1] + 1).ilogcdf(-p[2]), method="exact")(P)
    share = math.exp(-0.7)
    np.testing.assert_allclose(found, [1 - share, share, -1.9 * share], rtol=1e-8)


def test_a_quantile_of_a_mixture():
    # F(x) = q: dx = −(∂F/∂p dp − dq)/F′
    x = float(mixture(P).icdf(0.4 * P[2]))
    (_, first), (_, second) = normal(x - 0.4), normal(x / 1.3)
    density = 0.3 * first + 0.7 * second / 1.3
    expected = np.array([0.3 * first, 0.7 * second * x / 1.69, 0.4]) / density
    found = gw.grad(lambda p: mixture(p).icdf(0.4 * p[2]), method="exact")(P)
    np.testing.assert_allclose(found, expected, rtol=1e-8)


@pytest.mark.parametrize(("name", "expected"), [("mean", [0.3, 0, 0]), ("variance", [0.6 * 0.7 * 0.4, 1.4 * 1.3, 0])])
def test_moments_of_a_mixture(name, expected):
    found = gw.grad(lambda p: getattr(mixture(p), name)(), method="exact")(P)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_a_truncated_distribution():
    # log φ((x − μ)/σ) − log σ − log(Φ(b) − Φ(a))
    def f(p):
        return st.truncate(st.Normal(mu=p[0], sigma=p[1]), lb=-1.0, ub=2.0).logpdf(p[2])

    mu, sigma, x = P
    (high, at_high), (low, at_low) = normal((2 - mu) / sigma), normal((-1 - mu) / sigma)
    mass, z = high - low, (x - mu) / sigma
    expected = [
        z / sigma + (at_high - at_low) / sigma / mass,
        (z * z - 1) / sigma + (at_high * (2 - mu) - at_low * (-1 - mu)) / sigma**2 / mass,
        -z / sigma,
    ]
    np.testing.assert_allclose(gw.grad(f, method="exact")(P), expected, rtol=1e-9)


def kolmogorov_density(x):
    return 8 * x * sum((-1) ** (k - 1) * k * k * math.exp(-2 * k * k * x * x) for k in range(1, 40))


@pytest.mark.parametrize("x", [0.6, 1.3])
def test_kolmogorovs_limit(x):
    d = st.kstwobign
    assert gw.grad(d.cdf, method="exact")(x) == pytest.approx(kolmogorov_density(x), rel=1e-10)
    h = 1e-4
    slope = (kolmogorov_density(x + h) - kolmogorov_density(x - h)) / (2 * h)
    assert gw.grad(d.pdf, method="exact")(x) == pytest.approx(slope, rel=1e-6)
    assert gw.grad(d.ppf, method="exact")(d.cdf(x)) == pytest.approx(1 / kolmogorov_density(x), rel=1e-9)


def test_smirnovs_statistic_of_two_and_of_three_points():
    # near 1 one term of the sum is left: P(D ≤ d) = 1 − (1 − d)ⁿ
    d = np.array([0.6, 0.8])
    found = gw.jvp(lambda d: st.ksone.cdf(d, 2), (d,), (np.ones(2),), method="exact")[1]
    np.testing.assert_allclose(found, 2 * (1 - d), rtol=1e-12)
    of_both = gw.jvp(lambda d: st.ksone.cdf(d, np.array([2, 3])), (d,), (np.ones(2),), method="exact")[1]
    np.testing.assert_allclose(of_both, [0.8, 3 * 0.2**2], rtol=1e-12)
    np.testing.assert_allclose(gw.grad(lambda d: st.ksone.pdf(d, 3), method="exact")(0.8), -6 * 0.2, rtol=1e-11)
    assert gw.grad(lambda q: st.ksone.ppf(q, 2), method="exact")(1 - 0.4**2) == pytest.approx(1 / 0.8, rel=1e-8)


def test_the_circular_distribution_on_the_line():
    x, kappa = 0.7, 1.4
    density = math.exp(kappa * math.cos(x)) / (2 * math.pi * np.i0(kappa))
    assert gw.grad(lambda x: st.vonmises_line.cdf(x, kappa), method="exact")(x) == pytest.approx(density, rel=1e-11)
