"""Extreme eigenvalues of a symmetric matrix known by its products, with certificates.

    lanczos : (v ↦ Hv, n, k)  →  Q (n × k, orthonormal), T = QᵀHQ tridiagonal, Ritz pairs (θ, y), ‖Hy − θy‖

Three statements of different strength follow from k products, and are kept apart:

- *A residual* r = ‖Hy − θy‖ proves that some eigenvalue lies within r of θ; it never proves that this is the extreme one.
- *Ritz values are inside*: λmin ≤ θmin and θmax ≤ λmax, and H has at least as many negative eigenvalues as T (Cauchy), up to rounding.
- *With probability*: for a start drawn uniformly from the sphere, θmax misses λmax by more than ε (λmax − λmin) with probability at most
  1.648 √n exp(−√ε (2k − 1)) (Kuczyński and Woźniakowski, SIAM J. Matrix Anal. Appl. 13, 1992, theorem 4.2; Lanczos is invariant under shifts, so the
  spread takes the place of their ‖A‖).  Independent starts multiply their probabilities.

Every new vector is orthogonalised twice against all earlier ones (full reorthogonalisation), so that no ghosts, copies of converged eigenvalues, appear; the test
of Cullum and Willoughby (an eigenvalue of T that is also one of T without its first row and column is spurious) is run all the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy

from gradwise.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

#: the constant of Kuczyński and Woźniakowski's bound
_KUCZYNSKI = 1.648


@dataclass(slots=True, eq=False)
class LanczosRun:
    """One run of Lanczos' method.

    Attributes
    ----------
    values : numpy.ndarray
        The Ritz values, ascending, shape (k,).
    residuals : numpy.ndarray
        A bound on ‖Hy − θy‖ for each, rounding included.
    basis : numpy.ndarray
        Q, shape (n, k).
    coordinates : numpy.ndarray
        The eigenvectors of T as columns: the Ritz vectors are ``basis @ coordinates``.
    orthogonality : float
        ‖QᵀQ − I‖ in the maximum norm.
    ghosts : int
        Ritz values that the test of Cullum and Willoughby finds spurious.
    exhausted : bool
        Whether the Krylov space closed: the Ritz values are then eigenvalues.
    """

    values: np.ndarray
    residuals: np.ndarray
    basis: np.ndarray
    coordinates: np.ndarray
    orthogonality: float
    ghosts: int
    exhausted: bool

    @property
    def steps(self) -> int:
        return len(self.values)

    def vector(self, position: int) -> np.ndarray:
        """The Ritz vector of one value, of length 1."""
        y = self.basis @ self.coordinates[:, position]
        return y / np.linalg.norm(y)


def lanczos(
    product: Callable[[np.ndarray], np.ndarray],
    n: int,
    steps: int,
    rng: np.random.Generator,
    *,
    noise: float = 0.0,
    stop: Callable[[np.ndarray, np.ndarray], bool] | None = None,
) -> LanczosRun:
    """Run Lanczos' method with full reorthogonalisation from a random start.

    Parameters
    ----------
    product : callable
        v ↦ Hv for vectors of shape (n,); H is symmetric.
    n : int
    steps : int
        At most this many products.
    rng : numpy.random.Generator
        Draws the start, uniform on the sphere.
    noise : float
        A bound on the error of a product with a vector of length 1, which is added to every residual.
    stop : callable, optional
        ``stop(values, residuals) -> bool``, asked every ten steps.

    Returns
    -------
    LanczosRun

    Raises
    ------
    InputError
        If a product is not finite.
    """
    steps = min(steps, n)
    start = rng.standard_normal(n)
    basis = np.zeros((n, steps), order="F")
    basis[:, 0] = start / np.linalg.norm(start)
    alpha, beta = np.zeros(steps), np.zeros(steps)
    size = 0.0
    k = 0
    for k in range(1, steps + 1):
        q = basis[:, k - 1]
        w = np.array(product(q), dtype=float)
        if not np.all(np.isfinite(w)):
            raise InputError(
                "a product of the Hessian with a vector is not finite. A point with finite second derivatives is required"
            )
        alpha[k - 1] = q @ w
        known = basis[:, :k]
        w -= known @ (known.T @ w)
        w -= known @ (known.T @ w)
        beta[k - 1] = np.linalg.norm(w)
        size = max(size, abs(alpha[k - 1]) + beta[k - 1])
        if k == steps or beta[k - 1] <= 8 * np.finfo(float).eps * size * math.sqrt(n):
            break
        basis[:, k] = w / beta[k - 1]
        if stop is not None and k % 10 == 0 and stop(*_ritz(alpha, beta, k, noise)[:2]):
            break
    values, residuals, coordinates = _ritz(alpha, beta, k, noise)
    basis = basis[:, :k]
    gram = basis.T @ basis
    orthogonality = float(np.max(np.abs(gram - np.eye(k))))
    # what rounding and the lost orthogonality add to the formula β|s|
    residuals = residuals + (4 * np.finfo(float).eps * math.sqrt(n) + k * orthogonality) * size
    return LanczosRun(
        values,
        residuals,
        basis,
        coordinates,
        orthogonality,
        _ghosts(alpha, beta, k, size),
        k == n or bool(beta[k - 1] <= 8 * np.finfo(float).eps * size * math.sqrt(n)),
    )


def _ritz(alpha: np.ndarray, beta: np.ndarray, k: int, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values, coordinates = scipy.linalg.eigh_tridiagonal(alpha[:k], beta[: k - 1])
    return values, beta[k - 1] * np.abs(coordinates[-1]) + noise, coordinates


def _ghosts(alpha: np.ndarray, beta: np.ndarray, k: int, size: float) -> int:
    """How many eigenvalues of T are copies of one another, and eigenvalues of T without its first row and column."""
    if k < 3:
        return 0
    tolerance = 1e-12 * size
    whole = scipy.linalg.eigvalsh_tridiagonal(alpha[:k], beta[: k - 1])
    inner = scipy.linalg.eigvalsh_tridiagonal(alpha[1:k], beta[1 : k - 1])
    copies = np.diff(whole) < tolerance
    nearest = np.min(np.abs(whole[1:, None] - inner[None, :]), axis=1)
    return int(np.sum(copies & (nearest < tolerance)))


@dataclass(slots=True, eq=False)
class ExtremeEigenvalues:
    """The ends of the spectrum of a symmetric matrix, as far as products show them.

    Attributes
    ----------
    smallest, largest : float
        The outermost Ritz values: λmin ≤ smallest, largest ≤ λmax (up to their residuals' rounding part).
    smallest_vector, largest_vector : numpy.ndarray
        Their vectors, of length 1.
    smallest_residual, largest_residual : float
        Some eigenvalue lies within this of the value.
    lower, upper : float
        λmin ≥ lower and λmax ≤ upper, both at once with the probability below (certain if ``exhausted``).
    probability : float
        At least this, over the random starts.
    negative : int
        H has at least this many negative eigenvalues (Cauchy's interlacing).
    positive : int
        And at least this many positive ones.
    starts : int
    steps : list of int
        Products spent by each start.
    counted : list of int
        The steps that the probabilities count with: n for a Krylov space that closed early, which gains nothing from further steps.
    values : numpy.ndarray
        The Ritz values of the first start, ascending.
    residuals : numpy.ndarray
        Their residual bounds.
    orthogonality : float
        The worst ‖QᵀQ − I‖ of the starts.
    ghosts : int
    exhausted : bool
        Whether a Krylov space closed after n steps, so that all eigenvalues were found.
    agreement : float
        The largest difference between the starts in an end of the spectrum.
    """

    smallest: float
    largest: float
    smallest_vector: np.ndarray
    largest_vector: np.ndarray
    smallest_residual: float
    largest_residual: float
    lower: float
    upper: float
    probability: float
    negative: int
    positive: int
    starts: int
    steps: list[int]
    counted: list[int]
    values: np.ndarray
    residuals: np.ndarray
    orthogonality: float
    ghosts: int
    exhausted: bool
    agreement: float
    n: int

    def probability_beyond(self, lower: float | None = None, upper: float | None = None) -> float:
        """A lower bound on the probability (over the starts) that λmin > ``lower`` and λmax < ``upper``."""
        if self.exhausted:
            inside = (lower is None or self.smallest - self.smallest_residual > lower) and (
                upper is None or self.largest + self.largest_residual < upper
            )
            return float(inside)
        spread = self.largest - self.smallest
        gap = min(
            math.inf if lower is None else self.smallest - lower, math.inf if upper is None else upper - self.largest
        )
        if gap <= 0:
            return 0.0
        if spread == 0.0 or math.isinf(gap):
            share = 0.5
        else:  # ε (θmax − θmin)/(1 − 2ε) ≤ gap
            share = gap / (spread + 2 * gap)
        return min(1 - _failure(self.n, self.counted, share), math.nextafter(1, 0))


def _failure(n: int, steps: list[int], share: float) -> float:
    """A bound on the probability that some end of the spectrum is missed by more than ``share`` of the spread by every start."""
    miss = 1.0
    for k in steps:
        miss *= min(1.0, 2 * _KUCZYNSKI * math.sqrt(n) * math.exp(-math.sqrt(share) * (2 * k - 1)))
    return miss


def _share(n: int, steps: list[int], failure: float) -> float:
    """The share of the spread that is missed with probability ``failure`` at most; below ½, or infinite where nothing can be said."""
    low, high = 0.0, 0.499
    if _failure(n, steps, high) > failure:
        return math.inf
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if _failure(n, steps, middle) <= failure else (middle, high)
    return high


def extreme_eigenvalues(
    product: Callable[[np.ndarray], np.ndarray],
    n: int,
    rng: np.random.Generator | None = None,
    *,
    steps: int | None = None,
    starts: int = 2,
    probability: float = 1 - 1e-6,
    noise: float = 0.0,
    stop: Callable[[np.ndarray, np.ndarray], bool] | None = None,
) -> ExtremeEigenvalues:
    """Find both ends of the spectrum of a symmetric matrix from products with it.

    Parameters
    ----------
    product : callable
        v ↦ Hv for vectors of shape (n,).
    n : int
    rng : numpy.random.Generator, optional
        Draws the starts; ``default_rng(0)`` unless given.
    steps : int, optional
        Products for each start, at most; by default enough for a miss of 2 % of the spread at the given probability, 60 at least.
    starts : int
        Independent random starts.
    probability : float
        Of ``lower`` and ``upper``.
    noise : float
        A bound on the error of a product with a vector of length 1.
    stop : callable, optional
        ``stop(values, residuals) -> bool`` ends a run early.

    Returns
    -------
    ExtremeEigenvalues

    Raises
    ------
    InputError
        If a product is not finite, or n is 0.

    Examples
    --------
    >>> import numpy as np
    >>> from gradwise.geometry import extreme_eigenvalues
    >>> diagonal = np.linspace(1.0, 100.0, 500)
    >>> found = extreme_eigenvalues(lambda v: diagonal * v, 500)
    >>> bool(99.9 < found.largest <= 100 <= found.upper < 102), found.negative
    (True, 0)

    Notes
    -----
    Ritz values under-estimate λmax; a step size that must be stable wants ``upper``.
    """
    if n < 1:
        raise InputError(f"extreme_eigenvalues was given n={n}. A matrix with at least one row is required")
    rng = np.random.default_rng(0) if rng is None else rng
    if steps is None:
        wanted = math.log(2 * _KUCZYNSKI * math.sqrt(n) / (1 - probability) ** (1 / starts)) / math.sqrt(0.02)
        steps = max(60, math.ceil((wanted + 1) / 2))
    runs = [lanczos(product, n, steps, rng, noise=noise, stop=stop) for _ in range(starts)]
    low = min(runs, key=lambda run: run.values[0])
    high = max(runs, key=lambda run: run.values[-1])
    # a Krylov space that closed gains nothing from further steps
    counts = [n if run.exhausted else run.steps for run in runs]
    closed = any(run.steps == n for run in runs)  # only n steps show every eigenvalue
    smallest, largest = float(low.values[0]), float(high.values[-1])
    slack = max(float(_inner_error(run, noise, n)) for run in runs)
    if closed:
        full = next(run for run in runs if run.steps == n)
        certain, lower, upper = (
            1.0,
            float(full.values[0] - full.residuals[0]),
            float(full.values[-1] + full.residuals[-1]),
        )
    else:
        share = _share(n, counts, 1 - probability)
        reach = math.inf if math.isinf(share) else share * (largest - smallest) / (1 - 2 * share) + slack
        certain, lower, upper = probability, smallest - reach, largest + reach
    return ExtremeEigenvalues(
        smallest=smallest,
        largest=largest,
        smallest_vector=low.vector(0),
        largest_vector=high.vector(-1),
        smallest_residual=float(low.residuals[0]),
        largest_residual=float(high.residuals[-1]),
        lower=lower,
        upper=upper,
        probability=certain,
        negative=max(int(np.sum(run.values < -_inner_error(run, noise, n))) for run in runs),
        positive=max(int(np.sum(run.values > _inner_error(run, noise, n))) for run in runs),
        starts=starts,
        steps=[run.steps for run in runs],
        counted=counts,
        values=runs[0].values,
        residuals=runs[0].residuals,
        orthogonality=max(run.orthogonality for run in runs),
        ghosts=max(run.ghosts for run in runs),
        exhausted=closed,
        agreement=max(float(np.ptp([run.values[0] for run in runs])), float(np.ptp([run.values[-1] for run in runs]))),
        n=n,
    )


def _inner_error(run: LanczosRun, noise: float, n: int) -> float:
    """How far a Ritz value may lie outside the spectrum through rounding: the error of T as the compression of H."""
    size = float(np.max(np.abs(run.values)))
    return noise + (4 * np.finfo(float).eps * math.sqrt(n) + run.steps * run.orthogonality) * size
