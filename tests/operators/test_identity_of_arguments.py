"""``a is b`` for one array given twice: the value is that of a plain call, the derivative that of the function around the point, or an error says so."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

X = np.array([1.0, 2.0, -0.5])
NOISE = 0.25


def kernel(a, b):
    value = np.sum(np.cos(a) * b)
    if a is b:
        value = value + NOISE
    return value


def kernel_of_two(a, b):
    return np.sum(np.cos(a) * b) if a is not b else np.sum(np.cos(a) * b) + NOISE


def by_symmetry(a, b):
    if a is b:
        return np.sum(a * a)
    return np.sum(a * b)


def doubled(a, b):
    return 2 * np.sum(a * b) if a is b else np.sum(a * b)


MADE: dict = {"np": np}
exec(
    "def kernel_without_source(a, b):\n    value = np.sum(np.cos(a) * b)\n    if a is b:\n        value = value + 0.25\n    return value\n"
    "def two_without_source(a, b):\n    return np.sum(np.cos(a) * b) if a is not b else np.sum(np.cos(a) * b) + 0.25\n",
    MADE,
)


@pytest.mark.parametrize(
    "f", [kernel, kernel_of_two, MADE["kernel_without_source"], MADE["two_without_source"], gw.compile(kernel)]
)
def test_the_value_is_that_of_a_plain_call(f):
    for _ in range(5):
        for argnums, truth in ((0, -np.sin(X) * X), (1, np.cos(X)), ((0, 1), (-np.sin(X) * X, np.cos(X)))):
            value, slope = gw.value_and_grad(f, argnums, method="exact")(X, X)
            assert value == pytest.approx(np.sum(np.cos(X) * X) + NOISE, rel=1e-14)
            np.testing.assert_allclose(slope, truth, rtol=1e-14)
            value, slope = gw.value_and_grad(f, argnums, method="exact")(X, X.copy())
            assert value == pytest.approx(np.sum(np.cos(X) * X), rel=1e-14)
            np.testing.assert_allclose(slope, truth, rtol=1e-14)


def test_a_shortcut_for_one_array_has_the_partial_derivative_by_one_of_two():
    for _ in range(4):
        value, (da, db) = gw.value_and_grad(by_symmetry, (0, 1), method="exact")(X, X)
        assert value == X @ X
        np.testing.assert_allclose([da, db], [X, X], rtol=1e-14)
        np.testing.assert_allclose(gw.grad(by_symmetry, method="exact")(X, X), X, rtol=1e-14)


def test_another_function_for_one_array_is_refused():
    for _ in range(3):
        with pytest.raises(gw.TracingError, match=r"identity of a value.*x\.copy\(\)"):
            gw.grad(doubled, method="exact")(X, X)
        np.testing.assert_allclose(gw.grad(doubled, method="exact")(X, X.copy()), X, rtol=1e-14)
    with pytest.warns(gw.NumericalFallbackWarning):
        value, _ = gw.value_and_grad(doubled)(X, X)
    assert value == 2 * (X @ X)


def test_numbers():
    def f(a, b):
        return a * b + 5.0 if a is b else a * b

    x, y = float("2.5"), float("2.5")
    assert gw.value_and_grad(f, (0, 1), method="exact")(x, x) == (11.25, (2.5, 2.5))
    assert gw.value_and_grad(f, (0, 1), method="exact")(x, y) == (6.25, (2.5, 2.5))


def test_leaves_and_containers():
    def leaves(p):
        return np.sum(p["a"] * p["b"]) + (1.0 if p["a"] is p["b"] else 0.0)

    def lists(p, q):
        return np.sum(p[0] * q[0]) + (1.0 if p is q else 0.0)

    one, other = X.copy(), X.copy()
    assert gw.value_and_grad(leaves, method="exact")({"a": one, "b": one})[0] == X @ X + 1
    assert gw.value_and_grad(leaves, method="exact")({"a": one, "b": other})[0] == X @ X
    p = [one]
    assert gw.value_and_grad(lists, (0, 1), method="exact")(p, p)[0] == X @ X + 1
    assert gw.value_and_grad(lists, method="exact")(p, p)[0] == X @ X + 1
    assert gw.value_and_grad(lists, (0, 1), method="exact")(p, [one])[0] == X @ X


def test_after_a_write_and_inside_a_derivative():
    def written(a, b):
        a = a.copy()
        c = a
        a += 1.0
        return np.sum(a * b) + (1.0 if c is a else 0.0)

    def outer(x):
        return gw.value_and_grad(kernel, method="exact")(x, x)[0]

    assert gw.value_and_grad(written, method="exact")(X, X)[0] == (X + 1) @ X + 1
    value, slope = gw.value_and_grad(outer, method="exact")(X)
    assert value == pytest.approx(kernel(X, X), rel=1e-14)
    np.testing.assert_allclose(slope, np.cos(X) - X * np.sin(X), rtol=1e-14)


def test_what_was_kept_from_an_earlier_call_is_computed_anew():
    class Model:
        last = value = None

        def f(self, x):
            if x is self.last:
                return self.value
            self.last, self.value = x, np.sum(x**3)
            return self.value

    m = Model()
    m.f(X)
    for _ in range(3):
        value, slope = gw.value_and_grad(m.f, method="exact")(X)
        assert value == np.sum(X**3)
        np.testing.assert_allclose(slope, 3 * X**2, rtol=1e-14)
