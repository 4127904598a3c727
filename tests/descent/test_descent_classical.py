"""Descents from random starts end at the published minima of the classical problems."""

from __future__ import annotations

import numpy as np
import pytest
from classical_problems import BY_NAME, PROBLEMS

import gradwise as gw

#: a problem with a valley to infinity beside its starts, which another method follows less far
SUITABLE = {"biggs": "BFGS"}


def minimum_found(problem, f):
    return any(abs(f - minimum) <= 1e-5 * minimum + 1e-9 for minimum in problem.minima)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_descents_end_at_the_published_minima(problem):
    how = SUITABLE.get(problem.name)
    rng = np.random.default_rng(1)
    for trial in range(4):
        start = np.array(problem.start)
        if trial:
            start = start * rng.uniform(0.8, 1.2, start.size) + 0.01 * rng.uniform(-1, 1, start.size) * (start == 0)
        if how is not None:
            f = gw.minimize(problem, start, method=how, tol=1e-9).fun
        else:
            f = gw.descend(problem, start, "newton", tol=1e-12, maxiter=500).fun
        assert minimum_found(problem, f), (trial, f)


@pytest.mark.parametrize(
    "name", ["osborne_1", "osborne_2", "meyer", "powell_badly_scaled", "brown_badly_scaled", "bard"]
)
def test_badly_scaled_problems_are_solved_from_every_moved_start(name):
    problem = BY_NAME[name]
    rng = np.random.default_rng(2)
    for _ in range(8):
        start = np.array(problem.start) * rng.uniform(0.9, 1.1, len(problem.start))
        report = gw.descend(problem, start, "newton", tol=1e-12, maxiter=500)
        assert minimum_found(problem, report.fun), (start, report.fun)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rosenbrock", "himmelblau", "beale", "wood", "powell_singular", "helical_valley"])
def test_far_random_starts_end_at_published_points(name):
    problem = BY_NAME[name]
    rng = np.random.default_rng(7)
    reached = []
    for _ in range(6):
        start = rng.uniform(-3, 3, len(problem.start))
        result = gw.minimize(problem, start, method="trust-exact", tol=1e-10, options={"maxiter": 2000})
        if name == "beale" and np.linalg.norm(result.x) > 10:
            continue  # f falls to a limit along x[1] → 1, x[0] → −∞: no minimum there
        reached.append(result.x)
        nearest = min(np.max(np.abs(result.x - np.array(point))) for point in problem.points)
        assert nearest < (2e-3 if name == "powell_singular" else 1e-5), (start, result.x)
        # a start so far away may end in the one singular minimum, or in regular ones
        assert result.report.end_point.kind == ("degenerate" if name == "powell_singular" else "minimum")
    assert len(reached) >= 3


@pytest.mark.parametrize(
    "method", ["BFGS", "Newton-CG", "trust-ncg", "trust-krylov", "L-BFGS-B", "trust-constr", "TNC", "SLSQP", "CG"]
)
def test_scipy_methods_find_the_minimum_of_rosenbrock(method):
    problem = BY_NAME["rosenbrock"]
    result = gw.minimize(problem, np.array(problem.start), method=method, tol=1e-10)
    np.testing.assert_allclose(result.x, 1, atol=1e-4)
    assert result.report.trace.fun[0] == pytest.approx(24.2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "rate"),
    [("gd", "auto"), ("gd", "armijo"), ("gd", "wolfe"), ("gd", "adaptive"), ("momentum", "auto"), ("nesterov", "auto")],
)
def test_first_order_methods_reach_the_minimum_of_rosenbrock(method, rate):
    problem = BY_NAME["rosenbrock"]
    report = gw.descend(problem, np.array(problem.start), method, rate, maxiter=60000, tol=1e-8)
    np.testing.assert_allclose(report.x, 1, atol=1e-4)


@pytest.mark.parametrize(("n", "minimum"), [(9, 1.39976e-6), (12, 4.72238e-10)])
def test_watson_in_more_variables(n, minimum):
    f = gw.descend(BY_NAME["watson"], np.zeros(n), "newton", tol=1e-14).fun
    assert f == pytest.approx(minimum, rel=1e-4)


@pytest.mark.parametrize(("name", "minimum"), [("penalty_1", 7.08765e-5), ("penalty_2", 2.93660e-4)])
def test_penalties_in_ten_variables(name, minimum):
    start = np.arange(1.0, 11.0) if name == "penalty_1" else np.full(10, 0.5)
    report = gw.descend(BY_NAME[name], start, "newton", tol=1e-13, maxiter=3000)
    assert report.fun == pytest.approx(minimum, rel=1e-4)


def test_chebyquad_in_ten_variables():
    report = gw.descend(BY_NAME["chebyquad"], np.arange(1, 11) / 11, "newton", tol=1e-12)
    published = (6.50395e-3, 4.77271e-3)  # of Moré, Garbow and Hillstrom; and a lower local minimum known since
    assert any(report.fun == pytest.approx(value, rel=1e-4) for value in published)
