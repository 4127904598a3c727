"""A rule applied wrongly at one place of the traced program: a term dropped, negated, scaled, or passed on unmultiplied.

For the edge from operand u to v = p(…, u, …), with c the part of the gradient that flows through it,

    claimed − true = α c      α = −1 dropped, −2 negated, −½ halved, 1 doubled
    claimed − true = c' − c   c' what would flow if the local derivative were 1, not summed, or summed over another axis
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.checking.evidence import Evidence, Finding, Sample
from gradwise.checking.hypotheses.backward import Backward, Edge
from gradwise.checking.hypotheses.factors import name_factor
from gradwise.checking.hypotheses.missing import fits_row, missing_term, two_paths
from gradwise.checking.hypotheses.powers import Slip, power_slips
from gradwise.checking.vocabulary import Cause

MOST_EDGES = 160
PRODUCTS = frozenset({"mul", "matmul", "dot", "einsum", "tensordot", "outer", "inner", "vdot", "kron", "convolve"})
LINEAR = frozenset({
    "add", "sub", "neg", "sum", "getitem", "reshape", "transpose", "broadcast_to", "convert", "concatenate", "stack", "sum_to",
    "scatter_add", "scatter_set", "select", "real", "conj", "flip", "roll",
})  # fmt: skip
"""Their local derivatives are 0, 1 or −1: without them nothing inner is missing."""


def chain_rule(evidence: Evidence) -> list[Finding]:
    """Find the edges of the program where one wrong rule explains the claim."""
    passes = passes_at(evidence)
    if passes is None:
        return []
    first = passes[0][0]
    edges = first.edges()
    if not edges or len(edges) > MOST_EDGES:
        return []
    bars = [back.cotangents() for back, _, _ in passes]
    found: list[Finding] = []
    flows: dict[Edge, list[np.ndarray]] = {}
    for edge in edges:
        found += _edge(evidence, passes, bars, edge, flows)
    found += _inner(passes, bars)
    if not found:
        found = two_paths(passes, flows)
    best: dict[Cause, Finding] = {}
    for finding in found:
        if finding.cause not in best or finding.rank < best[finding.cause].rank:
            best[finding.cause] = finding
    if {Cause.DETACHED, Cause.SIGN_FLIP} <= set(best):
        # half of u · u with the wrong sign is the same as nothing of it
        best[Cause.SIGN_FLIP].rank = max(best[Cause.SIGN_FLIP].rank, best[Cause.DETACHED].rank + 0.5)
    if any(finding.rank < 20 for finding in best.values()):
        best.pop(Cause.DETACHED, None)
        if Cause.PRODUCT_RULE in best and best[Cause.PRODUCT_RULE].rank > 37:
            best.pop(Cause.PRODUCT_RULE)
    return list(best.values())


def passes_at(evidence: Evidence) -> list[tuple[Backward, Sample, list[np.ndarray]]] | None:
    """A backward pass at x and, if the program is the same there, near it; each with the claimed gradient of the scalar."""
    program, problem = evidence.program, evidence.problem
    if (
        program is None
        or evidence.captured is None
        or problem.scalar is None
        or len(program.outputs) != 1
        or problem.target.point.has_complex
    ):
        return None
    passes = []
    weights = np.ones((1, 1)) if problem.weights is None else problem.weights
    for sample in evidence.samples[:2]:
        leaves = problem.target.point
        inputs = [
            sample.vector[real].astype(dtype).reshape(shape)
            for (real, _), shape, dtype in zip(leaves.slices, leaves.shapes, leaves.dtypes, strict=True)
        ]
        try:
            back = Backward(program, inputs, evidence.captured)
        except Exception:  # noqa: BLE001, S112  (a program may not run at another point)
            continue
        claimed = (weights @ sample.claimed.reshape(problem.rows, -1)).ravel()
        truth = (weights @ sample.truth.reshape(problem.rows, -1)).ravel()
        bound = (np.abs(weights) @ sample.bound.reshape(problem.rows, -1)).ravel()
        usable = np.all(sample.usable.reshape(problem.rows, -1), axis=0)
        row = Sample(sample.vector, claimed, truth, bound, usable, None)
        exact = back.flat(back.cotangents())
        if exact.shape != truth.shape or not np.any(usable):
            continue
        give = 8 * bound + 1e-9 * np.abs(truth)
        if not np.all((np.abs(exact - truth) <= give)[usable]):
            continue  # another branch is taken here, or the numerical derivative is off
        row.truth = np.where(usable, exact, truth)
        back.forget_shifts()
        passes.append((back, row, inputs))
    return passes if passes and passes[0][1].vector is evidence.here.vector else None


def _edge(
    evidence: Evidence, passes: Any, bars: list[list[Any]], edge: Edge, flows: dict[Edge, list[np.ndarray]]
) -> list[Finding]:
    """Try every mistake on one edge; what flows through it is kept in ``flows``."""
    position, place = edge
    contributions, pulled = [], []
    for (back, _, _), bar in zip(passes, bars, strict=True):
        equation = back.program.equations[position]
        if bar[equation.outputs] is None:
            return []
        part = back.pull(position, bar[equation.outputs])[place]
        if part is None:
            return []
        variable = equation.inputs[place]
        contributions.append(back.inputs_from(variable, part, position))
        pulled.append(part)
    back, row, _ = passes[0]
    equation = back.program.equations[position]
    if not np.any(contributions[0]):
        return []
    flows[edge] = contributions
    found = _scaled(evidence, passes, contributions, edge)
    for cause, text, replace, rank in _replacements(equation, place):
        if all(
            _replaced(p, c, v, b, edge, replace) for p, c, v, b in zip(passes, contributions, pulled, bars, strict=True)
        ):
            inner = back.expression(equation.inputs[place])
            outer = back.expression(equation.outputs)
            if cause is Cause.INNER and found and found[0].cause is not Cause.DETACHED:
                rank += 20.0  # a forgotten constant has a better name
            elif cause is Cause.INNER and _only_scales(back, position):
                rank += 20.0  # as has the coefficient of a term
            say = text.format(inner=inner, outer=outer, op=equation.primitive.name) + back.where(equation)
            found.append(Finding(cause, say, rank))
    for cause, text, slip, rank in power_slips(equation, place):
        if all(
            _slipped(p, c, v, b, edge, slip) for p, c, v, b in zip(passes, contributions, pulled, bars, strict=True)
        ):
            found.append(
                Finding(cause, text.format(outer=back.expression(equation.outputs)) + back.where(equation), rank)
            )
    return found


def _slipped(one: Any, contribution: np.ndarray, part: Any, bars: list[Any], edge: Edge, slip: Slip) -> bool:
    """Whether the claim is the gradient with another part at the edge."""
    back, row, _ = one
    equation = back.program.equations[edge[0]]
    with np.errstate(all="ignore"):
        other = slip(part, [back.env[i] for i in equation.inputs], bars[equation.outputs])
    if np.allclose(other, part, rtol=1e-9, atol=0.0):
        return False
    return fits_row(row, row.truth - contribution + back.inputs_from(equation.inputs[edge[1]], other, edge[0]))


def _only_scales(back: Backward, position: int) -> bool:
    """Whether an equation multiplies by a constant, and nothing behind it is more than linear: the coefficient of a term."""
    equation = back.program.equations[position]
    if equation.primitive.name not in ("mul", "div") or sum(back.active[i] for i in equation.inputs) != 1:
        return False
    reached = {equation.outputs}
    for later in back.program.equations[position + 1 :]:
        if not reached & set(later.inputs):
            continue
        scales = later.primitive.name in ("mul", "div") and sum(back.active[i] for i in later.inputs) == 1
        if later.primitive.name not in LINEAR | {"mean"} and not (scales and back.active[later.inputs[0]]):
            return False
        reached |= set(later.output_tuple)
    return True


def _inner(passes: Any, bars: list[list[Any]]) -> list[Finding]:
    """The cotangent of an intermediate value is passed on to x as it is: all of its inner derivative is missing."""
    back = passes[0][0]
    if len(back.program.inputs) != 1:
        return []
    shape = back.program.types[back.program.inputs[0]].shape
    for position, equation in enumerate(back.program.equations):
        if (
            equation.primitive.multiple
            or back.program.types[equation.outputs].shape != shape
            or not back.active[equation.outputs]
        ):
            continue
        variable, fits = equation.outputs, True
        for (one, row, _), bar in zip(passes, bars, strict=True):
            if bar[variable] is None:
                fits = False
                break
            contribution = one.inputs_from(variable, bar[variable], position + 1)
            other = np.ravel(np.broadcast_to(bar[variable], shape))
            if np.allclose(contribution, other, rtol=1e-9, atol=0.0) or not fits_row(
                row, row.truth - contribution + other
            ):
                fits = False
                break
        if fits:
            say = f"the derivative of {back.expression(variable)} with respect to x is missing{back.where(equation)}"
            return [Finding(Cause.INNER, say, 13.2)]
    return []


def _replaced(one: Any, contribution: np.ndarray, part: Any, bars: list[Any], edge: Edge, replace: Any) -> bool:
    """Whether the claim is the gradient with what flows through the edge replaced."""
    back, row, _ = one
    equation = back.program.equations[edge[0]]
    variable = equation.inputs[edge[1]]
    with np.errstate(all="ignore"):
        other = replace(np.asarray(bars[equation.outputs]), np.asarray(part), np.shape(back.env[variable]))
    if other is None or (np.shape(other) == np.shape(part) and np.array_equal(other, part)):
        return False
    return fits_row(row, row.truth - contribution + back.inputs_from(variable, other, edge[0]))


def _scaled(evidence: Evidence, passes: Any, contributions: list[np.ndarray], edge: Edge) -> list[Finding]:
    """The edge's contribution enters with a wrong factor 1 + α."""
    back, row, _ = passes[0]
    position, place = edge
    equation = back.program.equations[position]
    known = row.usable & (np.abs(contributions[0]) > 1e3 * row.bound)
    if not np.any(known):
        return []
    k = int(np.flatnonzero(known)[np.argmax(np.abs(contributions[0][known]))])
    alpha = float(row.difference[k] / contributions[0][k])
    doubt = float(row.bound[k] / abs(contributions[0][k]))
    whole = all(_proportional(c, p[1].truth) for p, c in zip(passes, contributions, strict=True))
    factor = 0.0 if abs(1 + alpha) < 1e-9 + 3 * doubt else 1 + alpha
    if not all(fits_row(p[1], p[1].truth + (factor - 1) * c) for p, c in zip(passes, contributions, strict=True)):
        return []
    name = equation.primitive.name
    inner, outer = back.expression(equation.inputs[place]), back.expression(equation.outputs)
    where = back.where(equation)
    flows = sum(back.active[i] for i in equation.inputs)
    if factor == 0.0:
        if whole:
            return []
        if (name in PRODUCTS or name == "div") and flows > 1 and len(set(equation.inputs)) > 1:
            return [Finding(Cause.PRODUCT_RULE, f"the derivative of {inner} in {outer} is missing{where}", 12.0)]
        say = f"what flows through {inner} in {outer} is missing{where}"
        return [Finding(Cause.DETACHED, say, 38.0), *missing_term(row, say, 37.9)]
    if abs(factor + 1) < 1e-9 + 3 * doubt:
        if (name == "div" and place == 1) or name == "reciprocal" or (name == "power" and _negative(equation)):
            rank = 12.0 if not whole else 26.0
            return [
                Finding(Cause.QUOTIENT_SIGN, f"the derivative of {inner} in {outer} has the wrong sign{where}", rank)
            ]
        say = f"the derivative of {inner} in {outer} has the wrong sign{where}"
        return [] if whole else [Finding(Cause.SIGN_FLIP, say, 26.0)]
    if whole:
        return []
    return [
        Finding(
            cause,
            f"the derivative of {inner} in {outer} enters {factor:.6g} times, should be once ({text}){where}",
            # nobody writes -2 for 1/2, and a length is easily met by chance: a plain factor of the whole is likelier
            33.0 if factor < 0 else 31.0 if cause in (Cause.MISSING_1_N, Cause.EXTRA_1_N) else 26.5,
        )
        for cause, text, _ in name_factor(factor, doubt, evidence.lengths)
    ]


def _proportional(contribution: np.ndarray, truth: np.ndarray) -> bool:
    """Whether all of the gradient flows through the edge."""
    return bool(np.allclose(contribution, truth, rtol=1e-9, atol=1e-12 * float(np.max(np.abs(truth), initial=0.0))))


def _negative(equation: Any) -> bool:
    return bool(equation.params) and isinstance(equation.params[0], int | float) and equation.params[0] < 0


def _replacements(equation: Any, place: int) -> list[tuple[Cause, str, Any, float]]:
    """Ways to get one edge wrong: (cause, text, f(bar of the output, right part, shape of the operand), rank)."""
    name = equation.primitive.name
    table: list[tuple[Cause, str, Any, float]] = []
    if name not in LINEAR:
        say = "the derivative of {op} in {outer} is missing: its result is passed on to {inner} as it is"
        table.append(
            (Cause.INNER, say, lambda bar, part, shape: bar if bar.shape == shape else _spread(bar, shape), 13.0)
        )
    if name in ("sum", "mean", "sum_to", "max", "min", "prod", "matmul", "cumsum"):
        say = "what comes back from {op} in {outer} runs along the wrong axis of {inner}"
        table += [
            (Cause.WRONG_AXIS, say, lambda bar, part, shape, way=way: _other_axis(bar, part, shape, way), 14.0)
            for way in ("swap", "transpose")
        ]
    if name == "cumsum":
        say = "the derivative of {op} in {outer} is summed in the direction of {op}, not against it"
        table.append((Cause.WRONG_AXIS, say, lambda bar, part, shape: np.cumsum(bar) if bar.ndim == 1 else None, 14.2))
    say = "{inner} is broadcast in {outer}, and its derivative is "
    table += [
        (
            Cause.WRONG_AXIS,
            say + "summed over the wrong axis",
            lambda bar, part, shape: _sum_other(bar, part, shape),
            14.0,
        ),
        (
            Cause.BROADCAST,
            say + "that of the first copy, not the sum",
            lambda bar, part, shape: _one_copy(bar, part, shape, 0),
            14.5,
        ),
        (
            Cause.BROADCAST,
            say + "that of the last copy, not the sum",
            lambda bar, part, shape: _one_copy(bar, part, shape, -1),
            14.5,
        ),
        (
            Cause.BROADCAST,
            say + "the mean over the copies, not the sum",
            lambda bar, part, shape: _mean_copy(bar, part, shape),
            14.6,
        ),
    ]
    return table


def _spread(bar: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """A cotangent handed on unmultiplied to a larger operand, T of T @ v with its last axis new."""
    for part in (bar, bar[..., None]):
        try:
            return np.broadcast_to(part, shape)
        except ValueError:
            continue
    return None


def _other_axis(bar: np.ndarray, part: np.ndarray, shape: tuple[int, ...], way: str) -> np.ndarray | None:
    """Broadcast a cotangent along another axis of a square operand."""
    if part.ndim < 2 or part.shape[-1] != part.shape[-2]:
        return None
    return part.swapaxes(-1, -2) if way == "transpose" else part[::-1, ::-1].swapaxes(-1, -2)


def _extra(bar: np.ndarray, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Axes of the output along which the operand was broadcast."""
    lead = bar.ndim - len(shape)
    if lead < 0 or any(length not in (1, wide) for length, wide in zip(shape, bar.shape[lead:], strict=True)):
        return ()
    return (
        *range(lead),
        *(axis + lead for axis, length in enumerate(shape) if length == 1 and bar.shape[axis + lead] > 1),
    )


def _per_copy(bar: np.ndarray, part: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """What each copy of a broadcast operand gets, when the local derivative is ±1 or constant over the copies."""
    axes = _extra(bar, shape)
    if not axes:
        return None
    total = bar.sum(axis=axes).reshape(shape)
    with np.errstate(all="ignore"):
        ratio = np.where(total != 0, part / total, 0.0)
    flat = ratio[total != 0]
    if flat.size == 0 or not np.allclose(flat, flat[0], rtol=1e-9):
        return None
    return bar * flat[0]


def _sum_other(bar: np.ndarray, part: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    copies = _per_copy(bar, part, shape)
    if copies is None or copies.ndim != 2:
        return None
    axis = _extra(bar, shape)[0]
    other = copies.sum(axis=1 - axis)
    return other.reshape(shape) if other.size == int(np.prod(shape)) else None


def _one_copy(bar: np.ndarray, part: np.ndarray, shape: tuple[int, ...], which: int) -> np.ndarray | None:
    copies = _per_copy(bar, part, shape)
    if copies is None:
        return None
    for axis in sorted(_extra(bar, shape), reverse=True):
        copies = np.take(copies, which, axis=axis)
    return copies.reshape(shape)


def _mean_copy(bar: np.ndarray, part: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    copies = _per_copy(bar, part, shape)
    return None if copies is None else copies.mean(axis=_extra(bar, shape)).reshape(shape)
