"""Elliptic integrals and Jacobi's functions.  Formulas: DLMF 19.4 and 19.25 (Legendre's integrals), 22.13 (Jacobi's functions).

The slopes in the parameter m are written with D(φ, m) = (F − E)/m = sin³φ/3 · R_D(cos²φ, 1 − m sin²φ, 1), which has no cancellation at m = 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from gradwise.program import Primitive
from gradwise.rules import series
from gradwise.rules.algebra import batch_elementwise, div, elementwise, mul, neg
from gradwise.rules.elementwise import cos, sin, sqrt, square
from gradwise.rules.special import scipys, special

#: K⁽ⁿ⁾(m) and E⁽ⁿ⁾(m) as functions of p = 1 − m
ellipk_derivative = elementwise(
    "ellipk_derivative",
    series.ellipk,
    lambda p, y, n: neg(ellipk_derivative(p, params=(n + 1,))),
    params=("order",),
    keeps="operands",
)
ellipe_derivative = elementwise(
    "ellipe_derivative",
    series.ellipe,
    lambda p, y, n: neg(ellipe_derivative(p, params=(n + 1,))),
    params=("order",),
    keeps="operands",
)
ellipk = special("ellipk", lambda m, y: ellipk_derivative(1 - m, params=(1,)), keeps="operands")
ellipkm1 = special("ellipkm1", lambda p, y: neg(ellipk_derivative(p, params=(1,))), keeps="operands")
ellipe = special("ellipe", lambda m, y: ellipe_derivative(1 - m, params=(1,)), keeps="operands")

# --- incomplete, in both arguments ----------------------------------------------------------------------------------------


def _delta(phi: Any, m: Any) -> Any:
    return sqrt(1 - m * square(sin(phi)))


def _third_value(phi: Any, m: Any) -> Any:
    """D(φ, m): the part within a half turn, and twice the complete integral for each half turn."""
    phi, m = np.broadcast_arrays(phi, m)
    turns = np.round(phi / np.pi)
    s, c = np.sin(phi - turns * np.pi), np.cos(phi - turns * np.pi)
    part = s**3 / 3 * scipy.special.elliprd(c * c, 1 - m * s * s, 1.0)
    if np.any(turns):
        part = part + np.where(turns == 0, 0.0, 2 * turns * scipy.special.elliprd(0.0, 1 - m, 1.0) / 3)
    return np.asarray(part, np.result_type(phi, m))[()]


def _first_by_parameter(phi: Any, m: Any, F: Any) -> Any:
    """∂F/∂m = (F − D)/(2(1 − m)) − sin φ cos φ/(2(1 − m) √(1 − m sin²φ))."""
    return div(F - third(phi, m) - div(sin(phi) * cos(phi), _delta(phi, m)), 2 * (1 - m))


#: D(φ, m), with ∂D/∂m = (∂F/∂m − D/2)/m
third = elementwise(
    "ellipdinc",
    _third_value,
    lambda phi, m, y: (
        lambda: div(square(sin(phi)), _delta(phi, m)),
        lambda: div(_first_by_parameter(phi, m, ellipkinc(phi, m)) - 0.5 * y, m),
    ),
)
ellipkinc = special(
    "ellipkinc", lambda phi, m, y: (lambda: div(1, _delta(phi, m)), lambda: _first_by_parameter(phi, m, y))
)
ellipeinc = special(
    "ellipeinc", lambda phi, m, y: (lambda: _delta(phi, m), lambda: -0.5 * third(phi, m)), keeps="operands"
)

# --- Jacobi's functions ---------------------------------------------------------------------------------------------------


def _jacobi_jvp(primals: Any, tangents: Any, outputs: Any) -> Any:
    (u, m), (du, dm) = primals, tangents
    sn, cn, dn, phi = outputs
    turning = None if du is None else mul(dn, du)
    by_parameter = None
    if dm is not None:
        # u = F(φ, m) stays: dφ = −√(1 − m sin²φ) ∂F/∂m dm
        slope = div(u - third(phi, m) - div(sn * cn, dn), 2 * (1 - m))
        term = neg(mul(mul(dn, slope), dm))
        turning = term if turning is None else turning + term
        by_parameter = mul(div(square(sn), 2 * dn), dm)
    d_dn = neg(mul(div(mul(m, sn * cn), dn), turning))
    return (
        mul(cn, turning),
        neg(mul(sn, turning)),
        d_dn if by_parameter is None else d_dn - by_parameter,
        turning,
    )


#: sn, cn, dn and the amplitude φ
ellipj = Primitive(
    "ellipj",
    scipys("ellipj"),
    lambda u, m: (u.with_shape(np.broadcast_shapes(u.shape, m.shape)),) * 4,
    jvp=_jacobi_jvp,
    multiple=True,
)
ellipj.batch = lambda operands, batched: batch_elementwise(ellipj, operands, batched, ())
