"""Random programs of objects, run twice side by side: with programs that may stand for them, and run at each call."""

from __future__ import annotations

import random

import numpy as np
import pytest
from random_objects import Writer, changes, state, world

import gradwise as gw
from gradwise.operators.reuse.families import _families

X = np.array([0.3, -0.7, 1.1, 0.5])


class Side:
    """One of the two worlds."""

    def __init__(self, text, name, seed, *, bound, pure):
        self.globals = world(text, name)
        self.model = self.globals["Model"]()
        self.random = random.Random(seed)
        f = self.model.f if bound else lambda x: self.model.f(x)
        self.gradient = gw.grad(f, method="exact", check=False, pure=pure)

    def outcome(self, factor):
        try:
            found = self.gradient(X * factor)
        except (gw.GradwiseError, ArithmeticError, TypeError, ValueError, AttributeError, LookupError) as error:
            return type(error), state(self.globals, self.model)
        return found, state(self.globals, self.model)

    def change(self, name):
        table = changes(self.globals, self.model, self.random)
        try:
            table[name]()
        except (AttributeError, TypeError, IndexError):
            return


def run(seed):
    r = random.Random(seed)
    text = Writer(r).program()
    bound = r.random() < 0.5
    ours = Side(text, f"<random objects {seed}>", seed, bound=bound, pure=None)
    theirs = Side(text, f"<random objects {seed}>", seed, bound=bound, pure=False)
    names = list(changes(ours.globals, ours.model, ours.random))
    steps = [None] * 5 + [name for _ in range(6) for name in (r.choice(names), None)]
    for name in steps:
        if name is not None:
            ours.change(name)
            theirs.change(name)
        factor = r.choice([1.0, 1.1, 0.9])
        (a, mine), (b, yours) = ours.outcome(factor), theirs.outcome(factor)
        assert mine == yours, (name, text)
        if isinstance(a, type) or isinstance(b, type):
            assert type(a) is type(b) is type, (name, a, b, text)
        else:
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12, err_msg=f"{name}\n{text}")


@pytest.mark.parametrize("start", [0, 1000, pytest.param(2000, marks=pytest.mark.slow)])
def test_programs_stand_for_random_methods_as_long_as_they_may(start):
    gw.clear_caches()
    served = 0
    for seed in range(start, start + (400 if start == 2000 else 60)):
        run(seed)
        served = max(served, sum(family.served for family, _ in _families.values()))
    assert served > 100
