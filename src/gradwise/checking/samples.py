"""Large x that cannot be traced: the pattern of a mistake, from some entries that are checked one by one."""

from __future__ import annotations

import time

import numpy as np

from gradwise.checking.compare import compare
from gradwise.checking.conduct import Conduct
from gradwise.checking.evidence import Finding
from gradwise.checking.probes import Probe, Search
from gradwise.checking.verdicts import AGREES, WRONG
from gradwise.checking.vocabulary import Cause
from gradwise.containers import flatten
from gradwise.quiet import quiet

MOST, LEAST = 48, 6
"""How many entries are looked at."""

SECONDS = 3.0
"""What they may cost, of evaluations of f alone."""

EVALUATIONS = 30
"""About how many evaluations an entry takes, at x and beside it."""

PATTERNS = frozenset({
    Cause.MISSING_FACTOR_2, Cause.EXTRA_FACTOR_2, Cause.CONSTANT_FACTOR, Cause.SIGN_FLIP, Cause.WRONG_LOG_BASE, Cause.DEGREES,
    Cause.BRANCH, Cause.TERM_IN_X, Cause.CONSTANT_OFFSET, Cause.WRONG_POWER, Cause.DETACHED, Cause.TRUNCATION, Cause.LOW_PRECISION,
    Cause.SMALL_ERROR,
})  # fmt: skip
"""What shows in some entries as in all: nothing that depends on where an entry lies."""


def sample_causes(search: Search, first: list[Probe], found: dict[int, Probe], bad: np.ndarray) -> list[Finding]:
    """Check entries at random where several blocks are wrong or open; ``found`` gets those that are wrong."""
    problem, n = search.problem, search.problem.target.size
    blocks = [one for one in first if one.entries.size < n]
    suspect = [one for one in blocks if one.verdict != AGREES]
    if problem.restricted is None or bad.size or len(suspect) < 2 or all(one.verdict != WRONG for one in first):
        return []
    if search.tightened is not None:
        return []
    cost = _cost(search)
    count = int(min(MOST, SECONDS / (EVALUATIONS * cost), n))
    if count < LEAST:
        return []
    everything = np.concatenate([one.entries for one in suspect])
    positions = np.sort(search.rng.choice(np.unique(everything), min(count, np.unique(everything).size), replace=False))
    with quiet():
        part = problem.restricted(positions)
        part.slope_at = None  # directions serve to find other points, of which a few entries cannot tell
        report = compare(part, Conduct(), search.rng)
    search.evaluations += report.evaluations
    verdicts = np.concatenate([np.ravel(np.asarray(leaf)) for leaf in flatten(report.verdicts)[0]])
    numerical, error = report.flat("numerical"), report.flat("error")
    for k in np.flatnonzero(verdicts == WRONG)[:12]:
        entry = int(positions[k])
        one = Probe(problem.name_entry(entry), np.array([entry]), np.ones(1), float(search.claimed[entry]))
        one.numerical, one.bound, one.verdict = float(numerical[k]), float(error[k]), WRONG
        found[entry] = one
    if len(found) < 2:
        found.clear()  # then the halving of blocks finds more
        return []
    say = f" (in {positions.size} entries at random)"
    return [
        Finding(Cause(name), report.details.get(name, "") + say, float(rank))
        for rank, name in enumerate(report.causes)
        if Cause(name) in PATTERNS
    ]


def _cost(search: Search) -> float:
    """Seconds that one call of f takes."""
    target = search.problem.target
    best = np.inf
    for _ in range(2):
        began = time.perf_counter()
        target.value(target.point.vector)
        best = min(best, time.perf_counter() - began)
    return max(best, 1e-6)
