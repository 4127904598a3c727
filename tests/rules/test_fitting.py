"""np.polyfit and np.roots: laws, closed forms, options."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

from .laws import check_function

RNG = np.random.default_rng(2)
X = np.linspace(-1, 2, 7)
Y = RNG.standard_normal(7)

CASES = {
    "line": (lambda x, y: np.polyfit(x, y, 1), (X, Y)),
    "cubic": (lambda x, y: np.polyfit(x, y, 3), (X, Y)),
    "weights": (lambda y, w: np.polyfit(X, y, 2, w=w), (Y, RNG.random(7) + 0.5)),
    "columns": (lambda y: np.polyfit(X, y, 2), (RNG.standard_normal((7, 2)),)),
    "covariance": (lambda x, y: np.polyfit(x, y, 1, cov=True), (X, Y)),
    "unscaled": (lambda x: np.polyfit(x, Y, 1, cov="unscaled")[1], (X,)),
    "full": (lambda y: np.polyfit(X, y, 2, full=True)[:2], (Y,)),
    "roots": (lambda p: np.roots(p), (np.array([1.0, -6.0, 11.0, -6.5]),)),
    "complex roots": (lambda p: np.roots(p), (np.array([1.0, 0.5, 2.0]),)),
    "a root at zero": (lambda p: np.roots(np.concatenate([[0.0], p])), (np.array([2.0, -3.0, 1.0]),)),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_laws(name):
    function, arguments = CASES[name]
    check_function(function, *arguments, order=1, scale=1e-3)


def test_second_order():
    check_function(lambda x, y: np.polyfit(x, y, 2), X, Y, order=2, scale=1e-3, rtol=1e-6)


def test_a_mean_is_a_polynomial_of_degree_zero():
    np.testing.assert_allclose(gw.jacobian(lambda y: np.polyfit(X, y, 0))(Y), np.full((1, 7), 1 / 7))


def test_a_root_moves_by_the_implicit_function_theorem():
    """dr/dp_k = −r^(n−k)/p'(r)."""
    p = np.array([1.0, -3.0, 1.0])
    r = np.roots(p)
    expected = -np.vander(r, 3) / np.polyval(np.polyder(p), r)[:, None]
    np.testing.assert_allclose(gw.jacobian(np.roots)(p), expected, rtol=1e-12)


@pytest.mark.parametrize("p", [[1.0, -3.0, 2.0, 0.0], [1.0, 0.5, 2.0, 0.0], [2.0, 0.0]])
def test_a_root_at_zero_moves_with_the_last_coefficient_and_so_do_the_others(p):
    p = np.array(p)
    r = np.roots(p)
    assert r[-1] == 0
    expected = -np.vander(r, len(p)) / np.polyval(np.polyder(p), r)[:, None]
    np.testing.assert_allclose(gw.jacobian(np.roots)(p), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(gw.jvp(np.roots, (p,), (p,))[0], r)


@pytest.mark.parametrize("p", [[1.0, -3.0, 2.0, 0.0, 0.0], [1.0, -3.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
@pytest.mark.parametrize("f", [np.roots, lambda p: np.sum(np.abs(np.roots(p)) ** 2), lambda p: np.poly1d(p).roots])
def test_a_multiple_root_at_zero_has_no_derivative_by_the_coefficients_that_are_0(f, p):
    with pytest.raises(gw.SingularPointError, match="distinct"):
        gw.jacobian(f, method="exact")(np.array(p))


def test_simple_roots_move_with_all_coefficients_beside_a_multiple_root_at_zero():
    p = np.array([1.0, -3.0, 2.0, 0.0, 0.0])
    r = np.array([2.0, 1.0])
    expected = -np.vander(r, 5) / np.polyval(np.polyder(p), r)[:, None]
    np.testing.assert_allclose(gw.jacobian(lambda p: np.roots(p)[:2], method="exact")(p), expected, rtol=1e-12)


def test_constant_zeros_at_the_end_leave_constant_roots():
    found = gw.jacobian(lambda a: np.roots(np.array([a, -3.0, 0.0, 0.0])), method="exact")(2.0)
    np.testing.assert_allclose(found, [-0.75, 0.0, 0.0], rtol=1e-14)


@pytest.mark.parametrize("jacobian", [gw.jacfwd, gw.jacrev])
def test_zeros_around_traced_coefficients_change_nothing(jacobian):
    p = np.array([2.0, -3.0, 1.0])
    padded = lambda p: np.roots(np.concatenate([[0.0], p, [0.0, 0.0]]))
    found = jacobian(padded, method="exact")(p)
    np.testing.assert_allclose(found, np.vstack([jacobian(np.roots)(p), np.zeros((2, 3))]), rtol=1e-12, atol=1e-14)
    second = gw.hessian(lambda p: np.sum(padded(p) ** 3), method="exact")(p)
    np.testing.assert_allclose(second, gw.hessian(lambda p: np.sum(np.roots(p) ** 3))(p), rtol=1e-10, atol=1e-12)


def test_errors_are_numpys():
    with pytest.raises(ValueError, match="deg >= 0"):
        gw.grad(lambda y: np.sum(np.polyfit(X, y, -1)))(Y)
    with pytest.raises(TypeError, match="same length"):
        gw.grad(lambda y: np.sum(np.polyfit(X[:3], y, 1)))(Y)
