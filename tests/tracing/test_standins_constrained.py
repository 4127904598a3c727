"""Minima with constraints and bounds, linear programs, global minimisers: derivatives against closed forms, and against differences where SciPy's tolerance can be tightened."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize as so

import gradwise as gw

X = np.array([0.7, 1.3, 0.4, 2.1, 1.6, 0.9])
U = np.array([0.3, -0.7, 0.5, 0.2, -0.4, 0.6])
TIGHT = {"ftol": 1e-15, "maxiter": 500}


def objective(x):
    return lambda z: (z[0] - x[0]) ** 2 + 2 * (z[1] - x[1] * x[2]) ** 2 + 0.3 * z[0] * z[1] + 0.1 * z[0] ** 4


def residual(x):
    return lambda z: np.array([z[0] - x[0], z[1] * z[0] - x[1], z[1] - x[2]])


def slsqp(x, **options):
    return so.minimize(objective(x), [0.0, 0.0], method="SLSQP", options=TIGHT, **options).x


B = np.array([[2.0, 0.3, -0.4], [0.1, 3.0, 0.6], [0.5, -0.7, 4.0]])
BOX = [(-5, 5), (-5, 5)]
TIMES = np.linspace(0, 1, 8)


def model(t, a, b):
    return a * np.exp(-b * t)


def observed(x):
    return model(TIMES, x[0], x[1]) + 0.01 * np.cos(9 * TIMES)


CASES = {
    "an equation": lambda x: slsqp(x, constraints={"type": "eq", "fun": lambda z: z[0] + z[1] ** 2 - x[3]}),
    "an inequality that holds": lambda x: slsqp(x, constraints={"type": "ineq", "fun": lambda z: z[0] * x[3] + z[1] - 5}),
    "one that does not": lambda x: slsqp(x, constraints=[{"type": "ineq", "fun": lambda z: 10 - z[0] - z[1]}]),
    "with arguments": lambda x: slsqp(x, constraints={"type": "eq", "fun": lambda z, a: z[0] - a, "args": (x[4],)}),
    "two": lambda x: slsqp(
        x,
        constraints=[{"type": "eq", "fun": lambda z: z[0] + z[1] - x[3]}],
        bounds=[(None, x[2]), (None, None)],
    ),
    "linear": lambda x: slsqp(x, constraints=so.LinearConstraint(np.array([[1.0, 2.0]]) * x[3], -np.inf, x[4])),
    "nonlinear": lambda x: slsqp(x, constraints=so.NonlinearConstraint(lambda z: z @ z, 0, 0.5 * x[5])),
    "bounds": lambda x: slsqp(x, bounds=so.Bounds([-5, -5], [0.5 * x[2], 5])),
    "value": lambda x: so.minimize(
        objective(x), [0.0, 0.0], method="SLSQP", options=TIGHT, constraints={"type": "eq", "fun": lambda z: z[0] - x[3]}
    ).fun,
    "no objective that moves": lambda x: so.minimize(
        lambda z: z @ z, [1.0, 1.0], method="SLSQP", options=TIGHT,
        constraints={"type": "ineq", "fun": lambda z: z[0] * x[3] + z[1] - 5},
    ).x,
    "minimize_scalar": lambda x: so.minimize_scalar(lambda z: (z - x[0]) ** 2, bounds=(0, x[2]), method="bounded").x,
    "least_squares": lambda x: so.least_squares(residual(x), [1.0, 1.0], xtol=1e-15, ftol=1e-15, gtol=1e-15).x,
    "Jacobian": lambda x: so.least_squares(residual(x), [1.0, 1.0], xtol=1e-15, ftol=1e-15, gtol=1e-15).jac.ravel(),
    "loss": lambda x: so.least_squares(
        residual(x), [1.0, 1.0], loss="soft_l1", f_scale=0.5, xtol=1e-15, ftol=1e-15, gtol=1e-15
    ).x,
    "a bound that moves": lambda x: so.least_squares(residual(x), [0.2, 1.0], bounds=([0, 0], [x[2], 5]), xtol=1e-14).x,
    "covariance": lambda x: so.curve_fit(model, TIMES, observed(x), p0=[1.0, 1.0], ftol=1e-15, xtol=1e-15)[1].ravel(),
    "curve_fit with bounds": lambda x: so.curve_fit(
        model, TIMES, observed(x), bounds=(0, [5, 0.5 + x[2]]), xtol=1e-15, ftol=1e-15, gtol=1e-15
    )[0],
    "weights of a matrix": lambda x: so.curve_fit(
        model, TIMES, observed(x), p0=[1.0, 1.0], sigma=np.eye(8) + 0.1 * x[3], ftol=1e-15, xtol=1e-15
    )[0],
    "lsq_linear": lambda x: so.lsq_linear(B + x[0] * np.eye(3), x[:3], bounds=(0, 0.25)).x,
    "its cost": lambda x: so.lsq_linear(B + x[0] * np.eye(3), x[:3], bounds=(0, 0.2 * x[1])).cost,
    "linprog": lambda x: so.linprog(-x[:2], A_ub=[[1, 2], [3, 1]], b_ub=3 * x[2:4]).x,
    "with traced rows": lambda x: so.linprog(-np.ones(2), A_ub=np.array([[1, 2], [3, 1]]) * x[:2], b_ub=[2.0, 3]).fun,
    "with equations": lambda x: so.linprog(
        [1.0, 2.0, 3.0], A_eq=[[1.0, 1.0, 1.0]], b_eq=x[3:4], bounds=[(0.1 * x[0], None), (0, 5), (x[1], None)]
    ).x,
    "slack": lambda x: so.linprog(-np.ones(2), A_ub=[[1.0, 0], [0, 1], [1, 1]], b_ub=np.stack([x[0], x[1], 9.0])).slack,
    "milp": lambda x: so.milp(
        [-1.0, -1.0, -0.5], integrality=[1, 0, 0], constraints=so.LinearConstraint([[1, 1, 0], [0, 0, 1]], -np.inf, x[3:5])
    ).x,
    "isotonic_regression": lambda x: so.isotonic_regression(x, weights=1 + x**2).x,
    "basinhopping": lambda x: so.basinhopping(objective(x), [0.0, 0.0], niter=2, rng=1).fun,
    "differential_evolution": lambda x: so.differential_evolution(objective(x), BOX, rng=1).fun,
    "dual_annealing": lambda x: so.dual_annealing(objective(x), BOX, rng=1, maxiter=20).fun,
    "shgo": lambda x: so.shgo(objective(x), BOX).fun,
    "fmin_slsqp": lambda x: so.fmin_slsqp(objective(x), [0.0, 0.0], eqcons=[lambda z: z[0] - x[3]], disp=0, acc=1e-15),
    "fmin_l_bfgs_b": lambda x: so.fmin_l_bfgs_b(objective(x), [0.0, 0.0], approx_grad=True, bounds=[(0, 0.3), (0, 9)])[1],
    "newton_krylov": lambda x: so.newton_krylov(lambda z: z**3 + z - x[:3], np.ones(3), f_tol=1e-13),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_derivative_along_a_direction(name):
    f = CASES[name]
    value, tangent = gw.jvp(f, (X,), (U,), method="exact", check=False)
    np.testing.assert_allclose(value, f(X), rtol=1e-9, atol=1e-9)

    def central(h):
        return (f(X + h * U) - f(X - h * U)) / (2 * h)

    # SciPy finds a minimum to 1e-8, which a shorter step would divide by itself
    expected = (4 * central(2.5e-3) - central(5e-3)) / 3
    np.testing.assert_allclose(tangent, expected, rtol=2e-4, atol=2e-5)


def test_the_nearest_point_of_a_plane():
    """min |z|² with a·z = b: z = a b/|a|²."""
    a = np.array([1.0, 2.0, -0.5])

    def f(a, b):
        plane = {"type": "eq", "fun": lambda z: a @ z - b}
        return so.minimize(lambda z: z @ z, np.ones(3), constraints=plane, method="SLSQP").x

    by_a, by_b = gw.jacobian(f, (0, 1), method="exact")(a, 2.0)
    n = a @ a
    np.testing.assert_allclose(by_b, a / n, rtol=1e-9)
    np.testing.assert_allclose(by_a, 2.0 * (np.eye(3) / n - 2 * np.outer(a, a) / n**2), rtol=1e-9, atol=1e-12)
    second = gw.hessian(lambda b: f(a, b) @ f(a, b), method="exact")(2.0)
    assert second == pytest.approx(2 / n, rel=1e-8)


def test_the_value_of_a_linear_program_moves_by_the_envelope_theorem():
    c, b = np.array([-1.0, -1.5]), np.array([3.0, 4.0])
    rows = np.array([[1.0, 2.0], [3.0, 1.0]])
    by_c, by_rows, by_b = gw.grad(lambda c, A, b: so.linprog(c, A_ub=A, b_ub=b).fun, "all", method="exact")(c, rows, b)
    found = so.linprog(c, A_ub=rows, b_ub=b)
    np.testing.assert_allclose(by_c, found.x, rtol=1e-10)
    np.testing.assert_allclose(by_b, found.ineqlin.marginals, rtol=1e-10)
    np.testing.assert_allclose(by_rows, -np.outer(found.ineqlin.marginals, found.x), rtol=1e-10)


@pytest.mark.parametrize(
    ("f", "why"),
    [
        (lambda t: so.linprog([-1.0, -1.0], A_ub=[[1.0, 1.0]], b_ub=[t]).x[0], "other solutions"),
        (lambda t: so.linprog([-1.0], A_ub=[[1.0], [2.0]], b_ub=[t, 2 * t]).x[0], "more constraints"),
        (
            lambda t: so.milp([-1.0], integrality=1, constraints=so.LinearConstraint([[1.0]], -np.inf, t)).fun,
            "integers",
        ),
        (
            lambda t: so.minimize(lambda z: (z[0] - t) ** 2, [0.0], bounds=[(None, 2.0)], method="SLSQP").x[0],
            "multiplier is zero",
        ),
        (lambda t: so.lsq_linear(np.eye(2), np.stack([t, 1.0]), bounds=(0, 2.0)).x[0], "without being needed"),
        (lambda t: so.brute(lambda z: (z[0] - t) ** 2, [(0, 5)], Ns=4, finish=None), "no minimum"),
    ],
)
def test_solutions_that_jump_have_no_derivative(f, why):
    with pytest.raises(gw.TracingError, match=why):
        gw.grad(f, method="exact")(2.0)


def test_other_results_have_none():
    def f(t):
        found = so.minimize(lambda z: (z[0] - t) ** 2, [0.0])
        return found.x[0] + 0.0 * found.fun, found.hess_inv[0, 0]

    assert gw.grad(lambda t: f(t)[0], method="exact")(1.5) == pytest.approx(1.0, abs=1e-9)
    for operator in (gw.grad, gw.jacfwd):
        with pytest.raises(gw.TracingError, match="hess_inv"):
            operator(lambda t: f(t)[0] * f(t)[1], method="exact")(1.5)
