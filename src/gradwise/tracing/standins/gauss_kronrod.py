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
from gradwise.tracing.kronrod_nodes import GAUSS, KRONROD, MAXIMAL_PIECES, NODES, Interval
from gradwise.tracing.standins.stacking import assembled

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[[list[float]], list[Any]]


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
        if len(done) + len(fresh) + len(open_) > MAXIMAL_PIECES:
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
