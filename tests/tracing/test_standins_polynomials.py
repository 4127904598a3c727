"""``np.poly1d`` and ``numpy.polynomial``, as users write them."""

import numpy as np
import pytest
from numpy.polynomial import (
    Chebyshev,
    Hermite,
    HermiteE,
    Laguerre,
    Legendre,
    Polynomial,
    chebyshev,
    hermite,
    hermite_e,
    laguerre,
    legendre,
    polynomial,
)

import gradwise as gw

X = np.array([0.4, 1.7, -0.3, 0.9])
A = np.array([0.1, -0.5, 0.7])
VALUES = {
    "polyval": polynomial.polyval,
    "chebval": chebyshev.chebval,
    "legval": legendre.legval,
    "hermval": hermite.hermval,
    "hermeval": hermite_e.hermeval,
    "lagval": laguerre.lagval,
}
CLASSES = (Polynomial, Chebyshev, Legendre, Hermite, HermiteE, Laguerre)


def check(f):
    want = f(X)
    value, derivative = gw.value_and_grad(f, method="exact")(X)
    np.testing.assert_array_equal(value, want)
    wanted = [(f(X + 1e-6 * e) - f(X - 1e-6 * e)) / 2e-6 for e in np.eye(4)]
    np.testing.assert_allclose(derivative, wanted, rtol=1e-7, atol=1e-8)
    hessian = gw.hessian(f, method="exact")(X)
    gradient = gw.grad(f, method="exact")
    rows = [(gradient(X + 1e-6 * e) - gradient(X - 1e-6 * e)) / 2e-6 for e in np.eye(4)]
    np.testing.assert_allclose(hessian, rows, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", VALUES)
def test_values_of_series(name):
    f = VALUES[name]
    check(lambda x: f(0.3, x))
    check(lambda x: f(x[0], [1.0, x[1], 2, x[2], x[3]]))
    check(lambda x: f(x, [1.0, 2.0, -1.0]).sum())
    check(
        lambda x: (
            f(x[:2], np.array([[x[2], 1.0], [x[3], 2.0], [0.5, x[0]]])) * np.array([[1.0, 2.0], [3.0, 4.0]])
        ).sum()
    )
    check(lambda x: f(A, np.array([[x[2], 1.0, 2.0], [x[3], 2.0, x[0]]]), tensor=False).sum())
    check(lambda x: f(A * x[0], [x[1]]).sum())


@pytest.mark.parametrize("cls", CLASSES)
def test_series_as_objects(cls):
    check(lambda x: cls([x[0], x[1], 2.0, x[2]])(x[3]))
    check(lambda x: cls(x)(A).sum())
    check(lambda x: cls([1.0, 2.0, 3.0])(x).sum())
    check(lambda x: cls([1.0, 2.0, 3.0], domain=[0, 4])([x[0], x[1]]).sum())


def test_poly1d():
    check(lambda x: np.poly1d([x[0], x[1], 1.0])(x[2]))
    check(lambda x: np.poly1d(x)(2.0) + np.poly1d([1.0, 2.0])(x[3]))
    check(lambda x: np.poly1d([1.0, 2.0, 3.0])(x).sum())


def test_plain_series_stay_as_they_are():
    def f(x):
        series = Polynomial([1.0, 2.0])
        assert series.degree() == 1
        assert isinstance(series, Polynomial)
        assert (series * series)(1.0) == 9.0
        return x @ x * series(2.0)

    np.testing.assert_array_equal(gw.grad(f, method="exact")(X), 10 * X)
