"""``float``, ``round``, ``sum``, ``max``, ``sorted``, ``map`` and the other builtins on traced numbers."""

import builtins
import collections
import math as plain_math

import numpy as np
import pytest
from standing_in import check, namespace, watched

import gradwise as gw
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.standins import METHODS

ours = namespace(builtins)
X = np.array([0.4, 1.7, -0.3, 1.1])


def gradient(f, x=X):
    return gw.grad(watched(f), method="exact")(x)


# --- numbers --------------------------------------------------------------------------------------------------------------------


def test_float_is_a_number_of_python():
    kept = []

    def f(x):
        numbers = [ours.float(t) for t in (x[0], x[1:2].reshape(()), x[0].astype(np.float32), ours.float(x[0]))]
        kept.extend((type(plain(t)), isinstance(t, float), plain(t)) for t in numbers)
        with pytest.raises(ZeroDivisionError):
            ours.float(x[0]) / 0
        assert ours.float() == 0.0
        assert ours.float("1e3") == 1000.0
        assert plain_math.isinf(ours.float("inf"))
        assert type(ours.float(3)) is float
        return ours.float(x[0]) * ours.float(x[1] * 2) * ours.float(np.float32(0.5))

    np.testing.assert_allclose(gradient(f), [1.7, 0.4, 0, 0])
    assert [k[:2] for k in kept] == [(float, True)] * 4
    assert [k[2] for k in kept] == [0.4, 1.7, float(np.float32(0.4)), 0.4]


def test_float_refuses_what_float_refuses():
    with pytest.raises(TypeError, match=r"length-1|size-1|0-dimensional|scalar"):
        gw.grad(watched(lambda x: ours.float(x)), method="exact")(X)
    with pytest.raises(ValueError, match="could not convert"):
        gw.grad(watched(lambda x: ours.float("a") * x[0]), method="exact")(X)


def test_powers_of_python_numbers():
    def f(x):
        z = ours.float(x[2]) ** (1 / 3)  # complex for a number of Python
        return abs(z) ** 3

    np.testing.assert_allclose(gradient(f), [0, 0, -1, 0], atol=1e-14)
    np.testing.assert_array_equal(gradient(lambda x: ours.pow(x[0], 3)), [3 * 0.4**2, 0, 0, 0])
    assert gradient(lambda x: ours.pow(ours.int(x[1] * 10), 2, 7) * x[0])[0] == pow(17, 2, 7)
    with pytest.raises(TypeError, match="pow"):
        gradient(lambda x: ours.pow(x[0], 2, 7))


def test_round_is_correctly_rounded():
    x = 2.675
    value, slope = gw.value_and_grad(watched(lambda t: ours.round(t, 2) * t), method="exact")(x)
    assert value == round(x, 2) * x
    assert slope == round(x, 2)
    for y in (0.285, 1.005, 5.015, 2.5, 1e22, -0.5):
        kept = []
        gw.grad(watched(lambda t, kept=kept: kept.extend([ours.round(t, 2), ours.round(t)]) or t), method="exact")(y)
        assert kept[0].value == round(y, 2)
        assert kept[1] == round(y)
        assert type(kept[1]) is int
    assert ours.round(2.675, 2) == 2.67
    with pytest.raises(TypeError, match="__round__"):
        gradient(lambda x: ours.round(x).sum())


def test_divmod_and_abs_and_int():
    check(
        lambda x, y: ours.divmod(x, y)[0] * x + ours.divmod(x, y)[1],
        7.3,
        2.1,
        of=lambda x, y: divmod(x, y)[0] * x + divmod(x, y)[1],
    )
    check(lambda x, y: ours.abs(x) * ours.abs(y), 7.3, -2.1, of=lambda x, y: abs(x) * abs(y))
    check(lambda x, y: ours.int(x) * y, 7.3, -2.1, of=lambda x, y: int(x) * y)
    assert ours.int("ff", 16) == 255
    assert ours.int() == 0
    with pytest.raises(ZeroDivisionError):
        gw.grad(watched(lambda x: ours.divmod(x, 0.0)[1]), method="exact")(1.0)


def test_objects_that_turn_into_numbers():
    class Length:
        def __init__(self, value):
            self.value = value

        def __float__(self):
            return ours.float(self.value * 2)

        def __int__(self):
            return ours.int(self.value * 10)

        def __abs__(self):
            return ours.abs(self.value)

        def __round__(self, digits=None):
            return self.value if digits is None else self.value * digits

        def __complex__(self):
            return ours.complex(self.value, self.value)

    def f(x):
        n = Length(x[0])
        return (
            ours.float(n) * ours.abs(Length(x[2]))
            + ours.int(n) * x[1]
            + ours.round(n)
            + ours.round(n, 2)
            + ours.complex(n).imag
        )

    np.testing.assert_allclose(gradient(f), [2 * 0.3 + 1 + 2 + 1, 4, -0.8, 0])


# --- loops ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        list,
        tuple,
        lambda v: (t * t for t in v),
        lambda v: dict(enumerate(v)).values(),
        lambda v: map(abs, v),
        lambda v: v,
        lambda v: collections.deque(v),
        lambda v: [1, *v, 2.5, True],
    ],
)
def test_sum(make):
    def f(x, total):
        return total(make(x * x)) + total(make([x[0], x[1]]), 3.0) + total(make(x), x[0])

    got = gw.value_and_grad(watched(lambda x: f(x, ours.sum)), method="exact")(X)
    assert got[0] == f(X, sum)
    wanted = [(f(X + 1e-6 * e, sum) - f(X - 1e-6 * e, sum)) / 2e-6 for e in np.eye(4)]
    np.testing.assert_allclose(got[1], wanted, rtol=1e-8)


def test_sum_of_numbers_of_python_has_the_value_of_python():
    numbers = [0.1] * 10 + [1e10, 1.0, -1e10]

    def f(t):
        return ours.sum([n * t for n in numbers])

    value, slope = gw.value_and_grad(watched(f), method="exact")(1.0)
    assert value == sum(n * 1.0 for n in numbers)
    np.testing.assert_allclose(slope, 2.0, rtol=1e-5)  # each 0.1 lost digits beside 1e10
    assert ours.sum([]) == 0
    assert ours.sum([[1], [2]], []) == [1, 2]
    with pytest.raises(TypeError):
        ours.sum(["a"])
    with pytest.raises(TypeError, match="iterable"):
        ours.sum(3)


def test_sum_of_arrays_and_linear_time():
    np.testing.assert_array_equal(gradient(lambda x: ours.sum([x, x * 2, 1]).sum()), [3, 3, 3, 3])
    n = 3000
    trace = gw.trace(watched(lambda t: ours.sum(t for _ in range(n))), 1.0)
    assert len(trace.equations) == n


def test_extremes():
    np.testing.assert_array_equal(gradient(lambda x: ours.max(x)), [0, 1, 0, 0])
    np.testing.assert_array_equal(gradient(lambda x: ours.min(list(x)) + ours.max(x[0], x[3], 0.2)), [0, 0, 1, 1])
    np.testing.assert_array_equal(gradient(lambda x: ours.max(x, key=lambda t: -abs(t))), [0, 0, 1, 0])
    np.testing.assert_array_equal(gradient(lambda x: ours.max([], default=x[0])), [1, 0, 0, 0])
    np.testing.assert_array_equal(gradient(lambda x: ours.max((t for t in x if t < 1.5), default=0)), [0, 0, 0, 1])
    with pytest.raises(ValueError, match="empty"):
        gradient(lambda x: ours.min([]) * x[0])
    with pytest.raises(TypeError):
        ours.min()
    assert ours.max("abc") == "c"
    assert ours.max([3, 4]) == 4
    assert ours.min(np.array([3, 4])) == 3


def test_the_first_of_equals_wins():
    def f(x):
        return ours.max([x[0], x[1]]) * 2 + ours.min(x[0] * 1, x[1] * 3 - 2) + ours.max((x[1], x[0]), key=lambda t: 0)

    np.testing.assert_array_equal(gradient(f, np.array([1.0, 1.0])), [3, 1])


def test_sorting():
    weights = np.array([1.0, 10.0, 100.0, 1000.0])

    def f(x):
        values = list(x)
        METHODS[list]["sort"](values, reverse=True)
        pairs = ours.sorted(zip(x, range(4)), key=lambda p: p[0] ** 2)
        return ours.sum(w * t for w, t in zip(weights, ours.sorted(x))) + values[0] * 5 + pairs[0][0] * 7

    np.testing.assert_array_equal(gradient(f), [10, 1005, 8, 100])
    assert ours.sorted("bca", reverse=True) == ["c", "b", "a"]


def test_mapping_and_filtering():
    def f(x):
        squares = ours.map(lambda t, n: t**n, x, [1, 2, 3])
        positive = ours.filter(lambda t: t > 0, x)
        truthy = ours.filter(None, [x[0], 0.0, x[1] * 0])
        steps = iter([1.0, 2.0, 3.0, 4.0])
        until = ours.iter(lambda: next(steps), 3.0)
        return ours.sum(squares) + ours.sum(positive) + ours.sum(truthy) + ours.sum(s * x[3] for s in until)

    np.testing.assert_allclose(gradient(f), [3, 2 * 1.7 + 1, 3 * 0.09, 4])
    assert list(ours.iter([1, 2])) == [1, 2]


def test_outside_a_trace_nothing_changes():
    assert ours.float("2.5") == 2.5
    assert type(ours.sum([0.1] * 3)) is float
    assert ours.sum([0.1] * 3) == sum([0.1] * 3)
    assert ours.sorted([2, 1]) == [1, 2]
    assert ours.complex("1+2j") == 1 + 2j
    assert ours.complex(1, 2) == 1 + 2j
    with pytest.raises(TypeError):
        ours.complex("1", 2)
    with pytest.raises(TypeError):
        ours.float([1.0])
