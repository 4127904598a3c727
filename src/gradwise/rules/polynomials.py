"""Orthogonal polynomials: the derivative of each is a lower one of the same or a neighbouring family (DLMF 18.9.15–18.9.26).

The degree n is an integer operand, never differentiated; a polynomial of negative degree is 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.program import ArrayType
from gradwise.rules.algebra import broadcast_shape, elementwise, neg
from gradwise.rules.broadcasting import convert
from gradwise.rules.special import no_rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.program import Primitive


def _polynomial(name: str, slope: Callable[..., Any], parameters: int = 0) -> Primitive:
    """``slope(n, n as a float, *parameters, x)`` is the derivative in x."""

    def value(n: Any, *operands: Any) -> Any:
        y = getattr(scipy.special, f"eval_{name}")(np.maximum(n, 0), *operands)
        return np.where(np.less(n, 0), 0.0, y).astype(np.asarray(operands[-1]).dtype)[()]

    def result(n: ArrayType, *rest: Any) -> ArrayType:
        return ArrayType(broadcast_shape(n.shape, *[t.shape for t in rest]), rest[-1].dtype)

    unknown = (no_rule(f"scipy.special.eval_{name}", "its parameter"),) * parameters

    def derivative(n: Any, *rest: Any) -> Any:
        *operands, _ = rest
        return None, *unknown, lambda: slope(n, convert(n, operands[-1].dtype), *operands)

    return elementwise(f"eval_{name}", value, derivative, result=result, keeps="operands")


eval_jacobi = _polynomial(
    "jacobi", lambda n, k, a, b, x: 0.5 * (k + a + b + 1) * eval_jacobi(n - 1, a + 1, b + 1, x), parameters=2
)
eval_gegenbauer = _polynomial("gegenbauer", lambda n, k, a, x: 2 * a * eval_gegenbauer(n - 1, a + 1, x), parameters=1)
eval_genlaguerre = _polynomial("genlaguerre", lambda n, k, a, x: neg(eval_genlaguerre(n - 1, a + 1, x)), parameters=1)


def _constant(x: Any, number: float) -> Any:
    return x.builder.constant(x.dtype.type(number), x.dtype)


eval_legendre = _polynomial(
    "legendre", lambda n, k, x: 0.5 * (k + 1) * eval_jacobi(n - 1, _constant(x, 1.0), _constant(x, 1.0), x)
)
eval_chebyt = _polynomial("chebyt", lambda n, k, x: k * eval_chebyu(n - 1, x))
eval_chebyu = _polynomial("chebyu", lambda n, k, x: 2 * eval_gegenbauer(n - 1, _constant(x, 2.0), x))
eval_laguerre = _polynomial("laguerre", lambda n, k, x: neg(eval_genlaguerre(n - 1, _constant(x, 1.0), x)))
eval_hermite = _polynomial("hermite", lambda n, k, x: 2 * k * eval_hermite(n - 1, x))
eval_hermitenorm = _polynomial("hermitenorm", lambda n, k, x: k * eval_hermitenorm(n - 1, x))
