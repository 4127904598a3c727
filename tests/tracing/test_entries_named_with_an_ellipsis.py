"""``d[..., 0] = v``: the place of one entry is an array without axes there, into which NumPy writes an array of one number."""

import warnings

import numpy as np
import pytest

import gradwise as gw


@pytest.mark.parametrize("shape", [(1,), (2, 2), (3,)])
@pytest.mark.parametrize("key", [(..., 0), (0, ...), (..., -1), ...], ids=str)
def test_an_array_of_one_number_is_written_into_an_entry_with_an_ellipsis(shape, key):
    def f(x):
        d = np.ones(shape)
        d[key] = x[:1] ** 3
        return np.sum(d * np.arange(1.0, d.size + 1).reshape(shape))

    x = np.array([1.2, 3.3])
    touched = np.zeros(shape)
    touched[key] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gradient = gw.grad(f)(x)
    slope = np.sum(touched * np.arange(1.0, touched.size + 1).reshape(shape))
    np.testing.assert_allclose(gradient, [3 * x[0] ** 2 * slope, 0.0])
