"""Objects that are read and filled by way of their dictionaries or their fields: ``vars``, ``setattr``, ``__dict__``, ``dataclasses.replace`` and its relatives; proved, and seen when they change."""

from __future__ import annotations

import types

import numpy as np
import pytest
from central_differences import differences

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

X = np.array([1.0, 2.0, 3.0])

PROGRAM = """
import argparse
import dataclasses
from dataclasses import dataclass, field, replace, asdict, astuple, fields
import types
import numpy as np

K = 2.0

@dataclass
class Settings:
    rate: float
    power: float = 2.0
    parts: list = field(default_factory=list)

@dataclass(frozen=True)
class Frozen:
    a: float
    b: float = 3.0
    def scaled(self, k):
        return replace(self, a=self.a * k)

@dataclass
class Derived:
    a: float
    b: float = dataclasses.field(init=False, default=0.0)
    def __post_init__(self):
        self.b = self.a * K

@dataclass
class Outer:
    inner: Frozen
    w: np.ndarray

class Bunch:
    def __init__(self, **values):
        self.__dict__.update(values)

class Set:
    scale = 1.0
    def __init__(self, **values):
        for name, value in values.items():
            setattr(self, name, value)
    def total(self):
        return sum(v for v in vars(self).values()) * self.scale
    def by_items(self):
        return sum(v * len(k) for k, v in self.__dict__.items())

base = Settings(0.5)
kept = Frozen(2.0)
outer = Outer(Frozen(1.0, 2.0), np.array([1.0, 2.0]))
there = Set(a=1.0, bb=2.0)
options = argparse.Namespace(rate=0.1, power=2.0, flag=True)
names = types.SimpleNamespace(rate=0.1, power=2.0)

def replaced(x):
    new = replace(base, rate=base.rate * x[0])
    return new.rate * x[1] ** new.power

def frozen(x):
    return Frozen(x[0], x[1]).scaled(x[2]).a + kept.scaled(x[0]).a * kept.b

def computed_anew(x):
    one = Derived(x[0])
    return replace(one, a=x[1]).b * one.b

def as_dict(x):
    d = asdict(Frozen(x[0], x[1]))
    return d["a"] * d["b"] + sum(asdict(kept).values()) * x[2]

def nested(x):
    d = asdict(Outer(Frozen(x[0], x[1]), x * 2.0))
    return d["inner"]["a"] * d["w"][0] + d["w"][1] + asdict(outer)["w"].sum() * x[0]

def as_tuple(x):
    a, b = astuple(Frozen(x[0], x[1]))
    return a * b + astuple(kept)[1] * x[2]

def by_fields(x):
    one = Frozen(x[0], x[1])
    return sum(getattr(one, f.name) ** 2 for f in fields(one)) + sum(getattr(kept, f.name) for f in fields(Frozen)) * x[2]

def bunch(x):
    b = Bunch(u=x[0], v=x[1])
    b.__dict__["w"] if "w" in () else None
    return b.u * b.v + b.__dict__["u"]

def set_by_names(x):
    s = Set(a=x[0], b=x[1] * x[2])
    return s.total() + s.by_items() + s.a

def gone_over(x):
    return sum(v * x[i] for i, (k, v) in enumerate(sorted(vars(there).items()))) + there.total() * x[2]

def namespace(x):
    return options.rate * x[0] ** options.power + (x[1] if options.flag else 0.0) + vars(names)["rate"] * x[2]
"""
NAMES = "replaced frozen computed_anew as_dict nested as_tuple by_fields bunch set_by_names gone_over namespace".split()
CHANGES = {
    "K = 5.0": "computed_anew",
    "base.rate = 0.25": "replaced",
    "base.power = 3.0": "replaced",
    "base.power = 3": "replaced",
    "base.extra = 1.0": "replaced",
    "base = Settings(0.1, 1.0)": "replaced",
    "Settings.__post_init__ = lambda self: setattr(self, 'rate', self.rate * 10.0)": "replaced",
    "kept = Frozen(7.0, 1.5)": "frozen as_dict by_fields",
    "Frozen.scaled = lambda self, k: self": "frozen as_tuple by_fields",
    "Frozen.b = 9.0": "frozen as_tuple by_fields",
    "Derived.__post_init__ = lambda self: setattr(self, 'b', self.a * 100.0)": "computed_anew",
    "outer.w[0] = 11.0": "nested",
    "outer.w = np.array([4.0, 5.0, 6.0])": "nested",
    "outer.inner = Frozen(3.0, 4.0)": "nested",
    "there.a = 3.0": "gone_over set_by_names",
    "there.ccc = 4.0": "gone_over set_by_names",
    "del there.bb": "namespace",
    "Set.scale = 2.0": "gone_over set_by_names",
    "there.scale = 0.5": "gone_over set_by_names",
    "Set.a = property(lambda self: 50.0)": "gone_over set_by_names",
    "Set.total = lambda self: 1.0": "gone_over set_by_names",
    "there.__dict__ = {'bb': 2.0, 'a': 1.0, 'scale': 3.0}": "gone_over set_by_names",
    "options.rate = 0.7": "namespace",
    "options.power = 3": "namespace",
    "options.flag = False": "namespace",
    "options = argparse.Namespace(rate=1.0, power=1.0, flag=None)": "namespace",
    "names.rate = np.float64(3.0)": "namespace",
    "names = argparse.Namespace(rate=9.0)": "namespace",
    "Frozen = dataclass(type('Frozen', (), {'__annotations__': {'a': float, 'b': float, 'c': float}, 'b': 2.0, 'c': 1.0, 'scaled': lambda self, k: self}))": "frozen as_tuple by_fields",
    "replace = lambda one, **changes: one": "replaced frozen",
    "asdict = lambda one: {'a': 1.0, 'b': 2.0, 'w': [0.0, 1.0], 'inner': {'a': 3.0}}": "as_dict",
}


def program():
    names = {"__name__": __name__, "np": np}
    exec(compile(PROGRAM, __file__.replace("test_", "program_of_"), "exec"), names)
    return names


@pytest.mark.parametrize("name", NAMES)
def test_right(name) -> None:
    f = program()[name]
    derivative = gw.value_and_grad(f)
    for k in range(8):
        x = X + 0.1 * k
        value, gradient = derivative(x)
        assert value == pytest.approx(f(x), rel=1e-13)
        np.testing.assert_allclose(gradient, differences(f, x), rtol=1e-6, atol=1e-8)
    if name != "nested":  # whose dictionary holds another
        assert shortcuts_of(f)["0"].served > 0


@pytest.mark.parametrize("change", CHANGES)
def test_changes_are_seen(change) -> None:
    names = program()
    asked = CHANGES[change].split()
    derivatives = {name: gw.value_and_grad(names[name]) for name in asked}
    for name in asked:
        for k in range(6):
            derivatives[name](X + 0.1 * k)
    exec(change, names)
    for name in asked:
        f = names[name]
        for k in range(4):
            x = X + 0.2 * k
            try:
                expected = f(x)
            except Exception as error:
                with pytest.raises(type(error)):
                    derivatives[name](x)
                continue
            value, gradient = derivatives[name](x)
            assert value == pytest.approx(expected, rel=1e-13), name
            np.testing.assert_allclose(gradient, differences(f, x), rtol=1e-6, atol=1e-8, err_msg=name)


def test_a_dictionary_that_was_there_is_not_updated() -> None:
    there = types.SimpleNamespace(a=1.0)

    def f(x):
        there.__dict__.update(a=x[0])
        return there.a * x[1]

    for k in range(5):
        np.testing.assert_allclose(gw.grad(f)(X + k), [2.0 + k, 1.0 + k, 0.0])
    assert "not proved" in str(gw.explain(f, X))
