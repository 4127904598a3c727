"""Large lists of Python's own numbers are compared as a whole: programs stand for the functions that read them."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.families import _families
from gradwise.tracing.purity import inspect_function
from gradwise.tracing.purity.outline import outline
from gradwise.tracing.purity.plain import fingerprint, is_bulky, is_plain

X = np.linspace(0.2, 0.9, 8)


def served():
    return sum(family.served for family, _ in _families.values())


@pytest.fixture(autouse=True)
def fresh():
    gw.clear_caches()


class Assembled:
    """Elements by lists of places, weights, and names that are evaluated."""

    def __init__(self, count=300):
        self.places = [[k % 8, (k + 3) % 8] for k in range(count)]
        self.weights = [0.5 + 0.01 * k for k in range(count)]
        self.kinds = ["square" if k % 3 else "product" for k in range(count)]
        self.scales = [None if k % 2 else 2 for k in range(count)]

    def square(self, v):
        return v[0] ** 2 + v[1]

    def product(self, v):
        return v[0] * v[1]

    def value(self, x):
        total = 0.0
        for k in range(len(self.places)):
            kind = self.kinds[k]
            part = eval("self." + kind + "(x[self.places[k]])")
            if hasattr(self, "scales") and self.scales[k] is not None:
                part = part / self.scales[k]
            if hasattr(self, "offsets"):
                part = part - self.offsets[k]
            total += self.weights[k] * part
        return total


def agrees(f):
    got = gw.grad(f, method="exact", check=False)(X)
    np.testing.assert_allclose(got, gw.grad(f, method="exact", check=False, pure=False)(X), rtol=1e-12)
    return got


@pytest.mark.slow
def test_objects_that_assemble_many_elements():
    assembled = Assembled()
    verdict = inspect_function(assembled.value, [X], {})
    assert verdict.is_pure, verdict.effects
    for _ in range(24):
        before = agrees(assembled.value)
    assert served() >= 3
    assembled.weights[7] = 100.0
    assert not np.allclose(agrees(assembled.value), before)
    assembled.places[11][0] = 5
    agrees(assembled.value)
    assembled.kinds[4] = "product"
    agrees(assembled.value)
    assembled.scales[3] = 2.0
    agrees(assembled.value)
    assembled.offsets = [1.0] * 300
    agrees(assembled.value)
    assembled.product = lambda v: v[1] * 7.0
    agrees(assembled.value)
    del assembled.scales
    agrees(assembled.value)


def names_or_a_list_of_them(x, names, place):
    chosen = names[place]
    return np.sum(x) if chosen == "a" else np.sum(x**2)


@pytest.mark.parametrize("place", [0, 1, slice(0, 1), -1])
def test_a_slice_of_names_is_no_name(place):
    f = gw.grad(names_or_a_list_of_them, method="exact", check=False)
    expected = np.ones(8) if place in (0, -1) else 2.0 * X
    for _ in range(5):
        np.testing.assert_allclose(f(X, ["a", "b", "a"], place), expected)


def empty_or_not(x, names):
    return np.sum(x) if names[1:] else np.sum(x**2)


def test_an_empty_slice_of_names_is_false():
    f = gw.grad(empty_or_not, method="exact", check=False)
    for names in (["a"], ["a", "b"], ["a"], ["a"], ["a", "b"], ["a"]):
        np.testing.assert_allclose(f(X, names), np.ones(8) if len(names) > 1 else 2.0 * X)


@pytest.mark.parametrize(
    ("one", "other"), [(1, 1.0), (1, True), (0.0, -0.0), ("a", "b"), (None, 0), ([1], (1,)), (0.1, 0.1 + 2e-17)]
)
def test_the_outline_of_large_data_tells_them_apart(one, other):
    first, second = [3] * 300 + [one], [3] * 300 + [other]
    assert is_plain(first)
    assert is_bulky(first)
    same = repr(one) == repr(other)
    assert (outline(first, []) == outline(second, [])) is same


def test_of_large_lists_those_of_small_arrays_are_plain():
    assert is_plain([np.ones(2)] * 300)
    assert not is_plain([np.ones(513)] * 300)
    assert not is_plain([np.ones(500)] * 300)  # too many numbers in all
    assert not is_plain([np.ones((2, 3)).T] * 300)
    assert not is_plain([np.array([None])] * 300)
    assert not is_plain([np.float64(1.0)] * 300)  # as bytes it would be an array
    assert not is_plain([object()] * 300)
    assert not is_plain([[1] * 300, {b"a": 3}])
    assert is_plain([[1] * 300, {(1, 2): 3}])
    assert fingerprint([[1] * 300, {(1, 2): 3}]) != fingerprint([[1] * 300, {(True, 2): 3}])


class Mixed:
    """Much data in all: arrays beside lists that are short of being large, and a large one."""

    def __init__(self):
        self.first, self.second, self.third = list(range(200)), list(range(200)), list(range(300))
        self.a, self.rate = np.linspace(0.0, 1.0, 8), np.float64(0.5)

    def value(self, x):
        return self.rate * np.sum(self.a * x**2) + len(self.first) * x[self.second[3]] * self.third[2]


def test_arrays_beside_much_data_are_data():
    mixed = Mixed()
    for _ in range(6):
        before = agrees(mixed.value)
    assert served() >= 3
    count = len(_families)
    mixed.a = mixed.a * 2.0  # another input, no other form
    assert not np.allclose(agrees(mixed.value), before)
    mixed.rate = np.float64(0.7)
    agrees(mixed.value)
    assert len(_families) == count
    mixed.third[2] = 9
    agrees(mixed.value)
    mixed.a = mixed.a.view(np.int64)  # the same bytes
    agrees(mixed.value)
