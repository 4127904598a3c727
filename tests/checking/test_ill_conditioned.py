"""Right gradients that rounding alone moves: constants a rounding away, residuals at their minimum, cancellation at tiny x."""

import numpy as np
import pytest

import gradwise as gw


def behind_bytes(f):
    return lambda x: f(np.frombuffer(np.asarray(x, dtype=float).tobytes()))


def hilbert(n):
    return 1 / (np.arange(n)[:, None] + np.arange(n)[None, :] + 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("hidden", [False, True])
def test_a_hilbert_system_has_no_gradient_known_better_than_its_condition(hidden):
    matrix, x = hilbert(8), np.ones(8)
    f = lambda v: v @ np.linalg.solve(matrix, v)
    f = behind_bytes(f) if hidden else f
    right = lambda v: 2 * np.linalg.solve(matrix, v)
    report = gw.check_grad(f, x, right)
    assert report.counts["wrong"] == 0, report.summary()
    # 8 · condition · u is 3e-5: what is off by more stays wrong
    assert gw.check_grad(f, x, lambda v: 1.01 * right(v)).counts["wrong"] == 8


@pytest.mark.parametrize("hidden", [False, True])
def test_the_inverse_of_a_hilbert_matrix_is_right_to_its_condition(hidden):
    matrix, x = hilbert(6), np.array([0.3, -1.1, 0.7, 1.9, -0.4, 0.8])
    f = lambda v: v @ np.linalg.inv(matrix) @ v
    report = gw.check_grad(behind_bytes(f) if hidden else f, x, lambda v: 2 * np.linalg.solve(matrix, v))
    assert report.counts["wrong"] == 0, report.summary()


@pytest.mark.parametrize("hidden", [False, True])
def test_residuals_at_a_least_squares_solution_are_rounding(hidden):
    t = np.linspace(0, 1, 20)
    design, data = np.vander(t, 10), np.sin(t)
    best = np.linalg.lstsq(design, data, rcond=None)[0]
    f = lambda c: np.sum((np.vander(t, 10) @ c - np.sin(t)) ** 2)
    report = gw.check_grad(behind_bytes(f) if hidden else f, best, lambda c: 2 * design.T @ (design @ c - data))
    assert report.counts["wrong"] == 0, report.summary()


def test_a_difference_quotient_is_not_excused_by_the_rounding_of_constants():
    weights = np.array([0.7, -1.3, 2.1])
    f = lambda x: np.sum(weights * np.exp(x))
    quotient = lambda x: np.array([(f(x + 1e-5 * e) - f(x)) / 1e-5 for e in np.eye(3)])
    assert gw.check_grad(f, np.array([0.3, 1.2, -0.5]), quotient).counts["wrong"] == 3


@pytest.mark.slow
def test_a_claim_that_cancels_at_tiny_x_is_left_open():
    def claim(x):
        with np.errstate(all="ignore"):
            return np.where(x == 0, 0.0, (np.cos(np.pi * x) - np.sinc(x)) / np.where(x == 0, 1.0, x))

    f = lambda x: np.sum(np.sinc(x))
    report = gw.check_grad(f, np.array([1e-8, 0.5, 0.0]), claim)
    assert report.counts["wrong"] == 0, report.summary()
    assert gw.check_grad(f, np.array([1e-8, 0.5, 0.0]), lambda x: 1.5 * claim(x)).counts["wrong"] == 1


@pytest.mark.slow
def test_a_confident_softmax_behind_bytes_shows_no_derivative_of_1e_22():
    z = np.array([50.0, 0.0, -3.0])

    def softmax(v):
        e = np.exp(v - v.max())
        return e / e.sum()

    f = behind_bytes(lambda v: np.log(np.sum(np.exp(v - v.max()))) + v.max() - v[0])
    claim = lambda v: softmax(v) - np.array([1.0, 0.0, 0.0])
    assert gw.check_grad(f, z, claim).counts["wrong"] == 0
    assert gw.check_grad(f, z, lambda v: claim(v) + np.array([0.0, 1e-3, 0.0])).counts["wrong"] == 1
