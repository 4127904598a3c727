"""Programs that stand for functions under attack: what the symbolic run may overlook, and changes made where nobody looks, beside the same functions run at each call."""

from __future__ import annotations

import linecache

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.3, -0.7, 1.1, 0.5])
BEGIN = "import abc, gc, itertools, math\nfrom dataclasses import dataclass\nimport numpy as np\nLOG = []\n"


class World:
    """A fresh execution of a program, and the gradient of its function ``f``."""

    def __init__(self, source, name, *, pure):
        self.globals = {"__name__": "attacked"}
        exec(compile(source, name, "exec"), self.globals)
        self.gradient = gw.grad(self.globals["f"], check=False, pure=pure)

    def outcome(self, x):
        others = self.globals["others"]() if "others" in self.globals else ()
        try:
            found = self.gradient(x.copy(), *others)
        except (gw.GradwiseError, ArithmeticError, TypeError, ValueError, AttributeError, LookupError) as error:
            found = type(error)
        state = self.globals["state"]() if "state" in self.globals else None
        return found, repr((self.globals["LOG"], state))


def agree(source, changes, points, name):
    gw.clear_caches()
    source = BEGIN + source
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    ours, theirs = World(source, name, pure=None), World(source, name, pure=False)
    for change in (None, *changes):
        for world in (ours, theirs):
            exec(change or "", world.globals)
        for x in points:
            (a, mine), (b, yours) = ours.outcome(x), theirs.outcome(x)
            assert mine == yours, (change, mine, yours)
            if isinstance(a, type) or isinstance(b, type):
                assert a is b, (change, a, b)
            else:
                np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-14, err_msg=str(change))


OFTEN = [X * (1 + 0.01 * k) for k in range(7)]
ONCE = [X]
BOTH_SIGNS = [X] * 5 + [-X] * 6 + [X] * 2

# --- what decides which code runs --------------------------------------------------------------------------------------------

DECIDING = {
    "a function that is gone counted as one that is there": (
        """
class C:
    def f(self, x):
        return np.sum(x**2) if self.call else np.sum(x**3)
c = C()
c.call = lambda: 0
f = c.f
""",
        ["c.call = None; gc.collect()", "c.call = len"],
    ),
    "an inner function was looked into with objects only, though a default stood there": (
        """
class P:
    k = 2.0
p = P()
def f(x):
    def inner(t, q=None):
        if q is None:
            LOG.append(1)
            return t
        return q.k * t
    return np.sum(inner(x) + inner(x, p))
""",
        ["p.k = 3.0"],
    ),
    "an inner function called by keyword and with unpacked arguments": (
        """
class P:
    k = 2.0
p = P()
def f(x):
    def inner(t, q):
        if q is None:
            LOG.append(1)
            return t
        return q.k * t
    pair = (x, None)
    return np.sum(inner(x, q=None) + inner(*pair) + inner(x, p))
""",
        [],
    ),
    "an inner function given to a helper": (
        """
class P:
    k = 2.0
p = P()
def apply(g, x):
    return g(x, None)
def f(x):
    def inner(t, q):
        if q is None:
            LOG.append(1)
            return t
        return q.k * t
    return np.sum(apply(inner, x) + inner(x, p))
""",
        [],
    ),
    "what map gives may be objects": (
        """
class Gain:
    def __init__(self, k):
        self.k = k
    def __mul__(self, v):
        LOG.append(1)
        return self.k * v
gain = Gain(2.0)
def pick(i):
    return gain
def f(x):
    t = 0.0
    for g in map(pick, [1, 2]):
        t = t + g * x[0] ** 2
    return t
""",
        ["gain.k = 5.0"],
    ),
}


@pytest.mark.parametrize("name", DECIDING)
def test_no_code_is_passed_over(name):
    source, changes = DECIDING[name]
    agree(source, changes, OFTEN, f"<{name}>")
