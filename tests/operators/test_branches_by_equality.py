"""Branches that an equality decided: the derivative is that of the function, or an error says that the branch has another one."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.equal_entries import forget_equalities
from gradwise.operators.first_runs import forget_first_runs


@pytest.fixture(autouse=True)
def nothing_known():
    forget_equalities()
    forget_first_runs()


def test_a_limit_that_is_written_down_has_no_derivative():
    def relative(x):
        return 1.0 if x == 0 else math.log1p(x) / x

    def f(x, y):
        return relative(x - y) + 3 * y

    for _ in range(2):  # the second time too
        with pytest.raises(gw.TracingError, match="two values are equal"):
            gw.grad(f, argnums="all", method="exact")(1.0, 1.0)
    with pytest.warns(gw.NumericalFallbackWarning, match="two values are equal"):
        found = gw.grad(f, argnums="all")(1.0, 1.0)
    np.testing.assert_allclose(found, (-0.5, 3.5), rtol=1e-6)
    slope = 1 / (1.2 * 0.2) - math.log1p(0.2) / 0.04
    np.testing.assert_allclose(gw.grad(f, argnums="all", method="exact")(1.2, 1.0), (slope, 3 - slope), rtol=1e-12)


def test_a_point_where_it_did_no_harm_does_not_excuse_another_line():
    def f(x):
        total = 0.0 * x[0]
        for entry in x:
            if entry == 0:
                continue
            total = total + entry * entry
        return total + (1.0 if x[0] == x[1] else math.expm1(x[0] - x[1]) / (x[0] - x[1]))

    slope = (math.exp(2.0) - math.expm1(2.0) / 2.0) / 2.0
    g = gw.grad(f, method="exact")
    np.testing.assert_allclose(g(np.array([2.0, 0.0])), [4 + slope, -slope], rtol=1e-12)
    with pytest.raises(gw.TracingError, match="two values are equal"):
        g(np.array([2.0, 2.0]))


def test_terms_that_are_left_out_because_they_are_zero():
    def f(entries, x):
        a = entries.reshape(2, 2)
        y = [0.0, 0.0]
        for i in range(2):
            for j in range(2):
                if a[i, j] == 0:
                    continue
                y[i] += a[i, j] * x[j]
        return y[0] ** 2 + y[1]

    entries, x = np.array([1.0, 0.0, 3.0, 4.0]), np.array([5.0, 6.0])
    for _ in range(2):
        by_entries, by_x = gw.grad(f, argnums=(0, 1), method="exact")(entries, x)
        np.testing.assert_allclose(by_entries, [50, 60, 5, 6], rtol=1e-13)
        np.testing.assert_allclose(by_x, [13, 4], rtol=1e-13)


def test_two_arguments_that_are_equal():
    def loss(d, width):
        if d != width:
            return (1 - (d / width) ** 4) * 3.0
        return 0.0 * d

    for _ in range(2):
        np.testing.assert_allclose(gw.grad(loss, argnums="all", method="exact")(2.0, 2.0), (-6.0, 6.0), rtol=1e-13)


def test_entries_of_an_array_follow_their_branch():
    def f(x):
        with np.errstate(all="ignore"):
            return np.sum(np.where(x == 0, 1.0, np.sin(x) / x) * x[1])

    slope = math.cos(1.0) - math.sin(1.0)
    found = gw.grad(f, method="exact")(np.array([0.0, 1.0]))
    np.testing.assert_allclose(found, [0.0, 1 + math.sin(1.0) + slope], rtol=1e-12)


def test_what_has_no_derivative_follows_its_branch():
    def norm(x):
        size = np.sqrt(x[0] ** 2 + x[1] ** 2)
        return 0.0 * x[0] if size == 0 else size

    np.testing.assert_array_equal(gw.grad(norm, method="exact")(np.zeros(2)), np.zeros(2))

    def replaced(x):
        y = x * 1.0
        y[y == 0] = 1e-3
        return np.sum(np.log(y))

    np.testing.assert_allclose(gw.grad(replaced, method="exact")(np.array([0.0, 2.0])), [0.0, 0.5], rtol=1e-13)


def test_questions_for_nan_are_no_equality():
    runs = []

    def f(x):
        runs.append(1)
        return x * x if x == x else 0.0  # noqa: PLR0124  as programs ask

    assert gw.grad(f, method="exact", check=False)(3.0) == 6.0
    assert len(runs) == 1


def test_unless_checks_are_switched_off():
    assert gw.grad(lambda x: (1.0 if x == 0 else math.expm1(x) / x) + 2 * x, method="exact", check=False)(0.0) == 2.0
