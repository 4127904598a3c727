"""Numbers: ``math``, ``float``, ``.item()``, ``round``, types, and formulas written entry by entry."""

from __future__ import annotations

import cmath
import math
import numbers
from math import exp, hypot, log1p
from math import sqrt as root

import numpy as np
import pytest
from ordinary import Cases, agrees

cases = Cases()


@cases.at([0.7, 1.3])
def scalars_from_math(x):
    return math.exp(x[0]) * math.sin(x[1]) + math.log(x[0]) / math.sqrt(x[1]) + math.atan2(x[0], x[1]) ** 2


@cases.at([0.7, 1.3])
def names_imported_from_math(x):
    return hypot(x[0], x[1]) + exp(-x[0]) * log1p(x[1]) + root(x[0] * x[1])


@cases.at([0.3, 0.6])
def rarer_functions_of_math(x):
    a, b = float(x[0]), float(x[1])
    return (
        math.erf(a)
        + math.gamma(1 + b)
        + math.lgamma(2 + a)
        + math.copysign(a, -b)
        + math.fmod(7 * a, b)
        + math.degrees(a)
        + math.expm1(b)
        + math.dist([a, b], [1.0, 2.0])
    )


@cases.at([0.3, 0.6, 1.1])
def sums_by_fsum_and_prod(x):
    return math.fsum(v**2 for v in x) * math.prod([1 + v for v in x]) + math.fsum([float(v) for v in x])


@cases.at([0.3, 0.6])
def complex_numbers(x):
    z = complex(x[0], x[1])
    w = cmath.exp(z) * (1 + 2j) / z
    return abs(w) + w.real * cmath.phase(z) + (z * z.conjugate()).real


@cases.at([2.0, -5.0, 6.0])
def roots_of_a_quadratic(x):
    a, b, c = [float(v) for v in x]
    d = b * b - 4 * a * c
    if d >= 0:
        return (-b + math.sqrt(d)) / (2 * a)
    z = (-b + cmath.sqrt(d)) / (2 * a)
    return z.imag + 3 * z.real


@cases.at([1.5, 2.5])
def item_and_tolist(x):
    a = x[0].item()
    b, c = x.tolist()
    return a * b + c**3 + x.sum().item() + np.float64(c) * x.item(1)


@cases.at(1.7)
def a_python_number(x):
    total = 0
    for k in range(5):
        total += x**k / math.factorial(k)
    return total


@cases.at(1.7, 0.4)
def two_python_numbers(a, b):
    return max(a, b) * min(a, b) + abs(a - b) ** 1.5 + (a if a > b else b) // 1 + a % b


@cases.at([2.7, 1.2])
def rounding_beside_the_number(x):
    n = int(x[0])
    m = round(x[1] * 10)
    frac = x[0] - math.floor(x[0])
    return frac * n + x[1] ** m + math.trunc(x[0]) * x[0]


@cases.at([2.7, 1.2])
def types_are_asked_for(x):
    t = 0.0
    for v in [x[0], float(x[1]), 3, 2.5]:
        if type(v) is float:
            t += v**2
        elif isinstance(v, np.floating):
            t += 3 * v
        elif isinstance(v, int):
            t += v
    return (
        t
        + (x[0] if isinstance(x[0], (float, np.ndarray)) else 0)
        + (float(x[1]) if isinstance(float(x[1]), numbers.Real) else 0)
    )


@cases.at([2.7, 1.2])
def types_as_converters(x):
    convert = {"f": float, "n": np.float64, "a": np.asarray}
    return sum(convert[k](x[0]) * w for k, w in zip("fna", (1, 2, 3), strict=True)) * np.array(x, dtype=float)[1]


@cases.at([2.7, 1.2])
def shadowed_float_still_a_type(x):
    assert isinstance(float(x[0]), float)
    assert float("inf") > x[0]
    z = np.zeros(2, dtype=float)
    z[0] = float(x[0])
    z[1] = x[1] * float("2.5")
    return z @ z


@cases.at([2.7, 1.2])
def horner(x):
    p = 0.0
    for c in [1.0, -2.0, 0.5, 3.0]:
        p = p * x[0] + c
    return p / (1 + x[1] ** 2)


@cases.at([0.2, 0.9])
def powers_of_both_kinds(x):
    a, b = x
    return a**b + 2**a + b**2 + pow(a, 3) + pow(b, a) + a**-1.5 + (a * b) ** 0.5


@cases.at([2.1, 0.9])
def divmod_and_floor(x):
    q, r = divmod(7.3 * x[1], x[0])
    return r * q + x[1]


@cases.at([4.0, 2.0, 0.5])
def conditional_expressions(x):
    a, b, c = x
    y = a if a > b > c else b
    z = (b and c) + (0.0 or a)
    return y * z + (c if not c > 1 else -c) + [b, a][int(a > b)] * (a > b)


@cases.at([0.4, -1.2, 2.2])
def huber_with_branches(x):
    total = 0.0
    for r in x:
        total += 0.5 * r**2 if abs(r) <= 1.0 else abs(r) - 0.5
    return total


@cases.at(0.3)
def series_until_it_converges(x):
    term, total, n = 1.0, 1.0, 0
    while abs(term) > 1e-17:
        n += 1
        term *= x / n
        total += term
    return total * n


@cases.at([0.83, 1.7])
def bisection_then_use(x):
    lo, hi = 0.0, 4.0
    for _ in range(60):
        mid = 0.5 * (lo + hi)
        if mid**2 > 2.0:
            hi = mid
        else:
            lo = mid
    return mid * x[0] + x[1] ** mid


@cases.at([1.2, 3.4])
def numpy_scalars(x):
    a = np.float64(x[0])
    b = np.square(a) + np.float64(2.0) * x[1]
    return np.maximum(a, b) * np.abs(-a) + np.power(a, 2.5) + np.hypot(a, b)


@cases.at([[1.2], [3.4]])
def entries_of_a_column(x):
    a, b = float(x[0, 0]), x[1].item()
    return a * math.cos(b) + float(x[0][0]) ** 2 + x[1, 0]


@cases.at([0.5, 1.5])
def walrus_and_chained_assignments(x):
    if (s := x[0] * x[1]) > 0.1:
        a = b = s**2
        a += 1
    (c, d), e = x, s
    return a * b + c * d * e


@pytest.mark.parametrize("case", cases, ids=repr)
def test_numbers(case):
    agrees(case)
