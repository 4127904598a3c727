"""Random directions in units of the size of each entry, and points along them."""

from __future__ import annotations

from typing import Any

import numpy as np


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
