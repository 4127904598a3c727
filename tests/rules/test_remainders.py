"""``math.remainder`` and ``math.ulp``, served: the value is that of ``math`` to the last bit, wherever the point lies; slopes by the formula x − n z."""

import math
from fractions import Fraction

import numpy as np
import pytest

import gradwise as gw

FAR = [0.7, -0.0, 1e8 + 0.3, -1e8 - 0.7, 1e16, 1e300, -1e300, 1e-300, 5e-324, 2.0**52 + 0.5, 0.35, 1.05, -2.45]


def served(f):
    """A derivative for which a program stands by now."""
    g = gw.value_and_grad(f)
    for x in np.random.default_rng(2).uniform(0.2, 3.0, 6):
        g(float(x))
    return g


def same(a, b):
    return a == b and math.copysign(1.0, a) == math.copysign(1.0, b)


@pytest.mark.filterwarnings("ignore::gradwise.KinkWarning")  # a half of 0.7 is a tie
@pytest.mark.parametrize("z", [0.7, -0.3, 2 * math.pi, 1e-5, 1e200, math.inf])
def test_the_value_is_that_of_math(z):
    g = served(lambda x: math.remainder(x, z))
    for x in FAR:
        value, slope = g(x)
        assert same(value, math.remainder(x, z))
        assert slope == 1.0


@pytest.mark.parametrize("x", [5.0, -7.25, 1e8])
def test_by_the_divisor(x):
    g = served(lambda z: math.remainder(x, z))
    for z in (0.7, 3.1, -2.3, 1e-3, 1e9):
        value, slope = g(z)
        assert same(value, math.remainder(x, z))
        assert slope == -round(Fraction(x) / Fraction(z))


def test_errors_of_math():
    g = served(lambda x: math.remainder(x, 0.7))
    with pytest.raises(ValueError, match="math domain error"):
        g(math.inf)
    with pytest.raises(ValueError, match="math domain error"):
        served(lambda z: math.remainder(5.0, z))(0.0)


def test_of_many_points_at_once():
    xs = np.array([0.5, 8.3, -1e7 - 0.1])
    np.testing.assert_array_equal(
        gw.vmap(lambda x: math.remainder(x, 0.7))(xs), [math.remainder(x, 0.7) for x in xs.tolist()]
    )


def test_the_value_of_the_last_digit():
    g = served(lambda x: math.ulp(x) + 0 * x if math.isfinite(x) else math.ulp(x))
    for x in (1.0, -3e8, 5e-324, math.inf, -math.inf):
        assert g(x)[0] == math.ulp(x)


def test_infinity_has_an_infinite_last_digit():
    g = served(math.ulp)
    assert g(math.inf)[0] == math.inf
