"""A run that fails after many that did not leaves nothing behind: state was moved twice, by it and by the numerical derivative that followed."""

from __future__ import annotations

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
