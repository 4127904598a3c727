r"""Derivatives of order two and more: Cauchy's integral where f takes complex numbers, else a Chebyshev fit.

*Cauchy.*  With z_m = x + r e^{2πim/N}, the trapezoidal rule, which is an FFT, gives the Taylor coefficients

.. math:: \frac{f^{(k)}(x)}{k!} r^k \approx \frac1N \sum_m f(z_m) e^{-2\pi i k m/N},

with an error of the size of the coefficients k + N, k + 2N, … (Lyness and Moler 1967; Bornemann 2011 for the radius).
The coefficients of negative index vanish for analytic functions only: that is the check, and it needs no further values.

*Chebyshev.*  A polynomial through values at Chebyshev points of [x - r, x + r] (or to one side, at the edge of a domain)
is differentiated at x.  The last coefficients are the truncation; the weights of the values are known, so rounding is
bounded exactly.

Both walk along radii that differ by a factor until the sum of truncation and rounding is smallest, and compare the values of
neighbouring radii: where these contradict one another, the derivative does not exist or is out of reach.
"""

from __future__ import annotations

import math
from collections.abc import Generator

import numpy as np

from gradwise.numerical.chebyshev import derivative_of_last, rule
from gradwise.numerical.line import CLOSEST, INF, NAN, SMALL, Line, Outcome
from gradwise.numerical.samples import Request
from gradwise.numerical.search import Search
from gradwise.numerical.status import Status

BROKEN = {Status.KINK, Status.JUMP, Status.NOT_DIFFERENTIABLE}

STEEP = 64.0
"""The last coefficients of a smooth function grow by more from one octave to another."""

LOST = 1e-8
"""What f loses inside is less than this part of it; borders between two regimes leave more."""

CIRCLE = 32
RADII = 9
MAXIMUM_FITS = 16
UNRESOLVED = 0.02
"""The last coefficients of a fit are less than this part of what f moves by, if it follows f."""
ALGEBRAIC = 6.0
"""How many times its last coefficients a fit across a jump of a higher derivative may hide besides."""

SEEN = 0.1
"""The bound of a fit below such a jump is less than this part of what those across it hide, or it lies at x as far as can be seen."""

FLAT = 0.7
"""By less than this factor an octave what a jump at x hides falls."""

DESCENTS = 10
"""By how many steps of two octaves such a jump beside x is looked below."""

FAR_TOO_LARGE = 64.0
"""The ratio of coefficients that is reported of a circle around singularities."""


class HighOrder:
    """One derivative of order k along a line; `run` is the generator, as in `Search`."""

    def __init__(self, line: Line, f0: float, order: int) -> None:
        self.line = line
        self.f0 = f0
        self.order = order
        self.factorial = math.factorial(order)
        self.noise = 0.0  # where the first derivative has found some

    def run(self, try_complex: bool) -> Generator[Request, list, Outcome]:
        """Yields lists of steps, receives the values there, returns the Outcome."""
        if not math.isfinite(self.f0):
            return Outcome(NAN, INF, Status.NON_FINITE, 0.0, NAN, NAN, NAN)
        if try_complex and self.order <= CIRCLE // 3:
            outcome = yield from self._cauchy()
            if outcome is not None:
                return outcome
        # what is no derivative of order one is none of a higher order, and noise there is noise here
        first = yield from Search(self.line, self.f0).resume()
        if first.status in BROKEN:
            return Outcome(NAN, INF, first.status, first.step, NAN, NAN, first.noise)
        if first.status in {Status.NOISY, Status.QUANTISED, Status.LOW_PRECISION}:
            self.noise = first.noise
        return (yield from self._chebyshev())

    def _unit_of(self, radius: float) -> float:
        """Return k! / radius^k, what one unit of the k-th coefficient is worth; infinite or 0 beyond the range."""
        try:
            return self.factorial * radius**-self.order
        except (OverflowError, ZeroDivisionError):
            return INF if radius < 1 else 0.0

    def _outcome(self, value: float, error: float, radius: float, status: Status, noise: float) -> Outcome:
        return Outcome(value, error, status, radius, value, value, noise)

    # --------------------------------------------------------------------------------------------------- on a circle
    def _cauchy(self) -> Generator[Request, list, Outcome | None]:
        room = 0.999 * min(self.line.left, self.line.right)
        start = min(0.5 * self.line.scale if self.line.scale > SMALL else 0.5, room)
        if not start > 0:
            return None
        radius, tried = start, {}
        for _ in range(RADII):
            found = yield from self._circle(radius)
            if found is None:
                return None
            tried[radius] = found
            value, error, ratio = found
            # Coefficients fall like ratio**k; they should reach rounding at k = N: radius · (2⁻⁵³)^(1/N) / ratio
            if ratio == 0.0 and radius < 1 / 64:  # as at 0
                radius = min(0.25, room)
                continue
            factor = min(max(0.32 / ratio if ratio > 0 else 16.0, 1 / 16), 16.0)
            new = min(radius * factor, room)
            if any(0.8 < new / old < 1.25 for old in tried):
                break
            radius = new
        radius = min(tried, key=lambda r: tried[r][1])
        value, error, _ = tried[radius]
        if not (error < INF and error <= 1e-3 * abs(value) + self._unit_of(radius) * 1e-9 * abs(self.f0)):
            return None
        for other, (other_value, other_error, _) in tried.items():
            if other != radius and abs(other_value - value) > 2 * (error + other_error):
                return None
        return self._outcome(value, error, radius, Status.OK, self.line.unit * abs(self.f0))

    def _circle(self, radius: float) -> Generator[Request, list, tuple[float, float, float] | None]:
        """Return (value, error, ratio of neighbouring coefficients) from one circle, None if f is not analytic."""
        half = CIRCLE // 2
        # f of the conjugate is the conjugate of f: half the circle is enough, but the other half is what shows that f is
        # analytic; two points below the axis test it.
        points = [radius * complex(math.cos(math.pi * m / half), math.sin(math.pi * m / half)) for m in range(half + 1)]
        below = [points[3].conjugate(), points[10].conjugate()]
        answers = yield [*points, *below, radius, -radius]
        circle, mirrored, real = answers[: half + 1], answers[half + 1 : -2], answers[-2:]
        if any(value is None for value in (*circle, *mirrored)):
            return None
        upper = np.array(circle)
        if not np.all(np.isfinite(upper)):
            return NAN, INF, 1.0
        size = float(np.max(np.abs(upper)))
        tolerance = 64 * self.line.unit * size
        off = max(
            abs(mirrored[0] - circle[3].conjugate()), abs(mirrored[1] - circle[10].conjugate()),
            abs(real[0] - circle[0]), abs(real[1] - circle[half]),
        )  # fmt: skip
        if not off <= tolerance:
            return None
        values = np.concatenate([upper, np.conj(upper[-2:0:-1])])
        coefficients = np.fft.fft(values).real / CIRCLE
        magnitudes = np.abs(coefficients)
        if not abs(coefficients[0] - self.f0) <= tolerance:
            return (
                NAN,
                INF,
                FAR_TOO_LARGE,
            )  # the mean over the circle is not the value at its centre: a pole lies inside
        tail = float(np.max(magnitudes[-6:]))  # indices -6 … -1, and what is aliased onto them
        scale = self._unit_of(radius)
        if scale in {0.0, INF}:
            return NAN, INF, 1.0 if scale == 0.0 else 0.0
        error = scale * (4 * self.line.unit * size + 4 * tail)
        error += 4 * self.line.unit * abs(coefficients[self.order]) * scale
        floor = 30 * self.line.unit * size
        visible = [k for k in range(1, CIRCLE // 2 + 4) if magnitudes[k] > floor]
        last = visible[-1] if visible else 0
        if last < max(6, self.order + 2):
            ratio = 0.0  # so little curvature shows that the circle is far too small
        else:
            middle = next(k for k in visible if k >= last // 2)
            high = float(np.max(magnitudes[last - 1 : last + 1]))
            ratio = (high / float(np.max(magnitudes[middle - 1 : middle + 1]))) ** (1 / max(1, last - middle))
        return float(coefficients[self.order]) * scale, error, ratio

    # ------------------------------------------------------------------------------------------------- on an interval
    def _chebyshev(self) -> Generator[Request, list, Outcome]:
        line = self.line
        scale = line.scale if line.scale > SMALL else 1.0
        start = math.frexp(scale)[1] - 3
        right = yield from self._reach(1, start)
        left = yield from self._reach(-1, start)
        if right is None and left is None:
            return Outcome(NAN, INF, Status.NON_FINITE, 0.0, NAN, NAN, NAN)
        none = start - 1000
        right, left = none if right is None else right, none if left is None else left
        # on both sides, unless one of them has far less room and hardly any at all
        side, octave = 0, min(right, left)
        if octave < start - 10 and max(right, left) > octave + 10:
            side, octave = (1, right) if right > left else (-1, left)
        tried: dict[int, tuple[float, float, float, float]] = {}
        tried[octave] = yield from self._fit(octave, side)
        centre = octave
        room = min(line.left, line.right) if side == 0 else line.right if side > 0 else line.left
        still = tried[octave][3] == 0.0 and tried[octave][2] in {0.0, abs(self.f0)}
        if still and octave < CLOSEST and math.ldexp(1.0, CLOSEST) <= room:
            centre = CLOSEST  # far below the length of everything else, x might as well be 0
            tried[centre] = yield from self._fit(centre, side)
        if tried[centre][1] == INF:
            # noise, beyond which the trend is seen at larger steps, or structure, which is seen at smaller ones
            for new in (*self._upwards(centre), *(centre - 4 * k for k in (1, 2, 3, 4, 5, 6))):
                tried[new] = yield from self._fit(new, side)
                if tried[new][1] < INF:
                    centre = new
                    break
        for stride in (4, 2, 1):
            for direction in (1, -1):
                while len(tried) < MAXIMUM_FITS:
                    new = centre + direction * stride
                    if new not in tried:
                        tried[new] = yield from self._fit(new, side)
                    if not tried[new][1] < tried[centre][1]:
                        break
                    centre = new
        below = tried[centre][3] > 0.0
        hidden = 0.0
        if below:
            centre, hidden = yield from self._below_structure(tried, centre, side)
        beyond = {k: fit for k, fit in sorted(tried.items()) if k > centre and fit[1] < INF}
        tails = [tail for _, _, size, tail in beyond.values() if 1e3 * line.unit * size < tail < LOST * size]
        if not below and len(tails) > 1 and tails[-1] < STEEP * tails[0]:
            # what is left over does not grow as truncation does: this is a piece between two jumps of a noise
            for new in self._upwards(max(tried)):
                beyond[new] = tried[new] = yield from self._fit(new, side)
            centre = min(beyond, key=lambda octave: beyond[octave][1])
        outcome = self._settle(tried, centre, side)
        if below and outcome.error > SEEN * hidden:
            outcome.status = Status.UNDECIDED
        if self.noise > 0.0 and outcome.status is Status.OK:
            outcome.status = Status.NOISY
        return outcome

    def _below_structure(
        self, tried: dict[int, tuple[float, float, float, float]], centre: int, side: int
    ) -> Generator[Request, list, tuple[int, float]]:
        """Return the octave of the best fit where fits leave something over that is no noise: a jump of a higher derivative beside x.

        And what the nearest of those that leave something over hide: as much as a jump at x leaves in all.

        Such a jump leaves as much in the derivative on all intervals that it lies in: errors do not fall until they are so small
        that it lies outside.  What is left over there falls like a power of the radius, and hides more than the next coefficients.
        """
        for octave, (value, error, size, tail) in tried.items():
            if error < INF and tail > 0.0:
                tried[octave] = value, error + ALGEBRAIC * self._hidden(octave, side, tail), size, tail
        new = centre
        for _ in range(DESCENTS):
            new -= 2
            if new in tried and tried[new][3] > 0.0:
                continue
            if new not in tried:
                tried[new] = yield from self._fit(new, side)
            value, error, size, tail = tried[new]
            if tail == 0.0:
                break
            tried[new] = value, error + ALGEBRAIC * self._hidden(new, side, tail), size, tail
        if new + 1 not in tried:
            value, error, size, tail = yield from self._fit(new + 1, side)
            if tail > 0.0:
                error += ALGEBRAIC * self._hidden(new + 1, side, tail)
            tried[new + 1] = value, error, size, tail
        best = min(tried, key=lambda octave: tried[octave][1])
        rough = [
            (octave, self._hidden(octave, side, fit[3]))
            for octave, fit in sorted(tried.items())
            if octave >= best and fit[3] > 0.0 and fit[1] < INF
        ]
        if len(rough) > 1:
            (near, least), (far, more) = rough[:2]
            if not least > FLAT ** (far - near) * more:  # at x there is nothing
                return best, INF
        return best, rough[0][1] if rough else INF

    def _hidden(self, octave: int, side: int, tail: float) -> float:
        """Return what coefficients as large as the last ones of a fit are worth in the derivative at x."""
        return derivative_of_last(self.order, side) * tail * self._unit_of(math.ldexp(1.0, octave)) / self.factorial

    def _upwards(self, octave: int) -> list[int]:
        """Return some octaves above this one, up to the length of 1 at least."""
        return list(range(octave + 4, max(octave + 13, CLOSEST + 5), 4))

    def _settle(self, tried: dict[int, tuple[float, float, float, float]], octave: int, side: int) -> Outcome:
        value, error, size, level = tried[octave]
        line = self.line
        if not (math.isfinite(value) and math.isfinite(error)):  # out of the range of floating-point numbers
            return Outcome(NAN, INF, Status.UNDECIDED, 0.0, NAN, NAN, NAN)
        status = Status.ONE_SIDED if side else Status.OK
        # what is seen at smaller steps is noise, or no function with this derivative
        beside = [tried[octave], *(fit for other, fit in tried.items() if other < octave)]
        level = max(tail for _, _, _, tail in beside)
        if any(tail > 1e3 * line.unit * height for _, _, height, tail in beside) and not side:
            status = Status.NOISY
        for other in (octave + 1, octave - 1):
            if other > octave and level == 0.0 and other in tried and tried[other][3] > 0.0:
                continue  # what is seen there lies beyond the reach of this fit
            if other in tried and abs(tried[other][0] - value) > 3 * (error + tried[other][1]):
                status, error = Status.UNDECIDED, max(error, abs(tried[other][0] - value))
        # what a function of this size could have as a derivative on this length
        natural = self._unit_of(math.ldexp(1.0, octave)) * size
        if error > 0.1 * abs(value) and error > 1e-8 * natural:
            status = Status.UNDECIDED
        if status is Status.UNDECIDED:  # no bound is smaller than what the fits that follow f differ by
            error = max([error, *(abs(fit[0] - value) for fit in tried.values() if fit[1] < INF)])
        left, right = (NAN if side > 0 else value), (NAN if side < 0 else value)
        noise = max(level, line.unit * abs(self.f0))
        return Outcome(value, error, status, math.ldexp(1.0, octave), left, right, noise)

    def _reach(self, side: int, start: int) -> Generator[Request, list, int | None]:
        """Return the octave of the largest of a few steps on this side at and below which f is finite."""
        room = self.line.right if side > 0 else self.line.left
        octaves = [start - k for k in (0, 2, 5, 9, 14, 20, 28, 36)]
        inside = [k for k in octaves if math.ldexp(1.0, k) <= room]
        if not inside:
            return None
        answers = yield [math.ldexp(side, k) for k in inside]
        good = None
        for octave, value in zip(reversed(inside), reversed(answers)):
            if not math.isfinite(value):
                break
            good = octave
        return good

    def _fit(self, octave: int, side: int) -> Generator[Request, list, tuple[float, float, float, float]]:
        """Return (value, error, size of f, level of noise) of the fit on one interval."""
        line = self.line
        if octave > 1020:
            return NAN, INF, 0.0, 0.0
        radius = math.ldexp(1.0, octave)
        if radius > (min(line.left, line.right) if side == 0 else line.right if side > 0 else line.left):
            return NAN, INF, 0.0, 0.0
        nodes, weights, at_x, transform = rule(self.order, side)
        steps: Request = [float(t) for t in radius * nodes]
        answers = yield steps
        values = np.array(answers, dtype=np.float64)
        if not np.all(np.isfinite(values)):
            return NAN, INF, 0.0, 0.0
        size = float(np.max(np.abs(values)))
        moves = values - self.f0
        shrink = self._unit_of(radius) / self.factorial
        if shrink in {0.0, INF}:  # beyond the range of floating-point numbers
            return NAN, INF, 0.0, 0.0
        value = float(weights @ moves) * shrink
        # rounding of f, and of x + t and x inside f, each by a unit
        steepness = float(np.max(np.abs(np.diff(moves) / np.diff(nodes)))) / radius
        eta = line.unit * (2 * size + line.scale * steepness) + 3 * self.noise + 5e-324
        # a fit that does not pass through f(x) has missed what f does there
        missed = abs(float(at_x @ moves)) - eta * float(np.abs(at_x).sum())
        tail = max(float(np.max(np.abs(transform @ moves)[-4:])), missed)
        level = tail if tail > 4 * eta else 0.0
        # A tail above rounding is truncation or noise: what the next coefficients could hide in the derivative at x.
        hidden = derivative_of_last(self.order, side) * tail * shrink
        rounding = float(np.abs(weights).sum()) * eta * shrink
        # an interval over which f does what no polynomial of this degree can follow says nothing
        error = INF if tail > UNRESOLVED * float(np.max(np.abs(moves))) else 2 * hidden + rounding
        return value, error, size, level
