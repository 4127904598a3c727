"""``scipy.optimize.elementwise``: roots and minima of which each entry has its own; the truths are closed forms."""

import numpy as np
import pytest
from scipy.optimize import elementwise

import gradwise as gw

A = np.array([0.5, 2.0, 30.0])


def cube_roots(p):
    return elementwise.find_root(lambda x, a: x**3 - a, (np.zeros(3), np.full(3, 4.0)), args=(p,))


@pytest.mark.slow
def test_roots_of_the_arguments():
    weights = np.array([1.0, -2.0, 0.5])
    f = lambda p: weights @ cube_roots(p).x
    for _ in range(4):
        value, slope = gw.value_and_grad(f, method="exact")(A)
        assert value == f(A)
        np.testing.assert_allclose(slope, weights * A ** (-2 / 3) / 3, rtol=1e-11)
    np.testing.assert_allclose(gw.hessian(f)(A), np.diag(-2 / 9 * weights * A ** (-5 / 3)), rtol=1e-9, atol=1e-14)


def test_a_root_of_what_the_equation_reads():
    def f(p):
        found = elementwise.find_root(lambda x: np.exp(x) - p[0] * p[1], (0.0, 5.0))
        return found.x * found.nit / found.nit + found.f_x

    np.testing.assert_allclose(gw.grad(f, method="exact")(np.array([2.0, 3.0])), [1 / 2, 1 / 3], rtol=1e-12)


def test_an_argument_for_all_entries():
    def f(p):
        found = elementwise.find_root(lambda x, a, b: a * x - b, (np.full(3, -50.0), np.full(3, 99.0)), args=(A, p))
        return np.sum(found.x * found.success)

    assert gw.grad(f, method="exact")(0.7) == pytest.approx(np.sum(1 / A), rel=1e-13)


@pytest.mark.slow
def test_minima_and_their_values():
    def f(p):
        found = elementwise.find_minimum(
            lambda x, a, b: b * (x - a) ** 2 + 0.1 * (x - a) ** 4 - a * b,
            (np.full(2, -5.0), np.zeros(2), np.full(2, 9.0)),
            args=(p[:2], p[2]),
        )
        return np.sum(found.x * [1.0, 2.0]) + np.sum(found.f_x)

    p = np.array([1.0, 1.5, 0.7])
    np.testing.assert_allclose(gw.grad(f, method="exact")(p), [1 - 0.7, 2 - 0.7, -2.5], rtol=1e-9)
    np.testing.assert_allclose(gw.hessian(f)(p), [[0, 0, -1], [0, 0, -1], [-1, -1, 0]], atol=1e-8)


def test_what_is_no_root_raises():
    with pytest.raises(gw.TracingError, match="did not converge for every entry"):
        gw.grad(
            lambda p: np.sum(elementwise.find_root(lambda x, a: x**2 + a, (-1.0, 2.0), args=(p,)).x), method="exact"
        )(A)
    with pytest.raises(gw.TracingError, match="Its x and f_x have one"):
        gw.grad(lambda p: np.sum(cube_roots(p).bracket[0]), method="exact")(A)
    assert cube_roots(A).success.all()


def test_a_root_within_a_bracket_that_is_found():
    def f(p):
        found = elementwise.bracket_root(lambda x, a: x**3 - a, 0.0, args=(p,))
        return np.sum(elementwise.find_root(lambda x, a: x**3 - a, found.bracket, args=(p,)).x)

    for _ in range(4):
        value, slope = gw.value_and_grad(f, method="exact")(A)
        assert value == f(A)
        np.testing.assert_allclose(slope, A ** (-2 / 3) / 3, rtol=1e-11)


def test_a_bracket_that_starts_where_it_moves_has_no_rule():
    # the ends are whole steps from the start, and others a little further on
    with pytest.raises(gw.TracingError, match=r"bracket_root\(\.\.\.\)\.bracket has no rule"):
        gw.grad(lambda p: elementwise.bracket_root(lambda x: x - 3.0, p).bracket[0] * 1.0, method="exact")(0.5)
