"""``np.array`` with ``copy``, ``ndmin`` and a dtype that is one of several, ``np.asarray`` of a list, ``np.dtype``: what is the call's own may be changed, what may be the caller's is written to as by a plain call."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.families import _families


def served():
    return sum(family.served for family, _ in _families.values())


def ndmin(x):
    made = np.array(x, ndmin=2, dtype=float)
    made *= 2.0
    return made[0, 0] * made[0, 1]


def copy_is_free(x):
    return np.sum(np.array(x, copy=None) ** 2 * x[::-1])


def copy_is_made(x):
    made = np.array(x, copy=True, ndmin=1)
    made[0] *= made[1]
    return made[0] * made[1]


def one_of_two_dtypes(x, kind=None):
    kind = np.float64 if len(x) == 2 else kind
    made = np.array(x, dtype=kind)
    made *= 3.0
    return made[0] * made[1]


def no_dtype(x):
    made = np.array([x[0], x[1] * x[0]], dtype=None)
    made += 1.0
    return made[0] * made[1]


def as_array_of_a_list(x):
    made = np.asarray([x[0], x[1] ** 2], dtype="float64")
    made /= made[0] + 4.0
    return made[0] * made[1]


def compared_with_a_dtype(x):
    made = np.array(x)
    if made.dtype not in (np.dtype(int), np.dtype(float)):
        raise TypeError(f"numbers are required: {made.dtype.name}")
    return x[0] * x[1] if made.dtype == np.dtype("float64") else -x[0]


FUNCTIONS = [ndmin, copy_is_free, copy_is_made, one_of_two_dtypes, no_dtype, as_array_of_a_list, compared_with_a_dtype]


@pytest.mark.parametrize("f", FUNCTIONS)
def test_one_program_serves(f):
    gradient, before = gw.value_and_grad(f), served()
    for k in range(6):
        x = np.array([1.5 + k, 0.75 - k])
        value, found = gradient(x)
        assert value == f(x.copy())
        for i in range(2):
            step = np.eye(2)[i] * 1e-5
            np.testing.assert_allclose(found[i], (f(x + step) - f(x - step)) / 2e-5, rtol=1e-6, atol=1e-6)
    assert served() >= before + 2


@pytest.mark.parametrize(
    "make", [np.asarray, lambda a: np.array(a, copy=None), lambda a: np.array(a, copy=None, ndmin=1)]
)
def test_an_array_that_is_kept_and_perhaps_given_as_it_is_is_written_to(make):
    class Model:
        def __init__(self):
            self.table = np.array([1.0, 2.0])

        def f(self, x):
            table = make(self.table)
            table += 1.0
            return np.sum(table * x)

    traced, plain, x = Model(), Model(), np.array([2.0, 3.0])
    gradient = gw.value_and_grad(traced.f)
    for _ in range(6):
        value, found = gradient(x)
        assert value == plain.f(x)
        np.testing.assert_array_equal(found, plain.table)
        np.testing.assert_array_equal(traced.table, plain.table)


def test_an_array_of_one_kept_array_is_another():
    class Model:
        def __init__(self):
            self.table = np.array([1.0, 2.0])

        def f(self, x):
            table = np.asarray([self.table, x])
            table *= 2.0
            return np.sum(table[0] * table[1])

    model, x = Model(), np.array([2.0, 3.0])
    gradient = gw.value_and_grad(model.f)
    for _ in range(6):
        value, found = gradient(x)
        assert value == 32.0
        np.testing.assert_array_equal(found, [4.0, 8.0])
        np.testing.assert_array_equal(model.table, [1.0, 2.0])


def test_objects_stay_objects():
    """An array of objects may hold what was there before, whatever is said of a dtype."""
    rows = [np.array([1.0, 2.0])]

    def f(x, kind=None):
        made = np.asarray([rows[0], x], dtype=object if len(x) == 2 else kind)
        made[0] = made[0] * x[0]
        return np.sum(made[0] * made[1])

    gradient, x = gw.grad(f), np.array([2.0, 3.0])
    for _ in range(6):
        np.testing.assert_allclose(gradient(x), [2 * 2.0 + 2 * 3.0, 2 * 2.0])
        np.testing.assert_array_equal(rows[0], [1.0, 2.0])
