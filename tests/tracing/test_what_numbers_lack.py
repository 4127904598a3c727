"""A traced number lacks what the number it stands for lacks: code asks by handlers whether it was given a float, a number of NumPy's or an array."""

import numpy as np
import pytest

import gradwise as gw


def first_length(v):
    try:
        n = v.shape[0]
    except AttributeError:
        n = 3
    return n * v * v


def as_it_stands(v):
    try:
        w = v.T
    except AttributeError:
        return 5.0 * v
    return w * v


def by_method(v):
    try:
        return v.sum() * v
    except AttributeError:
        return v * v * v


def converted(x):
    return first_length(float(x[0])) + by_method(float(x[1])) + by_method(x[1:])


@pytest.mark.parametrize(
    ("f", "x", "slope"), [(first_length, 2.0, 12.0), (as_it_stands, 2.0, 5.0), (by_method, 2.0, 12.0)]
)
def test_a_float_lacks_what_arrays_have(f, x, slope):
    derivative = gw.derivative(f, method="exact")
    for _ in range(5):
        assert derivative(x) == slope


def test_a_number_of_numpys_has_it():
    assert gw.derivative(as_it_stands, method="exact")(np.float64(2.0)) == 4.0
    assert gw.derivative(by_method, method="exact")(np.float64(2.0)) == 4.0
    with pytest.raises(IndexError):
        gw.derivative(first_length, method="exact")(np.float64(2.0))


def test_a_converted_number_is_a_float():
    # 3 a² + b³ + b²
    gradient = gw.grad(lambda x: np.sum(converted(x)), method="exact")
    for _ in range(5):
        np.testing.assert_allclose(gradient(np.array([1.5, 2.0])), [9.0, 16.0])


@pytest.mark.parametrize("f", [lambda v: v.sum() * 2, lambda v: v.T * v, lambda v: (v * 2).item()])
def test_without_a_handler_the_error_is_that_of_the_plain_call(f):
    with pytest.raises(AttributeError):
        f(1.0)
    for _ in range(3):
        with pytest.raises(AttributeError, match="'float' object has no attribute"):
            gw.grad(f)(1.0)


def test_a_number_of_numpys_has_no_dot():
    def f(x):
        try:
            return x[0].dot(x[1])
        except AttributeError:
            return x[0] * x[1] ** 2

    np.testing.assert_allclose(gw.grad(f, method="exact")(np.array([2.0, 3.0])), [9.0, 12.0])


@pytest.mark.parametrize("other", [None, "a"])
def test_no_entry_of_an_array_is_none_or_a_text(other):
    seen = []

    def f(x):
        same, different = x == other, x != other
        seen.append((same.shape, same.dtype, same.any(), different.all()))
        return np.sum(np.where(same, 0.0, x) ** 2)

    np.testing.assert_allclose(gw.grad(f, method="exact")(np.array([1.0, 3.0])), [2.0, 6.0])
    assert set(seen) == {((2,), np.dtype(bool), False, True)}
