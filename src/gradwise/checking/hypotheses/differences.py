"""The claim is a difference quotient of f: forward, backward or central, with a step that is a power of ten or √u.

claimed = (f(x + h e_i) − f(x)) / h       off by h f_ii / 2, which is 1e-2 of the derivative at h = 1e-2
"""

from __future__ import annotations

import time
from itertools import product

import numpy as np

from gradwise.checking.evidence import Evidence, Finding, Sample
from gradwise.checking.problem import Problem
from gradwise.checking.second_look import Values, safe_values
from gradwise.checking.vocabulary import Cause

STEPS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1.4901161193847656e-08, 1e-9, 1e-10)
SIDES = (("forward", 1.0, 0.0), ("backward", 0.0, 1.0), ("central", 1.0, 1.0))
LOOKED_AT = 3
"""So many wrong entries are compared, those that are off by most."""

CLEAR = 20.0
"""The difference from the truth must be so many times what the quotient is known to."""

ALIKE = 0.5
"""A quotient resembles the derivative: the cosine of the angle between the two is at least this."""

SECONDS = 1.0
"""How long the search may take."""


def difference_quotient(evidence: Evidence) -> list[Finding]:
    """Return the kind of quotient and its step, if the claim is one at x and near it."""
    problem, here = evidence.problem, evidence.here
    values = safe_values(problem)
    if values is None or problem.kind == "hessian" or problem.stays or problem.target.point.has_complex:
        return []
    known = here.usable & np.isfinite(here.claimed)
    size = float(np.linalg.norm(here.claimed[known]) * np.linalg.norm(here.truth[known]))
    if 2 * np.sum(evidence.wrong) < np.sum(known) or not here.claimed[known] @ here.truth[known] >= ALIKE * size > 0.0:
        return []
    ends = time.perf_counter() + SECONDS
    lines = [_Lines(problem, values, sample) for sample in (here, *evidence.near[:1])]
    for relative, step, (name, right, left) in product((False, True), STEPS, SIDES):
        if time.perf_counter() > ends:
            return []

        def fits(h: float, right: float = right, left: float = left, relative: bool = relative) -> bool:
            return all(line.is_quotient(h, right, left, relative) for line in lines)

        # a claim that is the quotient at other steps too is their limit: then f is rough, and the truth may be off
        if fits(step) and not fits(step / 8) and not fits(8 * step):
            size_of = f"{step:.3g}" + (" |x|" if relative else "")
            return [Finding(Cause.SMALL_ERROR, f"claimed = the {name} difference of f with a step of {size_of}", 6.8)]
    return []


class _Lines:
    """f along the worst entries of a sample; each value is computed once."""

    def __init__(self, problem: Problem, values: Values, sample: Sample) -> None:
        self.problem, self.values, self.sample = problem, values, sample
        self.gap = np.where(sample.usable & np.isfinite(sample.claimed), np.abs(sample.difference), 0.0)
        worst = np.argsort(-self.gap)[:LOOKED_AT]
        self.entries = [int(k) for k in worst if self.gap[k] > 4 * sample.bound[k]]
        self.kept: dict[tuple[int, float], np.ndarray] = {}

    def at(self, column: int, shift: float) -> tuple[np.ndarray, float]:
        """The value of f beside the sample, and where that is."""
        key = (column if shift else -1, shift)
        moved = self.sample.vector.copy()
        moved[column] += shift
        if key not in self.kept:
            self.kept[key] = self.values(moved)
        return self.kept[key], float(moved[column])

    def is_quotient(self, step: float, right: float, left: float, relative: bool) -> bool:
        """Whether the claim is the quotient with these steps to the right and to the left, in all entries looked at."""
        unit, sample = self.problem.unit, self.sample
        told = False
        for entry in self.entries:
            columns = sample.vector.size
            row, column = divmod(entry, columns) if sample.claimed.size > columns else (0, entry)
            h = step * abs(sample.vector[column]) if relative else step
            if h == 0.0:
                return False
            (high, top), (low, bottom) = self.at(column, right * h), self.at(column, -left * h)
            rise = float(high[row] - low[row])
            give = 8 * unit * max(abs(high[row]), abs(low[row])) / h + 8 * unit * abs(sample.claimed[entry])
            quotients = np.array([rise / (top - bottom), rise / ((right + left) * h)])
            if not np.any(np.abs(quotients - sample.claimed[entry]) <= give + 1e-7 * self.gap[entry]):
                return False
            told = told or self.gap[entry] > CLEAR * give
        return told
