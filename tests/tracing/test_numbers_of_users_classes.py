"""Numbers of classes derived from ``float``, ``complex`` and ``np.float64`` that hold a traced value: exact derivatives, and what a plain call leaves behind."""

from __future__ import annotations

import copy
import functools
import math
import operator
import struct

import numpy as np
import pytest

import gradwise as gw


class Meters(float):
    unit = "m"

    def __add__(self, other):
        return Meters(float(self) + float(other))

    __radd__ = __add__

    def __mul__(self, other):
        return Meters(float(self) * other)

    __rmul__ = __mul__

    @property
    def feet(self):
        return self * 3.28084

    @classmethod
    def of_feet(cls, value):
        return cls(value / 3.28084)

    @staticmethod
    def both(a, b):
        return a + b

    def __str__(self):
        return f"{float(self):.3f} {self.unit}"


class Plain(float):
    pass


class Angle(float):
    def __new__(cls, value, turns=0):
        self = super().__new__(cls, (value + math.pi) % (2 * math.pi) - math.pi)
        self.turns = turns
        return self

    def sin(self):
        return math.sin(self)

    def __sub__(self, other):
        return type(self)(super().__sub__(other), self.turns + 1)

    def __neg__(self):
        return self.__class__(float.__neg__(self))


class Tagged(float):
    def __init__(self, value, tag="none"):
        self.tag = tag
        self.twice = 2 * value

    def __new__(cls, value, tag="none"):
        return float.__new__(cls, value)


class Positive(float):
    def __new__(cls, value):
        if value <= 0:
            raise ValueError("must be positive")
        return super().__new__(cls, value)


class Quantity(np.float64):
    def scaled(self, k):
        return Quantity(self * k)


class Phasor(complex):
    @property
    def power(self):
        return abs(self) ** 2

    def __mul__(self, other):
        return Phasor(super().__mul__(other))


class Fuzzy(float):
    def __eq__(self, other):
        return abs(float(self) - float(other)) < 0.5

    def __lt__(self, other):
        return float(self) < float(other) - 0.5

    def __hash__(self):
        return 0


def methods(x):
    d = Meters(x[0]) + Meters(x[1] * 2) + x[2]
    return (d * 2).feet ** 2 + Meters.of_feet(x[3]) * x[0] + Meters.both(d, 3.0)


def reflected(x):
    return x[0] + Meters(x[1]) * 2.0 + 3.0 * Meters(x[2]) - Meters(x[3]) / Meters(x[0]) + 2 ** Plain(x[1])


def left_to_python(x):
    p = Plain(x[0])
    return (
        -p + abs(p) ** 2 + p % 0.7 + p // 10 + divmod(p, 0.4)[1] + p / x[1] + x[2] / p + round(p, 1) * x[3] + pow(p, 2)
    )


def functions(x):
    p, q = Plain(x[0]), Plain(x[1])
    return (
        math.exp(p)
        + math.hypot(p, q)
        + np.sin(p)
        + np.exp(q) * np.maximum(p, q)
        + math.pow(p, q)
        + math.fsum([p, q, x[2]])
    )


def in_sequences(x):
    values = [Plain(v) for v in x]
    biggest = max(values) * min(values)
    return (
        sum(values) ** 2
        + biggest
        + sorted(values)[1]
        + np.sum(np.array(values) ** 2)
        + np.dot(values, x)
        + np.mean(values)
    )


def with_arrays(x):
    p = Plain(x[0])
    row = np.zeros(3)
    row[0], row[1] = p, p * x[1]
    return (
        np.sum(p * x)
        + np.sum(x / p)
        + np.sum(np.arange(4.0) * p + x @ x)
        + row @ x[:3]
        + np.sum(np.full(2, p))
        + np.sum(x**p)
    )


def constructed(x):
    a, t = Angle(x[0] * 3.0, turns=2), Tagged(x[1], tag="w")
    assert t.tag == "w"
    return (a - x[2]).sin() + (-a) * a.turns + (a - 1.0).turns * x[1] + t * t.twice + Positive(math.exp(x[3]))


def of_numpy(x):
    q = Quantity(x[0])
    return q.scaled(3.0) ** 2 + q * x[1] + np.sqrt(q) + q.item() * x[2] + q.real + x[3] * q


def complex_numbers(x):
    p = Phasor(x[0], x[1])
    z = p * p + 2j * x[2]
    return p.power + z.real * x[3] + z.imag + p.conjugate().imag + abs(Phasor(x[2] * 1j)) + (1.0 + 2j * p).real


def compared(x):
    a, b = Fuzzy(x[0]), Fuzzy(x[1])
    first = x[2] ** 2 if a == b else x[3]
    return first + (a * 2 if a < b else b * 3) + (a if Plain(x[2]) > 0.1 else b) + (x[0] if a != 0.3 else x[1])


def asked(x):
    m = Meters(x[0])
    assert isinstance(m, Meters)
    assert isinstance(m, float)
    assert type(m) is Meters
    assert m.__class__ is Meters
    assert not isinstance(m, Plain)
    assert type(m + 1.0) is Meters
    assert type(Plain(x[0]) + 1.0) is float
    match m:
        case Plain():
            return x[1]
        case Meters():
            return m * m.unit.count("m") * x[1]


def reduced(x):
    return functools.reduce(operator.mul, [Plain(v) for v in x]) + functools.reduce(operator.add, map(Meters, x)) * x[0]


def beside_plain_ones(x):
    one, two = Meters(2.0), Plain(3.0)
    return (
        one
        + Meters(x[0]) * 2
        + Meters(x[1])
        + one
        + two * Plain(x[2])
        + Plain(x[3]) * two
        + (two - Plain(x[0])) ** 2
        + one * x[1]
    )


def unbound(x):
    p = Plain(x[0])
    return (
        float.__mul__(p, 3.0)
        + float.__add__(p, p)
        + float.__pow__(p, 2)
        + p.real * p.conjugate()
        + float.__rsub__(p, 1.0)
    )


FUNCTIONS = [
    *(methods, reflected, left_to_python, functions, in_sequences, with_arrays, constructed, of_numpy, complex_numbers),
    *(compared, asked, reduced, beside_plain_ones, unbound),
]
POINTS = [np.array([0.6, 0.9, 1.3, 0.35]), np.array([1.7, 0.45, 0.3, 1.1])]


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize("x", POINTS)
def test_the_derivative_is_exact(f, x) -> None:
    value, derivative = gw.value_and_grad(f, method="exact")(x)
    assert value == pytest.approx(float(f(x)), rel=1e-14)
    h = 1e-6
    expected = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(4)]
    np.testing.assert_allclose(derivative, expected, rtol=2e-7, atol=2e-8)


@pytest.mark.parametrize("f", [methods, functions, constructed, with_arrays, of_numpy])
def test_second_derivatives(f) -> None:
    x, h = POINTS[0], 1e-5
    hessian = gw.hessian(f, method="exact")(x)
    gradient = gw.grad(f, method="exact")
    expected = [(gradient(x + h * e) - gradient(x - h * e)) / (2 * h) for e in np.eye(4)]
    np.testing.assert_allclose(hessian, expected, rtol=1e-6, atol=1e-6)


def test_what_is_left_behind_is_a_plain_number_of_the_class() -> None:
    kept = {}

    class Model:
        def loss(self, x):
            self.last = Angle(x[0], turns=3)
            self.parts = [Meters(x[0]), {"b": Plain(x[1])}]
            kept["m"] = Meters(x[1])
            kept["m"].note = x[0] * 2.0
            return self.last.sin() + self.parts[0] * kept["m"]

    model, x = Model(), np.array([0.5, 0.25])
    np.testing.assert_allclose(gw.grad(model.loss, method="exact")(x), [math.cos(0.5) + 0.25, 0.5])
    assert type(model.last) is Angle
    assert model.last == 0.5
    assert model.last.turns == 3
    assert type(model.parts[0]) is Meters
    assert type(model.parts[1]["b"]) is Plain
    assert type(kept["m"]) is Meters
    assert type(kept["m"].note) is float or type(kept["m"].note) is np.float64
    assert str(kept["m"]) == "0.250 m"
    assert math.sin(model.last) == math.sin(0.5)


def test_what_is_returned_beside_the_value() -> None:
    def f(x):
        return np.sum(x**2), {"length": Meters(x[0]), "all": [Plain(v) for v in x]}

    derivative, found = gw.grad(f, has_aux=True, method="exact")(np.array([1.0, 2.0]))
    np.testing.assert_allclose(derivative, [2.0, 4.0])
    assert found["length"] == 1.0
    assert found["all"] == [1.0, 2.0]
    assert all(isinstance(v, float) for v in found["all"])


def test_texts_show_what_the_class_says() -> None:
    shown = []

    def f(x):
        m = Meters(x[0])
        shown.append((str(m), f"{m}", f"{m:.1f}", f"{m.feet:.2f}", "%s" % m))
        return m * x[0]

    assert gw.grad(f, method="exact")(np.array([2.0]))[0] == 4.0
    assert set(shown) == {("2.000 m", format(Meters(2.0), ""), "2.0", "6.56", "2.000 m")}


def test_copies() -> None:
    def f(x):
        t = Tagged(x[0], tag="k")
        other, deep = copy.copy(t), copy.deepcopy(t)
        return other * deep.twice + (1.0 if other.tag == deep.tag == "k" else x[0])

    assert gw.grad(f)(np.array([1.5]))[0] == pytest.approx(6.0)


def test_a_compiled_function_that_asks_for_a_float_is_refused() -> None:
    def f(x):
        return struct.unpack("d", struct.pack("d", Plain(x[0])))[0] + x[0]

    with pytest.raises(gw.errors.TracingError, match="plain float"):
        gw.grad(f, method="exact")(np.array([0.7]))


def test_what_the_class_says_of_conversions() -> None:
    class Own(float):
        __slots__ = ("note",)

        def __abs__(self):
            return self * 7.0

        def __bool__(self):
            return False

        def __round__(self, digits=None):
            return self * 11.0

    def f(x):
        o = Own(x[0])
        o.note = x[1] * 2.0
        total = float(o) + math.sin(o) + abs(o) + round(o, 2) + (x[1] if o else o.note)
        total += o
        o *= 2.0
        return total * o

    x, h = np.array([0.3, 0.8]), 1e-6
    expected = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(gw.grad(f, method="exact")(x), expected, rtol=1e-7)


def test_a_class_that_says_itself_which_number_it_is_is_not_followed() -> None:
    class Twofold(float):
        def __float__(self):
            return 3.0 * super().__add__(1.0)

    def f(x):
        o = Twofold(x[0])
        return float(o) + math.sin(o) + x[1] * o  # 3 x + 3, x, 3 x + 3

    x, h = np.array([0.3, 0.8]), 1e-6
    expected = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(2)]
    with pytest.raises(gw.errors.TracingError):
        gw.grad(f, method="exact")(x)
    with pytest.warns(gw.errors.NumericalFallbackWarning):
        np.testing.assert_allclose(gw.grad(f)(x), expected, rtol=1e-7)


def test_derivatives_within_derivatives() -> None:
    def f(x):
        inner = gw.grad(lambda y: Angle(y).sin() * Plain(x[0]) * y)
        return Plain(inner(x[1])) * Plain(x[0])

    a, b = 0.4, 0.9
    slope = math.cos(b) * b + math.sin(b)
    expected = [2 * a * slope, a * a * (2 * math.cos(b) - b * math.sin(b))]
    np.testing.assert_allclose(gw.grad(f, method="exact")(np.array([a, b])), expected, rtol=1e-12)


def test_an_error_leaves_nothing_behind() -> None:
    kept = []

    def f(x):
        kept.append(Positive(x[0] + 1.0))
        return Positive(-x[0])

    for _ in range(3):
        with pytest.raises(ValueError, match="positive"):
            gw.grad(f, method="exact")(np.array([1.0]))
    assert all(type(one) is Positive and one == 2.0 for one in kept)


def test_classes_may_change_between_calls() -> None:
    class Length(float):
        def scaled(self):
            return self * 2.0

    derivative, x = gw.grad(lambda x: Length(x[0]).scaled() * x[0], method="exact"), np.array([3.0])
    for _ in range(5):
        assert derivative(x)[0] == 12.0
    Length.scaled = lambda self: self * 5.0
    assert derivative(x)[0] == 30.0
    Length.__mul__ = lambda self, other: Length(float(self) + other)
    assert derivative(x)[0] == 2.0  # (x + 5) + x


# --- arguments of these classes -------------------------------------------------------------------------------------------------------


class Threefold(float):
    def __mul__(self, other):
        return 3.0 * float(self) * float(other)

    def squared(self):
        return self * self


class Fivefold(np.float64):
    def __mul__(self, other):
        return Fivefold(np.float64(self) * float(other) * 5.0)


@pytest.mark.parametrize("method", ["exact", "numerical", "auto"])
def test_an_argument_keeps_its_class(method: str) -> None:
    value, slope = gw.value_and_grad(Threefold.squared, method=method)(Threefold(2.0))
    assert (value, slope) == (12.0, pytest.approx(12.0, rel=1e-9))
    value, slope = gw.value_and_grad(lambda q: q * q, method=method)(Fivefold(2.0))
    assert (value, slope) == (20.0, pytest.approx(20.0, rel=1e-9))
    slope = gw.grad(lambda z: z.power * 2.0, method=method)(Phasor(1.0, 2.0))
    assert slope == pytest.approx(gw.grad(lambda z: abs(z) ** 2 * 2.0)(1.0 + 2.0j), rel=1e-9)
    tagged = Tagged(1.5, tag="k")
    assert gw.grad(lambda t: t * t * (2.0 if t.tag == "k" else 1.0), method=method)(tagged) == pytest.approx(
        6.0, rel=1e-9
    )


def test_arguments_of_the_class_in_containers_and_beside() -> None:
    def f(p, x):
        return p["m"].squared() * x + p["n"] * x**2

    p = {"m": Threefold(2.0), "n": 1.5}
    found = gw.grad(f, method="exact")(p, 3.0)
    assert found == {"m": 36.0, "n": 9.0}
    assert gw.grad(f, argnums=1, method="exact")(p, 3.0) == 21.0
    assert gw.hessian(lambda m: m.squared() * m.real, method="exact")(Threefold(2.0)) == pytest.approx(36.0)
