"""Arrays of objects that hold traced numbers: filled entry by entry, by parts, from arrays and nested lists, changed in place.

The truths are central differences of the plain functions, which are polynomials of at most the third degree in each entry (so that two steps give them exactly).
"""

import math

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.4, 1.2, -0.7])


def from_an_array(x):
    e = np.zeros(3, dtype=object)
    e[:] = x
    return e.sum() + e[1] * e[2]


def from_a_list(x):
    e = np.zeros(3, dtype=object)
    e[0] = x[0]
    e[1:] = [x[1] * 2, 3]
    return e.prod()


def parts_of_a_matrix(x):
    e = np.zeros((2, 2), dtype=object)
    e[0] = x[:2]
    e[1, :] = [x[0], 1.0]
    e[:, 1] = (x[2], 2)
    return (e @ e).sum()


def one_number_for_several(x):
    e = np.empty((2, 2), object)
    e[0, :] = x[0]
    e[1] = 1.0
    e.T[1] = [x[1], x[2]]
    return e.sum() + np.prod(e)


def chosen_entries(x):
    e = np.full(3, x[0], dtype=object)
    e[[0, 1]] = [x[1], x[2]]
    e[np.array([False, False, True])] = x[1:2]
    e[e > 1] *= x[2]
    return e.sum()


def arrays_of_one_length_as_entries(x):
    e = np.empty(2, object)
    e[:] = [np.array([x[0]]), np.array([x[1] * x[2]])]
    pairs = np.empty((2, 1), object)
    pairs[:] = [[[x[0], 2.0]], [[x[1], 3.0]]]
    return (e[0] * e[1]).sum() + pairs[0, 0][0] * pairs[1, 0][1] * e[1][0] + (e[:2].shape == (2,)) * x[2]


def arrays_and_lists_as_entries(x):
    e = np.empty(2, object)
    e[:] = [x[:2], x]
    rows = np.empty(2, object)
    rows[0], rows[1] = [x[0]], (x[1], x[2])
    rows[0] += [x[1]]
    return e[0].sum() * (e[1] @ x) + sum(map(sum, rows))


def changed_in_place(x):
    e = np.array([1.0, None, x[0]], dtype=object)
    e[1] = x[1]
    e[::2] *= x[2]
    e[:2] -= x[:2]
    m = np.empty((2, 3), object)
    m[...] = x
    m[1] += x
    m[:, 0] *= 2
    return e.sum() + (m * m).sum()


def converted(x):
    e = x.astype(object)
    e[1] = [e[0], 2]
    squares = np.vectorize(lambda v: v * v, otypes=[object])(x)
    return e[1][0] * e[2] + x[0].astype(object) + squares.sum() + np.array(x, dtype=object).max()


CASES = [
    *(from_an_array, from_a_list, parts_of_a_matrix, one_number_for_several, chosen_entries),
    *(arrays_of_one_length_as_entries, arrays_and_lists_as_entries, changed_in_place, converted),
]


@pytest.mark.parametrize("f", CASES)
def test_arrays_of_objects(f):
    def slope(step):
        return np.array([f(X + d) - f(X - d) for d in step * np.eye(3)]) / (2 * step)

    true = (4 * slope(0.05) - slope(0.1)) / 3
    np.testing.assert_allclose(gw.grad(f, method="exact")(X), true, rtol=1e-11, atol=1e-11)


def test_numbers_stay_behind():
    kept = np.empty(3, object)

    def f(x):
        kept[:] = x * 2
        return kept[0] * kept[1]

    np.testing.assert_allclose(gw.grad(f, method="exact")(X), [4 * X[1], 4 * X[0], 0.0])
    assert [type(v) for v in kept] == [float] * 3
    assert kept.tolist() == (2 * X).tolist()


class Level:
    """A level in decibels, whose operators ask math: levels are added by their powers."""

    def __init__(self, value):
        self.value = value

    def __add__(self, other):
        other = other.value if isinstance(other, Level) else other
        return Level(math.log(math.exp(self.value) + math.exp(other)))

    __radd__ = __add__

    def __mul__(self, other):
        return Level(self.value * math.cosh(other.value if isinstance(other, Level) else other))

    __rmul__ = __mul__

    def __neg__(self):
        return Level(-math.sin(self.value))

    def __abs__(self):
        return Level(math.fabs(self.value))

    def __ge__(self, other):
        return math.atan(self.value) >= math.atan(other.value)

    def __le__(self, other):
        return math.atan(self.value) <= math.atan(other.value)


def levels(x):
    return np.array([Level(x[0]), Level(x[1]), Level(1.5)])


def changed_levels(x):
    a = b = levels(x)
    a += a[::-1].copy()
    a *= 0.5
    return b[0].value


OF_OBJECTS = {
    "two arrays": lambda x: (levels(x) + levels(x)[::-1])[0].value,
    "a number": lambda x: (levels(x) * x[1])[0].value + (2.0 * levels(x))[1].value,
    "in place": changed_levels,
    "a product of matrices": lambda x: (levels(x).reshape(1, 3) @ levels(x).reshape(3, 1))[0, 0].value,
    "broadcast": lambda x: (levels(x)[:, None] + levels(x))[0, 1].value,
    "without dimensions": lambda x: (np.array(Level(x[0])) + levels(x))[1].value,
    "negative and absolute": lambda x: (-levels(x))[0].value + abs(levels(x))[1].value,
    "a sum": lambda x: levels(x).sum().value + np.sum(levels(x)[:2]).value,
    "Python's sum": lambda x: sum(levels(x)).value,
    "cumulative": lambda x: levels(x).cumsum()[2].value + np.prod(levels(x)).value,
    "a scalar product": lambda x: np.dot(levels(x), np.array([1.0, 0.5, x[0]])).value,
    "the largest": lambda x: levels(x).max().value * 2 + np.min(levels(x)).value,
    "a function": lambda x: np.add(levels(x), levels(x))[1].value,
}


@pytest.mark.parametrize("options", [{}, {"pure": False}], ids=["proved", "traced"])
@pytest.mark.parametrize("name", OF_OBJECTS)
def test_operators_of_objects_ask_math(name, options):
    f = OF_OBJECTS[name]

    def slope(step):
        return np.array([f(X + d) - f(X - d) for d in step * np.eye(3)]) / (2 * step)

    true = (4 * slope(1e-3) - slope(2e-3)) / 3
    for _ in range(3):
        value, gradient = gw.value_and_grad(f, method="exact", **options)(X)
        assert value == pytest.approx(f(X), rel=1e-15)
        np.testing.assert_allclose(gradient, true, rtol=1e-9, atol=1e-9)
