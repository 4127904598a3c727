"""Matrices that are not symmetric, in the derivative where their transpose belongs."""

from __future__ import annotations

import numpy as np

import gradwise as gw

RNG = np.random.default_rng(17)
A, B, X = RNG.normal(size=(6, 6)), RNG.normal(size=6), RNG.normal(size=6)


def named(f, wrong, right):
    assert gw.check_grad(f, X, right).passed
    report = gw.check_grad(f, X, wrong)
    assert not report.passed
    assert report.causes[0] == "transposed"
    return report.details["transposed"]


def test_a_quadratic_form_whose_matrix_is_taken_for_symmetric():
    named(lambda x: x @ A @ x, lambda x: 2 * A @ x, lambda x: (A + A.T) @ x)
    named(lambda x: x @ A @ x, lambda x: 2 * A.T @ x, lambda x: (A + A.T) @ x)


def test_a_solution():
    say = named(lambda x: B @ np.linalg.solve(A, x), lambda x: np.linalg.solve(A, B), lambda x: np.linalg.solve(A.T, B))
    assert "transpose" in say


def test_a_layer():
    f = lambda x: np.sum(np.tanh(A @ np.sin(x)))
    right = lambda x: np.cos(x) * (A.T @ (1 - np.tanh(A @ np.sin(x)) ** 2))
    named(f, lambda x: np.cos(x) * (A @ (1 - np.tanh(A @ np.sin(x)) ** 2)), right)


def test_a_symmetric_matrix_has_no_other_way():
    symmetric = A + A.T
    report = gw.check_grad(lambda x: x @ symmetric @ x, X, lambda x: symmetric @ x)
    assert report.causes[0] != "transposed"
