"""AdaGrad: every entry has its own rate, which falls with the gradients that it has seen."""

from __future__ import annotations

import numpy as np

from gradwise.descent.methods.protocol import Method, Out
from gradwise.errors import InputError


def check_eps(eps: float, method: str) -> None:
    """Raise InputError unless eps is positive."""
    if not (isinstance(eps, int | float) and eps > 0):
        msg = f"method={method!r} was given eps={eps!r}. A positive number is required: it keeps the division from 0. Write eps=1e-8."
        raise InputError(msg)


def divided(x: np.ndarray, m: np.ndarray, s: np.ndarray, eps: float, rate: float, new: np.ndarray) -> np.ndarray:
    """The point x − η m / (√s + ε), in the place ``new``."""
    np.sqrt(s, out=new)
    new += eps
    np.divide(m, new, out=new)
    new *= -rate
    new += x
    return new


class Adagrad(Method):
    """s₊ = s + g², x₊ = x − η g / (√s₊ + ε).

    Duchi, Hazan and Singer, "Adaptive subgradient methods", J. Mach. Learn. Res. 12 (2011).
    """

    name = "adagrad"
    default_rate = 0.1
    stability_text = "2/λmax of P^(−1/2) H P^(−1/2), P = √s + ε at the end held fixed"

    def __init__(self, eps: float = 1e-10) -> None:
        check_eps(eps, self.name)
        self.eps = float(eps)

    def init(self, x: np.ndarray, g: np.ndarray) -> list[np.ndarray]:
        return [np.zeros_like(g)]

    def step(self, state: list[np.ndarray], x: np.ndarray, g: np.ndarray, rate: float, out: Out = None) -> np.ndarray:
        s, new = state[0], np.multiply(g, g, out=out)
        s += new
        return divided(x, g, s, self.eps, rate, new)

    def scaling(self, state: list[np.ndarray]) -> np.ndarray:
        return np.sqrt(state[0]) + self.eps
