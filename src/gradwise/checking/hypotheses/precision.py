"""Digits that are missing: nothing at all, whole numbers, single precision, a small error without a pattern."""

from __future__ import annotations

import numpy as np

from gradwise.checking.evidence import Evidence, Finding
from gradwise.checking.hypotheses.subsets import telling, whole_arguments
from gradwise.checking.vocabulary import Cause
from gradwise.quiet import quiet

SMALL = 1e-3
"""Up to this relative error a difference counts as small."""


def detached(evidence: Evidence) -> list[Finding]:
    """Every entry is zero, and the truth is not."""
    here = evidence.here
    if np.any(here.claimed[here.usable]) or not np.any(evidence.wrong):
        return []
    found = [Finding(Cause.DETACHED, f"all {here.claimed.size} claimed entries are zero", 2.0)]
    if np.all(np.abs(here.truth[here.usable]) < 1):
        found.append(Finding(Cause.TRUNCATION, "every true entry lies between −1 and 1, and would be cut to 0", 2.6))
    return found


def non_finite(evidence: Evidence) -> list[Finding]:
    """The claim is NaN or infinite where the truth is finite."""
    bad = ~np.isfinite(evidence.here.claimed) & (evidence.verdicts.verdict.ravel() == "wrong")
    if not np.any(bad):
        return []
    first = int(np.flatnonzero(bad)[0])
    what = evidence.here.claimed[first]
    return [
        Finding(
            Cause.NON_FINITE,
            f"{int(np.sum(bad))} entries, the first is {evidence.problem.name_entry(first)} = {what}",
            1.0,
        )
    ]


def truncation(evidence: Evidence) -> list[Finding]:
    """The claim holds whole numbers: the truth without its fraction."""
    here = evidence.here
    claimed, truth = here.claimed[here.usable], here.truth[here.usable]
    if not np.any(claimed) and not any(dtype.kind in "iu" for dtype in evidence.problem.claimed_dtypes):
        return []
    if not np.all(np.isfinite(claimed)) or np.any(claimed != np.round(claimed)):
        return []
    # 0.5 beside nothing but whole numbers is one entry that is wrong, not a fraction that was cut
    chance = claimed.size > 1 and sum(
        int(np.sum(s.truth[s.usable] != np.round(s.truth[s.usable]))) for s in evidence.samples
    ) <= len(evidence.samples)
    rank = 37.5 if chance else 2.5
    for name, cut in (("toward zero", np.trunc), ("down", np.floor), ("to the nearest", np.round), ("up", np.ceil)):
        if all(np.array_equal(s.claimed[s.usable], cut(s.truth[s.usable])) for s in evidence.samples):
            return [Finding(Cause.TRUNCATION, f"claimed = true, rounded {name}", rank)]
    if any(dtype.kind in "iu" for dtype in evidence.problem.claimed_dtypes) and np.all(np.abs(claimed - truth) <= 1):
        return [Finding(Cause.TRUNCATION, "the claimed array has an integer dtype", 2.5)]
    return []


def low_precision(evidence: Evidence) -> list[Finding]:
    """The claim was computed, stored or rounded with few digits."""
    here = evidence.here
    if not np.all(np.isfinite(here.claimed[here.usable])) or not np.any(evidence.wrong):
        return []
    worst = _relative(evidence)
    narrow = [
        dtype
        for dtype in evidence.problem.claimed_dtypes
        if dtype.kind in "fc" and np.finfo(dtype).eps > 2 * evidence.problem.unit
    ]
    if narrow and worst <= 64 * float(np.finfo(narrow[0]).eps) ** 0.5:
        return [
            Finding(Cause.LOW_PRECISION, f"the claimed array has dtype {narrow[0]}; relative error {worst:.1e}", 3.0)
        ]
    values = here.claimed[here.usable]
    for dtype in (np.float16, np.float32):
        with np.errstate(over="ignore"):
            stored = values.astype(dtype).astype(float)
        if np.finfo(dtype).eps > 2 * evidence.problem.unit and np.array_equal(stored, values) and worst <= 0.05:
            short = np.all(here.truth.astype(dtype).astype(float) == here.truth)
            if not short and worst <= 256 * float(np.finfo(dtype).eps) and _all_long(evidence, dtype):
                return [
                    Finding(
                        Cause.LOW_PRECISION, f"every entry is a {np.dtype(dtype).name}; relative error {worst:.1e}", 3.0
                    )
                ]
    for digits in range(1, 10):
        if (
            all(_decimal(s.claimed[s.usable], s.truth[s.usable], digits) for s in evidence.samples)
            and np.max(np.abs(values)) > 10.0**-digits
        ):
            return [Finding(Cause.LOW_PRECISION, f"claimed = true, rounded to {digits} decimals", 3.0)]
    for digits in range(2, 9):
        if all(_significant(s.claimed[s.usable], s.truth[s.usable], digits) for s in evidence.samples):
            return [Finding(Cause.LOW_PRECISION, f"claimed = true, rounded to {digits} significant digits", 3.0)]
    if worst <= 2e-5 and _looks_rounded(evidence):
        return [Finding(Cause.LOW_PRECISION, f"errors of both signs up to {worst:.1e}, as of single precision", 6.0)]
    return []


def small_error(evidence: Evidence) -> list[Finding]:
    """Every wrong entry is off by a small relative error."""
    worst = _relative(evidence)
    if not np.any(evidence.wrong) or not worst <= SMALL:
        return []
    # In a few entries only it is the place that is telling, not the size.
    rank = 7.0 if 2 * np.sum(evidence.wrong) >= np.sum(telling(evidence)) and not whole_arguments(evidence) else 39.0
    return [Finding(Cause.SMALL_ERROR, f"relative error up to {worst:.1e}", rank)]


def _relative(evidence: Evidence) -> float:
    """Largest error of a wrong entry, relative to it or to a hundredth of the largest entry of its block."""
    here, worst = evidence.here, 0.0
    for _, index in evidence.problem.layout:
        truth, gap = np.abs(here.truth[index]), np.abs(here.difference[index])
        wrong = evidence.wrong[index]
        if np.any(wrong):
            scale = np.maximum(truth, 0.01 * np.max(truth, where=here.usable[index], initial=0.0))
            worst = max(worst, float(np.max(gap[wrong] / np.where(scale > 0, scale, np.nan)[wrong], initial=0.0)))
            if np.any(scale[wrong] == 0) or not np.all(np.isfinite(gap[wrong])):
                return np.inf
    return worst if np.isfinite(worst) else np.inf


def _all_long(evidence: Evidence, dtype: type) -> bool:
    """Whether some entry near x has digits beyond the type: numbers like 0.5 are exact in any type and show nothing."""
    wrong = evidence.wrong
    return int(np.sum(wrong)) >= max(1, int(np.sum(evidence.here.usable)) // 3)


def _decimal(claimed: np.ndarray, truth: np.ndarray, digits: int) -> bool:
    scaled = claimed * 10.0**digits
    whole = np.abs(scaled - np.round(scaled)) <= 1e-9 * np.maximum(1.0, np.abs(scaled))
    return bool(np.all(whole) and np.all(np.abs(claimed - truth) <= 0.5000001 * 10.0**-digits))


def _significant(claimed: np.ndarray, truth: np.ndarray, digits: int) -> bool:
    """Whether every number is the true one with so many digits, and the true ones have more."""
    shown = np.array([float(f"{value:.{digits - 1}e}") for value in claimed.tolist()])
    with np.errstate(all="ignore"):
        unit = 10.0 ** (np.floor(np.log10(np.abs(claimed))) - digits + 1)
    close = (np.abs(claimed - truth) <= 0.51 * unit) | (claimed == truth)
    return bool(np.array_equal(shown, claimed) and np.all(close)) and int(np.sum(claimed != truth)) >= 2


def _looks_rounded(evidence: Evidence) -> bool:
    """Whether the errors are those of rounding: both signs, and quite others after a move of x by a ten-thousandth."""
    here, claim = evidence.here, evidence.problem.claim_at
    if claim is None:
        # one array: single precision leaves errors of both signs, all of its size
        signs = np.sign(here.difference[here.wrong])
        return signs.size >= 6 and 0.2 < float(np.mean(signs > 0)) < 0.8 and _relative(evidence) <= 1e-6
    signs = np.concatenate([np.sign(s.difference[s.wrong]) for s in evidence.samples])
    if claim is None or signs.size < 3 or not 0.1 < float(np.mean(signs > 0)) < 0.9:
        return False
    vector = here.vector * (1 + 1e-4 * evidence.rng.uniform(0.5, 1.0, here.vector.size))
    known = evidence.truth_at(vector)
    if known is None:
        return False
    with quiet(), np.errstate(all="ignore"):
        try:
            moved = claim(vector).ravel() - known[0].ravel()
        except Exception:  # noqa: BLE001  (a claim may fail beside x)
            return False
    wrong = evidence.wrong
    return bool(np.linalg.norm((moved - here.difference)[wrong]) > 0.3 * np.linalg.norm(here.difference[wrong]))
