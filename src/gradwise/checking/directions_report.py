"""The report of a check along directions."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.checking.evidence import Finding
from gradwise.checking.probes import Probe, Search
from gradwise.checking.problem import Problem
from gradwise.checking.report import Report
from gradwise.checking.verdicts import AGREES, CANNOT_TELL, WRONG, Verdicts


def direction_report(
    problem: Problem, search: Search, first: list[Probe], blocks: list[Any], randoms: list[Probe], found: dict[int, Probe],
    findings: list[Finding], bad: np.ndarray, exact: Verdicts | None,
) -> Report:  # fmt: skip
    """Put together what the directions showed, with the probabilities of missing something."""
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
