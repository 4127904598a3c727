"""FITPACK's splines of traced data, weights and smoothing factor: against differences of the smoothing problem in the same knots, solved tightly."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import interpolate as si
from scipy.optimize import brentq

import gradwise as gw

X = np.linspace(0, 5, 20) + 0.05 * np.sin(np.arange(20))
W = 1 + 0.3 * np.cos(np.arange(20.0))
AT = np.array([0.0, 0.4, 1.3, 3.9, 4.9])
P = 0.9


def data(p):
    return np.sin(p * X) + 0.2 * np.cos(7 * X + p)


def of_class(p, w, s, k):
    return si.UnivariateSpline(X, data(p), w, k=k, s=s)


def of_splrep(p, w, s, k):
    t, c, degree = si.splrep(X, data(p), w, k=k, s=s)
    return lambda x: si.splev(x, (t, c, degree))


def of_make_splrep(p, w, s, k):
    return si.make_splrep(X, data(p), w=w, k=k, s=s)


#: what depends on p: weights and smoothing factor, degree
CASES = {
    "data": (lambda p: (None, 0.3), 3),
    "weights": (lambda p: (W * p**2, 0.3), 3),
    "a factor": (lambda p: (None, 0.2 * p), 3),
    "all": (lambda p: (W * p, 0.3 * p**2), 3),
    "a line": (lambda p: (None, 0.5), 1),
    "of degree five": (lambda p: (W, 0.1), 5),
    "a polynomial": (lambda p: (W * p, 400.0), 3),
    "a default": (lambda p: (None, None), 4),
    "through the data": (lambda p: (None, 0.0), 3),
}


def jumps(t, k):
    """Of the highest derivatives of the B-splines at the inner knots, by their polynomials."""
    rows = []
    for unit in np.eye(len(t) - k - 1):
        pieces = si.PPoly.from_spline(si.BSpline(t, unit, k))
        rows.append(np.diff(pieces.c[0][np.diff(pieces.x) > 0]))
    return np.array(rows).T


def tightly(p, maker, settings, k, start):
    """The spline of p in the knots of ``start``, with the sum that it has there, changed as the factor is."""
    w, s = settings(start)
    if maker is of_splrep:
        t, c, _ = si.splrep(X, data(start), w, k=k, s=s)
    else:
        spline = maker(start, w, s, k)
        t, c = (spline.t, spline.c) if hasattr(spline, "t") else (spline.get_knots(), spline.get_coeffs())
        t = t if hasattr(spline, "t") else np.concatenate([[t[0]] * k, t, [t[-1]] * k])
    count = len(t) - k - 1
    A, B = si.BSpline.design_matrix(X, t, k).toarray(), jumps(t, k)

    def least(lam, w, p):
        rows = np.concatenate([w[:, None] * A, np.sqrt(lam) * B])
        found = np.linalg.lstsq(rows, np.concatenate([w * data(p), np.zeros(len(B))]), rcond=None)[0]
        return found, np.sum((w * (data(p) - A @ found)) ** 2)

    weights = np.ones(20) if w is None else w
    now = np.ones(20) if settings(p)[0] is None else settings(p)[0]
    wanted = np.sum((weights * (data(start) - A @ c[:count])) ** 2)
    if wanted <= least(0.0, weights, start)[1] * (1 + 1e-9) + 1e-20 or not len(B):
        return si.BSpline(t, least(0.0, now, p)[0], k)(AT)
    wanted += 0.0 if s is None else settings(p)[1] - s
    log_lam = brentq(lambda v: np.log(least(np.exp(v), now, p)[1] / wanted), -30, 30, xtol=1e-14)
    return si.BSpline(t, least(np.exp(log_lam), now, p)[0], k)(AT)


@pytest.mark.parametrize("maker", [of_class, of_splrep, of_make_splrep])
@pytest.mark.parametrize("name", CASES)
def test_smoothing(name, maker):
    # they raised
    settings, k = CASES[name]
    if maker is of_make_splrep:
        if not hasattr(si, "make_splrep"):
            pytest.skip("this SciPy has no make_splrep")
        if settings(P)[1] is None:
            pytest.skip("it has no default")

    def f(p):
        w, s = settings(p)
        return maker(p, w, s, k)(AT)

    def truth(p):
        return tightly(p, maker, settings, k, P)

    np.testing.assert_allclose(f(P), truth(P), rtol=1e-6, atol=1e-8)
    h = 2e-4
    values = [truth(P + i * h) for i in (-2, -1, 0, 1, 2)]
    first = (values[0] - 8 * values[1] + 8 * values[3] - values[4]) / (12 * h)
    second = (-values[0] + 16 * values[1] - 30 * values[2] + 16 * values[3] - values[4]) / (12 * h * h)
    forward = gw.jacfwd(f, method="exact")
    np.testing.assert_allclose(forward(P), first, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(gw.jacrev(f, method="exact")(P), forward(P), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(gw.jacfwd(forward, method="exact")(P), second, rtol=1e-4, atol=1e-3)


def test_what_a_spline_is_asked():
    def spline(p):
        return si.UnivariateSpline(X, data(p), s=0.3)

    def slope(f):
        return gw.jacobian(f, method="exact")(P)

    np.testing.assert_allclose(
        slope(lambda p: spline(p).derivative()(AT)), slope(lambda p: spline(p)(AT, 1)), rtol=1e-9, atol=1e-10
    )
    whole = slope(lambda p: spline(p).integral(0.5, 2.0))
    np.testing.assert_allclose(slope(lambda p: (a := spline(p).antiderivative())(2.0) - a(0.5)), whole, rtol=1e-9)
    np.testing.assert_allclose(np.polynomial.legendre.leggauss(60)[1] @ slope(
        lambda p: spline(p)(1.25 + 0.75 * np.polynomial.legendre.leggauss(60)[0])) * 0.75, whole, rtol=1e-4
    )  # fmt: skip
    moving = slope(lambda p: spline(p)(1.3 * p / P))
    fixed = slope(lambda p: spline(p)(1.3)) + spline(P)(1.3, 1) * 1.3 / P
    np.testing.assert_allclose(moving, fixed, rtol=1e-9)
    np.testing.assert_allclose(slope(lambda p: spline(p).derivatives(1.3)[2]), slope(lambda p: spline(p)(1.3, 2)))
    assert np.array_equal(gw.value_and_grad(lambda p: spline(p).get_coeffs().sum())(P)[0], spline(P).get_coeffs().sum())


def test_what_is_left_raises():
    for f in (
        lambda p: si.UnivariateSpline(X * p, data(P), s=0.3)(1.0),
        lambda p: si.splrep(X, data(p), s=0.3, per=True)[1][0],
        lambda p: si.UnivariateSpline(X, data(p), s=0.3).roots()[0],
    ):
        with warnings.catch_warnings(), pytest.raises(gw.TracingError):
            warnings.simplefilter("ignore")
            gw.grad(f, method="exact")(P)
