"""A run that fails after many that did not leaves nothing behind: state was moved twice, by it and by the numerical derivative that followed."""

from __future__ import annotations

import math
import types
import warnings

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.3, 0.5, 0.7, 0.9])


class Model:
    def __init__(self):
        self.k = 0.8
        self.a, self.b = np.zeros(4), np.zeros(4)

    def run(self, x):
        self.k = 0.5 * self.k + 0.1 * np.sin(x[0])
        for i in range(4):
            self.a[i] = x[i] * x[1]
        for i in range(4):
            self.b[i] = x[i] * self.k
        return self.b @ x


@pytest.mark.parametrize("options", [{}, {"pure": False}], ids=["default", "each call"])
def test_state_moves_once(options) -> None:
    ours, theirs = Model(), Model()
    derivative = gw.value_and_grad(lambda x: ours.run(x), **options)
    for k in range(12):
        if k == 8:  # two names for one array, which a run learns by failing
            ours.a, theirs.a = ours.b, theirs.b
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gw.NumericalFallbackWarning)
            value, _ = derivative(X + 0.1 * k)
        assert value == pytest.approx(theirs.run(X + 0.1 * k), rel=1e-13)
        assert ours.k == pytest.approx(theirs.k, rel=1e-13)
        np.testing.assert_array_equal(ours.b, theirs.b)


@pytest.mark.parametrize("options", [{}, {"pure": False}], ids=["default", "each call"])
def test_an_array_that_is_written_to_plainly_before_it_stands_in_a_buffer(options) -> None:
    """Its object is noted after the first write, and the array is gone when the run fails: two arrays that take turns."""

    class Turns:
        def __init__(self):
            self.a, self.b = np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.2, 0.3])

        def run(self, x):
            self.b[1:] = self.b[:-1]
            self.b[0] = 3.0
            self.a[0] = x[0] * self.b[2]
            self.a, self.b = self.b, self.a
            return self.a @ x[:3]

    ours, theirs = Turns(), Turns()
    derivative = gw.value_and_grad(lambda x: ours.run(x), method="exact", **options)
    for k in range(8):
        if k == 2:  # the object refers to one by another name too, which a run learns by failing
            ours.first, theirs.first = ours.a, theirs.a
        x = X + 0.1 * k
        value, gradient = derivative(x)
        assert value == pytest.approx(theirs.run(x), rel=1e-13)
        np.testing.assert_allclose(gradient[:3], theirs.a, rtol=1e-13)
        np.testing.assert_allclose([ours.a, ours.b], [theirs.a, theirs.b], rtol=1e-13)
        if k >= 2:
            np.testing.assert_allclose(ours.first, theirs.first, rtol=1e-13)


class Pair:
    def __init__(self):
        self.first = types.SimpleNamespace(u=np.arange(4.0)[:0:-1])
        self.second = types.SimpleNamespace(u=np.ones(3))


pair = Pair()


def of_a_pair(x):
    try:
        before = pair.second.u  # noqa: F841  # a second name for what is written to
    except ValueError:
        return 0.0
    pair.first.u *= 0.5
    for i in range(3):
        pair.first.u[i] = pair.first.u[i - 1] * 0.5 + x[i] * 0.9
    now = pair.second.u
    now[2] = math.atan(x[0])
    return x[1] + (pair.first.u @ x)


@pytest.mark.parametrize("options", [{}, {"pure": False}], ids=["default", "each call"])
def test_an_object_and_its_dictionary_are_one_place(options) -> None:
    """A run that fails notes the one before it stores something there, and the other afterwards."""
    derivative, values = gw.value_and_grad(of_a_pair, **options), []
    for call in (lambda x: derivative(x)[0], of_a_pair):
        pair.__init__()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gw.NumericalFallbackWarning)
            values.append([call(X[:3] + 0.1 * k) for k in range(6)] + [*pair.first.u, *pair.second.u])
    np.testing.assert_allclose(*values, rtol=1e-13)
