"""Arrays that are read and written entry by entry: thousands of indices share one template, which must differ in nothing but the index."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import gradwise as gw
from gradwise.program import collector_paused

RNG = np.random.default_rng(71)


def reads(x):
    total = 0.0
    for i in range(len(x) - 1):
        total = total + x[i] * x[-1 - i] ** 2
    return total


def fills(x):
    n = len(x)
    a = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            a[i, j - n] = x[i] * x[j] ** 2
        a[i, i] = np.sin(x[i])
    return np.sum(a * WEIGHTS)


def rows(x):
    m = x.reshape(4, 3).copy()
    for i in range(1, 4):
        m[i] = m[i] * m[i - 1]
        m[i - 1, 0] = m[i, 2] ** 2
    return np.sum(np.cos(m))


WEIGHTS = RNG.normal(size=(12, 12))


def closed_reads(x):
    # Σᵢ xᵢ x₍ₙ₋₁₋ᵢ₎², i < n − 1
    n = len(x)
    g = np.zeros(n)
    for i in range(n - 1):
        g[i] += x[n - 1 - i] ** 2
        g[n - 1 - i] += 2 * x[i] * x[n - 1 - i]
    return g


def closed_fills(x):
    w = WEIGHTS.copy()
    diagonal = np.diag(w).copy()
    np.fill_diagonal(w, 0.0)
    return w @ x**2 + 2 * x * (w.T @ x) + diagonal * np.cos(x)


def test_gradients_of_closed_form():
    x = RNG.normal(size=12)
    for f, closed in ((reads, closed_reads), (fills, closed_fills)):
        gw.clear_caches()
        for point in (x, x + 0.5, 2 * x, -x):  # the first calls trace, the later ones replay
            np.testing.assert_allclose(gw.grad(f)(point), closed(point), rtol=1e-13, atol=1e-13)


def test_hessian_of_closed_form():
    gw.clear_caches()
    x = RNG.normal(size=12)
    exact = np.zeros((12, 12))
    for i in range(11):
        exact[i, 11 - i] += 2 * x[11 - i]
        exact[11 - i, i] += 2 * x[11 - i]
        exact[11 - i, 11 - i] += 2 * x[i]
    np.testing.assert_allclose(gw.hessian(reads)(x), exact, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("f", [fills, rows])
def test_hessian_against_differences(f):
    gw.clear_caches()
    x = RNG.normal(size=12)
    found = gw.numerical.hessian(f, x, complex_step=False)
    assert np.all(np.abs(gw.hessian(f)(x) - found.value) <= found.error + 1e-12)


def test_one_shape_of_index_does_not_serve_another():
    def whole(x):
        m = x.reshape(3, 4)
        return np.sum(m[1] ** 2) + m[2, 3] * m[0, 0] + np.sum(m[2] * m[0])

    x = RNG.normal(size=12)
    m = x.reshape(3, 4)
    exact = np.zeros((3, 4))
    exact[1] = 2 * m[1]
    exact[2], exact[0] = m[0], m[2]
    exact[2, 3] += m[0, 0]
    exact[0, 0] += m[2, 3]
    np.testing.assert_allclose(gw.grad(whole)(x), exact.ravel(), rtol=1e-14)


def test_the_collector_comes_back():
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), collector_paused():
        assert not gc.isenabled()
        raise ZeroDivisionError
    assert gc.isenabled()
    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()  # it was off before
    finally:
        gc.enable()
