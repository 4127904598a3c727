"""``operator.itemgetter`` and its like, properties that are set, ``itertools.tee`` and ``compress`` in proved functions: as a run gives them, after changes too."""

from __future__ import annotations

import itertools
import math
import operator
from dataclasses import dataclass

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of


@dataclass
class Term:
    w: float
    k: int


TERMS = [Term(1.5, 0), Term(2.0, 1), Term(-0.5, 2)]
ROWS = [("a", 0, 2.0), ("b", 1, 3.0)]
GET = operator.itemgetter("w")
OF_ROWS = operator.itemgetter(1, 2)
WEIGHT = operator.attrgetter("w")


def attributes(x):
    return sum(operator.attrgetter("w")(t) * x[t.k] ** 2 for t in TERMS) + WEIGHT(TERMS[0]) * x[1]


def entries(x):
    a, b = operator.itemgetter(0, 2)(x)
    return a * b + operator.itemgetter(-1)([x[0], x[1] ** 2])


def by_key(x):
    return GET({"w": x[0] * x[1], "v": 1.0}) + sum(v * x[k] ** 2 for k, v in map(OF_ROWS, ROWS))


def sorted_by(x):
    pairs = sorted(zip(x, [3.0, 1.0, 2.0], strict=True), key=operator.itemgetter(1))
    return sum(v**2 * (i + 1) for i, (v, _) in enumerate(pairs)) + max(TERMS, key=WEIGHT).w * x[0]


def called(x):
    return operator.methodcaller("dot", x)(x) + operator.methodcaller("sum", axis=0)(np.sin(x))


def dotted(x):
    return operator.attrgetter("T.shape")(x)[0] * x[0] ** 2


def pairs(x):
    first, second = itertools.tee(x)
    next(second)
    return sum(a * b for a, b in zip(first, second, strict=False)) + sum(itertools.compress(x**2, [1, 0, 1]))


@pytest.mark.parametrize("f", [attributes, entries, by_key, sorted_by, called, dotted, pairs])
def test_what_getters_take(f) -> None:
    derivative, each = gw.value_and_grad(f), gw.value_and_grad(f, pure=False)
    rng = np.random.default_rng(3)
    for _ in range(12):
        x = rng.normal(size=3)
        found, expected = derivative(x), each(x)
        np.testing.assert_allclose(found[0], f(x), rtol=1e-13)
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-12)
    assert shortcuts_of(f)["0"].served > 0


def test_another_getter_is_seen() -> None:
    data = {"get": operator.itemgetter("w"), "x": None}
    f = eval("lambda p: get({'w': p[0] ** 2, 'v': p[1]}) * 2.0", data)
    derivative = gw.grad(f)
    for _ in range(6):
        np.testing.assert_allclose(derivative(np.array([1.5, 2.0])), [6.0, 0.0])
    assert shortcuts_of(f)["0"].served > 0
    data["get"] = operator.itemgetter("v")
    np.testing.assert_allclose(derivative(np.array([1.5, 2.0])), [0.0, 2.0])
    data["get"] = lambda table: table["w"] * table["v"]
    np.testing.assert_allclose(derivative(np.array([1.5, 2.0])), [12.0, 4.5])


def test_a_getter_of_an_unknown_name_is_no_proof() -> None:
    holder = [TERMS[0], "w"]

    def f(x):
        return operator.attrgetter(holder[1] + "")(holder[0]) * x[0]

    derivative = gw.grad(f)
    for _ in range(5):
        np.testing.assert_allclose(derivative(np.ones(2)), [1.5, 0.0])
    holder[1] = "k"
    np.testing.assert_allclose(derivative(np.ones(2)), [0.0, 0.0])


# --- properties that are set ------------------------------------------------------------------------------------------------------


class Vector:
    def __init__(self, v):
        self._v = v

    @property
    def v(self):
        return self._v

    @v.setter
    def v(self, new):
        self._v = 2.0 * new


class Cell:
    def __init__(self):
        self._h, self.seen = 0.5, []

    @property
    def h(self):
        return self._h

    @h.setter
    def h(self, new):
        self.seen.append(1.0)
        self._h = new

    def step(self, x):
        self.h = math.tanh(0.5 * self.h + x[0])
        return self.h * x[1]


class Scaled:
    @property
    def kelvin(self):
        return self.celsius + 273.15

    @kelvin.setter
    def kelvin(self, new):
        self.celsius = new - 273.15

    def value(self, x):
        self.kelvin = x[0] ** 2
        return self.celsius * x[1]


def made_in_the_call(x):
    o = Vector(x[0])
    o.v = o.v * x[1]
    o.v += x[0]
    return o.v**2


def test_properties_of_objects_made_in_the_call() -> None:
    derivative, each = gw.value_and_grad(made_in_the_call), gw.value_and_grad(made_in_the_call, pure=False)
    for k in range(10):
        x = np.array([0.5 + k, 1.5])
        np.testing.assert_allclose(derivative(x)[0], made_in_the_call(x), rtol=1e-13)
        np.testing.assert_allclose(derivative(x)[1], each(x)[1], rtol=1e-12)
    assert shortcuts_of(made_in_the_call)["0"].served > 0


@pytest.mark.parametrize(("cls", "method"), [(Cell, "step"), (Scaled, "value")])
def test_properties_of_objects_that_were_there(cls, method) -> None:
    ours, theirs, plain = cls(), cls(), cls()
    derivative, each = gw.value_and_grad(getattr(ours, method)), gw.value_and_grad(getattr(theirs, method), pure=False)
    for k in range(20):
        x = np.array([0.3 * math.cos(k), 1.0 + k])
        found, expected = derivative(x), each(x)
        np.testing.assert_allclose(found[0], getattr(plain, method)(x), rtol=1e-13)
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-12)
        assert vars(ours).keys() == vars(plain).keys()
        for name, value in vars(plain).items():
            np.testing.assert_allclose(vars(ours)[name], value, rtol=1e-13)
    assert shortcuts_of(getattr(ours, method))["0"].served > 0


def test_another_setter_is_seen() -> None:
    class Box:
        def __init__(self, v):
            self._v = v

        @property
        def v(self):
            return self._v

        @v.setter
        def v(self, new):
            self._v = 2.0 * new

    def f(x):
        o = Box(1.0)
        o.v = x[0] ** 2
        return o.v

    derivative = gw.grad(f)
    for _ in range(6):
        np.testing.assert_allclose(derivative(np.array([1.5])), [6.0])
    assert shortcuts_of(f)["0"].served > 0

    def triple(self, new):
        self._v = 3.0 * new

    Box.v = Box.v.setter(triple)
    np.testing.assert_allclose(derivative(np.array([1.5])), [9.0])
    Box.v = 5.0  # no property any more
    np.testing.assert_allclose(derivative(np.array([1.5])), [3.0])
    Box.v = property(lambda self: self._v, triple)

    def odd(self, name, new):
        object.__setattr__(self, "_v", 7.0 * new)

    for _ in range(6):
        np.testing.assert_allclose(derivative(np.array([1.5])), [9.0])
    Box.__setattr__ = odd
    np.testing.assert_allclose(derivative(np.array([1.5])), [21.0])


def test_a_class_that_assigns_by_itself_is_no_proof() -> None:
    class Own:
        def __init__(self):
            object.__setattr__(self, "_v", 1.0)

        def __setattr__(self, name, new):
            object.__setattr__(self, "_v", new * 3.0)

        @property
        def v(self):
            return self._v

        @v.setter
        def v(self, new):
            raise AssertionError

        def value(self, x):
            self.v = x[0] ** 2
            return self.v * x[1]

    o = Own()
    derivative = gw.grad(o.value)
    for k in range(6):
        np.testing.assert_allclose(derivative(np.array([1.0 + k, 2.0])), [12.0 * (1 + k), 3.0 * (1 + k) ** 2])
