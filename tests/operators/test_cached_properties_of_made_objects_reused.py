"""Objects made during a call whose class has cached properties: functions that make them are proved, and the properties looked at again at each call."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

import gradwise as gw
from gradwise.tracing.purity import inspect_function

X = np.array([1.0, 2.0, 3.0])


def _model():
    class Gaussian:
        extra = 1.0

        def __init__(self, mean, width):
            self.mean, self.width = mean, width

        @functools.cached_property
        def scale(self):
            return self.width * np.sum(self.mean**2) * self.extra

        @functools.cached_property
        def grid(self):
            return np.linspace(0, 1, 3) * self.width

        @functools.cached_property
        def pair(self):
            return [self.width, 2.0]

        def value(self, x):
            grid = self.grid
            grid += 1.0
            self.pair[1] = x[2]
            return self.scale * (x @ self.grid) + self.pair[0] * self.pair[1]

    return Gaussian


def _expected(extra, x):
    """The value again, by hand."""
    grid = np.array([0.0, 0.5, 1.0]) * x[0] + 1.0
    return x[0] * np.sum(x**2) * extra * (x @ grid) + x[0] * x[2]


def _slopes(f, x):
    step = 1e-5
    return [(f(x + step * d) - f(x - step * d)) / (2 * step) for d in np.eye(3)]


def test_they_are_proved_and_served():
    cls = _model()

    def f(x):
        return cls(x, x[0]).value(x)

    gradient = gw.grad(f)
    for k in range(5):
        x = X + 0.1 * k
        np.testing.assert_allclose(gradient(x), _slopes(functools.partial(_expected, 1.0), x), rtol=1e-7)
    verdict = inspect_function(f, X)
    assert verdict.effects is None
    assert verdict.writes is None


def _by_another_function(cls):
    new = functools.cached_property(lambda self: self.width * 5.0)
    new.__set_name__(cls, "scale")
    cls.scale = new


def _by_a_property(cls):
    cls.scale = property(lambda self: math.exp(self.width))


def _by_data(cls):
    cls.scale = 7.0


def _by_what_is_stored(cls):
    before = cls.__init__

    def stores(self, mean, width):
        before(self, mean, width)
        self.scale = width**3

    cls.__init__ = stores


def _by_another_number(cls):
    cls.extra = 4.0


def _by_another_array(cls):
    cls.grid = functools.cached_property(lambda self: np.ones(3))
    cls.grid.__set_name__(cls, "grid")


@pytest.mark.parametrize("change", [_by_another_function, _by_a_property, _by_data, _by_what_is_stored, _by_another_number, _by_another_array])  # fmt: skip
def test_changes_are_seen(change):
    cls = _model()

    def f(x):
        return cls(x, x[0]).value(x)

    gradient = gw.grad(f)
    for k in range(4):
        gradient(X + 0.1 * k)
    change(cls)
    for k in range(4):
        np.testing.assert_allclose(gradient(X + 0.1 * k), _slopes(f, X + 0.1 * k), rtol=1e-6)


def test_one_that_counts_is_computed_once_a_call():
    calls = []

    class Counted:
        def __init__(self, k):
            self.k = k

        @functools.cached_property
        def square(self):
            calls.append(1)
            return self.k**2

    def f(x):
        made = Counted(x[0])
        return made.square * made.square

    gradient = gw.grad(f)
    for k in range(1, 6):
        np.testing.assert_allclose(gradient(X * k), [4 * float(k) ** 3, 0, 0])
        assert len(calls) == k
