"""A term too much or too little: λ x, λ sign(x), a constant; and a power of x too much or too little."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from gradwise.checking.evidence import Evidence, Finding, Sample
from gradwise.checking.vocabulary import Cause


def _coefficient(samples: list[Sample], shape: Callable[[Sample], Any], mask: np.ndarray) -> float | None:
    """Return λ of difference = λ · shape(sample), from the entry where it is known best; needs two equations."""
    best: tuple[float, float] | None = None
    count = 0
    for sample in samples:
        pattern = shape(sample)
        known = sample.usable & mask & (np.abs(pattern) > 0) & np.isfinite(sample.claimed)
        count += int(np.sum(known))
        if np.any(known):
            doubt = sample.bound[known] / np.abs(pattern[known])
            k = int(np.argmin(doubt))
            if best is None or doubt[k] < best[1]:
                best = (float(sample.difference[known][k] / pattern[known][k]), float(doubt[k]))
    return None if best is None or count < 2 or best[0] == 0.0 or abs(best[0]) < 4 * best[1] else best[0]


def _regions(evidence: Evidence) -> list[tuple[str, np.ndarray]]:
    """Where a term may have been added: everywhere, or in the arguments that are wrong."""
    everything = np.ones(evidence.here.truth.size, dtype=bool)
    wrong = evidence.wrong
    hit = [(name, index) for name, index in evidence.problem.layout if np.any(wrong[index])]
    regions = [("", everything)]
    if len(hit) < len(evidence.problem.layout):
        mask = np.zeros(everything.size, dtype=bool)
        for _, index in hit:
            mask[index.ravel()] = True
        regions.append((" in " + ", ".join(name for name, _ in hit), mask))
    return regions


def _ones(sample: Sample) -> np.ndarray:
    return np.ones(sample.truth.size)


def _carrier(sample: Sample) -> Any:
    return sample.carrier


def _sign(sample: Sample) -> Any:
    return np.sign(sample.carrier) if sample.carrier is not None else None


def _with_term(sample: Sample, shape: Callable[[Sample], Any], factor: float, mask: np.ndarray) -> np.ndarray:
    return sample.truth + np.where(mask, factor * shape(sample), 0.0)


def term_in_x(evidence: Evidence) -> list[Finding]:
    """The difference is λ x or λ sign(x)."""
    if evidence.here.carrier is None:
        return []
    for text, shape, rank in (
        ("x", _carrier, 23.5),
        ("sign(x)", _sign, 23.6),
    ):
        for where, mask in _regions(evidence):
            found = _coefficient(evidence.samples, shape, mask)
            if found is not None and evidence.everywhere(partial(_with_term, shape=shape, factor=found, mask=mask)):
                if text == "sign(x)" and np.unique(np.sign(evidence.here.carrier[mask])).size < 2:
                    continue
                return [Finding(Cause.TERM_IN_X, f"claimed − true = {found:.6g} · {text}{where}", rank)]
    found_here = _changing(evidence, _carrier)
    return [] if found_here is None else [Finding(Cause.TERM_IN_X, f"claimed − true = {found_here} · x", 46.2)]


def constant_offset(evidence: Evidence) -> list[Finding]:
    """The difference is c in every entry."""
    for where, mask in _regions(evidence):
        found = _coefficient(evidence.samples, _ones, mask)
        if found is not None and evidence.everywhere(partial(_with_term, shape=_ones, factor=found, mask=mask)):
            return [Finding(Cause.CONSTANT_OFFSET, f"claimed − true = {found:.6g} in every entry{where}", 23.7)]
    found_here = _changing(evidence, _ones)
    if found_here is None:
        return []
    return [Finding(Cause.CONSTANT_OFFSET, f"claimed − true = {found_here} in every entry", 46.1)]


def _changing(evidence: Evidence, shape: Callable[[Sample], Any]) -> str | None:
    """The coefficients at the points where claimed − true has this shape, if it has at all of them, each with its own.

    A mean or a projection on x that was not subtracted is a term of that kind: its coefficient depends on x.
    """
    found = []
    for sample in evidence.samples:
        pattern = shape(sample)
        known = sample.usable & (np.abs(pattern) > 0) & np.isfinite(sample.claimed)
        if int(np.sum(known)) < 3:
            return None
        doubt = sample.bound[known] / np.abs(pattern[known])
        k = int(np.argmin(doubt))
        factor = float(sample.difference[known][k] / pattern[known][k])
        if factor == 0.0 or abs(factor) < 100 * doubt[k] or not sample.fits(sample.truth + factor * pattern):
            return None
        found.append(factor)
    return f"{found[0]:.6g} (at x; it changes with x)" if found else None


def wrong_power(evidence: Evidence) -> list[Finding]:
    """The ratio is C x^p with p a multiple of ½ that is not zero."""
    if evidence.here.carrier is None:
        return []
    logs, ratios = [], []
    for sample in evidence.samples:
        assert sample.carrier is not None
        known = sample.informative() & (sample.carrier != 0) & (sample.claimed != 0)
        logs.append(np.log(np.abs(sample.carrier[known])))
        ratios.append(np.log(np.abs(sample.claimed[known] / sample.truth[known])))
    t, r = np.concatenate(logs), np.concatenate(ratios)
    if t.size < 2 or np.ptp(t) < 0.02 or np.sum(evidence.here.informative()) == 0:
        return []
    slope = float(np.polyfit(t, r, 1)[0])
    p = round(2 * slope) / 2
    if p == 0 or abs(p) > 6 or abs(slope - p) > 0.02:
        return []
    c = math.exp(float(np.median(r - p * t)))
    c = 1.0 if abs(c - 1) < 1e-6 else c
    if c != 1.0 and t.size < 3:
        return []
    inverse = round(1 / c)
    c = 1 / inverse if inverse > 1 and abs(c * inverse - 1) < 1e-6 else c
    for odd in (True, False) if p == int(p) else (False,):
        for sign in (1.0, -1.0):

            def build(sample: Sample, odd: bool = odd, sign: float = sign) -> np.ndarray:
                x = sample.carrier
                assert x is not None
                with np.errstate(divide="ignore", invalid="ignore"):
                    power = np.abs(x) ** p * (np.sign(x) ** int(abs(p)) if odd else 1.0)
                    product = sign * c * power * sample.truth
                return np.where(x == 0, sample.claimed, product)

            with np.errstate(all="ignore"):
                if not all(
                    s.fits(build(s), s.bound * np.fmax(1.0, np.abs(build(s) / s.truth))) for s in evidence.samples
                ):
                    continue
            text = f"claimed = {'' if c == 1.0 and sign > 0 else f'{sign * c:.6g} · '}x^{p:g} × true"
            findings = [Finding(Cause.WRONG_POWER, text, 22.0 if c == 1.0 else 32.0)]
            if p < 0 and abs(1 / c - (1 - p)) < 1e-6:
                findings.append(Finding(Cause.INNER, f"{text}: the derivative of x^{1 - p:g} is missing", 33.0))
            return findings
    return []
