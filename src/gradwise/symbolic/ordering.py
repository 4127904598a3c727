"""Primitives that answer with places: which entry is the largest, which permutation sorts.

A formula has no such answers.  The one of the traced point is taken, and what makes it so becomes a condition of the formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from gradwise.symbolic.library import sp
from gradwise.symbolic.matrices import TooLarge, determinant


def _rows(x: np.ndarray, axis: int) -> np.ndarray:
    moved = np.moveaxis(x, axis, -1)
    return moved.reshape(-1, moved.shape[-1])


def _largest(x: Any, places: Any, axis: int, keepdims: bool) -> Iterator[Any]:
    """The first of the largest entries: larger than those before, no smaller than those behind."""
    for row, place in zip(_rows(x, axis), np.ravel(places), strict=True):
        for k, other in enumerate(row):
            if k != place:
                yield row[place] > other if k < place else row[place] >= other


def _smallest(x: Any, places: Any, axis: int, keepdims: bool) -> Iterator[Any]:
    for row, place in zip(_rows(x, axis), np.ravel(places), strict=True):
        for k, other in enumerate(row):
            if k != place:
                yield row[place] < other if k < place else row[place] <= other


def _sorted(x: Any, order: Any, axis: int, *_: Any) -> Iterator[Any]:
    """Each entry no larger than the next; equal ones in the order in which they stand."""
    for row, places in zip(_rows(x, axis), _rows(np.asarray(order), axis), strict=True):
        for i, j in pairwise(places):
            yield row[i] <= row[j] if i < j else row[i] < row[j]


def _partitioned(x: Any, order: Any, axis: int, kth: Any) -> Iterator[Any]:
    """No entry before a kth place larger, none behind it smaller."""
    for row, places in zip(_rows(x, axis), _rows(np.asarray(order), axis), strict=True):
        for k in np.atleast_1d(kth):
            k %= len(places)
            yield from (row[i] <= row[places[k]] for i in places[:k])
            yield from (row[i] >= row[places[k]] for i in places[k + 1 :])


def _between(knots: Any, x: Any, above: Any, *, strictly_left: bool, open_ends: bool) -> Iterator[Any]:
    flat_knots = knots.reshape(-1, knots.shape[-1])
    per_row = np.size(x) // max(len(flat_knots), 1)
    for k, (value, place) in enumerate(zip(np.ravel(x), np.ravel(above), strict=True)):
        row = flat_knots[k // per_row if per_row else 0]
        n = len(row)
        if place > (1 if open_ends else 0):
            yield value > row[place - 1] if strictly_left else value >= row[place - 1]
        if place < (n - 1 if open_ends else n):
            yield value <= row[place] if strictly_left else value < row[place]


def _searched(knots: Any, x: Any, places: Any, side: str, rows: int) -> Iterator[Any]:
    return _between(knots, x, places, strictly_left=side == "left", open_ends=False)


def _interval(knots: Any, x: Any, places: Any, rows: int) -> Iterator[Any]:
    return _between(knots, x, np.asarray(places) + 1, strictly_left=False, open_ends=True)


def _full_rank(A: Any, rank: Any, rcond: Any) -> Iterator[Any]:
    """The Gram matrix of the shorter side is invertible; a lower rank has no condition that would be short."""
    for matrix, found in zip(A.reshape(-1, *A.shape[-2:]), np.ravel(rank), strict=True):
        if found < min(matrix.shape):
            raise TooLarge(
                f"a matrix of {matrix.shape[0]} by {matrix.shape[1]} and rank {found}, where full rank is required"
            )
        gram = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
        yield sp.Ne(determinant(gram), 0)


#: name of the primitive → (symbolic operands, its concrete value, static parameters) → conditions under which that is its value
PLACES: dict[str, Callable[..., Iterator[Any]]] = {
    "argmax": _largest,
    "argmin": _smallest,
    "argsort": _sorted,
    "argpartition": _partitioned,
    "searchsorted": _searched,
    "interval": _interval,
    "rank": _full_rank,
}
