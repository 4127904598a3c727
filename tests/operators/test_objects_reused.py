"""Functions that read objects are proved pure too: their programs stand for them, and not a moment longer than they may."""

from __future__ import annotations

import abc
import dataclasses
import gc
import math
import types
import weakref

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.families import _families
from gradwise.tracing.purity import inspect_function

X = np.array([0.3, -0.7, 1.1])
G = 9.81


def served():
    return sum(family.served for family, _ in _families.values())


@pytest.fixture(autouse=True)
def fresh():
    gw.clear_caches()


class Regression:
    """Data, parameters, methods that call each other, a property, a constant of the class."""

    order = 2

    def __init__(self):
        self.a = np.array([[1.0, 2.0, 0.5], [0.3, -1.0, 2.0]])
        self.b = np.array([0.5, -1.0])
        self.rate = 0.1

    def residual(self, w):
        return self.a @ w - self.b

    @property
    def penalty(self):
        return 2.0 * self.rate

    @staticmethod
    def square(v):
        return v @ v

    def loss(self, w):
        return self.square(self.residual(w)) + self.penalty * np.sum(np.abs(w) ** self.order)

    def __call__(self, w):
        return self.loss(w) * 2.0


class Robust(Regression):
    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def residual(self, w):
        return np.tanh(super().residual(w) / self.scale)


class Layer:
    def __init__(self, rows, columns, act):
        self.w = np.linspace(-1.0, 1.0, rows * columns).reshape(rows, columns)
        self.act = act

    def __call__(self, x):
        return self.act(self.w @ x)


class Network:
    def __init__(self):
        self.layers = [Layer(4, 3, np.tanh), Layer(2, 4, np.sin)]
        self.named = {"in": 0.5, "shift": np.array([0.1, -0.2])}

    def loss(self, x):
        for layer in self.layers:
            x = layer(x)
        return np.sum((x - self.named["shift"]) ** 2)

    def by_index(self, x):
        return np.sum(self.layers[1](self.layers[0](x)))

    def numbered(self, x):
        total = 0.0
        for k, (layer, weight) in enumerate(zip(self.layers, [1.0, 3.0])):
            x = layer(x)
            total = total + (k + weight) * np.sum(x)
        return total


class Slots:
    __slots__ = ("k", "shift")

    def __init__(self):
        self.k, self.shift = 1.5, np.array([1.0, 2.0, 3.0])

    def loss(self, x):
        return np.sum(self.k * x * self.shift)


class Accumulator:
    def __init__(self, n):
        self.w = np.zeros(n)
        self.total = 0.0

    def step(self, x, mu):
        error = x[0] - self.w @ x
        self.w = self.w + mu * error * x
        self.total += error * error


def adaptive(x):
    filter_ = Accumulator(3)
    for _ in range(4):
        filter_.step(x, 0.1)
    return filter_.total + np.sum(filter_.w)


@dataclasses.dataclass
class Point:
    x: float
    y: float = 2.0

    def dot(self, other):
        return self.x * other.x + self.y * other.y

    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)

    def __rmul__(self, factor):
        return Point(factor * self.x, factor * self.y)


def with_points(v):
    p, q = Point(v[0], v[1]), Point(v[2])
    return (2.0 * (p + q)).dot(q) + math.sin(p.x)


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self, r): ...

    def scaled(self, r):
        return 3.0 * self.area(r)


class Disc(Shape):
    def area(self, r):
        return math.pi * r * r


class Square(Shape):
    def area(self, r):
        return r * r * G


def shapes(v):
    return Disc().scaled(v[0]) + Square().scaled(v[1]) + v[2]


class Tree:
    """Objects that refer to each other in a circle."""

    def __init__(self, value, parent=None):
        self.value, self.parent, self.child = value, parent, None
        if parent is None:
            self.child = Tree(2.0 * value, self)

    def loss(self, x):
        return self.child.value * np.sum(x**2) + self.child.parent.value * np.sum(x)


def namespaced():
    settings = types.SimpleNamespace(gain=np.array([1.0, 2.0, 3.0]), inner=types.SimpleNamespace(rate=0.5))
    return settings, lambda x: np.sum(settings.gain * x**2) * settings.inner.rate


def chosen_by_name(x, model=Regression):
    return getattr(REGRESSION, "residual")(x) @ np.ones(2) if hasattr(x, "shape") else 0.0  # noqa: B009 - what is tested


REGRESSION = Regression()


def by_global_object(x):
    return REGRESSION.loss(x) + REGRESSION.a[0, 0] * np.sum(x) + G


PROGRAMS = {
    "a method": lambda: Regression().loss,
    "super()": lambda: Robust(2.0).loss,
    "an object that is called": lambda: Regression(),
    "a list of objects": lambda: Network().loss,
    "objects by index": lambda: Network().by_index,
    "enumerate and zip": lambda: Network().numbered,
    "slots": lambda: Slots().loss,
    "an object of its own": lambda: adaptive,
    "dataclasses and operators": lambda: with_points,
    "abstract classes": lambda: shapes,
    "a circle of objects": lambda: Tree(1.5).loss,
    "a namespace": lambda: namespaced()[1],
    "a global object": lambda: by_global_object,
}


def agrees(f, x):
    value, gradient = gw.value_and_grad(f, method="exact")(x)
    expected, slope = gw.value_and_grad(f, method="exact", pure=False)(x)
    np.testing.assert_allclose(value, expected, rtol=1e-13)
    np.testing.assert_allclose(gradient, slope, rtol=1e-12, atol=1e-14)
    assert type(value) is type(expected)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_stand_for_functions_of_objects(name):
    f = PROGRAMS[name]()
    verdict = inspect_function(f)
    assert verdict.is_pure, verdict.effects
    for k in range(7):
        agrees(f, X * (1.0 + 0.1 * k))
    assert served() >= 4


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradients_are_those_of_differences(name):
    f = PROGRAMS[name]()
    g = gw.grad(f, method="exact")
    for k in range(5):
        x = X * (1.0 + 0.05 * k)
        estimate = gw.numerical.grad(f, x)
        assert np.all(np.abs(g(x) - estimate.value) <= estimate.error + 1e-12)


def warmed(f):
    for k in range(6):
        agrees(f, X + 0.01 * k)
    assert served() >= 3
    return f


def shadow(model):
    model.residual = lambda w: 3.0 * w[:2]


def replace_method(model):
    Regression.residual = lambda self, w: self.a @ w + 1.0


def replace_property(model):
    Regression.penalty = property(lambda self: 5.0 * self.rate)


def replace_static(model):
    Regression.square = staticmethod(lambda v: np.sum(v**4))


def answer_for_attributes(model):
    def answer(self, name):
        found = object.__getattribute__(self, name)
        return found + 1.0 if name == "rate" else found

    Regression.__getattribute__ = answer


CHANGES = {
    "a number": lambda m: setattr(m, "rate", 0.7),
    "an array": lambda m: setattr(m, "b", np.array([3.0, 4.0])),
    "an array in place": lambda m: m.a.__setitem__((0, 1), 7.0),
    "a dtype": lambda m: setattr(m, "b", m.b.astype(np.float32)),
    "a shape": lambda m: setattr(m, "b", np.array([[3.0], [4.0]])[:, 0]),
    "a type": lambda m: setattr(m, "rate", 1),
    "a constant of the class": lambda m: setattr(Regression, "order", 4),
    "a constant shadowed": lambda m: setattr(m, "order", 3),
    "a method shadowed": shadow,
    "a method replaced": replace_method,
    "a property replaced": replace_property,
    "a static method replaced": replace_static,
    "an answer for attributes": answer_for_attributes,
    "another class": lambda m: (setattr(m, "scale", 2.0), setattr(m, "__class__", Robust)),
}


@pytest.fixture
def class_restored():
    kept = dict(vars(Regression))
    yield
    for name in [n for n in vars(Regression) if n not in kept]:
        delattr(Regression, name)
    for name, value in kept.items():
        if name not in ("__dict__", "__weakref__"):
            setattr(Regression, name, value)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("how", ["method", "called", "closure"])
def test_changes_of_an_object_are_seen(change, how, class_restored):
    model = Regression()
    f = warmed({"method": model.loss, "called": model, "closure": lambda w: model.loss(w)}[how])
    before = gw.grad(f, method="exact")(X)
    CHANGES[change](model)
    # a bound method keeps the function that it was made of
    agrees(f, X)
    agrees(f, X * 2.0)
    if change not in ("a dtype", "a shape", "a type") and not (change == "a method shadowed" and how == ""):
        fresh_function = {"method": model.loss, "called": model, "closure": f}[how]
        agrees(fresh_function, X)
        assert not np.allclose(gw.grad(fresh_function, method="exact")(X), before)


def test_changes_of_lists_of_objects_are_seen():
    network = Network()
    f = warmed(network.loss)
    network.layers[0].w[0, 0] += 1.0
    agrees(f, X)
    network.layers[1].act = np.cos
    agrees(f, X)
    network.layers.append(Layer(2, 2, np.tanh))
    agrees(f, X)
    network.layers[1] = Layer(2, 4, np.exp)
    agrees(f, X)
    network.layers = tuple(network.layers)
    agrees(f, X)
    network.named["shift"] = np.array([5.0, 5.0])
    agrees(f, X)


def test_one_object_in_two_places_may_become_two():
    class Pair:
        def __init__(self):
            self.first = self.second = Layer(2, 3, np.sin)

        def loss(self, x):
            return np.sum(self.first(x)) + np.sum(self.second(x) ** 2)

    pair = Pair()
    f = warmed(pair.loss)
    pair.second = Layer(2, 3, np.sin)
    agrees(f, X)
    pair.second.w = pair.second.w * 3.0
    agrees(f, X)
    pair.second = pair.first
    agrees(f, X)


def test_objects_that_a_name_stands_for_may_be_exchanged():
    model = Regression()

    def f(x):
        return model.loss(x)

    warmed(f)
    other = Regression()
    other.a = other.a * 2.0
    model = other
    agrees(f, X)
    model = Robust(0.5)
    agrees(f, X)


def test_methods_of_many_objects_share_their_program():
    models = [Regression() for _ in range(6)]
    for k, model in enumerate(models):
        model.rate = 0.1 * k
        model.b = model.b + k
    for model in models:
        agrees(model.loss, X)
    assert served() >= 3


def test_the_base_class_of_super_is_looked_at():
    model = Robust(2.0)
    f = warmed(model.loss)
    kept = Regression.residual
    try:
        Regression.residual = lambda self, w: self.a @ w * 2.0
        agrees(f, X)
    finally:
        Regression.residual = kept
    agrees(f, X)


def test_the_class_of_objects_made_in_the_function_is_looked_at():
    warmed(with_points)
    kept = Point.dot
    try:
        Point.dot = lambda self, other: self.x - other.y
        agrees(with_points, X)
        Point.__init__, initial = (
            lambda self, x, y=1.0: (setattr(self, "x", x), setattr(self, "y", y))[0],
            Point.__init__,
        )
        agrees(with_points, X)
    finally:
        Point.dot, Point.__init__ = kept, initial
    agrees(with_points, X)


UNPROVEN = []


def unproven(f):
    UNPROVEN.append(f)
    return f


class Stateful:
    def __init__(self):
        self.calls = 0.0
        self.history = []
        self.buffer = np.zeros(3)
        self.table = {"a": 1.0}

    @unproven
    def counts(self, x):
        self.calls += 1.0
        return np.sum(x) * self.calls

    @unproven
    def keeps(self, x):
        self.history.append(1.0)
        return np.sum(x) * len(self.history)

    @unproven
    def fills(self, x):
        self.buffer[0] += 1.0
        return np.sum(x) * self.buffer[0]

    @unproven
    def writes_table(self, x):
        self.table["a"] = self.table["a"] + 1.0
        return np.sum(x) * self.table["a"]

    @unproven
    def through_an_alias(self, x):
        b = self.buffer
        b += 1.0
        return np.sum(x) * b[0]

    @unproven
    def through_another_object(self, x):
        holder = Holder(self.buffer)
        holder.content += 1.0
        return np.sum(x) * self.buffer[0]

    @unproven
    def by_setattr(self, x):
        setattr(self, "calls", self.calls + 1.0)  # noqa: B010 - what is tested
        return np.sum(x) * self.calls

    @unproven
    def by_vars(self, x):
        vars(self)["calls"] += 1.0
        return np.sum(x) * self.calls

    @unproven
    def by_dict(self, x):
        self.__dict__["calls"] += 1.0
        return np.sum(x) * self.calls

    @unproven
    def by_class(self, x):
        type(self).order = getattr(self, "order", 0.0) + 1.0
        return np.sum(x) * self.order

    @unproven
    def by_a_method(self, x):
        self.bump()
        return np.sum(x) * self.calls

    def bump(self):
        self.calls += 1.0

    @unproven
    def by_a_property(self, x):
        return np.sum(x) * self.bumped

    @property
    def bumped(self):
        self.calls += 1.0
        return self.calls

    @unproven
    def by_an_object_kept_in_another(self, x):
        outer = Holder(Holder(self.buffer))
        inner = outer.content
        inner.content[0] += 1.0
        return np.sum(x) * self.buffer[0]


class Holder:
    def __init__(self, content):
        self.content = content


@pytest.mark.parametrize("function", UNPROVEN, ids=lambda f: f.__name__)
def test_methods_that_change_what_was_there_are_not_proved(function):
    subject = Stateful()
    verdict = inspect_function(types.MethodType(function, subject))
    assert not verdict.is_pure
    g = gw.grad(types.MethodType(function, subject), method="exact", check=False)
    first = [g(X)[0] for _ in range(3)]
    other = Stateful()
    plain = [function(other, X) / np.sum(X) for _ in range(3)]
    if hasattr(Stateful, "order"):  # kept by the class
        del Stateful.order
        return
    np.testing.assert_allclose(first, plain)


def test_nothing_of_an_object_is_kept():
    model = Regression()
    f = warmed(model.loss)
    watch, array = weakref.ref(model), weakref.ref(model.a)
    del model, f
    gc.collect()
    assert watch() is None
    assert array() is None


def test_jacobians_hessians_and_products_of_methods():
    model = Robust(2.0)
    for k in range(5):
        x = X + 0.1 * k
        np.testing.assert_allclose(
            gw.jacobian(model.residual, method="exact")(x),
            gw.jacobian(model.residual, method="exact", pure=False)(x),
            rtol=1e-12,
        )
        np.testing.assert_allclose(
            gw.hessian(model.loss, method="exact")(x), gw.hessian(model.loss, method="exact", pure=False)(x), rtol=1e-10
        )
        np.testing.assert_allclose(gw.hvp(model.loss)(x, X), gw.hessian(model.loss)(x) @ X, rtol=1e-10, atol=1e-12)


def test_the_object_is_left_as_it_was():
    model = Network()
    entries = {k: id(v) for k, v in vars(model).items()}
    inner = [{k: id(v) for k, v in vars(layer).items()} for layer in model.layers]
    warmed(model.loss)
    assert {k: id(v) for k, v in vars(model).items()} == entries
    assert [{k: id(v) for k, v in vars(layer).items()} for layer in model.layers] == inner
    assert all(type(layer.w) is np.ndarray for layer in model.layers)


def test_an_attribute_that_was_missing_for_a_while():
    model = Regression()
    f = warmed(model.loss)
    kept = model.b
    del model.b
    with pytest.raises(AttributeError):
        gw.grad(f, method="exact")(X)
    assert not inspect_function(f, [X], {}).is_pure
    model.b = kept
    assert inspect_function(f, [X], {}).is_pure
    agrees(f, X)
