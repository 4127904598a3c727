"""What a wrong backward pass leaves out: a term at one place of the program, or at two at once."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from gradwise.checking.evidence import Finding, Sample
from gradwise.checking.hypotheses.backward import Backward, Edge
from gradwise.checking.vocabulary import Cause


def fits_row(row: Sample, candidate: np.ndarray) -> bool:
    """Whether a candidate gradient is the claimed one, entry by entry, within the bounds of the sample."""
    return (
        candidate.shape == row.claimed.shape
        and bool(np.all(np.isfinite(candidate[row.usable])))
        and row.fits(candidate)
    )


def two_paths(passes: Any, flows: dict[Edge, list[np.ndarray]]) -> list[Finding]:
    """Two contributions are missing at once, as when mean and deviation are both taken for constants."""
    if len(flows) > 60:
        return []
    back = passes[0][0]
    for one, other in combinations(flows, 2):
        if all(fits_row(p[1], p[1].truth - a - b) for p, a, b in zip(passes, flows[one], flows[other], strict=True)):
            if not all(fits_row(p[1], without(p[0], (one, other))) for p in passes):
                continue  # both lie on one path, which was counted twice
            texts = []
            for position, place in (one, other):
                equation = back.program.equations[position]
                texts.append(
                    f"{back.expression(equation.inputs[place])} in {back.expression(equation.outputs)}{back.where(equation)}"
                )
            say = f"what flows through {texts[0]} and through {texts[1]} is missing"
            return [Finding(Cause.DETACHED, say, 38.0), *missing_term(passes[0][1], say, 37.9)]
    return []


def without(back: Backward, dropped: tuple[Edge, ...]) -> np.ndarray:
    """The gradient of a backward pass that hands nothing to some operands."""

    def change(position: int, parts: list[Any], bar: Any) -> list[Any]:
        return [None if (position, place) in dropped else part for place, part in enumerate(parts)]

    program = back.program
    bars: list[Any] = [None] * len(program.types)
    bars[program.outputs[0]] = np.ones(program.types[program.outputs[0]].shape)
    back.run(bars, len(program.equations), change)
    return back.flat(bars)


def missing_term(row: Sample, say: str, rank: float) -> list[Finding]:
    """What is missing is a term where no entry that should be different from zero is zero."""
    zero = row.usable & (row.claimed == 0) & (np.abs(row.truth) > row.bound)
    return [] if np.any(zero) else [Finding(Cause.PRODUCT_RULE, say, rank)]
