"""Fitting polynomials and finding their roots, by the linear algebra that NumPy uses."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.rules.roots import multiple_root
from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.functions.linear_algebra import eigvals
from gradwise.tracing.functions.operands import array, as_array, integers, valued
from gradwise.tracing.traced import apply, dtype_of


def _floating(a: Any) -> Any:
    a = array(a)
    return a if dtype_of(plain(a)).kind in "fc" else a.astype(float)


def polyfit(
    x: Any, y: Any, deg: Any, rcond: Any = None, full: bool = False, w: Any = None, cov: bool | str = False
) -> Any:
    """``np.polyfit``; points, values and weights may be traced.  Least squares on the scaled powers of x."""
    deg = np.asarray(integers(deg))
    x, y = _floating(x), _floating(y)
    powers = np.arange(int(deg), -1, -1) if deg.ndim == 0 else np.sort(deg)[::-1]
    if powers.size == 0 or powers[-1] < 0:
        raise ValueError("expected deg >= 0")
    if np.ndim(plain(x)) != 1 or np.size(plain(x)) == 0:
        raise TypeError("expected 1D vector for x" if np.ndim(plain(x)) != 1 else "expected non-empty vector for x")
    if np.ndim(plain(y)) not in {1, 2} or np.shape(plain(x))[0] != np.shape(plain(y))[0]:
        raise TypeError("expected x and y to have same length")
    matrix = np.stack([x ** int(k) for k in powers], axis=1)
    target = y
    if w is not None:
        w = _floating(w)
        if np.shape(plain(w)) != np.shape(plain(x)):
            raise TypeError("expected w and y to have the same length")
        matrix = matrix * w[:, None]
        target = y * (w[:, None] if np.ndim(plain(y)) == 2 else w)
    # the scale cancels but for the singular values; it moves with x, so that a program is as well conditioned elsewhere
    scale = np.sqrt(np.sum(np.square(matrix), axis=0))
    scale = np.where(scale == 0, 1.0, scale)
    rcond = plain(x).shape[0] * np.finfo(dtype_of(plain(x))).eps if rcond is None else rcond
    scaled = matrix / scale
    solution, residuals, rank, singular = np.linalg.lstsq(scaled, target, rcond)
    coefficients = solution / (scale[:, None] if np.ndim(plain(y)) == 2 else scale)
    if full:
        return coefficients, residuals, rank, singular, rcond
    if not cov:
        return coefficients
    base = np.linalg.inv(scaled.T @ scaled) / np.outer(scale, scale)
    factor: Any = 1.0
    if cov != "unscaled":
        spare = plain(x).shape[0] - powers.size
        if spare <= 0:
            raise ValueError("the number of data points must exceed order to scale the covariance matrix")
        factor = residuals / spare
    if np.ndim(plain(y)) == 1:
        return coefficients, base * factor
    return coefficients, base[:, :, None] * factor


def roots(p: Any) -> Any:
    """``np.roots``: the eigenvalues of the companion matrix; how many zeros lead and trail is concrete."""
    p = np.atleast_1d(as_array(p))
    if np.ndim(plain(p)) != 1:
        raise ValueError("Input must be a rank-1 array.")
    nonzero = np.flatnonzero(np.asarray(concrete(p != 0, "mask")))
    if nonzero.size == 0:
        return np.array([])
    trailing = np.shape(plain(p))[0] - int(nonzero[-1]) - 1
    p = _floating(p[int(nonzero[0]) :])
    n = np.shape(plain(p))[0] - trailing
    if trailing == 1:
        return _with_a_root_at_zero(p)
    if trailing:
        return _with_roots_at_zero(p, n)
    return np.array([]) if n == 1 else _companion_eigenvalues(p)


def _companion_eigenvalues(p: Any) -> Any:
    first = -p[1:] / p[0]
    below = np.eye(np.shape(plain(p))[0] - 1, dtype=dtype_of(plain(first)))[:-1]
    return eigvals(np.concatenate([first[None, :], below], axis=0), real=True)


def _with_a_root_at_zero(p: Any) -> Any:
    """NumPy leaves the last coefficient out, which is 0, and adds a root at 0; both that root and the others move with it."""
    value = np.roots(plain(p))
    found = _companion_eigenvalues(p)
    # in NumPy's order, which is that of the eigenvalues without the last coefficient
    in_order = np.concatenate([_companion_eigenvalues(p[:-1]), np.zeros(1)]) if p.shape[0] > 2 else np.zeros(1)
    distance = np.abs(in_order[:, None] - found)
    order = np.asarray(concrete(np.argmin(distance, axis=1), "order"))
    if np.unique(order).size < order.size:
        order = np.arange(order.size)
    found = found[order]
    return valued(found if dtype_of(plain(found)) == value.dtype else found.astype(value.dtype), value)


def _with_roots_at_zero(p: Any, n: int) -> Any:
    """Several coefficients at the end are 0: their root at 0 is a multiple one, which has no derivative by them.

    The others are simple as a rule, and those of the coefficients before; two steps of Newton's method with all coefficients make them functions of the last ones too.
    """
    value = np.roots(plain(p))
    at_zero = p[n:]
    trace = _innermost(at_zero)
    zeros = plain(at_zero) if trace is None else apply(trace, multiple_root, (at_zero,), (), plain(at_zero).copy())
    if n == 1:
        return zeros
    found = _companion_eigenvalues(p[:n])
    slopes = p[:-1] * np.arange(plain(p).size - 1, 0, -1)
    with np.errstate(all="ignore"):  # the others may be multiple too
        for _ in range(2):
            found = found - np.polyval(p, found) / np.polyval(slopes, found)
    found = valued(found, value[: n - 1])
    return np.concatenate([found, zeros.astype(value.dtype)])


FUNCTIONS: dict[Any, Any] = {np.polyfit: polyfit, np.roots: roots}
