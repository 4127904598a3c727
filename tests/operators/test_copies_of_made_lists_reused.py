"""Deep copies of lists and dictionaries that the function makes: they are written to in proved functions, and what they hold of the caller's is not."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from following import follows

import gradwise as gw
from gradwise.tracing.purity import inspect_function

START = [[1.0, 2.0], [0.5, 0.25]]
KEPT = np.ones(3)
SCALE = 2.0


def lists_in_lists(x):
    a = [[x[0], x[1]], [SCALE, 2.0]]
    b = copy.deepcopy(a)
    b[0][0] = b[0][0] * 2
    b[1].append(x[2])
    return a[0][0] + b[0][0] * b[1][1] + b[1][2] * len(a[1])


def arrays_in_lists(x):
    a = [np.array([x[0], 1.0]), x[1:3] * SCALE]
    b = copy.deepcopy(a)
    b[0][0] *= 2
    b[1] += b[0]
    return np.sum(a[0] * b[0]) + np.sum(b[1] ** 2) + a[1][0]


def dictionaries(x):
    state = {"u": x**2, "v": 3.0 * x}
    for k in range(3):
        trial = copy.deepcopy(state)
        trial["u"][k] = trial["u"][k] * SCALE
        trial["v"] += state["u"]
        state = trial
    return np.sum(state["u"]) + state["v"][0] * x[0]


def one_under_two_names(x):
    row = [x[0], x[1]]
    b = copy.deepcopy([row, row, [1.0, 2.0]])
    b[0][0] = x[2] ** 2
    return b[1][0] * row[0] + b[2][1]


@pytest.mark.parametrize("f", [lists_in_lists, arrays_in_lists, dictionaries, one_under_two_names], ids=lambda f: f.__name__)  # fmt: skip
def test_such_functions_are_served(f, monkeypatch):
    follows(f, lambda: monkeypatch.setitem(globals(), "SCALE", 3.0))


def test_copies_of_the_callers_lists_are_as_in_plain_calls(monkeypatch):
    def f(x):
        a = []
        for row in START:
            a.append(row)  # noqa: PERF402 - a list that the call makes
        b = copy.deepcopy(a)
        b[0][0] = x[0] ** 2
        return b[1][0] * x[1] + b[0][0]

    def read(x):
        b = copy.deepcopy([KEPT, 2.0 * KEPT, x])
        return np.sum(b[0] * b[1]) * np.sum(b[2])

    one = [1.0, 3.0]
    x = np.array([3.0, 2.0])
    for _ in range(5):
        np.testing.assert_allclose(gw.grad(f)(x), [6.0, 0.5], rtol=1e-6)
    monkeypatch.setitem(globals(), "START", [one, one])  # the row is one thing now
    for _ in range(5):
        np.testing.assert_allclose(gw.grad(f)(x), [2 * x[0] * x[1] + 2 * x[0], x[0] ** 2], rtol=1e-6)
    assert one == [1.0, 3.0]
    follows(read, lambda: KEPT.__setitem__(0, 4.0), lambda: KEPT.__setitem__(0, 1.0))


def test_the_callers_list_is_not_reached_by_a_shallow_copy():
    def f(x):
        b = copy.copy([START[0], [1.0]])
        b[0][0] = x[0]
        return b[0][0] * x[1]

    assert inspect_function(f, (np.ones(2),), {}).writes is not None
