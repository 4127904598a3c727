"""Nodes and weights of the polynomials that `high_order` fits, exact before they are rounded."""

from __future__ import annotations

import functools
from fractions import Fraction

import numpy as np

DEGREE = 18


@functools.cache
def rule(order: int, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return (nodes in [-1, 1] or on one side, weights of the derivative and of the value at 0, matrix to coefficients)."""
    cheb = np.polynomial.chebyshev
    degree = max(DEGREE, 2 * order + 6)
    # multiples of 2⁻¹², so that the steps are exact
    u = np.round(np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1)) * 4096) / 4096
    transform = np.linalg.inv(cheb.chebvander(u, degree))
    at, stretch = _placement(side)
    nodes = (u - at) / stretch
    exact = [Fraction(float(t)) for t in nodes]
    return nodes, np.array(_exact_weights(exact, order)), np.array(_exact_weights(exact, 0)), transform


def _exact_weights(nodes: list[Fraction], order: int) -> list[float]:
    """Return the weights of values at the nodes in the k-th derivative at 0, exact before they are rounded.

    Fornberg 1988, recursion (3.8)-(3.10); in floating point it would lose more digits than f does.
    """
    count = len(nodes)
    weights = [[Fraction(0)] * count for _ in range(order + 1)]
    weights[0][0] = Fraction(1)
    before = Fraction(1)
    for n in range(1, count):
        product = Fraction(1)
        for m in range(n):
            gap = nodes[n] - nodes[m]
            product *= gap
            if m == n - 1:
                for k in range(min(n, order), -1, -1):
                    lower = k * weights[k - 1][n - 1] if k else Fraction(0)
                    weights[k][n] = before / product * (lower - nodes[n - 1] * weights[k][n - 1])
            for k in range(min(n, order), -1, -1):
                lower = k * weights[k - 1][m] if k else Fraction(0)
                weights[k][m] = (nodes[n] * weights[k][m] - lower) / gap
        before = product
    return [float(weight) for weight in weights[order]]


def _placement(side: int) -> tuple[float, float]:
    """Return where x lies in [-1, 1] and how many units of u one unit of radius is."""
    return (0.0, 1.0) if side == 0 else (-float(side), 2.0)


@functools.cache
def derivative_of_last(order: int, side: int) -> float:
    """Return the largest k-th derivative at x of the Chebyshev polynomials next to the last."""
    cheb = np.polynomial.chebyshev
    degree = max(DEGREE, 2 * order + 6)
    at, stretch = _placement(side)
    basis = np.eye(degree + 3)
    values = [abs(cheb.chebval(at, cheb.chebder(basis[k], order))) for k in range(degree - 1, degree + 3)]
    return float(max(values)) * stretch**order
