"""``scipy.integrate.solve_bvp``: derivatives of solutions in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize

import gradwise as gw

NODES = np.linspace(0, 1, 5)
P = np.array([1.3, 0.7])


def solved(p, **options):
    """y″ = −a² y with y(0) = 0 and y(1) = b."""

    def right(x, y):
        return np.vstack([y[1], -(p[0] ** 2) * y[0]])

    def ends(ya, yb):
        return np.array([ya[0], yb[0] - p[1]])

    return scipy.integrate.solve_bvp(right, ends, NODES, np.zeros((2, 5)), **options)


def closed(p, x):
    return p[1] * np.sin(p[0] * x) / np.sin(p[0])


def slope(p, x):
    return p[1] * p[0] * np.cos(p[0] * x) / np.sin(p[0])


def test_derivatives_hold_at_a_coarse_tolerance_too():
    y, yp = gw.jacobian(lambda p: (solved(p).y, solved(p).yp), method="exact")(P)
    x = solved(P).x
    truth = gw.jacobian(lambda p: np.stack([closed(p, x), slope(p, x), -(p[0] ** 2) * closed(p, x)]))(P)
    np.testing.assert_allclose(np.concatenate([y, yp[1:]]), truth, rtol=1e-7, atol=1e-8)


def test_between_the_nodes_and_the_value():
    value, gradient = gw.value_and_grad(lambda p: solved(p, tol=1e-6).sol(0.4)[0], method="exact")(P)
    assert value == solved(P, tol=1e-6).sol(0.4)[0]
    np.testing.assert_allclose(gradient, gw.grad(lambda p: closed(p, 0.4))(P), rtol=1e-6)


def test_second_derivatives():
    found = gw.hessian(lambda p: solved(p).y[1, 2], method="exact")(P)
    np.testing.assert_allclose(found, gw.hessian(lambda p: slope(p, 0.5))(P), rtol=1e-6, atol=1e-7)


def test_a_parameter_that_is_found():
    """y″ = −k² q y with y = 0 at both ends has k = 2π/√q."""

    def wave_number(q):
        def right(x, y, p):
            return np.vstack((y[1], -(p[0] ** 2) * q * y[0]))

        def ends(ya, yb, p):
            return np.array([ya[0], yb[0], ya[1] - p[0]])

        start = np.zeros((2, 5))
        start[0, [1, 3]] = 1.0, -1.0
        return scipy.integrate.solve_bvp(right, ends, NODES, start, p=[6.0]).p[0]

    assert gw.derivative(wave_number, method="exact")(1.2) == pytest.approx(-np.pi * 1.2**-1.5, rel=1e-6)


def test_a_problem_that_is_not_linear():
    """y″ = −λ e^y (Bratu) with y = 0 at both ends: y(½) = 2 log cosh(θ/4), where θ = √(2λ) cosh(θ/4)."""

    def middle(c):
        def right(x, y):
            return np.vstack((y[1], -c * np.exp(y[0])))

        def ends(ya, yb):
            return np.array([ya[0], yb[0]])

        return scipy.integrate.solve_bvp(right, ends, NODES, np.zeros((2, 5))).y[0, 2]

    def truth(c):
        theta = scipy.optimize.brentq(lambda t: t - np.sqrt(2 * c) * np.cosh(t / 4), 0.0, 4.0, xtol=1e-15)
        return 2 * np.log(np.cosh(theta / 4))

    expected = (8 * (truth(1.001) - truth(0.999)) - (truth(1.002) - truth(0.998))) / 0.012
    assert gw.derivative(middle, method="exact")(1.0) == pytest.approx(expected, rel=1e-6)


def test_what_is_no_solution_is_refused():
    def f(c):
        def right(x, y):
            return np.vstack((y[1], -c * np.exp(y[0])))  # beyond λ = 3.51 there is none

        return scipy.integrate.solve_bvp(right, lambda a, b: np.array([a[0], b[0]]), NODES, np.zeros((2, 5))).y[0, 2]

    with pytest.raises(gw.TracingError, match="found no solution"):
        gw.derivative(f, method="exact")(6.0)


def test_a_problem_that_does_not_move_keeps_scipys_result():
    def f(p):
        def right(x, y):
            return np.vstack([y[1], -y[0]])

        found = scipy.integrate.solve_bvp(right, lambda a, b: np.array([a[0], b[0] - 1]), NODES, np.zeros((2, 5)))
        assert found.success
        return p[0] * found.sol(0.5)[0]

    np.testing.assert_allclose(gw.grad(f, method="exact")(P), [np.sin(0.5) / np.sin(1.0), 0.0], rtol=1e-4)
