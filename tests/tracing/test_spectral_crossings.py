"""Eigenvalues and singular values that change places on the way of a solution or inside an integral: first and second derivatives against closed forms."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import scipy
from scipy.integrate import quad, solve_ivp

import gradwise as gw

K = 0.7


def turned(a, b, angle):
    """A symmetric matrix of these eigenvalues, whose vectors turn."""
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s], [s, c]])
    return turn @ np.array([[a, 0.0], [0.0, b]]) @ turn.T


def plainly(a, b):
    return np.array([[a, 0.0 * b], [0.0 * a, b]])


def of_vectors(t, k):
    w, v = np.linalg.eigh(plainly(t, k))
    return v[0, 1] ** 2 * t + w[0]


def of_singular_vectors(t, k):
    u, s, v = np.linalg.svd(plainly(t, k))
    return u[0, 0] * v[0, 0] * s[0] + t


def three(t, k):
    return np.linalg.eigvalsh(np.array([[t, 0.0, 0.0], [0.0, k, 0.1], [0.0, 0.1, 1.0]]))[1]


def between(k):
    """∫₀² of the second of t, λ₁, λ₂."""
    root = mp.sqrt(((k - 1) / 2) ** 2 + mp.mpf("0.01"))
    low, high = (k + 1) / 2 - root, (k + 1) / 2 + root
    return low * low + (high**2 - low**2) / 2 + high * (2 - high)


def larger(k):
    return (4 + k * k) / 2


#: integrand, and its integral from 0 to 2
CASES = {
    "larger": (lambda t, k: np.linalg.eigvalsh(plainly(t, k))[1], larger),
    "smaller": (lambda t, k: np.linalg.eigvalsh(plainly(t, k))[0], lambda k: 2 * k - k * k / 2),
    "SciPy's": (lambda t, k: scipy.linalg.eigvalsh(plainly(t, k))[1], larger),
    "turning": (lambda t, k: np.linalg.eigh(turned(t, k, t))[0][1], larger),
    "Hermitian": (lambda t, k: np.linalg.eigvalsh(plainly(t, k) * (1 + 0j))[1], larger),
    "a stack": (lambda t, k: np.linalg.eigvalsh(np.stack([plainly(t, k), plainly(3.0, k)]))[0, 1], larger),
    "of vectors": (of_vectors, lambda k: k**2 / 2 + 2 * k - k * k + (2 - k * k / 2)),
    "symmetric": (
        lambda t, k: np.sum(np.exp(np.linalg.eigvalsh(plainly(t, k)))),
        lambda k: mp.expm1(2) + 2 * mp.exp(k),
    ),
    "singular": (lambda t, k: np.linalg.svd(plainly(t, k), compute_uv=False)[0], larger),
    "the 2-norm": (lambda t, k: np.linalg.norm(plainly(t, k), 2), larger),
    "through zero": (
        lambda t, k: np.linalg.svd(plainly(t - k, 3.0), compute_uv=False)[1],
        lambda k: (k**2 + (2 - k) ** 2) / 2,
    ),
    "the nuclear norm": (
        lambda t, k: np.linalg.norm(plainly(t - k, 3.0), "nuc"),
        lambda k: (k**2 + (2 - k) ** 2) / 2 + 6,
    ),
    "of singular vectors": (of_singular_vectors, lambda k: 2 + (4 - k * k) / 2),
    "three": (three, between),
}
WAYS = {
    "quad": lambda r: lambda k: quad(lambda t: r(t, k), 0, 2)[0],
    "of the state": lambda r: lambda k: solve_ivp(lambda t, y: [r(y[1], k), 1.0 + 0 * y[1]], (0, 2), [0.0, 0.0]).y[0, -1],
    "LSODA": lambda r: lambda k: solve_ivp(lambda t, y: [r(t, k)], (0, 2), [0.0], "LSODA").y[0, -1],
}  # fmt: skip


@pytest.mark.parametrize("way", [pytest.param(way, marks=pytest.mark.slow) if way != "quad" else way for way in WAYS])
@pytest.mark.parametrize("name", CASES)
def test_changing_places(name, way):
    # first derivatives were right to 1e-4 (0.7 off where vectors decide), second ones lacked the share of the crossing, in silence
    integrand, integral = CASES[name]
    f = WAYS[way](integrand)
    gradient = gw.grad(f, method="exact")
    np.testing.assert_allclose(gradient(K), float(mp.diff(integral, K)), rtol=1e-8, atol=1e-8)
    second = float(mp.diff(integral, K, 2))
    np.testing.assert_allclose(gw.grad(gradient, method="exact")(K), second, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(gw.jvp(f, (K,), (1.0,), method="exact")[1], gradient(K), rtol=1e-9, atol=1e-9)


def test_eigenvalues_that_turn_round():
    # they come as near as 0.1 and part again
    def integrand(t, k):
        return np.linalg.eigvalsh(np.array([[t, 0.05], [0.05, k]]))[1]

    wanted = 1 - np.hypot((2 - K) / 2, 0.05) + np.hypot(K / 2, 0.05)
    for way in WAYS.values():
        np.testing.assert_allclose(gw.grad(way(integrand), method="exact")(K), wanted, rtol=1e-8)


def test_a_limit_where_eigenvalues_are_equal():
    def f(k):
        return quad(lambda t: np.linalg.eigvalsh(turned(t, k, t))[1], k, 2)[0]

    gradient = gw.grad(f, method="exact")
    np.testing.assert_allclose(gradient(K), -K, rtol=1e-8)
    np.testing.assert_allclose(gw.grad(gradient, method="exact")(K), -1.0, rtol=1e-6)


def test_more_than_two_at_once_raise():
    def integrand(t, k):
        return np.linalg.eigvalsh(np.array([[t, 0, 0], [0, k, 0], [0, 0, 2 * k - t]]))[2]

    for way in ("quad", "of the state"):
        with pytest.raises(gw.TracingError, match="meet in pairs"):
            gw.grad(WAYS[way](integrand), method="exact")(K)
