"""Programs f(x) → number that are compared with the plain run in value, and with numerical derivatives in the first (at two points) and second derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

import gradwise as gw

X = np.array([1.2, 0.8, 2.3])


def compare(f: Any, order: int = 2) -> None:
    """The value of f at X, its gradient at X and beside it, and, for order 2, its Hessian."""
    value, _ = gw.value_and_grad(f, method="exact")(X.copy())
    np.testing.assert_allclose(value, float(f(X.copy())), rtol=1e-13)
    for x in (X, 1.1 * X):
        gradient = gw.grad(f, method="exact")(x.copy())
        assert type(gradient) is np.ndarray
        np.testing.assert_allclose(gradient, gw.numerical.grad(f, x.copy()).value, rtol=1e-6, atol=1e-8)
    if order == 2:
        columns = gw.numerical.jacobian(lambda x: gw.grad(f, method="exact", check=False)(x.copy()), X.copy()).value
        np.testing.assert_allclose(gw.hessian(f, method="exact")(X.copy()), columns, rtol=1e-5, atol=1e-6)
