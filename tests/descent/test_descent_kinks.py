"""Descents that no fixed rate ends: over kinks, and at the limit of the rate, where f repeats itself without being at its floor."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import gradwise as gw
from gradwise.descent.stopping import StopReason

RNG = np.random.default_rng(0)
A = RNG.standard_normal((30, 5))
Y = A @ np.array([1.0, 0.0, 0.0, 2.0, 0.0])

WITH_KINKS = {
    "abs": (lambda x: abs(x), 1.0, 2.0),
    "lasso": (lambda w: np.mean((A @ w - Y) ** 2) + 0.3 * np.sum(np.abs(w)), np.ones(5), 0.6),
    "lasso of a list": (lambda w: np.mean((A @ w[0] - Y) ** 2) + 0.3 * np.sum(np.abs(w[0])), [np.zeros(5)], 0.6),
    "maximum": (lambda x: np.maximum(x[0] ** 2 + x[1] ** 2, (x[0] - 1) ** 2), np.array([2.0, 1.0]), 2.0),
}


@pytest.mark.parametrize("name", WITH_KINKS)
@pytest.mark.parametrize("method", ["gd", "momentum"])
def test_a_kink_that_steps_jump_over_is_the_cause(name, method):
    f, x0, jump = WITH_KINKS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = gw.descend(f, x0, method, learning_rate=0.1, maxiter=400)
    assert report.stop_reason is StopReason.MAX_ITERATIONS
    assert report.cause is not None
    assert report.cause.name == "kink"
    found = float(report.cause.sentence.split("changes by ")[1].split()[0])
    assert found <= jump * 1.01  # of one entry or more at once: their distance
    assert "kink" in str(report)


@pytest.mark.parametrize(
    ("f", "x0", "rate"),
    [
        (lambda x: 0.5 * x @ x, np.ones(3), 2.0),  # at the limit: to and fro for ever
        (lambda x: np.sum(x**4), np.ones(3), 0.17),
        (lambda x: np.sum((x - 1) ** 2), np.zeros(3), 1e-3),  # on its way
        (lambda x: np.sum(np.sqrt(x**2 + 1e-4)), np.ones(2), 0.05),  # a corner that is round within 0.01
        (lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2, np.array([-1.2, 1.0]), 1e-3),
    ],
)
def test_smooth_functions_have_no_kink(f, x0, rate):
    report = gw.descend(f, x0, learning_rate=rate, maxiter=300)
    assert report.stop_reason is StopReason.MAX_ITERATIONS
    assert report.cause is None


def test_equal_values_at_the_limit_of_the_rate_are_no_floor():
    report = gw.descend(lambda x: 0.5 * x @ x, np.ones(3), learning_rate=2.0, maxiter=500)
    np.testing.assert_array_equal(np.abs(report.x), 1.0)
    assert report.stop_reason is StopReason.MAX_ITERATIONS
    assert not report.success
    # a floor is still told as one
    floor = gw.descend(lambda x: 1e6 + x @ x, np.ones(3), learning_rate=0.3, tol=0.0)
    assert floor.stop_reason is not StopReason.MAX_ITERATIONS


def test_without_upward_curvature_there_is_no_limit_of_the_rate():
    report = gw.descend(lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2, (0.0, 0.0), learning_rate=0.5)
    assert report.stop_reason is StopReason.DIVERGED
    assert report.curvature.lambda_max < 0
    assert report.learning_rates.regime == "without limit"
    assert "bends upwards in no direction" in str(report)
    assert "crawling" not in str(report)
