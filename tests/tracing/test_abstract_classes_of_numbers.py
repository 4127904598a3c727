"""``isinstance(other, numbers.Number)`` in users' operators: proved, and what is registered later is seen."""

from __future__ import annotations

import numbers

import numpy as np
import pytest

import gradwise as gw


class Pair:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __mul__(self, other):
        if isinstance(other, numbers.Number):
            return Pair(self.x * other, self.y * other)
        return Pair(self.x * other.x, self.y * other.y)

    __rmul__ = __mul__

    def __add__(self, other):
        if isinstance(other, (numbers.Real, np.ndarray)):
            return Pair(self.x + other, self.y + other)
        return Pair(self.x + other.x, self.y + other.y)


def of_pairs(p):
    a = Pair(p[0], p[1])
    b = 2 * a * a + 1.5 * a * p[0] + p[1]
    return b.x * b.y  # (3.5 x² + y) (2 y² + 1.5 x y + y)


class Registered:
    def __init__(self, value):
        self.value = value

    def __mul__(self, other):
        factor = 3 if isinstance(other, numbers.Number) else 2
        return Registered(factor * self.value * (other.value if isinstance(other, Registered) else other))


def of_registered(p):
    a = Registered(p[0])
    return (a * a).value + (a * p[1]).value


def test_operators_that_ask_for_numbers_are_proved():
    gradient = gw.grad(of_pairs)
    for x, y in ((1.0, 2.0), (0.3, -0.7), (2.0, 0.5), (-1.0, 1.5), (0.1, 0.2)):
        u, v = 3.5 * x**2 + y, 2 * y**2 + 1.5 * x * y + y
        expected = [7 * x * v + 1.5 * y * u, v + u * (4 * y + 1.5 * x + 1)]
        np.testing.assert_allclose(gradient(np.array([x, y])), expected, rtol=1e-13)
    assert "proved pure by its code" in gw.explain(of_pairs, np.array([1.0, 2.0])).reuse


def test_a_class_that_is_registered_later_is_seen():
    gradient, p = gw.grad(of_registered), np.array([1.0, 2.0])
    for _ in range(4):
        np.testing.assert_array_equal(gradient(p), [10.0, 3.0])  # 2 x² + 3 x y
    assert "proved pure by its code" in gw.explain(of_registered, p).reuse
    numbers.Number.register(Registered)
    np.testing.assert_array_equal(gradient(p), [12.0, 3.0])  # 3 x² + 3 x y
    assert gw.value_and_grad(of_registered)(p)[0] == pytest.approx(9.0)
