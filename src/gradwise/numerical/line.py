"""One real variable t ↦ f(x + t·u): what a search along it needs to know, and what it hands back."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

DOUBLE = 2.0**-53
"""Unit roundoff of float64: a correctly rounded result is off by at most this, relatively."""

FIRST = 5
"""The first step lies this many octaves below the power of two above |x|."""

SMALL = 1e-280
"""Below this |x| counts as zero: steps relative to it would underflow."""

OUTWARD = 6
"""How many octaves beyond the first step f is asked once more: there a step is a few |x| long."""

CLOSEST = -4
"""Where |x| is so small that the first step lies below this octave, steps are counted from here."""

NAN = math.nan
INF = math.inf


@dataclass(slots=True)
class Line:
    """The line through x along which one derivative is taken.

    Attributes
    ----------
    scale : float
        |x|, the length that steps are measured against; 0 when x is 0.
    spacing : float
        Distance between neighbouring floating-point numbers at x: no step is smaller.
    left, right : float
        Room to either side: no point is evaluated at t < -left or t > right.
    unit : float
        Unit roundoff of the type in which f is called and answers.
    origin : float, optional
        The step that leads to 0, where x is a number or an entry.
    octave : int
        Exponent of the first step: 2**octave is between |x|/32 and |x|/16, or 1/8 when x is 0.
    """

    scale: float
    spacing: float
    left: float = INF
    right: float = INF
    unit: float = DOUBLE
    origin: float | None = None

    octave: int = field(init=False)

    def __post_init__(self) -> None:
        # Powers of two make x + t and x - t exact, so that no step needs to be corrected for rounding.  Twice as large a
        # step would leave a fifth level to compute for every second function; half as large would lose a digit's third.
        self.octave = (math.frexp(self.scale)[1] - FIRST) if self.scale > SMALL else -3


@dataclass(slots=True)
class Outcome:
    """The derivative along one line; arrays of one shape where many are written at once."""

    value: Any
    error: Any
    status: Any
    step: Any
    left: Any
    right: Any
    noise: Any


def outward_octave(octave: int) -> int:
    """Return the octave beyond which nothing is learnt about the slope at x from an f that does not move."""
    return max(octave, CLOSEST) + OUTWARD
