"""Derivatives that would be lost without a word: on a way that a function takes for the first time long after it was verified, and in the second derivative of what one step made right for the first."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

import gradwise as gw


def root(a):
    """z³ + z = a."""
    z = 1.0
    for _ in range(60):
        z -= (z**3 + z - a) / (3 * z**2 + 1)
    return z


def first(a):
    return 1 / (3 * root(a) ** 2 + 1)


def second(a):
    z = root(a)
    return -6 * z * first(a) ** 3


def bisected(a):
    lo, hi = 0.0, 3.0
    for _ in range(60):
        middle = 0.5 * (lo + hi)
        if middle**3 + middle > a:
            hi = middle
        else:
            lo = middle
    return 0.5 * (lo + hi)


def one_newton_step(a):
    z = bisected(a)
    return z - (z**3 + z - a) / (3 * z**2 + 1)


def one_secant_step(a):
    z, d = bisected(a), 1e-6
    g = z**3 + z - a
    w = z + d
    return z - g * d / (w**3 + w - a - g)


def in_steps(a):
    z = int(root(float(a)) * 2**50) / 2**50
    return z - (z**3 + z - a) / (3 * z**2 + 1)


ONE_STEP = [one_newton_step, one_secant_step, in_steps]
SECOND = {
    "hessian": lambda f, a: gw.hessian(f)(a),
    "hvp": lambda f, a: gw.hvp(f)(a, 1.0),
    "derivative": lambda f, a: gw.derivative(f, 2)(a),
    "partial_derivative": lambda f, a: gw.partial_derivative(f, 0, order=2)(a),
    "mixed": lambda f, a: gw.partial_derivative(lambda x, y: f(x + y), (0, 1))(a - 0.25, 0.25),
    "laplacian": lambda f, a: gw.laplacian(lambda x: f(x[0]))(np.array([a])),
    "taylor": lambda f, a: 2 * gw.taylor(f, 2)(a)[2],
    "gradient of the gradient": lambda f, a: gw.grad(gw.grad(f))(a),
    "jacobian of the gradient": lambda f, a: gw.jacobian(gw.grad(f))(a),
    "jacobian of a function": lambda f, a: gw.jacobian(lambda x: gw.grad(f)(x))(a),
    "jvp of the gradient": lambda f, a: gw.jvp(gw.grad(f), (a,), (1.0,))[1],
    "vmap": lambda f, a: gw.vmap(gw.hessian(f))(np.array([a, a]))[1],
}


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
@pytest.mark.parametrize("operator", SECOND)
@pytest.mark.parametrize("f", ONE_STEP, ids=lambda f: f.__name__)
def test_the_second_derivative_after_one_step(f, operator):
    assert gw.grad(f, method="exact")(2.3) == pytest.approx(first(2.3), rel=1e-6)
    for _ in range(2):  # a refusal is not forgotten
        assert SECOND[operator](f, 2.3) == pytest.approx(second(2.3), rel=1e-4)


@pytest.mark.parametrize("f", ONE_STEP, ids=lambda f: f.__name__)
def test_it_is_refused(f):
    for exact in (gw.hessian(f, method="exact"), gw.derivative(f, 2, method="exact"), gw.hessian(f, check=True)):
        with pytest.raises(gw.TracingError, match=r"derivative of order 2 .*two steps the second"):
            exact(2.3)


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
@pytest.mark.parametrize("f", ONE_STEP, ids=lambda f: f.__name__)
def test_one_direction_along_which_the_root_hardly_moves_hides_nothing(f):
    """The root of a = 2.3 x y is nearly the same along the first random direction, (0.126, −0.132) in units of the entries."""

    def g(p):
        return p[0] ** 2 + p[1] ** 3 + f(2.3 * p[0] * p[1])

    off = 2.3**2 * second(2.3) + 2.3 * first(2.3)
    expected = [[2 + 2.3**2 * second(2.3), off], [off, 6 + 2.3**2 * second(2.3)]]
    x, v = np.ones(2), np.array([0.3, 0.4])
    np.testing.assert_allclose(gw.hessian(g)(x), expected, rtol=1e-4)
    np.testing.assert_allclose(gw.hvp(g)(x, v), np.array(expected) @ v, rtol=1e-4)
    with pytest.raises(gw.TracingError, match="derivative of order 2"):
        gw.hessian(g, method="exact")(x)


def test_two_steps_have_the_second_derivative():
    def f(a):
        z = one_newton_step(a)
        return z - (z**3 + z - a) / (3 * z**2 + 1)

    assert gw.hessian(f, method="exact")(2.3) == pytest.approx(second(2.3), rel=1e-12)


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
def test_a_warm_start():
    class Solver:
        """Newton's method from the last root: two calls at one point take one step."""

        def __init__(self):
            self.z = 1.0

        def __call__(self, a):
            z = self.z
            for _ in range(50):
                step = (z**3 + z - a) / (3 * z**2 + 1)
                z = z - step
                if abs(step) < 1e-12:
                    break
            self.z = float(z)
            return z

    f = Solver()
    for a in (2.3, 2.3, 2.3, 2.4, 2.4):
        assert gw.hessian(f)(a) == pytest.approx(second(a), rel=1e-4)
    f = Solver()
    f(2.3)
    assert gw.hessian(f)(2.3) == pytest.approx(second(2.3), rel=1e-4)


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
def test_the_value_of_a_search():
    """min over z of (z − p)² + exp(−z): its gradient is right without the derivative of the place, its second derivative is not."""

    def least(p):
        a, b, ratio = 0.0, 5.0, (math.sqrt(5) - 1) / 2
        c, d = b - ratio * (b - a), a + ratio * (b - a)
        for _ in range(60):
            if (c - p) ** 2 + math.exp(-c) < (d - p) ** 2 + math.exp(-d):
                b = d
            else:
                a = c
            c, d = b - ratio * (b - a), a + ratio * (b - a)
        z = 0.5 * (a + b)
        return (z - p) ** 2 + math.exp(-z)

    z = 2.0
    for _ in range(50):
        z -= (2 * (z - 2.0) - math.exp(-z)) / (2 + math.exp(-z))
    curvature = 2 - 4 / (2 + math.exp(-z))
    assert gw.grad(least, method="exact")(2.0) == pytest.approx(-2 * (z - 2.0), rel=1e-6)
    assert gw.hessian(least)(2.0) == pytest.approx(curvature, rel=1e-3)


def test_newtons_method_that_begins_at_the_root():
    def f(a):
        z = 1.5
        for _ in range(20):
            new = 0.5 * (z + a / z)
            if abs(new - z) < 1e-12:
                return new
            z = new
        return z

    assert gw.hessian(f)(2.0) == pytest.approx(-0.25 * 2.0**-1.5, rel=1e-8)
    with pytest.warns(gw.NumericalFallbackWarning, match="order 2"):
        assert gw.hessian(f)(2.25) == pytest.approx(-0.25 * 2.25**-1.5, rel=1e-6)


def bisection_beyond_two(a):
    return a * bisected(a) if a > 2 else a**2


def integer_beyond_two(a):
    if a > 2:
        return a * (int(a * 2**50) / 2**50)
    return a**2


class Counting:
    """The same in an object that counts its calls."""

    calls = 0

    def __call__(self, a):
        self.calls += 1
        return integer_beyond_two(a)


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
@pytest.mark.parametrize("pure", [None, True, False])
@pytest.mark.parametrize("f", [bisection_beyond_two, integer_beyond_two, Counting()], ids=["root", "integer", "object"])
def test_a_branch_that_is_taken_later(f, pure):
    g = gw.grad(f, pure=pure if not isinstance(f, Counting) else None)
    for a in (1.0, 1.1, 1.2, 2.3, 2.4, 1.3, 2.5):
        truth = 2 * a if a < 2 or f is not bisection_beyond_two else root(a) + a * first(a)
        assert g(np.float64(a)) == pytest.approx(truth, rel=1e-7), a
    with pytest.raises(gw.TracingError):
        gw.grad(f, method="exact")(2.6)


@pytest.mark.filterwarnings("ignore::gradwise.KinkWarning")
def test_a_kink_at_the_first_point_excuses_nothing_later():
    def f(x):
        return abs(x[0]) + x[1] * (int(x[1] * 2**50) / 2**50)

    gw.grad(f)(np.array([0.0, 1.5]))  # a convention holds: nothing can be said
    with pytest.raises(gw.TracingError):
        gw.grad(f, method="exact")(np.array([0.5, 1.5]))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
def test_what_is_differentiated_inside():
    def lost(x):
        return x * int(x * 2**50) / 2**50

    assert gw.grad(lambda x: gw.grad(lost)(x) * x)(2.3) == pytest.approx(9.2, rel=1e-6)
    assert gw.grad(lambda x: gw.grad(lambda y: y * int(x * y * 2**50) / 2**50)(1.5))(2.0) == pytest.approx(
        3.0, rel=1e-6
    )
    with pytest.raises(gw.TracingError):
        gw.grad(lambda x: gw.grad(lost, method="exact")(x) * x, method="exact")(2.3)


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
def test_a_branch_by_equality_in_the_noise_of_the_other_one():
    """The other branch is 0/0 nearly: its differences are noisy, but over wide intervals they say enough."""

    def mean(x):
        return x[0] if x[0] == x[1] else (x[0] - x[1]) / (math.log(x[0]) - math.log(x[1]))

    for k in range(6):
        np.testing.assert_allclose(gw.grad(mean)(np.array([1.0, 1.0]) * (1 + 0.004 * k)), [0.5, 0.5], rtol=1e-3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
def test_what_is_rounded_for_a_memory_inside():
    @functools.lru_cache
    def kept(t):
        return math.exp(t)

    hessian = gw.jacobian(gw.grad(lambda x: kept(round(float(x[0]), 12)) * x[1]))(np.array([0.7, 1.3]))
    np.testing.assert_allclose(hessian, np.array([[1.3, 1.0], [1.0, 0.0]]) * math.exp(0.7), rtol=1e-5, atol=1e-8)


def beside_a_large_slope(x):
    return 1e8 * x[0] + x[1] * (int(x[1] * 2**50) / 2**50)


def beside_a_large_value(x):
    return 1e9 + x[0] * (int(x[1] * 2**50) / 2**50)


def nothing_lost(x):
    return 1e8 * x[0] ** 2 + x[1] * math.exp(x[1]) + 0.0 * x[2]


def test_what_a_large_slope_hides():
    for f in (beside_a_large_slope, beside_a_large_value):
        for _ in range(2):
            with pytest.raises(gw.TracingError):
                gw.grad(f, method="exact")(np.array([0.7, 1.3]))
    found = gw.grad(nothing_lost, method="exact")(np.array([0.7, 1.3, 2.0]))
    np.testing.assert_allclose(found, [1.4e8, 2.3 * math.exp(1.3), 0.0], rtol=1e-12)


@pytest.mark.parametrize(
    ("f", "x", "gradient"),
    [
        (lambda x: x[0] + x[1] + x[2] - 1, [0.7, 0.2, 0.1], [1.0, 1.0, 1.0]),
        (lambda x: 0.1 + 0.7 * x[0] + 0.2 * x[1] - (0.2 * 0.6 + 0.7 * 0.1 + 0.1 + 2**-54), [0.1, 0.6], [0.7, 0.2]),
        (lambda x: (x[0] ** 2 + x[1] ** 2) / 0.07 - (1 + 2**-52), [0.1, 0.06**0.5], [0.2 / 0.07, 2 * 0.06**0.5 / 0.07]),
    ],
)
def test_residuals_that_rounding_left(f, x, gradient):
    """A constraint that holds to rounding: its value says nothing of the size of its slopes."""
    assert 0 < abs(f(x)) < 1e-15
    np.testing.assert_allclose(gw.grad(f, method="exact")(np.array(x)), gradient, rtol=1e-14)
    np.testing.assert_allclose(
        gw.jacobian(lambda x: [f(x.tolist())], method="exact")(np.array(x)), [gradient], rtol=1e-14
    )


def test_least_squares_that_are_met_to_rounding():
    """Powell's badly scaled function at its minimum, where the value is 1e-32 and the gradient what rounding left."""

    def f(x):
        r = np.array([1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001])
        return np.sum(r**2)

    x = np.array([1.0981593296998367e-05, 9.106146739866364])
    assert f(x) < 1e-30
    rows = np.array([[1e4 * x[1], 1e4 * x[0]], [-np.exp(-x[0]), -np.exp(-x[1])]])
    np.testing.assert_allclose(gw.hessian(f, method="exact")(x), 2 * rows.T @ rows, rtol=1e-9)
    assert np.max(np.abs(gw.grad(f, method="exact")(x))) < 1e-9
