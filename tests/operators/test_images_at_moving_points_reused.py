"""Images that are read at points which depend on the arguments (``scipy.ndimage``): one program holds wherever the points move, within the image and beyond its border.

Truth: SciPy's value at each call, and central differences of it.
"""

from __future__ import annotations

import numpy as np
import pytest
from central_differences import differences
from scipy import ndimage

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

IMAGE = np.random.default_rng(0).normal(size=(6, 7))
WEIGHTS = np.random.default_rng(1).normal(size=5)
PLACES = np.random.default_rng(2).uniform(0.0, 5.0, size=(2, 5))
MODES = ["reflect", "grid-mirror", "constant", "grid-constant", "nearest", "mirror", "grid-wrap", "wrap"]


def agrees(f, points, *, is_served=True):
    derivative = gw.value_and_grad(f)
    for x in points:
        value, gradient = derivative(x)
        np.testing.assert_allclose(value, f(x), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(gradient, differences(f, x), rtol=1e-6, atol=1e-6)
    if is_served:
        assert shortcuts_of(f)["0"].served >= len(points) - 6


def away_from_pixels(rng, *, beyond):
    """Numbers that move the places to between pixels, for lines and for splines of even order, which change in the middle."""
    while True:
        x = rng.uniform(-beyond, beyond, size=2)
        parts = 2 * (PLACES + x[:, None]) % 1.0
        if np.all(np.minimum(parts, 1 - parts) > 0.01):
            return np.append(x, rng.normal())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.filterwarnings(
    "ignore::gradwise.NumericalFallbackWarning"
)  # beyond the border SciPy does not wrap as it says
def test_a_program_holds_wherever_the_points_move(order, mode):
    def f(x):
        places = PLACES + x[:2, None]
        return WEIGHTS @ ndimage.map_coordinates(IMAGE, places, order=order, mode=mode, cval=x[2])

    rng = np.random.default_rng(3)
    points = [away_from_pixels(rng, beyond=0.4 if k % 2 else 4.0) for k in range(9)]
    agrees(f, points, is_served=mode not in ("grid-constant", "wrap"))


def test_images_that_are_traced_too_and_second_derivatives():
    def f(x):
        return WEIGHTS @ ndimage.map_coordinates(IMAGE * x[2] ** 2, PLACES + x[:2, None], order=3, mode="mirror")

    rng = np.random.default_rng(4)
    points = [away_from_pixels(rng, beyond=3.0) for _ in range(7)]
    agrees(f, points)
    hessian = gw.hessian(f)
    for x in points:
        columns = np.stack([differences(lambda y, k=k: gw.grad(f)(y)[k], x) for k in range(3)])
        np.testing.assert_allclose(hessian(x), columns, rtol=1e-5, atol=1e-5)


def test_images_that_are_moved_and_turned():
    def shifted(x):
        return np.sum(ndimage.shift(IMAGE, x[:2], order=3, mode="nearest") * IMAGE) + x[2]

    def turned(x):
        return np.sum(ndimage.rotate(IMAGE, x[0], reshape=False, order=3, mode="mirror") * IMAGE) + x[1] * x[2]

    def mapped(x):
        m = np.array([[1.0, 0.1], [-0.1, 1.0]]) * (1.0 + 0.01 * x[2])
        return np.sum(ndimage.affine_transform(IMAGE, m, x[:2], order=3, mode="reflect") * IMAGE)

    rng = np.random.default_rng(5)
    points = [rng.uniform(0.6, 3.3, size=3) for _ in range(7)]
    for f in (shifted, turned, mapped):
        agrees(f, points, is_served=f is shifted)


@pytest.mark.parametrize(("order", "mode"), [(3, "nearest"), (5, "nearest"), (0, "mirror"), (3, "wrap"), (1, "wrap")])
@pytest.mark.filterwarnings("ignore::gradwise.GradwiseWarning")
def test_points_far_out_and_on_borders_have_scipys_value(order, mode):
    def f(x):
        return WEIGHTS @ ndimage.map_coordinates(IMAGE, np.round(PLACES * 2) / 2 + x[:2, None], order=order, mode=mode)

    rng = np.random.default_rng(8)
    derivative = gw.value_and_grad(f)
    for k in range(25):  # the formula is off by 1e-5 to 1 at some of these
        x = rng.uniform(-1.0, 1.0, size=3) * [1.0, 4.0, 30.0][k % 3]
        x = np.round(2 * x) / 2 if k % 4 == 3 else x
        np.testing.assert_allclose(derivative(x)[0], f(x), rtol=1e-12, atol=1e-12)


def test_the_image_and_points_out_of_range_are_read_anew(monkeypatch):
    def f(x):
        return WEIGHTS @ ndimage.map_coordinates(IMAGE, PLACES * x[0] + x[1], order=1, cval=2.0)

    rng = np.random.default_rng(6)
    points = [np.array([rng.uniform(0.5, 1.5), rng.uniform(-2.0, 2.0)]) for _ in range(6)]
    agrees(f, points)
    monkeypatch.setitem(globals(), "IMAGE", 2.0 * IMAGE)
    agrees(f, points)
    monkeypatch.setitem(globals(), "IMAGE", np.random.default_rng(9).normal(size=(4, 9)))
    agrees(f, points)


@pytest.mark.filterwarnings("ignore::gradwise.errors.KinkWarning")
@pytest.mark.parametrize("order", [1, 3])
def test_points_that_are_no_numbers(order):
    def f(x):
        return ndimage.map_coordinates(IMAGE, x[:, None], order=order, mode="nearest")[0]

    derivative = gw.value_and_grad(f)
    inside = [np.array([1.0 + 0.1 * k, 2.2]) for k in range(5)]
    for x in [*inside, np.array([np.nan, 1.3]), np.array([np.inf, 1.3]), np.array([-np.inf, 1.3])]:
        try:
            value, _ = derivative(x)
        except gw.TracingError:  # where SciPy's value is not ours
            assert not np.isfinite(x).all()
        else:
            np.testing.assert_allclose(value, f(x), rtol=1e-12)
