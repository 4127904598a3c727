"""What a claim of the wrong shape is: transposed, not summed over a broadcast, summed too far, with an axis too much."""

from __future__ import annotations

import numpy as np

from gradwise.checking.evidence import Finding
from gradwise.checking.vocabulary import Cause


def explain_shape(
    claimed: list[np.ndarray], truth: list[np.ndarray], bound: list[np.ndarray], message: str
) -> list[Finding]:
    """Return the causes of a claim whose leaves do not have the shapes of the truth's."""
    findings = [Finding(Cause.WRONG_SHAPE, message, 5.0)]
    if len(claimed) != len(truth):
        return findings
    for given, true, give in zip(claimed, truth, bound, strict=True):
        if given.shape != true.shape:
            findings += _one(given.astype(float) if given.dtype.kind != "c" else given, true, give)
    return sorted(findings, key=lambda finding: finding.rank)


def _one(given: np.ndarray, true: np.ndarray, give: np.ndarray) -> list[Finding]:
    limit = 4 * float(np.max(give, initial=0.0))

    def same(candidate: np.ndarray, target: np.ndarray) -> bool:
        if candidate.shape != target.shape:
            return False
        scale = 1e-9 * float(np.max(np.abs(target), initial=0.0))
        return bool(np.all(np.abs(candidate - target) <= limit * max(1, given.size) + scale))

    shape = f"shape {given.shape} for {true.shape}"
    if given.size == true.size:
        if given.ndim > 1 and given.T.shape == true.shape and min(given.shape) > 1 and same(given.T, true):
            return [Finding(Cause.TRANSPOSED, f"{shape}: its transpose is right", 3.0)]
        return (
            [Finding(Cause.WRONG_SHAPE, f"{shape}: the numbers are right", 4.0)]
            if same(given.reshape(true.shape), true)
            else []
        )
    if given.size > true.size and given.ndim >= true.ndim:
        lead = given.ndim - true.ndim
        for axes in (
            (*range(lead), *(k + lead for k, n in enumerate(true.shape) if n == 1 and given.shape[k + lead] > 1)),
            *_single(given),
        ):
            summed = given.sum(axis=axes)
            if summed.size == true.size and same(summed.reshape(true.shape), true):
                return [Finding(Cause.BROADCAST, f"{shape}: summed over axes {axes} it is right", 3.0)]
    if given.size == 1 and same(given.reshape(()), true.sum()):
        return [Finding(Cause.WRONG_AXIS, f"{shape}: it is the sum of all entries", 6.0)]
    for axis in range(true.ndim):
        for candidate in (true.sum(axis=axis), true.sum(axis=axis, keepdims=True)):
            if same(given, candidate):
                return [Finding(Cause.WRONG_AXIS, f"{shape}: it is the sum over axis {axis}", 4.0)]
    return []


def _single(given: np.ndarray) -> list[tuple[int, ...]]:
    return [(axis,) for axis in range(given.ndim)]
