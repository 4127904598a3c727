"""Integrands that are evaluated at all nodes at once: where one formula holds at all of them, and where it does not.  Truth: closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from scipy.integrate import dblquad, quad

import gradwise as gw

X = np.array([1.3, 0.7])


def damped(p, calls=None):
    def integrand(t):
        if calls is not None:
            calls.append(t)
        return math.exp(-p[0] * t) * math.cos(p[1] * t)

    return quad(integrand, 0.0, np.inf)[0]


def of_damped(p):
    """a/(a² + b²)."""
    a, b = p
    n = (a * a + b * b) ** 2
    return np.array([(b * b - a * a) / n, -2 * a * b / n])


def test_one_formula_for_all_nodes():
    np.testing.assert_allclose(gw.grad(damped, method="exact")(X), of_damped(X), rtol=1e-9)
    a, b = X
    n = (a * a + b * b) ** 3
    second = np.array([[2 * a**3 - 6 * a * b * b, 6 * a * a * b - 2 * b**3], [6 * a * a * b - 2 * b**3, 6 * a * b * b - 2 * a**3]]) / n  # fmt: skip
    np.testing.assert_allclose(gw.hessian(damped, method="exact")(X), second, rtol=1e-7)
    program = gw.trace(damped, X)
    (whole,) = [e for e in program.equations if e.primitive.name == "solution"]
    assert program.types[whole.inputs[0]].size > 200  # all nodes, and their weights


def test_it_is_not_called_at_nodes_that_scipy_did_not_ask_for():
    calls: list[float] = []
    damped(X, calls)
    plain = len(calls)
    calls.clear()
    gw.grad(damped, method="exact", check=False)(X, calls)
    assert len(calls) <= plain + 12


@pytest.mark.parametrize("place", [0.5, 0.3])
def test_branches_of_the_variable(place):
    def f(p):
        return quad(lambda t: p[0] * t if t < place else p[1] * t**2, 0.0, 1.0, points=[place])[0]

    truth = [place**2 / 2, (1 - place**3) / 3]
    np.testing.assert_allclose(gw.grad(f, method="exact")(X), truth, rtol=1e-10)


def test_branches_by_tables_of_the_variable():
    table = [1.0, 2.0, 4.0]

    def f(p):
        return quad(lambda t: table[int(t)] * math.exp(p[0] * t), 0.0, 3.0, points=[1.0, 2.0])[0]

    def part(a, b):
        c = X[0]
        return (math.exp(c * b) * (b * c - 1) - math.exp(c * a) * (a * c - 1)) / c**2

    truth = part(0, 1) + 2 * part(1, 2) + 4 * part(2, 3)
    np.testing.assert_allclose(gw.grad(f, method="exact")(X), [truth, 0.0], rtol=1e-9)


def test_an_integrand_with_a_state_is_called_at_each_node():
    known: dict[float, float] = {}

    def f(p):
        def integrand(t):
            weight = known.setdefault(t, 1.0 + math.floor(8 * t))  # which no formula of one call knows
            return weight * math.sin(p[0] * t)

        return quad(integrand, 0.0, 1.0, points=[k / 8 for k in range(1, 8)])[0]

    def part(a, b):
        c = X[0]
        g = lambda t: t * math.sin(c * t) / c + math.cos(c * t) / c**2
        return g(b) - g(a)

    truth = sum((1 + k) * part(k / 8, (k + 1) / 8) for k in range(8))
    np.testing.assert_allclose(gw.grad(f, method="exact")(X), [truth, 0.0], rtol=1e-9)


def test_integrals_within_integrals_and_traced_limits():
    def inner(p):
        return quad(lambda t: quad(lambda s: math.exp(-p[0] * s * t), 0.0, 1.0)[0], 0.5, 1.0)[0]

    def moving(p):
        return quad(lambda t: p[1] * t**2, 0.0, p[0])[0]

    def two(p):
        return dblquad(lambda y, x: p[0] * x * y**2, 0.0, p[1], 0.0, lambda x: x)[0]

    h, step = 1e-6, np.array([1e-6, 0.0])
    slope = (inner(X + step) - inner(X - step)) / (2 * h)
    np.testing.assert_allclose(gw.grad(inner, method="exact")(X), [slope, 0.0], rtol=1e-6)
    np.testing.assert_allclose(gw.grad(moving, method="exact")(X), [X[1] * X[0] ** 2, X[0] ** 3 / 3], rtol=1e-10)
    np.testing.assert_allclose(gw.grad(two, method="exact")(X), [X[1] ** 5 / 15, X[0] * X[1] ** 4 / 3], rtol=1e-9)


def test_an_integrand_that_gives_an_array_without_axes():
    def f(p):
        return quad(lambda t: np.array(p[0] * t**2), 0.0, 1.0)[0]

    np.testing.assert_allclose(gw.grad(f, method="exact")(X), [1 / 3, 0.0], rtol=1e-12)


def test_moments_that_scipy_integrates():
    def expected(p):
        return scipy.stats.gamma.expect(lambda t: t**2, args=(p[0],))  # a (a + 1)

    np.testing.assert_allclose(gw.grad(expected, method="exact")(np.array([1.7])), [2 * 1.7 + 1], rtol=1e-7)


def test_the_mean_of_kappa4():
    """For h = 0 that of the generalised extreme value distribution, (1 − Γ(1 + k))/k."""
    found = gw.grad(lambda k: scipy.stats.kappa4.mean(0.0, k), method="exact")(0.3)
    h = 1e-5
    closed = lambda k: (1 - math.gamma(1 + k)) / k
    assert found == pytest.approx((closed(0.3 + h) - closed(0.3 - h)) / (2 * h), rel=1e-5)
