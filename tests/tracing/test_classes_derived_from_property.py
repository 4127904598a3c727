"""Properties of classes derived from ``property`` and ``cached_property``, with and without ways of their own to get and set."""

from __future__ import annotations

import functools
import math
import warnings

import numpy as np
import pytest

import gradwise as gw

X = np.array([1.25, 2.0])


class OfClass(property):
    """``classproperty``, as it is often written."""

    def __get__(self, obj, cls=None):
        return self.fget(cls)


class Scaled(property):
    def __get__(self, obj, cls=None):
        return self if obj is None else 3.0 * self.fget(obj)

    def __set__(self, obj, value):
        self.fset(obj, 5.0 * value)


class Documented(property):
    """It does what a property does."""


class Kept(functools.cached_property):
    """It does what a cached property does."""


class Anew(functools.cached_property):
    def __get__(self, obj, cls=None):
        return self if obj is None else 2.0 * self.func(obj)


class Body:
    rate = 2.0

    def __init__(self, k):
        self.k = k

    @OfClass
    def twice(cls):  # noqa: N805 - it is given the class
        return cls.rate

    @Scaled
    def scaled(self):
        return math.sin(self.k)

    @scaled.setter
    def scaled(self, value):
        self.k = math.exp(value)

    @Documented
    def documented(self):
        return math.sin(self.k)

    @documented.setter
    def documented(self, value):
        self.k = math.exp(value)

    @Kept
    def kept(self):
        return math.sin(self.k)

    @Anew
    def anew(self):
        return math.sin(self.k)


def assigned(name):
    def f(x):
        body = Body(x[0])
        setattr(body, name, x[1])
        return body.k

    return f


THERE = Body(0.75)
CASES = [
    (lambda x: Body(x[0]).twice * x[1], 2 * X[1], [0.0, 2.0]),
    (lambda x: Body(x[0]).scaled * x[1], 3 * math.sin(X[0]) * X[1], [3 * math.cos(X[0]) * X[1], 3 * math.sin(X[0])]),
    (lambda x: Body(x[0]).documented, math.sin(X[0]), [math.cos(X[0]), 0.0]),
    (lambda x: Body(x[0]).kept, math.sin(X[0]), [math.cos(X[0]), 0.0]),
    (lambda x: Body(x[0]).anew, 2 * math.sin(X[0]), [2 * math.cos(X[0]), 0.0]),
    (lambda x: THERE.scaled * x[0], 3 * math.sin(0.75) * X[0], [3 * math.sin(0.75), 0.0]),
    (assigned("scaled"), math.exp(5 * X[1]), [0.0, 5 * math.exp(5 * X[1])]),
    (assigned("documented"), math.exp(X[1]), [0.0, math.exp(X[1])]),
]


@pytest.mark.parametrize(("f", "value", "gradient"), CASES)
def test_what_they_give_and_take(f, value, gradient) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        derivative = gw.value_and_grad(f)
        for _ in range(4):
            found = derivative(X)
            assert found[0] == pytest.approx(value, rel=1e-13)
            np.testing.assert_allclose(found[1], gradient, rtol=1e-13)


def test_one_that_takes_the_place_of_a_property() -> None:
    """Its getter was called in the place of what it does with it."""

    class Cell:
        def __init__(self, k):
            self.k = k

        @property
        def size(self):
            return self.k**2

    f = lambda x: Cell(x[0]).size * x[1]
    for derivative in (gw.value_and_grad(f, pure=False), gw.value_and_grad(f)):
        Cell.size = property(Cell.size.fget)
        for factor in (1.0, 3.0):
            for k in range(6):
                x = X + 0.1 * k
                value, gradient = derivative(x)
                assert value == pytest.approx(factor * x[0] ** 2 * x[1], rel=1e-13)
                np.testing.assert_allclose(gradient, factor * np.array([2 * x[0] * x[1], x[0] ** 2]), rtol=1e-13)
            Cell.size = Scaled(Cell.size.fget)
