"""One direction after the other: claimed against numerical along random signs, and the search for what is wrong in a block."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwise import numerical
from gradwise.checking.evidence import unit_inside
from gradwise.checking.problem import Problem
from gradwise.checking.rounding import roughness, spread
from gradwise.checking.second_look import claim_jitter, finer, safe_values
from gradwise.checking.tightening import swapped
from gradwise.checking.verdicts import AGREES, CANNOT_TELL, NOISE, WRONG
from gradwise.quiet import quiet

FOUND = 12
HALVINGS = 80
PATIENCE = 8.0
"""How many directions the search for the wrong entries of failing blocks may take, and when it ends at the earliest, in seconds after the start."""


@dataclass
class Probe:
    """One directional derivative: claimed against numerical."""

    name: str
    entries: np.ndarray
    signs: np.ndarray
    claimed: float = 0.0
    numerical: float = 0.0
    bound: float = 0.0
    verdict: str = CANNOT_TELL
    reason: str = ""


@dataclass
class Search:
    """What the probes share."""

    problem: Problem
    bounds: Any
    claimed: np.ndarray
    slack: np.ndarray
    rng: np.random.Generator
    tightened: Any = None
    evaluations: int = 0
    probes: list[Probe] = field(default_factory=list)

    def probe(self, name: str, entries: np.ndarray) -> Probe:
        """Compare one direction of random signs on some entries."""
        target = self.problem.target
        signs = self.rng.choice([-1.0, 1.0], entries.size)
        u = np.zeros(target.size)
        u[entries] = signs
        with swapped(target, self.tightened or target.f):
            estimate = numerical.directional_derivative(
                target.call,
                target.point.build(target.point.vector),
                target.point.build(u),
                normalize=False,
                bounds=self.bounds,
                complex_step=target.complex_step,
            )
        self.evaluations += estimate.evaluations
        one = Probe(name, entries, signs, float(self.claimed[entries] @ signs), float(estimate.value))
        one.bound = (
            float(estimate.error) * (2 if estimate.status in NOISE else 1)
            + float(np.linalg.norm(self.slack[entries])) * 4
        )
        one.bound += 4 * target.unit * float(np.linalg.norm(self.claimed[entries]))
        one.verdict, one.reason = _verdict(one, estimate)
        if one.verdict == WRONG and self.tightened is None:
            self._look_again(one, u)
        self.probes.append(one)
        return one

    @functools.cached_property
    def jitter(self) -> np.ndarray:
        """What the entries of the claim change by at random where f is as ill-conditioned."""
        return claim_jitter(self.problem, self.rng)[0]

    @functools.cached_property
    def exact_noise(self) -> np.ndarray:
        """The rounding of the exact gradient, entry by entry; zero where there is none."""
        problem, nothing = self.problem, np.zeros(self.claimed.size)
        if problem.exact_at is None:
            return nothing
        vector, unit = problem.target.point.vector, unit_inside(problem)
        with quiet(), np.errstate(all="ignore"):
            try:
                exact = problem.exact_at(vector)
            except Exception:  # noqa: BLE001  (where f cannot be traced, nothing is known)
                return nothing
            own = spread(problem.exact_at, vector, exact, unit, self.rng)
            return np.maximum(own, roughness(problem.exact_at, vector, exact, unit, self.rng))[0]

    def _look_again(self, one: Probe, u: np.ndarray) -> None:
        """Leave open what rounding of the claim explains, and what smaller steps along the direction contradict."""
        values, vector = safe_values(self.problem), self.problem.target.point.vector
        gap = abs(one.claimed - one.numerical)
        if gap <= one.bound + 32 * float(np.linalg.norm(self.jitter[one.entries])):
            one.verdict = CANNOT_TELL
            one.reason = "the claim changes by as much as it is off when x moves by one rounding"
        elif gap <= one.bound + 32 * float(np.linalg.norm(self.exact_noise[one.entries])):
            one.verdict = CANNOT_TELL
            one.reason = "the exact derivative has rounding of its own here, as large as the difference"
        elif values is not None:
            size = float(np.max(np.abs(vector[one.entries]))) or 1.0
            here = float(values(vector)[0])
            along = lambda t: float(values(vector + t * u)[0])
            if finer(along, here, one.claimed, one.numerical, self.problem.unit, size):
                one.verdict = CANNOT_TELL
                one.reason = "steps of another size give other slopes, and one of them is the claimed one"

    def descend(self, one: Probe, found: dict[int, Probe], limit: int, deadline: float) -> None:
        """Halve a failing block until single wrong entries are left; what the first half does not explain is in the second."""
        stack = [one.entries]
        while stack and len(found) < FOUND and len(self.probes) < limit and time.perf_counter() < deadline:
            entries = stack.pop()
            if entries.size == 1:
                single = self.probe(self.problem.name_entry(int(entries[0])), entries)
                if single.verdict == WRONG:
                    found[int(entries[0])] = single
                continue
            middle = entries.size // 2
            first, second = entries[:middle], entries[middle:]
            if self.probe(one.name, first).verdict != WRONG:
                stack.append(second)
                continue
            stack.append(first)
            if self.probe(one.name, second).verdict == WRONG:
                stack.append(second)


def _verdict(one: Probe, estimate: Any) -> tuple[str, str]:
    gap = abs(one.claimed - one.numerical)
    if estimate.status == "kink":
        low, high = sorted((float(estimate.left), float(estimate.right)))
        give = 1e-4 * (abs(low) + abs(high)) + one.bound - float(estimate.error)
        # Along a direction the one-sided slopes bound u·g for every subgradient g of a convex kink, and of a concave one.
        return (AGREES, "") if low - give <= one.claimed <= high + give else (CANNOT_TELL, estimate.status.sentence)
    if not estimate.status.trusted:
        return CANNOT_TELL, estimate.status.sentence
    if gap <= one.bound:
        return AGREES, ""
    return (WRONG, "") if gap > 10 * one.bound else (CANNOT_TELL, "the difference is close to the numerical bound")
