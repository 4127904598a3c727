"""Callbacks of solvers that count their calls, or note something: as often as SciPy calls them, whatever the derivative takes more."""

from __future__ import annotations

import warnings
from collections import deque

import numpy as np
import pytest
import scipy.integrate as it
import scipy.optimize as op
import scipy.optimize.elementwise as each

import gradwise as gw

X = np.array([0.8, 0.9])
#: what goes through g is what the callback returns
SOLVERS = {
    "brentq": lambda g, x: op.brentq(lambda t: g(t**3 - x[0] - 1), 0, 5),
    "newton": lambda g, x: op.newton(lambda t: g(t**3 - x[0] - 1), 1.0, fprime=lambda t: g(3 * t * t)),
    "fsolve": lambda g, x: op.fsolve(lambda t: g(t**3 - x[0] - 1), 1.0)[0],
    "root": lambda g, x: op.root(lambda t: g(t**3 - x[0] - 1), 1.0).x[0],
    "fixed_point": lambda g, x: op.fixed_point(lambda t: g(np.cos(t) * x[0] / 2), 0.5),
    "find_root": lambda g, x: each.find_root(lambda t: g(t**3 - x[0] - 1), (0.0, 5.0)).x,
    "minimize": lambda g, x: op.minimize(lambda t: g(np.sum((t - x) ** 2) + np.sum(t**4)), np.ones(2)).x.sum(),
    "minimize_scalar": lambda g, x: op.minimize_scalar(lambda t: g((t - x[0]) ** 2 + t**4)).x,
    "least_squares": lambda g, x: op.least_squares(lambda t: g(np.concatenate([t - x, t**2])), np.ones(2)).x.sum(),
    "leastsq": lambda g, x: op.leastsq(lambda t: g(np.concatenate([t - x, t**2])), np.ones(2))[0].sum(),
    "curve_fit": lambda g, x: op.curve_fit(lambda t, a: g(a * t), np.arange(3.0), np.append(x, 1.0), p0=[1.0])[0][0],
    "quad": lambda g, x: it.quad(lambda t: g(np.exp(-t * x[0])), 0, np.inf)[0],
    "dblquad": lambda g, x: it.dblquad(lambda t, u: g(t * u * x[0]), 0, 1, 0, 1)[0],
    "quad_vec": lambda g, x: it.quad_vec(lambda t: g(t * x), 0, 1)[0].sum(),
    "fixed_quad": lambda g, x: it.fixed_quad(lambda t: g(t * x[0]), 0, 1)[0],
    "tanhsinh": lambda g, x: it.tanhsinh(lambda t: g(np.exp(t * x[0])), 0.0, 1.0).integral,
    "solve_ivp": lambda g, x: it.solve_ivp(lambda t, y: g(-x[0] * y), (0, 1), x).y[0, -1],
    "its dense solution": lambda g, x: (
        it.solve_ivp(lambda t, y: g(-x[0] * y), (0, 1), x, dense_output=True).sol(0.5)[0]
    ),
    "odeint": lambda g, x: it.odeint(lambda y, t: g(-x[0] * y), x, [0, 1.0])[-1].sum(),
    "solve_bvp": lambda g, x: (
        it.solve_bvp(
            lambda t, y: g(np.stack([y[1], -x[0] * y[0]])),
            lambda a, b: np.array([a[0] - x[1], b[0]]),
            np.linspace(0, 1, 5),
            np.ones((2, 5)),
        ).y[0, 2]
    ),
}  # fmt: skip


def in_a_closure(solve):
    def f(x):
        n = 0

        def g(v):
            nonlocal n
            n += 1
            return v

        return solve(g, x) * (1 + 0.01 * n)

    return f


class Counting:
    """In attributes, a list, a dictionary, a set, a queue and an array."""

    def __init__(self, solve):
        self.solve = solve
        self.n, self.log, self.table, self.kinds, self.last = 0, [], {"calls": 0}, set(), deque(maxlen=3)
        self.counts = np.zeros(2)

    def g(self, v):
        self.n += 1
        self.log.append(self.n)
        self.table["calls"] += 1
        self.kinds.add(self.n // 5)
        self.last.append(self.n)
        self.counts[1] += 1
        return v

    def f(self, x):
        return self.solve(self.g, x) * 1.0

    def state(self):
        return self.n, self.log, self.table, self.kinds, self.last, self.counts.tolist()


@pytest.mark.parametrize("name", SOLVERS)
def test_a_value_that_depends_on_the_number_of_calls(name):
    """At the first call of each of them it had those of the derivative too: 15 for 13 of brentq, without a word."""
    f = in_a_closure(SOLVERS[name])
    expected = f(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such a function may be differentiated numerically
        for _ in range(4):
            assert gw.value_and_grad(f)(X)[0] == pytest.approx(expected, rel=1e-11)


def in_an_array(solve):
    def f(x):
        n = np.zeros(1)

        def g(v):
            n[0] += 1
            return v

        return solve(g, x) * (1 + 0.01 * n[0])

    return f


def in_an_array_outside(solve):
    n = np.zeros(2, int)

    def f(x):
        n[:] = 0

        def g(v):
            n[1] += 1
            return v

        return solve(g, x) * (1 + 0.01 * n[1])

    return f


def by_a_list_of_values(solve):
    def f(x):
        seen = []

        def g(v):
            seen.append(v)
            return v

        return solve(g, x) * (1 + 0.01 * len(seen))

    return f


@pytest.mark.parametrize("kind", [in_an_array, in_an_array_outside, by_a_list_of_values])
@pytest.mark.parametrize("name", SOLVERS)
def test_calls_that_are_counted_in_arrays_and_by_lists(name, kind):
    """solve_ivp counted 143 for 32, brentq 15 for 13."""
    f = kind(SOLVERS[name])
    expected = f(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for pure in (None, None, False):
            assert gw.value_and_grad(f, pure=pure)(X)[0] == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("name", SOLVERS)
def test_what_they_leave_behind(name):
    plainly, watched = Counting(SOLVERS[name]), Counting(SOLVERS[name])
    derivative = gw.grad(watched.f, method="exact")
    for _ in range(4):
        plainly.f(X)
        derivative(X)
        assert watched.state() == plainly.state()


count = 0


def counted_globally(x):
    def g(t):
        global count
        count += 1
        return t**3 - x[0] - 1

    return op.brentq(g, 0, 5) * x[1]


def test_a_counter_among_globals():
    counted_globally(X)
    each_time, before = count, count
    for calls in range(1, 5):
        gw.grad(counted_globally, method="exact")(X)
        assert count == before + calls * each_time


def test_a_value_that_a_callback_keeps_has_its_derivative():
    # what is put back must not hide that the last iterate moves
    def f(x):
        last = [0.0]

        def g(t):
            last[0] = t * x[1]
            return t**3 - x[0] - 1

        op.brentq(g, 0, 5)
        return last[0]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = gw.grad(f)(X)
    root = 1.8 ** (1 / 3)
    np.testing.assert_allclose(found, [X[1] / (3 * root**2), root], rtol=1e-6)


def test_a_number_that_is_kept_at_each_step_is_that_of_the_last_call():
    # it was that of the last call for the derivative: 1.15 for 0.85
    class Last:
        value = 0.0

    def f(x):
        last = Last()

        def rhs(t, y):
            last.value = y[0] * x[1]
            return -x[0] * y

        return it.solve_ivp(rhs, (0, 1), [1.0]).y[0, -1] + last.value

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value, found = gw.value_and_grad(f)(X)
    assert value == f(X)
    h = 1e-6 * np.eye(2)
    np.testing.assert_allclose(found, [(f(X + e) - f(X - e)) / 2e-6 for e in h], rtol=1e-6)


def in_a_list(x):
    seen = []

    def g(t):
        seen.append(t**3 - x[0] - 1)
        return seen[-1]

    return op.brentq(g, 0, 3) + sum(seen[:4]) * x[1]


def in_entries_of_an_array(x):
    seen, k = np.zeros(60), [0]

    def g(t):
        seen[k[0]] = t**3 - x[0] - 1
        k[0] += 1
        return seen[k[0] - 1]

    return op.brentq(g, 0, 3) + seen.sum() * x[1]


def of_an_integrator(x):
    seen = []

    def rhs(t, y):
        seen.append(-x[0] * y[0])
        return [seen[-1]]

    return it.solve_ivp(rhs, (0, 1), [1.0]).y[0, -1] + seen[3] * x[1]


@pytest.mark.parametrize("f", [in_a_list, in_entries_of_an_array, of_an_integrator])
def test_values_at_iterates_move_with_them(f):
    """What a callback noted at SciPy's iterates had the derivative at iterates that stand still: -3.64 for -3.24, silently."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value, found = gw.value_and_grad(f)(X)
    assert value == pytest.approx(f(X), rel=1e-13)
    h = 1e-6 * np.eye(2)
    np.testing.assert_allclose(found, [(f(X + e) - f(X - e)) / 2e-6 for e in h], rtol=1e-6)


def test_arrays_that_an_equation_fills_stay_exact():
    def f(x):
        parts = np.zeros(3)

        def g(t):
            parts[0], parts[1], parts[2] = t * x[0], t * t, x[1]
            return parts[0] + parts[1] - 2

        op.brentq(g, 0, 5, xtol=1e-14)
        return parts @ np.array([1.0, 2.0, 3.0])

    root = (-0.8 + np.sqrt(0.64 + 8)) / 2
    slope = -root / (0.8 + 2 * root)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = gw.grad(f)(X)
    np.testing.assert_allclose(found, [root + (0.8 + 4 * root) * slope, 3.0], rtol=1e-9)


def test_what_a_callback_computes_once_stays_exact():
    def f(x):
        known = {}

        def g(t):
            if "rate" not in known:
                known["rate"] = np.exp(x[0])
            return t**3 - known["rate"]

        return op.fsolve(g, 1.0)[0] * x[1]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = gw.grad(f)(X)
    np.testing.assert_allclose(found, [0.3 * np.exp(0.8 / 3), np.exp(0.8 / 3)], rtol=1e-9)
