"""Objects of users' classes on the right and left of NumPy's arrays and numbers: which of the two decides is as without us."""

import array
import collections
import enum
import math
from fractions import Fraction

import numpy as np
import pytest

import gradwise as gw


class Sequence:
    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


class Answering(Sequence):
    """NumPy does not ask it: it is a sequence."""

    def __radd__(self, other):
        return 77.0


class Gain:
    """No sequence: an array asks it for each entry."""

    def __init__(self, k):
        self.k = k

    def __rmul__(self, other):
        return other * self.k + math.sin(other)

    def __radd__(self, other):
        return Gain(self.k + other)

    def __rsub__(self, other):
        return other - self.k


class Higher(Gain):
    """An array asks it, once."""

    __array_priority__ = 10

    def __rmul__(self, other):
        return np.sum(other) * self.k


class Keyed:
    """Looks like a dictionary."""

    def __len__(self):
        return 1

    def __getitem__(self, key):
        return {"a": 1.0}[key]

    def __rmul__(self, other):
        return other * 3


class AsArray:
    def __init__(self, numbers):
        self.numbers = numbers

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numbers, dtype=dtype)


class Row(list):
    def __rmul__(self, other):
        return 55.0


def increased(a, b):
    a += b
    return a


CASES = {
    "a sequence": lambda x: (x * Sequence([1.0, 2.0, 3.0])).sum(),
    "a sequence of traced numbers": lambda x: (x * Sequence([x[0], 2.0, x[1]])).sum(),
    "beside a plain array": lambda x: (np.arange(3.0) * Sequence([x[0], 2.0, x[1]])).sum(),
    "beside a number": lambda x: (x[0] * Sequence([x[0], 2.0, x[1]])).sum(),
    "on the left": lambda x: (Sequence([x[0], 2.0, x[1]]) * x).sum(),
    "products": lambda x: Sequence([x[0], 2.0, x[1]]) @ x + x @ Sequence([x[0], 1.0, x[1]]),
    "not asked": lambda x: (x + Answering([x[0], 2.0, x[1]]))[2] ** 2,
    "not asked by a number": lambda x: (x[1] + Answering([x[0], 2.0, x[1]]))[2] ** 2,
    "not asked by a plain number": lambda x: (np.float64(2) + Answering([x[0], 2.0, x[1]]))[2] ** 2,
    "not asked, a list": lambda x: (x * Row([1.0, x[0], 3.0])).sum(),
    "asked by each entry": lambda x: np.sum(x * Gain(2.0)),
    "asked with a traced attribute": lambda x: np.sum(x * Gain(x[1])),
    "asked by plain entries": lambda x: np.sum(np.arange(3.0) * Gain(x[1])),
    "asked by a difference": lambda x: np.sum((x - Gain(x[1])) * x),
    "asked by a number alone": lambda x: x[0] * Gain(x[1]),
    "objects for entries": lambda x: sum(q.k for q in (x + Gain(2.0))),
    "objects in a matrix": lambda x: sum(q.k * 2 for q in (x.reshape(1, 3) + Gain(x[0])).ravel()),
    "without dimensions": lambda x: np.sum(x) * Gain(2.0) + np.array(2.0) * Gain(x[0]),
    "a higher priority": lambda x: x * Higher(x[1]),
    "like a dictionary": lambda x: np.sum(x * Keyed()),
    "as an array": lambda x: (x * AsArray([1.0, 2.0, 3.0])).sum() + (AsArray([1.0, 2.0, 3.0]) * x**2).sum(),
    "a deque": lambda x: (x * collections.deque([1.0, x[0], 3.0])).sum(),
    "a range": lambda x: (x * range(3)).sum() + (range(3) * x**2).sum() + (x[0] * range(3)).sum(),
    "an array.array": lambda x: (x * array.array("d", [1.0, 2.0, 3.0])).sum(),
    "a memoryview": lambda x: (x * memoryview(array.array("d", [1.0, 2.0, 3.0]))).sum(),
    "a UserList": lambda x: (x * collections.UserList([1.0, 2.0, x[0]])).sum(),
    "compared": lambda x: (
        np.where(x > Sequence([0.0, 1.0, x[0]]), x, 2 * x).sum() + np.sum((Sequence([0.0] * 3) < x) * x)
    ),
    "in place": lambda x: increased(x.copy(), Sequence([x[0], 2.0, x[1]])).sum(),
    "in place, a range": lambda x: increased(x.copy(), range(3)).sum(),
}


@pytest.mark.parametrize("name", CASES)
def test_what_numpy_makes_of_objects(name):
    f, x = CASES[name], np.array([0.3, 0.7, -1.1])
    value, gradient = gw.value_and_grad(f, method="exact")(x)
    assert value == pytest.approx(f(x.copy()), abs=1e-14)
    steps = 1e-5 * np.eye(3)
    assert gradient == pytest.approx([(f(x + h) - f(x - h)) / 2e-5 for h in steps], abs=1e-8)


def test_a_product_with_an_object_without_dimensions_is_refused_as_numpy_refuses_it():
    with pytest.raises(ValueError, match="does not have enough dimensions"):
        gw.grad(lambda x: x @ Gain(2.0))(np.ones(3))


def test_an_exception_of_numpys_is_caught_by_the_function():
    """The sum is an array of two, which has no such attribute."""

    class Pair(Answering):
        total = property(lambda self: self.items[0])

    def f(x):
        log = []
        holder = {"log": log}
        try:
            result = (x[0] + Pair([x[1], x[2]])).total
        except AttributeError:
            result = x[1] * 3.0
        holder["log"].append(result)
        return result * x[2]

    x = np.array([0.3, 0.7, -1.1])
    value, gradient = gw.value_and_grad(f)(x)
    assert value == f(x)
    assert gradient == pytest.approx([0, 3 * x[2], 3 * x[1]])


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 3


class Rate(float):
    """A number of a class of the user's, which Python asks first beside a float and NumPy takes for a number."""

    def __rmul__(self, other):
        return 7 * other


class Registry(type):
    """A metaclass with the methods of a sequence: its classes are sequences, their objects are not."""

    def __len__(cls):
        return 0

    def __getitem__(cls, key):
        return key

    def __iter__(cls):
        return iter(["a", "b"])

    def __contains__(cls, value):
        return False

    def __reversed__(cls):
        return iter([])

    def __bool__(cls):
        return False


class Term(metaclass=Registry):
    def __init__(self, v):
        self.v = v

    def __radd__(self, other):
        return other + 2 * self.v

    def __ror__(self, other):
        return self.v * 3


class Window(metaclass=Registry):
    def __init__(self, v):
        self.v = v

    def __len__(self):
        return len(self.v)

    def __getitem__(self, i):
        return self.v[i]


FOUND_IN_METACLASSES = {
    "a member times a number": (lambda x: x[0] * Level.HIGH, [3, 0, 0]),
    "a number over a member": (lambda x: x[1] / Level.HIGH + Level.LOW * x[0], [1, 1 / 3, 0]),
    "an array times a member": (lambda x: np.sum(x * Level.HIGH), [3, 3, 3]),
    "an array over a member": (lambda x: np.sum(x**Level.HIGH / Level.HIGH), [1, 0.25, 0.09]),
    "an array and a derived number": (lambda x: np.sum(x * Rate(2.0)), [2, 2, 2]),
    "a derived number decides": (lambda x: float(x[0]) * Rate(2.0), [7, 0, 0]),
    "an object of a class of classes": (lambda x: x[0] + Term(x[1]), [1, 2, 0]),
    "type has __or__": (lambda x: object() | Term(x[0]), [3, 0, 0]),
    "sum of a sequence": (lambda x: sum(Window(x)), [1, 1, 1]),
    "reversed": (lambda x: next(iter(reversed(Window(x)))), [0, 0, 1]),
    "contains": (lambda x: x[1] if x[0] in Window(x) else x[0], [0, 1, 0]),
    "truth by length": (lambda x: x[0] if Window(x) else x[1], [1, 0, 0]),
    "truth of any object": (lambda x: x[0] if Term(1.0) else x[1], [1, 0, 0]),
    "the class itself": (lambda x: x[0] * sum(1 for _ in Term), [2, 0, 0]),
    "an array and a fraction": (lambda x: np.sum(x * Fraction(1, 4)) + sum(Fraction(1, 2) - x), [-0.75] * 3),
}


@pytest.mark.parametrize(("f", "gradient"), FOUND_IN_METACLASSES.values(), ids=[*FOUND_IN_METACLASSES])
def test_methods_are_those_of_the_class_and_not_of_its_metaclass(f, gradient):
    """``hasattr(cls, "__len__")`` is true of an enumeration, whose members are numbers: times a traced number they raised."""
    np.testing.assert_allclose(gw.grad(f, method="exact")(np.array([1.0, 0.5, -0.3])), gradient, rtol=1e-15)


@pytest.mark.parametrize("how", ["__array__", "__array_interface__", "__getattr__", "a property"])
def test_numpy_asks_the_object_for_its_array(how) -> None:
    """``__array__`` and its relatives are asked of the object: given to it later, by ``__getattr__`` or by a property."""
    held = np.array([2.0, 3.0, 5.0])
    body = {"__rmul__": lambda self, other: other * 1000.0}
    if how == "__getattr__":
        body["__getattr__"] = lambda self, name: getattr(held, name)
    if how == "a property":
        body["__array_interface__"] = property(lambda self: held.__array_interface__)
    obj = type("Stands", (), body)()
    f = lambda x: np.sum(x * obj)
    x = np.array([1.0, 2.0, 4.0])
    derivative = gw.value_and_grad(f, pure=False, method="exact")
    if how.startswith("__array"):
        assert derivative(x)[0] == f(x) == 7000.0
        setattr(obj, how, held.__array_interface__ if how == "__array_interface__" else lambda *_, **__: held)
    value, gradient = derivative(x)
    assert value == f(x) == 28.0
    np.testing.assert_array_equal(gradient, held)
