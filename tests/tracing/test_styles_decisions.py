"""Numbers that are found by decisions (bisection, searches, rounding) have lost their derivative: that is found out in objects that store something too, and in each function that is entered for the first time."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.7, 1.3])


def bisected(a, b, steps):
    low, high = 0.0, 3.0
    for _ in range(steps):
        middle = 0.5 * (low + high)
        if a * middle**3 + b * middle - 2 > 0:
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)


class Problem:
    """Elements by name, under one function that evaluates them all."""

    def __init__(self, elements):
        self.elements = elements
        self.calls = 0
        self.last = []

    def fx(self, x):
        self.calls += 1
        self.last = [getattr(self, "e_" + name)(x) for name in self.elements]
        return sum(self.last)

    def e_square(self, x):
        return x[0] ** 2

    def e_product(self, x):
        return x[0] * x[1]

    def e_bisected(self, x):
        self.root = bisected(x[0], x[1], 60)
        return self.root * x[0]

    def e_rounded(self, x):
        self.count = int(x[1] * 1e7)
        return self.count * 1e-7 * x[0]

    def e_searched(self, x):
        grid = np.linspace(0, 3, 4_000_001)
        self.place = int(np.searchsorted(grid, x[0]))
        return grid[self.place] * x[1]

    def e_running(self, x):
        self.mean = 0.5 * getattr(self, "mean", 1.0) + 0.5 * x[1]
        return self.mean**3

    def e_in_place(self, x):
        if not hasattr(self, "work"):
            self.work, self.table = np.ones(2), {"rows": [[0.0, 0.0], [1.0, 1.0]]}
        self.work *= 0.5
        self.work += x
        for k in range(2):
            self.table["rows"][0][k] += float(x[k])
        return float(self.work @ self.work) + self.table["rows"][0][1] ** 2


@pytest.mark.parametrize("steps", [45, 60, 100])
def test_bisection_is_found_out(steps):
    gw.clear_caches()
    for point in (X, X + 0.1, X * 1.5):
        with pytest.raises(gw.TracingError, match="decisions"):
            gw.grad(lambda x: bisected(x[0], x[1], steps) * x[0] + x[1], method="exact")(point)
    with pytest.warns(gw.NumericalFallbackWarning, match="decisions"):
        found = gw.grad(lambda x: bisected(x[0], x[1], steps) * x[0] + x[1])(X)
    y = bisected(*X, 100)
    slope = 3 * X[0] * y**2 + X[1]
    assert found == pytest.approx([y - X[0] * y**3 / slope, 1 - X[0] * y / slope], rel=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("element", ["bisected", "rounded", "searched"])
def test_of_objects_that_store_something(element):
    gw.clear_caches()
    with pytest.raises(gw.TracingError, match="decisions"):
        gw.grad(Problem([element, "square"]).fx, method="exact")(X)


@pytest.mark.slow
@pytest.mark.parametrize("element", ["bisected", "rounded", "searched"])
def test_each_function_that_is_entered_counts(element):
    gw.clear_caches()
    f, g = Problem(["square", "product"]).fx, Problem(["square", element]).fx
    for point in (X, X + 1):
        assert gw.grad(f, method="exact")(point) == pytest.approx([2 * point[0] + point[1], point[0]])
    assert "compared" in str(gw.explain(f, X))
    with pytest.raises(gw.TracingError, match="decisions"):
        gw.grad(g, method="exact")(X)


@pytest.mark.parametrize("elements", [["running"], ["in_place"], ["running", "in_place", "square"]])
def test_state_is_put_back(elements):
    gw.clear_caches()
    traced, plain = Problem(elements), Problem(elements)
    for k in range(4):
        gw.grad(traced.fx, method="exact")(X + 0.1 * k)
        plain.fx(X + 0.1 * k)
        assert repr(vars(traced)) == repr(vars(plain))


def test_conventions_hold():
    f = lambda x: np.maximum(x[0], 0.0) - np.maximum(-x[0], 0.0) + x[1] ** 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gw.KinkWarning)
        assert gw.grad(f, method="exact")(np.array([0.0, 1.0])) == pytest.approx([0.0, 2.0])
    assert gw.grad(lambda x: x**2 if x > 0 else -(x**2), method="exact")(0.0) == 0.0
