"""Branches that an equality decides have the right value and slope, and no curvature: second derivatives say so, or are those of the function around."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradwise as gw


def sinc(x):
    return 1.0 if x == 0 else math.sin(x) / x


def sum_of_sincs(x):
    total = 0.0
    for v in x:
        total = total + (1.0 if v == 0 else np.sin(v) / v)
    return total


def with_curvature(x):
    return 1.0 - x * x / 6 if x == 0 else math.sin(x) / x


def skipped(x):
    total = 0.0
    for v in x:
        if v == 0:
            continue
        total = total + v**2
    return total


X = np.array([0.0, 1.0])


@pytest.mark.parametrize(
    "take",
    [
        lambda: gw.derivative(sinc, order=2, method="exact")(0.0),
        lambda: gw.hessian(sum_of_sincs, method="exact")(X),
        lambda: gw.hvp(sum_of_sincs, method="exact")(X, np.ones(2)),
        lambda: gw.laplacian(sum_of_sincs, method="exact")(X),
        lambda: gw.derivative(with_curvature, order=4, method="exact")(0.0),
    ],
)
def test_a_branch_without_the_curvature_is_refused(take):
    gw.clear_caches()
    for _ in range(2):
        with pytest.raises(gw.TracingError, match="two values are equal"):
            take()


def test_the_gradient_is_that_of_both_branches():
    assert gw.grad(sinc, method="exact")(0.0) == 0.0
    assert gw.derivative(with_curvature, order=2, method="exact")(0.0) == pytest.approx(-1 / 3, rel=1e-14)


def test_numerical_differentiation_takes_its_place():
    with pytest.warns(gw.NumericalFallbackWarning, match="two values are equal"):
        found = gw.hessian(sum_of_sincs)(X)
    np.testing.assert_allclose(found[0, 0], -1 / 3, rtol=1e-6)


def test_terms_that_are_left_out_are_put_back():
    np.testing.assert_allclose(gw.hessian(skipped, method="exact")(X), 2 * np.eye(2), rtol=1e-12)
    np.testing.assert_allclose(gw.grad(skipped, method="exact")(X), [0.0, 2.0], rtol=1e-12)
