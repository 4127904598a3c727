"""The root of a sum of squares, as the pass ``transforms/smooth_forms.py`` writes it where a program takes ``sqrt`` of one; multiple roots at 0 of polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.rules.algebra import div, elementwise, equal, mul, select
from gradwise.rules.elementwise import sign


def _at_zero(operands: Any, output: Any) -> Any:
    return np.equal(output, 0)


def _slope(s: Any, y: Any) -> Any:
    # the factor sign(y) makes the 0 at y = 0 an arithmetic one: beside an infinite cotangent no convention holds, and the point is singular
    return mul(sign(y), div(0.5, select(equal(y, 0), 1, y)))


#: √s for s = Σ uᵢ²: a norm, whose slope at 0 is taken as 0.
root_of_squares = elementwise(
    "root_of_squares",
    np.sqrt,
    _slope,
    keeps="output",
    kink=_at_zero,
    kink_name="the root of a sum of squares at 0 (slope taken as 0)",
)

#: The roots at 0 of a polynomial whose last coefficients, several of them, are 0.  They move by a root of what the coefficients move by: there is no derivative.
multiple_root = elementwise("multiple_root", np.array, lambda coefficient, y: float("nan"), keeps="none")
