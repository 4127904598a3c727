"""Critical points that are not isolated: rings, lines, surfaces on which the gradient vanishes.

No interval test can prove such a set, since the smallest change of f dissolves it, and bisection along it does not end.  What floating point can show is that a Newton step of
least length ends beside the middle of almost every small box, that the gradient is zero to rounding there, and that the Hessian is singular.  In a narrow valley (Rosenbrock's)
the steps lead far away instead, to its bottom.

    on_continuum : (branch, boxes)  →  a point for each box, and whether it is such a point
"""

from __future__ import annotations

import numpy as np

from gradwise.geometry.branches import Branch
from gradwise.geometry.newton_boxes import centre

#: boxes of one generation from which on it is asked whether they line a curve, and how many of them are asked first
CROWD, SAMPLE = 800, 48
#: eigenvalues below this part of the largest count as zero
SINGULAR = 1e-6
#: steps; on the bottom of x⁴ each is two thirds of what is left
STEPS = 40


def is_crowd(branch: Branch, lo: np.ndarray, hi: np.ndarray, whole: np.ndarray) -> bool:
    """Whether so many boxes line a set of critical points, by a sample of them."""
    if branch.full is None or len(lo) < CROWD:
        return False
    rows = np.random.default_rng(len(lo)).choice(len(lo), SAMPLE, replace=False)
    points, on = on_continuum(branch, lo[rows], hi[rows], whole)
    if np.mean(on) < 0.9:
        return False
    spread = np.ptp(points[on], axis=0) / np.max((hi - lo)[rows], axis=0)
    return bool(np.max(spread) > 10)  # else the boxes crowd around one degenerate point


def on_continuum(branch: Branch, lo: np.ndarray, hi: np.ndarray, whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A point near the middle of each box where the gradient seems to vanish with a singular Hessian, and whether it does.

    Parameters
    ----------
    branch : Branch
        With a Hessian.
    lo, hi : numpy.ndarray
        Boxes, shape (count, n).
    whole : numpy.ndarray
        The widths of the box that is searched.

    Returns
    -------
    points : numpy.ndarray
        Shape (count, n).
    on : numpy.ndarray of bool
    """
    assert branch.full is not None
    points, on = np.empty_like(lo), np.zeros(len(lo), bool)
    for start in range(0, len(lo), branch.chunk):
        part = slice(start, start + branch.chunk)
        points[part], on[part] = _polished(branch, lo[part], hi[part], whole)
    return points, on


def zero_eigenvalues(branch: Branch, points: np.ndarray) -> int:
    """How many eigenvalues of the Hessian vanish at most of the points."""
    assert branch.full is not None
    values = np.abs(np.linalg.eigvalsh(_symmetric(branch, points)[1]))
    largest = np.max(values, axis=1, keepdims=True)
    return int(np.median(np.sum(values <= SINGULAR * largest, axis=1)))


def _polished(branch: Branch, lo: np.ndarray, hi: np.ndarray, whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    assert branch.gradient is not None
    x, width = centre(lo, hi), hi - lo
    with np.errstate(all="ignore"):
        first = np.max(np.abs(_symmetric(branch, x)[0]), initial=0.0)
        for _ in range(STEPS):
            g, H = _symmetric(branch, x)
            step = (np.linalg.pinv(H, rcond=SINGULAR, hermitian=True) @ g[..., None])[..., 0]
            x = np.clip(x - np.nan_to_num(step), lo - 3 * width, hi + 3 * width)
        g, H = _symmetric(branch, x)
        room = 8 * np.finfo(float).eps * np.abs(x) + 1e-13 * whole
        around = branch.gradient(x - room, x + room).outputs[1].spread(len(x))
        zero = np.all((around.lo <= 0) & (around.hi >= 0), axis=1)
        # where x⁴ is as flat as this the steps come to no end
        zero |= np.max(np.abs(g), axis=1) <= 1e-12 * first
        values = np.abs(np.linalg.eigvalsh(H))
        singular = np.min(values, axis=1) <= SINGULAR * np.max(values, axis=1)
        near = np.all((x >= lo - 2 * width) & (x <= hi + 2 * width), axis=1)
    return x, zero & singular & near & np.all(np.isfinite(x), axis=1)


def _symmetric(branch: Branch, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradients and Hessians in floating point."""
    assert branch.full is not None
    outputs = branch.full(x, x).outputs
    g, H = (np.nan_to_num(y.spread(len(x)).mid, posinf=0.0, neginf=0.0) for y in outputs[1:3])
    return g, (H + np.swapaxes(H, 1, 2)) / 2
