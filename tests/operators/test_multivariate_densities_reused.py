"""Densities of SciPy's multivariate normal and t distributions are proved: a program stands for them where SciPy would give the number of its formula, and nowhere else."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from scipy.stats import multivariate_normal, multivariate_t

import gradwise as gw

RNG = np.random.default_rng(4)
DATA = RNG.standard_normal((6, 2))
FROZEN = multivariate_normal([0.1, -0.2], [[1.0, 0.3], [0.3, 2.0]])


def matrix(p):
    """Positive definite where the first entry is positive and |p[1]| < 1."""
    return np.array([[p[0], p[1] * np.sqrt(p[0])], [p[1] * np.sqrt(p[0]), 1.0]])


def likelihood(p):
    return np.sum(multivariate_normal.logpdf(DATA, mean=p[2:4], cov=matrix(p)))


def mixture(p):
    return np.sum(
        np.log(
            0.4 * multivariate_normal.pdf(DATA, p[2:4], matrix(p))
            + 0.6 * multivariate_normal.pdf(DATA, None, p[0] * np.eye(2))
        )
    )


def frozen(p):
    return np.sum(scipy.stats.multivariate_normal(p[2:4], matrix(p), allow_singular=True).logpdf(DATA))


def heavy(p):
    return np.sum(multivariate_t.logpdf(DATA, p[2:4], matrix(p), df=p[4]))


def prior(p):
    return FROZEN.logpdf(p[2:4]) + p[0]


def normal_by_hand(p, cov, mean):
    away = DATA - mean
    (a, b), (_, c) = cov
    size = a * c - b * b
    square = (c * away[:, 0] ** 2 - 2 * b * away[:, 0] * away[:, 1] + a * away[:, 1] ** 2) / size
    return square, size


def by_hand(f, p):
    """The same functions of arithmetic alone, which complex steps go through."""
    root = np.sqrt(p[0])
    cov = ((p[0], p[1] * root), (p[1] * root, 1.0 + 0 * p[0]))
    if f is prior:
        away = p[2:4] - np.array([0.1, -0.2])
        return -0.5 * away @ np.linalg.inv([[1.0, 0.3], [0.3, 2.0]]) @ away + p[0]
    square, size = normal_by_hand(p, cov, p[2:4])
    if f is heavy:
        gamma = scipy.special.loggamma
        nu = p[4]
        each = gamma((nu + 2) / 2) - gamma(nu / 2) - np.log(nu * math.pi) - 0.5 * np.log(size)
        return np.sum(each - (nu + 2) / 2 * np.log(1 + square / nu))
    logarithms = -0.5 * square - 0.5 * np.log(size) - np.log(2 * math.pi)
    if f is not mixture:
        return np.sum(logarithms)
    other = np.exp(-0.5 * np.sum(DATA**2, axis=1) / p[0]) / (2 * math.pi * p[0])
    return np.sum(np.log(0.4 * np.exp(logarithms) + 0.6 * other))


@pytest.mark.parametrize("f", [likelihood, mixture, frozen, heavy, prior])
def test_a_program_stands_for_the_density(f):
    point = np.array([1.3, 0.4, 0.2, -0.5, 3.0])
    assert gw.explain(f, point).reuse.startswith("proved")
    gradient = gw.grad(f)
    for _ in range(8):
        p = point * RNG.uniform(0.6, 1.4, 5)
        expected = [by_hand(f, p + 1e-30j * unit).imag / 1e-30 for unit in np.eye(5)]
        np.testing.assert_allclose(gradient(p), expected, rtol=1e-9, atol=1e-12)


def test_where_scipy_refuses_a_covariance_a_program_does_too():
    def f(s):
        return multivariate_normal.logpdf([0.3, 0.1], [0.0, 0.0], [[1.0, 0.0], [0.0, s]])

    slope = gw.grad(f)
    for s in (1.0, 0.9, 1.1, 0.7, 1e-9):
        assert slope(s) == pytest.approx(-0.5 / s + 0.5 * 0.01 / s**2)
    for s in (1e-11, 0.0, -1.0):  # singular to SciPy below 2e-10 of the largest eigenvalue
        with pytest.raises(ValueError, match="positive"):
            slope(s)
    assert slope(0.8) == pytest.approx(-0.5 / 0.8 + 0.5 * 0.01 / 0.8**2)


def test_the_degrees_of_freedom_decide():
    def f(nu):
        return np.sum(multivariate_t.logpdf([0.3, 0.1], [0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]], nu))

    value = gw.value_and_grad(f)
    for nu in (3.0, 4.0, 5.0, 6.0):
        assert value(nu)[0] == pytest.approx(f(nu), rel=1e-14)
    for nu in (0.0, -2.0):
        with pytest.raises(ValueError, match="df"):
            value(nu)
    assert value(math.inf)[0] == pytest.approx(f(math.inf), rel=1e-14)
    assert value(7.0)[0] == pytest.approx(f(7.0), rel=1e-14)


def test_a_frozen_distribution_that_is_exchanged_is_seen():
    held = {"prior": FROZEN}

    def f(x):
        return held["prior"].logpdf(x)

    x = np.array([0.4, 0.6])
    gradient = gw.grad(f)
    for _ in range(4):
        np.testing.assert_allclose(gradient(x), -np.linalg.solve([[1.0, 0.3], [0.3, 2.0]], x - [0.1, -0.2]))
    held["prior"] = multivariate_normal([0.1, -0.2], [[1.0, 0.0], [0.0, 4.0]])
    for _ in range(4):
        np.testing.assert_allclose(gradient(x), [-0.3, -0.2])
    held["prior"].mean[0] = 0.2  # in place
    np.testing.assert_allclose(gradient(x), [-0.2, -0.2])
