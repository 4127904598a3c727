"""Sums over the Gauss-Kronrod nodes of subintervals, which are halved until the Gauss and the Kronrod sum agree.

    pieces_of : (function, interval, subintervals) → subintervals with the values at their nodes          recorded_at : … → these, recorded

References
----------
Piessens, de Doncker-Kapenga, Überhuber & Kahaner (1983), QUADPACK; nodes of the 21-point rule from section 2.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.standins.stacking import assembled

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[[list[float]], list[Any]]

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
_MAXIMAL_PIECES = 400


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


class Piece:
    """The function at the nodes of one subinterval."""

    def __init__(self, function: Function, interval: Interval, left: float, right: float) -> None:
        self.left, self.right = left, right
        self.weights: list[float] = []
        half = 0.5 * (right - left)
        kronrod: Any = 0.0
        gauss: Any = 0.0
        size: Any = 0.0
        nodes = [interval.places(0.5 * (left + right) + half * node) for node in NODES.tolist()]
        self.nodes = [x for places in nodes for x, _ in places]
        self.values = function(self.nodes)
        found = iter(self.values)
        for places, k, g in zip(nodes, KRONROD.tolist(), GAUSS.tolist(), strict=True):
            for _, factor in places:
                now = np.asarray(plain(next(found)))
                self.weights.append(k * half * factor)
                kronrod = kronrod + k * half * factor * now
                gauss = gauss + g * half * factor * now
                size = size + k * half * factor * np.abs(now)
        self.apart = float(np.max(np.abs(kronrod - gauss), initial=0.0))
        self.size = float(np.max(size, initial=0.0))

    def halves(self) -> list[tuple[float, float]]:
        middle = 0.5 * (self.left + self.right)
        return [(self.left, middle), (middle, self.right)]


def pieces_of(function: Function, interval: Interval, places: list[tuple[float, float]], agree: float) -> list[Piece]:
    """The subintervals, halved where the two sums disagree."""
    done: list[Piece] = []
    fresh = [Piece(function, interval, *p) for p in places]
    while fresh:
        size = sum(p.size for p in (*done, *fresh))
        open_ = [p for p in fresh if p.apart > agree * size and _divisible(p)]
        if len(done) + len(fresh) + len(open_) > _MAXIMAL_PIECES:
            return done + fresh
        done.extend([p for p in fresh if p not in open_])
        fresh = [Piece(function, interval, *h) for p in open_ for h in p.halves()]
    return done


def _divisible(p: Piece) -> bool:
    middle = 0.5 * (p.left + p.right)
    return bool(p.right - p.left > 1e-13 * max(abs(middle), 1e-6))


class _Elsewhere(Exception):
    """A formula that does not hold at a node."""


def _one_by_one(function: Any) -> Function:
    return lambda nodes: [function(x) for x in nodes]


def _at_once(integrand: Any) -> Function:
    def values(nodes: list[float]) -> list[Any]:
        found = integrand.values(nodes)
        if found is None:
            raise _Elsewhere
        return list(found)

    return values


def recorded_at(
    function: Any, interval: Interval, places: Any, agree: float, integrand: Any
) -> tuple[list[Piece], Any]:
    """The subintervals, and the recorded values at all their nodes: by the formula of the integrand, if there is one that holds, else by calls."""
    if integrand is not None:
        try:
            pieces = pieces_of(_at_once(integrand), interval, places, agree)
        except _Elsewhere:
            pieces = []
        nodes = np.array([x for p in pieces for x in p.nodes])
        recorded = integrand.recorded(nodes) if pieces else None
        if recorded is not None:
            return pieces, recorded
    pieces = pieces_of(_one_by_one(function), interval, places, agree)
    return pieces, assembled([v for p in pieces for v in p.values])
