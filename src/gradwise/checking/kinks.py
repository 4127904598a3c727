"""Whether x sits on a kink of the traced program, and the exact derivatives just beside it."""

from __future__ import annotations

import numpy as np

from gradwise.checking.problem import Problem
from gradwise.operators import kinks
from gradwise.quiet import quiet


def kinks_at(problem: Problem) -> list[str]:
    """Each kink that x sits on, as text."""
    target = problem.target
    with quiet(), np.errstate(all="ignore"):
        try:
            return [str(kink) for kink in kinks(problem.scalar or target.call, target.point.build(target.point.vector))]
        except Exception:  # noqa: BLE001  (where kinks cannot be asked for, the numerical derivative finds them)
            return ["unknown"]


def limits_beside(
    problem: Problem, vector: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray] | None:
    """Smallest and largest exact derivative at points around a kink: an inner sample of Clarke's subdifferential."""
    assert problem.exact_at is not None
    size = 1e-9 * np.where(vector != 0, np.abs(vector), max(1e-3, float(np.median(np.abs(vector)))))
    found = []
    with quiet(), np.errstate(all="ignore"):
        for _ in range(4):
            step = size * rng.uniform(0.2, 1.0, vector.size) * rng.choice([-1.0, 1.0], vector.size)
            for point in (vector + step, vector - step):  # so that every entry is looked at from both sides
                try:
                    found.append(problem.exact_at(point))
                except Exception:  # noqa: BLE001, S112  (f may be undefined on one side)
                    continue
    if len(found) < 4:
        return None
    return np.min(found, axis=0), np.max(found, axis=0)
