"""Large x: blocks and random directions instead of every entry.

For a vector u of random signs ±1 on a block and 0 elsewhere, the directional derivative is compared with claimed · u.  A single wrong
entry shifts the product by exactly its error, whatever the signs, so it is missed only if that error is below the bound of the
block; errors in several entries cancel in a random direction with probability ½ at most (Rademacher signs), 2^-k after k directions.

Every block gets a direction first (each argument by itself, large ones in pieces, so that a large block does not swamp a small
one), then come random directions over all entries of one argument and over everything, and some single entries.  A block that
fails is halved until the wrong entries are found.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from gradwise.checking.conduct import Conduct
from gradwise.checking.directions_report import direction_report
from gradwise.checking.evidence import Finding, gather, unit_inside
from gradwise.checking.hypotheses import explain
from gradwise.checking.hypotheses.factors import name_factor
from gradwise.checking.kinks import kinks_at, limits_beside
from gradwise.checking.probes import HALVINGS, PATIENCE, Probe, Search
from gradwise.checking.problem import Problem
from gradwise.checking.report import Report
from gradwise.checking.rounding import spread
from gradwise.checking.samples import sample_causes
from gradwise.checking.targets import Target
from gradwise.checking.tightening import tightened_target
from gradwise.checking.verdicts import AGREES, CANNOT_TELL, WRONG, Verdicts
from gradwise.checking.vocabulary import Cause
from gradwise.errors import InputError
from gradwise.quiet import quiet

SECONDS = 3.0
"""Entry by entry up to this estimated time."""

PIECES = 16
RANDOM = 12
SINGLES = 4


def wants_directions(directions: Any, target: Target) -> bool:
    """Whether to check along directions: asked for, or too large for every entry."""
    if directions is None or directions is False:
        return False
    if directions == "auto":
        if target.size <= 256 or target.point.has_complex:
            return False
        started = time.perf_counter()
        target.value(target.point.vector)
        return target.size > 4096 or 12 * target.size * (time.perf_counter() - started) > SECONDS
    if isinstance(directions, bool) or not isinstance(directions, int | np.integer) or directions < 1:
        msg = f'directions={directions!r} is no number of directions. It must be "auto", a positive integer, or None. Write directions=20.'
        raise InputError(msg)
    if target.point.has_complex:
        msg = "directions were asked for a complex x. They are for real numbers. Write directions=None."
        raise InputError(msg)
    return True


def check_directions(
    problem: Problem, conduct: Conduct, directions: Any, bounds: Any, rng: np.random.Generator
) -> Report:
    """Check a claimed gradient along blocks and random directions."""
    target = problem.target
    n = target.size
    claimed = problem.claimed[0]
    finite = np.isfinite(claimed)
    slack = _slack(problem, np.where(finite, claimed, 0.0), conduct, rng)
    search = Search(problem, bounds, np.where(finite, claimed, 0.0), slack, rng)
    started = time.perf_counter()
    deadline = started + 2 * SECONDS
    blocks = _blocks(problem)
    for name, entries in blocks:
        search.probe(name, entries)
    everything = np.arange(n)
    randoms: list[Probe] = []
    while len(randoms) < (RANDOM if directions == "auto" else int(directions)):
        randoms.append(search.probe("a random direction", everything))
        if directions == "auto" and time.perf_counter() > deadline:
            break
    for entry in rng.choice(n, min(SINGLES, n), replace=False):
        search.probe(problem.name_entry(int(entry)), np.array([entry]))
    if conduct.wobble == 0.0 and any(one.verdict == WRONG for one in search.probes):
        randoms = _with_smaller_tolerances(search, randoms)
    first = list(search.probes)
    exact = _exact(problem, search) if conduct.wobble == 0.0 else None
    found: dict[int, Probe] = {}
    pattern: list[Finding] = []
    if exact is None:
        pattern = sample_causes(search, first, found, np.flatnonzero(~finite))
        deadline, limit = max(started + PATIENCE, time.perf_counter() + 2 * SECONDS), len(first) + HALVINGS
        for one in first if not found else []:
            if one.verdict == WRONG and one.entries.size < n:
                search.descend(one, found, limit, deadline)
    bad = np.flatnonzero(~finite)
    findings = list(conduct.findings) + _causes(problem, search, first, found, bad, exact, pattern)
    return direction_report(problem, search, first, blocks, randoms, found, findings, bad, exact)


def _with_smaller_tolerances(search: Search, randoms: list[Probe]) -> list[Probe]:
    """Judge the wrong directions again where f uses solvers: by f with smaller tolerances; returns the random ones."""
    problem = search.problem
    found = tightened_target(problem.target)
    if found is None or found.function is None:
        return randoms
    claimed = found.claimed(problem)
    if claimed is not None:
        search.claimed = claimed[0]
    search.tightened = found.function
    probes = list(search.probes)
    for place, one in enumerate(probes):
        if one.verdict != WRONG:
            continue
        again = probes[place] = search.probe(one.name, one.entries)
        again.bound += 10 * found.factor * abs(one.numerical - again.numerical)
        gap = abs(again.claimed - again.numerical)
        if again.verdict == WRONG and gap <= 10 * again.bound:
            again.verdict, again.reason = CANNOT_TELL, "the difference is close to the numerical bound"
        if gap <= 4 * again.bound:
            again.verdict, again.reason = AGREES, ""
    search.probes = probes
    problem.notes.append(
        f"f uses {found.text()}; directions in which the claim differed were judged with tolerances {1 / found.factor:.0e} times smaller"
    )
    return [one for one in probes if one.name == "a random direction"]


def _slack(problem: Problem, claimed: np.ndarray, conduct: Conduct, rng: np.random.Generator) -> np.ndarray:
    unit = problem.unit
    moved = np.zeros(claimed.shape)
    if problem.claim_at is not None and not conduct.findings:
        with quiet(), np.errstate(all="ignore"):
            moved = spread(problem.claim_at, problem.target.point.vector, claimed[None, :], unit, rng)[0]
    return 8 * moved + 8 * unit * np.abs(claimed)


def _blocks(problem: Problem) -> list[tuple[str, np.ndarray]]:
    """Every argument by itself, large ones in pieces."""
    blocks = []
    total = sum(index.size for _, index in problem.layout)
    for name, index in problem.layout:
        flat = index.ravel()
        pieces = max(1, min(round(PIECES * flat.size / total), flat.size))
        for piece in np.array_split(flat, pieces):
            first, last = problem.name_entry(int(piece[0])), problem.name_entry(int(piece[-1]))
            blocks.append((f"{first} … {last}" if pieces > 1 else f"all of x{name}", piece))
    return blocks


def _causes(
    problem: Problem,
    search: Search,
    first: list[Probe],
    found: dict[int, Probe],
    bad: np.ndarray,
    exact: Verdicts | None,
    pattern: list[Finding],
) -> list[Finding]:
    if bad.size:
        return [
            Finding(
                Cause.NON_FINITE,
                f"{bad.size} claimed entries are not finite, the first is {problem.name_entry(int(bad[0]))}",
                1.0,
            )
        ]
    if exact is not None:
        return explain(gather(problem, exact, search.rng))[0]
    failing = [one for one in first if one.verdict == WRONG]
    if not failing:
        return []
    if not np.any(search.claimed):
        return [Finding(Cause.DETACHED, f"all {search.claimed.size} claimed entries are zero", 2.0)]
    blocks = [one for one in first if one.entries.size < problem.target.size]
    known = [one for one in first if abs(one.numerical) > 1000 * one.bound]
    ratios = [one.claimed / one.numerical for one in known]
    doubt = max((4 * one.bound / abs(one.numerical) for one in known), default=0.0)
    if ratios and all(one.verdict == WRONG for one in known) and np.ptp(ratios) <= max(1e-6, doubt) * abs(ratios[0]):
        from_ratio = _named(ratios[0], problem)
        if from_ratio:
            return from_ratio
    if pattern:
        return pattern
    if len(found) == 1:
        (entry,) = found
        return [Finding(Cause.ONE_ENTRY, f"only {problem.name_entry(entry)} is wrong", 20.0)]
    wrong = [one.name for one in blocks if one.verdict == WRONG]
    if wrong and len(wrong) < len(blocks):
        return [Finding(Cause.BLOCK, f"wrong in {', '.join(wrong[:4])}", 25.0)]
    return [Finding(Cause.UNKNOWN, Cause.UNKNOWN.sentence, 99.0)]


def _named(ratio: float, problem: Problem) -> list[Finding]:
    lengths = {
        length: f"axis of x{path}"
        for path, shape in zip(problem.target.paths, problem.target.point.shapes, strict=True)
        for length in shape
    }
    found = name_factor(ratio, 1e-7, lengths)
    say = f"claimed = {ratio:.6f} × numerical along every direction"
    if found:
        return [Finding(cause, f"{say} ({text})", 10.0) for cause, text, _ in found]
    return [Finding(Cause.CONSTANT_FACTOR, say, 30.0)]


def _exact(problem: Problem, search: Search) -> Verdicts | None:
    """Verdicts for every entry by the exact gradient, if f can be traced and every numerical derivative confirms it."""
    if problem.exact_at is None:
        return None
    vector, unit = problem.target.point.vector, unit_inside(problem)
    with quiet(), np.errstate(all="ignore"):
        try:
            exact = problem.exact_at(vector)
        except Exception:  # noqa: BLE001  (f may do anything with what is not a plain array: then numbers decide)
            return None
    own = search.exact_noise[None, :]
    common = np.zeros(own.size)
    for _, index in problem.layout:
        common[index.ravel()] = np.max(own[0, index.ravel()], initial=0.0)
    for one in search.probes:
        if (
            not np.isfinite(one.numerical)
            or abs(float(exact[0][one.entries] @ one.signs) - one.numerical) > 10 * one.bound
        ):
            return None
    scale = float(np.max(np.abs(exact)))
    slack = 256 * unit * (np.abs(exact) + 1e-2 * scale) + search.slack + 8 * own
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(problem.claimed - exact) <= 4 * slack)
    if np.any(wrong) and kinks_at(problem):
        limits = limits_beside(problem, vector, search.rng)
        if limits is None:
            return None
        give = 1e-6 * (np.abs(limits[0]) + np.abs(limits[1])) + slack
        wrong &= ~((problem.claimed >= limits[0] - give) & (problem.claimed <= limits[1] + give))
    # an entry on a plateau of rounding shows none of its own
    plateau = wrong & (np.abs(problem.claimed - exact) <= 32 * common)
    wrong &= ~plateau
    vague = plateau | ~wrong & (slack > 0.1 * np.abs(exact)) & (slack > 1e-3 * scale)
    verdict = np.where(wrong, WRONG, np.where(vague, CANNOT_TELL, AGREES)).astype(object)
    reason = np.full(exact.shape, "", dtype=object)
    everything = np.ones(exact.shape, dtype=bool)
    return Verdicts(verdict, reason, exact, slack, everything, [], judged_by_exact=True, by_exact=everything)
