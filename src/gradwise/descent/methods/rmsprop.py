"""RMSProp: every entry of the gradient is divided by a running root mean square of itself."""

from __future__ import annotations

import numpy as np

from gradwise.descent.methods.adagrad import check_eps, divided
from gradwise.descent.methods.momentum import check_beta
from gradwise.descent.methods.protocol import Method, Out


class RMSProp(Method):
    """s₊ = ρs + (1 − ρ)g², x₊ = x − η g / (√s₊ + ε).

    Tieleman and Hinton, lecture 6.5 of "Neural networks for machine learning" (2012).
    """

    name = "rmsprop"
    default_rate = 0.01
    stability_text = "2/λmax of P^(−1/2) H P^(−1/2), P = √s + ε at the end held fixed (Cohen et al., 2022)"

    def __init__(self, rho: float = 0.9, eps: float = 1e-8) -> None:
        check_beta(rho, "rho", self.name)
        check_eps(eps, self.name)
        self.rho, self.eps = float(rho), float(eps)

    def init(self, x: np.ndarray, g: np.ndarray) -> list[np.ndarray]:
        return [np.zeros_like(g)]

    def step(self, state: list[np.ndarray], x: np.ndarray, g: np.ndarray, rate: float, out: Out = None) -> np.ndarray:
        s, new = state[0], np.multiply(g, g, out=out)
        s *= self.rho
        new *= 1 - self.rho
        s += new
        return divided(x, g, s, self.eps, rate, new)

    def scaling(self, state: list[np.ndarray]) -> np.ndarray:
        return np.sqrt(state[0]) + self.eps
