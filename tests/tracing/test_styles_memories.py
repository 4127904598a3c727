"""What objects keep of earlier calls, by whatever question they are asked: the derivative is that of the function, at every call, and the object holds what it would hold."""

from __future__ import annotations

import bisect
import functools
import hashlib
import math
import operator
from collections import OrderedDict

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.7, 1.3])
GRADIENT = [2 * X[0] * X[1] + math.sin(X[0]) + X[0] * math.cos(X[0]), X[0] ** 2]

LAST_POINT = {
    "distance": lambda t, x, kept: abs(t - kept[0]) < 1e-12,
    "both sides": lambda t, x, kept: -1e-9 < t - kept[0] < 1e-9,
    "not less nor greater": lambda t, x, kept: not (t < kept[0] or t > kept[0]),
    "isclose": lambda t, x, kept: math.isclose(t, kept[0]),
    "np.isclose": lambda t, x, kept: np.isclose(t, kept[0]),
    "norm": lambda t, x, kept: np.linalg.norm(x - kept[1]) < 1e-12,
    "largest": lambda t, x, kept: np.max(np.abs(x - kept[1])) < 1e-12,
    "any": lambda t, x, kept: not (x - kept[1]).any(),
    "dist": lambda t, x, kept: math.dist(x, kept[1]) < 1e-12,
    "ratio": lambda t, x, kept: abs(t / kept[0] - 1) < 1e-12,
    "bisection": lambda t, x, kept: bisect.bisect_left([kept[0]], t) == 0 and bisect.bisect_right([kept[0]], t) == 1,
    "hash": lambda t, x, kept: hash(t) == kept[2],
    "digits": lambda t, x, kept: int(t * 1e8) == kept[3],
    "text": lambda t, x, kept: repr(x) == kept[4],
    "equal": lambda t, x, kept: np.array_equal(x, kept[1]),
}


class Kept:
    """A part of the value is computed where a question says that the point is a new one."""

    def __init__(self, is_kept):
        self.kept = None
        self.is_kept = is_kept

    def __call__(self, x):
        t = float(x[0])
        if self.kept is None or not self.is_kept(t, x, self.kept):
            self.part = (t**2, math.sin(t))
            self.kept = (t, x.copy(), hash(t), int(t * 1e8), repr(x))
        return self.part[0] * x[1] + self.part[1] * x[0]


KEYS = {
    "number": lambda t, x: t,
    "percent": lambda t, x: "%.12g" % t,
    "f-string": lambda t, x: f"T={t}, {x[1]:.12f}",
    "str": lambda t, x: str(t),
    "upper": lambda t, x: repr(x).upper().replace(" ", ""),
    "digest": lambda t, x: hashlib.sha1(x.tobytes()).hexdigest(),
    "digest of text": lambda t, x: hashlib.md5(repr(t).encode()).hexdigest(),
    "hash": lambda t, x: hash(tuple(x.tolist())),
    "integer": lambda t, x: round(t * 1e9),
    "rounded": lambda t, x: tuple(np.round(x, 10)),
    "nested": lambda t, x: ("a", (str(t), 2)),
}


class Table(Kept):
    """The same under a key, in a dictionary."""

    def __init__(self, key):
        self.table = {}
        self.key = key

    def __call__(self, x):
        t = float(x[0])
        key = self.key(t, x)
        if key not in self.table:
            self.table[key] = (t**2, math.sin(t))
        part = self.table[key]
        return part[0] * x[1] + part[1] * x[0]


def _state(f):
    return {name: repr(value) for name, value in vars(f).items()}


def _check(make):
    f, plain = make(), make()
    for _ in range(3):
        assert gw.grad(f, method="exact")(X) == pytest.approx(GRADIENT, rel=1e-12)
        plain(X)
        assert _state(f) == _state(plain)
    f = make()
    for _ in range(2):  # the value first, as an optimiser asks for it
        f(X)
        before = _state(f)
        assert gw.grad(f)(X) == pytest.approx(GRADIENT, rel=1e-12)
        assert _state(f) == before
        assert gw.jvp(f, (X,), (np.array([1.0, 0.5]),))[1] == pytest.approx(GRADIENT[0] + 0.5 * GRADIENT[1], rel=1e-12)


@pytest.mark.parametrize("question", LAST_POINT)
def test_the_last_point(question):
    _check(lambda: Kept(LAST_POINT[question]))


@pytest.mark.parametrize("key", KEYS)
def test_tables(key):
    _check(lambda: Table(KEYS[key]))


def test_a_memory_beside_a_value_that_is_exactly_zero():
    class Cubic:
        def __init__(self):
            self.known = {}

        def coefficients(self, t):
            if t not in self.known:
                self.known[t] = (t - 3.0, 1 + math.sqrt(t))
            return self.known[t]

        def __call__(self, x):
            a, b = self.coefficients(float(x[0]))
            roots = np.roots([1.0, a, b, -x[1] * b])
            return max(r.real for r in roots if abs(r.imag) < 1e-10) * b

    f = Cubic()
    expected = gw.numerical.grad(Cubic(), X).value
    for _ in range(3):
        assert gw.grad(f, method="exact")(X) == pytest.approx(expected, rel=1e-8)


def test_minimisers_that_ask_for_the_value_first():
    scipy_optimize = pytest.importorskip("scipy.optimize")

    class Cached:
        updates = 0

        def __init__(self):
            self.x = None

        def update(self, x):
            if self.x is None or np.max(np.abs(x - self.x)) > 0:
                self.x, self.r = x.copy(), np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])
                self.updates += 1

        def value(self, x):
            self.update(x)
            return self.r @ self.r

    f = Cached()
    found = scipy_optimize.minimize(f.value, [-1.2, 1.0], jac=gw.grad(f.value), method="BFGS")
    assert found.x == pytest.approx([1, 1], abs=1e-4)
    assert f.updates <= found.nfev + 1


def test_state_is_no_memory():
    class Average:
        def __init__(self):
            self.mean, self.calls = 1.0, 0

        def __call__(self, x):
            self.calls += 1
            if x[0] > 0:
                self.mean = 0.5 * self.mean + 0.5 * x[0]
            return self.mean**2 * x[1]

    f, plain = Average(), Average()
    for n in range(4):
        mean = plain.mean
        assert gw.grad(f)(X + n) == pytest.approx([(mean + X[0] + n) / 2 * (X[1] + n), plain_after(plain, X + n) ** 2])
        assert _state(f) == _state(plain)


def plain_after(f, x):
    f(x)
    return f.mean


def test_branches_of_functions_that_store_their_parts():
    class Model:
        def set(self, x):
            self.a = x[0] * 2
            self.b = [x[1], 1.0]
            return self

        def best(self):
            return max(self.a, self.b[0], key=lambda v: v**2)

    m = Model()
    f = lambda x: m.set(x).best() + functools.reduce(lambda p, q: p * q, m.b)
    for x, gradient in [(X, [2.0, 1.0]), (np.array([0.1, 3.0]), [0.0, 2.0]), (X * 2, [2.0, 1.0])]:
        assert gw.grad(f)(x) == pytest.approx(gradient)
        assert m.a == x[0] * 2
        assert m.b == [x[1], 1.0]


def test_a_memory_of_the_last_few_points():
    class Recent:
        def __init__(self):
            self.kept = OrderedDict()

        def part(self, t):
            key = f"{t:.12g}"
            if key in self.kept:
                self.kept.move_to_end(key)
                return self.kept[key]
            self.kept[key] = t**2
            while len(self.kept) > 3:
                self.kept.popitem(last=False)
            return self.kept[key]

        def __call__(self, x):
            return self.part(float(x[0])) * x[1] + self.part(float(x[1])) + self.part(float(x[0]))

    f, plain = Recent(), Recent()
    for x in (X, X + 0.5, X, X, X + 1.0):
        plain(x)
        f(x)
        assert gw.grad(f)(x) == pytest.approx([2 * x[0] * (x[1] + 1), x[0] ** 2 + 2 * x[1]])
        plain(x)
        assert list(f.kept.items()) == list(plain.kept.items())


def test_methods_that_are_called_by_name():
    class Terms:
        def power(self, v, p=2):
            return math.pow(v, p)

        def scaled(self, v, k):
            return math.sin(v) * k

    calls = [operator.methodcaller("power", 1.5, p=3), operator.methodcaller("scaled", 0.5, 2.0)]
    f = lambda x: sum(c(Terms()) for c in calls) * x[0] + operator.methodcaller("power", float(x[1]), p=3)(Terms())
    assert gw.grad(f, method="exact")(X) == pytest.approx([1.5**3 + 2 * math.sin(0.5), 3 * X[1] ** 2])
