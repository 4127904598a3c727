"""Random generators made during the call from a seed: what they draw is the same at each call."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.lattice import entry, is_numeric
from gradwise.tracing.purity.values import FRESH, GENERATOR, OWN

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

MAKERS = (np.random.default_rng, np.random.RandomState, random.Random)
_DRAWS = frozenset(
    [
        "random",
        "random_sample",
        "rand",
        "randn",
        "standard_normal",
        "normal",
        "uniform",
        "lognormal",
        "exponential",
        "standard_exponential",
        "laplace",
        "logistic",
        "gumbel",
        "integers",
        "randint",
        "beta",
        "gamma",
        "chisquare",
        "standard_t",
        "multivariate_normal",
        "permutation",
        *("gauss", "normalvariate", "lognormvariate", "expovariate", "triangular", "randrange", "getrandbits"),
        *("betavariate", "gammavariate", "vonmisesvariate", "paretovariate", "weibullvariate"),
        *("choice", "sample"),
    ]
)
#: those that take an array to be filled, after the size
_FILLING = frozenset(["random", "standard_normal", "standard_exponential"])
#: those that give something of what they are given, and how many values they take
_CHOOSING = {"choice": 1, "sample": 2}
_KEYWORDS = frozenset(["size", "loc", "scale", "low", "high", "mean", "sigma"])


def generator(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``default_rng(seed)``: without a number for a seed it draws something else at each call."""
    if len(arguments) != 1 or keywords or not is_numeric(m.data(arguments[0])):
        m.scope.impure(m, "it makes a random generator without a number as its seed")
    return GENERATOR


class Draw:
    """``rng.normal`` and the like, about to be called."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __eq__(self, other: object) -> bool:
        return type(other) is Draw and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)

    def result(self, m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """A fresh number or array."""
        if self._name in _CHOOSING and (keywords or len(arguments) != _CHOOSING[self._name]):
            raise m.doubt(f"it calls {self._name} of a random generator in a way that is not looked into")
        if set(keywords) - _KEYWORDS or (self._name in _FILLING and len(arguments) > 1):
            raise m.doubt(f"it calls {self._name} of a random generator in a way that is not looked into")
        for value in [*arguments, *keywords.values()]:
            m.data(value)
        if self._name == "choice":  # one of what is given
            return entry(m.data(arguments[0]))
        return FRESH if self._name == "sample" else OWN


def draw(m: Machine, name: str) -> Draw:
    """An attribute of a random generator."""
    if name not in _DRAWS:
        raise m.doubt(f"the attribute {name!r} of a random generator is not looked into")
    return Draw(name)
