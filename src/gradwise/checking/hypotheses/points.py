"""The truth, but at another point: x scaled, shifted, clipped, cut, updated, or kept from another call."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from gradwise.checking.evidence import Evidence, Finding, Sample
from gradwise.checking.vocabulary import Cause
from gradwise.containers import flatten

Move = Callable[[np.ndarray], np.ndarray]

SECONDS = 1.0
"""How long a point is searched for along one line."""


def another_point(evidence: Evidence) -> list[Finding]:
    """The claim at x is the true derivative at another point: one with a name, one on a line, the same for every x."""
    return named_point(evidence) or _on_a_line(evidence) or _kept(evidence)


def named_point(evidence: Evidence) -> list[Finding]:
    """The claim at x is the true derivative at a point with a name."""
    found = []
    for cause, text, move, factor, rank in _moves(evidence):
        if _explains(evidence, move, factor):
            # where f is saturated any far point explains as much: 57 x has no name of its own then
            if cause is Cause.DEGREES and _explains(evidence, partial(_beyond, move=move), factor):
                continue
            found.append(Finding(cause, text, rank))
            if len(found) == 2:
                break
    return found


def _explains(evidence: Evidence, move: Move, factor: float) -> bool:
    points = []
    for sample in evidence.samples:
        with np.errstate(all="ignore"):
            vector = np.asarray(move(sample.vector), dtype=float)
        if (
            vector.shape != sample.vector.shape
            or not np.all(np.isfinite(vector))
            or np.array_equal(vector, sample.vector)
        ):
            return False
        points.append((sample, vector))
    # one direction refutes nearly every point, for a fraction of a gradient
    answers = []
    for sample, vector in points:
        answers.append(evidence.refuted(sample, vector, factor))
        if answers[-1]:
            return False
    for (sample, vector), answer in zip(points, answers, strict=True):
        known = (evidence.truth_at if answer is None else evidence.confirm_at)(vector)
        if known is None:
            return False
        truth, bound = known[0].ravel(), known[1].ravel()
        usable = sample.usable & np.isfinite(truth)
        if np.any(sample.wrong & ~usable):
            return False  # what is right without an explanation explains nothing
        if not np.any(usable) or not np.any(truth[usable]):
            return False
        if np.max(bound[usable]) > 1e-3 * np.max(np.abs(truth[usable])):
            return False
        gap = np.abs(sample.claimed - factor * truth)[usable]
        if not np.all(gap <= 2 * (np.abs(factor) * bound[usable] + sample.bound[usable])):
            return False
    return True


def _moves(evidence: Evidence) -> Iterator[tuple[Cause, str, Move, float, float]]:
    """Names of points, in the order in which they are tried: (cause, text, map of the vector, factor of the truth, rank)."""
    cut, point, degrees = Cause.TRUNCATION, Cause.ANOTHER_POINT, Cause.DEGREES
    yield cut, "claimed is the derivative at x cut to integers", np.trunc, 1.0, 8.0
    yield cut, "claimed is the derivative at x rounded to integers", np.round, 1.0, 8.0
    yield cut, "claimed is the derivative at floor(x)", np.floor, 1.0, 8.0
    for factor, text in ((1.0, ""), (np.pi / 180, " · π/180"), (180 / np.pi, " · 180/π")):
        yield degrees, f"claimed is the derivative at x · π/180{text}", np.deg2rad, factor, 9.0
        yield degrees, f"claimed is the derivative at x · 180/π{text}", np.rad2deg, factor, 9.0
    for value in (0.0, 1.0):
        yield (
            point,
            f"claimed is the derivative at x = {value:g}",
            partial(_filled, value=value),
            1.0,
            34.0,
        )
    yield point, "claimed is the derivative at −x", np.negative, 1.0, 34.0
    yield point, "claimed is the derivative at abs(x)", np.abs, 1.0, 34.0
    yield point, "claimed is the derivative at x / ‖x‖", lambda x: x / np.linalg.norm(x), 1.0, 34.0
    yield point, "claimed is the derivative at x − mean(x)", lambda x: x - np.mean(x), 1.0, 34.0
    yield point, "claimed is the derivative at x², not x", np.square, 1.0, 34.0
    yield point, "claimed is the derivative at exp(x), not x", np.exp, 1.0, 34.0
    yield point, "claimed is the derivative at log(x), not x", np.log, 1.0, 34.0
    for low, high in ((0, 1), (-1, 1), (0, np.inf)):
        yield (
            point,
            f"claimed is the derivative at x clipped to [{low}, {high}]",
            partial(np.clip, a_min=low, a_max=high),
            1.0,
            34.0,
        )
    if evidence.problem.target.size > 1:
        yield point, "claimed is the derivative at x reversed", lambda x: x[::-1], 1.0, 34.0
        yield point, "claimed is the derivative at x sorted", np.sort, 1.0, 34.0
        yield point, "claimed is the derivative at x rolled by one", lambda x: np.roll(x, 1), 1.0, 34.0
        yield point, "claimed is the derivative at x rolled back by one", lambda x: np.roll(x, -1), 1.0, 34.0
    shapes = evidence.problem.target.point.shapes
    if len(shapes) == 1 and len(shapes[0]) == 2 and shapes[0][0] == shapes[0][1]:
        yield point, "claimed is the derivative at x transposed", lambda x: x.reshape(shapes[0]).T.ravel(), 1.0, 34.0
    for factor in (2.0, 0.5, 10.0, 0.1):
        yield point, f"claimed is the derivative at {factor:g} x", partial(np.multiply, factor), 1.0, 34.0
    for shift in (1.0, -1.0):
        yield point, f"claimed is the derivative at x {shift:+g}", partial(np.add, shift), 1.0, 34.0
    for name, vector in _remembered(evidence):
        yield (
            point,
            f"claimed is the derivative at {name}, whatever x is",
            partial(_kept_vector, vector=vector),
            1.0,
            20.0,
        )


def _beyond(x: np.ndarray, move: Move) -> np.ndarray:
    return 1.1 * move(x)


def _filled(x: np.ndarray, value: float) -> np.ndarray:
    return np.full(x.shape, value)


def _kept_vector(x: np.ndarray, vector: np.ndarray) -> np.ndarray:
    return vector


def _remembered(evidence: Evidence) -> Iterator[tuple[str, np.ndarray]]:
    """Arrays of x's size that the claimed derivative reads from its closure, its module or its object."""
    claim: Any = getattr(evidence.problem.claim_at, "function", None)
    code = getattr(claim, "__code__", None)
    values: dict[str, Any] = {}
    if code is not None:
        try:
            values.update(inspect.getclosurevars(claim).nonlocals)
        except (TypeError, ValueError):
            values = {}
        scope = getattr(claim, "__globals__", {})
        values.update({name: scope[name] for name in code.co_names if name in scope})
        names = code.co_varnames[: code.co_argcount][::-1]
        values.update(zip(names, (claim.__defaults__ or ())[::-1], strict=False))
    values.update(getattr(getattr(claim, "__self__", claim), "__dict__", {}))
    size = evidence.problem.target.size
    for name, value in values.items():
        if isinstance(value, np.ndarray | list | tuple | dict | float):
            try:
                flat = [np.ravel(np.asarray(leaf, dtype=float)) for leaf in flatten(value)[0]]
            except (TypeError, ValueError):
                continue
            vector = np.concatenate(flat) if flat else np.zeros(0)
            if vector.size == size and np.all(np.isfinite(vector)) and not np.array_equal(vector, evidence.here.vector):
                yield name, vector


def _on_a_line(evidence: Evidence) -> list[Finding]:
    """The claim is the truth at x + t u, one unknown t and at least three equations, for u = x, 1 or the gradient."""
    here = evidence.here
    samples = [
        s
        for s in evidence.samples
        if np.all(np.isfinite(s.claimed[s.usable])) and np.all(np.isfinite(s.truth[s.usable]))
    ]
    if sum(int(np.sum(s.usable)) for s in samples) < 3:
        return []
    lines: list[tuple[Callable[[Sample], np.ndarray], str]] = [
        (lambda s: s.vector, "x + t x"),
        (lambda s: np.ones(s.vector.size), "x + t"),
    ]
    if evidence.problem.rows == 1 and here.truth.size == here.vector.size:
        lines.append((lambda s: np.where(s.usable, s.truth, 0.0), "x + t ∇f(x), a step taken too early"))
    for along, text in lines:
        t = _solve_line(evidence, samples, along)
        if t is not None and abs(t) > 1e-3 and all(_explains_at(evidence, s, s.vector + t * along(s)) for s in samples):
            # at t = -1 the point is 0, where many a missing term vanishes: a block says more
            rank = 35.0 if abs(t + 1) > 1e-6 else 36.0
            return [Finding(Cause.ANOTHER_POINT, f"claimed is the derivative at {text} with t = {t:.6g}", rank)]
    return []


def _solve_line(evidence: Evidence, samples: list[Sample], along: Callable[[Sample], np.ndarray]) -> float | None:
    """Minimise ‖claimed − truth(x + t u)‖ over t by Gauss-Newton from a few starts; None where it does not converge."""
    if not any(np.any(along(s)) for s in samples):
        return None
    size = float(np.linalg.norm(np.concatenate([s.claimed[s.usable] for s in samples])))

    ends = time.perf_counter() + SECONDS

    def residual(t: float) -> np.ndarray | None:
        if time.perf_counter() > ends:
            return None
        parts = []
        for sample in samples:
            known = evidence.truth_at(sample.vector + t * along(sample))
            if known is None:
                return None
            parts.append((known[0].ravel() - sample.claimed)[sample.usable])
        r = np.concatenate(parts)
        return r if np.all(np.isfinite(r)) else None

    for start in (0.0, -0.1, 0.1, -0.5, 0.5):
        t = start
        for _ in range(12):
            h = 1e-6 * max(1.0, abs(t))
            middle, above = residual(t), residual(t + h)
            if middle is None or above is None:
                break
            slope = (above - middle) / h
            curvature = float(slope @ slope)
            if curvature == 0.0:
                break
            step = float(slope @ middle) / curvature
            t -= step
            if abs(step) <= 1e-13 * max(1.0, abs(t)):
                break
        last = residual(t)
        if last is not None and np.linalg.norm(last) <= 1e-6 * size:
            return t
    return None


def _explains_at(evidence: Evidence, sample: Sample, vector: np.ndarray) -> bool:
    known = evidence.truth_at(vector)
    if known is None:
        return False
    truth, bound = known[0].ravel(), known[1].ravel()
    give = 4 * (bound + sample.bound) + 1e-9 * np.abs(truth)
    if not np.max(bound, where=sample.usable, initial=0.0) <= 1e-3 * np.max(
        np.abs(truth), where=sample.usable, initial=0.0
    ):
        return False
    return bool(np.all((np.abs(sample.claimed - truth) <= give)[sample.usable]))


def _kept(evidence: Evidence) -> list[Finding]:
    """The claim does not change with x although the truth does: it belongs to some other point."""
    if not evidence.near or evidence.problem.claim_at is None:
        return []
    frozen = all(
        np.array_equal(s.claimed, evidence.here.claimed, equal_nan=True) for s in [*evidence.near, *evidence.far]
    )
    moves = any(
        np.any(np.abs(s.truth - evidence.here.truth)[s.usable & evidence.here.usable] > 100 * np.max(s.bound[s.usable]))
        for s in evidence.near
    )
    if frozen and moves and np.any(evidence.here.claimed) and np.unique(evidence.here.claimed).size > 1:
        return [
            Finding(Cause.ANOTHER_POINT, "claimed is the same at every x: it was computed once, at another point", 44.0)
        ]
    return []
