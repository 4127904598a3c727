"""The fixed battery: scalar functions of every kind that trips numerical differentiation, with exact derivatives.

Each case is (kind, name, f, x, truth): truth is the same formula in mpmath, differentiated by it at 60 digits, or a number;
for a kink the pair (left, right), None where there is no slope.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np
from noise import hash_noise

mp.mp.dps = 60


@dataclass(frozen=True)
class Case:
    kind: str
    name: str
    f: Callable[[Any], Any]
    x: float
    truth: Any  # float; (left, right) for a kink; None for no derivative
    sigma: float = 0.0  # noise level, where known


def exact(g: Callable[[Any], Any], x: float, order: int = 1) -> float:
    """Differentiate an mpmath function at the float x; steps relative to x, 60 digits."""
    point = mp.mpf(x)
    scale = abs(point) if point != 0 else mp.mpf(1)
    with mp.workdps(120):
        return float(mp.diff(lambda t: g(point + scale * t), 0, order) / scale**order)


CASES: list[Case] = []


def smooth(kind: str, name: str, f: Callable[[Any], Any], g: Callable[[Any], Any], *points: float) -> None:
    CASES.extend(Case(kind, f"{name} at {x:g}", f, x, exact(g, x)) for x in points)


def broken(kind: str, name: str, f: Callable[[Any], Any], x: float, truth: Any) -> None:
    CASES.append(Case(kind, f"{name} at {x:g}", f, x, truth))


# --- smooth, ordinary scale -----------------------------------------------------------------------------------------
smooth("smooth", "sin", np.sin, mp.sin, 1.0, 0.0, 3.0)
smooth("smooth", "exp", np.exp, mp.exp, 1.0, -20.0, 30.0)
smooth("smooth", "log", np.log, mp.log, 2.0, 0.1)
smooth("smooth", "x^3 - 2x + 1", lambda x: x**3 - 2 * x + 1, lambda x: x**3 - 2 * x + 1, 0.7, -5.0)
smooth("smooth", "tanh", np.tanh, mp.tanh, 0.3, 4.0)
smooth("smooth", "1/(1+x^2)", lambda x: 1 / (1 + x * x), lambda x: 1 / (1 + x * x), 0.5, 10.0)
smooth("smooth", "exp(-x^2)", lambda x: np.exp(-x * x), lambda x: mp.exp(-x * x), 1.5, 0.01)
smooth("smooth", "gamma", math.gamma, mp.gamma, 2.5, 8.0)
smooth("smooth", "erf", math.erf, mp.erf, 0.4)
smooth("smooth", "x^x", lambda x: x**x, lambda x: x**x, 1.3)
smooth("smooth", "atan (scalar only)", math.atan, mp.atan, 2.0)
smooth("smooth", "sqrt(1+x^4) (scalar only)", lambda x: math.sqrt(1 + x**4), lambda x: mp.sqrt(1 + x**4), 1.1)
smooth("smooth", "hypot(x, 2)", lambda x: math.hypot(x, 2.0), lambda x: mp.sqrt(x * x + 4), 1.7)
smooth("smooth", "sin(x)/x", lambda x: np.sin(x) / x, lambda x: mp.sin(x) / x, 0.9)

# --- scales ---------------------------------------------------------------------------------------------------------
smooth("scaled", "x^2", lambda x: x * x, lambda x: x * x, 1e-150, 1e-8, 1e10)
smooth("scaled", "sin", math.sin, mp.sin, 1e-150, 1e-8, 1e8)
smooth("scaled", "log", math.log, mp.log, 1e-150, 1e10)
smooth("scaled", "1/x", lambda x: 1 / x, lambda x: 1 / x, 1e-30, 1e9)
smooth("scaled", "cos", math.cos, mp.cos, 1e-8)
smooth("scaled", "exp", math.exp, mp.exp, 1e-10, 600.0)
smooth("scaled", "sqrt", np.sqrt, mp.sqrt, 1e-20, 1e10)
smooth("scaled", "exp(-x/1e6)", lambda x: np.exp(-x / 1e6), lambda x: mp.exp(-x / mp.mpf(10) ** 6), 1e6, 3.0)
smooth("scaled", "exp(1e6 x)", lambda x: math.exp(1e6 * x), lambda x: mp.exp(10**6 * x), 1e-6)
smooth("scaled", "1e12 + x^2", lambda x: 1e12 + x * x, lambda x: x * x, 1e3)
smooth("scaled", "Arrhenius", lambda x: math.exp(-8000.0 / x), lambda x: mp.exp(-8000 / x), 300.0)

# --- domain edges ---------------------------------------------------------------------------------------------------
smooth("edge", "sqrt(1-x)", lambda x: math.sqrt(1 - x), lambda x: mp.sqrt(1 - x), 1 - 1e-10, 1 - 1e-3)
smooth("edge", "log(1-x) NaN", lambda x: float(np.log(1 - x)), lambda x: mp.log(1 - x), 1 - 1e-6)
smooth("edge", "asin", math.asin, mp.asin, 0.9999)
smooth("edge", "x log x", lambda x: x * math.log(x), lambda x: x * mp.log(x), 1e-5)
smooth("edge", "acosh", math.acosh, mp.acosh, 1.0001)
smooth("edge", "x^1.5 by **", lambda x: x**1.5, lambda x: x ** mp.mpf("1.5"), 1e-7)
smooth("edge", "tan near pole", math.tan, mp.tan, 1.5707)
CASES.append(Case("one-sided", "exp(x) for x >= 1 at 1", lambda x: math.exp(x) if x >= 1 else math.nan, 1.0, math.e))
CASES.append(Case("one-sided", "sin(x), raises above 2, at 2", lambda x: _below(x, 2.0, math.sin), 2.0, math.cos(2.0)))
CASES.append(Case("one-sided", "x^2.5 at 0", lambda x: math.nan if x < 0 else x**2.5, 0.0, 0.0))
CASES.append(
    Case("one-sided", "sqrt(1+x) for x >= 0 at 0", lambda x: math.sqrt(1 + x) if x >= 0 else math.nan, 0.0, 0.5)
)

# --- oscillating ----------------------------------------------------------------------------------------------------
smooth("oscillating", "sin(1e4 x)", lambda x: math.sin(1e4 * x), lambda x: mp.sin(10**4 * x), 1.0)
smooth(
    "oscillating",
    "sin(50 x) exp(-x)",
    lambda x: math.sin(50 * x) * math.exp(-x),
    lambda x: mp.sin(50 * x) * mp.exp(-x),
    1.0,
)
smooth("oscillating", "sin(1/x)", lambda x: math.sin(1 / x), lambda x: mp.sin(1 / x), 0.01)
smooth(
    "oscillating",
    "x + 1e-3 sin(300 x)",
    lambda x: x + 1e-3 * math.sin(300 * x),
    lambda x: x + mp.sin(300 * x) / 1000,
    2.0,
)
smooth("oscillating", "cos(x^2)", lambda x: math.cos(x * x), lambda x: mp.cos(x * x), 30.0)

# --- cancelling -----------------------------------------------------------------------------------------------------
smooth("cancelling", "(1-cos x)/x^2", lambda x: (1 - math.cos(x)) / x**2, lambda x: (1 - mp.cos(x)) / x**2, 1e-2, 1e-4)
smooth(
    "cancelling", "(exp(x)-1-x)/x^2", lambda x: (math.exp(x) - 1 - x) / x**2, lambda x: (mp.exp(x) - 1 - x) / x**2, 1e-3
)
smooth("cancelling", "expanded (x-1)^7",
       lambda x: x**7 - 7 * x**6 + 21 * x**5 - 35 * x**4 + 35 * x**3 - 21 * x**2 + 7 * x - 1, lambda x: (x - 1) ** 7, 1.1)  # fmt: skip
smooth("cancelling", "log(1+x) naive", lambda x: math.log(1 + x), lambda x: mp.log(1 + x), 1e-9)
smooth(
    "cancelling",
    "1e8 (sqrt(x^2+1)-x)",
    lambda x: 1e8 * (math.sqrt(x * x + 1) - x),
    lambda x: 10**8 * (mp.sqrt(x * x + 1) - x),
    100.0,
)
smooth("cancelling", "(1e9 + sin x) - 1e9", lambda x: (1e9 + math.sin(x)) - 1e9, mp.sin, 1.0)

# --- noisy ----------------------------------------------------------------------------------------------------------
for sigma in (1e-3, 1e-6, 1e-10):
    CASES.append(
        Case("noisy", f"sin + {sigma:g}", lambda x, s=sigma: math.sin(x) + hash_noise(x, s), 1.0, math.cos(1.0), sigma)
    )
    CASES.append(
        Case("noisy", f"exp + {sigma:g}", lambda x, s=sigma: math.exp(x) + hash_noise(x, s), 0.5, math.exp(0.5), sigma)
    )
CASES.append(
    Case(
        "noisy", "log(1 + 1e-5 noise)", lambda x: math.log(x) * (1 + hash_noise(x, 1e-5)), 5.0, 0.2, 1e-5 * math.log(5)
    )
)
CASES.append(Case("noisy", "100 x^2 + 1e-2", lambda x: 100 * x * x + hash_noise(x, 1e-2), 3.0, 600.0, 1e-2))

# --- float32 inside -------------------------------------------------------------------------------------------------
smooth("float32", "sin in float32", lambda x: float(np.sin(np.float32(x))), mp.sin, 1.0)
smooth(
    "float32",
    "exp in float32, then float64",
    lambda x: 1.7 * float(np.exp(np.float32(x))),
    lambda x: mp.mpf(1.7) * mp.exp(x),
    0.3,
)
smooth("float32", "float32(tanh)", lambda x: float(np.float32(math.tanh(x))), mp.tanh, 0.8)
smooth("float32", "returns float32", lambda x: np.float32(x * x * x), lambda x: x**3, 1.9)
smooth("float32", "float16(cos)", lambda x: float(np.float16(math.cos(x))), mp.cos, 0.6)

# --- kinks ----------------------------------------------------------------------------------------------------------
broken("kink", "abs", abs, 0.0, (-1.0, 1.0))
broken("kink", "abs(x-1)", lambda x: abs(x - 1), 1.0, (-1.0, 1.0))
broken("kink", "max(0, x-2)", lambda x: max(0.0, x - 2), 2.0, (0.0, 1.0))
broken("kink", "np.maximum(x, x^2)", lambda x: np.maximum(x, x * x), 1.0, (1.0, 2.0))
broken(
    "kink", "sin + 1e-6 |x-1|", lambda x: math.sin(x) + 1e-6 * abs(x - 1), 1.0, (math.cos(1) - 1e-6, math.cos(1) + 1e-6)
)
broken("kink", "relu(x) exp(x)", lambda x: np.where(x > 0, x, 0.0) * np.exp(x), 0.0, (0.0, 1.0))
broken("kink", "sqrt(x^2)", lambda x: np.sqrt(x * x), 0.0, (-1.0, 1.0))
broken("kink", "clip(x, 0, 3)", lambda x: float(np.clip(x, 0, 3)), 3.0, (1.0, 0.0))
broken("kink", "1e6 + |x|", lambda x: 1e6 + abs(x - 5), 5.0, (-1.0, 1.0))
smooth("near kink", "abs(x-1-1e-9)", lambda x: abs(x - 1 - 1e-9), lambda x: 1 - x, 1.0)
smooth("near kink", "abs(x-1.01)", lambda x: abs(x - 1.01) + x**3, lambda x: 1.01 - x + x**3, 1.0)
smooth("near kink", "max(x, 2-x)", lambda x: max(x, 2 - x), lambda x: x, 1.00001)

# --- the curvature jumps at x, or f is constant around it -----------------------------------------------------------
for name, f, x, slope in (
    ("relu^2", lambda x: max(x, 0.0) ** 2, 0.0, 0.0),
    ("relu^2 + 5", lambda x: max(x, 0.0) ** 2 + 5, 0.0, 0.0),
    ("relu^2 exp + sin", lambda x: max(x, 0.0) ** 2 * math.exp(x) + math.sin(x), 0.0, 1.0),
    ("x|x|", lambda x: x * abs(x), 0.0, 0.0),
    ("x|x| + x", lambda x: x * abs(x) + x, 0.0, 1.0),
    ("|x|^3", lambda x: abs(x) ** 3, 0.0, 0.0),
    ("squared hinge", lambda x: max(1 - x, 0.0) ** 2, 1.0, 0.0),
    ("squared hinge + exp", lambda x: max(1 - x, 0.0) ** 2 + math.exp(x), 1.0, math.e),
    ("squared hinge 1e-9 beside", lambda x: max(x + 1e-9, 0.0) ** 2, 0.0, 2e-9),
    ("Huber", lambda x: x * x / 2 if abs(x) < 1.5 else 1.5 * (abs(x) - 0.75), 1.5, 1.5),
    ("elu", lambda x: x if x > 0 else math.expm1(x), 0.0, 1.0),
):
    CASES.append(Case("c1", f"{name} at {x:g}", f, x, slope))
for name, f, x in (
    ("relu(-2x)^2", lambda x: max(-2 * x, 0.0) ** 2, 1.0),
    ("relu", lambda x: max(x, 0.0), -0.5),
    ("relu(-2x)^2 + 5", lambda x: max(-2 * x, 0.0) ** 2 + 5, 1.0),
    ("clip(x, 0, 3)", lambda x: float(np.clip(x, 0, 3)), 7.0),
):
    CASES.append(Case("constant", f"{name} at {x:g}", f, x, 0.0))

# --- jumps, infinite slopes -----------------------------------------------------------------------------------------
broken("jump", "sign", lambda x: float(np.sign(x)), 0.0, None)
broken("jump", "x^2 + (x >= 1)", lambda x: x * x + (x >= 1), 1.0, None)
broken("jump", "floor", math.floor, 3.0, None)
broken("jump", "1e-6 step on exp", lambda x: math.exp(x) + 1e-6 * (x > 2), 2.0, None)
broken("infinite", "cbrt", lambda x: float(np.cbrt(x)), 0.0, None)
broken("infinite", "sqrt|x-1|", lambda x: math.sqrt(abs(x - 1)), 1.0, None)
broken("infinite", "sqrt", math.sqrt, 0.0, None)
broken("infinite", "x log|x|", lambda x: x * math.log(abs(x)) if x else 0.0, 0.0, None)
broken("infinite", "|x|^0.9", lambda x: abs(x) ** 0.9, 0.0, None)


# --- narrow peaks, quantised ----------------------------------------------------------------------------------------
def _peak(width: float, distance: float) -> None:
    centre = 1.0 + distance
    smooth("peak", f"sin + peak {width:g} wide, {distance:g} away",
           lambda x: math.sin(x) + math.exp(-(((x - centre) / width) ** 2)),
           lambda x: mp.sin(x) + mp.exp(-(((x - mp.mpf(centre)) / mp.mpf(width)) ** 2)), 1.0)  # fmt: skip


for width, distance in ((1e-6, 1e-6), (1e-3, 2e-3), (1e-2, 3e-2), (1e-4, 1e-2), (1e-8, 2e-8)):
    _peak(width, distance)
CASES.extend(
    Case(
        "quantised",
        f"round(sin, {digits})",
        lambda x, d=digits: round(math.sin(x), d),
        1.0,
        math.cos(1.0),
        10.0**-digits / math.sqrt(12),
    )
    for digits in (3, 6)
)
CASES.append(Case("quantised", "round(x^2, 2) at 3", lambda x: round(x * x, 2), 3.0, 6.0, 1e-2 / math.sqrt(12)))
CASES.append(
    Case(
        "quantised",
        "counts: floor(1e4 exp)",
        lambda x: math.floor(1e4 * math.exp(x)),
        1.0,
        1e4 * math.e,
        1 / math.sqrt(12),
    )
)
smooth("smooth", "constant", lambda x: 3.0, lambda x: mp.mpf(3), 1.0)
smooth("smooth", "linear", lambda x: 2 * x + 1, lambda x: 2 * x + 1, 0.0)


def _below(x: float, edge: float, f: Callable[[float], float]) -> float:
    if x > edge:
        raise ValueError(x)
    return f(x)
