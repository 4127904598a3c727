"""What a branch changes where it is not taken, by ways that its text does not show; and numbers of two classes that become one."""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cached_property

import numpy as np
import pytest
from runs_both_ways import both_ways, check

# --- iterators -----------------------------------------------------------------------------------------------------------------------


def over_an_iterator(x):
    it, total = iter(x.tolist()), 0.0
    for v in x[:3]:
        if v > 0:
            for u in it:
                total += u
        else:
            total -= v
    return total + sum(it)


def sum_of_an_iterator(x):
    it, total = iter(x.tolist()), 0.0
    for v in x[:3]:
        total += sum(it) if v > 0 else -v
    return total * 2 + sum(it) * 3


def tuple_of_a_generator(x):
    it, total = (u * 2 for u in x), 0.0
    for v in x[:3]:
        total += len(tuple(it)) * v if v > 0 else -v
    return total + sum(it)


def sorted_iterator(x):
    it, total = iter([1.0, 2.0, 3.0]), 0.0
    for v in x[:3]:
        total += v * len(sorted(it)) if v > 0 else -v
    return total + sum(it) * x[0]


def in_an_iterator(x):
    it, total = iter([1.0, 2.0, 3.0]), 0.0
    for v in x[:2]:
        total += (v if 2.0 in it else 3 * v) if v > 0 else -v
    return total + sum(it) * x[0]


def pairs_from_before(x):
    it, total = enumerate(x), 0.0
    for v in x[:3]:
        if v > 0:
            for a, b in it:
                total += a * b
        total += v
    return total + sum(a for a, _ in it)


def beside_an_iterator(x):
    it, total = iter(x.tolist()), 0.0
    for v in x[:3]:
        if v > 0:
            for a, b in zip(x[:2], it, strict=False):
                total += a * b
        total -= v
    return total + 2 * sum(it)


def a_generator_function(x):
    def squares():
        for u in x:
            yield u * u

    values, total = squares(), 0.0
    for v in x[:4]:
        if v > 0:
            for u in values:
                total += u * v
        else:
            total += v
    return total + sum(values)


def given_to_a_function(x):
    def total_of(values):
        total = 0.0
        for u in values:
            total = total + u
        return total

    it, total = iter(x.tolist()), 0.0
    for v in x:
        if v > 0:
            total += v * total_of(it)
        else:
            total -= v
    return total + sum(it)


class Shared:
    def __init__(self, values):
        self.values = iter(values)

    def __iter__(self):
        return self.values


def one_iterator_of_an_object(x):
    shared, total = Shared(list(x)), 0.0
    for w in x:
        if w > 0:
            for v in shared:
                total += v
        total += w
    return total + sum(shared)


# --- what is stored, seen late --------------------------------------------------------------------------------------------------------


class Counted:
    """Whatever is asked of it is counted."""

    def __init__(self):
        self.times = 0.0

    def __bool__(self):
        self.times += 1
        return True


class Long:
    def __init__(self):
        self.times = 0.0

    def __len__(self):
        self.times += 1
        return 3


class Slow:
    def __init__(self, v):
        self.v = v

    @cached_property
    def inverse(self):
        return 1.0 / self.v


def seen(total, x, times):
    """What is left is seen at some points only."""
    return total + (times * x[1] if x[0] > 1.2 else 0.0)


def truth_of_an_object(x):
    o, total = Counted(), 0.0
    for v in x:
        if v > 0.5:
            total += v if o else 2 * v
        else:
            total -= v
    return seen(total, x, o.times)


def untruth_of_an_object(x):
    o, total = Long(), 0.0
    for v in x:
        if v > 0.5:
            total += v * (1 if not o else 3)
        else:
            total -= v
    return seen(total, x, o.times)


def length_of_an_object(x):
    o, total = Long(), 0.0
    for v in x:
        if v > 0.5:
            total += len(o) * v
        else:
            total -= v
    return seen(total, x, o.times)


def an_entry_made_by_reading(x):
    d, total = defaultdict(float), 0.0
    for k, v in enumerate(x):
        if v > 0.5:
            total += d[k] + v
        else:
            total -= v
    return seen(total, x, len(d))


def an_attribute_made_by_reading(x):
    o, total = Slow(x[0]), 0.0
    for v in x:
        if v > 0:
            total += o.inverse * v
        else:
            total -= v
    return total + o.inverse


# --- loops that the data end ------------------------------------------------------------------------------------------------------------


class Halving:
    def __init__(self):
        self.times, self.z = 0.0, 8.0

    def step(self):
        self.times += 1
        self.z *= 0.5
        return self.z


def a_condition_that_steps(x):
    total = 0.0
    for a in x:
        state = Halving()
        while state.step() > 0.2 + abs(a):
            total += a
        total = seen(total, x, state.times)
    return total


def a_condition_that_stores(x):
    total = 0.0
    for a in x:
        z = [8.0]

        def step(z=z):
            z[0] = z[0] * 0.5
            return z[0]

        while step() > 0.2 + abs(a):
            total += a
        total = seen(total, x, z[0])
    return total


class Stream:
    """Whoever goes over it is counted."""

    def __init__(self, values):
        self.values, self.times = values, 0.0

    def __iter__(self):
        for v in self.values:
            self.times += 1
            yield v


def an_iterable_that_counts(x):
    total = 0.0
    for a in x:
        stream = Stream(list(x) * 2)
        for v in stream:
            total += v * v * a
            if total > 1 + a:
                break
        total = seen(total, x, stream.times)
    return total


# --- arrays in containers, and the order of assignments -----------------------------------------------------------------------------------


def an_array_in_a_list(x):
    a = x[:3] * 1.0
    held, total = [a], 0.0
    for v in x:
        if v > 1:
            held[0] += v
        total += a[0] * v
    return total


def an_array_in_a_dictionary(x):
    a = x[:3] * 1.0
    held, total = {"a": [a]}, 0.0
    for v in x:
        if v > 1:
            held["a"][0] *= v
        total += a[0] * v
    return total


def an_index_assigned_behind(x):
    w, total = [0.0] * 8, 0.0
    for v in x:
        k = 0
        if v > 1:
            w[k], k = v, k + 1  # the entry that it named before
        total += w[0] - w[1] * v
    return total


def an_index_assigned_between(x):
    w, total = [0.0] * 8, 0.0
    for j, v in enumerate(x):
        k = j
        if v > 1:
            w[k], k, w[k] = v, (k + 1) % 6, v * 2
        total += sum(w) * w[1]
    return total


def an_index_taken_once(x):
    places, w, total = list(range(20)), [0.0] * 20, 0.0
    for v in x:
        w[places.pop()] += v
        total += v if v > 1 else -v * len(places)
    return total + sum(k * o for k, o in enumerate(w))


def a_value_before_its_index(x):
    def advance(state):
        state[0] = state[0] + 1
        return 2.0

    out, state, total = [0.0] * 20, [0], 0.0
    for v in x:
        out[state[0]] = v * advance(state)
        total += v if v > 1 else -v * out[state[0] - 1]
    return total + sum(k * o for k, o in enumerate(out))


# --- truth values and classes of numbers --------------------------------------------------------------------------------------------------


def inside(v):
    if v > 1:
        return True
    return False


def a_truth_value_by_identity(x):
    total, last = 0.0, None
    for v in x:
        last = inside(v)
        total += v
    return total * 2 if last is True else total


def truth_values_in_a_list(x):
    flags, total = [], x[0]
    for v in x:
        if v > 0.5:
            flags.append(True)
        else:
            flags.append(False)
    return total * 2 if flags[-1] is True else total


def sums_of_truth_values(x):
    total = 0.0
    for v, w in zip(x, x[::-1], strict=True):
        total += (inside(v) + inside(w)) * v - (inside(w) ^ True) * w
    return total


def floats_of_two_classes(x):
    total, y = 0.0, 0.0
    for v in x:
        y = 0.0 if v > 0 else v
        total += v
    return total * 2 if type(y) is float else total


def floats_of_two_classes_by_attribute(x):
    total, y = 0.0, 0.0
    for v in x:
        y = 0.0 if v > 0 else v
        total += v
    return total * 2 if hasattr(y, "dtype") else total


def floats_of_two_classes_by_instance(x):
    total = 0.0
    for v in x:
        y = v.item() if v > 0 else v
        total += v * 2 if isinstance(y, np.floating) else v
    return total


def an_integer_by_instance(x):
    n, total = 0, 0.0
    for v in x:
        if v > 0:
            n += 1
        total += v
    return total * 2 if x[0] > 1 and isinstance(n, int) else total


def an_integer_by_pattern(x):
    n, total = 0, 0.0
    for v in x:
        if v > 0:
            n += 1
        total += v
    if x[0] > 1:
        match n:
            case int():
                total *= 2
    return total


def large_integers(x):
    state, total = 1, 0.0
    for v in x:
        if v > 1:
            state = (state * 1103515245 + 12345) % 2**31
        total += v
    return total + (state % 1000) * 1e-3


def integers_beyond_floats(x):
    n, total = 2**60 + 1, 0.0
    for v in x:
        if v > 1:
            n += 1
        total += v
    return total + (n % 10 if x[0] > 0 else 0)


def truth_values_of_two_classes(x):
    total = 0.0
    for v, w in zip(x, x[::-1], strict=True):
        y = 0.3 if v > 0 else v
        z = 0.3 if w > 0 else w
        total += ((y > 0.1) + (z > 0.1)) * v
    return total


ALL = [v for v in list(globals().values()) if getattr(v, "__code__", None) and v.__module__ == __name__]
FUNCTIONS = [f for f in ALL if f.__code__.co_varnames[:1] == ("x",)]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_at_other_points_it_is_the_function(function):
    check(function)


def test_there_are_functions():
    assert len(FUNCTIONS) == 35


# --- what goes both ways all the same ----------------------------------------------------------------------------------------------------


def sums_of_their_own(x):
    total = 0.0
    for v in x:
        if v > 0:
            total += v * sum(u * u for u in x)
            for a, b in zip(x, x[::-1], strict=True):
                total += a * b * v
            for k, a in enumerate(reversed(x.tolist())):
                total += a * k
        else:
            total -= v
    return total


def parts_and_rows(x):
    m = np.zeros((2, 3))
    for k, v in enumerate(x):
        if v > 0:
            m[k % 2][k % 3] += v
            m[0, 1:] += v * v
            m[k % 2][:2] *= 0.5
        else:
            m[1] -= v
    return (m * np.arange(6.0).reshape(2, 3)).sum()


def remainders(x):
    n, total = 0, 0.0
    for v in x:
        if v > 0:
            n += 1
        else:
            n -= 2
        total += v * (n // 2) + (n % 3) + math.sqrt(abs(n))
    return total


def choosing(x):
    total = 0.0
    for v, w in zip(x, x[::-1], strict=True):
        if v > 0:
            total += max(v, 0.3 * w) - min([v * v, w, 0.1])
        else:
            total += v * w
    return total


def asked_for_what_both_are(x):
    total, y = 0.0, 0.0
    for v in x:
        y = 0.0 if v > 0 else v
        total += y * 2 if isinstance(y, float) and not isinstance(y, str) else v
    return total


@pytest.mark.parametrize(
    "function",
    [sums_of_their_own, parts_and_rows, remainders, choosing, asked_for_what_both_are],
    ids=lambda f: f.__name__,
)
def test_what_is_the_branchs_own(function):
    assert check(function, merged=True) == 240


def test_a_loop_at_its_end_is_over():
    """What is called behind a loop whose items ended is no part of it."""

    def f(x):
        total, held = 0.0, []
        for v in x:
            total += v * v
            if total > 30:
                break
        held.append(total)
        for v in x:
            total += v if v > 0 else 2 * v
        return total + held[0]

    assert check(f, merged=True) == 240
    assert not both_ways(f, np.ones(6))[1].lost
