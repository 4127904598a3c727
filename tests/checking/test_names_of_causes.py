"""Which cause is named first where several fit."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

RNG = np.random.default_rng(61)
A, B = RNG.normal(size=(25, 5)), RNG.normal(size=25)
X = np.array([-1.5, 0.4, -0.3, 2.1, 1.2, -0.8, 0.9, -2.0])


def opaque(f):
    return lambda x: f(np.frombuffer(np.asarray(x, dtype=float).tobytes()).reshape(np.shape(x)))


def test_a_length_that_a_callee_reads():
    def loss(w):
        return np.mean((A @ w - B) ** 2)

    report = gw.check_grad(opaque(lambda w: loss(w)), RNG.normal(size=5), lambda w: 2 * A.T @ (A @ w - B))
    assert report.causes[0] == "missing 1/n"
    assert "25" in report.details["missing 1/n"]


def test_zeros_are_right_under_nearly_every_mistake():
    f, x = lambda x: np.sum(x**3), np.array([0.4, -1.2, 0.7, 2.0])
    scaled = gw.check_hessian(f, x, lambda x: 1.4 * np.diag(6 * x))
    assert scaled.causes[0] == "constant factor"
    small = gw.check_hessian(f, x, lambda x: np.diag(6 * x * (1 + 1e-4 * np.sin(3 * x + np.arange(4)))))
    assert small.causes[0] == "small systematic error"


def test_a_sparse_block_off_the_diagonal():
    def rosen(x):
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    right = gw.hessian(rosen)
    halved = gw.check_hessian(rosen, X[:5], lambda x: np.where(np.eye(5) > 0, right(x), 0.5 * right(x)))
    assert halved.causes[0] == "a block wrong"
    assert "off the diagonal" in halved.details["a block wrong"]


@pytest.mark.slow
def test_a_term_in_x_is_right_where_x_is_zero():
    x = np.array([0.0, 1.1, 0.0, -0.6, 0.0, 2.0])
    report = gw.check_grad(
        opaque(lambda x: np.sum(np.sin(x + np.arange(6)))), x, lambda x: np.cos(x + np.arange(6)) + 0.5 * x
    )
    assert report.causes[0] == "term proportional to x"


def test_a_factor_is_right_where_the_truth_is_zero():
    f, g = lambda x: np.sum(np.maximum(x, 0) * np.arange(1, 9)), lambda x: (x > 0) * np.arange(1.0, 9)
    assert gw.check_grad(f, X, lambda x: 1.02 * g(x)).causes[0] == "constant factor"


@pytest.mark.parametrize("factor", [3.0, 1.5, 0.7])
def test_a_factor_before_a_term(factor):
    assert gw.check_grad(lambda x: np.sum(x**2), X, lambda x: 2 * factor * x).causes[0] == "constant factor"
    assert gw.check_grad(lambda x: 3 * np.sum(x), X, lambda x: 3 * factor + 0 * x).causes[0] == "constant factor"


def test_whole_arguments_that_are_off_by_little():
    f = lambda a, b: np.sum(np.sin(a)) * np.sum(np.cos(b))
    g = lambda a, b: (1.00001 * np.cos(a) * np.sum(np.cos(b)), -np.sum(np.sin(a)) * np.sin(b))
    report = gw.check_grad(f, (X[:5], X[5:]), g)
    assert report.causes[:2] == ["a block wrong", "small systematic error"]


def test_abs_of_x_shows_as_a_branch_and_is_told():
    g = lambda x: np.cos(x) * np.exp(0.3 * x) + 0.3 * np.sin(x) * np.exp(0.3 * x)
    report = gw.check_grad(lambda x: np.sum(np.sin(x) * np.exp(0.3 * x)), X, lambda x: g(np.abs(x)))
    assert report.causes == ["a branch wrong", "evaluated at another point"]


def test_a_linear_piece_is_no_matter_of_degrees():
    f = lambda x: np.sum(np.where(np.abs(x) < 1, 0.5 * x**2, np.abs(x) - 0.5))
    assert gw.check_grad(f, X, lambda x: x).causes[0] == "a branch wrong"


def test_a_shift_with_a_zero_moved_in_where_bounds_differ():
    places = np.array([0, 2, 2, 5, 1, 0, 7])

    def g(x):
        out = np.zeros_like(x)
        np.add.at(out, places, 2 * x[places] * np.arange(1, 8))
        return out

    f = opaque(lambda x: np.sum(x[places] ** 2 * np.arange(1, 8)))
    assert gw.check_grad(f, X, lambda x: np.append(g(x)[1:], 0.0)).causes[0] == "index shift"


def test_what_is_right_anyway_explains_nothing():
    report = gw.check_grad(lambda x: np.sum(1 / x), np.array([1e-9, 1.0]), lambda x: np.array([-1.02, -1.0]) / x**2)
    assert "integer truncation" not in report.causes


@pytest.mark.slow
def test_a_vector_has_no_other_axis():
    x = np.abs(X) + 0.3
    right = gw.grad(lambda x: np.mean(x) / np.std(x))
    wrong = lambda x: 2 / (8 * np.std(x)) - right(x)
    report = gw.check_grad(opaque(lambda x: np.mean(x) / np.std(x)), x, wrong)
    assert "sum over the wrong axis" not in report.causes
