"""SciPy's line search for the strong Wolfe conditions, with f and its gradient from one call.

f(x + t d) ≤ f(x) + c₁ t g·d     and     |g(x + t d)·d| ≤ c₂ |g·d|
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy

from gradwise.descent.methods.armijo import backtrack
from gradwise.descent.methods.automatic import first_estimate
from gradwise.descent.methods.protocol import Failed, Found, Search
from gradwise.quiet import quiet


class StrongWolfe(Search):
    """Gradient descent with the strong Wolfe conditions.

    Wolfe, "Convergence conditions for ascent methods", SIAM Rev. 11 (1969); the search is ``scipy.optimize.line_search``.  Where it gives up, Armijo's
    condition alone is tried before the descent fails.
    """

    name = "gd"
    plain = True

    def __init__(self, c1: float = 1e-4, c2: float = 0.1) -> None:
        self.c1, self.c2 = c1, c2

    def init(self, x: np.ndarray, g: np.ndarray) -> list[Any]:
        return [None, 0.0]

    def step(self, state: list[Any], x: np.ndarray, f: float, g: np.ndarray, problem: Any) -> Found | Failed:
        seen: dict[bytes, tuple[float, np.ndarray]] = {x.tobytes(): (f, g)}

        def both(z: np.ndarray) -> tuple[float, np.ndarray]:
            key = z.tobytes()
            if key not in seen:
                seen[key] = problem.try_evaluate(z) or (math.inf, np.full_like(z, np.nan))
            return seen[key]

        scale = state[1] or 1 / first_estimate(
            x, g, problem
        )  # SciPy tries a step of 1 first: the direction has its length
        d = -scale * g
        previous = state[0] if state[0] is not None else f + float(np.dot(g, g)) * scale / 2
        with quiet():
            t, *_ = scipy.optimize.line_search(
                lambda z: both(z)[0],
                lambda z: both(z)[1],
                x,
                d,
                gfk=g,
                old_fval=f,
                old_old_fval=previous,
                c1=self.c1,
                c2=self.c2,
            )
        if t is None:
            found = backtrack(x, f, g, d, 1.0, problem, self.c1)
            if isinstance(found, Failed):
                return found
        else:
            x_new = x + t * d
            f_new, g_new = both(x_new)
            if not math.isfinite(f_new) or not np.all(np.isfinite(g_new)):
                return Failed("f or its gradient is not finite at the point that the line search accepted")
            found = Found(x_new, f_new, g_new, float(t))
        found.rate *= scale
        state[0], state[1] = f, found.rate
        return found
