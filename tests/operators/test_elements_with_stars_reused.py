"""Elements called with as many arguments as their lists of indices say (``element(*x[indices])``), by proved functions: as a run gives them, after changes too."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of


def product(a, b):
    return a * b


def cube(a):
    return a**3


class Element:
    def __init__(self, weight):
        self.weight = weight

    def squares(self, *v):
        return self.weight * sum(q * q for q in v)

    def __call__(self, *v):
        return self.weight * math.hypot(*v)


class Groups:
    def __init__(self):
        self.element = Element(2.0)
        self.elements = [
            (product, [0, 1]),
            (cube, [2]),
            (lambda a, b, c: a * b * c, [0, 1, 2]),
            (self.element.squares, [1, 2]),
            (math.hypot, [0, 3]),
            (Element(0.5), [0, 1]),
        ]

    def taken(self, x):
        return sum(element(*x[indices]) for element, indices in self.elements)

    def one_by_one(self, x):
        total = 0.0
        for element, indices in self.elements:
            total += element(*[x[i] for i in indices])
        return total

    def as_items(self, x):
        return sum(element(*(x[i].item() for i in indices)) for element, indices in self.elements)


class Configured:
    def __init__(self):
        self.terms = [{"type": "quad", "i": 0, "j": 1, "c": 2.5}, {"type": "exp", "i": 2, "rate": 0.3}]
        self.dispatch = {"quad": self.quad, "exp": self.exp}

    def quad(self, x, i, j, c):
        return c * x[i] * x[j]

    def exp(self, x, i, rate=1.0):
        return math.exp(rate * x[i])

    def by_table(self, x):
        total = 0.0
        for term in self.terms:
            total += self.dispatch[term["type"]](x, **{k: v for k, v in term.items() if k != "type"})
        return total

    def by_name(self, x):
        return sum(getattr(self, t["type"])(x, **{k: v for k, v in t.items() if k != "type"}) for t in self.terms)


X = np.array([0.3, 0.5, 0.7, 1.1])


def agree(derivative, f, x) -> None:
    value, gradient = derivative(x)
    assert value == pytest.approx(f(x), rel=1e-13)
    np.testing.assert_allclose(gradient, gw.grad(f, pure=False)(x), rtol=1e-12)


@pytest.mark.parametrize("name", ["taken", "one_by_one", "as_items"])
def test_elements_of_several_kinds(name) -> None:
    problem = Groups()
    f = getattr(problem, name)
    derivative = gw.value_and_grad(f)
    for k in range(8):
        agree(derivative, f, X + 0.1 * k)
    assert shortcuts_of(f)["0"].served > 0

    def settled() -> None:
        for k in range(5):
            agree(derivative, f, X + 0.1 * k)

    problem.elements[0][1][:] = [2, 3]  # the indices of an element, in place
    settled()
    problem.element.weight = -3.0
    settled()
    problem.elements.append((cube, [0]))
    settled()
    problem.elements[1] = (lambda a: a**2, [3])
    settled()
    problem.elements[0] = (max, [0, 1, 2])
    settled()
    problem.elements[0] = (problem.elements[5][0], [0])
    settled()


@pytest.mark.parametrize("name", ["by_table", "by_name"])
def test_elements_by_their_settings(name) -> None:
    problem = Configured()
    f = getattr(problem, name)
    derivative = gw.value_and_grad(f)
    for k in range(8):
        agree(derivative, f, X + 0.1 * k)
    assert shortcuts_of(f)["0"].served > 0
    problem.terms[0]["c"] = 7.0
    agree(derivative, f, X)
    problem.terms[1].pop("rate")
    for k in range(5):
        agree(derivative, f, X + 0.1 * k)
    problem.terms.append({"type": "quad", "j": 3, "i": 3, "c": 1})
    for k in range(5):
        agree(derivative, f, X + 0.1 * k)


def test_a_class_that_is_called_otherwise_is_seen() -> None:
    class Callable:
        def __call__(self, *v):
            return sum(v)

    elements = [Callable(), product]

    def f(x):
        return sum(e(*x[:2]) for e in elements)

    derivative = gw.value_and_grad(f)
    for _ in range(6):
        agree(derivative, f, X)
    assert shortcuts_of(f)["0"].served > 0
    Callable.__call__ = lambda self, *v: 5.0 * sum(v)
    agree(derivative, f, X)
    elements[0].__call__ = product  # which Python does not find there
    agree(derivative, f, X)


def by_hypot(x):
    return np.hypot(*(x[:2] - x[1:3])) + np.arctan2(*x[2:] * 2.0)


def test_functions_of_numpys_by_stars() -> None:
    derivative = gw.value_and_grad(by_hypot)
    for k in range(8):
        agree(derivative, by_hypot, X + 0.1 * k)
    assert shortcuts_of(by_hypot)["0"].served > 0


def test_an_output_among_them_is_written() -> None:
    """Two rows of an array of the call: the second is the output."""

    def f(x):
        rows = np.stack([x, x * 0.0])
        np.exp(*rows)
        return np.sum(rows * rows)

    derivative = gw.value_and_grad(f)
    for k in range(8):
        agree(derivative, f, X + 0.1 * k)


def test_an_output_that_was_there_is_written() -> None:
    kept = np.zeros((2, 4))

    def f(x):
        kept[0] = 1.0
        np.add(x, *kept)
        return np.sum(x * x) + kept[1].sum()

    derivative = gw.value_and_grad(f)
    for k in range(8):
        x = X + 0.1 * k
        value, _ = derivative(x)
        np.testing.assert_array_equal(kept[1], x + 1.0)
        assert value == pytest.approx(np.sum(x * x) + np.sum(x + 1.0))
