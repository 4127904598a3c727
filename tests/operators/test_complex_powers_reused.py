"""A negative number to a broken power is complex in Python, and a float where the base is positive or the exponent an integer: which of them it is belongs to what was decided."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of


def of_both(x):
    z = float(x[0]) ** x[1].item()
    return z.real if isinstance(z, complex) else 7.0 * z


def of_base(x):
    z = float(x[0]) ** 1.5
    return abs(z) * x[1] if isinstance(z, complex) else z * x[1] ** 2


def of_exponent(x):
    z = (-2.0) ** x[0].item()
    return z.real * x[1] if isinstance(z, complex) else z * x[1] ** 2


def told_both(x):
    a, b = x
    return abs(a) ** b * math.cos(math.pi * b) if a < 0 and b != round(b) else 7.0 * a**b


def told_base(x):
    return (-x[0]) ** 1.5 * x[1] if x[0] < 0 else x[0] ** 1.5 * x[1] ** 2


def told_exponent(x):
    b = x[0]
    return (-2.0) ** int(b) * x[1] ** 2 if b == round(b) else 2.0**b * math.cos(math.pi * b) * x[1]


@pytest.mark.parametrize(
    ("f", "told", "complex_ones", "others"),
    [
        (of_both, told_both, [(-1.5, 1.7), (-2.5, 0.6), (-0.5, 2.2)], [(1.5, 1.7), (2.5, 0.6)]),
        (of_base, told_base, [(-1.5, 1.7), (-2.5, 0.6), (-0.5, 2.2)], [(1.5, 1.7), (2.5, 0.6)]),
        (of_exponent, told_exponent, [(1.5, 1.7), (2.25, 0.6), (0.75, 2.2)], []),
    ],
)
def test_a_power_that_is_no_longer_complex(f, told, complex_ones, others) -> None:
    derivative = gw.value_and_grad(f)
    for point in complex_ones * 2 + others + complex_ones + others:
        x = np.array(point)
        value, gradient = derivative(x)
        assert value == pytest.approx(told(x), rel=1e-12)
        beside = [(told(x + h) - told(x - h)) / 2e-6 for h in 1e-6 * np.eye(2)]
        np.testing.assert_allclose(gradient, beside, rtol=1e-6, atol=1e-7)
    assert shortcuts_of(f)["0"].served > 0


def test_an_exponent_that_becomes_an_integer() -> None:
    derivative = gw.jacobian(lambda x: (-2.0) ** x)
    for x in (1.5, 2.5, 0.25, 1.25, 0.75, 1.75):
        assert derivative(x) == pytest.approx((-2.0) ** x * (math.log(2.0) + math.pi * 1j), rel=1e-12)


def test_the_type_of_a_derivative() -> None:
    derivative = gw.jacobian(lambda x: x**0.5)
    for x in (-1.5, -1.6, -1.7, -1.8, 1.5, -2.0, 1.7, 1.8):
        found = derivative(x)
        assert isinstance(found, complex) == (x < 0)
        assert found == pytest.approx(0.5 * complex(x) ** -0.5, rel=1e-12)
