"""SciPy's solvers of differential equations as objects, one step at a time: the derivative of the steps that they take."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.integrate

import gradwise as gw

P = np.array([0.7, 1.3, 0.4])


def differences(f, x, h=1e-4):
    steps = h * np.eye(x.size)
    return [(8 * (f(x + e) - f(x - e)) - f(x + 2 * e) + f(x - 2 * e)) / (12 * h) for e in steps]


@pytest.mark.parametrize(
    ("name", "rtol"), [("RK45", 1e-3), ("RK45", 1e-8), ("RK23", 1e-6), ("DOP853", 1e-9), ("BDF", 1e-6), ("Radau", 1e-6)]
)
def test_steps_to_the_end(name, rtol):
    def f(p):
        rate = lambda t, y: np.array([-p[0] * y[0] * y[1], np.sin(t) * p[1] - y[1]])
        solver = getattr(scipy.integrate, name)(rate, 0.0, p[1:3], 0.5, rtol=rtol, atol=rtol * 1e-2)
        while solver.status == "running":
            solver.step()
        return solver.y @ np.array([1.0, 2.0])

    value, found = gw.value_and_grad(f, method="exact")(P)
    assert value == f(P)
    np.testing.assert_allclose(found, differences(f, P), atol=2e-8)


def test_between_steps():
    def f(p):
        solver = scipy.integrate.RK45(lambda t, y: -p[0] * y, 0.0, p[1:3], 2.0)
        solver.step()
        solver.step()
        return solver.dense_output()(0.5 * solver.t).sum()

    for _ in range(4):
        found = gw.grad(f, method="exact")(P)
    np.testing.assert_allclose(found, differences(f, P), atol=1e-9)


def test_rows_of_a_table_that_move_within_it():
    # as the table of differences of such a solver; a shuffle of rows raises
    def f(x):
        table = np.zeros((4, 2))
        table[0] = x
        table[3] = table[0] * x
        for i in (2, 1):
            table[i] += table[i + 1]
        table[0] = table[1]
        return np.sum(table * np.arange(8.0).reshape(4, 2))

    x = np.array([1.5, -0.5])
    np.testing.assert_allclose(gw.grad(f, method="exact")(x), np.arange(8.0).reshape(4, 2).sum(0) * 2 * x, rtol=1e-14)
