"""Classes that a function itself defines: programs stand for what they compute, and nothing that may change between calls is believed."""

from __future__ import annotations

import collections
import dataclasses
import functools
import sys

import numpy as np
import pytest
from central_differences import differences

import gradwise as gw
from gradwise.tracing.purity import inspect_function

X = np.array([0.3, -1.2, 2.0])
SCALE = 2.0


def model(x):
    class Model:
        def __init__(self, p):
            self.p = p

        def nll(self):
            return np.sum(self.p**2) * np.exp(self.p[0])

        def unused(self):
            print("nobody asks")

    return Model(x).nll()


def derived(x):
    class Base:
        factor = 2.0

        def value(self):
            return self.factor * self.inner()

        def inner(self):
            return 0.0

    class Middle(Base):
        def inner(self):
            return x[0] * x[1]

    class Last(Middle):
        factor = 3.0

        def inner(self):
            return super().inner() + x[2]

    return Last().value() + Middle().value() ** 2


def with_all_kinds(x):
    class Shape:
        def __init__(self, a, b=2.0):
            self._a, self.b = a, b

        @property
        def a(self):
            return self._a

        @a.setter
        def a(self, value):
            self._a = 2.0 * value

        @staticmethod
        def twice(v):
            return 2.0 * v

        @classmethod
        def unit(cls, a):
            return cls(a, 1.0)

        @functools.cached_property
        def area(self):
            return self.a * self.b

        def __add__(self, other):
            return Shape(self.a + other.a, self.b * other.b)

        __radd__ = __add__

        def __call__(self, v):
            return v * self._a

        def __len__(self):
            return 3

        def __getitem__(self, k):
            return self._a * k

        def __iter__(self):
            return iter([self._a, self.b])

    s = Shape(x[0]) + Shape.unit(x[1])
    s.a = s.a * x[2]
    p, q = s
    return s.area + Shape.twice(s[2]) + s(x[0]) * len(s) + p * q


def values_in_the_body(x):
    class Settings:
        first = x[0] * SCALE
        second: float = np.exp(x[1])
        name = "s"
        many = (1.0, 2.0)

        def total(self):
            return self.first * self.second + self.many[1] * (1.0 if self.name == "s" else 0.0)

    return Settings().total() + Settings.first**2


def with_fields(x):
    @dataclasses.dataclass
    class Point:
        a: float
        b: float = 3.0

        def norm(self):
            return self.a**2 * self.b

    @dataclasses.dataclass(frozen=True)
    class Pair:
        p: Point
        q: Point

    pair = Pair(Point(x[0]), Point(x[1], b=x[2]))
    return pair.p.norm() + pair.q.norm()


def make(k):
    class Term:
        def value(self, v):
            return k * v**2

    return Term()


def by_helpers(x):
    return make(2.0).value(x[0]) + make(x[1]).value(x[2])


def kinds(which):
    class Kind:
        def __init__(self, v):
            self.v = v

    return Kind


def told_apart(x):
    first, second = kinds(1), kinds(2)
    made = first(x[0])
    return made.v**2 if isinstance(made, second) else made.v**3


def nodes(x):
    class Node:
        def __init__(self, value, children):
            self.value, self.children = value, children

        def total(self):
            result = self.value**2
            for child in self.children:
                result = result + child.total() * self.value
            return result

    tree = Node(x[0], [Node(x[1], []), Node(x[2], [Node(x[0], [])])])
    return tree.total()


def counted_in_a_call(x):
    calls = 0

    class Counter:
        def step(self, v):
            nonlocal calls
            calls = calls + 1
            return v * calls

    c = Counter()
    return c.step(x[0]) ** 2 + c.step(x[1]) ** 2


def shared_by_instances(x):
    class Bag:
        items = []

        def put(self, v):
            self.items.append(v)

    Bag().put(x[0])
    Bag().put(x[1])
    return Bag.items[0] * Bag.items[1] * len(Bag.items)


def in_turns(x):
    total = 0.0
    for k in range(3):

        class Term:
            def value(self, k=k):
                return x[k] ** (k + 1)

        total = total + Term().value()
    return total


def with_names(x):
    Point = collections.namedtuple("Point", "a b")
    p = Point(x[0], x[1])
    q = p._replace(b=x[2])
    a, b = q
    return p.a * p.b + q.b**2 + a * b


def points(which):
    return collections.namedtuple("Point", ("a", "b"))


def names_told_apart(x):
    first, second = points(1), points(2)
    p = first(x[0], x[1])
    return p.a**2 if isinstance(p, second) else p.b**3


def answers_for_all(x):
    class Model:
        def __getattr__(self, name):
            return x[0] * len(name)

    return Model().abc ** 2


PROVED = [with_names, names_told_apart, model, derived, with_all_kinds, by_helpers, nodes, answers_for_all]
OTHERS = [told_apart, counted_in_a_call, shared_by_instances, in_turns]
#: annotations are functions of their own from Python 3.14 on, which are not looked into
(PROVED if sys.version_info < (3, 14) else OTHERS).extend([values_in_the_body, with_fields])


@pytest.mark.parametrize("f", PROVED + OTHERS, ids=lambda f: f.__name__)
def test_derivatives(f):
    for k in range(6):
        x = X + 0.1 * k
        np.testing.assert_allclose(gw.grad(f)(x), differences(f, x), rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(gw.grad(f)(x), gw.grad(f, pure=False)(x), rtol=1e-13)


@pytest.mark.parametrize("f", PROVED, ids=lambda f: f.__name__)
def test_programs_stand(f):
    for k in range(5):
        gw.grad(f)(X + 0.1 * k)
    told = str(gw.explain(f, X))
    assert "proved pure by its code" in told
    assert "given up" not in told


def test_what_the_body_reads_is_read_again(monkeypatch):
    for scale in (2.0, 2.0, 2.0, 5.0, -1.0, 2.0):
        monkeypatch.setitem(globals(), "SCALE", scale)
        expected = differences(values_in_the_body, X)
        np.testing.assert_allclose(gw.grad(values_in_the_body)(X), expected, rtol=1e-6)


def power(v):
    return v**2


def calls_a_global(x):
    class Model:
        rate = SCALE

        def value(self):
            return power(x[0]) * self.rate

    return Model().value()


def test_functions_that_methods_call_are_looked_at_again(monkeypatch):
    for _ in range(4):
        np.testing.assert_allclose(gw.grad(calls_a_global)(X), [4.0 * X[0], 0, 0])
    monkeypatch.setitem(globals(), "power", lambda v: v**3)
    np.testing.assert_allclose(gw.grad(calls_a_global)(X), [6.0 * X[0] ** 2, 0, 0])


def test_closures_are_read_again():
    weight = 2.0

    def f(x):
        class Model:
            def value(self):
                return weight * np.sum(x**2)

        return Model().value()

    for weight in (2.0, 2.0, 2.0, 7.0, 2.0, -3.0):
        np.testing.assert_allclose(gw.grad(f)(X), 2 * weight * X)


KEPT: list = []


class There:
    made: list = []

    def __init_subclass__(cls):
        There.made.append(cls)


def keeps_the_class(x):
    class Model:
        k = 2.0

    KEPT.append(Model)
    if len(KEPT) > 4:
        KEPT[0].k = 3.0
    return KEPT[0].k * np.sum(x**2)


def derived_from_what_was_there(x):
    class Model(There):
        pass

    return np.sum(x**2) * len(There.made)


def writes_to_the_class(x):
    class Model:
        k = 2.0

    Model.k = x[0]
    return Model.k * np.sum(x**2)


def tells_who_is_derived(x):
    found = []

    class Base:
        def __init_subclass__(cls):
            found.append(cls)

    class Model(Base):
        pass

    return np.sum(x**2) * len(found)


def ends_with_something(x):
    class Model:
        def __del__(self):
            KEPT.append(1)

    made = Model()
    del made
    return len(KEPT) * np.sum(x**2)


def with_a_metaclass(x):
    class Meta(type):
        def __call__(cls, v):
            return v * 3.0

    class Model(metaclass=Meta):
        pass

    return Model(x[0]) ** 2


def with_branches(x):
    class Model:
        if SCALE > 3.0:
            k = 1.0
        else:
            k = 2.0

    return Model.k * np.sum(x**2)


def a_descriptor(x):
    class Field:
        def __set_name__(self, owner, name):
            owner.extra = x[1]

        def __get__(self, obj, owner=None):
            return x[0]

    class Model:
        a = Field()

    return Model().a * Model.extra


def counts_in_a_global(x):
    class Model:
        def value(self):
            KEPT.append(1)
            return np.sum(x**2) * len(KEPT)

    return Model().value()


def helper_in_the_class(x):
    class Model:
        act = power

        def __init__(self, v):
            self.v = v

        def __pow__(self, n):
            return self.v * n

    return Model(x[0]).act()


REFUSED = [
    keeps_the_class, derived_from_what_was_there, writes_to_the_class, tells_who_is_derived, ends_with_something,
    with_a_metaclass, with_branches, a_descriptor, counts_in_a_global, helper_in_the_class,
]  # fmt: skip


@pytest.mark.parametrize("f", REFUSED, ids=lambda f: f.__name__)
def test_what_may_change_is_not_proved(f):
    assert inspect_function(f, (X,), {}).effects is not None


@pytest.mark.parametrize("f", [writes_to_the_class, tells_who_is_derived, with_a_metaclass, with_branches, a_descriptor, helper_in_the_class], ids=lambda f: f.__name__)  # fmt: skip
def test_what_is_not_proved_runs(f):
    for k in range(5):
        np.testing.assert_allclose(gw.grad(f)(X + k), differences(f, X + k), rtol=1e-6, atol=1e-6)


def test_overrides_are_found_by_the_class():
    def f(x, late):
        class A:
            def value(self):
                return self.part() * 2.0

            def part(self):
                return x[0]

        class B(A):
            def part(self):
                return x[1] ** 2

        chosen = B if late else A
        return chosen().value()

    for late in (False, False, False, True, True, False):
        expected = differences(lambda x, late=late: f(x, late), X)
        np.testing.assert_allclose(gw.grad(f)(X, late), expected, rtol=1e-6, atol=1e-7)
