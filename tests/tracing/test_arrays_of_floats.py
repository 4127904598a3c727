"""``array.array("d")`` that a function makes: its entries keep their derivatives, and what is left of it is Python's array."""

from __future__ import annotations

import array
import copy
import math
import operator

import numpy as np
import pytest

import gradwise as gw


def filled(x):
    numbers = array.array("d", [0.0]) * 4
    for i in range(4):
        numbers[i] = x[i % 2] * i
    numbers.extend([1, 2.0])
    return sum(v * v for v in numbers)  # y² + 4 x² + 9 y² + 5


def envelope(x):
    out, level = array.array("d"), 0.0
    for k in range(5):
        level += x[0] * (1.0 - level)
        out.append(float(level) * x[1] ** k)
    return math.fsum(out)


def joined(x):
    numbers = array.array("d", (v * v for v in x))
    twice = numbers + array.array("d", [1.0])
    twice += numbers
    twice *= 2
    part = (3 * numbers)[1:4]
    part[0:1] = array.array("d", [x[0], x[1]])
    numbers.insert(0, x[1])
    numbers.reverse()
    last = numbers.pop()
    return sum(twice) + max(part) * last + numbers[0] * len(part) + copy.copy(numbers)[1] + copy.deepcopy(part)[0]


def by_numpy(x):
    rows = [array.array("d", [x[0] * (i + 1), x[1]]) for i in range(2)]
    flat = np.array(rows[1])
    return np.linalg.det(np.array(rows)) + flat @ flat + np.mean(rows[0]) + np.exp(rows[0])[1] + np.dot(*rows)


def of_several_kinds(x):
    numbers = array.array("d", x)
    assert isinstance(numbers, array.array)
    assert not isinstance(numbers, list)
    assert type(numbers) is array.array
    assert (numbers.typecode, numbers.itemsize) == ("d", 8)
    assert numbers == array.array("d", x)
    counts = array.array("i", [1, 2])
    counts.append(3)
    counts[0] = 5
    return numbers[0] ** counts[2] + numbers[1] * counts[0]


FUNCTIONS = [filled, envelope, joined, by_numpy, of_several_kinds]


def central(f, x):
    steps = np.eye(len(x)) * 1e-5
    return [(8 * (f(x + h) - f(x - h)) - f(x + 2 * h) + f(x - 2 * h)) / 12e-5 for h in steps]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_entries_keep_their_derivatives(f):
    for x in (np.array([0.3, 0.8]), np.array([0.6, 1.1]), np.array([0.9, 0.2])):
        value, gradient = gw.value_and_grad(f, method="exact")(x)
        assert value == pytest.approx(f(x), rel=1e-14)
        np.testing.assert_allclose(gradient, central(f, x), rtol=1e-8)


class Recorder:
    def __init__(self):
        self.last, self.all = None, []

    def __call__(self, x):
        numbers = array.array("d", [x[0], 2])
        self.last = numbers
        self.all.append(numbers)
        numbers.append(x[1] ** 2)
        if x[0] < 0:
            raise ValueError("negative")
        return numbers[2] * numbers[0]


def test_what_is_left_behind_is_pythons_array():
    f, x = Recorder(), np.array([3.0, 0.5])
    for calls in (1, 2, 3):
        np.testing.assert_allclose(gw.grad(f)(x), [0.25, 3.0])
        assert len(f.all) == calls
        assert type(f.last) is array.array
        assert f.last is f.all[-1]
        assert f.last == array.array("d", [3.0, 2.0, 0.25])
    with pytest.raises(ValueError, match="negative"):
        gw.grad(f)(-x)
    assert type(f.last) is array.array
    assert f.last.tolist() == [-3.0, 2.0, 0.25]


def test_an_auxiliary_value_is_pythons_array():
    gradient, numbers = gw.grad(lambda x: (x[0] ** 2, array.array("d", x)), has_aux=True)(np.array([3.0, 0.5]))
    np.testing.assert_array_equal(gradient, [6.0, 0.0])
    assert type(numbers) is array.array
    assert numbers.tolist() == [3.0, 0.5]


def test_a_derivative_inside():
    def f(x):
        return gw.grad(lambda u: array.array("d", [u, u * x[0]])[1] * u)(x[1])  # 2 u x

    np.testing.assert_allclose(gw.grad(f)(np.array([1.5, 2.0])), [4.0, 3.0])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda a: a.append("1"),
        lambda a: a.append([1.0]),
        lambda a: a.extend(array.array("i", [1])),
        lambda a: a.__setitem__(slice(0, 1), [1.0]),
        lambda a: a.fromlist((1.0,)),
        lambda a: operator.add(a, [1.0]),
        lambda a: a.__iadd__([1.0]),
        lambda a: a.sort(),
        lambda a: a.copy(),
        hash,
        lambda a: a[9],
    ],
)
def test_what_python_refuses(wrong):
    def f(x):
        numbers = array.array("d", x)
        try:
            wrong(numbers)
        except (TypeError, AttributeError, IndexError):
            return 2 * numbers[0]
        return numbers[1]

    x = np.array([3.0, 0.5])
    assert f(x) == 6.0
    np.testing.assert_array_equal(gw.grad(f, method="exact")(x), [2.0, 0.0])


@pytest.mark.parametrize("view", [np.frombuffer, memoryview], ids=lambda view: view.__name__)
def test_what_asks_for_its_memory_is_numerical(view):
    with pytest.warns(gw.NumericalFallbackWarning, match="does not take a traced value"):
        gradient = gw.grad(lambda x: view(array.array("d", x))[0] * x[1])(np.array([3.0, 0.5]))
    np.testing.assert_allclose(gradient, [0.5, 3.0], rtol=1e-9)


def test_compiled_code_that_asks_for_an_array_is_numerical():
    """The array is made inside, so that no plain argument tells the two runs apart; the error names our class without quotes."""
    place = np.place.__wrapped__.__globals__["_place"]  # the compiled function itself

    def f(x):
        buffer = np.zeros(3)
        place(buffer, np.array([True, False, True]), 2 * x)
        return np.sum(buffer**2)

    with pytest.warns(gw.NumericalFallbackWarning, match="does not take a traced value"):
        gradient = gw.grad(f)(np.array([3.0, 0.5]))
    np.testing.assert_allclose(gradient, [24.0, 4.0], rtol=1e-9)


def test_text_and_bytes_are_those_of_the_numbers():
    def f(x):
        numbers = array.array("d", [1.0, 2.0])
        numbers.frombytes(array.array("d", [3.0]).tobytes())
        return numbers[2] * x[0] + x[1] * len(numbers.tobytes()) + len(repr(numbers)) * x[0]

    np.testing.assert_array_equal(gw.grad(f)(np.array([3.0, 0.5])), [3 + len("array('d', [1.0, 2.0, 3.0])"), 24.0])


def test_the_memory_of_plain_numbers():
    def f(x):
        weights = array.array("d", [1.0, 2.0, 3.0])
        content = bytes(weights)
        return np.frombuffer(weights) @ x + memoryview(weights)[1] * x[0] + len(content) * x[1]

    np.testing.assert_array_equal(gw.grad(f, method="exact")(np.array([3.0, 0.5, 1.0])), [3.0, 26.0, 3.0])
