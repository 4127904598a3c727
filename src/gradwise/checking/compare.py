"""The one way through a check: numerical and exact derivative, verdicts, causes, report."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.checking.conditioning import conditioning
from gradwise.checking.conduct import Conduct
from gradwise.checking.evidence import Finding, gather, unit_inside
from gradwise.checking.grain import claim_grain, leave_open_jitter, most_grain
from gradwise.checking.hypotheses import explain
from gradwise.checking.kinks import kinks_at, limits_beside
from gradwise.checking.problem import Numbers, Problem
from gradwise.checking.report import Report
from gradwise.checking.rounding import CURVED, plateau, roughness, rounding, spread
from gradwise.checking.second_look import claim_jitter, look_again, look_at_zeros
from gradwise.checking.tightening import reconsider
from gradwise.checking.verdicts import AGREES, CANNOT_TELL, NOISE, WRONG, Verdicts, judge
from gradwise.checking.vocabulary import Cause
from gradwise.numerical import Status
from gradwise.quiet import quiet


def compare(problem: Problem, conduct: Conduct, rng: np.random.Generator) -> Report:
    """Judge every entry of a claimed derivative, and find what explains the wrong ones."""
    vector = problem.target.point.vector
    numbers = problem.numerical_at(vector)
    numbers.error = numbers.error + _underflow(problem, vector)
    blocks = [index.ravel() for _, index in problem.layout]
    moved = np.zeros(problem.claimed.shape)
    if problem.claim_at is not None and not conduct.findings:
        with quiet(), np.errstate(all="ignore"):
            moved = spread(problem.claim_at, vector, problem.claimed, problem.unit, rng)
    slack = rounding(problem.claimed, moved, problem.unit, blocks)
    exact, exact_slack, common, on_kink = None, None, None, False
    if conduct.wobble == 0.0:
        exact, exact_slack, common = _exact(problem, numbers, vector, blocks, rng)
        found = kinks_at(problem) if exact is not None else []
        on_kink = bool(found)
    limits = limits_beside(problem, vector, rng) if on_kink else None
    scale = _scale(numbers, problem, blocks)
    verdicts = judge(
        problem.claimed, numbers, slack, exact, exact_slack, scale, kinks=on_kink, limits=limits, common=common
    )
    if exact is not None and exact_slack is not None and np.any(moved):
        plain = rounding(problem.claimed, np.zeros(moved.shape), problem.unit, blocks)
        leave_open_jitter(problem, verdicts, numbers, exact, exact_slack, plain)
    look_at_zeros(problem, verdicts, numbers, rng)
    if conduct.wobble == 0.0 and not conduct.findings and np.any(verdicts.verdict != AGREES):
        tolerances = reconsider(problem, verdicts, numbers, slack, scale)
        if not tolerances and np.any(verdicts.verdict == WRONG):
            look_again(problem, verdicts, numbers, rng)
            _excuse_jitter(problem, verdicts, rng)
    if on_kink and np.any(verdicts.verdict == WRONG):
        problem.notes.append(
            f"x sits on a kink, {found[0]}: a derivative made of conventions need not lie between the slopes there"
        )
    findings, failed = _causes(problem, verdicts, conduct, rng)
    return _report(problem, numbers, verdicts, exact, findings, failed, conduct)


def _exact(
    problem: Problem, numbers: Numbers, vector: np.ndarray, blocks: list[np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray | None, np.ndarray | None, np.ndarray | None]:
    """The exact derivative, its rounding entry by entry, and the largest rounding of each block."""
    if problem.exact_at is None:
        return None, None, None
    with quiet(), np.errstate(all="ignore"):
        try:
            exact = problem.exact_at(vector)
        except Exception:  # noqa: BLE001  (f may do anything with what is not a plain array: then numbers decide)
            return None, None, None
        if exact.shape != problem.claimed.shape:
            return None, None, None
        unit = unit_inside(problem)
        moved = spread(problem.exact_at, vector, exact, unit, rng)
        moved = np.maximum(moved, roughness(problem.exact_at, vector, exact, unit, rng))
        # where numbers are far from sharp, 1 − p may be a few roundings that no small step changes
        vague = (numbers.error > 1e-9 * np.abs(exact)) & (moved <= CURVED * np.abs(exact))
        if np.any(vague):
            moved = np.where(vague, np.maximum(moved, plateau(problem.exact_at, vector, exact, unit, rng)), moved)
    common = np.zeros(moved.size)
    for index in blocks:
        common[index] = np.max(moved.ravel()[index], initial=0.0)
    return exact, rounding(exact, moved, unit, blocks), common.reshape(moved.shape)


def _underflow(problem: Problem, vector: np.ndarray) -> np.ndarray:
    """What no difference quotient at the size of x can see, because f's values next to zero are 5e-324 apart: x² at 1e-200."""
    size = np.where(vector != 0, np.abs(vector), np.max(np.abs(vector), initial=0.0))
    grain = 16 * np.finfo(float).smallest_subnormal
    with np.errstate(all="ignore"):
        if problem.kind == "hessian":
            seen = grain / size[:, None] / size[None, :]
        else:
            seen = np.broadcast_to(grain / size[None, :], problem.claimed.shape)
    return (
        np.where(np.isfinite(seen) & (seen > 0), seen, 0.0)
        if seen.shape == problem.claimed.shape
        else np.zeros(problem.claimed.shape)
    )


def _excuse_jitter(problem: Problem, verdicts: Verdicts, rng: np.random.Generator) -> None:
    """Leave open what a claim is off by no more than it changes by itself, at random, when x moves by one rounding.

    Only where f is as ill-conditioned, as a sum of squares is at its zero: a claim may be careless too.  Then what remains
    wrong is compared with what a subtraction in the claim leaves (`claim_grain`).
    """
    noise = claim_jitter(problem, rng)
    with np.errstate(all="ignore"):
        gap = np.abs(problem.claimed - verdicts.truth)
        excused = (verdicts.verdict == WRONG) & (gap <= verdicts.bound + 8 * noise) & (noise > 0)
    verdicts.verdict[excused] = CANNOT_TELL
    verdicts.reason[excused] = "the claim changes by as much as it is off when x moves by one rounding"
    verdicts.usable[excused] = False
    if not np.any(verdicts.verdict == WRONG):
        return
    with np.errstate(all="ignore"):
        within = np.any((verdicts.verdict == WRONG) & (gap <= verdicts.bound + 8 * most_grain(problem)))
    if within:  # else no grain excuses anything, and a claim made by a framework takes milliseconds a call
        grain = claim_grain(problem, rng)
        with np.errstate(all="ignore"):
            excused = (verdicts.verdict == WRONG) & (gap <= verdicts.bound + 8 * grain) & (grain > 0)
        verdicts.verdict[excused] = CANNOT_TELL
        verdicts.reason[excused] = (
            "the claim subtracts numbers that are nearly equal, and is off by no more than their rounding"
        )
        verdicts.usable[excused] = False
        if not np.any(verdicts.verdict == WRONG):
            return
    doubt = conditioning(problem, rng)
    with np.errstate(all="ignore"):
        excused = (verdicts.verdict == WRONG) & (gap <= verdicts.bound + 8 * doubt) & (doubt > 0)
    verdicts.verdict[excused] = CANNOT_TELL
    verdicts.reason[excused] = "it changes by as much as it is off when the constants of f move by one rounding"
    verdicts.usable[excused] = False


def _scale(numbers: Numbers, problem: Problem, blocks: list[np.ndarray]) -> np.ndarray:
    flat = np.abs(np.where(np.isfinite(numbers.value), numbers.value, 0.0)).ravel()
    scale = np.zeros(flat.size)
    for index in blocks:
        scale[index] = np.max(flat[index], initial=0.0)
    return scale.reshape(problem.claimed.shape)


def _causes(
    problem: Problem, verdicts: Verdicts, conduct: Conduct, rng: np.random.Generator
) -> tuple[list[Finding], list[str]]:
    findings = list(conduct.findings)
    failed: list[str] = []
    agrees = bool(np.any(verdicts.verdict == AGREES))
    wrong = bool(np.any(verdicts.verdict == WRONG))
    if conduct.wobble > 0.0 and not findings and (wrong or not agrees):
        findings.append(
            Finding(Cause.NON_DETERMINISTIC, f"f(x) changes by {conduct.wobble:.2g} between calls with the same x", 0.0)
        )
    if wrong and not any(finding.cause is Cause.NON_DETERMINISTIC for finding in conduct.findings):
        explained, failed = explain(gather(problem, verdicts, rng))
        known = {finding.cause for finding in findings}
        if not findings or explained[0].cause is not Cause.UNKNOWN:
            findings += [finding for finding in explained if finding.cause not in known]
        # "not linear in its vector" says less than what the numbers themselves say, single precision for example
        if conduct.findings:
            findings.sort(key=lambda finding: finding.cause is Cause.UNKNOWN)
    return findings, failed


def _report(
    problem: Problem,
    numbers: Numbers,
    verdicts: Verdicts,
    exact: np.ndarray | None,
    findings: list[Finding],
    failed: list[str],
    conduct: Conduct,
) -> Report:
    counts = {name: int(np.sum(verdicts.verdict == name)) for name in (AGREES, WRONG, CANNOT_TELL)}
    passed = counts[WRONG] == 0 and counts[AGREES] > 0 and not conduct.findings
    notes = problem.notes + verdicts.notes + _why(verdicts)
    if conduct.wobble > 0.0:
        notes.append(f"f(x) changes by {conduct.wobble:.2g} between calls with the same x; bounds allow for this noise")
    entry = _worst(problem, numbers, verdicts)
    worst = None
    if entry is not None:
        worst = {
            "entry": entry,
            "name": problem.name_entry(entry),
            "claimed": float(problem.claimed.ravel()[entry]),
            "numerical": float(numbers.value.ravel()[entry]),
            "error": float(numbers.error.ravel()[entry]),
        }
    return Report(
        passed=passed,
        conclusive=counts[CANNOT_TELL] == 0,
        verdicts=problem.restore(verdicts.verdict),
        claimed=problem.restore(problem.claimed),
        numerical=problem.restore(numbers.value),
        error=problem.restore(numbers.error),
        causes=[] if passed else [finding.cause.value for finding in findings],
        ruled_out=_ruled_out(numbers, findings, failed),
        worst=worst,
        replay=problem.rerun(entry or 0),
        kind=problem.kind,
        notes=notes,
        details={finding.cause.value: finding.detail for finding in findings},
        exact=None if exact is None else problem.restore(exact),
        evaluations=numbers.evaluations,
        counts=counts,
        subject=problem.subject,
    )


def _why(verdicts: Verdicts) -> list[str]:
    """One note for each reason for which entries are undecided."""
    undecided = verdicts.verdict == CANNOT_TELL
    reasons = verdicts.reason[undecided]
    return [
        f"cannot tell for {int(np.sum(reasons == reason))} entries: {reason}"
        for reason in dict.fromkeys(reasons)
        if reason
    ]


def _worst(problem: Problem, numbers: Numbers, verdicts: Verdicts) -> int | None:
    """The wrong entry that is off by most in units of its bound; without one, the entry with the largest difference."""
    with np.errstate(all="ignore"):
        gap = np.abs(problem.claimed - verdicts.truth) / verdicts.bound
    gap = np.where(np.isfinite(problem.claimed), np.nan_to_num(gap, nan=0.0, posinf=1e300), np.inf).ravel()
    wrong = (verdicts.verdict == WRONG).ravel()
    if np.any(wrong):
        return int(np.argmax(np.where(wrong, gap, -1.0)))
    return int(np.argmax(gap)) if gap.size and np.all(np.isfinite(gap)) else None


def _ruled_out(numbers: Numbers, findings: list[Finding], failed: list[str]) -> list[str]:
    causes = {finding.cause for finding in findings}
    status = set(numbers.status.ravel().tolist())
    table: list[tuple[str, Any]] = [
        ("non-determinism", Cause.NON_DETERMINISTIC not in causes),
        ("modified input", Cause.MODIFIES_INPUT not in causes),
        ("kinks", not status & {Status.KINK, Status.JUMP, Status.NOT_DIFFERENTIABLE}),
        ("noise", not status & NOISE),
        ("float32", Status.LOW_PRECISION not in status),
        ("wrong shape", Cause.WRONG_SHAPE not in causes),
    ]
    return [name for name, absent in table if absent] + failed
