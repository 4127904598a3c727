"""Mistakes about numbers that do not depend on x: weights, data, coefficients.

claimed_i / true_i       the same at every x, another number in each entry: a weight is missing
claimed_i − true_i       the same at every x: a linear term is missing, as where data are not subtracted
claimed = ∇f(x; c′)      the program of f with one of its constants left out, shifted, reversed, transposed, negated
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradwise.checking.evidence import Evidence, Finding, Sample
from gradwise.checking.hypotheses.backward import Backward
from gradwise.checking.hypotheses.chain import passes_at
from gradwise.checking.hypotheses.factors import name_factor
from gradwise.checking.hypotheses.missing import fits_row
from gradwise.checking.vocabulary import Cause

SECONDS = 1.0
MOST_CONSTANTS = 16
SHOWN = 4


def fixed_factors(evidence: Evidence) -> list[Finding]:
    """Each entry has a factor of its own that does not change with x."""
    ratios = _ratios(evidence)
    if ratios is None:
        return []
    wrong = evidence.wrong
    given = np.unique(np.round(ratios[wrong], 9))
    if given.size == 1:
        if not np.any(evidence.here.usable & ~wrong):
            return []
        say = f"claimed = {given[0]:.6g} × true in entries {_few(np.flatnonzero(wrong))}, whatever x is, the others are right"
        names = [Finding(cause, f"{say} ({text})", 38.5) for cause, text, _ in name_factor(float(given[0]), 1e-9, {})]
        return [Finding(Cause.BLOCK, say, 38.0), *names]
    say = (
        f"claimed = c × true with another c in each entry, {_few(ratios[wrong])}, the same at every x: "
        "a weight, or an inner derivative that is constant, is missing"
    )
    return [Finding(Cause.INNER, say, 35.2)]


def _ratios(evidence: Evidence) -> np.ndarray | None:
    """Claimed / true entry by entry, 1 where the claim is right; None if it changes with x or the truth does not."""
    if not evidence.near or not np.any(evidence.wrong):
        return _constant_of_f(evidence)
    here = evidence.here
    informed = np.all([s.informative() for s in evidence.samples], axis=0)
    wrong = evidence.wrong
    if np.any(wrong & ~informed):
        return None
    ratios = np.where(wrong, here.claimed / np.where(wrong, here.truth, 1.0), 1.0)
    if np.any(ratios == 0.0):
        return None
    moves = np.zeros(wrong.shape, dtype=bool)
    for sample in evidence.near:
        give = 4 * (sample.bound + np.abs(sample.truth) * here.bound / np.abs(np.where(wrong, here.truth, 1.0)))
        give = give * np.maximum(1.0, np.abs(ratios)) + 1e-9 * np.abs(sample.claimed)
        close = np.abs(sample.claimed - ratios * sample.truth) <= give
        if not np.all(close[sample.usable]):
            return None
        moves |= np.abs(sample.truth - here.truth) > 1e-3 * np.abs(here.truth)
    # where the truth is the same at every x, so is any ratio of a constant claim with it
    return ratios if np.all(moves[wrong]) else None


def _constant_of_f(evidence: Evidence) -> np.ndarray | None:
    """The same for a claim at one x only: the ratios are an array that f's program holds, or a simple function of it."""
    here, captured = evidence.here, evidence.captured
    if captured is None or evidence.problem.rows != 1 or not np.all(here.informative()[here.usable]):
        return None
    point = evidence.problem.target.point
    if len(point.shapes) != 1 or int(np.sum(evidence.wrong)) < 3:
        return None
    ratios = here.claimed / np.where(here.truth == 0, 1.0, here.truth)
    give = 1e-9 + 8 * here.bound / np.abs(np.where(here.truth == 0, 1.0, here.truth))
    for value in captured:
        array = np.asarray(value)
        if array.dtype.kind not in "fi" or array.ndim == 0:
            continue
        try:
            held = np.ravel(np.broadcast_to(array, point.shapes[0])).astype(float)
        except ValueError:
            continue
        with np.errstate(all="ignore"):
            others = (held, 1 / held, np.sqrt(held), 1 / np.sqrt(held), held**2, 1 / held**2)
        for other in others:
            if (
                np.all(other != 0)
                and np.unique(other).size > 1
                and np.all((np.abs(ratios / other - 1) <= give)[here.usable])
            ):
                return ratios
    return None


def fixed_difference(evidence: Evidence) -> list[Finding]:
    """The difference is the same vector at every x: a hint where nothing explains the numbers, which may be any."""
    here = evidence.here
    if not evidence.near or int(np.sum(evidence.wrong)) < 2:
        return []
    moves = False
    for sample in evidence.near:
        known = here.usable & sample.usable
        if not np.any(known):
            return []
        give = 4 * (sample.bound + here.bound) + 1e-9 * (np.abs(sample.claimed) + np.abs(sample.truth))
        change = np.abs(sample.difference - here.difference)
        if not np.all((change <= give)[known]) or np.max(np.abs(here.difference[known])) < 1e3 * np.max(give[known]):
            return []
        moved = np.abs(sample.truth - here.truth)[known]
        moves = moves or bool(np.max(moved) > 1e-2 * np.max(np.abs(here.truth[known])))
    if not moves:
        return []
    say = (
        f"claimed − true is the same at every x, another number in each entry, {_few(here.difference[evidence.wrong])}"
    )
    return [Finding(Cause.CONSTANT_OFFSET, say, 99.3)]


def other_constant(evidence: Evidence) -> list[Finding]:
    """The claim is the derivative of f with one of its constants left out, or changed as a slip would change it."""
    passes = passes_at(evidence)
    if passes is None or evidence.captured is None:
        return []
    ends = time.perf_counter() + SECONDS
    program, captured = passes[0][0].program, evidence.captured
    found: list[Finding] = []
    for group in _groups(captured)[:MOST_CONSTANTS]:
        for cause, text, changed, rank in _changed(np.asarray(captured[group[0]])):
            if time.perf_counter() > ends:
                return found
            others = [changed if k in group else value for k, value in enumerate(captured)]
            if all(_gradient_fits(program, inputs, others, row) for _, row, inputs in passes):
                held = passes[0][0]
                say = f"claimed is the derivative of f with {text} {_shown(captured[group[0]])}"
                found.append(Finding(cause, say + _line(held, program.captured[group[0]]), rank))
                break
        if found:
            break
    return found


def _groups(captured: Sequence[Any]) -> list[list[int]]:
    """Positions of constants that are equal, arrays first."""
    groups: dict[Any, list[int]] = {}
    for k, value in enumerate(captured):
        array = np.asarray(value)
        if array.dtype.kind in "fi" and array.size and np.all(np.isfinite(array)):
            groups.setdefault((array.ndim == 0, array.shape, array.tobytes()), []).append(k)
    return [groups[key] for key in sorted(groups, key=lambda key: (key[0], groups[key]))]


def _changed(value: np.ndarray) -> Iterator[tuple[Cause, str, np.ndarray, float]]:
    """What may stand in the place of a constant: (cause, text, value, rank)."""
    if np.any(value != 1):
        yield Cause.INNER, "1 in the place of", np.ones_like(value), 32.0
    if np.any(value != 0):
        yield Cause.PRODUCT_RULE, "0 in the place of", np.zeros_like(value), 32.2
        yield Cause.SIGN_FLIP, "the negative of", -value, 32.4
    for axis in range(value.ndim):
        if value.shape[axis] > 1:
            for step in (1, -1):
                yield Cause.INDEX_SHIFT, f"a shift by {step} along axis {axis} of", np.roll(value, step, axis), 32.6
            yield Cause.PERMUTED, f"a reversed axis {axis} of", np.flip(value, axis), 32.7
    if value.ndim == 2 and value.shape[0] == value.shape[1] and not np.array_equal(value, value.T):
        yield Cause.TRANSPOSED, "the transpose of", np.ascontiguousarray(value.T), 31.8


def _gradient_fits(program: Any, inputs: Sequence[Any], captured: Sequence[Any], row: Sample) -> bool:
    try:
        back = Backward(program, inputs, captured)
        candidate = back.flat(back.cotangents())
    except Exception:  # noqa: BLE001  (f may not run with another constant)
        return False
    return not np.allclose(candidate, row.truth, rtol=1e-9, atol=0.0) and fits_row(row, candidate)


def _shown(value: Any) -> str:
    array = np.asarray(value)
    return f"{float(array):.6g}" if array.ndim == 0 else f"the array {_few(array.ravel())}"


def _line(back: Backward, variable: int) -> str:
    for equation in back.program.equations:
        if variable in equation.inputs:
            return back.where(equation)
    return ""


def _few(values: np.ndarray) -> str:
    listed = ", ".join(f"{v:.4g}" for v in np.ravel(values)[:SHOWN])
    return listed + (", …" if np.size(values) > SHOWN else "")
