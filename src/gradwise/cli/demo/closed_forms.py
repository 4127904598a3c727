"""Derivatives whose formulas every textbook has, beside those formulas.

The formulas are evaluated in extended precision where the machine has it, so that the error shown is the derivative's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy

import gradwise as gw
from gradwise.cli.demo.screen import Screen, numbers, ulps, ulps_text

# Exact in binary, none on a kink, and some of either sign. They stay clear of the zero of GELU's slope at -0.75, where
# an error in units of the last place says nothing.
POINTS = np.array([-3.0, -1.5, -0.25, 0.125, 0.5, 1.0, 2.5])
POSITIVE = np.array([0.125, 0.5, 1.0, 2.5, 10.0])
MOST_ULPS = 8.0


class Common(NamedTuple):
    """A function of one number and its derivative."""

    name: str
    formula: str
    function: Callable[[Any], Any]
    slope: Callable[[Any], Any]
    points: np.ndarray = POINTS


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _normal_cdf(x: Any) -> Any:
    """Φ in extended precision: Φ(0) + φ-weighted Taylor terms, Σ x^(2k+1) / (1·3·5…(2k+1)), which all have one sign."""
    term = total = np.longdouble(x)
    for k in range(1, 120):
        term = term * x * x / (2 * k + 1)
        total = total + term
    return 0.5 + total * np.exp(-x * x / 2) / np.sqrt(2 * np.longdouble(_PI))


_PI = np.longdouble("3.14159265358979323846264338327950288")

COMMON = (
    Common("x⁵", "5 x⁴", lambda x: x**5, lambda x: 5 * x**4),
    Common("√x", "1 / (2 √x)", np.sqrt, lambda x: 0.5 / np.sqrt(x), POSITIVE),
    Common("eˣ", "eˣ", np.exp, np.exp),
    Common("ln x", "1 / x", np.log, lambda x: 1 / x, POSITIVE),
    Common("sigmoid σ", "σ (1 − σ)", _sigmoid, lambda x: 1 / ((1 + np.exp(-x)) * (1 + np.exp(x)))),
    Common("tanh", "1 − tanh²", np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    Common("ReLU", "1 or 0", lambda x: np.maximum(x, 0), lambda x: np.where(x > 0, 1, 0)),
    Common(
        "leaky ReLU",
        "1 or 0.01",
        lambda x: np.where(x > 0, x, 0.01 * x),
        lambda x: np.where(x > 0, np.longdouble(1), np.longdouble(0.01)),
    ),
    Common(
        "GELU  x Φ(x)",
        "Φ + x φ",
        lambda x: x * 0.5 * (1 + scipy.special.erf(x / math.sqrt(2))),
        lambda x: _normal_cdf(x) + x * np.exp(-x * x / 2) / np.sqrt(2 * _PI),
    ),
)


class Row(NamedTuple):
    """One example with several numbers: what it is, what was found, what it must be."""

    name: str
    formula: str
    got: Any
    want: Any


def _polynomial(x: Any, y: Any) -> Any:
    return x**2 * y + 3 * x * y**2


def _mixed(x: Any, y: Any, z: Any) -> Any:
    return x**2 * y + y * z**3 + np.sin(x * y)


def several_variables() -> list[Row]:
    """Partial derivatives, gradients, a Jacobian, two losses."""
    two, cosine = np.longdouble(2), np.cos(np.longdouble(2))
    rng = np.random.default_rng(7)
    matrix, bias, at = rng.normal(size=(3, 4)), rng.normal(size=3), rng.normal(size=4)
    x, y = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 7.0])
    rows = [
        Row("x²y + 3xy², (2, 1)", "2xy+3y², x²+6xy", gw.grad(_polynomial, "all")(2.0, 1.0), (7, 16)),
        Row(
            "x²y+yz³+sin xy,(1,2,3)",
            "2xy+y cos xy, …, 3yz²",
            gw.grad(_mixed, "all")(1.0, 2.0, 3.0),
            (4 + two * cosine, 28 + cosine, 54),
        ),
        Row(
            "w₁² + 2w₂², (1, 1)",
            "2w₁, 4w₂",
            gw.grad(lambda w: w[0] ** 2 + 2 * w[1] ** 2)(np.array([1.0, 1.0])),
            (2, 4),
        ),
        Row("Jacobian of Wx + b", "W (3×4)", gw.jacobian(lambda v: matrix @ v + bias)(at), matrix),
        Row(
            "MSE of a line, (2, 1)",
            "−2/3, −2/3",
            gw.grad(lambda w, b: np.mean((w * x + b - y) ** 2), "all")(2.0, 1.0),
            (-two / 3, -two / 3),
        ),
    ]
    samples, labels, w = rng.normal(size=(50, 3)), rng.integers(0, 2, 50).astype(float), np.array([0.5, -1.0, 0.25])

    def loss(w: Any) -> Any:
        return np.mean(np.logaddexp(0, samples @ w) - labels * (samples @ w))

    exact = samples.astype(np.longdouble)
    p = 1 / (1 + np.exp(-(exact @ w)))
    rows.append(Row("logistic loss of 50", "Xᵀ(σ(Xw) − y) / n", gw.grad(loss)(w), exact.T @ (p - labels) / 50))
    rows.append(
        Row("Hessian of that", "Xᵀ diag(σ′) X / n", gw.hessian(loss)(w), (exact.T * (p * (1 - p))) @ exact / 50)
    )
    return rows


def _first(value: Any) -> str:
    """The first numbers of an array, as many as a column of the table holds."""
    entries = numbers(np.ravel(value), 4)[1:-1].split()
    if len(" ".join(entries)) <= 17:
        return " ".join(entries)
    return " ".join(entries[:2])[:15] + " …"


def show(screen: Screen) -> None:
    """The first part of the tour."""
    screen.part(
        "Derivatives beside their closed forms", "Exact to rounding: 1 ulp is one unit in the last of 16 digits.\n"
    )
    shown: list[tuple[str, ...]] = []
    for row in COMMON:
        got = gw.derivative(row.function)(row.points)
        error = ulps(got, row.slope(row.points.astype(np.longdouble)))
        mark = screen.check(f"the derivative of {row.name}", error <= MOST_ULPS, row.points.size)
        at = float(row.points[-2])
        shown.append((row.name, row.formula, f"{at:g}", f"{got[-2]:.15g}", ulps_text(error), mark))
    screen.table(("function", "derivative", "at x", "found", "error", ""), shown, right=(2, 3, 4))
    screen.text("")
    shown = []
    for example in several_variables():
        error = ulps(example.got, example.want)
        mark = screen.check(example.name, error <= 4 * MOST_ULPS, np.size(example.want))
        found = _first(example.got)
        shown.append((example.name, example.formula, found, ulps_text(error), mark))
    screen.table(("function, point", "derivatives", "found", "error", ""), shown, right=(3,))
    estimate = gw.numerical.derivative(lambda x: x**2, 3.0)
    mark = screen.check("the numerical derivative of x²", abs(estimate.value - 6) <= estimate.error <= 1e-9)
    screen.text(
        f"\nWithout any rule, from values alone: (x²)′ at 3 is {estimate.value:.12g}, "
        f"error at most {max(estimate.error, abs(estimate.value - 6)):.0e} {mark}"
    )
