"""Functions that call ``scipy.integrate.quad``: a program integrates the recorded integrand anew.

Truth: integrals in closed form, central differences of the plain function, and what the function itself raises, warns of or counts.
"""

import math
import warnings

import numpy as np
import pytest
from scipy.integrate import IntegrationWarning, quad
from scipy.optimize import brentq

import gradwise as gw
from gradwise.operators.reuse import families

RNG = np.random.default_rng(0)
RATE = 1.0
WEIGHTS = {"w": 0.7}


def served():
    return sum(family.served for family, _ in families._families.values())


def central(f, x, h=1e-5):
    unit = np.eye(len(x)) * h
    return np.array([(f(x + e) - f(x - e)) / (2 * h) for e in unit])


class Density:
    def __init__(self, mean):
        self.mean = mean
        self.calls = 0

    def at(self, t, scale):
        return np.exp(-0.5 * ((t - self.mean) / scale) ** 2) / scale

    def below(self, u, scale):
        return quad(self.at, -np.inf, u, args=(scale,))[0]

    def counted(self, t, a):
        self.calls += 1
        return np.exp(-a * t)


DENSITY = Density(0.2)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: quad(lambda t: np.exp(-x[0] * t * t) * np.cos(x[1] * t), 0.0, 2.0)[0],
        lambda x: np.log(quad(lambda t: t ** x[0] * np.exp(-t / x[1]), 0.0, np.inf)[0]),
        lambda x: quad(lambda t: np.exp(-x[0] * t * t) * WEIGHTS["w"], -np.inf, np.inf)[0] * x[1],
        lambda x: quad(lambda t, a: t**2 * a + math.sin(t), x[0], x[1] * 2, args=(x[0],))[0],
        lambda x: quad(lambda t: np.exp(x[0] * t), -np.inf, x[1])[0],
        lambda x: quad(lambda t: np.exp(-x[0] * t) / (1 + t), 2.0, 0.5)[0] * x[1],
        lambda x: quad(lambda t: t**-0.5 * np.exp(-x[0] * t), 0.0, 1.0)[0] * x[1],
        lambda x: sum(quad(lambda t: np.exp(-x[0] * t) * np.cos(k * t), 0.0, 1.0)[0] * x[1] ** k for k in range(3)),  # noqa: B023
        lambda x: DENSITY.below(x[0], x[1]),
        lambda x: quad(lambda t: math.exp(-x[0] * t), 0, 1, limit=100, epsabs=1e-12)[0] * x[1],
    ],
)  # fmt: skip
def test_a_program_integrates_anew(f):
    g, before = gw.value_and_grad(f), served()
    for _ in range(12):
        x = np.array([0.6, 0.9]) * (1 + 0.1 * RNG.standard_normal(2))
        value, gradient = g(x)
        assert abs(value - f(x)) <= 1e-12 * (1 + abs(value))
        np.testing.assert_allclose(gradient, central(f, x), rtol=2e-6, atol=2e-6)
    assert served() - before >= 9


def test_second_derivatives_in_closed_form():
    """∫₀ᵇ exp(−a t) dt = (1 − exp(−a b))/a."""

    def f(x):
        return quad(lambda t: np.exp(-x[0] * t), 0.0, x[1])[0]

    hessian, before = gw.hessian(f), served()
    for _ in range(6):
        a, b = x = RNG.uniform(0.5, 2.0, 2)
        e = np.exp(-a * b)
        exact = [[2 * (1 - e) / a**3 - 2 * b * e / a**2 - b * b * e / a, -b * e], [-b * e, -a * e]]
        np.testing.assert_allclose(hessian(x), exact, rtol=1e-8, atol=1e-10)
    assert served() > before


def test_a_singular_end_that_stays():
    """∫₀¹ log(t) a dt = −a: the integrand is infinite at a limit that does not move."""
    hessian = gw.hessian(lambda x: quad(lambda t: np.log(t) * x[0] ** 2, 0.0, 1.0)[0])
    for a in (0.5, 0.7, 0.9, 1.1, 1.3):
        np.testing.assert_allclose(hessian(np.array([a])), [[-2.0]], rtol=1e-9)


@pytest.mark.parametrize(
    ("f", "exact"),
    [
        (lambda x: quad(lambda t: max(t - x[0], 0.0), 0.0, 2.0)[0], lambda a: a - 2),
        (lambda x: quad(lambda t: abs(t - x[0]), 0.0, 2.0)[0], lambda a: 2 * a - 2),
        (lambda x: quad(lambda t: 1.0 if t < x[0] else 3.0, 0.0, 2.0)[0], lambda a: -2.0),
        (lambda x: quad(lambda t: x[0] if t > 1.0 else 1.0, 0.0, 2.0)[0], lambda a: 1.0),
        (lambda x: quad(lambda t: np.sqrt(x[0] ** 2 - t * t), 0.0, x[0])[0], lambda a: np.pi * a / 2),
    ],
)
def test_integrands_that_switch_or_end_like_roots(f, exact):
    """At the node where the integrand is looked at it may be a number that depends on nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntegrationWarning)
        g = gw.grad(f)
        for a in (0.6, 0.7, 0.8, 1.2, 0.9):
            np.testing.assert_allclose(g(np.array([a])), [exact(a)], rtol=1e-6)


def test_what_is_read_may_change():
    def f(x):
        return quad(lambda t: np.exp(-x[0] * RATE * t) * WEIGHTS["w"], 0.0, 1.0)[0]

    global RATE
    g = gw.grad(f)
    try:
        for k in range(10):
            x = np.array([0.5 + 0.1 * k])
            np.testing.assert_allclose(g(x), central(f, x), rtol=1e-7)
            if k % 2:
                RATE += 0.3
            else:
                WEIGHTS["w"] += 0.1
    finally:
        RATE, WEIGHTS["w"] = 1.0, 0.7


def test_errors_decide_and_warnings_are_given():
    def f(x):
        try:
            return quad(lambda t: math.log(t - x[0] + 0.55), 0.0, 1.0)[0]
        except ValueError:
            return x[0] ** 2

    g = gw.grad(f)
    for a in (0.3, 0.4, 0.35, 0.2, 0.7, 0.8, 0.31, 0.75):
        exact = 2 * a if a > 0.55 else -np.log((1.55 - a) / (0.55 - a))
        np.testing.assert_allclose(g(np.array([a])), [exact], rtol=1e-8)

    h = gw.grad(lambda x: quad(lambda t: np.exp(-x[0] * t), 0.0, 1.0, limit=2, epsabs=1e-13, epsrel=1e-13)[0])
    for a in (0.1, 0.11, 0.12, 0.13):
        h(np.array([a]))
    with pytest.warns(IntegrationWarning):
        h(np.array([15.0]))


def test_estimates_of_the_error_and_calls_are_those_of_the_point():
    def f(x):
        value, error = quad(lambda t: np.exp(-x[0] * t), 0.0, 1.0)
        return value + 0.0 * x[0], error

    g = gw.grad(f, has_aux=True)
    for a in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0):
        assert g(np.array([a]))[1] == f(np.array([a]))[1]

    counted = gw.grad(lambda x: quad(DENSITY.counted, 0.0, 1.0, args=(x[0],))[0])
    for a in (0.5, 0.6, 0.7, 1000.0):
        DENSITY.calls = 0
        counted(np.array([a]))
    assert DENSITY.calls > 21  # more than one subinterval


def test_integrals_inside_equations_and_integrals():
    """∫₀ᵇ exp(−a t) dt = 0.3, and ∫₀¹ ∫₀¹ exp(a s t) ds dt by its series."""
    g = gw.grad(lambda x: brentq(lambda b: quad(lambda t: np.exp(-x[0] * t), 0.0, b)[0] - 0.3, 0.0, 2.0, xtol=1e-14))
    h = gw.grad(lambda x: quad(lambda t: quad(lambda s: np.exp(x[0] * s * t), 0.0, 1.0)[0], 0.0, 1.0)[0])
    for a in (0.5, 0.6, 0.7, 0.8):
        b = -np.log(1 - 0.3 * a) / a
        np.testing.assert_allclose(g(np.array([a])), [-b / a + 0.3 / (a * (1 - 0.3 * a))], rtol=1e-9)
        series = sum(k * a ** (k - 1) / (math.factorial(k) * (k + 1) ** 2) for k in range(1, 25))
        np.testing.assert_allclose(h(np.array([a])), [series], rtol=1e-9)


def test_the_formula_of_an_integral_is_the_sum_over_its_nodes():
    formula = gw.formula(lambda x: quad(lambda t: t * t * x[0], 0.0, 2.0)[0] + x[1], np.array([0.6, 0.9]))
    first, second = formula.gradient
    assert abs(float(first) - 8 / 3) < 1e-12
    assert float(second) == 1.0
