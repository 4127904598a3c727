"""Sequences that NumPy takes for arrays: tuples, named tuples, deques, arguments that are lists, and objects with the methods of a sequence.

The truths are closed forms.  Functions of this module's own level, whose globals are NumPy alone, are those that may be traced as they stand.
"""

import re
from collections import UserList, deque
from typing import NamedTuple

import numpy as np
import pytest

import gradwise as gw


class Point(NamedTuple):
    x: float
    y: float


class Row(list):
    pass


class Pair:
    def __init__(self, *numbers):
        self.numbers = numbers

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, i):
        return self.numbers[i]


def both(x):
    return x, 2 * x


def _displayed(x):
    return np.linalg.norm((x, 2 * x))


def _named(x):
    numbers = (x, 2 * x)
    return np.linalg.norm(numbers)


def _returned(x):
    return np.linalg.norm(both(x))


def _indexed(x):
    return np.linalg.norm(np.outer((x, 2 * x), (1.0, 0.0))[:, 0])


def _swapped(x):
    a, b = 2 * x, x
    a, b = b, a
    return np.sqrt(a * a + b * b)


def _shaped(x):
    return np.linalg.norm(np.broadcast_to(x, (5, 1)).reshape((1, 5)))


def _optional(x, other=(1.0, 2.0)):
    return np.linalg.norm(x * np.stack(other))


#: each is sqrt(5) |x|
OF_A_NUMBER = [
    _displayed,
    _named,
    _returned,
    _indexed,
    _swapped,
    _shaped,
    _optional,
    lambda x: np.linalg.norm(Point(x, 2 * x)),
    lambda x: np.linalg.norm([Point(x, 2 * x), Point(0.0, 0.0)]),
    lambda x: np.linalg.norm(np.array([Point(x, 2 * x), (0.0, 0.0)])),
    lambda x: np.linalg.norm(np.stack([Point(x, x), Point(x, 2 * x)])[1]),
    lambda x: np.linalg.norm(np.concatenate([Point(x, x), Row([x, 2 * x])])[2:]),
    lambda x: np.linalg.norm(np.ones(2) * Point(x, 2 * x)),
    lambda x: np.linalg.norm(Row([x, 2 * x]) + np.zeros(2)),
    lambda x: np.linalg.norm(np.eye(2) @ Point(x, 2 * x)),
    lambda x: np.sqrt(np.dot(Point(x, 2 * x), deque([x, 2 * x]))),
    lambda x: np.linalg.norm(UserList([x, 2 * x])),
    lambda x: np.linalg.norm(Pair(x, 2 * x)),
    lambda x: np.hypot(Row([x, 0.0]), Row([2 * x, 0.0])).sum(),
]


@pytest.mark.parametrize("f", OF_A_NUMBER)
def test_sequences_of_traced_numbers(f):
    assert f(1.5) == pytest.approx(1.5 * 5**0.5, rel=1e-15)
    assert gw.grad(f, method="exact")(1.5) == pytest.approx(5**0.5, rel=1e-14)
    assert gw.grad(f, method="exact")(-1.5) == pytest.approx(-(5**0.5), rel=1e-14)
    assert gw.hessian(lambda x: f(x) ** 2, method="exact")(1.5) == pytest.approx(10.0, rel=1e-13)


def _squares(p):
    return np.dot(p, p)


def _squares_of_items(p):
    return np.dot(p[0], p[0]) + np.dot(p[1], p[1])


def _squares_of_entry(p):
    return np.dot(p["a"], p["a"]) + np.dot(p["b"], p["b"])


def _squares_of_iterated(p):
    return np.dot(tuple(p), tuple(p))


CONTAINERS = [
    (_squares, [3.0, 1.0]),
    (_squares, (3.0, 1.0)),
    (_squares, Point(3.0, 1.0)),
    (_squares, Row([3.0, 1.0])),
    (_squares_of_items, ([3.0, 1.0], (2.0, 5.0))),
    (_squares_of_entry, {"a": [3.0, 1.0], "b": np.array([2.0])}),
    (_squares_of_iterated, np.array([3.0, 1.0])),
]


def _doubled(p):
    if isinstance(p, dict):
        return {k: _doubled(v) for k, v in p.items()}
    if isinstance(p, Point):
        return Point(*[2 * v for v in p])
    return type(p)([_doubled(v) for v in p]) if isinstance(p, (list, tuple)) else 2 * p


@pytest.mark.parametrize(("f", "p"), CONTAINERS)
def test_arguments_that_are_sequences(f, p):
    gradient = gw.grad(f, method="exact")(p)
    assert type(gradient) is type(p)
    assert repr(gradient) == repr(_doubled(p))


def _of_all(*numbers):
    return np.dot(numbers, numbers)


def test_arguments_that_are_collected():
    assert gw.grad(_of_all, argnums=(0, 2), method="exact")(3.0, 1.0, 2.0) == (6.0, 4.0)


def _of_pieces(x):
    return np.linalg.norm(np.split(x, 2))


def test_several_arrays_that_a_function_gives():
    x = np.array([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(gw.grad(_of_pieces, method="exact")(x), x / np.sqrt(30), rtol=1e-14)


def test_what_takes_its_tuples_apart_still_runs_as_it_stands():
    assert gw.explain(_swapped, 1.5).code == ["as it stands, by NumPy's protocols"]


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: sum((2.0, 1) * x[1]), np.array([1.0, 2.0])),
        (lambda x: sum([2.0, 1] * x[1]), [1.0, 2.0]),
        (lambda x: sum(x[1] * [2.0, 1]), np.array([1.0, 2.0])),
        (lambda x: np.sum([1.0, 2.0] + x[0]), [1.0, 2.0]),
        (lambda x: np.sum(x[0] - (1.0, 2.0)), [1.0, 2.0]),
    ],
)
def test_a_sequence_and_a_number_make_no_array_where_they_make_none_plainly(f, x):
    # without the verification a product of both passed
    with pytest.raises(TypeError) as plain:
        f(x)
    with pytest.raises(TypeError, match=re.escape(str(plain.value))):
        gw.grad(f, check=False)(x)


def test_a_number_of_numpy_and_a_sequence_are_added_as_arrays():
    gradient = gw.grad(lambda x: np.sum([1.0, 2.0] + x[0]), check=False)
    np.testing.assert_allclose(gradient(np.array([1.0, 2.0])), [2.0, 0.0])


def _joined_in_place(x):
    u = x.copy()
    change = np.empty(len(x) - 2)
    for _ in range(2):
        np.subtract(u[2:], u[1:-1], out=change)
        u[1:-1] += change
    return np.inner(u, u)


def _rows_in_place(x):
    rows = [list(x), [1.0, 2.0, 3.0, 4.0]]
    rows[0] += np.array(x) * 2
    rows[1] *= np.array(x)
    return np.inner(rows[0], rows[1])


@pytest.mark.parametrize("f", [_joined_in_place, _rows_in_place])
def test_a_list_changed_in_place_by_an_array_is_one(f):
    """NumPy's operand is asked before the list is joined: the list grew, which raised, or gave another value and a numerical derivative."""
    point = np.array([0.1, 0.4, 0.3, 0.6])
    steps = np.eye(4) / 2  # both are polynomials of the second degree, of which these differences are exact
    true = [f(list(point + step)) - f(list(point - step)) for step in steps]
    np.testing.assert_allclose(gw.grad(f, method="exact")(list(point)), true, rtol=1e-12, atol=1e-14)
