"""λmax and λmin of the Hessian at a point, each between bounds, with how they are known.

Up to `DENSE` parameters the Hessian is formed, and the bounds are those of rounding.  Beyond, Lanczos' method on Hessian-vector products: Ritz values lie inside
the spectrum, so λmax is between the largest Ritz value and an upper bound that holds with a stated probability over the random starts
(`gradwise.geometry.lanczos`).  A step size that must be stable wants the upper one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradwise.descent.second_order import SecondOrder
from gradwise.errors import InputError
from gradwise.geometry.eigenvalue_bounds import eigenvalue_intervals
from gradwise.geometry.lanczos import extreme_eigenvalues

DENSE = 300
PROBABILITY = 1 - 1e-6


@dataclass(eq=False)
class Curvature:
    """The ends of the spectrum of the Hessian at a point.

    Attributes
    ----------
    lambda_max, lambda_min : float
        The estimates: eigenvalues of the whole Hessian, or Ritz values, which lie inside the spectrum.
    lambda_max_bounds, lambda_min_bounds : tuple of float
        (lower, upper): the eigenvalue lies between them, with ``probability``.
    residuals : tuple of float
        For λmax and λmin: some eigenvalue lies within this of the estimate.
    probability : float
        1 where no random start is involved.
    method : str
        "dense" or "lanczos", and how products were computed.
    products : int
        Hessian-vector products spent (n for a dense Hessian).
    eigenvalues : numpy.ndarray or None
        All of them, ascending, where the Hessian was formed.
    smallest_nonzero : float
        The smallest eigenvalue above rounding: what decides the rate where the minimum is not isolated.
    """

    lambda_max: float
    lambda_min: float
    lambda_max_bounds: tuple[float, float]
    lambda_min_bounds: tuple[float, float]
    residuals: tuple[float, float]
    probability: float
    method: str
    products: int
    eigenvalues: np.ndarray | None
    smallest_nonzero: float

    @property
    def condition(self) -> float:
        """λmax / λmin, infinite where λmin is not certainly positive."""
        return self.lambda_max / self.lambda_min if self.lambda_min_bounds[0] > 0 else float("inf")

    def sentence(self) -> str:
        """The numbers in a line."""
        sure = "" if self.probability == 1 else f" with probability ≥ 1 − {1 - self.probability:.0e}"
        (_, high), (low, _) = self.lambda_max_bounds, self.lambda_min_bounds
        return (
            f"λmax = {self.lambda_max:.6g} (≤ {high:.6g}{sure}), λmin = {self.lambda_min:.6g} (≥ {low:.6g}), "
            f"residuals {self.residuals[0]:.1e} and {self.residuals[1]:.1e}, {self.method}, {self.products} products"
        )


def curvature_at(
    second: SecondOrder, z: np.ndarray, *, scaling: np.ndarray | None = None, steps: int | None = None
) -> Curvature:
    """The ends of the spectrum of H at z, or of P^(−1/2) H P^(−1/2) for a diagonal P.

    Raises
    ------
    InputError
        If second derivatives are not finite there.
    """
    n = z.size
    root = None if scaling is None else np.sqrt(np.asarray(scaling, dtype=float))
    if n <= DENSE:
        H = second.matrix(z)
        if not np.all(np.isfinite(H)):
            msg = "the Hessian is not finite at this point. Finite second derivatives are required. Move off the point."
            raise InputError(msg)
        if root is not None:
            H = H / np.outer(root, root)
        unit = float(np.finfo(z.dtype).eps)
        # forward over reverse sums about as many terms as f does: sixteen roundings of the largest entry stand for them
        error = 16 * unit * float(np.max(np.abs(H))) + second.noise
        values, intervals, _ = eigenvalue_intervals(H, error)
        floor = float(intervals[0, 1] - values[0])
        positive = values[np.abs(values) > 4 * floor]
        return Curvature(
            float(values[-1]), float(values[0]),
            (float(intervals[-1, 0]), float(intervals[-1, 1])), (float(intervals[0, 0]), float(intervals[0, 1])),
            (float(intervals[-1, 1] - values[-1]), floor), 1.0,
            f"dense Hessian, {second.how}", n, values, float(np.min(positive)) if positive.size else 0.0,
        )  # fmt: skip
    apply = second.product(z)
    product = apply if root is None else lambda v: apply(v / root) / root
    found = extreme_eigenvalues(product, n, steps=steps, probability=PROBABILITY, noise=second.noise)
    low, high = found.lower, found.upper
    return Curvature(
        found.largest, found.smallest,
        (found.largest - found.largest_residual * found.exhausted, high), (low, found.smallest + found.smallest_residual * found.exhausted),
        (found.largest_residual, found.smallest_residual), found.probability,
        f"lanczos, {second.how} products", int(np.sum(found.steps)), None, found.smallest,
    )  # fmt: skip
