"""Integrals whose integrand ends like a square root at a limit that moves: derivatives against closed forms."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy.integrate import dblquad, quad

import gradwise as gw


def segment(radius: Any, height: Any) -> Any:
    """Half of the area of a circle's segment."""
    return quad(lambda x: math.sqrt(radius * radius - x * x), radius - height, radius)[0]


def segment_in_closed_form(radius: Any, height: Any) -> Any:
    d = radius - height
    return (radius**2 * mpmath.acos(d / radius) - d * mpmath.sqrt(radius**2 - d**2)) / 2


def test_a_root_at_a_limit_that_moves() -> None:
    """The integrand's slope is infinite at the limit: 0 · ∞ in Leibniz' rule."""
    point = (2.0, 0.7)
    found = gw.grad(segment, argnums=(0, 1), method="exact")(*point)
    expected = [mpmath.diff(segment_in_closed_form, point, n) for n in ((1, 0), (0, 1))]
    np.testing.assert_allclose(found, np.array(expected, float), rtol=1e-12)
    curved = gw.hessian(lambda p: segment(p[0], p[1]), method="exact")(np.array(point))
    expected = [
        [mpmath.diff(segment_in_closed_form, point, n) for n in row] for row in (((2, 0), (1, 1)), ((1, 1), (0, 2)))
    ]
    np.testing.assert_allclose(curved, np.array(expected, float), rtol=1e-11)


@pytest.mark.parametrize("turned", [False, True])
def test_roots_at_both_limits_in_either_direction(turned: bool) -> None:
    def half(a: Any) -> Any:
        limits = (a, -a) if turned else (-a, a)
        return quad(lambda x: np.sqrt(a * a - x * x), *limits)[0]

    sign = -1.0 if turned else 1.0
    assert gw.derivative(half, method="exact")(1.5) == pytest.approx(sign * math.pi * 1.5, rel=1e-12)
    assert gw.derivative(half, order=2, method="exact")(1.5) == pytest.approx(sign * math.pi, rel=1e-11)


def test_a_root_at_one_limit_and_another_limit_that_moves() -> None:
    def f(p: Any) -> Any:
        return quad(lambda x: p[2] * np.sqrt(x - p[0]), p[0], p[1])[0]

    a, b, c = point = np.array([0.5, 2.0, 1.3])
    root = math.sqrt(b - a)
    expected = [-c * root, c * root, 2 / 3 * root**3]
    np.testing.assert_allclose(gw.grad(f, method="exact")(point), expected, rtol=1e-12)


def test_a_root_at_the_limits_of_an_inner_integral() -> None:
    def quarter(a: Any) -> Any:
        return dblquad(lambda y, x: 1.0 + 0.0 * y, 0, a, lambda _: 0.0, lambda x: np.sqrt(a * a - x * x))[0]

    assert gw.derivative(quarter, method="exact")(1.5) == pytest.approx(math.pi / 2 * 1.5, rel=1e-7)
