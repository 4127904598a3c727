"""Draws by their shapes move at a fixed probability: against the roots of mpmath's distribution functions, and means of many of them."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import scipy.stats as st

import gradwise as gw


def gamma(x, a):
    return mp.gammainc(a, 0, x, regularized=True)


def beta(x, a, b):
    return mp.betainc(a, b, 0, x, regularized=True)


def student(x, n):
    tail = mp.betainc(n / 2, mp.mpf(1) / 2, 0, n / (n + x * x), regularized=True) / 2
    return 1 - tail if x > 0 else tail


def fisher(x, m, n):
    return beta(m * x / (m * x + n), m / 2, n / 2)


def wald(x, mean, scale):
    root = mp.sqrt(scale / x)
    return mp.ncdf(root * (x / mean - 1)) + mp.exp(2 * scale / mean) * mp.ncdf(-root * (x / mean + 1))


def triangle(x, left, mode, right):
    if x < mode:
        return (x - left) ** 2 / ((right - left) * (mode - left))
    return 1 - (right - x) ** 2 / ((right - left) * (right - mode))


def around(x, mu, kappa):
    whole = 2 * mp.pi * mp.besseli(0, kappa)
    return mp.mpf(1) / 2 + mp.quad(lambda t: mp.exp(kappa * mp.cos(t - mu)), [mu, x]) / whole


def noncentral(x, n, c):
    return mp.nsum(lambda j: mp.exp(-c / 2) * (c / 2) ** j / mp.factorial(j) * gamma(x / 2, n / 2 + j), [0, 40])


#: draws of shapes and a generator, the distribution function, and the shapes
DRAWS = {
    "Generator.gamma": (lambda rng, p: rng.gamma(p[0], size=4), gamma, [2.3]),
    "gamma of a small shape": (lambda rng, p: rng.gamma(p[0], size=4), gamma, [0.3]),
    "standard_gamma": (lambda rng, p: rng.standard_gamma(p[0], 4), gamma, [2.3]),
    "one number": (lambda rng, p: rng.gamma(p[0]), gamma, [2.3]),
    "chisquare": (lambda rng, p: rng.chisquare(p[0], 4), lambda x, n: gamma(x / 2, n / 2), [3.1]),
    "Generator.beta": (lambda rng, p: rng.beta(p[0], p[1], 4), beta, [1.4, 2.6]),
    "standard_t": (lambda rng, p: rng.standard_t(p[0], 4), student, [4.2]),
    "weibull": (lambda rng, p: rng.weibull(p[0], 4), lambda x, c: 1 - mp.exp(-(x**c)), [1.7]),
    "pareto": (lambda rng, p: rng.pareto(p[0], 4), lambda x, b: 1 - (1 + x) ** -b, [2.2]),
    "power": (lambda rng, p: rng.power(p[0], 4), lambda x, a: x**a, [2.2]),
    "f": (lambda rng, p: rng.f(p[0], p[1], 3), fisher, [3.2, 5.1]),
    "wald": (lambda rng, p: rng.wald(p[0], p[1], 3), wald, [1.3, 2.2]),
    "triangular": (lambda rng, p: rng.triangular(p[0], p[1], p[2], 5), triangle, [-1.0, 0.3, 2.0]),
    "vonmises": (lambda rng, p: rng.vonmises(p[0], p[1]), around, [0.3, 2.0]),
    "noncentral_chisquare": (lambda rng, p: rng.noncentral_chisquare(p[0], p[1]), noncentral, [3.2, 1.5]),
    "the first of a Dirichlet": (
        lambda rng, p: rng.dirichlet(p, 3)[:, 0],
        lambda x, a, b, c: beta(x, a, b + c),
        [1.3, 2.0, 0.7],
    ),
    "stats.gamma": (lambda rng, p: st.gamma.rvs(p[0], size=4, random_state=rng), gamma, [2.3]),
    "stats.gamma, scaled": (
        lambda rng, p: st.gamma.rvs(p[0], 1.0, p[1], size=4, random_state=rng),
        lambda x, a, s: gamma((x - 1) / s, a),
        [2.3, 1.6],
    ),
    "stats.beta, frozen": (lambda rng, p: st.beta(p[0], p[1]).rvs(4, random_state=rng), beta, [1.4, 2.6]),
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n in {"vonmises", "noncentral_chisquare"})) for n in DRAWS]
)
def test_first_and_second_derivatives(name):
    draw, distribution, shapes = DRAWS[name]

    def f(p):
        return draw(np.random.default_rng(3), p)

    p = np.array(shapes)
    values = np.asarray(f(p))
    jacobian = gw.jacobian(f, method="exact")
    second = np.asarray(gw.jacobian(jacobian, method="exact")(p))
    found = np.asarray(jacobian(p))
    for place in np.ndindex(values.shape):
        value = float(values[place])
        u = distribution(mp.mpf(value), *map(mp.mpf, shapes))

        def quantile(*q, u=u, value=value):
            return mp.findroot(lambda x: distribution(x, *q) - u, value)

        for i in range(len(shapes)):

            def along(t, i=i, quantile=quantile):
                return quantile(*[t if j == i else mp.mpf(q) for j, q in enumerate(shapes)])

            first, curvature = float(mp.diff(along, shapes[i])), float(mp.diff(along, shapes[i], 2))
            np.testing.assert_allclose(found[(*place, i)], first, rtol=1e-9)
            np.testing.assert_allclose(second[(*place, i, i)], curvature, rtol=1e-6, atol=1e-9)


def test_values_and_generators_are_those_of_numpy():
    def f(a):
        rng = np.random.default_rng(5)
        return np.sum(rng.gamma(a, 2.0, 3)) + rng.random()

    assert gw.value_and_grad(f)(1.3)[0] == f(1.3)


@pytest.mark.slow
@pytest.mark.parametrize("mode", [gw.jacfwd, gw.jacrev])
def test_means_have_the_derivatives_of_means(mode):
    # of x² the mean is a (a + 1); differences with one seed have another mean
    def f(a):
        return np.mean(np.random.default_rng(1).gamma(a, size=40000) ** 2)

    np.testing.assert_allclose(mode(f, method="exact")(0.8), 2.6, rtol=0.03)


@pytest.mark.slow
def test_dirichlet_variates():
    # they raised; of x₁ x₂ the mean is a₁ a₂/(A (A + 1))
    def f(a):
        return np.random.default_rng(1).dirichlet(a, 2000)

    a = np.array([1.3, 2.0, 0.7])
    jacobian = gw.jacobian(lambda a: f(a)[:4], method="exact")(a)
    np.testing.assert_allclose(jacobian.sum(axis=1), 0.0, atol=1e-12)
    found = gw.grad(lambda a: np.mean((x := f(a))[:, 1] * x[:, 2]), method="exact")(a)
    size = a.sum()
    mean = a[1] * a[2] / (size * (size + 1))
    np.testing.assert_allclose(found, mean * (np.array([0, 1 / a[1], 1 / a[2]]) - 1 / size - 1 / (size + 1)), atol=6e-3)
    assert np.array_equal(gw.jvp(f, (a,), (a,), method="exact")[0], f(a))


@pytest.mark.parametrize("how", [{"method": "svd"}, {"method": "eigh"}, {"method": "cholesky"}, None])
def test_normal_vectors_by_their_covariance(how):
    # they raised
    def f(p):
        rng = np.random.RandomState(2) if how is None else np.random.default_rng(2)
        return rng.multivariate_normal(p[:2], [[p[2], p[3]], [p[3], 1.0]], (2, 2), **(how or {}))

    p = np.array([0.3, 2.0, 1.5, 0.3])
    jacobian = gw.jacobian(f, method="exact")
    h = 1e-5
    differences = [(f(p + h * e) - f(p - h * e)) / (2 * h) for e in np.eye(4)]
    np.testing.assert_allclose(jacobian(p), np.stack(differences, -1), rtol=1e-7, atol=1e-8)
    second = [(jacobian(p + h * e) - jacobian(p - h * e)) / (2 * h) for e in np.eye(4)]
    np.testing.assert_allclose(gw.jacobian(jacobian, method="exact")(p), np.stack(second, -1), rtol=1e-6, atol=1e-7)
    assert np.array_equal(gw.jvp(f, (p,), (p,), method="exact")[0], f(p))


@pytest.mark.parametrize("method", ["svd", "eigh", "cholesky"])
def test_normal_vectors_of_one_variance(method):
    def f(p):
        return np.random.default_rng(2).multivariate_normal([0.0, 1.0, 2.0], p * np.eye(3), 2, method=method)

    np.testing.assert_allclose(gw.jacobian(f, method="exact")(1.7), (f(1.7) - [0, 1, 2]) / 3.4, rtol=1e-12)

    def square(p):  # the mean of (x₀ + x₁)² is 2 + 2 p: eigenvalues are equal at p = 0
        x = np.random.default_rng(2).multivariate_normal([0.0, 0.0], [[1.0, p], [p, 1.0]], 4000, method=method)
        return np.mean((x[:, 0] + x[:, 1]) ** 2)

    np.testing.assert_allclose(gw.grad(square, method="exact")(0.0), 2.0, rtol=0.1)


def test_counts_and_draws_that_are_no_functions_of_a_shape_raise():
    with pytest.raises(gw.TracingError, match="Draw with a plain argument"):
        gw.grad(lambda a: np.random.default_rng(1).poisson([a, 2.0])[0], method="exact")(1.3)
    with pytest.raises(gw.TracingError, match="plain parameters"):
        gw.grad(lambda m: 1.0 * st.poisson.rvs(m, random_state=1), method="exact")(1.3)
