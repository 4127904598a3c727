"""How exactly a claimed derivative can be expected to hold: its own rounding, measured.

A correct formula evaluated in floating point is, at best, the exact derivative at a point one rounding away from x
(Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 1.5).  So x is moved by a unit in the last place, in
random directions, and what the claim changes by is its rounding::

    r_i = 8 max_k |g_i(x + δ_k) − g_i(x)| + 64 u |g_i| + 8 u max |g|

A change beyond u^(1/4) is no rounding but a jump, and does not count: otherwise a claim that truncates would excuse itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

TRIES = 3
CURVED = 1e-9
"""A second difference larger than this part of the derivative may be curvature."""

WIDER = 1e-3
"""The step, per |x|, at which what shows no rounding at √u x is looked at."""

UNEQUAL = 0.6180339887498949
"""Ratio of the two steps of a second difference: at equal ones the roundings of exp(x) - 1 - x cancel, half of the time."""


def nearby(vector: np.ndarray, unit: float, rng: np.random.Generator) -> np.ndarray:
    """Return the vector with every entry moved by one rounding, up or down."""
    typical = float(np.median(np.abs(vector[vector != 0]))) if np.any(vector) else 0.0
    size = np.where(vector != 0, np.abs(vector), min(typical, 1.0) * unit)
    return vector + size * unit * rng.choice([-1.0, 1.0], vector.size)


def spread(
    at: Callable[[np.ndarray], np.ndarray], vector: np.ndarray, here: np.ndarray, unit: float, rng: np.random.Generator
) -> np.ndarray:
    """Return the largest change of ``at`` over points one rounding away, entry by entry; jumps count as none."""
    largest = np.zeros(here.shape)
    scale = np.max(np.abs(here), where=np.isfinite(here), initial=0.0)
    limit = unit**0.25 * np.maximum(np.abs(here), 0.1 * scale)
    for _ in range(TRIES):
        try:
            other = at(nearby(vector, unit, rng))
        except Exception:  # noqa: BLE001, S112  (a claim may fail beside x, at the edge of its domain)
            continue
        if other.shape == here.shape:
            change = np.abs(other - here)
            largest = np.where(np.isfinite(change) & (change <= limit), np.maximum(largest, change), largest)
    return largest


def jitter(
    at: Callable[[np.ndarray], np.ndarray], vector: np.ndarray, here: np.ndarray, unit: float, rng: np.random.Generator
) -> np.ndarray:
    """Return the largest change of ``at`` over points one rounding away where it changes at random, entry by entry; else zero.

    Unlike `spread` it counts large changes, as of a residual at its minimum, which is nothing but rounding.  A value that is
    cut or rounded jumps too, but rarely and always by the same amount: at least three changes must all differ.
    """
    changes = []
    for _ in range(2 * TRIES):
        try:
            other = at(nearby(vector, unit, rng))
        except Exception:  # noqa: BLE001, S112  (a claim may fail beside x, at the edge of its domain)
            continue
        if other.shape == here.shape:
            changes.append(other - here)
    if len(changes) < TRIES:
        return np.zeros(here.shape)
    # with 0, the change of no move: how many of the values that occur are apart from one another
    values = np.sort([*np.where(np.isfinite(changes), changes, 0.0), np.zeros(here.shape)], axis=0)
    largest = np.max(np.abs(values), axis=0)
    apart = np.sum(np.diff(values, axis=0) > 0.02 * largest, axis=0)
    return np.where(apart >= TRIES, largest, 0.0)


def roughness(
    at: Callable[[np.ndarray], np.ndarray], vector: np.ndarray, here: np.ndarray, unit: float, rng: np.random.Generator
) -> np.ndarray:
    """Return the largest second difference of ``at`` at steps √u x, unequal on the two sides, entry by entry.

    For a smooth function it is of order u; what exceeds that is rounding that a move by one unit does not show, as in
    (1 − cos x)/x² near 0, where cos x stays the same float.  Where √u x is a large step for the function, as for sin(x − 1e8), the
    difference is curvature: it falls with the step, which rounding does not, and is followed down.
    """
    step = np.sqrt(unit)
    largest = second_difference(at, vector, here, step, rng)
    curved = largest > CURVED * np.abs(here)
    while np.any(curved) and step > 64 * unit:
        step /= 8
        smaller = second_difference(at, vector, here, step, rng)
        curved = curved & (smaller < largest / 16)
        largest = np.where(curved, smaller, largest)
    return largest


def plateau(
    at: Callable[[np.ndarray], np.ndarray],
    vector: np.ndarray,
    here: np.ndarray,
    unit: float,
    rng: np.random.Generator,
    start: float = WIDER,
) -> np.ndarray:
    """Return the second difference of ``at`` at larger steps where it does not fall with the step as curvature does, else zero.

    p (1 − p) / (1 − p) with 1 − p of 1e-13 stays on one step of rounding when x moves by √u, and is off by 1e-3.
    """
    step, level = start, second_difference(at, vector, here, start, rng)
    found, largest = np.zeros(here.shape), CURVED * np.abs(here)
    open_ = level > largest
    while np.any(open_) and step > 1e3 * np.sqrt(unit):
        step /= 8
        smaller = second_difference(at, vector, here, step, rng)
        # curvature falls by 64, never at once to nothing
        stays = open_ & ((smaller > level / 4) | (smaller <= 64 * unit * np.abs(here)))
        found = np.where(stays, level, found)
        open_ &= ~stays & (smaller > largest)
        level = smaller
    return found


def second_difference(
    at: Callable[[np.ndarray], np.ndarray],
    vector: np.ndarray,
    here: np.ndarray,
    relative: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the largest second difference of ``at`` over steps up to ``relative`` x in random directions, entry by entry."""
    largest = np.zeros(here.shape)
    for _ in range(TRIES):
        step = relative * vector * rng.uniform(0.3, 1.0, vector.size) * rng.choice([-1.0, 1.0], vector.size)
        try:
            right, left = at(vector + step) - here, at(vector - UNEQUAL * step) - here
            second = 2 / (1 + UNEQUAL) * np.abs(UNEQUAL * right + left)
        except Exception:  # noqa: BLE001, S112  (f may end beside x)
            continue
        largest = np.where(np.isfinite(second), np.maximum(largest, second), largest)
    return largest


def rounding(here: np.ndarray, spread_: np.ndarray, unit: float, blocks: list[np.ndarray]) -> np.ndarray:
    """Return r for a matrix of derivatives; max |g| is taken block by block, so that a large block excuses no small one."""
    flat = np.abs(np.where(np.isfinite(here), here, 0.0)).ravel()
    scale = np.zeros(flat.size)
    for index in blocks:
        scale[index] = np.max(flat[index], initial=0.0)
    return 8 * spread_ + (64 * flat + 8 * scale).reshape(here.shape) * unit
