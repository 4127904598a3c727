"""Integrands with kinks and jumps at places that move: first and second derivatives, against closed forms."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import dblquad, nquad, quad, quad_vec, tplquad

import gradwise as gw

#: the integral as a function of k, a point, and its closed form there
INTEGRALS = {
    "abs": (lambda k: quad(lambda x: abs(x - k), 0, 1)[0], 0.37, lambda k: (k**2 + (1 - k) ** 2) / 2),
    "backwards": (lambda k: quad(lambda x: abs(x - k), 1, 0)[0], 0.37, lambda k: -(k**2 + (1 - k) ** 2) / 2),
    "with its break point": (
        lambda k: quad(lambda x: abs(x - k), 0, 1, points=[0.37])[0],
        0.37,
        lambda k: (k**2 + (1 - k) ** 2) / 2,
    ),
    "maximum": (lambda k: quad(lambda x: np.maximum(x, k), 0, 1)[0], 0.37, lambda k: (1 + k**2) / 2),
    "max": (lambda k: quad(lambda x: max(x - k, 0), 0, 3 * k)[0], 0.8, lambda k: 2 * k**2),
    "branch": (lambda k: quad(lambda x: k if x < k else x, 0, 1)[0], 0.37, lambda k: (1 + k**2) / 2),
    "clip": (
        lambda k: quad(lambda x: math.exp(x) * np.clip(x - k, 0, 0.5), 0, 1)[0],
        0.37,
        lambda k: mp.exp(k + 0.5) * (0.5 - 1) + mp.exp(k) + 0.5 * (mp.e - mp.exp(k + 0.5)),
    ),
    "at the limit": (lambda k: quad(lambda x: abs(x - k), k, 2)[0], 0.8, lambda k: (2 - k) ** 2 / 2),
    "root": (lambda k: quad(lambda x: math.sqrt(max(x - k, 0)), 0, 1)[0], 0.37, lambda k: 2 / 3 * (1 - k) ** 1.5),
    "infinite": (
        lambda k: quad(lambda x: abs(math.tanh(x) - k) * math.exp(-x * x), -np.inf, np.inf)[0],
        0.3,
        lambda k: mp.quad(lambda x: abs(mp.tanh(x) - k) * mp.exp(-x * x), [-mp.inf, -2, mp.atanh(k), 2, mp.inf]),
    ),
    "two places": (
        lambda k: quad_vec(lambda x: np.maximum(np.array([1.0, 0.5]) * x - k, 0), 0, 1)[0].sum(),
        0.37,
        lambda k: (1 - k) ** 2 / 2 + (0.5 - k) ** 2,
    ),
    "jump": (
        lambda k: quad(lambda x: np.where(x < k, 1.0, 3.0) * np.exp(x), 0, 2)[0],
        0.8,
        lambda k: mp.exp(k) - 1 + 3 * (mp.exp(2) - mp.exp(k)),
    ),
    "jump in a branch": (
        lambda k: quad(lambda x: (k if x < k else 3.0) * math.exp(x), 0, 2)[0],
        0.8,
        lambda k: k * (mp.exp(k) - 1) + 3 * (mp.exp(2) - mp.exp(k)),
    ),
    "jump of numbers": (lambda k: quad(lambda x: 1.0 if x**3 < k**3 else 3.0, 0, 2)[0], 0.8, lambda k: 6 - 2 * k),
    "sign": (lambda k: quad(lambda x: np.sign(x - k), 0, 3)[0], 0.8, lambda k: 3 - 2 * k),
    "mod": (lambda k: quad(lambda x: x % k, 0, 1)[0], 0.8, lambda k: (k**2 + (1 - k) ** 2) / 2),
    "vector": (lambda k: quad_vec(lambda x: np.array([1.0, 2.0]) * (x < k), 0, 3)[0].sum(), 0.8, lambda k: 3 * k),
}


@pytest.mark.parametrize("name", INTEGRALS)
@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
def test_first_and_second_derivatives(name):
    # of kinks the first was right to 1e-6 and the second 0, in silence; jumps raised
    f, k, solution = INTEGRALS[name]
    gradient = gw.grad(f, method="exact")
    found = [gradient(k), gw.grad(gradient, method="exact")(k)]
    truth = [float(mp.diff(solution, k, n)) for n in (1, 2)]
    np.testing.assert_allclose(found, truth, rtol=1e-9, atol=1e-9)


def test_by_default_they_are_exact_too():
    assert math.isclose(gw.grad(INTEGRALS["jump of numbers"][0])(0.8), -2.0, rel_tol=1e-12)


def test_a_point_of_several_parameters():
    # ∫₀¹ max(a − b x, 0) = a²/(2b)
    def f(p):
        return quad(lambda x: max(p[0] - p[1] * x, 0.0), 0, 1)[0]

    a, b = 0.6, 0.9
    np.testing.assert_allclose(gw.grad(f, method="exact")(np.array([a, b])), [a / b, -a * a / (2 * b * b)], rtol=1e-10)
    np.testing.assert_allclose(
        gw.hessian(f, method="exact")(np.array([a, b])), [[1 / b, -a / b**2], [-a / b**2, a * a / b**3]], rtol=1e-10
    )


#: integrals over several variables as functions of k, a point, and their closed forms
SEVERAL = {
    # through a limit of the inner integral
    "a border that comes in": (
        lambda k: dblquad(lambda y, x: max(x + y - k, 0), 0, 1, 0, 1)[0],
        0.7,
        lambda k: 1 - k + k**3 / 6,
    ),
    "a kink that the outer variable decides": (
        lambda k: dblquad(lambda y, x: y * abs(x - k), 0, 1, 0, 1)[0],
        0.37,
        lambda k: (k**2 + (1 - k) ** 2) / 4,
    ),
    "a jump that the outer variable decides": (
        lambda k: dblquad(lambda y, x: np.where(x < k, k * y, 3 * y * x), 0, 1, 0, 1)[0],
        0.37,
        lambda k: k * k / 2 + 0.75 * (1 - k * k),
    ),
    "a jump of numbers": (
        lambda k: dblquad(lambda y, x: y if x < k else 3 * y, 0, 1, 0, 1)[0],
        0.37,
        lambda k: k / 2 + 1.5 * (1 - k),
    ),
    "whole numbers": (
        lambda k: dblquad(lambda y, x: int(3 * x * k) * y, 0, 1, 0, 1)[0],
        0.5,
        lambda k: (1 - 1 / (3 * k)) / 2,
    ),
    "beside a limit that moves": (
        lambda k: dblquad(lambda y, x: abs(x - k) * y, 0, 1, 0, lambda x: x * k)[0],
        0.37,
        lambda k: mp.quad(lambda x: abs(x - k) * (x * k) ** 2 / 2, [0, k, 1]),
    ),
    "a kink of a limit": (
        lambda k: dblquad(lambda y, x: x + y, 0, 1, 0, lambda x: max(x, k))[0],
        0.37,
        lambda k: mp.quad(lambda x: x * max(x, k) + max(x, k) ** 2 / 2, [0, k, 1]),
    ),
    "nquad": (
        lambda k: nquad(lambda y, x: max(x, k) * np.exp(y), [[0, 1], [0, 1]])[0],
        0.37,
        lambda k: (1 + k * k) / 2 * (mp.e - 1),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SEVERAL)
def test_several_variables(name):
    # the second derivative was 0 where the outer variable decides, the first of the wrong sign of one that jumps, in silence
    f, k, solution = SEVERAL[name]
    gradient = gw.grad(f, method="exact")
    found = [gradient(k), gw.grad(gradient, method="exact")(k)]
    np.testing.assert_allclose(found, [float(mp.diff(solution, k, n)) for n in (1, 2)], rtol=1e-9, atol=1e-9)


@pytest.mark.slow
def test_three_variables():
    # ∫∫∫ over the unit cube of z max(x − k, 0)
    def f(k):
        return tplquad(lambda z, y, x: z * max(x - k, 0), 0, 1, 0, 1, 0, 1, epsabs=1e-2, epsrel=1e-2)[0]

    np.testing.assert_allclose(gw.grad(f, method="exact", check=False)(0.37), -(1 - 0.37) / 2, rtol=1e-9)
