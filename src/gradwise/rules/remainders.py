"""Remainders and distances as Python's ``math`` computes them, to the last bit, of numbers and arrays.

``math.remainder`` (IEEE 754, 5.3.1) is x − n z with n the whole number next to x/z, the even one of two.  The formula itself loses all its digits where n does not fit into a float's: here what is left of a division is exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.rules.algebra import div, elementwise, neg
from gradwise.rules.elementwise import rint


def _remainder_value(x: Any, z: Any) -> Any:
    size, most = np.abs(x), np.abs(z)
    left = np.fmod(size, most)
    missing = most - left
    # the nearer one of two multiples; of two that are as near the even one
    even = left - 2.0 * np.fmod(0.5 * (size - left), most)
    return np.copysign(1.0, x) * np.where(left < missing, left, np.where(left > missing, -missing, even))


remainder = elementwise(
    "remainder",
    _remainder_value,
    lambda x, z, y: (1, lambda: neg(rint(div(x - y, z)))),
    kink=lambda operands, output: np.equal(2.0 * np.abs(output), np.abs(operands[1])),
    kink_name="a jump of remainder (slope taken from inside)",
)


def _ulp_value(x: Any) -> Any:
    return np.where(np.isinf(x), np.abs(x), np.spacing(np.abs(x)))[()]


#: The value of the last digit, constant between powers of two; that of infinity is infinite, where ``np.spacing`` says nan.
ulp = elementwise("ulp", _ulp_value)
