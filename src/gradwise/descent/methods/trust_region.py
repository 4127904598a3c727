"""The trust region of Newton's method: the best point of the quadratic model in an ellipsoid, which grows while the model is right.

    minimise g·p + pᵀHp/2   over ‖Dp‖ ≤ Δ,      D² the diagonal of |H|, the largest so far

|H| has the eigenvectors of H and the sizes of its eigenvalues: a coordinate in which f bends little may move far, also where it bends downwards, so that units of x do not
matter.  (Moré, "The Levenberg–Marquardt algorithm", 1978, has the largest diagonal of JᵀJ so far in the same place.)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy

from gradwise.descent.methods.automatic import noise_of
from gradwise.descent.methods.protocol import Failed, Found

#: the first Δ over the length of the scaled gradient ‖D⁻¹g‖, unless a whole Newton step is shown to be good
_FIRST = 0.1
_TRIALS = 60
#: entries of a Hessian that are all smaller than this are none
NOTHING = 1e-280


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


def sizes(H: np.ndarray) -> np.ndarray:
    """The square roots of the diagonal of |H|, none of them 0; ones where f is not bent at all."""
    diagonal = np.diag(H)
    if newton_step(H, np.zeros(len(H))) is None:
        values, V = np.linalg.eigh(H)
        diagonal = (V * V) @ np.abs(values)
    largest = float(np.max(diagonal))
    return np.sqrt(np.maximum(diagonal, 1e-16 * largest)) if largest > NOTHING else np.ones(len(H))


class Region:
    """The ellipsoid ‖Dp‖ ≤ Δ.

    Parameters
    ----------
    first : float, optional
        No first step is longer than this.  By default it is the Newton step where the Hessian is positive definite, else a tenth of ‖D⁻¹g‖ in the measure of D.
    """

    def __init__(self, first: float | None = None) -> None:
        self.first = first
        self.radius = math.nan
        self.d: np.ndarray | None = None

    def step(self, x: np.ndarray, f: float, g: np.ndarray, H: np.ndarray, problem: Any) -> Found | Failed:
        """The next point: the region shrinks until f falls by a share of what the model promises."""
        d = sizes(H)
        self.d = d = d if self.d is None else np.maximum(self.d, d)
        scaled, slope, noise = H / np.outer(d, d), np.asarray(g, dtype=float) / d, noise_of(f, g.dtype)
        if math.isnan(self.radius):
            self.radius = self._first_radius(scaled, slope)
        for _ in range(_TRIALS):
            q = trust_region_step(scaled, slope, self.radius)
            p = (q / d).astype(x.dtype)
            x_new = x + p
            if np.array_equal(x_new, x):
                return Failed("steps that lower f are shorter than the precision of x")
            promised = -(float(np.dot(g, p)) + float(p @ H @ p) / 2)
            found = problem.try_evaluate(x_new)
            kept = (f - found[0] + noise) / (promised + noise) if found is not None and promised + noise > 0 else -1.0
            length = float(np.linalg.norm(q))
            if kept < 0.25:
                self.radius = length / 4
            elif kept > 0.75 and length > 0.99 * self.radius:
                self.radius *= 2
            if kept > 1e-4 and found is not None:
                return Found(x_new, found[0], found[1], 1.0)
        return Failed("f did not fall as its quadratic model says in any region")

    def _first_radius(self, H: np.ndarray, g: np.ndarray) -> float:
        assert self.d is not None
        if self.first is not None:
            return self.first * float(np.min(self.d))
        whole = newton_step(H, g)
        short = _FIRST * float(np.linalg.norm(g))
        return short if whole is None else max(short, float(np.linalg.norm(whole)) * (1 + 1e-12))
