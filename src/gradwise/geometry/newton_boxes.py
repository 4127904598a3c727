"""Krawczyk's operator on many boxes: existence, uniqueness, exclusion.

    K(X) = c − Y g(c) + (I − Y H(X)) (X − c),     Y ≈ H(c)⁻¹

Every zero of g in X lies in K(X).  If K(X) lies in the interior of X, there is exactly one zero in X; if K(X) and X are disjoint, there is none (Krawczyk 1969;
Moore 1977; Neumaier, Interval Methods for Systems of Equations, 1990, theorem 5.1.8).  H(X) must enclose the Hessian over X, and g be smooth there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gradwise.geometry.intervals.interval import Interval, add, multilinear, outward, sub


class Contraction(NamedTuple):
    """Krawczyk's operator on boxes.

    Attributes
    ----------
    lo, hi : numpy.ndarray
        K(X), shape (boxes, n); the whole line where it is not finite.
    inside : numpy.ndarray of bool
        K(X) lies in the interior of X.
    regular : numpy.ndarray of bool
        ‖I − Y H(X)‖∞ < 1: every matrix in H(X) is regular, so that X holds one zero at most.
    """

    lo: np.ndarray
    hi: np.ndarray
    inside: np.ndarray
    regular: np.ndarray


def product(a: Interval, b: Interval) -> Interval:
    """Matrix times matrix, (boxes, n, n) × (boxes, n, m)."""
    return multilinear(np.matmul, a.shape[-1], [a, b])


def centre(lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    """A point inside each box, not quite the middle: zeros like to sit there."""
    return np.clip(lo + 0.5 * (hi - lo), lo, hi)


def displacement(lo: np.ndarray, hi: np.ndarray, c: np.ndarray) -> Interval:
    """X − c as a column."""
    d = outward(lo - c, hi - c)
    return Interval(d.lo[..., None], d.hi[..., None])


def mean_value(gradient: Interval, hessian: Interval, lo: np.ndarray, hi: np.ndarray, c: np.ndarray) -> Interval:
    """The mean value form g(c) + H(X)(X − c), which holds g(X)."""
    slope = product(hessian, displacement(lo, hi, c))
    return add(gradient, Interval(slope.lo[..., 0], slope.hi[..., 0]))


def inverses(hessian: Interval) -> np.ndarray:
    """Approximate inverses of the midpoint matrices; zero where there is none, which contracts nothing."""
    middle = np.nan_to_num(hessian.mid, nan=0.0, posinf=0.0, neginf=0.0)
    result = np.zeros_like(middle)
    with np.errstate(all="ignore"):
        size = np.max(np.abs(middle), axis=(1, 2))
        scaled = middle / np.where(size > 0, size, 1.0)[:, None, None]
        sound = np.abs(np.linalg.det(scaled)) > 1e-200
        if np.any(sound):
            found = np.linalg.inv(scaled[sound]) / size[sound][:, None, None]
            result[sound] = np.where(np.all(np.isfinite(found), axis=(1, 2))[:, None, None], found, 0.0)
    return result


def krawczyk(gradient: Interval, hessian: Interval, lo: np.ndarray, hi: np.ndarray, c: np.ndarray) -> Contraction:
    """Krawczyk's operator, from g(c) and H(X)."""
    count, n = lo.shape
    inverse = inverses(hessian)
    Y = Interval(inverse, inverse)
    step = product(Y, Interval(gradient.lo[..., None], gradient.hi[..., None]))
    identity = Interval.point(np.eye(n)).spread(count)
    defect = sub(identity, product(Y, hessian))
    spread = product(defect, displacement(lo, hi, c))
    newton = sub(Interval(c, c), Interval(step.lo[..., 0], step.hi[..., 0]))
    image = add(newton, Interval(spread.lo[..., 0], spread.hi[..., 0]))
    with np.errstate(all="ignore"):
        known = np.all(np.isfinite(image.lo) & np.isfinite(image.hi), axis=1)
        inside = known & np.all((image.lo > lo) & (image.hi < hi), axis=1)
        regular = known & (np.max(np.sum(defect.size, axis=2), axis=1) < 1 - 1e-12)
    k = known[:, None]
    return Contraction(np.where(k, image.lo, -np.inf), np.where(k, image.hi, np.inf), inside & regular, regular)
