"""The claim without its cuts to whole numbers: what // , floor and round cut off is what it lacks."""

from __future__ import annotations

from typing import Any

from gradwise.checking.evidence import Evidence, Finding
from gradwise.checking.hypotheses.replays import Replay, everywhere
from gradwise.checking.vocabulary import Cause
from gradwise.program import Equation

CUTS = frozenset({"floor_divide", "floor", "ceil", "trunc", "rint", "round"})


def uncut(evidence: Evidence, found: list[Replay], deadline: float) -> list[Finding]:
    """The claim is right with / for //, or without a floor."""
    first = found[0]
    for equation in first.program.equations:
        if equation.primitive.name not in CUTS or equation.primitive.multiple:
            continue
        v = equation.outputs

        def whole(r: Replay, equation: Equation = equation) -> Any:
            operands = [r.env[i] for i in equation.inputs]
            return operands[0] / operands[1] if equation.primitive.name == "floor_divide" else operands[0]

        if everywhere(found, v, whole):
            say = f"the claim is right without the cut of {first.formula(v)} to whole numbers{first.line(v)}"
            return [Finding(Cause.TRUNCATION, say, 8.5)]
    return []
