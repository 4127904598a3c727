r"""The weights of ``scipy.integrate.quad`` as factors of the integrand.

cos, sin     f(t) cos(ωt), f(t) sin(ωt)
cauchy       \int f(t)/(t − c) dt = \int (f(t) − f(c))/(t − c) dt + f(c) log((b − c)/(c − a))
alg          \int (t − a)^α (b − t)^β f(t) dt by Gauss and Jacobi's nodes, which move with the limits
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.instrument.state import current_trace

if TYPE_CHECKING:
    from collections.abc import Callable

#: nodes for smooth functions beside an algebraic weight
NODES = 48


def wave(weight: str, frequency: Any, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The integrand times a wave."""
    factor = np.cos if weight == "cos" else np.sin
    return lambda t: function(t) * factor(frequency * t)


def principal(pole: float, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """(f(t) − f(c))/(t − c), which has no pole; its value at c itself is asked for beside it."""
    at_pole = function(pole)
    size = max(abs(pole), 1.0)

    def quotient(t: Any) -> Any:
        apart = t - pole
        if abs(plain(apart)) > 1e-7 * size:
            return (function(t) - at_pole) / apart
        h = 1e-5 * size
        return (function(pole + h) - function(pole - h)) / (2 * h)

    return quotient


def rest_of_principal(pole: float, function: Callable[[Any], Any], a: Any, b: Any) -> Any:
    """f(c) log((b − c)/(c − a))."""
    return function(pole) * np.log((b - pole) / (pole - a))


def algebraic(powers: tuple[float, float], function: Callable[[Any], Any], a: Any, b: Any) -> tuple[Any, float]:
    """The integral with (t − a)^α (b − t)^β, and that of abs(f)."""
    left, right = powers
    u, w = scipy.special.roots_jacobi(NODES, right, left)
    half, middle = 0.5 * (b - a), 0.5 * (a + b)
    total: Any = 0.0
    size = 0.0
    for node, weight in zip(u.tolist(), w.tolist(), strict=True):
        value = function(middle + half * node)
        total = total + weight * value
        size += weight * abs(float(plain(value)))
    factor = half ** (left + right + 1)
    return total * factor, size * abs(float(plain(factor))) if math.isfinite(size) else math.inf


def without_weight(option: Any) -> Any:
    """The options of an integral inside, which have no weight."""
    if isinstance(option, dict) and option.get("weight") is not None:
        trace = current_trace()
        assert trace is not None
        raise trace.fail(
            f"scipy.integrate.nquad(weight={option['weight']!r}) was called in a function that is differentiated, and gradwise has no derivative rule for that. "
            "Multiply the integrand by the weight instead"
        )
    return option
