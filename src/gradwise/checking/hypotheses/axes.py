"""The gradient of the same function with a reduction along another axis, or with all its sums unmatched to the data.

The traced program is run with the axis of its reductions changed, and differentiated: a softmax over columns instead of rows
gives exactly the gradient that a claim with the wrong ``axis=`` has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwise.checking.evidence import Evidence, Finding
from gradwise.checking.vocabulary import Cause
from gradwise.operators import grad
from gradwise.operators.prepared import interpret
from gradwise.program import Equation, Program
from gradwise.quiet import quiet


def wrong_axis(evidence: Evidence) -> list[Finding]:
    """The claim is the gradient of f with its reductions along another axis."""
    program, problem = evidence.program, evidence.problem
    if (
        program is None
        or problem.rows != 1
        or problem.weights is not None
        or problem.target.point.has_complex
        or len(program) > 400
    ):
        return []
    for chosen, old, new in _choices(program.equations):
        candidates = [_gradient(evidence, sample.vector, chosen, new) for sample in evidence.samples]
        if all(c is not None and s.fits(c) for c, s in zip(candidates, evidence.samples, strict=True)):
            where = {program.equations[k].source for k in chosen} - {None}
            lines = ", ".join(sorted({f"{os.path.basename(source[0])}:{source[1]}" for source in where if source}))
            say = f"claimed is the gradient of f with axis={new[0]} where f has axis={old[0]}"
            return [Finding(Cause.WRONG_AXIS, say + (f" ({lines})" if lines else ""), 14.0)]
    return []


def _choices(equations: list[Equation]) -> Iterator[tuple[frozenset[int], tuple[int, ...], tuple[int, ...]]]:
    """Which reductions to change, and to which axis: all of one axis, those that keep their dimensions, each by itself."""
    reductions = [k for k, e in enumerate(equations) if _reduces(e)]
    groups: dict[frozenset[int], tuple[int, ...]] = {}
    for axes in dict.fromkeys(equations[k].params[0] for k in reductions):
        same = [k for k in reductions if equations[k].params[0] == axes]
        groups.setdefault(frozenset(same), axes)
        groups.setdefault(frozenset(k for k in same if equations[k].params[1:2] == (True,)), axes)
        for k in same[:8]:
            groups.setdefault(frozenset([k]), axes)
    for chosen, axes in groups.items():
        if chosen:
            for k in range(3):
                if k != axes[0]:
                    yield chosen, axes, (k,)


def _reduces(equation: Equation) -> bool:
    params = equation.params
    return (
        equation.primitive.params[:1] == ("axes",)
        and isinstance(params[0], tuple)
        and len(params[0]) == 1
        and equation.primitive.name not in ("transpose", "flip")
    )


def _gradient(
    evidence: Evidence, vector: np.ndarray, chosen: frozenset[int], other: tuple[int, ...]
) -> np.ndarray | None:
    program, target = evidence.program, evidence.problem.target
    assert program is not None
    assert evidence.captured is not None
    captured = evidence.captured
    equations, counts = _along(program, captured, chosen, other)

    def changed(*leaves: Any) -> Any:
        env: list[Any] = [*[None] * len(program.types), *counts]
        for variable, value in zip((*program.inputs, *program.captured), (*leaves, *captured), strict=True):
            env[variable] = value
        interpret(equations, env)
        return env[program.outputs[0]]

    leaves = [
        vector[real].reshape(shape) for (real, _), shape in zip(target.point.slices, target.point.shapes, strict=True)
    ]
    try:
        with quiet(), np.errstate(all="ignore"):
            parts = grad(changed, argnums=tuple(range(len(leaves))), method="exact")(*leaves)
    except Exception:  # noqa: BLE001  (most other axes do not fit the shapes)
        return None
    return np.concatenate([np.ravel(part) for part in parts])


def _along(
    program: Program, captured: list[Any], chosen: frozenset[int], other: tuple[int, ...]
) -> tuple[list[Equation], list[float]]:
    """The equations with the chosen reductions along another axis; a sum that is divided by its length, a mean, by the new one."""
    known = dict(zip(program.captured, captured, strict=True))
    lengths: dict[int, tuple[int, int]] = {}
    equations, counts = [], []
    for k, e in enumerate(program.equations):
        if k in chosen:
            shape = program.types[e.inputs[0]].shape
            if other[0] < len(shape):
                lengths[e.outputs] = (shape[e.params[0][0]], shape[other[0]])
            e = Equation(e.primitive, e.inputs, (other, *e.params[1:]), e.outputs, e.location)
        elif e.primitive.name == "div" and e.inputs[0] in lengths and e.inputs[1] in known:
            old, new = lengths[e.inputs[0]]
            if np.ndim(known[e.inputs[1]]) == 0 and known[e.inputs[1]] == old:
                counts.append(float(new))
                place = len(program.types) + len(counts) - 1
                e = Equation(e.primitive, (e.inputs[0], place), e.params, e.outputs, e.location)
        equations.append(e)
    return equations, counts


def same_total(evidence: Evidence) -> list[Finding]:
    """Where nothing else explains it: the entries of a wrong block differ from the truth and have the same sum."""
    wrong = evidence.wrong
    for name, index in evidence.problem.layout:
        flat = index.ravel()
        if index.ndim < 2 or int(np.sum(wrong[flat])) < 3 or int(np.sum(wrong[flat])) < flat.size - 1:
            continue
        if any(_cancels(s.difference[index], s.bound[index]) for s in evidence.samples):
            continue
        rows = [(s.claimed[flat], s.truth[flat], s.bound[flat], s.usable[flat]) for s in evidence.samples]
        if all(
            np.all(usable) and abs(np.sum(c) - np.sum(t)) <= 4 * np.sum(b) and abs(np.sum(t)) > 1e3 * np.sum(b)
            for c, t, b, usable in rows
        ):
            say = f"the entries{' of ' + name if name else ''} have the right sum and the wrong values"
            return [Finding(Cause.WRONG_AXIS, say, 42.0)]
    return []


def _cancels(difference: np.ndarray, bound: np.ndarray) -> bool:
    """Whether the differences add up to zero along each line of one axis, as wrong forces between particles do anyway."""
    return any(
        bool(
            np.all(
                np.abs(difference.sum(axis=axis))
                <= 4 * bound.sum(axis=axis) + 1e-12 * np.abs(difference).sum(axis=axis)
            )
        )
        for axis in range(difference.ndim)
    )
