"""All values seen along one line, and what can be read off them directly."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any

from gradwise.numerical.ladder import ODD_NODES, extrapolate, odd_part, odd_term
from gradwise.numerical.line import INF, NAN, SMALL, Line

Request = list[Any]
"""Steps to evaluate at: real t asks for f(x + t), imaginary it for f(x + it)."""

BOTH = (1, -1)

MANY_BITS = 0.8090169943749475
"""Half of the golden ratio: no step of a few bits."""


@dataclass(slots=True)
class Resolved:
    """An extrapolated slope: central (side 0) or one-sided (side ±1), from steps 2**high down to 2**low.

    Attributes
    ----------
    doubt : float
        Truncation that the way to the value leaves possible, whatever its neighbours say.
    """

    value: float
    truncation: float
    rounding: float
    high: int
    low: int
    side: int
    doubt: float = 0.0

    @property
    def total(self) -> float:
        """Truncation and rounding together."""
        return self.truncation + self.rounding


class Samples:
    """Values by step: ``values[t] = f(x + t)``, NaN where f has none or t is out of reach.

    Attributes
    ----------
    amplitude : float
        Bound on the error of one value where it is known to exceed rounding; 0 until noise is found.
    assumed, measured : float
        The error of one value at the verification pair: by the precision of f, and as it was measured there.
    branches : tuple of float
        Slopes of either side from afar, where they differ because the curvature jumps beside x; empty if they do not.
    mismatch : float
        By how much the values at the verification pair are off the slope found, where they are.
    """

    __slots__ = ("amplitude", "assumed", "branches", "f0", "line", "measured", "mismatch", "values")

    def __init__(self, line: Line, f0: float) -> None:
        self.line = line
        self.f0 = f0
        self.values: dict[float, float] = {0.0: f0}
        self.amplitude = 0.0
        self.assumed = 0.0
        self.measured = 0.0
        self.mismatch = 0.0
        self.branches: tuple[float, ...] = ()

    def sample(self, steps: Iterable[float]) -> Generator[Request, list[float], None]:
        """Evaluate at the steps that are new and within reach; the others are NaN."""
        values, line = self.values, self.line
        new: Request = []
        for t in steps:
            if t not in values:
                if -line.left <= t <= line.right:
                    new.append(t)
                else:
                    values[t] = NAN
        if new:
            answers = yield new
            for t, answer in zip(new, answers):
                values[t] = answer

    def sample_octaves(
        self, octaves: Iterable[int], sides: tuple[int, ...] = BOTH
    ) -> Generator[Request, list[float], None]:
        """Evaluate at ± 2**k for every octave k."""
        yield from self.sample([math.ldexp(side, k) for k in octaves for side in sides])

    def at(self, octave: int, side: int) -> float:
        """Return the value at side · 2**octave, NaN if it is not known."""
        return self.values.get(math.ldexp(side, octave), NAN)

    def finite(self, octave: int, side: int) -> bool:
        """Whether the value at side · 2**octave is known and finite."""
        return math.isfinite(self.at(octave, side))

    @property
    def floor(self) -> int:
        """Octave of the smallest step that is told apart from x."""
        return math.frexp(self.line.spacing)[1] + 1 if self.line.scale > SMALL else -60

    def exact(self, step: float) -> float:
        """Return the step next to this one that x + step is not rounded for."""
        spacing = self.line.spacing
        return round(step / spacing) * spacing if math.isfinite(step / spacing) else step

    def near(self, octave: int) -> float:
        """Return a step of many bits just below 2**octave, at which rounding that repeats on powers of two shows."""
        step = self.exact(math.ldexp(MANY_BITS, octave))
        return step if step > 0.0 else math.ldexp(1.0, octave)

    def eta(self, value: float) -> float:
        """Return the error of one value: rounding, or noise where that is larger."""
        return max(self.line.unit * abs(value) + 5e-324, self.amplitude)

    @property
    def size(self) -> float:
        """Largest magnitude seen."""
        return max(abs(value) for value in self.values.values() if math.isfinite(value))

    def move(self, octave: int) -> float:
        """Return the larger change of f between x and x ± 2**octave."""
        return max(abs(self.at(octave, 1) - self.f0), abs(self.at(octave, -1) - self.f0))

    def bend(self, octave: int) -> float:
        """Return the second difference f(x + h) - 2 f(x) + f(x - h) at h = 2**octave."""
        return (self.at(octave, 1) - self.f0) + (self.at(octave, -1) - self.f0)

    def quotient(self, octave: int, side: int) -> tuple[float, float]:
        """Return the difference quotient at one octave (central for side 0) and its bound from rounding."""
        h = math.ldexp(1.0, octave)
        if side == 0:
            plus, minus = self.at(octave, 1), self.at(octave, -1)
            slope = (plus - minus) / (2 * h)
            eta = max(self.eta(plus), self.eta(minus))
        else:
            value = self.at(octave, side)
            slope = (value - self.f0) / (side * h)
            eta = self.eta(value) + self.eta(self.f0)
        return slope, max(eta, self.argument_rounding(slope)) / h

    def argument_rounding(self, slope: float) -> float:
        """Return the error of one value because f rounds x inside; it counts little here, fully in the final bound."""
        return 0.05 * self.line.unit * self.line.scale * abs(slope)

    def best(self, side: int, ceiling: int | None = None, bottom: int | None = None) -> Resolved:
        """Return the best extrapolation of all quotients between two octaves."""
        octaves, slopes, bounds = [], [], []
        known = {parts[1] - 1 for parts in map(math.frexp, self.values) if abs(parts[0]) == 0.5}
        for octave in sorted(known, reverse=True):
            if (ceiling is None or octave <= ceiling) and (bottom is None or octave >= bottom):
                slope, bound = self.quotient(octave, side)
                if math.isfinite(slope):
                    octaves.append(octave)
                    slopes.append(slope)
                    bounds.append(bound)
        if not octaves:
            return Resolved(NAN, INF, INF, 0, 0, side)
        steps = [math.ldexp(1.0, octave) for octave in octaves]
        value, truncation, rounding, i, j = extrapolate(steps, slopes, bounds, 2 if side == 0 else 1)
        return Resolved(value, truncation, rounding, octaves[i], octaves[j], side)

    def odd_error(self, found: Resolved) -> float:
        """Return the error that a jump of the curvature leaves in a central slope, 0 where there is no sign of one.

        Such a jump, at x or beside it, adds a term in h, which the slopes at neighbouring steps tell from the even ones.
        """
        if found.side != 0 or found.low == found.high:
            return 0.0
        known = []
        for octave in range(found.low, found.low + ODD_NODES):
            slope, bound = self.quotient(octave, 0)
            if not math.isfinite(slope):
                break
            known.append((slope, bound))
        if len(known) < 3:
            return 0.0
        slopes, bounds = [slope for slope, _ in known], [bound for _, bound in known]
        error = max(odd_term(slopes[2::-1], bounds[0]), odd_part(slopes, bounds, found.value))
        # large differences tell more of structure than of an expansion in h
        return error if error <= 1e-2 * abs(found.value) else 0.0
