"""Draws of gamma, beta and their like by their shapes: of another shape a generator makes other draws, which no curve through the first ones gives."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

COUNT = 4

DRAWS = {
    "gamma": lambda a: np.random.default_rng(0).gamma(a, size=COUNT),
    "gamma, older": lambda a: np.random.RandomState(0).gamma(a, size=COUNT),
    "beta": lambda a: np.random.default_rng(0).beta(a, 2.0, size=COUNT),
    "chisquare": lambda a: np.random.default_rng(0).chisquare(a, size=COUNT),
    "standard_t": lambda a: np.random.default_rng(0).standard_t(a, size=COUNT),
    "dirichlet": lambda a: np.random.default_rng(0).dirichlet(a * np.array([1.0, 2.0, 0.5])),
    "vectors of one variance": lambda a: np.random.default_rng(0).multivariate_normal(np.zeros(2), a * np.eye(2)),
    "scipy": lambda a: scipy.stats.gamma.rvs(a, size=COUNT, random_state=3),
}


@pytest.mark.parametrize("promised", [None, True])
@pytest.mark.parametrize("name", DRAWS)
def test_draws_are_those_of_the_generator(name, promised):
    def f(a):
        return np.sum(DRAWS[name](a) * np.array([1.0, 2.0, 0.5, -0.3])[: np.size(DRAWS[name](1.0))])

    g = gw.value_and_grad(f, method="exact", pure=promised)
    for k in range(5):
        g(1.3 + 1e-3 * k)
    for a in (2.1, 0.4, 6.0):
        assert g(a)[0] == pytest.approx(f(a), rel=1e-12)


def test_slopes_are_those_of_the_quantiles():
    def f(a):
        return np.sum(np.random.default_rng(0).gamma(a, size=COUNT))

    g = gw.derivative(f, method="exact")
    for a in (1.3, 1.31, 1.32, 1.33, 2.1, 0.4):
        draws = np.random.default_rng(0).gamma(a, size=COUNT)
        at = scipy.stats.gamma.cdf(draws, a)
        ahead, behind = (scipy.stats.gamma.ppf(at, a + h) for h in (1e-5, -1e-5))
        assert g(a) == pytest.approx(np.sum(ahead - behind) / 2e-5, rel=1e-6)


def test_a_scale_is_served_and_none_may_be_negative():
    def f(s):
        return np.sum(np.random.default_rng(0).normal(0.3, s, size=COUNT))

    g = gw.value_and_grad(f, method="exact")
    for k in range(8):
        g(1.3 + 0.1 * k)
    assert shortcuts_of(f)["0"].served >= 4
    with pytest.raises(ValueError, match="scale < 0"):
        g(-1.0)
