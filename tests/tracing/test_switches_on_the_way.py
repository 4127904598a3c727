"""What switches on the way of a solution or an integral, in whichever form it is written: first and second derivatives, against integrals of mpmath between the places of the switches."""

from __future__ import annotations

import functools
import math
import warnings
from bisect import bisect

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.interpolate import interp1d, make_interp_spline
from scipy.special import huber

import gradwise as gw

AT = 0.37
TIMES, LEVELS = np.array([0.0, 0.3, 0.55, 1.0]), np.array([0.0, 1.0, -0.5, 2.0])


def polygon(x, knots, levels):
    if x <= knots[0]:
        return levels[0]
    for a, b, f, g in zip(knots, knots[1:], levels, levels[1:], strict=False):
        if x <= b:
            return f + (g - f) * (x - a) / (b - a)
    return levels[-1]


def larger(x, k):
    return max(x, k)


def distance(x, k):
    return abs(x - k)


def steps(x, k):
    return 1 + (x > k) + (x > 2 * k)


def remainder(x, k):
    return x - k * mp.floor(x / k)


def whole(x, k):
    return x * mp.floor(5 * x * k)


def knots(k):
    return [0.3 / 2 / k, 0.55 / 2 / k]


def once(k):
    return [k]


def twice(k):
    return [k, 2 * k]


def fifth(k):
    return [1 / (5 * k)]


def chosen(values, place):
    return values[place] + place


#: a function of x with a parameter k, the same for mpmath, and where it switches
WAYS = {
    "np.max": (lambda x, k: np.max(np.array([x, k, 0.1])), lambda x, k: max(x, k, mp.mpf("0.1")), once),
    "np.min": (lambda x, k: np.min(np.stack([x, k])), lambda x, k: min(x, k), once),
    "ptp": (lambda x, k: np.ptp(np.array([x, k])), distance, once),
    "norm of order inf": (lambda x, k: np.linalg.norm(np.array([x, k]), np.inf), larger, once),
    "np.sort": (lambda x, k: np.sort(np.array([x, k])) @ [1.0, 3.0], lambda x, k: min(x, k) + 3 * max(x, k), once),
    "np.median": (
        lambda x, k: np.median(np.array([x, k, 0.6])),
        lambda x, k: sorted([x, k, mp.mpf("0.6")])[1],
        lambda k: [k, 0.6],
    ),
    "unique": (lambda x, k: np.unique(np.array([x, k]))[0], lambda x, k: min(x, k), once),
    "argmax": (
        lambda x, k: chosen(np.array([k, x]), np.argmax(np.array([k, x]))),
        lambda x, k: max(x, k) + (x > k),
        once,
    ),
    "argmin": (
        lambda x, k: np.array([5.0, 7.0])[np.array([k, x]).argmin()] * x,
        lambda x, k: (5 if x > k else 7) * x,
        once,
    ),
    "argsort": (
        lambda x, k: np.array([5.0, 7.0])[np.argsort(np.array([k, x]))][0] * x,
        lambda x, k: (5 if x > k else 7) * x,
        once,
    ),
    "hypot": (lambda x, k: np.hypot(x - k, 2 * (x - k)), lambda x, k: mp.sqrt(5) * abs(x - k), once),
    "math.dist": (lambda x, k: math.dist([x, 1.0], [k, 1.0]), distance, once),
    "norm": (lambda x, k: np.linalg.norm(np.array([x - k, 2 * (x - k)])), lambda x, k: mp.sqrt(5) * abs(x - k), once),
    "root of a product": (lambda x, k: math.sqrt((x - k) * (x - k)), distance, once),
    "power of a square": (lambda x, k: ((x - k) ** 2) ** 0.5, distance, once),
    "root of a sum": (
        lambda x, k: np.sqrt(np.sum(np.array([x - k, k - x]) ** 2)),
        lambda x, k: mp.sqrt(2) * abs(x - k),
        once,
    ),
    "modulus": (lambda x, k: np.abs((x - k) * (1 + 2j)), lambda x, k: mp.sqrt(5) * abs(x - k), once),
    "interp": (
        lambda x, k: np.interp(2 * x * k, TIMES, LEVELS),
        lambda x, k: polygon(2 * x * k, TIMES.tolist(), LEVELS.tolist()),
        knots,
    ),
    "interp, a knot that moves": (
        lambda x, k: np.interp(x, np.array([0.0, k, 1.0]), np.array([0.0, 1.0, -1.0])),
        lambda x, k: polygon(x, [0, k, 1], [0, 1, -1]),
        once,
    ),
    "interp1d": (
        lambda x, k: interp1d(TIMES, LEVELS)(2 * x * k),
        lambda x, k: polygon(2 * x * k, TIMES.tolist(), LEVELS.tolist()),
        knots,
    ),
    "spline of degree 1": (
        lambda x, k: make_interp_spline(TIMES, LEVELS, k=1)(2 * x * k),
        lambda x, k: polygon(2 * x * k, TIMES.tolist(), LEVELS.tolist()),
        knots,
    ),
    "round": (lambda x, k: round(3 * x * k) * x, lambda x, k: mp.nint(3 * x * k) * x, lambda k: [0.5 / 3 / k]),
    "np.round to digits": (
        lambda x, k: np.round(x * k, 1) * x,
        lambda x, k: mp.nint(10 * x * k) / 10 * x,
        lambda k: [j / k for j in (0.05, 0.15, 0.25, 0.35)],
    ),
    "int": (lambda x, k: int(5 * x * k) * x, whole, fifth),
    "math.floor": (lambda x, k: math.floor(5 * x * k) * x, whole, fifth),
    "math.ceil": (lambda x, k: math.ceil(5 * x * k) * x, lambda x, k: mp.ceil(5 * x * k) * x, fifth),
    "np.int64": (lambda x, k: np.int64(5 * x * k) * x, whole, fifth),
    "astype(int)": (lambda x, k: np.array([5 * x * k]).astype(int)[0] * x, whole, fifth),
    "math.modf": (lambda x, k: math.modf(x / k)[0], lambda x, k: x / k - mp.floor(x / k), twice),
    "a table by int": (
        lambda x, k: {0: x, 1: 2 * x, 2: 3 * x}[int(x / k)],
        lambda x, k: x * (1 + mp.floor(x / k)),
        twice,
    ),
    "roll": (
        lambda x, k: np.roll(np.array([1.0, 2.0, 3.0]), int(x / k))[0] * x,
        lambda x, k: x * [1, 3, 2][int(mp.floor(x / k))],
        twice,
    ),
    "searchsorted": (lambda x, k: np.array([1.0, 2.0, 3.0])[np.searchsorted(np.array([k, 2 * k]), x)], steps, twice),
    "digitize": (lambda x, k: np.array([1.0, 2.0, 3.0])[np.digitize(x, np.array([k, 2 * k]))], steps, twice),
    "bisect": (lambda x, k: [1.0, 2.0, 3.0][bisect([k, 2 * k], x)], steps, twice),
    "signbit": (lambda x, k: np.signbit(x - k) * x, lambda x, k: x * (x < k), once),
    "histogram": (
        lambda x, k: np.histogram(np.array([x, 0.1]), bins=[0, k, 1])[0][0] * x,
        lambda x, k: x * (1 + (x < k)),
        once,
    ),
    "atan2": (lambda x, k: math.atan2(k - x, -1.0), lambda x, k: mp.atan2(k - x, -1), once),
    "angle": (lambda x, k: np.angle(-1.0 + 1j * (k - x)), lambda x, k: mp.atan2(k - x, -1), once),
    "complex root": (
        lambda x, k: np.sqrt(-1.0 + 1j * (k - x)).imag,
        lambda x, k: mp.im(mp.sqrt(mp.mpc(-1, k - x))),
        once,
    ),
    "complex logarithm": (
        lambda x, k: np.log(-1.0 + 1j * (k - x)).imag,
        lambda x, k: mp.im(mp.log(mp.mpc(-1, k - x))),
        once,
    ),
    "arcsin of sin": (
        lambda x, k: np.arcsin(np.sin(np.pi * x / 2 / k)),
        lambda x, k: mp.asin(mp.sin(mp.pi * x / 2 / k)),
        once,
    ),
    "arccos of cos": (
        lambda x, k: np.arccos(np.cos(np.pi * x / k)),
        lambda x, k: mp.acos(mp.cos(mp.pi * x / k)),
        twice,
    ),
    "arctan of tan": (
        lambda x, k: np.arctan(np.tan(np.pi * x / 2 / k)),
        lambda x, k: mp.atan(mp.tan(mp.pi * x / 2 / k)),
        once,
    ),
    "unwrap": (
        lambda x, k: np.unwrap(np.array([0.0, 10 * x * k]))[1],
        lambda x, k: 10 * x * k - (2 * mp.pi if 10 * x * k > mp.pi else 0),
        lambda k: [mp.pi / 10 / k],
    ),
    "huber": (
        lambda x, k: huber(k / 2, x - k),
        lambda x, k: (x - k) ** 2 / 2 if abs(x - k) <= k / 2 else k / 2 * (abs(x - k) - k / 4),
        lambda k: [k / 2, 3 * k / 2],
    ),
    "one that stays": (lambda x, k: np.abs(np.array([x, k]) - k).sum(), distance, once),
}


@functools.cache
def truth(name, damping):
    """The first two derivatives of ∫₀¹ exp(−damping (1 − x)) f(x, k) dx by k."""
    _, function, places = WAYS[name]

    def integral(k):
        ends = sorted({mp.mpf(0), mp.mpf(1), *[mp.mpf(p) for p in places(k) if 0 < p < 1]})
        return mp.quad(lambda x: mp.exp(-damping * (1 - x)) * function(x, k), ends)

    with mp.workdps(30):
        h, k = mp.mpf("1e-6"), mp.mpf(AT)
        below, here, above = integral(k - h), integral(k), integral(k + h)
        return [float((above - below) / (2 * h)), float((above - 2 * here + below) / h**2)]


def first_and_second(f):
    gradient = gw.grad(f, method="exact")
    return [gradient(AT), gw.grad(gradient, method="exact")(AT)]


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (k % 2)) for k, n in enumerate(WAYS)])
def test_integrals(name):
    # second derivatives were 0, and first ones too where integers or places decide, or the run raised
    f = WAYS[name][0]
    found = first_and_second(lambda k: quad(lambda x: f(x, k), 0, 1, limit=200)[0])
    np.testing.assert_allclose(found, truth(name, 0.0), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (k % 2)) for k, n in enumerate(WAYS)])
def test_solutions(name):
    # the time decides, and a state that is the time
    f = WAYS[name][0]
    options = {"rtol": 1e-7, "atol": 1e-9}
    found = first_and_second(
        lambda k: solve_ivp(lambda t, y: [-0.5 * y[0] + f(t, k)], (0, 1), [0.0], **options).y[0, -1]
    )
    np.testing.assert_allclose(found, truth(name, 0.5), rtol=1e-7, atol=1e-8)
    found = first_and_second(
        lambda k: solve_ivp(lambda t, y: [-0.5 * y[0] + f(y[1], k), 1.0 + 0 * y[1]], (0, 1), [0.0, 0.0], **options).y[
            0, -1
        ]
    )
    np.testing.assert_allclose(found, truth(name, 0.5), rtol=2e-7, atol=1e-7)


@pytest.mark.slow
def test_a_vector_that_turns_round_beside_0_is_no_kink():
    # an orbit: its distance from the centre never vanishes
    def f(k):
        def rhs(t, y):
            return [y[2], y[3], -k * y[0] / np.hypot(y[0], y[1]) ** 3, -k * y[1] / np.hypot(y[0], y[1]) ** 3]

        return solve_ivp(rhs, (0, 7), [1.0, 0.0, 0.0, 0.4], rtol=1e-10, atol=1e-12).y[0, -1]

    h = 1e-4
    points = [f(1 + j * h) for j in (-2, -1, 1, 2)]
    wanted = (points[0] - 8 * points[1] + 8 * points[2] - points[3]) / (12 * h)
    np.testing.assert_allclose(gw.grad(f, method="exact")(1.0), wanted, rtol=1e-5)


@pytest.mark.slow
def test_an_angle_that_goes_round():
    # the angle of a rotation with speed k, in (−π, π]: it jumps at π/k, 3π/k, …
    def f(k):
        def rhs(t, y):
            return [-k * y[1], k * y[0], np.arctan2(y[1], y[0])]

        return solve_ivp(rhs, (0, 4), [1.0, 0.0, 0.0], rtol=1e-9, atol=1e-11).y[2, -1]

    def solution(k):
        return k * 8 - 2 * mp.pi * sum(4 - (2 * n + 1) * mp.pi / k for n in range(2) if 4 > (2 * n + 1) * mp.pi / k)

    wanted = [float(mp.diff(solution, 2.7, n)) for n in (1, 2)]
    gradient = gw.grad(f, method="exact")
    np.testing.assert_allclose(gradient(2.7), wanted[0], rtol=1e-7)
    np.testing.assert_allclose(gw.grad(gradient, method="exact")(2.7), wanted[1], rtol=1e-6)


@functools.cache
def half(kind):
    return {"half": 0.5}[kind]


@pytest.mark.parametrize("proved", [True, False])
def test_arrays_that_are_compared_with_one_answer_do_not_switch(proved):
    # such solutions were verified by differences, closer than LSODA's own steps are
    def f(v):
        def rhs(t, y):
            rate = 0.5 if proved else half("half")
            return np.where(y > 10.0, np.nan, -v[1] * np.exp(-rate * t) * y)

        found = solve_ivp(rhs, (0.0, 2.0), [v[0], 2 * v[0]], method="LSODA", rtol=1e-6, t_eval=[2.0])
        return found.y[0, -1] + found.y[1, -1]

    v, s = np.array([1.3, 0.7]), 2 * (1 - math.exp(-1.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error", gw.NumericalFallbackWarning)
        gradient = gw.grad(f)(v)
    e = 3 * math.exp(-v[1] * s)
    np.testing.assert_allclose(gradient, [e, -s * v[0] * e], rtol=1e-8)
