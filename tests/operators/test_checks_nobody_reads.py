"""Operations whose results nobody reads may be there to fail: a program computes them all the same."""

import cmath
import math

import numpy as np
import pytest
import scipy.linalg

import gradwise as gw


def symmetric(x):
    return np.array([[1.0, x[0]], [x[0], 1.0]])


def diagonal(x):
    return np.array([[x[0], 0.0], [0.0, 1.0]])


#: the check, and a first number at which it fails; it does not at 0.5
CHECKS = {
    "cholesky": (lambda x: np.linalg.cholesky(symmetric(x)), -2.0),
    "scipy cholesky": (lambda x: scipy.linalg.cholesky(symmetric(x), lower=True), 2.0),
    "cho_factor": (lambda x: scipy.linalg.cho_factor(symmetric(x)), np.nan),
    "inv": (lambda x: np.linalg.inv(diagonal(x)), 0.0),
    "solve": (lambda x: np.linalg.solve(diagonal(x), np.ones(2)), 0.0),
    "scipy inv": (lambda x: scipy.linalg.inv(diagonal(x)), np.inf),
    "stacked": (lambda x: np.linalg.inv(np.stack([diagonal(x), np.eye(2)])), 0.0),
    "log": (lambda x: math.log(x[0]), -1.0),
    "log to a base": (lambda x: math.log(x[0], 3), 0.0),
    "sqrt": (lambda x: math.sqrt(x[0]), -1.0),
    "exp": (lambda x: math.exp(100.0 * x[0]), 10.0),
    "pow": (lambda x: math.pow(x[0], -1.5), 0.0),
    "acos": (lambda x: math.acos(x[0]), 1.5),
    "division": (lambda x: 1.0 / float(x[0]), 0.0),
    "power": (lambda x: float(x[0]) ** -2, 0.0),
    "remainder": (lambda x: 5.0 % float(x[0]), 0.0),
    "complex": (lambda x: cmath.log(complex(x[0], 0.0)), 0.0),
    "used and not read": (lambda x: np.array([math.log(x[0]), 1.0]) * 2.0, -1.0),
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_error_is_raised(name):
    check, bad = CHECKS[name]

    def f(x):
        check(x)
        return x[1] ** 2

    for operator in (gw.grad, gw.hessian, gw.jacobian, gw.value_and_grad):
        derivative = operator(f)
        for k in range(6):
            derivative(np.array([0.5 + 1e-3 * k, 2.0]))
        with pytest.raises((ArithmeticError, ValueError)) as expected:
            f(np.array([bad, 2.0]))
        with pytest.raises(type(expected.value)):
            derivative(np.array([bad, 2.0]))


@pytest.mark.parametrize("name", CHECKS)
def test_the_handler_is_reached(name):
    check, bad = CHECKS[name]

    def f(x):
        try:
            check(x)
        except (ArithmeticError, ValueError):
            return x[1] ** 3
        return x[1] ** 2

    gradient, hessian = gw.grad(f), gw.hessian(f)
    for k in range(6):
        np.testing.assert_array_equal(gradient(np.array([0.5 + 1e-3 * k, 2.0])), [0.0, 4.0])
        np.testing.assert_array_equal(hessian(np.array([0.5 + 1e-3 * k, 2.0])), [[0.0, 0.0], [0.0, 2.0]])
    for _ in range(6):
        np.testing.assert_allclose(gradient(np.array([bad, 2.0])), [0.0, 12.0])
        np.testing.assert_allclose(hessian(np.array([bad, 2.0])), [[0.0, 0.0], [0.0, 12.0]])
    np.testing.assert_array_equal(gradient(np.array([0.5, 2.0])), [0.0, 4.0])


def test_in_a_long_loop():
    def f(x):
        s = x[1]
        for k in range(400):
            try:
                math.log(x[0] - 1e-3 * k)
                s = 0.99 * s
            except ValueError:
                s = 0.98 * s
        return s

    gradient = gw.grad(f)
    for first in (0.5, 0.5, 0.5, 0.5, 0.5, 0.45, 0.3, 0.2, 0.5):
        failing = sum(first - 1e-3 * k <= 0 for k in range(400))
        x = np.array([first, 1.0])
        np.testing.assert_allclose(gradient(x), [0.0, 0.98**failing * 0.99 ** (400 - failing)], rtol=1e-12)
