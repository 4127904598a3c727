"""Entropies of distributions by their shapes, against mpmath's sums and integrals."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import scipy.stats as st

import gradwise as gw


def entropy_of(density, places):
    """Of a density, or of probabilities where the places are counts."""

    def h(*p):
        def term(x):
            f = density(x, *p)
            return -f * mp.log(f) if f > 0 else mp.mpf(0)

        return mp.quad(term, places) if isinstance(places, list) else mp.fsum(map(term, places))

    return h


#: SciPy's, its shapes, and the density
CASES = {
    "poisson": (st.poisson, [2.3], lambda k, m: mp.exp(-m) * m**k / mp.factorial(k), range(60)),
    "binom": (
        lambda p: st.binom.entropy(9, p),
        [0.3],
        lambda k, p: mp.binomial(9, k) * p**k * (1 - p) ** (9 - k),
        range(10),
    ),
    "nbinom": (
        st.nbinom,
        [4.2, 0.6],
        lambda k, n, p: mp.gamma(k + n) / mp.factorial(k) / mp.gamma(n) * p**n * (1 - p) ** k,
        range(120),
    ),
    "skewnorm": (st.skewnorm, [1.7], lambda x, a: 2 * mp.npdf(x) * mp.ncdf(a * x), [-12, -1, 0, 1, 12]),
    "exponpow": (
        st.exponpow,
        [1.7],
        lambda x, b: b * x ** (b - 1) * mp.exp(1 + x**b - mp.exp(x**b)),
        [0, 0.5, 1, 3],
    ),
    "gompertz": (st.gompertz, [0.9], lambda x, c: c * mp.exp(x - c * mp.expm1(x)), [0, 1, 6]),
    "invgauss": (
        st.invgauss,
        [0.8],
        lambda x, m: mp.exp(-((x - m) ** 2) / (2 * x * m * m)) / mp.sqrt(2 * mp.pi * x**3),
        [0, 0.3, 1, 4, 60],
    ),
    "foldnorm": (st.foldnorm, [1.2], lambda x, c: mp.npdf(x - c) + mp.npdf(x + c), [0, 1, 3, 14]),
    "rice": (st.rice, [0.8], lambda x, b: x * mp.exp(-(x * x + b * b) / 2) * mp.besseli(0, x * b), [0, 1, 3, 13]),
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n == "skewnorm" or k % 4 > 0)) for k, n in enumerate(CASES)]
)
def test_derivatives(name):
    # they raised
    dist, shapes, density, places = CASES[name]
    truth = entropy_of(density, places)

    def f(p):
        return dist(*p) if callable(dist) and not hasattr(dist, "entropy") else dist.entropy(*p)

    p = np.array(shapes)
    gradient = gw.grad(f, method="exact")
    wanted = [
        float(mp.diff(lambda t, i=i: truth(*[t if j == i else mp.mpf(v) for j, v in enumerate(shapes)]), shapes[i]))
        for i in range(len(shapes))
    ]
    np.testing.assert_allclose(gradient(p), wanted, rtol=1e-8)
    second = float(mp.diff(lambda t: truth(t, *shapes[1:]), shapes[0], 2))
    np.testing.assert_allclose(gw.hessian(f, method="exact")(p)[0, 0], second, rtol=1e-6)
    np.testing.assert_allclose(gw.jacfwd(f, method="exact")(p), wanted, rtol=1e-8)


def test_scales_frozen_ones_and_arrays():
    scaled = gw.grad(lambda p: st.skewnorm(1.7, 0.3, p).entropy(), method="exact")
    np.testing.assert_allclose(scaled(2.0), 0.5, rtol=1e-10)
    one = gw.grad(lambda a: st.skewnorm.entropy(a), method="exact")
    many = gw.grad(lambda a: np.sum(st.skewnorm.entropy(a)), method="exact")(np.array([0.4, 1.7]))
    np.testing.assert_allclose(many, [one(0.4), one(1.7)], rtol=1e-9)
    counts = gw.grad(lambda m: np.sum(st.poisson.entropy(m)), method="exact")(np.array([0.4, 7.0]))
    np.testing.assert_allclose(counts[1], gw.grad(lambda m: st.poisson.entropy(m), method="exact")(7.0), rtol=1e-9)
