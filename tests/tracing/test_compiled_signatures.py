"""Compiled functions of several signatures (Cython's fused types) do not name what they were given: a function that hands them an array that it made is numerical, and does not raise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import cython_special

import gradwise as gw


def of_a_made_array(x):
    table = np.full(3, 2.5)
    return x**2 + cython_special.gamma(table[1])


def of_a_filled_array(x):
    table = np.zeros(3)
    table[1] = x
    return cython_special.gamma(table[1])


def mistaken(x):
    return x * cython_special.gamma("two")


def test_arrays_that_are_made_and_handed_on():
    with pytest.warns(gw.NumericalFallbackWarning, match="No matching signature"):
        assert gw.grad(of_a_made_array)(1.5) == pytest.approx(3.0, rel=1e-8)
    with pytest.raises(gw.TracingError, match="does not take a traced value"):
        gw.grad(of_a_made_array, method="exact")(1.5)
    with pytest.warns(gw.NumericalFallbackWarning):
        slope = gw.grad(of_a_filled_array)(2.0)
    assert slope == pytest.approx(1 - np.euler_gamma, rel=1e-8)  # Γ(2) ψ(2)
    assert of_a_filled_array(2.0) == pytest.approx(math.gamma(2.0))


@pytest.mark.parametrize("method", ["auto", "exact"])
def test_a_mistake_of_the_users_is_raised_as_it_is(method):
    with pytest.raises(TypeError, match=r"^No matching signature found$"):
        gw.grad(mistaken, method=method)(1.0)


def test_a_function_with_effects_is_not_called_once_more():
    seen = []

    def f(x):
        seen.append(1)
        return np.dot(np.zeros(3), np.ones(4)) * x

    with pytest.raises(ValueError, match="not aligned"):
        gw.grad(f, method="exact")(1.0)
    assert len(seen) == 1
