"""Two mistakes at once: a factor of the whole, and something else besides.

claimed / κ is asked what the claim itself was asked: are its entries in other places, is one of them wrong, has it few digits?
κ is the ratio of most entries, or of the lengths of both vectors where the entries are in other places.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from gradwise.checking.evidence import Evidence, Finding, Sample
from gradwise.checking.hypotheses.factors import describe_factor, name_factor
from gradwise.checking.hypotheses.orders import index_shift, permuted, transposed
from gradwise.checking.hypotheses.precision import low_precision
from gradwise.checking.hypotheses.subsets import block, one_entry
from gradwise.checking.verdicts import AGREES, WRONG
from gradwise.checking.vocabulary import Cause

LEAST = 3
"""Entries that must be known: of two numbers any is a factor and a permutation of the others."""

NEAR_ONE = 0.01


def factor_and(evidence: Evidence) -> list[Finding]:
    """A factor of the whole claim together with a permutation, a wrong entry, a wrong block, or few digits."""
    if int(np.sum(evidence.here.informative())) < LEAST:
        return []
    for kappa, doubt in _factors(evidence):
        if abs(kappa - 1) < NEAR_ONE:
            continue  # a small error, which has a name
        value, text = describe_factor(kappa, doubt, evidence.lengths)
        names = name_factor(kappa, doubt, evidence.lengths)
        value = names[0][2] if names else value
        scaled = _divided(evidence, value)
        if not np.any(scaled.wrong):
            continue
        for hypothesis in (transposed, index_shift, permuted, one_entry, block, low_precision):
            found = hypothesis(scaled)
            if found and found[0].rank < 40.0:
                # what is known to few digits only is nearly met by many a repair of the claim
                rank = 24.3 if found[0].cause is Cause.LOW_PRECISION else 34.8
                say = f"claimed / {value:.6g}: {found[0].detail}"
                other = [
                    Finding(cause, f"claimed has a factor {text}, {name}, besides", rank + 0.1)
                    for cause, name, _ in names
                ]
                if not other:
                    other = [Finding(Cause.CONSTANT_FACTOR, f"claimed has a factor {text} besides", rank + 0.1)]
                return [Finding(found[0].cause, say, rank), *other[:1]]
    return []


def _factors(evidence: Evidence) -> Iterator[tuple[float, float]]:
    """What the whole may have been multiplied by, and how well that is known."""
    here = evidence.here
    known = here.informative() & (here.claimed != 0)
    ratios = here.claimed[known] / here.truth[known]
    if ratios.size:
        middle = float(np.median(ratios))
        alike = np.abs(ratios / middle - 1)
        if np.mean(alike < 1e-5) > 0.5:
            yield middle, max(float(np.max(alike[alike < 1e-5])), 1e-10)
    sizes = [float(np.linalg.norm(values[here.usable])) for values in (here.claimed, here.truth)]
    if sizes[1] > 0 and np.isfinite(sizes[0]) and sizes[0] > 0:
        doubt = float(np.linalg.norm(here.bound[here.usable])) / sizes[1]
        for sign in (1.0, -1.0):
            yield sign * sizes[0] / sizes[1], doubt


def _divided(evidence: Evidence, kappa: float) -> Evidence:
    """The evidence of the claim divided by a number."""

    def other(sample: Sample) -> Sample:
        return dataclasses.replace(sample, claimed=sample.claimed / kappa)

    here = other(evidence.here)
    verdict = np.where(here.wrong, WRONG, AGREES).reshape(evidence.verdicts.verdict.shape).astype(object)
    return dataclasses.replace(
        evidence,
        here=here,
        verdicts=dataclasses.replace(evidence.verdicts, verdict=verdict),
        near=[other(s) for s in evidence.near],
        far=[other(s) for s in evidence.far],
    )
