"""Jacobians, Hessians and products: the same verdicts and names as for gradients."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.errors import InputError

A = np.array([[1.0, 2.0, 0.5], [3.0, 4.0, -1.0]])
S = np.array([[1.0, 2.0, 0.5], [3.0, 4.0, -1.0], [0.2, 0.3, 0.9]])
X = np.array([0.3, -0.5, 1.2])


def vector(x):
    return np.sin(A @ x) * x[0]


def matrix(x):
    return (np.cos(A @ x) * x[0])[:, None] * A + np.outer(np.sin(A @ x), [1.0, 0.0, 0.0])


def energy(x):
    return np.sum(np.sin(x) * x**2) + x[0] * x[1]


def curvature(x):
    h = np.diag(-np.sin(x) * x**2 + 4 * x * np.cos(x) + 2 * np.sin(x))
    h[0, 1] += 1
    h[1, 0] += 1
    return h


def test_right_ones_pass():
    assert gw.check_jacobian(vector, X, matrix).passed
    assert gw.check_jacobian(vector, X, matrix(X)).passed
    assert gw.check_jacobian(vector, X).passed
    assert gw.check_hessian(energy, X, curvature).passed
    assert gw.check_hessian(energy, X).passed
    assert gw.check_jvp(vector, X, lambda x, v: matrix(x) @ v).passed
    assert gw.check_jvp(vector, X, lambda x, v: (vector(x), matrix(x) @ v)).passed
    assert gw.check_jvp(vector, X).passed
    assert gw.check_vjp(vector, X, lambda x, u: u @ matrix(x)).passed
    assert gw.check_vjp(vector, X, lambda x, u: (vector(x), u @ matrix(x))).passed
    assert gw.check_vjp(vector, X).passed


MISTAKES = {
    "missing factor 2": lambda j, x: j / 2,
    "sign flip": lambda j, x: -j,
    "constant factor": lambda j, x: 1.7 * j,
    "one entry wrong": lambda j, x: j + np.eye(*j.shape, k=1) * (np.arange(j.shape[0]) == 0)[:, None] * 0.3,
    "detached (all zero)": lambda j, x: 0 * j,
    "low precision": lambda j, x: j.astype(np.float32),
    "a block wrong": lambda j, x: np.where(np.arange(j.shape[1]) == 1, 1.3 * j + 0.4, j),
    "non-finite": lambda j, x: j * np.where(np.eye(*j.shape) == 1, np.nan, 1),
}


@pytest.mark.parametrize("cause", MISTAKES)
def test_mistakes_in_jacobians_and_hessians(cause):
    mistake = MISTAKES[cause]
    for report in (
        gw.check_jacobian(vector, X, lambda x: mistake(matrix(x), x)),
        gw.check_hessian(energy, X, lambda x: mistake(curvature(x), x)),
    ):
        assert not report.passed
        assert report.causes[0] == cause, report.summary()


@pytest.mark.parametrize("cause", ["missing factor 2", "sign flip", "constant factor", "detached (all zero)"])
def test_mistakes_in_products(cause):
    mistake = MISTAKES[cause]
    for report in (
        gw.check_jvp(vector, X, lambda x, v: mistake(matrix(x), x) @ v),
        gw.check_vjp(vector, X, lambda x, u: u @ mistake(matrix(x), x)),
    ):
        assert not report.passed
        assert report.causes[0] == cause, report.summary()


def test_transposed():
    square = lambda x: np.tanh(S @ x)
    right = lambda x: (1 - np.tanh(S @ x) ** 2)[:, None] * S
    assert gw.check_jacobian(square, X, right).passed
    assert gw.check_jacobian(square, X, lambda x: right(x).T).causes[0] == "transposed"
    assert gw.check_jacobian(vector, X, lambda x: matrix(x).T).causes == ["transposed", "wrong shape"]
    assert gw.check_vjp(square, X, lambda x, u: right(x) @ u).causes[0] == "transposed"
    assert gw.check_jvp(square, X, lambda x, v: right(x).T @ v).causes[0] == "transposed"


def test_a_missing_term_is_named_with_its_line():
    report = gw.check_jacobian(vector, X, lambda x: (np.cos(A @ x) * x[0])[:, None] * A)
    assert report.causes[0] == "product rule term missing"
    assert "test_matrices.py:" in report.details["product rule term missing"]


def test_containers_of_outputs_and_inputs():
    def f(p):
        return {"s": p["a"] * p["b"], "t": np.sum(p["b"] ** 2)}

    x = {"a": 2.0, "b": np.array([1.0, -0.5])}

    def jac(p):
        return {
            "s": {"a": p["b"], "b": p["a"] * np.eye(2)},
            "t": {"a": 0.0, "b": 2 * p["b"]},
        }

    report = gw.check_jacobian(f, x, jac)
    assert report.passed, report.summary()
    assert report.verdicts["s"]["b"].shape == (2, 2)
    wrong = gw.check_jacobian(f, x, lambda p: {**jac(p), "t": {"a": 0.0, "b": 1.3 * p["b"] + 0.1}})
    assert wrong.causes[0] == "a block wrong"


def test_a_hessian_that_is_not_symmetric_is_noted():
    report = gw.check_hessian(energy, X, lambda x: curvature(x) + np.eye(3, k=1) * 0.2)
    assert not report.passed
    assert any("not symmetric" in note for note in report.notes)


def test_a_product_that_is_not_linear():
    report = gw.check_jvp(vector, X, lambda x, v: matrix(x) @ v * np.sum(np.abs(v)))
    assert not report.passed
    assert "not linear" in report.details["unknown"]


@pytest.mark.slow
def test_large_products_are_sampled():
    x = np.linspace(-1, 1, 100)
    f = lambda x: np.sin(x) * x
    slope = lambda x: np.cos(x) * x + np.sin(x)
    assert gw.check_jvp(f, x, lambda x, v: slope(x) * v).passed
    assert gw.check_vjp(f, x, lambda x, u: slope(x) * u).passed
    assert gw.check_jvp(f, x).passed
    assert gw.check_vjp(f, x).passed
    wrong = slope(x) * np.where(np.arange(100) == 63, 1.01, 1.0)
    for report in (gw.check_jvp(f, x, lambda x, v: wrong * v), gw.check_vjp(f, x, lambda x, u: wrong * u)):
        assert not report.passed
        assert any("random signs" in note for note in report.notes)
    assert gw.check_jvp(f, x, lambda x, v: -slope(x) * v).causes[0] == "sign flip"


def test_a_wrong_custom_rule_is_found():
    @gw.custom_rule
    def square(x):
        return x**2

    @square.jvp
    def _(primals, tangents):
        (x,), (dx,) = primals, tangents
        return x * dx

    report = gw.check_grad(lambda x: np.sum(square(x)), X)
    assert report.causes[0] == "missing factor 2"


def test_complex_points_are_for_gradients():
    with pytest.raises(InputError, match="complex"):
        gw.check_jacobian(lambda z: np.abs(z), np.array([1 + 1j]))
