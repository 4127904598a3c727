"""Containers of objects and functions made by the function itself: programs stand for it, nothing is stale, and no alias goes unseen."""

from __future__ import annotations

import collections
import functools
import itertools
import linecache
import math
import operator
from dataclasses import dataclass, field

import numpy as np
import pytest
from aliases import EFFECTS, WRITES

import gradwise as gw
from gradwise.operators.reuse import families
from gradwise.tracing.purity import inspect_function


@pytest.fixture(autouse=True)
def fresh():
    gw.clear_caches()
    yield
    gw.clear_caches()


# --- what must not be proved ---------------------------------------------------------------------------------------------------------

G: list = [np.ones(2)]
LOG: list = []


def helper(items, value):
    items.append(value)


def ident(items):
    return items


def gen(items=None):
    yield from (items if items is not None else [Loud()])


class Plain:
    def __init__(self):
        self.items, self.v = [], 1.0

    def add(self, value):
        self.items.append(value)
        return self

    def __iter__(self):
        return iter(self.items)

    def __getitem__(self, k):
        return self.items[k]

    def m(self):
        return self.v


def _loud(self, *args):
    LOG.append(1)
    return 2.0


_NAMES = """__mul__ __rmul__ __add__ __radd__ __len__ __lt__ __eq__ __float__ __call__ __getitem__ __contains__ __neg__ __abs__ __iadd__ __str__ __hash__ __ge__ __enter__""".split()


class Loud:
    """Whatever is done with it has an effect."""

    def __iter__(self):
        LOG.append(1)
        return iter([1.0])

    def __exit__(self, *args):
        return False


for _name in _NAMES:
    setattr(Loud, _name, _loud)


class LoudTruth:
    def __bool__(self):
        LOG.append(1)
        return True


class Derived(Plain):
    def m(self):
        LOG.append(1)
        return 3.0


def fn(x):
    LOG.append(1)
    return 1.0


def rec(n):
    return Loud() if n == 0 else rec(n - 1)


def rec2(n):
    if n == 0:
        return [Loud()]
    return rec2(n - 1)


NAMES = {
    "np": np, "collections": collections, "functools": functools, "itertools": itertools, "operator": operator, "G": G, "LOG": LOG, "helper": helper, "ident": ident, "gen": gen,
    "O": Plain, "Holder": Plain, "P": Plain, "Q": Derived, "E": Loud, "B": LoudTruth, "fn": fn, "rec": rec, "rec2": rec2,
}  # fmt: skip


def written(name, body):
    """``def f(x)`` with these statements."""
    body = body.lstrip() if not body.startswith("\n") else "pass" + body
    source = f"def f(x):\n  {body}\n  return np.sum(x**2)\n"
    filename = f"<alias {name}>"
    linecache.cache[filename] = len(source), None, source.splitlines(True), filename
    names = dict(NAMES)
    exec(compile(source, filename, "exec"), names)
    return names["f"]


@pytest.mark.parametrize("name", WRITES)
def test_a_write_to_what_was_there_is_seen_through_containers(name):
    assert not inspect_function(written(name, WRITES[name]), (np.ones(2),), {}).may_stand


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_is_seen_through_containers(name):
    assert not inspect_function(written(name, EFFECTS[name]), (np.ones(2),), {}).is_replayable


# --- what is proved, and what may change ------------------------------------------------------------------------------------------------


class Spring:
    def __init__(self, stiffness, rest):
        self.stiffness, self.rest = stiffness, rest

    def energy(self, x):
        return 0.5 * self.stiffness * (x - self.rest) ** 2


class Cubic(Spring):
    def __init__(self, stiffness, rest, c):
        super().__init__(stiffness, rest)
        self.c = c

    def energy(self, x):
        return super().energy(x) + self.c * (x - self.rest) ** 4


def springs(p):
    parts = [Spring(p[0], 0.1), Cubic(p[1], 0.2, p[2])]
    parts.append(Spring(3.0, p[2]))
    return sum(s.energy(0.7) for s in parts)


@dataclass
class Body:
    mass: float
    place: np.ndarray
    near: list = field(default=None)


def bodies(p):
    every = [Body(1.0 + k, p[k] * 1.5 + k) for k in range(3)]
    e = 0.0
    for a, b in itertools.combinations(every, 2):
        e += a.mass * b.mass / (b.place - a.place)
    return e


class Stack:
    def __init__(self):
        self.items = []

    def push(self, value):
        self.items.append(value)
        return self

    def pop(self):
        return self.items.pop()

    def __len__(self):
        return len(self.items)


def stack(p):
    s = Stack()
    for v in p:
        s.push(v).push(v * 2)
    total = 1.0
    while s:
        total = total * 0.5 + s.pop()
    return total * len(s.items) + total


class Node:
    def __init__(self, value, left=None, right=None):
        self.value, self.left, self.right = value, left, right


def build(values, k=0):
    if k >= len(values):
        return None
    return Node(values[k], build(values, 2 * k + 1), build(values, 2 * k + 2))


def total(node):
    if node is None:
        return 0.0
    return node.value + 0.5 * total(node.left) + 0.3 * total(node.right) ** 2


def tree(p):
    return total(build(p))


def square(v):
    return v**2


LAYERS = {"sin": np.sin, "square": square}


def layers(p):
    steps = [LAYERS[name] for name in ("sin", "square", "sin")] + [lambda v: v * p[0]]
    v = p
    for step in steps:
        v = step(v)
    return np.sum(v)


def grouped(p):
    groups = collections.defaultdict(list)
    for k, v in enumerate(p):
        groups["ab"[k % 2]].append(v**2)
    other = {}
    for k, v in enumerate(p):
        other.setdefault(k % 2, []).append([v])
    other[0][0][0] = other[0][0][0] * 3.0
    return sum(np.prod(v) for v in groups.values()) + other[0][0][0] * other[1][0][0]


def eliminated(p):
    m = [list(row) for row in p.reshape(1, 3) * np.array([[1.0, 0.5, 2.0], [0.3, 2.0, 0.1], [1.0, 1.0, 4.0]])]
    det = 1.0
    for k in range(3):
        pivot = max(range(k, 3), key=lambda i: abs(m[i][k]))
        if pivot != k:
            m[k], m[pivot], det = m[pivot], m[k], -det
        det = det * m[k][k]
        for i in range(k + 1, 3):
            factor = m[i][k] / m[k][k]
            m[i] = [x - factor * y for x, y in zip(m[i], m[k], strict=True)]
    return det


def flattened(v):
    if isinstance(v, (list, tuple)):
        for one in v:
            yield from flattened(one)
    else:
        yield v


def nested(p):
    return sum(v**2 for v in flattened([p[0], [p[1], (p[0] * p[1], [p[2]])]]))


def chained(p):
    order = sorted([(abs(v), k) for k, v in enumerate(p)], key=lambda pair: pair[0])
    queue = collections.deque([(0, 1.0)])
    out = 0.0
    while queue:
        k, w = queue.popleft()
        out += w * p[order[k][1]]
        if k < 2:
            queue.append((k + 1, w * p[k]))
    return out


PROVED = [springs, bodies, stack, tree, layers, grouped, eliminated, nested, chained]
POINT = np.array([0.6, 1.1, 0.9])


def by_differences(f, x):
    """The gradient, from differences of fourth order, with its error."""
    found, h = [], 1e-3
    for e in np.eye(x.size):
        fine, coarse = [
            (8 * (f(x + s * e) - f(x - s * e)) - (f(x + 2 * s * e) - f(x - 2 * s * e))) / (12 * s) for s in (h, 2 * h)
        ]
        found.append((fine, abs(fine - coarse)))
    return np.array(found).T


def served():
    return sum(family.served for family, _ in families._families.values())


@pytest.mark.parametrize("f", PROVED, ids=lambda f: f.__name__)
def test_programs_stand_for_functions_with_containers_of_objects(f):
    g = gw.grad(f)
    for k in range(5):
        x = POINT + 0.01 * k
        true, error = by_differences(f, x)
        np.testing.assert_allclose(g(x), true, rtol=0, atol=float(error.max()) + 1e-9)
    assert served() == 3


def _length(self):
    return 0


CHANGES = [
    (springs, Spring, "energy", lambda self, x: self.stiffness * x),
    (springs, Cubic, "energy", lambda self, x: self.c * x),
    (springs, Cubic, "__init__", lambda self, a, b, c: self.__dict__.update(stiffness=a, rest=b, c=c * 2)),
    (springs, Spring, "rest", property(lambda self: 2.0, lambda self, v: None)),
    (stack, Stack, "__len__", _length),
    (stack, Stack, "__bool__", lambda self: len(self.items) > 2),
    (stack, Stack, "pop", lambda self: self.items.pop(0)),
    (tree, Node, "left", property(lambda self: None, lambda self, v: None)),
    (tree, Node, "__getattribute__", lambda self, n: 2.0 if n == "value" else object.__getattribute__(self, n)),
    (tree, Node, "__bool__", lambda self: False),
    (layers, LAYERS, "sin", np.cos),
    (layers, LAYERS, "square", lambda v: v**3),
    (bodies, Body, "__init__", lambda self, mass, place: self.__dict__.update(mass=mass * 2, place=place)),
]


@pytest.mark.parametrize(("f", "owner", "name", "value"), CHANGES, ids=lambda v: getattr(v, "__name__", None))
def test_what_changes_is_seen_in_containers(f, owner, name, value, monkeypatch):
    g, plain = gw.grad(f), gw.grad(f, pure=False)
    for _ in range(4):
        g(POINT)
    assert served() == 2
    if isinstance(owner, dict):
        monkeypatch.setitem(owner, name, value)
    else:
        monkeypatch.setattr(owner, name, value, raising=False)
    for _ in range(4):
        np.testing.assert_allclose(g(POINT), plain(POINT), rtol=1e-12)
    monkeypatch.undo()
    np.testing.assert_allclose(g(POINT), plain(POINT), rtol=1e-12)


@pytest.mark.parametrize("name", ["sorted", "max", "list", "enumerate", "zip", "abs", "range", "isinstance", "sum"])
def test_builtins_that_are_replaced_are_seen(name, monkeypatch):
    of_python = __builtins__[name] if isinstance(__builtins__, dict) else getattr(__builtins__, name)
    other = {"sum": lambda values: 2.0 * math.fsum(float(v) for v in values) + of_python(values)}.get(
        name, lambda *args, **kwargs: of_python(*args, **kwargs)
    )
    for f in PROVED:
        g, plain = gw.grad(f), gw.grad(f, pure=False)
        for _ in range(4):
            g(POINT)
        with monkeypatch.context() as patch:
            patch.setitem(globals(), name, other)
            try:
                true = plain(POINT)
            except gw.GradwiseError as error:
                with pytest.raises(type(error)):
                    g(POINT)
                continue
            except TypeError:
                continue
            np.testing.assert_allclose(g(POINT), true, rtol=1e-12)
