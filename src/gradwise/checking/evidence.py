"""What a hypothesis may look at: the claim and the truth at x, at points near it, and at points far from it.

A hypothesis must explain every entry at x.  Points *near* (each entry moved by 5 to 30 %) multiply the equations: a factor
that is 2 at x and 3 beside it is no constant factor.  Points *far* (−x, x in another order) tell a branch from a block.
They serve the diagnosis only; verdicts are about x.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwise.checking.elementary import with_numpy
from gradwise.checking.lengths import lengths_of
from gradwise.checking.problem import Problem
from gradwise.checking.rounding import rounding
from gradwise.checking.targets import Target
from gradwise.checking.verdicts import Verdicts
from gradwise.checking.vocabulary import Cause
from gradwise.operators.arguments import Arguments
from gradwise.program import Program
from gradwise.quiet import quiet
from gradwise.tracing import record

SECONDS = 2.0
"""What the truth at other points may cost where it must be found numerically, entry by entry."""

LONGEST = 6.0
"""After so many seconds no further point is tried."""

CONFIRMED = 4
"""How many points may be looked at entry by entry after that, because a direction there has agreed."""


@dataclass
class Sample:
    """Claim and truth at one point; flat arrays of N = rows · n entries."""

    vector: np.ndarray
    claimed: np.ndarray
    truth: np.ndarray
    bound: np.ndarray
    usable: np.ndarray
    carrier: np.ndarray | None

    def fits(self, candidate: np.ndarray, bound: np.ndarray | None = None) -> bool:
        """Whether the claim is this candidate, entry by entry, within twice the bounds."""
        give = 2 * (self.bound if bound is None else bound) + 1e-13 * np.abs(candidate)
        with np.errstate(invalid="ignore"):
            close = np.abs(self.claimed - candidate) <= give
        return bool(np.any(self.usable)) and bool(np.all(close[self.usable]))

    @property
    def wrong(self) -> np.ndarray:
        """Entries where the claim is not the truth, by the bounds of this point."""
        with np.errstate(invalid="ignore"):
            return self.usable & ~(np.abs(self.claimed - self.truth) <= 4 * self.bound)

    @property
    def difference(self) -> np.ndarray:
        """The claim minus the truth."""
        return self.claimed - self.truth

    def informative(self, mask: np.ndarray | None = None) -> np.ndarray:
        """Usable entries whose truth is known to two digits, so that a ratio with it means something."""
        known = self.usable & (np.abs(self.truth) > 100 * self.bound) & np.isfinite(self.claimed)
        return known if mask is None else known & mask


@dataclass
class Finding:
    """A cause that explains every entry.

    Attributes
    ----------
    cause : Cause
    detail : str
        The evidence, in numbers.
    rank : float
        Smaller is simpler or more specific; reports list causes in this order.
    """

    cause: Cause
    detail: str
    rank: float = 50.0


@dataclass
class Evidence:
    """All that hypotheses see."""

    problem: Problem
    here: Sample
    verdicts: Verdicts
    near: list[Sample] = field(default_factory=list)
    far: list[Sample] = field(default_factory=list)
    lengths: dict[int, str] = field(default_factory=dict)
    program: Program | None = None
    captured: list[Any] | None = None
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    truth_at: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray] | None] = lambda vector: None
    confirm_at: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray] | None] = lambda vector: None

    started: float = field(default_factory=time.perf_counter)

    @property
    def samples(self) -> list[Sample]:
        """The point and those near it."""
        return [self.here, *self.near]

    @property
    def wrong(self) -> np.ndarray:
        """Flat mask of the entries with verdict wrong, where the truth is known."""
        return (self.verdicts.verdict.ravel() == "wrong") & self.here.usable

    def refuted(self, sample: Sample, vector: np.ndarray, factor: float) -> bool | None:
        """Whether one random direction shows that the claim at a sample is not `factor` times the truth at another point.

        None where a direction would be no cheaper than the truth, or tells nothing.
        """
        slope_at = self.problem.slope_at
        if self.problem.stays or time.perf_counter() - self.started > LONGEST:
            return True  # enough was tried
        if slope_at is None or (self.verdicts.judged_by_exact and self.problem.exact_at is not None):
            return None
        size = np.where(vector == 0, np.median(np.abs(vector)), np.abs(vector)) + 1e-300
        direction = np.where(sample.usable, self.rng.choice([-1.0, 1.0], vector.size) * size, 0.0)
        with quiet(), np.errstate(all="ignore"):
            try:
                slope = slope_at(vector, direction)
            except Exception:  # noqa: BLE001  (f may fail away from x: then this is not the point)
                return True
        if not slope.status.trusted:
            return None
        claimed = sample.claimed[sample.usable] @ direction[sample.usable]
        give = np.abs(direction[sample.usable]) @ sample.bound[sample.usable] + abs(factor) * slope.error
        return not abs(claimed - factor * slope.value) <= 4 * give + 1e-9 * abs(claimed)

    def everywhere(self, build: Callable[[Sample], np.ndarray | None], stretch: float = 1.0) -> bool:
        """Whether the claim equals ``build(sample)`` at x and at every near point."""
        for sample in self.samples:
            candidate = build(sample)
            if candidate is None or not sample.fits(candidate, sample.bound * max(1.0, stretch)):
                return False
        return True


def gather(problem: Problem, verdicts: Verdicts, rng: np.random.Generator) -> Evidence:
    """Collect the evidence for a claim that has wrong entries."""
    vector = problem.target.point.vector
    truth_at, confirm_at = _truth(problem, verdicts)
    here = _sample(problem, vector, problem.claimed, verdicts.truth, verdicts.bound, verdicts.usable)
    evidence = Evidence(problem, here, verdicts, rng=rng, truth_at=truth_at, confirm_at=confirm_at)
    evidence.program, evidence.captured = program_of(problem)
    evidence.lengths = lengths_of(problem, evidence.program)
    if problem.claim_at is not None and not problem.stays:
        started = time.perf_counter()
        for points, kept in ((_near(vector, rng), evidence.near), (_far(vector, rng), evidence.far)):
            for point in points:
                sample = _elsewhere(problem, point, truth_at)
                if sample is not None:
                    kept.append(sample)
                if time.perf_counter() - started > SECONDS:
                    return evidence
    return evidence


def _sample(
    problem: Problem, vector: np.ndarray, claimed: np.ndarray, truth: np.ndarray, bound: np.ndarray, usable: np.ndarray
) -> Sample:
    carrier = None if problem.carrier is None else problem.carrier(vector).ravel()
    return Sample(vector, claimed.ravel(), truth.ravel(), bound.ravel(), usable.ravel(), carrier)


Truth = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray] | None]


def _truth(problem: Problem, verdicts: Verdicts) -> tuple[Truth, Truth]:
    """Return two functions that give the true derivative and its bound at any point, None where there is none.

    Numerical ones end after some seconds: the first by the clock, the second, which is meant for points that a direction
    has singled out, after a few points more.
    """
    blocks = [index.ravel() for _, index in problem.layout]
    started = time.perf_counter()
    confirmed = [0]
    unit = unit_inside(problem) if verdicts.judged_by_exact and problem.exact_at is not None else problem.unit

    def known(vector: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        if problem.stays:
            return None
        with quiet(), np.errstate(all="ignore"):
            try:
                if verdicts.judged_by_exact and problem.exact_at is not None:
                    exact = problem.exact_at(vector)
                    slack = rounding(exact, np.zeros(exact.shape), unit, blocks)
                    return exact, 64 * slack
                numbers = problem.numerical_at(vector)
            except Exception:  # noqa: BLE001  (f may fail away from x)
                return None
            value = np.where([[s.trusted for s in row] for row in numbers.status], numbers.value, np.nan)
            return value, 2 * numbers.error + 64 * problem.unit * np.abs(numbers.value)

    def in_time() -> bool:
        exact = verdicts.judged_by_exact and problem.exact_at is not None
        return exact or time.perf_counter() - started <= SECONDS

    def truth_at(vector: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        return known(vector) if in_time() else None

    def confirm_at(vector: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        if not in_time():
            confirmed[0] += 1
        return known(vector) if confirmed[0] <= CONFIRMED else None

    return truth_at, confirm_at


def _elsewhere(problem: Problem, vector: np.ndarray, truth_at: Any) -> Sample | None:
    assert problem.claim_at is not None
    found = truth_at(vector)
    if found is None:
        return None
    truth, bound = found
    with quiet(), np.errstate(all="ignore"):
        try:
            claimed = problem.claim_at(vector)
        except Exception:  # noqa: BLE001  (a claim may fail away from x)
            return None
    if claimed.shape != problem.claimed.shape:
        return None
    usable = np.isfinite(truth) & np.isfinite(bound)
    blocks = [index.ravel() for _, index in problem.layout]
    slack = rounding(claimed, np.zeros(claimed.shape), problem.unit, blocks)
    return _sample(problem, vector, claimed, truth, bound + 64 * slack, usable) if np.any(usable) else None


def _near(vector: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    typical = float(np.median(np.abs(vector[vector != 0]))) if np.any(vector) else 1.0
    points = []
    for keep_zeros in (True, False):
        factor = 1 + rng.uniform(0.05, 0.3, vector.size) * rng.choice([-1.0, 1.0], vector.size)
        moved = vector * factor
        if not keep_zeros or not np.any(vector):
            moved = np.where(vector == 0, 0.1 * typical * rng.uniform(0.5, 1.5, vector.size), moved)
        points.append(moved)
    return points


def _far(vector: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    points = [-vector * (1 + rng.uniform(0.05, 0.2, vector.size))]
    if vector.size > 1:
        points.append(np.roll(vector, vector.size // 2) * (1 + rng.uniform(0.01, 0.05, vector.size)))
    if vector.size > 2:
        points.append(rng.permutation(vector) * (1 + rng.uniform(0.01, 0.05, vector.size)))
    return points


def program_of(problem: Problem) -> tuple[Program | None, list[Any] | None]:
    """The traced program of f and the values that it captured; None where f cannot be traced."""
    target = problem.target
    found = _record(target, problem.scalar or target.call)
    other = with_numpy(target.f) if found[0] is None and problem.weights is None else None
    return found if other is None else _record(target, lambda moving: other(*target.arguments(moving)))


def unit_inside(problem: Problem) -> float:
    """The relative spacing of the coarsest floating-point type that f computes in: its exact derivative is exact to that."""
    program, _ = program_of(problem)
    types = () if program is None else {t.dtype for t in program.types if t is not None and t.dtype.kind in "fc"}
    return max([problem.unit, *(float(np.finfo(dtype).eps) for dtype in types)])


def _record(target: Target, function: Callable[[Any], Any]) -> tuple[Program | None, list[Any] | None]:
    try:
        with quiet(), np.errstate(all="ignore"):
            arguments = Arguments(target.f, 0, (target.point.build(target.point.vector),), {}, "check_grad")
            call = lambda leaves: function(arguments.rebuild(leaves)[0])
            recording = record(target.f, arguments.leaves, (True,) * len(arguments.leaves), call)
            names = zip(recording.tape.inputs, target.paths, strict=True)
            recording.labels = {variable: f"x{path}" for variable, path in names}
            program = recording.program
    except Exception:  # noqa: BLE001  (what cannot be traced is diagnosed without a program)
        return None, None
    return (None, None) if recording.nested else (program, list(recording.tape.captured_values()))
