"""Functions of NumPy, SciPy and ``math`` that are differentiated themselves: gw.grad(np.linalg.norm).  Their programs stand for them as for a function that calls them."""

from __future__ import annotations

import math
import operator
import warnings

import numpy as np
import pytest
import scipy.special

import gradwise as gw
from gradwise.operators import engine

VECTOR = np.array([0.4, -1.3, 2.1])
MATRIX = np.array([[2.0, 0.3], [-0.4, 1.5]])

FUNCTIONS = {
    "ufunc": (np.sin, lambda k: (0.7 + 0.1 * k,)),
    "two numbers": (np.hypot, lambda k: (0.7 + 0.1 * k, 1.9)),
    "reduction": (np.sum, lambda k: (VECTOR * (1 + k),)),
    "norm": (np.linalg.norm, lambda k: (VECTOR + 0.1 * k,)),
    "determinant": (np.linalg.det, lambda k: (MATRIX + 0.1 * k,)),
    "list": (np.var, lambda k: ([1.0 + k, 2.0, 4.0],)),
    "special": (scipy.special.gammaln, lambda k: (2.3 + 0.1 * k,)),
    "written in Python": (scipy.special.logsumexp, lambda k: (VECTOR - 0.2 * k,)),
    "math": (math.atan2, lambda k: (0.7, 1.1 + 0.1 * k)),
    "operator": (operator.mul, lambda k: (3.0, 1.1 + 0.1 * k)),
    "builtin": (sum, lambda k: ([3.0, 1.1 + 0.1 * k],)),
}


def difference(function, args):
    """The slope along the first argument's entries all at once."""
    h = 1e-5

    def moved(t):
        first = [v + t for v in args[0]] if isinstance(args[0], list) else args[0] + t
        return function(first, *args[1:])

    return (moved(h) - moved(-h)) / (2 * h)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_program_stands_for_the_function(name, monkeypatch):
    function, points = FUNCTIONS[name]
    runs = []
    record = engine.record
    monkeypatch.setattr(engine, "record", lambda *args, **options: runs.append(0) or record(*args, **options))
    gradient = gw.grad(function)
    for k in range(8):
        args = points(k)
        assert np.sum(gradient(*args)) == pytest.approx(difference(function, args), rel=1e-7, abs=1e-9)
    assert len(runs) <= 3
    assert gw.explain(function, *points(0)).reuse.startswith("proved pure")


def test_what_is_drawn_and_what_is_not_known_runs_at_each_call():
    assert not gw.explain(np.add.reduce, VECTOR).reuse.startswith("proved")
    assert not gw.explain(np.random.normal, 1.0, 2.0).reuse.startswith("proved")


def test_a_universal_function_of_ones_own():
    own = np.frompyfunc(lambda t: t * t, 1, 1)
    assert gw.grad(own, method="exact")(3.0) == 6.0


def test_a_kink_is_told_at_the_users_line():
    gradient = gw.grad(np.maximum)
    for _ in range(6):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            assert gradient(1.0, 1.0) == 0.0 or gradient(1.0, 1.0) == 0.5
        assert {w.filename for w in told} <= {__file__}
