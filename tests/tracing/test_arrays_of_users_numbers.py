"""Objects of the user's that give a number (``__float__``), given to NumPy's functions that make arrays: without a dtype NumPy makes arrays of objects, with one it asks for the numbers."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw


class Quantity:
    """A number in a unit."""

    def __init__(self, value):
        self.value = value

    def __float__(self):
        return float(self.value)

    def __mul__(self, other):
        return Quantity(self.value * other)


class Pair:
    """A sequence that gives its sum as a number."""

    def __init__(self, first, second):
        self.numbers = first, second

    def __len__(self):
        return 2

    def __getitem__(self, k):
        return self.numbers[k]

    def __float__(self):
        return float(sum(self.numbers))


class Column:
    """An array that gives its sum as a number."""

    def __init__(self, *numbers):
        self.numbers = numbers

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numbers, dtype)

    def __float__(self):
        return float(sum(self.numbers))


class Lengths(np.ndarray):
    def __new__(cls, numbers):
        return np.asarray(numbers, dtype=float).view(cls)


class Phasor:
    """What gives one number as a float and another as a complex number."""

    def __init__(self, value):
        self.value = value

    def __float__(self):
        return float(self.value)

    def __complex__(self):
        return complex(self.value, 2 * self.value)


def filled(x):
    a = np.zeros(3)
    a[0] = Quantity(x)
    a[1:] = [Quantity(x), Quantity(2 * x)]
    return a @ np.array([1.0, 2.0, 3.0])


WEIGHTS = np.array([[1.0, 2.0], [4.0, 8.0]])


def placed(make):
    """A function that puts what holds two numbers, x and 3x, into arrays."""

    def f(x):
        a, b = np.zeros((2, 2)), np.zeros((2, 2))
        a[0] = make(x, 3 * x)  # 7
        b[:] = [make(2 * x, 6 * x), make(x, 3 * x)]  # 14 + 28
        c = np.full((2, 2), make(x, 3 * x), dtype=float)  # 7 + 28
        d = np.array([make(x, 3 * x), make(x, 3 * x)], dtype=float)  # 7 + 28
        return np.sum((a + b + c + d) * WEIGHTS)

    return f


def phasors(x):
    a = np.zeros(2, complex)
    a[0] = Phasor(x)
    return (a + np.array([1.0, Phasor(x)], dtype=complex)).imag @ np.array([1.0, 3.0])


def sequences(x):
    made = np.empty(2, object)
    made[0], made[1] = Pair(2 * x, 1.0), Pair(x, 2.0)
    return made


def from_objects(x):
    a, b = np.zeros(2), np.zeros(2)
    a[:] = np.array([Quantity(x), Quantity(2 * x)])
    b[0] = np.array(Quantity(x))
    return a @ np.array([1.0, 2.0]) + b[0]


PLAIN = Quantity(3.0)

CASES = {
    "one object": (lambda x: (np.asarray(Quantity(x)).item() * 2).value + (np.array(PLAIN).dtype == object), 2),
    "its number": (lambda x: float(np.array(Quantity(x))) ** 2, 3),
    "a product with it": (lambda x: float(np.asarray(PLAIN) * x), 3),
    "objects in a list": (lambda x: sum([(q * 2).value for q in np.array([Quantity(x), Quantity(x)])]), 4),
    "numbers in a list": (lambda x: (np.array([Quantity(x), 1.0], dtype=float) ** 2).sum(), 3),
    "one number": (lambda x: np.asarray(Quantity(x), dtype=float) ** 2, 3),
    "a full array": (lambda x: np.full(3, Quantity(x), dtype=float).sum(), 3),
    "a full array of objects": (lambda x: (np.full(2, Quantity(x))[1] * 3).value, 3),
    "put into an array": (filled, 9),
    "arrays of objects put into an array": (from_objects, 6),
    "sequences put into an array": (placed(Pair), 119),
    "arrays put into an array": (placed(Column), 119),
    "arrays of a class put into an array": (placed(lambda *numbers: Lengths(numbers)), 119),
    "masked arrays put into an array": (placed(lambda *numbers: np.ma.array(np.array(numbers))), 119),
    "complex numbers": (phasors, 8),
    "sequences one after the other": (lambda x: np.fromiter((Pair(x, 1.0) for _ in range(2)), float).sum(), 2),
    "sequences as numbers": (lambda x: sequences(x).astype(float) @ np.array([1.0, 2.0]), 4),
    "one after the other": (lambda x: np.fromiter((Quantity(x) for _ in range(2)), float).sum(), 2),
    "sequences": (lambda x: np.array([Pair(x, 1.0), Pair(2.0, x)])[1, 1] * 2, 2),
    "sequences beside lists": (lambda x: np.asarray([[x, 1.0], Pair(2.0, x)]).sum(), 2),
    "arrays": (lambda x: np.array([Column(x, 1.0), Column(2.0, x)]).sum(axis=0) @ np.array([1.0, 2.0]), 3),
    "arrays in lists": (lambda x: np.array([[Column(x, 1.0)], [Column(2.0, x)]])[1, 0, 1] * 2, 2),
}


@pytest.mark.parametrize("options", [{}, {"pure": False}], ids=["proved", "traced"])
@pytest.mark.parametrize("name", CASES)
def test_what_numpy_makes_of_them(name, options):
    f, slope = CASES[name]
    for _ in range(3):
        value, found = gw.value_and_grad(f, method="exact", **options)(1.5)
        assert value == pytest.approx(f(1.5), rel=1e-15)
        assert found == pytest.approx(slope, rel=1e-14)
