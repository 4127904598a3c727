"""Programs of decompositions and roots where NumPy and SciPy take another order, another sign or another kind of numbers than where the program was made."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

rng = np.random.default_rng(3)
P = np.array([0.3, -1.2, 0.7, 0.5, 1.1])
PLACES = np.linspace(0.1, 2.0, 12)
VALUES = np.cos(3 * PLACES)
#: turns the plane, and so has no real eigenvalues
TURN = np.array([[0.3, -0.8], [1.1, 0.2]])


def complex_kind(x):
    w = np.linalg.eigvals(x)
    return w * (2.0 if w.dtype.kind == "c" else 3.0)


def first_root(p):
    return np.polynomial.polynomial.polyroots(p)[0].real


def roots_with_zero(p):
    return np.roots(np.concatenate([p, np.zeros(1)])) * np.arange(1, len(p) + 1)


#: name: the function, where the first calls are, points elsewhere, how near
FUNCTIONS = {
    "polyroots": (first_root, P, (P + 0.4, P - 0.7, P[::-1].copy()), 1e-9),
    "roots with one at zero": (lambda p: np.sum(roots_with_zero(p).real), P, (1 - P, P - 0.7, P[::-1].copy()), 1e-9),
    "polyfit": (lambda x: np.polyfit(x, VALUES, 4)[0], PLACES, (0.001 * PLACES, 1000 * PLACES), 1e-11),
    "eigenvalues": (lambda x: np.sum(np.abs(complex_kind(x))), TURN, (np.array([[2.0, 0.3], [0.4, 1.0]]),), 1e-11),
}


def slopes(f, x, h=1e-5):
    found = np.zeros_like(x)
    for k in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[k] = h * max(np.max(np.abs(x)), 1e-3)
        found[k] = (8 * (f(x + e) - f(x - e)) - (f(x + 2 * e) - f(x - 2 * e))) / (12 * e[k])
    return found


@pytest.mark.parametrize("promised", [None, True])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_program_gives_what_a_run_gives_elsewhere(name, promised):
    f, x, elsewhere, near = FUNCTIONS[name]
    g = gw.value_and_grad(f, method="exact", pure=promised)
    for k in range(4):
        g(x * (1 + 1e-3 * k))
    for y in (*elsewhere, x):
        value, slope = g(y)
        expected = slopes(f, y)
        assert value == pytest.approx(f(y), rel=near)
        np.testing.assert_allclose(slope, expected, rtol=1e-6, atol=1e-7 * np.max(np.abs(expected)))


A = np.array([[0.3, -0.8, 0.5], [1.1, 0.2, -0.4], [0.6, 0.9, -0.7]])
S = A + A.T
PAIR = A @ A.T + np.eye(3)
Q, R = scipy.linalg.qr(A)
U = np.array([0.4, -0.7, 1.2])
WEIGHTS = np.arange(1.0, 10.0).reshape(3, 3)


def weighed(v):
    return np.sum(v * WEIGHTS[: v.shape[0], : v.shape[1]]) if v.ndim == 2 else np.sum(v * WEIGHTS[0, : len(v)])


#: whose vectors have signs, places or numbers of SciPy's choice
SIGNS = {
    "eigh": (lambda x: scipy.linalg.eigh(x)[1], S),
    "eigh of some": (lambda x: scipy.linalg.eigh(x, subset_by_index=(1, 2))[1], S),
    "eigh of an interval": (lambda x: scipy.linalg.eigh(x, subset_by_value=(-1.0, 2.0))[0], S),
    "eigh of a pair": (lambda x: scipy.linalg.eigh(x, PAIR)[1], S),
    "eigh_tridiagonal": (lambda x: scipy.linalg.eigh_tridiagonal(x[0], x[1, :2])[1], S),
    "eig_banded": (lambda x: scipy.linalg.eig_banded(x[:2])[1], S),
    "eigenvalues of an interval": (
        lambda x: scipy.linalg.eigvals_banded(x[:2], select="v", select_range=(-1.0, 1.0)),
        S,
    ),
    "svd": (lambda x: scipy.linalg.svd(x, lapack_driver="gesvd")[0], A),
    "rq": (lambda x: scipy.linalg.rq(x)[0], A),
    "qr with pivots": (lambda x: scipy.linalg.qr(x, pivoting=True)[1], A),
    "qr_update": (lambda x: scipy.linalg.qr_update(Q, R, x[0], U)[1], A),
    "qr_delete": (lambda x: scipy.linalg.qr_delete(Q, R + np.triu(x), 1)[1], A),
    "qr_insert": (lambda x: scipy.linalg.qr_insert(Q, R, x[0], 1)[1][:3], A),
    "orth": (lambda x: scipy.linalg.orth(x).shape[1] * x, A),
    "null_space": (lambda x: scipy.linalg.null_space(x[:2]) ** 2, A),
}


def turned_to(found, expected):
    """LAPACK's signs may change within a small step, as its vectors begin at random."""
    if found.ndim == 1:
        return found
    return found * np.where(np.sum(found * expected, axis=0) < 0, -1.0, 1.0)


@pytest.mark.parametrize("name", SIGNS)
def test_signs_and_places_are_those_of_a_call(name):
    vectors, x = SIGNS[name]
    symmetric = x is S

    def f(x):
        return weighed(vectors(x))

    g = gw.value_and_grad(f, method="exact", pure=True)
    seed = np.random.default_rng(7)
    for k in range(4):
        g(x * (1 + 1e-3 * k))
    for _ in range(8):
        y, step = seed.normal(size=(2, 3, 3))
        y, step = (y + y.T, step + step.T) if symmetric else (y, step)
        value, slope = g(y)
        here = vectors(y)
        assert value == pytest.approx(weighed(here), rel=1e-9)
        ahead, behind = (turned_to(vectors(y + h * step), here) for h in (1e-6, -1e-6))
        assert np.sum(slope * step) == pytest.approx(weighed(ahead - behind) / 2e-6, rel=1e-5, abs=1e-6)


def test_one_program_serves_eigenvectors_of_either_sign():
    def f(x):
        return weighed(scipy.linalg.eigh(x)[1])

    g = gw.grad(f, method="exact")
    for _ in range(20):
        y = rng.normal(size=(3, 3))
        g(y + y.T)
    assert shortcuts_of(f)["0"].served >= 10


def test_signs_in_a_batch():
    def f(x):
        return scipy.linalg.eigh(x)[1] * WEIGHTS

    stack = rng.normal(size=(4, 3, 3))
    stack = stack + np.swapaxes(stack, -1, -2)
    np.testing.assert_allclose(gw.vmap(f)(stack), [f(x) for x in stack], rtol=1e-12)
    slopes_ = gw.jacobian(f, method="exact")
    np.testing.assert_allclose(gw.vmap(slopes_)(stack), [slopes_(x) for x in stack], rtol=1e-9)
