"""Boxes that an ``if`` divides: whether zero lies between the gradients of the two sides.

apart : enclosures of the gradient, one for each way through the code  →  whether one direction has a slope of one sign in all of them

|y| written as ``y if y > 0 else -y`` has slope 1 on one side and −1 on the other, each clear of zero, and a minimum between them.  A box that an ``if``
divides holds no critical point, and no bottom of a crease, where some direction rises on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradwise.geometry.intervals.evaluation import Outcome


def apart(outcomes: Sequence[Outcome], count: int, box: int) -> bool:
    """Whether the gradients of all ways through the code that are taken in a box lie on one side of zero."""
    sides = [o for o in outcomes if not np.broadcast_to(o.broken, (count,))[box]]
    if len(sides) < 2:
        return True
    if any(len(o.outputs) < 2 for o in sides):
        return False  # constant on one side
    gradients = [o.outputs[1].spread(count) for o in sides]
    lo = np.stack([g.lo[box] for g in gradients])
    hi = np.stack([g.hi[box] for g in gradients])
    if np.any(np.min(lo, axis=0) > 0) or np.any(np.max(hi, axis=0) < 0):
        return True
    if not (np.all(np.isfinite(lo)) and np.all(np.isfinite(hi))):
        return False
    middle = (lo + hi) / 2
    return any(_all_rise(lo, hi, _shortest(a, b)) for k, a in enumerate(middle) for b in middle[k + 1 :])


def _all_rise(lo: np.ndarray, hi: np.ndarray, direction: np.ndarray) -> bool:
    """Whether the slope along a direction is positive all over each enclosure, its rounding included."""
    least = np.sum(np.minimum(lo * direction, hi * direction), axis=1)
    size = np.sum(np.maximum(np.abs(lo), np.abs(hi)) * np.abs(direction), axis=1)
    return bool(np.all(least > 4 * lo.shape[1] * np.finfo(float).eps * size))


def _shortest(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The shortest vector between two."""
    d = b - a
    length = float(d @ d)
    t = min(max(-float(a @ d) / length, 0.0), 1.0) if length > 0 else 0.0
    return a + t * d
