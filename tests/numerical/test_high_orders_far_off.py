"""Derivatives of order two and more where the length of f is far from |x|, and bounds of what is not known."""

import math

import numpy as np
import pytest

from gradwise.numerical import Status, derivative


@pytest.mark.parametrize(
    ("f", "x", "order", "exact", "relative"),
    [
        (math.sin, 1e8, 2, -math.sin(1e8), 1e-5),
        (lambda x: math.sin(1e4 * x), 0.3, 2, -1e8 * math.sin(3e3), 1e-8),
        (lambda x: math.exp(-((x / 1e-6) ** 2)), 0.0, 2, -2e12, 1e-11),
        (lambda x: 1e12 + math.sin(x), 1.0, 4, math.sin(1.0), 0.1),
        (math.exp, 1e-30, 2, 1.0, 1e-11),
        (math.exp, 1e-30, 3, 1.0, 1e-10),
        (np.exp, 1e-30, 3, 1.0, 1e-13),
        (np.exp, -1e-200, 5, 1.0, 1e-12),
    ],
)
def test_the_length_of_f_is_found(f, x, order, exact, relative):
    estimate = derivative(f, x, order=order)
    assert estimate.status is Status.OK
    assert abs(estimate.value - exact) <= estimate.error <= relative * abs(exact)


@pytest.mark.parametrize(
    ("f", "status"),
    [
        (lambda x: x * x + (x > 1), Status.JUMP),
        (lambda x: abs(x - 1), Status.KINK),
        (lambda x: math.copysign(math.sqrt(abs(x - 1)), x - 1), Status.NOT_DIFFERENTIABLE),
    ],
)
@pytest.mark.parametrize("order", [2, 3])
def test_what_has_no_slope_has_no_curvature(f, status, order):
    estimate = derivative(f, 1.0, order=order)
    assert estimate.status is status
    assert math.isnan(estimate.value)
    assert estimate.error == math.inf


@pytest.mark.parametrize("x", [1e-3, 1e-5, 1e-6, 1e-7, 1e-8])
def test_numerators_that_are_rounded_have_no_curvature_of_their_own(x):
    for f, exact in (
        (lambda t: math.log(1 + t) / t, 2 / 3 - 1.5 * x + 2.4 * x * x),
        (lambda t: (1 - math.cos(t)) / t**2, -1 / 12 + x * x / 60),
        (lambda t: (math.exp(t) - 1 - t) / t**2, 1 / 12 + x / 20 + x * x / 60),
    ):
        estimate = derivative(f, x, order=2)
        if estimate.status.trusted:
            assert abs(estimate.value - exact) <= estimate.error + 1e-8


def test_the_bound_of_what_is_undecided_holds_what_the_fits_differ_by():
    estimate = derivative(lambda x: (x - 1) * abs(x - 1), 1.0, order=2)
    assert estimate.status is Status.UNDECIDED
    assert estimate.error >= 0.4
