"""Arrays of classes of one's own as programs have them: states with views, labels, signals, quaternions; mixins, slots, descriptors, metaclasses."""

from __future__ import annotations

import abc
import copy
import functools
import math
from dataclasses import dataclass

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import scipy.special
import scipy.stats
from compared_programs import X, compare

import gradwise as gw

PROGRAMS = []


def program(f):
    PROGRAMS.append(f)
    return f


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_programs(f):
    compare(f, order=1 if f in (states_in_solvers, functions_of_scipy) else 2)


# --- states, labels, signals ----------------------------------------------------------------------------------------------------------


class State(np.ndarray):
    """Positions and velocities as views of one array."""

    parts = {"position": slice(0, 2), "velocity": slice(2, 4)}

    def __new__(cls, *numbers):
        made = np.zeros(4).view(cls)
        made[:] = numbers
        return made

    @property
    def position(self):
        return self[self.parts["position"]]

    @position.setter
    def position(self, value):
        self[self.parts["position"]] = value

    @property
    def velocity(self):
        return self[2:4]

    @classmethod
    def at_rest(cls, position):
        return cls(*position, 0.0, 0.0)

    @staticmethod
    def stiffness():
        return 2.5

    def energy(self):
        return 0.5 * self.stiffness() * np.dot(self.position, self.position) + 0.5 * (self.velocity**2).sum()


@program
def states_that_are_stepped(x):
    state, dt = State.at_rest(x[:2]), 0.1 * x[2]
    for _ in range(5):
        state.velocity[...] = state.velocity - dt * state.stiffness() * state.position
        state.position += dt * state.velocity
    assert type(state) is State
    return state.energy()


@program
def states_in_solvers(x):
    def slope(t, y):
        y = State(*y)
        return np.concatenate([y.velocity, -y.position * x[0]])

    start = State(x[1], x[2], 0.0, 1.0)
    return scipy.integrate.solve_ivp(slope, (0, 1), start, rtol=1e-10, atol=1e-10).y[:, -1].sum()


class Labelled(np.ndarray):
    """Labels in slots, items by label, attributes by ``__getattr__``, an iteration and a length of its own."""

    __slots__ = ("labels",)

    def __new__(cls, numbers, labels):
        made = np.asarray(numbers, float).view(cls)
        made.labels = list(labels)
        return made

    def __array_finalize__(self, other):
        self.labels = getattr(other, "labels", None)

    def __getitem__(self, key):
        if isinstance(key, str):
            return super().__getitem__(self.labels.index(key))
        found = super().__getitem__(key)
        if isinstance(found, Labelled) and isinstance(key, slice):
            found.labels = self.labels[key]
        return found

    def __setitem__(self, key, value):
        super().__setitem__(self.labels.index(key) if isinstance(key, str) else key, value)

    def __getattr__(self, name):
        if name in ("a", "b", "c"):
            return self[name]
        raise AttributeError(name)

    def __contains__(self, label):
        return label in self.labels

    def __iter__(self):
        return ((label, super(Labelled, self).__getitem__(k)) for k, label in enumerate(self.labels))


@program
def labels(x):
    values = Labelled(x, "abc")
    values["b"] = values["a"] * values.c
    assert "b" in values
    assert "q" not in values
    assert not hasattr(values, "d")
    total = sum(v ** (1 + (label == "c")) for label, v in values)
    part = values[1:]
    assert part.labels == ["b", "c"]
    return total + part["c"] * np.asarray(values).sum()


class Signal(np.ndarray):
    """A signal and its times, which are cut with it."""

    def __new__(cls, numbers, times):
        made = np.asarray(numbers).view(cls)
        made.times = np.asarray(times)
        return made

    def __array_finalize__(self, other):
        self.times = getattr(other, "times", None)

    def __getitem__(self, key):
        found = super().__getitem__(key)
        if isinstance(found, Signal) and isinstance(key, (slice, np.ndarray)):
            found.times = self.times[key]
        return found

    def integral(self):
        return np.trapezoid(np.asarray(self), self.times)

    def at(self, time):
        return np.interp(time, self.times, np.asarray(self))


@program
def signals(x):
    signal = Signal(np.sin(x), x.cumsum())
    late = signal[signal.times > 1.5]
    return signal.integral() + signal.at(1.7) + late.sum() + (signal * 2)[1:].integral()


class Quaternion(np.ndarray):
    """A product of its own, and a class that derives from it."""

    def __new__(cls, *numbers):
        return np.array(numbers).view(cls)

    def __mul__(self, other):
        if not isinstance(other, Quaternion):
            return super().__mul__(other)
        a, b, c, d = self
        e, f, g, h = other
        return type(self)(
            a * e - b * f - c * g - d * h,
            a * f + b * e + c * h - d * g,
            a * g - b * h + c * e + d * f,
            a * h + b * g - c * f + d * e,
        )

    def conjugated(self):
        made = self.copy()
        made[1:] *= -1
        return made

    def turned(self, v):
        return (self * Quaternion(0.0, *v) * self.conjugated())[1:] / (np.asarray(self) ** 2).sum()


class Named(Quaternion):
    def __rmul__(self, other):
        return 3.0 * np.asarray(self * other)[0]


@program
def quaternions(x):
    turned = Quaternion(1.0, *x).turned(np.array([1.0, 2.0, 3.0]))
    assert type(turned) is Quaternion
    return np.asarray(turned) @ x[::-1] + Quaternion(1.0, 2.0, 3.0, 4.0) * Named(1.0, *x)


AXIS = np.array([0.0, 1.0, 2.0]).view(Quaternion)


# --- classes ----------------------------------------------------------------------------------------------------------------------------


class Realistic(np.ndarray):
    def __new__(cls, numbers, info=None):
        made = np.asarray(numbers).view(cls)
        made.info = info
        return made

    def __array_finalize__(self, other):
        if other is not None:
            self.info = getattr(other, "info", None)


class Meta(type): ...


class Scaled:
    scale = 3.0

    def scaled(self):
        return self * self.scale

    @functools.cached_property
    def total(self):
        return self.sum() * self.scale


class Mixed(Scaled, np.ndarray, metaclass=Meta):
    made = 0

    def __new__(cls, numbers):
        cls.made += 1
        return np.array(numbers, float).view(cls)

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value * 2 if isinstance(value, float) else value)


@program
def mixins_metaclasses_and_attributes(x):
    mixed = Mixed(x)
    mixed.first = x[0] * 1.0
    mixed.other = 2.0
    return mixed.scaled().sum() * mixed.first + mixed.total * mixed.other + mixed.total


class Base(np.ndarray, abc.ABC):
    @abc.abstractmethod
    def doubled(self): ...


class Gain:
    """A descriptor."""

    def __set_name__(self, owner, name):
        self.name, self.owners = name, (*getattr(self, "owners", ()), owner)

    def __get__(self, obj, kind=None):
        return self if obj is None else obj.__dict__.get(self.name, 1.0)

    def __set__(self, obj, value):
        obj.__dict__[self.name] = value


class Concrete(Base):
    gain = Gain()

    def doubled(self):
        return (self * 2).sum() * self.gain

    def __matmul__(self, other):
        return super().__matmul__(other) + 1

    def __rmatmul__(self, other):
        return np.asarray(other) @ np.asarray(self) - 1


@program
def abstract_classes_descriptors_and_reflected_operators(x):
    made = x.view(Concrete)
    made.gain = x[1]
    return made.doubled() + made @ made + x @ made


def test_descriptors_are_named_once():
    gw.grad(abstract_classes_descriptors_and_reflected_operators, method="exact")(X)
    assert vars(Concrete)["gain"].owners == (Concrete,)


class Vector(np.ndarray):
    """Operators that mean something else; truth and hash."""

    def __mul__(self, other):
        return np.cross(self, other).view(Vector) if isinstance(other, Vector) else super().__mul__(other)

    def __rmul__(self, other):
        return self.__mul__(other)

    def __or__(self, other):
        return float(np.dot(self, other))

    def __abs__(self):
        return math.sqrt(self | self)

    def __bool__(self):
        return abs(self) > 0

    def __hash__(self):
        return id(self)


UP = np.array([0.0, 1.0, 2.0]).view(Vector)


@program
def operators_with_other_meanings(x):
    v = x.view(Vector)
    return abs(v * UP) + (UP * v | x) + (x * UP | v) + (2 * v | UP) + (1.0 if v else 0.0) + len({v: 1})


@dataclass
class Model:
    values: Realistic
    weight: float


@program
def in_dataclasses_lists_and_dictionaries(x):
    model = Model(Realistic(x, info=2.0), x[0])
    several = [Realistic(x * k, info=k) for k in (1.0, 2.0)]
    named = {v.info: v for v in several}
    total = (sum(several) * named[2.0]).sum() + max(several[0]) + sorted(several[1])[0] + np.stack(several).sum()
    return total + (model.values * model.weight).sum() * model.values.info + np.array(several)[0, 1]


@program
def copies(x):
    a = Realistic(x, info=1)
    b, c = copy.deepcopy(a), copy.copy(a)
    b[0], c.info = 7.0, 5
    assert (a.info, b.info, c.info) == (1, 1, 5)
    return (a * b * c).sum() + math.sqrt(a.sum()) + float(a[1]) + math.fsum(a) + math.hypot(*a)


@program
def decisions(x):
    v = Realistic(x)
    if v[0] > v[1] and (v > 0).all() and not np.isnan(v).any():
        v = v * 2
    while v.sum() > 3:
        v = v / 2
    return np.where(v > 0.2, v, 0).sum() * len(v) + v[v.argmax()] + np.arange(3.0)[v > 0.3].sum() * v[0]


@program
def complex_numbers(x):
    z = x.view(Realistic) + 1j * x.view(Realistic)[::-1]
    assert type(z) is Realistic
    return (z.conj() * z).real.sum() + abs(z).sum() + (z.imag**2).sum()


@program
def functions_of_scipy(x):
    v = Realistic(x)
    return (
        scipy.linalg.solve(np.eye(3) * 2, v).sum() ** 2
        + scipy.special.gamma(v).sum()
        + scipy.linalg.expm(np.outer(v, v) / 9).sum()
        + scipy.stats.norm.logpdf(v).sum()
        + scipy.integrate.quad(lambda t: (v * t**2).sum(), 0, 1)[0]
    )


@program
def classes_of_functions(x):
    class Local(np.ndarray):
        unit = x[0]

        def scaled(self):
            return self * self.unit

    Realistic.shared = x[1]
    try:
        v = x.view(Realistic)
        return (x.view(Local).scaled() * v * v.shared * Realistic.shared).sum()
    finally:
        del Realistic.shared
