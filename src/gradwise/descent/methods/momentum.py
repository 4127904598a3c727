"""Heavy ball: v₊ = βv + g, x₊ = x − ηv₊."""

from __future__ import annotations

import numpy as np

from gradwise.descent.methods.protocol import Method, Out
from gradwise.errors import InputError


def check_beta(beta: float, name: str, method: str) -> None:
    """Raise InputError unless 0 ≤ beta < 1."""
    if not (isinstance(beta, int | float) and 0 <= beta < 1):
        msg = f"method={method!r} was given {name}={beta!r}. A number from 0 up to, but not including, 1 is required. Write {name}=0.9."
        raise InputError(msg)


def largest_root(b: float, c: float) -> float:
    """The largest modulus of the roots of r² − b r + c = 0."""
    disc = b * b - 4 * c
    if disc < 0:
        return float(np.sqrt(c))
    return float((abs(b) + np.sqrt(disc)) / 2)


class Momentum(Method):
    """v₊ = βv + g, x₊ = x − ηv₊, from v = 0.

    On a quadratic the error follows r² − (1 + β − ηλ) r + β = 0, which is stable while η < 2(1 + β)/λmax.

    Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Comput. Math. 4 (1964).
    """

    name = "momentum"
    stability_text = "2(1 + β)/λmax"

    def __init__(self, beta: float = 0.9) -> None:
        check_beta(beta, "beta", self.name)
        self.beta = float(beta)

    @property
    def stability(self) -> float:  # type: ignore[override]  # a number of its constants
        return 2 * (1 + self.beta)

    def init(self, x: np.ndarray, g: np.ndarray) -> list[np.ndarray]:
        return [np.zeros_like(g)]

    def step(self, state: list[np.ndarray], x: np.ndarray, g: np.ndarray, rate: float, out: Out = None) -> np.ndarray:
        v = state[0]
        v *= self.beta
        v += g
        out = np.multiply(v, -rate, out=out)
        return np.add(out, x, out=out)

    def factor(self, rate: float, eigenvalue: float) -> float:
        return largest_root(1 + self.beta - rate * eigenvalue, self.beta)
