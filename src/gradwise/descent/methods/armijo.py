"""Armijo's line search: the first of η, η/2, η/4, … that lowers f by a share of what the slope promises.

f(x + t d) ≤ f(x) + c₁ t g·d
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.descent.methods.automatic import falls, first_estimate, noise_of
from gradwise.descent.methods.protocol import Failed, Found, Search

_TRIALS = 60


def backtrack(
    x: np.ndarray, f: float, g: np.ndarray, d: np.ndarray, t: float, problem: Any, c1: float = 1e-4
) -> Found | Failed:
    """The first t, t/2, t/4, … that meets Armijo's condition along d."""
    step = t * d
    gain = -float(np.dot(g, step))  # of the step, not of d: that of a long d may be beyond the largest number
    if not gain > 0:
        return Failed(f"the search direction does not descend: g·d = {-gain / t:.3g}")
    noise = noise_of(f, g.dtype)
    for trial in range(_TRIALS):
        x_new = x + step
        # a gain within the rounding of f cannot be seen: who asked for more at first has failed, and did not arrive
        if np.array_equal(x_new, x) or (trial > 4 and gain <= noise):
            return Failed(
                f"f did not fall along the direction for any step down to {t:.2g}, whose gain would be within its rounding"
            )
        found = problem.try_evaluate(x_new)
        if found is not None and falls(found, f, g, f - c1 * gain, gain):
            return Found(x_new, found[0], found[1], t)
        t, step, gain = t / 2, step / 2, gain / 2
    return Failed(f"f did not fall along the direction for any step down to {t:.2g}")


class Armijo(Search):
    """Gradient descent with Armijo's condition; each search starts from twice the last step.

    Armijo, "Minimization of functions having Lipschitz continuous first partial derivatives", Pacific J. Math. 16 (1966).
    """

    name = "gd"
    plain = True

    def __init__(self, c1: float = 1e-4) -> None:
        self.c1 = c1

    def init(self, x: np.ndarray, g: np.ndarray) -> list[float]:
        return [0.0]

    def step(self, state: list[float], x: np.ndarray, f: float, g: np.ndarray, problem: Any) -> Found | Failed:
        start = 2 * state[0] if state[0] else 1 / first_estimate(x, g, problem)
        found = backtrack(x, f, g, -g, start, problem, self.c1)
        if isinstance(found, Found):
            state[0] = found.rate
        return found
