"""Functions that take values from iterators: of their own, of ones that can be copied, and of ones whose values come once."""

import heapq
import itertools
import struct

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.7, 1.3])

pytestmark = pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")


def opaque(v):
    """The square, by bytes."""
    return struct.unpack("<d", struct.pack("<d", v))[0] ** 2


def traced(v):
    return v * v


class Kept:
    """What an object may keep from call to call."""

    def __init__(self):
        self.log, self.heap = [], []
        self.ids = itertools.count(1)
        self.quarters = itertools.count(0.5, 0.25)
        self.numbers = iter([float(k) for k in range(1, 400)])
        self.keys = iter(dict.fromkeys(range(1, 400)))
        self.pairs = zip(itertools.count(1), [2.0] * 400)
        self.own = Countdown()


class Countdown:
    """An iterator of the user's."""

    def __init__(self):
        self.n = 400

    def __iter__(self):
        return self

    def __next__(self):
        self.n -= 1
        return self.n


def a_generator_expression(o, x):
    return next(k for k in range(5) if k > 1)


def an_iterator_over_rows(o, x):
    rows = iter(x)
    first = next(rows)
    return first / x[0] + sum(1 for _ in rows)


def a_generator_of_its_own(o, x):
    def steps():
        yield 2.0
        yield 3.0

    going = steps()
    return next(going) * next(going)


def the_values_of_a_dictionary(o, x):
    return next(iter({"a": 2.0, "b": 3.0}.values()))


def a_count_of_its_own(o, x):
    ids = itertools.count()
    next(ids)
    return 1.0 + next(ids)


def a_closed_over_iterator_of_its_own(o, x):
    rows = iter([2.0, 3.0])

    def following():
        return next(rows)

    return following() * following()


def a_kept_count(o, x):
    return next(o.ids)


def a_heap_with_a_counter(o, x):
    heapq.heappush(o.heap, (-1.0 * next(o.ids), next(o.ids)))
    return 2.0


def quarters(o, x):
    return next(o.quarters)


def kept_numbers(o, x):
    return next(o.numbers) * next(o.numbers, 1.0)


def a_loop_over_kept_numbers(o, x):
    for k in o.numbers:
        if k % 3 == 0:
            break
    return k


def kept_keys(o, x):
    return next(o.keys)


def kept_pairs(o, x):
    k, two = next(o.pairs)
    return k * two


def one_iterator_twice(o, x):
    return sum(a * b for a, b in itertools.islice(zip(o.numbers, o.numbers), 2))


def an_iterator_of_it(o, x):
    return next(iter(o.numbers))


def by_its_method(o, x):
    return o.ids.__next__()


def a_count_beside_values(o, x):
    return 1 + sum(i for i, _ in zip(o.ids, x))


def some_by_numpy(o, x):
    return np.fromiter(o.numbers, float, 3).sum() + next(o.numbers)


def asked_by_in(o, x):
    return 1.0 + (3.0 in o.numbers) + next(o.numbers, 0.0)


def an_iterator_of_the_users(o, x):
    return float(next(o.own))


OWN = [
    *(a_generator_expression, an_iterator_over_rows, a_generator_of_its_own, the_values_of_a_dictionary),
    *(a_count_of_its_own, a_closed_over_iterator_of_its_own),
]
KEPT = [
    *(a_kept_count, a_heap_with_a_counter, quarters, kept_numbers, a_loop_over_kept_numbers, kept_keys, kept_pairs),
    *(one_iterator_twice, an_iterator_of_it, by_its_method, a_count_beside_values, some_by_numpy, asked_by_in),
    an_iterator_of_the_users,
]


def held(o):
    """What an object holds, and what comes next of its iterators."""
    own = o.own.n
    return [own, *([*itertools.islice(v, 300)] for k, v in vars(o).items() if k != "own")]


@pytest.mark.parametrize("square", [traced, opaque], ids=["traced", "numerical"])
@pytest.mark.parametrize("factor", [*OWN, *KEPT], ids=lambda f: f.__name__)
def test_a_derivative_takes_what_one_call_takes(factor, square):
    """Three calls of a derivative leave what three plain calls leave, have their values, and the derivative of what these computed."""
    one, other = Kept(), Kept()

    def make(o):
        def f(x):
            k = factor(o, x)
            o.log.append(k)
            return k * square(x[0]) * x[1]

        f.__code__ = f.__code__.replace()  # no other function is known by it
        return f

    f, g = make(one), make(other)
    for point in (X, X * 1.1, X):
        value = f(point)
        found, slope = gw.value_and_grad(g)(point)
        assert found == pytest.approx(value, rel=1e-15)
        np.testing.assert_allclose(slope, value * np.array([2, 1]) / point, rtol=1e-6)
    assert held(one) == held(other)


@pytest.mark.parametrize("factor", OWN, ids=lambda f: f.__name__)
def test_a_derivative_that_was_lost_is_seen_beside_iterators_of_its_own(factor):
    """A memory that is asked by digits gives the value and no derivative: what takes from its own iterators is looked at like any other."""
    known = {}

    def f(x):
        key = f"{x[0]:.9g}"
        if key not in known:
            known[key] = x[0] ** 2
        return known[key] * factor(None, x) * x[1]

    for _ in range(3):
        value, slope = gw.value_and_grad(f)(X)
        np.testing.assert_allclose(slope, value * np.array([2, 1]) / X, rtol=1e-6)
    assert len(known) == 1


def test_a_derivative_that_was_lost_is_seen_beside_a_kept_count():
    """The same of a memory whose entries are counted."""

    class Table:
        def __init__(self):
            self.ids, self.known = itertools.count(), {}

        def __call__(self, x):
            key = f"{x[0]:.12g}"
            if key not in self.known:
                self.known[key] = next(self.ids), x[0] ** 2
            return self.known[key][1] * x[1]

    f = Table()
    for _ in range(3):
        np.testing.assert_allclose(gw.grad(f)(X), [2 * X[0] * X[1], X[0] ** 2], rtol=1e-6)
    assert next(f.ids) == 1


def test_a_generator_that_was_there_before_is_not_used_up():
    """A generator expression of an earlier run, which nobody began, belongs to the object that keeps it: looking takes nothing from it."""

    class Delayed:
        def __init__(self):
            self.coming, self.taken = None, []

        def __call__(self, x):
            if self.coming is None:
                self.coming = (float(k) for k in range(1, 50))
            else:
                self.taken.append(next(self.coming))
            return float(len(self.taken)) * x[0] ** 2

    f = Delayed()
    for k in range(4):
        np.testing.assert_allclose(gw.grad(f)(X), [2 * k * X[0], 0.0])
        assert f.taken == [float(i) for i in range(1, k + 1)]
    assert next(f.coming) == 4.0
