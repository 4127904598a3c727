"""Newton's method with exact Hessians: a modified Cholesky factorisation and a line search, or a trust region."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy

from gradwise.descent.methods.armijo import backtrack
from gradwise.descent.methods.automatic import noise_of
from gradwise.descent.methods.protocol import Failed, Found, Search
from gradwise.errors import InputError

_STRATEGIES = ("cholesky", "trust_region")


def newton_step(H: np.ndarray, g: np.ndarray) -> np.ndarray | None:
    """The step −H⁻¹g where H is positive definite, else None.  Cholesky's factorisation of the matrix scaled to a unit diagonal bears any units of x."""
    diagonal = np.diag(H)
    if not np.all(diagonal > 0):
        return None
    s = 1 / np.sqrt(diagonal)
    try:
        factor = scipy.linalg.cho_factor(H * np.outer(s, s))
    except np.linalg.LinAlgError:
        return None
    # a pivot within rounding of 0 gives a direction of no meaning
    if float(np.min(np.diag(factor[0]))) ** 2 < 8 * np.finfo(float).eps * len(g):
        return None
    return -s * scipy.linalg.cho_solve(factor, s * g)


def modified_newton_direction(H: np.ndarray, g: np.ndarray) -> np.ndarray:
    """The direction −(H + E)⁻¹g with H + E positive definite, and E = 0 where H is so already.

    H = LDLᵀ (Bunch–Kaufman), D block diagonal; the eigenvalues of D are replaced by their sizes, and by a floor where they are nearly zero (Cheng and
    Higham, "A modified Cholesky algorithm based on a symmetric indefinite factorization", SIAM J. Matrix Anal. Appl. 19, 1998; sizes instead of the floor
    alone, so that negative curvature pushes away from a saddle with its own scale).  H is scaled by its diagonal first.
    """
    exact = newton_step(H, g)
    if exact is not None:
        return exact
    largest = max(float(np.max(np.abs(H))), np.finfo(float).tiny)
    s = 1 / np.sqrt(np.maximum(np.max(np.abs(H), axis=1), 1e-16 * largest))
    L, D, _ = scipy.linalg.ldl(H * np.outer(s, s))
    values, V = np.linalg.eigh(D)
    w = V.T @ np.linalg.solve(L, -s * g)
    return s * np.linalg.solve(L.T, V @ (w / np.maximum(np.abs(values), 1e-10)))


def trust_region_step(H: np.ndarray, g: np.ndarray, radius: float) -> np.ndarray:
    """The minimiser of g·p + pᵀHp/2 over ‖p‖ ≤ radius, from the eigenvectors of H (Moré and Sorensen, SIAM J. Sci. Stat. Comput. 4, 1983).

    p = −(H + τI)⁻¹g with τ ≥ max(0, −λmin) and ‖p‖ = radius, or τ = 0 inside; where g has no part along the lowest eigenvectors (the hard case) one of
    them fills p up to the radius.
    """
    inside = newton_step(H, g)
    if inside is not None and np.linalg.norm(inside) <= radius:
        return inside
    values, V = np.linalg.eigh(H)
    c = V.T @ g
    lowest, size = float(values[0]), max(float(np.max(np.abs(values))), np.finfo(float).tiny)
    low = max(0.0, -lowest) + 4 * np.finfo(float).eps * size

    def length(tau: float) -> float:
        return float(np.linalg.norm(c / (values + tau)))

    if length(low) <= radius:
        p = -c / (values + low)
        if lowest < 0:  # what stands in the place of 0/0 along the lowest eigenvector is rounding
            p[0] = 0.0
            p[0] = -math.copysign(math.sqrt(max(radius**2 - float(p @ p), 0.0)), c[0])
        return V @ p
    high = low + float(np.linalg.norm(c)) / radius
    tau = scipy.optimize.brentq(
        lambda t: 1 / radius - 1 / length(t), low, high + 1e-12 * size, xtol=1e-14 * high, rtol=1e-12
    )
    return V @ (-c / (values + tau))


class Newton(Search):
    """x₊ = x − t H⁻¹g with H made positive where it is not (``strategy="cholesky"``), or the best step in a ball (``"trust_region"``).

    Nocedal and Wright, "Numerical Optimization" (2006), sections 3.4 and 4.1.
    """

    name = "newton"
    stability_text = "2, in units of the Newton step"

    def __init__(self, strategy: str = "cholesky", radius: float = 1.0) -> None:
        if strategy not in _STRATEGIES:
            msg = f"method='newton' was given strategy={strategy!r}. One of {', '.join(map(repr, _STRATEGIES))} is required. Leave it out for 'cholesky'."
            raise InputError(msg)
        if not (isinstance(radius, int | float) and radius > 0):
            msg = f"method='newton' was given radius={radius!r}. A positive number is required. Leave it out for 1."
            raise InputError(msg)
        self.strategy, self.radius = strategy, float(radius)

    def init(self, x: np.ndarray, g: np.ndarray) -> list[float]:
        return [self.radius]

    def step(self, state: list[float], x: np.ndarray, f: float, g: np.ndarray, problem: Any) -> Found | Failed:
        H = problem.hessian(x)
        if not np.all(np.isfinite(H)):
            return Failed("the Hessian is not finite")
        H = (H + H.T) / 2
        if self.strategy == "cholesky":
            d = modified_newton_direction(H, np.asarray(g, dtype=float)).astype(x.dtype)
            return backtrack(x, f, g, d, problem.rate, problem)
        return self._in_a_ball(state, x, f, g, H, problem)

    def _in_a_ball(
        self, state: list[float], x: np.ndarray, f: float, g: np.ndarray, H: np.ndarray, problem: Any
    ) -> Found | Failed:
        noise = noise_of(f, g.dtype)
        for _ in range(60):
            p = trust_region_step(H, np.asarray(g, dtype=float), state[0]).astype(x.dtype)
            x_new = x + p
            if np.array_equal(x_new, x):
                return Failed("steps that lower f are shorter than the precision of x")
            promised = -(float(np.dot(g, p)) + float(p @ H @ p) / 2)
            found = problem.try_evaluate(x_new)
            kept = (f - found[0] + noise) / (promised + noise) if found is not None and promised + noise > 0 else -1.0
            length = float(np.linalg.norm(p))
            if kept < 0.25:
                state[0] = length / 4
            elif kept > 0.75 and length > 0.99 * state[0]:
                state[0] *= 2
            if kept > 1e-4 and found is not None:
                return Found(x_new, found[0], found[1], 1.0)
        return Failed("f did not fall as its quadratic model says in any ball")
