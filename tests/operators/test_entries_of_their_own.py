"""Entries of traced arrays that depend on nothing: that they equal a number asks no memory, so that nothing is doubted at each call."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.arguments import Arguments
from gradwise.tracing import record

X = np.array([0.7, 1.9])


def assigned(x):
    row = np.zeros(4)
    row[1:3] = x
    row[3] = np.inf
    return row


ENTRIES = {
    "packed": lambda x: np.array([1.0, x[0], x[1]])[0] == 1.0,
    "packed in rows": lambda x: np.array([[x[0], 1.0], [2.0, x[1]]])[1][0] == 2.0,
    "joined": lambda x: np.concatenate([[3.0], x])[0] == 3.0,
    "stacked": lambda x: np.stack([np.ones(2), x])[0, 1] == 1.0,
    "assigned": lambda x: assigned(x)[-1] == np.inf,
    "turned": lambda x: np.array([[x[0], 1.0], [2.0, x[1]]]).T[0, 1] == 2.0,
    "shaped": lambda x: np.array([1.0, x[0], x[1], 4.0]).reshape(2, 2)[::-1][0, 1] == 4.0,
    "scaled": lambda x: (np.array([1.0, x[0]]) * np.array([2.0, x[1]]) + 1.0)[0] == 3.0,
    "unequal": lambda x: not np.array([1.0, x[0]])[0] != 1.0,
}
OTHERS = {
    "itself": lambda x: x[0] == 0.7,
    "packed": lambda x: np.array([1.0, x[0]])[1] == 0.7,
    "scaled": lambda x: (np.array([1.0, x[0]]) * x[1])[0] == 1.9,
    "a sum": lambda x: np.sum(np.array([1.0, x[0]])) == 1.7,
    "rounded": lambda x: np.round(np.array([1.0, x[0]]), 1)[1] == 0.7,
    "chosen": lambda x: np.array([1.0, 1.9, x[0]])[int(x[1])] == 1.9 and np.where(x[0] > 0, np.array([x[1], 1.0]), 1.0)[0] == 1.9,
}  # fmt: skip


def recalled(f):
    """Whether a run found that a memory may have been asked."""
    arguments = Arguments(f, 0, (X.copy(),), {}, "grad")
    return record(f, arguments.leaves, (True,), arguments.call).tape.recalled


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_that_depends_on_nothing_is_not_doubted(name):
    asks = ENTRIES[name]

    def f(x):
        return np.sum(x**2) if asks(x) else np.sum(x**3)

    assert not recalled(f)
    gradient = gw.grad(f, method="exact")
    for k in range(4):
        np.testing.assert_allclose(gradient(X + k), 2 * (X + k))


@pytest.mark.parametrize("name", OTHERS)
def test_an_entry_that_depends_on_the_argument_is(name):
    asks = OTHERS[name]

    def f(x):
        return np.sum(x**2) if asks(x) else np.sum(x**3)

    assert asks(X)
    assert recalled(f)


class Remembering:
    """A memory asked by an array of which one entry is a constant."""

    def __init__(self):
        self.key, self.value = None, None

    def __call__(self, x):
        key = np.array([1.0, x[0], x[1]])
        if self.key is None or key[0] != 1.0 or key[1] != self.key[1] or key[2] != self.key[2]:
            self.value, self.key = float(np.sum(x**3)), [float(k) for k in key]
            return np.sum(x**3)
        return self.value


def test_a_memory_is_asked_by_the_other_entries():
    for steps in ((X, X), (X, X + 1, X), (X + 1, X)):
        f = Remembering()
        f(X)
        for x in steps:
            np.testing.assert_allclose(gw.grad(f, method="exact")(x), 3 * x**2)
