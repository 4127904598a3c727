"""Classes with a state, as people write them: attributes, properties, inheritance, private names, slots."""

from __future__ import annotations

import abc
import enum
import functools
import math
import weakref

import numpy as np
import pytest
from ordinary import Cases, agrees

import gradwise as gw

cases = Cases()


class Elements:
    """Element functions found by name, assembled in loops."""

    def __init__(self, n):
        self.n = n
        self.elements = [("square", [0]), ("cube", [1]), ("product", [0, 2]), ("wave", [1, 2])] * n
        self.weights = np.linspace(0.5, 1.5, len(self.elements))
        self.last = None

    def square(self, p, x):
        return p * float(x[0]) ** 2

    def cube(self, p, x):
        return p * x[0].item() ** 3

    def product(self, p, x):
        return float(x[0]) * float(x[1]) * p

    def wave(self, p, x):
        return math.sin(p * x[0]) + math.cos(x[1].item())

    def by_eval(self, x):
        total = 0.0
        for (name, index), w in zip(self.elements, self.weights):
            y = x[index]  # noqa: F841
            total += w * eval("self." + name + "(2.0, y)")
        self.last = total
        return total

    def by_getattr(self, x):
        values = np.zeros((len(self.elements), 1))
        for i, (name, index) in enumerate(self.elements):
            values[i] = getattr(self, name)(1.5, x[np.array(index)])
        self.last = values
        return (values.T @ values).item()

    def by_dictionary(self, x):
        table = {"square": self.square, "cube": self.cube, "product": self.product, "wave": self.wave}
        return sum(table[name](0.5, x[index]) for name, index in self.elements)


@cases.made_at([0.5, -0.4, 1.2])
def elements_by_eval():
    return Elements(30).by_eval


@cases.made_at([0.5, -0.4, 1.2])
def elements_by_getattr():
    return Elements(20).by_getattr


@cases.made_at([0.5, -0.4, 1.2])
def elements_by_dictionary():
    return Elements(10).by_dictionary


class Oscillator:
    damping = 0.1

    def __init__(self, mass, stiffness):
        self.mass, self.stiffness = mass, stiffness
        self.history = []
        self.time = 0.0
        self.position = 1.0
        self.velocity = 0.0

    def force(self):
        return -self.stiffness * self.position - self.damping * self.velocity

    def step(self, dt):
        self.velocity += dt * self.force() / self.mass
        self.position += dt * self.velocity
        self.time += dt
        self.history.append(self.position)

    @property
    def energy(self):
        return 0.5 * self.mass * self.velocity**2 + 0.5 * self.stiffness * self.position**2


@cases.at([1.2, 3.4])
def an_object_inside(x):
    o = Oscillator(x[0], x[1])
    for _ in range(20):
        o.step(0.05)
    return o.energy + sum(h**2 for h in o.history)


class KeptOscillator(Oscillator):
    def __call__(self, x):
        self.mass, self.stiffness = x
        self.position, self.velocity, self.history = 1.0, 0.0, []
        for _ in range(10):
            self.step(0.1)
        return self.energy


@cases.made_at([1.2, 3.4])
def an_object_that_stays():
    return KeptOscillator(1.0, 1.0)


class Counting:
    def __init__(self):
        self.calls = 0
        self.best = math.inf
        self.best_x = None
        self.trail = []

    def __call__(self, x):
        self.calls += 1
        f = (x[0] - 1) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
        if f < self.best:
            self.best, self.best_x = f, x.copy()
        self.trail.append((self.calls, f, list(x)))
        return f


@cases.made_at([0.3, 0.7])
def counters_and_best_so_far():
    return Counting()


class Temperature:
    def __init__(self, celsius):
        self._celsius = celsius

    @property
    def kelvin(self):
        return self._celsius + 273.15

    @kelvin.setter
    def kelvin(self, value):
        if value < 0:
            raise ValueError("below zero")
        self._celsius = value - 273.15

    @functools.cached_property
    def rate(self):
        return math.exp(-1000.0 / self.kelvin)


@cases.at([20.0, 30.0])
def properties_and_cached_ones(x):
    t = Temperature(x[0])
    u = Temperature(1.0)
    u.kelvin = t.kelvin + x[1]
    u.kelvin *= 1.5
    try:
        u.kelvin = -x[0]
    except ValueError:
        pass
    return t.rate * u.rate + u._celsius * t.rate + t.rate


KEPT = Temperature(25.0)


@cases.at([20.0, 30.0])
def a_property_of_a_global_object(x):
    KEPT.kelvin = x[0] + 300.0
    y = KEPT.kelvin * x[1]
    KEPT._celsius = 25.0
    return y


class Account:
    __rate = 0.05

    def __init__(self, amount):
        self.__amount = amount
        self.__log = [amount]

    def __grow(self):
        self.__amount *= 1 + self.__rate
        self.__log.append(self.__amount)

    def after(self, years):
        for _ in range(years):
            self.__grow()
        return self.__amount + sum(self.__log)


class Savings(Account):
    __rate = 0.02

    def after(self, years):
        return super().after(years) * (1 + self.__rate) + super().after(1)


@cases.at([20.0])
def private_names_and_super(x):
    return Account(x[0]).after(3) + Savings(x[0] ** 2).after(2)


class Shape(abc.ABC):
    registry = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        Shape.registry[cls.__name__.lower()] = cls

    @abc.abstractmethod
    def area(self): ...

    @classmethod
    def make(cls, name, *args):
        return cls.registry[name](*args)

    @staticmethod
    def square_of(v):
        return v * v


class Circle(Shape):
    def __init__(self, r):
        self.r = r

    def area(self):
        return math.pi * self.square_of(self.r)


class Rectangle(Shape):
    def __init__(self, a, b=2.0):
        self.a, self.b = float(a), b

    def area(self):
        return self.a * self.b


@cases.at([0.3, 0.7])
def abstract_classes_and_factories(x):
    shapes = [Shape.make("circle", x[0]), Rectangle(x[1]), Rectangle(x[0], b=x[1]), Circle.make("rectangle", *x)]
    return sum(s.area() for s in shapes) + functools.reduce(lambda t, s: t * s.area(), shapes, 1.0)


class Logged:
    def value(self, x):
        self.seen = getattr(self, "seen", 0.0) + x
        return super().value(x)


class Scaled:
    def __init__(self, scale, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale

    def value(self, x):
        return self.scale * super().value(x)


class Squared:
    def __init__(self, power=2):
        self.power = power

    def value(self, x):
        return x**self.power


class Together(Logged, Scaled, Squared):
    pass


@cases.at([0.3, 0.7])
def mixins_in_a_diamond(x):
    t = Together(scale=x[1], power=3)
    return t.value(x[0]) + t.value(x[0] ** 2) + t.seen * Together.__mro__[1].value(t, x[1])


class Particle:
    __slots__ = ("__weakref__", "mass", "position", "velocity")

    def __init__(self, mass, position, velocity):
        self.mass = mass
        self.position = position
        self.velocity = velocity

    def kinetic(self):
        return 0.5 * self.mass * (self.velocity @ self.velocity)


@cases.at([0.3, 0.7, 1.1, -0.4])
def slots(x):
    ps = [Particle(m, np.array(q), np.array(v)) for m, q, v in [(1.0, x[:2], x[2:]), (x[0], [1.0, x[1]], [x[2], 0.0])]]
    for p in ps:
        p.position = p.position + 0.1 * p.velocity
        p.position += p.velocity
    d = ps[0].position - ps[1].position
    return ps[0].kinetic() + ps[1].kinetic() + 1 / math.sqrt(d @ d)


SLOTTED = Particle(1.0, np.zeros(2), np.ones(2))


@cases.at([0.3, 0.7])
def a_slotted_global(x):
    SLOTTED.velocity = x * 2
    SLOTTED.mass = float(x[0])
    return SLOTTED.kinetic()


class Kind(enum.Enum):
    LINEAR = "linear"
    QUADRATIC = "quadratic"
    EXPONENTIAL = 3

    def apply(self, v):
        if self is Kind.LINEAR:
            return v
        return v**2 if self == Kind.QUADRATIC else math.exp(v)


TABLE = {Kind.LINEAR: lambda v: 2 * v, Kind.QUADRATIC: lambda v: v**3, Kind.EXPONENTIAL: math.sin}


@cases.at([0.3, 0.7])
def enums_as_dispatch(x):
    return sum(k.apply(x[0]) * TABLE[k](x[1]) for k in Kind) + Kind("linear").apply(x[1]) * Kind["EXPONENTIAL"].value


class Node:
    def __init__(self, value, left=None, right=None):
        self.value, self.left, self.right = value, left, right
        self.parent = None
        for child in (left, right):
            if child is not None:
                child.parent = weakref.ref(self)

    def total(self, depth=0):
        below = sum(c.total(depth + 1) for c in (self.left, self.right) if c is not None)
        return self.value / (1 + depth) + math.tanh(below)


def tree(values):
    if len(values) == 0:
        return None
    m = len(values) // 2
    return Node(values[m], tree(values[:m]), tree(values[m + 1 :]))


@cases.at([0.3, 0.7, -0.1, 0.5, 1.3])
def a_tree_of_objects(x):
    root = tree(x)
    return root.total() + root.left.parent().value * root.right.total()


class Config:
    def __init__(self, **options):
        self.__dict__.update(options)
        vars(self)["extra"] = 1.5

    def cost(self):
        return sum(v**2 for k, v in sorted(self.__dict__.items()) if not k.startswith("_"))


@cases.at([0.3, 0.7])
def attributes_through_the_dictionary(x):
    c = Config(a=x[0], b=float(x[1]))
    setattr(c, "c" + "d", x[0] * x[1])
    if hasattr(c, "cd") and not hasattr(c, "zz"):
        c.b += c.cd * getattr(c, "zz", 2.0)
    del c.a
    return c.cost() + c.__dict__["cd"] * vars(c)["b"]


class Model:
    scale = 1.0
    registry: list = []

    @classmethod
    def configure(cls, scale):
        cls.scale = scale
        cls.registry.append(scale)

    def value(self, v):
        return self.scale * v + type(self).scale ** 2 + self.__class__.registry[-1]


@cases.at([0.3, 0.7])
def class_attributes(x):
    Model.configure(x[0])
    try:
        return Model().value(x[1])
    finally:
        Model.scale = 1.0
        Model.registry.clear()


class Lazy:
    def __init__(self, x):
        self._x = x
        self._gram = None

    @property
    def gram(self):
        if self._gram is None:
            self._gram = np.outer(self._x, self._x)
        return self._gram

    def reset(self):
        self._gram = None


@cases.at([0.3, 0.7])
def lazily_made_attributes(x):
    lazy = Lazy(x)
    a = lazy.gram.sum() * lazy.gram[0, 1]
    lazy.reset()
    lazy.gram[0, 0] = 5 * x[1]
    return a + np.trace(lazy.gram)


class Memo:
    def __init__(self):
        self.last_x = None
        self.last = None

    def states(self, x):
        if self.last_x is not None and np.array_equal(x, self.last_x):
            return self.last
        self.last_x = np.array(x)
        self.last = np.cumsum(np.exp(x))
        return self.last

    def objective(self, x):
        return self.states(x)[-1] * self.states(x)[0] + (self.states(x) ** 2).sum()


class Outer:
    class Inner:
        def __init__(self, v):
            self.v = v

        def __mul__(self, other):
            return Outer.Inner(self.v * other)

    def run(self, x):
        class Local(self.Inner):
            def out(self):
                return self.v + x[1]

        return (self.Inner(x[0]) * x[1]).v + Local(x[0]).out()


@cases.made_at([0.3, 0.7])
def nested_classes():
    return Outer().run


class Buffer:
    def __init__(self, n):
        self.work = np.zeros(n)
        self.matrix = np.eye(n)

    def __call__(self, x):
        self.work = np.zeros(len(x))
        for i in range(len(x)):
            self.work[i] = math.exp(x[i])
            self.work[i] += i
        self.matrix = self.matrix * 0 + np.outer(self.work, x)
        self.matrix[0] *= 2
        return self.matrix.sum() + self.work[-1]


@cases.made_at([0.3, 0.7, 0.1])
def attributes_that_are_buffers():
    return Buffer(3)


def test_a_memo_of_the_last_point_is_never_differentiated_as_a_constant():
    memo, x = Memo(), np.array([0.3, 0.7])
    expected = gw.grad(lambda x: np.cumsum(np.exp(x))[-1] * np.exp(x[0]) + (np.cumsum(np.exp(x)) ** 2).sum())(x)
    np.testing.assert_allclose(gw.grad(memo.objective, method="exact", check=False)(x), expected, rtol=1e-12)
    assert type(memo.last) is np.ndarray
    memo.objective(x)
    # the memory now answers: its numbers have no derivative
    try:
        again = gw.grad(memo.objective, method="exact", check=False)(x)
    except gw.TracingError as error:
        assert "memory" in str(error)  # noqa: PT017
    else:
        np.testing.assert_allclose(again, expected, rtol=1e-12)


@pytest.mark.parametrize("case", cases, ids=repr)
def test_objects(case):
    agrees(case)
