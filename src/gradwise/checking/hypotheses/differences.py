"""The claim is a difference quotient of f: forward, backward or central, with a step that is a power of ten or √u.

claimed = (f(x + h e_i) − f(x)) / h       off by h f_ii / 2, which is 1e-2 of the derivative at h = 1e-2
"""

from __future__ import annotations

from itertools import product

import numpy as np

from gradwise.checking.evidence import Evidence, Finding, Sample
from gradwise.checking.problem import Problem
from gradwise.checking.second_look import safe_values
from gradwise.checking.vocabulary import Cause

STEPS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1.4901161193847656e-08, 1e-9, 1e-10)
LOOKED_AT = 3
"""So many wrong entries are compared, those that are off by most."""

CLEAR = 20.0
"""The difference from the truth must be so many times what the quotient is known to."""


def difference_quotient(evidence: Evidence) -> list[Finding]:
    """Return the kind of quotient and its step, if the claim is one at x and near it."""
    problem = evidence.problem
    if problem.values_at is None or problem.kind == "hessian" or problem.stays or problem.target.point.has_complex:
        return []
    samples = [evidence.here, *evidence.near[:1]]
    sides = (("forward", 1.0, 0.0), ("backward", 0.0, 1.0), ("central", 1.0, 1.0))
    for relative, step, (name, right, left) in product((False, True), STEPS, sides):

        def fits(h: float, right: float = right, left: float = left, relative: bool = relative) -> bool:
            return all(_is_quotient(problem, sample, h, right, left, relative) for sample in samples)

        # a claim that is the quotient at other steps too is their limit: then f is rough, and the truth may be off
        if fits(step) and not fits(step / 8) and not fits(8 * step):
            size = f"{step:.3g}" + (" |x|" if relative else "")
            return [Finding(Cause.SMALL_ERROR, f"claimed = the {name} difference of f with a step of {size}", 6.8)]
    return []


def _is_quotient(problem: Problem, sample: Sample, step: float, right: float, left: float, relative: bool) -> bool:
    """Whether the worst entries of a sample are the quotient with these steps to the right and to the left."""
    values = safe_values(problem)
    assert values is not None
    gap = np.where(sample.usable & np.isfinite(sample.claimed), np.abs(sample.difference), 0.0)
    entries = [int(k) for k in np.argsort(-gap)[:LOOKED_AT] if gap[k] > 4 * sample.bound[k]]
    if not entries:
        return False
    columns = sample.vector.size
    told = False
    for entry in entries:
        row, column = divmod(entry, columns) if sample.claimed.size > columns else (0, entry)
        h = step * abs(sample.vector[column]) if relative else step
        if h == 0.0:
            return False
        ends = []
        for side in (right, -left):
            moved = sample.vector.copy()
            moved[column] += side * h
            ends.append((float(values(moved)[row]), float(moved[column])))
        (high, top), (low, bottom) = ends
        give = 8 * problem.unit * max(abs(high), abs(low)) / h + 8 * problem.unit * abs(sample.claimed[entry])
        quotients = np.array([(high - low) / (top - bottom), (high - low) / ((right + left) * h)])
        if not np.any(np.abs(quotients - sample.claimed[entry]) <= give + 1e-7 * gap[entry]):
            return False
        told = told or gap[entry] > CLEAR * give
    return told
