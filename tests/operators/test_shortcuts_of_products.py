"""Shortcuts to Hessians, products and auxiliary values: what they give, and where they are left."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.product_shortcuts import PRODUCT
from gradwise.operators.reuse.by_function import shortcuts_of

X = np.array([0.4, -1.2, 2.5])
V = np.array([1.0, 0.5, -2.0])


def served(f, choice):
    kept = (shortcuts_of(f) or {}).get(choice)
    return 0 if kept is None else kept.served


def ordinary(operator, f, *args, **kwargs):
    """What the operator gives when f runs."""
    return operator(f, pure=False, method="exact", **kwargs)(*args)


SCALE = 1.5
TABLE = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 0.5]])


def make_functions():
    """Functions of a vector, made anew so that none has shortcuts."""

    def rosenbrock(x):
        return sum(100.0 * (x[k + 1] - x[k] ** 2) ** 2 + (1.0 - x[k]) ** 2 for k in range(len(x) - 1))

    def arrays(x):
        return np.sum(np.exp(0.1 * x) * x[::-1]) + SCALE * (x @ TABLE @ x) + np.log(1.0 + x @ x)

    def filled(x):
        out = np.zeros(4)
        out[:3] = np.sin(x)
        out[1] += x[0] * x[2]
        return np.sum(out**3)

    def branches(x):
        return x[0] ** 3 * x[1] if x[2] > 0.0 else np.cosh(x[0] * x[2])

    def kinked(x):
        return np.sum(np.abs(x) * x**2) + np.maximum(x[0], x[1]) ** 2

    return [rosenbrock, arrays, filled, branches, kinked]


POINTS = [X, X + 1.0, 0.3 * X, X * [1.0, 1.0, -1.0], X - 0.7, 2.0 * X, -X, X**2]


@pytest.mark.parametrize("which", range(5))
def test_hessians(which):
    f = make_functions()[which]
    h = gw.hessian(f, method="exact")
    for x in POINTS:
        found, expected = h(x), ordinary(gw.hessian, f, x)
        assert type(found) is np.ndarray
        assert found.flags.c_contiguous
        assert found.flags.writeable
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12 * np.abs(expected).max())
    assert served(f, "Hessian, 0") >= 3


@pytest.mark.parametrize("which", range(5))
def test_products_with_hessians(which):
    f = make_functions()[which]
    h = gw.hvp(f, method="exact")
    for k, x in enumerate(POINTS):
        v = V + k
        expected = ordinary(gw.hessian, f, x) @ v
        np.testing.assert_allclose(h(x, v), expected, rtol=1e-11, atol=1e-11 * np.abs(expected).max())
    assert served(f, "hvp, 0") >= 3


def test_a_hessian_of_a_constant_slope_and_of_a_quadratic():
    def linear(x):
        return x @ V

    def quadratic(x):
        return x @ TABLE @ x

    for _ in range(7):
        np.testing.assert_array_equal(gw.hessian(linear)(X), np.zeros((3, 3)))
        np.testing.assert_allclose(gw.hessian(quadratic)(X), TABLE + TABLE.T, rtol=1e-14)
        np.testing.assert_array_equal(gw.hvp(linear)(X, V), np.zeros(3))
    result = gw.hessian(quadratic)(X)
    result[...] = 0.0  # the caller's own
    np.testing.assert_allclose(gw.hessian(quadratic)(X), TABLE + TABLE.T, rtol=1e-14)


def test_second_derivatives_on_a_kink_go_the_ordinary_way():
    def f(x):
        return np.sum(np.abs(x) ** 2) + x[0] ** 3

    h, p = gw.hessian(f, method="exact"), gw.hvp(f, method="exact")
    for _ in range(6):
        np.testing.assert_allclose(h(X), np.diag([2.0 + 6 * X[0], 2.0, 2.0]), rtol=1e-12)
        np.testing.assert_allclose(p(X, V), [2.0 + 6 * X[0], 1.0, -4.0], rtol=1e-12)
    at = np.array([0.0, 0.0, 1.0])  # the second derivative of |x|^2 is 2 there as well
    np.testing.assert_allclose(h(at), 2.0 * np.eye(3), rtol=1e-12)
    np.testing.assert_allclose(p(at, V), 2.0 * V, rtol=1e-12)


def test_other_forms_of_the_point_and_the_vector():
    def f(x):
        return np.sum(x**4)

    p, h = gw.hvp(f, method="exact"), gw.hessian(f, method="exact")
    for _ in range(6):
        p(X, V), h(X)
    np.testing.assert_allclose(p(X, np.array([1, 2, 3])), 12 * X**2 * [1, 2, 3], rtol=1e-14)
    np.testing.assert_allclose(p(X, V[::-1]), 12 * X**2 * V[::-1], rtol=1e-14)
    single = p(X.astype(np.float32), V.astype(np.float32))
    assert single.dtype == np.float32
    assert h(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(h(np.ones(5)), 12 * np.eye(5))
    with pytest.raises(gw.InputError, match="shape"):
        p(X, np.ones(4))
    with pytest.raises(gw.InputError, match="complex"):
        p(X, V + 1j)
    assert np.isnan(p(X, np.array([np.nan, 0.0, 0.0]))[0])
    assert np.isinf(p(X, np.array([np.inf, 0.0, 0.0]))[0])


def test_hessians_follow_what_the_function_reads():
    weight = 2.0

    def f(x):
        return weight * np.sum(x**3)

    h = gw.hessian(f, method="exact")
    for _ in range(6):
        h(X)
    weight = 5.0
    np.testing.assert_allclose(h(X), np.diag(30.0 * X), rtol=1e-14)


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda x: np.sin(x) * x[0], lambda x, v: np.cos(x) * v * x[0] + np.sin(x) * v[0]),
        (lambda x: x @ x, lambda x, v: 2 * x @ v),
        (lambda x: float(x[0]) ** 2, lambda x, v: 2 * x[0] * v[0]),
        (lambda x: x, lambda x, v: v),
        (lambda x: x[::-1], lambda x, v: v[::-1]),
        (lambda x: np.outer(x, x).T, lambda x, v: np.outer(v, x) + np.outer(x, v)),
    ],
    ids=range(6),
)
def test_pushforwards(f, slope):
    for k in range(8):
        x, v = X + k, V - k
        value, tangent = gw.jvp(f, (x,), (v,), method="exact")
        plain = f(x)
        assert type(value) is type(tangent) is type(plain)
        np.testing.assert_allclose(value, plain, rtol=1e-14)
        np.testing.assert_allclose(tangent, slope(x, v), rtol=1e-13)
        if type(value) is np.ndarray:
            assert not any(np.shares_memory(a, b) for a in (value, tangent) for b in (x, v))
            assert tangent.flags.c_contiguous
    assert served(f, PRODUCT) >= 3


def test_pushforwards_of_several_arguments():
    def f(x, s, y):
        return s * x * y + s**2

    for k in range(8):
        x, y, s = X + k, X - k, 1.0 + k
        value, tangent = gw.jvp(f, (x, s, y), (V, 2.0, -V), method="exact")
        np.testing.assert_allclose(value, s * x * y + s**2, rtol=1e-14)
        np.testing.assert_allclose(tangent, 2.0 * x * y + s * V * y - s * x * V + 4.0 * s, rtol=1e-13)
    assert served(f, PRODUCT) >= 3
    value, tangent = gw.jvp(f, (X, 1.0, X), (V, 0, V))  # an integer 0: it does not move
    np.testing.assert_allclose(tangent, 2 * X * V, rtol=1e-14)
    with pytest.raises(gw.InputError, match="shape"):
        gw.jvp(f, (X, 1.0, X), (V, 2.0, np.ones(4)))


def test_pushforwards_at_kinks_warn():
    def f(x):
        return np.abs(x) * 2.0

    for _ in range(6):
        gw.jvp(f, (X,), (V,))
    with pytest.warns(gw.KinkWarning):
        gw.jvp(f, (np.array([0.0, 1.0, 2.0]),), (V,))


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_derivatives_of_numbers(order):
    def f(x):
        return np.exp(2.0 * x) + x**3

    d = gw.derivative(f, order, method="exact")
    for x in np.linspace(-1.0, 1.0, 9).tolist():
        found = d(x)
        assert type(found) is float
        cubic = {1: 3 * x**2, 2: 6 * x, 3: 6.0, 5: 0.0}[order]
        assert found == pytest.approx(2.0**order * np.exp(2 * x) + cubic, rel=1e-13)
    assert served(f, f"derivative, {order}") >= 3
    np.testing.assert_allclose(d(np.array([0.0])), ordinary(gw.derivative, f, np.array([0.0]), order=order))


def test_derivatives_on_kinks_and_of_nothing():
    def f(x):
        return abs(x) ** 3

    d = gw.derivative(f, 2, method="exact")
    for _ in range(6):
        assert d(2.0) == pytest.approx(12.0)
    assert d(0.0) == 0.0

    def constant(x):
        return 3.0 + 0.0 * x

    for _ in range(6):
        assert gw.derivative(constant)(1.0) == 0.0
        assert gw.derivative(lambda x: x, 2)(1.0) == 0.0
    with pytest.raises(gw.InputError, match="without a point"):
        d()


def beside(x, n=3):
    y = np.sin(x)
    return y.sum(), {
        "name": "abc",
        "n": n,
        "y": y,
        "x": x,
        "l": [x[0], float(x[1]), 2.5, True, None],
        "c": np.arange(3),
    }


def test_values_beside_the_gradient():
    g, v = gw.grad(beside, has_aux=True, method="exact"), gw.value_and_grad(beside, has_aux=True, method="exact")
    for k in range(8):
        x = X + k
        plain, expected = beside(x)
        (value, first), gradient = v(x)
        again, second = g(x)
        assert value == pytest.approx(plain, rel=1e-14)
        np.testing.assert_allclose(gradient, np.cos(x), rtol=1e-14)
        np.testing.assert_allclose(again, np.cos(x), rtol=1e-14)
        for found in (first, second):
            assert list(found) == list(expected)
            assert found["name"] == "abc"
            assert found["n"] == 3
            assert type(found["n"]) is int
            assert found["l"] == expected["l"]
            assert [type(e) for e in found["l"]] == [type(e) for e in expected["l"]]
            for name in ("x", "y", "c"):
                np.testing.assert_allclose(found[name], expected[name], rtol=1e-14)
                assert found[name].dtype == expected[name].dtype
                assert not np.shares_memory(found[name], x)
            found["c"][...] = -1
            found["l"].append(1)
    assert served(beside, "0 with auxiliary") >= 8


def test_products_without_warnings_of_their_own():
    def f(x):
        return np.sum(np.sqrt(x))

    at = np.array([1.0, 4.0, 9.0])
    for _ in range(6):
        gw.hvp(f)(at, V)
        gw.jvp(f, (at,), (V,))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert np.isnan(gw.jvp(f, (np.array([-1.0, 1.0, 1.0]),), (V,), pure=False)[0])
        plain = [str(w.message) for w in caught]
        caught.clear()
        assert np.isnan(gw.jvp(f, (np.array([-1.0, 1.0, 1.0]),), (V,))[0])
        assert [str(w.message) for w in caught] == plain
