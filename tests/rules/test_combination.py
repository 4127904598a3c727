"""Sums with given weights, the primitive of Runge-Kutta steps."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.rules.products import combination
from gradwise.tracing.arithmetic import _innermost
from gradwise.tracing.traced import apply

WEIGHTS = (1.0, -0.25, 3.0)


def combined(operands, weights):
    trace = _innermost(*operands)
    return combination.value(*operands, weights) if trace is None else apply(trace, combination, operands, (weights,))


def f(x, y):
    """x − y/4 + 3xy."""
    return combined((x, y, x * y), WEIGHTS)


X, Y = np.array([[0.5, -1.0, 2.0], [1.5, 0.1, -0.7]]), np.array([[1.0, 2.0, 0.3], [-0.4, 0.6, 0.9]])


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
def test_value_and_products(dtype):
    x, y = X.astype(dtype), Y.astype(dtype)
    if dtype is np.complex128:
        x, y = x + 0.3j * Y, y - 0.2j
    rtol = 1e-6 if dtype is np.float32 else 1e-14
    u, v = y - 1, x + 2
    value, tangent = gw.jvp(f, (x, y), (u, v), pure=False)
    np.testing.assert_allclose(value, x - y / 4 + 3 * x * y, rtol=rtol)
    np.testing.assert_allclose(tangent, u - v / 4 + 3 * (u * y + x * v), rtol=rtol)
    assert value.dtype == tangent.dtype == dtype
    _, transpose = gw.vjp(f, x, y)
    ct = x * 2 + y
    a, b = transpose(ct)
    np.testing.assert_allclose(a, ct + 3 * np.conj(y) * ct, rtol=rtol)
    np.testing.assert_allclose(b, -ct / 4 + 3 * np.conj(x) * ct, rtol=rtol)
    assert a.dtype == b.dtype == dtype


def test_one_operand_moves():
    np.testing.assert_allclose(gw.grad(lambda y: f(X, y).sum())(Y), -0.25 + 3 * X, rtol=1e-14)


def test_second_derivatives_and_batches():
    def g(x):
        return np.sum(f(x, x) ** 2)

    expected = np.diag(2 * (0.75 + 6 * X[0]) ** 2 + 12 * (0.75 * X[0] + 3 * X[0] ** 2))
    np.testing.assert_allclose(gw.hessian(g)(X[0]), expected, rtol=1e-13)
    np.testing.assert_allclose(gw.jacobian(lambda x: f(x, Y[0]))(X[0]), np.diag(1 + 3 * Y[0]), rtol=1e-14)
    rows = gw.vmap(lambda x: f(x, Y[0]))(X)
    np.testing.assert_allclose(rows, X - Y[0] / 4 + 3 * X * Y[0], rtol=1e-14)
    rows = gw.vmap(lambda x: f(Y[0], x))(X)
    np.testing.assert_allclose(rows, Y[0] - X / 4 + 3 * X * Y[0], rtol=1e-14)


def test_the_value_owns_its_memory():
    for weights in ((1.0,), (2.0,), (1.0, 1.0)):
        operands = (X,) * len(weights)
        value = combination.value(*operands, weights)
        assert not np.shares_memory(value, X)
        np.testing.assert_allclose(value, sum(weights) * X)


def test_a_structural_zero_ends_an_infinite_factor():
    """0 · ∞ in the slope of √ at 0, where the vector's entry is zero."""

    def g(x):
        return combined((np.sqrt(x), x), (2.0, 1.0))[1] ** 2

    found = gw.grad(g, pure=False)(np.array([0.0, 4.0]))
    np.testing.assert_allclose(found, [0.0, 2 * 8.0 * (2 * 0.25 + 1)], rtol=1e-14)
