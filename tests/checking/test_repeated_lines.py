"""A mistake in every turn of a loop, in a border, at a scaled point: one name for all of it."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

XS = np.random.default_rng(1).normal(size=(6, 2))
U = np.random.default_rng(2).normal(size=(3, 2))
C = np.array([1.0, -2.0, 0.5])
W0 = 0.6 * np.random.default_rng(3).normal(size=(3, 3))


def rnn(W):
    h = np.zeros(3)
    for x in XS:
        h = np.tanh(W @ h + U @ x)
    return h @ C


def rnn_grad(W, mistake=""):
    hs = [np.zeros(3)]
    for x in XS:
        hs.append(np.tanh(W @ hs[-1] + U @ x))
    d, G = C.copy(), np.zeros((3, 3))
    for t in range(6, 0, -1):
        dz = d if mistake == "tanh" else d * (1 - hs[t] ** 2)
        G += np.outer(hs[t - 1], dz) if mistake == "outer" else np.outer(dz, hs[t - 1])
        d = W @ dz if mistake == "transpose" else 0 * dz if mistake == "truncated" else W.T @ dz
    return G


def test_the_right_one():
    assert gw.check_grad(rnn, W0, rnn_grad)


@pytest.mark.parametrize(
    ("mistake", "cause"),
    [
        ("tanh", "missing inner derivative"),
        ("transpose", "transposed"),
        ("outer", "transposed"),
        ("truncated", "product rule term missing"),
    ],
)
def test_back_propagation_through_time(mistake, cause):
    report = gw.check_grad(rnn, W0, lambda W: rnn_grad(W, mistake))
    assert not report.passed
    assert report.causes[0] == cause


def test_the_line_is_told():
    report = gw.check_grad(rnn, W0, lambda W: rnn_grad(W, "tanh"))
    assert "test_repeated_lines.py:" in report.details["missing inner derivative"]
    assert "in all 6 places" in report.details["missing inner derivative"]


def newton(a):
    y = 1.0
    for _ in range(5):
        y = y - (y * y - a[0]) / (a[1] * y)
    return y + 0 * a[0]


def test_a_quotient_in_a_loop():
    def grad(a, sign):
        y, dy = 1.0, np.zeros(2)
        for _ in range(5):
            u, v = y * y - a[0], a[1] * y
            du, dv = 2 * y * dy - np.array([1.0, 0.0]), a[1] * dy + np.array([0.0, y])
            dy = dy - (du / v - sign * u / v**2 * dv)
            y = y - u / v
        return dy

    x = np.array([2.0, 2.5])
    assert gw.check_grad(newton, x, lambda a: grad(a, 1.0))
    report = gw.check_grad(newton, x, lambda a: grad(a, -1.0))
    assert report.causes[0] == "quotient rule sign"


@pytest.mark.slow
def test_a_border():
    def f(u):
        r = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]
        return 0.5 * np.sum(r**2)

    def grad(u):
        r = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]
        g = np.zeros_like(u)
        g[2:, 1:-1] += r
        g[:-2, 1:-1] += r
        g[1:-1, 2:] += r
        g[1:-1, :-2] += r
        g[1:-1, 1:-1] -= 4 * r
        return g

    def inside(u):
        g = np.zeros_like(u)
        g[1:-1, 1:-1] = grad(u)[1:-1, 1:-1]
        return g

    u = np.random.default_rng(4).normal(size=(6, 6))
    assert gw.check_grad(f, u, grad)
    report = gw.check_grad(f, u, inside)
    assert report.causes[0] == "a block wrong"
    assert "border" in report.details["a block wrong"]


def test_a_jacobian_at_a_scaled_point():
    def f(x):
        return np.array([x[0] * x[1], np.sin(x[0]) * x[2], x[2] ** 2 / x[1]])

    def jac(x):
        return np.array(
            [
                [x[1], x[0], 0.0],
                [np.cos(x[0]) * x[2], 0.0, np.sin(x[0])],
                [0.0, -(x[2] ** 2) / x[1] ** 2, 2 * x[2] / x[1]],
            ]
        )

    report = gw.check_jacobian(f, np.array([0.7, 1.3, -0.6]), lambda x: jac(1.1 * x))
    assert report.causes[0] == "evaluated at another point"


def test_a_power_where_the_truth_has_zeros():
    x = np.array([0.3, -0.7, 2.0, -3.0, 0.1, 1.5, -0.2, -1.2])
    report = gw.check_grad(lambda t: np.sum(np.clip(t, -1, 1) ** 3), x, lambda t: np.where(np.abs(t) < 1, 3 * t**3, 0))
    assert report.causes[0] == "wrong power of x"


def test_a_plain_factor_before_a_contrived_one():
    x = np.array([0.3, 0.9, 1.7, 2.2])
    report = gw.check_grad(lambda t: np.sum(np.sqrt(t) * t**2), x, lambda t: t**1.5)
    assert report.causes[0] == "constant factor"


def test_one_fraction_among_whole_numbers_is_one_entry():
    def grad(x):
        g = np.zeros_like(x)
        g[np.argmax(x)] = 1.0
        return g

    x = np.array([0.3, -0.7, 2.0, -3.0, 0.1])
    report = gw.check_grad(lambda t: np.max(t) + 0.5 * np.min(t), x, grad)
    assert report.causes[0] in ("one entry wrong", "a branch wrong", "detached (all zero)")


@pytest.mark.parametrize("step", [1e-2, 1e-4])
@pytest.mark.parametrize("kind", ["forward", "backward", "central"])
def test_difference_quotients_are_recognised(step, kind):
    def f(x):
        return np.sum(np.exp(x) * np.array([1.0, -2.0, 3.0])) + x[0] * x[1]

    def quotient(x):
        up, down = {"forward": (step, 0.0), "backward": (0.0, step), "central": (step, step)}[kind]
        return np.array([(f(x + up * e) - f(x - down * e)) / (up + down) for e in np.eye(3)])

    report = gw.check_grad(f, np.array([0.3, 1.1, -0.7]), quotient)
    assert report.causes[0] == "small systematic error"
    assert kind in report.details["small systematic error"]


def test_a_saturated_function_is_not_in_degrees():
    def lse(x):
        return np.max(x) + np.log(np.sum(np.exp(x - np.max(x))))

    x = np.array([0.3, -0.5, 1.2, 0.7])
    report = gw.check_grad(lse, x, lambda t: (t == np.max(t)) * 1.0)
    assert not report.passed
    assert "degrees vs radians" not in report.causes
    sine = gw.check_grad(lambda t: np.sum(np.sin(np.deg2rad(t))), 40 * x, lambda t: np.cos(t) * np.pi / 180)
    assert sine.causes[0] == "degrees vs radians"


def test_the_derivative_of_a_softmax_that_subtracts_its_maximum():
    rng = np.random.default_rng(7)
    K, V, G, Q0 = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), rng.normal(size=(4, 3))

    def probabilities(Q):
        s = Q @ K.T
        e = np.exp(s - s.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    def f(Q):
        return np.sum((probabilities(Q) @ V) * G)

    def grad(Q, sign):
        p = probabilities(Q)
        dp = G @ V.T
        return (p * (dp - sign * (p * dp).sum(1, keepdims=True))) @ K

    assert gw.check_grad(f, Q0, lambda Q: grad(Q, 1.0))
    assert gw.check_grad(f, Q0, lambda Q: grad(Q, 0.0)).causes[0] in (
        "product rule term missing",
        "detached (all zero)",
    )
    assert gw.check_grad(f, Q0, lambda Q: grad(Q, -1.0)).causes[0] == "quotient rule sign"


def test_a_cumulative_sum_in_its_own_direction():
    a = np.array([1.0, -2.0, 0.5, 3.0])

    def f(x):
        return np.sum(np.sin(np.cumsum(x)) * a)

    x = np.array([0.3, 0.8, -0.4, 1.1])
    assert gw.check_grad(f, x, lambda t: np.cumsum((np.cos(np.cumsum(t)) * a)[::-1])[::-1])
    assert gw.check_grad(f, x, lambda t: np.cumsum(np.cos(np.cumsum(t)) * a)).causes[0] == "sum over the wrong axis"


@pytest.mark.parametrize(("factor", "cause"), [(0.0, "product rule term missing"), (-1.0, "sign flip")])
def test_an_adjoint_that_is_not_carried_on(factor, cause):
    def f(p):
        u, J = 1.0, 0.0
        for i in range(12):
            u = u + 0.1 * (p[1] * np.sin(0.3 * i) - p[0] * u * u)
            J = J + (u - p[2]) ** 2
        return J

    def grad(p, factor):
        us = [1.0]
        for i in range(12):
            us.append(us[-1] + 0.1 * (p[1] * np.sin(0.3 * i) - p[0] * us[-1] ** 2))
        carried, g = 0.0, np.zeros(3)
        for i in range(11, -1, -1):
            carried += 2 * (us[i + 1] - p[2])
            g += [-0.1 * carried * us[i] ** 2, 0.1 * carried * np.sin(0.3 * i), -2 * (us[i + 1] - p[2])]
            carried *= 1 - factor * 0.2 * p[0] * us[i]
        return g

    x = np.array([0.7, 0.4, 0.9])
    assert gw.check_grad(f, x, lambda p: grad(p, 1.0))
    assert gw.check_grad(f, x, lambda p: grad(p, factor)).causes[0] == cause
