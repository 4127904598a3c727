"""Bessel, Struve and Airy functions, hypergeometric functions, by the recurrences of their families.

DLMF 10.6, 10.29 (Bessel), 11.4 (Struve), 9.2 (Airy), 15.5, 16.3 (hypergeometric).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.errors import TracingError
from gradwise.rules.algebra import div, elementwise, mul, neg
from gradwise.rules.elementwise import sign
from gradwise.rules.powers import pow_
from gradwise.rules.special import no_rule, rgamma, several, special

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.program import Primitive

_ROOT_PI = math.sqrt(math.pi)

# --- Bessel functions of order zero and one -----------------------------------------------------------------------------

j0 = special("j0", lambda x, y: neg(j1(x)), keeps="operands")
j1 = special("j1", lambda x, y: 0.5 * (j0(x) - jv(2, x)), keeps="operands")
y0 = special("y0", lambda x, y: neg(y1(x)), keeps="operands")
y1 = special("y1", lambda x, y: 0.5 * (y0(x) - yv(2, x)), keeps="operands")
i0 = special("i0", lambda x, y: i1(x), keeps="operands")
i1 = special("i1", lambda x, y: 0.5 * (i0(x) + iv(2, x)), keeps="operands")
i0e = special("i0e", lambda x, y: i1e(x) - sign(x) * y)
i1e = special("i1e", lambda x, y: 0.5 * (i0e(x) + ive(2, x)) - sign(x) * y)
k0 = special("k0", lambda x, y: neg(k1(x)), keeps="operands")
k1 = special("k1", lambda x, y: -0.5 * (k0(x) + kv(2, x)), keeps="operands")
k0e = special("k0e", lambda x, y: y - k1e(x))
k1e = special("k1e", lambda x, y: y - 0.5 * (k0e(x) + kve(2, x)))

# --- of any order -------------------------------------------------------------------------------------------------------


def with_parameters(
    name: str, slope: Callable[..., Any], arguments: tuple[str, ...] = ("its order",), keeps: str = "operands"
) -> Primitive:
    """A function of real parameters and of one variable, the last operand; ``slope(*parameters, x, y)`` is its derivative in that variable."""
    unknown = tuple(no_rule(f"scipy.special.{name}", a) for a in arguments)

    def value(*operands: Any) -> Any:
        # all operands of an equation have one dtype: with a complex variable the parameters arrive as complex numbers
        return getattr(scipy.special, name)(*[np.real(p) for p in operands[:-1]], operands[-1])

    return elementwise(name, value, lambda *operands: (*unknown, lambda: slope(*operands)), keeps=keeps)


jv = with_parameters("jv", lambda v, x, y: 0.5 * (jv(v - 1, x) - jv(v + 1, x)))
yv = with_parameters("yv", lambda v, x, y: 0.5 * (yv(v - 1, x) - yv(v + 1, x)))
iv = with_parameters("iv", lambda v, x, y: 0.5 * (iv(v - 1, x) + iv(v + 1, x)))
kv = with_parameters("kv", lambda v, x, y: -0.5 * (kv(v - 1, x) + kv(v + 1, x)))
hankel1 = with_parameters("hankel1", lambda v, x, y: 0.5 * (hankel1(v - 1, x) - hankel1(v + 1, x)))
hankel2 = with_parameters("hankel2", lambda v, x, y: 0.5 * (hankel2(v - 1, x) - hankel2(v + 1, x)))
kve = with_parameters("kve", lambda v, x, y: y - 0.5 * (kve(v - 1, x) + kve(v + 1, x)), keeps="all")
hankel1e = with_parameters(
    "hankel1e", lambda v, x, y: 0.5 * (hankel1e(v - 1, x) - hankel1e(v + 1, x)) - 1j * y, keeps="all"
)
hankel2e = with_parameters(
    "hankel2e", lambda v, x, y: 0.5 * (hankel2e(v - 1, x) - hankel2e(v + 1, x)) + 1j * y, keeps="all"
)


def _ive_slope(v: Any, x: Any, y: Any) -> Any:
    if x.dtype.kind == "c":
        raise TracingError(
            "scipy.special.ive was differentiated at complex numbers. A real argument is required, because exp(−|Re z|) has no complex derivative. "
            "Write scipy.special.iv(v, z) with your own scaling"
        )
    return 0.5 * (ive(v - 1, x) + ive(v + 1, x)) - sign(x) * y


ive = with_parameters("ive", _ive_slope, keeps="all")


def _struve_term(v: Any, x: Any) -> Any:
    """(x/2)ᵛ/(√π Γ(v + 3/2))."""
    return mul(pow_(0.5 * x, v), rgamma(v + 1.5)) * (1 / _ROOT_PI)


struve = with_parameters("struve", lambda v, x, y: 0.5 * (struve(v - 1, x) - struve(v + 1, x) + _struve_term(v, x)))
modstruve = with_parameters(
    "modstruve", lambda v, x, y: 0.5 * (modstruve(v - 1, x) + modstruve(v + 1, x) + _struve_term(v, x))
)

airy = several("airy", 4, lambda x, outputs: (outputs[1], x * outputs[0], outputs[3], x * outputs[2]))

# --- spherical Bessel functions of whole orders, regular at 0 ----------------------------------------------------------


def _spherical(name: str, slope: Callable[..., Any]) -> Primitive:
    def value(n: Any, z: Any) -> Any:  # the order −1 is met with the factor 0
        order = np.maximum(np.real(n), 0).astype(np.intp)
        return getattr(scipy.special, name)(order, z)

    unknown = no_rule(f"scipy.special.{name}", "its order")
    return elementwise(name, value, lambda n, z, y: (unknown, lambda: slope(n, z)), keeps="operands")


#: DLMF 10.51.2: (2n + 1) jₙ′ = n jₙ₋₁ − (n + 1) jₙ₊₁
spherical_jn = _spherical(
    "spherical_jn", lambda n, z: div(n * spherical_jn(n - 1, z) - (n + 1) * spherical_jn(n + 1, z), 2 * n + 1)
)
#: DLMF 10.51.5: (2n + 1) iₙ′ = n iₙ₋₁ + (n + 1) iₙ₊₁
spherical_in = _spherical(
    "spherical_in", lambda n, z: div(n * spherical_in(n - 1, z) + (n + 1) * spherical_in(n + 1, z), 2 * n + 1)
)

# --- hypergeometric functions -----------------------------------------------------------------------------------------------

hyp0f1 = with_parameters("hyp0f1", lambda b, z, y: div(hyp0f1(b + 1, z), b), ("its parameter",))
hyp1f1 = with_parameters(
    "hyp1f1", lambda a, b, z, y: div(a, b) * hyp1f1(a + 1, b + 1, z), ("its first parameter", "its second parameter")
)
hyp2f1 = with_parameters(
    "hyp2f1",
    lambda a, b, c, z, y: div(a * b, c) * hyp2f1(a + 1, b + 1, c + 1, z),
    ("its first parameter", "its second parameter", "its third parameter"),
)
hyperu = with_parameters(
    "hyperu", lambda a, b, z, y: neg(a * hyperu(a + 1, b + 1, z)), ("its first parameter", "its second parameter")
)
