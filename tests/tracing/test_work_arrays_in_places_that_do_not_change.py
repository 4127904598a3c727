"""Work arrays that a function keeps where nothing can be put in their place, and writes to: among the defaults of its parameters, in named tuples, in what a partial call gives; and in deques."""

import functools
import warnings
from collections import deque
from typing import NamedTuple

import numpy as np
import pytest

import gradwise as gw


def positional():
    def filled(x, work=np.zeros(6)):
        for p in range(6):
            work[p] = x[p % 3] * (p + 1)
        part = work[1:5:2]
        part *= 2.0
        return work[1] * work[3] + work[5] ** 2  # 32 x₀ x₁ + 36 x₂²

    return filled


def by_name():
    def filled(x, *, work=np.zeros(3)):
        work[:] = x * np.array([4.0, 8.0, 6.0])
        return work[0] * work[1] + work[2] ** 2

    return filled


def inside():
    filled = positional()
    return lambda x: filled(x)


def beside_a_name():
    kept = np.zeros(3)

    def filled(x, work=kept):
        work[:] = x * np.array([4.0, 8.0, 6.0])
        return kept[0] * work[1] + kept[2] ** 2

    return filled


def of_a_method():
    class Model:
        def filled(self, x, work=np.zeros(3)):
            work[:] = x * np.array([4.0, 8.0, 6.0])
            return work[0] * work[1] + work[2] ** 2

    return Model().filled


@pytest.mark.parametrize("made", [positional, by_name, inside, beside_a_name, of_a_method])
def test_a_default_that_is_filled_keeps_the_derivative(made):
    f = made()
    gradient = gw.value_and_grad(f)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no differences
        for k in range(4):
            x = np.array([0.9, 0.6, 0.3]) + 0.1 * k
            value, slope = gradient(x)
            assert value == pytest.approx(32 * x[0] * x[1] + 36 * x[2] ** 2, rel=1e-13)
            np.testing.assert_allclose(slope, [32 * x[1], 32 * x[0], 72 * x[2]], rtol=1e-13)


def test_the_default_is_the_same_array_afterwards_with_the_new_numbers():
    def total(x, history=np.zeros(2), scale=(1.0, np.ones(1))):
        history[0] += x * scale[1][0]
        history[1] += 1.0
        return history[0] ** 2

    before = total.__defaults__
    array = before[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gw.grad(total)(3.0) == pytest.approx(6.0)
        assert gw.grad(total)(2.0) == pytest.approx(10.0)
    assert total.__defaults__ is before
    assert total.__defaults__[0] is array
    assert array.tolist() == [5.0, 2.0]
    assert total(1.0) == 36.0


def test_an_error_leaves_the_default_where_it_was():
    def refused(x, work=np.zeros(2)):
        work[0] = x
        if x > 1:
            raise ValueError("too large")
        return work[0] ** 2

    array = refused.__defaults__[0]
    assert gw.grad(refused)(0.5) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="too large"):
        gw.grad(refused)(2.0)
    assert refused.__defaults__[0] is array
    assert type(array) is np.ndarray
    assert array[0] == 2.0


def test_what_is_added_up_in_a_default_is_added_once_a_call():
    def total(x, kept=np.zeros(2)):
        kept[0] += x
        return kept[0] ** 2

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [gw.grad(total)(x) for x in (3.0, 2.0, 1.0)] == pytest.approx([6.0, 10.0, 12.0])
    assert total(0.0) == 36.0


class Buffers(NamedTuple):
    work: np.ndarray
    scale: float


class Model:
    def __init__(self):
        self.buffers = Buffers(np.zeros(3), 2.0)
        self.pairs = ((np.zeros(3), Buffers(np.zeros(3), 1.0)),)
        self.rows = deque([np.zeros(3), np.zeros(3)])
        self.partial = functools.partial(self.filled, np.zeros(3), power=2)
        self.named = functools.partial(self.filled, work=np.zeros(3), power=2)

    @staticmethod
    def filled(work, x, power):
        work[:] = x * np.array([4.0, 8.0, 6.0])
        return work[0] * work[1] + work[2] ** power

    def named_tuple(self, x):
        self.buffers.work[:2] = x[:2] * 2.0
        self.buffers.work[2] = x[2] * 3.0
        w = self.buffers[0] * self.buffers.scale
        return 2.0 * w[0] * w[1] + w[2] ** 2

    def tuples_in_tuples(self, x):
        for first, (second, _) in self.pairs:
            first[:] = x
            second[:] = first * np.array([4.0, 8.0, 6.0])
        return second[0] * second[1] + self.pairs[0][1].work[2] ** 2

    def added_in_a_deque(self, x):
        for row in self.rows:
            row *= 0.0
            row += x
        self.rows.rotate()
        return 32.0 * self.rows[0][0] * self.rows[1][1] + 36.0 * self.rows[1][2] ** 2

    def a_deque_that_turns(self, x):
        row = self.rows.popleft()
        row[:] = x
        self.rows.append(row)
        return 32.0 * self.rows[1][0] * self.rows[-1][1] + 36.0 * row[2] ** 2

    def given(self, x):
        return self.partial(x)

    def given_by_name(self, x):
        return self.named(x=x)

    def arrays(self):
        first, second = self.pairs[0]
        return [self.buffers.work, first, second.work, *self.rows, self.partial.args[0], self.named.keywords["work"]]


@pytest.mark.parametrize(
    "name", ["named_tuple", "tuples_in_tuples", "added_in_a_deque", "a_deque_that_turns", "given", "given_by_name"]
)
def test_an_array_in_a_place_that_does_not_change_keeps_the_derivative(name):
    model, plain = Model(), Model()
    places = [id(p) for p in (model.buffers, model.pairs, model.rows, model.partial, model.partial.args)]
    gradient = gw.value_and_grad(getattr(model, name))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no differences
        for k in range(4):
            x = np.array([0.9, 0.6, 0.3]) + 0.1 * k
            value, slope = gradient(x)
            assert value == getattr(plain, name)(x)
            np.testing.assert_allclose(slope, [32 * x[1], 32 * x[0], 72 * x[2]], rtol=1e-13)
    assert [id(p) for p in (model.buffers, model.pairs, model.rows, model.partial, model.partial.args)] == places
    for ours, theirs in zip(model.arrays(), plain.arrays(), strict=True):
        assert type(ours) is np.ndarray
        np.testing.assert_array_equal(ours, theirs)


def test_what_a_call_leaves_to_be_collected_does_not_count_as_a_place():
    class Pair:
        def __init__(self):
            self.pair = (np.zeros(2), [np.zeros(2)])

        def total(self, p):
            first, (second,) = self.pair
            first[0] = p[0]
            second[1] = p[1]
            first *= 2
            second += first
            return first[0] * second[1] + second[0]

    ours, plain = Pair(), Pair()
    gradient = gw.grad(ours.total)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for k in range(3):
            p = np.array([0.7, 1.2]) * (1 + 0.01 * k)
            np.testing.assert_allclose(gradient(p), [2 * p[1] + 2, 2 * p[0]], rtol=1e-13)
            plain.total(p)
    np.testing.assert_array_equal(ours.pair[0], plain.pair[0])
    np.testing.assert_array_equal(ours.pair[1][0], plain.pair[1][0])


def added_to(e, work=np.zeros(2)):
    work[0] = e
    work[1] += 0.1
    return work.sum()


def added_by_a_partial_call():
    def added(work, e):
        work[0] = e
        work[1] += 0.1
        return work.sum()

    return functools.partial(added, np.zeros(2))


TUPLE = (np.zeros(2), "name")


def added_in_a_tuple(e):
    TUPLE[0][0] = e
    TUPLE[0][1] += 0.1
    return TUPLE[0].sum()


@pytest.mark.parametrize("add", [added_to, added_by_a_partial_call(), added_in_a_tuple])
def test_a_function_that_decides_and_adds_to_such_an_array_stays_exact(add):
    def f(x):
        scale = 2.0 if x[1] > 0.1 else 3.0
        return scale * np.sin(add(x[0]))

    gradient = gw.value_and_grad(f, method="exact")
    for k in range(4):
        x = np.array([0.3 + 0.1 * k, 0.2])
        value, found = gradient(x)
        total = x[0] + 0.1 * (k + 1)
        np.testing.assert_allclose(value, 2 * np.sin(total), rtol=1e-14)
        np.testing.assert_allclose(found, [2 * np.cos(total), 0], rtol=1e-14)
