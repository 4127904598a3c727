"""Integrals of Bessel functions, Kelvin functions, scaled functions and other relatives of the Bessel family.

Formulas: DLMF 10.61 and 10.63 (Kelvin), 10.22, 10.43 and 11.7 (integrals), 9.2 (Airy), 14.10 (Legendre); Owen 1956, *Tables for computing bivariate normal
probabilities* (T); Wright 1933 (φ(a, b; x) = Σ xᵏ/(k! Γ(ak + b))).
"""

from __future__ import annotations

import math
from typing import Any

from gradwise.errors import TracingError
from gradwise.rules.algebra import div, less, mul, neg, select
from gradwise.rules.bessel import airy, i0, j0, k0, modstruve, struve, with_parameters, y0
from gradwise.rules.elementwise import exp, sqrt, square
from gradwise.rules.special import erf, several, special

# --- Kelvin functions: ber + i bei = J₀(x e^{3πi/4}), ker + i kei = K₀(x e^{πi/4}) ------------------------------------------

ber = special("ber", lambda x, y: berp(x), keeps="operands")
bei = special("bei", lambda x, y: beip(x), keeps="operands")
ker = special("ker", lambda x, y: kerp(x), keeps="operands")
kei = special("kei", lambda x, y: keip(x), keeps="operands")
berp = special("berp", lambda x, y: neg(bei(x)) - div(y, x))
beip = special("beip", lambda x, y: ber(x) - div(y, x))
kerp = special("kerp", lambda x, y: neg(kei(x)) - div(y, x))
keip = special("keip", lambda x, y: ker(x) - div(y, x))

# --- integrals from 0 to x, or from x to ∞ ----------------------------------------------------------------------------------

itj0y0 = several("itj0y0", 2, lambda x, outputs: (j0(x), y0(x)))
iti0k0 = several("iti0k0", 2, lambda x, outputs: (i0(x), k0(x)))
it2j0y0 = several("it2j0y0", 2, lambda x, outputs: (div(1 - j0(x), x), neg(div(y0(x), x))))
it2i0k0 = several("it2i0k0", 2, lambda x, outputs: (div(i0(x) - 1, x), neg(div(k0(x), x))))
itstruve0 = special("itstruve0", lambda x, y: struve(0, x), keeps="operands")
it2struve0 = special("it2struve0", lambda x, y: neg(div(struve(0, x), x)), keeps="operands")
itmodstruve0 = special("itmodstruve0", lambda x, y: modstruve(0, x), keeps="operands")


def _airy_slopes(x: Any, outputs: Any) -> Any:
    ahead, behind = airy(x), airy(neg(x))
    return ahead[0], ahead[2], behind[0], behind[2]


itairy = several("itairy", 4, _airy_slopes)

# --- scaled functions -------------------------------------------------------------------------------------------------------


def _real(name: str, x: Any) -> None:
    if x.dtype.kind == "c":
        raise TracingError(
            f"scipy.special.{name} was differentiated at complex numbers. A real argument is required, because its scale |e^z| has no complex derivative. "
            "Write the function without e, with your own scaling"
        )


def _jve_slope(v: Any, x: Any, y: Any) -> Any:
    _real("jve", x)
    return 0.5 * (jve(v - 1, x) - jve(v + 1, x))


def _yve_slope(v: Any, x: Any, y: Any) -> Any:
    _real("yve", x)
    return 0.5 * (yve(v - 1, x) - yve(v + 1, x))


jve = with_parameters("jve", _jve_slope)
yve = with_parameters("yve", _yve_slope)


def _airye_slopes(x: Any, outputs: Any) -> Any:
    """Ai and Ai′ carry the factor exp(⅔ x^{3/2}), Bi and Bi′ its reciprocal where x > 0."""
    _real("airye", x)
    a, da, b, db = outputs
    ahead = less(0, x)
    root = select(ahead, sqrt(select(ahead, x, 1)), 0)
    return da + mul(root, a), mul(x, a) + mul(root, da), db - mul(root, b), mul(x, b) - mul(root, db)


airye = several("airye", 4, _airye_slopes)

# --- others -----------------------------------------------------------------------------------------------------------------


def _owen(h: Any, a: Any, y: Any) -> Any:
    return (
        lambda: exp(-0.5 * square(h)) * erf(h * a * math.sqrt(0.5)) * (-0.5 / math.sqrt(2 * math.pi)),
        lambda: div(exp(-0.5 * square(h) * (1 + square(a))), 2 * math.pi * (1 + square(a))),
    )


owens_t = special("owens_t", _owen, keeps="operands")
wright_bessel = with_parameters(
    "wright_bessel", lambda a, b, x, y: wright_bessel(a, a + b, x), ("its parameter a", "its parameter b")
)
#: Pᵐᵥ(x) of the order m and the degree v, with (x² − 1) dP/dx = v x Pᵐᵥ − (v + m) Pᵐᵥ₋₁
lpmv = with_parameters(
    "lpmv",
    lambda m, v, x, y: div(v * x * y - (v + m) * lpmv(m, v - 1, x), square(x) - 1),
    ("its order", "its degree"),
    keeps="all",
)
