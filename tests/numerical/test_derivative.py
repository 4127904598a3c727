"""Scalar derivatives: values within their bounds against mpmath, and what is said where there is no derivative."""

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradwise.numerical import Status, derivative

SMOOTH = [
    (np.sin, mp.sin, 1.0),
    (math.sin, mp.sin, 1.0),
    (math.sin, mp.sin, 1e-150),
    (math.sin, mp.sin, 1e8),
    (np.cos, mp.cos, 1e-8),
    (math.log, mp.log, 1e10),
    (math.log, mp.log, 1e-150),
    (lambda x: 1 / x, lambda x: 1 / x, 1e-30),
    (lambda x: x * x, lambda x: x * x, 1e-150),
    (lambda x: math.exp(1e6 * x), lambda x: mp.exp(10**6 * x), 1e-6),
    (lambda x: np.exp(-x / 1e6), lambda x: mp.exp(-x / mp.mpf(10) ** 6), 3.0),
    (math.gamma, mp.gamma, 2.5),
    (np.tanh, mp.tanh, 4.0),
]


def truth(g, x, order=1):
    scale = abs(mp.mpf(x)) or mp.mpf(1)
    with mp.workdps(100):
        return float(mp.diff(lambda t: g(mp.mpf(x) + scale * t), 0, order) / scale**order)


@pytest.mark.parametrize(("f", "g", "x"), SMOOTH)
@pytest.mark.parametrize("complex_step", ["auto", False])
def test_smooth_functions_at_any_scale_are_found_within_the_bound(f, g, x, complex_step):
    estimate = derivative(f, x, complex_step=complex_step)
    exact = truth(g, x)
    assert estimate.status is Status.OK
    assert abs(estimate.value - exact) <= estimate.error
    assert estimate.error <= 1e-4 * abs(exact)
    assert estimate.evaluations <= 45


@given(st.floats(0.1, 30.0), st.floats(-2.0, 2.0))
@settings(max_examples=60, deadline=None)
def test_the_bound_holds_for_a_family(a, b):
    def f(x):
        return math.exp(-x / a) * math.sin(x + b) + b

    x = 0.7 * a
    estimate = derivative(f, x)
    exact = math.exp(-0.7) * (math.cos(x + b) - math.sin(x + b) / a)
    assert estimate.status.trusted
    assert abs(estimate.value - exact) <= estimate.error + 4e-16


def test_complex_step_is_exact_and_cheap():
    estimate = derivative(lambda x: np.exp(x) * np.sin(x), 0.5)
    assert estimate.evaluations == 6
    assert estimate.step == 0.0
    assert estimate.value == pytest.approx(math.exp(0.5) * (math.sin(0.5) + math.cos(0.5)), rel=1e-15)


@pytest.mark.parametrize(
    ("f", "x", "exact"),
    [
        (lambda z: z * abs(z), 1.3, 2.6),  # runs on complex numbers, is not analytic
        (lambda z: (z * np.conj(z)).real + 0 * z, 1.5, 3.0),
        (lambda z: np.maximum(z, 2.0) ** 2, 3.0, 6.0),
        (lambda z: z.real**2 + 1j * 0 if isinstance(z, complex) else z**2, 2.0, 4.0),
    ],
)
def test_functions_that_fool_the_complex_step_are_caught(f, x, exact):
    estimate = derivative(f, x)
    assert abs(estimate.value - exact) <= estimate.error <= 1e-9


KINKS = [
    (abs, 0.0, -1.0, 1.0),
    (lambda x: abs(x - 1), 1.0, -1.0, 1.0),
    (lambda x: max(0.0, x - 2), 2.0, 0.0, 1.0),
    (lambda x: np.maximum(x, x * x), 1.0, 1.0, 2.0),
    (lambda x: 1e6 + abs(x - 5), 5.0, -1.0, 1.0),
    (lambda x: math.sin(x) + 1e-6 * abs(x - 1), 1.0, math.cos(1) - 1e-6, math.cos(1) + 1e-6),
    (lambda x: np.sqrt(x * x), 0.0, -1.0, 1.0),
]


@pytest.mark.parametrize(("f", "x", "left", "right"), KINKS)
def test_kinks_are_flagged_with_both_slopes(f, x, left, right):
    estimate = derivative(f, x)
    assert estimate.status is Status.KINK
    assert estimate.left == pytest.approx(left, abs=1e-7)
    assert estimate.right == pytest.approx(right, abs=1e-7)
    assert estimate.value == pytest.approx((left + right) / 2, abs=1e-7)
    assert estimate.error >= (right - left) / 2


def test_a_kink_beside_x_is_no_kink_at_x():
    estimate = derivative(lambda x: abs(x - 1 - 1e-9), 1.0)
    assert estimate.status is Status.OK
    assert abs(estimate.value + 1.0) <= estimate.error < 1e-3


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: float(np.sign(x)), 0.0),
        (lambda x: x * x + (x >= 1), 1.0),
        (math.floor, 3.0),
        (lambda x: math.exp(x) + 1e-6 * (x > 2), 2.0),
    ],
)
def test_jumps_are_flagged(f, x):
    estimate = derivative(f, x)
    assert estimate.status is Status.JUMP
    assert math.isinf(estimate.error)


def test_a_jump_tells_the_slopes_of_its_branches():
    estimate = derivative(lambda x: 3 * x if x < 1 else 5 * x, 1.0)
    assert estimate.status is Status.JUMP
    assert estimate.left == pytest.approx(3.0, rel=1e-6)
    assert estimate.right == pytest.approx(5.0, rel=1e-6)


@pytest.mark.parametrize(
    ("f", "x", "value"),
    [
        (lambda x: float(np.cbrt(x)), 0.0, math.inf),
        (math.sqrt, 0.0, math.inf),
        (lambda x: math.sqrt(abs(x - 1)), 1.0, math.nan),
        (lambda x: x * math.log(abs(x)) if x else 0.0, 0.0, -math.inf),
        (lambda x: x**3 + math.sqrt(abs(x - 1)), 1.0, math.nan),
    ],
)
def test_infinite_slopes_are_flagged(f, x, value):
    estimate = derivative(f, x)
    assert estimate.status is Status.NOT_DIFFERENTIABLE
    assert estimate.value == value or (math.isnan(value) and math.isnan(estimate.value))


def pseudo_noise(x, sigma):
    """Uniform noise decided by the bits of x: multiplicative hashing of its integer representation."""
    bits = int(np.float64(x).view(np.uint64))
    mixed = (bits * 0x9E3779B97F4A7C15) & (2**64 - 1)
    mixed = ((mixed ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    return sigma * math.sqrt(12) * ((mixed ^ (mixed >> 32)) / 2**64 - 0.5)


@pytest.mark.parametrize("sigma", [1e-3, 1e-6, 1e-10])
@pytest.mark.parametrize(("f", "df", "x"), [(math.sin, math.cos, 1.0), (math.exp, math.exp, 0.5)])
def test_noise_is_found_unasked(f, df, x, sigma):
    estimate = derivative(lambda t: f(t) + pseudo_noise(t, sigma), x)
    assert estimate.status is Status.NOISY
    assert sigma / 3 <= estimate.noise <= 3 * sigma
    assert abs(estimate.value - df(x)) <= estimate.error
    assert estimate.evaluations <= 40
    # no worse than ten times the error of the best central difference, (3 sigma)^(2/3)
    assert estimate.error <= 10 * (3 * sigma) ** (2 / 3)


@pytest.mark.parametrize(
    ("f", "x", "exact"),
    [
        (lambda x: float(np.sin(np.float32(x))), 1.0, math.cos(1.0)),
        (lambda x: float(np.float32(math.tanh(x))), 0.8, 1 - math.tanh(0.8) ** 2),
        (lambda x: float(np.float16(math.cos(x))), 0.6, -math.sin(0.6)),
    ],
)
def test_hidden_low_precision_is_detected(f, x, exact):
    estimate = derivative(f, x)
    assert estimate.status is Status.LOW_PRECISION
    assert abs(estimate.value - exact) <= estimate.error


def test_declared_low_precision_is_taken_at_its_word():
    estimate = derivative(lambda x: np.float32(x) ** 3, 1.9)
    assert abs(estimate.value - 3 * 1.9**2) <= estimate.error


@pytest.mark.parametrize(("digits", "x"), [(3, 1.0), (6, 1.0), (5, 0.4)])
def test_quantised_outputs_give_the_slope_of_the_trend(digits, x):
    estimate = derivative(lambda t: round(math.sin(t), digits), x)
    assert estimate.status is Status.QUANTISED
    assert abs(estimate.value - math.cos(x)) <= estimate.error
    quantum = 10.0**-digits / math.sqrt(12)
    assert quantum / 3 <= estimate.noise <= 3 * quantum


def test_the_tread_of_a_staircase_is_said_to_be_one():
    estimate = derivative(math.floor, 0.5)
    assert estimate.status is Status.QUANTISED
    assert estimate.value == 0.0
    assert estimate.error >= 1.0  # the slope of the trend is within the bound


def test_a_constant_has_slope_zero():
    estimate = derivative(lambda x: 3.0, 1.0)
    assert estimate.status is Status.OK
    assert estimate.value == 0.0


@pytest.mark.parametrize(
    ("f", "x", "exact", "side"),
    [
        (lambda x: math.exp(x) if x >= 1 else math.nan, 1.0, math.e, "right"),
        (lambda x: math.sin(x) if x <= 2 else math.log(-1.0), 2.0, math.cos(2.0), "left"),
        (lambda x: math.sqrt(1 + x) if x >= 0 else math.nan, 0.0, 0.5, "right"),
        (lambda x: x**2.5, 0.0, 0.0, "right"),
    ],
)
def test_one_sided_domains_are_handled_unasked(f, x, exact, side):
    estimate = derivative(f, x)
    assert estimate.status is Status.ONE_SIDED
    assert abs(estimate.value - exact) <= estimate.error <= 1e-10
    assert math.isnan(estimate.left if side == "right" else estimate.right)
    assert getattr(estimate, side) == estimate.value


@pytest.mark.parametrize("distance", [1e-10, 1e-6, 1e-3])
def test_a_domain_edge_nearby_does_not_disturb(distance):
    x = 1 - distance
    estimate = derivative(lambda t: math.sqrt(1 - t), x)
    assert abs(estimate.value + 0.5 / math.sqrt(1 - x)) <= estimate.error
    assert abs(estimate.value + 0.5 / math.sqrt(1 - x)) <= 1e-6 * abs(estimate.value)


@pytest.mark.parametrize(("width", "distance"), [(1e-6, 1e-6), (1e-3, 2e-3), (1e-2, 3e-2), (1e-8, 2e-8)])
def test_narrow_peaks_are_not_stepped_over(width, distance):
    centre = 1.0 + distance

    def f(x):
        return math.sin(x) + math.exp(-(((x - centre) / width) ** 2))

    exact = truth(lambda x: mp.sin(x) + mp.exp(-(((x - mp.mpf(centre)) / mp.mpf(width)) ** 2)), 1.0)
    estimate = derivative(f, 1.0)
    assert abs(estimate.value - exact) <= estimate.error <= 1e-4 * abs(exact)


@pytest.mark.parametrize("order", [2, 3, 5])
@pytest.mark.parametrize("f", [np.exp, math.exp])
def test_higher_orders(f, order):
    estimate = derivative(f, 0.3, order=order)
    assert estimate.status is Status.OK
    assert abs(estimate.value - math.exp(0.3)) <= estimate.error
    assert estimate.error <= 1e-7


def test_higher_orders_one_sided_and_at_a_kink():
    estimate = derivative(lambda x: math.exp(x) if x >= 1 else math.nan, 1.0, order=2)
    assert estimate.status is Status.ONE_SIDED
    assert abs(estimate.value - math.e) <= estimate.error
    assert not derivative(abs, 0.0, order=2).trusted


def test_functions_that_are_not_finite_at_x_say_so():
    assert derivative(lambda x: math.nan, 1.0).status is Status.NON_FINITE
    assert derivative(lambda x: 1.0 if x == 1 else math.nan, 1.0).status is Status.NON_FINITE


@given(st.floats(-3, 3), st.floats(1e-3, 4), st.floats(1e-3, 4))
@settings(max_examples=80, deadline=None)
def test_bounds_are_never_crossed(x, below, above):
    lower, upper = x - below, x + above
    seen = []

    def f(t):
        seen.append(t.real if isinstance(t, complex) else t)
        return np.sin(t)

    for order in (1, 2):
        derivative(f, x, order=order, bounds=(lower, upper))
    assert lower <= min(seen)
    assert max(seen) <= upper


@pytest.mark.parametrize("side", ["lower", "upper"])
def test_at_a_bound_the_derivative_is_one_sided_and_nothing_is_evaluated_outside(side):
    x = 0.1 + 0.2
    seen = []

    def f(t):
        seen.append(t)
        return math.exp(t)

    estimate = derivative(f, x, bounds=(x, 5.0) if side == "lower" else (None, x))
    assert estimate.status is Status.ONE_SIDED
    assert abs(estimate.value - math.exp(x)) <= estimate.error <= 1e-10
    assert min(seen) >= x if side == "lower" else max(seen) <= x


def test_bounds_as_in_scipy():
    import scipy.optimize

    bounds = scipy.optimize.Bounds(0.0, 1.0)
    assert derivative(math.sin, 0.0, bounds=bounds).status is Status.ONE_SIDED


@pytest.mark.parametrize("x", [4.2e-218, 1e-300, 5e-324, -1e-310, 0.0, 1e300, 1.7e308])
@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("f", [math.sin, np.cos, lambda t: t * t])
def test_the_ends_of_the_number_line_raise_nothing(f, x, order):
    assert isinstance(derivative(f, x, order=order).status, Status)


@pytest.mark.parametrize(
    ("f", "x", "most"),
    [
        (lambda t: 100 * (1 - t * t) ** 2 + (1 - t) ** 2, 1.0, 1e-8),
        (lambda t: (t - 1) ** 2, 1.0, 1e-15),
        (lambda t: 1 - math.cos(t), 0.0, 1e-8),
        (lambda t: (t - 3) ** 4, 3.0, 1e-3),
    ],
)
@pytest.mark.parametrize("complex_step", ["auto", False])
def test_the_bound_at_a_minimum_of_value_zero_is_no_larger_than_its_digits_allow(f, x, most, complex_step):
    estimate = derivative(f, x, complex_step=complex_step)
    assert abs(estimate.value) <= estimate.error <= most
