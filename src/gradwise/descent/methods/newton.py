"""Newton's method with exact Hessians: a trust region, or a modified Cholesky factorisation and a line search."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from gradwise.descent.methods.armijo import backtrack
from gradwise.descent.methods.protocol import Failed, Found, Search
from gradwise.descent.methods.trust_region import NOTHING, Region, newton_step
from gradwise.errors import InputError

_STRATEGIES = ("trust_region", "cholesky")


def modified_newton_direction(H: np.ndarray, g: np.ndarray) -> np.ndarray:
    """The direction −(H + E)⁻¹g with H + E positive definite, and E = 0 where H is so already.

    H = LDLᵀ (Bunch–Kaufman), D block diagonal; the eigenvalues of D are replaced by their sizes, and by a floor where they are nearly zero (Cheng and
    Higham, "A modified Cholesky algorithm based on a symmetric indefinite factorization", SIAM J. Matrix Anal. Appl. 19, 1998; sizes instead of the floor
    alone, so that negative curvature pushes away from a saddle with its own scale).  H is scaled by its diagonal first.
    """
    exact = newton_step(H, g)
    if exact is not None:
        return exact
    largest = float(np.max(np.abs(H)))
    if largest <= NOTHING:  # f is not bent: there is the gradient alone
        return -g
    s = 1 / np.sqrt(np.maximum(np.max(np.abs(H), axis=1), 1e-16 * largest))
    L, D, _ = scipy.linalg.ldl(H * np.outer(s, s))
    values, V = np.linalg.eigh(D)
    w = V.T @ np.linalg.solve(L, -s * g)
    return s * np.linalg.solve(L.T, V @ (w / np.maximum(np.abs(values), 1e-10)))


class Newton(Search):
    """The best step in an ellipsoid (``strategy="trust_region"``), or x₊ = x − t H⁻¹g with H made positive where it is not (``"cholesky"``).

    By default the former; the latter where a learning rate is given, which t starts at.

    Nocedal and Wright, "Numerical Optimization" (2006), sections 3.4 and 4.1.
    """

    name = "newton"
    stability_text = "2, in units of the Newton step"

    def __init__(self, strategy: str = "trust_region", radius: float | None = None) -> None:
        if strategy not in _STRATEGIES:
            msg = f"method='newton' was given strategy={strategy!r}. One of {', '.join(map(repr, _STRATEGIES))} is required. Leave it out for 'trust_region'."
            raise InputError(msg)
        if radius is not None and not (isinstance(radius, int | float) and radius > 0):
            msg = f"method='newton' was given radius={radius!r}. A positive number is required. Leave it out for a radius from the gradient."
            raise InputError(msg)
        if radius is not None and strategy != "trust_region":
            msg = f"method='newton' was given radius={radius!r} with strategy={strategy!r}, which has none. strategy='trust_region' is required. Leave radius out."
            raise InputError(msg)
        self.strategy, self.radius = strategy, None if radius is None else float(radius)

    def init(self, x: np.ndarray, g: np.ndarray) -> Region:
        return Region(self.radius)

    def step(self, state: Region, x: np.ndarray, f: float, g: np.ndarray, problem: Any) -> Found | Failed:
        H = problem.hessian(x)
        if not np.all(np.isfinite(H)):
            return Failed("the Hessian is not finite")
        H = (H + H.T) / 2
        if self.strategy == "cholesky":
            d = modified_newton_direction(H, np.asarray(g, dtype=float)).astype(x.dtype)
            return backtrack(x, f, g, d, problem.rate, problem)
        return state.step(x, f, g, H, problem)

    def options(self) -> dict[str, Any]:
        made = super().options()
        return made if self.radius is not None else {"strategy": self.strategy}
