"""gw.minimize: every method of SciPy with exact derivatives, containers, constraints."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize as so

import gradwise as gw
from gradwise.descent.minimize import METHODS
from gradwise.errors import InputError


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


START = np.array([0.9, 0.8])  # the Hessian is positive definite here, as dogleg requires


@pytest.mark.parametrize("method", [name for name in METHODS if name != "cobyla"])
def test_every_method_runs_and_reports(method):
    result = gw.minimize(rosenbrock, START, method=method, tol=1e-9)
    np.testing.assert_allclose(result.x, 1, atol=1e-3)
    report = result.report
    np.testing.assert_array_equal(report.trace.x[0], START)
    assert report.fun == pytest.approx(result.fun, abs=1e-12)
    assert report.trace.fun[0] == pytest.approx(rosenbrock(START))
    assert isinstance(result, so.OptimizeResult)
    assert report.end_point.kind in {"minimum", "not critical"}


@pytest.mark.parametrize("method", ["trust-exact", "dogleg", "trust-ncg", "trust-krylov", "Newton-CG"])
def test_paths_are_those_of_scipy_with_the_derivatives_by_hand(method):
    f = lambda x: np.sum(np.exp(x) - 3 * x) + 0.5 * (x[0] - x[1]) ** 2
    grad = lambda x: np.exp(x) - 3 + (x[0] - x[1]) * np.array([1, -1])
    hess = lambda x: np.diag(np.exp(x)) + np.array([[1, -1], [-1, 1]])
    theirs = so.minimize(f, np.array([2.0, 0.5]), jac=grad, hess=hess, method=method)
    ours = gw.minimize(f, np.array([2.0, 0.5]), method=method)
    np.testing.assert_allclose(ours.x, theirs.x, rtol=1e-7)
    assert ours.nit == theirs.nit


@pytest.mark.parametrize(
    "method", ["BFGS", "L-BFGS-B", "Newton-CG", "trust-exact", "trust-ncg", "trust-constr", "SLSQP", "Nelder-Mead"]
)
def test_containers(method):
    f = lambda p: np.sum((p["a"] - 1) ** 2 * (1 + p["b"][0] ** 2)) + (p["b"][0] + 1) ** 2
    result = gw.minimize(f, {"a": np.zeros((2, 1)), "b": [0.5]}, method=method, tol=1e-9)
    assert result.x["a"].shape == (2, 1)
    np.testing.assert_allclose(result.x["a"], 1, atol=1e-4)
    assert result.x["b"][0] == pytest.approx(-1, abs=1e-4)


def test_functions_of_scalars_matrices_and_numbers():
    assert gw.minimize(lambda x, y: (x - 1) ** 2 + (y - 2) ** 2, (0.0, 0.0)).x == pytest.approx((1, 2))
    np.testing.assert_allclose(gw.minimize(lambda M: np.sum((M - 2) ** 2), np.zeros((2, 3))).x, np.full((2, 3), 2.0))
    assert gw.minimize(lambda x: (x - 3) ** 2, 0.0).x == pytest.approx(3)
    assert gw.minimize(lambda x, a: (x[0] - a) ** 2, np.zeros(1), (5.0,)).x[0] == pytest.approx(5)


# Hock and Schittkowski's problem 71 (1981): f* = 17.0140173 at (1, 4.742994, 3.8211503, 1.3794082)
HS71 = np.array([1.0, 4.742994, 3.8211503, 1.3794082])
hs71 = lambda x: x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2]


def test_dict_constraints_are_exact():
    constraints = [
        {"type": "ineq", "fun": lambda x: x[0] * x[1] * x[2] * x[3] - 25},
        {"type": "eq", "fun": lambda x, total: np.sum(x**2) - total, "args": (40,)},
    ]
    result = gw.minimize(hs71, np.array([1.0, 5, 5, 1]), bounds=[(1, 5)] * 4, constraints=constraints, tol=1e-10)
    np.testing.assert_allclose(result.x, HS71, atol=1e-5)
    assert result.fun == pytest.approx(17.0140173)
    assert any("without the constraints" in note for note in result.report.notes)


@pytest.mark.parametrize("form", ["list", "array"])
def test_nonlinear_constraints_are_exact_to_second_order(form):
    seen = []

    def c(x):
        seen.append(1)
        both = [x[0] * x[1] * x[2] * x[3], np.sum(x**2)]
        return both if form == "list" else np.stack(both)

    constraint = so.NonlinearConstraint(c, [25, 40], [np.inf, 40])
    result = gw.minimize(
        hs71,
        np.array([1.0, 5, 5, 1]),
        method="trust-constr",
        bounds=so.Bounds(1, 5),
        constraints=constraint,
        tol=1e-10,
        options={"maxiter": 500},
    )
    np.testing.assert_allclose(result.x, HS71, atol=2e-4)


def test_the_derivatives_of_constraints_are_what_scipy_gets():
    from gradwise.descent.constraints import exact_constraints
    from gradwise.descent.objective import Objective

    c = lambda p: [p["a"][0] * p["b"], np.sin(p["b"]) + p["a"][1] ** 3]
    objective = Objective(lambda p: p["b"] ** 2, {"a": np.array([2.0, 3.0]), "b": 0.5}, operator="minimize")
    made = exact_constraints(so.NonlinearConstraint(c, 0, 1), objective)
    z = np.array([2.0, 3.0, 0.5])
    np.testing.assert_allclose(made.fun(z), [1.0, np.sin(0.5) + 27])
    np.testing.assert_allclose(made.jac(z), [[0.5, 0, 2], [0, 27, np.cos(0.5)]])
    expected = 2 * np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]]) + 5 * np.diag([0, 18, -np.sin(0.5)])
    np.testing.assert_allclose(made.hess(z, np.array([2.0, 5.0])), expected, atol=1e-14)
    both = exact_constraints([{"type": "eq", "fun": lambda p: p["a"][0] - p["b"]}], objective)
    np.testing.assert_allclose(both[0]["jac"](z), [[1, 0, -1]])
    linear = so.LinearConstraint(np.eye(3), 0, 1)
    assert exact_constraints([linear], objective)[0] is linear


def test_bounds_in_the_containers_of_x0():
    x0 = {"a": np.zeros(2), "b": 0.0}
    lower, upper = {"a": np.full(2, -1.0), "b": -0.5}, {"a": np.array([0.5, 2.0]), "b": 0.5}
    result = gw.minimize(lambda p: np.sum((p["a"] - 1) ** 2) + (p["b"] - 1) ** 2, x0, bounds=(lower, upper))
    np.testing.assert_allclose(result.x["a"], [0.5, 1.0], atol=1e-6)
    assert result.x["b"] == pytest.approx(0.5)
    with pytest.raises(InputError, match="bounds has 1 entries"):
        gw.minimize(rosenbrock, START, bounds=[(0, 1)])


def test_callbacks():
    seen, points = [], []
    gw.minimize(rosenbrock, START, callback=lambda intermediate_result: seen.append(intermediate_result))
    assert seen[-1].fun < seen[0].fun
    result = gw.minimize(rosenbrock, START, callback=points.append)
    assert len(points) == result.nit

    def stop(xk):
        raise StopIteration

    assert gw.minimize(rosenbrock, START, callback=stop).report.stop_reason == "callback"


def test_derivatives_of_the_user_are_taken():
    calls = []

    def hess(x):
        calls.append(1)
        return np.array([[2 - 400 * (x[1] - 3 * x[0] ** 2), -400 * x[0]], [-400 * x[0], 200]])

    def jac(x):
        return np.array([-2 * (1 - x[0]) - 400 * x[0] * (x[1] - x[0] ** 2), 200 * (x[1] - x[0] ** 2)])

    result = gw.minimize(rosenbrock, START, method="trust-exact", jac=jac, hess=hess)
    assert calls
    np.testing.assert_allclose(result.x, 1, atol=1e-4)
    both = gw.minimize(lambda x: (rosenbrock(x), jac(x)), START, jac=True)
    np.testing.assert_allclose(both.x, 1, atol=1e-4)


def test_unknown_methods_are_refused():
    with pytest.raises(InputError, match="method='sgd'"):
        gw.minimize(rosenbrock, START, method="sgd")


def test_a_failure_of_the_solver_is_told():
    result = gw.minimize(rosenbrock, np.array([-1.2, 1.0]), options={"maxiter": 3})
    assert not result.success
    assert result.report.stop_reason == "solver_failed"
    assert "iterations" in result.report.message


def stacked(x):
    r = np.array(
        [10 * (x[1] - x[0] ** 2), 1 - x[0]]
    )  # a plain call of np.array: seen only where the call of f is watched
    return r @ r


def test_second_derivatives_are_exact_for_functions_that_need_to_be_watched():
    # a fall back to numerical derivatives is a warning, and here an error
    assert gw.minimize(stacked, START, method="trust-exact").x == pytest.approx([1, 1], abs=1e-5)
    assert gw.minimize(stacked, START, method="newton-cg").x == pytest.approx([1, 1], abs=1e-3)
    report = gw.descend(stacked, START, "newton")
    assert report.curvature.method == "dense Hessian, exact"
    wrapped = gw.descend(lambda p: stacked(np.array([p["a"], p["b"]])), {"a": 0.9, "b": 0.8}, "newton")
    assert wrapped.curvature.method == "dense Hessian, exact"


def test_constraints_are_exact_for_functions_that_need_to_be_watched():
    # Hock and Schittkowski's problem 71, with its published solution
    problem = lambda x: x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2]
    constraint = so.NonlinearConstraint(lambda x: np.array([np.prod(x), x @ x]), [25, 40], [np.inf, 40])
    found = gw.minimize(
        problem, np.array([1, 5, 5, 1.0]), method="trust-constr", bounds=[(1, 5)] * 4, constraints=constraint
    )
    assert found.fun == pytest.approx(17.0140173, abs=1e-4)
    np.testing.assert_allclose(found.x, [1, 4.7429994, 3.8211503, 1.3794082], atol=1e-4)
