"""Functions of ``scipy.special`` written in Python, and Rosenbrock's derivatives: SciPy's value and kind of number, derivatives against closed forms and differences."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
import scipy.special as sp

import gradwise as gw

X = np.array([0.3, -1.2, 0.7, 2.0])
CASES = {
    "factorial": lambda x: sp.factorial(x * x + 1),
    "diric": lambda x: sp.diric(x, 4),
    "sph_harm_y": lambda x: sp.sph_harm_y(3, -2, x, x),
    "sph_harm_y of several orders": lambda x: sp.sph_harm_y([[1], [2], [3]], [[0], [1], [-1]], x, 0.4),
    "rosen_der": scipy.optimize.rosen_der,
    "rosen_hess": scipy.optimize.rosen_hess,
    "logsumexp": sp.logsumexp,
    "logsumexp, weights and sign": lambda x: sp.logsumexp(x, b=[1.0, -2.0, 1.0, 3.0], return_sign=True)[0],
    "logsumexp of a number": lambda x: sp.logsumexp(x[0]) * x,
    "lambertw of a list": lambda x: sp.lambertw([x[0], x[3]]).real,
    "zeta of lists": lambda x: sp.zeta([2.5, 3.5], [x[0], x[3]]),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_value_and_tangent(name):
    f = CASES[name]
    u = np.array([0.4, -0.3, 1.1, 0.2])
    value, tangent = gw.jvp(f, (X,), (u,), method="exact")
    expected = f(X)
    assert type(value) is type(expected)
    np.testing.assert_allclose(value, expected, rtol=1e-15)
    h = 1e-4
    differences = (8 * (f(X + h * u) - f(X - h * u)) - (f(X + 2 * h * u) - f(X - 2 * h * u))) / (12 * h)
    np.testing.assert_allclose(tangent, differences, rtol=1e-8, atol=1e-9 * np.max(np.abs(tangent)))


def test_rosenbrocks_derivatives_are_those_of_rosen():
    np.testing.assert_allclose(
        gw.grad(scipy.optimize.rosen, method="exact")(X), scipy.optimize.rosen_der(X), rtol=1e-13
    )
    np.testing.assert_allclose(
        gw.jacobian(scipy.optimize.rosen_der, method="exact")(X), scipy.optimize.rosen_hess(X), rtol=1e-13
    )


def test_dirichlets_kernel_at_its_peaks():
    second = gw.derivative(lambda x: sp.diric(x, 5), order=2)
    assert second(0.0) == pytest.approx(-(25 - 1) / 12, rel=1e-13)
    assert gw.grad(lambda x: sp.diric(x, 4), method="exact")(2 * np.pi) == pytest.approx(0.0, abs=1e-14)
