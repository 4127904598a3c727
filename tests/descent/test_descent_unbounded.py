"""Functions without a minimum are told, with the evidence, by every door; functions with one never are."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.descent import StopReason

SLOPE = np.array([1.0, -2.0, 0.5])


def plane(x):
    return SLOPE @ x + 3


@pytest.mark.parametrize(
    ("method", "rate"),
    [("gd", 0.1), ("gd", "auto"), ("gd", "armijo"), ("gd", "wolfe"), ("gd", "adaptive"), ("momentum", 0.1), ("nesterov", "auto"),
     ("adagrad", "auto"), ("rmsprop", "auto"), ("adam", "auto"), ("newton", "auto"), ("newton", 1.0)],
)  # fmt: skip
def test_a_linear_function_is_unbounded_for_every_method(method, rate):
    report = gw.descend(plane, np.zeros(3), method, rate, maxiter=120)
    assert report.stop_reason is StopReason.UNBOUNDED
    assert not report.success
    assert report.cause.name == "unbounded"
    assert report.fun == pytest.approx(plane(report.x))


def test_the_evidence_of_a_linear_function():
    report = gw.descend(plane, np.zeros(3), learning_rate=0.1, maxiter=100)
    assert report.fun == pytest.approx(3 - 100 * 0.1 * (SLOPE @ SLOPE))
    text = report.cause.sentence
    assert "linear along the path, and its curvature is 0" in text
    assert "same at all 101 points" in text
    assert f"by {np.linalg.norm(SLOPE):.4g} per length" in text  # f falls by ‖∇f‖ per length
    assert "regulariser" in report.message
    assert report.nfev == 101


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.abs(x[0]),  # linear all along the path, and bounded
        lambda x: np.sqrt(1 + x[0] ** 2),
        lambda x: np.logaddexp(0.0, x[0]),
        lambda x: -np.log(x[0]),  # falls for ever, slower and slower: nothing is claimed
        lambda x: 1e-12 * (x[0] - 1e6) ** 2,
    ],
)
def test_nothing_is_claimed_of_functions_that_are_bounded_or_flatten(f):
    report = gw.descend(f, np.array([1e3]), learning_rate=0.1, maxiter=50)
    assert report.stop_reason is StopReason.MAX_ITERATIONS


def test_other_falls_and_precisions():
    cubic = gw.descend(
        lambda x: -(np.abs(x[0]) ** 1.5) + x[1] ** 2, np.array([1.0, 1.0]), learning_rate=0.1, maxiter=50
    )
    assert cubic.stop_reason is StopReason.UNBOUNDED
    assert "linear along" not in cubic.cause.sentence
    single = gw.descend(lambda x: SLOPE.astype(np.float32) @ x, np.zeros(3, np.float32), learning_rate=0.1, maxiter=50)
    assert single.stop_reason is StopReason.UNBOUNDED


@pytest.mark.parametrize("method", ["L-BFGS-B", "CG", "Nelder-Mead", "trust-exact", "Newton-CG", "BFGS"])
def test_solvers_of_scipy_that_run_away(method):
    result = gw.minimize(plane, np.zeros(3), method=method, options={"maxiter": 50})
    assert result.report.stop_reason is StopReason.UNBOUNDED
    assert not result.report.success
    assert "unbounded" in repr(result.report)


def test_bounds_hold_a_linear_function():
    result = gw.minimize(plane, np.zeros(3), bounds=[(-1, 1)] * 3)
    assert result.report.stop_reason is StopReason.SOLVER_CONVERGED
    np.testing.assert_allclose(result.x, [-1, 1, -1])


def test_a_foreign_path_that_runs_away():
    points = [-0.1 * k * SLOPE for k in range(20)]
    report = gw.diagnose_run(points, plane, method="gd", learning_rate=0.1)
    assert report.stop_reason is StopReason.UNBOUNDED
    assert "linear along the path" in report.cause.sentence
    assert (
        gw.diagnose_run([10 * 0.9**k * SLOPE for k in range(20)], lambda x: x @ x).stop_reason is StopReason.NOT_STATED
    )
