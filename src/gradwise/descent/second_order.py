"""Second derivatives of the objective at a point: the whole Hessian, or its products with vectors.

    matrix : z → H          product : z → (v ↦ H v)

They are exact (forward over reverse) where f can be traced.  Where it cannot, products are central differences of the gradient,
(g(z + hv) − g(z − hv)) / 2h, with a noise that is estimated and handed on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise import operators
from gradwise.descent.objective import DOMAIN_ERRORS, Objective
from gradwise.errors import KinkWarning, TracingError
from gradwise.quiet import quiet


class SecondOrder:
    """The Hessian of an objective.

    Attributes
    ----------
    how : str
        "exact", or "differences of the gradient".
    noise : float
        A bound on the error of a product with a vector of length 1, as far as it is known: 0 for exact ones, whose rounding is small.
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.function = objective.scalar()
        self.how, self.noise = "exact", 0.0
        self._hessian = operators.hessian(self.function, method="exact")

    def matrix(self, z: np.ndarray) -> np.ndarray:
        """H at z, shape (n, n), symmetric, as float64."""
        if self.how == "exact":
            try:
                with quiet(KinkWarning), np.errstate(all="ignore"):
                    H = np.asarray(self._hessian(z), dtype=float)
                return (H + H.T) / 2
            except TracingError:
                self.how = "differences of the gradient"
        product = self.product(z)
        H = np.stack([product(row) for row in np.eye(z.size)])
        return (H + H.T) / 2

    def product(self, z: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """The map v ↦ H v at z; f is run once, here."""
        if self.how == "exact":
            try:
                with quiet(KinkWarning), np.errstate(all="ignore"):
                    _, linear = operators.linearize(operators.grad(self.function, method="exact"), z, method="exact")
                return lambda v: np.asarray(linear(np.asarray(v, dtype=z.dtype)), dtype=float)
            except TracingError:
                self.how = "differences of the gradient"
        return self._differences(z)

    def _differences(self, z: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        evaluate = self.objective.evaluate
        eps = float(np.finfo(z.dtype).eps)
        scale = max(1.0, float(np.max(np.abs(z))))
        g = evaluate(z)[1]
        h = eps ** (1 / 3) * scale
        self.noise = 4 * eps * float(np.linalg.norm(g)) / h + h * h

        def product(v: np.ndarray) -> np.ndarray:
            length = float(np.linalg.norm(v)) or 1.0
            t = h / length
            plus, minus = evaluate((z + t * v).astype(z.dtype))[1], evaluate((z - t * v).astype(z.dtype))[1]
            return (np.asarray(plus, dtype=float) - np.asarray(minus, dtype=float)) / (2 * t)

        return product


def attempt(make: Callable[[], Any]) -> tuple[Any, str]:
    """What ``make`` returns, and "" ; or None and why not."""
    try:
        with np.errstate(all="ignore"):
            return make(), ""
    except (*DOMAIN_ERRORS, TypeError, RuntimeError) as error:  # the user's function, at a point of our choice
        return None, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
