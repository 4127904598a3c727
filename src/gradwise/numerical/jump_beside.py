"""A jump of f beside x: on the side that x is on, nothing is in the way of larger steps."""

from __future__ import annotations

import math
from collections.abc import Generator

from gradwise.numerical.findings import disagreement
from gradwise.numerical.ladder import LEVELS
from gradwise.numerical.line import INF
from gradwise.numerical.resolution import resolve
from gradwise.numerical.samples import BOTH, Request, Resolved, Samples

ONE_JUMP = 0.01
"""What f may move by besides a jump, in units of it."""


def beside_a_jump(samples: Samples, octave: int, v: float) -> Generator[Request, list[float], Resolved | None]:
    """Return the slope of the side that x is on where all steps of the ladder to the other one lead over a jump of f, else None.

    A side that does not move is left to the tests of staircases.
    """
    h, f, f0 = math.ldexp(1.0, octave), samples.values, samples.f0
    c = 0.125 * h
    right, left = f[h] - f0, f[-h] - f0
    # the larger move is as large at an eighth of the step
    off = right - f[c] + f0 if abs(right) > abs(left) else left - f[-c] + f0
    if not abs(off) < ONE_JUMP * max(abs(right), abs(left)):
        return None
    moves = [[samples.at(octave - k, side) - samples.f0 for k in range(LEVELS)] for side in BOTH]
    side = 1 if abs(moves[0][0]) < abs(moves[1][0]) else -1
    here, there = moves if side > 0 else moves[::-1]
    height = there[-1]
    if here[0] == 0.0 or not max(map(abs, here), default=INF) + max(abs(y - height) for y in there) < ONE_JUMP * abs(
        height
    ):
        return None
    found = yield from resolve(samples, side, octave)
    if (yield from disagreement(samples, found)) is not None:
        return None
    off = abs(samples.values[-side * v] - samples.f0 + side * v * found.value)
    if off <= 6 * samples.eta(samples.f0) + v * found.total + ONE_JUMP * abs(v * found.value):
        return found
    return None
