"""Smoothing splines of traced data, weights and penalty: against complex steps through the normal equations of B-splines, and differences of a cross-validation that is solved tightly."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from scipy.interpolate import BSpline, make_interp_spline, make_smoothing_spline
from scipy.optimize import brentq

import gradwise as gw

X = np.linspace(0, 5, 12) + 0.1 * np.sin(np.arange(12))
Y = np.sin(X) + 0.1 * np.cos(7 * X)
W = 1 + 0.3 * np.cos(np.arange(12.0))
AT = np.array([0.4, 1.3, 4.9])


def solved(y, w, lam):
    """The natural splines through unit vectors for a basis, with their penalty from Gauss' nodes: y, w and lam may be complex."""
    basis = [make_interp_spline(X, unit, bc_type="natural") for unit in np.eye(len(X))]
    nodes, weights = np.polynomial.legendre.leggauss(3)
    places = (0.5 * (X[1:] + X[:-1])[:, None] + 0.5 * np.diff(X)[:, None] * nodes).ravel()
    sizes = (0.5 * np.diff(X)[:, None] * weights).ravel()
    bends = np.array([b.derivative(2)(places) for b in basis])
    values = np.linalg.solve(np.diag(w) + lam * (bends * sizes) @ bends.T, w * y)
    return np.array([b(AT) for b in basis]).T @ values


#: data, weights and penalty as functions of a number, and the number
CASES = {
    "penalty": (lambda p: (Y + 0 * p, None, p), 0.9),
    "weights": (lambda p: (Y + 0 * p, W + p * X, 0.5), 0.9),
    "data": (lambda p: (np.sin(p * X), W, 0.5), 0.9),
    "all": (lambda p: (np.sin(p * X), W * p, p**2), 0.7),
}


@pytest.mark.parametrize("name", CASES)
def test_given_penalties(name):
    # by penalty and weights they raised
    made, at = CASES[name]

    def f(p):
        y, w, lam = made(p)
        return make_smoothing_spline(X, y, w, lam)(AT)

    def truth(p):
        y, w, lam = made(p)
        return solved(y, np.ones(12) if w is None else w, lam)

    np.testing.assert_allclose(f(at), truth(at), rtol=1e-8)
    first = gw.jacfwd(f, method="exact")
    np.testing.assert_allclose(first(at), truth(at + 1e-30j).imag / 1e-30, rtol=1e-8)
    np.testing.assert_allclose(gw.jacrev(f, method="exact")(at), first(at), rtol=1e-11)
    h = 1e-5
    second = (truth(at + h + 1e-30j) - truth(at - h + 1e-30j)).imag / 1e-30 / (2 * h)
    np.testing.assert_allclose(gw.jacfwd(first, method="exact")(at), second, rtol=1e-6, atol=1e-8)


@pytest.mark.skipif(
    "axis" not in inspect.signature(make_smoothing_spline).parameters, reason="this SciPy takes one column"
)
def test_columns():
    def f(p):
        return make_smoothing_spline(X, np.stack([np.sin(p * X), p * X**2], 1), lam=p)(AT)

    columns = [lambda p: solved(np.sin(p * X), np.ones(12), p), lambda p: solved(p * X**2, np.ones(12), p)]
    truth = np.stack([c(0.9 + 1e-30j).imag / 1e-30 for c in columns], 1)
    np.testing.assert_allclose(gw.jacfwd(f, method="exact")(0.9), truth, rtol=1e-8)


def cross_validated(y):
    """The penalty of least cross-validation, to ten digits, by SciPy's splines of unit vectors."""

    def score(log_lam):
        lam = np.exp(log_lam)
        rest = y - make_smoothing_spline(X, y, W, lam)(X)
        hat = np.array([make_smoothing_spline(X, unit, W, lam)(X) for unit in np.eye(len(X))])
        return np.log(rest @ rest) - 2 * np.log(len(X) - np.trace(hat))

    def slope(t, h=2e-3):
        return (8 * (score(t + h) - score(t - h)) - score(t + 2 * h) + score(t - 2 * h)) / (12 * h)

    start = np.log(0.02)
    return np.exp(brentq(slope, start - 3, start + 3, xtol=1e-12))


@pytest.mark.slow
def test_cross_validation():
    def data(p):
        return Y + np.sin(p * X) ** 2

    def truth(p):
        return make_smoothing_spline(X, data(p), W, cross_validated(data(p)))(AT)

    found = gw.jacobian(lambda p: make_smoothing_spline(X, data(p), W)(AT), method="exact")
    h = 1e-3
    values = [truth(0.9 + k * h) for k in (-2, -1, 0, 1, 2)]
    first = (values[0] - 8 * values[1] + 8 * values[3] - values[4]) / (12 * h)
    np.testing.assert_allclose(found(0.9), first, rtol=2e-6, atol=1e-7)
    second = (-values[0] + 16 * values[1] - 30 * values[2] + 16 * values[3] - values[4]) / (12 * h * h)
    np.testing.assert_allclose(gw.jacobian(found, method="exact")(0.9), second, rtol=1e-3, atol=1e-4)


def test_what_is_left_raises():
    with pytest.raises(gw.TracingError, match="traced places"):
        gw.grad(lambda p: make_smoothing_spline(X * p, Y, lam=0.5)(1.3), method="exact")(1.1)
    with pytest.raises(gw.TracingError, match="Give lam"):
        gw.grad(lambda p: make_smoothing_spline(X, Y, W * p)(1.3), method="exact")(1.1)


def test_the_result_is_a_spline():
    def f(p):
        spline = make_smoothing_spline(X, Y, lam=p)
        assert isinstance(spline, BSpline)
        return spline.derivative()(1.3) + spline.integrate(0.5, 2.0)

    h = 1e-4
    np.testing.assert_allclose(gw.grad(f, method="exact")(0.9), (f(0.9 + h) - f(0.9 - h)) / (2 * h), rtol=1e-6)
