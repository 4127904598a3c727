r"""Smoothing splines of traced data, penalty and weights.

.. math:: \min_f \sum_i w_i\,(y_i - f(x_i))^2 + \lambda \int f''^2, \qquad (W + \lambda P)\,g = W y, \qquad P = Q R^{-1} Q^T

The spline is the natural one through its values g at the places (Reinsch).  So its coefficients are SciPy's map of the values of a spline without penalty, which is linear.

Without a penalty, that of the generalised cross-validation is taken, which SciPy finds to three digits.  It is the root of

.. math:: \frac{\mathrm{d}}{\mathrm{d}\lambda} \left( \log \|y - g\|^2 - 2 \log \operatorname{tr}(I - A) \right) = 0, \qquad A = (W + \lambda P)^{-1} W

and is differentiated as such: plain Newton steps to the root, then three recorded ones with the plain slope, which are exact up to the third derivative.  The value is SciPy's.

References
----------
Reinsch (1967), Smoothing by spline functions; Craven & Wahba (1979), Smoothing noisy data with spline functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.plain_callbacks import note_adaptive
from gradwise.tracing.standins.recording import carries, contains_traced
from gradwise.tracing.standins.scipy_calling import refuse, with_value
from gradwise.tracing.standins.stacking import plainly

#: how far from SciPy's penalty that of the root may be, relative to it; plain and recorded steps
_NEAR, _STEPS, _RECORDED = 0.1, 8, 3


def roughness(x: np.ndarray) -> np.ndarray:
    """The matrix P of the integral of f''² of the natural spline through values at x."""
    h = np.diff(x)
    n = len(x)
    Q = np.zeros((n, n - 2))
    R = np.zeros((n - 2, n - 2))
    for j in range(n - 2):
        Q[j, j], Q[j + 1, j], Q[j + 2, j] = 1 / h[j], -1 / h[j] - 1 / h[j + 1], 1 / h[j + 1]
        R[j, j] = (h[j] + h[j + 1]) / 3
        if j + 3 < n:
            R[j, j + 1] = R[j + 1, j] = h[j + 1] / 6
    return Q @ np.linalg.solve(R, Q.T)


def coefficients(x: Any, y: Any, w: Any, lam: Any, value: np.ndarray) -> Any:
    """The coefficients of SciPy's smoothing spline, along the first axis of the data; ``value``: SciPy's."""
    if contains_traced([x]):
        refuse(
            [x], "scipy.interpolate.make_smoothing_spline of traced places", "Data, weights and penalty may be traced"
        )
    x = np.asarray(plainly(x), float)
    n = len(x)
    P = roughness(x)
    w = np.ones(n) if w is None else as_array(w) * 1.0
    flat = np.reshape(y, (n, -1))
    if lam is None:
        if contains_traced([w]) or np.shape(plain(flat))[1] != 1:
            refuse(
                [w, y],
                "scipy.interpolate.make_smoothing_spline without lam, of several columns or traced weights,",
                "Give lam, the penalty",
            )
        lam = _cross_validated(x, flat[:, 0], plain(w), P)
    made: Any = np.linalg.solve(np.diag(w) + lam * P, w[:, None] * flat)
    units = [scipy.interpolate.make_smoothing_spline(x, unit, None, 0.0).c for unit in np.eye(n)]
    return with_value(np.reshape(np.stack(units, axis=1) @ made, np.shape(value)), value)


def _cross_validated(x: np.ndarray, y: Any, w: np.ndarray, P: np.ndarray) -> Any:
    """The penalty of the generalised cross-validation."""
    root = np.sqrt(w)
    s, U = np.linalg.eigh(P / root[:, None] / root)
    s = np.maximum(s, 0.0)
    back = U / root[:, None]

    def slope(lam: Any, y: Any) -> Any:
        z = U.T @ (root * y)
        q, dq = lam * s / (1 + lam * s), s / (1 + lam * s) ** 2
        rest, moved = back @ (q * z), back @ (dq * z)
        return (rest @ moved) / (rest @ rest) - np.sum(dq) / np.sum(q)

    numbers = np.asarray(plain(y), float)

    def score(lam: float) -> float:
        q = lam * s / (1 + lam * s)
        rest = back @ (q * (U.T @ (root * numbers)))
        return float((rest @ rest) / np.sum(q) ** 2)

    first = lam = float(scipy.optimize.minimize_scalar(score, bounds=(0, len(x)), method="Bounded").x)
    for _ in range(_STEPS):
        h = 1e-4 * lam
        bend = (slope(lam + h, numbers) - slope(lam - h, numbers)) / (2 * h)
        lam = lam - slope(lam, numbers) / bend
    if not abs(lam - first) <= _NEAR * first or not bend > 0:
        refuse(
            [y],
            "scipy.interpolate.make_smoothing_spline without lam, whose cross-validation has no smallest value inside,",
            "Give lam, the penalty",
        )
    note_adaptive("scipy.interpolate.make_smoothing_spline without lam")
    if not carries(y):
        return lam
    made: Any = lam
    for _ in range(_RECORDED):
        made = made - slope(made, y) / bend
    return made
