"""Whether f falls without bound: followed along −∇f from the end of a descent that did not arrive anywhere.

    f(x − t g/‖g‖) ≤ f(x) − t ‖g‖/2     (and with the part of g in directions without curvature for g)     at t = 10 s, 100 s, …, 10¹² s,    s the way that the descent took (or the size of x)

A function that is bounded below cannot do this for ever; one whose minimum is further away than 10¹² times the way so far can, and is told the same: nothing on the way says that there is one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradwise.descent.lengths import length
from gradwise.descent.objective import Objective
from gradwise.descent.second_order import SecondOrder, attempt
from gradwise.descent.trace import Trace

#: f below this is a descent without end
UNBOUNDED = -1e150
_DECADES, _ENOUGH = 12, 6
#: parameters up to which the directions without curvature are looked for
_MOST_FORMED = 200


@dataclass(eq=False)
class Fall:
    """How far f was followed.

    Attributes
    ----------
    f, distance : float
        The last value, and how far from the end point it is.
    times : float
        The distance over the way that the descent took.
    slope : float
        How much f fell per length on the way there.
    """

    f: float
    distance: float
    times: float
    slope: float


def fall(objective: Objective, x: np.ndarray, f: float, g: np.ndarray, start: np.ndarray, first: float) -> Fall | None:
    """The fall of f along −∇f at the end of a path; None where f stops falling, or the gradient has got shorter than half of ``first``.

    Parameters
    ----------
    start : numpy.ndarray
        Where the path began.
    first : float
        The length of the gradient there.
    """
    if objective.batches is not None or not math.isfinite(f) or not np.all(np.isfinite(g)):
        return None
    wide = np.asarray(g, dtype=float)
    found = _followed(objective, x, f, wide, start, first)
    if found is not None or x.size > _MOST_FORMED or not length(wide) >= first / 10:
        return found
    along = _without_curvature(objective, x, wide)
    if along is None:
        return None
    earlier = objective.try_evaluate(start)
    return None if earlier is None else _followed(objective, x, f, along(wide), start, length(along(earlier[1])))


def _without_curvature(objective: Objective, x: np.ndarray, g: np.ndarray) -> Callable[[np.ndarray], np.ndarray] | None:
    """The projection onto the directions in which f is not curved upwards at x: −v₀ + v₁² falls along v₀, and along −∇f it rises; None where all are curved."""
    H, _ = attempt(lambda: SecondOrder(objective).matrix(x))
    if H is None or not np.all(np.isfinite(H)):
        return None
    values, vectors = np.linalg.eigh(H)
    flat = vectors[:, values <= 1e-10 * np.max(np.abs(values))]
    return (lambda v: flat @ (flat.T @ np.asarray(v, dtype=float))) if 0 < flat.shape[1] < len(g) else None


def _followed(
    objective: Objective, x: np.ndarray, f: float, wide: np.ndarray, start: np.ndarray, first: float
) -> Fall | None:
    """The fall of f along a direction of ascent, downwards."""
    size = length(wide)
    if not size > 0 or not size >= first / 2:
        return None
    way = length(np.asarray(x, dtype=float) - np.asarray(start, dtype=float)) or max(1.0, length(x))
    if not way < math.inf:
        return None
    found = None
    for decade in range(1, _DECADES + 1):
        t = way * 10.0**decade
        with np.errstate(all="ignore"):
            there = (np.asarray(x, dtype=float) - t * (wide / size)).astype(x.dtype)
        value = objective.value(there) if np.all(np.isfinite(there)) else math.inf
        if not math.isfinite(value) and decade > _ENOUGH:
            break  # beyond the largest number
        if not value <= f - t * size / 2:
            return None
        found = Fall(value, t, 10.0**decade, (f - value) / t)
    return found


def unbounded_sentence(found: Fall, f: float, trace: Trace, changes: np.ndarray, eps: float) -> str:
    """The evidence in words."""
    text = (
        f"From the last point f falls as far as it was followed: from {f:.4g} to {found.f:.4g} at a distance of {found.distance:.3g}, "
        f"{found.times:.0e} times the way of the descent, by {found.slope:.4g} per length"
    )
    lengths = trace.gradient_length
    changes = changes[np.isfinite(changes)]
    if changes.size and float(np.max(changes)) <= 1e3 * eps * float(np.max(lengths)):
        text += (
            f". The gradient is the same at all {len(trace)} points (it changes by {float(np.max(changes)):.1e} of {float(lengths[0]):.4g} at most): "
            f"f is linear along the path, and its curvature is 0"
        )
    return text + "."
