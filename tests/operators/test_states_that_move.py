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
