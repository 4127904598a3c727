"""Mappings and sequences by Python's abstract classes, ``UserDict``, ``ChainMap``, and classes asked by ``type(obj)``, in proved functions; after changes too."""

from __future__ import annotations

import collections
import collections.abc

import numpy as np
import pytest
from following import follows

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of


class Table(collections.abc.Mapping):
    def __init__(self, d):
        self.d = d

    def __getitem__(self, k):
        return self.d[k]

    def __iter__(self):
        return iter(self.d)

    def __len__(self):
        return len(self.d)


def test_a_mapping_by_its_abstract_class() -> None:
    class Own(Table):
        pass

    table = Own({"a": 2.0, "b": 3.0})

    def f(x):
        weighted = sum(v * x[i] ** 2 for i, (k, v) in enumerate(table.items()))
        return weighted + table.get("c", 1.0) * x[3] + sum(table.values()) * len(table) * x[2] ** 3

    follows(
        f,
        lambda: table.d.update(a=5.0),
        lambda: table.d.update(c=7.0),
        lambda: setattr(Own, "__getitem__", lambda self, k: 2.0 * self.d[k]),
        lambda: setattr(Own, "values", lambda self: [1.0, 2.0]),
        lambda: setattr(table, "d", {"x": 1.5}),
    )


def test_user_dictionaries() -> None:
    class Own(collections.UserDict):
        def total(self):
            return sum(self.values())

    kept = Own(a=2.0, b=3.0)

    def f(x):
        made = Own(a=x[0], b=x[1] * x[2])
        made["c"] = x[3] ** 2
        return kept["a"] * made["a"] * made["b"] + made.total() + kept.total() * made["c"]

    follows(f, lambda: kept.update(a=4.0), lambda: setattr(kept, "data", {"a": 1.0, "b": 1.0, "z": 9.0}))
    follows(f, lambda: setattr(Own, "total", lambda self: 10.0))

    def missing(x):
        return kept["q"] * x[0] ** 2

    Own.__missing__ = lambda self, key: 6.0
    derivative = gw.grad(missing)
    for k in range(5):
        np.testing.assert_allclose(derivative(np.ones(4) + k), [12.0 * (1 + k), 0, 0, 0])
    kept["q"] = 0.5
    np.testing.assert_allclose(derivative(np.ones(4)), [1.0, 0, 0, 0])
    del kept["q"]
    Own.__missing__ = lambda self, key: 7.0
    np.testing.assert_allclose(derivative(np.ones(4)), [14.0, 0, 0, 0])


def test_a_class_that_gets_an_answer_for_missing_keys_is_seen() -> None:
    class Own(collections.UserDict):
        pass

    kept = Own(a=2.0)

    def f(x):
        return (kept["a"] if "a" in kept else kept["zz"]) * np.sum(x**2)

    def act() -> None:
        del kept["a"]
        Own.__missing__ = lambda self, key: 8.0

    follows(f, act)


def test_chained_mappings() -> None:
    first, second = {"rate": 0.5}, {"scale": 2.0, "rate": 0.1}
    chain = collections.ChainMap(first, second)

    def f(x):
        made = collections.ChainMap({"a": x[0]}, {"a": 1.0, "b": x[1]})
        return chain["rate"] * np.sum(x**2) + chain["scale"] * made["a"] ** 2 * made["b"]

    follows(
        f,
        lambda: second.update(scale=3.0),
        lambda: first.update(scale=4.0),
        lambda: chain.maps.insert(0, {"rate": 0.25}),
        lambda: setattr(chain, "maps", [{"rate": 1.0, "scale": 1.0}]),
    )


def test_a_sequence_by_its_abstract_class() -> None:
    class Numbers(collections.abc.Sequence):
        def __init__(self, *v):
            self.v = list(v)

        def __getitem__(self, k):
            return self.v[k]

        def __len__(self):
            return len(self.v)

    kept = Numbers(1.0, 2.0, 3.0)

    def f(x):
        return sum(a * b for a, b in zip(kept, x, strict=False)) ** 2 + len(kept) * x[0]

    follows(f, lambda: kept.v.append(4.0), lambda: setattr(Numbers, "__len__", lambda self: 7))


def test_what_is_registered_as_a_container_is_seen() -> None:
    class Plain:
        def __init__(self, s):
            self.s = s

    obj = Plain(2.0)

    def f(x):
        return np.sum(x**2) if isinstance(obj, collections.abc.Mapping) else obj.s * np.sum(x**3)

    follows(f, lambda: collections.abc.Mapping.register(Plain))


def test_dictionaries_of_the_call_are_mappings_for_abstract_classes() -> None:
    def f(x):
        d = {"a": x[0]}
        return d["a"] ** 2 * (3.0 if isinstance(d, collections.abc.Mapping) else 5.0)

    follows(f, is_served=False)


class Pair:
    def __init__(self, a, b):
        self.a, self.b = a, b

    def __add__(self, other):
        return type(self)(self.a + other.a, self.b + other.b)

    def __mul__(self, k):
        return self.__class__(self.a * k, self.b * k)

    def norm(self):
        return self.a**2 + self.b**2


def test_objects_of_the_class_of_one_that_was_there() -> None:
    class Own(Pair):
        pass

    class Doubled(Pair):
        def __init__(self, a, b):
            super().__init__(2.0 * a, b)

    kept = Own(1.0, 2.0)

    def f(x):
        return (kept + Pair(x[0], x[1]) * 2.0 + kept * x[2]).norm()

    def doubles(self, a, b):
        self.a, self.b = a, 2.0 * b

    follows(f, lambda: setattr(kept, "a", 3.0), lambda: setattr(Own, "__init__", doubles))
    follows(f, lambda: setattr(kept, "__class__", Doubled))


@pytest.mark.parametrize("made", [False, True])
def test_classes_that_are_compared(made: bool) -> None:
    class Own(Pair):
        pass

    kept = Own(1.0, 2.0)

    def f(x):
        one = Own(x[0], 2.0) if made else kept
        return one.norm() * x[1] if type(one) is Own else x[2] ** 2

    follows(f)
    if not made:
        follows(f, lambda: setattr(kept, "__class__", Pair))


def test_sums_over_what_objects_give() -> None:
    class Numbers:
        def __init__(self, *v):
            self.v = list(v)

        def __iter__(self):
            return iter(self.v)

    kept = Numbers(1.0, 2.0)

    def f(x):
        return sum(Numbers(x[0], x[1] ** 2)) * sum(kept) + max(tuple(kept)) * x[2]

    follows(f, lambda: kept.v.append(3.0), lambda: setattr(Numbers, "__iter__", lambda self: iter([1.0, 5.0])))


def test_what_a_class_lacks_is_asked_again() -> None:
    class Own(Pair):
        pass

    kept = Own(1.0, 2.0)

    def f(x):
        return (3.0 if hasattr(type(kept), "extra") else kept.a) * np.sum(x**2)

    derivative = gw.grad(f)
    for k in range(6):
        np.testing.assert_allclose(derivative(np.ones(3) + k), 2.0 + 2.0 * k)
    assert shortcuts_of(f)["0"].served > 0
    Own.extra = 1.0
    np.testing.assert_allclose(derivative(np.ones(3)), 6.0)
