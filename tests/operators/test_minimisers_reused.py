"""Functions that call SciPy's minimisers: a program finds the minimum again, from where the call starts, on the recorded objective.

Truth: minima in closed form or by mpmath, the implicit function theorem by hand, the value of the plain call to the last bit, and what the function itself raises, counts and is told.
"""

import math

import mpmath
import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, brent, brentq, fminbound, golden, minimize, minimize_scalar

import gradwise as gw
from gradwise.operators.reuse import families

RNG = np.random.default_rng(3)
A = np.array([[2.0, 0.3], [0.3, 1.5]])


def served():
    return sum(family.served for family, _ in families._families.values())


class Model:
    def __init__(self):
        self.k = 1.3
        self.tolerance = 1e-10
        self.options = {"maxiter": 200}
        self.asked = 0

    def energy(self, z, a):
        return (z - a) ** 2 * self.k + np.cosh(z)

    def counted(self, z, a):
        self.asked += 1
        return (z - a) ** 2


MODEL = Model()


def quartic(x):
    return minimize(lambda z: np.sum((z - x) ** 4) + z @ z * MODEL.k, np.zeros(2), options=MODEL.options).x @ x


def in_turn(x):
    u = minimize_scalar(lambda t: (t - x[0]) ** 2 + np.cosh(t)).x
    return minimize(lambda z: np.sum((z - u * x) ** 2) + z @ z, np.zeros(2)).x @ x


@pytest.mark.parametrize(
    "f",
    [
        lambda x: minimize_scalar(lambda t: (t - x[0]) ** 2 + x[1] * np.cosh(t)).x * x[1],
        lambda x: minimize_scalar(lambda t: (t - x[0]) ** 2 + x[1] * math.cosh(t), bracket=(0, 1)).x * x[1],
        lambda x: minimize_scalar(lambda t: (t - x[0]) ** 2 + x[1] * t**4, bounds=(-2, 3), method="bounded").fun * x[1],
        lambda x: minimize_scalar(lambda t, a: (t - a) ** 2 + t**4, bounds=(-2, x[1] + 2), args=(x[0],), options={"xatol": 1e-9}).x,
        lambda x: minimize_scalar(MODEL.energy, args=(x[0],), tol=MODEL.tolerance).x * x[1],
        lambda x: brent(lambda t: math.exp(t) - x[0] * t, brack=(0, 1)) * x[1],
        lambda x: brent(lambda t: math.exp(t) - x[0] * t, brack=(0, 1), full_output=True)[1] * x[1],
        lambda x: golden(lambda t: (t - x[0]) ** 2 * x[1] + t**4, brack=(0.0, 1.0)),
        lambda x: fminbound(lambda t: (t - x[0]) ** 2 * x[1] + t**4, -1.0, 3.0),
        quartic,
        in_turn,
        lambda x: minimize(lambda z: z @ A @ z / 2 - x @ z + np.sum(z**4), np.zeros(2)).fun,
        lambda x: minimize(lambda z: (z[0] - x[0]) ** 2 + (z[1] - x[1]) ** 2 * (1 + z[0] ** 2), x, method="Nelder-Mead", tol=1e-10).x[0],
        lambda x: minimize(lambda z: z @ A @ z / 2 - x @ z, np.zeros(2), jac=lambda z: A @ z - x, method="CG").x[0] * x[1],
        lambda x: minimize(lambda z: (z @ A @ z / 2 - x @ z, A @ z - x), np.zeros(2), jac=True, method="L-BFGS-B").x[0],
        lambda x: minimize(lambda z: z @ A @ z / 2 - x @ z, np.zeros(2), jac=lambda z: A @ z - x, hess=lambda z: A, method="Newton-CG").x[1],
        lambda x: minimize(lambda z: np.sum((z - x) ** 2 * (1 + z**2)), [0.5, 0.5], bounds=[(0, 3), (None, 5)])["x"] @ x,
        lambda x: minimize(lambda z, a, b: (z[0] - a) ** 2 + (z[1] - b) ** 2 * 2 + z[0] * z[1], [0.0, 0.0], args=(x[0], x[1])).x @ x,
    ],
)  # fmt: skip
def test_a_program_finds_the_minimum_again(f):
    g, before = gw.value_and_grad(f), served()
    for _ in range(9):
        x = np.array([0.6, 0.9]) * (1 + 0.1 * RNG.standard_normal(2))
        value, gradient = g(x)
        assert value == f(x)
        traced = gw.grad(f, pure=False, method="exact")(x)
        np.testing.assert_allclose(gradient, traced, rtol=1e-9, atol=1e-12)
        # what is found is as exact as the solver's tolerance; a quotient over a tenth of the point is of no more digits
        numerical = [(f(x + e) - f(x - e)) / 2e-2 for e in 1e-2 * np.eye(2)]
        np.testing.assert_allclose(gradient, numerical, rtol=2e-3, atol=2e-3)
    assert served() - before >= 5


def test_the_minimum_of_an_exponential_in_closed_form():
    def f(x):
        return minimize_scalar(lambda t: math.exp(t) - x * t, tol=1e-12).x  # log x

    g, before = gw.value_and_grad(f), served()
    for _ in range(8):
        x = RNG.uniform(0.5, 3.0)
        value, slope = g(x)
        assert value == f(x)
        assert slope == pytest.approx(1 / x, rel=1e-7)
        assert gw.derivative(f, order=2)(x) == pytest.approx(-1 / x**2, rel=1e-6)
    assert served() - before >= 4


def test_a_minimum_to_many_digits():
    def f(x):
        return minimize_scalar(lambda t: np.cosh(0.7 * t) + (t - x[0]) ** 2 * x[1]).x

    def t_of(a, b):
        return mpmath.findroot(lambda t: 0.7 * mpmath.sinh(0.7 * t) + 2 * b * (t - a), a / 2)

    g = gw.grad(f)
    for _ in range(6):
        x = RNG.uniform(0.5, 1.5, 2)
        expected = [mpmath.diff(lambda a, x=x: t_of(a, x[1]), x[0]), mpmath.diff(lambda b, x=x: t_of(x[0], b), x[1])]
        np.testing.assert_allclose(g(x), np.array(expected, float), rtol=1e-12)


def test_elementary_functions_are_those_that_the_objective_calls():
    def by_math(x):
        return brent(lambda t: math.exp(t) - x[0] * math.sin(t), brack=(-1, 1)) * x[1]

    def by_numpy(x):
        return brent(lambda t: np.exp(t) - x[0] * np.sin(t), brack=(-1, 1)) * x[1]

    def by_both(x):
        return brent(lambda t: math.exp(t) - x[0] * np.sin(t), brack=(-1, 1)) * x[1]

    for f, least in ((by_math, 30), (by_numpy, 30), (by_both, 0)):
        g, before = gw.value_and_grad(f), served()
        for _ in range(40):
            x = RNG.uniform(1.5, 3.0, 2)
            assert g(x)[0] == f(x)
        assert served() - before >= least


def test_whether_it_converged_is_asked_at_each_call():
    def told(x):
        found = minimize_scalar(lambda t: (t - x[0]) ** 4 + t * t, options={"maxiter": 12})
        return x[0] * 2 if found.success else x[1]

    def found_if(x):
        found = minimize(lambda z: np.exp(z[0]) - x[0] * z[0] + np.sum((z - x) ** 2) * 0.5, [x[0], 0.0], tol=1e-9)
        return found.x @ x if found.success else x[1]

    for f in (told, found_if):
        g, branches, before = gw.value_and_grad(f), set(), served()
        for _ in range(25):
            x = np.array([0.6, 0.9]) * (1 + 0.5 * RNG.standard_normal(2))
            value, gradient = g(x)
            assert value == f(x)
            branches.add(bool(gradient[1] == 1 and gradient[0] == 0))
        assert branches == {True, False}
        assert served() > before


def test_what_has_no_such_program_is_found_as_before():
    def counted(x):
        return minimize_scalar(lambda t: MODEL.counted(t, x[0])).x * x[1]

    def kinked(x):
        return minimize_scalar(lambda t: (t - x[0]) ** 2 + 0.1 * abs(t)).x * x[1]

    def bounded_by_the_point(x):
        return minimize_scalar(lambda t: (t - x[0]) ** 2, bounds=(x[1], 5), method="bounded").x

    def bound_that_is_reached(x):
        return minimize(lambda z: np.sum((z - x) ** 2), [0.5, 0.5], bounds=[(0, 0.4), (0, 5)]).x @ x

    def constrained(x):
        return minimize(lambda z: np.sum((z - x) ** 2), [0.5, 0.5], constraints={"type": "eq", "fun": lambda z: z.sum() - 1}).x @ x  # fmt: skip

    def linear(x):
        return minimize(lambda z: np.sum((z - x) ** 2), [0.5, 0.5], constraints=LinearConstraint(np.ones((1, 2)), 1, 1)).x @ x  # fmt: skip

    def by_an_object(x):
        return minimize(lambda z: np.sum((z - x) ** 2 * (1 + z**2)), [0.5, 0.5], bounds=Bounds(-3, 3)).x @ x

    def inside(x):
        return minimize_scalar(lambda t: (t - x[0]) ** 2 + brentq(lambda s: s**3 + s - t, -5, 5) ** 2).x

    for f in (counted, kinked, bounded_by_the_point, bound_that_is_reached, constrained, linear, by_an_object, inside):
        g = gw.value_and_grad(f)
        for _ in range(5):
            x = np.array([0.6, 0.9]) * (1 + 0.05 * RNG.standard_normal(2))
            before = MODEL.asked
            plain = f(x)
            calls, before = MODEL.asked - before, MODEL.asked
            value, gradient = g(x)
            assert MODEL.asked - before == calls
            assert value == plain
            numerical = [(f(x + e) - f(x - e)) / 2e-2 for e in 1e-2 * np.eye(2)]
            np.testing.assert_allclose(gradient, numerical, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: fminbound(lambda t: (t - x[0]) ** 2 * x[1] + t**4, -1.0, 3.0),
        lambda x: minimize(lambda z: x[0] * 100 * (z[1] - z[0] ** 2) ** 2 + (x[1] - z[0]) ** 2, np.zeros(2)).x[1],
        lambda x: minimize(lambda z: z @ A @ z / 2 - x @ z, np.zeros(2), jac=lambda z: A @ z - x, method="CG").x[0],
    ],
)
def test_a_minimiser_that_ends_beside_the_minimum_has_the_derivative_of_the_minimum(f):
    """Plain calls differ by the solver's tolerance, and their differences by more: that is no disagreement."""
    x = np.array([0.6, 0.9])
    t = brentq(lambda t: 2 * (t - x[0]) * x[1] + 4 * t**3, 0, 1)
    known = {
        0: np.array([2 * x[1], -2 * (t - x[0])]) / (2 * x[1] + 12 * t**2),
        1: np.array([0.0, 2 * x[1]]),
        2: np.linalg.inv(A)[0],
    }
    gradient = gw.grad(f)(x)
    assert min(np.max(np.abs(gradient - expected)) for expected in known.values()) < 2e-5


def test_what_the_objective_reads_is_read_at_each_call():
    model = Model()

    def f(x):
        return minimize_scalar(model.energy, args=(x[0],)).x * x[1]

    g = gw.value_and_grad(f)
    for k in range(8):
        model.k = 1.0 + 0.1 * (k // 3)
        x = RNG.uniform(0.5, 1.0, 2)
        assert g(x)[0] == f(x)


def test_options_that_change_count():
    model = Model()

    def f(x):
        found = minimize(
            lambda z: np.sum((z - x) ** 4) + z @ z, np.zeros(2), options=model.options, tol=model.tolerance
        )
        return found.x @ x

    g = gw.value_and_grad(f)
    for k in range(9):
        model.tolerance = [1e-4, 1e-6, 1e-8][k // 3]
        x = RNG.uniform(0.5, 1.0, 2)
        assert g(x)[0] == f(x)


@pytest.mark.parametrize("way", ["a callback", "its results by name"])
def test_a_function_that_is_told_of_steps_is_called_as_often_as_by_scipy(way):
    log = []

    def plain(xk):
        log.append(xk.copy())

    def named(intermediate_result):
        log.append(intermediate_result.x.copy())

    callback = plain if way == "a callback" else named

    def f(x):
        return minimize(lambda z: np.sum((z - x) ** 4) + z @ z, np.zeros(2), callback=callback).x @ x

    x = np.array([0.6, 0.9])
    f(x)
    once, g = len(log), gw.grad(f)
    for k in range(2, 6):
        g(x)
        assert len(log) == k * once
    assert all(type(entry) is np.ndarray for entry in log)
