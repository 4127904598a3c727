"""Derivatives of what is divided by its own sum, with a sum along another axis."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

import gradwise as gw

RNG = np.random.default_rng(5)
X, W = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))


def by_hand(z, axis):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def claim(z, divisor, inner):
    p = by_hand(z, divisor)
    return p * (W - np.sum(W * p, axis=inner, keepdims=True))


@pytest.mark.parametrize("softmax", [by_hand, lambda z, axis: scipy.special.softmax(z, axis=axis)])
@pytest.mark.parametrize("axes", [(1, 0), (0, 0), (0, 1)])
def test_a_softmax(softmax, axes):
    f = lambda z: np.sum(W * softmax(z, 1))
    assert gw.check_grad(f, X, lambda z: claim(z, 1, 1)).passed
    report = gw.check_grad(f, X, lambda z: claim(z, *axes))
    assert not report.passed
    assert report.causes == ["sum over the wrong axis"]


def test_behind_another_layer_and_before_a_loss():
    def loss(z):
        return -np.sum(np.abs(W) * np.log(by_hand(np.sin(z), 1)))

    def wrong(z):
        return -(np.abs(W) - by_hand(np.sin(z), 1) * np.sum(np.abs(W), axis=0, keepdims=True)) * np.cos(z)

    report = gw.check_grad(loss, X, wrong)
    assert report.causes == ["sum over the wrong axis"]
    assert "axis 0, not along axis 1" in report.details["sum over the wrong axis"]


def test_shares_of_positive_numbers():
    x = np.abs(X) + 0.2
    f = lambda x: np.sum(W * (x / x.sum(axis=0, keepdims=True)))
    g = lambda x, axis: (W - np.sum(W * x / x.sum(axis=0, keepdims=True), axis=axis, keepdims=True)) / x.sum(axis=0)
    assert gw.check_grad(f, x, lambda x: g(x, 0)).passed
    assert gw.check_grad(f, x, lambda x: g(x, 1)).causes[0] == "sum over the wrong axis"
