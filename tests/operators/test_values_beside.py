"""``x = 1e-8`` written down for ``x == 0``: the value at the point lies beside the function around it, and its branch has another slope."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradwise as gw
from gradwise.errors import NumericalFallbackWarning, TracingError
from gradwise.operators.beside import slope_beside


def guarded_array(x):
    x = np.where(x == 0, 1e-8, x)
    return np.sum((1 - np.exp(-x)) / x)


def guarded_number(x):
    if x == 0:
        x = 1e-8
    return (1 - math.exp(-x)) / x


def scaled(x):
    return 3 * np.where(x == 0, 1e-12, x)


@pytest.mark.parametrize(
    ("f", "x"),
    [(guarded_array, np.zeros(2)), (guarded_array, np.array([0.0, 1.0])), (guarded_number, 0.0), (scaled, 0.0)],
)
def test_the_branch_is_refused(f, x):
    gw.clear_caches()
    with pytest.raises(TracingError, match="because two values are equal"):
        gw.grad(f, method="exact")(x)


def test_the_numerical_way_says_that_it_jumps():
    gw.clear_caches()
    with pytest.warns(NumericalFallbackWarning, match="(?i)jump"):
        assert np.isnan(gw.grad(guarded_number)(0.0))


def test_beside_the_point_nothing_is_refused():
    gw.clear_caches()
    x = np.array([0.5, 2.0])
    exact = (np.exp(-x) * (x + 1) - 1) / x**2
    np.testing.assert_allclose(gw.grad(guarded_array, method="exact")(x), exact, rtol=1e-12)


def test_what_the_guard_does_not_change_is_kept():
    def f(x):
        return np.sum(np.log(np.where(x == 0, 1e-300, x) + 1))  # log(1 + x) is its own limit

    np.testing.assert_allclose(gw.grad(f, method="exact")(np.array([0.0, 1.0])), [1.0, 0.5], rtol=1e-14)


def test_the_slope_around_the_point():
    def f(t):
        t = t or 1e-8
        return math.expm1(2 * t) / t

    slope, error = slope_beside(f)
    assert abs(slope - 2.0) <= max(error, 1e-9)
    assert error < 1e-6


@pytest.mark.parametrize(
    "f",
    [
        lambda t: math.sin(t) if t else 5.0,  # a number of its own
        lambda t: math.log(t),  # raises
        lambda t: t or math.nan,
        lambda t: math.copysign(1.0, t) if t else 0.0,  # slopes that grow without end
    ],
)
def test_nothing_is_said(f):
    assert slope_beside(f) is None
