"""How much a derivative changes when the numbers that f or the claim holds are moved by one rounding.

x · H⁻¹ x with a Hilbert matrix H is computed by anybody as the same function with another H, a rounding away; so is its
gradient, and two right formulas differ by the condition of H times u.  Moving x does not show that.  The traced program is
therefore run again with each of its constants moved by 64 u, up and down at random, and the reverse::

    r = max |g(c + 64 u ξ c) − g(c − 64 u ξ c)| / 128      over three draws of ξ ∈ {−1, 1}

What changes by the same amount in both directions is a jump (another branch, another maximum) and does not count.  The same number has
the same change wherever it occurs: a difference quotient of f is not excused by the rounding of f's constants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwise.checking.evidence import program_of
from gradwise.checking.hypotheses.backward import Backward
from gradwise.checking.hypotheses.replays import claim_program, inputs_at, outputs_of, run_program
from gradwise.checking.problem import Problem
from gradwise.quiet import quiet

DRAWS = 3
UNITS = 64.0
"""Roundings by which constants are moved, so that the rounding of the program itself does not drown what they do."""


def conditioning(problem: Problem, rng: np.random.Generator) -> np.ndarray:
    """Return what one rounding of the constants changes in the claim or in f's exact derivative, entry by entry; zero if unknown."""
    found = np.zeros(problem.claimed.shape)
    with quiet(), np.errstate(all="ignore"):
        for program in (_of_claim(problem), _of_exact(problem)):
            if program is not None:
                found = np.maximum(found, _changes(*program, problem, rng))
    return found


Run = Callable[[Sequence[Any]], np.ndarray]


def _of_claim(problem: Problem) -> tuple[Run, list[Any]] | None:
    traced = claim_program(problem)
    if traced is None:
        return None
    program, captured = traced
    inputs = inputs_at(problem, problem.target.point.vector)
    return lambda constants: outputs_of(program, run_program(program, inputs, constants)), captured


def _of_exact(problem: Problem) -> tuple[Run, list[Any]] | None:
    if problem.exact_at is None or problem.rows != 1 or problem.weights is not None or problem.scalar is None:
        return None
    program, captured = program_of(problem)
    if program is None or captured is None or len(program.outputs) != 1:
        return None
    inputs = inputs_at(problem, problem.target.point.vector)

    def run(constants: Sequence[Any]) -> np.ndarray:
        back = Backward(program, inputs, constants)
        return back.flat(back.cotangents())

    return run, captured


def _changes(run: Run, captured: list[Any], problem: Problem, rng: np.random.Generator) -> np.ndarray:
    largest = np.zeros(problem.claimed.size)
    for _ in range(DRAWS):
        moves: dict[Any, Any] = {}
        try:
            up = run([_moved(value, moves, UNITS * problem.unit, rng) for value in captured])
            down = run([_moved(value, moves, -UNITS * problem.unit, rng) for value in captured])
            here = run(captured)
        except Exception:  # noqa: BLE001  (a program may not run with other constants)
            break
        if up.shape != largest.shape:
            break
        half = np.abs(up - down) / 2
        smooth = np.abs(up - 2 * here + down) <= half
        largest = np.where(smooth & np.isfinite(half), np.maximum(largest, half / UNITS), largest)
    return largest.reshape(problem.claimed.shape)


def _moved(value: Any, moves: dict[Any, Any], relative: float, rng: np.random.Generator) -> Any:
    """A constant with each number moved; the same one moves alike wherever it occurs."""
    array = np.asarray(value)
    if array.dtype.kind != "f":
        return value
    key = (array.shape, array.tobytes())
    if key not in moves:
        moves[key] = rng.choice([-1.0, 1.0], array.shape)
    return (array * (1 + relative * moves[key])).astype(array.dtype)
