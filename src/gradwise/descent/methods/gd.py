"""Gradient descent with a given rate: x₊ = x − η g."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.descent.methods.protocol import Method, Out


class GradientDescent(Method):
    """x₊ = x − η g.

    Along an eigenvector with eigenvalue λ the error is multiplied by 1 − ηλ, so it converges while η < 2/λmax.
    """

    name = "gd"
    plain = True

    def init(self, x: np.ndarray, g: np.ndarray) -> list[Any]:
        # −η, as NumPy takes it fastest
        return [None, None]

    def step(self, state: Any, x: np.ndarray, g: np.ndarray, rate: float, out: Out = None) -> np.ndarray:
        if state[0] != rate:
            state[:] = [rate, np.array(-rate, x.dtype)]
        out = np.multiply(g, state[1], out)
        return np.add(out, x, out)

    def factor(self, rate: float, eigenvalue: float) -> float:
        return abs(1 - rate * eigenvalue)
