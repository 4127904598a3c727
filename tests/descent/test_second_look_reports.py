"""Reports of descents that strangers run: falls beside curved directions, kinks under methods that search, end points that a kink hides."""

import numpy as np
import pytest

import gradwise as gw


def largest_of_three(v):
    """The problem CB2 of Charalambous and Bandler (1976): least 1.9522245 at (1.139038, 0.899560), where two of the three are equal."""
    return np.maximum(v[0] ** 2 + v[1] ** 4, np.maximum((2 - v[0]) ** 2 + (2 - v[1]) ** 2, 2 * np.exp(v[1] - v[0])))


@pytest.mark.parametrize("method", ["gd", "momentum", "newton"])
def test_a_fall_along_a_direction_without_curvature_is_told(method):
    run = gw.descend(lambda v: -v[0] + v[1] ** 2, np.array([1.0, 1.0]), method=method, maxiter=300)
    assert run.stop_reason.value == "unbounded"
    assert not run.success
    assert "1e+12 times the way" in run.cause.sentence


@pytest.mark.parametrize(
    "f",
    [
        lambda v: np.sqrt(1 + v[0] ** 2) + v[1] ** 2,
        lambda v: -np.tanh(v[0] / 1e3) + v[1] ** 2,
        lambda v: np.log1p(np.exp(-v[0])) + v[1] ** 2 + 1e-6 * v[0] ** 2,
    ],
)
def test_what_is_bounded_is_not_called_unbounded(f):
    run = gw.descend(f, np.array([-30.0, 1.0]), learning_rate=0.01, maxiter=50)
    assert run.stop_reason.value == "max_iterations"


def test_newton_that_gets_nowhere_at_a_kink_is_told_so():
    run = gw.descend(lambda v: np.sum(np.abs(v)), np.array([1.0, -0.37]), method="newton", maxiter=400)
    assert not run.success
    assert run.cause is not None
    assert run.cause.name == "kink"
    assert "no fixed rate" not in run.cause.sentence  # it has none


def test_a_rate_that_falls_already_is_not_told_to_fall():
    run = gw.descend(lambda v: np.sum(np.abs(v)), np.ones(2), learning_rate=lambda k: 0.5 / (1 + k), maxiter=300)
    assert run.cause.name == "kink"
    assert "Let the rate fall" not in run.cause.sentence
    assert "the rate has fallen to 0.001" in run.cause.sentence
    fixed = gw.descend(lambda v: np.sum(np.abs(v)), np.ones(2), learning_rate=0.3, maxiter=300)
    assert "Let the rate fall" in fixed.cause.sentence


@pytest.mark.filterwarnings("ignore::gradwise.errors.KinkWarning")
def test_at_a_kink_within_rounding_the_end_point_is_undecided():
    run = gw.descend(largest_of_three, np.array([2.0, 2.0]), method="momentum", maxiter=2000)
    assert run.fun == pytest.approx(1.9522245, abs=1e-5)
    assert run.end_point.kind in {"undecided", "not critical"}


def test_a_gradient_that_jumps_within_rounding_is_no_critical_point():
    report = gw.classify(lambda v: np.maximum(v[0] * 3.0, -v[0]) + v[1] ** 2, np.array([5e-324, 0.0]))
    assert report.kind in {"undecided", "not critical"}
    # what is flat is degenerate as before, and what is exact keeps its verdict
    assert gw.classify(lambda x, y: x**4 + y**4, (0.0, 0.0)).kind == "degenerate"
    assert gw.classify(lambda x, y: x**4 + y**4, (1e-9, 1e-9)).kind == "degenerate"
    assert gw.classify(lambda v: 1e16 * (v[0] - 0.1) ** 2 + v[1] ** 2, np.array([0.1, 0.0])).kind == "minimum"
    assert gw.classify(lambda v: (v[0] * 1e8 - 1e8) ** 2 + v[1] ** 2, np.array([1.0, 0.0])).kind == "minimum"


def test_no_rate_is_told_of_a_search_that_took_no_step():
    run = gw.descend(lambda v: np.sum(v**2), np.ones(2), maxiter=0)
    assert "oscillating" not in run.summary()
    assert "theory" not in run.summary()
    given = gw.descend(lambda v: np.sum(v**2), np.ones(2), learning_rate=0.6, maxiter=0)
    assert "rate 0.6 is oscillating" in given.summary()


def test_far_from_a_critical_point_the_ends_of_a_large_spectrum_cost_little():
    report = gw.classify(lambda v: 0.5 * np.sum(np.linspace(1, 100, 4000) * v**2), np.ones(4000))
    assert report.kind == "not critical"
    assert report.eigenvalues[-1] <= 100 * (1 + 1e-9)
    assert report.eigenvalues[-1] == pytest.approx(100, rel=0.01)


def test_points_alone_are_no_evidence_against_a_learning_rate():
    points = [np.array([1.0, 2.0]) * 1.1**k for k in range(8)]
    report = gw.diagnose_run(points, lambda v: np.sum(v**2))
    assert report.stop_reason.value == "diverged"
    assert "above the stable limit" not in report.message
    assert "Pass method= and learning_rate=" in report.message
    assert report.cause.name == "unknown"
    told = gw.diagnose_run(
        [np.array([1.0, 2.0]) * (-1.4) ** k for k in range(8)], lambda v: np.sum(v**2), method="gd", learning_rate=1.2
    )
    assert "Take learning_rate=" in told.message


def test_a_tolerance_that_is_met_before_the_critical_point_is_remarked_on():
    wide = lambda v: 1e4 * v[0] ** 2 + 1e-3 * (v[1] - 3) ** 2
    run = gw.descend(wide, np.array([1.0, 0.0]), learning_rate=5e-5)
    assert run.success
    assert run.end_point.kind == "not critical"
    assert "lower tol to go on" in run.summary()
    exact = gw.descend(lambda v: np.sum(v**2), np.ones(2))
    assert "lower tol to go on" not in exact.summary()
