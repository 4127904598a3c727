"""The adaptive step of Malitsky and Mishchenko: no line search, no constant, one gradient a step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwise.descent.lengths import length
from gradwise.descent.methods.automatic import first_estimate
from gradwise.descent.methods.protocol import Failed, Found, Search


class Adaptive(Search):
    """The rate η_k = min(√(1 + θ) η_{k−1}, ‖Δx‖/(2‖Δg‖)), θ = η_{k−1}/η_{k−2}; x₊ = x − η_k g.

    It converges on every convex function with a locally Lipschitz gradient; f need not fall at each step.

    Malitsky and Mishchenko, "Adaptive gradient descent without descent" (2020), algorithm 1.
    """

    name = "gd"
    plain = True

    def init(self, x: np.ndarray, g: np.ndarray) -> list[Any]:
        return [0.0, math.inf, None, None]

    def step(self, state: list[Any], x: np.ndarray, f: float, g: np.ndarray, problem: Any) -> Found | Failed:
        rate, theta, x_old, g_old = state
        if x_old is None:
            new = 1 / (2 * first_estimate(x, g, problem))
            theta = math.inf
        else:
            change = length(g - g_old)
            local = length(x - x_old) / (2 * change) if change > 0 else math.inf
            grown = math.sqrt(1 + theta) * rate
            new = min(grown, local)
            if not math.isfinite(new):
                new = 2 * rate
            if not new > 0:
                return Failed(
                    "the rate fell below the smallest number: the gradient changes without bound along its own direction"
                )
            theta = new / rate
        x_new = x - new * g
        state[:] = [new, theta, x, g]
        value, gradient = problem.evaluate(x_new)
        return Found(x_new, value, gradient, new)
