"""Powers xⁿ and xᶻ, with the conventions that keep them exact at x = 0 and for x < 0.

A number as exponent is a parameter of ``power``; an exponent that may move is an operand of ``pow``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.rules.algebra import elementwise, equal, select


def _power_value(x: Any, n: Any) -> Any:
    if type(x) is float:
        x = np.float64(x)  # Python's pow raises or turns complex where NumPy gives inf or nan
    return x**n


def _power_derivative(x: Any, y: Any, n: Any) -> Any:
    if n == 0:
        return None
    if n == 1:
        return 1
    if n == 2:
        return 2 * x
    return n * power(x, params=(n - 1,))


#: x to a power that is a number known when the program is recorded: n xⁿ⁻¹, exact at x = 0 and for x < 0.
power = elementwise("power", _power_value, _power_derivative, params=("exponent",), keeps="operands")


def _pow_derivative(x: Any, z: Any, y: Any) -> Any:
    def by_base() -> Any:  # z xᶻ⁻¹, and 0 for the constant x⁰ at x = 0
        slope = z * pow_(x, z - 1)
        return select(equal(x, 0), select(equal(z, 0), 0, slope), slope)

    return by_base, lambda: power_log(x, z, params=(1,))


pow_ = elementwise("pow", np.power, _pow_derivative)


def _power_log_value(x: Any, z: Any, k: int) -> Any:
    """xᶻ (log x)ᵏ, with its limit 0 at x = 0 for Re z > 0."""
    zero = np.equal(x, 0)
    value = np.power(x, z) * np.log(np.where(zero, 1, x)) ** k
    if np.any(zero):
        limit = np.where(np.real(z) > 0, 0.0, (-1) ** k * np.inf)
        value = np.where(zero, limit, value)
    return np.asarray(value, np.result_type(x, z))[()]


def _power_log_derivative(x: Any, z: Any, y: Any, k: int) -> Any:
    def by_base() -> Any:
        lower = pow_(x, z - 1) if k == 1 else power_log(x, z - 1, params=(k - 1,))
        return z * power_log(x, z - 1, params=(k,)) + k * lower

    return by_base, lambda: power_log(x, z, params=(k + 1,))


power_log = elementwise("power_log", _power_log_value, _power_log_derivative, params=("order",), keeps="operands")
