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

import math
from dataclasses import dataclass

import numpy as np

OFFSETS = (1.0, 0.4375, 0.203125, 0.078125)
"""Where the microscope looks, in units of its largest step: not octaves, on which rounded outputs can look straight."""

OFFSETS_ONE_SIDED = (1.0, 0.6875, 0.4375, 0.296875, 0.203125, 0.125, 0.078125)


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
    t = np.array(offsets)
    far, near = float(np.max(np.abs(t))), float(np.min(np.abs(t)))
    t = t / far
    y = np.array(values) - f0
    tolerance = 6 * eta
    whole, y_whole = np.append(t, 0.0), np.append(y, 0.0)
    powers = [whole**k for k in range(6)]
    quadratic, residual, spread = _fit(powers[:3], y_whole)
    cubic, cubic_residual, cubic_spread = _fit(powers[:4], y_whole)
    view = View("noise", 0.0, spread, residual, float(quadratic[1]) / far, 0.0, far, near, eta)
    view.slope_error = (abs(float(quadratic[1] - cubic[1])) + tolerance + 4 * residual) / far
    if not np.any(y):
        view.kind = "plateau"
        return view
    if residual <= tolerance:
        view.kind = "smooth"
        return view
    quintic_residual = _fit(powers[: min(6, len(whole) - 2)], y_whole)[1]
    # Noise is fitted by no polynomial; what each further power fits much better is smooth.
    converging = cubic_residual < 0.05 * residual or quintic_residual < 0.02 * residual
    if quintic_residual <= tolerance or (converging and not _repeats(t, y)):
        view.kind, view.slope = "smooth", float(cubic[1]) / far
        view.slope_error = (abs(float(quadratic[1] - cubic[1])) + tolerance) / far
        view.spread, view.residual = 0.0, 0.0
        return view
    view.spread, view.residual = max(cubic_spread, 0.3 * spread), cubic_residual

    right, left = np.maximum(t, 0), np.minimum(t, 0)
    both = bool(np.any(right)) and bool(np.any(left))
    if both:
        design = [powers[0], np.maximum(whole, 0), np.minimum(whole, 0), powers[2]]
        slopes, kink, _ = _fit(design, y_whole)
        if kink <= max(tolerance, 0.1 * residual):
            view.kind, view.size = "kink", float(abs(slopes[1] - slopes[2])) / far
            return view
        models = [[1.0 * (t > 0), 1.0 * (t < 0), t], [1.0 * (t > 0), 1.0 * (t < 0), right, left]]
    else:
        models = [[t**0, t], [t**0, t, t**2]]
    for model in models:
        levels, jump, _ = _fit(model, y)
        if jump <= max(tolerance, 0.05 * residual):
            heights = [abs(levels[0]), abs(levels[1]), abs(levels[0] - levels[1])] if both else [abs(levels[0])]
            if max(heights) > 8 * max(jump, eta):
                view.kind, view.size = "jump", float(max(heights))
                return view
    exponent = _power(t, y, eta)
    if exponent is not None:
        view.kind, view.size = "power", exponent
    return view


def spread_within(values: dict[float, float]) -> float:
    """Return the standard deviation of what a parabola through all values by step leaves over, 0 if there are too few."""
    kept = [(t, y) for t, y in values.items() if math.isfinite(y)]
    if len(kept) < 5:
        return 0.0
    t, y = np.array(kept).T
    t = t / np.max(np.abs(t))
    return _fit([t**0, t, t**2], y - y[0])[2]


def _repeats(t: np.ndarray, y: np.ndarray) -> bool:
    """Whether a value occurs twice on one side, as it does where outputs are rounded."""
    return any(len(set(y[mask].tolist())) < np.count_nonzero(mask) for mask in (t > 0, t < 0))


def _fit(columns: list[np.ndarray], y: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return the least-squares coefficients, the largest residual and the standard deviation of what is left."""
    design = np.stack(columns, axis=1)
    coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
    residual = y - design @ coefficients
    freedom = max(1, len(y) - len(columns))
    return coefficients, float(np.max(np.abs(residual))), math.sqrt(float(residual @ residual) / freedom)


def _power(t: np.ndarray, y: np.ndarray, eta: float) -> float | None:
    """Return the exponent α < 1 of a power law in the length of t, followed by both sides or by the even part; else None."""
    right, left = dict(zip(t[t > 0], y[t > 0])), dict(zip(-t[t < 0], y[t < 0]))
    if right.keys() == left.keys():
        steps = np.array(list(right))
        even = _exponent([(steps, np.array([right[s] + left[s] for s in steps]))], 2 * eta)
        if even is not None:
            return even
    return _exponent([(np.abs(t[mask]), y[mask]) for mask in (t > 0, t < 0)], eta)


def _exponent(sides: list[tuple[np.ndarray, np.ndarray]], eta: float) -> float | None:
    exponents = []
    for lengths, values in sides:
        if lengths.size < 3:
            continue
        steps, moves = np.log2(lengths), np.abs(values)
        if np.max(moves) < 16 * eta:
            continue
        if np.min(moves) < 8 * eta:
            return None
        order = np.argsort(steps)
        rates = np.diff(np.log2(moves[order])) / np.diff(steps[order])
        if np.ptp(rates) > 0.05 + 4 * eta / float(np.min(moves)):
            return None
        exponents.append(float(np.mean(rates)))
    # The logarithm, |t log t|, has a local exponent that approaches 1 from below.
    return min(exponents) if exponents and 0.01 < min(exponents) < 0.985 else None


def significant_bits(values: list[float]) -> int:
    """Return how many bits of the mantissa are in use: 24 or fewer for float32, 11 for float16, 8 for bfloat16.

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
