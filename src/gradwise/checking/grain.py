"""What a right formula loses by subtracting: the p − p² of a saturated softmax, known only to a rounding of p.

A move of x by one rounding does not show it: p stays the same float.  Second differences of the claim at steps √u x do, as they
do for the exact derivative.  By themselves they would excuse any careless claim, a finite difference or one in single precision;
so what they show counts only up to ``256 u |f| / |x|``, the size of what a subtraction of numbers like f leaves, and not for a claim whose
every entry is a number of single precision.
"""

from __future__ import annotations

import numpy as np

from gradwise.checking.problem import Numbers, Problem
from gradwise.checking.rounding import WIDER, plateau, roughness, second_difference
from gradwise.checking.second_look import safe_values
from gradwise.checking.verdicts import AGREES, CANNOT_TELL, Verdicts
from gradwise.quiet import quiet

MOST = 256.0
"""Roundings of f, per |x|, that a subtraction inside the claim may leave."""

WIDEST = 0.25
"""The step, per |x|, at which a claim is looked at that does not move at smaller ones."""

CLOSER = (0.3, 0.05, 0.01, 1e-3)
"""Multiples of x at which a claim of zero is asked again."""


def most_grain(problem: Problem) -> np.ndarray:
    """Return ``256 u |f| / |x|`` entry by entry (for a Hessian divided by both entries of x); NaN where f says nothing."""
    values, vector = safe_values(problem), problem.target.point.vector
    if values is None:
        return np.full(problem.claimed.shape, np.nan)
    with quiet(), np.errstate(all="ignore"):
        here = np.abs(values(vector))
        size = np.where(vector != 0, np.abs(vector), np.max(np.abs(vector), initial=0.0))
        most = MOST * problem.unit * here[:, None] / size[None, :]
        if problem.kind == "hessian":
            most = most[0] / size[:, None]
    return most if most.shape == problem.claimed.shape else np.full(problem.claimed.shape, np.nan)


def leave_open_jitter(
    problem: Problem,
    verdicts: Verdicts,
    numbers: Numbers,
    exact: np.ndarray,
    exact_slack: np.ndarray,
    plain: np.ndarray,
) -> None:
    """Leave open what agrees only because the claim jumps about when x moves by one rounding; fills verdicts in place.

    The exact derivative does not jump there, and rounding of numbers like f is less: a difference quotient of f with a small step is like
    that.  ``plain`` is the rounding of a claim that does not jump.
    """
    with np.errstate(invalid="ignore"):
        sharp = np.isfinite(exact) & (exact_slack <= 1e-6 * np.abs(exact))
        sharp &= np.abs(exact - numbers.value) <= 4 * numbers.error + exact_slack
        give = exact_slack + plain + 8 * most_grain(problem)
        careless = (verdicts.verdict == AGREES) & (sharp | verdicts.by_exact) & (np.abs(problem.claimed - exact) > give)
    verdicts.verdict[careless] = CANNOT_TELL
    verdicts.reason[careless] = (
        "the claim changes by more than rounding when x moves by one unit, as a difference quotient does"
    )
    verdicts.usable[careless] = False


def claim_grain(problem: Problem, rng: np.random.Generator) -> np.ndarray:
    """Return the rounding inside the claim that its neighbours at √u x show, entry by entry; zero where it would be no excuse."""
    claimed, vector = problem.claimed, problem.target.point.vector
    nothing = np.zeros(claimed.shape)
    if problem.claim_at is None or not np.all(np.isfinite(claimed)):
        return nothing
    most = most_grain(problem)
    with quiet(), np.errstate(all="ignore"):
        some = claimed[claimed != 0]
        if some.size and np.array_equal(some.astype(np.float32), some):
            return nothing
        rough = roughness(problem.claim_at, vector, claimed, problem.unit, rng)
        # a claim of 1e-14 that comes from 1 - p does not move at √u x at all
        still = rough <= 64 * problem.unit * np.abs(claimed)
        if np.any(still):
            wider = second_difference(problem.claim_at, vector, claimed, WIDER, rng)
            # cos x - sin x / x at 1e-8 moves at no step but one of the size of x
            widest = plateau(problem.claim_at, vector, claimed, problem.unit, rng, start=WIDEST)
            rough = np.where(still, np.maximum(wider, widest), rough)
        grain = np.where(np.isfinite(most), np.minimum(rough, most), 0.0)
        lost = (claimed == 0) & np.isfinite(most) & _moves_elsewhere(problem, vector)
        return np.where(lost, most / MOST, grain)


def _moves_elsewhere(problem: Problem, vector: np.ndarray) -> np.ndarray:
    """Entries that are not zero at every x: of 1 − p nothing is left where p is 1, and something closer to zero."""
    assert problem.claim_at is not None
    found = np.zeros(problem.claimed.shape, dtype=bool)
    for factor in CLOSER:
        try:
            there = problem.claim_at(factor * vector)
        except Exception:  # noqa: BLE001, S112  (a claim may fail elsewhere)
            continue
        if there.shape == found.shape:
            found |= np.isfinite(there) & (there != 0)
    return found
