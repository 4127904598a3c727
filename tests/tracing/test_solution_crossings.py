"""Solutions whose right-hand side has kinks and jumps on the way: first and second derivatives, against closed forms."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import odeint, solve_ivp

import gradwise as gw

TIGHT = {"rtol": 1e-10, "atol": 1e-12}
SOLVERS = {
    name: lambda rhs, y0, name=name: solve_ivp(rhs, (0, 2), y0, name).y[-1, -1]
    for name in ("RK45", "BDF", "Radau", "LSODA")
}
SOLVERS["odeint"] = lambda rhs, y0: odeint(rhs, y0, [0, 2.0], tfirst=True)[-1, -1]
SOLVERS["tight"] = lambda rhs, y0: solve_ivp(rhs, (0, 2), y0, **TIGHT).y[-1, -1]
SOLVERS["back"] = lambda rhs, y0: solve_ivp(lambda s, y: [-v for v in rhs(-s, y)], (0, -2), y0, "DOP853").y[-1, -1]

#: right-hand side of k, initial state, solution at t = 2 as a function of k
KINKS = {
    "of the time": (lambda k: lambda t, y: [y[1] - y[0], abs(t - k)], [0, 0], lambda k: (k**2 + (2 - k) ** 2) / 2),
    "of the time, stiff": (
        lambda k: lambda t, y: [1e4 * (y[1] - y[0]), abs(t - k)],
        [0, 0],
        lambda k: (k**2 + (2 - k) ** 2) / 2,
    ),
    "after a border": (
        lambda k: lambda t, y: [y[1] - y[0], k + np.maximum(y[1] - 1, 0)],
        [0, 0],
        lambda k: 1 + k * (mp.exp(2 - 1 / k) - 1),
    ),
    "in a branch": (
        lambda k: lambda t, y: [y[1] - y[0], k + (y[1] - 1 if y[1] > 1 else 0)],
        [0, 0],
        lambda k: 1 + k * (mp.exp(2 - 1 / k) - 1),
    ),
    "saturation": (
        lambda k: lambda t, y: [y[1] - y[0], k * np.minimum(y[1], 1.0)],
        [0, 0.1],
        lambda k: 1 + 2 * k - mp.log(10),
    ),
    "from the border": (
        lambda k: lambda t, y: [0.0, k + (y[1] if y[1] > 0 else 3 * y[1])],
        [0, 0],
        lambda k: k * mp.expm1(2),
    ),
    "a jump back": (
        lambda k: lambda t, y: [0.0, np.mod(t, k)],
        [0, 0],
        lambda k: k * k / 2 + (2 - k) ** 2 / 2,
    ),
}


def first_and_second(f, k):
    gradient = gw.grad(f, method="exact")
    return [gradient(k), gw.grad(gradient, method="exact")(k)]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * n.endswith("stiff")) for n in KINKS])
def test_kinks(name, solver):
    # the first derivative was off by up to 9e-4, the second by all that the crossing contributes, in silence
    rhs, y0, solution = KINKS[name]
    found = first_and_second(lambda k: SOLVERS[solver](rhs(k), np.array(y0, float)), 1.3)
    truth = [float(mp.diff(solution, 1.3, n)) for n in (1, 2)]
    np.testing.assert_allclose(found, truth, rtol=2e-7, atol=2e-9)


@pytest.mark.slow
def test_a_square_wave():
    def f(k):
        return solve_ivp(lambda t, y: [-k * y[0] + (1.0 if t % 1.0 < 0.3 * k else 0.0)], (0, 3), [0.2]).y[0, -1]

    def solution(k):
        return 0.2 * mp.exp(-3 * k) + sum((mp.exp(0.3 * k**2) - 1) * mp.exp(-k * n) / k for n in (1, 2, 3))

    truth = [float(mp.diff(solution, 1.1, n)) for n in (1, 2)]
    np.testing.assert_allclose(first_and_second(f, 1.1), truth, rtol=1e-7)


@pytest.mark.slow
def test_a_stiff_equation():
    # a state that follows at once, and ∫₀² |t − k|
    rhs, y0, _ = KINKS["of the time, stiff"]
    for solver in SOLVERS.values():
        gradient = gw.grad(lambda k: solver(rhs(k), np.array(y0, float)), method="exact")  # noqa: B023
        np.testing.assert_allclose(gradient(1.3), 0.6, rtol=1e-7)


@pytest.mark.parametrize("branch", [True, False])
def test_contact_with_a_spring(branch):
    # a fall from h = 0.3 in √(2h/g), then an oscillation about −g/k
    def force(k, y):
        return (-k * y if y < 0 else 0.0) if branch else np.where(y < 0, -k * y, 0.0)

    def f(k):
        return solve_ivp(lambda t, y: [y[1], -9.81 + force(k, y[0])], (0, 0.3), [0.3, 0.0], **TIGHT).y[0, -1]

    def solution(k):
        t, w = 0.3 - mp.sqrt(0.6 / 9.81), mp.sqrt(k)
        return 9.81 / k * (mp.cos(w * t) - 1) - mp.sqrt(2 * 9.81 * 0.3) / w * mp.sin(w * t)

    truth = [float(mp.diff(solution, 900.0, n)) for n in (1, 2)]
    np.testing.assert_allclose(first_and_second(f, 900.0), truth, rtol=1e-6)


def test_an_event_after_a_kink():
    # thrown upwards with drag c v|v|: the height, then the fall
    def f(c):
        def ground(t, y):
            return y[0]

        ground.terminal, ground.direction = True, -1
        return solve_ivp(lambda t, y: [y[1], -9.81 - c * y[1] * abs(y[1])], (0, 3), [1.0, 3.0], events=ground).t_events[
            0
        ][0]

    def solution(c):
        up, height = mp.atan(3 * mp.sqrt(c / 9.81)) / mp.sqrt(9.81 * c), 1 + mp.log1p(9 * c / 9.81) / (2 * c)
        return up + mp.acosh(mp.exp(c * height)) / mp.sqrt(9.81 * c)

    truth = [float(mp.diff(solution, 0.2, n)) for n in (1, 2)]
    np.testing.assert_allclose(first_and_second(f, 0.2), truth, rtol=1e-7)


def decay(y, k, t):
    # y' = k max(y − ½, 0) − y falls to ½ at e^{(k − 1) s} (y − r) = ½ − r with r = k/(2k − 2)
    r = k / (2 * k - 2)
    s = mp.log((0.5 - r) / (y - r)) / (k - 1)
    return y * mp.exp(-t) if y < 0.5 else r + (y - r) * mp.exp((k - 1) * t) if s > t else 0.5 * mp.exp(-(t - s))


def test_entries_that_cross_one_after_the_other():
    start, times = np.linspace(0.1, 0.9, 9), np.array([0.2, 0.7, 1.0])

    def f(x):
        return solve_ivp(lambda t, y: x[0] * np.maximum(y - 0.5, 0) - y, (0, 1), start * x[1], t_eval=times, **TIGHT).y

    x = [0.6, 1.1]
    truth = [
        [[float(mp.diff(lambda k, s: decay(y * s, k, t), x, n)) for n in ((1, 0), (0, 1))] for t in times]  # noqa: B023
        for y in start.tolist()
    ]
    for jacobian in gw.jacfwd, gw.jacrev:
        np.testing.assert_allclose(jacobian(f, method="exact")(np.array(x)), truth, rtol=1e-7, atol=1e-9)


@pytest.mark.slow  # looks for what refers to the array: as long as there are objects
def test_a_right_hand_side_that_fills_one_array():
    def f(k):
        work = np.zeros(1)

        def rhs(t, y):
            work[0] = k * min(y[0], 1.0)
            return work

        return solve_ivp(rhs, (0, 2), [0.1]).y[0, -1]

    np.testing.assert_allclose(gw.grad(f, method="exact")(1.3), 2.0, rtol=2e-8)


def test_numbers_of_a_branch_that_is_not_taken_at_first():
    # k is read only after t = 1
    def f(k):
        return solve_ivp(lambda t, y: [0.5 if y[0] < 0.5 else k], (0, 2), [0.0]).y[0, -1]

    np.testing.assert_allclose(first_and_second(f, 1.3), [1.0, 0.0], rtol=1e-9, atol=1e-9)


def test_a_dense_solution():
    def f(k):
        return solve_ivp(lambda t, y: [k * min(y[0], 1.0)], (0, 3), [0.1], dense_output=True).sol(2.2)[0]

    np.testing.assert_allclose(first_and_second(f, 1.2), [2.2, 0.0], rtol=1e-8, atol=1e-8)


def test_one_that_slides_along_the_border_raises():
    # at once: the steps of a tight tolerance along the border took 5 s
    def f(k):
        return solve_ivp(lambda t, y: [-np.sign(y[0] - k)], (0, 3), [0.1], rtol=1e-6).y[0, -1]

    with pytest.raises(gw.TracingError, match="switches more than"):
        gw.grad(f, method="exact")(1.2)


@pytest.mark.parametrize(
    "rhs",
    [
        lambda k: lambda t, y: [0.0, math.sqrt(max(t - k, 0.0))],
        lambda k: lambda t, y: [1.0 + 0 * y[0], np.sqrt(np.maximum(y[0] - k, 0.0))],
        lambda k: lambda t, y: [1.0 - max(y[0] - k, 0.0) ** 1.5, 0.0],
    ],
)
def test_broken_powers_behind_a_border_raise(rhs):
    # steps do not resolve them: the first derivative of the root was off by 4 per cent, the second of the power 3/2 by a factor of 15, in silence
    def f(k):
        return solve_ivp(rhs(k), (0, 1), [0.0, 0.0], rtol=1e-8, atol=1e-10).y[:, -1].sum()

    with pytest.raises(gw.TracingError, match=r"t = 0\.37 like a root|border without a slope"):
        gw.grad(f, method="exact")(0.37)
