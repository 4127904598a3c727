"""Which eigenvalues are equal, and which of the bases of their space is used.

The eigenvectors of a repeated eigenvalue are any orthonormal basis of a space.  A function that does not depend on the choice is smooth although its program is
not: in each basis the program knows the derivative along the perturbations that are diagonal in that basis.  The operators therefore run a program in several bases and put the
derivative together (``operators/degenerate.py``).  ``using`` says in which one the records of this family compute.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np


def tolerance(w: Any) -> Any:
    """Differences up to this are rounding: a few units in the last place of the largest eigenvalue, times their number."""
    size = np.abs(w).max(axis=-1, keepdims=True, initial=0)
    return 4 * w.shape[-1] * _epsilon(w.dtype) * size


@functools.cache
def _epsilon(dtype: np.dtype) -> Any:
    return np.finfo(dtype).eps


def are_distinct(w: Any, *, zeros: bool = False) -> bool:
    """Whether of values in ascending or descending order, as LAPACK gives most, surely no two are equal up to rounding (and with ``zeros`` none is 0)."""
    if w.dtype.kind != "f":
        return False
    gaps, limit = w[..., 1:] - w[..., :-1], tolerance(w)
    if zeros and not (np.abs(w) > limit).all():
        return False
    return bool((gaps > limit).all() or (-gaps > limit).all())


def equal_pairs(w: Any) -> Any:
    """(…, n, n): whether w_i and w_j are equal up to rounding, made transitive."""
    near = np.abs(w[..., None, :] - w[..., :, None]) <= tolerance(w)[..., None]
    if near.sum() == near.size // max(near.shape[-1], 1):
        return near
    while True:
        joined = np.matmul(near, near)
        if np.array_equal(joined, near):
            return near
        near = joined


class Basis:
    """A choice for one group of equal eigenvalues.

    Attributes
    ----------
    values : array (n,)
        The spectrum to which the group belongs.
    members : array of int (m,)
        The positions of the equal eigenvalues.
    rotation : array (m, m)
        Unitary; the vectors that LAPACK gives are multiplied by it.
    separate : bool
        Whether each eigenvalue of the group moves by its own slope in this basis, and not by the mean.
    """

    __slots__ = ("members", "rotation", "separate", "values")

    def __init__(self, values: Any, members: Any, rotation: Any, *, separate: bool) -> None:
        self.values = values
        self.members = members
        self.rotation = rotation
        self.separate = separate

    def concerns(self, w: Any) -> bool:
        """Whether w is the spectrum that is meant."""
        return w.shape == self.values.shape and bool(np.all(np.abs(w - self.values) <= tolerance(self.values)))


_current: ContextVar[Basis | None] = ContextVar("basis", default=None)


def current_basis() -> Basis | None:
    return _current.get()


@contextmanager
def using(basis: Basis) -> Iterator[None]:
    """Compute in the given basis."""
    before = _current.get()
    try:
        _current.set(basis)
        yield
    finally:
        _current.set(before)


def rotated(w: Any, *columns: Any) -> tuple[Any, ...]:
    """Matrices of eigenvectors (…, m, n ≥ len(w)) in the current basis."""
    basis = _current.get()
    if basis is None:
        return columns
    result = []
    for V in columns:
        V = V.copy()
        for place in np.ndindex(w.shape[:-1]):
            if basis.concerns(w[place]):
                V[place][:, basis.members] = V[place][:, basis.members] @ basis.rotation.astype(V.dtype)
        result.append(V)
    return tuple(result)
