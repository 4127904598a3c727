"""Piecewise linear interpolation and whole turns of angles: what is constant between kinks, and the distance from a knot."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.program import ArrayType, Primitive
from gradwise.rules.algebra import elementwise
from gradwise.rules.broadcasting import broadcast_to
from gradwise.rules.ordering import searchsorted
from gradwise.rules.reductions import INT

#: x − x₀ of an x between the knots x₀ and x₁, with kinks at both.
offset = elementwise(
    "offset",
    lambda x, x0, x1: np.subtract(x, x0),
    lambda x, x0, x1, y: (1, -1, None),
    keeps="operands",
    kink=lambda operands, output: np.equal(operands[0], operands[1]) | np.equal(operands[0], operands[2]),
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
    found = np.round((np.unwrap(x, discont, axis, period=period) - x) / period).astype(x.dtype) + 0.0
    # the first entry stays as it is, infinity and -0.0 too; to the others a number is added
    found[(*[slice(None)] * axis, slice(0, 1))] = -0.0
    return found


#: How many periods ``np.unwrap`` adds to each entry.
turns = Primitive(
    "turns",
    _turns_value,
    lambda t, axis, discont, period: t,
    batch=lambda operands, batched, axis, discont, period: turns(operands[0], params=(axis + 1, discont, period)),
    params=("axis", "discont", "period"),
    keeps="none",
)
