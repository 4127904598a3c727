"""A matrix that stands in a derivative where its transpose belongs: A x for Aᵀ x, a system solved with A and not with Aᵀ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwise.checking.evidence import Evidence, Finding
from gradwise.checking.hypotheses.backward import Backward, Edge
from gradwise.checking.hypotheses.chain import fits_row, passes_at
from gradwise.checking.vocabulary import Cause

MATRICES = frozenset({"matmul", "dot", "solve"})
MOST = 40
"""So many products are looked into."""

RANK = 13.5


def turned_matrix(evidence: Evidence) -> list[Finding]:
    """The claim is the gradient with one square matrix transposed in the derivative of a product with it, or of a solution."""
    passes = passes_at(evidence)
    if passes is None:
        return []
    first = passes[0][0]
    equations = first.program.equations
    edges = [edge for edge in first.edges() if equations[edge[0]].primitive.name in MATRICES]
    bars = [back.cotangents() for back, _, _ in passes]
    for edge in edges[:MOST]:
        for matrix, product in _matrices(first, edge):
            if all(
                _fits(back, row, bar, edge, (matrix, product)) for (back, row, _), bar in zip(passes, bars, strict=True)
            ):
                equation = equations[edge[0]]
                inner, outer = first.expression(matrix), first.expression(equation.outputs)
                say = f"in the derivative of {outer}, {inner} stands where its transpose belongs{first.where(equation)}"
                return [Finding(Cause.TRANSPOSED, say, RANK)]
    return []


def _matrices(back: Backward, edge: Edge) -> Iterator[tuple[int, int | None]]:
    """Square matrices that the derivative for an operand contains: the other operand, or one that made this, and in which equation."""
    equations = back.program.equations
    inputs = equations[edge[0]].inputs
    if len(inputs) != 2 or inputs[0] == inputs[1]:
        return
    other = inputs[0] if edge[1] == 1 else inputs[1]
    if _is_square(back, other):
        yield other, None
    for k, equation in enumerate(equations[: edge[0]]):
        if equation.primitive.name in MATRICES and equation.outputs == other:
            for variable in equation.inputs:
                if _is_square(back, variable):
                    yield variable, k


def _is_square(back: Backward, variable: int) -> bool:
    shape = np.shape(back.env[variable])
    return len(shape) == 2 and shape[0] == shape[1]


def _fits(back: Backward, row: Any, bars: list[Any], edge: Edge, turned: tuple[int, int | None]) -> bool:
    """Whether the claim is the gradient with the matrix transposed where the cotangent goes to the operand of an edge."""
    position, place = edge
    equation = back.program.equations[position]
    bar = bars[equation.outputs]
    if bar is None:
        return False
    right = back.pull(position, bar)[place]
    matrix, maker = turned
    kept = list(back.env)
    back.env[matrix] = np.swapaxes(back.env[matrix], 0, 1)
    if maker is not None:
        product = back.program.equations[maker]
        back.env[product.outputs] = product.primitive.value(*[back.env[i] for i in product.inputs], *product.params)
    try:
        wrong = back.pull(position, bar)[place]
    finally:
        back.env[:] = kept
    if right is None or wrong is None:
        return False
    change = back.inputs_from(equation.inputs[place], wrong - right, position)
    return bool(np.any(change)) and fits_row(row, row.truth + change)
