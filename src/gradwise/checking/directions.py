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
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwise import numerical
from gradwise.checking.conduct import Conduct
from gradwise.checking.evidence import Finding, gather, unit_inside
from gradwise.checking.hypotheses import explain
from gradwise.checking.hypotheses.factors import name_factor
from gradwise.checking.problem import Problem
from gradwise.checking.report import Report
from gradwise.checking.rounding import spread
from gradwise.checking.targets import Target
from gradwise.checking.tightening import swapped, tightened_target
from gradwise.checking.verdicts import AGREES, CANNOT_TELL, NOISE, WRONG, Verdicts
from gradwise.checking.vocabulary import Cause
from gradwise.errors import GradwiseError, InputError

SECONDS = 3.0
"""Entry by entry up to this estimated time."""

PIECES = 16
RANDOM = 12
SINGLES = 4
FOUND = 12
HALVINGS = 80
PATIENCE = 20.0
"""How many directions, and seconds, the search for the wrong entries of failing blocks may take."""


@dataclass
class Probe:
    """One directional derivative: claimed against numerical."""

    name: str
    entries: np.ndarray
    signs: np.ndarray
    claimed: float = 0.0
    numerical: float = 0.0
    bound: float = 0.0
    verdict: str = CANNOT_TELL
    reason: str = ""


@dataclass
class Search:
    """What the probes share."""

    problem: Problem
    bounds: Any
    claimed: np.ndarray
    slack: np.ndarray
    rng: np.random.Generator
    tightened: Any = None
    evaluations: int = 0
    probes: list[Probe] = field(default_factory=list)

    def probe(self, name: str, entries: np.ndarray) -> Probe:
        """Compare one direction of random signs on some entries."""
        target = self.problem.target
        signs = self.rng.choice([-1.0, 1.0], entries.size)
        u = np.zeros(target.size)
        u[entries] = signs
        with swapped(target, self.tightened or target.f):
            estimate = numerical.directional_derivative(
                target.call,
                target.point.build(target.point.vector),
                target.point.build(u),
                normalize=False,
                bounds=self.bounds,
                complex_step=target.complex_step,
            )
        self.evaluations += estimate.evaluations
        one = Probe(name, entries, signs, float(self.claimed[entries] @ signs), float(estimate.value))
        one.bound = (
            float(estimate.error) * (2 if estimate.status in NOISE else 1)
            + float(np.linalg.norm(self.slack[entries])) * 4
        )
        one.bound += 4 * target.unit * float(np.linalg.norm(self.claimed[entries]))
        one.verdict, one.reason = _verdict(one, estimate)
        self.probes.append(one)
        return one

    def descend(self, one: Probe, found: dict[int, Probe], limit: int, deadline: float) -> None:
        """Halve a failing block until single wrong entries are left; what the first half does not explain is in the second."""
        stack = [one.entries]
        while stack and len(found) < FOUND and len(self.probes) < limit and time.perf_counter() < deadline:
            entries = stack.pop()
            if entries.size == 1:
                single = self.probe(self.problem.name_entry(int(entries[0])), entries)
                if single.verdict == WRONG:
                    found[int(entries[0])] = single
                continue
            middle = entries.size // 2
            first, second = entries[:middle], entries[middle:]
            if self.probe(one.name, first).verdict != WRONG:
                stack.append(second)
                continue
            stack.append(first)
            if self.probe(one.name, second).verdict == WRONG:
                stack.append(second)


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
    deadline = time.perf_counter() + 2 * SECONDS
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
    if exact is None:
        deadline, limit = time.perf_counter() + PATIENCE, len(first) + HALVINGS
        for one in first:
            if one.verdict == WRONG and one.entries.size < n:
                search.descend(one, found, limit, deadline)
    bad = np.flatnonzero(~finite)
    findings = list(conduct.findings) + _causes(problem, search, first, found, bad, exact)
    return _report(problem, search, first, blocks, randoms, found, findings, bad, exact)


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
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            moved = spread(problem.claim_at, problem.target.point.vector, claimed[None, :], unit, rng)[0]
    return 8 * moved + 8 * unit * np.abs(claimed)


def _verdict(one: Probe, estimate: Any) -> tuple[str, str]:
    gap = abs(one.claimed - one.numerical)
    if estimate.status == "kink":
        low, high = sorted((float(estimate.left), float(estimate.right)))
        give = 1e-4 * (abs(low) + abs(high)) + one.bound - float(estimate.error)
        # Along a direction the one-sided slopes bound u·g for every subgradient g of a convex kink, and of a concave one.
        return (AGREES, "") if low - give <= one.claimed <= high + give else (CANNOT_TELL, estimate.status.sentence)
    if not estimate.status.trusted:
        return CANNOT_TELL, estimate.status.sentence
    if gap <= one.bound:
        return AGREES, ""
    return (WRONG, "") if gap > 10 * one.bound else (CANNOT_TELL, "the difference is close to the numerical bound")


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
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            exact = problem.exact_at(problem.target.point.vector)
        except (GradwiseError, ArithmeticError, TypeError, ValueError, IndexError, AttributeError):
            return None
    for one in search.probes:
        if (
            not np.isfinite(one.numerical)
            or abs(float(exact[0][one.entries] @ one.signs) - one.numerical) > 10 * one.bound
        ):
            return None
    slack = 256 * unit_inside(problem) * (np.abs(exact) + np.max(np.abs(exact)) * 1e-2) + search.slack
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(problem.claimed - exact) <= 4 * slack)
    everything = np.ones(exact.shape, dtype=bool)
    verdict = np.where(wrong, WRONG, AGREES).astype(object)
    return Verdicts(verdict, np.full(exact.shape, "", dtype=object), exact, slack, everything, [], judged_by_exact=True)


def _report(
    problem: Problem, search: Search, first: list[Probe], blocks: list[Any], randoms: list[Probe], found: dict[int, Probe],
    findings: list[Finding], bad: np.ndarray, exact: Verdicts | None,
) -> Report:  # fmt: skip
    target = problem.target
    n = target.size
    verdicts = np.full(n, CANNOT_TELL, dtype=object)
    value, error = search.claimed.copy(), np.full(n, np.inf)
    for one in first[: len(blocks)]:
        verdicts[one.entries] = AGREES if one.verdict == AGREES else CANNOT_TELL
        error[one.entries] = one.bound
    for entry, one in found.items():
        verdicts[entry], value[entry], error[entry] = WRONG, one.numerical * one.signs[0], one.bound
    verdicts[bad] = WRONG
    if exact is not None:
        verdicts, value = exact.verdict[0], exact.truth[0].copy()
    counts = {name: sum(one.verdict == name for one in first) for name in (AGREES, WRONG, CANNOT_TELL)}
    counts[WRONG] += int(bad.size > 0 or (counts[WRONG] == 0 and bool(np.any(verdicts == WRONG))))
    passed = counts[WRONG] == 0 and counts[AGREES] > 0 and not findings
    confirmed = sum(one.verdict == AGREES for one in randoms)
    # Below 11 bounds a difference may count as undecided: the sum of the bound and of the ten that make it wrong.
    unseen = float(np.mean(np.abs(search.claimed) <= 11 * error))
    largest = 11 * float(np.max(error))
    missed = {
        "single entry off by more than the size below": 0.0,
        "size": largest,
        "single entry doubled or zeroed": unseen,
        "several entries that cancel": 0.5 ** (confirmed + 1),
    }
    notes = list(problem.notes)
    notes.append(
        f"{n} entries checked along {len(blocks)} blocks, {len(randoms)} random directions and {len(first) - len(blocks) - len(randoms)} single "
        f"entries: a single wrong entry is missed with probability 0 if off by more than {largest:.1e}, and with probability {unseen:.2g} "
        f"if it is doubled or zeroed; errors that cancel are missed with probability ≤ {missed['several entries that cancel']:.1e}"
    )
    if exact is not None:
        count = int(np.sum(verdicts == WRONG))
        notes.append(
            f"every direction confirms gradwise's exact gradient, which then judged each entry: {count} of {n} wrong"
        )
    notes += [f"cannot tell along {one.name}: {one.reason}" for one in first if one.verdict == CANNOT_TELL][:3]
    wrong = [one for one in [*found.values(), *first] if one.verdict == WRONG]
    worst = None
    if exact is not None and np.any(verdicts == WRONG):
        with np.errstate(all="ignore"):
            gap = np.nan_to_num(np.abs(problem.claimed[0] - value) / exact.bound[0], nan=np.inf, posinf=np.inf)
        entry = int(np.argmax(np.where(verdicts == WRONG, gap, -1.0)))
        worst = {"entry": entry, "name": problem.name_entry(entry), "claimed": float(problem.claimed[0, entry])}
        worst |= {"numerical": float(value[entry]), "error": float(error[entry])}
    elif wrong:
        one = wrong[0]
        worst = {
            "entry": int(one.entries[0]),
            "name": one.name if one.entries.size > 1 else problem.name_entry(int(one.entries[0])),
        }
        sign = float(one.signs[0]) if one.entries.size == 1 else 1.0
        worst |= {"claimed": one.claimed * sign, "numerical": one.numerical * sign, "error": one.bound}
    shown = list(found)[:10] or [int(k) for k in np.flatnonzero(verdicts == WRONG)[:10]]
    details: dict[str, str] = {}
    for finding in findings:
        details.setdefault(finding.cause.value, finding.detail)
    return Report(
        passed=passed, conclusive=counts[CANNOT_TELL] == 0, verdicts=problem.restore(verdicts[None, :]), claimed=problem.restore(problem.claimed),
        numerical=problem.restore(value[None, :]), error=problem.restore(error[None, :]), causes=[] if passed else list(details),
        ruled_out=[name for name in ("non-determinism", "modified input", "wrong shape") if not passed and name not in details],
        worst=worst, replay=f"gw.check_grad({target.name}, x{target.given}, entries={shown})" if shown else "", kind=problem.kind, notes=notes,
        details=details, evaluations=search.evaluations, missed=missed, counts=counts,
    )  # fmt: skip
