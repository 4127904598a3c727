"""Callbacks of SciPy's solvers that count through helper functions, in classes, functions and other modules: as often as SciPy calls them."""

import functools
import sys
import types

import numpy as np
import pytest
from scipy import integrate, optimize

import gradwise as gw

ELSEWHERE = types.ModuleType("counts_of_solvers")
ELSEWHERE.n = 0
sys.modules["counts_of_solvers"] = ELSEWHERE


class Counts:
    n = 0
    table = {"n": 0}
    points = []

    @classmethod
    def tick(cls):
        cls.n += 1


def in_class():
    Counts.n += 1


def in_containers():
    Counts.table["n"] += 1
    Counts.points.append(1)


def in_module():
    ELSEWHERE.n += 1


def in_function():
    in_function.n += 1


in_function.n = 0


class Own:
    n = 0

    def __call__(self):
        type(self).n += 1


WAYS = {
    "class": in_class,
    "class method": Counts.tick,
    "containers": in_containers,
    "module": in_module,
    "function": in_function,
    "class of an object": Own(),
}
WAY = [in_class]


def tick():
    WAY[0]()


def ivp(x):
    def rhs(t, y):
        tick()
        return -y

    return np.sum(integrate.solve_ivp(rhs, (0.0, 1.0), x).y[:, -1])


def root(x):
    def residual(t, a):
        tick()
        return t**3 + t - a

    return optimize.brentq(residual, 0.0, 5.0, args=(x[0],)) + x[1]


def integral(x):
    def integrand(t, a):
        tick()
        return a * np.exp(-t)

    return integrate.quad(integrand, 0.0, 1.0, args=(x[0],))[0] + x[1]


def least_squares(x):
    def residuals(t, a):
        tick()
        return np.array([t[0] - a, t[0] ** 2 - a])

    return optimize.least_squares(residuals, [1.0], args=(x[0],)).x[0] + x[1]


def reset():
    Counts.n = Counts.table["n"] = ELSEWHERE.n = in_function.n = Own.n = 0
    Counts.points.clear()


def counts():
    return Counts.n, dict(Counts.table), len(Counts.points), ELSEWHERE.n, in_function.n, Own.n


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("f", [ivp, root, integral, least_squares], ids=lambda f: f.__name__)
def test_counts_are_those_of_plain_calls(f, way):
    WAY[0] = WAYS[way]
    points = [np.array([1.3, 0.7]), np.array([0.4, 1.9])]
    reset()
    expected = [(float(f(p)), counts()) for p in points]
    gw.clear_caches()
    for options in ({}, {"pure": False}):
        reset()
        for p, (value, counted) in zip(points, expected, strict=True):
            found, gradient = gw.value_and_grad(f, **options)(p)
            assert counts() == counted
            assert float(found) == pytest.approx(value, rel=1e-9)
            assert np.isfinite(gradient).all()


def counted(x):
    @functools.wraps(in_class)
    def rhs(t, y):
        tick()
        return -y

    value = np.sum(integrate.solve_ivp(rhs, (0.0, 1.0), x).y[:, -1])
    return value + Counts.n


def test_a_value_that_counts_is_that_of_the_plain_call():
    WAY[0] = in_class
    p = np.array([1.3, 0.7])
    reset()
    plain = float(counted(p))
    reset()
    value, gradient = gw.value_and_grad(counted)(p)
    assert float(value) == pytest.approx(plain, rel=1e-9)
    np.testing.assert_allclose(gradient, np.exp(-1.0) * np.ones(2), rtol=1e-3)
