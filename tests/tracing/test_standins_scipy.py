"""``scipy.spatial.distance``, ``scipy.integrate``, ``scipy.fft``, ``scipy.signal`` and ``scipy.ndimage`` on traced arrays."""

import types

import numpy as np
import pytest
import scipy.fft
import scipy.integrate
import scipy.ndimage
import scipy.signal
import scipy.spatial.distance
import scipy.special
from standing_in import watched

import gradwise as gw
from gradwise.tracing.standins import STAND_INS

MODULES = {
    name: (getattr(scipy, name), f"scipy.{name}") for name in ("integrate", "fft", "signal", "ndimage", "special")
} | {"distance": (scipy.spatial.distance, "scipy.spatial.distance")}


def plain(name):
    return MODULES[name][0]


def ours(name):
    module, path = MODULES[name]
    functions = {k: getattr(module, k) for k in dir(module) if not k.startswith("__")}
    return types.SimpleNamespace(**functions | STAND_INS[path])


RNG = np.random.default_rng(5)
P, Q = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 3))
V = RNG.normal(size=7)
IMAGE = RNG.normal(size=(5, 6))
W = RNG.normal(size=(400,))


def scalar(y):
    y = np.ravel(y)
    total = np.sum(W[: y.size] * y)
    return np.real(total) + 0.3 * np.imag(total)


def check(f, x, tolerance=1e-8, linear=False):
    want = f(plain, x.copy())
    kept = []

    def run(x):
        y = watched(lambda x: f(ours, x))(x)
        kept.append(y)
        return scalar(y)

    value, pulled = gw.value_and_grad(run, method="exact")(x)
    got = np.asarray(kept[0])
    np.testing.assert_array_equal(got, want)
    assert got.dtype == np.asarray(want).dtype
    assert value == scalar(want)
    # as users write it: the instrumented copy finds the stand-ins itself
    again = gw.value_and_grad(lambda x: scalar(f(plain, x)), method="exact")(x)
    assert again[0] == value
    np.testing.assert_array_equal(again[1], pulled)

    def slopes(h):
        return np.array(
            [
                (scalar(f(plain, x + h * e)) - scalar(f(plain, x - h * e))) / (2 * h)
                for e in np.eye(x.size).reshape(-1, *x.shape)
            ]
        )

    h = 1e-3
    wanted = ((4 * slopes(h / 2) - slopes(h)) / 3).reshape(x.shape)
    np.testing.assert_allclose(pulled, wanted, rtol=max(tolerance, 1e-9), atol=1e-9)
    u = np.cos(np.arange(x.size)).reshape(x.shape)
    np.testing.assert_allclose(gw.jvp(run, (x,), (u,), method="exact")[1], np.sum(pulled * u), rtol=1e-9, atol=1e-12)
    gradient = gw.grad(run, method="exact")
    wanted = (gradient(x + 1e-5 * u) - gradient(x - 1e-5 * u)) / 2e-5
    np.testing.assert_allclose(gw.hvp(run, method="exact")(x, u), wanted, rtol=1e-5, atol=1e-6)


# --- distances ------------------------------------------------------------------------------------------------------------------

METRICS = [
    "euclidean",
    "sqeuclidean",
    "cityblock",
    "chebyshev",
    "minkowski",
    "cosine",
    "correlation",
    "canberra",
    "braycurtis",
]


@pytest.mark.parametrize("metric", METRICS)
def test_distances(metric):
    check(lambda m, x: m("distance").cdist(x, Q, metric), P)
    check(lambda m, x: m("distance").cdist(P, x, metric=metric), Q)
    check(lambda m, x: m("distance").pdist(x, metric), P)
    check(lambda m, x: getattr(m("distance"), metric)(x[0], x[1] * 2), P)
    weights = [0.5, 2.0, 1.0]
    check(lambda m, x: getattr(m("distance"), metric)(x[0], x[1], w=weights), P)


DISTANCES = {
    "minkowski of order 3": (lambda m, x: m("distance").cdist(x, Q, "minkowski", p=3), P),
    "minkowski of order 1": (lambda m, x: m("distance").pdist(x, "minkowski", p=1), P),
    "minkowski without end": (lambda m, x: m("distance").minkowski(x[0], x[1], np.inf), P),
    "mahalanobis": (lambda m, x: m("distance").cdist(x, Q, "mahalanobis", VI=np.diag([1.0, 2, 3])), P),
    "mahalanobis of two": (lambda m, x: m("distance").mahalanobis(x[0], x[1], np.diag([1.0, 2, 3])), P),
    "seuclidean": (lambda m, x: m("distance").pdist(x, "seuclidean", V=[1.0, 2, 3]), P),
    "by an alias": (lambda m, x: m("distance").pdist(x, "cb"), P),
    "by a function": (lambda m, x: m("distance").cdist(x, Q, scipy.spatial.distance.euclidean), P),
    "squareform": (lambda m, x: m("distance").squareform(m("distance").pdist(x)), P),
    "squareform back": (lambda m, x: m("distance").squareform(x + x.T - np.diag(np.diag(x + x.T))), Q),
    "a kernel": (lambda m, x: np.exp(-(m("distance").cdist(x, x, "sqeuclidean")) / 2), P),
    "lists": (lambda m, x: m("distance").cdist([x[0], x[1]], [[0.0, 1.0, x[0, 0]]]), P),
}


@pytest.mark.parametrize("name", DISTANCES)
def test_distances_with_options(name):
    f, x = DISTANCES[name]
    check(f, x, tolerance=1e-7)


def test_equal_points_are_a_kink():
    def f(x):
        return np.sum(ours("distance").cdist(x, P) * W[:16].reshape(4, 4))

    with pytest.warns(gw.KinkWarning, match="norm"):
        derivative = gw.grad(watched(f), method="exact")(P)
    assert np.all(np.isfinite(derivative))
    always = gw.grad(watched(lambda x: np.sum(ours("distance").cdist(x, x * 1.0))), method="exact")(
        P
    )  # the diagonal stays 0: no kink
    np.testing.assert_allclose(
        always,
        2
        * gw.grad(
            lambda x: np.sum(np.sqrt(np.sum((x[[[0], [1], [2], [3]]] - P) ** 2, -1) + np.eye(4))), method="exact"
        )(P),
    )


def test_unknown_metrics_are_refused():
    with pytest.raises(gw.TracingError, match="jaccard"):
        gw.jacobian(watched(lambda x: ours("distance").pdist(x, "jaccard")), method="exact")(P)
    with pytest.raises(ValueError, match="columns"):
        gw.jacobian(watched(lambda x: ours("distance").cdist(x, np.ones((2, 2)))), method="exact")(P)


# --- integrals ------------------------------------------------------------------------------------------------------------------

T = np.array([0.0, 0.4, 1.1, 1.5, 2.3, 3.0, 3.2])
INTEGRALS = {
    "trapezoid": (lambda m, x: m("integrate").trapezoid(x**2), V),
    "trapezoid at": (lambda m, x: m("integrate").trapezoid(x**2, T), V),
    "trapezoid by": (lambda m, x: m("integrate").trapezoid(x**2, dx=x[0]), V),
    "trapezoid in": (lambda m, x: m("integrate").trapezoid(V, x**3), V),
    "trapezoid along": (lambda m, x: m("integrate").trapezoid(x, axis=0), IMAGE),
    "trapezoid of a list": (lambda m, x: m("integrate").trapezoid([x[0], x[1] ** 2, x[2]], [0, 1, 3]), V),
    "cumulative": (lambda m, x: m("integrate").cumulative_trapezoid(x**2, T), V),
    "cumulative from": (lambda m, x: m("integrate").cumulative_trapezoid(x, dx=0.5, axis=0, initial=0), IMAGE),
    "simpson odd": (lambda m, x: m("integrate").simpson(x**2), V),
    "simpson odd at": (lambda m, x: m("integrate").simpson(x**2, x=T), V),
    "simpson even": (lambda m, x: m("integrate").simpson(x[:6] ** 2, dx=0.3), V),
    "simpson even at": (lambda m, x: m("integrate").simpson(x[:6] ** 2, x=T[:6]), V),
    "simpson of two": (lambda m, x: m("integrate").simpson(x[:2] ** 2), V),
    "simpson of four": (lambda m, x: m("integrate").simpson(x[:4] ** 2, x=T[:4]), V),
    "simpson in": (lambda m, x: m("integrate").simpson(V[:6], x=np.cumsum(x[:6] ** 2 + 1)), V),
    "simpson along": (lambda m, x: m("integrate").simpson(x, axis=0), IMAGE),
    "simpson along at": (lambda m, x: m("integrate").simpson(x, x=T[:6], axis=1), IMAGE),
    "romb": (lambda m, x: m("integrate").romb(x[:5] ** 2, dx=x[0]), V),
    "cumulative simpson": (lambda m, x: m("integrate").cumulative_simpson(x**2, x=T, initial=0), V),
}


@pytest.mark.parametrize("name", INTEGRALS)
def test_integrals(name):
    check(*INTEGRALS[name])


# --- transforms, filters --------------------------------------------------------------------------------------------------------

SIGNALS = {
    **{
        name: (lambda m, x, name=name: getattr(m("fft"), name)(x * x[0]), V)
        for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
    },
    **{
        name: (lambda m, x, name=name: getattr(m("fft"), name)(x * x[0, 0]), IMAGE)
        for name in ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")
    },
    "fft of a length": (lambda m, x: m("fft").fft(x, 10, norm="ortho"), V),
    "fft along": (lambda m, x: m("fft").fft(x, axis=0), IMAGE),
    "fftn of a shape": (lambda m, x: m("fft").fftn(x, (4, 4)), IMAGE),
    "fft of complex numbers": (lambda m, x: m("fft").fft(x + 1j * x**2), V),
    "fftshift": (lambda m, x: m("fft").fftshift(x) * x[0], V),
    "dct": (lambda m, x: m("fft").dct(x**2), V),
    "dct of a type": (lambda m, x: m("fft").dct(x, 3, axis=0, norm="ortho"), IMAGE),
    "idct": (lambda m, x: m("fft").idct(x, 2, None, 0), IMAGE),
    "dst": (lambda m, x: m("fft").dst(x**2, type=1), V),
    "convolve": (lambda m, x: m("signal").convolve(x, x[:3] ** 2), V),
    "convolve same": (lambda m, x: m("signal").convolve(x, x[:3] ** 2, "same"), V),
    "convolve same with a longer one": (lambda m, x: m("signal").convolve(x[:3], x**2, "same"), V),
    "convolve valid": (lambda m, x: m("signal").convolve(x[:3], x**2, mode="valid"), V),
    "convolve images": (lambda m, x: m("signal").convolve(x, x[:2, :3] ** 2, "same"), IMAGE),
    "fftconvolve": (lambda m, x: m("signal").fftconvolve(x, x[:3] ** 2), V),
    "fftconvolve along": (lambda m, x: m("signal").fftconvolve(x, x[:, :3] ** 2, "same", axes=1), IMAGE),
    "convolve2d": (lambda m, x: m("signal").convolve2d(x, [[1.0, 2.0], [0.0, x[0, 0]]], "valid"), IMAGE),
    "correlate": (lambda m, x: m("signal").correlate(x, x[:3] ** 2, "same"), V),
    "correlate complex": (lambda m, x: m("signal").correlate(x + 1j * x**2, (1 + 2j) * x[:3]), V),
    "correlate2d": (lambda m, x: m("signal").correlate2d(x, x[:2, :2] ** 2), IMAGE),
    "lfilter": (lambda m, x: m("signal").lfilter([1.0, 0.5], [1.0, -0.3, 0.1], x**2), V),
    "lfilter along": (lambda m, x: m("signal").lfilter([1.0, 0.5], [2.0, -0.3], x, axis=0), IMAGE),
    "lfilter of coefficients": (lambda m, x: m("signal").lfilter(x[:2], [2.0, x[2], 0.1], V), V),
    "filtfilt": (lambda m, x: m("signal").filtfilt([0.5, 0.5], 1.0, x**2, padlen=3), V),
    "sosfilt": (lambda m, x: m("signal").sosfilt(scipy.signal.butter(2, 0.3, output="sos"), x**2), V),
    "savgol": (lambda m, x: m("signal").savgol_filter(x**2, 5, 2), V),
    "savgol along": (lambda m, x: m("signal").savgol_filter(x, 5, 2, axis=0, mode="constant", cval=2.0), IMAGE),
    "detrend": (lambda m, x: m("signal").detrend(x**2), V),
    "hilbert": (lambda m, x: np.abs(m("signal").hilbert(x)), V),
    "gaussian_filter": (lambda m, x: m("ndimage").gaussian_filter(x * x[0, 0], 1.0), IMAGE),
    "gaussian_filter by axes": (lambda m, x: m("ndimage").gaussian_filter(x, (1.0, 0.5), mode="wrap"), IMAGE),
    "gaussian_filter1d": (lambda m, x: m("ndimage").gaussian_filter1d(x**2, 1.5), V),
    "uniform_filter1d": (lambda m, x: m("ndimage").uniform_filter1d(x, 3, axis=0, mode="constant", cval=1.5), IMAGE),
    "convolve1d": (lambda m, x: m("ndimage").convolve1d(x, [1.0, 2.0, -1.0], 0), IMAGE),
}


@pytest.mark.parametrize("name", SIGNALS)
def test_signals(name):
    check(*SIGNALS[name])


def test_single_precision_stays_single():
    x = V.astype(np.float32)
    kept = []
    gw.grad(watched(lambda x: (kept.append(ours("fft").rfft(x)), abs(kept[0]).sum())[1]), method="exact", check=False)(
        x
    )
    assert np.asarray(kept[0]).dtype == np.complex64


def test_what_is_not_linear_is_refused():
    for f in (lambda x: ours("signal").savgol_filter(x, x, 2),):
        with pytest.raises((gw.TracingError, TypeError)):
            gw.jacobian(watched(f), method="exact")(V)


# --- functions ------------------------------------------------------------------------------------------------------------------

FUNCTIONS = {
    "comb": (lambda m, x: m("special").comb(x + 5, 2), V),
    "comb of places": (lambda m, x: m("special").comb(7.5, x + 3, repetition=True), V),
    "comb of nothing": (lambda m, x: m("special").comb(x, 9) + x, V),
    "perm": (lambda m, x: m("special").perm(x + 6, 3), V),
    "spherical_jn": (lambda m, x: m("special").spherical_jn(2, x**2 + 1), V),
    "spherical_yn": (lambda m, x: m("special").spherical_yn(1, x**2 + 1), V),
    "spherical_in": (lambda m, x: m("special").spherical_in(0, x**2 + 1), V),
    "spherical_kn": (lambda m, x: m("special").spherical_kn(1, x**2 + 1), V),
    "a derivative": (lambda m, x: m("special").spherical_jn(1, x**2 + 1, derivative=True), V),
    "another derivative": (lambda m, x: m("special").spherical_kn(2, x**2 + 1, True), V),
    "a third derivative": (lambda m, x: m("special").spherical_in(2, x[0] + 3, True), V),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    check(*FUNCTIONS[name])


@pytest.mark.parametrize("name", ["hfft2", "hfftn", "ihfft2", "ihfftn"])
@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
def test_hermitian_transforms_of_several_axes_are_linear(name, norm):
    x, dx = np.random.default_rng(5).standard_normal((2, 3, 4))
    transform = getattr(scipy.fft, name)
    value, slope = gw.jvp(lambda x: transform(x, norm=norm), (x,), (dx,), method="exact")
    np.testing.assert_array_equal(value, transform(x, norm=norm))
    np.testing.assert_allclose(slope, transform(dx, norm=norm), rtol=1e-13, atol=1e-14)
    s_value, s_slope = gw.jvp(lambda x: transform(x, s=(4, 6), norm=norm), (x,), (dx,), method="exact")
    np.testing.assert_allclose(s_slope, transform(dx, s=(4, 6), norm=norm), rtol=1e-13, atol=1e-14)
    assert s_value.shape == s_slope.shape
