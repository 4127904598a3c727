"""What is compared, whatever was asked: a claimed matrix of derivatives beside the numerical one and, where it exists, the exact one.

A gradient is a matrix with one row, a Jacobian has one row for each output, a jvp or vjp one for each direction that was tried.
The makers (`gradient`, `matrices`, `products`) fill in a `Problem`; everything after them sees matrices of shape (rows, n) only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwise.checking.targets import Target
from gradwise.containers import flatten


@dataclass
class Numbers:
    """A numerical derivative as matrices of shape (rows, n)."""

    value: np.ndarray
    error: np.ndarray
    status: np.ndarray
    left: np.ndarray
    right: np.ndarray
    evaluations: int = 0


@dataclass
class Problem:
    """One check, independent of its kind.

    Attributes
    ----------
    kind : str
        "gradient", "jacobian", "hessian", "jvp" or "vjp", as reports call it.
    target : Target
    rows : int
    claim_at : callable or None
        ``claim_at(vector) -> (rows, n)``, raising what the claimed derivative raises; None if a plain array was claimed.
    claimed : ndarray
        The claim at x, (rows, n), in float64.
    claimed_dtypes : list of dtype
        As the claimed leaves came.
    numerical_at : callable
        ``numerical_at(vector) -> Numbers``.
    exact_at : callable or None
        ``exact_at(vector) -> (rows, n)`` by gradwise, raising where f cannot be traced.
    slope_at : callable or None
        ``slope_at(vector, direction) -> Estimate`` of the numerical derivative along one direction: eleven values of f, not ten
        for each entry.
    layout : list of (name, index array)
        The blocks of the matrix: flat positions in the shape of the block.
    carrier : ndarray or None
        ``carrier(vector) -> (rows, n)``: the entry of x that each derivative belongs to.
    restore : callable
        ``restore(matrix) -> containers`` as the caller knows them.
    name_entry : callable
        ``name_entry(flat position) -> str``.
    scalar : callable or None
        A function of the moving arguments that returns one number and whose gradient is ``weights @ matrix``.
    weights : ndarray or None
    rerun : callable
        ``rerun(flat position) -> str``: a call that repeats the check of one entry.
    values_at : callable or None
        ``values_at(vector) -> (rows,)``: f itself, one number for each row (for a Hessian, one number).
    bounds : Any
        As the caller gave them.
    unweighted : callable or None
        For a function with several outputs that is checked through a weighted sum of them: their plain sum.
    claim_function : callable or None
        What the user passed as the derivative, called as f is; None for an array, and for a check of a few entries.
    restricted : callable or None
        ``restricted(positions) -> Problem``: the same check of a few entries.
    stays : bool
        Whether f is not to be called far from x: it has a loop that may not end there, and no copy of it that would notice.
    """

    kind: str
    target: Target
    rows: int
    claim_at: Callable[[np.ndarray], np.ndarray] | None
    claimed: np.ndarray
    claimed_dtypes: list[np.dtype]
    numerical_at: Callable[[np.ndarray], Numbers]
    exact_at: Callable[[np.ndarray], np.ndarray] | None
    layout: list[tuple[str, np.ndarray]]
    carrier: Callable[[np.ndarray], np.ndarray] | None
    restore: Callable[[np.ndarray], Any]
    name_entry: Callable[[int], str]
    rerun: Callable[[int], str]
    scalar: Callable[[Any], Any] | None = None
    weights: np.ndarray | None = None
    slope_at: Callable[[np.ndarray, np.ndarray], Any] | None = None
    unit: float = 2.2e-16
    notes: list[str] = field(default_factory=list)
    subject: str = "grad"
    stays: bool = False
    values_at: Callable[[np.ndarray], np.ndarray] | None = None
    bounds: Any = None
    unweighted: Callable[[Any], Any] | None = None
    claim_function: Callable[..., Any] | None = None
    restricted: Callable[[np.ndarray], Problem] | None = None


def flat_numbers(tree: Any, target: Target, kind: str) -> np.ndarray:
    """Return one field of an estimate as a vector laid out as the point's.

    ``kind`` is "signed" (a complex number is split into its two parts), "bound" or "status" (both parts get the same entry).
    """
    point = target.point
    out = np.empty(point.vector.size, dtype=object if kind == "status" else float)
    for leaf, (real, imaginary) in zip(flatten(tree)[0], point.slices, strict=True):
        if kind == "status":
            array = np.array(leaf, dtype=object).ravel()
        else:
            array = np.asarray(leaf).ravel()
        out[real] = array.real if kind == "signed" else array
        if imaginary is not None:
            out[imaginary] = array.imag if kind == "signed" else array
    return out
