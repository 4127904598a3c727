"""The transforms of np.fft: all fourteen with all their arguments, real and complex, both precisions."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

from .laws import check_function

RNG = np.random.default_rng(5)
REAL = RNG.standard_normal((3, 4))
COMPLEX = REAL + 1j * RNG.standard_normal((3, 4))

COMPLEX_LINE = ("fft", "ifft", "hfft", "irfft")
REAL_LINE = ("rfft", "ihfft")
COMPLEX_MANY = ("fft2", "ifft2", "fftn", "ifftn", "irfft2", "irfftn")
REAL_MANY = ("rfft2", "rfftn")

LINE_OPTIONS = (
    {},
    {"n": 6},
    {"n": 3},
    {"n": 5, "axis": 0},
    {"axis": 0, "norm": "ortho"},
    {"norm": "forward"},
    {"n": 1},
)
MANY_OPTIONS = (
    {},
    {"s": (2, 6), "axes": (0, 1)},
    {"s": (5, 3), "axes": (-2, -1), "norm": "ortho"},
    {"axes": (1, 0)},
    {"axes": (0,), "norm": "forward"},
    {"s": (5,), "axes": (0,)},
    {"s": (-1, 3), "axes": (0, 1)},
)

CASES = {
    **{
        f"{name}-{k}-{kind}": (name, options, x)
        for names, choices in ((COMPLEX_LINE + REAL_LINE, LINE_OPTIONS), (COMPLEX_MANY + REAL_MANY, MANY_OPTIONS))
        for name in names
        for k, options in enumerate(choices)
        for kind, x in (("real", REAL), ("complex", COMPLEX))
        if kind == "real" or name not in REAL_LINE + REAL_MANY
    },
}


def transform(name, options):
    return lambda x: getattr(np.fft, name)(x, **options)


@pytest.mark.parametrize("case", sorted(CASES))
def test_laws(case):
    name, options, x = CASES[case]
    check_function(transform(name, options), x, order=1, rtol=1e-8)


@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
@pytest.mark.parametrize("axes", [None, 0, (0, 1), -1])
def test_shifts(name, axes):
    check_function(lambda x: getattr(np.fft, name)(x, axes), REAL, order=1)


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "fftn", "rfftn", "irfftn"])
def test_the_derivative_of_a_linear_map_is_the_map(name):
    x, u = RNG.standard_normal((2, 3, 8))
    function = getattr(np.fft, name)
    value, tangent = gw.jvp(function, (x,), (u,))
    np.testing.assert_array_equal(value, function(x))
    np.testing.assert_allclose(tangent, function(u), rtol=1e-14, atol=1e-14)


def test_parseval_gives_the_gradient_in_closed_form():
    """Σ|F x|² = n Σ x², so its gradient is 2 n x; with norm="ortho" 2 x."""
    x = RNG.standard_normal(7)
    np.testing.assert_allclose(gw.grad(lambda v: np.sum(np.abs(np.fft.fft(v)) ** 2))(x), 14 * x, rtol=1e-13)
    np.testing.assert_allclose(
        gw.grad(lambda v: np.sum(np.abs(np.fft.fft(v, norm="ortho")) ** 2))(x), 2 * x, rtol=1e-13
    )
    np.testing.assert_allclose(gw.hessian(lambda v: np.sum(np.abs(np.fft.fft(v)) ** 2))(x), 14 * np.eye(7), atol=1e-12)


def test_second_order_through_a_spectrum():
    check_function(lambda x: np.abs(np.fft.rfft(x * x)) ** 2, REAL, order=2)


def test_convolution_theorem():
    """The derivative of a circular convolution in its second operand is circular correlation."""
    a, b, c = RNG.standard_normal((3, 6))

    def convolved(v):
        return np.fft.irfft(np.fft.rfft(a) * np.fft.rfft(v), 6)

    expected = np.array([np.sum(c * np.roll(a, k)) for k in range(6)])
    np.testing.assert_allclose(gw.grad(lambda v: c @ convolved(v))(b), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["fft", "rfft", "irfft", "fftn"])
def test_single_precision_stays_single(name):
    x = REAL.astype(np.float32)
    function = getattr(np.fft, name)
    value, tangent = gw.jvp(function, (x,), (x,))
    assert value.dtype == tangent.dtype == function(x).dtype
    gradient = gw.grad(lambda v: np.sum(np.abs(function(v)) ** 2))(x)
    assert gradient.dtype == np.float32


def test_repeated_axes_transform_twice():
    check_function(lambda x: np.fft.fftn(x, axes=(1, 1)), REAL, order=1)


def test_frequencies_are_plain_numbers_and_scale_the_traced_step():
    grad = gw.grad(lambda d: np.sum(np.fft.fftfreq(5)[:3] / d))(0.5)
    np.testing.assert_allclose(grad, -np.sum(np.fft.fftfreq(5)[:3]) / 0.25, rtol=1e-14)


def test_bad_arguments_raise_as_in_numpy():
    with pytest.raises(ValueError, match="norm"):
        gw.grad(lambda x: np.sum(np.fft.rfft(x, norm="other").real))(REAL)
    with pytest.raises(ValueError, match="Invalid number of FFT data points"):
        gw.grad(lambda x: np.sum(np.fft.fft(x, n=0).real))(REAL)
    with pytest.raises(TypeError, match="real array is required"):
        gw.jvp(np.fft.rfft, (COMPLEX,), (COMPLEX,))


def test_out_receives_the_result():
    def function(x):
        out = np.zeros_like(x, dtype=complex)
        np.fft.fft(x, out=out)
        return np.sum(np.abs(out) ** 2)

    x = REAL[0]
    np.testing.assert_allclose(gw.grad(function)(x), 2 * 4 * x, rtol=1e-13)
