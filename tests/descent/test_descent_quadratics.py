"""On quadratics everything is known: factors, limits of stability, L and μ."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.descent.methods import METHODS

BETAS = [
    ("gd", {}),
    ("momentum", {"beta": 0.9}),
    ("momentum", {"beta": 0.5}),
    ("nesterov", {"beta": 0.9}),
    ("nesterov", {"beta": 0.5}),
]


def quadratic(n, condition, seed=0):
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    eigenvalues = np.geomspace(1, condition, n)
    A, b = Q * eigenvalues @ Q.T, rng.standard_normal(n)
    return (lambda x: 0.5 * x @ (A @ x) - b @ x), eigenvalues, np.linalg.solve(A, b)


def true_factor(name, options, rate, eigenvalues):
    """The spectral radius of the iteration matrix, from its companion form."""
    radius = 0.0
    for value in eigenvalues:
        beta = options.get("beta", 0.0)
        q = 1 - rate * value
        if name == "nesterov":
            M = np.array([[(1 + beta) * q, -beta * q], [1, 0]])
        else:
            M = np.array([[1 + beta - rate * value, -beta], [1, 0]])
        radius = max(radius, np.max(np.abs(np.linalg.eigvals(M))))
    return radius


def limit(name, beta, top):
    return {"gd": 2 / top, "momentum": 2 * (1 + beta) / top, "nesterov": 2 * (1 + beta) / ((1 + 2 * beta) * top)}[name]


@pytest.mark.parametrize(("name", "options"), BETAS)
@pytest.mark.parametrize(("n", "condition"), [(2, 10), (10, 100), pytest.param(30, 300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_the_observed_factor_is_the_spectral_radius(name, options, n, condition, share):
    f, eigenvalues, _ = quadratic(n, condition)
    rate = share * limit(name, options.get("beta", 0.0), eigenvalues[-1])
    start = np.random.default_rng(3).standard_normal(n)
    report = gw.descend(f, start, name, rate, tol=1e-12, maxiter=6000, **options)
    truth = true_factor(name, options, rate, eigenvalues)
    assert report.rate.kind == "linear"
    assert report.rate.factor == pytest.approx(truth, abs=5e-4)
    assert report.rate.theory == pytest.approx(truth, abs=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("name", "options"), BETAS)
def test_divergence_begins_at_the_limit_and_is_told_with_a_rate_that_works(name, options, seed):
    f, eigenvalues, x_star = quadratic(10, 100, seed)
    start = np.random.default_rng(10 + seed).standard_normal(10)
    top = limit(name, options.get("beta", 0.0), eigenvalues[-1])
    below = gw.descend(f, start, name, 0.999 * top, tol=1e-6, maxiter=30000, **options)
    assert below.success
    np.testing.assert_allclose(below.x, x_star, atol=1e-3)
    above = gw.descend(f, start, name, 1.001 * top, maxiter=1000, **options)
    assert above.stop_reason == "diverged"
    assert above.nit < 20
    better = above.cause.learning_rate
    assert better < top
    assert f"{better:.4g}" in above.message
    assert gw.descend(f, start, name, better, maxiter=30000, **options).success


def test_formulas_of_the_limits_are_those_of_the_companion_matrix():
    for name, options in BETAS:
        edge = METHODS[name](**options).stability
        assert true_factor(name, options, 0.9999 * edge, [1.0]) < 1 < true_factor(name, options, 1.0001 * edge, [1.0])
        assert METHODS[name](**options).factor(0.7, 1.3) == pytest.approx(
            true_factor(name, options, 0.7, [1.3]), rel=1e-12
        )


def test_constants_of_least_squares():
    """f = ‖Aw − y‖²/2m has L and μ the extreme eigenvalues of AᵀA/m."""
    rng = np.random.default_rng(5)
    A, y = rng.standard_normal((40, 6)) * np.array([1, 2, 3, 1, 0.5, 1]), rng.standard_normal(40)
    singular = np.linalg.svd(A, compute_uv=False) ** 2 / 40
    L, mu = singular[0], singular[-1]
    report = gw.descend(
        lambda w: np.sum((A @ w - y) ** 2) / 80, np.zeros(6), learning_rate=1 / L, tol=1e-10, maxiter=20000
    )
    assert report.curvature.lambda_max == pytest.approx(L, rel=1e-12)
    assert report.curvature.lambda_min == pytest.approx(mu, rel=1e-10)
    low, high = report.curvature.lambda_max_bounds
    assert low <= L <= high
    assert report.path.L <= L * (1 + 1e-6)
    assert report.path.mu >= mu * (1 - 1e-6)
    assert report.path.mu == pytest.approx(mu, rel=1e-3)  # the slowest mode is what the end of the path shows
    rates = report.learning_rates
    assert rates.stable == pytest.approx(2 / L, rel=1e-10)
    assert rates.one_over_L == pytest.approx(1 / L, rel=1e-10)
    assert rates.two_over_sum == pytest.approx(2 / (L + mu), rel=1e-10)
    assert rates.regime == "monotone"
    assert report.rate.factor == pytest.approx(1 - mu / L, abs=5e-4)
    assert report.end_point.kind == "minimum"


def test_bound_of_logistic_regression():
    """The Hessian of the mean logistic loss is at most XᵀX/4m everywhere."""
    rng = np.random.default_rng(6)
    X = rng.standard_normal((60, 4))
    labels = (X @ np.array([1.0, -2, 0.5, 0]) + rng.standard_normal(60) > 0) * 2.0 - 1
    bound = np.linalg.eigvalsh(X.T @ X)[-1] / (4 * 60)

    def loss(w):
        return np.mean(np.log1p(np.exp(-labels * (X @ w))))

    report = gw.descend(loss, np.zeros(4), learning_rate=1 / bound, tol=1e-9, maxiter=20000)
    assert report.success
    assert report.path.L <= bound * (1 + 1e-9)
    assert report.curvature.lambda_max <= bound
    p = 1 / (1 + np.exp(-(X @ report.x)))
    H = (X.T * (p * (1 - p))) @ X / 60
    np.testing.assert_allclose(report.curvature.eigenvalues, np.linalg.eigvalsh(H), rtol=1e-10)
    assert report.assumptions[0].held  # convexity
    # the descent lemma with L = the bound, whose rate 1/bound was taken
    trace = report.trace
    gained = trace.fun[:-1] - trace.fun[1:]
    assert np.all(gained >= trace.gradient_length[:-1] ** 2 / (2 * bound) - 1e-14)


def test_lanczos_bounds_hold_for_many_parameters():
    n = 800
    diagonal = np.linspace(0.5, 40, n)
    report = gw.descend(lambda x: 0.5 * np.sum(diagonal * x**2), np.ones(n), learning_rate=0.045, maxiter=50, tol=0)
    found = report.curvature
    assert found.method.startswith("lanczos")
    assert found.lambda_max <= 40 * (1 + 1e-12)
    assert found.lambda_max == pytest.approx(40, rel=1e-3)
    assert found.lambda_max_bounds[1] >= 40
    assert found.lambda_min_bounds[0] <= 0.5
    assert 0.99 < found.probability < 1
    assert report.learning_rates.stable <= 2 / 40
    assert report.learning_rates.regime == "oscillating"


@pytest.mark.parametrize(("share", "regime"), [(0.02, "crawling"), (0.4, "monotone"), (0.8, "oscillating")])
def test_regimes(share, regime):
    report = gw.descend(lambda x: x[0] ** 2 + 5 * x[1] ** 2, np.ones(2), learning_rate=share * 0.2, maxiter=40, tol=0)
    assert report.learning_rates.regime == regime


def test_edge_of_stability_while_f_falls():
    """Above 2/λmax at the end point, while f still falls: the curvature f'' = 12x² of x⁴ is passed at a rate just above its limit."""
    report = gw.descend(lambda x: x**4 / 4 + 0.5 * x**2, 2.0, learning_rate=0.17, maxiter=2, tol=0)
    assert report.trace.fun[-1] < report.trace.fun[-2] or report.learning_rates.regime != "edge of stability"
    assert report.learning_rates.product == pytest.approx(0.17 * (3 * report.x**2 + 1), rel=1e-9)


def test_a_quartic_converges_sublinearly():
    """x' = −4x³ gives x ~ (8ηk)^(−1/2) and f ~ k^(−2)."""
    report = gw.descend(lambda x: x[0] ** 4 + x[1] ** 4, np.array([1.0, 0.7]), learning_rate=0.05, maxiter=4000, tol=0)
    assert report.rate.kind == "sublinear"
    assert report.rate.exponent == pytest.approx(-2, abs=0.05)
    assert report.rate.confidence > 0.9


def test_newton_converges_quadratically():
    report = gw.descend(lambda x: np.sum(np.exp(x) - 2 * x), np.array([3.0, 2.0]), "newton", tol=1e-14)
    assert report.rate.kind == "superlinear"
    assert report.rate.exponent == pytest.approx(2, abs=0.3)


def test_a_flat_minimum_is_not_called_linear_at_a_wrong_rate():
    """A least-squares problem without a unique solution converges at the smallest eigenvalue that is not zero."""
    A = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
    report = gw.descend(
        lambda w: 0.5 * np.sum((A @ w - 1) ** 2), np.zeros(3), learning_rate=0.1, tol=1e-12, maxiter=2000
    )
    assert report.rate.factor == pytest.approx(0.8, abs=1e-3)  # eigenvalues 0, 2, 4
    assert report.rate.theory == pytest.approx(0.8, abs=1e-9)
    assert report.end_point.kind == "degenerate"


@pytest.mark.parametrize(("method", "limit"), [("gd", 2.0), ("momentum", 2 * 1.9), ("nesterov", 2 * 1.9 / 2.8)])
@pytest.mark.parametrize("share", [1e-3, 1e-5])
def test_divergence_is_told_though_the_path_hardly_moves_along_the_steepest_direction(method, limit, share):
    # the steps show λ = 1/200 for hundreds of steps: only their span holds λmax = 1
    curvatures = np.array([1 / 200, 1 / 50, 0.3, 1.0])
    start = np.array([5.0, 1.0, 0.5, share])
    options = {} if method == "gd" else {"beta": 0.9}
    f = lambda x: 3.0 + 0.5 * np.sum(curvatures * x**2)
    report = gw.descend(f, start, method, 1.01 * limit, maxiter=100, **options)
    assert report.stop_reason.value == "diverged"
    assert report.nit < 20
    assert gw.descend(f, start, method, report.cause.learning_rate, maxiter=20000, **options).success
    stable = gw.descend(f, start, method, 0.99 * limit, maxiter=100, **options)
    assert stable.stop_reason.value in {"max_iterations", "gradient_tolerance"}
