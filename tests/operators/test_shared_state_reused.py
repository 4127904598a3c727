"""State under several names: objects that become one between calls, arguments that a function keeps. Truth: plain calls, and runs of the function at each call."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

X = np.array([0.3, 1.2, 0.7])


class Cell:
    """Remembers what it computed."""

    def __init__(self, start):
        self.h = np.full(3, start)

    def step(self, x):
        self.h = np.tanh(x + 0.5 * self.h)
        return self.h


class Pair:
    """Two cells in turn, and one that only reads."""

    def __init__(self):
        self.a, self.b, self.read = Cell(0.1), Cell(0.2), Cell(0.3)

    def f(self, x):
        return np.sum(self.a.step(x) * self.b.step(2 * x)) + x[0] * np.sum(self.read.h)


class Several:
    """Cells in a list or a dictionary."""

    def __init__(self, kind):
        cells = [Cell(0.1), Cell(0.2), Cell(0.3)]
        self.cells = cells if kind is list else dict(enumerate(cells))

    def f(self, x):
        for k in range(3):
            x = self.cells[k].step(x)
        return np.sum(x)


def one_is_another(model):
    if type(model) is Several:
        model.cells[1] = model.cells[0]
    else:
        model.b = model.a


def one_is_read(model):
    if type(model) is Pair:
        model.read = model.b


@pytest.mark.parametrize("make", [Pair, lambda: Several(list), lambda: Several(dict)])
@pytest.mark.parametrize("change", [one_is_another, one_is_read])
def test_objects_that_become_one(make, change):
    models = [make() for _ in range(3)]
    served, run = gw.value_and_grad(models[0].f), gw.value_and_grad(models[1].f, pure=False)
    for k in range(16):
        if k == 8:
            assert shortcuts_of(models[0].f)["0"].served >= 3
            for model in models:
                change(model)
        x = X + 0.05 * k
        (value, gradient), (expected, other) = served(x), run(x)
        assert value == pytest.approx(expected, rel=1e-13)
        assert value == pytest.approx(models[2].f(x), rel=1e-13)
        np.testing.assert_allclose(gradient, other, rtol=1e-12)


class Keeping:
    """Keeps its argument, a part of it, and all arguments so far."""

    def __init__(self):
        self.last, self.part, self.history = np.zeros(3), np.zeros(2), []

    def f(self, x):
        value = np.sum((x - self.last) ** 2) + x[0] * self.part[0]
        self.last = x
        self.part = x[1:]
        self.history.append(x)
        return value


@pytest.mark.parametrize("options", [{}, {"pure": False}])
def test_arguments_that_are_kept_are_copies_whatever_ran(options):
    model, x = Keeping(), X.copy()
    g = gw.value_and_grad(model.f, **options)
    points = [np.zeros(3)]
    for k in range(10):
        value, gradient = g(x)
        part = points[-1][1] if k else 0.0
        assert value == pytest.approx(np.sum((x - points[-1]) ** 2) + x[0] * part, rel=1e-13)
        np.testing.assert_allclose(gradient, 2 * (x - points[-1]) + np.array([part, 0.0, 0.0]), rtol=1e-12)
        points.append(x.copy())
        x -= 0.1 * (k + 1) * np.array([1.0, -2.0, 0.5])
        np.testing.assert_array_equal(model.history, points[1:])
        np.testing.assert_array_equal(model.part, points[-1][1:])


@pytest.mark.parametrize("operator", [gw.grad, gw.hessian, gw.jacobian])
def test_containers_that_are_kept_are_copies_whatever_ran(operator):
    class Model:
        def __init__(self):
            self.last = None

        def f(self, p):
            self.last = p
            return np.sum(p["a"] ** 2) * p["b"]

    model, p = Model(), {"a": X.copy(), "b": 2.0}
    g = operator(model.f)
    for _ in range(8):
        g(p)
        before = copy.deepcopy(p)
        p["a"] *= 1.1
        p["b"] += 0.1
        np.testing.assert_array_equal(model.last["a"], before["a"])
        assert model.last["b"] == before["b"]


def test_compiled_functions_keep_what_plain_calls_keep():
    model, x = Keeping(), X.copy()
    g = gw.compile(model.f)
    for _ in range(8):
        g(x)
        assert model.last is x


class Logs:
    """Two lists, of which the last entries are taken."""

    def __init__(self):
        self.first, self.second = [], []

    def f(self, x):
        self.first.append(x[0])
        self.second.append(x[1])
        return self.first[-1] * x[2] + np.sum(x**2)


def test_lists_that_become_one():
    model = Logs()
    g = gw.value_and_grad(model.f)
    for k in range(16):
        if k == 8:
            assert shortcuts_of(model.f)["0"].served >= 3
            model.second = model.first
        x = X + 0.05 * k
        value, gradient = g(x)
        last = 1 if k >= 8 else 0
        expected = 2 * x
        expected[last] += x[2]
        expected[2] += x[last]
        assert value == pytest.approx(x[last] * x[2] + np.sum(x**2), rel=1e-13)
        np.testing.assert_allclose(gradient, expected, rtol=1e-12)
