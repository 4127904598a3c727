"""A function that stores something is verified too: a traced value that plain calls before and after it contradict is refused, one that a state explains is not."""

import collections
import math
import warnings

import numpy as np
import pytest

import gradwise as gw


class Log:
    def __init__(self):
        self.items = []

    def __mul__(self, k):
        made = type(self)()
        made.items.extend(v * k for v in self.items)
        return made


SIZE = object.__sizeof__(np.float64(1.0))


def is_watched(x):
    """Whether a number is a traced one, by its size in memory, of which no derivative comes."""
    return object.__sizeof__(x) != SIZE


def test_a_value_that_only_a_traced_run_has_is_refused():
    kept = []

    def f(x):
        kept.append(1)
        log = Log()
        log.items.append(x[0])
        log = log * 2.0
        return log.items[0] + 100.0 if is_watched(x[0]) else log.items[0]

    with pytest.raises(gw.TracingError, match=r"gave .* when it was called plainly and .* under the trace"):
        gw.grad(f, method="exact")(np.array([0.3, 0.7]))


def test_so_is_one_whose_derivative_differs_as_well():
    kept = []

    def f(x):
        kept.append(1)
        return x[0] * x[1] * 3.0 if is_watched(x[0]) else x[0] * x[1]

    with pytest.raises(gw.TracingError, match="The two must agree"):
        gw.grad(f, method="exact")(np.array([0.3, 0.7]))


def test_a_call_that_raises_only_when_it_is_plain_is_one_too():
    kept = []

    def f(x):
        kept.append(1)
        if not is_watched(x[0]):
            raise ZeroDivisionError
        return x[0] * x[1]

    with pytest.raises(gw.TracingError, match="raised ZeroDivisionError"):
        gw.grad(f, method="exact")(np.array([0.3, 0.7]))


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 8, 40])
def test_a_count_that_saturates_explains_the_difference(limit):
    state = {"calls": 0}

    def f(x):
        state["calls"] = min(state["calls"] + 1, limit)
        return x[0] * x[1] + state["calls"]

    assert gw.grad(f)(np.array([0.3, 0.7])) == pytest.approx([0.7, 0.3])


def test_a_value_that_changes_at_each_call_is_not_held_against_the_trace():
    state = []

    def f(x):
        state.append(0)
        return x[0] * x[1] + len(state) % 3

    assert gw.grad(f)(np.array([0.3, 0.7])) == pytest.approx([0.7, 0.3])


def _total_and_table():
    total, seen = [0.0], {}

    def f(x):
        total[0] += float(x[0])
        seen[float(x[0])] = 1
        return total[0] * x[1]

    return f, lambda: (total[0], dict(seen)), lambda kept: [POINT[1], kept[0]]


def _queue_and_table():
    queue, table = collections.deque(maxlen=4), collections.OrderedDict()

    def f(x):
        queue.extend([float(x[0]), 0.1 * float(x[0])])
        table[float(x[0])] = 1
        value = sum(queue) + x[1] ** 2
        queue.rotate(1)
        return value

    return f, lambda: (list(queue), dict(table)), lambda kept: [1.1, 2 * POINT[1]]


POINT = np.array([1.46, 0.62])


@pytest.mark.parametrize("options", [{}, {"pure": False}, {"method": "exact"}])
@pytest.mark.parametrize("make", [_total_and_table, _queue_and_table])
def test_what_depends_on_calls_before_and_looks_numbers_up(make, options):
    """At the same point again a key is found: the runs that doubt this began from what the call had left behind, and the value was theirs, one call further; or nothing was comparable, and it was refused."""
    (plain, left, slopes), (f, found, _) = make(), make()
    for _ in range(4):
        value = plain(POINT)
        with warnings.catch_warnings():
            warnings.simplefilter("error", gw.NumericalFallbackWarning)
            given, gradient = gw.value_and_grad(f, **options)(POINT)
        assert given == pytest.approx(value, rel=1e-13)
        assert found() == left()
        np.testing.assert_allclose(gradient, slopes(left()), rtol=1e-12)


@pytest.mark.parametrize("options", [{}, {"pure": False}, {"method": "exact"}])
@pytest.mark.parametrize("decision", ["if x[1] > 5: s = s + x[1]", "if x[0] < 0: keep.append(1)", "pass"])
@pytest.mark.parametrize(
    "fill",
    [
        "table.setdefault('b', math.exp(-x[0] ** 2))",
        "table['b'] = table.get('b', math.exp(-x[0] ** 2))",
        "table['b'] = table['b'] if 'b' in table else math.exp(-x[0] ** 2)",
        "table.update({} if table else {'b': math.exp(-x[0] ** 2)})",
    ],
)
def test_the_first_call_fills_a_table(fill, decision, options):
    """Its derivative has the share of what it computes and keeps; where it decided something the share was taken away in silence, as if it were the later calls that knew more."""
    space = {"math": math, "table": {}, "keep": []}
    text = f"def f(x):\n    s = 0.1 * x[0]\n    {fill}\n    s = s + table['b']\n    {decision}\n    return s + x @ x\n"
    exec(text, space)
    a, b = point = np.array([-0.21, 0.42])
    first = gw.grad(space["f"], **options)(point)
    np.testing.assert_allclose(first, [0.1 - 2 * a * math.exp(-(a**2)) + 2 * a, 2 * b], rtol=1e-12)
    np.testing.assert_allclose(gw.grad(space["f"], **options)(point * 2), [0.1 + 4 * a, 4 * b], rtol=1e-12)
