"""The right numbers in the wrong places: transposed, shifted, permuted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

from gradwise.checking.evidence import Evidence, Finding, Sample
from gradwise.checking.vocabulary import Cause


def _wrong_blocks(evidence: Evidence) -> list[tuple[str, np.ndarray]]:
    wrong = evidence.wrong
    return [(name, index) for name, index in evidence.problem.layout if np.any(wrong[index])]


def _fits_reordered(evidence: Evidence, reorder: Callable[[np.ndarray], np.ndarray | None]) -> bool:
    """Whether the claim is the truth with the entries of each wrong block reordered: ``claimed[index] = truth[reorder(index)]``."""
    order = np.arange(evidence.here.truth.size)
    for _, index in _wrong_blocks(evidence):
        other = reorder(index)
        if other is None:
            return False
        order[index.ravel()] = other.ravel()
    if np.array_equal(order, np.arange(order.size)):
        return False
    for sample in evidence.samples:
        known = sample.usable & sample.usable[order]
        part = Sample(sample.vector, sample.claimed, sample.truth, sample.bound, known, None)
        if not part.fits(sample.truth[order], np.maximum(sample.bound, sample.bound[order])):
            return False
    return True


def transposed(evidence: Evidence) -> list[Finding]:
    """Two axes of a block are swapped."""
    blocks = _wrong_blocks(evidence)
    dimensions = {index.ndim for _, index in blocks}
    if not blocks or max(dimensions) < 2:
        return []
    for a, b in combinations(range(max(dimensions)), 2):

        def swap(index: np.ndarray, a: int = a, b: int = b) -> np.ndarray | None:
            return index.swapaxes(a, b) if index.ndim > b and index.shape[a] == index.shape[b] else None

        if _fits_reordered(evidence, swap):
            names = ", ".join(name for name, _ in blocks if name)
            return [
                Finding(
                    Cause.TRANSPOSED,
                    f"claimed is the transpose (axes {a} and {b}){' of ' + names if names else ''}",
                    9.5,
                )
            ]
    if len(blocks) == 1 and blocks[0][1].ndim == 2 and _right_when_symmetrised(evidence, blocks[0][1]):
        return [
            Finding(Cause.TRANSPOSED, "claimed plus its transpose is right: one term of the two is transposed", 13.5)
        ]
    if evidence.problem.kind == "jacobian":
        n = evidence.problem.target.size
        if evidence.problem.rows == n:
            square = np.arange(n * n).reshape(n, n)
            order = square.T.ravel()
            if all(s.fits(s.truth[order], np.maximum(s.bound, s.bound[order])) for s in evidence.samples):
                return [Finding(Cause.TRANSPOSED, "claimed is the transpose of the Jacobian", 9.5)]
    return []


def _right_when_symmetrised(evidence: Evidence, index: np.ndarray) -> bool:
    """Whether the claim has the symmetric part of the truth: B + B where B + Bᵀ is due, or the mean of the two."""
    if index.shape[0] != index.shape[1] or index.shape[0] < 3:
        return False
    flat, turned = index.ravel(), index.T.ravel()
    for s in evidence.samples:
        if not np.all(s.usable[flat]):
            return False
        give = 4 * (s.bound[flat] + s.bound[turned]) + 1e-12 * np.abs(s.truth[flat])
        with np.errstate(invalid="ignore"):
            gap = np.abs(s.claimed[flat] + s.claimed[turned] - s.truth[flat] - s.truth[turned])
        if not np.all(gap <= give):
            return False
    return True


def index_shift(evidence: Evidence) -> list[Finding]:
    """The entries are shifted along an axis: rolled around, or with zeros or repeated ends."""
    blocks = _wrong_blocks(evidence)
    if not blocks or max(np.unique(evidence.here.truth[index]).size for _, index in blocks) < 3:
        return []
    for step in (1, -1, 2, -2):
        if max(index.ndim for _, index in blocks) > 1:

            def around(index: np.ndarray, step: int = step) -> np.ndarray:
                return np.roll(index.ravel(), step).reshape(index.shape)

            if _fits_reordered(evidence, around):
                return [
                    Finding(
                        Cause.INDEX_SHIFT, f"claimed[i] = true[i{-step:+d}] in the flattened array, rolled around", 9.6
                    )
                ]
    for axis, step in _shifts(blocks):

        def roll(index: np.ndarray, axis: int = axis, step: int = step) -> np.ndarray | None:
            return np.roll(index, step, axis=axis) if index.ndim > axis and index.shape[axis] > 2 else None

        if _fits_reordered(evidence, roll):
            return [Finding(Cause.INDEX_SHIFT, f"claimed[i] = true[i{-step:+d}] along axis {axis}, rolled around", 9.6)]
        if abs(step) <= 2:
            for fill in ("zero", "edge"):
                if all(_fits_moved(sample, blocks, axis, step, fill) for sample in evidence.samples):
                    return [
                        Finding(
                            Cause.INDEX_SHIFT,
                            f"claimed[i] = true[i{-step:+d}] along axis {axis}, {fill} at the end",
                            9.6,
                        )
                    ]
    return []


def _shifts(blocks: list[tuple[str, np.ndarray]]) -> Iterator[tuple[int, int]]:
    for axis in range(max(index.ndim for _, index in blocks)):
        longest = max(index.shape[axis] for _, index in blocks if index.ndim > axis)
        for step in range(1, min(4, longest // 2 + 1)):
            yield axis, step
            yield axis, -step


def _fits_moved(sample: Sample, blocks: list[tuple[str, np.ndarray]], axis: int, step: int, fill: str) -> bool:
    candidate = _moved(sample.truth, blocks, axis, step, fill)
    # each entry is known as well as the one whose number it holds
    bound = _moved(sample.bound, blocks, axis, step, fill)
    return candidate is not None and bound is not None and sample.fits(candidate, np.maximum(bound, sample.bound))


def _moved(
    values: np.ndarray, blocks: list[tuple[str, np.ndarray]], axis: int, step: int, fill: str
) -> np.ndarray | None:
    """Values with those of each block moved along an axis; zeros or repeated ends where nothing moves in."""
    candidate = values.copy()
    for _, index in blocks:
        if index.ndim <= axis or index.shape[axis] <= 2 * abs(step):
            return None
        block = np.moveaxis(values[index], axis, 0)
        moved = np.zeros_like(block)
        if step > 0:
            moved[step:] = block[:-step]
            moved[:step] = block[:1] if fill == "edge" else 0.0
        else:
            moved[:step] = block[-step:]
            moved[step:] = block[-1:] if fill == "edge" else 0.0
        candidate[index.ravel()] = np.moveaxis(moved, 0, axis).ravel()
    return candidate


def permuted(evidence: Evidence) -> list[Finding]:
    """The wrong entries hold each other's numbers."""
    ways: list[tuple[str, Callable[[np.ndarray], np.ndarray | None]]] = [
        ("reversed", lambda index: index[::-1] if index.ndim else None),
        ("in Fortran order", lambda index: index.ravel(order="F").reshape(index.shape) if index.ndim > 1 else None),
        ("in C order", lambda index: index.ravel().reshape(index.shape, order="F") if index.ndim > 1 else None),
        ("reversed in all axes", lambda index: np.flip(index) if index.ndim > 1 else None),
    ]
    for way, reorder in ways:
        if _fits_reordered(evidence, reorder):
            return [Finding(Cause.PERMUTED, f"the entries are {way}", 11.5)]
    wrong = evidence.wrong
    count = int(np.sum(wrong))
    if count < 2 or not np.all(np.isfinite(evidence.here.claimed[wrong])):
        return []
    for sample in evidence.samples:
        claimed, order = np.sort(sample.claimed[wrong]), np.argsort(sample.truth[wrong])
        truth, bound = sample.truth[wrong][order], sample.bound[wrong][order]
        # each number is known as well as the entry that it belongs to; numbers that are alike may stand in for one another
        if not np.all(np.abs(claimed - truth) <= 4 * bound + 1e-13 * np.abs(truth)):
            return []
    truth, claimed = evidence.here.truth[wrong], evidence.here.claimed[wrong]
    places, sources = np.flatnonzero(wrong), np.flatnonzero(wrong)[np.argsort(truth)]
    order = np.empty(count, dtype=int)
    order[np.argsort(claimed)] = sources
    # A set that is symmetric under sign is permuted by a sign flip as well; the flip is the simpler story.
    name = evidence.problem.name_entry
    if count == 2:
        return [Finding(Cause.PERMUTED, f"entries {name(int(places[0]))} and {name(int(places[1]))} are swapped", 11.5)]
    shown = ", ".join(f"{name(int(p))} holds {name(int(s))}" for p, s in list(zip(places, order, strict=True))[:3])
    return [Finding(Cause.PERMUTED, f"{count} entries hold each other's numbers: {shown}", 11.5)]
