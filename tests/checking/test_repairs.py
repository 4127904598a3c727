"""Opaque functions with hand-written gradients: the claim's own program names what it lacks."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

RNG = np.random.default_rng(31)
X = RNG.normal(size=9)
DATA, TARGET, WEIGHTS = RNG.normal(size=(12, 4)), RNG.normal(size=12), RNG.normal(size=4)
MATRIX, SHIFT = RNG.normal(size=(4, 5)), RNG.normal(size=5)
TURN = RNG.normal(size=(4, 4))


def opaque(f):
    """The same function behind a trip through bytes, which no tracing follows."""

    def hidden(x):
        x = np.asarray(x)
        return f(np.frombuffer(x.tobytes(), dtype=x.dtype).reshape(x.shape).copy())

    return hidden


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def ridge(w):
    return np.mean((DATA @ w - TARGET) ** 2) + 0.3 * np.sum(w**2)


def network(w):
    return np.sum((np.tanh(DATA @ w) - TARGET) ** 2)


def softmax(z, axis):
    p = np.exp(z - z.max(axis, keepdims=True))
    return p / p.sum(axis, keepdims=True)


def columns(x):
    return np.sum((x.sum(0) - SHIFT) ** 2)


def turned(x):
    return np.sum(np.sin(TURN @ x))


BUGS = {
    "half the data term": (ridge, WEIGHTS, lambda w: DATA.T @ (DATA @ w - TARGET) / 12 + 0.6 * w, "missing factor 2"),
    "data not averaged": (ridge, WEIGHTS, lambda w: 2 * DATA.T @ (DATA @ w - TARGET) + 0.6 * w, "missing 1/n"),
    "sign of the data": (ridge, WEIGHTS, lambda w: -2 / 12 * DATA.T @ (DATA @ w - TARGET) + 0.6 * w, "sign flip"),
    "no tanh'": (
        network, WEIGHTS, lambda w: 2 * DATA.T @ (np.tanh(DATA @ w) - TARGET), "missing inner derivative",
    ),
    "a quotient's sign": (
        lambda x: np.sum(np.sin(x) / (2 + x**2)), X,
        lambda x: (np.cos(x) * (2 + x**2) + np.sin(x) * 2 * x) / (2 + x**2) ** 2, "quotient rule sign",
    ),
    "half of a product": (lambda x: np.sum(x * sigmoid(x)), X, sigmoid, "product rule term missing"),
    "the other half": (
        lambda x: np.sum(x * sigmoid(x)), X, lambda x: x * sigmoid(x) * (1 - sigmoid(x)), "product rule term missing",
    ),
    "sums along rows": (
        columns, MATRIX, lambda x: 2 * (x.sum(1, keepdims=True) - SHIFT) + 0 * x, "sum over the wrong axis",
    ),
    "not summed": (columns, MATRIX, lambda x: 2 * (x - SHIFT), "broadcast not summed"),
    "softmax along columns": (
        lambda z: np.sum(np.log(np.sum(np.exp(z), 1)) - z[:, 0]), MATRIX,
        lambda z: softmax(z, 0) - np.eye(5)[0], "sum over the wrong axis",
    ),
    "a matrix not transposed": (turned, WEIGHTS, lambda x: TURN @ np.cos(TURN @ x), "transposed"),
}  # fmt: skip


@pytest.mark.parametrize("hidden", [True, False])
@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (k % 4 > 0)) for k, n in enumerate(BUGS)])
def test_one_repair_of_the_claim_names_the_mistake(name, hidden):
    f, x, claim, cause = BUGS[name]
    report = gw.check_grad(opaque(f) if hidden else f, x, claim)
    assert not report.passed
    assert report.causes[0] == cause, report.summary()


@pytest.mark.slow
def test_a_jacobian_of_an_opaque_function():
    right = lambda x: (1 - np.tanh(TURN @ x) ** 2)[:, None] * TURN
    assert gw.check_jacobian(opaque(lambda x: np.tanh(TURN @ x)), WEIGHTS, right).passed
    wrong = lambda x: (1 - np.tanh(TURN @ x))[:, None] * TURN
    report = gw.check_jacobian(opaque(lambda x: np.tanh(TURN @ x)), WEIGHTS, wrong)
    assert report.causes[0] in ("missing inner derivative", "wrong power of x", "product rule term missing")


@pytest.mark.slow
def test_a_plain_factor_is_no_missing_term():
    for factor in (1.5, 0.7, -0.3):
        report = gw.check_grad(opaque(lambda x: np.sum(np.sin(x))), X, lambda x, factor=factor: factor * np.cos(x))
        assert report.causes[0] == "constant factor"


@pytest.mark.slow
def test_a_branch_comes_before_what_the_claim_has_there():
    x = np.array([1.0, 2.0, -1.0, 3.0])

    def rosen(x):
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    def right(x):
        g, d = np.zeros_like(x), x[1:] - x[:-1] ** 2
        g[:-1] += -400 * x[:-1] * d - 2 * (1 - x[:-1])
        g[1:] += 200 * d
        return g

    for f in (rosen, opaque(rosen)):
        assert gw.check_grad(f, x, lambda x: np.where(x < 0, -right(x), right(x))).causes[0] == "a branch wrong"


@pytest.mark.slow
def test_random_numbers_stay_unknown():
    noise = RNG.normal(size=9)
    report = gw.check_grad(opaque(lambda x: np.sum(np.exp(np.sin(x)))), X, lambda x: noise * (1 + np.abs(x[::-1]) ** 3))
    assert report.causes[0] == "unknown"


@pytest.mark.slow
def test_an_offset_that_changes_with_x():
    spread = lambda x: np.sqrt(1 + np.sum((x - np.mean(x)) ** 2))
    report = gw.check_grad(opaque(spread), X, opaque(lambda x: x / spread(x)))
    assert report.causes[0] == "constant offset"


@pytest.mark.slow
def test_what_the_claim_has_too_much_is_shown():
    noise = RNG.normal(size=9)
    report = gw.check_grad(opaque(lambda x: np.sum(np.exp(x))), X, lambda x: np.exp(x) + noise)
    assert report.causes == ["unknown"]
    assert "with 0 in the place of a constant" in report.details["unknown"]


@pytest.mark.slow
def test_a_range_of_a_matrix_in_a_row():
    b = RNG.normal(size=(4, 6))

    def wrong(x):
        g = b * np.cos(x)
        g.flat[8:14] *= 0.3
        return g

    report = gw.check_grad(opaque(lambda x: np.sum(b * np.sin(x))), RNG.normal(size=(4, 6)), wrong)
    assert report.causes[0] == "a block wrong"


def test_a_term_that_flows_through_no_product():
    claim = lambda x: 3 * x**2
    report = gw.check_grad(lambda x: np.sum(x**3) + np.sum(np.exp(x)), X, claim)
    assert report.causes[0] == "product rule term missing"
