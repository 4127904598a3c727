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


@dataclass(slots=True)
class View:
    """What the microscope saw.

    Attributes
    ----------
    kind : str
        "smooth", "kink", "jump", "power", "plateau" or "noise".
    size : float
        The gap of slopes (kink), the height (jump), the exponent (power) or the standard deviation (noise).
    residual : float
        Largest residual of the chosen model.
    """

    kind: str
    size: float
    residual: float
    octave: int = 0
    low: int = 0


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
    scale = float(np.max(np.abs(t)))
    t = t / scale
    y = np.array(values) - f0
    if not np.any(y):
        return View("plateau", 0.0, 0.0)
    size = float(np.max(np.abs(y)))
    tolerance = 6 * eta
    one, right, left = np.ones_like(t), np.maximum(t, 0), np.minimum(t, 0)
    both = bool(np.any(right)) and bool(np.any(left))

    with_origin = np.append(t, 0.0)
    y_origin = np.append(y, 0.0)
    _, smooth, spread = _fit([with_origin**0, with_origin, with_origin**2], y_origin)
    if smooth <= tolerance:
        return View("smooth", 0.0, smooth)

    if both:
        slopes, kink, _ = _fit(
            [with_origin**0, np.maximum(with_origin, 0), np.minimum(with_origin, 0), with_origin**2], y_origin
        )
        if kink <= max(tolerance, 0.1 * smooth):
            return View("kink", abs(slopes[1] - slopes[2]) / scale, kink)
        models = [[one * (t > 0), one * (t < 0), t], [one * (t > 0), one * (t < 0), right, left]]
    else:
        models = [[one, t]]
    for model in models:
        levels, jump, _ = _fit(model, y)
        if jump <= max(tolerance, 0.05 * smooth):
            heights = [abs(levels[0])] if not both else [abs(levels[0]), abs(levels[1]), abs(levels[0] - levels[1])]
            if max(heights) > 8 * max(jump, eta):
                return View("jump", max(heights), jump)
    power = _power(t, y, eta)
    if power is not None:
        return View("power", power, 0.0)
    del size
    return View("noise", spread, smooth)


def _fit(columns: list[np.ndarray], y: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return the least-squares coefficients, the largest residual and the standard deviation of what is left."""
    design = np.stack(columns, axis=1)
    coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
    residual = y - design @ coefficients
    freedom = max(1, len(y) - len(columns))
    return coefficients, float(np.max(np.abs(residual))), math.sqrt(float(residual @ residual) / freedom)


def _power(t: np.ndarray, y: np.ndarray, eta: float) -> float | None:
    """Return the exponent α < 1 of \\|y\\| ∝ \\|t\\|^α if every side that moves has one, else None."""
    exponents = []
    for mask in (t > 0, t < 0):
        if np.count_nonzero(mask) < 3:
            continue
        steps, moves = np.log2(np.abs(t[mask])), np.abs(y[mask])
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
    return min(exponents) if exponents and min(exponents) < 0.985 and min(exponents) > 0.01 else None


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
