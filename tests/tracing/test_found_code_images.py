"""Images as programs in use read and filter them: at points that move, with a width that is fitted, beyond their borders; and rolling buffers."""

from __future__ import annotations

import warnings
from collections import deque

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

import gradwise as gw

RNG = np.random.default_rng(0)
IMAGE = RNG.random((6, 5))
SIGNAL = RNG.random(8)
POINTS = np.array([[1.3, 2.6, 4.2, -0.7, 5.6, 0.3], [2.2, 0.7, 3.4, 1.2, 2.3, 4.4]])
BORDERS = ["constant", "nearest", "mirror", "reflect", "grid-wrap", "grid-constant"]


def agrees(f, *args):
    """The Jacobians of all arguments against differences, at two points (the second twice, in the default mode)."""
    rng = np.random.default_rng(3)
    for k in range(3):
        at = [np.asarray(a) * (1 + 0.001 * min(k, 1) * rng.standard_normal(np.shape(a))) for a in args]
        found = gw.jacobian(f, argnums=tuple(range(len(at))), method="exact" if k == 0 else "auto")(*at)
        for i, block in enumerate(found):

            def alone(a, i=i, at=at):
                return np.ravel(f(*at[:i], a.reshape(np.shape(at[i])), *at[i + 1 :]))

            want = gw.numerical.jacobian(alone, np.ravel(at[i]))
            known = want.error < 1e-2
            assert np.mean(known) > 0.8
            far = np.abs(np.reshape(block, want.value.shape) - want.value)[known]
            assert np.all(far <= 4 * want.error[known] + 1e-7 + 1e-6 * np.abs(want.value[known]))


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("mode", BORDERS)
def test_points_that_move(mode, order):
    agrees(lambda p: scipy.ndimage.map_coordinates(IMAGE, p, order=order, mode=mode, cval=0.3), POINTS)


@pytest.mark.parametrize("mode", ["mirror", "reflect", "grid-wrap", "nearest"])
def test_points_far_outside(mode):
    far = np.array([-9.3, -2.2, 0.4, 6.6, 7.4, 9.7, 20.3])
    agrees(lambda p: scipy.ndimage.map_coordinates(SIGNAL, [p], order=1, mode=mode), far)
    agrees(lambda p: scipy.ndimage.map_coordinates(SIGNAL, [p], order=3, mode=mode), far)


def test_images_and_points_together():
    agrees(lambda im, p: scipy.ndimage.map_coordinates(im, p, order=3, mode="reflect"), IMAGE, POINTS)
    agrees(lambda im, p: scipy.ndimage.map_coordinates(im, p, prefilter=False), IMAGE, POINTS)


def test_the_centre_of_a_polar_image():
    def polar(y, x):
        r, t = np.meshgrid(np.linspace(0.2, 1.7, 4), np.linspace(0.0, 6.0, 5), indexing="ij")
        return scipy.ndimage.map_coordinates(IMAGE, [y + r * np.sin(t), x + r * np.cos(t)], order=1)

    agrees(polar, 2.6, 2.4)


def test_a_point_on_a_pixel_is_a_kink_of_lines():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(gw.KinkWarning):
            gw.grad(lambda x: scipy.ndimage.map_coordinates(IMAGE, [[2.0], [x]], order=1)[0], method="exact")(3.0)


@pytest.mark.parametrize("mode", ["reflect", "constant", "nearest", "mirror", "wrap"])
def test_gaussians_whose_width_moves(mode):
    agrees(lambda im, s: scipy.ndimage.gaussian_filter(im, s, mode=mode, cval=0.2), IMAGE, 1.23)
    agrees(lambda s: scipy.ndimage.gaussian_filter1d(IMAGE, s, axis=0, mode=mode), 0.8)
    agrees(lambda s: scipy.ndimage.gaussian_filter(IMAGE, s, mode=mode, truncate=2.0), np.array([0.8, 1.2]))


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("boundary", ["fill", "symm", "wrap"])
@pytest.mark.parametrize("name", ["convolve2d", "correlate2d"])
def test_convolutions_beyond_the_border(name, boundary, mode):
    kernel = RNG.standard_normal((3, 2))
    agrees(lambda im, k: getattr(scipy.signal, name)(im, k, mode, boundary, 0.7), IMAGE, kernel)


@pytest.mark.parametrize("shape", [(3, 2), (2, 2), (4, 3), (3, 3)])
def test_the_middle_of_a_correlation_with_an_even_kernel(shape):
    kernel = RNG.standard_normal(shape)
    agrees(lambda im, k: scipy.signal.correlate2d(im, k, "same"), IMAGE, kernel)
    agrees(lambda im, k: scipy.signal.correlate2d(k, im, "same"), IMAGE, kernel)


def test_rolling_buffers():
    def of_numbers(x):
        window = deque(maxlen=3)
        out = []
        for v in x:
            window.append(v)
            out.append(np.mean(window) * np.max(window) + np.array(window).sum() + np.std(window))
        return np.array(out)

    def of_rows(x):
        window = deque(maxlen=2)
        for row in x:
            window.append(row)
        return np.concatenate([np.concatenate(window), np.vstack(window).prod(axis=0), np.array(window)[0] ** 2])

    agrees(of_numbers, np.array([1.0, 2.0, 3.5, 5.0]))
    agrees(of_rows, RNG.random((3, 2)))


@pytest.mark.parametrize("axis", [0, -1])
def test_filters_that_go_on_from_a_state(axis):
    x = RNG.standard_normal((4, 5))
    b, a = np.array([0.3, 0.2, 0.1]), np.array([2.0, -0.4])
    zi = RNG.standard_normal((2, 5) if axis == 0 else (4, 2))

    def both(*args):
        y, state = scipy.signal.lfilter(*args[:2], args[2], axis, zi=args[3])
        return np.concatenate([np.ravel(y), np.ravel(state)])

    agrees(lambda x, zi: both(b, a, x, zi), x, zi)
    agrees(both, b, a, x, zi)


def test_blocks_of_a_stream():
    def streamed(x):
        state, out = np.zeros(1), []
        for block in np.split(x, 3):
            y, state = scipy.signal.lfilter([0.4], [1.0, -0.6], block, zi=state)
            out.append(y)
        return np.concatenate(out)

    x = RNG.standard_normal(9)
    np.testing.assert_allclose(streamed(x), scipy.signal.lfilter([0.4], [1.0, -0.6], x))
    agrees(streamed, x)
