"""Jacobians of functions that return something beside their value, as ``grad`` takes them."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

X = np.array([1.0, 2.0, 3.0])


def f(x):
    y = np.sin(x) * x[::-1]
    return y, {"norm": np.sum(y**2), "count": 3}


def jacobian(x):
    return np.diag(np.cos(x) * x[::-1]) + np.diag(np.sin(x))[:, ::-1]


@pytest.mark.parametrize("operator", [gw.jacobian, gw.jacfwd, gw.jacrev])
@pytest.mark.parametrize("method", ["exact", "numerical"])
def test_the_jacobian_and_what_is_beside_the_value(operator, method):
    g = operator(f, has_aux=True, method=method)
    for x in (X, X, X, 2 * X):
        found, beside = g(x)
        np.testing.assert_allclose(found, jacobian(x), rtol=1e-13 if method == "exact" else 1e-7, atol=1e-13)
        np.testing.assert_allclose(beside["norm"], np.sum((np.sin(x) * x[::-1]) ** 2), rtol=1e-14)
        assert beside["count"] == 3


def test_float32_and_several_arguments():
    def scaled(a, b):
        return a * b[0], a.dtype

    rows, kind = gw.jacobian(scaled, argnums=(0, 1), has_aux=True)(np.float32([1, 2]), np.float32([3]))
    assert kind == np.float32
    assert [r.dtype for r in rows] == [np.float32, np.float32]
    np.testing.assert_array_equal(rows[0], 3 * np.eye(2))
    np.testing.assert_array_equal(rows[1], [[1], [2]])


def test_inside_another_derivative():
    def outer(x):
        found, beside = gw.jacobian(f, has_aux=True)(x)
        return np.sum(found) + beside["norm"]

    # ∂ of Σ (cos x · Rx + sin x) + Σ (sin x · Rx)²
    reverse, sine, cosine = X[::-1], np.sin(X), np.cos(X)
    truth = -sine * reverse + cosine[::-1] + cosine + 2 * sine * cosine * reverse**2 + 2 * (sine[::-1] ** 2) * X
    np.testing.assert_allclose(gw.grad(outer, method="exact")(X), truth, rtol=1e-12)


def test_a_function_that_returns_no_pair():
    with pytest.raises(gw.OutputError, match="A pair"):
        gw.jacobian(lambda x: x * x, has_aux=True)(X)
