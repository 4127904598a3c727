"""Derivatives of incomplete gamma and beta functions by their shape parameters: against mpmath, over many magnitudes."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import scipy.special as sp
import scipy.stats

import gradwise as gw

from .laws import check_function


@pytest.fixture(autouse=True)
def _precision():
    with mp.workdps(40):
        yield


def slope(f, point, k, order=1):
    """The derivative of f in its k-th argument by differences in forty digits."""
    h = mp.mpf(point[k]) * mp.mpf(10) ** -6

    def at(j):
        return f(*[mp.mpf(p) + (j * h if i == k else 0) for i, p in enumerate(point)])

    if order == 1:
        return float((8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h))
    return float((16 * (at(1) + at(-1)) - (at(2) + at(-2)) - 30 * at(0)) / (12 * h * h))


def gamma(a, x):
    return mp.gammainc(a, 0, x, regularized=True)


def beta(a, b, x):
    return mp.betainc(a, b, 0, x, regularized=True)


def student(df, t):
    tail = mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + t * t), regularized=True) / 2
    return 1 - tail if t > 0 else tail


GAMMA = [(a, a * f) for a in (1e-3, 0.3, 1.0, 7.0, 200.0) for f in (1e-6, 0.3, 1.0, 1.2)] + [(2.5, 30.0), (0.05, 5.0)]
BETA = [(a, b, x) for a in (0.01, 1.0, 30.0) for b in (0.3, 4.0, 300.0) for x in (1e-5, 0.1, 0.5, 0.97)]
BETA = [(a, b, x) for a, b, x in BETA if 1e-250 < sp.betainc(a, b, x) and sp.betaincc(a, b, x) > 1e-9]


@pytest.mark.parametrize("point", GAMMA)
def test_gamma(point):
    got = gw.grad(sp.gammainc, method="exact")(*point)
    np.testing.assert_allclose(got, slope(gamma, point, 0), rtol=2e-10, atol=1e-14)
    np.testing.assert_allclose(gw.grad(sp.gammaincc, method="exact")(*point), -got, rtol=1e-15)
    second = gw.derivative(lambda a: sp.gammainc(a, point[1]), order=2)(point[0])
    expected = slope(gamma, point, 0, 2)
    np.testing.assert_allclose(second, expected, rtol=1e-8, atol=1e-13 * max(1.0, 1 / point[0] ** 2))


@pytest.mark.parametrize("point", BETA)
def test_beta(point):
    got = gw.grad(sp.betainc, argnums=(0, 1), method="exact")(*point)
    for k in (0, 1):
        np.testing.assert_allclose(got[k], slope(beta, point, k), rtol=5e-10, atol=1e-14)
    opposite = gw.grad(sp.betaincc, argnums=(0, 1), method="exact")(*point)
    np.testing.assert_allclose(opposite, [-g for g in got], rtol=1e-15)


def test_second_derivatives_of_beta():
    a, b, x = 2.5, 1.3, 0.4
    hessian = gw.hessian(lambda v: sp.betainc(v[0], v[1], v[2]))(np.array([a, b, x]))
    for i in range(3):
        for j in range(3):
            order = tuple(int(i == k) + int(j == k) for k in range(3))
            np.testing.assert_allclose(hessian[i, j], float(mp.diff(beta, (a, b, x), order)), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("point", [(4.5, 0.7), (4.5, -2.0), (0.8, 1.1), (60.0, 0.01), (3.0, 30.0)])
def test_student(point):
    np.testing.assert_allclose(
        gw.grad(sp.stdtr, method="exact")(*point), slope(student, point, 0), rtol=1e-9, atol=1e-15
    )


def test_student_at_zero():
    assert gw.grad(sp.stdtr, method="exact")(4.5, 0.0) == 0


def test_inverses():
    """F(a, F⁻¹(a, p)) = p: its derivative in a is zero."""
    for function, inverse, shapes in (
        (sp.gammainc, sp.gammaincinv, (2.5,)),
        (sp.gammaincc, sp.gammainccinv, (2.5,)),
        (sp.betainc, sp.betaincinv, (2.5, 1.3)),
        (sp.betaincc, sp.betainccinv, (2.5, 1.3)),
        (sp.stdtr, sp.stdtrit, (4.5,)),
    ):
        for k in range(len(shapes)):

            def round_trip(a, function=function, inverse=inverse, shapes=shapes, k=k):
                every = [a if i == k else s for i, s in enumerate(shapes)]
                return function(*every, inverse(*every, 0.3))

            np.testing.assert_allclose(gw.grad(round_trip, method="exact")(shapes[k]), 0, atol=1e-13)


def test_ends():
    gradient = gw.grad(lambda a, x: np.sum(sp.gammainc(a, x)), method="exact")
    np.testing.assert_array_equal(gradient(np.array([2.5, 0.7]), np.array([0.0, np.inf])), [0.0, 0.0])
    gradient = gw.grad(lambda a, x: np.sum(sp.betainc(a, 1.5, x)), method="exact")
    np.testing.assert_allclose(gradient(np.array([2.5, 0.7]), np.array([0.0, 1.0])), [0.0, 0.0], atol=1e-15)


def test_distributions_by_their_shapes():
    for f, at in (
        (lambda p: scipy.stats.t.cdf(0.7, p), 4.5),
        (lambda p: scipy.stats.gamma.ppf(0.3, p), 2.5),
        (lambda p: scipy.stats.chi2.sf(3.0, p), 4.0),
        (lambda p: scipy.stats.beta.cdf(0.3, p, 2.0), 1.5),
        (lambda p: scipy.stats.f.cdf(1.2, 3.0, p), 6.0),
    ):
        h = 1e-4
        differences = (8 * (f(at + h) - f(at - h)) - (f(at + 2 * h) - f(at - 2 * h))) / (12 * h)
        np.testing.assert_allclose(gw.grad(f, method="exact")(at), differences, rtol=1e-8)


A, B, X = np.array([0.7, 2.5]), np.array([1.3, 4.0]), np.array([0.4, 0.6])
CASES = {
    "gammainc": (sp.gammainc, (A, X)),
    "gammaincc": (sp.gammaincc, (A, X)),
    "gammaincinv": (sp.gammaincinv, (A, X)),
    "gammainccinv": (sp.gammainccinv, (A, X)),
    "betainc": (sp.betainc, (A, B, X)),
    "betaincc": (sp.betaincc, (A, B, X)),
    "betaincinv": (sp.betaincinv, (A, B, X)),
    "betainccinv": (sp.betainccinv, (A, B, X)),
    "stdtr": (sp.stdtr, (A + 2, X)),
    "stdtrit": (sp.stdtrit, (A + 2, X)),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_laws(name):
    function, arguments = CASES[name]
    check_function(function, *arguments, order=2, scale=1e-3, rtol=3e-6)


def test_single_precision_stays_single():
    value, tangent = gw.jvp(sp.gammainc, (np.float32([0.7]), np.float32([0.4])), (np.float32([1]), np.float32([0])))
    assert value.dtype == tangent.dtype == np.float32
