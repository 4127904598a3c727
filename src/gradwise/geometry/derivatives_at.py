"""The gradient and the Hessian at a point, each with an error bound for every entry.

    at : (f, z)  →  f(z), ∇f(z) ± e, H(z) ± E

The exact derivatives are as exact as their rounding, which is measured: a formula evaluated in floating point is at best the exact one at a point one
rounding away (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 1.5), so the point is moved by a unit in the last place in random
directions, and eight times the largest change counts, plus 64 units of the entry and 8 of the largest entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwise import numerical
from gradwise.errors import GradwiseError, KinkWarning, TracingError
from gradwise.geometry.vector_form import VectorForm
from gradwise.operators import hessian, hvp, value_and_grad
from gradwise.quiet import quiet

#: the certainty of exact derivatives whose rounding was found by moving the point
MEASURED = "rounding measured"


@dataclass(slots=True, eq=False)
class Derivatives:
    """f, ∇f and H at a point with error bounds by entry; ``hessian`` is None where only the gradient was asked for."""

    value: float
    gradient: np.ndarray
    gradient_error: np.ndarray
    hessian: Any
    hessian_error: Any
    certainty: str


def quietly(function: Any, *args: Any) -> Any:
    """The function's result without kink warnings: kinks are looked for by name."""
    with quiet(KinkWarning), np.errstate(all="ignore"):
        return function(*args)


def gradient_at(flat: VectorForm, z: np.ndarray) -> tuple[float, np.ndarray]:
    """The value and the gradient as float64; exact only."""
    value, gradient = quietly(value_and_grad(flat, method="exact"), z)
    return float(value), np.asarray(gradient, dtype=float)


def hessian_at(flat: VectorForm, z: np.ndarray) -> np.ndarray:
    """H as float64; exact only."""
    return np.asarray(quietly(hessian(flat, method="exact"), z), dtype=float)


def product_at(flat: VectorForm, z: np.ndarray) -> Any:
    """The product v ↦ H(z) v as float64."""
    multiply = hvp(flat, method="exact")
    return lambda v: np.asarray(quietly(multiply, z, v.astype(z.dtype)), dtype=float)


def nearby(flat: VectorForm, rng: np.random.Generator) -> np.ndarray:
    """The point with every entry moved by one rounding, up or down."""
    z = flat.point
    typical = float(np.median(np.abs(z[z != 0]))) if np.any(z) else 0.0
    unit = 2 * flat.unit
    size = np.where(z != 0, np.abs(z) * unit, min(typical, 1.0) * unit)
    return (z + size * rng.choice([-1.0, 1.0], z.size)).astype(z.dtype)


def measured(here: np.ndarray, others: list[np.ndarray], unit: float) -> np.ndarray:
    """The rounding of an array of derivatives, by entry, from its values one rounding away."""
    change = np.zeros(here.shape)
    for other in others:
        with np.errstate(invalid="ignore"):
            difference = np.abs(other - here)
        change = np.where(np.isfinite(difference), np.maximum(change, difference), change)
    return 8 * change + unit * (64 * np.abs(here) + 8 * np.max(np.abs(here), initial=0.0))


def derivatives_at(flat: VectorForm, *, dense: bool) -> Derivatives:
    """f, ∇f and, if ``dense``, H, with error bounds; numerical ones where f cannot be traced."""
    try:
        value, gradient = gradient_at(flat, flat.point)
        H = hessian_at(flat, flat.point) if dense else None
    except TracingError as reason:
        return _numerical(flat, reason)
    rng = np.random.default_rng(5)
    points = [nearby(flat, rng) for _ in range(3 if flat.size <= 200 else 1)]
    gradients, hessians = [], []
    for z in points:
        try:
            gradients.append(gradient_at(flat, z)[1])
            if dense:
                hessians.append(hessian_at(flat, z))
        except GradwiseError:  # beside the point f may meet a kink or the end of its domain
            continue
    return Derivatives(
        value,
        gradient,
        measured(gradient, gradients, flat.unit),
        H,
        measured(H, hessians, flat.unit) if H is not None else None,
        MEASURED,
    )


def _numerical(flat: VectorForm, reason: TracingError) -> Derivatives:
    """Numerical derivatives, whose error bounds take the place of rounding."""
    try:
        gradient = numerical.grad(flat, flat.point)
        H = numerical.hessian(flat, flat.point)
    except GradwiseError as second:
        reason.add_note(f"Numerical derivatives were tried instead and failed: {second}")
        raise reason from None
    return Derivatives(
        float(flat(flat.point)),
        np.asarray(gradient.value, dtype=float),
        np.asarray(gradient.error, dtype=float),
        np.asarray(H.value, dtype=float),
        np.asarray(H.error, dtype=float),
        "error bound of numerical derivatives",
    )
