"""``RBFInterpolator`` by its places, data, scale and smoothing, at traced points, with neighbours: it was linear in its data only."""

from __future__ import annotations

import numpy as np
import pytest
import scipy
from closing import closes

import gradwise as gw

PLACES = np.random.default_rng(0).uniform(0, 2, (9, 2))
DATA = np.sin(PLACES[:, 0]) + PLACES[:, 1] ** 2
POINTS = np.array([[0.8, 0.9], [1.1, 1.3], [0.35, 1.6]])
KERNELS = [
    "thin_plate_spline", "linear", "cubic", "quintic", "gaussian", "multiquadric", "inverse_quadratic",
    "inverse_multiquadric",
]  # fmt: skip


def interpolant(*args, **options):
    return scipy.interpolate.RBFInterpolator(*args, **{"epsilon": 1.2} | options)


@pytest.mark.parametrize("kernel", KERNELS)
def test_by_everything_at_once(kernel) -> None:
    def f(x):
        places, data, points, smoothing = x[:18].reshape(9, 2), x[18:27], x[27:31].reshape(2, 2), x[31]
        return interpolant(places, data, kernel=kernel, smoothing=smoothing)(points)

    x = np.concatenate([PLACES.ravel(), DATA, POINTS[:2].ravel(), [0.1]])
    closes(f, x, h=1e-3, rtol=1e-5, second=False)
    closes(lambda z: f(np.concatenate([z[:2], x[2:27], z[2:]])), np.concatenate([x[:2], x[27:]]), h=1e-3, rtol=1e-5)


CASES = {
    "scale": (lambda x: interpolant(PLACES, DATA, kernel="gaussian", epsilon=x[0])(POINTS), [1.2]),
    "smoothing of each": (lambda x: interpolant(PLACES, DATA, smoothing=x)(POINTS), np.linspace(0.1, 0.3, 9)),
    "no polynomial": (lambda x: interpolant(x.reshape(9, 2), DATA, kernel="gaussian", degree=-1)(POINTS), PLACES.ravel()),
    "higher polynomial": (lambda x: interpolant(x.reshape(9, 2), DATA, degree=2)(POINTS), PLACES.ravel()),
    "complex data": (lambda x: np.abs(interpolant(PLACES, x * (1 + 2j))(POINTS) + 1j), DATA),
    "several data": (lambda x: interpolant(PLACES, np.stack([x, x**2], axis=1))(POINTS), DATA),
    "neighbours": (lambda x: interpolant(x.reshape(9, 2), DATA, neighbors=5)(POINTS), PLACES.ravel()),
    "neighbours of plain data": (
        lambda x: interpolant(PLACES, DATA * (1 + 1j), neighbors=5)(x.reshape(3, 2)).imag, POINTS.ravel()
    ),
    "asked twice": (
        lambda x: (lambda f: f(POINTS[:1]) * f(POINTS[1:] + x[0]))(interpolant(x.reshape(9, 2), DATA)), PLACES.ravel()
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_options(name) -> None:
    closes(*CASES[name], h=1e-3, rtol=1e-5)


def test_the_value_at_a_place_moves_with_its_datum() -> None:
    found = gw.jacobian(lambda d: interpolant(PLACES, d)(PLACES), method="exact")(DATA)
    np.testing.assert_allclose(found, np.eye(9), atol=1e-12)


def test_a_scale_that_is_left_out_where_it_is_needed_raises_in_scipys_words() -> None:
    with pytest.raises(ValueError, match="`epsilon` must be specified"):
        gw.grad(lambda d: scipy.interpolate.RBFInterpolator(PLACES, d, kernel="gaussian")(POINTS)[0])(DATA)


def test_single_precision_and_batches() -> None:
    def f(x):
        return np.sum(interpolant(x.reshape(9, 2), DATA)(POINTS))

    x = PLACES.ravel()
    single = gw.grad(f, method="exact")(x.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, gw.grad(f)(x), rtol=1e-3, atol=1e-3)
    many = np.stack([x, x + 0.01])
    np.testing.assert_allclose(gw.vmap(gw.grad(f))(many), [gw.grad(f)(row) for row in many], rtol=1e-12)
