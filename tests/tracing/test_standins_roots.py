"""Roots that SciPy finds are functions of what their equation depends on: against closed forms, with the values that SciPy gives."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
from scipy import integrate, optimize
from scipy.optimize import brentq, fixed_point, fsolve, newton, root, root_scalar

import gradwise as gw

X = 2.0
T = X ** (1 / 3)  # the root of t³ = x
SLOPE = 1 / (3 * T**2)


def cube(t, x):
    return t**3 - x


def exact(f, x):
    with np.errstate(all="raise"):
        return gw.grad(f, method="exact")(x)


@pytest.mark.parametrize("name", ["brentq", "brenth", "bisect", "ridder", "toms748"])
def test_brackets(name):
    find = getattr(optimize, name)

    def f(x):
        return find(lambda t: t**3 - x, 0.0, 3.0, xtol=1e-13)

    value, slope = gw.value_and_grad(f, method="exact")(X)
    assert value == f(X)
    assert type(value) is type(f(X))
    np.testing.assert_allclose(slope, SLOPE, rtol=1e-11)


def with_math(x):
    return brentq(lambda t: math.exp(3 * math.log(t)) - float(x), 0.1, 3.0)


def with_report(x):
    t, report = brentq(cube, 0.0, 3.0, args=(x,), full_output=True)
    assert report.converged
    return t + 0.0 * report.root


def in_steps(x):
    total = 0.0
    for k in range(1, 4):
        total += brentq(lambda t, k=k: t**3 - k * x, 0.0, 5.0) / k ** (1 / 3) / 3
    return total


def by_two_ends(x):
    return brentq(cube, 0.0, 1.0 + x, args=(x,))


class Equation:
    def __init__(self, x):
        self.x = x

    def residual(self, t):
        return float(t) ** 3 / self.x - 1.0

    def solved(self):
        return brentq(self.residual, 0.0, 3.0)


SCALAR = {
    "math": with_math,
    "report": with_report,
    "loop": in_steps,
    "ends that are traced": by_two_ends,
    "method": lambda x: Equation(x).solved(),
    "partial": lambda x: brentq(functools.partial(cube, x=x), 0.0, 3.0),
    "newton": lambda x: newton(cube, 1.0, args=(x,)),
    "newton with its slope": lambda x: newton(cube, 1.0, fprime=lambda t, x: 3 * t * t, args=(x,)),
    "halley": lambda x: newton(cube, 1.0, fprime=lambda t, x: 3 * t**2, fprime2=lambda t, x: 6 * t, args=(x,)),
    "newton from a traced start": lambda x: newton(cube, x, args=(x,)),
    "root_scalar": lambda x: root_scalar(cube, args=(x,), bracket=(0.0, 3.0)).root,
    "root_scalar by secants": lambda x: root_scalar(cube, args=(x,), x0=1.0, x1=1.5).root,
    "root_scalar with slope": lambda x: root_scalar(lambda t: (t**3 - x, 3 * t**2), x0=1.0, fprime=True).root,
    "fsolve": lambda x: fsolve(lambda z: z**3 - x, 1.0)[0],
    "root": lambda x: root(lambda z: z**3 - x, 1.0).x[0],
    "root with jac": lambda x: root(lambda z: (z**3 - x, np.diag(3 * z**2)), np.ones(1), jac=True).x[0],
    "root by another method": lambda x: root(lambda z: z**3 - x, np.ones(1), method="lm").x[0],
    "fixed_point": lambda x: fixed_point(lambda t: 0.5 * (t + x / t**2), 1.2, xtol=1e-12),
}


@pytest.mark.parametrize("name", SCALAR)
def test_one_equation(name):
    f = SCALAR[name]
    value, slope = gw.value_and_grad(f, method="exact")(X)
    assert value == f(X)
    np.testing.assert_allclose(value, T, rtol=1e-9)
    np.testing.assert_allclose(slope, SLOPE, rtol=1e-7)


def test_numbers_that_have_an_equation_each():
    x = np.array([1.0, 2.0, 3.0])
    jacobian = gw.jacobian(lambda x: newton(lambda t: t**3 - x, np.ones(3)), method="exact")(x)
    np.testing.assert_allclose(jacobian, np.diag(x ** (-2 / 3) / 3), rtol=1e-9, atol=1e-15)


def coupled(x):
    def g(z):
        return [z[0] + x[0] * np.exp(z[1]) - 2.0, z[1] ** 3 + x[1] * z[0] - 1.0]

    return g


@pytest.mark.parametrize(
    "solve", [lambda g: fsolve(g, [-1.0, 1.2]), lambda g: root(g, np.array([-1.0, 1.2]), tol=1e-13).x]
)
def test_coupled_equations(solve):
    x = np.array([1.0, 0.5])
    z = solve(coupled(x))
    by_root = np.array([[1.0, x[0] * np.exp(z[1])], [x[1], 3 * z[1] ** 2]])
    by_x = np.array([[np.exp(z[1]), 0.0], [0.0, z[0]]])
    jacobian = gw.jacobian(lambda x: solve(coupled(x)), method="exact")(x)
    np.testing.assert_allclose(jacobian, -np.linalg.solve(by_root, by_x), rtol=1e-7)


def test_second_and_third_derivatives():
    f = functools.partial(brentq, cube, 0.0, 3.0)

    def t(x):
        return f(args=(x,))

    np.testing.assert_allclose(gw.derivative(t, 2, method="exact")(X), -2 / 9 * X ** (-5 / 3), rtol=1e-9)
    np.testing.assert_allclose(gw.derivative(t, 3, method="exact")(X), 10 / 27 * X ** (-8 / 3), rtol=1e-8)

    def z(x):
        return root(lambda z: np.array([z[0] ** 3 - x[0], z[1] - z[0] * x[0]]), np.ones(2), tol=1e-13).x[1]

    np.testing.assert_allclose(gw.hessian(z, method="exact")(np.array([X])), [[4 / 9 * X ** (-2 / 3)]], rtol=1e-7)


def test_a_root_inside_a_root():
    def f(x):
        return brentq(lambda s: brentq(lambda t: t**3 - s, 0.0, 3.0) - x, 0.5, 8.0)  # s = x³

    np.testing.assert_allclose(exact(f, 1.5), 3 * 1.5**2, rtol=1e-9)


def test_what_does_not_depend_on_it_is_scipys():
    def f(x):
        t, report = brentq(lambda t: t**3 - 2.0, 0.0, 3.0, full_output=True)
        z = fsolve(lambda z: z**2 - 4.0, 1.0)
        return x * t + report.iterations * 0.0 + z[0]

    value, slope = gw.value_and_grad(f, method="exact")(1.5)
    assert value == f(1.5)
    assert slope == brentq(lambda t: t**3 - 2.0, 0.0, 3.0)


def test_what_is_no_root_has_no_derivative():
    with pytest.raises(gw.TracingError, match="root did not converge"):
        exact(lambda x: root(lambda z: z**2 + x, 1.0).x[0], 2.0)
    with pytest.raises(gw.TracingError, match="brentq did not converge"):
        exact(lambda x: brentq(cube, 0.0, 3.0, args=(x,), maxiter=2, full_output=True, disp=False)[0], 2.0)


def test_errors_are_scipys():
    with pytest.raises(ValueError, match="different signs"):
        exact(lambda x: brentq(lambda t: t**2 + x, 0.0, 1.0), 1.0)
    with pytest.raises(RuntimeError, match="Failed to converge"):
        exact(lambda x: newton(lambda t: t**2 + x, 1.0), 1.0)


def test_further_arguments_in_a_list() -> None:
    """Where SciPy goes over them as they are, a list of two is two arguments; where it asks for a tuple, it is one."""
    two = {
        "newton": lambda p: optimize.newton(lambda x, a, b: x**3 - a * b, 1.0, args=[p, p]),
        "newton with a slope": lambda p: optimize.newton(
            lambda x, a, b: x**3 - a * b, 1.0, fprime=lambda x, a, b: 3 * x * x, args=[p, p]
        ),
        "newton, entries of an array": lambda p: optimize.newton(
            lambda x, a, b: x**3 - a * b, 1.0, args=p * np.ones(2)
        ),
        "fixed_point": lambda p: (
            (p * p) ** (1 / 3) + 0 * optimize.fixed_point(lambda x, a, b: np.cos(a * x) * b, 0.5, args=[p, 0.5])
        ),
        "least_squares": lambda p: optimize.least_squares(lambda x, a, b: x**3 - a * b, [1.0], args=[p, p]).x[0],
        "brentq": lambda p: optimize.brentq(lambda x, a: x**3 - a[0] * a[1], 0.0, 5.0, args=[p, p]),
        "fsolve": lambda p: optimize.fsolve(lambda x, a: x**3 - a[0] * a[1], 1.0, args=[p, p])[0],
    }
    for f in two.values():
        np.testing.assert_allclose(gw.grad(f, method="exact")(1.7), 2 / 3 * 1.7 ** (-1 / 3), rtol=1e-7)
    three = {
        "fixed_quad": lambda p: integrate.fixed_quad(lambda t, a, b: t * a * b, 0, 1, args=[p, p])[0],
        "nquad": lambda p: 2 * integrate.nquad(lambda t, s, a, b: t * s * a * b, [[0, 1], [0, 1]], args=[p, p])[0],
        "dblquad": lambda p: (
            2 * integrate.dblquad(lambda t, s, a, b: t * s * a * b, 0, 1, lambda _: 0, lambda _: 1, args=[p, p])[0]
        ),
        "quad": lambda p: integrate.quad(lambda t, a: t * a[0] * a[1], 0, 1, args=[p, p])[0],
    }
    for f in three.values():
        np.testing.assert_allclose(gw.grad(f, method="exact")(1.7), 1.7, rtol=1e-10)
