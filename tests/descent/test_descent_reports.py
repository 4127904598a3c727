"""The report: fields, text, dictionaries, tables, pickles, pictures; and the same for runs of other solvers."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
import scipy.optimize as so

import gradwise as gw
from gradwise.descent import Descent, Trace
from gradwise.errors import InputError


def bowl(x):
    return x[0] ** 2 + 10 * x[1] ** 2


def report_of_bowl(rate=0.04, **options):
    return gw.descend(bowl, np.array([1.0, 1.0]), learning_rate=rate, **options)


def test_the_fields_of_an_optimize_result():
    report = report_of_bowl()
    assert list(report) == ["x", "fun", "jac", "nit", "nfev", "njev", "success", "status", "message"]
    assert dict(report)["fun"] == report.fun == report["fun"]
    with pytest.raises(KeyError):
        report["trace"]
    assert isinstance(report, Descent)
    assert report.nfev == report.njev == report.nit + 1


def test_columns_of_the_trace():
    report = report_of_bowl(maxiter=10, tol=0)
    t = report.trace
    g = np.stack([2 * t.x[:, 0], 20 * t.x[:, 1]], axis=1)
    np.testing.assert_allclose(t.fun, [bowl(x) for x in t.x])
    np.testing.assert_allclose(t.gradient_norm, np.max(np.abs(g), axis=1))
    np.testing.assert_allclose(t.gradient_length, np.linalg.norm(g, axis=1))
    d = np.diff(t.x, axis=0)
    np.testing.assert_allclose(t.step[:-1], np.linalg.norm(d, axis=1))
    np.testing.assert_allclose(t.slope[:-1], np.sum(g[:-1] * d, axis=1))
    np.testing.assert_allclose(t.slope_after[:-1], np.sum(g[1:] * d, axis=1))
    cosine = np.sum(g[:-1] * g[1:], axis=1) / np.linalg.norm(g[:-1], axis=1) / np.linalg.norm(g[1:], axis=1)
    np.testing.assert_allclose(t.cosine[:-1], cosine)
    assert np.all(np.diff(t.time) >= 0)
    assert np.isnan(t.step[-1])
    assert len(t) == 11
    assert "11 points" in repr(t)


def test_long_vectors_have_the_same_columns():
    """The recorder treats long vectors differently: both ways give the same numbers."""
    n = 9000
    weights = np.linspace(1, 5, n)
    long = gw.descend(lambda x: np.sum(weights * x**2), np.ones(n), learning_rate=0.08, maxiter=90, tol=0)
    g = 2 * weights * long.trace.x
    d = np.diff(long.trace.x, axis=0)
    np.testing.assert_allclose(long.trace.gradient_norm, np.max(np.abs(g), axis=1))
    np.testing.assert_allclose(long.trace.gradient_length, np.linalg.norm(g, axis=1))
    np.testing.assert_allclose(long.trace.step[:-1], np.linalg.norm(d, axis=1))
    np.testing.assert_allclose(long.trace.slope_after[:-1], np.sum(g[1:] * d, axis=1), rtol=1e-9)
    cosine = np.sum(g[:-1] * g[1:], axis=1) / np.linalg.norm(g[:-1], axis=1) / np.linalg.norm(g[1:], axis=1)
    np.testing.assert_allclose(long.trace.cosine[:-1], cosine, rtol=1e-9)
    assert long.path.L <= 10 * (1 + 1e-9)


def test_constants_of_the_path_are_bounds():
    report = report_of_bowl(0.04, tol=1e-9)
    assert 2 * (1 - 1e-9) <= report.path.mu
    assert report.path.L <= 20 * (1 + 1e-9)
    assert "lower bound of L" in report.path.sentence()
    assert "upper bound of μ" in report.path.sentence()


def test_counterexamples_to_convexity():
    report = gw.descend(lambda x: np.cos(x), 0.1, learning_rate=0.5, maxiter=30)
    convexity = report.assumptions[0]
    assert convexity.held is False
    k = convexity.counterexample
    a, b = report.trace.x[k], report.trace.x[k + 1]
    assert (np.sin(a) - np.sin(b)) * (b - a) < 0 or np.cos(b) < np.cos(a) - np.sin(a) * (b - a)
    assert report.path.mu < 0


def test_saddles_are_told():
    report = gw.descend(lambda x: (x[0] ** 2 - 1) ** 2 + x[1] ** 2, np.array([0.0, 1.0]), learning_rate=0.1)
    assert report.success
    assert report.end_point.kind == "saddle"
    assert "saddle" in report.summary()


def test_text_has_each_part():
    text = report_of_bowl().summary()
    for word in (
        "gradient_tolerance",
        "end point: minimum",
        "λmax = 20",
        "largest stable 2/λmax",
        "linear, factor 0.92",
        "theory 1 − ημ = 0.92",
        "convexity",
    ):
        assert word in text, word
    assert repr(report_of_bowl()).splitlines()[0] == text.splitlines()[0]
    assert "<table>" in report_of_bowl()._repr_html_()


def test_dictionaries_are_json_and_hold_the_report():
    found = json.loads(json.dumps(report_of_bowl().to_dict()))
    assert found["stop_reason"] == "gradient_tolerance"
    assert found["curvature"]["lambda_max"] == pytest.approx(20)
    assert found["end_point"]["kind"] == "minimum"
    assert found["rate"]["kind"] == "linear"
    assert len(found["trace"]["fun"]) == len(found["trace"]["x"])
    failed = gw.descend(lambda x: np.log(x), 0.5, learning_rate=10.0).to_dict()
    assert json.loads(json.dumps(failed))["cause"]["name"]


@pytest.mark.extras("pandas")
def test_tables():
    table = report_of_bowl(maxiter=5, tol=0).trace.to_pandas()
    assert len(table) == 6
    assert {"fun", "gradient_norm", "learning_rate", "x[0]", "x[1]"} <= set(table.columns)


def test_pickles_keep_what_was_computed():
    report = report_of_bowl()
    top = report.curvature.lambda_max
    again = pickle.loads(pickle.dumps(report))
    assert again.curvature.lambda_max == top
    assert again.end_point is None
    assert "end_point" in again.unavailable
    np.testing.assert_array_equal(again.trace.x, report.trace.x)


def test_a_function_that_changed_since_is_not_looked_at():
    scale = np.array([1.0])
    report = gw.descend(lambda x: scale[0] * np.sum((x - 1) ** 2) + scale[0], np.zeros(2), learning_rate=0.2)
    scale[0] = 2.0
    assert report.curvature is None
    assert "changed" in report.unavailable["curvature"]
    assert "changed" in report.summary()


@pytest.mark.extras("matplotlib")
def test_pictures():
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    report = report_of_bowl()
    assert len(np.ravel(report.plot())) == 3
    _, ax = plt.subplots()
    assert report.plot(ax) is ax
    assert report.theory.gradient_norm[-1] == pytest.approx(report.trace.gradient_length[-1], rel=0.2)
    plt.close("all")


@pytest.mark.extras("matplotlib")
@pytest.mark.parametrize(
    ("f", "x0"),
    [
        (lambda x: np.sum(np.log(x)), np.array([-1.0, 2.0])),
        (lambda x: np.log(x), -1.0),
        (lambda x: np.sum(x) * np.nan, np.ones(3)),
    ],
)
def test_a_run_without_a_finite_value_draws_what_there_is_and_says_so(f, x0):
    import matplotlib as mpl

    mpl.use("agg")
    report = gw.descend(f, x0, learning_rate=0.3)
    assert report.stop_reason == "non_finite"
    path, convergence, steps = report.plot()
    text = [" ".join(t.get_text().split()) for ax in (path, convergence, steps) for t in ax.texts]
    assert "f is not finite" in text[0]
    assert "Not finite at any point of the path: f" in text[1]
    assert "no step" in text[2]
    assert path.lines or path.collections
    low, high = path.get_xlim()
    assert high - low > 0.01  # around one point as wide as it is large


def test_nothing_is_said_to_hold_of_numbers_that_are_not_finite():
    points, nan = [np.array([1.0, 2.0])] * 4, float("nan")
    report = gw.diagnose_run({"x": points, "fun": [nan] * 4, "jac": [np.full(2, nan)] * 4})
    assert all(check.held is None for check in report.assumptions)
    assert "held" not in repr(report)
    with pytest.raises(InputError, match="first point of the trace"):
        gw.diagnose_run([np.array([nan, 1.0])], bowl)


def test_a_foreign_run_that_left_the_domain_is_told_the_line():
    def f(x):
        a = x[1] ** 2
        return np.log(x[0]) + a

    points = [np.array([1 - 0.3 * k, 1.0]) for k in range(6)]
    report = gw.diagnose_run(points, f, method="gd", learning_rate=0.3)
    assert report.stop_reason == "non_finite"
    assert report.cause.lineno == f.__code__.co_firstlineno + 2


# ------------------------------------------------------------------------------------------------- runs of other solvers


def own_loop(steps=80, rate=0.09):
    x, rows = np.array([1.0, 1.0]), []
    for _ in range(steps):
        grad = np.array([2 * x[0], 20 * x[1]])
        rows.append((x.copy(), bowl(x), grad))
        x = x - rate * grad
    return rows


def test_traces_in_every_form_give_the_same_report():
    rows = own_loop()
    x, f, g = (list(column) for column in zip(*rows, strict=True))
    forms = [
        {"x": x, "fun": f, "jac": g, "learning_rate": 0.09},
        {"params": np.array(x), "loss": np.array(f), "grad": np.array(g), "lr": [0.09] * 80},
        [{"x": a, "f": b, "g": c, "lr": 0.09} for a, b, c in rows],
        [so.OptimizeResult(x=a, fun=b, jac=c, learning_rate=0.09) for a, b, c in rows],
    ]
    truth = gw.descend(bowl, np.ones(2), learning_rate=0.09, maxiter=79, tol=0)
    for form in forms:
        report = gw.diagnose_run(form, bowl, method="gd")
        assert report.rate.factor == pytest.approx(0.82, abs=1e-4)
        assert report.rate.theory == pytest.approx(0.82)
        assert report.path.L == pytest.approx(truth.path.L)
        assert report.learning_rates.regime == "oscillating"
        assert report.end_point.kind == truth.end_point.kind
    points = gw.diagnose_run(x, bowl, method="gd", learning_rate=0.09)
    np.testing.assert_allclose(points.trace.fun, truth.trace.fun)


def test_a_trace_without_its_function_says_what_is_missing():
    rows = own_loop()
    x, f, g = (list(column) for column in zip(*rows, strict=True))
    report = gw.diagnose_run({"x": x, "fun": f, "jac": g})
    assert report.curvature is None
    assert report.end_point is None
    assert report.path.steps > 10
    assert any("without f" in note for note in report.notes)
    assert "not computed" in report.summary()
    with pytest.raises(InputError, match="no gradients"):
        gw.diagnose_run({"x": x, "fun": f})
    with pytest.raises(InputError, match="without points"):
        gw.diagnose_run([])
    with pytest.raises(InputError, match="entries of 'fun'"):
        gw.diagnose_run({"x": x, "fun": f[:-1], "jac": g})


def test_callbacks_of_scipy():
    old, new = [], []
    so.minimize(gw.value_and_grad(bowl), np.array([1.0, 1.0]), jac=True, callback=lambda xk: old.append(xk.copy()))
    so.minimize(
        gw.value_and_grad(bowl),
        np.array([1.0, 1.0]),
        jac=True,
        callback=lambda intermediate_result: new.append(intermediate_result),
    )
    for trace in (old, new):
        assert gw.diagnose_run(trace, bowl).end_point.kind in {"minimum", "not critical"}


def test_nested_points_and_noisy_values():
    f = lambda p: np.sum((p["w"] - 1) ** 2) + p["b"] ** 2
    rows = []
    p = {"w": np.zeros(2), "b": 1.0}
    rng = np.random.default_rng(0)
    for _ in range(30):
        rows.append({"x": {"w": p["w"].copy(), "b": p["b"]}, "loss": f(p) * (1 + 0.1 * rng.standard_normal())})
        p = {"w": p["w"] - 0.2 * (p["w"] - 1), "b": p["b"] * 0.8}
    report = gw.diagnose_run(rows, f)
    assert any("minibatches" in note for note in report.notes)
    assert report.rate.kind == "undecided"
    assert set(report.x) == {"w", "b"}


def test_a_run_that_left_the_domain():
    rows = own_loop(30)
    x = [a for a, *_ in rows]
    x[-1] = np.array([np.nan, 1.0])
    report = gw.diagnose_run(x, bowl)
    assert report.stop_reason == "non_finite"
    assert "step 29" in report.message


@pytest.mark.extras("torch")
def test_tensors():
    import torch

    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=0.02, momentum=0.9)
    rows = {"x": [], "loss": [], "grad": []}
    for _ in range(120):
        optimizer.zero_grad()
        loss = x[0] ** 2 + 10 * x[1] ** 2
        loss.backward()
        rows["x"].append(x.detach().clone())
        rows["loss"].append(loss.detach())
        rows["grad"].append(x.grad.clone())
        optimizer.step()
    report = gw.diagnose_run(rows, bowl, method="momentum", learning_rate=0.02, beta=0.9)
    assert report.rate.factor == pytest.approx(np.sqrt(0.9), abs=2e-3)
    assert report.learning_rates.formula == "2(1 + β)/λmax"


def test_traces_are_exported():
    assert isinstance(report_of_bowl().trace, Trace)


def test_a_foreign_path_that_diverges_is_told_with_a_rate_that_works():
    curvatures = np.array([1.0, 10.0])
    f = lambda x: 0.5 * np.sum(curvatures * x**2)
    points = [np.array([3 * (1 - 0.21) ** k, (1 - 2.1) ** k]) for k in range(30)]  # η = 0.21 > 2/10
    report = gw.diagnose_run(points, f, method="gd", learning_rate=0.21)
    assert report.stop_reason.value == "diverged"
    assert report.rate.kind == "diverging"
    assert report.cause.details["lambda_max"] == pytest.approx(10, rel=1e-6)
    assert 0 < report.cause.learning_rate < 0.2
    assert gw.diagnose_run(points, f).stop_reason.value == "diverged"
    stable = [np.array([3 * (1 - 0.19) ** k, (1 - 1.9) ** k]) for k in range(30)]
    assert gw.diagnose_run(stable, f, method="gd", learning_rate=0.19).cause is None
