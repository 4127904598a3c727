"""States that move at each call and decide are no memories: the derivative is that of the call."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from tests.operators.central_differences import differences


class Filter:
    """Two names for one array, which decides by what the last call left there."""

    def __init__(self):
        self.kept = np.ones(3)
        self.next = self.kept

    def run(self, x):
        if self.kept[1] > 0.9:
            self.kept[1:] = self.kept[:-1]
        for i in range(3):
            self.next[i] = self.next[i - 1] * 0.5 + x[i] * x[0]
        return x[0] + np.cos(x[2]) * x[0] + self.kept @ x


@pytest.mark.parametrize("seed", range(4))
def test_a_state_decides_and_moves(seed) -> None:
    points = np.random.default_rng(seed).uniform(0.5, 1.5, (10, 3))
    ours, theirs = Filter(), Filter()
    derivative = gw.value_and_grad(lambda x: ours.run(x), method="exact", pure=False)
    for k, x in enumerate(points):

        def call(y, before=points[:k]):
            beside = Filter()
            for earlier in before:
                beside.run(earlier)
            return beside.run(y)

        value, gradient = derivative(x)
        assert value == pytest.approx(theirs.run(x), rel=1e-13)
        np.testing.assert_allclose(gradient, differences(call, x), rtol=1e-7)
        np.testing.assert_allclose(ours.next, theirs.next, rtol=1e-13)


class Last:
    """It leaves what the next call decides by, and nothing of the calls before."""

    def __init__(self, first):
        self.u = np.array([first, 1.0, 1.0])

    def run(self, x):
        self.u[1:] = self.u[:-1]
        self.u[0] = (x + 2.0) @ x
        np.add.at(self.u, [0, 0, 2], np.tanh(self.u[0]))
        try:
            self.u[0] = x[0]
            if self.u[1] > 1.1:
                raise ValueError
        except ValueError:
            self.u.fill(self.u[0])
        return (self.u * x).sum() + np.tanh(x[1]) + np.sum(x) + (self.u @ x) * x[0]


@pytest.mark.parametrize(
    ("point", "first"), [([1.38, 0.56, 0.84], 0.59), ([1.31, 1.06, 0.79], 0.75), ([1.36, 0.75, 0.64], 0.9)]
)
def test_a_state_decides_and_is_forgotten(point, first) -> None:
    x, ours = np.array(point), Last(first)
    value, gradient = gw.value_and_grad(lambda y: ours.run(y), method="exact", pure=False)(x)
    assert value == pytest.approx(Last(first).run(x), rel=1e-13)
    np.testing.assert_allclose(gradient, differences(lambda y: Last(first).run(y), x), rtol=1e-7)
