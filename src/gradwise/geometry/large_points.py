"""Classification where the Hessian is too large to form: Lanczos' method on its products, and a factorisation where a matrix is given.

A negative curvature vᵀHv proves that a point is no minimum, and a positive one that it is no maximum, whatever v is; so a saddle is certain.  A minimum is certain
only with the whole matrix (a Cholesky or LDLᵀ factorisation), and otherwise has a probability over the random starts (``lanczos.py``).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import scipy

from gradwise.errors import GradwiseError, InputError
from gradwise.geometry.classification import Classification
from gradwise.geometry.derivatives_at import Derivatives, derivatives_at, hessian_at, nearby, product_at
from gradwise.geometry.eigenvalue_bounds import power_of_two, proved_lower_bound
from gradwise.geometry.lanczos import ExtremeEigenvalues, extreme_eigenvalues
from gradwise.geometry.vector_form import VectorForm

#: Lanczos steps for each start, unless the verdict is certain before
STEPS = 300
#: the same at a point that is not critical: orthogonalising 300 steps of 100,000 variables took a minute for numbers that decide nothing
STEPS_ELSEWHERE = 60
#: a minimum is reported from this probability on
ENOUGH = 0.99
#: up to this many variables the Hessian is formed and factorised if Lanczos' method does not decide
FACTORISED_SIZE = 3000


def classify_large(flat: VectorForm, tol: float | None, hess: Any, rng: np.random.Generator) -> Classification:
    """The verdict from products with the Hessian, of f in units in which squares neither overflow nor vanish."""
    matrix = _matrix(flat, hess)
    scale = _scale(flat, matrix)
    if 2.0**-300 < scale < 2.0**300:
        return _classified(flat, tol, matrix, rng)
    report = _classified(
        flat.divided(scale), None if tol is None else tol / scale, None if matrix is None else matrix / scale, rng
    )
    return replace(
        report,
        value=report.value * scale,
        gradient_norm=report.gradient_norm * scale,
        gradient_error=report.gradient_error * scale,
        eigenvalues=report.eigenvalues * scale,
        intervals=report.intervals * scale,
        newton_decrement=report.newton_decrement * math.sqrt(scale),
        tolerance=report.tolerance if tol is None else tol,
        message=f"{report.message} (Numbers in this sentence are in units of {scale:.3g}.)",
        _function=flat,
    )


def _scale(flat: VectorForm, matrix: Any) -> float:
    """The size of the second derivatives, as a power of two."""
    if matrix is not None:
        return power_of_two(abs(matrix).max())
    try:
        return power_of_two(product_at(flat, flat.point)(np.random.default_rng(4).standard_normal(flat.size)))
    except GradwiseError:
        return 1.0


def _classified(flat: VectorForm, tol: float | None, matrix: Any, rng: np.random.Generator) -> Classification:
    found = derivatives_at(flat, dense=False)
    product = _product(flat, found, matrix)
    noise = _noise(flat, found, matrix, product, rng)
    g = found.gradient
    norm, slack = float(np.linalg.norm(g)), float(np.linalg.norm(found.gradient_error))
    step, solved = _newton_step(product, g, slack)
    distance = float(np.linalg.norm(step)) if solved else math.inf
    tolerance = flat.closeness if tol is None else float(tol)
    critical = distance <= tolerance if tol is None else norm <= max(tolerance, slack)
    # of a point that is not critical the ends of the spectrum are told, and nothing hangs on them
    steps = min(STEPS if critical else STEPS_ELSEWHERE, flat.size)
    extremes = extreme_eigenvalues(product, flat.size, rng, steps=steps, noise=noise, stop=_settled(noise))
    change = _change(flat, found, extremes, step, product) if critical and norm > 0 else 0.0
    kind, index_bounds, probability, certainty, message = _verdict(
        flat, found, extremes, matrix, change, noise, critical=critical, norm=norm, distance=distance
    )
    intervals = np.stack([extremes.values - extremes.residuals, extremes.values + extremes.residuals], axis=1)
    intervals += np.array([-change, change])
    if probability == 1 and kind in {"minimum", "maximum"}:  # proved: no eigenvalue lies on the other side
        intervals = np.clip(
            intervals, *((np.nextafter(0, 1), np.inf) if kind == "minimum" else (-np.inf, -np.nextafter(0, 1)))
        )
    escape = None
    if kind in {"saddle", "maximum"}:
        v = extremes.smallest_vector
        escape = flat.rebuild(-v if g @ v > 0 else v)
    return Classification(
        kind=kind,
        index=index_bounds[0] if index_bounds[0] == index_bounds[1] else None,
        index_bounds=index_bounds,
        x=flat.rebuild(flat.point),
        value=found.value,
        gradient_norm=norm,
        gradient_error=slack,
        distance=distance,
        tolerance=tolerance,
        eigenvalues=extremes.values,
        intervals=intervals,
        eigenvectors=np.stack([extremes.smallest_vector, extremes.largest_vector], axis=1),
        escape_direction=escape,
        newton_decrement=math.sqrt(abs(float(g @ step))) if solved else math.nan,
        certainty=certainty,
        probability=probability,
        method="lanczos",
        message=message,
        names=flat.names,
        _function=flat,
    )


def _matrix(flat: VectorForm, hess: Any) -> Any:
    """The Hessian that the caller gave, checked."""
    if hess is None:
        return None
    matrix = hess(flat.rebuild(flat.point)) if callable(hess) else hess
    matrix = matrix.tocsc() if scipy.sparse.issparse(matrix) else np.asarray(matrix, dtype=float)
    if matrix.shape != (flat.size, flat.size):
        raise InputError(
            f"gw.classify was given hess of shape {matrix.shape}. The Hessian at x, of shape {(flat.size, flat.size)}, is required"
        )
    asymmetry = abs(matrix - matrix.T).max()
    if not asymmetry <= 1e-8 * abs(matrix).max():
        raise InputError(
            f"gw.classify was given hess with |H − Hᵀ| up to {asymmetry:.3g}. A symmetric matrix is required"
        )
    return (matrix + matrix.T) / 2


def _product(flat: VectorForm, found: Derivatives, matrix: Any) -> Any:
    exact = None if found.certainty.startswith("error bound") else product_at(flat, flat.point)
    if exact is None:
        H = matrix if matrix is not None else found.hessian
        return lambda v: H @ v
    if matrix is not None:
        v = np.random.default_rng(3).standard_normal(flat.size)
        theirs, ours = matrix @ v, exact(v)
        if np.linalg.norm(theirs - ours) > 1e-6 * np.linalg.norm(ours) + 1e-12 * np.linalg.norm(v):
            raise InputError(
                f"gw.classify was given hess whose product with a random vector differs from the exact Hessian's by {np.linalg.norm(theirs - ours):.3g}. "
                "The Hessian of f at x is required. gw.check_hessian finds what is wrong with it"
            )
    return exact


def _noise(flat: VectorForm, found: Derivatives, matrix: Any, product: Any, rng: np.random.Generator) -> float:
    """A measure of the error of a product with a vector of length 1: what one rounding of the point changes."""
    if found.certainty.startswith("error bound"):
        return 0.0 if matrix is not None else float(np.linalg.norm(found.hessian_error))
    v = rng.standard_normal(flat.size)
    v /= np.linalg.norm(v)
    here = product(v)
    try:
        there = product_at(flat, nearby(flat, rng))(v)
    except GradwiseError:
        there = here
    change = np.linalg.norm(there - here)
    return float(8 * change + 64 * flat.unit * np.linalg.norm(here)) if np.isfinite(change) else math.inf


def _settled(noise: float) -> Any:
    """Whether both signs occur for certain: nothing more is to be learnt."""

    def stop(values: np.ndarray, residuals: np.ndarray) -> bool:
        return bool(values[0] + residuals[0] < -noise and values[-1] - residuals[-1] > noise)

    return stop


def _newton_step(product: Any, g: np.ndarray, slack: float) -> tuple[np.ndarray, bool]:
    """−H⁺g by MINRES, and whether it solves Hδ = −g to a thousandth or to rounding."""
    norm = float(np.linalg.norm(g))
    if norm <= slack:
        return np.zeros_like(g), True
    n = len(g)
    operator = scipy.sparse.linalg.LinearOperator((n, n), matvec=product, dtype=float)
    step, _ = scipy.sparse.linalg.minres(operator, -g, rtol=1e-6, maxiter=min(2 * STEPS, max(200, 2 * n)))
    missing = float(np.linalg.norm(product(step) + g))
    return step, bool(np.all(np.isfinite(step)) and missing <= max(1e-3 * norm, 2 * slack))


def _change(
    flat: VectorForm, found: Derivatives, extremes: ExtremeEigenvalues, step: np.ndarray, product: Any
) -> float:
    """2‖H(x + δ) − H(x)‖, estimated by its largest Ritz value over a few Lanczos steps from a random start."""
    moved = (flat.point + step).astype(flat.point.dtype)
    if np.array_equal(moved, flat.point) or found.certainty.startswith("error bound"):
        return 0.0
    try:
        other = product_at(flat, moved)
        bound = extreme_eigenvalues(lambda v: other(v) - product(v), flat.size, steps=min(20, flat.size), starts=1)
    except GradwiseError:
        return math.inf
    # the Ritz value is at least a third of the norm after 20 steps, but for a probability of 1e-6 (n = 10⁶)
    return 3 * 2 * max(abs(bound.smallest), abs(bound.largest))


def _verdict(
    flat: VectorForm,
    found: Derivatives,
    extremes: ExtremeEigenvalues,
    matrix: Any,
    change: float,
    noise: float,
    *,
    critical: bool,
    norm: float,
    distance: float,
) -> tuple[str, tuple[int, int], float, str, str]:
    n = flat.size
    negative, positive = (extremes.negative, extremes.positive) if change == 0 else _signs(extremes, change)
    bounds = (negative, n - positive)
    if not critical:
        how = f"a Newton step of {distance:.3g} away" if math.isfinite(distance) else "and no Newton step was found"
        return "not critical", bounds, 1.0, "rounding measured", f"The gradient is not zero: ‖∇f‖ = {norm:.3g}, {how}."
    if negative and positive:
        message = f"f falls along {negative} principal directions at least, and rises along {positive} at least."
        return "saddle", bounds, 1.0, "curvatures of both signs computed, rounding measured", message
    margin = change + noise
    sign, word = (1, "minimum") if extremes.smallest > 0 else (-1, "maximum")
    end, rest = (
        (extremes.smallest, extremes.smallest_residual) if sign > 0 else (-extremes.largest, extremes.largest_residual)
    )
    outer = (0, 0) if sign > 0 else (n, n)
    if end <= margin:
        message = "A curvature is zero within rounding, and second derivatives decide nothing along it. Look at f along its vector."
        return "degenerate", bounds, 1.0, "curvature computed, rounding measured", message
    probability = extremes.probability_beyond(lower=margin if sign > 0 else None, upper=-margin if sign < 0 else None)
    likely = probability >= ENOUGH and end - rest > margin
    if matrix is None and not likely and n <= FACTORISED_SIZE and not found.certainty.startswith("error bound"):
        matrix = hessian_at(flat, flat.point)
        matrix = (matrix + matrix.T) / 2
    proved = None if matrix is None else proved_lower_bound(sign * matrix, end)
    if proved is not None and proved > margin:
        message = f"A strict local {word}: every eigenvalue is at least {proved:.3g} away from zero."
        return word, outer, 1.0, "proved by a factorisation of the Hessian, its rounding measured", message
    if likely:
        message = f"A strict local {word}, unless every random start missed the end of the spectrum."
        certainty = f"probability over {extremes.starts} random starts, {sum(extremes.steps)} products"
        return word, outer, probability, certainty, message
    message = (
        f"All {len(extremes.values)} Ritz values have one sign, the one nearest to zero being {sign * end:.3g}, but {max(extremes.steps)} steps do not suffice for a verdict. "
        "Give the Hessian as hess= (a sparse matrix will do): its factorisation decides"
    )
    return "undecided", bounds, probability, f"Lanczos with {extremes.starts} random starts", message


def _signs(extremes: ExtremeEigenvalues, change: float) -> tuple[int, int]:
    """How many Ritz values keep their sign under the change of the Hessian."""
    slack = change + float(np.min(extremes.residuals))
    return int(np.sum(extremes.values < -slack)), int(np.sum(extremes.values > slack))
