"""Random generators that a function makes from a seed draw the same at each call: its program stands for it."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.families import _families
from gradwise.tracing.purity import inspect_function

X = np.array([0.3, -0.5])


def served():
    return sum(family.served for family, _ in _families.values())


@pytest.fixture(autouse=True)
def fresh():
    gw.clear_caches()


class Simulation:
    def __init__(self):
        self.seed, self.size = 3, 50

    def option(self, x):
        rng = np.random.default_rng(self.seed)
        z = rng.standard_normal(self.size)
        return np.mean(np.maximum(np.exp(x[0] + np.exp(x[1]) * z) - 1.0, 0.0) ** 2)

    def with_parameters(self, x):
        rng = np.random.RandomState(self.seed)
        return np.sum(rng.normal(x[0], np.exp(x[1]), size=5))

    def without_seed(self, x):
        return np.sum(x) * np.random.default_rng().normal()


def seeded(x, seed):
    return np.sum(x) * np.random.default_rng(seed).normal()


def agrees(f, x):
    got = gw.grad(f, method="exact", check=False)(x)
    np.testing.assert_allclose(got, gw.grad(f, method="exact", check=False, pure=False)(x), rtol=1e-12)
    return got


@pytest.mark.parametrize("name", ["option", "with_parameters"])
def test_draws_of_a_known_seed(name):
    simulation = Simulation()
    f = getattr(simulation, name)
    assert inspect_function(f, [X], {}).is_pure
    for k in range(6):
        agrees(f, X + 0.1 * k)
    assert served() >= 3
    before = agrees(f, X)
    simulation.seed = 4
    assert not np.allclose(agrees(f, X)[1], before[1])
    simulation.size = 20
    agrees(f, X)


def test_draws_without_a_seed_differ():
    f = Simulation().without_seed
    assert not inspect_function(f, [X], {}).is_pure
    assert len({float(gw.grad(f, check=False)(X)[0]) for _ in range(5)}) == 5
    assert inspect_function(seeded, [X, 3], {}).is_pure
    assert not inspect_function(seeded, [X, None], {}).is_pure
    g = gw.grad(seeded, check=False)
    assert len({float(g(X, 3)[0]) for _ in range(5)}) == 1
    assert len({float(g(X, None)[0]) for _ in range(5)}) == 5


def shuffled(x):
    rng = np.random.default_rng(0)
    rng.shuffle(x)
    return x[0]


def drawn_into(x, out):
    np.random.default_rng(0).standard_normal(out=out)
    return np.sum(x) * out[0]


def test_draws_that_write_are_not_proved():
    assert not inspect_function(shuffled, [X], {}).is_quiet
    assert not inspect_function(drawn_into, [X, np.ones(2)], {}).is_quiet
