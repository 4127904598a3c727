"""What interval arithmetic proves of a point: bounds on the rounding of its derivatives, and the critical point beside it.

certify : (f, z, ∇f, H)  →  errors of ∇f and H by entry; the one critical point near z and the Hessian over its enclosure
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gradwise.errors import GradwiseError
from gradwise.geometry.branches import Branches
from gradwise.geometry.eigenvalue_bounds import eigenvalue_intervals
from gradwise.geometry.intervals import Interval, NoRule
from gradwise.geometry.roots import Root, Roots
from gradwise.geometry.vector_form import VectorForm

#: above these sizes rounding is measured and not bounded
MOST_VARIABLES = 50
MOST_EQUATIONS = 2000


class Certificate(NamedTuple):
    """Bounds that hold for certain, for the real function whose constants are the floats in the program.

    Attributes
    ----------
    gradient_error, hessian_error : numpy.ndarray
        By entry.
    root : Root or None
        A critical point near the point, with an enclosure in which it is the only one.
    intervals : numpy.ndarray or None
        Of the eigenvalues of the Hessian at that critical point.
    """

    gradient_error: np.ndarray
    hessian_error: np.ndarray
    root: Root | None
    intervals: np.ndarray | None


def certify(flat: VectorForm, gradient: np.ndarray, hessian: np.ndarray, reach: float) -> Certificate | None:
    """Bound the rounding of derivatives, and prove a critical point within ``reach``; None where the program does not allow it.

    Parameters
    ----------
    gradient, hessian : numpy.ndarray
        As computed, shapes (n,) and (n, n).
    reach : float
    """
    z = flat.point
    if flat.size > MOST_VARIABLES or z.dtype != np.float64 or flat.unit > 2e-16:
        return None
    branches = Branches(flat, most_equations=MOST_EQUATIONS)
    try:
        number = branches.at(z)
    except (NoRule, GradwiseError):
        return None
    branch = branches.known[number] if number is not None else None
    if branch is None or branch.full is None or branch.doubt:
        return None
    try:
        with np.errstate(all="ignore"):
            outcome = branch.full(z[None], z[None])
            if not (outcome.held.all() and outcome.boxes.smooth.all()):
                return None
            errors = [_error(y, x) for y, x in zip(outcome.outputs[1:], (gradient, hessian), strict=True)]
            if not all(np.all(np.isfinite(e)) for e in errors):
                return None
            roots = Roots(z - 1, z + 1)
            roots.prove(branch, number or 0, z[None])
            root = next((r for r in roots if np.max(np.abs(r.x - z)) <= reach), None)
            intervals = None
            if root is not None:
                H = branch.full(root.lo[None], root.hi[None]).outputs[2].map(lambda a: a[0])
                middle = H.mid
                intervals = eigenvalue_intervals(
                    middle, np.nextafter(np.maximum(H.hi - middle, middle - H.lo), np.inf)
                )[1]
    except NoRule:  # an index depends on the point
        return None
    return Certificate(errors[0], errors[1], root, intervals)


def _error(y: Interval, x: np.ndarray) -> np.ndarray:
    return np.nextafter(np.maximum(y.hi[0] - x, x - y.lo[0]), np.inf)
