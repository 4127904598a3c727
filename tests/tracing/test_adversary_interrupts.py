"""Ctrl-C at any moment of a traced run and of its end: every place that the function wrote to holds plain values, and the next call is right."""

from __future__ import annotations

import math
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.engine import enclosing
from gradwise.tracing.instrument.state import local

X = np.array([0.7, 1.3, 0.4])


def make():
    """A function that leaves something in a cell, a list, a dictionary, an array, an attribute and a class."""
    total, history, table, work = 0.0, [], {}, np.zeros(3)

    class Element:
        last = None
        shared = 1.0

        def energy(self, x):
            self.last = x[0] * x[1]
            Element.shared = math.exp(x[2])
            return self.last * Element.shared

    element = Element()

    def f(x):
        nonlocal total
        total = x[0] * 2.0
        history.append(x[1])
        table["key"] = x * 3.0
        work[1] = x[2]
        return total**2 + history[-1] * table["key"][2] + work[1] + element.energy(x)

    return f, lambda: (total, history, table, work, element.last, Element.shared)


def is_plain(value):
    if isinstance(value, dict):
        return all(map(is_plain, value.values()))
    if type(value) in (list, tuple):
        return all(map(is_plain, value))
    return type(value) in (float, np.float64, np.ndarray, type(None)) and (
        type(value) is not np.ndarray or value.dtype == float
    )


#: not whatever has our name in its path: NumPy's errstate is not proof against interrupts
OURS = str(Path(gw.__file__).parent)


class Interrupt:
    """KeyboardInterrupt when the n-th function of ours, or of the user's, begins: where the interpreter looks for signals."""

    def __init__(self, at):
        self.at, self.count, self.came = at, 0, False

    def __call__(self, frame, event, _):
        if not self.came and frame.f_code.co_filename.startswith((OURS, __file__)):
            self.count += 1
            if self.count == self.at:
                self.came = True
                sys.settrace(None)
                raise KeyboardInterrupt


def run(f, at):
    interrupt, before = Interrupt(at), sys.gettrace()
    sys.settrace(interrupt)
    try:
        found = gw.grad(f, check=False)(X)
    except KeyboardInterrupt:
        found = None
    finally:
        sys.settrace(before)
    return found, interrupt.came


@pytest.mark.parametrize("offset", range(4))
def test_every_place_is_plain_afterwards(offset):
    f, left = make()
    expected = gw.grad(f)(X)
    assert is_plain(left())
    gradient = np.array([8.0 * X[0] + X[1] * math.exp(X[2]), 3 * X[2] + X[0] * math.exp(X[2]), 3 * X[1] + 1 + X[0] * X[1] * math.exp(X[2])])  # fmt: skip
    np.testing.assert_allclose(expected, gradient)
    filters, errors = list(warnings.filters), np.geterr()
    at, came, interrupted = 1 + offset, True, 0
    while came:
        f, left = make()
        found, came = run(f, at)
        interrupted += came
        assert is_plain(left()), (at, [type(v) for v in left()], [type(v) for v in left()[1]], left()[3].dtype)
        assert local.watch is None
        assert enclosing() == 0, at  # or every later derivative would be taken for one inside another
        if found is not None:
            np.testing.assert_allclose(found, gradient)
        np.testing.assert_allclose(gw.grad(f, check=False)(X), gradient)
        at += 4
    assert interrupted > 40
    assert (list(warnings.filters), np.geterr()) == (filters, errors)
