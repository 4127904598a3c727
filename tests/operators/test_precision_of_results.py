"""Results have the precision of what they belong to, and functions of numbers of 32 bits are compared with the precision of those."""

import warnings

import numpy as np
import pytest

import gradwise as gw

X = np.linspace(0.3, 1.4, 5).astype(np.float32)


def cubes(x):
    return np.sum(x**3)


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
@pytest.mark.parametrize("method", ["exact", "numerical"])
def test_32_bits_stay(method):
    results = [
        (gw.grad(cubes, method=method)(X), 3 * X**2),
        (gw.jacobian(lambda x: x * x, method=method)(X), np.diag(2 * X)),
        (gw.hessian(cubes, method=method)(X), np.diag(6 * X)),
        (gw.hvp(cubes, method=method)(X, X), 6 * X**2),
        (gw.jvp(lambda x: x * x, (X,), (X,), method=method)[1], 2 * X**2),
        (gw.vjp(lambda x: x * x, X, method=method)[1](X)[0], 2 * X**2),
        (gw.grad(lambda p: cubes(p["a"]), method=method)({"a": X})["a"], 3 * X**2),
    ]
    for result, truth in results:
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, truth, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("method", ["exact", "numerical"])
def test_a_result_of_64_bits_has_a_jacobian_of_64(method):
    assert gw.jacobian(lambda x: x * np.arange(5.0), method=method)(X).dtype == np.float64


@pytest.mark.parametrize("seed", range(6))
def test_64_bits_of_what_was_rounded_to_32(seed):
    """The weighted histogram is of 64 bits and sums numbers of 32 in another order than the trace."""
    x = np.random.default_rng(seed).normal(size=12).astype(np.float32)

    def f(x):
        return np.sum(np.histogram(x, weights=x)[0] * np.cos(np.arange(10.0))) + 1.1357 * np.emath.power(x[0] ** 2, 0.3)

    with warnings.catch_warnings():
        warnings.simplefilter("error", gw.NumericalFallbackWarning)
        gw.grad(f)(x)
