"""Attributes that a call assigns before it reads them are like local variables: a program stands for such a function, and the attributes hold afterwards what a plain call leaves."""

from __future__ import annotations

import collections
import math

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of
from gradwise.tracing.purity import inspect_function

POINTS = [np.array([0.3, 1.2]) + 0.05 * k for k in range(12)]


class Filter:
    """A state that is reset, moved and read; a list that is made anew; a list that is emptied and filled and never read."""

    def __init__(self):
        self.m, self.terms, self.log, self.last = 0.0, None, [], collections.deque(maxlen=3)
        self.parts = {"first": 0.0}

    def reset(self, q):
        self.m = q
        self.terms = []
        self.log.clear()

    def observe(self, z, r):
        self.m = self.m + r * (z - self.m)
        self.terms.append(self.m**2)
        self.log.append(self.m)

    def loss(self, x):
        self.reset(x[0])
        for z in (0.5, -0.2, 0.9):
            self.observe(z, math.exp(-x[1]))
        value = math.fsum(self.terms)
        self.last.append(value)
        self.parts["first"] = value
        return value


def plain(x):
    """The same without state."""
    m, total = x[0], 0.0
    for z in (0.5, -0.2, 0.9):
        m = m + np.exp(-x[1]) * (z - m)
        total = total + m**2
    return total


def by_complex_step(f, x):
    return np.array([f(x + 1e-30j * e).imag / 1e-30 for e in np.eye(len(x))])


def test_such_attributes_hold_what_plain_calls_leave():
    one, other = Filter(), Filter()
    g = gw.value_and_grad(one.loss)
    for x in POINTS:
        value, gradient = g(x)
        np.testing.assert_allclose(value, other.loss(x), rtol=1e-14)
        np.testing.assert_allclose(gradient, by_complex_step(plain, x), rtol=1e-12)
        assert vars(one) == vars(other)
        assert [type(v) for v in one.terms] == [type(v) for v in other.terms]
    assert shortcuts_of(one.loss)["0"].served >= 6


def test_hessians_of_such_functions():
    one = Filter()
    for x in POINTS:
        slopes = [by_complex_step(plain, x + h) for h in 1e-6 * np.vstack([np.eye(2), -np.eye(2)])]
        np.testing.assert_allclose(gw.hessian(one.loss)(x), (np.array(slopes[:2]) - slopes[2:]) / 2e-6, atol=1e-7)


class Layer:
    def __init__(self, scale):
        self.scale, self.out = scale, None

    def forward(self, v):
        self.out = np.tanh(self.scale * v)
        return self.out


class Network:
    def __init__(self):
        self.layers = [Layer(0.5), Layer(2.0)]

    def loss(self, x):
        v = x
        for layer in self.layers:
            v = layer.forward(v)
        return np.sum(v**2) + np.sum(self.layers[0].out)


def test_attributes_of_several_objects():
    one, other = Network(), Network()
    g = gw.grad(one.loss)
    for x in POINTS:
        h = np.tanh(0.5 * x)
        expected = (2 * np.tanh(2 * h) * (1 - np.tanh(2 * h) ** 2) * 2 + 1) * (1 - h**2) * 0.5
        np.testing.assert_allclose(g(x), expected, rtol=1e-12)
        other.loss(x)
        for a, b in zip(one.layers, other.layers, strict=True):
            np.testing.assert_array_equal(a.out, b.out)
    assert shortcuts_of(one.loss)["0"].served >= 6


class Path:
    """Reads on one side of a branch what an earlier call left."""

    def __init__(self):
        self.a = 0.25

    def f(self, x):
        if x[0] > 0:
            self.a = x[1] ** 2
        return self.a * x[0] + x[1]


def test_where_it_is_read_first_it_is_that_of_the_call_before():
    one = Path()
    g = gw.value_and_grad(one.f)
    before = one.a
    for k in range(24):
        x = np.array([0.5 if k % 3 else -0.5, 0.1 * k])
        value, gradient = g(x)
        if x[0] > 0:
            np.testing.assert_allclose(gradient, [x[1] ** 2, 2 * x[1] * x[0] + 1])
        else:
            np.testing.assert_allclose([value, *gradient], [before * x[0] + x[1], before, 1.0])
        before = one.a


class Doubtful:
    """Whether an attribute is there decides."""

    def by_hasattr(self, x):
        had = hasattr(self, "a")
        self.a = x[0]
        return self.a * (2.0 if had else 1.0)

    def by_default(self, x):
        old = getattr(self, "a", None)
        self.a = x[0]
        return self.a * (1.0 if old is None else 2.0)

    def by_handler(self, x):
        try:
            old = self.a
        except AttributeError:
            old = None
        self.a = x[0]
        return self.a * (1.0 if old is None else 2.0)

    def by_dictionary(self, x):
        old = "a" in vars(self)
        self.a = x[0]
        return self.a * (2.0 if old else 1.0)


@pytest.mark.parametrize("name", ["by_hasattr", "by_default", "by_handler", "by_dictionary"])
def test_whether_an_attribute_is_there_decides(name):
    subject = Doubtful()
    g = gw.grad(getattr(subject, name), check=False)
    slopes = [g(x)[0] for x in POINTS]
    assert slopes == [1.0] + [2.0] * (len(POINTS) - 1)


class Shared(Doubtful):
    a = 7.0

    def of_class(self, x):
        if x[0] > 0.5:
            self.a = x[0]
        return self.a * x[1]


def test_what_the_class_has_under_that_name_is_found_first():
    subject = Shared()
    g = gw.grad(subject.of_class)
    for k in range(12):
        np.testing.assert_array_equal(g(np.array([0.1, 1.0 + k])), [0.0, 7.0])
    np.testing.assert_array_equal(g(np.array([2.0, 3.0])), [3.0, 2.0])
    np.testing.assert_array_equal(g(np.array([0.1, 3.0])), [0.0, 2.0])


class Pair:
    def __init__(self):
        self.one, self.other = Layer(1.0), Layer(1.0)

    def f(self, x):
        self.one.out = x[0] ** 2
        self.other.out = x[1]
        return self.one.out * x[0] + self.other.out


def test_two_objects_that_become_one():
    pair = Pair()
    g = gw.grad(pair.f)
    for x in POINTS:
        np.testing.assert_allclose(g(x), [3 * x[0] ** 2, 1.0])
    pair.other = pair.one
    for x in POINTS:
        np.testing.assert_allclose(g(x), [x[1], 1 + x[0]])
    pair.other = Layer(1.0)
    for x in POINTS:
        np.testing.assert_allclose(g(x), [3 * x[0] ** 2, 1.0])


class Never:
    """What is read first on every way is not assigned first, though all that follows cannot be reached as far as is known."""

    def __init__(self):
        self.n = 1.0

    def f(self, x):
        old = self.n
        self.n = old + 1.0
        return old * x[0]


def test_what_is_read_first_on_every_way_is_remembered():
    subject = Never()
    assert inspect_function(subject.f, (POINTS[0],), {}).remembers
    g = gw.grad(subject.f, check=False)
    assert [g(x)[0] for x in POINTS] == [float(k) for k in range(1, len(POINTS) + 1)]
