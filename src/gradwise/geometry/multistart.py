"""Critical points from many starts: what remains where a function cannot be proved about.  Never exhaustive."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from gradwise.errors import GradwiseError, GradwiseWarning
from gradwise.geometry.classify import classify
from gradwise.geometry.critical_report import CriticalPoint
from gradwise.geometry.vector_form import VectorForm
from gradwise.operators import grad, hessian
from gradwise.quiet import quiet

#: distinct points are further apart than this part of the box
APART = 1e-5
#: gradients for each start: a start that has not settled by then is wandering on a plain
MOST_STEPS = 60


def multistart(
    flat: VectorForm, lo: np.ndarray, hi: np.ndarray, starts: int, rng: np.random.Generator
) -> list[CriticalPoint]:
    """Newton's and Powell's hybrid method on ∇f = 0 from a Latin hypercube of starts; what ends in the box is classified."""
    gradient, curvature = grad(flat), hessian(flat)
    # one start in each of as many slices of every variable; scipy.stats has this too, but takes a second to import
    shape = (starts, len(lo))
    sample = (np.argsort(rng.random(shape), axis=0) + rng.random(shape)) / starts
    found: list[CriticalPoint] = []
    with quiet(GradwiseWarning), quiet(RuntimeWarning), np.errstate(all="ignore"):
        for start in lo + sample * (hi - lo):
            x = _solved(gradient, curvature, start)
            if x is None or np.any(x < lo) or np.any(x > hi):
                continue
            if any(np.all(np.abs(x - p.enclosure.mean(axis=1)) <= APART * (hi - lo)) for p in found):
                continue
            point = _classified(flat, x)
            if point is not None:
                found.append(point)
    return found


def _solved(gradient: Any, curvature: Any, start: np.ndarray) -> np.ndarray | None:
    try:
        result = scipy.optimize.root(
            gradient, start, jac=curvature, method="hybr", options={"xtol": 1e-12, "maxfev": MOST_STEPS}
        )
    except (GradwiseError, ArithmeticError, ValueError, np.linalg.LinAlgError):
        return None
    x = np.asarray(result.x, dtype=float)
    return x if np.all(np.isfinite(x)) and np.linalg.norm(result.fun) < 1e-4 * (1 + np.linalg.norm(start)) else None


def _classified(flat: VectorForm, x: np.ndarray) -> CriticalPoint | None:
    try:
        report = classify(flat, x)
    except (GradwiseError, ArithmeticError, ValueError):
        return None
    if report.kind == "not critical":
        return None
    radius = (
        max(2 * report.distance, 4 * np.finfo(float).eps * float(np.max(np.abs(x))))
        if np.isfinite(report.distance)
        else 0.0
    )
    return CriticalPoint(
        kind=report.kind,
        index=report.index,
        x=flat.rebuild(x),
        value=report.value,
        gradient_norm=report.gradient_norm,
        eigenvalues=report.eigenvalues,
        intervals=report.intervals,
        eigenvectors=report.eigenvectors,
        enclosure=np.stack([x - radius, x + radius], axis=1),
        proved=False,
        message="" if report.kind in {"minimum", "maximum", "saddle"} else report.message,
    )
