"""claimed = r · true on every entry, and what a factor r is called."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from gradwise.checking.evidence import Evidence, Finding, Sample
from gradwise.checking.vocabulary import Cause

_LOGS = {
    "ln 2": math.log(2), "ln 10": math.log(10), "log2 10": math.log2(10),
    "1/ln 2": 1 / math.log(2), "1/ln 10": 1 / math.log(10), "log10 2": math.log10(2),
}  # fmt: skip
_KNOWN = [
    (0.5, Cause.MISSING_FACTOR_2, "1/2"),
    (2.0, Cause.EXTRA_FACTOR_2, "2"),
    *[(value, Cause.WRONG_LOG_BASE, name) for name, value in _LOGS.items()],
    (math.pi / 180, Cause.DEGREES, "π/180"),
    (180 / math.pi, Cause.DEGREES, "180/π"),
    ((math.pi / 180) ** 2, Cause.DEGREES, "(π/180)²"),
    ((180 / math.pi) ** 2, Cause.DEGREES, "(180/π)²"),
]
_SIMPLE = [
    (math.pi, "π"), (1 / math.pi, "1/π"), (2 * math.pi, "2π"), (0.5 / math.pi, "1/(2π)"), (math.sqrt(2), "√2"), (math.sqrt(0.5), "1/√2"),
    (math.e, "e"), (1 / math.e, "1/e"), (math.sqrt(math.pi), "√π"), (1 / math.sqrt(math.pi), "1/√π"),
]  # fmt: skip


def name_factor(ratio: float, uncertainty: float, lengths: dict[int, str]) -> list[tuple[Cause, str, float]]:
    """Return the names that fit a factor claimed / true, most specific first, each with its exact value.

    Examples
    --------
    >>> name_factor(0.5, 1e-12, {})[0][0].value
    'missing factor 2'
    """
    if not math.isfinite(ratio) or ratio == 0.0:
        return []
    give = 1e-11 + 3 * min(uncertainty, 0.01)

    def is_(value: float) -> bool:
        return abs(ratio - value) <= give * abs(value)

    if is_(-1.0):
        return [(Cause.SIGN_FLIP, "-1", -1.0)]
    size = abs(ratio)
    sign = math.copysign(1.0, ratio)
    found: list[tuple[Cause, str, float]] = [
        (cause, text, sign * value) for value, cause, text in _KNOWN if abs(size - value) <= give * value
    ]
    for length, where in lengths.items():
        if abs(size - length) <= give * length:
            found.append((Cause.MISSING_1_N, f"{length}, {where}", sign * length))
        elif abs(size * length - 1) <= give:
            found.append((Cause.EXTRA_1_N, f"1/{length}, with {length} {where}", sign / length))
    if found and sign < 0:
        found.insert(0, (Cause.SIGN_FLIP, "negative", found[0][2]))
    return found


def describe_factor(ratio: float, uncertainty: float, lengths: dict[int, str]) -> tuple[float, str]:
    """Return a factor without a name of its own, snapped to a simple number if it is one, and its text."""
    give = 1e-11 + 3 * min(uncertainty, 1e-4)
    size, sign = abs(ratio), "-" if ratio < 0 else ""
    for denominator in (1, 2, 3, 4, 5, 6, 8, 10, 12, 100):
        numerator = round(size * denominator)
        if 0 < numerator <= 1000 and abs(size * denominator - numerator) <= give * numerator:
            text = str(numerator) if denominator == 1 else f"{numerator}/{denominator}"
            return math.copysign(numerator / denominator, ratio), sign + text
    for value, text in _SIMPLE:
        if abs(size - value) <= give * value:
            return math.copysign(value, ratio), sign + text
    for n in lengths:
        for value, text in (
            ((n - 1) / n, f"({n}-1)/{n}"), (n / (n - 1), f"{n}/({n}-1)"), (math.sqrt(n), f"√{n}"), (1 / math.sqrt(n), f"1/√{n}"),
            (1 / (n - 1), f"1/({n}-1)"), (n - 1.0, f"{n}-1"),
        ):  # fmt: skip
            if abs(size - value) <= give * value:
                return math.copysign(value, ratio), sign + text
    return ratio, f"{ratio:.6g}"


def common_ratio(samples: list[Sample], mask: np.ndarray | None = None) -> tuple[float, float, int] | None:
    """Return (ratio, its relative uncertainty, number of equations) from the best known entry of all samples."""
    best, count = None, 0
    for sample in samples:
        known = np.flatnonzero(sample.informative(mask))
        count += known.size
        if known.size:
            doubt = sample.bound[known] / np.abs(sample.truth[known])
            k = int(np.argmin(doubt))
            if best is None or doubt[k] < best[1]:
                best = (float(sample.claimed[known[k]] / sample.truth[known[k]]), float(doubt[k]))
    return None if best is None else (*best, count)


def _times(value: float) -> Callable[[Sample], np.ndarray]:
    return lambda sample: value * sample.truth


def whole_factor(evidence: Evidence) -> list[Finding]:
    """The whole claim is the truth times one number."""
    total = evidence.problem.claimed.size
    found = common_ratio([evidence.here])
    if found is None:
        return []
    ratio, doubt, _ = found
    if ratio == 0.0:
        return []
    entries = int(np.sum(evidence.here.usable))
    say = (
        f"claimed = {ratio:.6f} × numerical on all {entries} entries"
        if entries > 1
        else f"claimed = {ratio:.6f} × numerical"
    )
    findings = []
    for cause, text, value in name_factor(ratio, doubt, evidence.lengths):
        if evidence.everywhere(_times(value), abs(value)):
            rank = 11.0 if cause in (Cause.MISSING_1_N, Cause.EXTRA_1_N) else 10.0
            findings.append(Finding(cause, f"{say} ({text})", rank))
            if rank == 11.0 and not any(f.cause is Cause.CONSTANT_FACTOR for f in findings):
                # a length may be met by chance: 1/3 of three entries
                findings.append(Finding(Cause.CONSTANT_FACTOR, say, 31.0))
    if findings:
        return findings
    value, text = describe_factor(ratio, doubt, evidence.lengths)
    (everywhere, equations) = (
        evidence.everywhere(lambda s: value * s.truth, abs(value)),
        sum(int(np.sum(s.informative())) for s in evidence.samples),
    )
    if everywhere and equations >= 2:
        return [Finding(Cause.CONSTANT_FACTOR, f"{say} ({text})" if text != f"{ratio:.6g}" else say, 30.0)]
    if everywhere and text != f"{ratio:.6g}" and doubt < 1e-9:
        # one number only, but a round one
        return [Finding(Cause.CONSTANT_FACTOR, f"{say} ({text})", 32.0)]
    if total > 1 and int(np.sum(evidence.here.informative())) > 1:
        bound = evidence.here.bound * max(1.0, abs(ratio))
        if evidence.here.fits(ratio * evidence.here.truth, bound):
            return [Finding(Cause.CONSTANT_FACTOR, f"{say}, at this x only: the factor changes with x", 45.0)]
    return []
