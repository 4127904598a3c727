"""A backward rule that ignores the derivative which arrives from behind."""

from __future__ import annotations

import numpy as np

from gradwise import numerical
from gradwise.checking.evidence import Evidence, Finding, Sample
from gradwise.checking.problem import flat_numbers
from gradwise.checking.vocabulary import Cause
from gradwise.quiet import quiet


def upstream(evidence: Evidence) -> list[Finding]:
    """The claim is the gradient of the plain sum of the outputs, whatever weights they enter with."""
    if evidence.problem.unweighted is None:
        return []
    if all(_fits(evidence, sample) for sample in evidence.samples):
        say = "what arrives from behind (grad_output, the cotangent) is not multiplied in: claimed is as if it were 1"
        return [Finding(Cause.INNER, say, 12.8)]
    return []


def _fits(evidence: Evidence, sample: Sample) -> bool:
    target, unweighted = evidence.problem.target, evidence.problem.unweighted
    assert unweighted is not None
    with quiet(), np.errstate(all="ignore"):
        estimate = numerical.grad(unweighted, target.point.build(sample.vector), complex_step=False)
    value = flat_numbers(estimate.value, target, "signed")
    bound = flat_numbers(estimate.error, target, "bound")
    return sample.fits(value, 2 * bound + sample.bound)
