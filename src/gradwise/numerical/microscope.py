r"""What a function looks like right around x: a few values at four small steps on either side, and five models of them.

Near x, on steps t so small that a smooth function is a straight line to within rounding, values can only be

=============  ====================================================================================
smooth         a + b t + c t² on both sides
kink           a + r t to the right, a + l t to the left, r ≠ l
jump           a₊ + b t to the right, a₋ + b t to the left, with f(x) one of the two or neither
power          \|f(x + t) - f(x)\| ∝ \|t\|^α with α < 1: an infinite slope
noise          none of these: what is left over after the smooth model is the noise
=============  ====================================================================================

The first model that leaves no more than rounding wins; where rounding is not known (a function that loses digits inside)
a model must leave ten times less than the smooth one.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass

from gradwise.numerical.models import Grid, deviation, largest

OFFSETS = (1.0, 0.4375, 0.203125, 0.078125)
"""Where the microscope looks, in units of its largest step: not octaves, on which rounded outputs can look straight."""

OFFSETS_ONE_SIDED = (1.0, 0.6875, 0.4375, 0.296875, 0.203125, 0.125, 0.078125)


DOUBLE_BITS = 32
"""A number with more bits than these is taken to have come in double precision."""


@dataclass(slots=True)
class View:
    """What the microscope saw.

    Attributes
    ----------
    kind : str
        "smooth", "plateau", "kink", "jump", "power" or "noise".
    size : float
        The gap of slopes (kink), the height (jump) or the exponent (power).
    spread : float
        Standard deviation of what the smooth model leaves over: the noise, if it is noise.
    residual : float
        Largest residual of the smooth model.
    slope, slope_error : float
        Slope of the smooth model, and how far it can be off.
    far, near : float
        Largest and smallest step.
    eta : float
        Rounding of one value that was assumed.
    """

    kind: str
    size: float = 0.0
    spread: float = 0.0
    residual: float = 0.0
    slope: float = 0.0
    slope_error: float = 0.0
    far: float = 0.0
    near: float = 0.0
    eta: float = 0.0

    @property
    def slope_deviation(self) -> float:
        """Standard deviation of the slope, by what the values scatter."""
        return max(self.spread, 0.3 * self.eta) / (1.5 * self.far)


def look(offsets: list[float], values: list[float], f0: float, eta: float) -> View:
    """Classify values close to x.

    Parameters
    ----------
    offsets, values : list of float
        Steps t ≠ 0 (either sign) and the finite values f(x + t).
    f0 : float
        f(x).
    eta : float
        Rounding of one value if the function is computed as well as its type allows.
    """
    far, near = max(map(abs, offsets)), min(map(abs, offsets))
    steps = tuple([t / far for t in offsets])
    grid = standard_grids().get(steps) or Grid(steps)
    y = [value - f0 for value in values]
    moves = [*y, 0.0]
    tolerance = 6 * eta
    slope, cubic_slope, rest, cubic_rest, quintic_rest = grid.polynomials(moves)
    residual = largest(rest)
    spread = deviation(rest, 3)
    view = View("noise", 0.0, spread, residual, slope / far, 0.0, far, near, eta)
    off = abs(slope - cubic_slope)
    view.slope_error = (off + tolerance + 4 * residual) / far
    if not any(y):
        view.kind = "plateau"
        return view
    if residual <= tolerance:
        view.kind = "smooth"
        return view
    cubic_residual, quintic_residual = largest(cubic_rest), largest(quintic_rest)
    # Noise is fitted by no polynomial; what each further power fits much better is smooth.
    converging = cubic_residual < 0.05 * residual or quintic_residual < 0.02 * residual
    if quintic_residual <= tolerance or (converging and not _repeats(steps, y)):
        view.kind, view.slope = "smooth", cubic_slope / far
        view.slope_error = (off + tolerance) / far
        view.spread, view.residual = 0.0, 0.0
        return view
    view.spread, view.residual = max(deviation(cubic_rest, 4), 0.3 * spread), cubic_residual
    (kink, gap), jumps = grid.broken(moves)
    if kink <= max(tolerance, 0.1 * residual):
        view.kind, view.size = "kink", gap / far
        return view
    for jump, levels in jumps:
        if jump <= max(tolerance, 0.05 * residual):
            height = max(map(abs, (*levels, levels[0] - levels[1]))) if grid.both else abs(levels[0])
            if height > 8 * max(jump, eta):
                view.kind, view.size = "jump", height
                return view
    exponent = _power(steps, y, eta)
    if exponent is not None:
        view.kind, view.size = "power", exponent
    return view


@functools.cache
def standard_grids() -> dict[tuple[float, ...], Grid]:
    """Return the grids that are looked through again and again, by their steps."""
    keys = [
        tuple(side * offset for offset in OFFSETS for side in (1, -1)),
        OFFSETS_ONE_SIDED,
        tuple(-offset for offset in OFFSETS_ONE_SIDED),
    ]
    return {key: Grid(key) for key in keys}


def _repeats(t: tuple[float, ...], y: list[float]) -> bool:
    """Whether a value occurs twice on one side, as it does where outputs are rounded."""
    right, left = [v for s, v in zip(t, y) if s > 0], [v for s, v in zip(t, y) if s < 0]
    return len(set(right)) < len(right) or len(set(left)) < len(left)


def _power(t: tuple[float, ...], y: list[float], eta: float) -> float | None:
    """Return the exponent α < 1 of a power law in the length of t, followed by both sides or by the even part; else None."""
    right = sorted([(s, v) for s, v in zip(t, y) if s > 0])
    left = sorted([(-s, v) for s, v in zip(t, y) if s < 0])
    if [s for s, _ in right] == [s for s, _ in left]:
        even = _exponent([[(s, v + w) for (s, v), (_, w) in zip(right, left)]], 2 * eta)
        if even is not None:
            return even
    return _exponent([right, left], eta)


def _exponent(sides: list[list[tuple[float, float]]], eta: float) -> float | None:
    exponents = []
    for points in sides:
        if len(points) < 3:
            continue
        moves = [abs(v) for _, v in points]
        largest_move, least = moves[-1], moves[0]
        if largest_move < 16 * eta:
            continue
        if not (least >= 8 * eta and largest_move < math.inf and moves == sorted(moves)):
            return None
        logs = [(math.log2(s), math.log2(move)) for (s, _), move in zip(points, moves)]
        rates = [(v - w) / (s - u) for (u, w), (s, v) in itertools.pairwise(logs)]
        if max(rates) - min(rates) > 0.05 + 4 * eta / least:
            return None
        exponents.append(sum(rates) / len(rates))
    # The logarithm, |t log t|, has a local exponent that approaches 1 from below.
    return min(exponents) if exponents and 0.01 < min(exponents) < 0.985 else None


def significant_bits(values: list[float]) -> int:
    """Return how many bits of the mantissa are in use: 24 or fewer for float32, 11 for float16, 8 for bfloat16.

    Beyond `DOUBLE_BITS` they are counted no further.

    Examples
    --------
    >>> significant_bits([0.5, 0.75])
    2
    """
    bits = 1
    for value in values:
        if value != 0.0 and math.isfinite(value):
            mantissa = int(math.ldexp(math.frexp(value)[0], 53))
            bits = max(bits, 53 - ((mantissa & -mantissa).bit_length() - 1))
            if bits > DOUBLE_BITS:
                break
    return bits


def common_step(values: list[float], size: float) -> float:
    """Return the quantum q of which all differences of the values are multiples, 0 if there is none above rounding.

    Examples
    --------
    >>> round(common_step([0.83, 0.84, 0.87], 1.0), 12)
    0.01
    """
    smallest_seen = 2.0**-46 * size
    differences = sorted({abs(value - values[0]) for value in values if abs(value - values[0]) > smallest_seen})
    if len(differences) < 2:
        return differences[0] if differences else 0.0
    for parts in range(1, 25):
        quantum = differences[0] / parts
        if quantum <= 64 * smallest_seen:
            break
        # the quantum is refined along the way, so that large multiples of it are still met
        for difference in differences:
            count = round(difference / quantum)
            if abs(difference - count * quantum) > 0.02 * quantum + smallest_seen:
                break
            quantum = difference / count
        else:
            return quantum
    return 0.0
