"""Terms that cancel in the slope and not in f: neither f nor a real pair shows what the complex step loses."""

import math

import mpmath
import numpy as np
import pytest

from gradwise.numerical import derivative, grad

QUOTIENTS = {
    "log x / (x - 1)": (lambda t, m: m.log(t) / (t - 1), lambda r: 1 + r.choice([-1, 1]) * 10 ** r.uniform(-8, -1)),
    "saturation": (lambda t, m: t**1.8 / (1e-5 + t**1.8), lambda r: 10 ** r.uniform(-5, 0)),
    "exp far out": (lambda t, m: m.exp(t) / (1 + m.exp(t)), lambda r: r.uniform(3, 20)),
    "van der Waals": (lambda t, m: 2660.0 / (t - 4.267e-5) - 0.364 / t**2, lambda r: 10 ** r.uniform(-4.2, -2)),
    "difference of inverses": (lambda t, m: 1 / (t - 1e-6) - 1 / (t + 1e-6), lambda r: 10 ** r.uniform(-5, 2)),
}


def _slope(f, x):
    with mpmath.workdps(60):
        return float(mpmath.diff(lambda s: f(mpmath.mpf(x) * s, mpmath), 1) / mpmath.mpf(x))


@pytest.mark.parametrize("name", QUOTIENTS)
def test_the_bound_of_a_complex_step_holds(name):
    f, draw = QUOTIENTS[name]
    rng = np.random.default_rng(3)
    beyond = 0
    for _ in range(60):
        x = float(draw(rng))
        estimate = derivative(lambda t: f(t, np), x)
        beyond += estimate.ok and not abs(estimate.value - _slope(f, x)) <= estimate.error
    assert beyond <= 2  # two slopes may agree by chance


@pytest.mark.parametrize("vectorized", [False, True])
def test_the_bounds_of_a_gradient_hold(vectorized):
    f, draw = QUOTIENTS["log x / (x - 1)"]
    rng = np.random.default_rng(4)
    x = np.array([draw(rng) for _ in range(50)])
    estimate = grad(lambda v: np.sum(f(v, np), axis=-1), x, vectorized=vectorized)
    exact = np.array([_slope(f, t) for t in x.tolist()])
    assert estimate.ok
    assert np.count_nonzero(np.abs(estimate.value - exact) > estimate.error) <= 1


@pytest.mark.parametrize("bounds", [(-1.0, 0.5), (0.5, 2.0), (0.5 - 1e-15, 0.5 + 1e-15)])
def test_a_further_slope_does_not_cross_bounds(bounds):
    def f(t):
        assert bounds[0] <= t.real <= bounds[1]
        return t * t

    estimate = derivative(f, 0.5, bounds=bounds)
    assert not estimate.status.trusted or abs(estimate.value - 1.0) <= estimate.error


def test_rounding_that_curvature_hides_is_seen_closer_to_x():
    """The slope of an option's price by its volatility, far out of the money: the price loses some thousand units of rounding."""
    rng = np.random.default_rng(5)
    beyond = 0
    for _ in range(120):
        spot, root, x = (
            100.0 * math.exp(rng.uniform(-0.5, -0.2)),
            math.sqrt(rng.uniform(0.03, 2.5)),
            rng.uniform(0.06, 0.4),
        )
        log = math.log(spot / 100.0)

        def price(v, m, log=log, root=root, spot=spot):
            d = (log + v * v / 2 * root * root) / (v * root)
            return (spot * m.erfc(-d / math.sqrt(2.0)) - 100.0 * m.erfc((v * root - d) / math.sqrt(2.0))) / 2

        estimate, exact = derivative(lambda v: price(v, math), x), _slope(price, x)
        if exact > 1e-290 and estimate.status.trusted:
            beyond += not abs(estimate.value - exact) <= estimate.error
    assert beyond <= 2  # six without it
