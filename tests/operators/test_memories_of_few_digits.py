"""Memories under a text or a number of few digits make the plain function a staircase: differences say zero, and the derivative is that of what the function computes where it does not know the point."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradwise as gw


def cost(t):
    return 10 * math.exp(t**2 / 10)


class Remembering:
    """cost(x₀) + x₁³, of which the first part is remembered."""

    def __init__(self):
        self.memory, self.keys, self.values, self.calls, self.history = {}, [], [], 0, []
        self.key = self.value = None

    def text(self, x):
        key = f"{x[0]:.2f}"
        if key in self.memory:
            return self.memory[key] + x[1] ** 3
        self.memory[key] = cost(x[0])
        return self.memory[key] + x[1] ** 3

    def whole(self, x):
        key = f"{x[0]:.2f},{x[1]:.2f}"
        if key not in self.memory:
            self.memory[key] = cost(x[0]) + x[1] ** 3
        return self.memory[key]

    def rounded(self, x):
        value = self.memory.get(round(float(x[0]), 2))
        if value is None:
            value = self.memory[round(float(x[0]), 2)] = cost(x[0])
        return value + x[1] ** 3

    def integer(self, x):
        key = int(x[0] * 100)
        if key not in self.memory:
            self.memory[key] = cost(x[0])
        return self.memory[key] + x[1] ** 3

    def array_as_text(self, x):
        self.calls += 1
        try:
            value = self.memory[str(np.round(x, 2))]
        except KeyError:
            value = self.memory[str(np.round(x, 2))] = cost(x[0]) + x[1] ** 3
        self.history.append(value)
        return value

    def pairs(self, x):
        key = f"{x[0]:.3g}"
        for known, value in self.keys:
            if known == key:
                return value + x[1] ** 3
        self.keys.append((key, cost(x[0])))
        return self.keys[-1][1] + x[1] ** 3

    def two_lists(self, x):
        key = int(x[0] * 50)
        if key in self.keys:
            return self.values[self.keys.index(key)] + x[1] ** 3
        self.keys.append(key)
        self.values.append(cost(x[0]))
        return self.values[-1] + x[1] ** 3

    def the_last(self, x):
        if self.key != f"{x[0]:.2f}":
            self.key, self.value = f"{x[0]:.2f}", cost(x[0])
        return self.value + x[1] ** 3


WAYS = [name for name in vars(Remembering) if not name.startswith("__")]
POINTS = [[1.234567, 0.5], [1.234567, 0.5], [1.2346, 0.5], [1.2345, 0.7], [1.0, 2.0], [1.0001, 2.0], [1.23, 0.5]]


@pytest.mark.parametrize("options", [{}, {"pure": False}], ids=["proved", "traced"])
@pytest.mark.parametrize("asked_before", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_remembered_of_few_digits(way, asked_before, options):
    o, plain = Remembering(), Remembering()
    for point in map(np.array, POINTS):
        if asked_before:
            assert getattr(o, way)(point) == pytest.approx(getattr(plain, way)(point), rel=1e-14)
        value, gradient = gw.value_and_grad(getattr(o, way), **options)(point)
        a, b = point
        np.testing.assert_allclose(gradient, [2 * a * math.exp(a**2 / 10), 3 * b**2], rtol=1e-12)
        assert value == pytest.approx(getattr(plain, way)(point), rel=1e-14)  # that of the memory, as plainly
        assert o.memory.keys() == plain.memory.keys()
        assert len(o.keys) == len(plain.keys)
        assert o.calls == plain.calls


def test_second_derivatives_of_what_is_remembered():
    o = Remembering()
    for a, b in POINTS:
        expected = np.diag([(2 + 0.4 * a**2) * math.exp(a**2 / 10), 6 * b])
        np.testing.assert_allclose(gw.hessian(o.text)(np.array([a, b])), expected, rtol=1e-12)


def test_what_is_kept_and_goes_on_is_no_memory():
    """A moving average by the cell of the point: after the first call it is 0.9 m + 0.1 x with a number m."""

    class Average:
        def __init__(self):
            self.calls, self.mean = 0, {}

        def __call__(self, x):
            self.calls += 1
            cell = int(x[0])
            self.mean[cell] = 0.9 * self.mean.get(cell, x[0]) + 0.1 * x[0]
            return self.mean[cell] ** 2

    f = Average()
    assert [gw.grad(f)(np.array([1.5]))[0] for _ in range(3)] == pytest.approx([3.0, 0.3, 0.3])


def test_a_table_of_what_follows_from_the_key_is_a_staircase():
    table = {}

    def f(x):
        key = round(float(x[0]), 2)
        if key not in table:
            table[key] = math.exp(key)
        return table[key] + x[0] / 2

    assert [gw.grad(f)(np.array([t]))[0] for t in (1.5, 1.501, 2.5, 1.5)] == [0.5] * 4


def test_branches_by_an_integer_of_a_function_that_counts():
    class Counting:
        calls = 0

        def __call__(self, x):
            self.calls += 1
            return 2.0 * x[0] if int(x[0]) == 1 else x[0] ** 2 * math.exp(0.0 * x[0]) + x[0] / 2

    f = Counting()
    found = [gw.grad(f)(np.array([t]))[0] for t in (1.5, 1.99, 2.5, 1.2, 2.01)]
    assert found == pytest.approx([2.0, 2.0, 5.5, 2.0, 4.52])
    assert f.calls == 5


def test_a_memory_in_lists_of_arrays():
    """Two of them: a list that holds arrays cannot be asked whether a text is in it."""
    keys, values = [], []

    def f(x):
        key = int(x[0] * 50)
        if key in keys:
            return values[keys.index(key)].sum() + x[1] ** 3
        keys.append(key)
        values.append(np.array([cost(x[0]), x[0]]))
        return values[-1].sum() + x[1] ** 3

    for a, b in [(1.2, 0.5), (1.3, 0.5), (1.3, 0.5), (1.2, 0.7), (1.2003, 0.5)]:
        gradient = gw.grad(f)(np.array([a, b]))
        np.testing.assert_allclose(gradient, [2 * a * math.exp(a**2 / 10) + 1, 3 * b**2], rtol=1e-12)
