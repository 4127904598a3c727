"""Entries whose own size f does not show, values next to underflow, and claims that lose all digits but a few: none is wrong for that."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from checking.test_repairs import opaque


@pytest.mark.parametrize(("power", "x"), [(1.5, [-1e-9, 0.4, -1.1]), (1 / 3, [1e-100, 1.0]), (1.1, [1e-15, 0.3])])
def test_a_power_beside_zero(power, x):
    f = opaque(lambda x: np.sum(np.abs(x) ** power))
    report = gw.check_grad(f, np.array(x), lambda x: power * np.sign(x) * np.abs(x) ** (power - 1))
    assert report.counts["wrong"] == 0


def test_the_entry_at_which_it_was_first_seen():
    rng = np.random.default_rng(5)
    f = opaque(lambda x: np.sum(np.abs(x) ** 1.5))
    for size in (1e-8, 3e-9, 1e-9, 1e-10):
        for sign in (-1, 1):
            x = np.r_[sign * size, rng.normal(size=2)]
            assert gw.check_grad(f, x, lambda x: 1.5 * np.sign(x) * np.abs(x) ** 0.5).counts["wrong"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("size", [1e-20, 1e-100, 1e-9])
def test_a_mistake_in_a_tiny_entry_is_still_wrong(size):
    x = np.array([size, 1.0, -0.6])
    f = lambda x: np.sum(3 * x) + np.sum(x**2)
    wrong = lambda x: 3 * np.array([2.0, 1.0, 1.0]) + 2 * x
    for function in (f, opaque(f)):
        assert list(gw.check_grad(function, x, wrong).verdicts) == ["wrong", "agrees", "agrees"]


@pytest.mark.parametrize("size", [1e-200, 1e-300])
def test_values_below_the_smallest_number_refute_nothing(size):
    x = size * np.array([0.7, -1.3])
    assert gw.check_grad(opaque(lambda x: np.sum(x**2)), x, lambda x: 2 * x).counts["wrong"] == 0
    assert gw.check_grad(lambda x: np.sum(x**2), x, lambda x: 2 * x).passed
    assert not gw.check_grad(lambda x: np.sum(3 * x), x, lambda x: 6 + 0 * x).passed
    assert not gw.check_grad(opaque(lambda x: np.sum(3 * x)), x, lambda x: 6 + 0 * x).passed


@pytest.mark.slow
def test_a_second_derivative_that_starts_at_zero():
    x = np.array([1.0, -1.0, 0.0])
    f = opaque(lambda x: np.sum(np.abs(x) ** 3))
    assert gw.check_hessian(f, x, lambda x: np.diag(6 * np.abs(x))).counts["wrong"] == 0
    report = gw.check_hessian(f, x, lambda x: np.diag(6 * np.abs(x) + np.array([0, 0, 0.5])))
    assert report.verdicts[2][2] == "wrong"


def test_a_saturated_softmax_behind_bytes():
    def f(x):
        p = np.exp(x - x.max())
        return (p / np.sum(p))[0]

    def grad(x):
        p = np.exp(x - x.max()) / np.sum(np.exp(x - x.max()))
        return p[0] * (np.eye(3)[0] - p)

    assert gw.check_grad(opaque(f), np.array([40.0, 0.0, 1.0]), grad).counts["wrong"] == 0


@pytest.mark.slow
def test_a_claim_that_subtracts_all_but_its_last_digits():
    x = np.array([1e-3, 1e-6, 1.0])
    f = lambda x: np.sum(np.sin(x) / x)
    right = lambda x: (x * np.cos(x) - np.sin(x)) / x**2
    for function in (f, opaque(f)):
        assert gw.check_grad(function, x, right).counts["wrong"] == 0
        assert not gw.check_grad(function, x, lambda x: 1.01 * right(x)).passed


def test_an_exact_derivative_on_a_plateau_of_rounding():
    # 1 - p is nine hundred roundings at x = 30, and no small step changes it
    x = np.array([20.0, 30.0, -3.0])
    f = lambda x: np.sum(-np.log(1 - 1 / (1 + np.exp(-x))))
    right = lambda x: 1 / (1 + np.exp(-x))
    assert gw.check_grad(f, x, right).counts["wrong"] == 0
    assert gw.check_grad(f, x, lambda x: 1.2 * right(x)).counts["wrong"] == 3


def test_noise_of_f_that_hides_all_makes_nothing_wrong():
    rng = np.random.default_rng(3)
    report = gw.check_grad(lambda x: np.sum(x**2) + rng.normal(), np.array([0.3, -0.2]), lambda x: 2 * x)
    assert report.counts["wrong"] == 0
    assert "FAILED" not in report.headline()


def test_a_result_that_is_kept_from_the_last_call_of_a_function_without_scale():
    kept = [None]

    def stale(x):
        last, kept[0] = kept[0] if kept[0] is not None else x, np.array(x)
        return last / np.linalg.norm(last)

    report = gw.check_grad(np.linalg.norm, np.array([3e3, -4e3, 1e3]), stale)
    assert "non-deterministic" in report.causes
