"""Objects that assemble their value from small functions found by name: value and gradient against the closed forms, nothing left in the objects."""

from __future__ import annotations

import copy
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import gradwise as gw

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks" / "objects"))
from problems import FUNCTIONS, problem

CASES = [(name, kind) for name in FUNCTIONS for kind in ("eval", "getattr")]


def complex_step(f, x):
    return np.array([np.imag(f(x + 1e-30j * e)) / 1e-30 for e in np.eye(x.size)])


def contents(p):
    return {k: (type(v), repr(v if not hasattr(v, "toarray") else v.toarray())) for k, v in vars(p).items()}


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_value_and_gradient(name, kind):
    closed = FUNCTIONS[name][1]
    p = problem(name, 12, kind)
    before = contents(copy.deepcopy(p))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        both = gw.value_and_grad(p.fx, method="exact")
        for x in (p.x0, p.x0 * 1.01 + 0.001, p.x0[::-1].copy()):
            value, gradient = both(x)
            truth = complex_step(closed, x)
            scale = np.abs(truth).max() + abs(value)
            assert value == p.fx(x)
            np.testing.assert_allclose(value, closed(x), rtol=1e-11)
            np.testing.assert_allclose(gradient, truth, rtol=1e-11, atol=1e-12 * scale)
    assert contents(p) == before


@pytest.mark.parametrize("kind", ["eval", "getattr"])
def test_the_structure_may_change_between_calls(kind):
    p = problem("chained_rosenbrock", 6, kind)
    g = gw.grad(p.fx)
    x = p.x0
    first = g(x)
    g(x)
    p.element_kind[2] = "cube"
    p.weights[0][0] = -5.0
    p.A.data[1] *= 2.0
    p.places[0][0] = 3

    expected = gw.numerical.grad(p.fx, x)
    np.testing.assert_allclose(g(x), np.asarray(expected.value), rtol=1e-9, atol=1e-7)
    assert not np.allclose(first, g(x), rtol=1e-3)
