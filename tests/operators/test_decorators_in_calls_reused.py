"""Decorators of ``functools`` within the function: memories that begin empty at each call, and ``wraps``; proved, right, and what they read is asked for again."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
from central_differences import differences

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

X = np.array([0.7, 1.3, 0.4])
K = 2.0


def doubled(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        return f(*args, **kwargs) * K

    return wrapper


def recursion(x):
    @functools.lru_cache(maxsize=None)
    def term(n):
        return x[n] if n < 2 else term(n - 1) * term(n - 2) * K

    return term(6)


def plainly(x):
    @functools.lru_cache
    def square(n):
        return x[n] ** 2

    return square(0) + square(1) + square(0)


def numbers(x):
    @functools.cache
    def ways(n, k):
        return math.comb(n, k) * K

    return ways(5, 2) * x[0] + ways(4, 1) * x[1] + ways(5, 2)


def two_dimensional(x):
    memory = functools.lru_cache(64)

    @memory
    def cost(i, j):
        if i == 0 or j == 0:
            return float(i + j)
        return (x[i - 1] - x[j - 1]) ** 2 + K * np.minimum(cost(i - 1, j), cost(i, j - 1))

    return cost(3, 3)


def wrapped(x):
    @doubled
    def square(a):
        return a**2

    return square(x[0]) + square(x[1])


def wrapped_here(x):
    def counted(f):
        @functools.wraps(f)
        def wrapper(a):
            return f(a) + K

        return wrapper

    @counted
    def cube(a):
        return a**3

    return cube(x[0]) * x[1]


def updated(x):
    def cube(a):
        return a**3

    def wrapper(a):
        return K * cube(a)

    return functools.update_wrapper(wrapper, cube)(x[0]) + x[2]


FUNCTIONS = [recursion, plainly, numbers, two_dimensional, wrapped, wrapped_here, updated]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_proved_and_right(f, monkeypatch) -> None:
    derivative = gw.value_and_grad(f)
    for factor in (2.0, 3.5):  # which the function reads
        monkeypatch.setitem(globals(), "K", factor)
        for k in range(6):
            x = X + 0.05 * k
            value, gradient = derivative(x)
            assert value == pytest.approx(f(x), rel=1e-13)
            np.testing.assert_allclose(gradient, differences(f, x), rtol=1e-6, atol=1e-8)
    assert shortcuts_of(f)["0"].served > 0


def test_what_a_memory_gives_is_given_again() -> None:
    """An array out of a memory is changed for all who ask for it later."""

    def f(x):
        @functools.cache
        def row(n):
            return x * n

        first = row(2)
        first[0] = 5.0
        return row(2).sum() * x[1]

    derivative = gw.value_and_grad(f)
    for k in range(6):
        x = X + 0.05 * k
        value, gradient = derivative(x)
        assert value == pytest.approx(f(x), rel=1e-13)
        np.testing.assert_allclose(gradient, differences(f, x), rtol=1e-6, atol=1e-8)
    assert "not proved" in str(gw.explain(f, X))


def test_names_that_a_decorator_gives() -> None:
    def f(x):
        @doubled
        def square(a):
            return a**2

        return square(x[0]) * len(square.__name__) + square.__wrapped__(x[1])

    for k in range(5):
        np.testing.assert_allclose(gw.grad(f)(X + k), differences(f, X + k), rtol=1e-6, atol=1e-8)
