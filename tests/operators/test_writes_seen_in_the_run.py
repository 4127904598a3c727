"""Where the code leaves open what is written to (``total = sum(rows); total += 1``), the run for a program shows it: what is the call's own is served, and what was there before is written to as plain calls do."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

POINTS = [np.array([0.3, 1.2]) + 0.05 * k for k in range(12)]
ROWS = [(0.5, 1.5), (2.0, -1.0)]


def by_complex_step(f, x):
    return np.array([f(x + 1e-30j * e).imag / 1e-30 for e in np.eye(len(x))])


def of_a_sum(x):
    total = sum(a * x[0] + b * x[1] ** 2 for a, b in ROWS)
    for _, b in ROWS:
        total += b * x[0] ** 2
    return total


def fill(table, x):
    for i in range(2):
        for j in range(2):
            table[i][j] = x[i] * x[j] + i
    return table


def of_a_table(x):
    table = fill(list(map(list, ([0.0, 0.0], [0.0, 0.0]))), x)
    return table[0][1] * table[1][1] + table[0][0]


def largest(x):
    path = [(x[0], x[1]), (x[1], x[0] ** 2)]
    best = path[-1][0]
    best *= path[0][1]
    best -= path[-1][1]
    return best


@pytest.mark.parametrize("f", [of_a_sum, of_a_table, largest])
def test_what_is_the_calls_own_is_served(f):
    g = gw.value_and_grad(f)
    for x in POINTS:
        value, gradient = g(x)
        np.testing.assert_allclose(value, f(x), rtol=1e-14)
        np.testing.assert_allclose(gradient, by_complex_step(f, x), rtol=1e-12)
    assert shortcuts_of(f)["0"].served >= 6


class Kept:
    """What was there before a call, in containers and under other names."""

    def __init__(self):
        self.rows = [1.0, 2.0]
        self.nested = {"a": [np.array([1.0, 2.0]), 3.0]}
        self.pair = (np.array([0.5, 0.5]), [4.0])
        self.names = {"k": 1}
        self.count = np.array([0, 1])

    def extends(self, x):
        rows = (self.rows, 0)[0]
        rows += [1.5]
        return np.sum(x**2) * len(self.rows)

    def assigns_in_a_list(self, x):
        rows = (self.rows, 0)[0]
        value = rows[0] * x[0]
        rows[0] = 0.5 * rows[0] + 1.0
        return value + x[1] ** 2

    def changes_an_array(self, x):
        inner = self.nested["a"][0]
        value = np.sum(inner * x)
        inner *= 1.1
        return value

    def changes_an_array_in_a_tuple(self, x):
        array, rows = self.pair
        array += 1.0
        rows[0] += 1.0
        return np.sum(array * x) * rows[0]

    def adds_a_key(self, x):
        names = [self.names][0]
        names[f"k{len(names)}"] = 1
        return x[0] * len(self.names) + x[1]

    def counts(self, x):
        counts = [self.count][0]
        counts[1] += 1
        return x[0] * self.count[1]


def shown(value):
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.tolist()
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, *map(shown, value)]
    return {k: shown(v) for k, v in value.items()} if isinstance(value, dict) else value


NAMES = [name for name, f in vars(Kept).items() if callable(f) and not name.startswith("_")]


@pytest.mark.parametrize("name", NAMES)
def test_what_was_there_is_written_to_as_by_plain_calls(name):
    one, other = Kept(), Kept()
    g = gw.value_and_grad(getattr(one, name))
    for x in POINTS:
        slope = []
        for e in np.eye(2):  # all of them are polynomials of the second degree at most
            sides = []
            for step in (0.5, -0.5):
                third = Kept()
                for attribute, value in vars(other).items():
                    setattr(third, attribute, np.array(value) if isinstance(value, np.ndarray) else _copied(value))
                sides.append(getattr(third, name)(x + step * e))
            slope.append(sides[0] - sides[1])
        value, gradient = g(x)
        np.testing.assert_allclose(value, getattr(other, name)(x), rtol=1e-13)
        np.testing.assert_allclose(gradient, slope, rtol=1e-10, atol=1e-12)
        assert shown(vars(one)) == shown(vars(other))


def _copied(value):
    if isinstance(value, (list, tuple)):
        return type(value)(map(_copied, value))
    if isinstance(value, dict):
        return {k: _copied(v) for k, v in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else value


def test_arguments_are_written_to_as_by_plain_calls():
    def f(x, rows):
        rows[0] += 1.0
        rows[1] = rows[0] * 2.0
        return x[0] * rows[0] + x[1]

    g = gw.grad(f)
    for x in POINTS:
        rows = [2.0, 0.0]
        np.testing.assert_array_equal(g(x, rows), [3.0, 1.0])
        assert rows == [3.0, 6.0]

    def h(x):
        x[0] = x[0] * 2.0
        return x[0] * x[1]

    g = gw.grad(h)
    for p in POINTS:
        x = p.tolist()
        np.testing.assert_allclose(g(x), [2 * p[1], 2 * p[0]])
        assert x == [2 * p[0], p[1]]
