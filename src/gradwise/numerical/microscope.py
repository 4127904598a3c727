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
import math
from dataclasses import dataclass

import numpy as np

from gradwise.numerical.models import Grid, deviation, largest

OFFSETS = (1.0, 0.4375, 0.203125, 0.078125)
"""Where the microscope looks, in units of its largest step: not octaves, on which rounded outputs can look straight."""

OFFSETS_ONE_SIDED = (1.0, 0.6875, 0.4375, 0.296875, 0.203125, 0.125, 0.078125)


DOUBLE_BITS = 32
"""A number with more bits than these is taken to have come in double precision."""

ENDS = 2 ** (53 - DOUBLE_BITS) - 1
"""The bits of a mantissa beyond those."""


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
        Standard deviation of what the smooth model leaves over: the noise, if it is noise (`measure`).
    residual : float
        Largest residual of the smooth model.
    slope, slope_error : float
        Slope of the smooth model, and how far it can be off.
    far, near : float
        Largest and smallest step.
    eta : float
        Rounding of one value that was assumed.
    rest : two lists of float, optional
        What parabola and cubic leave over, where the spread has not been computed from it.
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
    rest: tuple[list[float], list[float]] | None = None

    @property
    def slope_deviation(self) -> float:
        """Standard deviation of the slope, by what the values scatter."""
        return max(self.spread, 0.3 * self.eta) / (1.5 * self.far)

    def measure(self) -> None:
        """Set the spread of a view that was not taken for noise at first."""
        if self.rest is not None:
            parabola, cubic = self.rest
            self.spread, self.rest = max(deviation(cubic, 4), 0.3 * deviation(parabola, 3)), None


def look(offsets: list[float], values: list[float], f0: float, eta: float, *, smooth: bool = False) -> View:
    """Classify values close to x.

    Parameters
    ----------
    offsets, values : list of float
        Steps t ≠ 0 (either sign) and the finite values f(x + t).
    f0 : float
        f(x).
    eta : float
        Rounding of one value if the function is computed as well as its type allows.
    smooth : bool
        Whether nothing is asked but whether f is smooth: what is not is called noise.
    """
    sizes = list(map(abs, offsets))
    far, near = max(sizes), min(sizes)
    steps = tuple([t / far for t in offsets])
    grid = standard_grids().get(steps) or Grid(steps)
    return classify(grid, [value - f0 for value in values], far, near, eta, smooth=smooth)


def classify(grid: Grid, y: list[float], far: float, near: float, eta: float, *, smooth: bool = False) -> View:
    """Classify f(x + t) - f(x) at the steps of a grid whose largest is `far`."""
    tolerance = 6 * eta
    if not any(y):
        return View("plateau", slope_error=tolerance / far, far=far, near=near, eta=eta)
    moves = np.array([*y, 0.0])
    rows, n = grid.polynomials(moves), grid.count
    slope, cubic_slope, rest = rows[0], rows[1], rows[2 : 2 + n]
    residual = largest(rest)
    off = abs(slope - cubic_slope)
    if residual <= tolerance:
        slope_error = (off + tolerance + 4 * residual) / far
        return View("smooth", 0.0, deviation(rest, 3), residual, slope / far, slope_error, far, near, eta)
    cubic_rest, quintic_rest = rows[2 + n : 2 + 2 * n], rows[2 + 2 * n :]
    cubic_residual, quintic_residual = largest(cubic_rest), largest(quintic_rest)
    # Noise is fitted by no polynomial; what each further power fits much better is smooth.
    converging = cubic_residual < 0.05 * residual or quintic_residual < 0.02 * residual
    if quintic_residual <= tolerance or (converging and not _repeats(grid, y)):
        return View("smooth", 0.0, 0.0, 0.0, cubic_slope / far, (off + tolerance) / far, far, near, eta)
    slope_error = (off + tolerance + 4 * residual) / far
    view = View("noise", 0.0, 0.0, cubic_residual, slope / far, slope_error, far, near, eta, rest=(rest, cubic_rest))
    if smooth:
        return view
    kink, gap, broken = grid.broken(moves)
    if kink <= max(tolerance, 0.1 * residual):
        view.kind, view.size = "kink", gap / far
        return view
    for jump, levels in grid.steps_at_x(broken):
        if jump <= max(tolerance, 0.05 * residual):
            height = max(map(abs, (*levels, levels[0] - levels[1]))) if grid.both else abs(levels[0])
            if height > 8 * max(jump, eta):
                view.kind, view.size = "jump", height
                return view
    exponent = _power(grid, y, eta)
    if exponent is not None:
        view.kind, view.size = "power", exponent
    elif grid is standard_grid():
        gap = _bent_at_x(y, tolerance)
        if gap > 0.0:
            view.kind, view.size = "kink", gap / far
    return view


def _bent_at_x(y: list[float], tolerance: float) -> float:
    """Return the gap of a kink on a curve, over the largest step: of g |t| + c t² + q t⁴ as the even part; 0 if there is none."""
    pairs = list(zip(y[::2], y[1::2]))
    even, odd = np.array([right + left for right, left in pairs]), np.array([right - left for right, left in pairs])
    with_gap, without, smooth, gap = _models_of_parts()
    bent, left, rest = [float(np.max(np.abs(part))) for part in (without @ even, with_gap @ even, smooth @ odd)]
    found = abs(float(gap @ even))
    # what f loses inside shows in the odd part as well
    if max(left, rest) <= min(2 * tolerance, 0.05 * bent) and found * OFFSETS[-1] > 4 * tolerance:
        return found
    return 0.0


@functools.cache
def _models_of_parts() -> tuple[np.ndarray, ...]:
    """Return what turns even parts into residuals with and without a kink, odd ones into residuals, and even ones into the gap."""
    t = np.array(OFFSETS)
    models = [np.stack(terms, axis=1) for terms in ([t, t**2, t**4], [t**2, t**4], [t, t**3])]
    residuals = [np.eye(t.size) - model @ np.linalg.pinv(model) for model in models]
    return (*residuals, np.linalg.pinv(models[0])[0])


@functools.cache
def standard_grids() -> dict[tuple[float, ...], Grid]:
    """Return the grids that are looked through again and again, by their steps; that of both sides is the first."""
    keys = [
        tuple(side * offset for offset in OFFSETS for side in (1, -1)),
        OFFSETS_ONE_SIDED,
        tuple(-offset for offset in OFFSETS_ONE_SIDED),
    ]
    return {key: Grid(key) for key in keys}


@functools.cache
def standard_grid() -> Grid:
    """Return the grid of all steps to both sides."""
    return next(iter(standard_grids().values()))


def _repeats(grid: Grid, y: list[float]) -> bool:
    """Whether a value occurs twice on one side, as it does where outputs are rounded."""
    return any(len({y[k] for k in places}) < len(places) for places, _ in grid.sides)


def _power(grid: Grid, y: list[float], eta: float) -> float | None:
    """Return the exponent α < 1 of a power law in the length of t, followed by both sides or by the even part; else None."""
    (places, logs), (others, other_logs) = grid.sides
    right, left = [y[k] for k in places], [y[k] for k in others]
    if logs == other_logs:
        even = _exponent([([v + w for v, w in zip(right, left)], logs)], 2 * eta)
        if even is not None:
            return even
    return _exponent([(right, logs), (left, other_logs)], eta)


def _exponent(sides: list[tuple[list[float], list[float]]], eta: float) -> float | None:
    exponents = []
    for values, logs in sides:
        if len(values) < 3:
            continue
        moves = list(map(abs, values))
        least, largest_move = moves[0], moves[-1]
        if largest_move < 16 * eta:
            continue
        if not (least >= 8 * eta and least <= moves[1] and largest_move < math.inf and moves == sorted(moves)):
            return None
        sizes = list(map(math.log2, moves))
        rates = [(v - w) / (s - u) for w, v, u, s in zip(sizes, sizes[1:], logs, logs[1:])]
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
    used = 0  # the union of all mantissas ends where the longest of them does
    for value in values:
        if value != 0.0 and value - value == 0.0:
            used |= int(math.frexp(value)[0] * 2.0**53)
            if used & ENDS:
                return DOUBLE_BITS + 1
    return 53 - ((used & -used).bit_length() - 1) if used else 1


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
