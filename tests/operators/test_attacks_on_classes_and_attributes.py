"""What may change between two calls about classes and attributes, and was not seen: each program is served, then something is changed, and the next call is that of the plain function."""

from __future__ import annotations

import enum
import itertools

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

X = np.array([1.25, 2.0, 0.75])


def beside(f, x):
    """Central differences of the plain function."""
    return [(f(x + h) - f(x - h)) / 2e-6 for h in 1e-6 * np.eye(x.size)]


def agrees(derivative, f, x) -> None:
    value, gradient = derivative(x)
    assert value == pytest.approx(f(x), rel=1e-12)
    np.testing.assert_allclose(gradient, beside(f, x), rtol=1e-7, atol=1e-7)


def served_then(f, *changes) -> None:
    derivative = gw.value_and_grad(f)
    steps = itertools.count()
    for _ in range(6):
        agrees(derivative, f, X + 0.1 * next(steps))
    assert shortcuts_of(f)["0"].served > 0
    for change in changes:
        change()
        for _ in range(4):
            agrees(derivative, f, X + 0.1 * next(steps))


class OtherProperty(property):
    def __get__(self, obj, cls=None):
        return self if obj is None else 5.0 * self.fget(obj)


class ByInstance:
    """Gives a class one number and its instances another."""

    def __get__(self, obj, cls=None):
        return 2.0 if obj is None else 7.0


# --- classes ------------------------------------------------------------------------------------------------------------------------


def test_a_base_among_a_tuple_of_classes() -> None:
    class A:
        pass

    class B:
        pass

    class Base:
        pass

    class Node(Base):
        k = 4.0

    kinds, node = (B, (A,)), Node()
    f = lambda x: x[0] ** 2 if isinstance(node, kinds) else x[1] * node.k
    served_then(f, lambda: setattr(Node, "__bases__", (A,)), lambda: setattr(Node, "__bases__", (Base,)))


def test_another_kind_of_property_with_the_same_getter() -> None:
    class Cell:
        def __init__(self, k):
            self.k = k

        @property
        def size(self):
            return self.k

    class Derived(Cell):
        pass

    there, derived = Cell(2.0), Derived(3.0)
    f = lambda x: there.size * x[0] ** 2 + Cell(x[1]).size * x[2] + derived.size * x[0]
    other = OtherProperty(Cell.size.fget)
    served_then(f, lambda: setattr(Derived, "size", other), lambda: setattr(Cell, "size", other))


def test_a_class_method_of_another_class() -> None:
    class Law:
        rate = 2.0

        @classmethod
        def of(cls):
            return cls.rate

    class Other(Law):
        rate = 5.0

    served_then(lambda x: Law.of() * x[0] ** 2, lambda: setattr(Law, "of", Other.of))


def test_a_static_method_that_is_the_same_function() -> None:
    class Base:
        def area(first, x=None):  # noqa: N805 - an object or a point
            return 3.0 * x[0] ** 2 if x is not None else first[1] ** 3

    class Derived(Base):
        pass

    there = Derived()
    f = lambda x: there.area(x)
    served_then(f, lambda: setattr(Derived, "area", staticmethod(Base.area)), lambda: delattr(Derived, "area"))


def test_a_number_of_the_class_that_becomes_a_descriptor() -> None:
    class Law:
        rate = 2.0

        def __init__(self, k):
            self.k = k

    class Derived(Law):
        pass

    f = lambda x: Law(x[0]).rate * x[1] ** 2 + Derived(x[0]).rate * x[2] ** 2
    served_then(
        f,
        lambda: setattr(Derived, "rate", ByInstance()),
        lambda: delattr(Derived, "rate"),
        lambda: setattr(Law, "rate", ByInstance()),
    )


# --- slots --------------------------------------------------------------------------------------------------------------------------


def slotted():
    class Pair:
        __slots__ = ("__weakref__", "a", "b")

        def __init__(self, a, b):
            self.a, self.b = a, b

    return Pair


def test_a_slot_under_the_name_of_another() -> None:
    Pair = slotted()

    def f(x):
        pair = Pair(x[0], x[1])
        pair.a = pair.a**2
        return pair.a + 3 * pair.b

    served_then(f, lambda: setattr(Pair, "a", Pair.b))


def test_a_slot_of_two_names_is_one() -> None:
    """What was assigned under the first was not found under the second, so that what follows was not looked at."""
    Pair = slotted()
    Pair.c = Pair.a
    calls = []

    def f(x):
        pair = Pair(x[0], x[1])
        value = pair.c
        calls.append(1)
        return value**2 * len(calls)

    derivative = gw.value_and_grad(f)
    for k in range(1, 8):
        value, gradient = derivative(X)
        assert (value, len(calls)) == (X[0] ** 2 * k, k)
        np.testing.assert_allclose(gradient, [2 * X[0] * k, 0.0, 0.0])


# --- attributes that are shared -------------------------------------------------------------------------------------------------------


class State:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


def of_two_that_are_assigned(a, b, table):
    def f(x):
        a.k = x[0] ** 2
        b.k = x[1] ** 3
        return a.k * b.k + a.k

    return f


def of_two_that_remember(a, b, table):
    def f(x):
        a.k = 0.5 * a.k + x[1]
        b.k = 0.25 * b.k + x[0] * a.k
        return b.k * x[0] ** 2 + a.k

    return f


def of_a_table_that_is_assigned(a, b, table):
    def f(x):
        table["k"] = float(x[1])
        return a.k * x[0] ** 2

    return f


def of_a_table_that_is_read(a, b, table):
    def f(x):
        a.k = float(x[1])
        return table["k"] * x[0] ** 2

    return f


@pytest.mark.parametrize("shared", ["two objects", "an object and a table"])
@pytest.mark.parametrize(
    "of", [of_two_that_are_assigned, of_two_that_remember, of_a_table_that_is_assigned, of_a_table_that_is_read]
)
def test_attributes_that_are_shared(of, shared) -> None:
    """Two objects, or an object and a table, come to have one dictionary: ``b.__dict__ = a.__dict__``."""

    def made():
        a, b, table = State(k=2.0), State(k=3.0), {"k": 1.0}
        return of(a, b, table), a, b, table

    ours, plain = made(), made()
    derivative = gw.value_and_grad(ours[0])
    history = []

    def step(x) -> None:
        value, gradient = derivative(x)
        found = []
        for h in (0.0, 1e-6, -1e-6):  # of each entry, from the same history
            for e in np.eye(3):
                f, a, b, table = made()
                for action in history:
                    action(f, a, b, table)
                found.append(f(x + h * e))
        history.append(lambda f, a, b, table: f(x))
        assert value == pytest.approx(plain[0](x), rel=1e-12)
        np.testing.assert_allclose(gradient, np.subtract(found[3:6], found[6:]) / 2e-6, rtol=1e-6, atol=1e-6)
        for (_, a, b, table), (_, c, d, other) in [(ours, plain)]:
            assert (a.k, b.k, table["k"]) == pytest.approx((c.k, d.k, other["k"]), rel=1e-12)

    def share(f, a, b, table) -> None:
        (b if shared == "two objects" else a).__dict__ = a.__dict__ if shared == "two objects" else table

    for k in range(6):
        step(X + 0.1 * k)
    assert shortcuts_of(ours[0])["0"].served > 0
    history.append(share)
    share(*ours)
    share(*plain)
    for k in range(6, 10):
        step(X + 0.1 * k)


def test_attributes_shared_from_the_first() -> None:
    """A run finds what it assigned under the other name."""

    class Borg:
        shared: dict = {}

        def __init__(self):
            self.__dict__ = self.shared

    first, second = Borg(), Borg()
    table = {"k": 1.0}
    of_table = State()
    of_table.__dict__ = table

    def by_objects(x):
        first.k = x[0] ** 2
        return second.k * x[1]

    def by_table(x):
        of_table.k = x[0] ** 2
        return table["k"] * x[1]

    def by_object(x):
        table["k"] = x[0] ** 2
        return of_table.k * x[1]

    for f in (by_objects, by_table, by_object):
        derivative = gw.value_and_grad(f, method="exact")
        for k in range(5):
            x = X + 0.1 * k
            value, gradient = derivative(x)
            assert value == pytest.approx(x[0] ** 2 * x[1], rel=1e-13)
            np.testing.assert_allclose(gradient, [2 * x[0] * x[1], x[0] ** 2, 0.0], rtol=1e-13)


# --- enumerations ---------------------------------------------------------------------------------------------------------------------


def test_members_that_are_added_and_taken_away() -> None:
    """As ``aenum.extend_enum`` does it."""

    class Kind(enum.Enum):
        SQUARE = 2.0
        LINE = 3.0

    def add() -> None:
        one = object.__new__(Kind)
        one._name_, one._value_, one._sort_order_ = "NEW", 7.0, 2
        Kind._member_map_["NEW"] = Kind._value2member_map_[7.0] = one
        Kind._member_names_.append("NEW")

    def other_name() -> None:
        Kind._member_map_["SQUARE"] = Kind.LINE

    def other_value() -> None:
        Kind._value2member_map_[2.0] = Kind._member_map_["NEW"]

    f = lambda x: sum(k.value for k in Kind) * x[0] ** 2 + Kind["SQUARE"].value * x[1] + Kind(2.0).value * x[2]
    served_then(f, add, other_name, other_value, lambda: Kind._member_names_.remove("LINE"))
