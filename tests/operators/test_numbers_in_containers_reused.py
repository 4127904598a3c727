"""Numbers out of lists, tuples and dicts that were there before the call, changed in place under another name (``rate = rates["k"]; rate *= dt``): the containers stay as they are, unless arrays come into them."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.families import _families

RATES = {"k": 2.0, "c": 3}
PAIR = (2.0, 1.0)
WEIGHTS = [1.0, 2.0, 3.0]


def by_key(x):
    rate = RATES["k"]
    rate *= 1.5
    return rate * x * x


def by_place(x):
    first = PAIR[0]
    first *= 1.5
    return first * x * x


def over_entries(x):
    total = 0.0
    for weight in WEIGHTS:
        weight *= 0.5
        total += weight * x * x
    return total


def over_items(x):
    total = 0.0
    for name, rate in RATES.items():
        rate += len(name)
        total += rate * x * x
    return total - 4.0 * x * x


class Model:
    def __init__(self):
        self.parameters = {"mass": 6.0, "length": 0.5}

    def f(self, x):
        scale = self.parameters["mass"]
        scale *= self.parameters["length"]
        return scale * x * x


def served():
    return sum(family.served for family, _ in _families.values())


@pytest.mark.parametrize("f", [by_key, by_place, over_entries, over_items, Model().f])
def test_one_program_serves(f):
    gradient, before = gw.grad(f), served()
    for k in range(6):
        assert gradient(1.5 + k) == pytest.approx(6.0 * (1.5 + k), rel=1e-14)
    assert served() >= before + 2
    assert RATES == {"k": 2.0, "c": 3}
    assert WEIGHTS == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("change", "slope"),
    [
        (lambda p: p.update(mass=8.0), 4.0),
        (lambda p: p.update(mass=8), 4.0),
        (lambda p: p.update(mass=True), 0.5),
        (lambda p: p.update(mass=np.float32(8.0)), 4.0),
        (lambda p: p.update(more="text"), 3.0),
        (lambda p: p.update(more=[1.0]), 3.0),
        (lambda p: p.pop("length") and p.update(length=1.0), 6.0),
    ],
)
def test_other_entries_later(change, slope):
    model = Model()
    gradient = gw.grad(model.f)
    for k in range(5):
        assert gradient(1.0 + k) == pytest.approx(6.0 * (1.0 + k))
    change(model.parameters)
    for k in range(5):
        assert gradient(1.0 + k) == pytest.approx(2.0 * slope * (1.0 + k), rel=1e-6)


@pytest.mark.parametrize("kind", [np.array, lambda v: np.array([v])])
def test_arrays_in_their_place_are_changed_as_by_a_plain_call(kind):
    model, plain = Model(), Model()
    gradient = gw.value_and_grad(lambda x: np.sum(model.f(x)))
    for k in range(5):
        gradient(1.0 + k)
    model.parameters["mass"], plain.parameters["mass"] = kind(6.0), kind(6.0)
    for _ in range(4):
        value, slope = gradient(2.0)
        assert value == np.sum(plain.f(2.0))
        assert slope == pytest.approx(value, rel=1e-9)  # 2 x s beside x² s, at x = 2
        np.testing.assert_array_equal(model.parameters["mass"], plain.parameters["mass"])
