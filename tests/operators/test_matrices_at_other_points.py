"""Programs of decompositions and roots where NumPy and SciPy take another order, another sign or another kind of numbers than where the program was made."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

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
