"""A verdict for every entry: agrees, wrong, cannot tell, each with its reason.

The numerical derivative judges within its own bound e; where gradwise could trace f and both derivatives are consistent, the exact
one judges, which is sharper.  The tolerance is never chosen by the user::

    agrees       |claimed − value| ≤ k e + r          r: rounding of the claim; k = 1, or 2 for noisy functions
    wrong        |claimed − value| > 4 (k e + r)      (10 for noisy functions)
    cannot tell  in between, or the bound is too wide to mean anything, or there is no derivative at x
    at a kink    agrees between the left and the right slope, wrong outside
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradwise.checking.problem import Numbers
from gradwise.numerical import Status

AGREES, WRONG, CANNOT_TELL = "agrees", "wrong", "cannot tell"
NOISE = frozenset({Status.NOISY, Status.LOW_PRECISION, Status.QUANTISED})
TOO_WIDE = 0.1
"""A bound wider than this part of the derivative cannot confirm it."""
UNSEEN = "zero as far as can be seen: the bound is too wide to tell it from a small derivative"


@dataclass
class Verdicts:
    """Verdicts as arrays of shape (rows, n).

    Attributes
    ----------
    verdict, reason : ndarray of str
    truth, bound : ndarray
        The derivative that judged, and how far it may be off together with the claim's rounding.
    usable : ndarray of bool
        Where truth can be computed with: entries that have a derivative.
    notes : list of str
        What the report must say about numerical against exact.
    judged_by_exact : bool
        Whether the exact derivative may be asked at other points.
    by_exact : ndarray of bool
        Entries that the exact derivative decided.
    """

    verdict: np.ndarray
    reason: np.ndarray
    truth: np.ndarray
    bound: np.ndarray
    usable: np.ndarray
    notes: list[str]
    judged_by_exact: bool
    by_exact: np.ndarray


def judge(
    claimed: np.ndarray,
    numbers: Numbers,
    slack: np.ndarray,
    exact: np.ndarray | None,
    exact_slack: np.ndarray | None,
    scale: np.ndarray,
    *,
    kinks: bool,
    limits: tuple[np.ndarray, np.ndarray] | None = None,
    common: np.ndarray | None = None,
) -> Verdicts:
    """Compare a claimed matrix of derivatives with the numerical one and, if given, the exact one.

    Parameters
    ----------
    slack, exact_slack : ndarray
        Rounding of the claimed and of the exact derivative.
    scale : ndarray
        Largest derivative of the block that an entry belongs to.
    kinks : bool
        Whether the traced program sits on a kink at x, so that the exact derivative follows a convention.
    limits : pair of ndarray, optional
        Smallest and largest exact derivative just beside x, if x is on a kink.
    common : ndarray, optional
        The largest rounding that an entry of the same block shows in the exact derivative: one that lies on a plateau of
        rounding, as exp(x) − 1 for the smallest x, shows none of its own.
    """
    status = numbers.status
    is_ = {member: status == member for member in Status}
    trusted = np.any([is_[member] for member in Status if member.trusted], axis=0)
    noisy = np.any([is_[member] for member in NOISE], axis=0)
    value, error = numbers.value, np.where(np.isfinite(numbers.error), numbers.error, np.inf)
    verdict = np.full(claimed.shape, CANNOT_TELL, dtype=object)
    reason = np.full(claimed.shape, "", dtype=object)

    bound = np.where(noisy, 2.0, 1.0) * error + slack
    gap = np.abs(claimed - value)
    size = np.maximum(np.abs(claimed), np.abs(value))
    wide = trusted & (bound > TOO_WIDE * size) & (bound > 1e-3 * scale)
    verdict[trusted & (gap <= bound)] = AGREES
    between = trusted & (gap > bound) & (gap <= np.where(noisy, 10.0, 4.0) * bound)
    verdict[trusted & (gap > bound) & ~between] = WRONG
    reason[between] = "the difference is close to the numerical bound"
    # at a critical point both are zero within a bound that rounding alone has made: there is no size to measure it by
    zero = ~noisy & np.isfinite(bound) & (size <= bound)
    unclear = wide & ~zero & (verdict == AGREES)
    verdict[unclear] = CANNOT_TELL
    reason[unclear] = "the numerical bound is too wide (noise or low precision in f)"
    reason[wide & zero & (verdict == AGREES)] = UNSEEN
    for member in Status:
        if not member.trusted:
            reason[is_[member]] = member.sentence

    kink = is_[Status.KINK] & np.isfinite(numbers.left) & np.isfinite(numbers.right)
    low, high = np.fmin(numbers.left, numbers.right), np.fmax(numbers.left, numbers.right)
    give = 1e-4 * (np.abs(low) + np.abs(high)) + slack
    inside = kink & (claimed >= low - give) & (claimed <= high + give)
    verdict[kink] = WRONG
    reason[kink] = "outside the left and right slopes at a kink"
    verdict[inside] = AGREES
    reason[inside] = "between the left and right slopes at a kink"

    bad = ~np.isfinite(claimed) & (trusted | kink)
    verdict[bad] = WRONG
    reason[bad] = "not finite"
    notes: list[str] = []
    truth, truth_bound = value.copy(), bound.copy()
    usable = trusted & np.isfinite(value) & ~unclear
    decided = np.zeros(claimed.shape, dtype=bool)
    contradicted = False
    if exact is not None and exact_slack is not None:
        usable, decided, contradicted = _judge_by_exact(
            claimed, exact, exact_slack + slack, value, bound, trusted, noisy, kink, is_[Status.JUMP] | is_[Status.NON_FINITE], kinks,
            verdict, reason, truth, truth_bound, usable, notes, _alike(exact == 0, scale), scale,
            np.zeros(claimed.shape) if common is None else common,
        )  # fmt: skip
    if limits is not None:
        give = 1e-6 * (np.abs(limits[0]) + np.abs(limits[1])) + 1e-8 * scale + slack
        with np.errstate(invalid="ignore"):
            between = (claimed >= limits[0] - give) & (claimed <= limits[1] + give) & (verdict != AGREES)
            # an entry that has one slope on all sides of x is on no kink, and its exact derivative has decided
            between &= ~(decided & (limits[1] - limits[0] <= 2 * give))
        verdict[between] = AGREES
        reason[between] = "between the slopes just beside a kink"
        usable = usable & ~between
    asked = exact is not None and not contradicted
    return Verdicts(verdict, reason, truth, truth_bound, usable, notes, asked, decided)


def _judge_by_exact(
    claimed: np.ndarray, exact: np.ndarray, slack: np.ndarray, value: np.ndarray, bound: np.ndarray, trusted: np.ndarray,
    noisy: np.ndarray, kink: np.ndarray, broken: np.ndarray, kinks: bool, verdict: np.ndarray, reason: np.ndarray,
    truth: np.ndarray, truth_bound: np.ndarray, usable: np.ndarray, notes: list[str], flat: np.ndarray, scale: np.ndarray,
    common: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, bool]:  # fmt: skip
    """Let the exact derivative decide where it may; fills the arrays in place.

    Returns which entries are usable, which it decided, and whether the numerical derivative contradicts it somewhere.
    """
    # An exact derivative that rounding has eaten (a difference of large numbers) decides nothing.
    finite = np.isfinite(exact) & (slack <= np.maximum(np.where(trusted, bound, 0.0), 1e-6 * np.abs(exact)))
    # Where numbers say nothing, it need not be sharp to be better than nothing.
    finite |= np.isfinite(exact) & ~trusted & (slack <= 1e-3 * np.maximum(np.abs(exact), 1e-2 * scale))
    # Where f moves in steps (rounded output) the exact derivative is the zero of one step, in all entries.
    finite = finite & ~(noisy & flat & (np.abs(value) > bound))
    # Zeros throughout that numbers refute in one entry decide nothing in the others either, whose bounds are wider.
    finite &= ~(flat & bool(np.any(flat & trusted & (np.abs(value) > 4 * bound))))
    gap = np.abs(claimed - exact)
    # Nor does a block of zeros refute a claim that is too small to be seen in f: f may hide its operations, as a
    # round trip through bytes does, and a saturated softmax moves too little for numbers to show it.
    finite &= ~(flat & trusted & (gap > slack) & (np.abs(claimed - value) <= bound))
    consistent = finite & trusted & (np.abs(exact - value) <= 4 * bound)
    # At a kink the exact derivative is a convention, and where f jumps it is the slope of one branch.
    alone = finite & ~trusted & ~kink & ~broken & (not kinks)
    decided = (consistent | alone) & ~((gap > slack) & (gap <= 8 * common))
    close, far = gap <= slack, gap > 4 * slack
    verdict[decided & close] = AGREES
    reason[decided & close] = ""
    middle = decided & ~close & ~far
    verdict[middle] = CANNOT_TELL
    reason[middle] = "the difference is close to rounding"
    verdict[decided & (far | ~np.isfinite(claimed))] = WRONG
    truth[decided] = exact[decided]
    truth_bound[decided] = slack[decided]
    conflict = finite & trusted & ~consistent & (not kinks)
    with_exact = conflict & close
    if np.any(with_exact):
        verdict[with_exact] = AGREES
        reason[with_exact] = "agrees with the exact derivative; the numerical one is off"
        truth[with_exact], truth_bound[with_exact] = exact[with_exact], slack[with_exact]
        notes.append(
            f"the claimed derivative agrees with the exact one in {int(np.sum(with_exact))} entries where the numerical "
            f"one is off by more than its bound: the numerical derivative is the wrong one there"
        )
    against = conflict & ~close
    if np.any(against):
        notes.append(
            f"gradwise's exact derivative and the numerical one differ in {int(np.sum(against))} entries; "
            f"the numerical one decided there"
        )
    # Both are off: the exact one by rounding of its own, which a claim of the same formula shares.
    with np.errstate(invalid="ignore"):
        shared = (verdict == WRONG) & ~decided & np.isfinite(exact) & (gap <= slack) & (slack <= 0.1 * np.abs(exact))
    verdict[shared] = CANNOT_TELL
    reason[shared] = "the exact derivative has rounding of its own here, and the claim is as close to it"
    return usable | decided | with_exact, decided | with_exact, bool(np.any(against))


def _alike(zero: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Entries of blocks that are zero throughout; the entries of a block share their scale."""
    found = zero.copy()
    for value in np.unique(scale[~zero]):
        found[scale == value] = False
    return found


__all__ = ["AGREES", "CANNOT_TELL", "WRONG", "Numbers", "Verdicts", "judge"]
