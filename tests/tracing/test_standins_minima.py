"""SciPy's minimisers inside a function: the derivative of the minimum, against closed forms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.optimize as so

import gradwise as gw

X = np.array([0.3, 0.1, 0.7])
TIGHT = {"gtol": 1e-11}


def exact(f: Any, x: np.ndarray = X) -> Any:
    return gw.jacobian(f, method="exact", check=False)(x)


def test_minimum_of_a_number() -> None:
    # t − x₀ + 2 x₁ t = 0
    def quadratic(x: Any) -> Any:
        return so.minimize_scalar(lambda t: 0.5 * (t - x[0]) ** 2 + x[1] * t**2, tol=1e-10).x

    s = 1 + 2 * X[1]
    expected = np.array([1 / s, -2 * X[0] / s**2, 0.0])
    np.testing.assert_allclose(exact(quadratic), expected, rtol=1e-7)
    second = np.array([[0, -2 / s**2, 0], [-2 / s**2, 8 * X[0] / s**3, 0], [0, 0, 0]])
    np.testing.assert_allclose(gw.hessian(quadratic, method="exact", check=False)(X), second, rtol=1e-6, atol=1e-9)


def test_math_functions_bounds_and_values() -> None:
    def f(x: Any) -> Any:
        found = so.minimize_scalar(
            lambda t: math.cosh(t - x[0]) + x[1] * t, bounds=(-3, 3), method="bounded", options={"xatol": 1e-10}
        )
        at_bound = so.minimize_scalar(lambda t: (t + x[2]) ** 2, bounds=(0.0, 1.0), method="bounded")
        return np.array([found.x, found.fun, at_bound.fun])

    place = X[0] - math.asinh(X[1])
    expected = [
        [1.0, -1 / math.sqrt(1 + X[1] ** 2), 0.0],
        [X[1], place, 0.0],
        [0.0, 0.0, 2 * X[2]],
    ]
    np.testing.assert_allclose(exact(f), expected, rtol=1e-5, atol=1e-6)


def test_the_minimum_alone() -> None:
    def f(x: Any) -> Any:
        a = so.fminbound(lambda t, a: (t - a) ** 2, -1, 1, args=(x[0] * x[1],), xtol=1e-10)
        return a + so.brent(lambda t: (t - x[2]) ** 2) + so.golden(lambda t: (t - x[2] ** 2) ** 2, tol=1e-9)

    np.testing.assert_allclose(exact(f), [X[1], X[0], 1 + 2 * X[2]], rtol=1e-6)


@pytest.mark.parametrize("method", ["BFGS", "CG", "Newton-CG", "trust-exact", "Nelder-Mead"])
def test_methods_of_minimize(method: str) -> None:
    A = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.2], [0.0, 0.2, 3.0]])

    class Model:
        def __init__(self, b: Any) -> None:
            self.b = b

        def value(self, z: Any) -> Any:
            return 0.5 * z @ A @ z - self.b @ z

        def slope(self, z: Any) -> Any:
            return A @ z - self.b

        def fit(self) -> Any:
            derivatives = {"jac": self.slope, "hess": lambda z: A}
            options = {"xatol": 1e-9, "fatol": 1e-16} if method == "Nelder-Mead" else {}
            given = {k: v for k, v in derivatives.items() if method != "Nelder-Mead"}
            if method in {"BFGS", "CG"}:
                del given["hess"]
            self.result = so.minimize(self.value, np.zeros(3), method=method, options=options, tol=1e-10, **given)
            return self.result.x

    np.testing.assert_allclose(exact(lambda x: Model(x**2).fit()), np.linalg.inv(A) * 2 * X, rtol=1e-5, atol=1e-7)


def test_entries_at_their_bounds_stay() -> None:
    def f(x: Any) -> Any:
        found = so.minimize(
            lambda z: (np.sum((z - x) ** 2), 2 * (z - x)),
            np.full(3, 0.5),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0, None), (0.2, None), (None, 1)],
            options=TIGHT,
        )
        return found.x

    np.testing.assert_allclose(exact(f), np.diag([1.0, 0.0, 1.0]), atol=1e-12)


def test_least_squares_and_fits() -> None:
    t = np.linspace(0.0, 1.0, 6)
    basis = np.stack([np.ones(6), t], -1)
    expected = np.linalg.pinv(basis) @ np.stack([np.exp(t), t**2, np.sin(t)], -1)

    def data(x: Any) -> Any:
        return x[0] * np.exp(t) + x[1] * t**2 + x[2] * np.sin(t)

    fits = [
        lambda x: so.least_squares(lambda p: p[0] + p[1] * t - data(x), [1.0, 1.0]).x,
        lambda x: so.leastsq(lambda p: basis @ p - data(x), [1.0, 1.0])[0],
        lambda x: so.curve_fit(lambda t, a, b: a + b * t, t, data(x))[0],
        lambda x: so.fmin_bfgs(lambda p: np.sum((basis @ p - data(x)) ** 2), np.zeros(2), disp=False),
    ]
    for fit in fits:
        np.testing.assert_allclose(exact(fit), expected, rtol=1e-6, atol=1e-7)


def test_maximum_likelihood_in_an_object() -> None:
    class Normal:
        def __init__(self, data: Any) -> None:
            self.data = data

        def loss(self, theta: Any) -> Any:
            return sum(0.5 * ((v - theta[0]) / math.exp(theta[1])) ** 2 + theta[1] for v in self.data)

        def fit(self) -> Any:
            self.result = so.minimize(self.loss, [0.0, 0.0], method="BFGS", options={"gtol": 1e-9})
            return self.result.x

    mean, spread = X.mean(), X.var()
    expected = [np.full(3, 1 / 3), (X - mean) / (3 * spread)]
    np.testing.assert_allclose(exact(lambda x: Normal(x).fit()), expected, rtol=1e-5)


def test_what_is_no_minimum_raises_and_the_nearest_point_of_a_ring() -> None:
    with pytest.raises(gw.TracingError, match="no minimum"):
        exact(lambda x: so.minimize(lambda z: np.sum((z - x) ** 4), np.full(3, 9.0), options={"maxiter": 1}).x)
    ring = {"type": "eq", "fun": lambda z: z @ z - 1}
    found = exact(lambda x: so.minimize(lambda z: np.sum((z - x) ** 2), X, constraints=[ring], tol=1e-14).x)
    size = np.linalg.norm(X)
    np.testing.assert_allclose(found, (np.eye(3) - np.outer(X, X) / size**2) / size, atol=1e-7)  # x/|x|


def test_minima_of_constants_are_constants() -> None:
    def f(x: Any) -> Any:
        found = so.minimize(lambda z: (z[0] - 1) ** 2, [0.0], tol=1e-10)
        return found.x[0] * x

    np.testing.assert_allclose(exact(f), np.eye(3), rtol=1e-6)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: so.brentq(lambda t: t**3 - x[0], -5, 5, xtol=1e-14) * x[1],
        lambda x: so.fsolve(lambda z: z**3 + z - x, np.zeros(3)).sum(),
        lambda x: so.minimize(lambda z: np.sum((z - x**2) ** 2), np.zeros(3), tol=1e-10).x @ x,
    ],
)
def test_a_promise_of_purity_keeps_no_solution(f: Any) -> None:
    promised = gw.grad(gw.compile(f), method="exact")
    for point in (X, X + 0.5, 2 * X, X - 0.2, 3 * X):
        np.testing.assert_array_equal(promised(point), gw.grad(f, method="exact", check=False)(point))


def test_a_minimum_that_is_not_alone_says_so() -> None:
    """NumPy's LinAlgError came out of the derivative."""
    with pytest.raises(gw.SingularPointError, match="is singular"):
        gw.grad(lambda x: so.minimize(lambda z: (z[0] + z[1] - x) ** 2, [0.0, 0.0], tol=1e-12).x[0])(1.0)
