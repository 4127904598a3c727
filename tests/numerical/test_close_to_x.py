"""Waves, saws, jumps and kinks that only a look close to x, or at the bits of f, tells from noise and from rounding."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from gradwise.numerical import Status, derivative


def assert_covered(estimate, exact):
    assert estimate.status.trusted
    assert abs(estimate.value - exact) <= estimate.error
    assert estimate.error < 0.5 * abs(exact)


@pytest.mark.parametrize("x", [579997948.8453324, -927207172327.0518])
def test_steps_that_are_whole_periods(x):
    with mpmath.workdps(60):
        exact = float(-2 * mpmath.mpf(math.pi) * mpmath.sin(2 * mpmath.mpf(math.pi) * mpmath.mpf(x)))
    assert_covered(derivative(lambda x: math.cos(2 * math.pi * x), x), exact)


@pytest.mark.parametrize("x", [1e5 + 0.3, 7023295.55, 1003754589408.0481])
def test_a_saw_that_is_meant(x):
    assert_covered(derivative(lambda x: x % 1.0, x), 1.0)


@pytest.mark.parametrize("x", [4.892406489485427, 2.1330503478497107, 1.2816090420870172, 1.8337983019033992])
def test_pieces_between_roundings_of_several_heights_are_no_saw(x):
    estimate = derivative(lambda x: (x + 1e10) ** 2 - 1e20 - 2e10 * x, x)
    assert abs(estimate.value - 2 * x) <= estimate.error
    assert abs(estimate.value) < 1e6  # the pieces have a slope of -2e10


@pytest.mark.parametrize("x", [1.7e-12, 3.3e-11, 4e-10, 7e-9])
def test_pieces_that_end_on_a_grid_of_a_power_of_two(x):
    estimate = derivative(lambda x: 1 / x - 1 / (math.exp(x) - 1), x)
    assert abs(estimate.value + 1 / 12) <= estimate.error


@pytest.mark.parametrize("x", [4.3e13, 2.3e14])
def test_what_numbers_are_too_far_apart_for_is_undecided(x):
    assert not derivative(math.sin, x).status.trusted


def test_poles_and_waves_a_hundred_units_of_the_last_place_long():
    assert_covered(derivative(lambda x: math.lgamma(100.0 - x), 99.9999999999833), 59888292917.7381)
    assert_covered(derivative(lambda x: math.cos(math.exp(-x * x) ** -1), 4.993589142412016), -622353900940.148)


@pytest.mark.parametrize("room", [0.0, 1e-20])
def test_an_edge_beside_x_on_one_side(room):
    x = 0.9999999999991324
    estimate = derivative(lambda x: 1.0 / math.log(1.0 - x), x, bounds=(x - 0.000725, x + room))
    t = 1.0 - x
    assert_covered(estimate, 1 / (t * math.log(t) ** 2))


@pytest.mark.parametrize("height", [2.5e-4, 57.06])
@pytest.mark.parametrize("part", [1e-8, 5e-3])
def test_one_jump_beside_x_is_no_staircase(height, part):
    x = -1.7746394996375593e-06
    jump = x * (1 + part)
    estimate = derivative(lambda t: math.sqrt(1 + t * t) + (0.0 if t > jump else height), x)
    assert estimate.status is Status.OK
    assert abs(estimate.value - x / math.sqrt(1 + x * x)) <= estimate.error < 1e-5


def test_no_derivative_where_the_quotient_swings():
    assert not derivative(lambda x: x * (1 + 0.1 * math.sin(math.log(abs(x)))) if x else 0.0, 0.0).status.trusted


@pytest.mark.parametrize("gap", [1.3e-8, 1e-9, 4e-10])
@pytest.mark.parametrize(("f", "slope"), [(np.exp, np.exp), (np.arctan, lambda x: 1 / (1 + x * x)), (np.sin, np.cos)])
@pytest.mark.parametrize("complex_step", ["auto", False])
def test_kinks_of_a_billionth_are_in_the_bound(f, slope, gap, complex_step):
    x = 1.37
    estimate = derivative(lambda t: f(t) + gap * np.abs(t - x), x, complex_step=complex_step)
    assert estimate.status is Status.KINK or abs(estimate.value - slope(x)) + 0.9 * gap <= estimate.error


def test_digits_that_f_loses_count_over_the_length_on_which_it_changes():
    scipy = pytest.importorskip("scipy.special")
    x, width, strike = 71.9192867477363, 0.023690584632631604, 98.84260960355626

    def price(x, log, erfc):
        d = (log(x / 100.0) + (0.03 + 0.0007231651602275195) * 0.38804676379826175) / width
        return x * 0.5 * erfc(-d / math.sqrt(2)) - strike * 0.5 * erfc(-(d - width) / math.sqrt(2))

    with mpmath.workdps(120):
        exact = float(mpmath.diff(lambda t: price(t, mpmath.log, mpmath.erfc), mpmath.mpf(x)))
    estimate = derivative(lambda x: price(x, np.log, scipy.erfc), x)
    assert abs(estimate.value - exact) <= estimate.error < 1e-9 * exact


def test_zero_to_the_last_bit_has_a_bound():
    estimate = derivative(lambda x: 1.0 - math.erf(x), 8.461151242270567)
    assert 9.2e-32 < estimate.error < 1e-15


def test_little_room_on_one_side_does_not_outvote_the_other():
    x = 6.823825126826406e-09
    estimate = derivative(lambda x: 1000.0 * x / (1.0 - (1.0 + x) ** -360), x, bounds=(x - 1.79e-08, x + 2.32e-15))
    assert not estimate.status.trusted or abs(estimate.value - 501.389) <= estimate.error


def test_single_precision_numbers_take_the_short_way():
    for dtype, width in ((np.float32, 1e-4), (np.float16, 0.2)):
        estimate = derivative(lambda x, dtype=dtype: dtype(np.sin(x)), 1.3, complex_step=False)
        assert abs(estimate.value - math.cos(1.3)) <= estimate.error < width
    estimate = derivative(lambda x: np.complex64(np.sin(x)) if isinstance(x, complex) else np.float32(np.sin(x)), 1.3)
    assert abs(estimate.value - math.cos(1.3)) <= estimate.error < 1e-4
