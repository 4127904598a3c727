"""Right-hand sides and integrands that jump where traced values decide: the jump's share of the derivative is not lost."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import dblquad, odeint, quad, solve_ivp

import gradwise as gw

CALLS: list[float] = []


def on_the_state(k):
    return lambda t, y: [-1e4 * (y[0] - y[1]), np.where(y[1] < 1, k, 3.0)]


def by_a_branch(k):
    return lambda t, y: [-1e4 * (y[0] - y[1]), k if y[1] < 1 else 3.0]


def on_the_time(k):
    return lambda t, y: [-1e4 * (y[0] - y[1]), np.where(t < k, 1.0, 3.0)]


def of_numbers_alone(k):
    return lambda t, y: [-(y[0] - y[1]), 1.0 if t < k else 3.0]


def not_proved(k):
    def rhs(t, y):
        CALLS.append(t)
        return [-(y[0] - y[1]), np.where(t < k, 1.0, 3.0)]

    return rhs


def thermostat(k):
    return lambda t, y: [-(y[0] - y[1]), 1.0 if y[1] < k else -3.0 if y[1] > 2 else 0.1]


SOLVERS = {
    name: lambda rhs, name=name: solve_ivp(rhs, (0, 2), [0.0, 0.1], name).y[1, -1]
    for name in ("RK45", "Radau", "BDF", "LSODA")
}
SOLVERS["odeint"] = lambda rhs: odeint(rhs, [0.0, 0.1], [0, 2.0], tfirst=True)[-1, 1]


def first_and_second(f, k):
    return [gw.grad(f, method="exact")(k), gw.grad(gw.grad(f, method="exact"), method="exact")(k)]


#: y₁ = 0.1 + k t up to 1, then slope 3; slope 1 up to t = k, then 3; slope 1 up to k, then 0.1
SHARES = {
    on_the_state: lambda k: [2.7 / k**2, -5.4 / k**3],
    by_a_branch: lambda k: [2.7 / k**2, -5.4 / k**3],
    on_the_time: lambda k: [-2.0, 0.0],
    of_numbers_alone: lambda k: [-2.0, 0.0],
    not_proved: lambda k: [-2.0, 0.0],
    thermostat: lambda k: [0.9, 0.0],
}


@pytest.mark.parametrize("solver", ["LSODA", "odeint", "Radau"])
@pytest.mark.parametrize("make", SHARES)
@pytest.mark.filterwarnings("ignore::scipy.integrate.ODEintWarning", "ignore:lsoda:UserWarning")
def test_the_share_of_a_jump(make, solver):
    np.testing.assert_allclose(
        first_and_second(lambda k: SOLVERS[solver](make(k)), 0.8), SHARES[make](0.8), rtol=3e-9, atol=1e-12
    )


@pytest.mark.parametrize("solver", SOLVERS)
def test_jumps_at_times_of_their_own_are_differentiated(solver):
    # y₁ = 0.1 + 0.5 k + 1.5 · 3 k, and a comparison with the state that makes a kink
    def rhs(k):
        return lambda t, y: [-(y[0] - y[1]), np.where(t < 0.5, k, 3 * k) + np.where(y[1] < 0.3, 0.0, 0.0 * y[1])]

    np.testing.assert_allclose(
        gw.grad(lambda k: SOLVERS[solver](rhs(k)), method="exact", check=False)(0.8), 5.0, rtol=1e-9
    )


def test_an_integrand_of_several_variables_that_jumps():
    # k²/4 + 1 − k
    def f(k):
        return dblquad(lambda y, x: np.where(y < k, x * y, 1.0), 0, 1, 0, 1, epsabs=1e-3)[0]

    np.testing.assert_allclose(gw.grad(f, method="exact")(0.8), -0.6, rtol=1e-9)


@pytest.mark.slow
def test_one_that_switches_along_a_closed_curve_raises():
    def f(k):
        return dblquad(lambda y, x: max(k - math.hypot(x, y), 0.0), -1, 1, -1, 1, epsabs=1e-2)[0]

    with pytest.raises(gw.TracingError, match="begins and ends inside"):
        gw.grad(f, method="exact")(0.7)


def test_the_jump_is_found_at_a_later_point():
    value_and_grad = gw.value_and_grad(lambda k: quad(lambda x: 1.0 if x**3 < k**3 else 3.0, 0, 2)[0], method="exact")
    for k in (5.0, 5.1, 5.2):
        assert value_and_grad(k) == (2.0, 0.0)
    np.testing.assert_allclose(value_and_grad(0.8), (4.4, -2.0), rtol=1e-9)


def test_an_integrand_that_jumps_elsewhere():
    # ∫ k over (0, ½) and 3 beyond
    np.testing.assert_allclose(
        gw.grad(lambda k: quad(lambda x: k if x < 0.5 else 3, 0, 1)[0], method="exact")(0.8), 0.5
    )
