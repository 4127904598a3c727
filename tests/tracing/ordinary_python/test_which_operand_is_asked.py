"""Which of two objects of the user's is asked for a binary operator first, as Python does it."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw


class Length:
    def __init__(self, a):
        self.a = a

    def __mul__(self, o):
        return Length(self.a * (o.a if isinstance(o, Length) else o) + 1.0)

    def __rmul__(self, o):
        return Length((o.a if isinstance(o, Length) else o) * self.a + 10.0)


class Forward(Length):
    def __mul__(self, o):
        return Length(self.a * (o.a if isinstance(o, Length) else o) + 100.0)


class Backward(Length):
    def __rmul__(self, o):
        return Length((o.a if isinstance(o, Length) else o) * self.a + 1000.0)


class Both(Forward, Backward):
    pass


class Neither(Length):
    pass


class OfFloat(float):
    def __rmul__(self, o):
        return float(self) * float(o) + 7.0


CLASSES = [Length, Forward, Backward, Both, Neither]


@pytest.mark.parametrize("left", CLASSES)
@pytest.mark.parametrize("right", CLASSES)
def test_a_derived_class_goes_first_where_it_has_another_reflected_method(left, right) -> None:
    """Asked for another method of any kind, a derived class on the right went first: the value of another product, silently where a global had changed."""

    def f(x):
        there, made = left(2.0), right(x[1])
        return (there * made).a * x[0] + (left(x[0]) * right(0.5)).a + (x[0] * made).a + (made * there).a

    x = np.array([1.5, 0.7])
    value, gradient = gw.value_and_grad(f, method="exact", check=False, pure=False)(x)
    assert value == pytest.approx(f(x), rel=1e-14)
    np.testing.assert_allclose(gradient, differences(f, x), rtol=1e-7)


def test_a_number_of_ones_own_goes_first() -> None:
    def f(x):
        return float(x[0]) * OfFloat(2.0) + 3.0 * OfFloat(0.5) * float(x[1])

    x = np.array([1.5, 0.7])
    value, gradient = gw.value_and_grad(f, method="exact", check=False, pure=False)(x)
    assert value == pytest.approx(f(x), rel=1e-14)
    np.testing.assert_allclose(gradient, differences(f, x), rtol=1e-7)


def differences(f, x, step=1e-6):
    return np.array([(f(x + step * e) - f(x - step * e)) / (2 * step) for e in np.eye(x.size)])
