"""Multivariate densities that live on a plane, and those of SciPy's ``Covariance`` objects: derivatives by points and means in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

import gradwise as gw

RNG = np.random.default_rng(8)
ROOT = RNG.standard_normal((4, 2))
PLANE = ROOT @ ROOT.T
MEAN = RNG.standard_normal(4)
POINT = MEAN + ROOT @ np.array([0.6, -1.1])
INVERSE = np.linalg.pinv(PLANE)
NORMAL = scipy.stats.multivariate_normal
STUDENT = scipy.stats.multivariate_t


def test_a_normal_density_on_a_plane():
    slope = -INVERSE @ (POINT - MEAN)
    by_point = gw.grad(lambda x: NORMAL.logpdf(x, MEAN, PLANE, allow_singular=True), method="exact")
    by_mean = gw.grad(lambda m: NORMAL.logpdf(POINT, m, PLANE, allow_singular=True), method="exact")
    np.testing.assert_allclose(by_point(POINT), slope, rtol=1e-9)
    np.testing.assert_allclose(by_mean(MEAN), -slope, rtol=1e-9)
    density = NORMAL(MEAN, PLANE, allow_singular=True)
    np.testing.assert_allclose(gw.grad(density.pdf, method="exact")(POINT), density.pdf(POINT) * slope, rtol=1e-9)


def test_beside_the_plane_the_density_is_zero_and_stays_so():
    points = np.stack([POINT, POINT + 1.0])
    value, slopes = gw.value_and_grad(
        lambda x: np.sum(NORMAL.pdf(x, MEAN, PLANE, allow_singular=True)), method="exact"
    )(points)
    assert value == NORMAL.pdf(POINT, MEAN, PLANE, allow_singular=True)
    np.testing.assert_allclose(slopes[0], -value * INVERSE @ (POINT - MEAN), rtol=1e-9)
    assert not slopes[1].any()


def test_a_covariance_that_need_not_be_singular():
    matrix = PLANE + np.eye(4)

    def f(s):
        return NORMAL.logpdf(POINT, MEAN, s * matrix, allow_singular=True)

    away = POINT - MEAN
    expected = -2.0 / 1.3 + 0.5 / 1.3**2 * away @ np.linalg.solve(matrix, away)
    assert gw.grad(f, method="exact")(1.3) == pytest.approx(expected, rel=1e-12)


def test_by_a_singular_covariance_there_is_no_derivative():
    with pytest.raises(gw.TracingError, match="singular covariance"):
        gw.grad(lambda s: NORMAL.logpdf(POINT, MEAN, s * PLANE, allow_singular=True), method="exact")(1.3)


def test_student_densities_on_a_plane():
    away, df = POINT - MEAN, 3.0
    slope = -(df + 4) / (df + away @ INVERSE @ away) * (INVERSE @ away)
    exact = gw.grad(lambda x: STUDENT.logpdf(x, MEAN, PLANE, df), method="exact")
    np.testing.assert_allclose(exact(POINT), slope, rtol=1e-9)
    frozen = STUDENT(MEAN, PLANE, df, allow_singular=True)
    np.testing.assert_allclose(gw.grad(frozen.logpdf, method="exact")(POINT), slope, rtol=1e-9)


@pytest.mark.parametrize(
    "covariance",
    [
        scipy.stats.Covariance.from_diagonal([1.0, 2.0, 3.0, 4.0]),
        scipy.stats.Covariance.from_precision(np.diag([1.0, 2.0, 3.0, 4.0])),
        scipy.stats.Covariance.from_cholesky(np.linalg.cholesky(PLANE + np.eye(4))),
        scipy.stats.Covariance.from_eigendecomposition(np.linalg.eigh(PLANE + 2 * np.eye(4))),
    ],
    ids=["diagonal", "precision", "Cholesky", "eigenvalues"],
)
def test_covariances_of_scipys_own_classes(covariance):
    slope = -np.linalg.solve(covariance.covariance, POINT - MEAN)
    exact = gw.grad(lambda x: NORMAL.logpdf(x, MEAN, covariance), method="exact")
    np.testing.assert_allclose(exact(POINT), slope, rtol=1e-9)
    np.testing.assert_allclose(gw.grad(NORMAL(MEAN, covariance).logpdf, method="exact")(POINT), slope, rtol=1e-9)
