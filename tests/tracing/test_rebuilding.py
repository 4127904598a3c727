"""SciPy's functions written in Python, reached from instrumented functions."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.special as sc
from scipy.optimize import rosen, rosen_der, rosen_hess
from scipy.special import log_softmax, softmax
from scipy.special import logsumexp as lse

import gradwise as gw
from gradwise.tracing.instrument.hooks import watched

X = np.array([-1.2, 1.0, 0.7])
SCALE = 2.0
calls = 0


@pytest.fixture(autouse=True)
def _no_fallback() -> None:
    warnings.simplefilter("error")


def _helper(z):
    return lse(z)


def _through_helper(z):
    return _helper(z) * SCALE


def _protocols_suffice(z):
    return np.sum(z)


def _counting(z):
    global calls
    calls += 1
    return lse(z)


class _Model:
    def loss(self, z):
        return -lse(z)


def _closure():
    inner = lse
    return lambda z: inner(2 * z)


SOFTMAX = np.exp(X) / np.exp(X).sum()
CASES = [
    (lambda z: lse(z), SOFTMAX),
    (lambda z: sc.logsumexp(z), SOFTMAX),
    (lambda z: scipy.special.logsumexp(z, axis=0), SOFTMAX),
    (lambda z: (lambda t: lse(t))(z), SOFTMAX),
    (_through_helper, 2 * SOFTMAX),
    (_Model().loss, -SOFTMAX),
    (_closure(), 2 * np.exp(2 * X) / np.exp(2 * X).sum()),
    (lse, SOFTMAX),
    (lambda z: log_softmax(z)[1], np.array([0.0, 1.0, 0.0]) - SOFTMAX),
    (rosen, rosen_der(X)),
    (lambda z: rosen(z) + lse(z), rosen_der(X) + SOFTMAX),
]


@pytest.mark.parametrize(("f", "expected"), CASES)
def test_gradients_are_exact(f, expected) -> None:
    np.testing.assert_allclose(gw.grad(f, method="exact")(X), expected, rtol=1e-13, atol=1e-15)
    value, _ = gw.value_and_grad(f, method="exact")(X)
    np.testing.assert_allclose(value, f(X), rtol=1e-14)


def test_second_derivatives() -> None:
    p = SOFTMAX
    np.testing.assert_allclose(gw.jacobian(softmax, method="exact")(X), np.diag(p) - np.outer(p, p), atol=1e-15)
    np.testing.assert_allclose(gw.hessian(rosen, method="exact")(X), rosen_hess(X), atol=1e-12)
    np.testing.assert_allclose(gw.hvp(rosen, method="exact")(X, X), rosen_hess(X) @ X, atol=1e-12)


def test_a_large_shift_in_a_batch_does_not_overflow() -> None:
    batch = np.stack([X, 1000 * X])
    np.testing.assert_array_equal(gw.vmap(lse)(batch), [lse(X), lse(1000 * X)])


def test_globals_are_read_live() -> None:
    global SCALE
    g = gw.grad(_through_helper, method="exact")
    first = g(X)
    SCALE = 3.0
    try:
        np.testing.assert_allclose(g(X), 1.5 * first, rtol=1e-15)
    finally:
        SCALE = 2.0


def test_what_the_protocols_show_runs_as_it_stands() -> None:
    assert gw.explain(_protocols_suffice, X).code == ["as it stands, by NumPy's protocols"]
    np.testing.assert_array_equal(watched(np.sin)(X), np.sin(X))
    assert watched(_through_helper) is not _through_helper


def test_code_that_writes_globals() -> None:
    before = calls
    np.testing.assert_allclose(gw.grad(_counting, method="exact")(X), SOFTMAX, rtol=1e-13)
    assert calls == before + 1


def test_plain_calls_reach_scipy_itself() -> None:
    def f(z, c):
        return np.sum(z) * lse(c)

    np.testing.assert_allclose(gw.grad(f, method="exact")(X, X), np.full(3, lse(X)), rtol=0)
