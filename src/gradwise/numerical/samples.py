"""All values seen along one line, and what can be read off them directly."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from itertools import filterfalse
from typing import Any

from gradwise.numerical.ladder import EVEN, ODD_NODES, Tableau, odd_part, odd_term
from gradwise.numerical.line import INF, NAN, SMALL, Line

Request = list[Any]
"""Steps to evaluate at: real t asks for f(x + t), imaginary it for f(x + it)."""

BOTH = (1, -1)

MANY_BITS = 0.8090169943749475
"""Half of the golden ratio: no step of a few bits."""

NOISE = 1024.0
"""Units of rounding beyond which the error of a value is noise."""

LOWEST = -2000
"""An octave below all."""

SCATTER = 8.0
"""How much of the scatter right around x may show in the differences of a step before something else must be in the way."""

ROOT = 0.05
"""By how much the rate at which one-sided quotients converge differs from 1/2, that of smooth functions, to be another one."""


@dataclass(slots=True)
class Resolved:
    """An extrapolated slope: central (side 0) or one-sided (side ±1), from steps 2**high down to 2**low.

    Attributes
    ----------
    doubt : float
        Truncation that the way to the value leaves possible, whatever its neighbours say.
    odd : float, optional
        What `Samples.odd_error` has found, once it was asked.
    """

    value: float
    truncation: float
    rounding: float
    high: int
    low: int
    side: int
    doubt: float = 0.0
    odd: float | None = None

    @property
    def total(self) -> float:
        """Truncation and rounding together."""
        return self.truncation + self.rounding


def octave_of(step: float) -> int:
    """Return the exponent of the largest power of two that is not larger than a step."""
    return math.frexp(step)[1] - 1


def resolved(tableau: Tableau, side: int) -> Resolved:
    """Return the best slope of a tableau; NaN if it is empty."""
    value, truncation, rounding, high, low = tableau.best()
    return Resolved(value, truncation, rounding, high, low, side)


class Samples:
    """Values by step: ``values[t] = f(x + t)``, NaN where f has none or t is out of reach.

    Parameters
    ----------
    line : Line
        Where.
    f0 : float
        f(x).
    ask : callable, optional
        ``ask(steps)`` puts f(x + t) into `values` for a list of steps.  Without it whoever runs the generator is asked.

    Attributes
    ----------
    amplitude : float
        Bound on the error of one value where it is known to exceed rounding; 0 until noise is found (`set_amplitude`).
    assumed, measured : float
        The error of one value at the verification pair: by the precision of f, and as it was measured there.
    closest : float
        Step of a pair closer to x than the one that verifies, which a ladder on a smaller scale has left behind; 0 if there is none.
    branches : tuple of float
        Slopes of either side from afar, where they differ because the curvature jumps beside x; empty if they do not.
    octaves : set of int
        Octaves at which f has been evaluated.
    mismatch : float
        By how much the values at the verification pair are off the slope found, where they are.
    roughness : float
        By how much they scatter, if they neither bend nor run straight, as noise does; else 0.
    """

    __slots__ = (
        "_near", "_quotients", "_sorted", "_whole", "amplitude", "ask", "assumed", "bounded", "branches", "closest", "f0", "grain",
        "line", "measured", "mismatch", "octaves", "roughness", "values",
    )  # fmt: skip

    def __init__(self, line: Line, f0: float, ask: Callable[[Request], None] | None = None) -> None:
        self.line = line
        self.f0 = f0
        self.ask = ask
        self.values: dict[float, float] = {0.0: f0}
        self.bounded = line.left < INF or line.right < INF
        self.amplitude = 0.0
        self.assumed = 0.0
        self.measured = 0.0
        self.mismatch = 0.0
        self.roughness = 0.0
        self.closest = 0.0
        self.branches: tuple[float, ...] = ()
        self.grain = 0.05 * line.unit * line.scale
        self.octaves: set[int] = set()
        self._near: dict[int, float] = {}
        self._whole: set[int] = set()
        self._sorted: list[int] = []
        self._quotients: tuple[dict[int, tuple[int, float, float]], ...] = ({}, {}, {})

    def sample(self, steps: Iterable[float]) -> Iterable[Request]:
        """Evaluate at the steps that are new and within reach; the others are NaN."""
        values = self.values
        new = list(filterfalse(values.__contains__, steps))
        if not new:
            return ()
        if self.bounded:
            left, right = -self.line.left, self.line.right
            values.update([(t, NAN) for t in new if not left <= t <= right])
            new = [t for t in new if left <= t <= right]
        if self.ask is None:
            return self._wait(new)
        if new:
            self.ask(new)
        return ()

    def _wait(self, new: Request) -> Generator[Request, list[float], None]:
        if new:
            self.values.update(zip(new, (yield new)))

    def sample_octaves(self, octaves: Iterable[int], sides: tuple[int, ...] = BOTH) -> Iterable[Request]:
        """Evaluate at ± 2**k for every octave k."""
        whole = self._whole
        new = list(filterfalse(whole.__contains__, octaves))
        if not new:
            return ()
        self.octaves.update(new)
        if len(sides) == 2:
            whole.update(new)
        if len(new) == 1:
            h = math.ldexp(1.0, new[0])
            return self.sample((h, -h) if len(sides) == 2 else (math.copysign(h, sides[0]),))
        return self.sample([math.ldexp(side, k) for k in new for side in sides])

    def set_amplitude(self, amplitude: float) -> None:
        """Take a value to be off by up to so much from now on, if that is more than rounding."""
        self.amplitude = amplitude
        for known in self._quotients:
            known.clear()

    def at(self, octave: int, side: int) -> float:
        """Return the value at side · 2**octave, NaN if it is not known."""
        return self.values.get(math.ldexp(side, octave), NAN)

    def finite(self, octave: int, side: int) -> bool:
        """Whether the value at side · 2**octave is known and finite."""
        return math.isfinite(self.values.get(math.ldexp(side, octave), NAN))

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
        step = self._near.get(octave)
        if step is None:
            step, spacing = math.ldexp(MANY_BITS, octave), self.line.spacing
            count = step / spacing
            step = (round(count) * spacing if count < INF else step) or math.ldexp(1.0, octave)
            self._near[octave] = step
        return step

    def eta(self, value: float) -> float:
        """Return the error of one value: rounding, or noise where that is larger."""
        rounding = self.line.unit * abs(value) + 5e-324
        return max(rounding, self.amplitude)

    @property
    def noisy(self) -> bool:
        """Whether the error of one value is far more than what f may lose inside."""
        return self.amplitude > NOISE * self.line.unit * abs(self.f0)

    @property
    def size(self) -> float:
        """Largest magnitude seen."""
        largest = max(map(abs, self.values.values()))
        if largest < INF:  # f(x), the first of them, is a number; NaN is never larger
            return largest
        return max(abs(value) for value in self.values.values() if math.isfinite(value))

    def move(self, octave: int, sides: tuple[int, ...] = BOTH) -> float:
        """Return the larger change of f between x and x ± 2**octave."""
        return max([abs(self.at(octave, side) - self.f0) for side in sides])

    def bend(self, octave: int) -> float:
        """Return the second difference f(x + h) - 2 f(x) + f(x - h) at h = 2**octave."""
        h, get, f0 = math.ldexp(1.0, octave), self.values.get, self.f0
        return (get(h, NAN) - f0) + (get(-h, NAN) - f0)

    def quotient(self, octave: int, side: int) -> tuple[float, float]:
        """Return the difference quotient at one octave (central for side 0) and its bound from rounding."""
        _, slope, bound = self._quotients[side].get(octave) or self.quotients((octave,), side)[0]
        return slope, bound

    def quotients(
        self, octaves: Iterable[int], side: int, *, avoided: int | None = None, finite: bool = False
    ) -> list[tuple[int, float, float]]:
        """Return octave, quotient and bound of some octaves but one, or of those that are finite."""
        known, get, f0, unit = self._quotients[side], self.values.get, self.f0, self.line.unit
        amplitude, grain = self.amplitude, self.grain
        centre = max(unit * abs(f0), amplitude)
        found = []
        ldexp = math.ldexp
        for octave in octaves:
            node = known.get(octave)
            if node is None:
                h = ldexp(1.0, octave)
                if side == 0:
                    plus, minus = get(h, NAN), get(-h, NAN)
                    slope = (plus - minus) / (2 * h)
                    eta, other = unit * abs(plus), unit * abs(minus)
                    if other > eta:  # noqa: PLR1730 - a comparison takes a third of the time of max
                        eta = other
                    if amplitude > eta:  # noqa: PLR1730 - as above
                        eta = amplitude
                else:
                    step = side * h
                    value = get(step, NAN)
                    slope = (value - f0) / step
                    eta = unit * abs(value)
                    if amplitude > eta:  # noqa: PLR1730 - as above
                        eta = amplitude
                    eta += centre
                eta += 5e-324
                slack = grain * abs(slope)
                node = octave, slope, (slack if slack > eta else eta) / h  # noqa: FURB136 - as above
                if slope - slope == 0.0:  # finite
                    known[octave] = node
                elif finite:
                    continue
            if octave != avoided:
                found.append(node)
        return found

    def argument_rounding(self, slope: float) -> float:
        """Return the error of one value because f rounds x inside; it counts little here, fully in the final bound."""
        return self.grain * abs(slope)

    def known_octaves(self) -> list[int]:
        """Return the octaves at which f has been evaluated on either side, the largest first."""
        if len(self.octaves) != len(self._sorted):
            self._sorted = sorted(self.octaves, reverse=True)
        return self._sorted

    def take(self, values: Iterable[tuple[float, float]]) -> None:
        """Take values that are known already, by step."""
        for step, value in values:
            self.values[step] = value
            mantissa, exponent = math.frexp(step)
            if mantissa == 0.5 or mantissa == -0.5:  # noqa: PLR1714 - two comparisons are quicker than a tuple
                self.octaves.add(exponent - 1)

    def feel(self, step: float, octave: int) -> None:
        """Set the roughness by a pair of values far below an octave that shows what smooth terms there are."""
        f0, get, h = self.f0, self.values.get, math.ldexp(1.0, octave)
        plus, minus = get(step, NAN) - f0, get(-step, NAN) - f0
        right, left, part = get(h, NAN) - f0, get(-h, NAN) - f0, step / h
        bend = abs(plus + minus) - 4 * abs(right + left) * part * part
        drift = abs(plus - minus - part * (right - left))
        # a kink bends and does not drift; where drift is all, the slope changes on the way
        if bend > 16 * self.eta(f0) and 0.03 * bend < drift < 30 * bend:
            self.roughness = max(bend, drift)

    def scatters(self, error: float, octave: int) -> bool:
        """Whether an error of a slope at this octave is what roughness makes of it."""
        return self.roughness > 0.0 and math.ldexp(error, octave) <= SCATTER * self.roughness

    @property
    def avoided(self) -> int | None:
        """Octave at which x ± 2**k comes close to 0, where functions that divide by x carry far more noise than at x."""
        mantissa, exponent = math.frexp(self.line.scale)
        return exponent - 1 if mantissa < 2 / 3 else exponent if mantissa > 0.8 else None

    def tableau(self, side: int, ceiling: int | None = None, bottom: int = LOWEST) -> Tableau:
        """Return the tableau of all quotients between two octaves."""
        tableau = Tableau(2 if side == 0 else 1)
        avoided = self.avoided if self.amplitude > 0.0 else None
        octaves = self.known_octaves()
        if ceiling is not None:
            octaves = [octave for octave in octaves if bottom <= octave <= ceiling]
        tableau.extend(self.quotients(octaves, side, avoided=avoided, finite=True))
        return tableau

    def best(self, side: int, ceiling: int | None = None, bottom: int = LOWEST) -> Resolved:
        """Return the best extrapolation of all quotients between two octaves."""
        return resolved(self.tableau(side, ceiling, bottom), side)

    def odd_error(self, found: Resolved) -> float:
        """Return the error that a jump of the curvature leaves in a central slope, 0 where there is no sign of one.

        Such a jump, at x or beside it, adds a term in h, which the slopes at neighbouring steps tell from the even ones.
        """
        if found.side != 0 or found.low == found.high:
            return 0.0
        if found.odd is None:
            found.odd = self._odd_error(found)
        return found.odd

    def _odd_error(self, found: Resolved) -> float:
        slopes, bounds, known = [], [], self._quotients[0]
        for octave in range(found.low, found.low + ODD_NODES):
            _, slope, bound = known.get(octave) or self.quotients((octave,), 0)[0]
            if slope - slope != 0.0:  # not finite
                break
            slopes.append(slope)
            bounds.append(bound)
        if len(slopes) < 3:
            return 0.0
        term, part = odd_term(slopes[2::-1], bounds[0]), odd_part(slopes, bounds, found.value)
        # large differences tell more of structure than of an expansion in h, unless all of them are of one
        steepest = max([abs(found.value), *(abs(slope) for _, slope, _ in known.values())])
        return max(term if term <= 1e-2 * steepest else 0.0, part if part <= steepest else 0.0)

    def even_error(self, found: Resolved, rounding: float) -> float:
        """Return the gap of two slopes that second differences show which do not converge like those of a smooth function, else 0.

        Beside a kink too flat for the verification pair they grow like the step, and central slopes agree on the mean of the two.
        """
        if found.side != 0:
            return 0.0
        known: list[tuple[int, float]] = []
        get, f0, low, beyond = self.values.get, self.f0, found.low, 0
        for octave in reversed(self.known_octaves()):
            h = math.ldexp(1.0, octave)
            bend = (get(h, NAN) - f0) + (get(-h, NAN) - f0)
            if bend - bend == 0.0:
                known.append((octave, bend))
                beyond += octave > low
                if beyond == 2:  # larger steps are no neighbours of those that are looked at
                    break
        rounding *= 8
        gap = self._flat_gap(found.low, rounding)
        for (octave, near), (second, middle), (third, far) in zip(known, known[1:], known[2:]):
            if octave > low:
                break
            growth = abs(middle / near) if near else 0.0
            # a kink's second differences grow like the step, a jump's not at all, and what lies between is a peak at x
            if abs(near) > rounding and (growth < 1.5 or growth > 0.5 * 2.0 ** (second - octave)):
                middle, far = math.ldexp(middle, 2 * (octave - second)), math.ldexp(far, 2 * (octave - third))
                turn = abs(near - middle)
                if turn > EVEN * abs(middle - far) + rounding:
                    gap = max(gap, math.ldexp(2 * turn, -octave))
        return gap

    def _flat_gap(self, octave: int, rounding: float) -> float:
        """Return the same where a term of fourth order hides it: four second differences rid of that grow as a kink's do, and as no other."""
        s3, s2, s1, s0 = [math.ldexp(self.bend(octave + k), -2 * k) for k in range(4)]
        near = abs((s3 - s2) - 0.25 * (s2 - s1))
        if near > 0.7 * abs((s2 - s1) - 0.25 * (s1 - s0)) + rounding:
            return math.ldexp(1.25 * near, -octave)
        return 0.0

    def root_error(self, found: Resolved) -> float:
        """Return how far a one-sided slope is off the limit of quotients that approach it like a power of the step which is none of 1, 2, ….

        Those of t^p do so beside an edge: extrapolation in whole powers of h leaves a part of the last difference.
        """
        if found.side == 0:
            return 0.0
        (d0, bound), (d1, _), (d2, _), (d3, _) = [self.quotient(found.low + k, found.side) for k in range(4)]
        last, middle, first = d1 - d0, d2 - d1, d3 - d2
        if not abs(last) > 8 * bound or middle == 0.0 or first == 0.0:
            return 0.0
        rate, before = last / middle, middle / first
        if not (abs(rate - 0.5) > ROOT and abs(rate - before) < 2 * ROOT and 0.0 < rate < 1.0 - ROOT):
            return 0.0
        return abs(found.value - (d0 - last * rate / (1.0 - rate)))
