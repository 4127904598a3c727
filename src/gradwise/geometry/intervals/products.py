"""Products of the entries over some axes, and their derivatives, by the products before and behind an entry."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.geometry.intervals.functions import root
from gradwise.geometry.intervals.interval import Interval, add, mul, square, summed


class _Row:
    """The entries over some axes as a list of intervals, and the way back."""

    def __init__(self, x: Interval, axes: tuple[int, ...]) -> None:
        inner = tuple(a + 1 for a in axes)
        self.order = [*(a for a in range(x.ndim) if a not in inner), *inner]
        self.moved = [x.shape[a] for a in self.order]
        self.lead = self.moved[: len(self.order) - len(inner)]
        flat = x.map(lambda a: np.transpose(a, self.order).reshape(*self.lead, -1))
        self.entries = [flat.map(lambda a, k=k: a[..., k]) for k in range(flat.shape[-1])]  # type: ignore[misc]
        self.one = Interval.point(np.ones(self.lead[1:]))

    def back(self, entries: list[Interval]) -> Interval:
        """Entries of the shape of ``x`` again."""
        count = max([len(e.lo) for e in entries], default=self.moved[0])
        moved = [count, *self.moved[1:]]

        def join(end: str) -> np.ndarray:
            parts = [np.broadcast_to(getattr(e, end), (count, *self.lead[1:])) for e in entries]
            stacked = np.stack(parts, axis=-1) if parts else np.zeros((*moved,))
            return stacked.reshape(moved).transpose(np.argsort(self.order))

        return Interval(join("lo"), join("hi"))


def _running(entries: list[Interval], one: Interval) -> list[Interval]:
    """The product of the entries before each."""
    result = [one]
    for x in entries[:-1]:
        result.append(mul(result[-1], x) if len(result) > 1 else x)
    return result


def prod(box: Any, x: Interval, axes: tuple[int, ...], keepdims: bool) -> Interval:
    """The product over axes, factor by factor."""
    row = _Row(x, axes)
    y = row.one
    for k, factor in enumerate(row.entries):
        y = mul(y, factor) if k else factor
    inner = tuple(a + 1 for a in axes)
    full = [1 if a in inner else n for a, n in enumerate(x.shape)]
    shape = full if keepdims else [n for a, n in enumerate(x.shape) if a not in inner]
    return y.map(lambda a: a.reshape(len(a), *shape[1:]))


def product_of_others(box: Any, x: Interval, axes: tuple[int, ...]) -> Interval:
    """For each entry the product of the others."""
    row = _Row(x, axes)
    before = _running(row.entries, row.one)
    behind = _running(row.entries[::-1], row.one)[::-1]
    return row.back([mul(a, b) for a, b in zip(before, behind, strict=True)])


def pairs_of_others(box: Any, x: Interval, dx: Interval, axes: tuple[int, ...]) -> Interval:
    """For each entry i the sum over j ≠ i of dx_j times the product over all but i and j."""
    count = max(len(x.lo), len(dx.lo))
    row, tangents = _Row(x.spread(count), axes), _Row(dx.spread(count), axes).entries
    zero = Interval.point(np.zeros(row.lead[1:]))

    def sweep(entries: list[Interval], slopes: list[Interval]) -> tuple[list[Interval], list[Interval]]:
        products = _running(entries, row.one)
        slopes_before = [zero]
        for k in range(len(entries) - 1):
            slopes_before.append(add(mul(slopes_before[-1], entries[k]), mul(products[k], slopes[k])))
        return products, slopes_before

    before, d_before = sweep(row.entries, tangents)
    behind, d_behind = (part[::-1] for part in sweep(row.entries[::-1], tangents[::-1]))
    return row.back(
        [add(mul(db, e), mul(b, de)) for b, db, e, de in zip(before, d_before, behind, d_behind, strict=True)]
    )


def norm(box: Any, x: Interval, axes: tuple[int, ...], keepdims: bool) -> Interval:
    """The root of the sum of squares over axes."""
    inner: Any = tuple(a + 1 for a in axes)
    reduce: Any = np.add.reduce
    terms = max(2, int(np.prod([x.shape[a] for a in inner])))
    total = summed(lambda a: reduce(a, axis=inner, keepdims=keepdims), terms, square(x))
    return root(box, Interval(np.maximum(total.lo, 0.0), total.hi))
