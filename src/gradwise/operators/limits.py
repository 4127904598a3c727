"""The derivative at a point as the limit of the derivatives around it.

If f is continuous at x and its derivative tends to one limit L along every way towards x, then f'(x) = L.  The ways tried are straight lines in generic directions
and their opposites, on t = 2⁻¹², 2⁻¹⁵, …; Wynn's ε-algorithm (P. Wynn, *On a device for computing the e_m(S_n) transformation*, 1956) takes the
limit of each sequence, exactly where it approaches like a sum of powers of t.  Nothing is accepted that has not settled.  Slopes that grow like a power of 1/t with the same
sign on all sides give an infinite derivative.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_STEPS = [2.0**-k for k in range(12, 36, 3)]
_DIRECTIONS = 3


class Disagreement:
    """What the sides said where there is no limit: the slopes from each side that settled, for one entry."""

    __slots__ = ("settled",)

    def __init__(self, settled: list[float]) -> None:
        self.settled = settled


def _accelerated(terms: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The limit of a sequence by the ε-algorithm, entry by entry, and how far its last estimates are apart."""
    previous = [np.zeros_like(terms[0])] * (len(terms) + 1)
    current = list(terms)
    best, spread = terms[-1], np.abs(terms[-1] - terms[-2])
    for column in range(1, len(terms)):
        following = []
        for k in range(len(current) - 1):
            with np.errstate(all="ignore"):
                difference = current[k + 1] - current[k]
                following.append(previous[k + 1] + 1 / difference)
        previous, current = current, following
        if column % 2 == 0 and len(current) >= 2:
            with np.errstate(all="ignore"):
                gap = np.abs(current[-1] - current[-2])
            better = np.isfinite(current[-1]) & (gap < spread)
            best, spread = np.where(better, current[-1], best), np.where(better, gap, spread)
    return best, spread


def _converges(terms: list[np.ndarray]) -> np.ndarray:
    """Whether the terms themselves draw together: the algorithm would also give a sum to a sequence that grows."""
    steps = [np.abs(b - a) for a, b in itertools.pairwise(terms[:5])]
    size = np.abs(terms[0]) + np.abs(terms[4])
    return (steps[-1] <= 0.8 * steps[0]) | (np.maximum(*steps[-2:]) <= 1e-12 * size)


def _infinite(terms: list[np.ndarray]) -> np.ndarray:
    """Whether the terms grow beyond all bounds like a power of 1/t, with one sign."""
    steps = [b - a for a, b in itertools.pairwise(terms)]
    if np.iscomplexobj(terms[0]):
        return np.zeros(terms[0].shape, bool)
    growing = [(np.abs(b) >= 1.2 * np.abs(a)) & (a * b > 0) for a, b in itertools.pairwise(steps)]
    return np.logical_and.reduce(growing) & np.isfinite(terms[-1]) & (steps[-1] * terms[-1] > 0)


def directions(leaves: Sequence[Any]) -> list[list[Any]]:
    """Generic directions, each followed by its opposite, scaled to the size of the entries."""
    rng = np.random.default_rng(20_240_229)
    sizes = [np.size(x) for x in leaves]
    found = []
    for _ in range(1 if sum(sizes) == 1 else _DIRECTIONS):
        way = []
        for x in leaves:
            step = np.asarray(rng.uniform(0.5, 1.0, np.shape(x)) * rng.choice([-1.0, 1.0], np.shape(x)))
            if np.iscomplexobj(x):
                step = step * np.exp(1j * rng.uniform(0, 2 * np.pi, np.shape(x)))
            way.append((step * np.maximum(1.0, np.abs(x))).astype(np.asarray(x).dtype))
        found += [way, [-d for d in way]]
    if sum(sizes) == 1:  # left before right
        found.sort(key=lambda way: float(np.real(next(d for d in way if np.size(d))).ravel()[0]))
    return found


def limit(
    evaluate: Callable[[list[Any]], list[Any] | None],
    leaves: Sequence[Any],
    wanted: Sequence[np.ndarray | None],
    tolerance: float,
) -> list[np.ndarray | None] | Disagreement:
    """The limits of the wanted entries, or what the sides said if there is none.

    Parameters
    ----------
    evaluate : callable
        The derivative at other leaves; None where the function is not finite there or does not run the same program.
    wanted : sequence of boolean array or None
        For each result, which entries.
    """
    agreed: np.ndarray | None = None
    settled: list[float] = []
    broken = False
    for way in directions(leaves):
        terms = []
        admissible = True
        for t in _STEPS:
            moved = [(np.asarray(x) + t * d).astype(np.asarray(x).dtype)[()] for x, d in zip(leaves, way, strict=True)]
            results = evaluate(moved)
            if results is None:
                admissible = False
                break
            parts = [np.asarray(r)[m] for r, m in zip(results, wanted, strict=True) if m is not None]
            terms.append(np.concatenate(parts) if parts else np.zeros(0))
        if not admissible:
            continue
        # the derivative at the smallest steps may have lost its digits: shorter sequences count as well
        value, spread = _accelerated(terms)
        for count in (5, 6, 7):
            other, gap = _accelerated(terms[:count])
            value, spread = np.where(gap < spread, other, value), np.minimum(gap, spread)
        value = np.where(np.abs(value) <= 1e-14 * np.abs(terms[0]), 0, value)
        infinite = _infinite(terms)
        fine = np.isfinite(value) & (spread <= tolerance * (1 + np.abs(value))) & _converges(terms)
        with np.errstate(invalid="ignore"):  # 0 inf, where it is not asked for
            value, fine = np.where(infinite, np.sign(terms[-1]) * np.inf, value), fine | infinite
        if fine.size and fine[0]:
            settled.append(float(np.real(value[0])))
        if not fine.all():
            broken = True
            continue
        if agreed is None:
            agreed = value
        else:
            with np.errstate(invalid="ignore"):
                near = np.abs(value - agreed) <= 10 * tolerance * (1 + np.abs(agreed))
            broken = broken or not np.all(near & np.isfinite(value) | (value == agreed))
    if broken or agreed is None:
        return Disagreement(settled)
    filled: list[np.ndarray | None] = []
    start = 0
    for m in wanted:
        count = 0 if m is None else int(np.count_nonzero(m))
        filled.append(None if m is None else agreed[start : start + count])
        start += count
    return filled
