"""Functions under ``lru_cache`` in the function itself, and names that the user's objects give to ``eval``: truth by formulas and complex steps."""

import functools
import math
from dataclasses import dataclass

import numpy as np
import pytest

import gradwise as gw

POINT = np.array([1.013, 0.4, 0.2])


def complex_step(f, x):
    return np.array([f(x + 1e-30j * e).imag / 1e-30 for e in np.eye(x.size)])


@pytest.fixture(params=["auto", "exact"])
def method(request):
    return request.param


def test_recursions_that_count_on_their_memory(method):
    calls = []

    def f(p, count=False):
        @functools.lru_cache(maxsize=None)
        def value(i, j):
            if count:
                calls.append((i, j))
            if i == 40:
                return p[0] * (1 + 0.01 * p[1]) ** j
            return (1 - p[2] / 40) * (0.5 * value(i + 1, j + 1) + 0.5 * value(i + 1, j))

        return value(0, 0)

    # without the memory 2^40 calls
    def formula(p):
        return p[0] * ((1 - p[2] / 40) * (1 + 0.005 * p[1])) ** 40

    np.testing.assert_allclose(gw.grad(f, method=method)(POINT), complex_step(formula, POINT), rtol=1e-12)
    np.testing.assert_allclose(
        gw.grad(lambda p: f(p, True), method=method)(POINT), complex_step(formula, POINT), rtol=1e-12
    )
    assert len(calls) % len(set(calls)) == 0
    assert len(set(calls)) == 41 * 42 // 2


@functools.cache
def tree(i, j, q, d):
    return 1.0 + 0.1 * (i - 2 * j) if i > 30 else d * (q * tree(i + 1, j + 1, q, d) + (1 - q) * tree(i + 1, j, q, d))


def test_traced_arguments_that_a_recursion_hands_on(method):
    def f(p):
        q, d = p
        return tree(0, 0, q, d)

    def formula(p):
        return p[1] ** 31 * (1.0 + 3.1 * (1 - 2 * p[0]))

    tree.cache_clear()
    p = np.array([0.4, 0.97])
    np.testing.assert_allclose(gw.grad(f, method=method)(p), complex_step(formula, p), rtol=1e-12)


@dataclass(frozen=True)
class Place:
    at: float
    times: int


def test_equal_arguments_have_derivatives_of_their_own(method):
    def f(x):
        @functools.cache
        def g(place):
            return math.sin(place.at) * place.times

        @functools.cache
        def h(pair, t):
            return pair[0] * t

        return g(Place(x[0], 1)) + 2 * g(Place(x[1], 1)) + 3 * h((x[1], "a"), x[2]) + h((x[2], "a"), x[1])

    x = np.array([0.5, 0.5, 0.5])
    np.testing.assert_allclose(gw.grad(f, method=method)(x), [math.cos(0.5), 2 * math.cos(0.5) + 2, 2], rtol=1e-14)


def test_memories_are_of_their_size_and_can_be_emptied(method, capsys):
    def f(x):
        state = [x[0]]

        @functools.lru_cache(maxsize=2)
        def h(i):
            print("computes", i)
            return state[0] ** i

        total = h(1) + h(2) + h(1) + h(3) + h(2)
        counted = h.cache_info()
        state[0] = x[1]
        stale = h(2)
        h.cache_clear()
        return total * counted.misses + stale * h(2) + counted.hits

    x = np.array([0.5, 0.8])
    f(x)
    plain = capsys.readouterr().out
    value, slope = gw.value_and_grad(f, method=method)(x)
    assert capsys.readouterr().out == plain
    a, b = x
    np.testing.assert_allclose(value, 4 * (2 * a + 2 * a**2 + a**3) + a**2 * b**2 + 1, rtol=1e-15)
    np.testing.assert_allclose(slope, [4 * (2 + 4 * a + 3 * a**2) + 2 * a * b**2, 2 * a**2 * b], rtol=1e-14)


class Sheet:
    def __init__(self):
        self.cells = {}

    def __setitem__(self, key, value):
        self.cells[key] = value

    def __getitem__(self, key):
        value = self.cells[key]
        return eval(value[1:], {"exp": math.exp}, self) if isinstance(value, str) else value


def test_names_that_the_users_object_gives_to_eval(method):
    def f(x):
        sheet = Sheet()
        sheet["A1"], sheet["A2"] = x
        sheet["B1"] = "=A1*A2 + exp(-A2)"
        exec("C1 = B1**2 / A1", {}, sheet)
        return sheet["C1"] + sheet["B1"]

    a, b = x = np.array([1.5, 0.7])
    t = a * b + math.exp(-b)
    dt = np.array([b, a - math.exp(-b)])
    np.testing.assert_allclose(
        gw.grad(f, method=method)(x), (2 * t / a + 1) * dt - np.array([t**2 / a**2, 0.0]), rtol=1e-13
    )
