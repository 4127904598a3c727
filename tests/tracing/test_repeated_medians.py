"""Siegel's line, of medians of medians: its slope and its intercept against differences."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

import gradwise as gw

Y = np.array([0.33, 1.04, 0.84, 1.57, 1.12, 2.31, 1.98, 2.63, 2.22])
X = np.array([0.1, 0.45, 0.5, 1.2, 1.3, 1.9, 2.05, 2.4, 3.1])


@pytest.mark.parametrize("method", ["hierarchical", "separate"])
@pytest.mark.parametrize("moving", ["y", "x", "y alone"])
def test_slope_and_intercept(method, moving):
    def f(v):
        given = {"y": (v, X), "x": (Y, v), "y alone": (v,)}[moving]
        return np.stack(scipy.stats.siegelslopes(*given, method=method))

    point, h = {"x": X}.get(moving, Y), 1e-6
    expected = np.stack([(f(point + e) - f(point - e)) / (2 * h) for e in h * np.eye(9)], -1)
    np.testing.assert_allclose(gw.jacobian(f, method="exact")(point), expected, atol=1e-8)


def test_points_above_one_another_have_no_slope():
    x = np.array([0.0, 0.0, 1.0, 2.0, 2.0])
    y = np.array([0.1, 0.4, 1.3, 1.9, 2.4])
    f = lambda y: scipy.stats.siegelslopes(y, x).slope
    h = 1e-6
    expected = [(f(y + e) - f(y - e)) / (2 * h) for e in h * np.eye(5)]
    np.testing.assert_allclose(gw.grad(f, method="exact")(y), expected, atol=1e-8)
