"""Random directions in units of the size of each entry, points along them, and differences."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable


def random_like(like: np.ndarray, rng: np.random.Generator) -> Any:
    """Standard normal numbers of a shape and type."""
    r = rng.standard_normal(like.shape)
    if like.dtype.kind == "c":
        r = r + 1j * rng.standard_normal(like.shape)
    return np.asarray(r).astype(like.dtype)[()]


def random_direction(x: np.ndarray, rng: np.random.Generator) -> Any:
    """A random direction in units of each entry's size; entries that are infinite cannot be moved."""
    with np.errstate(all="ignore"):
        size = np.where(np.isfinite(x), np.where(x == 0, 1.0, np.abs(x)), 0.0).astype(x.real.dtype)
    return np.asarray(random_like(x, rng) * size).astype(x.dtype)[()]


def moved_along(leaf: Any, u: Any, t: float) -> Any:
    """A leaf moved by t u, of its kind."""
    moved = leaf + np.asarray(t * u).astype(np.asarray(leaf).dtype)
    return moved.item() if isinstance(leaf, (float, complex)) and not isinstance(leaf, np.generic) else moved


def met_at(along: Callable[[float], float], slope: float, near: float) -> float:
    """The widest interval at which two differences that follow one another come near to a slope; 0 if there is none.

    The estimate may have measured the rounding of the function, which at small steps is a staircase: then the traced derivative is that of some wider interval.  A derivative that was lost is met by none.
    """
    before = 0.0
    for h in (10.0 ** -np.arange(1.0, 7.0)).tolist():
        with contextlib.suppress(Exception):  # outside of the function's domain
            wide, narrow = ((along(s) - along(-s)) / (2 * s) for s in (h, h / 2))
            if abs((4 * narrow - wide) / 3 - slope) > near:
                before = 0.0
            elif before:
                return before
            else:
                before = h
    return 0.0
