"""A rule applied wrongly in every turn of a loop: all equations that one line of the program made, with the same mistake.

A loop is traced turn by turn, so a derivative of ``h = tanh(W @ h + b)`` without its 1 − h² is wrong at as many places as the loop has turns.
No single edge explains it.  Here the equations of a line that have the same primitive are mutated together, in one backward pass.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from gradwise.checking.evidence import Evidence, Finding
from gradwise.checking.hypotheses.backward import Backward
from gradwise.checking.hypotheses.chain import LINEAR, PRODUCTS, fits_row, passes_at
from gradwise.checking.hypotheses.powers import Slip, power_slips
from gradwise.checking.vocabulary import Cause
from gradwise.program import Equation

SECONDS = 4.0
"""How long the search may take."""

LONGEST = 4000
"""Programs with more equations are not searched."""

Change = Callable[[Backward, int, Any, Any], Any]
"""(pass, position, right part, cotangent of the output) -> what is handed on instead."""


def repeated_rule(evidence: Evidence) -> list[Finding]:
    """Find the line whose equations, all with the same mistake, explain the claim."""
    passes = passes_at(evidence)
    if passes is None:
        return []
    back = passes[0][0]
    if len(back.program.equations) > LONGEST:
        return []
    ends = time.perf_counter() + SECONDS
    tries = [
        (rank, positions, place, name, cause, text, change)
        for (_, name, active), positions in [*_operations(back).items(), *_lines(back).items()]
        for place in (k for k, moves in enumerate(active) if moves)
        for cause, text, change, rank in _mistakes(back.program.equations[max(positions)], place, sum(active))
    ]
    for rank, positions, place, name, cause, text, change in sorted(tries, key=lambda one: one[0] in (24.6, 24.7)):
        if time.perf_counter() > ends:
            return []
        if all(_explains(one, row, positions, place, change) for one, row, _ in passes):
            there = [k for k in positions if back.active[back.program.equations[k].inputs[place]]]
            equation = back.program.equations[min(there)]
            inner, outer = back.expression(equation.inputs[place], 2), back.expression(equation.outputs, 2)
            say = text.format(inner=inner, outer=outer, op=name) + back.where(equation)
            return [Finding(cause, f"{say}, in all {len(there)} places", rank)]
    return []


def _operations(back: Backward) -> dict[tuple[Any, str, tuple[bool, ...]], frozenset[int]]:
    """As `_lines`, where a line has several equations of one primitive: those alone whose operands come from the same operations.

    ``n = p * s * i`` multiplies twice in every turn; what a turn takes over from the one before is told by what made it.
    """
    producer: dict[int, str] = {}
    for variable in (*back.program.inputs, *back.program.captured):
        producer[variable] = f"given {variable}"
    groups: dict[Any, list[int]] = defaultdict(list)
    for position, equation in enumerate(back.program.equations):
        for output in equation.output_tuple:
            producer[output] = (
                f"{equation.primitive.name} {equation.params if equation.primitive.name == 'getitem' else ''}"
            )
        if not equation.primitive.multiple and back.active[equation.outputs] and equation.source:
            active = tuple(bool(back.active[i]) for i in equation.inputs)
            made = tuple(producer.get(i, "") for i in equation.inputs)
            groups[(tuple(equation.source), equation.primitive.name, active, made)].append(position)
    found: dict[Any, frozenset[int]] = {}
    for (source, name, active, made), positions in groups.items():
        several = [key for key in groups if key[:2] == (source, name) and key[2] == active]
        if len(positions) < 2 or len(several) < 2:
            continue
        joined = list(positions)
        for other, few in groups.items():
            # the first turn starts from constants
            first = other[:2] == (source, name) and other[2] != active and len(few) == 1
            if first and all(
                (a == b and m == n) or not a for a, b, m, n in zip(other[2], active, other[3], made, strict=True)
            ):
                joined += few
        found[(source, made), name, active] = frozenset(joined)
    return found


def _lines(back: Backward) -> dict[tuple[Any, str, tuple[bool, ...]], frozenset[int]]:
    """Equations of the same line and primitive, through the same operands of which the gradient flows; two at least."""
    groups = defaultdict(list)
    for position, equation in enumerate(back.program.equations):
        if not equation.primitive.multiple and back.active[equation.outputs] and equation.source:
            active = tuple(bool(back.active[i]) for i in equation.inputs)
            groups[(tuple(equation.source), equation.primitive.name, active)].append(position)
    # an operand that starts as a constant (h = 0) is active from the second turn on: few equations, and of the same line all the same
    joined = {key: list(positions) for key, positions in groups.items()}
    for (source, name, active), positions in groups.items():
        for wider, many in groups.items():
            alike = wider[:2] == (source, name) and len(wider[2]) == len(active) and wider[2] != active
            if alike and all(a <= b for a, b in zip(active, wider[2], strict=True)) and 4 * len(positions) <= len(many):
                joined[wider] += positions
    return {key: frozenset(positions) for key, positions in joined.items() if len(positions) > 1}


def _mistakes(equation: Equation, place: int, flows: int) -> list[tuple[Cause, str, Change, float]]:
    name = equation.primitive.name
    table: list[tuple[Cause, str, Change, float]] = []
    if name not in LINEAR:
        say = "the derivative of {op} in {outer} is missing: its result is passed on to {inner} as it is"
        table.append((Cause.INNER, say, _as_it_is, 13.5))
    if name in PRODUCTS | {"div"} and flows > 1:
        say = "the derivative of {inner} in {outer} is missing"
        table.append((Cause.PRODUCT_RULE, say, lambda back, position, part, bar: None, 12.5))
    else:
        say = "what flows through {inner} in {outer} is missing"
        table.append((Cause.DETACHED, say, lambda back, position, part, bar: None, 38.0))
    quotient = name == "div" and place == 1
    say = "the derivative of {inner} in {outer} has the wrong sign"
    sign = Cause.QUOTIENT_SIGN if quotient else Cause.SIGN_FLIP
    table.append((sign, say, lambda back, position, part, bar: -part, 12.5 if quotient else 24.6))
    for factor, cause in ((0.5, Cause.MISSING_FACTOR_2), (2.0, Cause.EXTRA_FACTOR_2)):
        say = f"the derivative of {{inner}} in {{outer}} enters {factor:g} times, should be once"
        table.append((cause, say, partial(_times, factor), 24.7))
    for cause, text, slip, rank in power_slips(equation, place):
        table.append((cause, text, partial(_slip, slip), rank + 0.4))
    if name in ("matmul", "dot"):
        say = "the matrix in {outer} is transposed in the derivative of {inner}, or is not where it should be"
        table.append((Cause.TRANSPOSED, say, _transposed, 14.2))
    return table


def _times(factor: float, back: Backward, position: int, part: Any, bar: Any) -> Any:
    return factor * part


def _slip(slip: Slip, back: Backward, position: int, part: Any, bar: Any) -> Any:
    return slip(part, [back.env[i] for i in back.program.equations[position].inputs], bar)


def _as_it_is(back: Backward, position: int, part: Any, bar: Any) -> Any:
    return bar if np.shape(bar) == np.shape(part) else part


def _transposed(back: Backward, position: int, part: Any, bar: Any) -> Any:
    """W bar in the place of Wᵀ bar, or the transpose of an outer product."""
    part = np.asarray(part)
    if part.ndim == 2:
        return part.T if part.shape[0] == part.shape[1] else part
    matrix = np.asarray(back.env[back.program.equations[position].inputs[0]])
    if matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1] and np.ndim(bar) == 1:
        return matrix @ bar
    return part


def _explains(back: Backward, row: Any, positions: frozenset[int], place: int, change: Change) -> bool:
    """Whether the claim is the gradient with the mistake at all positions."""

    def mutate(position: int, parts: list[Any], bar: Any) -> list[Any]:
        if position not in positions or parts[place] is None:
            return parts
        parts = list(parts)
        parts[place] = change(back, position, parts[place], bar)
        return parts

    bars: list[Any] = [None] * len(back.program.types)
    bars[back.program.outputs[0]] = np.ones(back.program.types[back.program.outputs[0]].shape)
    with np.errstate(all="ignore"):
        back.run(bars, len(back.program.equations), mutate)
    candidate = back.flat(bars)
    return not np.allclose(candidate, row.truth, rtol=1e-9, atol=0.0) and fits_row(row, candidate)
