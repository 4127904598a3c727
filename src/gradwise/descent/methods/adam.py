"""Adam: momentum divided by a running root mean square, both freed of their start at 0."""

from __future__ import annotations

import numpy as np

from gradwise.descent.methods.adagrad import check_eps, divided
from gradwise.descent.methods.momentum import check_beta
from gradwise.descent.methods.protocol import Method, Out


class Adam(Method):
    """m₊ = β₁m + (1 − β₁)g, s₊ = β₂s + (1 − β₂)g², x₊ = x − η m̂ / (√ŝ + ε), with m̂ = m/(1 − β₁^k), ŝ = s/(1 − β₂^k).

    With a frozen P = √ŝ + ε it is a heavy ball with averaged gradients, which is stable while η λmax(P^(−1/2) H P^(−1/2)) < 2(1 + β₁)/(1 − β₁), that
    is 38 for β₁ = 0.9 (Cohen et al., "Adaptive gradient methods at the edge of stability", 2022, equation 2).

    Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1.
    """

    name = "adam"
    default_rate = 0.01
    stability_text = (
        "2(1 + β₁)/(1 − β₁)/λmax of P^(−1/2) H P^(−1/2), P = √ŝ + ε at the end held fixed (Cohen et al., 2022)"
    )

    def __init__(self, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> None:
        check_beta(beta1, "beta1", self.name)
        check_beta(beta2, "beta2", self.name)
        check_eps(eps, self.name)
        self.beta1, self.beta2, self.eps = float(beta1), float(beta2), float(eps)

    @property
    def stability(self) -> float:  # type: ignore[override]  # a number of its constants
        return 2 * (1 + self.beta1) / (1 - self.beta1)

    def init(self, x: np.ndarray, g: np.ndarray) -> list:
        # the sums m/(1 − β₁) and s/(1 − β₂), the steps, and both constants as NumPy takes them fastest
        return [np.zeros_like(g), np.zeros_like(g), 0, np.array(self.beta1, g.dtype), np.array(self.beta2, g.dtype)]

    def step(self, state: list, x: np.ndarray, g: np.ndarray, rate: float, out: Out = None) -> np.ndarray:
        b1, b2 = self.beta1, self.beta2
        m, s = state[0], state[1]
        k = state[2] = state[2] + 1
        new = np.multiply(g, g, out=out)
        m *= state[3]
        m += g
        s *= state[4]
        s += new
        # η m̂/(√ŝ + ε) with all factors taken out of the arrays
        root = ((1 - b2**k) / (1 - b2)) ** 0.5
        return divided(x, m, s, self.eps * root, rate * root * (1 - b1) / (1 - b1**k), new)

    def scaling(self, state: list) -> np.ndarray:
        return np.sqrt(state[1] * ((1 - self.beta2) / (1 - self.beta2 ** max(state[2], 1)))) + self.eps
