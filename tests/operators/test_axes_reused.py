"""Numbers taken out of vectors and tables, sums and other results in memory of their own, class methods: a program stands for functions that change these, and for none that reaches the caller's arrays."""

from __future__ import annotations

import copy
import itertools
import warnings

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse import standing
from gradwise.tracing.purity import inspect_function
from gradwise.tracing.purity.callables import _COMPUTING, _RENEWERS, callee_of

X = np.array([0.3, 1.2, 2.0, 0.7])


def _sum_added_to(x):
    cost = sum(a * a for a in x)
    cost += 1.0
    for a, b in itertools.pairwise(x):
        cost += a * b
    return cost


def _sum_of_rows(x):
    rows = [x, 2 * x]
    total = sum(rows)
    total += 1
    return (total * total).sum()


def _entries_of_a_table(x):
    table = x.reshape(2, 2)
    score = table[0, 0]
    for k in range(2):
        score += table[1, k] * table[k, 0]
    return score


def _entries_of_rows(x):
    total = 0.0
    for row in x.reshape((2, -1)):
        first, last = row
        first *= last
        total += first
    return total


def _entries_of_columns(x):
    table = np.asarray(x).reshape(2, 2).T
    value = table[:, 1][0]
    value *= table[0][1]
    return value


def _list_of_entries(x):
    entries = x.tolist() if hasattr(x, "tolist") else x
    total = entries[0]
    for value in entries[1:]:
        total *= value
    return total


def _nested_list_of_entries(x):
    rows = x.reshape(2, 2).tolist()
    total = rows[0][0]
    total += rows[1][1] * rows[0][1]
    return total


def _reductions(x):
    mean, spread = np.mean(x), np.var(x)
    mean *= 3
    spread += mean
    clipped = np.clip(x, 0.5, 5.0)
    clipped[0] = 1.0
    return spread + clipped.sum() + np.median(x)


def _made_of_lists(x):
    forces = np.array([x, x * x])
    forces[0, 1] += 2.0
    forces[1] *= x
    stacked = np.stack([forces[0], x])
    stacked[:, 0] -= 1
    return (forces * stacked).sum()


def _of_another_type(x):
    places = np.stack([x, x]).astype(float)
    forces = np.zeros_like(places)
    forces[:, 1] -= 9.81
    for a, b in [(0, 1), (1, 2)]:
        gap = places[:, b] - places[:, a]
        forces[:, a] += gap
        forces[:, b] -= gap
    forces -= 0.1 * places
    return (forces**2).sum()


def _inner(x):
    def add(into, value):
        into[0] += value
        return into

    return (add(x * 2, x[1]) * add(np.zeros(4), x[2])).sum() + x.sum()


class Problem:
    """Constants and functions of a class."""

    rate = 2.0
    times = np.linspace(0.1, 1.0, 4)

    @classmethod
    def residuals(cls, x):
        return cls.rate * np.exp(-cls.times * x) - x

    @classmethod
    def cost(cls, x):
        return float(np.sum(cls.residuals(x) ** 2))


class Steeper(Problem):
    """Another constant."""

    rate = 3.0


PROVED = [
    _sum_added_to,
    _sum_of_rows,
    _entries_of_a_table,
    _entries_of_rows,
    _entries_of_columns,
    _list_of_entries,
    _nested_list_of_entries,
    _reductions,
    _made_of_lists,
    _of_another_type,
    _inner,
    Problem.cost,
    Steeper.cost,
]


def _differences(f, x, h=1e-5):
    steps = h * np.eye(x.size)
    return np.array([(8 * (f(x + s) - f(x - s)) - (f(x + 2 * s) - f(x - 2 * s))) / (12 * h) for s in steps])


@pytest.mark.parametrize("function", PROVED, ids=lambda f: f.__qualname__)
def test_a_program_stands_for_what_is_changed_in_its_own_memory(function):
    gradient = gw.value_and_grad(function, method="exact")
    for k in range(6):
        point = X + 0.1 * k
        given = point.copy()
        value, found = gradient(given)
        np.testing.assert_array_equal(given, point)
        np.testing.assert_allclose(value, function(point.copy()), rtol=1e-14)
        np.testing.assert_allclose(found, _differences(function, point), rtol=1e-8, atol=1e-8)
    assert standing(function, (X,), {}).startswith("proved pure")


def test_what_a_class_holds_may_change():
    gradient = gw.grad(Problem.cost, method="exact")
    try:
        for k, rate in enumerate([2.0, 2.0, 2.0, 2.0, 4.0, 0.5, 2.0]):
            Problem.rate = rate
            Problem.times[0] = 0.1 * (k + 1)
            np.testing.assert_allclose(gradient(X), _differences(Problem.cost, X), rtol=1e-8, atol=1e-8)
    finally:
        Problem.rate, Problem.times[0] = 2.0, 0.1


KEPT = [np.zeros(4)]
TABLE = {"k": 1.0}


def _row_of_a_table(x):
    row = x.reshape(2, 2)[0]
    row += 1
    return x.sum()


def _rows_gone_over(x):
    for row in x.reshape(2, 2):
        row *= 2
    return x.sum()


def _block_of_a_table(x):
    block = x.reshape(2, 2)[:, 0]
    block *= 2
    return x.sum()


def _the_array_itself(x):
    same = np.asarray(x, dtype=float)
    same += 1
    return x.sum()


def _transposed(x):
    same = x.T
    same[0] = 1
    return x.sum()


def _raveled(x):
    x.reshape(2, 2).ravel()[0] = 3.0
    return x.sum()


def _lists_joined(x):
    joined = sum([KEPT], [])  # noqa: RUF017 - the sum is what is tested
    joined[0][0] = 1.0
    return x.sum() + KEPT[0].sum()


def _lists_joined_by_name(x):
    joined = sum([KEPT], start=[])  # noqa: RUF017 - the sum is what is tested
    joined[0][0] = 1.0
    return x.sum() + KEPT[0].sum()


def _copied_list(x):
    other = copy.copy([x])
    other[0][0] = 1.0
    return x.sum()


def _largest_of_one_dictionary(x):
    same = np.max(TABLE)
    same["k"] = 2.0
    return x.sum() * TABLE["k"]


def _array_of_objects(x):
    boxes = np.array([None, None])
    boxes[0] = x
    same = np.sum(boxes[:1])
    same[0] = 1.0
    return x.sum()


def _array_of_objects_by_type(x):
    boxes = np.sum(np.zeros((1, 4)), 0, "O")
    boxes[0] = x
    boxes[0][1] = 1.0
    return x.sum()


def _by_an_inner_function(x):
    def add(into):
        into[0] += 1.0

    add(x)
    add(x * 2)
    return x.sum()


class Counting:
    """A class that changes itself."""

    calls = 0
    last = np.zeros(4)

    @classmethod
    def counted(cls, x):
        cls.calls += 1
        return (x * x).sum() * cls.calls

    @classmethod
    def remembered(cls, x):
        cls.last[:] = x
        return (x * x).sum()


WRITE = [
    _row_of_a_table,
    _rows_gone_over,
    _block_of_a_table,
    _the_array_itself,
    _transposed,
    _raveled,
    _lists_joined,
    _lists_joined_by_name,
    _copied_list,
    _largest_of_one_dictionary,
    _array_of_objects,
    _array_of_objects_by_type,
    _by_an_inner_function,
    Counting.counted,
    Counting.remembered,
]


@pytest.mark.parametrize("function", WRITE, ids=lambda f: f.__qualname__)
def test_what_reaches_the_callers_arrays_is_not_proved(function):
    assert not inspect_function(function, (X.copy(),), {}).is_quiet


@pytest.mark.parametrize("size", [0, 1, 2, 3])
@pytest.mark.parametrize("kind", [float, int, complex, bool, np.float32])
def test_functions_said_to_compute_give_memory_of_their_own(kind, size):
    arrays = [np.ones(size, kind), np.ones((size, size), kind) + np.eye(size, dtype=kind), np.ones((), kind)]
    called = set()
    for name, function, array in _functions_of(arrays):
        for args, keywords in _ways(array):
            known = callee_of(function)
            if known is None or (known.limit is not None and len(args) > known.limit):
                continue  # the last of them is the output
            try:
                with np.errstate(all="ignore"), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    made = function(*args, **keywords)
            except (TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError, np.linalg.LinAlgError):
                continue
            called.add(name)
            for one in made if isinstance(made, tuple) else (made,):
                assert not (isinstance(one, np.ndarray) and np.shares_memory(one, array)), (name, args)
    assert len(called) > 60


def _functions_of(arrays):
    for name in sorted(_COMPUTING | _RENEWERS):
        for module in (np, np.linalg):
            if hasattr(module, name):
                yield from [(name, getattr(module, name), array) for array in arrays]


def _ways(array):
    plainly = [
        (array,),
        (array, array),
        (array, 1),
        (array, 0),
        (array, [], 1),
        (array > 0, array, array),
        ([array] * 2,),
    ]
    return [*[(args, {}) for args in plainly], ((array,), {"axis": 0}), ((array,), {"keepdims": True})]
