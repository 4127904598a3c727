"""Some entries are wrong and the others right: one entry, a block, the entries on one side of a threshold."""

from __future__ import annotations

from functools import partial

import numpy as np

from gradwise.checking.evidence import Evidence, Finding, Sample
from gradwise.checking.hypotheses.factors import common_ratio, name_factor
from gradwise.checking.vocabulary import Cause


def _union(evidence: Evidence) -> np.ndarray:
    """Entries that are wrong at x or near it: a wrong formula may be right by chance at one point."""
    wrong = evidence.wrong
    for sample in evidence.near:
        wrong = wrong | sample.wrong
    return wrong


def _moves_with_position(evidence: Evidence, wrong: np.ndarray) -> bool:
    """Whether the wrong entries stay at their places when x takes other values."""
    return all(not np.any(sample.wrong & ~wrong) for sample in evidence.far)


def telling(evidence: Evidence) -> np.ndarray:
    """Usable entries that are not zero in claim and truth at every point: a zero is right under nearly every mistake."""
    shown = np.zeros(evidence.here.truth.size, dtype=bool)
    for sample in evidence.samples:
        with np.errstate(invalid="ignore"):
            shown |= ~(np.abs(sample.truth) <= 4 * sample.bound) | ~(np.abs(sample.claimed) <= 4 * sample.bound)
    return evidence.here.usable & shown


def whole_arguments(evidence: Evidence) -> bool:
    """Whether some arguments are wrong throughout and others right throughout."""
    shown = telling(evidence)
    shares = [float(np.mean(evidence.wrong[i][shown[i]])) for _, i in evidence.problem.layout if np.any(shown[i])]
    return len(shares) > 1 and {round(share, 9) for share in shares} == {0.0, 1.0}


VACUOUS = 20.0
"""A place says this much less where nothing else could have been wrong."""


def one_entry(evidence: Evidence) -> list[Finding]:
    """Exactly one entry is wrong."""
    wrong = _union(evidence)
    if int(np.sum(wrong)) != 1 or int(np.sum(evidence.here.usable)) < 2:
        return []
    entry = int(np.flatnonzero(wrong)[0])
    name = evidence.problem.name_entry(entry)
    detail = f"only {name} is wrong"
    ratio = common_ratio(evidence.samples, wrong)
    if ratio is not None and all(
        np.allclose(s.claimed[wrong], ratio[0] * s.truth[wrong], rtol=1e-6 + 4 * ratio[1]) for s in evidence.samples
    ):
        detail += f" (claimed = {ratio[0]:.6g} × true)"
    rank = 24.0 if _moves_with_position(evidence, wrong) else 36.0
    if not np.any(telling(evidence) & ~wrong):
        rank += VACUOUS
    return [Finding(Cause.ONE_ENTRY, detail, rank)]


def block(evidence: Evidence) -> list[Finding]:
    """The wrong entries are whole arguments, or a rectangle (a row, a range, every second entry) of one."""
    wrong = _union(evidence)
    usable = evidence.here.usable
    if not np.any(wrong) or not np.any(usable & ~wrong):
        return []
    vacuous = 0.0 if np.any(telling(evidence) & ~wrong) else VACUOUS
    usable = telling(evidence)
    layout = evidence.problem.layout
    hit = [(name, index) for name, index in layout if np.any(wrong[index])]
    whole = [(name, index) for name, index in hit if _mostly(wrong, usable, index)]
    text = ""
    if len(whole) == len(hit) < len(layout):
        text = "all of " + ", ".join(name or "x" for name, _ in whole)
        region = np.concatenate([index.ravel() for _, index in whole])
    elif len(hit) == 1:
        name, index = hit[0]
        found = _rectangle(wrong, usable, index)
        if found is None:
            return []
        region, text = found[0].ravel(), f"{name}[{found[1]}]"
    if not text:
        return []
    rank = (25.0 if _moves_with_position(evidence, wrong) else 37.0) + vacuous
    findings = [Finding(Cause.BLOCK, f"{text} is wrong, everything else is right", rank)]
    mask = np.zeros(usable.size, dtype=bool)
    mask[region] = True
    return findings + _inside(evidence, mask, text, rank)


def _inside(evidence: Evidence, mask: np.ndarray, text: str, rank: float) -> list[Finding]:
    """What is wrong inside a block: zero, or a factor with a name."""
    if not np.any(evidence.here.claimed[mask & evidence.here.usable]):
        return [Finding(Cause.DETACHED, f"{text} is all zero", rank + 0.5)]
    found = common_ratio(evidence.samples, mask)
    if found is None or found[2] < 2:
        return []
    ratio, doubt, _ = found

    def scaled(sample: Sample, value: float) -> np.ndarray:
        return np.where(mask, value * sample.truth, sample.truth)

    return [
        Finding(cause, f"claimed = {ratio:.6f} × true in {text} ({label})", rank + 0.5)
        for cause, label, value in name_factor(ratio, doubt, evidence.lengths)
        if evidence.everywhere(partial(scaled, value=value), abs(value))
    ]


def _mostly(wrong: np.ndarray, usable: np.ndarray, index: np.ndarray) -> bool:
    """Whether the usable entries of a region are wrong, but for a few that are right by chance."""
    count = int(np.sum(usable[index]))
    return count > 0 and int(np.sum(wrong[index])) >= max(1, int(np.ceil(0.8 * count)))


def _rectangle(wrong: np.ndarray, usable: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, str] | None:
    """Return the smallest box (with steps) that holds the wrong entries, and its text, if it is wrong throughout."""
    where = np.argwhere(wrong[index])
    if len(where) < 2:
        return None
    key, text = [], []
    for axis in range(index.ndim):
        places = np.unique(where[:, axis])
        gaps = np.unique(np.diff(places))
        step = int(gaps[0]) if gaps.size == 1 and places.size > 2 else 1
        start, stop = int(places[0]), int(places[-1]) + 1
        key.append(slice(start, stop, step))
        full = start == 0 and stop == index.shape[axis] and step == 1
        span = str(start) if stop == start + 1 else f"{start}:{stop}"
        text.append(":" if full else span + (f":{step}" if step > 1 else ""))
    box = index[tuple(key)]
    if box.size < index.size and _mostly(wrong, usable, box):
        return box, ", ".join(text)
    if index.ndim == 2 and np.all(where[:, 0] == where[:, 1]):
        diagonal = np.diagonal(index)
        if diagonal.size < index.size and _mostly(wrong, usable, diagonal):
            return diagonal, "the diagonal"
        start, stop = int(where[0, 0]), int(where[-1, 0]) + 1
        if _mostly(wrong, usable, diagonal[start:stop]):
            return diagonal[start:stop], f"the diagonal from {start} to {stop - 1}"
    places = wrong[index]
    if index.ndim in (1, 2) and min(index.shape) > 2:
        interior = np.zeros(index.shape, dtype=bool)
        interior[(slice(1, -1),) * index.ndim] = True
        if not np.any(places & interior) and _mostly(wrong, usable, index[~interior]):
            return index[~interior], "the first and the last" if index.ndim == 1 else "the border"
    if index.ndim == 2 and min(index.shape) > 2:
        row, column = np.indices(index.shape)
        for inside, name in (
            (row < column, "above the diagonal"),
            (row > column, "below the diagonal"),
            (row != column, "off the diagonal"),
            (row <= column, "the upper triangle"),
            (row >= column, "the lower triangle"),
        ):
            if not np.any(places & ~inside) and _mostly(wrong, usable, index[inside]):
                return index[inside], name
    if index.ndim > 1:  # a range of the flattened array, as a loop or a slice of ravel() leaves it
        flat = index.ravel()
        positions = np.flatnonzero(wrong[flat])
        start, stop = int(positions[0]), int(positions[-1]) + 1
        if stop - start <= 0.5 * flat.size and _mostly(wrong, usable, flat[start:stop]):
            return flat[start:stop], f"{start}:{stop} of its entries in a row"
    return None


def branch(evidence: Evidence) -> list[Finding]:
    """The wrong entries are those on one side of a threshold on x or on abs(x)."""
    if evidence.here.carrier is None or not np.any(evidence.wrong):
        return []
    samples = [*evidence.samples, *evidence.far]
    wrong_x = np.concatenate([s.carrier[s.wrong] for s in samples if s.carrier is not None])
    right_x = np.concatenate([s.carrier[s.usable & ~s.wrong & ~_vague(s)] for s in samples if s.carrier is not None])
    if wrong_x.size == 0 or right_x.size == 0:
        return []
    here = evidence.here
    mixed = int(np.sum(evidence.wrong)) >= 2 and int(np.sum(here.usable & ~evidence.wrong)) >= 2
    far = sum(bool(np.any(s.wrong)) and bool(np.any(s.usable & ~s.wrong)) for s in evidence.far)
    sides = [
        side
        for side in (_threshold(wrong_x, right_x, "x"), _threshold(np.abs(wrong_x), np.abs(right_x), "abs(x)"))
        if side
    ]
    if sides:
        confirmed = far > 0 and here.truth.size > 1
        if not mixed and "abs" in sides[0]:
            return []
        rank = 27.0 if not mixed else 12.5 if confirmed else 19.0
        # a term in x is right at zero, and a factor is right where the truth is zero: no branch is needed for that
        shown = any(bool(np.any(s.usable & ~s.wrong & (np.abs(s.truth) > 4 * s.bound))) for s in samples)
        if not np.any(right_x) or not shown:
            rank = 39.0
        elif whole_arguments(evidence):  # that all numbers of one argument are larger than those of another is chance
            rank = max(rank, 28.0)
        return [Finding(Cause.BRANCH, f"the entries with {sides[0]} are wrong, the others are right", rank)]
    if evidence.far and all(not np.any(s.usable & ~s.wrong & s.informative()) for s in evidence.samples):
        right = [s for s in evidence.far if not np.any(s.wrong) and np.sum(s.informative()) >= 1]
        if right:
            return [
                Finding(
                    Cause.BRANCH,
                    "the claim is wrong at x and right at another point: another branch is taken there",
                    40.0,
                )
            ]
    return []


def _vague(sample: Sample) -> np.ndarray:
    """Entries of which a bound as large as the claim leaves open whether they are right."""
    return (4 * sample.bound > 0.5 * np.abs(sample.claimed)) & (np.abs(sample.difference) > 0.1 * sample.bound)


def _threshold(wrong: np.ndarray, right: np.ndarray, name: str) -> str:
    """Return a condition that holds for all of one group and none of the other, with the roundest threshold."""
    for relation, low, high in (
        ("<", float(np.max(wrong)), float(np.min(right))),
        (">", float(np.max(right)), float(np.min(wrong))),
    ):
        if low < high:
            for limit in (0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 10.0, -10.0):
                if low <= limit <= high:
                    return f"{name} {relation} {limit:g}"
            return f"{name} {relation} {(low + high) / 2:.3g}"
    return ""
