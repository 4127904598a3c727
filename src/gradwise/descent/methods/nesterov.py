"""Nesterov's accelerated gradient: the gradient is taken at the point to which the momentum leads.

    v₊ = βv + g(y), y₊ = y − η (g(y) + βv₊)

is the same as x₊ = y − ηg(y), y₊ = x₊ + β(x₊ − x), written for the points y at which f is evaluated; the path holds these.
"""

from __future__ import annotations

import numpy as np

from gradwise.descent.methods.momentum import check_beta, largest_root
from gradwise.descent.methods.protocol import Method, Out


class Nesterov(Method):
    """y₊ = x₊ + β(x₊ − x) with x₊ = y − ηg(y).

    ``beta="increasing"`` takes β_k = (k − 1)/(k + 2), k = 1, 2, …: f − f* = O(1/k²) on convex functions.  On a quadratic with constant β the error follows
    r² − (1 + β)(1 − ηλ) r + β(1 − ηλ) = 0, which is stable while η < 2(1 + β)/((1 + 2β) λmax).

    Nesterov, "A method for solving the convex programming problem with convergence rate O(1/k²)", Dokl. Akad. Nauk SSSR 269 (1983).
    """

    name = "nesterov"
    stability_text = "2(1 + β)/((1 + 2β) λmax)"

    def __init__(self, beta: float | str = 0.9) -> None:
        if beta != "increasing":
            check_beta(beta, "beta", self.name)  # type: ignore[arg-type]  # it refuses other words
        self.beta = beta if isinstance(beta, str) else float(beta)

    @property
    def _limit(self) -> float:
        return 1.0 if isinstance(self.beta, str) else self.beta  # β_k tends to 1

    @property
    def stability(self) -> float:  # type: ignore[override]  # a number of its constants
        return 2 * (1 + self._limit) / (1 + 2 * self._limit)

    def init(self, x: np.ndarray, g: np.ndarray) -> list[object]:
        return [np.zeros_like(g), 0]

    def step(self, state: list, x: np.ndarray, g: np.ndarray, rate: float, out: Out = None) -> np.ndarray:
        if not isinstance(self.beta, str):
            v = state[0]
            v *= self.beta
            v += g
            return _moved(x, g, v, self.beta, rate, out)
        # with changing β: v is x₊ − x over −η, and the next β multiplies it
        k = state[1] = state[1] + 1
        v = state[0]
        v *= (k - 1) / (k + 2)
        v += g
        return _moved(x, g, v, k / (k + 3), rate, out)

    def factor(self, rate: float, eigenvalue: float) -> float | None:
        if isinstance(self.beta, str):
            return None
        q = 1 - rate * eigenvalue
        return largest_root((1 + self.beta) * q, self.beta * q)


def _moved(x: np.ndarray, g: np.ndarray, v: np.ndarray, beta: float, rate: float, out: Out) -> np.ndarray:
    """The point x − η (g + βv)."""
    new = np.multiply(v, beta, out=out)
    new += g
    new *= -rate
    new += x
    return new
