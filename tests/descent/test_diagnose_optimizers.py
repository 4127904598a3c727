"""Runs of PyTorch's and optax's optimisers, diagnosed; and the limits of adaptive methods against their own definition."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

LAM = np.array([1.0, 10.0, 40.0])
START = (3.0, -2.0, 1.5)


def bowl(x):
    return 0.5 * np.sum(LAM * (x - 1) ** 2)


def preconditioner(gradients, beta2, eps, *, corrected):
    """√s + ε of a running mean of squares from 0, written out."""
    s = np.zeros(len(gradients[0]))
    for g in gradients:
        s = beta2 * s + (1 - beta2) * np.asarray(g) ** 2
    return np.sqrt(s / (1 - beta2 ** len(gradients)) if corrected else s) + eps


def largest(P):
    return np.max(np.linalg.eigvals(np.diag(LAM / P)).real)


# ------------------------------------------------------------------------------------------------ the limits themselves


@pytest.mark.parametrize("beta1", [0.0, 0.5, 0.9])
def test_the_limit_with_a_preconditioner_held_fixed_is_that_of_an_averaged_heavy_ball(beta1):
    """m₊ = β₁m + (1 − β₁)g, x₊ = x − η m₊/P on λx²/2: the spectral radius crosses 1 at η = 2(1 + β₁)/((1 − β₁) λ/P)."""
    lam, P = 7.0, 0.3
    limit = gw.descent.methods.make_method("adam", "auto", {"beta1": beta1}).stability / (lam / P)
    for share, stable in ((0.999, True), (1.001, False)):
        eta = share * limit
        step = np.array([[beta1, (1 - beta1) * lam], [-eta * beta1 / P, 1 - eta * (1 - beta1) * lam / P]])
        assert (np.max(np.abs(np.linalg.eigvals(step))) < 1) is np.bool_(stable)
    assert gw.descent.methods.make_method("adam", "auto", {}).stability == pytest.approx(38)


@pytest.mark.parametrize(("method", "rate", "steps"), [("adam", 0.1, 60), ("rmsprop", 0.02, 60)])
def test_descend_names_the_limit_at_its_end(method, rate, steps):
    report = gw.descend(bowl, np.array(START), method, rate, maxiter=steps, tol=0)
    gradients = LAM * (report.trace.x[:-1] - 1)
    P = preconditioner(gradients, *((0.999, 1e-8) if method == "adam" else (0.9, 1e-8)), corrected=method == "adam")
    factor = 38 if method == "adam" else 2
    assert report.learning_rates.stable_estimate == pytest.approx(factor / largest(P), rel=1e-8)
    assert "held fixed (Cohen et al., 2022)" in report.learning_rates.formula
    again = gw.diagnose_run(list(report.trace.x), bowl, method=method, learning_rate=rate)
    assert again.learning_rates.stable_estimate == pytest.approx(report.learning_rates.stable_estimate, rel=1e-10)
    assert again.learning_rates.regime == report.learning_rates.regime
    assert not again.notes


def test_without_what_the_limit_needs_there_is_none_and_the_report_says_why():
    report = gw.descend(bowl, np.array(START), "adam", 0.1, maxiter=40, tol=0)
    points = list(report.trace.x)
    for options, words in (
        ({}, "learning rate is not known"),
        ({"learning_rate": 0.1, "beta1": 0.5}, "step 1 of the trace is not that of adam(beta1=0.5"),
        ({"learning_rate": 0.2}, "step 0"),
    ):
        found = gw.diagnose_run(points, bowl, method="adam", **options)
        assert found.learning_rates is None
        assert any(words in note for note in found.notes), found.notes
    later = gw.diagnose_run(points[10:], bowl, method="adam", learning_rate=0.1)  # what was gathered before is lost
    assert later.learning_rates is None
    assert gw.diagnose_run(points[:1], bowl, method="adam", learning_rate=0.1).learning_rates is None


def test_steps_of_another_method_are_told():
    points = [np.array(START)]
    for _ in range(30):
        points.append(
            points[-1] - 0.02 * (LAM * (points[-1] - 1) + points[-1])
        )  # a decay of the weights that f has not
    report = gw.diagnose_run(points, bowl, method="gd", learning_rate=0.02)
    assert any("other steps than those of gd: step 0" in note for note in report.notes)


# ---------------------------------------------------------------------------------------------------- PyTorch and optax


def torch_run(make, steps=120, dtype="float64"):
    import torch

    kind = getattr(torch, dtype)
    x = torch.tensor(START, dtype=kind, requires_grad=True)
    lam, optimizer = torch.tensor(LAM, dtype=kind), make(torch.optim, [x])
    rows = {"x": [], "loss": [], "grad": []}
    for _ in range(steps):
        optimizer.zero_grad()
        loss = 0.5 * (lam * (x - 1) ** 2).sum()
        loss.backward()
        rows["x"].append(x.detach().clone())
        rows["loss"].append(loss.detach())
        rows["grad"].append(x.grad.clone())
        optimizer.step()
    return rows


@pytest.mark.extras("torch")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_torch_adam_has_its_limit(dtype):
    rows = torch_run(lambda optim, x: optim.Adam(x, lr=0.1), dtype=dtype)
    report = gw.diagnose_run(rows, bowl, method="adam", learning_rate=0.1)
    P = preconditioner([np.asarray(g, dtype=float) for g in rows["grad"][:-1]], 0.999, 1e-8, corrected=True)
    assert report.learning_rates.stable_estimate == pytest.approx(
        38 / largest(P), rel=1e-8 if dtype == "float64" else 1e-4
    )
    assert report.learning_rates.regime in {"crawling", "monotone"}
    assert not report.notes


@pytest.mark.extras("torch")
@pytest.mark.parametrize(
    ("name", "options", "method", "ours"),
    [
        ("RMSprop", {"lr": 0.05, "alpha": 0.99}, "rmsprop", {"rho": 0.99}),
        ("Adagrad", {"lr": 0.5}, "adagrad", {}),
        ("SGD", {"lr": 0.02, "momentum": 0.9, "nesterov": True}, "nesterov", {"beta": 0.9}),
        ("SGD", {"lr": 0.045}, "gd", {}),
        ("Adam", {"lr": 0.1, "betas": (0.8, 0.99)}, "adam", {"beta1": 0.8, "beta2": 0.99}),
    ],
)
def test_torch_optimisers_take_the_steps_of_our_methods(name, options, method, ours):
    rows = torch_run(lambda optim, x: getattr(optim, name)(x, **options))
    report = gw.diagnose_run(rows, bowl, method=method, learning_rate=options["lr"], **ours)
    assert report.learning_rates is not None
    assert not report.notes
    if method in {"gd", "nesterov"}:
        assert report.rate.factor == pytest.approx(report.rate.theory, abs=1e-6)


@pytest.mark.extras("torch")
def test_torch_divergence_and_decoupled_decay_are_told():
    rows = torch_run(lambda optim, x: optim.SGD(x, lr=0.06))  # 2/λmax = 0.05
    report = gw.diagnose_run(rows, bowl, method="gd", learning_rate=0.06)
    assert report.stop_reason == "diverged"
    assert report.rate.kind == "diverging"
    assert report.rate.factor == pytest.approx(1.4, abs=1e-9)
    assert report.cause.learning_rate < 0.05
    rows = torch_run(lambda optim, x: optim.AdamW(x, lr=0.1, weight_decay=0.1))
    report = gw.diagnose_run(rows, bowl, method="adam", learning_rate=0.1)
    assert report.learning_rates is None
    assert any("not that of adam" in note for note in report.notes)


def optax_run(make, steps=120):
    import jax
    import jax.numpy as jnp
    import optax

    with jax.enable_x64(True):
        f = lambda p: 0.5 * jnp.sum(jnp.array(LAM) * (p["w"] - 1) ** 2) + (p["b"] - 2) ** 2
        p = {"w": jnp.array(START), "b": jnp.array(0.0)}
        chain = make(optax)
        state, rows, both = chain.init(p), [], jax.jit(jax.value_and_grad(f))
        for _ in range(steps):
            value, grads = both(p)
            rows.append({"params": p, "loss": value, "grads": grads})
            updates, state = chain.update(grads, state, p)
            p = optax.apply_updates(p, updates)
    return rows


def nested_bowl(p):
    return 0.5 * np.sum(LAM * (p["w"] - 1) ** 2) + (p["b"] - 2) ** 2


@pytest.mark.extras("jax", "optax")
@pytest.mark.parametrize(
    ("make", "method", "rate", "ours"),
    [
        (lambda optax: optax.adam(0.1), "adam", 0.1, {}),
        (lambda optax: optax.sgd(0.02), "gd", 0.02, {}),
        (lambda optax: optax.sgd(0.02, momentum=0.9), "momentum", 0.02, {"beta": 0.9}),
        (lambda optax: optax.sgd(0.02, momentum=0.9, nesterov=True), "nesterov", 0.02, {"beta": 0.9}),
    ],
)
def test_optax_runs_on_containers(make, method, rate, ours):
    rows = optax_run(make)
    report = gw.diagnose_run(rows, nested_bowl, method=method, learning_rate=rate, **ours)
    assert set(report.x) == {"w", "b"}
    assert not report.notes
    assert report.curvature.lambda_max == pytest.approx(40)
    if method == "adam":
        flat = [np.concatenate([np.ravel(row["grads"]["b"]), np.ravel(row["grads"]["w"])]) for row in rows[:-1]]
        P = preconditioner(flat, 0.999, 1e-8, corrected=True)
        top = np.max(np.array([2.0, *LAM]) / P)
        assert report.learning_rates.stable_estimate == pytest.approx(38 / top, rel=1e-8)
    else:
        assert report.rate.factor == pytest.approx(report.rate.theory, abs=1e-5)


@pytest.mark.extras("jax", "optax")
def test_optax_schedules():
    import optax

    schedule = optax.exponential_decay(0.02, 50, 0.5)
    rows = optax_run(lambda optax: optax.sgd(schedule))
    rates = [float(schedule(k)) for k in range(len(rows))]
    report = gw.diagnose_run(rows, nested_bowl, method="gd", learning_rate=rates)
    np.testing.assert_allclose(report.trace.learning_rate[:-1], rates[:-1])
    assert not report.notes
    assert report.rate.theory_text == ""  # with a changing rate there is no single factor
