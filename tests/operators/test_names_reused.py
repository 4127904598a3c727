"""Texts, truth values and None decide what a function reads and calls: a program stands for it while they are what they were."""

from __future__ import annotations

import collections
import enum
import math

import numpy as np
import pytest
import scipy.linalg

import gradwise as gw
from gradwise.operators.reuse.families import _families
from gradwise.tracing.purity import inspect_function

X = np.linspace(0.2, 0.9, 6)


def served():
    return sum(family.served for family, _ in _families.values())


@pytest.fixture(autouse=True)
def fresh():
    gw.clear_caches()


class Problem:
    """Element functions found by name, choices by texts and switches, methods kept in dictionaries."""

    def __init__(self):
        self.elements = [("square", [0], 1.0), ("product", [1, 2], -0.5), ("growth", [3, 4], 2.0)]
        self.kind, self.prefix = "square", "el"
        self.settings = {"kind": "square", "scale": 2.0}
        self.dispatch = {"square": self.el_square, "other": self.el_product}
        self.verbose, self.shift, self.callback = False, None, None
        self.weights = np.arange(6.0)

    def el_square(self, v):
        return v[0] ** 2

    def el_product(self, v):
        return v[0] * v[1]

    def el_growth(self, v):
        return math.exp(v[0]) * v[1]

    def by_names_in_a_list(self, x):
        total = 0.0
        for name, place, weight in self.elements:
            total += weight * getattr(self, "el_" + name)(x[place])
        return total

    def by_one_name(self, x):
        return getattr(self, f"{self.prefix}_{self.kind}")(x) + x[5]

    def by_dictionary(self, x):
        return self.dispatch["square"](x) + self.dispatch[self.settings["kind"]](x) * self.settings["scale"]

    def by_comparison(self, x):
        if self.settings["kind"] == "square" and self.kind in ("square", "product"):
            return np.sum(x**2)
        if self.kind != "growth":
            return np.sum(x**3)
        raise ValueError(self.kind)

    def talkative(self, x):
        value = np.sum(x**2)
        if self.verbose:
            print("value", value)
        return value

    def optional(self, x):
        if self.shift is not None:
            x = x - self.shift
        return np.sum(x**2) if self.callback is None else self.callback(x)

    def by_type(self, x):
        return np.sum(x) if type(x) is np.ndarray and isinstance(self, Problem) else x

    def all_entries(self, x):
        return sum(w for _, _, w in self.elements) * np.sum(x) * len(self.elements)


METHODS = [n for n, v in vars(Problem).items() if callable(v) and not n.startswith(("_", "el_"))]

CHANGES = {
    "kind": lambda p: setattr(p, "kind", "product"),
    "prefix": lambda p: (setattr(p, "prefix", "alt"), setattr(p, "alt_square", p.el_product)),
    "settings": lambda p: p.settings.__setitem__("kind", "other"),
    "scale": lambda p: p.settings.__setitem__("scale", 7.0),
    "dispatch": lambda p: p.dispatch.__setitem__("square", p.el_product),
    "another object's method": lambda p: p.dispatch.__setitem__("square", Problem().by_comparison),
    "an element": lambda p: p.elements.__setitem__(0, ("product", [4, 5], 3.0)),
    "a weight": lambda p: p.elements.__setitem__(1, ("product", [1, 2], 9.0)),
    "one element more": lambda p: p.elements.append(("square", [5], 2.0)),
    "an element of another form": lambda p: p.elements.append(["square", [5], np.float32(2.0)]),
    "shift": lambda p: setattr(p, "shift", 0.5),
    "shift by an array": lambda p: setattr(p, "shift", np.arange(6.0)),
    "callback": lambda p: setattr(p, "callback", p.by_comparison),
    "a library's callback": lambda p: setattr(p, "callback", np.prod),
    "another dictionary": lambda p: setattr(p, "settings", {"scale": 1.0, "kind": "square"}),
    "a method shadowed": lambda p: setattr(p, "el_square", lambda v: v[0] * 100.0),
    "a method of the name of the class": lambda p: setattr(p, "kind", "growth"),
}


def outcome(f, **options):
    try:
        return gw.grad(f, method="exact", check=False, **options)(X)
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        return type(error)


def agrees(f):
    got, expected = outcome(f), outcome(f, pure=False)
    if isinstance(expected, type):
        assert got is expected
    else:
        np.testing.assert_allclose(got, expected, rtol=1e-12)
    return got


@pytest.mark.parametrize("name", METHODS)
def test_methods_that_choose_by_names_are_proved(name):
    f = getattr(Problem(), name)
    verdict = inspect_function(f, [X], {})
    assert verdict.is_pure, verdict.effects
    for _ in range(6):
        agrees(f)
    assert served() >= 3


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("change", CHANGES)
def test_changes_of_what_chooses_are_seen(name, change):
    problem = Problem()
    f = getattr(problem, name)
    for _ in range(6):
        agrees(f)
    CHANGES[change](problem)
    for _ in range(3):
        agrees(f)


def test_what_is_switched_on_happens(capsys):
    problem = Problem()
    for _ in range(5):
        agrees(problem.talkative)
    assert capsys.readouterr().out == ""
    problem.verbose = True
    assert not inspect_function(problem.talkative, [X], {}).is_pure
    for _ in range(4):
        gw.grad(problem.talkative, method="exact", check=False)(X)
    assert capsys.readouterr().out.count("value") == 4
    problem.verbose = 1
    gw.grad(problem.talkative, method="exact", check=False)(X)
    assert capsys.readouterr().out.count("value") == 1


def maybe_none(flag, x):
    holder = None
    if flag > 0.5:
        holder = Problem()
    return np.sum(x) if holder is None else np.sum(x**2)


def test_what_may_be_none_is_not_taken_for_an_object():
    for flag in (0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0):
        got = gw.grad(maybe_none, 1, method="exact", check=False)(flag, X)
        np.testing.assert_allclose(got, 2.0 * X if flag else np.ones(6))


def test_a_name_that_changes_at_each_call_is_given_up():
    problem = Problem()
    f = problem.by_comparison
    for k in range(400):
        problem.kind = "square" if k % 2 else f"kind {k}"
        np.testing.assert_allclose(
            gw.grad(f, method="exact", check=False)(X), 2.0 * X if k % 2 else 3.0 * X**2, rtol=1e-12
        )


class Kind(enum.Enum):
    SQUARE = 1
    CUBE = 2


Pair = collections.namedtuple("Pair", "a b")


class Chosen:
    """Choices by members of an enumeration, parameters in named tuples."""

    def __init__(self):
        self.kind, self.pair = Kind.SQUARE, Pair(2.0, np.arange(6.0))

    def by_identity(self, x):
        return np.sum(x**2) if self.kind is Kind.SQUARE else np.sum(x**3)

    def by_equality(self, x):
        return np.sum(x**2) if self.kind != Kind.CUBE else np.sum(x**3)

    def by_fields(self, x):
        a, b = self.pair
        return self.pair.a * np.sum(x * self.pair.b) + a * x[0] + b[1] * self.pair[0]


@pytest.mark.parametrize("name", ["by_identity", "by_equality", "by_fields"])
def test_enumerations_and_named_tuples(name):
    chosen = Chosen()
    f = getattr(chosen, name)
    assert inspect_function(f, [X], {}).is_pure
    for _ in range(6):
        agrees(f)
    assert served() >= 3
    for kind, pair in (
        (Kind.CUBE, Pair(3.0, np.ones(6))),
        (None, Pair(1, np.arange(6))),
        (Kind.SQUARE, (2.0, np.ones(6))),
        (Kind.SQUARE, Pair(5.0, [1.0] * 6)),
    ):
        chosen.kind, chosen.pair = kind, pair
        for _ in range(3):
            agrees(f)
    chosen.pair = Pair(2.0, np.ones(6))
    agrees(f)
    chosen.pair.b[0] = 7.0
    agrees(f)


def of_a_pair(p):
    return p.a**2 * np.sum(p.b)


def test_a_named_tuple_that_is_differentiated():
    g = gw.grad(of_a_pair, method="exact")
    for k in range(6):
        found = g(Pair(2.0 + k, X))
        assert type(found) is Pair
        np.testing.assert_allclose(found.a, 2.0 * (2.0 + k) * X.sum(), rtol=1e-13)
        np.testing.assert_allclose(found.b, (2.0 + k) ** 2 * np.ones(6), rtol=1e-13)
    assert served() >= 3


def accumulated(x):
    out = np.zeros(3)
    np.add.at(out, [0, 1, 2, 0, 1, 2], x)
    return out @ out


def accumulated_elsewhere(x, out):
    np.add.at(out, [0, 1, 2, 0, 1, 2], x)
    return out @ out


def solved(x):
    k = np.eye(6) + np.outer(x, x)
    return x @ scipy.linalg.cho_solve(scipy.linalg.cho_factor(k), x) + np.sum(
        scipy.linalg.solve_triangular(np.tril(k), x, lower=True)
    )


def test_more_functions_are_known():
    for f in (accumulated, solved):
        assert inspect_function(f, [X], {}).is_pure
        for _ in range(5):
            agrees(f)
    assert served() >= 4
    assert not inspect_function(accumulated_elsewhere, [X, np.zeros(3)], {}).is_quiet
