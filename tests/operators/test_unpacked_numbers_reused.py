"""Objects and functions that are given numbers by ``*values``, sums of numbers, and rows that are turned by ``zip(*rows)``, in proved functions; after changes too."""

from __future__ import annotations

import numpy as np
import pytest
from following import follows

import gradwise as gw


class Poly:
    def __init__(self, *c):
        self.c = list(c)

    def __call__(self, t):
        total = 0.0
        for c in reversed(self.c):
            total = total * t + c
        return total

    def __mul__(self, other):
        out = [0.0] * (len(self.c) + len(other.c) - 1)
        for i, a in enumerate(self.c):
            for j, b in enumerate(other.c):
                out[i + j] += a * b
        return Poly(*out)

    def slope(self):
        return Poly(*[k * c for k, c in enumerate(self.c)][1:])


def test_polynomials_of_the_users() -> None:
    kept = Poly(1.0, 2.0)

    def f(x):
        p = Poly(*x) * kept * Poly(1.0, x[0])
        return p(0.5) + p.slope()(x[1])

    follows(
        f,
        lambda: kept.c.append(3.0),
        lambda: setattr(kept, "c", [2.0]),
        lambda: setattr(Poly, "__call__", lambda self, t: sum(self.c) * t),
    )


def test_sums_of_numbers_are_numbers() -> None:
    def f(x):
        total = sum(v * v for v in x)
        total += sum([v for v in x if v > 0.7])
        parts = [sum(x), sum((x[0], 1.0)), sum([])]
        parts[0] += x[1]
        other = parts
        other[2] += x[2]
        return total * parts[0] * parts[1] + parts[2]

    follows(f, is_served=False)


def test_a_sum_of_arrays_is_an_array() -> None:
    """Nothing is put into the array of the caller's, where that is all that is added."""
    kept = [np.ones(4)]

    def f(x):
        total = sum([v * 2.0 for v in kept])
        total *= x
        rows = sum([[x * 1.0], [x * 2.0]], [])  # noqa: RUF017
        rows[0] *= x
        return np.sum(total) * np.sum(rows[0]) + np.sum(rows[1])

    follows(f, lambda: kept.append(np.full(4, 2.0)), lambda: kept.__setitem__(0, np.arange(4.0)), is_served=False)
    np.testing.assert_array_equal(kept[0], np.arange(4.0))


def test_rows_that_are_turned() -> None:
    def f(x):
        rows = [[x[0], 1.0, x[1]], [x[2], x[3], 2.0]]
        columns = [list(c) for c in zip(*rows)]
        columns[1][0] += x[0]
        other = columns[2]
        other[1] *= x[1]
        return sum(a * b for a, b in columns) + rows[0][1]

    follows(f)


def test_what_is_not_of_numbers() -> None:
    """Arrays that are given so are the caller's."""
    kept = [np.ones(4), np.full(4, 2.0)]

    def f(x):
        def into(*values):
            values[0][:] = x
            return sum(np.sum(v * x) for v in values)

        value = into(*kept)
        kept[0][:] = 1.0
        return value

    gradient = gw.grad(f)
    for k in range(6):
        x = np.arange(1.0, 5.0) + k
        np.testing.assert_allclose(gradient(x), 2 * x + 2.0, rtol=1e-12)
    np.testing.assert_array_equal(kept[0], 1.0)


@pytest.mark.parametrize("count", [0, 2])
def test_an_empty_list_of_arguments(count) -> None:
    notes: list[float] = []

    def f(x):
        def tell(*values):
            notes.append(1.0)
            return sum(values)

        given = []
        for k in range(count):
            given.append(x[k])  # noqa: PERF401
        total = tell(*given)
        total += np.sum(x**2)
        for column in zip(*[], strict=False):
            total += column[0]
        return total

    gradient = gw.grad(f)
    for k in range(6):
        x = np.arange(1.0, 5.0) + k
        np.testing.assert_allclose(gradient(x), 2 * x + (np.arange(4) < count), rtol=1e-12)
        assert len(notes) == k + 1
