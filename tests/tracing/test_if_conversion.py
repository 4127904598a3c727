"""Runs that go both ways at branches: the program that they leave, run at other points, gives what the function gives there, or one of its guards fails."""

from __future__ import annotations

import math

import numpy as np
import pytest
from runs_both_ways import both_ways, check, value_of

from gradwise.tracing.instrument.state import local


def conditional(x):
    total = 0.0
    for v in x:
        total += v * v if v > 0 else (2 * v if v > -1 else 3.0)
    return total


def elif_chain(x):
    total = 0.0
    for v in x:
        if v > 1:
            a, b = v, 2.0
        elif v > 0:
            a, b = 2 * v, v
        elif not v < -1:
            a, b = 1.0, -v
        else:
            a = b = 0.5
        total += a * b
    return total


def junctions(x):
    total = 0.0
    for v, w in zip(x, x[::-1], strict=True):
        if (v > 0 and w > 0) or v > 1:
            total += v * w
        elif not (v < -1 or w < -0.5):
            total -= v
    return total


def leaving_early(v):
    if v > 1:
        if v > 2:
            return 3.0 * v
        v = v - 0.5
    elif v < -1:
        return -v
    return v * v


def early(x):
    total = 0.0
    for v in x:
        total += leaving_early(v)
    return total


def going_on(x):
    total = 0.0
    for v in x:
        if v < 0:
            if v < -1:
                continue
            total -= v
        total += v**2
    return total


def largest(x):
    total = 0.0
    for v in x.tolist():
        total += max(v, 0.0) - min(v, 0.5, v * v) + max([v, -v, 0.3])
    return total


def swapping(x):
    items = list(x)
    for k in range(len(items) - 1):
        if items[k] > items[k + 1]:
            items[k], items[k + 1] = items[k + 1], items[k]
    return sum(k * v for k, v in enumerate(items))


def keyed(x):
    sums = {"a": 0.0, "b": 1.0}
    for v in x:
        if v > 0:
            sums["a"] += v
        else:
            sums["b"] *= v
    return sums["a"] - sums["b"]


def filling(x):
    y = np.zeros((2, len(x)))
    for k, v in enumerate(x):
        if v > 0:
            y[0, k] = v
            y[1] += 0.1 * v
        else:
            y[1, k] -= v * v
    return (y[0] * y[1]).sum() + y[1].sum()


def arrays(x):
    u = x * 1.0
    for k in range(len(x)):
        u = u * 0.5 if x[k] > 0 else u + x
    return u @ u


def counting(x):
    n = 0
    for v in x:
        if v > 0:
            n += 1
    return n * x[0] + x.sum() / (1 + n)


def tuples(x):
    pair = (0.0, 1.0)
    for v in x:
        if v > 0:
            pair = (pair[0] + v, pair[1] * v)
    return pair[0] * pair[1]


def appending(x):
    items = []
    for v in x:
        if v > 0:
            items.append(v * v)
        else:
            items.append(1.0)
    return sum(items)


def failing_elsewhere(x):
    total = 0.0
    for v in x.tolist():
        if v > 0:
            total += math.log(v) + math.sqrt(v) * v**-0.5
        else:
            total += v
        total += 1.0 / v if abs(v) > 0.1 else 10 * v
        total += math.exp(1000 * v) if v < 0 else math.acosh(1 + v)
    return total


def failing_in_functions(x):
    def safe_log(v):
        if v <= 0.0:
            return -1.0 + v
        if v < 1:
            return math.log(v)
        return np.sqrt(v - 1) ** 1.5

    total = 0.0
    for v in x:
        w = safe_log(v)
        if v > 1:
            if w > 0.1:
                total /= w
            total -= np.arccos(1 / v) ** 0.5
        total += w
    return total


def failing_arrays(x):
    total = 0.0
    for k in range(4):
        part = x[k : k + 3]
        low = part.min()
        if low > -0.3:
            u = np.log(part + 0.4) / (part + 0.4)
        else:
            u = part * part
        total += u @ part
    return total


def sorting(x):
    low = sorted(x)
    high = [v * v for v in x.tolist()]
    high.sort(reverse=True)
    return low[2] * high[0] + low[-1] - 0.1 * high[3]


CONVERTED = [
    sorting,
    failing_elsewhere,
    failing_in_functions,
    failing_arrays,
    conditional,
    elif_chain,
    junctions,
    early,
    going_on,
    largest,
    swapping,
    keyed,
    filling,
    arrays,
    counting,
    tuples,
    appending,
]


@pytest.mark.parametrize("function", CONVERTED, ids=lambda f: f.__name__)
def test_one_program_holds_everywhere(function):
    assert check(function, merged=True) == 240


# --- loops that the data end -------------------------------------------------------------------------------------------------------


def newton_breaking(x):
    total = 0.0
    for a in x:
        z = 1.0
        for _ in range(50):
            step = (z**3 + z - a * a - 1.5) / (3 * z * z + 1)
            z -= step
            if abs(step) < 1e-9:
                break
        total += z
    return total


def newton_while(x):
    total = 0.0
    for a in x:
        z, step, turns = 1.0, 1.0, 0
        while abs(step) > 1e-9 and turns < 50:
            step = (z**3 + z - a * a - 1.5) / (3 * z * z + 1)
            z -= step
            turns += 1
        total += z * a + 0.01 * turns
    return total


def square_root(c):
    z = 1.0
    while True:
        new = 0.5 * (z + c / z)
        if abs(new - z) < 1e-10:
            return new
        z = new


def returning_from_a_loop(x):
    return sum(square_root(1 + a * a) for a in x)


def breaking_forever(x):
    total = 0.0
    for a in x:
        z = 4 + abs(a)
        while True:
            z = z * 0.6
            if z < 0.5:
                break
            if z > 3:
                z = z - 0.1
        total += z
    return total


def breaking_twice(x):
    total = 0.0
    for k in range(4):
        z = 1.0 + k
        for v in x:
            z = z * 0.8 + 0.1 * v
            if z > 3.5:
                z = 3.5
                break
            z = z - 0.05
            if z < 0.2:
                break
        total += z
    return total


def halving(x):
    total = 0.0
    for v in x:
        z = 3 + abs(v) * 5
        while z > 1.5:
            if z > 4:
                z = z * 0.5
            else:
                z = z - 0.7
        total += z * v
    return total


def pairs_until(x):
    total = 0.0
    for v, w in list(zip(x, x[::-1], strict=True)):
        total += v * w + 0.6
        if total > 3:
            break
    return total


@pytest.mark.parametrize(
    "function",
    [newton_breaking, newton_while, returning_from_a_loop, breaking_forever, breaking_twice, halving, pairs_until],
    ids=lambda f: f.__name__,
)
def test_loops_that_the_data_end(function):
    assert check(function, merged=True) >= 100


def the_turn_of_the_end(x):
    total = 0.0
    for k in range(6):
        total += x[k] * x[k]
        if total > 2:
            break
    return total * k


def the_rest_of_an_iterator(x):
    items, total = iter(list(x)), 0.0
    for v in items:
        total += v * v
        if total > 1:
            break
    return total * sum(items)


def with_an_else(x):
    total = 0.0
    for v in x:
        total += v * v
        if total > 3:
            break
    else:
        total = -total
    return total


def loops_in_loops(x):
    total = 0.0
    for a in x:
        z = 1.0
        for _ in range(20):
            w = z
            for _ in range(10):
                w = 0.5 * (w + (1 + a * a) / w)
                if abs(w * w - 1 - a * a) < 1e-6:
                    break
            if abs(w - z) < 1e-6:
                break
            z = w
        total += z
    return total


def appending_until(x):
    items = []
    for v in x:
        items.append(v * v)
        if v > 0.5:
            break
    return sum(items) * len(items)


def hardly_ending(x):
    z, turns = 1.0, 0
    while z > 1e-3 * abs(x[0]) and turns < 60:
        z = z * 0.7
        turns += 1
    return z * x[1] + turns


@pytest.mark.parametrize(
    "function",
    [the_turn_of_the_end, the_rest_of_an_iterator, with_an_else, loops_in_loops, appending_until, hardly_ending],
    ids=lambda f: f.__name__,
)
def test_what_a_loop_leaves(function):
    check(function)


# --- what keeps its guards ---------------------------------------------------------------------------------------------------------


def appending_in_one(x):
    items = []
    for v in x:
        if v > 0:
            items.append(v)  # noqa: PERF401 - a branch of its own
    return sum(items) * len(items)


def note(items, v):
    items.append(v)
    return v


def appending_in_a_function(x):
    items, total = [], 0.0
    for v in x:
        if v > 0:
            total += note(items, v)
    return total * len(items)


def adding_in_place(x):
    acc = np.zeros(2)
    for v in x:
        if v > 0:
            acc += v
    return acc.sum()


class Memory:
    def __init__(self):
        self.last = 0.0

    def keep(self, v):
        self.last = v
        return v

    @property
    def next(self):
        self.last += 1.0
        return self.last


def storing_an_attribute(x):
    memory, total = Memory(), 0.0
    for v in x:
        if v > 0:
            memory.last = v
        total += memory.last
    return total


def storing_in_a_method(x):
    memory, total = Memory(), 0.0
    for v in x:
        if v > 0:
            total += memory.keep(v)
        total += memory.last
    return total


def storing_in_a_property(x):
    memory, total = Memory(), 0.0
    for v in x:
        if v > 0:
            total += memory.next
        total += memory.last * v
    return total


def taking_from_an_iterator(x):
    values, total = iter(x.tolist()), 0.0
    for v in x[:3]:
        if v > 0:
            total += next(values)
        else:
            total -= v
    return total


def taking_off_a_list(x):
    items, total = list(x), 0.0
    for v in x[:3]:
        if v > 0:
            total += items.pop()
        else:
            total -= items[-1]
    return total


def writing_out(x):
    y, total = np.zeros(len(x)), 0.0
    for v in x:
        if v > 0:
            total += np.multiply(x, v, out=y).sum()
        else:
            total += y[0]
    return total


def copying(x):
    y, total = np.zeros(len(x)), 0.0
    for v in x:
        if v > 0:
            np.copyto(y, x)
        total += y[0] * v
    return total


def writing_to_a_third_argument(x):
    y, total = np.zeros(len(x)), 0.0
    for v in x:
        if v > 0:
            total += np.multiply(x, v, y).sum()
        else:
            total += y[0]
    return total


def writing_to_what_a_method_is_given(x):
    y, m, total = np.zeros(2), np.ones((2, len(x))), 0.0
    for v in x:
        if v > 0:
            total += m.dot(x * v, y).sum()
        else:
            total += y[0]
    return total


def storing_by_indices_beside(x):
    y, places, total = np.zeros(len(x)), np.array([1, 2]), 0.0
    for v in x:
        if v > 0:
            y[0] = v
            y[places] = v * v
            y[3] = 2 * v
        else:
            y[1] = v
        total += y[2] * (1.0 if v > 1 else 0.0) + y[0]
    return total + y.sum()


def in_a_nonlocal_name(x):
    total = 0.0

    def add(v):
        nonlocal total
        total += v
        return total

    kept = 0.0
    for v in x:
        if v > 0:
            kept = add(v)
    return kept * total


def walrus(x):
    total = last = 0.0
    for v in x:
        total += (last := v) * 2 if v > 0 else last
    return total + last


def looping(x):
    total = 0.0
    for v in x:
        if v > 0:
            w = v
            while w > 0.1:
                w = w / 2
            total += w
    return total


def flags(x):
    up, total = True, 0.0
    for v in x:
        if v > 0.5:
            up = False
        total += v if up else 2 * v
    return total


def indices(x):
    n, total = 0, 0.0
    for v in x:
        if v > 0:
            n = 1
        else:
            n = 2
        total += x[n] * v
    return total


def texts(x):
    name, total = "a", 0.0
    for v in x:
        if v > 0:
            name = "b"
        total += v if name == "a" else 2 * v
    return total


GUARDED = [
    appending_in_one,
    appending_in_a_function,
    adding_in_place,
    storing_an_attribute,
    storing_in_a_method,
    storing_in_a_property,
    taking_from_an_iterator,
    taking_off_a_list,
    writing_out,
    copying,
    writing_to_a_third_argument,
    writing_to_what_a_method_is_given,
    storing_by_indices_beside,
    in_a_nonlocal_name,
    walrus,
    looping,
    flags,
    indices,
    texts,
]


@pytest.mark.parametrize("function", GUARDED, ids=lambda f: f.__name__)
def test_what_cannot_be_taken_back_is_guarded(function):
    assert check(function) < 240


# --- arrays and containers under several names ---------------------------------------------------------------------------------------


def writing_to_either(x):
    a, b, total = x[:3] * 2, x[3:] * 3, 0.0
    for v in x:
        u = a if v > 0 else b
        u[0] = u[0] + v
        total += a[0] * 2 + b[0]
    return total


def written_to_later(x):
    a, b, total = x[:3] * 2, x[3:] * 3, 0.0
    for v in x:
        u = a if v > 0 else b
        a[1] = v
        total += u[1]
    return total


def rows(x):
    m = np.zeros((2, 3))
    for k, v in enumerate(x):
        row = m[k % 2]
        if v > 0:
            row[0] += v
            m[k % 2][0] += 2 * v
        else:
            m[k % 2, 0] = 1.0
            row[k % 3] = v
    return (m * np.arange(6.0).reshape(2, 3)).sum() + m[0, 0] * m[1, 0]


def one_list(x):
    a, b = [x[0], x[1]], [x[2], x[3]]
    same = a
    for v in x:
        if v > 0:
            same[0] = a[0] + v
            a[1] = same[0]
        else:
            b[0] = a[1]
        b[1] = same[1]
    return a[0] + 2 * a[1] + 3 * b[0] + 4 * b[1]


def swapped_lists(x):
    a, b = [x[0], x[1]], [x[2], x[3]]
    for v in x:
        if v > 0:
            a, b = b, a
        a[0] = a[0] + v
    return a[0] * b[1] + 2 * a[1] * b[0]


def again_and_again(x):
    w = [0.0]
    for v in x:
        if v > 0:
            w[0] += v
            w[0] *= 2
            if v > 1:
                w[0] -= 1
                w[0] += w[0] * v
        else:
            w[0] = w[0] + 1
    return w[0]


@pytest.mark.parametrize(
    "function",
    [writing_to_either, written_to_later, rows, one_list, swapped_lists, again_and_again],
    ids=lambda f: f.__name__,
)
def test_objects_under_several_names(function):
    check(function)


def test_the_order_of_equations_does_not_follow_the_branch_taken():
    here, _ = both_ways(elif_chain, np.array([2.0, 0.5, -0.5, -2.0]))
    there, _ = both_ways(elif_chain, np.array([-2.0, -0.5, 0.5, 2.0]))
    primitives = [[e.primitive for e in r.program.equations] for r in (here, there)]
    assert primitives[0] == primitives[1]


def test_sorted_numbers_hold_no_nan():
    recording, _ = both_ways(sorting, np.arange(6.0))
    x = np.arange(6.0)
    assert value_of(recording, x) == sorting(x)
    x[2] = np.nan
    assert value_of(recording, x) is None


def test_a_run_ends_as_it_began():
    run = both_ways(early, np.ones(3))[1]
    assert local.both_ways is None
    assert (run.depth, run.open) == (0, [])


def test_recursion_is_cut_off():
    def down(v, depth):
        if v < 0.5 or depth > 40:
            return v
        return down(v / 2, depth + 1) + v

    check(lambda x: down(abs(x[0]) * 8, 0) + down(abs(x[1]), 0))
