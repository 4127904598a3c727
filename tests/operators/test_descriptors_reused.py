"""Attributes for which descriptors of the user's or ``__getattr__`` answer, in proved functions: as plain calls say, after changes of all that is asked on the way."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from following import follows

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

A = np.random.default_rng(0).normal(size=(6, 4))


# --- descriptors --------------------------------------------------------------------------------------------------------------------


def spring():
    """A class with checked fields, its descriptor class and an object."""

    class Positive:
        def __init__(self, unit):
            self.unit = unit

        def __set_name__(self, owner, name):
            self.name = "_" + name

        def __get__(self, obj, owner=None):
            if obj is None:
                return self
            return getattr(obj, self.name) * self.unit

        def __set__(self, obj, value):
            if value < 0:
                raise ValueError(f"{self.name} is to be positive")
            setattr(obj, self.name, value)

    class Spring:
        k = Positive(2.0)

        def __init__(self, k, m):
            self.k, self.m = k, m

        def energy(self, x):
            return 0.5 * self.k * np.sum(x**2) + self.m * x[0]

    return Positive, Spring, Spring(2.0, 1.5)


def typed():
    """A class with typed fields that are kept under their own names, and an object."""

    class Typed:
        def __init__(self, kind):
            self.kind = kind

        def __set_name__(self, owner, name):
            self.name = name

        def __get__(self, obj, owner=None):
            return self if obj is None else obj.__dict__[self.name]

        def __set__(self, obj, value):
            if not isinstance(value, self.kind):
                raise TypeError(self.name)
            obj.__dict__[self.name] = value

    class Settings:
        rate, table = Typed((float, np.floating)), Typed(np.ndarray)

        def __init__(self, rate, table):
            self.rate, self.table = rate, table

        def loss(self, x):
            return self.rate * np.sum((self.table @ x) ** 2)

    return Typed, Settings, Settings(0.1, A)


def test_a_checked_field_is_proved_and_what_it_keeps_is_seen_to_change() -> None:
    _, cls, obj = spring()
    follows(obj.energy, lambda: setattr(obj, "k", 3.0), lambda: setattr(obj, "_k", 7.0))
    vars(cls)["k"].unit = 0.25
    follows(obj.energy)


@pytest.mark.parametrize("change", ["unit", "get", "another", "property", "data", "subclass"])
def test_another_descriptor_is_seen(change: str) -> None:
    kind, cls, obj = spring()

    def act() -> None:
        if change == "unit":
            vars(cls)["k"].unit = 5.0
        elif change == "get":
            kind.__get__ = lambda self, obj, owner=None: 11.0
        elif change == "another":
            cls.k = kind(3.0)
            cls.k.name = "m"
        elif change == "property":
            cls.k = property(lambda self: self.m)
        elif change == "data":
            cls.k = 13.0
        else:
            kind.__getattribute__ = lambda self, name: 4.0 if name == "unit" else object.__getattribute__(self, name)

    follows(obj.energy, act)


def test_typed_fields_under_their_own_names() -> None:
    kind, cls, obj = typed()
    follows(obj.loss, lambda: setattr(obj, "rate", 0.7), lambda: vars(obj).update(rate=0.3))
    follows(obj.loss, lambda: setattr(obj, "table", 2.0 * A), lambda: obj.table.__imul__(3.0))
    follows(obj.loss, lambda: setattr(cls, "rate", 0.9))
    kind.__get__ = lambda self, obj, owner=None: 0.5 if self.name == "rate" else A
    follows(obj.loss)
    A[:] = np.random.default_rng(0).normal(size=(6, 4))


def test_objects_made_in_the_call_are_filled_by_descriptors() -> None:
    kind, cls, _ = spring()
    other, settings, _ = typed()

    def f(x):
        return cls(np.exp(x[0]), x[1] ** 2).energy(x) * settings(x[2] * 2.0, A).rate

    def stores_twice() -> None:
        kind.__set__ = lambda self, obj, value: setattr(obj, self.name, 2.0 * value)

    def shifts() -> None:
        other.__set__ = lambda self, obj, value: vars(obj).__setitem__(self.name, value)

    follows(f, stores_twice, shifts, lambda: setattr(settings, "rate", 2.0), lambda: delattr(cls, "k"))


def test_a_descriptor_that_comes_after_what_the_object_stores() -> None:
    class Scaled:
        def __init__(self, factor):
            self.factor = factor

        def __get__(self, obj, owner=None):
            return self.factor * obj.base

    class Model:
        scale = Scaled(3.0)

        def __init__(self):
            self.base = 2.0

        def loss(self, x):
            return self.scale * np.sum(x**2)

    obj = Model()
    follows(
        obj.loss,
        lambda: setattr(obj, "base", 5.0),
        lambda: vars(obj).update(scale=1.25),  # which hides it
        lambda: setattr(Scaled, "__set__", lambda self, obj, value: None),  # and comes first again
        lambda: delattr(Scaled, "__set__"),
        lambda: vars(obj).pop("scale"),
    )


def test_a_descriptor_that_is_put_over_a_stored_entry_is_seen() -> None:
    class Fixed:
        def __get__(self, obj, owner=None):
            return 10.0

        def __set__(self, obj, value):
            raise AttributeError

    class Model:
        def __init__(self):
            self.k = 2.0

        def loss(self, x):
            return self.k * np.sum(x**2)

    class Raw(Model):
        def loss(self, x):
            return self.__dict__["k"] * np.sum(x**2)

    obj, raw = Model(), Raw()
    follows(obj.loss, lambda: setattr(Model, "k", Fixed()))
    follows(
        raw.loss, lambda: vars(raw).update(k=3.0), lambda: setattr(Raw, "k", Fixed()), lambda: vars(raw).update(k=4.0)
    )


def test_methods_wrapped_by_a_descriptor() -> None:
    class Wrapped:
        def __init__(self, function):
            self.function = function
            functools.update_wrapper(self, function)

        def __get__(self, obj, owner=None):
            return self if obj is None else functools.partial(self.function, obj)

    class Model:
        s = 2.0

        @Wrapped
        def value(self, x):
            return self.s * np.sum(x**2)

    obj = Model()

    def f(x):
        return obj.value(x)

    follows(f, lambda: setattr(Model, "s", 3.0), lambda: setattr(obj, "s", 4.0))
    vars(Model)["value"].function = lambda self, x: self.s * np.sum(x**3)
    follows(f)


def test_a_descriptor_that_counts_is_no_proof_that_it_does_not() -> None:
    calls = []

    class Noting:
        def __get__(self, obj, owner=None):
            calls.append(1)
            return 2.0

    class Model:
        k = Noting()

        def loss(self, x):
            return self.k * np.sum(x**2)

    derivative, obj = gw.grad(Model().loss, check=False), Model()
    derivative = gw.grad(obj.loss, check=False)
    before = None
    for k in range(8):
        start = len(calls)
        np.testing.assert_allclose(derivative(np.ones(3) + k), 4.0 * (np.ones(3) + k))
        before = len(calls) - start
    assert before == 1


# --- cached properties ----------------------------------------------------------------------------------------------------------------


def test_a_cached_property_is_data_once_it_is_computed() -> None:
    class Model:
        def __init__(self):
            self.table = A.copy()

        @functools.cached_property
        def gram(self):
            return self.table.T @ self.table

        def loss(self, x):
            return x @ self.gram @ x

    obj = Model()
    loss = obj.loss
    derivative, x = gw.grad(loss), np.linspace(0.5, 1.0, 4)
    for k in range(14):  # nothing is proved of the first call, and eight calls pass before it is asked again
        np.testing.assert_allclose(derivative(x + k), 2.0 * A.T @ A @ (x + k))
    assert shortcuts_of(loss)["0"].served > 0
    obj.table *= 2.0  # a plain call still finds what was computed
    np.testing.assert_allclose(derivative(x), 2.0 * A.T @ A @ x)
    del obj.gram
    np.testing.assert_allclose(derivative(x), 8.0 * A.T @ A @ x)
    obj.gram = np.eye(4)
    np.testing.assert_allclose(derivative(x), 2.0 * x)
    other = Model()
    np.testing.assert_allclose(gw.grad(other.loss)(x), 2.0 * A.T @ A @ x)


# --- __getattr__ ----------------------------------------------------------------------------------------------------------------------


class Target:
    def __init__(self, s):
        self.s = s

    def value(self, x):
        return self.s * np.sum((A @ x) ** 2)


def proxy():
    class Proxy:
        def __init__(self, target):
            self._target = target

        def __getattr__(self, name):
            return getattr(self._target, name)

    return Proxy, Proxy(Target(2.0))


def double(self, name):
    return 2.0 if name == "s" else lambda x: np.sum(x**3)


@pytest.mark.parametrize("change", ["target", "inside", "entry", "class", "getattr", "method"])
def test_what_a_proxy_hands_on_is_seen_to_change(change: str) -> None:
    cls, obj = proxy()

    def f(x):
        return obj.value(x) + obj.s * x[0] ** 2

    def act() -> None:
        if change == "target":
            obj._target = Target(5.0)
        elif change == "inside":
            obj._target.s = 7.0
        elif change == "entry":
            obj.s = 3.0
        elif change == "class":
            cls.s = 4.0
        elif change == "getattr":
            cls.__getattr__ = double
        else:
            obj.value = lambda x: np.sum(x**4)

    follows(f, act)


def test_settings_that_are_asked_by_attribute() -> None:
    class Bunch:
        def __init__(self, table):
            self._table = table

        def __getattr__(self, name):
            try:
                return self.__dict__["_table"][name]
            except KeyError:
                raise AttributeError(name) from None

    table = {"rate": 0.5, "A": A.copy()}
    b = Bunch(table)

    def f(x):
        return b.rate * np.sum((b.A @ x) ** 2)

    def asks(x):
        extra = getattr(b, "extra", 0.25)
        return f(x) + extra * x[0] + (x[1] ** 3 if hasattr(b, "cubic") else 0.0)

    follows(f, lambda: table.update(rate=0.75), lambda: table.update(other=1.0), lambda: table["A"].__imul__(2.0))
    follows(
        asks,
        lambda: table.update(extra=4.0),
        lambda: table.update(cubic=True),
        lambda: setattr(b, "rate", 0.125),
        lambda: setattr(b, "_table", {"rate": 1.0, "A": 2.0 * A}),
        is_served=False,
    )


def test_an_error_of_a_property_is_answered_by_getattr() -> None:
    table = {"w": 2.0}

    class Model:
        absent = True

        @property
        def k(self):
            if self.absent:
                raise AttributeError("k")
            return 3.0

        def __getattr__(self, name):
            return table["w"]

        def loss(self, x):
            return self.k * np.sum(x**2)

    obj, x = Model(), np.ones(3)
    derivative = gw.grad(obj.loss)
    for _ in range(6):
        np.testing.assert_allclose(derivative(x), 4.0)
    table["w"] = 5.0
    np.testing.assert_allclose(derivative(x), 10.0)
    Model.absent = False
    np.testing.assert_allclose(derivative(x), 6.0)
