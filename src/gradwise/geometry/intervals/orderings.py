"""Sorted entries, and entries taken or added where a permutation says that depends on the point.

The k-th smallest of some numbers lies between the k-th smallest of their lower ends and that of their upper ends.  Where two of them may be equal their order is open, the box rough,
and an index is an interval of whole numbers: what is taken there is the hull of all entries that it may name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.geometry.intervals.decisions import OutOfReachError
from gradwise.geometry.intervals.interval import EPS, Interval

#: entries along an axis whose order may be open
MOST_ENTRIES = 64


def sort(box: Any, x: Interval, axis: int) -> Interval:
    """The entries in ascending order."""
    _mark_ties(box, x, axis)
    partial = box.partly(x.ndim)
    if partial is not None:  # what is not defined stands at the end
        hi = np.where(partial, np.max(x.hi, axis=axis + 1, keepdims=True), np.sort(x.hi, axis=axis + 1))
        return Interval(np.broadcast_to(np.sort(x.lo, axis=axis + 1), hi.shape), hi)
    return x.map(lambda a: np.sort(a, axis=axis + 1))


def argsort(box: Any, x: Interval, axis: int) -> Interval:
    """The places of the sorted entries: from the smallest to the largest place of those that may stand there."""
    _mark_ties(box, x, axis)
    lo, hi = np.moveaxis(x.lo, axis + 1, -1), np.moveaxis(x.hi, axis + 1, -1)
    n = lo.shape[-1]
    _within_reach(n, "argsort")
    # so many entries are certainly, or possibly, before each one: its rank lies between; of equal constants the order is that of their places
    below, above = hi[..., None, :] < lo[..., :, None], lo[..., None, :] <= hi[..., :, None]
    same = (lo == hi)[..., None, :] & (lo == hi)[..., :, None] & (lo[..., None, :] == lo[..., :, None])
    earlier = np.tri(n, k=-1, dtype=bool)
    certainly = np.where(same, earlier, below)
    possibly = np.where(same, earlier, above & ~np.eye(n, dtype=bool))
    first, last = certainly.sum(-1), possibly.sum(-1)
    ranks = np.arange(n)
    stands = (first[..., None, :] <= ranks[:, None]) & (ranks[:, None] <= last[..., None, :])  # rank, entry
    least = np.argmax(stands, axis=-1)
    most = n - 1 - np.argmax(stands[..., ::-1], axis=-1)
    partial = box.partly(least.ndim)
    if partial is not None:
        least, most = np.where(partial, 0, least), np.where(partial, n - 1, most)
    return Interval(np.moveaxis(least, -1, axis + 1), np.moveaxis(most, -1, axis + 1))


def take_along(box: Any, x: Interval, index: Interval, axis: int) -> Interval:
    """The entries that an index names, along an axis."""
    source, n = _last(x, axis, len(index.lo)), x.shape[axis + 1]
    _within_reach(n, "take_along")
    chosen = _last(index, axis, len(x.lo))
    shape = np.broadcast_shapes(source.shape[:-1], chosen.shape[:-1])
    lo = np.full((*shape, chosen.shape[-1]), np.inf)
    hi = -lo
    for k in range(n):
        may = (chosen.lo <= k) & (chosen.hi >= k)
        lo = np.where(may, np.minimum(lo, source.lo[..., k, None]), lo)
        hi = np.where(may, np.maximum(hi, source.hi[..., k, None]), hi)
    return Interval(np.moveaxis(lo, -1, axis + 1), np.moveaxis(hi, -1, axis + 1))


def add_along(box: Any, x: Interval, index: Interval, axis: int, length: int) -> Interval:
    """The sums of the entries that name a place, along an axis."""
    _within_reach(length, "add_along")
    source, chosen = _last(x, axis, len(index.lo)), _last(index, axis, len(x.lo))
    share = (source.shape[-1] + 1) * EPS
    columns = []
    for k in range(length):
        may, must = (chosen.lo <= k) & (chosen.hi >= k), (chosen.lo == k) & (chosen.hi == k)
        lo = np.where(must, source.lo, np.where(may, np.minimum(source.lo, 0.0), 0.0))
        hi = np.where(must, source.hi, np.where(may, np.maximum(source.hi, 0.0), 0.0))
        low, high = np.sum(lo, axis=-1), np.sum(hi, axis=-1)
        columns.append((low - share * np.sum(np.abs(lo), axis=-1), high + share * np.sum(np.abs(hi), axis=-1)))
    lo, hi = (np.stack(part, axis=axis + 1) for part in zip(*columns, strict=True))
    return Interval(lo, hi)


def _mark_ties(box: Any, x: Interval, axis: int) -> None:
    """Mark the boxes in which the order of two entries is open; two constants that are equal have one."""
    lo, hi = np.moveaxis(x.lo, axis + 1, -1), np.moveaxis(x.hi, axis + 1, -1)
    a, b = np.sort(lo, axis=-1), np.sort(hi, axis=-1)
    touch = b[..., :-1] >= a[..., 1:]
    constant = (a[..., 1:] == b[..., 1:]) & (a[..., :-1] == b[..., :-1])
    box.rough(np.any(touch & ~constant, axis=-1))


def _last(x: Interval, axis: int, count: int) -> Interval:
    """With the axis at the end, for as many boxes."""
    return x.spread(max(count, len(x.lo))).map(lambda a: np.moveaxis(a, axis + 1, -1))


def _within_reach(n: int, name: str) -> None:
    if n > MOST_ENTRIES:
        raise OutOfReachError(
            f"there is no interval rule for {name} of more than {MOST_ENTRIES} entries whose order is open"
        )
