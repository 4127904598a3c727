"""Code that was written for autograd calls NumPy and SciPy by ``autograd.numpy`` and ``autograd.scipy``: exact, and proved where NumPy's own functions would be."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import gradwise as gw

autograd = pytest.importorskip("autograd")
anp = pytest.importorskip("autograd.numpy")
special = pytest.importorskip("autograd.scipy.special")
normal = pytest.importorskip("autograd.scipy.stats.norm")
builtins_of_autograd = pytest.importorskip("autograd.builtins")

X = np.random.default_rng(0).standard_normal((8, 3))


def likelihood(w):
    return anp.sum(normal.logpdf(X[:, 0], anp.dot(X, w), anp.exp(w[0])))


def evidence(w):
    return special.logsumexp(anp.dot(X, w)) + special.gammaln(anp.sum(w**2) + 1.0)


def joined(w):
    table = anp.vstack([anp.concatenate([w, anp.tanh(w)]), anp.hstack((w, w**2))])
    return anp.linalg.slogdet(anp.dot(table, table.T))[1]


def made(w):
    return anp.sum(anp.array([[w[0] * w[1], w[2] ** 2], [1.0, anp.sin(w[0])]]) ** 3)


def branched(w):
    return anp.sum(anp.where(w > 0.5, w**2, anp.exp(w))) + anp.linalg.norm(w)


@autograd.extend.primitive
def users(v):
    return np.sum(v**3)


def through_a_primitive(w):
    return users(w * anp.cos(w))


def by_type(w):
    total = w[0] * w[1]
    return 2.0 * total if builtins_of_autograd.isinstance(total, float) else total


@pytest.mark.parametrize("f", [likelihood, evidence, joined, made, branched, through_a_primitive, by_type])
def test_gradients_are_exact_at_each_call(f):
    gradient = gw.grad(f, method="exact")
    for k in range(6):
        w = np.array([0.3, 0.4, 0.7]) * (1 + 0.1 * k)
        expected = [(f(w + 1e-6 * u) - f(w - 1e-6 * u)) / 2e-6 for u in np.eye(3)]
        np.testing.assert_allclose(gradient(w), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("f", [likelihood, evidence, joined])
def test_they_are_proved(f):
    assert gw.explain(f, np.array([0.3, 0.4, 0.7])).reuse.startswith("proved")


def test_a_derivative_of_autograds_inside_is_that_of_autograd():
    inner = autograd.grad(lambda v: anp.sum(anp.sin(v) ** 2))

    at = np.array([0.3, 0.2])

    def f(w):
        return np.sum(w**2) * inner(at)[0]

    w = np.array([1.0, 2.0])
    for _ in range(4):
        np.testing.assert_allclose(gw.grad(f)(w), 2 * w * np.sin(0.6))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gw.NumericalFallbackWarning)
        second = gw.grad(lambda w: np.sum(inner(w)))(w)
    np.testing.assert_allclose(second, 2 * np.cos(2 * w), rtol=1e-6)


def test_a_function_that_is_exchanged_is_seen(monkeypatch):
    f = likelihood
    w = np.array([0.3, 0.4, 0.7])
    gradient = gw.grad(f)
    for _ in range(4):
        before = gradient(w)
    monkeypatch.setattr(anp, "exp", anp.sin)
    expected = [(f(w + 1e-6 * u) - f(w - 1e-6 * u)) / 2e-6 for u in np.eye(3)]
    np.testing.assert_allclose(gradient(w), expected, rtol=1e-6)
    assert not np.allclose(before, expected)
