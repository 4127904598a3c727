"""Containers, long vectors and huge numbers along a descent: the same path as of one plain vector."""

from __future__ import annotations

import collections
import dataclasses

import numpy as np
import pytest

import gradwise as gw
from gradwise.descent.parameters import Parameters
from gradwise.errors import InputError

Pair = collections.namedtuple("Pair", "a b")


@dataclasses.dataclass
class Layer:
    w: np.ndarray
    b: float


def quadratic(v):
    weights = np.arange(1.0, v.size + 1)
    return 0.5 * np.sum(weights * (v - 1) ** 2)


def flat(tree):
    """The numbers of a container, in the order of its leaves, without help of the package."""
    if isinstance(tree, dict):
        return np.concatenate([flat(tree[key]) for key in sorted(tree)])
    if dataclasses.is_dataclass(tree):
        return np.concatenate([flat(getattr(tree, field.name)) for field in dataclasses.fields(tree)])
    if isinstance(tree, list | tuple):
        return np.concatenate([flat(part) for part in tree])
    return np.ravel(np.asarray(tree))


A, B, C = np.array([[2.0, -1.0], [0.5, 3.0]]), np.array([4.0]), np.array(0.25)
TREES = {
    "dict": {"z": A, "b": B, "m": C},
    "sorted dict": {"a": A, "b": B},
    "list of tuples": [(A, B), (B + 1, A - 1)],
    "three deep": {"x": [{"k": (A, [B])}, C], "y": B - 2},
    "one inside": {"only": A},
    "numbers": [0.5, 1.5, -2.0],
    "numbers and arrays": {"w": A, "b": 0.5},
    "dataclass": {"first": Layer(A, 0.5), "second": Layer(B, -1.0)},
    "named tuple": Pair(A, [B, C]),
    "strided": [A.T, np.arange(6.0)[::2]],
    "two precisions": [A.astype(np.float32), B],
}


@pytest.mark.parametrize("name", list(TREES))
@pytest.mark.parametrize("method", ["gd", "adam"])
def test_the_path_of_a_container_is_that_of_the_vector(name, method):
    tree = TREES[name]

    def f(p):
        parts = _leaves(p)
        total, k = 0.0, 1.0
        for part in parts:
            size = np.size(part)
            weights = np.arange(k, k + size).reshape(np.shape(part))
            total = total + 0.5 * np.sum(weights * (part - 1) ** 2)
            k += size
        return total

    report = gw.descend(f, tree, method, 0.05, maxiter=80, tol=0)
    plain = gw.descend(quadratic, flat(tree).astype(float), method, 0.05, maxiter=80, tol=0)
    exact = 1e-5 if name == "two precisions" else 1e-12
    np.testing.assert_allclose(report.trace.x, plain.trace.x, rtol=exact, atol=exact)
    np.testing.assert_allclose(flat(report.x), plain.x, rtol=exact, atol=exact)
    np.testing.assert_allclose(flat(report.jac), plain.jac, rtol=10 * exact, atol=10 * exact)
    assert type(report.x) is type(tree)


def _leaves(tree):
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in _leaves(tree[key])]
    if isinstance(tree, Layer):
        return [*_leaves(tree.w), *_leaves(tree.b)]
    if isinstance(tree, list | tuple):
        return [leaf for part in tree for leaf in _leaves(part)]
    return [tree]


@pytest.mark.parametrize("name", list(TREES))
def test_vectors_and_containers_are_made_of_each_other(name):
    tree = TREES[name]
    parameters = Parameters(tree, "descend")
    np.testing.assert_array_equal(parameters.start, flat(tree).astype(parameters.dtype))
    built = parameters.build(parameters.start)
    np.testing.assert_array_equal(parameters.gathered(built), parameters.start)
    assert list(built) == list(tree) if isinstance(tree, dict) else type(built) is type(tree)


@pytest.mark.parametrize("n", [9000, 140_000])
def test_long_vectors_over_several_pieces_and_blocks(n):
    weights = np.linspace(1, 5, n)
    f = lambda x: np.sum(weights * x**2)
    report = gw.descend(f, np.ones(n), learning_rate=0.08, maxiter=25, tol=0, trace_limit=1 << 30)
    x = (1 - 0.16 * weights) ** np.arange(26)[:, None]  # of x₊ = x − 0.08 · 2wx
    g, d = 2 * weights * x, np.diff(x, axis=0)
    t = report.trace
    np.testing.assert_allclose(t.points, x, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(t.gradient_norm, np.max(np.abs(g), axis=1))
    np.testing.assert_allclose(t.gradient_length, np.linalg.norm(g, axis=1))
    np.testing.assert_allclose(t.step[:-1], np.linalg.norm(d, axis=1))
    np.testing.assert_allclose(t.slope[:-1], np.sum(g[:-1] * d, axis=1))
    np.testing.assert_allclose(t.slope_after[:-1], np.sum(g[1:] * d, axis=1), rtol=1e-9)
    cosine = np.sum(g[:-1] * g[1:], axis=1) / t.gradient_length[:-1] / t.gradient_length[1:]
    np.testing.assert_allclose(t.cosine[:-1], cosine, rtol=1e-9)
    np.testing.assert_array_equal(report.x, t.points[-1])


@pytest.mark.parametrize("method", ["momentum", "nesterov", "adagrad", "rmsprop", "adam"])
def test_methods_that_gather_leave_the_points_of_the_path_alone(method):
    n = 5000
    report = gw.descend(lambda x: np.sum((x - 1) ** 2), np.zeros(n), method, 0.01, maxiter=70, tol=0)
    small = gw.descend(lambda x: np.sum((x - 1) ** 2), np.zeros(2), method, 0.01, maxiter=70, tol=0)
    np.testing.assert_allclose(report.trace.x[:, 17], small.trace.x[:, 1], rtol=1e-12)


@pytest.mark.parametrize("rate", ["auto", "armijo", "wolfe", "adaptive"])
@pytest.mark.parametrize("scale", [1e200, 1e-30])
def test_gradients_whose_squares_overflow(rate, scale):
    report = gw.descend(
        lambda x: scale * np.sum((x - 1) ** 2), np.zeros(2), learning_rate=rate, tol=1e-6 * min(scale, 1)
    )
    assert report.success
    np.testing.assert_allclose(report.x, 1, atol=1e-3)
    assert report.trace.gradient_length[0] == pytest.approx(2 * np.sqrt(2) * scale)
    assert "nan" not in repr(report).split("convergence")[0]


def test_clipping_a_gradient_whose_square_overflows():
    report = gw.descend(
        lambda x: 1e200 * np.sum((x - 1) ** 2), np.zeros(2), learning_rate=0.1, clip_norm=1.0, maxiter=3
    )
    np.testing.assert_allclose(report.trace.step[:3], 0.1)


def test_long_doubles_are_exported():
    report = gw.descend(lambda x: np.sum((x - 1) ** 2), np.zeros(3, np.longdouble), learning_rate=0.2)
    assert report.x.dtype == np.longdouble
    np.testing.assert_allclose(report.trace.to_dict()["x"][-1], 1, atol=1e-5)


def test_an_interruption_keeps_the_point():
    def interrupt(intermediate_result):
        if intermediate_result.nit == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        gw.descend(lambda p: np.sum((p["a"] - 1) ** 2), {"a": np.zeros(2)}, learning_rate=0.2, callback=interrupt)
    np.testing.assert_allclose(caught.value.x["a"], 1 - 0.6**3)
    assert any("after step 3" in note for note in caught.value.__notes__)


def test_errors_of_a_callback_are_the_users_own_and_take_the_bar_away(capsys):
    def broken(x):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        gw.descend(lambda x: np.sum(x**2), np.ones(2), learning_rate=0.1, callback=broken, progress=True)
    with pytest.raises(InputError, match="callback=3"):
        gw.descend(lambda x: np.sum(x**2), np.ones(2), callback=3)


def test_a_start_without_a_gradient_is_remarked():
    saddle = gw.descend(lambda x: (x[0] ** 2 - 1) ** 2 + x[1] ** 2, np.zeros(2), learning_rate=0.1)
    assert saddle.nit == 0
    assert any("no step was taken" in note for note in saddle.notes)
    assert saddle.end_point.kind == "saddle"
    with pytest.raises(InputError, match="leave it out of x0"):
        gw.descend(lambda x: 0.0, "text")


def test_dicts_of_the_same_keys_keep_their_own_order():
    weights = np.array([1.0, 2.0, 4.0, 5.0])
    f = lambda p: 0.5 * np.sum(weights * (np.concatenate(list(p.values())) - 3) ** 2)
    for start in ({"a": np.zeros(1), "b": np.ones(3)}, {"b": np.ones(3), "a": np.zeros(1)}):
        report = gw.descend(f, start, learning_rate=0.1, maxiter=3, tol=0)
        x = np.concatenate(list(start.values()))
        expected = 3 + (1 - 0.1 * weights) ** 3 * (x - 3)
        np.testing.assert_allclose(np.concatenate(list(report.x.values())), expected, rtol=1e-14)
        assert list(report.x) == list(start)


@pytest.mark.parametrize("method", ["gd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"])
@pytest.mark.parametrize("trace_limit", [64 << 20, 3000])
def test_functions_of_several_arrays_with_every_column_of_the_trace(method, trace_limit):
    H = np.diag([1.0, 3.0, 6.0, 2.0, 0.5])
    f = lambda u, v: 0.5 * np.sum(np.array([[1.0, 3.0], [6.0, 2.0]]) * u**2) + 0.25 * np.sum(v**2)
    start = np.array([1.0, -2.0, 0.5, 3.0, 4.0])
    report = gw.descend(
        f, (start[:4].reshape(2, 2), start[4:]), method, 0.02, maxiter=150, tol=0, trace_limit=trace_limit
    )
    plain = gw.descend(lambda x: 0.5 * x @ (H @ x), start, method, 0.02, maxiter=150, tol=0)
    X = plain.trace.x
    np.testing.assert_allclose(report.trace.points, X[report.trace.x_steps], rtol=1e-12, atol=1e-13)
    G, D = X @ H, np.diff(X, axis=0)
    expected = {
        "gradient_norm": np.max(np.abs(G), axis=1),
        "gradient_length": np.linalg.norm(G, axis=1),
        "step": np.linalg.norm(D, axis=1),
        "slope": np.sum(G[:-1] * D, axis=1),
        "slope_after": np.sum(G[1:] * D, axis=1),
        "cosine": np.sum(G[1:] * G[:-1], axis=1) / np.linalg.norm(G[1:], axis=1) / np.linalg.norm(G[:-1], axis=1),
    }
    for name, column in expected.items():
        for t in (report.trace, plain.trace):
            np.testing.assert_allclose(getattr(t, name)[: len(column)], column, rtol=1e-8, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(report.jac[0].ravel(), plain.jac[:4], rtol=1e-10)


def test_cosines_of_gradients_of_very_different_lengths():
    # x₊ = x − 0.1·(…): the first step takes all but a part in 10⁹ of the long gradient away, at a right angle to what is left
    f = lambda x: 5 * x[0] ** 2 + 0.5e-3 * x[1] ** 2
    report = gw.descend(f, np.array([1e6, 1.0]), learning_rate=0.1, maxiter=2, tol=0)
    g = np.array([[1e7, 1e-3], [0.0, 1e-3 * (1 - 1e-4)], [0.0, 1e-3 * (1 - 1e-4) ** 2]])
    g[1:, 0] = 10 * report.trace.x[1:, 0]
    expected = np.sum(g[1:] * g[:-1], axis=1) / np.linalg.norm(g[1:], axis=1) / np.linalg.norm(g[:-1], axis=1)
    np.testing.assert_allclose(report.trace.cosine[:2], expected, rtol=1e-9, atol=1e-15)
