"""Mistakes about weights, data and exponents, and what a claim lacks: names that numbers or programs show."""

import numpy as np
import pytest

import gradwise as gw


def behind_bytes(f):
    return lambda x: f(np.frombuffer(np.asarray(x, dtype=float).tobytes()))


X = np.array([0.4, -1.1, 0.8, 1.7, -0.3])
WEIGHTS = np.array([3.0, -2.0, 1.5, 4.0, -1.0])
rng = np.random.default_rng(4)
MATRIX, SCORES, DATA = rng.normal(size=(5, 5)), rng.normal(size=5), rng.normal(size=5)


@pytest.mark.slow
@pytest.mark.parametrize("hidden", [False, True])
def test_a_weight_that_is_missing_shows_as_a_factor_of_each_entry(hidden):
    f = lambda x: np.sum(WEIGHTS * np.log1p(np.exp(x)))
    report = gw.check_grad(behind_bytes(f) if hidden else f, X, lambda x: 1 / (1 + np.exp(-x)))
    assert report.causes[0] == "missing inner derivative", report.summary()


@pytest.mark.slow
def test_two_signs_at_places_of_their_own_are_a_block():
    f = behind_bytes(lambda x: np.sum(WEIGHTS * np.log1p(np.exp(x))))
    x = np.array([0.4, -1.1, -0.8, 1.7, 0.3])  # of other signs than the weights
    report = gw.check_grad(f, x, lambda x: np.abs(WEIGHTS) / (1 + np.exp(-x)))
    assert report.causes[:2] == ["a block wrong", "sign flip"], report.summary()


@pytest.mark.slow
def test_parameters_made_positive_each_in_its_own_way():
    t = np.linspace(0, 3, 25)
    data = 2 * np.exp(-0.7 * t) + 0.3

    def parts(p):
        return np.log1p(np.exp(p[0])), np.exp(p[1]), 1 / (1 + np.exp(-p[2]))

    def f(p):
        a, k, b = parts(p)
        return np.sum((a * np.exp(-k * t) + b - data) ** 2)

    def claim(p):
        a, k, b = parts(p)
        decay = np.exp(-k * t)
        e = 2 * (a * decay + b - data)
        return np.array([np.sum(e * decay), -np.sum(e * a * t * decay), np.sum(e)])

    report = gw.check_grad(behind_bytes(f), np.array([0.5, -0.2, -1.0]), claim)
    assert report.causes[0] == "missing inner derivative", report.summary()


def test_a_constant_that_was_left_out_of_f_is_told_with_its_line():
    f = lambda x: np.sum(np.outer(WEIGHTS, WEIGHTS) * np.cos(x[:, None] - x[None, :]))
    claim = lambda x: -2 * np.sum(np.sin(x[:, None] - x[None, :]), axis=1)
    report = gw.check_grad(f, X, claim)
    assert report.causes[0] == "missing inner derivative", report.summary()
    assert "1 in the place of" in report.details["missing inner derivative"]


@pytest.mark.slow
def test_data_that_were_not_subtracted():
    f = lambda x: np.sum((MATRIX @ x - DATA) ** 2)
    report = gw.check_grad(f, X, lambda x: 2 * MATRIX.T @ (MATRIX @ x))
    assert report.causes[0] == "product rule term missing", report.summary()
    hidden = gw.check_grad(behind_bytes(f), X, lambda x: 2 * MATRIX.T @ (MATRIX @ x))
    assert "constant offset" in hidden.causes


@pytest.mark.parametrize(
    ("f", "claim", "name"),
    [
        (lambda y: np.sum(WEIGHTS / (1 + y) ** np.arange(1.0, 6.0)), lambda y: -np.sum(WEIGHTS / (1 + y) ** np.arange(2.0, 7.0)), "missing inner derivative"),
        (lambda y: np.sum(WEIGHTS / (2 + np.sin(y * SCORES))), lambda y: -np.sum(WEIGHTS * SCORES * np.cos(y * SCORES) / (2 + np.sin(y * SCORES))), "wrong power of x"),
    ],
)  # fmt: skip
def test_exponents_in_the_rules_of_powers_and_quotients(f, claim, name):
    assert gw.check_grad(f, np.array(0.4), claim).causes[0] == name


def test_a_term_of_a_tangent_that_a_loop_forgets_where_one_line_multiplies_twice():
    def f(p):
        s, i, total = 0.99, 0.01, 0.0
        for _ in range(6):
            n = p[0] * s * i
            s, i = s - n, i + n - p[1] * i
            total = total + (i - 0.03) ** 2
        return total

    def claim(p):
        s, i, ds, di, total = 0.99, 0.01, np.zeros(2), np.zeros(2), np.zeros(2)
        for _ in range(6):
            n, dn = p[0] * s * i, p[0] * (s * di) + np.array([s * i, 0.0])  # without ds · i
            di = di + dn - p[1] * di - np.array([0.0, i])
            ds = ds - dn
            s, i = s - n, i + n - p[1] * i
            total = total + 2 * (i - 0.03) * di
        return total

    assert gw.check_grad(f, np.array([0.9, 0.35]), claim).causes[0] == "product rule term missing"


@pytest.mark.slow
def test_the_cross_terms_of_a_softmax_are_missed_where_f_is_opaque():
    def weights(z):
        return np.exp(z) / np.sum(np.exp(z))

    f = behind_bytes(lambda z: weights(z) @ (MATRIX @ MATRIX.T) @ weights(z) - SCORES @ weights(z))
    claim = lambda z: weights(z) * (2 * (MATRIX @ MATRIX.T) @ weights(z) - SCORES)
    report = gw.check_grad(f, X, claim)
    assert report.causes[0] == "product rule term missing", report.summary()
    assert "sum(" in report.details["product rule term missing"]


def test_an_integer_division_in_the_claim():
    f = lambda x: np.sum(x**2 / 4 + np.sqrt(x))
    report = gw.check_grad(f, np.array([3, 1, 4, 1, 5]), lambda x: x // 2 + 0.5 / np.sqrt(x))
    assert report.causes[0] == "integer truncation", report.summary()


def test_half_a_weight_decay_is_a_term_in_x():
    f = lambda x: np.mean((MATRIX @ x - DATA) ** 2) + 0.3 * x @ x
    claim = lambda x: 2 * MATRIX.T @ (MATRIX @ x - DATA) / 5 + 0.3 * x
    assert gw.check_grad(f, X, claim).causes[0] == "term proportional to x"


def test_a_value_written_with_five_digits():
    f = lambda x: np.sum(np.exp(x))
    claimed = np.array([float(f"{v:.5g}") for v in np.exp(X)])
    report = gw.check_grad(f, X, claimed)
    assert report.causes[0] == "low precision", report.summary()
    assert "5 significant" in report.details["low precision"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "mistakes"),
    [
        (["index shift", "extra factor 2"], lambda g: 2 * np.roll(g, 1)),
        (["permuted entries", "sign flip"], lambda g: -g[::-1]),
        (["one entry wrong", "extra factor 2"], lambda g: 2 * g * np.array([1, 1, 1.3, 1, 1])),
        (["low precision", "missing factor 2"], lambda g: (g / 2).astype(np.float32)),
    ],
)
def test_a_factor_and_another_mistake_are_both_named(names, mistakes):
    f = behind_bytes(lambda x: np.sum(np.log(np.cosh(MATRIX @ x - DATA))))
    report = gw.check_grad(f, X, lambda x: mistakes(MATRIX.T @ np.tanh(MATRIX @ x - DATA)))
    assert report.causes[:2] == names, report.summary()


@pytest.mark.slow
def test_a_part_of_the_diagonal_of_a_hessian_is_a_block():
    f = lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    def claim(x):
        full = np.diag(np.append(1200 * x[:-1] ** 2 - 400 * x[1:] + 2, 0.0))  # + 200 from the second on is forgotten
        return full - 400 * np.diag(x[:-1], 1) - 400 * np.diag(x[:-1], -1)

    report = gw.check_hessian(f, np.array([-1.1, 1.2, 0.8, 0.9]), claim)
    assert report.causes[0] == "a block wrong", report.summary()
