"""``np.where``, ``np.select`` and masks by equality: first and second derivatives are those of the function around the point, or an error says so.  Truth: closed forms."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.equal_entries import forget_equalities

W = np.array([3.0, 4.0, 5.0])
Z = np.array([0.0, 1.0, 2.0])
P = np.array([0.3, 1.0, 2.0])


@pytest.fixture(autouse=True)
def fresh():
    forget_equalities()
    gw.clear_caches()


def left_out(w):
    return np.sum(np.where(w == 0, 0.0, w * W + w**2))


def left_out_the_other_way(w):
    return np.sum(np.where(w != 0, w * W + w**2, 0.0))


def selected(w):
    return np.sum(np.select([w == 0, w > 0], [0.0 * w, w * W + w**2], w * W + w**2))


def masked(w):
    total, m = np.zeros(3), w != 0
    total[m] = w[m] * W[m] + w[m] ** 2
    return np.sum(total)


def multiplied(w):
    return np.sum((w != 0) * (w * W + w**2))


def by_truth(w):
    return np.sum(np.where(w, w * W + w**2, 0.0))


def by_place(w):
    (k,) = np.nonzero(w)
    return np.sum(w[k] * W[k] + w[k] ** 2)


def counted(w):
    if np.any(w == 0):
        w = w[w != 0] if w.size == 3 else w
        return np.sum(w * W[-w.size :] + w**2)
    return np.sum(w * W + w**2)


LEFT_OUT = [left_out, left_out_the_other_way, selected, masked, multiplied, by_truth, by_place, counted]


@pytest.mark.parametrize("warm", [0, 5])
@pytest.mark.parametrize("f", LEFT_OUT)
def test_terms_that_are_left_out_are_put_back(f, warm):
    operators = {
        "grad": (gw.grad(f, method="exact"), lambda x: W + 2 * x),
        "hessian": (gw.hessian(f, method="exact"), lambda x: 2 * np.eye(3)),
        "hvp": (lambda x: gw.hvp(f, method="exact")(x, P), lambda x: 2 * P),
        "jvp": (lambda x: gw.jvp(f, (x,), (P,), method="exact")[1], lambda x: P @ (W + 2 * x)),
        "vjp": (lambda x: gw.vjp(f, x, method="exact")[1](1.0)[0], lambda x: W + 2 * x),
        "jacobian": (
            gw.jacobian(lambda x: np.array([f(x), 2 * f(x)]), method="exact"),
            lambda x: np.outer([1, 2], W + 2 * x),
        ),
    }
    for name, (operator, truth) in operators.items():
        for k in range(warm):  # until a program stands for the function, and a shortcut leads to the result
            operator(P + 0.01 * k)
        for _ in range(3):
            np.testing.assert_allclose(operator(Z), truth(Z), rtol=1e-12, atol=1e-12, err_msg=name)


def limit(x):
    return np.sum(np.where(x == 0, 1.0, np.log1p(x) / np.where(x == 0, 1.0, x)))


def slope_of_limit(x):
    return (x / (1 + x) - np.log1p(x)) / x**2


@pytest.mark.parametrize("warm", [0, 5])
def test_a_limit_that_is_written_down_has_no_derivative(warm):
    g = gw.grad(limit, method="exact")
    for k in range(warm):
        np.testing.assert_allclose(g(P + 0.01 * k), slope_of_limit(P + 0.01 * k), rtol=1e-9)
    for _ in range(2):
        with pytest.raises(gw.TracingError, match="takes a branch here because two values are equal"):
            g(Z)
    np.testing.assert_allclose(g(P), slope_of_limit(P), rtol=1e-9)
    with pytest.warns(gw.NumericalFallbackWarning):
        np.testing.assert_allclose(gw.grad(limit)(Z), [-0.5, *slope_of_limit(Z[1:])], rtol=1e-6)


def sinc(x):
    return np.sum(np.where(x == 0, 1.0, np.sin(x) / np.where(x == 0, 1.0, x)))


@pytest.mark.parametrize("warm", [0, 5])
def test_a_second_derivative_that_is_none(warm):
    g, h = gw.grad(sinc, method="exact"), gw.hessian(sinc, method="exact")
    for k in range(warm):
        g(P + 0.01 * k), h(P + 0.01 * k)
    slopes = [0.0, *(np.cos(Z[1:]) / Z[1:] - np.sin(Z[1:]) / Z[1:] ** 2)]
    for _ in range(3):
        np.testing.assert_allclose(g(Z), slopes, rtol=1e-12)
        with pytest.raises(gw.TracingError, match="takes a branch here because two values are equal"):
            h(Z)
        with pytest.raises(gw.TracingError):
            gw.hvp(sinc, method="exact")(Z, P)


def test_a_right_branch_is_compared_once_and_then_reused():
    runs = []

    def f(x):
        runs.append(1)
        return np.sum(np.where(x == 0, 0.0, x**3))

    g, h = gw.grad(f, method="exact"), gw.hessian(f, method="exact")
    for k in range(5):
        g(P + k), h(P + k)
    for _ in range(4):
        np.testing.assert_allclose(g(Z), 3 * Z**2, rtol=1e-14)
        np.testing.assert_allclose(h(Z), np.diag(6 * Z), rtol=1e-14)
    runs.clear()
    for _ in range(3):
        g(Z), h(Z)
    assert len(runs) == 6


def test_one_line_does_not_excuse_another():
    def f(x, y):
        a = np.sum(np.where(x == 0, 0.0, x**3))
        return a + np.sum(np.where(y == 0, 0.0, y * W))

    g = gw.grad(f, argnums=(0, 1), method="exact")
    for x, y in ((Z, P), (P, Z), (Z, Z), (P, P), (Z, Z)):
        for k in range(3):
            dx, dy = g(x, y)
            np.testing.assert_allclose(dx, 3 * x**2, atol=1e-14, err_msg=str(k))
            np.testing.assert_allclose(dy, W, rtol=1e-14)


def test_numbers_and_other_values_than_zero():
    def f(x):
        return np.where(x == 1.0, 1.0, x**3)

    np.testing.assert_allclose([gw.derivative(f)(v) for v in (0.5, 1.0, 2.0)], [0.75, 3.0, 12.0], rtol=1e-14)
    np.testing.assert_allclose([gw.derivative(f, order=2)(v) for v in (0.5, 1.0)], [3.0, 6.0], rtol=1e-12)


def test_two_arguments():
    def f(x):
        return np.where(x[0] == x[1], 0.0, (x[0] - x[1]) * x[2])

    for _ in range(4):
        np.testing.assert_allclose(gw.grad(f)(np.array([1.0, 1.0, 2.0])), [2.0, -2.0, 0.0], rtol=1e-14)
        np.testing.assert_allclose(gw.grad(f)(np.array([1.5, 1.0, 2.0])), [2.0, -2.0, 0.5], rtol=1e-14)


def test_examples_of_vmap():
    rows = np.stack([P, Z, P, Z])
    np.testing.assert_allclose(gw.vmap(gw.grad(left_out))(rows), W + 2 * rows, rtol=1e-14)
    np.testing.assert_allclose(gw.vmap(gw.grad(left_out))(rows[1:]), W + 2 * rows[1:], rtol=1e-14)


def test_where_there_is_no_derivative_the_convention_holds():
    def kink(x):
        return np.sum(np.where(x == 0, 0.0, np.abs(x)) * W)

    def infinite(x):
        return np.sum(np.where(x == 0, 0.0, x * np.log(np.where(x == 0, 1.0, x))))

    def jump(x):
        return np.sum(np.where(x == 0, 5.0, x**2))

    np.testing.assert_allclose(gw.grad(infinite)(Z), [0.0, 1.0, 1.0 + np.log(2.0)], rtol=1e-14)
    np.testing.assert_allclose(gw.grad(jump)(Z), 2 * Z, rtol=1e-14)
    np.testing.assert_allclose(gw.grad(kink)(Z)[1:], W[1:], rtol=1e-14)


def test_data_that_are_equal_are_no_question():
    labels, calls = np.array([0.0, 1.0, 0.0]), []

    def f(x):
        calls.append(1)
        return np.sum(np.where(labels == 0, x * W, 0.0))

    gw.grad(f, method="exact")(Z)
    calls.clear()
    np.testing.assert_allclose(gw.grad(f, method="exact")(Z), [3.0, 0.0, 5.0])
    assert len(calls) == 1


def test_unless_checks_are_switched_off():
    np.testing.assert_allclose(gw.grad(left_out, check=False)(Z), [0.0, *(W + 2 * Z)[1:]], rtol=1e-14)


@pytest.mark.parametrize("first", [P, Z])
def test_comparisons_are_not_counted(first):
    stats = {"f": 0}

    def f(x):
        stats["f"] += 1
        return np.sum(np.where(x == 0, 0.0, x * W))

    g = gw.grad(f)
    for k in range(1, 9):
        np.testing.assert_allclose(g(first if k % 2 else P + Z - first), W, rtol=1e-14)
        assert stats["f"] == k
