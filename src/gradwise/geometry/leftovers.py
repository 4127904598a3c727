"""What the search left over: boxes joined where they touch, each with a sentence on what it may hold.

entries : (branches, left-over boxes)  →  degenerate and undecided entries of the report
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from gradwise.geometry.box_search import Leftover
from gradwise.geometry.branches import Branch, Branches
from gradwise.geometry.continua import on_continuum, zero_eigenvalues
from gradwise.geometry.critical_report import CriticalPoint, value_at
from gradwise.geometry.eigenvalue_bounds import eigenvalue_intervals, length
from gradwise.geometry.vector_form import VectorForm

#: more left-over boxes are first put together with their neighbours
MOST_JOINED = 2500
#: points that are looked for on a set of critical points
MOST_POLISHED = 500
#: boxes of which it is asked whether they lie on such a set
FEW = 50
WORDS = {
    "degenerate": "the Hessian is singular or nearly so; second derivatives decide nothing",
    "continuum": "critical points that are not isolated, as far as floating point shows",
    "flat": "critical points are not isolated: the gradient is zero all over the box",
    "rough": "f may not be smooth, or not be defined, everywhere in the box",
    "branch": "the code takes different branches inside the box",
    "stopped": "max_boxes was reached",
}


def entries(flat: VectorForm, branches: Branches, left: Leftover, whole: np.ndarray) -> list[CriticalPoint]:
    """An entry for each group of boxes that touch; ``whole`` are the widths of the box that was searched."""
    if not left.lo:
        return []
    boxes = np.stack([np.array(left.lo), np.array(left.hi)], axis=-1)
    found = []
    for reason, members in _components(left, 1e-5 * whole):
        entry = _undecided(flat, branches, boxes[members], reason, whole)
        if reason != "flat" and any(left.reasons[k] == "flat" for k in members):
            entry.message += f"; in a part of it {WORDS['flat']}"
        found.append(entry)
    return found


def vanishes(branch: Branch, x: np.ndarray) -> bool:
    """Whether the gradient is zero at a float, exactly."""
    assert branch.gradient is not None
    gradient = branch.gradient(x[None], x[None]).outputs[1]
    return bool(np.all(gradient.lo == 0) and np.all(gradient.hi == 0))


def _undecided(
    flat: VectorForm, branches: Branches, boxes: np.ndarray, reason: str, whole: np.ndarray
) -> CriticalPoint:
    """The entry of boxes that touch one another."""
    lo, hi = boxes[:, :, 0].min(axis=0), boxes[:, :, 1].max(axis=0)
    x = _representative(boxes, lo, hi)
    message = WORDS[reason]
    if reason == "continuum" or (reason in {"degenerate", "stopped"} and len(boxes) >= FEW):
        x, message = _continuum(branches, boxes, x, whole, message)
    number = branches.at(x)
    eigenvalues, intervals, vectors, norm = np.zeros(0), np.zeros((0, 2)), None, float("nan")
    if number is not None:
        branch = branches.known[number]
        with np.errstate(all="ignore"):
            if branch.full is not None:
                outcome = branch.full(lo[None], hi[None])
                here = branch.full(x[None], x[None])
                norm = length(here.outputs[1].mid)
                H, spread = here.outputs[2].mid[0], outcome.outputs[2]
                if np.all(np.isfinite(H)) and reason in {"degenerate", "stopped"}:
                    error = np.maximum(spread.hi[0] - H, H - spread.lo[0])
                    eigenvalues, intervals, vectors = eigenvalue_intervals(
                        H, np.where(np.isfinite(error), error, np.inf)
                    )
            else:
                outcome = (branch.gradient or branch.value)(lo[None], hi[None])
                norm = 0.0 if reason == "flat" else norm
            if reason == "rough":
                message += _places(outcome)
            if reason == "degenerate" and vanishes(branch, x):
                message += "; the gradient is zero at the point"
            if len(lo) == 1 and reason == "degenerate":
                message += _sides(branch, lo, hi)
    if branches.trouble and (reason == "stopped" or (reason == "branch" and number is None)):
        message += f"; {branches.trouble}"
    return CriticalPoint(
        kind="degenerate" if reason in {"degenerate", "continuum", "flat"} else "undecided",
        index=None,
        x=flat.rebuild(x),
        value=value_at(flat, x),
        gradient_norm=norm,
        eigenvalues=eigenvalues,
        intervals=intervals,
        eigenvectors=vectors,
        enclosure=np.stack([lo, hi], axis=1),
        proved=False,
        boxes=len(boxes),
        message=message,
    )


def _continuum(
    branches: Branches, boxes: np.ndarray, x: np.ndarray, whole: np.ndarray, otherwise: str
) -> tuple[np.ndarray, str]:
    """A point of a set of critical points, and what was seen of it; ``x`` and ``otherwise`` where few of the boxes lie on one."""
    chosen = boxes[np.linspace(0, len(boxes) - 1, min(len(boxes), MOST_POLISHED)).astype(int)]
    number = branches.at(x)
    branch = None if number is None else branches.known[number]
    if branch is None or branch.full is None:
        return x, otherwise
    points, on = on_continuum(branch, chosen[:, :, 0], chosen[:, :, 1], whole)
    if (
        np.sum(on) < 0.2 * len(on)
        or np.max(np.ptp(points[on], axis=0) / np.max(chosen[:, :, 1] - chosen[:, :, 0], axis=0)) < FEW / 5
    ):
        return x, otherwise
    points = points[on]
    dimension = zero_eigenvalues(branch, points)
    shape = {1: "a curve", 2: "a surface"}.get(dimension, f"a set of dimension {dimension}")
    apart = float(np.linalg.norm(np.ptp(points, axis=0)))
    nearest = points[np.argmin(np.sum((points - x) ** 2, axis=1))]
    rounded = np.round(nearest, 9)
    message = (
        f"not isolated: the gradient is zero to rounding at {len(points)} points, up to {apart:.2g} apart, and {dimension} "
        f"eigenvalue{'s' * (dimension != 1)} of the Hessian with it: {shape} of critical points, as far as floating point shows"
    )
    return (rounded if np.max(np.abs(rounded - nearest)) < 1e-14 else nearest), message


def _representative(boxes: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    """A point of the boxes with few decimals, near the middle of their hull if it can be."""
    x = np.array([_simplest(*pair) for pair in zip(lo, hi, strict=True)])
    if np.any(np.all((boxes[:, :, 0] <= x) & (x <= boxes[:, :, 1]), axis=1)):
        return x
    nearest = boxes[np.argmin(np.sum(np.abs(boxes.mean(axis=2) - (lo / 2 + hi / 2)), axis=1))]
    return np.array([_simplest(*pair) for pair in nearest])


def _simplest(lo: float, hi: float) -> float:
    """The number with the fewest decimals between two: a degenerate point is more often 0 or 0.3 than not."""
    if lo <= 0 <= hi:
        return 0.0
    middle = lo / 2 + hi / 2
    for digits in range(17):
        near = round(middle, digits)
        if lo <= near <= hi:
            return float(near)
    return float(middle)


def _sides(branch: Branch, lo: np.ndarray, hi: np.ndarray) -> str:
    """In one dimension the slopes at the ends of an enclosure decide what it holds."""
    assert branch.gradient is not None
    ends = np.array([lo, hi])
    slope = branch.gradient(ends, ends).outputs[1]
    left, right = ((int(slope.lo[k, 0] > 0) - int(slope.hi[k, 0] < 0)) for k in (0, 1))
    found = {(-1, 1): "minimum", (1, -1): "maximum"}.get((left, right))
    if found:
        return f"; the slope changes its sign: there is a {found} inside"
    return "; the slope has one sign on both sides" if left == right != 0 else ""


def _places(outcome: Any) -> str:
    """Where a box met kinks and ends of domains."""
    places = []
    for equation in outcome.boxes.reasons.values():
        source = equation.source
        place = equation.primitive.name + (f" in line {source[1]}" if source is not None else "")
        if place not in places:
            places.append(place)
    return f" ({', '.join(places[:4])})" if places else ""


def _components(left: Leftover, room: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Left-over boxes joined where they nearly touch, each with the weightiest of their reasons."""
    if not left.lo:
        return []
    lo, hi = np.array(left.lo), np.array(left.hi)
    reasons = np.array([list(WORDS).index(r) for r in left.reasons])
    labels = _joined(lo, hi, room)
    names = list(WORDS)
    return [
        (names[int(reasons[labels == label].max())], np.flatnonzero(labels == label))
        for label in range(labels.max() + 1)
    ]


def _joined(lo: np.ndarray, hi: np.ndarray, room: np.ndarray) -> np.ndarray:
    """A label for each box, equal for boxes that are connected through near ones (of very many, through near hulls of neighbours).

    Around a degenerate point Krawczyk's operator leaves scattered small boxes, so that those count as near that are no further apart than twice ``room``.
    """
    groups = np.arange(len(lo))
    low, high = lo, hi
    left = np.min(lo, axis=0)
    span = np.maximum(np.max(hi, axis=0) - left, np.finfo(float).tiny)
    for cells in (256, 64, 16, 4, 1):
        if len(low) <= MOST_JOINED:
            break
        cell = np.minimum(((lo + hi) / 2 - left) / span * cells, cells - 1).astype(int)
        _, groups = np.unique(cell, axis=0, return_inverse=True)
        low, high = np.full((groups.max() + 1, lo.shape[1]), np.inf), np.full((groups.max() + 1, lo.shape[1]), -np.inf)
        np.minimum.at(low, groups, lo)
        np.maximum.at(high, groups, hi)
    room = np.maximum(2 * (high - low), room)
    low, high = low - room, high + room
    touching = np.ones((len(low), len(low)), bool)
    for axis in range(low.shape[1]):
        touching &= low[:, None, axis] <= high[None, :, axis]
        touching &= high[:, None, axis] >= low[None, :, axis]
    labels = scipy.sparse.csgraph.connected_components(scipy.sparse.csr_array(touching), directed=False)[1]
    return np.asarray(labels[groups.ravel()])
