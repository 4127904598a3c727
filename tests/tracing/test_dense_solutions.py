"""``OdeSolution`` of plain numbers at traced times: it raised.  Against closed forms and differences of SciPy's own numbers."""

from __future__ import annotations

import numpy as np
import pytest
from closing import closes
from scipy.integrate import solve_ivp

import gradwise as gw

METHODS = ["RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA"]


def course(method="DOP853", span=(0.0, 3.0), start=(1.0, 0.5), **options):
    def pendulum(t, y):
        return [y[1], -np.sin(y[0]) + 0.1 * t]

    return solve_ivp(pendulum, span, start, method=method, dense_output=True, **options).sol


@pytest.mark.parametrize("method", METHODS)
def test_between_the_steps_of_each_method(method) -> None:
    sol = course(method)
    times = sol.ts[:-1] + np.diff(sol.ts) * np.linspace(0.2, 0.8, len(sol.ts) - 1)
    closes(sol, times[1::2], h=1e-4, rtol=1e-6)


def test_a_time_is_a_number_and_slopes_are_the_right_hand_side() -> None:
    sol = course(rtol=1e-11, atol=1e-12)
    y = sol(1.3)
    found = gw.derivative(lambda t: sol(t), method="exact")(1.3)
    np.testing.assert_allclose(found, [y[1], -np.sin(y[0]) + 0.13], rtol=1e-7)
    second = gw.derivative(lambda t: sol(t)[0], order=2, method="exact")(1.3)
    assert abs(second - found[1]) < 1e-5


def test_before_and_beyond_the_steps_backwards_complex_and_lists() -> None:
    closes(course(span=(3.0, 0.0)), [0.31, 1.2, 2.77], h=1e-4, rtol=1e-6)
    closes(course(), [-0.2, 3.3], h=1e-4, rtol=1e-6)
    turning = solve_ivp(lambda t, y: 1j * y, (0, 2), [1.0 + 0j], dense_output=True, rtol=1e-9).sol
    closes(lambda t: np.abs(turning(t) + 1), [0.4, 1.7], h=1e-4, rtol=1e-6)
    sol = course()
    closes(lambda t: sol([t[0], 0.5, t[1]]), [0.4, 1.7], h=1e-4, rtol=1e-6)


def test_a_program_is_not_that_of_another_piece() -> None:
    sol = course()
    derivative = gw.grad(lambda t: sol(t)[0])
    for t in (0.2, 1.1, 1.1, 1.1, 2.9, 0.4):
        assert abs(derivative(t) - sol(t)[1]) < 1e-2


def test_single_precision_and_batches() -> None:
    sol = course()
    single = gw.grad(lambda t: sol(t)[0], method="exact")(np.float32(1.3))
    assert single.dtype == np.float32
    times = np.array([0.2, 1.1, 2.9])
    many = gw.vmap(gw.grad(lambda t: sol(t)[0]))(times)
    np.testing.assert_allclose(many, [gw.grad(lambda t: sol(t)[0])(t) for t in times], rtol=1e-12)
