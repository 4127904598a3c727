"""Splines of any degree through traced places: the knots that ``make_interp_spline`` chooses for them, and the coefficients (de Boor 1978, *A Practical Guide to Splines*, chapter XIII).

    Σⱼ cⱼ Bⱼ⁽ʳ⁾(xᵢ) = yᵢ⁽ʳ⁾,    r = 0 at every place, and the orders of the conditions at the two ends

Where only the data are traced the map from them is linear, and found from unit vectors (``scipy_spline_data``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.piecewise_polynomials import at, basis
from gradwise.tracing.standins.scipy_calling import refuse

_NAMED: dict[str, list[tuple[int, Any]]] = {"clamped": [(1, 0.0)], "natural": [(2, 0.0)], "not-a-knot": []}


def spline_through(x: Any, y: Any, k: int, bc_type: Any) -> tuple[Any, Any]:
    """The knots and the coefficients of the spline of degree k through y, the places along its first axis."""
    if k == 0 or (isinstance(bc_type, str) and bc_type == "periodic"):
        refuse([x], "make_interp_spline of traced places that is periodic, or of degree 0", "Write its formula")
    left, right = (_conditions(side) for side in (bc_type if isinstance(bc_type, tuple) else (bc_type, bc_type)))
    n, more = len(plain(x)), len(left) + len(right)
    if k == 1:
        return _knots(x, x[1:-1], 1), y
    if more:  # a knot at every place
        inner = x[1:-1]
    else:
        middle, less = (x, (k + 1) // 2) if k % 2 else ((x[1:] + x[:-1]) / 2, k // 2)
        inner = middle[less : len(plain(middle)) - less]
    t = _knots(x, inner, k)
    if len(plain(t)) - k - 1 != n + more:
        refuse([x], "make_interp_spline of traced places with these conditions at its ends", "Leave bc_type out")
    functions = basis(t, k)
    if functions is None:
        raise ValueError(f"The places {plain(x)!r} leave no interval for a spline. Places that rise are required.")
    pieces = functions.pieces(np.eye(n + more))
    rest = np.shape(plain(y))[1:]
    rows, right_sides = [at(pieces, x, kinks=False)], [y]
    for conditions, end in ((left, x[:1]), (right, x[-1:])):
        for order, value in conditions:
            rows.append(at(pieces, end, order, kinks=False))
            right_sides.append(np.broadcast_to(as_array(value), (1, *rest)))
    right_side = np.reshape(np.concatenate(right_sides), (n + more, -1))
    return t, np.reshape(np.linalg.solve(np.concatenate(rows), right_side), (n + more, *rest))


def _conditions(side: Any) -> list[tuple[int, Any]]:
    """The orders of the derivatives that are given at an end, and their values."""
    if side is None:
        return []
    return _NAMED[side] if isinstance(side, str) else [(int(plain(order)), value) for order, value in side]


def _knots(x: Any, inner: Any, k: int) -> Any:
    """The inner knots between ends that are repeated."""
    first, last = (np.broadcast_to(end, (k + 1,)) for end in (x[:1], x[-1:]))
    return np.concatenate([first, inner, last])
