"""Classes of metaclasses that only make classes (registries), and generic classes with parameters, in proved functions; after changes of the metaclass too."""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
import pytest
from following import follows

T = TypeVar("T")


def registry():
    class Registry(type):
        known = {}

        def __new__(cls, name, bases, names):
            made = super().__new__(cls, name, bases, names)
            cls.known[name] = made
            return made

    class Penalty(metaclass=Registry):
        power = 2

        def __init__(self, weight):
            self.weight = weight

        def __call__(self, x):
            return self.weight * np.sum(x**self.power)

    return Registry, Penalty


@pytest.mark.parametrize("change", ["call", "getattribute", "getattr", "property", "instancecheck", "method", "class"])
def test_another_metaclass_is_seen(change: str) -> None:
    meta, penalty = registry()
    kept = penalty(0.5)

    def f(x):
        made = penalty(x[0])
        factor = 2.0 if isinstance(kept, penalty) else 3.0
        return kept(x) * factor + made(x) + penalty.power * x[1]

    class Other(meta):
        def __call__(self, weight):
            made = super().__call__(weight)
            made.weight = 7.0 * weight
            return made

    def seven(cls, weight):
        made = type.__call__(cls, weight)
        made.weight = 7.0 * weight
        return made

    def act() -> None:
        if change == "call":
            meta.__call__ = seven
        elif change == "getattribute":
            meta.__getattribute__ = lambda cls, name: 5 if name == "power" else type.__getattribute__(cls, name)
        elif change == "getattr":
            del penalty.power
            meta.__getattr__ = lambda cls, name: 4
            penalty.__call__ = lambda self, x: self.weight * np.sum(x)
        elif change == "property":
            meta.power = property(lambda cls: 6)
        elif change == "instancecheck":
            meta.__instancecheck__ = lambda cls, obj: False
        elif change == "method":
            penalty.__call__ = lambda self, x: self.weight * np.sum(x**3)
        else:
            penalty.__class__ = Other

    follows(f, act)


def test_generic_classes() -> None:
    class Box(Generic[T]):
        def __init__(self, v: T):
            self.v = v

        def get(self) -> T:
            return self.v

    kept = Box[float](2.0)

    def f(x):
        return Box[float](x[0]).get() ** 2 * kept.get() + Box(x[1]).get()

    follows(f, lambda: setattr(kept, "v", 3.0), lambda: setattr(Box, "get", lambda self: 4.0 * self.v))

    def other(cls, parameters):
        return lambda v: Box(5.0 * v)

    follows(f, lambda: setattr(Box, "__class_getitem__", classmethod(other)))
