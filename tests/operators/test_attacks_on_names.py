"""Names that texts stand for, and members of enumerations, under attack."""

from __future__ import annotations

import numpy as np
import pytest
from test_attacks_on_reuse import BOTH_SIGNS, OFTEN, agree

import gradwise as gw
from gradwise.tracing.purity import inspect_function

CASES = {
    "a local variable that has no value yet": (
        "k = 3.0\ndef f(x):\n    if x[0] > 0:\n        k = 2.0\n    return eval('k * x[0]')",
        ["k = 5.0"],
        BOTH_SIGNS,
    ),
    "a local variable or an object of the module": (
        "class G:\n    def __rmul__(self, v):\n        LOG.append(1)\n        return v * 3.0\ng = G()\ndef f(x):\n    if x[0] > 0:\n        g = 2.0\n    return eval('x[0] * g')",
        [],
        BOTH_SIGNS,
    ),
    "the variables of a comprehension are its own": (
        "k = 4.0\ndef f(x):\n    k = 2.0\n    return sum([eval('k * v') for v in x]) + k",
        ["k = 5.0"],
        OFTEN,
    ),
    "a local variable, and later one of the module": (
        "def f(x):\n    k = 2.0\n    return eval('k * x[0]') + np.sum(x**2)",
        ["k = 5.0", "del k"],
        OFTEN,
    ),
    "a member that is equal to all": (
        "import enum\nclass K(enum.Enum):\n    A, B = 1, 2\nclass M:\n    k = K.A\n    def f(self, x):\n        return np.sum(x**3) if self.k == K.B else np.sum(x**2)\nf = M().f",
        ["K.__eq__ = lambda self, other: True"],
        OFTEN,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_names_are_those_that_python_finds(name):
    source, changes, points = CASES[name]
    agree(source, changes, points, f"<{name}>")


def test_texts_over_local_variables_are_still_proved():
    def f(x, scale):
        k = scale * 2.0  # noqa: F841 - the text reads it
        return eval("k * scale * x[0]")

    assert gw.explain(f, OFTEN[0], 2.0).reuse.startswith("proved pure")


def sum_of_an_object(x, a):
    o = np.array([None])
    o[0] = a
    total = o.sum()
    total += 1.0
    return np.sum(x * total)


def reduced_object(x, a):
    o = np.array([None])
    o[0] = a
    total = np.add.reduce(o)
    total[0] = 1.0
    return np.sum(x * total)


def larger_of_objects(x, a):
    o = np.array([None])
    o[:] = [a]
    larger = np.maximum(o, o)[0]
    larger[0] = 1.0
    return np.sum(x * larger)


@pytest.mark.parametrize("f", [sum_of_an_object, reduced_object, larger_of_objects], ids=lambda f: f.__name__)
def test_arrays_of_objects_that_hold_the_callers_arrays(f):
    assert not inspect_function(f, [np.ones(3), np.ones(3)], {}).is_quiet
