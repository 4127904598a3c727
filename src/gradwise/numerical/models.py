"""Least squares on the few points of the microscope: residuals of its models, as products with matrices made once.

The points are the same from search to search but for their scale, so what a fit leaves over is a fixed projection of the
values: one product of a matrix with a vector replaces a factorisation for every model.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

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
        whole = np.append(self.steps, 0.0)
        columns = [3, 4, min(6, self.count - 2)]
        q, r = np.linalg.qr(np.vander(whole, max(columns), increasing=True))
        slopes = [(np.linalg.inv(r[:k, :k]) @ q[:, :k].T)[1] for k in columns[:2]]
        residuals = [np.eye(self.count) - q[:, :k] @ q[:, :k].T for k in columns]
        self._polynomials = np.concatenate([slopes, *residuals])

    def polynomials(self, moves: list[float]) -> tuple[float, float, list[float], list[float], list[float]]:
        """Return the slopes of parabola and cubic, and what parabola, cubic and quintic leave of f(x + t) - f(x), last t = 0."""
        rows, n = (self._polynomials @ np.array(moves)).tolist(), self.count
        return rows[0], rows[1], rows[2 : 2 + n], rows[2 + n : 2 + 2 * n], rows[2 + 2 * n :]

    def broken(self, moves: list[float]) -> tuple[tuple[float, float], list[tuple[float, list[float]]]]:
        """Return what models that break at x leave over.

        First (largest residual, gap) of two slopes with one curvature, infinite where there is one side only; then (largest residual,
        heights) of a step at x, which f(x) has no part in, with one slope and with one on either side.
        """
        rows, n = (self._broken @ np.array(moves)).tolist(), self.count
        kink, start = (INFINITE, 0.0), 0
        if self.both:
            kink, start = (largest(rows[1 : n + 1]), abs(rows[0])), n + 1
        levels = 2 if self.both else 1
        jumps = []
        for _ in range(2):
            jumps.append((largest(rows[start + levels : start + levels + n - 1]), rows[start : start + levels]))
            start += levels + n - 1
        return kink, jumps

    @functools.cached_property
    def both(self) -> bool:
        """Whether there are steps to both sides."""
        return bool(np.any(self.steps > 0) and np.any(self.steps < 0))

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
    return max(*numbers, -min(numbers))


def deviation(residuals: list[float], columns: int) -> float:
    """Return the standard deviation of what a fit with so many columns leaves over."""
    return math.sqrt(sum([r * r for r in residuals]) / max(1, len(residuals) - columns))


def spread_within(values: dict[float, float]) -> float:
    """Return the standard deviation of what a parabola through all values by step leaves over, 0 if there are too few."""
    kept = [(t, y) for t, y in values.items() if math.isfinite(y)]
    count = len(kept)
    if count < 5:
        return 0.0
    # orthogonal polynomials on the steps that there are: three divisions, no matrix
    scale = max(map(abs, values))
    steps = [t / scale for t, _ in kept]
    middle = sum(steps) / count
    linear = [t - middle for t in steps]
    size = sum([u * u for u in linear])
    bend = sum([u * u * u for u in linear]) / size
    square = [u * (u - bend) - size / count for u in linear]
    first = kept[0][1]
    rest = [y - first for _, y in kept]
    mean = sum(rest) / count
    slope = sum([u * y for u, y in zip(linear, rest)]) / size
    curved = sum([u * u for u in square])
    curvature = sum([u * y for u, y in zip(square, rest)]) / curved if curved > 0.0 else 0.0
    return deviation([y - mean - slope * u - curvature * v for u, v, y in zip(linear, square, rest)], 3)
