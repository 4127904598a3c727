"""NumPy's functions themselves, differentiated at lists and tuples of numbers; arrays of rank 0 where NumPy and SciPy give them."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
import scipy.special

import gradwise as gw

NUMBERS = [1.0, 2.0, 4.0]
FUNCTIONS = [np.sum, np.var, np.std, np.prod, np.linalg.norm, np.median, np.ptp, np.average, np.trapezoid, np.nanmean]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("container", [list, tuple])
def test_a_function_of_numpy_at_a_list(function, container):
    value, slopes = gw.value_and_grad(function, method="exact")(container(NUMBERS))
    assert value == function(NUMBERS)
    assert type(slopes) is container
    h = 1e-5
    unit = np.eye(3) * h
    differences = [(function(NUMBERS + u) - function(NUMBERS - u)) / (2 * h) for u in unit]
    np.testing.assert_allclose(slopes, differences, rtol=1e-7, atol=1e-9)


def test_two_lists():
    slopes = gw.grad(np.dot, argnums=(0, 1), method="exact")(NUMBERS, [3.0, 5.0, 7.0])
    assert slopes == ([3.0, 5.0, 7.0], NUMBERS)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.cov([x, 1.0, 4.0]),
        lambda x: scipy.special.polygamma(0, x),
        lambda x: scipy.special.polygamma(2, x),
    ],
    ids=["cov", "digamma", "polygamma"],
)
def test_an_array_of_rank_0_is_one(function):
    def changed(x):
        first = function(x)
        second = first
        second += x  # in place, of an array
        return first * second

    assert type(gw.vjp(function, 1.3)[0]) is type(function(1.3)) is np.ndarray
    h = 1e-5
    difference = (changed(1.3 + h) - changed(1.3 - h)) / (2 * h)
    assert gw.grad(changed, method="exact")(1.3) == pytest.approx(difference, rel=1e-8)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.choose([0, 1], [[x[0], 1.0], [2.0, x[1]]]) @ [1.0, 2.0],
        lambda x: np.choose([0, 1], choices=([x[0], 1.0], [2.0, x[1]])) @ [1.0, 2.0],
        lambda x: np.choose([[0, 1], [1, 0]], [x[0], [x[1], 2.0]]).sum(),
        lambda x: np.choose([0, 3], [[x[0], 1.0], [2.0, x[1]]], mode="wrap") @ [1.0, 2.0],
        lambda x: (scipy.sparse.diags([[x[0]] * 3, [x[1]] * 2], [0, 1]) @ np.arange(3.0)).sum(),
        lambda x: scipy.sparse.diags_array([[x[0]] * 3, (x[1], 2.0)], offsets=[0, 1]).toarray()[:, 1].sum(),
    ],
    ids=["choose", "by name", "broadcast", "wrapped", "diagonals", "diagonals of two kinds"],
)
def test_lists_of_lists(function):
    x = np.array([0.3, 0.4])
    value, slopes = gw.value_and_grad(function, method="exact")(x)
    assert value == function(x)
    h = 1e-5
    differences = [(function(x + u) - function(x - u)) / (2 * h) for u in np.eye(2) * h]
    np.testing.assert_allclose(slopes, differences, rtol=1e-9, atol=1e-9)
