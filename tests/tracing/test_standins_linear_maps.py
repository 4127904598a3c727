"""Filters of images, resampling and rank filters on traced arrays: SciPy's value, and the derivative against differences of SciPy's own function."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
import scipy.ndimage
import scipy.signal
import scipy.special

import gradwise as gw

IMAGE = np.array([[0.3, -1.2, 0.7, 2.0], [1.1, 0.4, -0.5, 0.9], [-0.8, 1.6, 0.2, -1.4]])
LINE = np.array([0.3, -1.2, 0.7, 2.0, 1.1, 0.4, -0.5, 0.9])
KERNEL = np.array([[0.1, 0.5, -0.2], [0.3, 1.0, 0.4], [0.0, -0.6, 0.2]])

ALONG_A_LINE = {
    "resample": lambda x: scipy.signal.resample(x, 11),
    "resample_poly": lambda x: scipy.signal.resample_poly(x, 3, 2),
    "decimate": lambda x: scipy.signal.decimate(np.tile(x, 5), 2),
    "upfirdn": lambda x: scipy.signal.upfirdn([0.5, 1.0, -0.3], x, 2),
    "czt": lambda x: np.abs(scipy.signal.czt(x)) ** 2,
    "zoom_fft": lambda x: np.real(scipy.signal.zoom_fft(x, 0.5)),
    "stft": lambda x: np.abs(scipy.signal.stft(x, nperseg=4)[2]) ** 2,
    "lsim": lambda x: scipy.signal.lsim(([1.0], [1.0, 1.0]), x, np.arange(8.0))[1],
    "sosfilt of constants": lambda x: scipy.signal.sosfilt(np.array([[1.0, 0.2, 0.1, 1.0, 0.3, 0.1]]), x),
    "medfilt": lambda x: scipy.signal.medfilt(x, 3),
    "spline_filter1d": lambda x: scipy.ndimage.spline_filter1d(x, 3),
    "sum_labels": lambda x: scipy.ndimage.sum_labels(x, [0, 1, 1, 2, 2, 2, 0, 1], [1, 2]),
    "mean": lambda x: scipy.ndimage.mean(x, [0, 1, 1, 2, 2, 2, 0, 1], [1, 2]),
    "maximum_filter1d": lambda x: scipy.ndimage.maximum_filter1d(x, 3),
    "minimum_filter1d": lambda x: scipy.ndimage.minimum_filter1d(x, 3, mode="wrap"),
    "spherical_jn": lambda x: scipy.special.spherical_jn(2, x),
    "spherical_in": lambda x: scipy.special.spherical_in(1, x, derivative=True),
}
OF_AN_IMAGE = {
    "dctn": lambda x: scipy.fft.dctn(x, norm="ortho"),
    "idctn": scipy.fft.idctn,
    "dstn": lambda x: scipy.fft.dstn(x, type=1),
    "uniform_filter": lambda x: scipy.ndimage.uniform_filter(x, 3),
    "convolve": lambda x: scipy.ndimage.convolve(x, KERNEL, mode="mirror"),
    "convolve with a border value": lambda x: scipy.ndimage.convolve(x, KERNEL, mode="constant", cval=2.0),
    "correlate, an array made inside": lambda x: scipy.ndimage.correlate(x, np.array([[0.2, 1.0, -0.3]])),
    "sobel": lambda x: scipy.ndimage.sobel(x, axis=0),
    "prewitt": scipy.ndimage.prewitt,
    "laplace": scipy.ndimage.laplace,
    "gaussian_laplace": lambda x: scipy.ndimage.gaussian_laplace(x, sigma=1.0),
    "shift": lambda x: scipy.ndimage.shift(x, (0.3, -0.6)),
    "zoom": lambda x: scipy.ndimage.zoom(x, 1.5, order=1),
    "rotate": lambda x: scipy.ndimage.rotate(x, 30.0, reshape=False),
    "affine_transform": lambda x: scipy.ndimage.affine_transform(x, np.diag([0.9, 1.1])),
    "map_coordinates": lambda x: scipy.ndimage.map_coordinates(x, [[0.4, 1.2], [1.7, 2.2]]),
    "maximum_filter": lambda x: scipy.ndimage.maximum_filter(x, 3),
    "minimum_filter": lambda x: scipy.ndimage.minimum_filter(x, size=(2, 3), mode="nearest"),
    "median_filter": lambda x: scipy.ndimage.median_filter(x, 3),
    "percentile_filter": lambda x: scipy.ndimage.percentile_filter(x, 30, 3),
    "rank_filter": lambda x: scipy.ndimage.rank_filter(x, 2, 3),
    "grey_dilation": lambda x: scipy.ndimage.grey_dilation(x, 3),
    "grey_erosion": lambda x: scipy.ndimage.grey_erosion(x, size=(3, 3)),
}
CASES = {**{k: (f, LINE) for k, f in ALONG_A_LINE.items()}, **{k: (f, IMAGE) for k, f in OF_AN_IMAGE.items()}}


def central(f, x, u, h=1e-4):
    return (8 * (f(x + h * u) - f(x - h * u)) - (f(x + 2 * h * u) - f(x - 2 * h * u))) / (12 * h)


@pytest.mark.parametrize("name", sorted(CASES))
def test_value_tangent_and_cotangent(name):
    f, x = CASES[name]
    rng = np.random.default_rng(3)
    u = rng.standard_normal(x.shape)
    value, tangent = gw.jvp(f, (x,), (u,), method="exact")
    expected = f(x)
    assert value.dtype == expected.dtype
    np.testing.assert_array_equal(value, expected)
    np.testing.assert_allclose(tangent, central(f, x, u), rtol=1e-8, atol=1e-9)
    bar = rng.standard_normal(expected.shape).astype(expected.dtype)
    _, pullback = gw.vjp(f, x, method="exact")
    (cotangent,) = pullback(bar) if isinstance(pullback(bar), tuple) else (pullback(bar),)
    np.testing.assert_allclose(np.sum(cotangent * u), np.sum(np.real(np.conj(bar) * tangent)), rtol=1e-10)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, w: scipy.ndimage.convolve(x, w),
        lambda x, w: scipy.ndimage.correlate(x, w, mode="constant", cval=1.5),
        lambda x, w: scipy.ndimage.convolve1d(x, w[0], axis=0),
        lambda x, w: scipy.ndimage.correlate1d(x, w[1], origin=1),
        lambda x, w: scipy.signal.upfirdn(w[0], x[0], 2, 1),
    ],
)
def test_traced_weights(f):
    rng = np.random.default_rng(5)
    u, v = rng.standard_normal(IMAGE.shape), rng.standard_normal(KERNEL.shape)
    value, tangent = gw.jvp(f, (IMAGE, KERNEL), (u, v), method="exact")
    np.testing.assert_array_equal(value, f(IMAGE, KERNEL))
    np.testing.assert_allclose(
        tangent, central(lambda t: f(IMAGE + t * u, KERNEL + t * v), 0.0, 1.0), rtol=1e-8, atol=1e-9
    )
    only = gw.jvp(lambda w: f(IMAGE, w), (KERNEL,), (v,), method="exact")[1]
    np.testing.assert_allclose(only, central(lambda t: f(IMAGE, KERNEL + t * v), 0.0, 1.0), rtol=1e-8, atol=1e-9)
    second = gw.jvp(lambda w: gw.grad(lambda x: np.sum(f(x, w) ** 2))(IMAGE), (KERNEL,), (v,), method="exact")[1]
    differences = central(lambda t: gw.grad(lambda x: np.sum(f(x, KERNEL + t * v) ** 2))(IMAGE), 0.0, 1.0)
    np.testing.assert_allclose(second, differences, rtol=1e-7, atol=1e-8)


def test_another_point_has_another_choice():
    gradient = gw.grad(lambda x: np.sum(scipy.ndimage.maximum_filter(x, 3) * np.arange(8.0)), method="exact")
    for x in (LINE, -LINE, LINE[::-1].copy()):
        differences = [
            central(lambda y: np.sum(scipy.ndimage.maximum_filter(y, 3) * np.arange(8.0)), x, e) for e in np.eye(8)
        ]
        np.testing.assert_allclose(gradient(x), differences, atol=1e-9)


def test_what_is_refused():
    with pytest.raises(gw.TracingError, match="zoom with traced parameters"):
        gw.grad(lambda s: np.sum(scipy.ndimage.zoom(IMAGE, (s, 1.0))), method="exact")(1.3)
    with pytest.raises(gw.TracingError, match="pad the array"):
        gw.grad(lambda x: np.sum(scipy.ndimage.grey_dilation(x, structure=KERNEL)), method="exact")(IMAGE)
    with pytest.raises(gw.TracingError, match="entries of its matrix"):
        gw.grad(lambda x: np.sum(scipy.ndimage.laplace(x)), method="exact")(np.ones((80, 80)))


@pytest.mark.parametrize("name", ["spherical_jn", "spherical_yn", "spherical_in", "spherical_kn"])
def test_spherical_functions_have_whole_orders(name):
    # of an order 1.9 the value was that of 1, and the derivative that of 1.9
    f = getattr(scipy.special, name)
    found = gw.derivative(lambda z: f(1.9, z) + f(1.9, z, derivative=True))(0.7)
    np.testing.assert_allclose(found, gw.derivative(lambda z: f(1, z) + f(1, z, derivative=True))(0.7), rtol=1e-13)


def test_spherical_functions_at_zero():
    for n, expected in ((0, -1 / 3), (1, 0.0), (2, 2 / 15)):
        second = gw.derivative(lambda z, n=n: scipy.special.spherical_jn(n, z), order=2)(0.0)
        np.testing.assert_allclose(second, expected, atol=1e-15)
