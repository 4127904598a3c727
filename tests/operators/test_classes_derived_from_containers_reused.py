"""Containers of classes derived from dict and list, ordered dictionaries and those with defaults, in proved functions; after changes of entries, classes and methods too."""

from __future__ import annotations

import collections

import numpy as np
import pytest
from following import follows

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

A = np.random.default_rng(0).normal(size=(6, 4))


def by_slot():
    class Settings(dict):
        __getattr__ = dict.__getitem__
        __setattr__ = dict.__setitem__

    return Settings


def by_function():
    class Settings(dict):
        def __init__(self, **entries):
            super().__init__(**entries)
            for key, value in self.items():
                if isinstance(value, dict):
                    self[key] = type(self)(**value)

        def __getattr__(self, name):
            try:
                return self[name]
            except KeyError:
                raise AttributeError(name) from None

        def __setattr__(self, name, value):
            self[name] = value

    return Settings


def by_dictionary():
    class Settings(dict):
        def __init__(self, **entries):
            super().__init__(**entries)
            self.__dict__ = self

    return Settings


KINDS = [by_slot, by_function, by_dictionary]


@pytest.mark.parametrize("kind", KINDS)
def test_settings_whose_entries_are_attributes(kind) -> None:
    cls = kind()
    settings = cls(rate=0.1, scale=2.0, table=A.copy())

    def f(x):
        return np.sum((settings.table @ x) ** 2) * settings.scale + settings["rate"] * x[0] + settings.get("more", 1.0)

    follows(
        f,
        lambda: settings.update(rate=0.7),
        lambda: setattr(settings, "scale", 3.0),
        lambda: settings.table.__imul__(2.0),
        lambda: settings.update(another=1.0),
        lambda: settings.pop("another"),
        lambda: setattr(cls, "scale", 11.0),  # which comes before __getattr__, or after the dictionary
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", ["getattr", "getitem", "get", "missing", "bool", "property", "class", "stored"])
def test_other_answers_of_the_class_are_seen(kind, change: str) -> None:
    cls = kind()
    settings = cls(rate=0.1, scale=2.0)

    def f(x):
        factor = settings.scale if settings else 5.0
        return factor * np.sum(x**2) + settings["rate"] * x[0] + settings.get("scale") * x[1] ** 3

    class Other(cls):
        def get(self, key):
            return 21.0

    def act() -> None:
        if change == "getattr":
            cls.__getattr__ = lambda self, name: 7.0
        elif change == "getitem":
            cls.__getitem__ = lambda self, key: 8.0
        elif change == "get":
            cls.get = lambda self, key, default=None: 9.0
        elif change == "missing":
            cls.__missing__ = lambda self, key: 10.0
            del settings["rate"]
        elif change == "bool":
            cls.__bool__ = lambda self: False
        elif change == "property":
            cls.scale = property(lambda self: 12.0)
        elif change == "class":
            object.__setattr__(settings, "__class__", Other)
        elif vars(settings) is not settings:
            vars(settings)["scale"] = 13.0

    follows(f, act)


def test_settings_within_settings_and_what_they_decide() -> None:
    settings = by_function()(model={"scale": 2.0, "kind": "square"}, optimizer={"decay": 0.1})

    class Model:
        def __init__(self):
            self.settings = settings

        def loss(self, x):
            value = np.sum(x**2) if self.settings.model.kind == "square" else np.sum(x**3)
            return self.settings.model.scale * value + self.settings.optimizer.decay * x[0] * len(self.settings)

    obj = Model()
    follows(
        obj.loss,
        lambda: settings.model.update(scale=4.0),
        lambda: settings.model.update(kind="cube"),
        lambda: settings.update(optimizer={"decay": 9.0}) or setattr(settings, "optimizer", by_slot()(decay=3.0)),
        lambda: settings.update(extra=1.0),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_settings_as_arguments(kind) -> None:
    cls = kind()

    def f(p, x):
        return np.sum((p.w @ x) ** 2) * p.b + p["b"] * x[0]

    derivative = gw.grad(f)
    of_x = gw.grad(f, argnums=1)
    rng = np.random.default_rng(2)
    for _ in range(8):
        w, b, x = rng.normal(size=(2, 3)), rng.normal(), rng.normal(size=3)
        found = derivative(cls(w=w, b=b), x)
        np.testing.assert_allclose(found["w"], 2.0 * b * np.outer(w @ x, x), rtol=1e-12)
        np.testing.assert_allclose(found["b"], np.sum((w @ x) ** 2) + x[0], rtol=1e-12)
        np.testing.assert_allclose(of_x(cls(w=w, b=b), x), 2.0 * b * w.T @ (w @ x) + b * np.eye(3)[0], rtol=1e-12)
    assert shortcuts_of(f)


def test_registries() -> None:
    class Registry(dict):
        def register(self, name):
            def put(function):
                self[name] = function
                return function

            return put

    known = Registry()
    known.register("square")(lambda v: v**2)
    known.register("sine")(np.sin)

    def f(x):
        return np.sum(known["square"](x)) + sum(np.sum(g(x)) for g in known.values()) * (
            2.0 if "cube" in known else 1.0
        )

    follows(f, lambda: known.register("square")(lambda v: v**4), lambda: known.register("cube")(lambda v: v**3))


def test_lists_of_layers() -> None:
    class Layer:
        def __init__(self, w):
            self.w = w

        def __call__(self, x):
            return np.tanh(self.w @ x)

    class Layers(list):
        @property
        def depth(self):
            return len(self)

        def __call__(self, x):
            for layer in self:
                x = layer(x)
            return x

    net = Layers([Layer(A), Layer(A.T.copy())])

    def f(x):
        return np.sum(net(x) ** 2) * net.depth + net[0](x)[1]

    def doubles(self, x):
        return 2.0 * self[0](x)

    follows(
        f,
        lambda: setattr(net[0], "w", 0.5 * A),
        lambda: net[1].w.__imul__(2.0),
        lambda: net.append(Layer(np.eye(4))),
        lambda: net.reverse() or net.reverse(),
        lambda: setattr(Layers, "depth", property(lambda self: 10)),
        lambda: setattr(Layers, "__call__", doubles),
    )
    follows(
        f,
        lambda: setattr(Layers, "__iter__", lambda self: iter([])),
        lambda: setattr(Layers, "__len__", lambda self: 1),
    )


def test_lists_of_numbers_with_methods() -> None:
    class Numbers(list):
        def mean(self):
            return sum(self) / len(self)

    kept = Numbers([1.0, 2.0, 3.0])

    def f(x):
        return kept.mean() * np.sum(x**2) + sum(a * b for a, b in zip(kept, x, strict=False)) + kept[-1] * x[0]

    follows(
        f, lambda: kept.append(6.0), lambda: kept.__setitem__(1, 5.0), lambda: setattr(Numbers, "mean", lambda s: 1.0)
    )


def test_ordered_dictionaries_and_those_with_defaults() -> None:
    ordered, filled = collections.OrderedDict(a=2.0, b=3.0), collections.defaultdict(float, a=2.0)

    def f(x):
        return sum(v * x[i] ** 2 for i, v in enumerate(ordered.values())) + filled["a"] * x[3] + ordered["a"] * x[2]

    follows(f, lambda: ordered.update(a=5.0), lambda: ordered.move_to_end("a"), lambda: filled.update(a=7.0))

    def adds(x):
        return (filled["new"] + 1.0) * np.sum(x**2)

    derivative, x = gw.grad(adds), np.ones(3)
    for _ in range(5):
        np.testing.assert_allclose(derivative(x), 2.0)
    assert filled["new"] == 0.0
    del filled["new"]
    filled.default_factory = lambda: 4.0
    np.testing.assert_allclose(derivative(x), 10.0)
    assert filled["new"] == 4.0


def test_a_key_that_is_computed_may_be_added() -> None:
    filled = collections.defaultdict(lambda: 3.0, {0: 1.0})

    def f(x):
        return sum(filled[k] * x[k] ** 2 for k in range(2))

    derivative = gw.grad(f)
    for k in range(5):
        np.testing.assert_allclose(derivative(np.ones(3) + k), [2.0 * (1 + k), 6.0 * (1 + k), 0.0])
    filled[1] = 5.0
    np.testing.assert_allclose(derivative(np.ones(3)), [2.0, 10.0, 0.0])
    assert dict(filled) == {0: 1.0, 1: 5.0}
