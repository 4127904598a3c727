"""The slopes of cubic interpolants at their knots, which may be traced: of splines, and of Pchip (Fritsch & Butland 1984).

A spline's solve the tridiagonal system of continuous second derivatives (de Boor 1978, *A Practical Guide to Splines*, chapter IV):

    hᵢ sᵢ₋₁ + 2 (hᵢ₋₁ + hᵢ) sᵢ + hᵢ₋₁ sᵢ₊₁ = 3 (hᵢ mᵢ₋₁ + hᵢ₋₁ mᵢ),    hᵢ = xᵢ₊₁ − xᵢ,  mᵢ = (yᵢ₊₁ − yᵢ) / hᵢ

Where only the data are traced the map from them is linear, and found from unit vectors (``scipy_spline_data``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.piecewise_polynomials import beside
from gradwise.tracing.standins.scipy_calling import refuse

_NAMED = {"clamped": (1, 0.0), "natural": (2, 0.0)}


def slopes_through(x: Any, y: Any, bc_type: Any) -> Any:
    """The slopes at the knots x of the cubic spline through y, with the knots along the first axis."""
    shape = np.shape(plain(y))
    y = np.reshape(y, (shape[0], -1))
    h = np.diff(x)
    m = np.diff(y, axis=0) / h[:, None]
    if isinstance(bc_type, str) and bc_type == "periodic":
        slopes = _round(h, m)
    else:
        sides = (bc_type, bc_type) if isinstance(bc_type, str) else bc_type
        slopes = _between(h, m, *(_condition(side, np.shape(plain(m))[1:]) for side in sides))
    return np.reshape(slopes, shape)


def _condition(side: Any, shape: Any) -> tuple[int, Any] | None:
    """The order of the derivative and its values, one for each function; None where the first two pieces are one polynomial."""
    if isinstance(side, str):
        if side == "not-a-knot":
            return None
        side = _NAMED[side]
    order, value = side
    return int(order), np.broadcast_to(np.reshape(as_array(value), (-1,)), shape)


def _between(h: Any, m: Any, first: tuple[int, Any] | None, last: tuple[int, Any] | None) -> Any:
    """The slopes with a condition at each end."""
    if len(plain(h)) == 1:
        first, last = first or (1, m[0]), last or (1, m[0])
    if len(plain(h)) == 2 and first is None and last is None:  # one parabola
        at_ends = [(1.0, 1.0, 2 * m[0]), (1.0, 1.0, 2 * m[1])]
    else:
        at_ends = [_end(h, m, first, 1.0), _end(h[::-1], m[::-1], last, -1.0)]
    (d0, u, r0), (d1, low, r1) = at_ends
    before, after = h[:-1], h[1:]
    diagonal = np.concatenate([_one(d0), 2 * (before + after), _one(d1)])
    upper, lower = np.concatenate([_one(u), before]), np.concatenate([after, _one(low)])
    right = 3 * (after[:, None] * m[:-1] + before[:, None] * m[1:])
    matrix = np.diag(diagonal) + np.diag(upper, 1) + np.diag(lower, -1)
    return np.linalg.solve(matrix, np.concatenate([r0[None], right, r1[None]]))


def _one(value: Any) -> Any:
    return np.reshape(as_array(value), (1,))


def _end(h: Any, m: Any, condition: tuple[int, Any] | None, sign: float) -> tuple[Any, Any, Any]:
    """The equation of the end from which h and m are counted: the entries of its slope and of the next, and the right side."""
    if condition is None:
        both = h[0] + h[1]
        return h[1], both, ((h[0] + 2 * both) * h[1] * m[0] + h[0] ** 2 * m[1]) / both
    order, value = condition
    if order == 1:
        return 1.0, 0.0, value
    return 2.0, 1.0, 3 * m[0] - sign * value * h[0] / 2


def _round(h: Any, m: Any) -> Any:
    """The slopes of a periodic spline, the first once more at the end."""
    before, steeper = np.roll(h, 1), np.roll(m, 1, axis=0)
    unit = np.eye(len(plain(h)))
    matrix = (
        np.diag(2 * (before + h)) + h[:, None] * np.roll(unit, -1, axis=1) + before[:, None] * np.roll(unit, 1, axis=1)
    )
    slopes = np.linalg.solve(matrix, 3 * (h[:, None] * steeper + beside(before, 1) * m))
    return np.concatenate([slopes, slopes[:1]])


# --- Pchip ----------------------------------------------------------------------------------------------------------------------------


def pchip_slopes(x: Any, y: Any) -> Any:
    """The slopes that keep the shape of the data."""
    h = beside(np.diff(x), np.ndim(plain(y)) - 1)
    m = np.diff(y, axis=0) / h
    if len(plain(m)) == 1:
        return np.concatenate([m, m])
    if np.any(np.logical_not(np.logical_or(m > 0, m < 0))):
        refuse(
            [y], "PchipInterpolator of traced data with equal neighbours, where its slopes have a kink,", "Move them"
        )
    before, after = m[:-1], m[1:]
    alike = np.logical_not(np.logical_xor(before > 0, after > 0))
    w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    inner = np.where(alike, (w1 + w2) / (w1 / before + w2 / np.where(alike, after, before)), 0.0)
    return np.concatenate(
        [_pchip_end(h[0], h[1], m[0], m[1])[None], inner, _pchip_end(h[-1], h[-2], m[-1], m[-2])[None]]
    )


def _pchip_end(h0: Any, h1: Any, m0: Any, m1: Any) -> Any:
    """The slope of the parabola through three points, where that keeps the shape."""
    d = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    alike = np.logical_not(np.logical_xor(d > 0, m0 > 0))
    steep = np.logical_and(np.logical_xor(m0 > 0, m1 > 0), np.abs(d) > 3 * np.abs(m0))
    return np.where(alike, np.where(steep, 3 * m0, d), 0.0)
