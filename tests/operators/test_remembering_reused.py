"""Functions under ``functools.lru_cache`` in proved functions: what is behind the memory is looked into, and a program gives what a run gives, which remembers for itself."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from test_attacks_on_reuse import OFTEN, X, agree

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of
from gradwise.tracing.purity import inspect_function

BEGIN = "import functools\n"
PROGRAMS = {
    "a rule of quadrature": (
        """
n, scale = 8, 2.0
@functools.lru_cache(maxsize=None)
def nodes(n): return np.polynomial.legendre.leggauss(n)
def f(x):
    t, w = nodes(n)
    return np.sum(w * np.exp(-x[0] * t ** 2)) * x[1] * scale
""",
        ["n = 5", "scale = 3.0", "nodes = functools.lru_cache(lambda n: (np.ones(n), np.ones(n)))", "nodes = lambda n: (np.ones(2), np.ones(2))"],
    ),
    "recursion": (
        """
@functools.lru_cache
def binomial(n, k): return 1 if k in (0, n) else binomial(n - 1, k - 1) + binomial(n - 1, k)
def f(x): return sum(binomial(4, k) * x[0] ** k for k in range(5)) + x[1]
""",
        ["binomial = lambda n, k: n + k"],
    ),
    "a function that reads": (
        """
factor = 2.0
table = np.array([1.0, 3.0])
def read(k): return table[k] * factor
cached = functools.cache(read)
def f(x): return cached(0) * np.sum(x ** 2) + cached(1) * x[0]
""",
        ["factor = 3.0", "table[1] = 7.0", "cached.__wrapped__ = lambda k: 5.0", "read = None", "table = np.array([4.0, 9.0])"],
    ),
    "traced arguments": (
        """
@functools.lru_cache
def squared(v): return v * v
def f(x): return squared(x[0]) + squared(float(x[1])) * x[2]
""",
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_gives_what_runs_give(name):
    agree(BEGIN + PROGRAMS[name][0], PROGRAMS[name][1], OFTEN, f"remembering_{name}")


def proved(source):
    names = {"np": np, "log": []}
    exec(compile("import functools\n" + source, "remembering", "exec"), names)
    return names["f"]


def test_it_is_served():
    f = proved("@functools.cache\ndef g(n): return np.arange(n) + 1.0\ndef f(x): return np.sum(g(4) * x ** 2)")
    g = gw.grad(f)
    for k in range(8):
        np.testing.assert_allclose(g(X + k), 2 * np.arange(1.0, 5.0) * (X + k))
    assert shortcuts_of(f)["0"].served >= 4


@pytest.mark.parametrize(
    "source",
    [
        "@functools.cache\ndef g(n): return np.ones(n)\ndef f(x):\n  w = g(4)\n  w *= 2.0\n  return np.sum(w * x)",
        "@functools.cache\ndef g(n): return [1.0, 2.0]\ndef f(x):\n  w = g(4)\n  w.append(1.0)\n  return np.sum(x) * len(w)",
        "@functools.cache\ndef g(n):\n  log.append(n)\n  return len(log)\ndef f(x): return np.sum(x) * g(4)",
        "@functools.cache\ndef g(n): return np.random.normal()\ndef f(x): return np.sum(x) * g(4)",
    ],
)
def test_what_is_remembered_is_not_the_calls_own(source):
    f = proved(source)
    assert not inspect_function(f, (X,), {}).is_replayable
    for _ in range(6):
        gw.grad(f)(X)
    assert shortcuts_of(f) is None


def test_a_stale_memory_is_not_asked():
    # value and gradient are those of the numbers as they are; the plain call gives that of then until its memory is cleared
    scale = {"k": 2.0}

    @functools.lru_cache
    def factor(n):
        return n * scale["k"]

    def f(x):
        return factor(3.0) * x**2

    assert f(1.0) == 6.0
    scale["k"] = 5.0
    assert f(1.0) == 6.0
    for _ in range(4):
        assert gw.value_and_grad(f)(1.0) == (15.0, 30.0)
    factor.cache_clear()
    assert f(1.0) == 15.0
