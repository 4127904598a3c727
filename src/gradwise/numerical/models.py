"""Least squares on the few points of the microscope: residuals of its models, as products with matrices made once.

The points are the same from search to search but for their scale, so what a fit leaves over is a fixed projection of the
values: one product of a matrix with a vector replaces a factorisation for every model.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from operator import mul

import numpy as np

INFINITE = math.inf


class Grid:
    """The models of `microscope` on one set of steps, in units of the largest; the point x itself is added to them.

    Parameters
    ----------
    steps : sequence of float
        Steps t ≠ 0, at most 1 in size, of either sign.
    """

    def __init__(self, steps: Sequence[float]) -> None:
        self.steps = np.array(steps)
        self.count = len(steps) + 1
        self.both = bool(np.any(self.steps > 0) and np.any(self.steps < 0))
        order = np.argsort(np.abs(self.steps)).tolist()
        self.sides = [
            (
                [k for k in order if side * steps[k] > 0],
                [math.log2(side * steps[k]) for k in order if side * steps[k] > 0],
            )
            for side in (1, -1)
        ]
        """Of the positive and of the negative steps, the shortest first: their places, and the logarithms of their lengths."""
        whole = np.append(self.steps, 0.0)
        columns = [3, 4, min(6, self.count - 2)]
        q, r = np.linalg.qr(np.vander(whole, max(columns), increasing=True))
        slopes = [(np.linalg.inv(r[:k, :k]) @ q[:, :k].T)[1] for k in columns[:2]]
        residuals = [np.eye(self.count) - q[:, :k] @ q[:, :k].T for k in columns]
        self._polynomials = np.concatenate([slopes, *residuals])

    def polynomials(self, moves: np.ndarray) -> list[float]:
        """Return the slopes of parabola and cubic, and what parabola, cubic and quintic leave of f(x + t) - f(x), last t = 0."""
        return (self._polynomials @ moves).tolist()

    def broken(self, moves: np.ndarray) -> tuple[float, float, list[float]]:
        """Return what models that break at x leave over: of two slopes with one curvature the largest residual and the gap, and all of it for `steps_at_x`.

        Infinite where there is one side only.
        """
        rows = (self._broken @ moves).tolist()
        return (largest(rows[1 : self.count + 1]), abs(rows[0]), rows) if self.both else (INFINITE, 0.0, rows)

    def steps_at_x(self, rows: list[float]) -> Iterator[tuple[float, list[float]]]:
        """Yield (largest residual, heights) of a step at x, which f(x) has no part in, with one slope and with one on either side."""
        start, levels, n = (self.count + 1, 2, self.count - 1) if self.both else (0, 1, self.count - 1)
        for _ in range(2):
            yield largest(rows[start + levels : start + levels + n]), rows[start : start + levels]
            start += levels + n

    @functools.cached_property
    def _broken(self) -> np.ndarray:
        t, whole = self.steps, np.append(self.steps, 0.0)
        parts = []
        if self.both:
            design = np.stack([whole**0, np.maximum(whole, 0), np.minimum(whole, 0), whole**2], axis=1)
            inverse = np.linalg.pinv(design)
            parts += [[inverse[1] - inverse[2]], np.eye(self.count) - design @ inverse]
            sides = [1.0 * (t > 0), 1.0 * (t < 0)]
            models = [[*sides, t], [*sides, np.maximum(t, 0), np.minimum(t, 0)]]
        else:
            models = [[t**0, t], [t**0, t, t**2]]
        for columns in models:
            design = np.stack(columns, axis=1)
            inverse = np.linalg.pinv(design)
            rows = np.concatenate([inverse[: 2 if self.both else 1], np.eye(len(t)) - design @ inverse])
            parts.append(np.pad(rows, ((0, 0), (0, 1))))  # f(x) has no part in it
        return np.concatenate(parts)


def largest(numbers: list[float]) -> float:
    """Return the largest magnitude."""
    high, low = max(numbers), min(numbers)
    return max(high, -low)


def deviation(residuals: list[float], columns: int) -> float:
    """Return the standard deviation of what a fit with so many columns leaves over."""
    return math.sqrt(sum([r * r for r in residuals]) / max(1, len(residuals) - columns))


def spread_within(values: dict[float, float]) -> float:
    """Return the standard deviation of what a parabola through all values by step leaves over, 0 if there are too few."""
    kept = [(t, y) for t, y in values.items() if math.isfinite(y)]
    count = len(kept)
    if count < 5:
        return 0.0
    # the normal equations of a parabola; steps count in units of the largest, values from the first
    scale = max(map(abs, values))
    first = kept[0][1]
    u = [t / scale for t, _ in kept]
    y = [value - first for _, value in kept]
    square = list(map(mul, u, u))
    s1, s2, s3, s4 = sum(u), sum(square), sum(map(mul, u, square)), sum(map(mul, square, square))
    mean, middle, bent = s2 / count, s1 / count, s3 - s1 * s2 / count
    t0 = sum(y) / count
    t1, t2 = sum(map(mul, u, y)) - s1 * t0, sum(map(mul, square, y)) - s2 * t0
    lean, arch = s2 - s1 * middle, s4 - s2 * mean
    determinant = lean * arch - bent * bent
    if determinant > 1e-12 * lean * arch:
        slope, curvature = (t1 * arch - t2 * bent) / determinant, (t2 * lean - t1 * bent) / determinant
    else:
        slope, curvature = t1 / lean, 0.0
    start = t0 - slope * middle - curvature * mean
    return deviation([value - start - slope * t - curvature * q for t, q, value in zip(u, square, y)], 3)
