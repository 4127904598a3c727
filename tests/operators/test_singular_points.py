"""Zeros, singular points and kinks: what the chain rule cannot multiply, against what is true there."""

from __future__ import annotations

import re
import sys
import warnings

import numpy as np
import pytest
import scipy.special

import gradwise as gw
from gradwise import KinkWarning, SingularPointError

POINT = np.array([-1.0, 0.0, 4.0])


@pytest.fixture(autouse=True)
def _fresh():
    gw.clear_caches()


@pytest.fixture(autouse=True)
def _quiet():
    """The functions under test divide by 0 and take roots of negative numbers on purpose."""
    with np.errstate(all="ignore"):
        yield


def first_derivatives(f, x):
    """∂ Σ f / ∂x in every mode."""
    total = lambda x: np.sum(f(x))
    ones = np.ones(np.shape(x), np.asarray(x).dtype)[()]
    columns = gw.jacfwd(f)(x)
    rows = gw.jacrev(f)(x)
    axes = tuple(range(np.ndim(columns) - np.ndim(x)))
    return {
        "grad": gw.grad(total)(x),
        "vjp": gw.vjp(total, x)[1](1.0)[0],
        "jacfwd": gw.jacfwd(total)(x),
        "jacrev": np.sum(rows, axis=axes),
        "columns": np.sum(columns, axis=axes),
        "jvp": gw.jvp(total, (x,), (ones,))[1],
        "linearize": gw.linearize(total, x)[1](ones),
        "line": gw.directional_derivative(total, normalize=False)(x, ones),
    }


def second_derivatives(f, x):
    """∂² Σ f / ∂x ∂x · 1 in every way."""
    total = lambda x: np.sum(f(x))
    ones = np.ones(np.shape(x), np.asarray(x).dtype)[()]
    hessian = gw.hessian(total)(x)
    return {
        "hessian": np.sum(hessian, axis=tuple(range(np.ndim(x)))),
        "hvp": gw.hvp(total)(x, ones),
        "grad of grad": gw.grad(lambda x: np.sum(gw.grad(total)(x)))(x),
        "grad of jvp": gw.grad(lambda x: gw.jvp(total, (x,), (ones,))[1])(x),
        "jvp of grad": gw.jvp(gw.grad(total), (x,), (ones,))[1],
        "line": gw.directional_derivative(total, order=2, normalize=False)(x, ones),
    }


def agree(found, expected, **tolerance):
    expected = np.asarray(expected, float)
    for way, value in found.items():
        wanted = expected if np.shape(value) == expected.shape else np.sum(expected)
        np.testing.assert_allclose(value, wanted, err_msg=way, **{"rtol": 1e-12, "atol": 1e-12, **tolerance})


# --- structural zeros -------------------------------------------------------------------------------------------------------


def masked_root(x):
    h = np.sqrt(x)
    h[x <= 0] = 0
    return h


def masked_softmax(x):
    scores = np.where(np.array([True, False, True]), x, -np.inf)
    e = np.exp(scores - np.max(scores))
    return e / np.sum(e) * np.array([1.0, 5.0, 2.0])


S = scipy.special.expit(5.0)  # softmax of (−1, 4)

STRUCTURAL = {
    "where sqrt": (lambda x: np.where(x > 0, np.sqrt(x), 0), [0, 0, 0.25], [0, 0, -1 / 32]),
    "where log": (lambda x: np.where(x > 0, np.log(x), x), [1, 1, 0.25], [0, 0, -1 / 16]),
    "where power": (lambda x: np.where(x > 0, x**0.3, 0.0), [0, 0, 0.3 * 4**-0.7], [0, 0, -0.21 * 4**-1.7]),
    "where power, second order only": (lambda x: np.where(x > 0, np.abs(x) ** 1.5, 0.0), [0, 0, 3.0], [0, 0, 0.375]),
    "root of where": (lambda x: np.sqrt(np.where(x > 0, x, 0)), [0, 0, 0.25], [0, 0, -1 / 32]),
    "both branches": (lambda x: np.where(x > 0, np.sqrt(x), np.cbrt(x - 1)), [2 ** (-2 / 3) / 3, 1 / 3, 0.25], None),
    "quotient": (lambda x: np.where(x != 0, 1 / x, 0), [-1, 0, -1 / 16], [-2, 0, 1 / 32]),
    "0/0": (lambda x: np.where(x != 0, x**4 / x, 0), [3, 0, 48], [-6, 0, 24]),
    "mask": (lambda x: (x > 0) * np.sqrt(np.where(x > 0, x, 0)), [0, 0, 0.25], [0, 0, -1 / 32]),
    "mask as a factor": (lambda x: (x > 0) * np.cbrt(x), [0, 0, 4 ** (-2 / 3) / 3], [0, 0, -2 / 9 * 4 ** (-5 / 3)]),
    "mask assignment": (masked_root, [0, 0, 0.25], [0, 0, -1 / 32]),
    "unread": (lambda x: np.cbrt(x)[2:], [0, 0, 4 ** (-2 / 3) / 3], [0, 0, -2 / 9 * 4 ** (-5 / 3)]),
    "sorted, unread": (lambda x: np.sort(np.cbrt(x))[2:], [0, 0, 4 ** (-2 / 3) / 3], [0, 0, -2 / 9 * 4 ** (-5 / 3)]),
    "largest": (lambda x: np.max(np.cbrt(x)), [0, 0, 4 ** (-2 / 3) / 3], [0, 0, -2 / 9 * 4 ** (-5 / 3)]),
    "lower bound": (lambda x: np.sqrt(np.clip(x, 0.5, None)), [0, 0, 0.25], [0, 0, -1 / 32]),
    "nan_to_num": (lambda x: np.nan_to_num(np.log(x), nan=0.0, neginf=0.0), [0, 0, 0.25], [0, 0, -1 / 16]),
    "matrix product": (
        lambda x: np.where(x > 0, np.sqrt(x), 0) @ np.array([[1.0], [2.0], [3.0]]),
        [0, 0, 0.75],
        [0, 0, -3 / 32],
    ),
    "einsum": (
        lambda x: np.einsum("i,ij->j", np.where(x > 0, np.sqrt(x), 0), np.eye(3)),
        [0, 0, 0.25],
        [0, 0, -1 / 32],
    ),
    "product": (lambda x: np.prod(np.where(x > 0, np.sqrt(x), 1)), [0, 0, 0.25], [0, 0, -1 / 32]),
    "cumulative": (lambda x: np.cumsum(np.where(x > 0, np.sqrt(x), 0))[2:], [0, 0, 0.25], [0, 0, -1 / 32]),
    "Fourier": (lambda x: np.fft.fft(np.where(x > 0, np.sqrt(x), 0)).real[:1], [0, 0, 0.25], [0, 0, -1 / 32]),
    "masked softmax": (masked_softmax, [-S * (1 - S), 0, S * (1 - S)], None),
    "masked logsumexp": (
        lambda x: np.logaddexp.reduce(np.where(np.array([True, False, True]), x, -np.inf)),
        [1 - S, 0, S],
        [0, 0, 0],
    ),
    "logarithm of a masked sum": (
        lambda x: np.log(np.sum(np.exp(np.where(np.array([True, False, True]), x, -np.inf)))),
        [1 - S, 0, S],
        [0, 0, 0],
    ),
    "largest beside −∞": (lambda x: np.max(np.where(x > 0, x, -np.inf)), [0, 0, 1], [0, 0, 0]),
}


@pytest.mark.parametrize("name", STRUCTURAL)
def test_structural_zeros_are_strong_at_both_orders_and_in_both_modes(name):
    f, first, second = STRUCTURAL[name]
    agree(first_derivatives(f, POINT), first)
    if second is not None:
        agree(second_derivatives(f, POINT), second)


@pytest.mark.slow
def test_higher_orders_stay_zero_in_the_branch_not_taken():
    f = lambda x: np.where(x > 0, np.sqrt(x), 0)
    for x in (-1.0, 0.0):
        assert [gw.derivative(f, n)(x) for n in range(1, 6)] == [0.0] * 5
        assert np.array_equal(gw.taylor(f, 5)(x), np.zeros(6))
        assert gw.grad(gw.grad(gw.grad(f)))(x) == 0.0
        assert gw.jvp(gw.grad(gw.grad(f)), (x,), (1.0,))[1] == 0.0


def test_what_has_tangent_or_cotangent_zero_does_not_move():
    x = np.array([0.0, 1.0])
    assert np.array_equal(gw.jvp(np.sqrt, (x,), (np.array([0.0, 1.0]),))[1], [0.0, 0.5])
    assert np.array_equal(gw.vjp(np.sqrt, x)[1](np.array([0.0, 1.0]))[0], [0.0, 0.5])
    assert np.array_equal(gw.jacfwd(lambda x: np.sum(np.sqrt(x)))(x), [np.inf, 0.5])
    assert np.array_equal(gw.jacrev(lambda x: np.sum(np.sqrt(x)))(x), [np.inf, 0.5])
    # x − y does not change along (1, 1)
    assert gw.jvp(lambda x, y: np.sqrt(x - y), (2.0, 2.0), (1.0, 1.0))[1] == 0.0


def test_a_tangent_that_an_outer_derivative_moves_is_no_structural_zero():
    assert gw.grad(lambda v: gw.jvp(np.sqrt, (4.0,), (v,))[1])(0.0) == 0.25
    f = lambda c, x: np.where(x > 0, np.sqrt(x), c * x)
    assert gw.grad(lambda c: gw.grad(f, 1)(c, 0.0))(0.0) == 1.0
    assert gw.grad(lambda c: gw.grad(lambda x: np.where(x > 0, np.log(x), c * np.sin(x)))(0.0))(0.0) == 1.0


def test_an_infinite_derivative_is_an_answer():
    for f, slope in ((np.sqrt, np.inf), (np.cbrt, np.inf), (lambda x: x**0.5, np.inf), (lambda x: -(x**0.25), -np.inf)):
        agree(first_derivatives(f, 0.0), slope)


# --- singular points that have a derivative ------------------------------------------------------------------------------------

FORMS = {
    "cbrt of a cube": (lambda x: np.cbrt(x**3), 0.0, 1, 0),
    "cbrt of a product": (lambda x: np.cbrt(x * x * x), 0.0, 1, 0),
    "cube of cbrt": (lambda x: np.cbrt(x) ** 3, 0.0, 1, 0),
    "exp of log": (lambda x: np.exp(np.log(x)), 0.0, 1, 0),
    "exp of 3 log": (lambda x: np.exp(3.0 * np.log(x)), 0.0, 0, 0),
    "expm1 of log1p": (lambda x: np.expm1(np.log1p(x)), -1.0, 1, 0),
    "square of sqrt": (lambda x: np.sqrt(x) ** 2, 0.0, 1, 0),
    "sqrt times sqrt": (lambda x: np.sqrt(x) * np.sqrt(x), 0.0, 1, 0),
    "sqrt to the fourth": (lambda x: np.sqrt(x) ** 4, 0.0, 0, 2),
    "root of a power": (lambda x: (x**3) ** (1 / 3), 0.0, 1, 0),
    "root of x⁴": (lambda x: np.sqrt(x**4), 0.0, 0, 2),
    "root of x⁶": (lambda x: (x**6) ** (1 / 3), 0.0, 0, 2),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), -800.0, 0, 0),
    "sigmoid by a power": (lambda x: (1 + np.exp(-x)) ** -1, -800.0, 0, 0),
    "silu": (lambda x: x / (1 + np.exp(-x)), -800.0, 0, 0),
    "tanh": (lambda x: 2 / (1 + np.exp(-2 * x)) - 1, -800.0, 0, 0),
}


@pytest.mark.parametrize("name", FORMS)
def test_known_forms_have_their_true_derivatives(name):
    f, x, first, second = FORMS[name]
    agree(first_derivatives(f, x), first)
    agree(second_derivatives(f, x), second)


def test_only_the_singular_entries_are_touched():
    x = np.array([0.0, 0.1, 0.7])
    f = lambda x: np.cbrt(x**3) + np.sin(x)
    agree(first_derivatives(f, x), 1 + np.cos(x), rtol=1e-14)
    g = lambda x: np.cbrt(x**3 + x**5)
    exact = (3 * x**2 + 5 * x**4) / (3 * np.cbrt(x**3 + x**5) ** 2 + (x == 0)) + (x == 0)
    found = gw.grad(lambda x: np.sum(g(x)))(x)
    np.testing.assert_allclose(found, exact, rtol=1e-10)
    assert found[1] == gw.grad(g)(0.1)
    assert found[2] == gw.grad(g)(0.7)


LIMITS = {
    "cbrt of a sum": (lambda x: np.cbrt(x**3 + x**5), 0.0, 1.0),
    "cbrt around another point": (lambda x: np.cbrt((x - 1.5) ** 3 + (x - 1.5) ** 4), 1.5, 1.0),
    "root of a fourth order": (lambda x: np.sqrt(x**4 + x**6), 0.0, 0.0),
    "|x|^1.5": (lambda x: np.sqrt(x**4 + x**2 * np.abs(x)), 0.0, 0.0),
    "x √x, from the right": (lambda x: x * np.sqrt(x), 0.0, 0.0),
    "exp of a logarithm with a factor": (lambda x: np.exp(np.log(x) + np.log1p(x)), 0.0, 1.0),
}


@pytest.mark.parametrize("name", LIMITS)
def test_the_limit_of_the_slopes_around(name):
    f, x, slope = LIMITS[name]
    agree(first_derivatives(f, x), slope, rtol=1e-9, atol=1e-10)


def test_limits_in_several_variables():
    f = lambda x: np.cbrt(x[0] ** 3 + x[0] ** 5) * np.exp(x[1]) + x[1]
    agree(first_derivatives(f, np.array([0.0, 0.5])), [np.exp(0.5), 1.0], rtol=1e-9)
    # √(x y z) at x = 0 = y: O(r) with no derivative
    with pytest.raises(SingularPointError):
        gw.grad(lambda x: np.sqrt(np.abs(x[0] * x[1])))(np.zeros(2))


# --- singular points that have none --------------------------------------------------------------------------------------------------

NONE = {
    "√|x|": (lambda x: np.sqrt(np.abs(x)), 0.0, "sqrt of 0.0"),
    "√(1 − cos x)": (lambda x: np.sqrt(1 - np.cos(x)), 0.0, "sqrt of 0.0"),
    "∛(x²)": (lambda x: np.cbrt(x**2), 0.0, "cbrt of 0.0"),
    "√(x² + x³|x|) around a kink": (lambda x: np.sqrt(x * np.sin(x)), 0.0, "sqrt of 0.0"),
    "arccos of cos": (lambda x: np.arccos(np.cos(x)), 0.0, "arccos of 1.0"),
    "√‖x‖": (lambda x: np.sqrt(np.linalg.norm(x)), np.zeros(2), "sqrt of 0.0"),
    "√hypot": (lambda x: np.sqrt(np.hypot(x[0], x[1])), np.zeros(2), "sqrt of 0.0"),
}


@pytest.mark.parametrize("name", NONE)
def test_what_has_no_derivative_raises_in_every_mode(name):
    f, x, what = NONE[name]
    ones = np.ones(np.shape(x))[()]
    for way in (
        lambda: gw.grad(f)(x),
        lambda: gw.vjp(f, x)[1](1.0),
        lambda: gw.jvp(f, (x,), (ones,)),
        lambda: gw.jacfwd(f)(x),
        lambda: gw.jacrev(f)(x),
        lambda: gw.hessian(f)(x),
        lambda: gw.hvp(f)(x, ones),
        lambda: gw.grad(lambda x: np.sum(gw.grad(f)(x)))(x),
        lambda: gw.directional_derivative(f, order=2)(x, ones),
    ):
        with pytest.raises(SingularPointError, match=re.escape(what)) as caught:
            way()
        assert caught.value.filename == __file__
        assert "np.where" in str(caught.value)


def test_the_error_names_line_value_slopes_and_cure():
    def f(x):
        y = x * 2
        return np.sqrt(y * np.sin(y))

    with pytest.raises(SingularPointError) as caught:
        gw.grad(f)(0.0)
    message = str(caught.value)
    assert caught.value.lineno == f.__code__.co_firstlineno + 2
    assert f"{__file__}:{caught.value.lineno}" in message
    assert "the derivative of f meets 0 · ∞ at sqrt of 0.0" in message
    assert "-2 on the left, 2 on the right" in message
    assert "np.linalg.norm" in message
    assert isinstance(caught.value, ArithmeticError)


def test_nan_stays_where_the_function_is_nan_or_was_given_nan():
    assert np.array_equal(
        gw.grad(lambda x: np.sum(np.sqrt(x**2)))(np.array([np.nan, 2.0])), [np.nan, 1.0], equal_nan=True
    )
    assert np.array_equal(
        gw.grad(lambda x: np.sum(np.where(np.isnan(x), 0, np.sqrt(x))))(np.array([np.nan, 4.0])), [0.0, 0.25]
    )
    assert np.array_equal(gw.grad(lambda x: np.nansum(x**2))(np.array([np.nan, 4.0])), [0.0, 8.0])
    for way in (gw.grad, gw.jacfwd, gw.jacrev, gw.hessian, gw.derivative):
        assert np.isnan(way(lambda x: x * np.log(x))(0.0))
    rows = gw.jacobian(lambda x: np.stack([x * np.log(x), np.cbrt(x**3)]))(0.0)
    assert np.array_equal(rows, [np.nan, 1.0], equal_nan=True)


# --- kinks ------------------------------------------------------------------------------------------------------------------------------

NORMS = {
    "√x²": (lambda x: np.sqrt(x**2), 0.0),
    "√(x·x)": (lambda x: np.sqrt(x * x), 0.0),
    "(x²)^½": (lambda x: (x**2) ** 0.5, 0.0),
    "√Σx²": (lambda x: np.sqrt(np.sum(x**2)), np.zeros(3)),
    "√(x·x) of vectors": (lambda x: np.sqrt(x @ x), np.zeros(3)),
    "√(x² + y²)": (lambda x: np.sqrt(x[0] ** 2 + x[1] * x[1]), np.zeros(2)),
    "√(2x² + y²/3)": (lambda x: np.sqrt(2 * x[0] ** 2 + x[1] ** 2 / 3), np.zeros(2)),
    "√ mean of squares": (lambda x: np.sqrt(np.mean((x - np.mean(x)) ** 2)), np.ones(3)),
    "std": (np.std, np.ones(3)),
    "norm": (np.linalg.norm, np.zeros(3)),
    "hypot": (lambda x: np.hypot(x[0], x[1]), np.zeros(2)),
    "abs": (np.abs, 0.0),
    "relu": (lambda x: np.maximum(x, 0), 0.0),
    "einsum": (lambda x: np.sqrt(np.einsum("i,i->", x, x)), np.zeros(3)),
}


@pytest.mark.parametrize("name", NORMS)
def test_norms_at_zero_have_slope_zero_and_warn_in_every_mode(name):
    f, x = NORMS[name]
    ones = np.zeros(np.shape(x)) + np.arange(1.0, 1.0 + np.size(x)).reshape(np.shape(x))
    for way in (
        lambda: gw.grad(f)(x),
        lambda: gw.vjp(f, x)[1](1.0)[0],
        lambda: gw.jvp(f, (x,), (ones[()],))[1],
        lambda: gw.jacfwd(f)(x),
        lambda: gw.jacrev(f)(x),
        lambda: gw.directional_derivative(f)(x, ones[()]),
        lambda: gw.hessian(f)(x),
        lambda: gw.hvp(f)(x, ones[()]),
        lambda: gw.grad(lambda x: np.sum(gw.grad(f)(x)))(x),
    ):
        gw.clear_caches()
        with pytest.warns(KinkWarning, match="the derivative passes through a kink") as caught:
            result = way()
        assert np.all(np.asarray(result) == 0)
        assert len({(w.filename, w.lineno) for w in caught}) == len(caught)


def test_a_kink_warns_once_a_line_and_at_the_users_line():
    def f(x):
        return np.abs(x) + np.abs(2 * x)

    def thrice():
        for _ in range(3):
            gw.grad(f)(0.0)
            gw.jvp(f, (0.0,), (1.0,))
            gw.hessian(f)(0.0)

    with pytest.warns(KinkWarning) as caught:
        thrice()
    assert [(w.filename, w.lineno) for w in caught] == [(__file__, f.__code__.co_firstlineno + 1)]
    gw.clear_caches()
    with pytest.warns(KinkWarning):
        gw.grad(f)(0.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(gw.grad(np.std)(x)),
        lambda x: sum([np.sum(gw.grad(np.std)(x + k)) for k in range(2)]),
    ],
    ids=["a line", "a comprehension"],
)
def test_a_line_that_differentiates_warns_once_whether_it_is_watched_or_runs_plainly(f):
    def thrice():
        for _ in range(3):
            gw.grad(f)(np.ones(3))
            f(np.ones(3))

    with pytest.warns(KinkWarning) as caught:
        thrice()
    assert len(caught) == 1


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.abs(x) * 0.0 + x,
        lambda x: np.where(x > 1, np.abs(x), x),
        lambda x: np.abs(x) * x,
        lambda x: np.abs(x) ** 3 + x,
        lambda x: np.maximum(np.abs(x), 1.0),
        lambda x: np.linalg.norm(np.stack([x, x])) ** 2,
    ],
)
def test_a_kink_that_no_cotangent_reaches_is_silent(f):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gw.grad(f)(0.0)
        gw.jvp(f, (0.0,), (1.0,))
        gw.jacobian(f)(0.0)
        gw.derivative(f)(0.0)


def test_a_kink_that_the_tangent_does_not_move_is_silent():
    f = lambda x, y: np.abs(x) + y
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gw.jvp(f, (0.0, 1.0), (0.0, 1.0))[1] == 1.0
        assert gw.grad(f, 1)(0.0, 1.0) == 1.0
        assert np.array_equal(gw.vjp(lambda x: np.abs(x), np.array([0.0, 2.0]))[1](np.array([0.0, 1.0]))[0], [0.0, 1.0])


def test_the_conventions():
    with pytest.warns(KinkWarning):
        assert gw.grad(np.abs)(0.0) == 0.0
    with pytest.warns(KinkWarning, match="maximum"):
        assert gw.grad(lambda x: np.maximum(x, 0))(0.0) == 0.0
    with pytest.warns(KinkWarning, match="minimum"):
        assert gw.grad(lambda x: np.minimum(0, x))(0.0) == 0.0
    gw.clear_caches()
    with pytest.warns(KinkWarning, match="maximum"):
        assert gw.grad(np.maximum, argnums=(0, 1))(2.0, 2.0) == (0.5, 0.5)
    with pytest.warns(KinkWarning, match="max"):
        assert np.array_equal(gw.grad(np.max)(np.array([1.0, 3.0, 3.0])), [0.0, 0.5, 0.5])
    # a chain of conventions need not be a subgradient: the slope is 1
    with pytest.warns(KinkWarning):
        assert gw.grad(lambda x: np.maximum(x, 0) - np.maximum(-x, 0))(0.0) == 0.0


@pytest.mark.parametrize(
    ("f", "hessian"),
    [
        (lambda x: np.abs(x[0]) ** 2 + x[1], [[2, 0], [0, 0]]),
        (lambda x: np.abs(x[0]) * np.abs(x[0]), [[2, 0], [0, 0]]),
        (lambda x: np.square(np.abs(x[0])), [[2, 0], [0, 0]]),
        (lambda x: np.linalg.norm(x) ** 2, [[2, 0], [0, 2]]),
        (lambda x: np.hypot(x[0], x[1]) ** 2, [[2, 0], [0, 2]]),
        (lambda x: np.sqrt(np.sum(x**2)) ** 2, [[2, 0], [0, 2]]),
        (lambda x: np.sum(np.abs(x) ** 4), [[0, 0], [0, 0]]),
    ],
)
def test_squares_of_norms_are_smooth_at_second_order(f, hessian):
    x = np.zeros(2)
    agree({"hessian": gw.hessian(f)(x), "grad of grad": gw.jacobian(gw.grad(f))(x)}, hessian)
    agree({"hvp": gw.hvp(f)(x, np.array([1.0, 0.0]))}, np.asarray(hessian)[0])
    agree({"line": gw.directional_derivative(f, order=2)(x, np.array([1.0, 0.0]))}, hessian[0][0])


def test_a_kink_of_the_gradient_is_felt_by_the_second_derivative():
    f = lambda x: x * np.abs(x)
    for way in (gw.hessian(f), gw.derivative(f, 2), gw.grad(gw.grad(f)), lambda x: gw.hvp(f)(x, 1.0)):
        gw.clear_caches()
        with pytest.warns(KinkWarning, match="abs"):
            assert way(0.0) == 0.0


def test_rows_of_zeros_and_diagonals_of_distances():
    rows = np.array([[0.0, 0.0], [3.0, 4.0]])
    for f in (
        lambda x: np.linalg.norm(x, axis=1),
        lambda x: np.sqrt((x**2).sum(1)),
        lambda x: np.hypot(x[:, 0], x[:, 1]),
    ):
        gw.clear_caches()
        with pytest.warns(KinkWarning):
            found = first_derivatives(f, rows)
        agree(found, [[0, 0], [0.6, 0.8]])


def test_the_diagonal_of_distances_is_zero_everywhere_and_no_kink():
    points = np.array([[0.0, 0.0], [3.0, 4.0]])
    total = lambda x: np.sum(np.sqrt(((x[:, None] - x[None]) ** 2).sum(-1)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for way in (gw.grad, gw.jacfwd, gw.jacrev):
            np.testing.assert_allclose(way(total)(points), [[-1.2, -1.6], [1.2, 1.6]], rtol=1e-14)


def test_complex_moduli():
    with pytest.warns(KinkWarning):
        assert gw.grad(np.abs)(0j) == 0
    with pytest.warns(KinkWarning):
        assert gw.grad(lambda z: np.sqrt(z.real**2 + z.imag**2))(0j) == 0
    with pytest.warns(KinkWarning):
        assert gw.grad(lambda z: np.sqrt((z * np.conj(z)).real))(0j) == 0


def test_single_precision():
    zero = np.float32(0)
    with pytest.warns(KinkWarning):
        result = gw.grad(lambda x: np.sqrt(x**2))(zero)
    assert result == 0
    assert result.dtype == np.float32
    assert gw.grad(lambda x: np.cbrt(x**3))(zero) == 1
    np.testing.assert_allclose(gw.grad(lambda x: np.cbrt(x**3 + x**5))(zero), 1, rtol=1e-4)


def test_clean_functions_never_enter_the_careful_path(monkeypatch):
    monkeypatch.setattr(sys.modules["gradwise.operators.singular"], "run_carefully", None)
    f = lambda x: np.sum(np.sqrt(x) * np.where(x > 2, x, 1.0))
    x = np.array([1.0, 4.0])
    np.testing.assert_allclose(gw.grad(f)(x), [0.5, 3.0])
    gw.hessian(f)(x)
    gw.jacfwd(f)(x)
    gw.jvp(f, (x,), (x,))


# --- batches ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [[-1.0, 0.0, 4.0], [0.0, -1.0, 4.0]])
def test_vmap_finds_the_derivatives_of_singular_examples_by_themselves(x):
    x = np.array(x)
    loop = lambda f: np.array([f(float(v)) for v in x])
    for f in (
        gw.grad(lambda x: np.where(x > 0, np.sqrt(x), 0)),
        gw.grad(lambda x: np.cbrt(x**3)),
        gw.grad(lambda x: np.cbrt(x**3 + x**5)),
        gw.derivative(lambda x: np.abs(x) ** 2, 2),
        gw.grad(gw.grad(lambda x: np.cos(np.abs(x)) if x != 0 else -(x**2) / 2)),
    ):
        np.testing.assert_array_equal(gw.vmap(f)(x), loop(f))
    with pytest.warns(KinkWarning):
        assert np.array_equal(gw.vmap(gw.grad(lambda x: np.sqrt(x**2)))(x), np.sign(x))
    with pytest.raises(SingularPointError):
        gw.vmap(gw.grad(lambda x: np.sqrt(np.abs(x))))(x)
    rows = np.array([[3.0, 4.0], [0.0, 0.0]])
    gw.clear_caches()
    with pytest.warns(KinkWarning):
        assert np.array_equal(gw.vmap(gw.grad(np.linalg.norm))(rows), [[0.6, 0.8], [0.0, 0.0]])


def test_choices_decided_at_equality_are_listed():
    def f(x):
        y = np.where((x > 0) & (x < 5), np.sqrt(x), 0)
        if x[2] >= 4.0:
            y = y * 2
        return np.sum(y)

    lines = [(k.primitive, k.lineno - f.__code__.co_firstlineno, k.entries) for k in gw.kinks(f, POINT)]
    assert lines == [("greater", 1, 1), ("greater_equal", 2, 1)]
    assert "decided at equality" in gw.kinks(f, POINT)[0].kind
    assert gw.kinks(f, POINT + 0.5) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_inf_in_vectors_are_the_callers_own(bad):
    def f(x):
        return np.sum(x**3) + x[0] * x[1]

    x, v = np.array([1.0, 2.0]), np.array([bad, 1.0])
    hessian = np.array([[6.0, 1.0], [1.0, 12.0]])
    np.testing.assert_array_equal(gw.hvp(f)(x, v), hessian @ v)
    np.testing.assert_array_equal(gw.jvp(lambda x: x**2, (x,), (v,))[1], 2.0 * x * v)
    np.testing.assert_array_equal(np.ravel(gw.vjp(lambda x: x**2, x)[1](v)), 2.0 * x * v)
    assert np.isnan(gw.hvp(lambda x: np.sum(x**3))(np.zeros(2), v)[0])


# --- nan that the function sorts, compares or leaves out ------------------------------------------------------------------------------

_HEIGHTS = np.array([0.33, 1.04, 0.84, 1.57, 1.12])
_PLACES = np.array([0.1, 0.45, 0.5, 1.2, 1.33])
UNDEFINED = {
    "0/0": lambda x: (_HEIGHTS[:, None] - _HEIGHTS) / (x[:, None] - x),
    "0·∞": lambda x: (np.arange(5) - 2.0) * (1 / ((np.arange(5) - 2.0) * x[:, None])),
    "sin 0 / 0": lambda x: np.sin(x[:, None] - x) / (x[:, None] - x),
}
CHOICES = {
    "sort": lambda d: np.sort(d, axis=1)[:, 1],
    "argsort": lambda d: np.take_along_axis(d, np.argsort(d, axis=1), 1)[:, 0],
    "partition": lambda d: np.partition(d, 2, axis=1)[:, 2],
    "nanmedian": lambda d: np.nanmedian(d, axis=1),
    "nanmax": lambda d: np.nanmax(d, axis=1),
    "nanmin": lambda d: np.nanmin(d, axis=1),
    "nanstd": lambda d: np.nanstd(d, axis=1),
    "nanprod": lambda d: np.nanprod(d, axis=1),
    "fmax": lambda d: np.fmax.reduce(d, axis=1),
    "√ of the rest": lambda d: np.nansum(np.sqrt(d * d + 1), axis=1),
}


@pytest.mark.parametrize("chosen", CHOICES)
@pytest.mark.parametrize("undefined", UNDEFINED)
def test_nan_that_does_not_reach_the_value_is_nan_in_the_derivative_run_too(undefined, chosen):
    def f(x):
        with np.errstate(all="ignore"):
            return CHOICES[chosen](UNDEFINED[undefined](x))

    def first(x):
        return f(x)[0] * f(x)[-1]

    h = 1e-6
    assert np.isfinite(f(_PLACES)).all()
    expected = np.stack([(f(_PLACES + e) - f(_PLACES - e)) / (2 * h) for e in h * np.eye(5)], -1)
    np.testing.assert_allclose(gw.jacrev(f)(_PLACES), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gw.jacfwd(f)(_PLACES), expected, rtol=1e-5, atol=1e-6)
    of_first = expected[0] * f(_PLACES)[-1] + expected[-1] * f(_PLACES)[0]
    np.testing.assert_allclose(gw.grad(first)(_PLACES), of_first, rtol=1e-5, atol=1e-5)
