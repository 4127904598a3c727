"""The classical test problems of unconstrained minimisation, each written from its formulas, with its published minima.

Problems 1 to 35: Moré, Garbow and Hillstrom, "Testing unconstrained optimization software", ACM Trans. Math. Softw. 7 (1981), section 3, with their numbers, data,
starting points and minima; f is the sum of squares of the residuals.  Himmelblau's function: "Applied nonlinear programming" (1972), with its four minima.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Problem:
    """A problem: residuals, start, and the values of f at its published minima (one at infinity included where there is one)."""

    name: str
    residuals: Callable[[Any], Any]
    start: tuple[float, ...]
    minima: tuple[float, ...]
    points: tuple[tuple[float, ...], ...] = ()

    def __call__(self, x: Any) -> Any:
        r = self.residuals(x)
        if isinstance(r, list):
            total = r[0] ** 2
            for value in r[1:]:
                total = total + value**2
            return total
        return np.sum(r**2)


def rosenbrock(x):
    return [10 * (x[1] - x[0] ** 2), 1 - x[0]]


def freudenstein_roth(x):
    return [-13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1], -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1]]


def powell_badly_scaled(x):
    return [1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001]


def brown_badly_scaled(x):
    return [x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2]


def beale(x):
    return np.array([1.5, 2.25, 2.625]) - x[0] * (1 - x[1] ** np.array([1, 2, 3]))


def jennrich_sampson(x):
    i = np.arange(1, 11)
    return 2 + 2 * i - (np.exp(i * x[0]) + np.exp(i * x[1]))


def helical_valley(x):
    theta = np.arctan(x[1] / x[0]) / (2 * np.pi)
    if x[0] < 0:
        theta = theta + 0.5
    return [10 * (x[2] - 10 * theta), 10 * (np.sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]]


BARD = np.array([0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39])


def bard(x):
    u = np.arange(1, 16)
    v = 16 - u
    return BARD - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


GAUSSIAN = np.array([9e-4, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989])
GAUSSIAN = np.concatenate([GAUSSIAN, GAUSSIAN[-2::-1]])


def gaussian(x):
    t = (8 - np.arange(1, 16)) / 2
    return x[0] * np.exp(-x[1] * (t - x[2]) ** 2 / 2) - GAUSSIAN


MEYER = np.array(
    [34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872]
)


def meyer(x):
    t = 45 + 5 * np.arange(1, 17)
    return x[0] * np.exp(x[1] / (t + x[2])) - MEYER


def gulf(x):
    t = np.arange(1, 100) / 100
    y = 25 + (-50 * np.log(t)) ** (2 / 3)
    return np.exp(-(np.abs(y - x[1]) ** x[2]) / x[0]) - t


def box(x):
    t = 0.1 * np.arange(1, 11)
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def powell_singular(x):
    return [x[0] + 10 * x[1], np.sqrt(5) * (x[2] - x[3]), (x[1] - 2 * x[2]) ** 2, np.sqrt(10) * (x[0] - x[3]) ** 2]


def wood(x):
    return [
        10 * (x[1] - x[0] ** 2), 1 - x[0], np.sqrt(90) * (x[3] - x[2] ** 2), 1 - x[2],
        np.sqrt(10) * (x[1] + x[3] - 2), (x[1] - x[3]) / np.sqrt(10),
    ]  # fmt: skip


KOWALIK_Y = np.array([0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246])
KOWALIK_U = np.array([4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])


def kowalik_osborne(x):
    u = KOWALIK_U
    return KOWALIK_Y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def brown_dennis(x):
    t = np.arange(1, 21) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


OSBORNE_1 = np.array([
    0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603, 0.580,
    0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406,
])  # fmt: skip


def osborne_1(x):
    t = 10 * np.arange(33)
    return OSBORNE_1 - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def biggs(x):
    t = 0.1 * np.arange(1, 14)
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    return x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y


OSBORNE_2 = np.array([
    1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608, 0.655, 0.616, 0.606, 0.602,
    0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395, 0.375,
    0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591,
    0.559, 0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054,
])  # fmt: skip


def osborne_2(x):
    t = np.arange(65) / 10
    return OSBORNE_2 - (
        x[0] * np.exp(-t * x[4])
        + x[1] * np.exp(-((t - x[8]) ** 2) * x[5])
        + x[2] * np.exp(-((t - x[9]) ** 2) * x[6])
        + x[3] * np.exp(-((t - x[10]) ** 2) * x[7])
    )


def watson(x):
    n = len(x)
    t = np.arange(1, 30)[:, None] / 29
    j = np.arange(n)
    powers = t**j
    slopes = j[1:] * t ** (j[1:] - 1)
    inner = slopes @ x[1:] - (powers @ x) ** 2 - 1
    return np.concatenate([inner, [x[0]], [x[1] - x[0] ** 2 - 1]])


def extended_rosenbrock(x):
    return np.concatenate([10 * (x[1::2] - x[0::2] ** 2), 1 - x[0::2]])


def extended_powell(x):
    a, b, c, d = x[0::4], x[1::4], x[2::4], x[3::4]
    return np.concatenate([a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2, np.sqrt(10) * (a - d) ** 2])


def penalty_1(x):
    return np.concatenate([np.sqrt(1e-5) * (x - 1), [np.sum(x**2) - 0.25]])


def penalty_2(x):
    n = len(x)
    i = np.arange(2, n + 1)
    y = np.exp(i / 10) + np.exp((i - 1) / 10)
    e = np.exp(x / 10)
    a = np.sqrt(1e-5)
    return np.concatenate([
        [x[0] - 0.2], a * (e[1:] + e[:-1] - y), a * (e[1:] - np.exp(-0.1)), [np.sum((n - np.arange(n)) * x**2) - 1],
    ])  # fmt: skip


def variably_dimensioned(x):
    s = np.sum(np.arange(1, len(x) + 1) * (x - 1))
    return np.concatenate([x - 1, [s], [s**2]])


def trigonometric(x):
    n = len(x)
    return n - np.sum(np.cos(x)) + np.arange(1, n + 1) * (1 - np.cos(x)) - np.sin(x)


def brown_almost_linear(x):
    n = len(x)
    return np.concatenate([x[:-1] + np.sum(x) - (n + 1), [np.prod(x) - 1]])


def grid(n):
    return np.arange(1, n + 1) / (n + 1)


def discrete_boundary_value(x):
    n = len(x)
    h, t = 1 / (n + 1), grid(n)
    left = np.concatenate([[0.0], x[:-1]])
    right = np.concatenate([x[1:], [0.0]])
    return 2 * x - left - right + h**2 * (x + t + 1) ** 3 / 2


def discrete_integral_equation(x):
    n = len(x)
    h, t = 1 / (n + 1), grid(n)
    cube = (x + t + 1) ** 3
    lower = np.tril(np.ones((n, n)))
    return x + h * ((1 - t) * (lower @ (t * cube)) + t * ((1 - lower) @ ((1 - t) * cube))) / 2


def broyden_tridiagonal(x):
    left = np.concatenate([[0.0], x[:-1]])
    right = np.concatenate([x[1:], [0.0]])
    return (3 - 2 * x) * x - left - 2 * right + 1


def broyden_banded(x):
    n = len(x)
    i, j = np.indices((n, n))
    band = ((j >= i - 5) & (j <= i + 1) & (j != i)).astype(float)
    return x * (2 + 5 * x**2) + 1 - band @ (x * (1 + x))


def linear_full_rank(x, m=20):
    s = 2 / m * np.sum(x)
    return np.concatenate([x - s - 1, np.zeros(m - len(x)) - s - 1])


def linear_rank_1(x, m=20):
    return np.arange(1, m + 1) * np.sum(np.arange(1, len(x) + 1) * x) - 1


def linear_rank_1_zeros(x, m=20):
    n = len(x)
    s = np.sum(np.arange(2, n) * x[1:-1])
    weights = np.arange(m, dtype=float)
    weights[-1] = 0
    return weights * s - 1


def chebyquad(x):
    n = len(x)
    y = 2 * x - 1
    before, now, rows = 1.0, y, []
    for i in range(1, n + 1):
        integral = 0.0 if i % 2 else -1 / (i**2 - 1)
        rows.append(np.mean(now) - integral)
        before, now = now, 2 * y * now - before
    return np.stack(rows)


def himmelblau(x):
    return [x[0] ** 2 + x[1] - 11, x[0] + x[1] ** 2 - 7]


def ones(n, value=1.0):
    return (value,) * n


PROBLEMS = [
    Problem("rosenbrock", rosenbrock, (-1.2, 1.0), (0.0,), ((1.0, 1.0),)),
    Problem("freudenstein_roth", freudenstein_roth, (0.5, -2.0), (0.0, 48.9842), ((5.0, 4.0),)),
    Problem("powell_badly_scaled", powell_badly_scaled, (0.0, 1.0), (0.0,)),
    Problem("brown_badly_scaled", brown_badly_scaled, (1.0, 1.0), (0.0,), ((1e6, 2e-6),)),
    Problem("beale", beale, (1.0, 1.0), (0.0,), ((3.0, 0.5),)),
    Problem("jennrich_sampson", jennrich_sampson, (0.3, 0.4), (124.362,)),
    Problem("helical_valley", helical_valley, (-1.0, 0.0, 0.0), (0.0,), ((1.0, 0.0, 0.0),)),
    Problem("bard", bard, (1.0, 1.0, 1.0), (8.21487e-3, 17.4286)),
    Problem("gaussian", gaussian, (0.4, 1.0, 0.0), (1.12793e-8,)),
    Problem("meyer", meyer, (0.02, 4000.0, 250.0), (87.9458,)),
    Problem("gulf", gulf, (5.0, 2.5, 0.15), (0.0,), ((50.0, 25.0, 1.5),)),
    Problem("box", box, (0.0, 10.0, 20.0), (0.0,), ((1.0, 10.0, 1.0), (10.0, 1.0, -1.0))),
    Problem("powell_singular", powell_singular, (3.0, -1.0, 0.0, 1.0), (0.0,), ((0.0, 0.0, 0.0, 0.0),)),
    Problem("wood", wood, (-3.0, -1.0, -3.0, -1.0), (0.0,), (ones(4),)),
    Problem("kowalik_osborne", kowalik_osborne, (0.25, 0.39, 0.415, 0.39), (3.07505e-4, 1.02734e-3)),
    Problem("brown_dennis", brown_dennis, (25.0, 5.0, -5.0, -1.0), (85822.2,)),
    Problem("osborne_1", osborne_1, (0.5, 1.5, -1.0, 0.01, 0.02), (5.46489e-5,)),
    Problem("biggs", biggs, (1.0, 2.0, 1.0, 1.0, 1.0, 1.0), (5.65565e-3, 0.0), ((1.0, 10.0, 1.0, 5.0, 4.0, 3.0),)),
    Problem("osborne_2", osborne_2, (1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5), (4.01377e-2,)),
    Problem("watson", watson, ones(6, 0.0), (2.28767e-3,)),
    Problem("extended_rosenbrock", extended_rosenbrock, (-1.2, 1.0) * 5, (0.0,), (ones(10),)),
    Problem("extended_powell", extended_powell, (3.0, -1.0, 0.0, 1.0) * 3, (0.0,), (ones(12, 0.0),)),
    Problem("penalty_1", penalty_1, (1.0, 2.0, 3.0, 4.0), (2.24997e-5,)),
    Problem("penalty_2", penalty_2, ones(4, 0.5), (9.37629e-6,)),
    Problem("variably_dimensioned", variably_dimensioned, tuple(1 - np.arange(1, 9) / 8), (0.0,), (ones(8),)),
    Problem("trigonometric", trigonometric, ones(5, 0.2), (0.0,)),
    Problem("brown_almost_linear", brown_almost_linear, ones(6, 0.5), (0.0, 1.0)),
    Problem("discrete_boundary_value", discrete_boundary_value, tuple(grid(10) * (grid(10) - 1)), (0.0,)),
    Problem("discrete_integral_equation", discrete_integral_equation, tuple(grid(10) * (grid(10) - 1)), (0.0,)),
    Problem("broyden_tridiagonal", broyden_tridiagonal, ones(10, -1.0), (0.0,)),
    Problem("broyden_banded", broyden_banded, ones(10, -1.0), (0.0,)),
    Problem("linear_full_rank", linear_full_rank, ones(8), (12.0,), (ones(8, -1.0),)),
    Problem("linear_rank_1", linear_rank_1, ones(8), (20 * 19 / (2 * 41),)),
    Problem("linear_rank_1_zeros", linear_rank_1_zeros, ones(8), ((400 + 60 - 6) / (2 * 37),)),
    Problem("chebyquad", chebyquad, tuple(grid(8)), (3.51687e-3,)),
    Problem(
        "himmelblau", himmelblau, (0.0, 0.0), (0.0,),
        ((3.0, 2.0), (-2.805118, 3.131312), (-3.779310, -3.283186), (3.584428, -1.848126)),
    ),
]  # fmt: skip
BY_NAME = {problem.name: problem for problem in PROBLEMS}
