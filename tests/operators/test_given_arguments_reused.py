"""Further arguments, defaults that count by value, trees of objects, factories of dataclasses: a program stands for functions that use these, and none where a default or a child becomes another."""

from __future__ import annotations

import bisect
import dataclasses
import functools
import math

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse import standing
from gradwise.tracing.purity import inspect_function

X = np.array([0.3, 1.2, 2.0])


class Element:
    """A part with a value."""

    def __init__(self, value):
        self.value = value

    def doubled(self):
        return 2 * self.value


class Sum:
    """Of any number of parts."""

    def __init__(self, *elements):
        self.elements = elements

    def total(self):
        return sum(e.doubled() for e in self.elements)


class Tree:
    """With children that need not be given."""

    def __init__(self, value, children=None, names=()):
        self.value = value
        self.children = children or []
        self.names = list(names)

    def total(self):
        if not self.children:
            return self.value**2
        return self.value + sum(child.total() for child in self.children)


class Plain:
    """With children that are a list, perhaps an empty one."""

    def __init__(self, value, children):
        self.value, self.children = value, children

    def total(self, x):
        total = self.value * x[0]
        for child in self.children:
            total = total + child.total(x) * x[1]
        return total


@dataclasses.dataclass
class Record:
    """With a list of its own."""

    first: float
    items: list = dataclasses.field(default_factory=list)

    def __post_init__(self):
        self.items.append(self.first)


TREE = Plain(1.0, [Plain(2.0, []), Plain(3.0, [Plain(4.0, []), Plain(0.5, [])])])


def _applied(function, *args, **kwargs):
    return function(*args, **kwargs)


def _wrapped(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs)

    return inner


@_wrapped
def _scaled(x, scale=2.0, *, shift=None, kind="square"):
    if shift is not None:
        raise ValueError(shift)
    return scale * ((x * x) if kind == "square" else x).sum()


def _of_parts(x):
    return Sum(Element(x[0]), Element(x[1]), Element(x[2] * x[0])).total()


def _applied_functions(x):
    return _applied(math.sin, x[0]) + _applied(lambda a, b=1: a * b, x[1], b=x[2])


def _tree_that_is_made(x):
    return Tree(x[0], [Tree(x[1]), Tree(x[2], [Tree(x[0])])]).total()


def _tree_that_is_there(x):
    return TREE.total(x)


def _records(x):
    first, second = Record(x[0]), Record(x[1])
    first.items.append(x[2])
    return sum(first.items) * sum(second.items)


def _keyed(x):
    parts = dict.fromkeys(["a", "b"], 0.0)
    parts["a"] += x[0]
    parts["b"] += x[1] * x[2]
    return parts["a"] * parts["b"]


def _sorted_in(x):
    values = []
    for value in x:
        bisect.insort(values, value)
    return values[0] * values[-1]


class Point:
    """Makes others of its own class."""

    def __init__(self, a, b):
        self.a, self.b = a, b

    def moved(self, by):
        return type(self)(self.a + by, self.b * by)


def _moved(x):
    point = Point(x[0], x[1]).moved(x[2])
    return point.a * point.b


PROVED = [
    _scaled,
    _of_parts,
    _applied_functions,
    _tree_that_is_made,
    _tree_that_is_there,
    _records,
    _keyed,
    _sorted_in,
    _moved,
]


def _differences(f, x, h=1e-4):
    steps = h * np.eye(x.size)
    return np.array([(8 * (f(x + s) - f(x - s)) - (f(x + 2 * s) - f(x - 2 * s))) / (12 * h) for s in steps])


@pytest.mark.parametrize("function", PROVED, ids=lambda f: f.__name__)
def test_a_program_stands(function):
    gradient = gw.value_and_grad(function, method="exact")
    for k in range(7):
        point = X + 0.03 * k
        value, found = gradient(point)
        np.testing.assert_allclose(value, function(point), rtol=1e-14)
        np.testing.assert_allclose(found, _differences(function, point), rtol=1e-9, atol=1e-9)
    assert standing(function, (X,), {}).startswith("proved pure")


def test_children_may_come_and_go():
    gradient = gw.grad(_tree_that_is_there, method="exact")
    leaf = TREE.children[0]
    try:
        for k in range(10):
            if k == 4:
                leaf.children = [Plain(5.0, [])]
            if k == 6:
                leaf.children[0].value = 7.0
            if k == 8:
                leaf.children.clear()
            expected = _differences(_tree_that_is_there, X)
            np.testing.assert_allclose(gradient(X), expected, rtol=1e-9, err_msg=f"{k}")
    finally:
        leaf.children = []


LOG = []


def _noted(x, log=None):
    if log is not None:
        log.append(float(x.sum()))
        return (x * x).sum() * len(log)
    return (x * x).sum()


def _calling(x):
    return _noted(x) * x[0]


def test_a_default_becomes_another():
    gradient = gw.grad(_calling, method="exact")
    for _ in range(6):
        np.testing.assert_allclose(gradient(X), _differences(_calling, X), rtol=1e-9)
    assert standing(_calling, (X,), {}).startswith("proved pure")
    _noted.__defaults__ = (LOG,)
    try:
        gradient(X)
        assert len(LOG) == 1
        gradient(X)
        assert len(LOG) == 2
    finally:
        _noted.__defaults__ = (None,)
    np.testing.assert_allclose(gradient(X), _differences(_calling, X), rtol=1e-9)


def _with_text(x, kind="sine"):
    return np.sin(x).sum() if kind == "sine" else np.cos(x).sum()


def _calling_with_text(x):
    return _with_text(x) + _with_text(x, kind="cosine")


def test_a_text_for_a_default_becomes_another():
    gradient = gw.grad(_calling_with_text, method="exact")
    for _ in range(6):
        np.testing.assert_allclose(gradient(X), np.cos(X) - np.sin(X), rtol=1e-13)
    _with_text.__defaults__ = ("cosine",)
    try:
        np.testing.assert_allclose(gradient(X), -2 * np.sin(X), rtol=1e-13)
    finally:
        _with_text.__defaults__ = ("sine",)


KEPT = Element(np.zeros(3))


class Writing:
    """Of parts to which it writes."""

    def __init__(self, *parts, **named):
        self.parts, self.named = parts, named

    def write(self, x):
        self.parts[0].value[0] = x[0]
        return KEPT.value.sum() + x.sum()

    def write_by_name(self, x):
        self.named["array"][0] = x[0]
        return KEPT.value.sum() + x.sum()


def _writes_to_a_part(x):
    return Writing(KEPT).write(x)


def _writes_to_what_is_named(x):
    return Writing(array=KEPT.value).write_by_name(x)


def _hands_on(*args):
    args[0][0] = 1.0
    return args[0].sum()


def _writes_to_what_is_handed_on(x):
    return _applied(_hands_on, x)


def _default_that_is_kept(x, into=[]):
    into.append(x)
    return sum(a.sum() for a in into)


def _children_written(x):
    for child in TREE.children:
        child.value = x[0]
    return TREE.total(x)


@pytest.mark.parametrize(
    "function",
    [
        _writes_to_a_part,
        _writes_to_what_is_named,
        _writes_to_what_is_handed_on,
        _default_that_is_kept,
        _children_written,
    ],
    ids=lambda f: f.__name__,
)
def test_what_writes_is_not_proved(function):
    verdict = inspect_function(function, (X.copy(),), {})
    assert verdict.writes is not None or verdict.effects is not None or verdict.leaves
