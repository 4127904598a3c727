"""The claim lacks a projection: the sum over one axis that normalising, centring or a softmax brings in.

    v + κ a · Σ (b · c)      a = b: the cross terms of a softmax, the h · mean(d h) of a normalisation
                             b = 1: a share of a sum;  a = b = 1: a mean that was not subtracted

v, a and c are values that the claim computes anyway.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from gradwise.checking.evidence import Evidence, Finding
from gradwise.checking.hypotheses.factors import describe_factor
from gradwise.checking.hypotheses.replays import Replay, values
from gradwise.checking.vocabulary import Cause

MOST = 8
"""Values of one shape that are combined."""

LEAST = 6
"""Numbers that must be explained."""


def projected(evidence: Evidence, found: list[Replay], deadline: float) -> list[Finding]:
    """Add a projection to each value of the claim in turn."""
    first = found[0]
    if sum(int(np.sum(r.sample.usable & r.sample.wrong)) for r in found) < LEAST:
        return []
    for v in values(first)[: 2 * MOST]:
        shape = np.shape(first.env[v])
        if not shape:
            continue
        alike = [w for w in [*values(first), *first.program.inputs] if np.shape(first.env[w]) == shape][:MOST]
        axes: list[int | None] = [None, *range(len(shape))] if len(shape) > 1 else [None]
        for axis in axes:
            for a, b, c in _terms(alike):
                if time.perf_counter() > deadline:
                    return []
                kappa = _coefficient(first, v, _term(first, a, b, c, axis))
                if kappa is None:
                    continue
                plain, text = describe_factor(kappa, 1e-9, evidence.lengths)
                if all(r.fits(r.output(v, r.env[v] + plain * _term(r, a, b, c, axis))) for r in found):
                    inner = " · ".join(first.formula(w, 1) for w in (b, c) if w is not None)
                    outer = f"{first.formula(a, 1)} · " if a is not None else ""
                    along = "" if axis is None else f" over axis {axis}"
                    say = f"{first.formula(v)} lacks the term {text} · {outer}sum({inner}){along}{first.line(v)}"
                    return [Finding(Cause.PRODUCT_RULE, say, 25.2)]
    return []


def _terms(alike: list[int]) -> list[tuple[int | None, int | None, int]]:
    """(a, b, c) of a · Σ (b · c), None for 1."""
    return [
        *[(None, None, c) for c in alike],
        *[(a, a, c) for a in alike for c in alike],
        *[(a, None, c) for a in alike for c in alike],
    ]


def _term(replay: Replay, a: int | None, b: int | None, c: int, axis: int | None) -> Any:
    inner = replay.env[c] if b is None else replay.env[b] * replay.env[c]
    total = np.broadcast_to(np.sum(inner, axis=axis, keepdims=True), np.shape(replay.env[c]))
    return total if a is None else replay.env[a] * total


def _coefficient(replay: Replay, v: int, term: Any) -> float | None:
    """κ where the claim with v + κ term is the truth at x, None if there is none."""
    sample = replay.sample
    with np.errstate(all="ignore"):
        if not np.all(np.isfinite(term)) or not np.any(term):
            return None
        try:
            effect = replay.output(v, replay.env[v] + term) - replay.base
        except Exception:  # noqa: BLE001  (v may be an integer)
            return None
        lacking = np.where(sample.usable, sample.truth - replay.base, 0.0)
        effect = np.where(sample.usable, effect, 0.0)
        k = int(np.argmax(np.abs(effect)))
        if effect[k] == 0.0 or not np.isfinite(effect[k]):
            return None
        kappa = float(lacking[k] / effect[k])
        close = np.abs(lacking - kappa * effect) <= 8 * sample.bound + 1e-7 * np.abs(lacking)
    return kappa if kappa != 0.0 and np.isfinite(kappa) and bool(np.all(close)) else None
