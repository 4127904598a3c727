"""Results have the precision of what they belong to, and functions of numbers of 32 bits are compared with the precision of those."""

import warnings

import numpy as np
import pytest
import scipy.ndimage
import scipy.optimize

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


@pytest.mark.parametrize(
    ("function", "slopes"),
    [
        (lambda x: scipy.optimize.brentq(lambda t: t**3 + x[0] * t - x[1], -5, 5), (-1, 1)),
        (lambda x: scipy.optimize.root_scalar(lambda t: t**3 + x[0] * t - x[1], bracket=(-5, 5)).root, (-1, 1)),
        (lambda x: scipy.optimize.newton(lambda t: t**3 + x[0] * t - x[1], x[0]), (-1, 1)),
    ],
    ids=["brentq", "root_scalar", "newton"],
)
def test_roots_of_equations_with_parameters_of_32_bits(function, slopes):
    """t³ + a t = b has ∂t/∂a = −t/(3t² + a) and ∂t/∂b = 1/(3t² + a)."""
    x = np.array([1.0, 0.7], np.float32)
    t = np.roots([1, 0, 1.0, -0.7])
    t = t[np.abs(t.imag) < 1e-9].real[0]
    slope = gw.grad(function, method="exact")(x)
    assert slope.dtype == np.float32
    np.testing.assert_allclose(slope, np.array([slopes[0] * t, slopes[1]]) / (3 * t**2 + 1), rtol=1e-5)
    second = 6 * t * slope[1] ** 2 / -(3 * t**2 + 1)
    np.testing.assert_allclose(gw.hessian(function)(x)[1, 1], second, rtol=1e-4)


def test_an_image_at_points_of_32_bits():
    image = np.arange(9.0).reshape(3, 3)

    def f(x):
        return scipy.ndimage.map_coordinates(image, [x, x], order=1).sum()

    slopes = gw.grad(f, method="exact")(np.array([1.3, 0.7], np.float32))
    np.testing.assert_allclose(slopes, [4.0, 4.0], rtol=1e-6)  # the image is 3 i + j
