"""Nodes and weights of Gauss and Kronrod on an interval that may be infinite, and on its parts.

    settled_nodes : (function, interval, subintervals) → nodes and weights, where the subintervals are halved until the Gauss and the Kronrod sum agree

References
----------
Piessens, de Doncker-Kapenga, Überhuber & Kahaner (1983), QUADPACK; nodes of the 21-point rule from section 2.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

_HALF_NODES = (
    *(0.9956571630258081, 0.9739065285171717, 0.9301574913557082, 0.8650633666889845, 0.7808177265864169),
    *(0.6794095682990244, 0.5627571346686047, 0.4333953941292472, 0.2943928627014602, 0.1488743389816312),
)
_HALF_KRONROD = (
    *(0.011694638867371874, 0.032558162307964725, 0.054755896574351995, 0.07503967481091996, 0.0931254545836976),
    *(0.10938715880229764, 0.12349197626206584, 0.13470921731147333, 0.14277593857706009, 0.14773910490133849),
)
_HALF_GAUSS = (0.06667134430868814, 0.14945134915058059, 0.21908636251598204, 0.26926671930999635, 0.29552422471475287)
NODES = np.array([-n for n in _HALF_NODES] + [0.0] + list(_HALF_NODES[::-1]))
KRONROD = np.array([*_HALF_KRONROD, 0.1494455540029169, *_HALF_KRONROD[::-1]])
GAUSS = np.zeros(21)
GAUSS[1:10:2] = _HALF_GAUSS
GAUSS[11::2] = _HALF_GAUSS[::-1]

#: how far the two sums may be apart, as a part of the integral of |f|; the Kronrod sum alone is nearer to the integral by far
AGREE = 1e-12
AGREE_NESTED = 1e-9
MAXIMAL_PIECES = 400


class Interval:
    """The interval of integration in a finite variable: x(s) and dx/ds, by QUADPACK's transformation where it is infinite."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = min(low, high), max(low, high)
        self.sign = -1.0 if high < low else 1.0
        self.infinite = np.isinf(self.low) or np.isinf(self.high)

    def whole(self) -> list[tuple[float, float]]:
        return [(0.0, 1.0)] if self.infinite else [(self.low, self.high)]

    def places(self, s: float) -> list[tuple[float, float]]:
        """The places x that belong to s, and the weight of f there."""
        if not self.infinite:
            return [(s, 1.0)]
        x = (1.0 - s) / s
        if np.isinf(self.low) and np.isinf(self.high):
            return [(x, 1.0 / (s * s)), (-x, 1.0 / (s * s))]
        return [(self.high - x if np.isinf(self.low) else self.low + x, 1.0 / (s * s))]

    def places_of(self, s: np.ndarray) -> tuple[np.ndarray, Any]:
        """The same of many: places with one more axis, and the weights."""
        if not self.infinite:
            return s[..., None], 1.0
        x = (1.0 - s) / s
        if np.isinf(self.low) and np.isinf(self.high):
            return np.stack([x, -x], -1), 1.0 / (s * s)
        return (self.high - x if np.isinf(self.low) else self.low + x)[..., None], 1.0 / (s * s)


def settled_nodes(
    values: Callable[[np.ndarray], np.ndarray], interval: Interval, places: np.ndarray, agree: float
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Nodes and weights of all subintervals, the sum, and that of the moduli; ``values`` gives one number at each node."""
    nodes, weights = [], []
    total = size = 0.0
    count, fresh = 0, places
    while len(fresh):
        left, right = fresh[:, 0], fresh[:, 1]
        half = 0.5 * (right - left)
        s = (0.5 * (left + right))[:, None] + half[:, None] * NODES
        x, factor = interval.places_of(s)
        found = values(x.ravel()).reshape(x.shape)
        each = (half[:, None] * factor)[:, :, None] * found
        kronrod, gauss = np.sum(each, axis=2) @ KRONROD, np.sum(each, axis=2) @ GAUSS
        sizes = np.sum(np.abs(each), axis=2) @ KRONROD
        apart = np.abs(kronrod - gauss) > agree * (size + np.sum(sizes))
        apart &= right - left > 1e-13 * np.maximum(np.abs(0.5 * (left + right)), 1e-6)
        if count + len(fresh) + np.count_nonzero(apart) > MAXIMAL_PIECES:
            apart[:] = False
        done = ~apart
        count += int(np.count_nonzero(done))
        nodes.append(x[done].ravel())
        weight = (KRONROD * half[:, None] * factor)[:, :, None] + np.zeros(x.shape)
        weights.append(weight[done].ravel())
        total += float(np.sum(kronrod[done]))
        size += float(np.sum(sizes[done]))
        middle = 0.5 * (left + right)[apart]
        fresh = np.concatenate([np.stack([left[apart], middle], 1), np.stack([middle, right[apart]], 1)])
    return np.concatenate(nodes), np.concatenate(weights), total, size
