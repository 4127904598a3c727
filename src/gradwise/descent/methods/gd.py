"""Gradient descent with a given rate: x₊ = x − η g."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.descent.methods.protocol import Method


class GradientDescent(Method):
    """x₊ = x − η g.

    Along an eigenvector with eigenvalue λ the error is multiplied by 1 − ηλ, so it converges while η < 2/λmax.
    """

    name = "gd"
    plain = True

    def step(self, state: Any, x: np.ndarray, g: np.ndarray, rate: float) -> np.ndarray:
        return x - rate * g

    def factor(self, rate: float, eigenvalue: float) -> float:
        return abs(1 - rate * eigenvalue)
