"""Functions with contexts (``with``): proved where both ways out of them are, and programs that hold what a run gives."""

from __future__ import annotations

import time
import warnings

import numpy as np
import pytest
from test_attacks_on_reuse import BOTH_SIGNS, OFTEN, X, agree

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of
from gradwise.tracing.purity import inspect_function

BEGIN = "import contextlib, warnings, time\n"
PROGRAMS = {
    "a class with a state": (
        """
class Scaled:
    factor = 2.0
    def __init__(self, k): self.k = k
    def __enter__(self): return self.k * self.factor
    def __exit__(self, *error): return False
s = Scaled(3.0)
def f(x):
    with s as k, Scaled(x[0]) as j:
        y = np.sum(x ** 2) * k
    return y + j
""",
        ["s.k = 4.0", "Scaled.factor = 1.5", "Scaled.__enter__ = lambda self: self.k", "s = Scaled(0.5)"],
        OFTEN,
    ),
    "a generator": (
        """
offset = 1.0
@contextlib.contextmanager
def shifted(x, by=2.0):
    y = x + by * offset
    try:
        yield y
    finally:
        y = None
def f(x):
    with shifted(x) as y:
        z = np.sum(y ** 2)
    return z
""",
        ["offset = 2.0", "shifted.__closure__[0].cell_contents.__defaults__ = (3.0,)", "shifted = contextlib.contextmanager(lambda x: iter([x]))"],
        OFTEN,
    ),
    "an error that is suppressed": (
        """
def f(x):
    y = 0.0
    with contextlib.suppress(ZeroDivisionError, np.linalg.LinAlgError):
        y = np.sum(np.linalg.cholesky(np.eye(2) * x[0]))
    return y + x[1]
""",
        [],
        BOTH_SIGNS,
    ),
    "an error that a class takes": (
        """
class Takes:
    def __enter__(self): return 1.0
    def __exit__(self, kind, error, trace): return kind is np.linalg.LinAlgError
def f(x):
    y = 0.0
    with Takes() as one:
        y = np.sum(np.linalg.cholesky(np.eye(2) * x[0])) * one
    return y + x[1]
""",
        ["Takes.__exit__ = lambda *a: True", "Takes.__enter__ = lambda self: 3.0"],
        BOTH_SIGNS,
    ),
    "warnings that are ignored": (
        """
def f(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        y = np.log(x)
    return np.sum(np.where(np.isfinite(y), x ** 2, 0.0))
""",
        [],
        BOTH_SIGNS,
    ),
    "a context that counts and keeps": (
        """
class Counts:
    n, seen = 0, []
    def __init__(self): self.n, self.seen = 0, []
    def __enter__(self): self.n += 1
    def __exit__(self, *error): self.seen.append(1.0)
c = Counts()
def state(): return c.n, c.seen
def f(x):
    with c:
        return np.sum(x ** 2)
""",
        ["c = Counts()"],
        OFTEN,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_context_gives_what_it_gives_when_the_function_runs(name):
    source, changes, points = PROGRAMS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        agree(BEGIN + source, changes, points, f"contexts_{name}")


def ignoring(x):
    with warnings.catch_warnings(action="ignore"):
        return np.sum(np.log(x))


@pytest.mark.skipif(not hasattr(warnings.catch_warnings(), "_filter"), reason="CPython 3.11 takes an action")
def test_an_action_among_the_arguments():
    g = gw.grad(ignoring)
    for k in range(1, 9):
        np.testing.assert_allclose(g(np.abs(X) * k), 1 / (np.abs(X) * k))
    assert shortcuts_of(ignoring)["0"].served >= 4


def outside(x):
    warnings.simplefilter("ignore")
    return np.sum(x**2)


def before(x):
    with warnings.catch_warnings():
        y = np.sum(x**2)
    warnings.simplefilter("ignore")
    return y


def raising(x):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return np.sum(x**2)


def listing(x):
    with warnings.catch_warnings(record=True) as found:
        y = np.sum(np.log(x))
    return y * (1 + len(found))


class Timed:
    def __enter__(self):
        self.start = time.perf_counter()
        return self

    def __exit__(self, *error):
        self.took = time.perf_counter() - self.start


def timed(x):
    with Timed() as t:
        y = np.sum(x**2)
    return y * t.took


@pytest.mark.parametrize("f", [outside, before, raising, listing, timed])
def test_what_changes_warnings_for_others_or_asks_a_clock_runs_at_each_call(f):
    assert not inspect_function(f, (np.abs(X),), {}).is_replayable
    with warnings.catch_warnings():
        for _ in range(6):
            gw.grad(f)(np.abs(X))
    assert shortcuts_of(f) is None
