"""What a second reader found: right claims that numbers alone rejected, wrong ones that they let pass."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

import gradwise as gw

RNG = np.random.default_rng(60)


def hidden(f):
    """The same function through C's numbers: neither tracing nor complex numbers get there."""

    def inner(x):
        flat = [ctypes.c_double(float(v)).value for v in np.ravel(x)]
        return f(np.array(flat).reshape(np.shape(x)))

    return inner


def verdicts(report):
    return list(np.ravel(report.verdicts))


def ramp(x):
    return np.sum(np.maximum(x - 1, 0) * np.arange(1.0, x.size + 1))


def ramp_grad(x):
    return (x > 1) * np.arange(1.0, x.size + 1)


# --- wrong claims that passed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [1e10, 1e12])
def test_a_slope_that_an_offset_swallows_is_not_confirmed_by_its_zero(offset):
    f = hidden(lambda x: offset + 1e-6 * np.sum(x**2))
    report = gw.check_grad(f, np.array([1.0, 2.0, 3.0]), lambda x: -2e-6 * x)
    assert not report.passed
    assert "agrees" not in verdicts(report)


def test_a_critical_point_is_still_confirmed():
    for f in (lambda x: np.sum((x - 1) ** 2), lambda x: 1e4 + np.sum(np.cos(x - 1)), lambda x: 3.0 + 0 * np.sum(x)):
        assert gw.check_grad(hidden(f), np.ones(3), lambda x: 0 * x).passed


@pytest.mark.parametrize("error", [1e-3, 1e-5, 2e-6, 1e-6, 3e-7, 1e-8])
def test_a_small_error_is_seen_although_another_entry_sits_on_a_kink(error):
    def f(x):
        return np.sum(np.maximum(x, 0) * np.array([1.0, 2.0, 3.0]) + x**2)

    def g(x):
        return (x > 0) * np.array([1.0, 2.0, 3.0]) + 2 * x

    x = np.array([0.0, 2.0, 3.0])
    assert gw.check_grad(f, x, g).passed
    report = gw.check_grad(f, x, lambda x: g(x) * (1 + error * np.array([0, 1, 0])))
    assert verdicts(report) == ["agrees", "wrong", "agrees"]


@pytest.mark.parametrize("factor", [-1.0, 0.5, 1.02])
def test_an_offset_in_x_excuses_nothing(factor):
    f, x = lambda x: np.sum(np.sin(x - 1e8)), 1e8 + np.array([0.3, -0.5, 1.2])
    assert gw.check_grad(f, x, lambda x: np.cos(x - 1e8)).passed
    assert verdicts(gw.check_grad(f, x, lambda x: factor * np.cos(x - 1e8))) == ["wrong"] * 3


def test_products_that_change_their_vectors_or_x():
    def doubles(x, v):
        v *= 2
        return np.cos(x) * v / 2

    def moves(x, u):
        x += 1
        return np.cos(x - 1) * u

    x = np.array([0.1, 0.2, 0.3])
    assert gw.check_jvp(np.sin, x, doubles).causes[0] == "modifies its input"
    assert gw.check_vjp(np.sin, x, moves).causes[0] == "modifies its input"


# --- right claims that were rejected --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("distance", [1e-3, 1e-5, 1e-7, 1e-9, 1e-11, 1e-13])
@pytest.mark.parametrize("wrap", [hidden, lambda f: f])
def test_a_kink_close_to_x(distance, wrap):
    x = np.array([1 + distance, 2.0, 1 - distance, 0.5])
    assert "wrong" not in verdicts(gw.check_grad(wrap(ramp), x, ramp_grad))
    flipped = gw.check_grad(wrap(ramp), x, lambda x: -ramp_grad(x))
    assert flipped.verdicts[1] == "wrong"


@pytest.mark.slow
def test_a_kink_in_no_direction_of_an_entry():
    x = np.array([1.0, 2.0, 2.0, 3.0, 2.0])
    report = gw.check_grad(hidden(np.median), x, np.array([0, 0, 1.0, 0, 0]))
    assert verdicts(report)[2] == "cannot tell"
    assert "between the entries" in " ".join(report.notes)
    assert gw.check_grad(hidden(np.median), x, np.array([0, 0, 5.0, 0, 0])).verdicts[2] == "wrong"
    assert gw.check_grad(hidden(np.median), x, np.array([0.5, 0, 0, 0, 0])).verdicts[0] == "wrong"


def test_an_oscillation_that_steps_jump_over():
    f, g = lambda x: np.sum(x**2 + 1e-6 * np.sin(1e9 * x)), lambda x: 2 * x + 1e3 * np.cos(1e9 * x)
    x = np.array([0.3, -1.2, 0.8])
    assert "wrong" not in verdicts(gw.check_grad(hidden(f), x, g))
    assert "wrong" in verdicts(gw.check_grad(hidden(f), x, lambda x: -g(x)))


def test_a_second_derivative_that_jumps():
    f = hidden(lambda x: np.sum(np.maximum(x, 0) ** 2))
    x = np.array([0.0, 1.0, -1.0])
    for slope in (0.0, 2.0, 0.7):
        assert gw.check_hessian(f, x, np.diag([slope, 2.0, 0.0])).verdicts[0, 0] in ("agrees", "cannot tell")
    assert gw.check_hessian(f, x, np.diag([3.0, 2.0, 0.0])).verdicts[0, 0] == "wrong"
    assert gw.check_hessian(f, x, np.diag([0.0, 1.0, 0.0])).verdicts[1, 1] == "wrong"


def test_the_power_three_halves_at_zero():
    report = gw.check_grad(hidden(lambda x: np.sum(x**1.5)), np.array([0.0, 1.0]), lambda x: 1.5 * np.sqrt(x))
    assert "wrong" not in verdicts(report)


def test_steps_of_rounded_output_excuse_no_zero():
    f = hidden(lambda x: np.floor(np.sum(x**2) * 1e5) / 1e5)
    assert "wrong" in verdicts(gw.check_grad(f, np.array([0.3127, 0.7331, -0.4519]), lambda x: 0 * x))


def test_a_directional_derivative_at_a_kink_need_not_be_linear():
    def along(x, v):
        return np.where(x == 0, np.abs(v), np.sign(x) * v)

    assert gw.check_jvp(np.abs, np.array([0.0, 1.0]), along).passed
    curved = gw.check_jvp(np.sin, np.array([0.5, 1.0]), lambda x, v: np.cos(x) * np.abs(v))
    assert not curved.passed


def test_an_exact_derivative_on_a_plateau_of_rounding():
    x = np.array([1e-5, 1e-3, 3e-9])
    report = gw.check_grad(lambda x: np.sum(np.exp(x) - 1 - x), x, np.expm1)
    assert "wrong" not in verdicts(report)


# --- large x --------------------------------------------------------------------------------------------------------------------


BIG = RNG.normal(size=5000)


def test_large_x_on_many_kinks_with_either_convention():
    x = BIG.copy()
    x[::7] = 0.0
    for slope in (0.0, 0.5, 1.0):
        claim = lambda x, slope=slope: np.where(x == 0, slope, x > 0) * np.arange(5000.0)
        report = gw.check_grad(lambda x: np.sum(np.maximum(x, 0) * np.arange(5000)), x, claim, rng=0)
        assert report.counts["wrong"] == 0, report.summary()
    claim = lambda x: np.where(x == 0, 1.2, x > 0) * np.arange(5000.0)
    assert not gw.check_grad(lambda x: np.sum(np.maximum(x, 0) * np.arange(5000)), x, claim, rng=0).passed


@pytest.mark.slow
def test_large_x_at_the_minimum_of_squares():
    a, b = RNG.normal(size=(300, 5000)) / 70, RNG.normal(size=300)
    x = np.linalg.lstsq(a, b, rcond=None)[0]
    report = gw.check_grad(lambda x: np.sum((a @ x - b) ** 2), x, lambda x: 2 * a.T @ (a @ x - b), rng=0)
    assert report.counts["wrong"] == 0, report.summary()


def test_large_x_where_the_claim_is_better_than_the_exact_gradient():
    report = gw.check_grad(lambda x: np.sum(np.exp(x) - 1 - x), BIG * 1e-5, np.expm1, rng=0)
    assert report.counts["wrong"] == 0, report.summary()


@pytest.mark.parametrize(
    ("cause", "wrong"),
    [
        ("term proportional to x", lambda g, x: g + 0.1 * x),
        ("constant offset", lambda g, x: g + 0.1),
        ("small systematic error", lambda g, x: g * (1 + 1e-5 * np.sin(np.arange(5000)))),
        ("low precision", lambda g, x: np.float32(g)),
        ("a branch wrong", lambda g, x: np.where(x < 0, 0.3 * g + 1, g)),
    ],
)
def test_the_pattern_of_a_mistake_in_large_x_that_cannot_be_traced(cause, wrong):
    g = lambda x: np.sin(x) + x * np.cos(x)
    opaque = lambda x: np.sum(np.sin(x) * x) if type(x) is np.ndarray and x.dtype.kind == "f" else 1 / 0
    report = gw.check_grad(opaque, BIG, lambda x: wrong(g(x), x), rng=0)
    assert report.causes[0] == cause, report.summary()
    assert "wrong" in verdicts(report)


# --- input ----------------------------------------------------------------------------------------------------------------------


def test_ragged_arguments():
    f = lambda a, b: sum(sum(row) for row in a) * b
    assert gw.check_grad(f, ([[1.0, 2.0], [3.0]], 2.0), lambda a, b: ([[b, b], [b]], 6.0)).passed


def test_a_seed_that_is_none():
    with pytest.raises(gw.InputError, match="rng='a' is no seed"):
        gw.check_grad(lambda x: x**2, 1.0, lambda x: 2 * x, rng="a")


def test_a_function_that_raises_anything_for_what_is_not_an_array():
    class OwnError(Exception):
        pass

    def f(x):
        if type(x) is not np.ndarray or x.dtype != float:
            raise OwnError
        return float(np.sum(x**2))

    assert gw.check_grad(f, np.array([1.0, 2.0]), lambda x: 2 * x).passed
    assert gw.check_grad(f, np.array([1.0, 2.0]), lambda x: x).causes[0] == "missing factor 2"


@pytest.mark.slow
def test_zeros_of_an_opaque_function_decide_nothing_where_bounds_are_wide():
    x = np.array([0.43, -0.57, 2.65, -1.6086, 0.67])
    hidden = lambda v: -1e14 + np.sum(np.sin(np.frombuffer(np.asarray(v, dtype=float).tobytes())))
    report = gw.check_grad(hidden, x, np.cos)
    assert report.counts["wrong"] == 0, report.summary()
    assert gw.check_grad(hidden, x, lambda v: 3 * np.cos(v)).counts["wrong"] > 0
