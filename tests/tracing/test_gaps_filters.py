"""Filters, spectra, images and distances that used to raise: options beside the usual ones, states, and images that are moved by traced numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.ndimage as ndi
import scipy.signal as ss
import scipy.spatial
from closing import closes
from scipy.spatial import distance

import gradwise as gw

RNG = np.random.default_rng(2)
SIGNAL = RNG.normal(size=24)
SIGNALS = RNG.normal(size=(2, 16))
IMAGE = RNG.normal(size=(5, 6))
POINTS = np.abs(RNG.normal(size=(5, 3))) + 0.1
SECTIONS = ss.butter(3, 0.2, output="sos")
STATE = np.array([[0.3, -0.1], [0.2, 0.4]])


SPECTRA: dict[str, Any] = {
    "lines taken off": lambda x: ss.welch(x, nperseg=8, detrend="linear")[1],
    "the median": lambda x: ss.welch(x, nperseg=8, average="median")[1],
    "the median, both sides": lambda x: ss.welch(x, nperseg=8, nfft=9, average="median", return_onesided=False)[1],
    "a line taken off at once": lambda x: ss.periodogram(x, 10.0, "hann", None, "linear")[1],
    "a window made inside": lambda x: ss.welch(x, window=np.ones(8))[1],
    "a window that moves": lambda x: ss.welch(x[8:], window=1 + x[:8] ** 2)[1],
    "a function takes off": lambda x: ss.periodogram(x, detrend=lambda d: d - d[..., :1])[1],
}


@pytest.mark.parametrize("name", SPECTRA)
def test_spectra(name: str) -> None:
    closes(SPECTRA[name], SIGNAL, rtol=1e-6)


def test_spectra_along_an_axis() -> None:
    closes(lambda x: ss.welch(x, nperseg=8)[1], SIGNALS, rtol=1e-6)
    closes(lambda x: ss.periodogram(x.T, axis=0)[1], SIGNALS, rtol=1e-6)


@pytest.mark.slow
def test_sections_from_a_state() -> None:
    closes(lambda x: ss.sosfilt(SECTIONS, x, zi=STATE)[0], SIGNAL)
    closes(lambda x: ss.sosfilt(SECTIONS, x, zi=ss.sosfilt_zi(SECTIONS) * x[0])[1], SIGNAL)
    closes(lambda zi: ss.sosfilt(SECTIONS, SIGNAL, zi=zi)[0], STATE)
    closes(lambda x: ss.sosfilt(SECTIONS, x.T, axis=0, zi=np.ones((2, 2, 2)))[0], SIGNALS, second=False)


def test_sections_of_traced_coefficients() -> None:
    def filtered(p: Any) -> Any:
        sos = np.array([[1.0, p[0], 0.0, 1.0, p[1], 0.1], [p[2], 0.3, 0.1, 1.0, 0.0, p[0] * p[1]]])
        return ss.sosfilt(sos, SIGNAL[:8]), ss.sosfilt(sos, SIGNAL[:8], zi=STATE)[1]

    closes(lambda p: filtered(p)[0], [0.3, -0.4, 0.7])
    closes(lambda p: filtered(p)[1], [0.3, -0.4, 0.7])


# --- images -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("order", [4, 5])
@pytest.mark.parametrize("mode", ["constant", "nearest", "mirror", "grid-wrap"])
def test_images_read_by_splines_of_higher_degree(order: int, mode: str) -> None:
    places = [[1.2, 3.3, -0.7], [2.1, 0.6, 3.4]]
    closes(lambda p: ndi.map_coordinates(IMAGE, p, order=order, mode=mode), places)
    closes(lambda x: ndi.map_coordinates(x, x[:2, :2] * 0.2 + 2.2, order=order, mode=mode), IMAGE, second=False)


def test_the_nearest_pixel_does_not_move() -> None:
    places = np.array([[1.2, 3.3], [2.1, 0.6]])
    closes(lambda p: ndi.map_coordinates(IMAGE, p, order=0) + p[0], places)
    read = gw.jacobian(lambda p: ndi.map_coordinates(p[0, 0] * IMAGE, p, order=0), method="exact")
    for shift in (0.0, 0.2, 0.5, 0.9):  # another pixel
        x = places + shift
        np.testing.assert_array_equal(read(x)[:, 0, 0], ndi.map_coordinates(IMAGE, x, order=0), err_msg=str(shift))


MOVED: dict[str, Any] = {
    "shift": (lambda p: ndi.shift(IMAGE, p), [0.4, 0.3]),
    "shift by lines": (lambda p: ndi.shift(IMAGE * p[1], p[0], order=1, mode="wrap"), [0.4, 0.3]),
    "turn": (lambda a: ndi.rotate(IMAGE, a[0], reshape=False), [14.0]),
    "turn of an image that grows": (lambda a: ndi.rotate(IMAGE, a[0], mode="reflect"), [14.0]),
    "matrix": (
        lambda m: ndi.affine_transform(IMAGE, m, offset=m[0, 1], output_shape=(3, 4)),
        [[1.01, 0.12], [0.23, 0.93]],
    ),
    "stretch": (lambda m: ndi.affine_transform(IMAGE, m, offset=[0.21, 0.14]), [0.91, 0.83]),
    "matrix and offset": (lambda m: ndi.affine_transform(IMAGE, m), [[0.83, 0.11, 0.31], [0.12, 0.71, 0.23]]),
}


@pytest.mark.filterwarnings("ignore:The behavior of affine_transform with a 1-D array:UserWarning")
@pytest.mark.parametrize("name", MOVED)
def test_images_that_are_moved(name: str) -> None:
    closes(*MOVED[name], rtol=1e-6)


CHOSEN: dict[str, Any] = {
    "opening": lambda x: ndi.grey_opening(x, (2, 3), mode="nearest"),
    "closing": lambda x: ndi.grey_closing(x, 3),
    "white top-hat": lambda x: ndi.white_tophat(x, 3),
    "black top-hat": lambda x: ndi.black_tophat(input=x, size=3),
    "gradient": lambda x: ndi.morphological_gradient(x, 3),
    "Laplacian": lambda x: ndi.morphological_laplace(x, 3),
    "zeros around": lambda x: ndi.median_filter(x, 3, mode="constant"),
    "a number around": lambda x: ndi.maximum_filter(x, 3, mode="constant", cval=0.3),
    "medfilt2d": lambda x: ss.medfilt2d(x, 3),
    "order_filter": lambda x: ss.order_filter(x, np.ones((3, 3)), 2),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_entries_that_are_chosen(name: str) -> None:
    closes(CHOSEN[name], IMAGE)


# --- distances --------------------------------------------------------------------------------------------------------------------


def mine(a: Any, b: Any, p: int = 4) -> Any:
    return np.sum(np.abs(a - b) ** p)


def cosine(a: Any, b: Any) -> Any:
    """The user's own function by the name of one of SciPy's."""
    return np.sum((a - b) ** 2)


DISTANCES: dict[str, Any] = {
    "pairs by their divergence": lambda x: distance.pdist(x, "jensenshannon"),
    "divergence": lambda x: distance.cdist(x, POINTS[:2] + 0.1, "js"),
    "in units of the spread": lambda x: distance.pdist(x, "seuclidean"),
    "in units of both spreads": lambda x: distance.cdist(x, POINTS[:2] + 1.0, "seuclidean"),
    "in units of the covariance": lambda x: distance.cdist(x, POINTS[:2] ** 2, "mahalanobis"),
    "a function": lambda x: distance.pdist(x, mine, p=2),
    "a function of two sets": lambda x: distance.cdist(x, POINTS[:2] + 1.0, mine),
    "a function by a name of SciPy's": lambda x: distance.cdist(x, POINTS[:2] + 1.0, cosine),
    "a function of SciPy's": lambda x: distance.cdist(x, POINTS[:2] + 1.0, distance.cosine),
    "not centred": lambda x: distance.correlation(x[0], POINTS[1], None, False),
    "minkowski_distance": lambda x: scipy.spatial.minkowski_distance(x, POINTS + 1.0, 3),
}


@pytest.mark.parametrize("name", DISTANCES)
def test_distances(name: str) -> None:
    closes(DISTANCES[name], POINTS, h=1e-4, rtol=1e-6)


def test_equal_distributions_are_a_kink_of_slope_zero() -> None:
    jacobian = gw.jacobian(lambda x: distance.cdist(x, POINTS, "jensenshannon"), method="exact")(POINTS)
    np.testing.assert_array_equal(np.einsum("iijk->ijk", jacobian), 0.0)


SIGNAL = np.sin(0.7 * np.arange(30.0)) + 0.1 * np.cos(2.3 * np.arange(30.0) ** 1.1)
COEFFICIENTS: dict[str, Any] = {
    "filtfilt": lambda c: ss.filtfilt(c[:2], np.stack([1.0, c[2]]), SIGNAL),
    "filtfilt, even": lambda c: ss.filtfilt(c[:2], np.stack([1.0, c[2]]), SIGNAL, padtype="even", padlen=5),
    "filtfilt, Gustafsson": lambda c: ss.filtfilt(c[:2], np.stack([1.0, c[2]]), SIGNAL, method="gust"),
    "filtfilt of a design": lambda c: ss.filtfilt(*ss.butter(2, c[1]), SIGNAL * c[0]),
    "sosfiltfilt": lambda c: ss.sosfiltfilt(np.stack([c[0], c[1], 0.0, 1.0, c[2], 0.0]).reshape(1, 6), SIGNAL),
}


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_filters_run_both_ways_by_their_coefficients(name: str) -> None:
    closes(COEFFICIENTS[name], [0.5, 0.3, -0.2], second=name == "filtfilt")
