"""Programs as rows of unlike lengths (``[("push", 2.0), ("add",)]``), whose operations are methods found by name; and generators of Python's that are made from a seed."""

from __future__ import annotations

import random

import numpy as np
import pytest
from central_differences import differences

import gradwise as gw
from gradwise.tracing.purity import inspect_function

X = np.array([0.3, -1.2, 2.0])


class Machine:
    scale = 2.0

    def op_push(self, v):
        self.stack.append(v)

    def op_add(self):
        b, a = self.stack.pop(), self.stack.pop()
        self.stack.append(a + b)

    def op_mul(self):
        b, a = self.stack.pop(), self.stack.pop()
        self.stack.append(a * b)

    def op_exp(self):
        self.stack.append(np.exp(self.stack.pop()))

    def op_blend(self, p, q):
        a = self.stack.pop()
        self.stack.append(p * a + q * a**2)

    def run(self, program, x):
        self.stack = []
        for op, *args in program:
            if op == "load":
                self.stack.append(x[args[0]])
            else:
                getattr(self, "op_" + op)(*args)
        return self.stack.pop() * self.scale


PROGRAM = [("load", 0), ("load", 1), ("mul",), ("exp",), ("push", 2.0), ("add",), ("blend", 0.5, 2.0)]


def interpreted(x):
    return Machine().run(PROGRAM, x)


def by_places(x):
    total = 0.0
    for row in PROGRAM:
        if row[0] == "push":
            total = total + row[1] * x[0]
        elif row[0] == "blend":
            _, p, q = row
            total = total + p * x[1] + q * x[2] ** 2
    return total


def of_the_rest(x):
    total = 0.0
    for _, *rest in PROGRAM:
        for number in rest:
            total = total + number * np.sum(x**2)
        total = total + x[0] * len(rest)
    return total


def drawn(x):
    r = random.Random(3)
    return sum(r.random() * v**2 for v in x) + r.gauss(0.0, 1.0) * r.uniform(1.0, 2.0) * x[0] ** 2


def chosen(x):
    r = random.Random(5)
    places = r.sample(range(3), 2)
    return r.choice([1.0, 2.0, 3.0]) * x[places[0]] ** 2 * x[places[1]] + x[r.randrange(3)] * r.expovariate(2.0)


PROVED = [interpreted, by_places, of_the_rest, drawn, chosen]


@pytest.mark.parametrize("f", PROVED, ids=lambda f: f.__name__)
def test_programs_stand(f):
    for k in range(6):
        x = X + 0.1 * k
        np.testing.assert_allclose(gw.grad(f)(x), differences(f, x), rtol=1e-6, atol=1e-7)
    told = str(gw.explain(f, X))
    assert "proved pure by its code" in told
    assert "given up" not in told


CHANGES = [
    [("load", 0), ("load", 2), ("mul",), ("exp",), ("push", 2.0), ("add",), ("blend", 0.5, 2.0)],
    [("load", 0), ("load", 1), ("add",), ("exp",), ("push", 2.0), ("add",), ("blend", 0.5, 2.0)],
    [("load", 0), ("load", 1), ("mul",), ("exp",), ("push", 7.0), ("mul",), ("blend", 1.5, 2.0)],
    [("load", 0)],
    [("load", 0), ["push", 3.0], ("mul",)],
    [("load", 0), ("load", 0), ("add",)],
]


@pytest.mark.parametrize("f", [interpreted, by_places, of_the_rest], ids=lambda f: f.__name__)
def test_rows_are_looked_at_again(f):
    kept = list(PROGRAM)
    try:
        for rows in (kept, kept, kept, *CHANGES, kept, kept):
            PROGRAM[:] = rows
            for k in range(3):
                x = X + 0.1 * k
                np.testing.assert_allclose(gw.grad(f)(x), differences(f, x), rtol=1e-6, atol=1e-7)
        PROGRAM[:] = kept
        PROGRAM[4] = ("push", 5.0)
        np.testing.assert_allclose(gw.grad(f)(X), differences(f, X), rtol=1e-6, atol=1e-7)
    finally:
        PROGRAM[:] = kept


def test_operations_are_looked_at_again(monkeypatch):
    for _ in range(4):
        gw.grad(interpreted)(X)
    monkeypatch.setattr(Machine, "op_exp", lambda self: self.stack.append(self.stack.pop() ** 2))
    np.testing.assert_allclose(gw.grad(interpreted)(X), differences(interpreted, X), rtol=1e-6, atol=1e-7)
    monkeypatch.undo()
    monkeypatch.setattr(Machine, "scale", 5.0)
    np.testing.assert_allclose(gw.grad(interpreted)(X), differences(interpreted, X), rtol=1e-6, atol=1e-7)


class Other(Machine):
    def op_mul(self):
        self.stack.append(self.stack.pop() - self.stack.pop())


KIND = Machine


def of_a_kind(x):
    return KIND().run(PROGRAM, x)


def test_overrides(monkeypatch):
    for kind in (Machine, Machine, Machine, Other, Machine):
        monkeypatch.setitem(globals(), "KIND", kind)
        np.testing.assert_allclose(gw.grad(of_a_kind)(X), differences(of_a_kind, X), rtol=1e-6, atol=1e-7)


SEED = 3


def seeded_by_a_global(x):
    r = random.Random(SEED)
    return r.random() * np.sum(x**2)


def test_seeds_are_read_again(monkeypatch):
    for seed in (3, 3, 3, 4, 3, 11):
        monkeypatch.setitem(globals(), "SEED", seed)
        expected = random.Random(seed).random() * 2 * X
        np.testing.assert_allclose(gw.grad(seeded_by_a_global)(X), expected, rtol=1e-12)


def without_a_seed(x):
    return random.Random().random() * np.sum(x**2)


def of_the_module(x):
    return random.random() * np.sum(x**2)


def that_was_there(x):
    return KEPT.random() * np.sum(x**2)


KEPT = random.Random(1)


@pytest.mark.parametrize("f", [without_a_seed, of_the_module, that_was_there], ids=lambda f: f.__name__)
def test_draws_that_differ_are_not_proved(f):
    assert inspect_function(f, (X,), {}).effects is not None


def test_seeds_that_are_computed():
    def f(x):
        return random.Random(int(x[0])).random() * np.sum(x**2)

    for x in (X, X + 0.1, X + 0.2, X + 3.0, X):
        expected = random.Random(int(x[0])).random() * 2 * x
        np.testing.assert_allclose(gw.grad(f)(x), expected, rtol=1e-12)
