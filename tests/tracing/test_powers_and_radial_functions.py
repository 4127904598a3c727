"""The most likely power of Box and Cox and of Yeo and Johnson, by mpmath; ``scipy.interpolate.Rbf``, by the system that it solves."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import scipy.interpolate
import scipy.stats

import gradwise as gw

DATA = np.array([1.13, 0.87, 3.6, 1.11, 0.59, 2.7, 4.1])


def box_cox(v, power):
    return (v**power - 1) / power


def yeo_johnson(v, power):
    return ((1 + v) ** power - 1) / power if v >= 0 else -((1 - v) ** (2 - power) - 1) / (2 - power)


def slopes(transform, jacobian, data, start):
    """∂λ/∂x of the most likely power: −(∂²L/∂λ∂x)/(∂²L/∂λ²)."""
    with mp.workdps(40):
        x = [mp.mpf(float(v)) for v in data]

        def likelihood(power, *x):
            t = [transform(v, power) for v in x]
            mean = mp.fsum(t) / len(t)
            spread = mp.fsum((u - mean) ** 2 for u in t) / len(t)
            return (power - 1) * mp.fsum(map(jacobian, x)) - mp.mpf(len(t)) / 2 * mp.log(spread)

        power = mp.findroot(lambda p: mp.diff(lambda q: likelihood(q, *x), p), start)
        curvature = mp.diff(lambda p: likelihood(p, *x), power, 2)

        def mixed(k):
            return mp.diff(lambda p, v: likelihood(p, *x[:k], v, *x[k + 1 :]), (power, x[k]), (1, 1))

        return [float(-mixed(k) / curvature) for k in range(len(x))]


@pytest.mark.slow
def test_the_power_of_box_and_cox():
    truth = slopes(box_cox, mp.log, DATA, scipy.stats.boxcox_normmax(DATA, method="mle"))
    found = gw.grad(lambda x: scipy.stats.boxcox(x)[1], method="exact")(DATA)
    np.testing.assert_allclose(found, truth, rtol=1e-6)
    (value, power), _ = gw.jvp(scipy.stats.boxcox, (DATA,), (DATA,), method="exact")
    expected = scipy.stats.boxcox(DATA)
    np.testing.assert_array_equal(value, expected[0])
    assert power == expected[1]


def test_the_power_of_yeo_and_johnson():
    data = np.log(DATA)
    start = scipy.stats.yeojohnson_normmax(data)
    truth = slopes(yeo_johnson, lambda v: mp.sign(v) * mp.log(1 + abs(v)), data, start)
    for power in (lambda x: scipy.stats.yeojohnson(x)[1], scipy.stats.yeojohnson_normmax):
        np.testing.assert_allclose(gw.grad(power, method="exact")(data), truth, rtol=1e-6)


def test_transformed_data_move_by_both_ways():
    """By the data themselves and by the power: the chain rule."""
    x, dx = DATA, np.array([0.3, -0.2, 0.5, 0.1, 0.2, -0.4, 0.6])
    power = scipy.stats.boxcox(x)[1]
    _, (moved, turned) = gw.jvp(scipy.stats.boxcox, (x,), (dx,), method="exact")
    by_power = x**power * np.log(x) / power - (x**power - 1) / power**2
    np.testing.assert_allclose(
        moved, x ** (power - 1) * dx + by_power * turned, rtol=1e-7
    )  # SciPy finds the power to 1e-8


P = np.random.default_rng(2).random((9, 2))
V = np.sin(3 * P[:, 0]) + P[:, 1] ** 2
AT = np.array([[0.5, 0.45], [0.4, 0.6]])
KERNELS = {
    "multiquadric": lambda r: np.sqrt((r / 0.4) ** 2 + 1),
    "gaussian": lambda r: np.exp(-((r / 0.4) ** 2)),
    "linear": lambda r: r,
    "thin_plate": lambda r: np.where(r > 0, r**2 * np.log(np.where(r > 0, r, 1.0)), 0.0),
}


@pytest.mark.parametrize("name", KERNELS)
def test_radial_functions(name):
    def distances(a, b):
        return np.sqrt(np.sum((a[:, None] - b) ** 2, axis=-1))

    weights = np.linalg.solve(KERNELS[name](distances(P, P)), np.eye(len(P)))
    truth = KERNELS[name](distances(AT, P)) @ weights

    def f(v, at):
        return scipy.interpolate.Rbf(P[:, 0], P[:, 1], v, function=name, epsilon=0.4)(at[:, 0], at[:, 1])

    by_data, by_place = gw.jacobian(f, argnums=(0, 1), method="exact")(V, AT)
    np.testing.assert_allclose(by_data, truth, rtol=1e-8, atol=1e-11)
    for k, h in np.ndindex(2, 2):
        e = np.zeros_like(AT)
        e[k, h] = 1e-4
        quotient = (f(V, AT + e) - f(V, AT - e)) / 2e-4
        np.testing.assert_allclose(by_place[:, k, h], quotient, rtol=1e-5, atol=1e-6)
