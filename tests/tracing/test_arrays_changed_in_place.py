"""Arrays that a function makes of constants, and then changes by traced values, however it came by them: globals, arguments, NumPy's functions, parts and views, tuples taken apart."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

A = np.arange(9.0).reshape(3, 3) + np.eye(3)
B = np.array([1.0, -2.0, 0.5])
X = np.array([1.3, 2.2, 3.1])


def copied(x):
    r = B.copy()
    r -= A @ x
    return r @ r


def scaled(x):
    r = 2.0 * B
    r -= A @ x
    return r @ r


def negated(x):
    r = -B
    r += x**2
    return r @ r


def summed(x):
    r = A.sum(axis=0)
    r *= x
    return r @ r


def by_numpy(x):
    r = np.exp(B)
    r /= x
    return np.sum(r)


def of_numbers_alone(x):
    r = np.linspace(0, 1, 3)
    r += x
    return r @ r


def repeated(x):
    r = np.repeat(1.5, 3)
    r **= x
    return r @ r


def _residual(x):
    r = B * 1.0
    r -= x**3
    return r


def by_another(x):
    return _residual(x) @ _residual(x)


def of_an_argument(x, b, c=None):
    r = b * 3.0
    r -= x if c is None else x * c[0][1]
    return r @ r


def a_view_of_what_was_made(x):
    r = np.linspace(0, 1, 6)[::2]
    r *= x
    return r @ r


def seen_through_a_view(x):
    a = np.linspace(0, 1, 3)
    b = a[1:]
    a += x
    return b @ b


ABOVE = [copied, scaled, negated, summed, by_numpy, of_numbers_alone, repeated, by_another, a_view_of_what_was_made, seen_through_a_view]  # fmt: skip


def column(x):
    u = np.linspace(0, 1, 4)[:, None]
    u[2] *= x[0]
    return (u.T @ u).item() * x[1]


def part(x):
    u = np.arange(8.0)[1:5]
    u[1] = x[0]
    u[1:3] += x[1:]
    return u @ u


def row_of_a_shape(x):
    u = np.arange(6.0).reshape(2, 3)[1]
    u[0] *= x[2]
    return u @ x


def turned(x):
    u = np.arange(6.0).reshape(2, 3).T
    u[0] = x[0]
    return np.sum(u**2)


def by_choice(x):
    u = np.linspace(0, 1, 3) if x[0] > 0 else np.zeros(3)
    u[1] = x[0] * x[1]
    return u @ u


def in_an_expression(x):
    if (u := np.linspace(0, 1, 3)) is not None:
        u[1] = x[0] ** 2
    return u @ u


def two_at_once(x):
    u, v = np.linspace(0, 1, 3), np.repeat(2.0, 3)
    u[0], v[1] = x[0], x[1]
    return u @ v


def a_grid(x):
    u, v = np.meshgrid(np.arange(3.0), np.arange(2.0))
    u[0] = u[0] * x[0]
    v[1] += x[1]
    return np.sum(u * v)


def factors(x):
    q, r = np.linalg.qr(A)
    r[0, 0] = x[0] ** 2
    return np.sum((q @ r) ** 2)


def rows_with_numbers(x):
    a = np.arange(9.0).reshape(3, 3)
    for i, row in enumerate(a):
        row[i] = x[i]
    return np.sum(a**2)


def rows_of_two(x):
    a, b = np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(2, 3)[::-1]
    for u, v in zip(a, reversed(b), strict=True):
        u[0] = x[0]
        v[1] *= x[1]
    return np.sum(a * b)


def nobody_misses_it(x):
    """The tuple is kept: what is written to its arrays is seen there."""
    pair = np.linspace(0, 1, 3), np.linspace(1, 2, 3)
    u, _ = pair
    u[0] = x[0]
    return u @ u + x[1] * pair[0][0]


FILLED = [column, part, row_of_a_shape, turned, by_choice, in_an_expression, two_at_once, a_grid, factors, rows_with_numbers, rows_of_two]  # fmt: skip


def _differences(f, x):
    step = 1e-5
    return np.array([(f(x + step * d) - f(x - step * d)) / (2 * step) for d in np.eye(x.size)])


def _agrees(f, g, x):
    np.testing.assert_allclose(g(x), _differences(f, x), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("f", [*ABOVE, *FILLED], ids=lambda f: f.__name__)
def test_they_are_differentiated(f):
    gradient = gw.grad(f, method="exact")
    for k in range(4):
        _agrees(f, gradient, X * (1 + 0.1 * k))
    assert A[0, 0] == 1.0
    assert B[0] == 1.0


def test_arrays_among_the_arguments():
    for others in ((B,), (B, [(1.0, 2.0)]), (B, [A])):
        _agrees(lambda x, o=others: of_an_argument(x, *o), lambda x, o=others: gw.grad(of_an_argument, method="exact")(x, *o), X)  # fmt: skip
    np.testing.assert_array_equal(B, [1.0, -2.0, 0.5])


def test_without_their_text():
    """Code without a source has hooks in its bytecode."""
    names = {"np": np}
    exec("def g(x):\n    u = np.linspace(0, 1, 6)[1:4]\n    u[1] *= x[0]\n    return u @ x", names)
    _agrees(names["g"], gw.grad(names["g"], method="exact"), X)


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
def test_what_is_kept_elsewhere_is_followed_or_refused():
    """An array of a tuple that is kept is not made another: its entry there would be the old one."""
    truth = _differences(nobody_misses_it, X)
    np.testing.assert_allclose(gw.grad(nobody_misses_it)(X), truth, rtol=1e-7)
