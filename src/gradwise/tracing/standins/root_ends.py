r"""Integrals whose integrand ends like a square root where a limit moves: :math:`\int_{R-h}^{R} \sqrt{R^2 - x^2}\,dx`.

At such a limit the integrand is finite and its slope is not, so that neither Leibniz' rule at fixed nodes nor the derivative of the sum is to be had.  The half of the interval beside the limit gets nodes that move with it,

.. math:: \int_m^b f(x)\,dx = (b - m) \int_0^1 2 w\, f\bigl(b - (b - m) w^2\bigr)\,dw ,

where a root that moves with the limit is a polynomial in w, and its derivatives are as smooth as its values.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.kronrod_nodes import AGREE, Interval
from gradwise.tracing.standins.gauss_kronrod import pieces_of
from gradwise.tracing.standins.plain_callbacks import note_choice
from gradwise.tracing.standins.stacking import assembled

if TYPE_CHECKING:
    from collections.abc import Callable

#: distances from the limit, in units of the interval, at which the integrand is asked how it ends
_FAR, _NEAR = 2.0**-13, 2.0**-26
#: how near the exponent must be to a half
_CLOSE = 0.03


def ends_like_a_root(function: Callable[[Any], Any], limit: float, other: float) -> bool:
    """Whether the integrand goes to its value at a limit like the square root of the distance."""
    try:
        with np.errstate(all="ignore"):
            found = [plain(function(limit + part * (other - limit))) for part in (0.0, _FAR, _NEAR)]
    except (ArithmeticError, ValueError):
        return False
    values = [np.ravel(v) for v in found]
    if any(v.size != 1 or v.dtype.kind != "f" or not np.isfinite(v[0]) for v in values):
        return False
    end, far, near = (float(v[0]) for v in values)
    if far == end or abs(near - end) < 1e-12 * abs(end):
        return False
    return abs(math.log(abs(near - end) / abs(far - end)) / math.log(_NEAR / _FAR) - 0.5) < _CLOSE


def integral_beside(function: Callable[[Any], Any], middle: float, limit: Any) -> tuple[Any, float]:
    """The recorded integral from a plain place to a traced limit, and that of abs(f); the sign is that of ``limit - middle``."""
    length = limit - middle

    def substituted(w: float) -> Any:
        return 2.0 * w * length * function(limit - length * (w * w))

    pieces = pieces_of(
        lambda nodes: [substituted(w) for w in nodes], Interval(0.0, 1.0), [(0.0, 0.5), (0.5, 1.0)], AGREE
    )
    stacked = assembled([v for p in pieces for v in p.values])
    note_choice(stacked)
    return np.tensordot(np.array([w for p in pieces for w in p.weights]), stacked, 1), sum(p.size for p in pieces)
