"""Critical points that were proved: each with a narrow box that holds it and a wide one that holds no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradwise.geometry.branches import Branch
from gradwise.geometry.newton_boxes import centre, krawczyk

#: radii at which a zero is proved, as parts of the whole box
RADII = 2.0 ** -np.arange(1, 51)
#: an enclosure wider than this part of the box is narrowed
LOOSE = 1e-9


@dataclass(slots=True, eq=False)
class Root:
    """A critical point that was proved to exist.

    Attributes
    ----------
    x : numpy.ndarray
    lo, hi : numpy.ndarray
        A narrow box that holds it.
    unique_lo, unique_hi : numpy.ndarray
        A box that holds no other.
    branch : int
    """

    x: np.ndarray
    lo: np.ndarray
    hi: np.ndarray
    unique_lo: np.ndarray
    unique_hi: np.ndarray
    branch: int


class Roots:
    """The critical points found in a box, without repetition.

    Parameters
    ----------
    lo, hi : numpy.ndarray
        The box, shape (n,).

    Attributes
    ----------
    found : list of Root
    """

    def __init__(self, lo: np.ndarray, hi: np.ndarray) -> None:
        self.lo, self.hi = lo, hi
        self.width = hi - lo
        self.found: list[Root] = []
        # the uniqueness boxes and the enclosures, lower and upper ends, with room for more
        self._unique = np.zeros((2, 16, len(lo)))
        self._tight = np.zeros((2, 16, len(lo)))

    def __iter__(self) -> Iterator[Root]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def cover(self, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
        """Whether a box lies in the uniqueness box of a root that was found."""
        covered = np.zeros(len(lo), bool)
        for start in range(0, len(self.found), 1024):
            part = self._unique[:, start : min(start + 1024, len(self.found))]
            inside = np.ones((len(lo), part.shape[1]), bool)
            for axis in range(lo.shape[1]):
                inside &= lo[:, axis, None] >= part[0, :, axis]
                inside &= hi[:, axis, None] <= part[1, :, axis]
            covered |= np.any(inside, axis=1)
        return covered

    def _register(self, root: Root) -> None:
        if len(self.found) == self._unique.shape[1]:
            self._unique = np.concatenate([self._unique, np.zeros_like(self._unique)], axis=1)
            self._tight = np.concatenate([self._tight, np.zeros_like(self._tight)], axis=1)
        self._unique[:, len(self.found)] = root.unique_lo, root.unique_hi
        self._tight[:, len(self.found)] = root.lo, root.hi
        self.found.append(root)

    def prove(self, branch: Branch, number: int, starts: np.ndarray) -> int:
        """Polish approximate zeros in floating point, and prove those that are new; return how many boxes that took."""
        assert branch.full is not None
        x = starts
        for _ in range(12):
            out = branch.full(x, x)
            g, H = out.outputs[1].spread(len(x)).mid, out.outputs[2].spread(len(x)).mid
            with np.errstate(all="ignore"):
                step = _solve(H, g)
            step = np.where(np.isfinite(step), step, 0.0)
            x = x - step
            if np.all(np.abs(step) <= 4 * np.finfo(float).eps * np.abs(x)):
                break
        near = np.all((x >= self.lo - 0.5 * self.width) & (x <= self.hi + 0.5 * self.width), axis=1)
        x = x[near]
        x = x[~self.cover(x, x)]
        keep = x[np.unique(np.round(x / (1e-9 * self.width)), axis=0, return_index=True)[1]]
        size = max(1, branch.chunk // len(RADII))
        for start in range(0, len(keep), size):
            self._prove_batch(branch, number, keep[start : start + size])
        return len(keep) * len(RADII)

    def _prove_batch(self, branch: Branch, number: int, x: np.ndarray) -> None:
        assert branch.full is not None
        assert branch.gradient is not None
        radii = np.maximum(RADII[:, None] * self.width, 4 * np.finfo(float).eps * np.abs(x)[:, None, :])
        lo = (x[:, None, :] - radii).reshape(-1, x.shape[1])
        hi = (x[:, None, :] + radii).reshape(-1, x.shape[1])
        c = np.repeat(x, len(RADII), axis=0)
        outcome = branch.full(lo, hi)
        here = branch.gradient(x, x)
        g = here.outputs[1].spread(len(x)).map(lambda a: np.repeat(a, len(RADII), axis=0))
        H = outcome.outputs[2].spread(len(lo))
        K = krawczyk(g, H, lo, hi, c)
        sound = K.inside & np.broadcast_to(outcome.held, (len(lo),)) & outcome.boxes.smooth
        sound &= ~np.isnan(outcome.outputs[0].spread(len(lo)).lo)
        shape = (len(x), len(RADII))
        for k, proofs in enumerate(sound.reshape(shape)):
            rungs = np.flatnonzero(proofs)
            if len(rungs) == 0:
                continue
            wide, narrow = k * len(RADII) + rungs[0], k * len(RADII) + rungs[-1]
            place, low, high = x[k], K.lo[narrow], K.hi[narrow]
            if np.any(high - low > LOOSE * self.width) or np.any((place < low) | (place > high)):
                low, high = _contracted(branch, low, high)
                place = centre(low, high)
            # enclosures that overlap may hold the same point: then nothing is said, and the boxes stay
            tight = self._tight[:, : len(self.found)]
            if not np.any(np.all((low <= tight[1]) & (tight[0] <= high), axis=1)):
                self._register(Root(place, low, high, lo[wide], hi[wide], number))


def _contracted(branch: Branch, lo: np.ndarray, hi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A box that holds exactly one zero, narrowed to K(X) ∩ X until that narrows it no more: Newton's method had not arrived when the zero was proved around its last point."""
    assert branch.full is not None
    assert branch.gradient is not None
    for _ in range(40):
        c = centre(lo, hi)
        with np.errstate(all="ignore"):
            H = branch.full(lo[None], hi[None]).outputs[2].spread(1)
            K = krawczyk(branch.gradient(c[None], c[None]).outputs[1].spread(1), H, lo[None], hi[None], c[None])
        low, high = np.maximum(lo, K.lo[0]), np.minimum(hi, K.hi[0])
        if not np.all(low <= high) or not np.any(high - low < 0.9 * (hi - lo)):
            break
        lo, hi = low, high
    return lo, hi


def _solve(H: np.ndarray, g: np.ndarray) -> np.ndarray:
    try:
        return np.linalg.solve(H, g[..., None])[..., 0]
    except np.linalg.LinAlgError:
        return np.stack(
            [np.linalg.lstsq(np.nan_to_num(a), np.nan_to_num(b), rcond=None)[0] for a, b in zip(H, g, strict=True)]
        )
