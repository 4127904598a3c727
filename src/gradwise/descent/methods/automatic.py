"""Gradient descent with η = 1/L̂, where L̂ is found on the way: ``learning_rate="auto"``.

accept x₊ = x − g/L̂  if  f₊ ≤ f − ‖g‖²/(2L̂)   (the descent lemma with L = L̂), else double L̂
"""

from __future__ import annotations

import math

import numpy as np

from gradwise.descent.lengths import length
from gradwise.descent.methods.protocol import Failed, Found, Search

_TRIALS = 80


def noise_of(f: float, dtype: np.dtype) -> float:
    """By how much f may be off through its own last rounding; a lower bound of its noise."""
    return 4 * float(np.finfo(dtype).eps) * abs(f)


def falls(found: tuple[float, np.ndarray], f: float, g: np.ndarray, bound: float, gain: float) -> bool:
    """Whether a point lowers f to the bound; where the promised gain is within the rounding of f, the gradient must tell: it must be shorter.

    (The idea of the approximate Wolfe conditions of Hager and Zhang, SIAM J. Optim. 16, 2005.)
    """
    if found[0] <= bound:
        return True
    noise = noise_of(f, g.dtype)
    return gain <= 100 * noise and found[0] <= bound + noise and length(found[1]) < length(g)


def first_estimate(x: np.ndarray, g: np.ndarray, problem: object) -> float:
    """L̂ from two gradients: ‖g(x + δ) − g(x)‖/‖δ‖ a little along −g; 1 over the length of the gradient where that says nothing."""
    size = length(g)
    eps = float(np.finfo(g.dtype).eps)
    delta = eps**0.5 * max(1.0, length(x)) / max(size, 1e-300)
    found = problem.try_evaluate(x - delta * g)  # type: ignore[attr-defined]  # an Objective
    if found is not None and delta * size > 0:
        L = length(found[1] - g) / (delta * size)
        if math.isfinite(L) and eps**0.5 * size < L:
            return L
    return max(size, 1e-12)


class Automatic(Search):
    """The rate η = 1/L̂ with backtracking.  L̂ may fall by a fifth from step to step, and is never below the curvature ‖Δg‖/‖Δx‖ of the last step.

    Beck and Teboulle, "A fast iterative shrinkage-thresholding algorithm", SIAM J. Imaging Sci. 2 (2009), section 4 (backtracking).
    """

    name = "gd"
    plain = True

    def init(self, x: np.ndarray, g: np.ndarray) -> list[float]:
        return [0.0]

    def step(self, state: list[float], x: np.ndarray, f: float, g: np.ndarray, problem: object) -> Found | Failed:
        L = state[0] or first_estimate(x, g, problem)
        size = length(g)
        noise = noise_of(f, g.dtype)
        evaluate = problem.try_evaluate  # type: ignore[attr-defined]  # an Objective
        for trial in range(_TRIALS):
            x_new, gain = x - (1 / L) * g, size * (size / L)
            # a gain within the rounding of f cannot be seen: who asked for more at first has failed, and did not arrive
            if np.array_equal(x_new, x) or (trial > 4 and gain <= noise):
                return Failed(f"f did not fall as the descent lemma says for any L up to {L:.2g}")
            found = evaluate(x_new)
            if found is not None and falls(found, f, g, f - gain / 2, gain):
                change = length(found[1] - g) / size * L
                state[0] = max(L / 1.25, change) if math.isfinite(change) else L
                return Found(x_new, found[0], found[1], 1 / L)
            L *= 2
        return Failed(f"f did not fall as the descent lemma says for any L up to {L:.2g}")

    def factor(self, rate: float, eigenvalue: float) -> float:
        return abs(1 - rate * eigenvalue)
