r"""What is left of a function that cancels until one rounding lasts over all steps: a constant divided by a power of x.

(1 - cos x)/x², log(1 + x)/x, (g(c + x) - g(c))/x: near 0 the numerator is a multiple of one unit of rounding, the same over the
whole ladder, and f is as smooth as can be, with the slope of

.. math:: b + \frac{a_1}{x} + \frac{a_2}{x^2} + \frac{a_3}{x^3} + \frac{a_4}{x^4}

and not of the function that is meant.  Then f x⁴ is a polynomial of degree four to the last bit, which next to no other function
is.  One that is goes on so at x/2 and at 2x; where a numerator was rounded, it has jumped there.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.numerical.samples import BOTH, Request, Resolved, Samples
from gradwise.numerical.teeth import height_of_teeth

if TYPE_CHECKING:
    from gradwise.numerical.lanes import Lanes, Store

FIFTH = (32 / 45, 64 / 9, 512 / 45)
"""Weights of the fifth divided difference at ±1, ±1/2, ±1/4, whose signs alternate; those of the negative steps have the other sign."""

SLOPE = 0.01
"""A function that changes by less than this part of itself over |x| is a constant, which is a polynomial too."""

SIGNS = np.array([1.0, -1.0, 1.0])[:, None, None]

ROUNDINGS = 6.0
"""Of the division, the power of x, and the test itself, in units."""

CLOSE = 2.0**-7
"""Steps must be this part of |x| at least: closer by, every function is a polynomial."""

PURE = 1e-6
"""So close, relatively, the slope right around x must be to that of a power of x."""

DEEP = 20
"""Octaves below the first step from which on a slope need not be known so well."""

ROUGHLY = 1e-3
"""So well it must be known there."""

SMALL_X = 0.25
"""Where |x| is larger, its powers are numbers that any slope may have."""

TINY = 1e-70
"""Powers up to the fourth of numbers between this and its reciprocal neither overflow nor vanish."""

STRIDE = 4
"""Octaves from one step to the next on the way out of a plateau."""


def is_rational(samples: Samples, h: float, slope: float) -> bool:
    """Whether values at ± h, ± h/2, ± h/4 are those of a polynomial in 1/x of degree four, to within rounding."""
    line, values = samples.line, samples.values
    origin = line.origin
    if origin is None or not (h > CLOSE * abs(origin) and abs(origin * slope) > SLOPE * abs(samples.f0)):
        return False
    a, b = 0.5 * h, 0.25 * h
    return is_polynomial((values[h], values[a], values[b]), (values[-h], values[-a], values[-b]), h, origin, line.unit)


def is_polynomial(plus: Sequence[float], minus: Sequence[float], h: float, origin: float, unit: float) -> bool:
    """Whether f x⁴ is a polynomial of degree four, by its values at h, h/2, h/4 and on the other side."""
    if not h > CLOSE * abs(origin):
        return False
    (w0, w1, w2), (p0, p1, p2), (m0, m1, m2) = FIFTH, plus, minus
    shift = h / origin
    half, quarter = 0.5 * shift, 0.25 * shift
    a, b, c, d, e, g = 1.0 - shift, 1.0 - half, 1.0 - quarter, 1.0 + shift, 1.0 + half, 1.0 + quarter
    a, b, c, d, e, g = a * a, b * b, c * c, d * d, e * e, g * g  # a power would raise where a product is infinite
    p0, p1, p2, m0, m1, m2 = p0 * a * a, p1 * b * b, p2 * c * c, m0 * d * d, m1 * e * e, m2 * g * g
    difference = w0 * (p0 - m0) - w1 * (p1 - m1) + w2 * (p2 - m2)
    size = w0 * (abs(p0) + abs(m0)) + w1 * (abs(p1) + abs(m1)) + w2 * (abs(p2) + abs(m2))
    return abs(difference) <= ROUNDINGS * unit * size


def jump_nearby(samples: Samples, h: float) -> Generator[Request, list[float], float]:
    """Return by how much f is off at x/2 and at 2x what it is right around x, 0 where it goes on alike."""
    origin = samples.line.origin
    assert origin is not None
    yield from samples.sample([part * origin for part in NEARBY])
    steps = (0.0, h, -h, 0.5 * h, -0.5 * h)
    parts = [t / origin for t in steps]
    products = [samples.values[t] * (1.0 - part) ** 4 for t, part in zip(steps, parts)]
    worst = 0.0
    # the jump of a numerator counts as it would at x, whatever the power of x is
    for part, factor in zip(NEARBY, (2.0, 8.0)):
        value = samples.values[part * origin]
        if math.isfinite(value):
            expected, size = _continued(parts, products, part)
            off = abs(value - expected)
            if off > 1e-4 * (abs(value) + abs(samples.f0)) + 64 * samples.line.unit * size:
                worst = max(worst, factor * off)
    return worst


NEARBY = (0.5, -1.0)
"""Where it is looked whether f goes on alike, in steps of the way to 0: at x/2 and at 2x."""


def _continued(parts: list[Any], products: list[Any], part: float) -> tuple[Any, Any]:
    """Return what f is at a part of the way to 0 if f x⁴ is the polynomial through these products, and the sum of its terms."""
    total, size = 0.0, 0.0
    for i, product in enumerate(products):
        term = product / (1.0 - part) ** 4
        for j, other in enumerate(parts):
            if j != i:
                term = term * (part - other) / (parts[i] - other)
        total, size = total + term, size + abs(term)
    return total, size


def plateau_entries(
    lanes: Lanes, store: Store, usable: np.ndarray, grid: np.ndarray, h: np.ndarray, value: np.ndarray, good: np.ndarray
) -> np.ndarray:  # fmt: skip
    """Return which entries are those of a rational function of x, one lane a number, that does not go on so at x/2 and 2x.

    `grid` has the values at ± H, ± H/2, ± H/4; x/2 and 2x are evaluated in one batch for the lanes that ask for it.
    """
    none = np.zeros_like(good)
    if lanes.point is None:
        return none
    x, f0 = lanes.point[usable, None], lanes.f0[usable]
    moving = good & (np.abs(x * value) > SLOPE * np.abs(f0))
    if not moving.any():
        return none
    part = -h[:, None] / x
    plus = grid[0, :3] * np.stack([(1 - w * part) ** 4 for w in (1.0, 0.5, 0.25)])
    minus = grid[1, :3] * np.stack([(1 + w * part) ** 4 for w in (1.0, 0.5, 0.25)])
    weights = np.array(FIFTH)[:, None, None]
    difference = np.abs((weights * SIGNS * (plus - minus)).sum(axis=0))
    size = (weights * (np.abs(plus) + np.abs(minus))).sum(axis=0)
    rational = moving & (difference <= ROUNDINGS * lanes.units * size)
    rows = np.flatnonzero(rational.any(axis=1))
    if rows.size == 0:
        return none
    lane, origin = usable[rows], -lanes.point[usable[rows]]
    steps = np.concatenate([where * origin for where in NEARBY])
    inside = (steps <= np.tile(lanes.right[lane], 2)) & (steps >= -np.tile(lanes.left[lane], 2))
    values = np.full((steps.size, grid.shape[-1]), np.nan)
    asked = np.tile(lane, 2)[inside]
    if asked.size:
        values[inside] = lanes.real(asked, steps[inside])
        store.keep(asked, steps[inside], values[inside])
    near = part[rows]
    parts = [0.0 * near, near, -near, 0.5 * near, -0.5 * near]
    products = [f0[rows], plus[0, rows], minus[0, rows], plus[1, rows], minus[1, rows]]
    for where, seen in zip(NEARBY, values.reshape(2, rows.size, -1)):
        expected, total = _continued(parts, products, where)
        allowed = 1e-4 * (np.abs(seen) + np.abs(f0[rows])) + 64 * lanes.units * total
        none[rows] |= rational[rows] & (np.abs(seen - expected) > allowed)
    return none


def way_out(samples: Samples) -> Generator[Request, list[float], tuple[float, float] | None]:
    """Return (step, move) of an f that is 0 on the ladder but has no value at 0: where it stays 0, and by how much it moves beyond.

    0/0 at the origin is the sign of a quotient whose numerator is lost in rounding.  None if there is none.
    """
    origin = samples.line.origin
    if origin is None:
        return None
    yield from samples.sample([origin])
    if math.isfinite(samples.values[origin]) or not -samples.line.left <= origin <= samples.line.right:
        return None
    still = samples.line.octave
    for octave in range(still + STRIDE + 2, max(1, still + STRIDE + 3), STRIDE):
        yield from samples.sample_octaves([octave])
        move = max((abs(samples.at(octave, side)) for side in BOTH if samples.finite(octave, side)), default=0.0)
        if move > 0.0:
            return math.ldexp(1.0, still), move
        still = octave
    return None


def numerator_stands(samples: Samples, found: Resolved) -> bool:
    """Whether the slope is that of a quotient with a power of x whose numerator does not move, or by x itself: 0/x², (1 - x)/x."""
    origin = samples.line.origin
    # so far down that next to no function has structure there, two digits are enough
    known = PURE if found.high > samples.line.octave - DEEP else ROUGHLY
    if origin is None or not known * abs(found.value) >= found.total or not TINY < abs(origin) < 1 / TINY:
        return False
    x = -origin
    if abs(x) >= SMALL_X and not (samples.f0 and 0.99 < -found.value * x / samples.f0 < 4.01):
        return False
    for power in (1, 2, 3, 4):
        # f = N / x**p has the slope (N' - p N / x) / x**p
        first, second = found.value, power * samples.f0 / x
        off = PURE * max(abs(first), abs(second)) + 2 * found.total
        rest = abs(first + second)
        if rest <= off:
            return True
        if power > 1 and abs(x) < SMALL_X and abs(rest - abs(x) ** -power) <= off <= 0.1 * rest:
            return True
    return False


def divides_nearby(samples: Samples, found: Resolved) -> int:
    """Return the power p if f, its slope and its curvature are those of a constant divided by (x - c)**p, whatever c is; else 0."""
    if not TINY < math.ldexp(1.0, found.high) < 1 / TINY:
        return 0
    h, f0, square = math.ldexp(1.0, found.high), samples.f0, found.value * found.value
    near, far = 4 * samples.bend(found.high - 1), samples.bend(found.high)  # both are f'' h²
    if square == 0.0:
        return 0
    curvature = (4 * near - far) / 3
    rest = f0 * curvature / (h * h * square) - 1  # 1/p
    if not 0.2 < rest < 1.02 or not abs(near - far) + 8 * samples.eta(f0) <= 0.01 * abs(curvature):
        return 0
    power = round(1 / rest)
    return power if 1 <= power <= 4 and abs(rest - 1 / power) <= 0.01 else 0


def goes_on(samples: Samples, found: Resolved, octave: int) -> bool:
    """Whether values farther out are those of the constant divided by a power of x - c that f is around x: of a true pole."""
    for power in (1, 2, 3, 4):
        distance = -power * samples.f0 / found.value
        ends = [distance + math.ldexp(side, octave) for side in BOTH]
        if not all(abs(distance) < abs(end) / TINY for end in ends):
            continue
        expected = [samples.f0 * (distance / end) ** power for end in ends]
        if all(abs(samples.at(octave, side) - y) <= 0.05 * abs(y) for side, y in zip(BOTH, expected)):
            return True
    return False


def pole_beside(samples: Samples, found: Resolved) -> float:
    """Return the distance of the pole c where f is b + a / (x - c) to within rounding, and is told from a parabola; else 0."""
    h = math.ldexp(1.0, found.high)
    outer, inner = [[samples.at(octave, side) - samples.f0 for side in BOTH] for octave in (found.high, found.high - 1)]
    right, left = outer
    if abs(right) == abs(left) or not math.isfinite(right + left):
        return 0.0
    distance = h * (left - right) / (right + left)  # from c to x
    if distance == 0.0:
        return 0.0
    eta = max(samples.eta(samples.f0), *(samples.eta(samples.at(found.high, side)) for side in BOTH))
    part = h / distance
    if not CLOSE <= abs(part) < 0.9 or not abs(right) * part * part > 256 * eta:
        return 0.0
    for side, move in zip(BOTH, inner):
        # the move at a part of the way, by those at the ends, is that of a Möbius function
        whole = right if side > 0 else left
        if not abs(move - 0.5 * whole * (1 + side * part) / (1 + 0.5 * side * part)) <= ROUNDINGS * eta:
            return 0.0
    return distance


def leaves_pole(samples: Samples, found: Resolved, distance: float) -> Generator[Request, list[float], float]:
    """Return by how much values at larger steps are off those of the pole that f seems to have beside x; 0 if it goes on.

    Where none are known, they are asked for half of the way to the pole, and as far on the other side.
    """
    h = math.ldexp(1.0, found.high)
    if not any(h < abs(t) < 0.5 * abs(distance) for t in samples.values):
        yield from samples.sample([-0.5 * distance, 0.5 * distance])
    residue = (samples.at(found.high, 1) - samples.f0) * (distance + h) / h
    worst = 0.0
    for t, value in samples.values.items():
        if abs(t) <= 0.5 * abs(distance) and math.isfinite(value):
            expected = residue * t / (distance + t)
            off = abs(value - samples.f0 - expected)
            if off > 0.05 * abs(expected) + 256 * samples.eta(value):
                worst = max(worst, 2 * off)
    return worst


def lost_numerator(
    samples: Samples, found: Resolved, *, jumped: bool, scattered: bool = False
) -> Generator[Request, list[float], tuple[float, bool]]:
    """Return how far values are off those of the function that is meant, if x is on a plateau of rounding, else 0; and whether that is sure."""
    octave = samples.line.octave
    h = math.ldexp(1.0, octave)
    if not (found.high < octave or found.side != 0):
        return (yield from rounded_numerator(samples, h, found.value))
    origin, far_off = samples.line.origin, math.ldexp(16 * abs(found.value), found.high)
    if numerator_stands(samples, found):
        assert origin is not None
        return (yield from _confirmed(samples, far_off, -origin))
    power = divides_nearby(samples, found) if jumped else 0
    if power:
        return (yield from _confirmed(samples, far_off, -power * samples.f0 / found.value))
    distance = pole_beside(samples, found) if found.side == 0 else 0.0
    jump = (yield from leaves_pole(samples, found, distance)) if distance else 0.0
    jump, sure = yield from _confirmed(samples, jump, distance)
    return (jump, sure) if jump > 0.0 else ((yield from height_of_teeth(samples, found, scattered=scattered)), True)


def rounded_numerator(samples: Samples, h: float, slope: float) -> Generator[Request, list[float], tuple[float, bool]]:
    """Return the same for a slope that steps of h, h/2 and h/4 around x agree on."""
    if not is_rational(samples, h, slope):
        return 0.0, True
    assert samples.line.origin is not None
    jump = yield from jump_nearby(samples, h)
    return (yield from _confirmed(samples, jump, -samples.line.origin))


def _confirmed(samples: Samples, jump: float, distance: float) -> Generator[Request, list[float], tuple[float, bool]]:
    """Return a jump where f is not smooth four and eight times as far from its pole as x is, else 0; and whether that is sure.

    A numerator that is rounded jumps there all the time.  What is a constant divided by a power of x over one regime only, as
    engineers' correlations are, is smooth in the next one.
    """
    if jump == 0.0:
        return 0.0, True
    smooth = []
    for factor in BEYOND:
        centre, half = (factor - 1.0) * distance, 0.125 * factor * distance
        steps = [samples.exact(centre + half * node) for node in NODES]
        yield from samples.sample(steps)
        values = np.array([samples.values[t] for t in steps])
        if not np.isfinite(values).all() or len(set(steps)) < len(steps):
            return jump, False
        # where steps are rounded to what x can be moved by, nodes are not quite those of Chebyshev
        basis = np.polynomial.chebyshev.chebvander((np.array(steps) - centre) / half, len(NODES) - 1)
        coefficients = np.abs(np.linalg.solve(basis, values))
        rounding = ROUGH * samples.line.unit * np.abs(values).max()
        smooth.append(bool(coefficients[LAST].max() <= max(rounding, DECAY * coefficients[MIDDLE].max())))
    return (0.0 if all(smooth) else jump), all(smooth) or not any(smooth)


BEYOND = (4.0, 8.0)

NODES = [math.cos(math.pi * (k + 0.5) / 16) for k in range(16)]
"""Of Chebyshev: the coefficients of a smooth function die out, those of noise do not."""

MIDDLE, LAST = slice(6, 10), slice(12, 16)

DECAY = 0.01
"""What is left of the middle ones in the last ones if f is smooth on a sixteenth of the distance from its pole."""

ROUGH = 32.0
"""How many units of rounding a coefficient must have to be seen."""
