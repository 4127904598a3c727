"""Piecewise linear interpolation and whole turns of angles: what is constant between kinks, and the position between two knots."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.program import ArrayType, Primitive
from gradwise.rules.algebra import div, elementwise, neg
from gradwise.rules.broadcasting import broadcast_to
from gradwise.rules.ordering import searchsorted
from gradwise.rules.reductions import INT


def _ramp_derivative(x: Any, x0: Any, x1: Any, y: Any) -> Any:
    def slope() -> Any:
        return div(1, x1 - x0)

    return slope, lambda: (y - 1) * slope(), lambda: neg(y * slope())


#: (x − x₀)/(x₁ − x₀), with kinks at the knots x₀ and x₁.
ramp = elementwise(
    "ramp",
    lambda x, x0, x1: np.divide(np.subtract(x, x0), np.subtract(x1, x0)),
    _ramp_derivative,
    kink=lambda operands, output: np.equal(output, 0) | np.equal(output, 1),
    kink_name="a knot of interp (slope taken from the right)",
)


def _interval_value(knots: Any, x: Any, rows: int) -> Any:
    above = searchsorted.value(knots, x, "right", rows)
    return np.clip(above - 1, 0, np.shape(knots)[-1] - 2)


def _interval_batch(operands: Any, batched: Any, rows: int) -> Any:
    if rows == 0 and not batched[0]:
        return interval(*operands, params=(0,))
    n = next(x.shape[0] for x, b in zip(operands, batched, strict=True) if b)
    full = [x if b else broadcast_to(x, (n, *x.shape)) for x, b in zip(operands, batched, strict=True)]
    return interval(*full, params=(rows + 1,))


#: Which interval of the knots (*rows, n) each x (*rows, …) lies in, the first and the last reaching to infinity.
interval = Primitive(
    "interval",
    _interval_value,
    lambda knots, x, rows: ArrayType(x.shape, INT),
    batch=_interval_batch,
    params=("rows",),
    keeps="none",
)


def _turns_value(x: Any, axis: int, discont: float | None, period: float) -> Any:
    x = np.asarray(x)
    return np.round((np.unwrap(x, discont, axis, period=period) - x) / period).astype(x.dtype)


#: How many periods ``np.unwrap`` adds to each entry.
turns = Primitive(
    "turns",
    _turns_value,
    lambda t, axis, discont, period: t,
    batch=lambda operands, batched, axis, discont, period: turns(operands[0], params=(axis + 1, discont, period)),
    params=("axis", "discont", "period"),
    keeps="none",
)
