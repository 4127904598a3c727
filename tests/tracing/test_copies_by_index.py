"""Keys that look like basic ones and make a copy: a position that is an array of rank 0."""

import numpy as np
import pytest

import gradwise as gw

X = np.arange(24.0).reshape(2, 3, 4) + 1
ONE = np.array(1)
KEYS = {
    "one position": ONE,
    "after an ellipsis": (..., ONE),
    "beside slices": (slice(None), ONE, slice(1, None)),
    "beside a number": (ONE, slice(None), 2),
    "of 32 bits": (..., np.array(1, np.int32)),
    "a number of NumPy's is none": (..., np.int64(1)),
    "a plain number is none": (..., 1),
}


@pytest.mark.filterwarnings("error::gradwise.NumericalFallbackWarning")
@pytest.mark.parametrize("name", KEYS)
def test_writes_into_the_result(name):
    key = KEYS[name]

    def f(x):
        y = x * 1
        part = y[key]
        part *= 2
        return np.sum(y * x) + np.sum(part)

    y, z = np.zeros(X.shape), np.zeros(X.shape)
    part = y[key]
    part += 1  # where the write is felt
    z[key] = 1
    np.testing.assert_allclose(gw.grad(f)(X), 2 * X * (1 + y) + 2 * z)
    assert f(X) == gw.value_and_grad(f)(X)[0]


@pytest.mark.filterwarnings("error::gradwise.NumericalFallbackWarning")
def test_one_number_in_brackets_into_an_array_of_rank_zero():
    def f(x):
        y = np.array(x[0])
        y[...] = x[1:] ** 2
        return y * x[0]

    np.testing.assert_allclose(gw.grad(f)(np.array([2.0, 3.0])), [9.0, 12.0])
