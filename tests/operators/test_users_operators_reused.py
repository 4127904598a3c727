"""Operators, entries and classes of users' objects in proved functions: what ``isinstance`` decides, ``number * obj``, ``obj[k] = v``, ``type(node).__name__``; after changes too."""

from __future__ import annotations

import abc
import math

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

X = np.array([1.0, 2.0, 3.0])


class Pair:
    def __init__(self, w, x=0.0):
        self.w, self.x = w, x

    def __mul__(self, b):
        if not isinstance(b, Pair):
            return Pair(*(c * b for c in self))
        return Pair(self.w * b.w - self.x * b.x, self.w * b.x + self.x * b.w)

    def __rmul__(self, a):
        return self * a

    def __add__(self, b):
        return Pair(self.w + b.w, self.x + b.x) if isinstance(b, Pair) else Pair(self.w + b, self.x)

    def __iter__(self):
        yield self.w
        yield self.x

    def __or__(self, b):
        return Pair(self.w + b.w, self.x)

    def __rshift__(self, b):
        return b.w - self.w

    def __float__(self):
        return float(self.w**2)

    def __complex__(self):
        return complex(self.w, self.x)


class Weighed(Pair):
    """NumPy's numbers leave their operators to it."""

    __array_priority__ = 100


class Table:
    def __init__(self, rows):
        self.rows = [list(row) for row in rows]

    def __getitem__(self, ij):
        i, j = ij
        return self.rows[i][j]

    def __setitem__(self, ij, v):
        self.rows[ij[0]][ij[1]] = v


class Sum:
    def __init__(self, left, right):
        self.left, self.right = left, right

    def accept(self, visitor):
        return getattr(visitor, "visit_" + type(self).__name__.lower())(self)


class Entry:
    def __init__(self, k):
        self.k = k

    def accept(self, visitor):
        return getattr(visitor, "visit_" + type(self).__name__.lower())(self)


class Value:
    def __init__(self, x):
        self.x = x

    def visit_sum(self, node):
        return node.left.accept(self) + node.right.accept(self) * 2

    def visit_entry(self, node):
        return self.x[node.k] ** 2

    def of(self, node):
        return getattr(self, "of_" + node.__class__.__name__)(node)

    def of_Sum(self, node):
        return self.of(node.left) * self.of(node.right)

    def of_Entry(self, node):
        return math.sin(self.x[node.k])


TREE = Sum(Entry(0), Sum(Entry(1), Entry(2)))


def products(x):
    q = Pair(x[0], x[1]) * Pair(1.0, x[1])
    return (q * 2.0).w * q.x + (x[2] * q).x


def weighed(x):
    return (x[0] * Weighed(x[1], x[2])).x + (x[2] * Pair(x[0], x[1])).w


def converted(x):
    p = Pair(x[0], x[1])
    return float(p) * x[2] + complex(p).imag ** 2 + abs(complex(p))


class Beside:
    """Told apart from numbers by what is no number."""

    def __init__(self, a):
        self.a = a

    def __add__(self, b):
        return Beside(self.a + b) if isinstance(b, (int, float)) else Beside(self.a + b.a)

    __radd__ = __add__

    def __mul__(self, b):
        return Beside(self.a * b) if isinstance(b, (int, float, np.floating)) else Beside(self.a * b.a)

    __rmul__ = __mul__

    def __float__(self):
        return float(self.a)


class Other(Beside):
    def __float__(self):
        return 2.0 * self.a


def beside(x):
    p, q = Beside(x[0]) * float(x[1]), 2.0 + Beside(x[2]) * x[0]
    return (p + q * p + 1).a


def several(x):
    """What is chosen is one of several objects, on either side of an operator, and in ``float`` and ``type``."""
    kinds = [Beside(x[0]), Other(x[1]), Other(x[2] ** 2)]
    total = 0.0
    for one in kinds:
        total = total + float(x[0] * one) * (3.0 if type(one).__name__ == "Other" else 1.0)
    return total


def bits(x):
    a, b = Pair(x[0], x[1]), Pair(x[1] ** 2)
    return (a | b).w * (a >> b)


def either(x):
    kinds = [Pair(x[0], 1.0), Pair(x[1], x[2])]
    total = kinds[0]
    for one in kinds:
        total = total + one * x[0]
    return (total + 1.5).w * total.x


def stored(x):
    table = Table([x[:2], x[1:]])
    table[0, 0] += 1
    table[1, 1] = x[0] * 2
    return table[0, 0] * table[1, 1] * table[0, 1]


def visited(x):
    return TREE.accept(Value(x))


def by_class(x):
    return Value(x).of(TREE)


def filled(x):
    u = np.zeros(3)
    u.fill(2.0)
    u[0] = x[0] ** 2
    return np.sum(u * x)


def agree(derivative, f, x) -> None:
    value, gradient = derivative(x)
    assert value == pytest.approx(f(x), rel=1e-13)
    np.testing.assert_allclose(gradient, gw.grad(f, pure=False)(x), rtol=1e-12)


@pytest.mark.parametrize(
    "f", [products, weighed, converted, beside, several, bits, either, stored, visited, by_class, filled]
)
def test_operators_entries_and_classes(f) -> None:
    derivative = gw.value_and_grad(f)
    for k in range(10):
        agree(derivative, f, X + 0.1 * k)
    assert shortcuts_of(f)["0"].served > 0


def served_then(f, *changes) -> None:
    """The function agrees with its runs before and after each change."""
    derivative = gw.value_and_grad(f)
    for k in range(6):
        agree(derivative, f, X + 0.1 * k)
    assert shortcuts_of(f)["0"].served > 0
    for change in changes:
        change()
        for k in range(5):
            agree(derivative, f, X + 0.1 * k)


def test_a_number_that_becomes_an_object() -> None:
    data = {"K": 2.0, "Pair": Pair}
    f = eval("lambda x: (Pair(x[0], x[1]) * K).w + (Pair(x[0], x[1]) + K).x", data)
    served_then(
        f, lambda: data.update(K=Pair(1.0, 3.0)), lambda: data.update(K=np.float64(3.0)), lambda: data.update(K=2)
    )


def test_a_node_that_gets_another_class() -> None:
    class Leaf(Entry):
        pass

    tree = Sum(Entry(0), Leaf(1))

    class Both(Value):
        def of_Leaf(self, node):
            return self.x[node.k] ** 3

    f = lambda x: Both(x).of(tree)
    served_then(
        f,
        lambda: setattr(tree.left, "__class__", Leaf),
        lambda: setattr(tree.right, "__class__", Entry),
        lambda: setattr(tree, "left", Sum(Entry(2), Entry(0))),
    )


def test_classes_that_say_themselves_what_they_are() -> None:
    class Kind(abc.ABC):
        @abc.abstractmethod
        def kind(self):
            """Of what kind it is."""

    class Meta(type):
        def __instancecheck__(cls, value):
            return hasattr(value, "w")

    class Duck(metaclass=Meta):
        pass

    class Pretends(Pair):
        @property
        def __class__(self):
            return Entry

    def registered(x):
        p = Pair(x[0], x[1])
        return p.w**2 if isinstance(p, Kind) else p.x

    def duck(x):
        p = Pair(x[0], x[1])
        return p.w**2 if isinstance(p, Duck) else p.x

    def pretending(x):
        p = Pretends(x[0], x[1])
        return p.w**2 if isinstance(p, Entry) else p.x

    for f in (registered, duck, pretending):
        derivative = gw.value_and_grad(f)
        for k in range(6):
            agree(derivative, f, X + 0.1 * k)
    Kind.register(Pair)
    derivative = gw.value_and_grad(registered)
    for k in range(6):
        agree(derivative, registered, X + 0.1 * k)


def test_entries_stored_by_another_method() -> None:
    class Own(Table):
        def __setitem__(self, ij, v):
            self.rows[ij[0]][ij[1]] = 2.0 * v

    def f(x):
        table = Own([x[:2], x[1:]])
        table[0, 1] = x[0] ** 2
        return table[0, 1] * table[1, 0]

    def triple(self, ij, v):
        self.rows[ij[0]][ij[1]] = 3.0 * v

    served_then(f, lambda: setattr(Own, "__setitem__", triple), lambda: delattr(Own, "__setitem__"))


def test_entries_stored_in_what_was_there() -> None:
    """The table is the caller's, and is written to at each call."""
    table = Table([[1.0, 2.0], [3.0, 4.0]])

    def f(x):
        table[0, 0] = float(x[0] * 10)
        return x[0] * x[1] + table[1, 1]

    derivative = gw.value_and_grad(f)
    for k in range(8):
        derivative(X + k)
        assert table.rows == [[10.0 * (1 + k), 2.0], [3.0, 4.0]]


def test_numbers_of_numpys_ask_some_objects_otherwise() -> None:
    """An object with a length and entries is an array to ``np.float64(2) * obj``; one that comes to have them is seen."""

    class Row:
        def __init__(self, a, b):
            self.a, self.b = a, b

        def __rmul__(self, k):
            return k * self.a * 100.0

    def f(x):
        r = Row(x[1], x[2])
        return np.sum(x[0] * r)

    def has_length(self):
        return 2

    def has_entries(self, k):
        return (self.a, self.b)[k]

    def change() -> None:
        Row.__len__, Row.__getitem__ = has_length, has_entries

    derivative = gw.value_and_grad(f)
    for k in range(6):
        agree(derivative, f, X + 0.1 * k)
    assert shortcuts_of(f)["0"].served > 0
    change()
    for k in range(5):
        agree(derivative, f, X + 0.1 * k)


def test_a_class_that_gets_another_name_is_seen() -> None:
    """The method that its first name led to was served."""

    class Leaf:
        k = 0

    class Visitor:
        def __init__(self, x):
            self.x = x

        def visit(self, node):
            return getattr(self, "of_" + type(node).__name__)(node)

        def of_Leaf(self, node):
            return self.x[node.k] ** 2

        def of_Other(self, node):
            return self.x[node.k] ** 3

    there = Leaf()
    for f in (lambda x: Visitor(x).visit(there), lambda x: Visitor(x).visit(Leaf())):
        Leaf.__name__ = "Leaf"
        served_then(f, lambda: setattr(Leaf, "__name__", "Other"))


def test_an_object_that_becomes_an_array_is_no_proof() -> None:
    """NumPy asks the object itself for ``__array__``, and then not for its reflected operator."""

    class Row:
        a = 3.0

        def __rmul__(self, k):
            return k * self.a * 100.0

    row = Row()
    f = lambda x: np.sum(x[0] * row)
    derivative = gw.value_and_grad(f)
    for k in range(6):
        agree(derivative, f, X + 0.1 * k)
    before = shortcuts_of(f)["0"].served
    assert before > 0
    assert "not proved" not in str(gw.explain(f, X))
    row.__array__ = lambda *_, **__: np.array([7.0, 1.0])
    agree(derivative, f, X)
    assert shortcuts_of(f)["0"].served == before
    assert "not proved" in str(gw.explain(f, X))
