"""Correct gradients of functions that cancel, or that compute in single precision, are never called wrong."""

import numpy as np
import pytest

from gradwise.checking import check_grad


def cancelling(v):
    return np.sum((np.exp(v) - 1 - v) / v**2)


def its_gradient(v):
    return 1 / 6 + v / 12 + v * v / 40


@pytest.mark.parametrize("seed", range(6))
def test_an_exact_derivative_that_rounding_has_eaten_judges_nothing(seed):
    # exp(v) - 1 - v: at equal steps to both sides its roundings cancel in a second difference, half of the time
    rng = np.random.default_rng(seed)
    x = 1e-4 * rng.uniform(0.3, 2, 8)
    report = check_grad(cancelling, x, its_gradient)
    assert "wrong" not in list(report.verdicts)


@pytest.mark.parametrize("seed", range(4))
def test_single_precision_at_small_arguments_is_not_called_wrong(seed):
    x = 1e-4 * np.random.default_rng(seed).uniform(-2, 2, 7)
    report = check_grad(lambda v: float(np.sum(np.tanh(v.astype(np.float32)))), x, lambda v: 1 / np.cosh(v) ** 2)
    assert "wrong" not in list(report.verdicts)


def test_a_gradient_that_is_off_where_f_cancels_is_still_found():
    x = np.array([0.01, 0.02, 0.05])
    report = check_grad(cancelling, x, lambda v: 1.01 * its_gradient(v))
    assert not report.passed
