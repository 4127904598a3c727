r"""The complex step, and the cheap real check without which it must not be believed.

For a function that is analytic and real on the real axis, :math:`\operatorname{Im} f(x + ih) / h = f'(x) + O(h^2)`
without subtraction (Squire and Trapp 1998).  `abs`, `maximum`, comparisons and conjugation run on complex numbers and are
not analytic: the result is then wrong without a sign of it.  So a second complex value F at a moderate h and a real pair
are compared.  For analytic f, with g the complex-step derivative,

.. math:: f(x \pm h) = f(x) \pm (2hg - \operatorname{Im} F) + (f(x) - \operatorname{Re} F) + O(h^4),

so that the odd part of the residual tests g to h⁴ and the even part tests smoothness at x (a kink, a jump, noise).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwise.numerical.line import SMALL, Line, Outcome
from gradwise.numerical.samples import Samples

TINY = -60
"""Octave of the complex step below |x|: its truncation is 2⁻¹²⁰ relatively, far from underflow down to x = 1e-150."""

CHECK = -16
"""Octave of the real check below |x|."""

GROWTHS = (0, 12, 24)
"""By how many octaves the real check's step grows where it was too small to see the slope."""


REPEATS = ((1, 0.8090169943749475), (-1, 0.6180339887498949), (2, 0.7236067977499789))
"""Of further slopes: by how many units in the last place x is moved, and their steps in units of the tiny one."""

LOSSY = 0.25
"""From this part of the bound on, two slopes differ because f loses digits inside, and two more are asked for."""

APART = 3.0
"""How many times the distance of two slopes is added to the bound."""

RANGE = 2.0
"""How many times the range of four slopes their mean may be off, where f loses digits."""


def judge_complex(
    tiny: Any,
    tiny_imaginary: Any,
    h: Any,
    real: Any,
    imaginary: Any,
    f0: Any,
    pair: tuple[Any, Any],
    scale: Any,
    unit: Any,
    maximum: Callable[[Any, Any], Any],
    minimum: Callable[[Any, Any], Any],
) -> tuple[Any, Any, Any, Any]:
    """Return (value, error, accepted, blind): the complex-step derivative and whether the real check confirms it.

    Parameters
    ----------
    tiny, tiny_imaginary : float or array
        The tiny step and Im f(x + i·tiny).
    h, real, imaginary : float or array
        The moderate step and F = f(x + ih).
    f0, pair, scale, unit : float or array
        f(x), (f(x + h), f(x - h)), |x| and the unit roundoff of f.
    maximum, minimum : callable
        ``max`` and ``min``, or ``numpy.maximum`` and ``numpy.minimum``.

    Notes
    -----
    `blind` says that h was too small for the check to see the slope: a larger h is worth trying.
    """
    plus, minus = pair
    slope = tiny_imaginary / tiny
    even2 = f0 - real
    odd3 = h * slope - imaginary
    residual_plus = plus - (f0 + (h * slope + odd3) + even2)
    residual_minus = minus - (f0 - (h * slope + odd3) + even2)
    odd, even = abs(residual_plus - residual_minus) * 0.5, abs(residual_plus + residual_minus) * 0.5
    eta = unit * maximum(maximum(abs(plus), abs(minus)), abs(f0)) + 5e-324
    lift = abs(h * slope)
    a2, a3 = abs(even2), abs(odd3)
    q = a2 / (abs(f0) + a2 + 1e-320) + a3 / (lift + a3 + 1e-320)
    odd_allowed = 4 * eta + 8 * a3 * q + 4 * unit * scale * abs(slope)
    even_allowed = 5 * eta + 8 * a2 * q
    blind = odd_allowed > 0.01 * lift
    accepted = (odd <= odd_allowed) & (even <= even_allowed) & (q < 0.05) & (lift < INFINITE)
    # Rounding of x inside f moves the slope by |x f''| units, f'' from Re F; rounding of f by |f| / |x| units at most.
    length = h * 2.0**-CHECK
    error = unit * (8 * abs(slope) + 8 * (scale / h) * (a2 / h) + 0.5 * abs(f0) / length)
    error = error + maximum(0.3 * odd, 0.2 * even) / length  # what rounding was seen at the real pair
    # Where f loses digits, so does its slope: on the length on which f or f' change, which may be far shorter than |x|.
    steepness = abs(slope) + 1e-320
    error = error + 4 * odd * minimum(steepness / (abs(f0) + 1e-320), 2 * (a2 / h) / (h * steepness + 1e-320))
    return slope, error, accepted & (error < INFINITE), blind


def beside(line: Line, tiny: float, move: tuple[int, float]) -> complex:
    """Return a step at which the slope is rounded anew: one unit in the last place from x or so, with a tiny step of other bits.

    Terms that cancel in the slope, as those of log(x) / (x - 1) beside 1 and of x² / (1 + x²) far out do, show neither in f nor at the
    real check.
    """
    units, part = move
    room = line.scale > SMALL and line.left > 2 * line.spacing and line.right > 2 * line.spacing
    return complex(units * line.spacing if room else 0.0, part * tiny)


def four_slopes(
    ask: Callable[[list[complex]], list[complex] | None], line: Line, tiny: float, bend: float, slopes: list[float]
) -> tuple[float, float]:
    """Return the mean of two slopes that differ and of two more, and a bound by their range; infinite where they are no slopes."""
    steps = [beside(line, tiny, move) for move in REPEATS[1:]]
    answers = ask(steps)
    if answers is None:
        return slopes[0], INFINITE
    found = slopes + [answer.imag / step.imag - step.real * bend for answer, step in zip(answers, steps)]
    value, off = sum(found) / len(found), RANGE * (max(found) - min(found))
    return value, off if off <= WRONG * abs(value) else INFINITE


WRONG = 1e-3
"""Slopes that differ by more than this part are none."""


def adopted_error(error: Any, outcome: Outcome, rounding: Any, scale: Any, maximum: Any, minimum: Any) -> Any:
    """Return the bound of a complex-step value that the outcome of real steps confirms.

    The real check has failed (a kink beside x, an h too small), so the bound is no smaller than what real steps can tell.
    """
    floor = 8 * maximum(outcome.noise, rounding) / maximum(outcome.step, scale)
    return maximum(maximum(error, minimum(floor, outcome.error)), 1e-4 * outcome.error)


BENT = 24.0
"""Units of rounding by which a pair must be off a parabola to be bent."""


def gap_at_check(samples: Samples, step: float, h: float, v: float) -> float:
    """Return the gap of two slopes that the real check at a step has seen, which is too flat for the ladder at h and its pair at v; else 0.

    What bends the pair at the check bends that at v less by v / step, rounding is as large at both.
    """
    f, f0, unit = samples.values, samples.f0, 0.125 * h
    near, far, checked, verified = [(f[t] - f0) + (f[-t] - f0) for t in (unit, 0.25 * h, step, v)]
    curvature, part = (4 * near - 0.25 * far) / 3, v / step
    off, closer = abs(checked - curvature * (step / unit) ** 2), abs(verified - curvature * (v / unit) ** 2)
    return off / step if off > BENT * samples.eta(f0) and 0.6 * part * off < closer < 1.4 * part * off else 0.0


INFINITE = float("inf")
