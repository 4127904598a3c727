"""What NumPy asks of objects of the user's beside operators: methods by the names of its functions, however the object gives them, and numbers by ``float``."""

import math

import numpy as np
import pytest

import gradwise as gw


class Dual:
    """A value and a slope whose functions are found by ``__getattr__``."""

    def __init__(self, value, slope):
        self.value, self.slope = value, slope

    def __getattr__(self, name):
        if name not in {"exp", "sin"}:
            raise AttributeError(name)
        slope = {"exp": math.exp, "sin": math.cos}[name]
        return lambda: Dual(getattr(math, name)(self.value), slope(self.value) * self.slope)


class Length:
    def __init__(self, value):
        self.value = value

    def __float__(self):
        return float(self.value)

    def hypot(self, other):
        return Length(math.hypot(self.value, other.value))

    def arctan2(self, other):
        return Length(math.atan2(self.value, other))


class Raised(Length):
    """Its power asks ``math``."""

    def __pow__(self, n):
        return Length(math.pow(self.value, n))


class Given(Length):
    """Its function is an attribute of the object."""

    def __init__(self, value):
        super().__init__(value)
        self.log = lambda: Length(math.log(self.value))


class WithSquare(Length):
    """NumPy multiplies where it squares."""

    def __mul__(self, other):
        return WithSquare(self.value * other.value)

    def square(self):
        raise AssertionError


FUNCTIONS = {
    "getattr": (lambda x: np.exp(Dual(x[0], 1.0)).slope * x[1], lambda a, b: [b * math.exp(a), math.exp(a)]),
    "getattr of entries": (
        lambda x: sum(d.slope for d in np.sin(np.array([Dual(x[0], 1.0), Dual(x[1], x[0])]))),
        lambda a, b: [-math.sin(a) + math.cos(b), -math.sin(b) * a],
    ),
    "attribute of the object": (lambda x: np.log(Given(x[0])).value * x[1], lambda a, b: [b / a, math.log(a)]),
    "of two": (
        lambda x: np.hypot(Length(x[0]), Length(x[1])).value,
        lambda a, b: [a / math.hypot(a, b), b / math.hypot(a, b)],
    ),
    "of two arrays": (
        lambda x: np.hypot(np.array([Length(x[0]), Length(1.0)]), np.array([Length(x[1])]))[1].value,
        lambda a, b: [0.0, b / math.hypot(1, b)],
    ),
    "beside a number": (
        lambda x: np.arctan2(Length(x[0]), 2.0).value * x[1],
        lambda a, b: [b * 2 / (4 + a * a), math.atan2(a, 2)],
    ),
    "squared": (lambda x: np.square(WithSquare(x[0])).value + x[1], lambda a, b: [2 * a, 1.0]),
    "powers of entries": (
        lambda x: (
            (np.array([Raised(x[0]), Raised(x[1])]) ** 3)[1].value + (np.array([[Raised(x[0])]]) ** 2)[0, 0].value
        ),
        lambda a, b: [2 * a, 3 * b * b],
    ),
    "numbers": (
        lambda x: np.array([Length(x[0]), [Length(x[1])][0], 2.0], dtype=float).prod(),
        lambda a, b: [2 * b, 2 * a],
    ),
    "rows of numbers": (
        lambda x: np.asarray([[Length(x[0])], (Length(x[1]),)], float)[1, 0] ** 2,
        lambda a, b: [0.0, 2 * b],
    ),
    "astype": (lambda x: np.array([Length(x[0]), Length(x[1])]).astype(float).prod(), lambda a, b: [b, a]),
    "array of objects": (
        lambda x: np.array(np.array([Length(x[0]), Length(x[1])]), dtype=np.float64)[0] ** 3,
        lambda a, b: [3 * a * a, 0],
    ),
}


@pytest.mark.parametrize("method", ["auto", "exact"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_objects_that_numpy_asks(name, method):
    f, slope = FUNCTIONS[name]
    x = np.array([0.7, 1.3])
    value, gradient = gw.value_and_grad(f, method=method)(x)
    assert value == f(x)
    np.testing.assert_allclose(gradient, slope(*x), rtol=1e-13, atol=1e-15)
