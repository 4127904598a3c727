"""Each method against its formula, written out in NumPy; line searches against the conditions that they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradwise as gw
from gradwise.descent import Fisher
from gradwise.descent.methods.newton import modified_newton_direction
from gradwise.descent.methods.trust_region import sizes, trust_region_step
from gradwise.errors import InputError

A = np.diag([1.0, 4.0, 9.0]) + 0.5
B = np.array([1.0, -2.0, 3.0])
X0 = np.array([2.0, -1.0, 0.5])


def f(x):
    return 0.5 * x @ (A @ x) - B @ x + 0.1 * np.sum(x**4)


def g(x):
    return A @ x - B + 0.4 * x**3


def momentum(eta, beta=0.9):
    x, v = X0.copy(), 0.0
    while True:
        yield x
        v = beta * v + g(x)
        x = x - eta * v


def nesterov(eta, beta=0.9):
    """As Nesterov wrote it, with the two sequences; the points at which the gradient is taken."""
    x = y = X0.copy()
    while True:
        yield y
        x_new = y - eta * g(y)
        y = x_new + beta * (x_new - x)
        x = x_new


def nesterov_increasing(eta):
    x = y = X0.copy()
    k = 1
    while True:
        yield y
        x_new = y - eta * g(y)
        k += 1
        y = x_new + (k - 1) / (k + 2) * (x_new - x)
        x = x_new


def adagrad(eta, eps=1e-10):
    x, s = X0.copy(), 0.0
    while True:
        yield x
        s = s + g(x) ** 2
        x = x - eta * g(x) / (np.sqrt(s) + eps)


def rmsprop(eta, rho=0.9, eps=1e-8):
    x, s = X0.copy(), 0.0
    while True:
        yield x
        s = rho * s + (1 - rho) * g(x) ** 2
        x = x - eta * g(x) / (np.sqrt(s) + eps)


def adam(eta, b1=0.9, b2=0.999, eps=1e-8):
    x, m, s, k = X0.copy(), 0.0, 0.0, 0
    while True:
        yield x
        k += 1
        m = b1 * m + (1 - b1) * g(x)
        s = b2 * s + (1 - b2) * g(x) ** 2
        x = x - eta * (m / (1 - b1**k)) / (np.sqrt(s / (1 - b2**k)) + eps)


@pytest.mark.parametrize(
    ("method", "options", "reference", "eta"),
    [
        ("gd", {}, lambda eta: momentum(eta, 0.0), 0.05),
        ("momentum", {}, momentum, 0.02),
        ("momentum", {"beta": 0.5}, lambda eta: momentum(eta, 0.5), 0.02),
        ("nesterov", {}, nesterov, 0.02),
        ("nesterov", {"beta": "increasing"}, nesterov_increasing, 0.02),
        ("adagrad", {}, adagrad, 0.3),
        ("rmsprop", {}, rmsprop, 0.05),
        ("rmsprop", {"rho": 0.5, "eps": 1e-3}, lambda eta: rmsprop(eta, 0.5, 1e-3), 0.05),
        ("adam", {}, adam, 0.1),
        ("adam", {"beta1": 0.5, "beta2": 0.9, "eps": 1e-4}, lambda eta: adam(eta, 0.5, 0.9, 1e-4), 0.1),
    ],
)
def test_paths_follow_the_formulas(method, options, reference, eta):
    report = gw.descend(f, X0, method, eta, maxiter=40, tol=0, **options)
    for row, point in zip(report.trace.x, reference(eta), strict=False):
        np.testing.assert_allclose(row, point, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(report.trace.fun, [f(x) for x in report.trace.x], rtol=1e-12)


@pytest.mark.extras("torch")
@pytest.mark.parametrize(
    ("method", "name", "options"),
    [("momentum", "SGD", {"momentum": 0.9}), ("nesterov", "SGD", {"momentum": 0.9, "nesterov": True}), ("adam", "Adam", {}), ("adagrad", "Adagrad", {"eps": 1e-10}),
     ("rmsprop", "RMSprop", {"alpha": 0.9})],
)  # fmt: skip
def test_paths_are_those_of_torch(method, name, options):
    import torch

    x = torch.tensor(X0, requires_grad=True)
    optimizer = getattr(torch.optim, name)([x], lr=0.02, **options)
    tA, tB = torch.tensor(A), torch.tensor(B)
    points = []
    for _ in range(20):
        points.append(x.detach().numpy().copy())
        optimizer.zero_grad()
        (0.5 * x @ (tA @ x) - tB @ x + 0.1 * torch.sum(x**4)).backward()
        optimizer.step()
    report = gw.descend(f, X0, method, 0.02, maxiter=19, tol=0)
    np.testing.assert_allclose(report.trace.x, points, rtol=1e-9)


@pytest.mark.parametrize("rate", ["auto", "armijo", "wolfe", "adaptive"])
def test_searches_reach_the_minimum_without_a_number(rate):
    report = gw.descend(f, X0, learning_rate=rate, tol=1e-9, maxiter=2000)
    assert report.success
    assert np.max(np.abs(g(report.x))) < 1e-7
    scaled = gw.descend(lambda x: 1e4 * f(x / 100), 100 * X0, learning_rate=rate, tol=1e-9, maxiter=2000)
    np.testing.assert_allclose(scaled.x / 100, report.x, atol=1e-6)


def test_auto_keeps_to_the_descent_lemma_and_is_within_one_over_L():
    top = np.linalg.eigvalsh(A)[-1]
    report = gw.descend(lambda x: 0.5 * x @ (A @ x), X0, tol=1e-8)
    rates = report.trace.learning_rate[:-1]
    assert np.all(rates[2:] <= 1.3 / np.linalg.eigvalsh(A)[0])
    gained = report.trace.fun[:-1] - report.trace.fun[1:]
    assert np.all(gained >= 0.5 * rates * report.trace.gradient_length[:-1] ** 2 - 1e-12)
    assert rates[0] >= 1 / (1.01 * top)


def test_certificates_of_line_searches():
    armijo = gw.descend(f, X0, learning_rate="armijo", tol=1e-6)
    assert np.all(armijo.certificates()["armijo"])
    wolfe = gw.descend(f, X0, learning_rate="wolfe", tol=1e-6)
    found = wolfe.certificates(c1=1e-4, c2=0.1)
    assert np.all(found["wolfe"])
    # by hand, from the path
    x, new = wolfe.trace.x[0], wolfe.trace.x[1]
    assert f(new) <= f(x) + 1e-4 * g(x) @ (new - x)
    assert abs(g(new) @ (new - x)) <= 0.1 * abs(g(x) @ (new - x))


def test_adaptive_steps_follow_malitsky_and_mishchenko():
    report = gw.descend(f, X0, learning_rate="adaptive", maxiter=30, tol=0)
    rates, x = report.trace.learning_rate[:-1], report.trace.x
    theta = math.inf
    for k in range(1, len(rates)):
        local = np.linalg.norm(x[k] - x[k - 1]) / (2 * np.linalg.norm(g(x[k]) - g(x[k - 1])))
        expected = min(math.sqrt(1 + theta) * rates[k - 1], local)
        assert rates[k] == pytest.approx(expected, rel=1e-6)
        theta = rates[k] / rates[k - 1]


def test_newton_solves_a_quadratic_in_one_step_and_leaves_saddles():
    report = gw.descend(lambda x: 0.5 * x @ (A @ x) - B @ x, X0, "newton")
    assert report.nit == 1
    np.testing.assert_allclose(report.x, np.linalg.solve(A, B))
    for strategy in ("cholesky", "trust_region"):
        away = gw.descend(
            lambda x: (x[0] ** 2 - 1) ** 2 + x[1] ** 2, np.array([1e-3, 0.5]), "newton", strategy=strategy
        )
        assert away.end_point.kind == "minimum"
        assert abs(away.x[0]) == pytest.approx(1)


@pytest.mark.parametrize("seed", range(6))
def test_trust_region_steps_are_the_minimum_in_the_ball(seed):
    """Against the condition of Moré and Sorensen: (H + τI)p = −g, H + τI ⪰ 0, τ (radius − ‖p‖) = 0."""
    rng = np.random.default_rng(seed)
    H = rng.standard_normal((5, 5))
    H = H + H.T + (4 * np.eye(5) if seed % 2 else 0)
    grad = rng.standard_normal(5)
    if seed == 4:  # the hard case
        values, V = np.linalg.eigh(H)
        grad = grad - V[:, 0] * (V[:, 0] @ grad)
    for radius in (0.1, 1.0, 100.0):
        p = trust_region_step(H, grad, radius)
        assert np.linalg.norm(p) <= radius * (1 + 1e-8)
        tau = -(p @ (H @ p + grad)) / (p @ p)
        np.testing.assert_allclose((H + tau * np.eye(5)) @ p, -grad, atol=1e-6 * max(1, radius))
        assert np.linalg.eigvalsh(H + tau * np.eye(5))[0] >= -1e-6
        assert tau >= -1e-9
        assert tau < 1e-8 or np.linalg.norm(p) == pytest.approx(radius, rel=1e-6)


def test_the_region_is_measured_by_the_size_of_the_curvature():
    H = np.array([[0.0, 3.0], [3.0, 0.0]])  # eigenvalues ±3: |H| = 3 I, the diagonal of H is 0
    np.testing.assert_allclose(sizes(H), np.sqrt([3, 3]))
    P = np.array([[4.0, 1.0], [1.0, 9.0]])
    np.testing.assert_allclose(sizes(P), [2, 3])  # positive definite: |H| = H
    assert np.all(sizes(np.zeros((2, 2))) > 0)


def test_units_of_x_do_not_matter_to_newton_where_f_is_convex():
    f = lambda x: np.sum(np.exp(x) - 3 * x) + 0.5 * (x[0] - x[1]) ** 4
    units = np.array([1e5, 1e-3, 1.0])
    start = np.array([2.0, -1.0, 0.5])
    plain = gw.descend(f, start, "newton", tol=0, maxiter=6)
    scaled = gw.descend(lambda z: f(z * units), start / units, "newton", tol=0, maxiter=6)
    np.testing.assert_allclose(scaled.trace.fun, plain.trace.fun, rtol=1e-9)


def test_a_first_radius_and_a_learning_rate_are_taken_or_refused():
    f = lambda x: (x[0] ** 2 - 1) ** 2 + x[1] ** 2
    report = gw.descend(f, np.array([3.0, 5.0]), "newton", radius=0.25, maxiter=1, tol=0)
    assert report.trace.step[0] <= 0.25 * (1 + 1e-9)
    damped = gw.descend(lambda x: x @ x, np.array([1.0, 2.0]), "newton", 0.5, maxiter=3, tol=0)
    np.testing.assert_allclose(damped.trace.x[3], np.array([1.0, 2.0]) / 8)
    assert damped.options["strategy"] == "cholesky"
    with pytest.raises(InputError, match="steps have no rate"):
        gw.descend(f, np.zeros(2), "newton", 0.5, strategy="trust_region")
    with pytest.raises(InputError, match="which has none"):
        gw.descend(f, np.zeros(2), "newton", strategy="cholesky", radius=1.0)


@pytest.mark.parametrize("seed", range(5))
def test_modified_newton_directions_descend_and_are_newtons_where_they_may(seed):
    rng = np.random.default_rng(seed)
    H = rng.standard_normal((6, 6))
    H, grad = H + H.T, rng.standard_normal(6)
    assert grad @ modified_newton_direction(H, grad) < 0
    P = H @ H + np.eye(6)
    np.testing.assert_allclose(modified_newton_direction(P, grad), np.linalg.solve(P, -grad), rtol=1e-8)
    units = 10.0 ** rng.uniform(-6, 6, 6)
    np.testing.assert_allclose(
        modified_newton_direction(P * np.outer(units, units), grad * units) * units,
        np.linalg.solve(P, -grad),
        rtol=1e-6,
    )


# ---------------------------------------------------------------------------------------------------- natural gradient


def data():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.standard_normal((80, 2)) * [1, 20], np.ones(80)])
    return X, X @ np.array([1.0, 0.05, -0.5])


def test_fisher_matrices_against_their_closed_forms():
    X, eta = data()
    w = np.array([0.3, 0.01, 0.2])
    y = X @ w
    p, mu = 1 / (1 + np.exp(-y)), np.exp(y)
    truths = {"gaussian": (X.T @ X) / 4, "bernoulli": (X.T * (p * (1 - p))) @ X, "poisson": (X.T * mu) @ X}
    for name, truth in truths.items():
        F = Fisher(lambda v: X @ v, name, scale=2.0 if name == "gaussian" else 1.0, mean=False)
        np.testing.assert_allclose(F.matrix(w), truth, rtol=1e-10)
        v = np.array([1.0, -2.0, 0.5])
        np.testing.assert_allclose(F.product(w, v), truth @ v, rtol=1e-10)
        np.testing.assert_allclose(
            Fisher(lambda v: X @ v, name, scale=2.0 if name == "gaussian" else 1.0).matrix(w), truth / 80, rtol=1e-10
        )


def test_fisher_of_the_softmax_is_the_expected_outer_product_of_scores():
    rng = np.random.default_rng(1)
    X, W = rng.standard_normal((7, 2)), rng.standard_normal((2, 3))
    model = lambda V: X @ V
    F = Fisher(model, "categorical", mean=False)
    logits = X @ W
    P = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = np.zeros((6, 6))
    for x, p in zip(X, P, strict=True):
        for label in range(3):
            score = np.outer(x, np.eye(3)[label] - p).ravel()
            expected += p[label] * np.outer(score, score)
    np.testing.assert_allclose(F.matrix(W), expected, rtol=1e-10, atol=1e-14)
    v = rng.standard_normal(6)
    np.testing.assert_allclose(F.product(W, v), expected @ v, rtol=1e-10)


@pytest.mark.parametrize("solver", ["dense", "cg"])
def test_natural_gradients_solve_linear_models_in_one_step(solver):
    X, y = data()
    loss = lambda w: 0.5 * np.mean((X @ w - y) ** 2)
    for metric in (Fisher(lambda w: X @ w, "gaussian"), lambda w: X.T @ X / 80, lambda w, v: X.T @ (X @ v) / 80):
        if solver == "dense" and getattr(metric, "__code__", None) is not None and metric.__code__.co_argcount == 2:
            continue
        report = gw.descend(loss, np.zeros(3), "natural", metric=metric, solver=solver, tol=1e-9)
        assert report.nit <= 3
        np.testing.assert_allclose(report.x, [1, 0.05, -0.5], atol=1e-6)
    if solver == "cg":
        assert report.details["cg_residual"] < 1e-6


def test_natural_gradients_bear_any_units():
    """Multiplying a parameter by 1000 does not change the path of the model: invariance under reparametrisation."""
    X, y = data()
    labels = (y > 0) * 2.0 - 1
    loss = lambda w: np.mean(np.log1p(np.exp(-labels * (X @ w)))) + 0.01 * np.sum((X @ w) ** 2) / 80
    S = np.diag([1.0, 1000.0, 1.0])
    one = gw.descend(
        loss, np.zeros(3), "natural", metric=Fisher(lambda w: X @ w, "bernoulli"), maxiter=4, tol=0, damping=0
    )
    other = gw.descend(
        lambda v: loss(S @ v),
        np.zeros(3),
        "natural",
        metric=Fisher(lambda v: X @ (S @ v), "bernoulli"),
        maxiter=4,
        tol=0,
        damping=0,
    )
    np.testing.assert_allclose(other.trace.fun, one.trace.fun, rtol=1e-8)
    np.testing.assert_allclose(S @ other.x, one.x, rtol=1e-6)


def test_metrics_of_a_wrong_shape_are_refused():
    with pytest.raises(InputError, match="shape"):
        gw.descend(f, X0, "natural", metric=lambda x: np.eye(2))
    with pytest.raises(InputError, match="likelihood='normal'"):
        Fisher(lambda w: w, "normal")
    report = gw.descend(f, X0, "natural", metric=lambda x: -np.eye(3))
    assert report.stop_reason == "line_search_failed"


def test_the_limit_of_adam_is_that_of_the_preconditioned_hessian():
    H = np.diag([1.0, 10.0])
    report = gw.descend(lambda x: 0.5 * x @ (H @ x), np.array([1.0, 1.0]), "adam", 0.01, maxiter=25, tol=0)
    s = np.zeros(2)
    for x in report.trace.x[:-1]:
        s = 0.999 * s + 0.001 * (H @ x) ** 2
    P = np.sqrt(s / (1 - 0.999**25)) + 1e-8
    top = np.max(np.diag(H) / P)
    assert report.learning_rates.stable == pytest.approx(38 / top, rel=1e-6)
