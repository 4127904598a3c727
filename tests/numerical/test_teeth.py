"""Pieces between two roundings whose slope is not that of the function that is meant; powers and poles beside an edge."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from gradwise.errors import InputError
from gradwise.numerical import Status, derivative, grad

ROUNDED = {
    "(1 + x) ** (1 / x)": (lambda x: (1 + x) ** (1 / x), 2.445369779503049e-11, -math.e / 2),
    "x² / (sqrt(1 + x²) - 1)": (lambda x: x * x / (math.sqrt(1 + x * x) - 1), 6.628242030683486e-06, 6.6e-06),
    "acos(1 - x) / sqrt(x)": (lambda x: math.acos(1 - x) / math.sqrt(x), 2.3040730733297047e-12, 0.118),
    "x / (exp x - 1)": (lambda x: x / (np.exp(x) - 1.0), 2.1765788163990018e-11, -0.5),
    "(1 + 1/x) ** x": (lambda x: (1 + 1 / x) ** x, 670619407740.0192, 3e-24),
    "a part in half precision": (
        lambda x: math.log(2 + x * x) + float(np.float16(x)) ** 2,
        -0.00019261108879132995,
        3 * -0.00019261108879132995,
    ),
    "a part in single precision": (
        lambda x: float(np.float32(1 / (1 + x * x))) * (1 + x * x),
        0.010082936864454526,
        0.0,
    ),
    "a part rounded to 3 decimals": (lambda x: 2 * x + round(x**3 - x, 3), -2.995, 1 + 3 * 2.995**2),
}


@pytest.mark.parametrize("complex_step", ["auto", False])
@pytest.mark.parametrize("name", ROUNDED)
def test_the_slope_of_a_tooth_is_not_believed(name, complex_step):
    f, x, exact = ROUNDED[name]
    estimate = derivative(f, x, complex_step=complex_step)
    assert estimate.status is not Status.OK
    assert abs(estimate.value - exact) <= estimate.error + 1e-6 * abs(exact)


@pytest.mark.parametrize("power", [1.2, 1.5, 1.8, 2.5])
@pytest.mark.parametrize("edge", [0.0, -2.0, 100.0])
def test_fractional_powers_at_the_edge_of_their_domain(power, edge):
    for side in (1, -1):
        f = lambda x, side=side: math.pow(side * (x - edge), power) + 2.0 * x
        estimate = derivative(f, edge)
        assert estimate.status in {Status.ONE_SIDED, Status.UNDECIDED}
        assert abs(estimate.value - 2.0) <= estimate.error


def test_an_infinite_value_beyond_the_edge_is_an_edge():
    x = 3.7 - 5e-8
    for f in (lambda t: math.sin(t) if t <= 3.7 else math.inf, lambda t: math.sin(t) if t <= 3.7 else math.nan):
        estimate = derivative(f, x)
        assert abs(estimate.value - math.cos(x)) <= estimate.error <= 1e-5


@pytest.mark.parametrize("complex_step", ["auto", False])
def test_a_pole_close_to_x_is_no_numerator_that_was_lost(complex_step):
    for c, x in ((100.0, 99.99999986225714), (0.3, 0.3000000000527616)):
        for power in (1, 2):
            t = x - c
            exact = math.cos(x) - power * 1e-3 / t ** (power + 1)
            f = lambda x, c=c, power=power: math.sin(x) + 1e-3 / (x - c) ** power
            estimate = derivative(f, x, complex_step=complex_step)
            assert abs(estimate.value - exact) <= estimate.error <= 1e-3 * abs(exact)


def test_fractions_and_decimals_are_numbers():
    x = 1.5
    for f in (lambda t: Fraction(t) ** 3, lambda t: Decimal(t) ** 3):
        estimate = derivative(f, x)
        assert abs(estimate.value - 3 * x**2) <= estimate.error <= 1e-11
    many = grad(lambda v: sum(Fraction(float(t)) ** 2 for t in v), np.array([1.0, 2.0]))
    assert np.all(np.abs(many.value - [2.0, 4.0]) <= many.error)
    with pytest.raises(InputError, match="must return real or complex numbers"):
        derivative(lambda t: np.array(None), x)


def test_an_oscillation_along_a_trend_is_no_row_of_teeth():
    rng = np.random.default_rng(11)
    for _ in range(150):
        x, k = 10 ** rng.uniform(2, 10), 10 ** rng.uniform(-2, 1)
        estimate = derivative(lambda t, k=k: t + k * math.sin(t), x)
        # neighbouring numbers are 1e-6 apart at 1e10
        exact, allowed = 1 + k * math.cos(x), 2 * k * math.ulp(x)
        assert not estimate.status.trusted or abs(estimate.value - exact) <= estimate.error + allowed


def test_pieces_of_what_is_rounded_in_part_are_compared_close_to_x():
    rng = np.random.default_rng(12)
    for _ in range(100):
        x, k = rng.uniform(0.5, 10), rng.uniform(0.5, 3)
        estimate = derivative(lambda t, k=k: float(np.float32(math.log(t))) + k * math.sin(t), x)
        assert estimate.status is not Status.OK or abs(estimate.value - 1 / x - k * math.cos(x)) <= estimate.error


def test_a_saw_with_curved_teeth_has_the_slope_of_the_tooth():
    rng = np.random.default_rng(13)
    trusted = right = 0
    for _ in range(100):
        period = 10 ** rng.uniform(-1.5, 1)
        x = period * (rng.integers(1, 40) + rng.uniform(0.05, 0.95))
        estimate = derivative(lambda t, p=period: math.sin(t % p / p) + t, x)
        exact = 1 + math.cos(x % period / period) / period
        if estimate.status.trusted:
            trusted += 1
            right += abs(estimate.value - exact) <= estimate.error + 1e-12 * exact
    assert trusted > 80
    assert right >= trusted - 1
