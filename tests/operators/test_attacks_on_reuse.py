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

    def __init__(self, source, name, operator, *, pure):
        self.globals = {"__name__": "attacked"}
        exec(compile(source, name, "exec", dont_inherit=True), self.globals)
        self.gradient = operator(self.globals["f"], check=False, pure=pure)

    def outcome(self, x):
        others = self.globals["others"]() if "others" in self.globals else ()
        try:
            found = self.gradient(x.copy(), *others)
        except (gw.GradwiseError, ArithmeticError, TypeError, ValueError, AttributeError, LookupError) as error:
            found = type(error)
        state = self.globals["state"]() if "state" in self.globals else None
        return found, repr((self.globals["LOG"], state))


def agree(source, changes, points, name, operator=gw.grad):
    gw.clear_caches()
    source = BEGIN + source
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    ours, theirs = World(source, name, operator, pure=None), World(source, name, operator, pure=False)
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


# --- one object in several places ----------------------------------------------------------------------------------------------

PARTS = """
class P:
    def __init__(self, k):
        self.k, self.m = k, 2.0 * k
def make(k):
    return lambda v: k * v
"""
ALIASES = {
    "two of three are one, and then two others": (
        "L = [P(1.0), P(2.0), P(3.0)]\ndef f(x):\n    return sum([p.k * x[i] ** (i + 1) for i, p in enumerate(L)])",
        ["L[1] = L[0]", "L[1] = L[2]", "L[1] = P(5.0)", "L[0] = L[1]"],
    ),
    "all are one at first": (
        "L = [P(1.0)] * 3\ndef f(x):\n    return L[0].k * x[0] + L[1].k * x[1] ** 2 + L[2].k * x[2] ** 3",
        ["L[2] = P(2.0)", "L[1] = L[2]", "L[1] = P(5.0)", "L[0] = L[1]"],
    ),
    "one number is read here, another there": (
        "p, q = P(1.0), P(2.0)\ndef f(x):\n    return p.k * x[0] + q.m * x[1] ** 2",
        ["q = p", "p.m = 7.0", "p.k = 0.5", "q = P(3.0)"],
    ),
    "one object becomes two": (
        "p, q = P(1.0), P(2.0)\ndef f(x):\n    return p.k * x[0] + q.k * x[1] ** 2",
        ["q = p", "q = P(3.0)"],
    ),
    "functions of one code": (
        "L = [make(1.0), make(2.0), make(3.0)]\ndef f(x):\n    return L[0](x[0]) + L[1](x[1] ** 2) + L[2](x[2] ** 3)",
        ["L[1] = L[0]", "L[1] = L[2]", "L[1] = make(7.0)"],
    ),
    "arguments": (
        "p, q, r = P(1.0), P(2.0), P(3.0)\nT = p, q, r\nothers = lambda: T\ndef f(x, a, b, c):\n    return a.k * x[0] + b.m * x[1] ** 2 + c.k * x[2] ** 3",
        ["T = p, p, r", "T = p, r, r", "p.m = 9.0", "T = p, q, r"],
    ),
    "a function under two names takes two paths": (
        "o = P(2.0)\ndef h(x, deep):\n    return o.k * x if deep else x\ng = h\ndef f(x):\n    return np.sum(h(x, False) + g(x, True))",
        ["o.k = 3.0", "o = P(0.5)"],
    ),
    "a function in a list and by its name reads one attribute here, another there": (
        "o = P(2.0)\ndef h(x, w):\n    return o.k * x if w == 'k' else o.m * x\nL = [h, h]\ndef f(x):\n    return np.sum(L[0](x, 'k') + h(x, 'm') ** 2)",
        ["o.k = 3.0", "o.m = 4.0", "L[0] = lambda x, w: x"],
    ),
    "by a class and directly": (
        "o = P(2.0)\nclass C:\n    def h(self, x):\n        return o.k * x[0]\nc = C()\ndef f(x):\n    return o.k * x[1] ** 2 + c.h(x)",
        ["o.k = 3.0", "o.k = 4.0"],
    ),
}


@pytest.mark.parametrize("points", [OFTEN, ONCE], ids=["often", "once"])
@pytest.mark.parametrize("name", ALIASES)
def test_what_is_one_object_may_become_two(name, points):
    source, changes = ALIASES[name]
    changes = [c for change in changes for c in (change, *[None] * (6 if points is ONCE else 0))]
    agree(PARTS + source, changes, points, f"<{name}>")


# --- objects made during the call ----------------------------------------------------------------------------------------------

MADE = {
    "an attribute that is not always stored": """
class M:
    def __init__(self, c):
        if c:
            self.a = 1.0
def f(x):
    m = M(x[0] > 0)
    if hasattr(m, "a"):
        return x[0] ** 2
    LOG.append(1)
    return x[0] ** 3
""",
    "an attribute of the class until one is stored": """
class M:
    a = None
    def __init__(self, c):
        if c:
            self.a = 1.0
def f(x):
    m = M(x[0] > 0)
    if m.a is None:
        LOG.append(1)
        return x[0] ** 3
    return x[0] ** 2
""",
    "an attribute or a default": """
class G:
    def __mul__(self, v):
        LOG.append(1)
        return 3.0 * v
class M:
    def __init__(self, c):
        if c:
            self.a = 1.0
g = G()
def f(x):
    return getattr(M(x[0] > 0), "a", g) * x[0] ** 2
""",
    "a class that answers for what is not stored": """
class M:
    def __init__(self, c):
        if c:
            self.a = 1.0
    def __getattr__(self, name):
        LOG.append(name)
        return 2.0
def f(x):
    return M(x[0] > 0).a * x[0] ** 2
""",
    "a class that is told of the end": """
class M:
    def __init__(self, a):
        self.a = a
    def __del__(self):
        LOG.append(1)
def f(x):
    return M(2.0).a * x[0] ** 2
""",
}


@pytest.mark.parametrize("name", MADE)
def test_what_objects_of_the_call_may_hold(name):
    agree(MADE[name], [], BOTH_SIGNS, f"<{name}>")


CLASSES = {
    "a base is exchanged": (
        "class A: ...\nclass B: ...\nclass P(A): k = 2.0\np = P()\ndef f(x):\n    return p.k * (np.sum(x**2) if isinstance(p, A) else np.sum(x**3))",
        ["P.__bases__ = (B,)"],
    ),
    "a class is registered": (
        "class A(abc.ABC): ...\nclass P: k = 2.0\np = P()\ndef f(x):\n    return p.k * (np.sum(x**2) if isinstance(p, A) else np.sum(x**3))",
        ["A.register(P)"],
    ),
    "objects can be called": (
        "class P: k = 2.0\np = P()\ndef f(x):\n    return p.k * (np.sum(x**2) if callable(p) else np.sum(x**3))",
        ["P.__call__ = len"],
    ),
    "the class is told of the end": (
        "class P:\n    def __init__(self, k):\n        self.k = k\ndef f(x):\n    return P(2.0).k * np.sum(x**2)",
        ["P.__del__ = lambda self: LOG.append(1)"],
    ),
    "a property over an entry": (
        "class P:\n    def __init__(self): self.k = 2.0\np, turn = P(), itertools.count()\ndef f(x):\n    return p.k * x[0] + p.k * x[1]",
        ["P.k = property(lambda self: float(next(turn)))"],
    ),
    "an entry is gone": (
        "class P:\n    def __init__(self): self.k = 2.0\n    def __getattr__(self, n): return LOG.append(n) or 3.0\np = P()\ndef f(x):\n    return p.k * x[0] + p.k * x[1]",
        ["del p.k"],
    ),
    "a method becomes a static one": (
        "class P: k = 2.0\ndef g(v, w=3.0):\n    return w * 1.0\nP.g, p = g, P()\ndef f(x):\n    return p.k * np.sum(x) * p.g(x[0])",
        ["P.g = staticmethod(g)"],
    ),
    "the class answers for what is not there": (
        "class P:\n    def __init__(self, c):\n        if c: self.k = 2.0\ndef f(x):\n    return P(x[0] > 0).k * np.sum(x**2)",
        ["P.__getattr__ = lambda self, name: LOG.append(1) or 3.0"],
    ),
}


@pytest.mark.parametrize("name", CLASSES)
def test_what_is_asked_of_classes_is_asked_again(name):
    source, changes = CLASSES[name]
    agree(source, changes, BOTH_SIGNS if "answers" in name else OFTEN, f"<{name}>")


# --- whose memory it is ----------------------------------------------------------------------------------------------------------

WRITES = {
    "differences of order 0": "b = np.diff(A, 0)\n    b[0] += 1.0",
    "a tuple of arrays": "b = np.broadcast_arrays(A, B) + ()\n    b[0][0] += 1.0",
    "a tuple of rows": "b = tuple(C) + tuple(C)\n    b[0][0] += 1.0",
    "pairs of rows": "for pair in zip(C, C):\n        b = pair + (1.0,)\n        b[0][0] += 1.0",
    "numbered rows": "for pair in enumerate(C, 1):\n        b = pair + (1.0,)\n        b[1][0] += 1.0",
    "several arrays at least": "b = tuple(np.atleast_1d(A, B)) + ()\n    b[1][0] += 1.0",
    "an array of objects": "b = np.zeros(dtype='O', shape=2)\n    b[0] = A\n    b[0][0] += 1.0",
    "sums of objects": "b = np.add([0, 0], [0, 0], dtype='O')\n    b[0] = A\n    b[0][0] += 1.0",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITES)
def test_views_of_arrays_are_not_the_calls_own(name):
    source = f"A, B, C = np.arange(4.0), np.ones(4), np.eye(2)\nstate = lambda: (A.tolist(), B.tolist(), C.tolist())\ndef f(x):\n    {WRITES[name]}\n    return np.sum(x**2)\n"
    agree(source, [], OFTEN, f"<{name}>")


def test_what_is_gone_over_is_still_proved():
    rows = np.eye(4)

    def f(x):
        total = np.zeros(4)
        for i, row in enumerate(rows, 1):
            total += i * row * x
        for a, b in zip(rows, np.atleast_1d(x), strict=True):
            total += a * b
        return np.sum(total**2)

    assert gw.explain(f, X).reuse.startswith("proved pure")


def test_types_of_objects_are_still_proved():
    for source, _ in list(CLASSES.values())[:4]:
        space = {"__name__": "attacked"}
        exec(BEGIN + source, space)
        assert gw.explain(space["f"], X).reuse.startswith("proved pure")


# --- objects that are differentiated ----------------------------------------------------------------------------------------------

MOVING = """
from functools import cached_property
class C:
    k, n = 2.0, 2
c, G = C(), 2.0
@dataclass
class P:
    w: np.ndarray
    b: float
    rate = 1.5
    def of_class(self):
        return self.rate * np.sum(self.w**2) + self.b
    def of_object(self):
        return self.c.k * np.sum(self.w**self.c.n)
    @cached_property
    def norm(self):
        LOG.append(1)
        return G * np.sum(self.w**2)
P.c = c
p = P(np.array([0.3, -0.7, 1.1]), 0.7)
q = P(np.array([0.3, -0.7, 1.1]), 0.7)
p.norm
others = lambda: (p,)
"""
MOVED = {
    "data of the class": ("v.of_class()", ["P.rate = 3.0", "P.of_class = lambda self: self.b**2"]),
    "an object of the class": ("v.of_object()", ["c.k = 3.0", "c.n = 3", "P.c = C(); P.c.n = 1"]),
    "the same object by its name": ("v.of_class() * p.b + np.sum(p.w)", ["p.b = 3.0", "p.w[0] = 5.0", "p = q"]),
    "a cached property": ("v.norm * 2.0", ["G = 3.0"]),
}


@pytest.mark.parametrize("name", MOVED)
def test_what_an_object_does_not_store_itself_is_not_differentiated(name):
    def gradient(f, **how):
        inner = gw.grad(f, argnums=1, **how)

        def flat(x, v):
            found = inner(x, v)
            return np.append(found.w, found.b)

        return flat

    code, changes = MOVED[name]
    agree(f"{MOVING}def f(x, v):\n    return {code} + np.sum(x)\n", changes, OFTEN, f"<{name}>", gradient)
