"""Right formulas that subtract nearly equal numbers are left open; careless claims of the same size are still wrong."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw


def softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def softmax_jacobian(x):
    p = softmax(x)
    return np.diag(p) - np.outer(p, p)


SATURATED = [30 * np.random.default_rng(seed).normal(size=4) for seed in range(6)]


@pytest.mark.parametrize("x", SATURATED)
def test_a_saturated_softmax_is_never_wrong(x):
    report = gw.check_jacobian(softmax, x, softmax_jacobian)
    assert report.counts["wrong"] == 0
    assert report.passed


@pytest.mark.parametrize("x", SATURATED)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_the_same_in_other_units(x, scale):
    report = gw.check_jacobian(lambda t: softmax(t / scale), x * scale, lambda t: softmax_jacobian(t / scale) / scale)
    assert report.counts["wrong"] == 0


@pytest.mark.parametrize("seed", range(8))
def test_a_square_of_a_softmax_whose_largest_entry_is_nearly_one(seed):
    def f(x):
        return np.sum(softmax(x) ** 2)

    def grad(x):
        p = softmax(x)
        return 2 * p * (p - np.sum(p * p))

    report = gw.check_grad(f, 30 * np.random.default_rng(seed + 40).normal(size=5), grad)
    assert report.counts["wrong"] == 0


def test_logistic_slopes_far_out():
    def s(x):
        return 1 / (1 + np.exp(-x))

    x = np.array([8.0, 17.0, 25.0, 33.0, 1.0])
    assert gw.check_grad(lambda t: np.sum(s(t)), x, lambda t: s(t) * (1 - s(t))).counts["wrong"] == 0
    assert gw.check_grad(lambda t: np.sum(np.tanh(t)), x, lambda t: 1 - np.tanh(t) ** 2).counts["wrong"] == 0


@pytest.mark.parametrize("x", SATURATED)
def test_careless_claims_of_the_same_size_are_wrong(x):
    for claim in (
        lambda t: softmax_jacobian(t).astype(np.float32),
        lambda t: softmax_jacobian(t) * (1 + 1e-6),
        lambda t: np.round(softmax_jacobian(t), 6),
        lambda t: softmax_jacobian(t + 1e-6 * np.arange(4)),
    ):
        assert gw.check_jacobian(softmax, x, claim).counts["wrong"] > 0


@pytest.mark.parametrize("step", [1e-10, 1e-9, 1e-8, 1e-7, 1e-6])
def test_a_finite_difference_does_not_excuse_itself(step):
    def f(x):
        return np.sum(np.sin(x) * np.arange(1.0, 5.0))

    def quotient(x):
        return np.array([(f(x + step * e) - f(x)) / step for e in np.eye(4)])

    report = gw.check_grad(f, np.array([0.3, 1.1, -0.7, 2.0]), quotient)
    assert report.counts["agrees"] == 0
    assert not report.passed


def test_products_of_a_saturated_softmax_are_linear():
    def vjp(x, u):
        p = softmax(x)
        return p * (u - p @ u)

    for seed in range(200, 204):
        x = 40 * np.random.default_rng(seed).normal(size=5)
        report = gw.check_vjp(softmax, x, vjp)
        assert report.counts["wrong"] == 0
        assert report.causes == []


def test_what_is_left_of_one_minus_one():
    W = 400 * np.random.default_rng(12).normal(size=(4, 4))

    def f(W):
        h = np.zeros(4)
        for t in range(3):
            h = np.tanh(W @ h + np.arange(1.0, 5.0) + t)
        return np.sum(h * np.array([1.0, -2.0, 0.5, 3.0]))

    def grad(W):
        hs = [np.zeros(4)]
        for t in range(3):
            hs.append(np.tanh(W @ hs[-1] + np.arange(1.0, 5.0) + t))
        d, G = np.array([1.0, -2.0, 0.5, 3.0]), np.zeros((4, 4))
        for t in range(3, 0, -1):
            dz = d * (1 - hs[t] ** 2)
            G += np.outer(dz, hs[t - 1])
            d = W.T @ dz
        return G

    assert gw.check_grad(f, 1e-3 * W, grad)
    report = gw.check_grad(f, W, grad)
    assert report.counts["wrong"] == 0
    assert report.causes == []
    dead = gw.check_grad(f, W, lambda W: np.zeros((4, 4)))
    assert dead.counts["agrees"] <= 16
    assert not gw.check_grad(f, 1e-3 * W, lambda W: np.zeros((4, 4)))
