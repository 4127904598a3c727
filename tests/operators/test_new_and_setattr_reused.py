"""Classes with ``__new__`` and ``__setattr__`` of their own (immutable objects, singletons, classes that check what is assigned) in proved functions; after changes too."""

from __future__ import annotations

import math

import numpy as np
import pytest
from following import follows

import gradwise as gw


def immutable():
    class Pair:
        __slots__ = ("a", "b")

        def __new__(cls, a, b=1.0):
            self = super().__new__(cls)
            object.__setattr__(self, "a", a)
            object.__setattr__(self, "b", b)
            return self

        def __setattr__(self, name, value):
            raise AttributeError(name)

        def plus(self, other):
            return type(self)(self.a + other.a, self.b + other.b)

        def norm(self):
            return self.a**2 + self.b**2

    class Triple(Pair):
        __slots__ = ("c",)

        def __new__(cls, a, b, c):
            self = super().__new__(cls, a, b)
            object.__setattr__(self, "c", c)
            return self

    return Pair, Triple


def other_new(cls, a, b=1.0):
    self = object.__new__(cls)
    object.__setattr__(self, "a", 2.0 * a)
    object.__setattr__(self, "b", b)
    return self


@pytest.mark.parametrize("change", ["new", "init", "base", "setattr"])
def test_immutable_objects(change: str) -> None:
    pair, triple = immutable()

    def f(x):
        three = triple(x[1], x[2], x[3])
        return pair(x[0], x[1]).plus(pair(x[2])).norm() + three.norm() * three.c

    def act() -> None:
        if change == "new":
            pair.__new__ = other_new
        elif change == "init":
            pair.__init__ = lambda self, a, b=1.0, c=0.0: object.__setattr__(self, "a", 3.0 * a)
        elif change == "base":
            triple.__new__ = lambda cls, a, b, c: _triple(cls, a, b, c)
        else:
            pair.__setattr__ = lambda self, name, value: object.__setattr__(self, name, 2.0 * value)
            pair.norm = scaled

    def _triple(cls, a, b, c):
        self = other_new(cls, a, b)
        object.__setattr__(self, "c", c)
        return self

    def scaled(self):
        other = pair(1.0, 1.0)
        other.a = self.a
        return other.a**2

    follows(f, act)


def test_assignments_that_a_class_checks() -> None:
    class Checked:
        def __setattr__(self, name, value):
            if name == "k" and value is None:
                raise ValueError(name)
            super().__setattr__(name, value)

        def __init__(self, k):
            self.k, self.two = k, 2.0

    class Stored:
        def __init__(self, k):
            self.k = k

        def __setattr__(self, name, value):
            self.__dict__[name] = value

    def f(x):
        one, other = Checked(x[0]), Stored(x[1] ** 2)
        other.k = other.k + x[2]
        return one.k**2 * one.two * other.k

    follows(
        f,
        lambda: setattr(Checked, "__setattr__", lambda self, name, value: object.__setattr__(self, name, 3.0 * value)),
        lambda: delattr(Checked, "__setattr__"),
        lambda: setattr(Stored, "__setattr__", lambda self, name, value: vars(self).update({name: value + 1.0})),
        lambda: setattr(Stored, "__setattr__", object.__setattr__),
    )


def test_singletons() -> None:
    class Settings:
        _one = None

        def __new__(cls):
            if cls._one is None:
                cls._one = super().__new__(cls)
                cls._one.scale = 2.0
            return cls._one

    def f(x):
        return Settings().scale * np.sum(x**2)

    Settings()

    def another() -> None:
        Settings._one = None
        Settings().scale = 7.0

    follows(
        f,
        lambda: setattr(Settings(), "scale", 5.0),
        another,
        lambda: setattr(Settings, "_one", None),
        lambda: setattr(Settings, "__new__", lambda cls: Other()),
    )


class Other:
    scale = 11.0


def test_the_first_object_of_a_singleton_is_made_by_the_call() -> None:
    made = []

    class Settings:
        _one = None

        def __new__(cls):
            if cls._one is None:
                made.append(cls)
                cls._one = object.__new__(cls)
                cls._one.scale = 2.0
            return cls._one

    derivative = gw.grad(lambda x: Settings().scale * np.sum(x**2))
    for k in range(6):
        np.testing.assert_allclose(derivative(np.ones(3) + k), 4.0 * (1.0 + k))
    assert len(made) == 1
    Settings._one.scale = 3.0
    np.testing.assert_allclose(derivative(np.ones(3)), 6.0)


def test_what_new_makes_for_init() -> None:
    class Shape:
        def __new__(cls, *args, **named):
            self = super().__new__(cls)
            self.tags = []
            return self

        def __init__(self, r, name="shape"):
            self.r, self.name = r, name

        def area(self):
            return self.r**2 * math.pi + len(self.tags)

    class Round(Shape):
        def __new__(cls, kind, r):
            return object.__new__(Shape) if kind == "other" else super().__new__(cls)

        def __init__(self, kind, r):
            self.r = 2.0 * r
            self.tags = [kind]

    def f(x):
        return Shape(x[0], name="q").area() + Shape(x[1]).r + Round("round", x[2]).area() * x[3]

    def init(self, r, name="shape"):
        self.r = 4.0 * r

    follows(
        f,
        lambda: setattr(Shape, "__init__", init),
        lambda: setattr(Round, "__init__", lambda self, k, r: init(self, r)),
    )
