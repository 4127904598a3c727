"""The V-curve: the error of central differences against the step, as plain arrays (`gradwise.plotting` draws them).

Going down in h the error falls like h² (truncation) until rounding, which grows like 1/h, takes over.  The bottom of the V
is the best that one central difference can do; `derivative` lies below it, because it extrapolates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwise.containers import flatten
from gradwise.errors import InputError
from gradwise.numerical.estimate import Estimate
from gradwise.numerical.line import DOUBLE

POINTS = 60


@dataclass(slots=True)
class VCurve:
    """Arrays of the V-curve of one entry.

    Attributes
    ----------
    steps, errors : numpy.ndarray
        Steps h and the distance of D(h) from the value, where D(h) is the central difference.
    truncation, rounding : numpy.ndarray
        The two slopes of the V: h² through the measured errors on the right, level / h.
    step, error : float
        What was chosen; step is 0 for the complex step.
    title : str
        Status and value.
    """

    steps: np.ndarray
    errors: np.ndarray
    truncation: np.ndarray
    rounding: np.ndarray
    step: float
    error: float
    title: str


def v_curve(estimate: Estimate, entry: int | tuple[int, ...] | None = None) -> VCurve:
    """Return the V-curve of one entry of an estimate; evaluates its function at 120 points.

    Raises
    ------
    InputError
        If the estimate has lost its function (it was pickled), or is a Hessian.

    Examples
    --------
    >>> import math
    >>> from gradwise.numerical import derivative
    >>> from gradwise.numerical.v_curve import v_curve
    >>> curve = v_curve(derivative(math.sin, 1.0))
    >>> 1e-7 < float(curve.steps[curve.errors.argmin()]) < 1e-3
    True
    """
    if estimate.line is None:
        msg = (
            "plot() was called on an estimate without its function (a Hessian, or one that was pickled). The curve is drawn "
            "by evaluating the function again. Call derivative, grad or jacobian in this process and plot its result."
        )
        raise InputError(msg)
    value, error, step, noise, status = _pick(estimate, entry)
    line, scale = estimate.line(entry if entry is not None else _worst(estimate))
    scale = scale or 1.0
    steps = scale * np.logspace(-15, 0, POINTS)
    with np.errstate(all="ignore"):
        plus = np.array([_try(line, h) for h in steps])
        minus = np.array([_try(line, -h) for h in steps])
        slopes = (plus - minus) / (2 * steps)
        errors = np.abs(slopes - value)
        level = noise if np.isfinite(noise) and noise > 0 else DOUBLE * np.abs(plus[np.isfinite(plus)]).max(initial=0.0)
        rounding = level / steps
        right = np.isfinite(errors) & (errors > 4 * rounding) & (steps < 0.1 * scale)
        factor = np.median(errors[right] / steps[right] ** 2) if np.any(right) else np.nan
    title = f"{status.value}: {value:.12g} ± {error:.1e}"
    return VCurve(steps, errors, factor * steps**2, rounding, step, error, title)


def _try(line: Any, t: float) -> float:
    try:
        return float(line(float(t)))
    except Exception:  # noqa: BLE001 - beyond its domain f may raise anything
        return np.nan


def _flat(tree: Any) -> np.ndarray:
    return np.concatenate([np.ravel(np.asarray(leaf)) for leaf in flatten(tree)[0]])


def _worst(estimate: Estimate) -> int:
    value, error = np.abs(_flat(estimate.value)), _flat(estimate.error)
    with np.errstate(all="ignore"):
        relative = np.where(np.isfinite(value), error / (value + 1e-300), np.inf)
    return int(np.argmax(relative))


def _pick(estimate: Estimate, entry: int | tuple[int, ...] | None) -> tuple[float, float, float, float, Any]:
    if entry is None:
        entry = _worst(estimate)
    elif isinstance(entry, tuple):
        entry = int(np.ravel_multi_index(entry, np.shape(estimate.value)))
    fields = [_flat(getattr(estimate, name))[entry] for name in ("value", "error", "step", "noise")]
    statuses = [
        status
        for leaf in flatten(estimate.status)[0]
        for status in (leaf.ravel() if hasattr(leaf, "ravel") else [leaf])
    ]
    return (*[float(np.real(part)) for part in fields], statuses[entry])
