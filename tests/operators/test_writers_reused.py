"""NumPy's functions that write to their first argument: a program stands for them where that was made during the call."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse import standing

X = np.array([0.5, 1.5, -0.3])


def diagonal(x, rows):
    np.fill_diagonal(rows, np.sin(x))
    return np.sum(rows @ x)


def copied(x, rows):
    np.copyto(rows, np.outer(x, x), where=np.eye(3) > 0)
    return np.sum(rows @ x)


def put(x, rows):
    np.put(rows, [0, 4], x[:2])
    return np.sum(rows @ x)


def masked(x, rows):
    np.putmask(rows, np.eye(3) > 0, 2.0)
    return np.sum(rows @ x)


WRITERS = {"fill_diagonal": diagonal, "copyto": copied, "put": put, "putmask": masked}
GRADIENTS = {
    "fill_diagonal": lambda x: np.sin(x) + x * np.cos(x),
    "copyto": lambda x: 3 * x**2,
    "put": lambda x: np.array([2 * x[0], 2 * x[1], 0.0]),
    "putmask": lambda x: np.full(3, 2.0),
}


@pytest.mark.parametrize("name", WRITERS)
def test_into_what_the_function_makes(name):
    write = WRITERS[name]

    def f(x):
        return write(x, np.zeros((3, 3)))

    gradient = gw.grad(f, method="exact")
    for k in range(5):
        np.testing.assert_allclose(gradient(X + k), GRADIENTS[name](X + k), rtol=1e-13)
    assert standing(f, (X,), {}).startswith("proved pure")


DIAGONAL = np.eye(3)
PLAINLY = {
    "fill_diagonal": lambda rows: np.fill_diagonal(rows, 2.0),
    "copyto": lambda rows: np.copyto(rows, DIAGONAL),
    "put": lambda rows: np.put(rows, [0, 4], 3.0),
    "putmask": lambda rows: np.putmask(rows, np.eye(3) > 0, 2.0),
}


@pytest.mark.parametrize("name", PLAINLY)
def test_into_what_was_there_before(name):
    write, rows, other = PLAINLY[name], np.zeros((3, 3)), np.zeros((3, 3))

    def f(x):
        write(rows)
        return np.sum(rows @ x**2)

    write(other)
    gradient = gw.grad(f, method="exact")
    for k in range(5):
        rows[...] = 0.0
        np.testing.assert_allclose(gradient(X + k), 2 * (X + k) * other.sum(axis=0), rtol=1e-13)
        np.testing.assert_array_equal(rows, other)
    assert standing(f, (X,), {}).startswith("proved pure but for what it shows or leaves behind")
