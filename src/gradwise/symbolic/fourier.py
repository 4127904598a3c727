"""Discrete Fourier transforms of a few entries, with exact roots of unity.

y_j = Σ x_k ω^(jk),   ω = e^(∓2πi/n)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.symbolic.library import sp
from gradwise.symbolic.matrices import TooLarge

#: the longest axis that is transformed
LONGEST = 16


def root_of_unity(k: int, n: int) -> Any:
    """e^(2πik/n), by its real and imaginary part.

    Examples
    --------
    >>> root_of_unity(1, 3)
    -1/2 + sqrt(3)*I/2
    """
    angle = 2 * sp.pi * sp.Rational(k % n, n)
    return sp.cos(angle) + sp.I * sp.sin(angle)


def _scale(n: int, norm: str, *, inverse: bool) -> Any:
    if norm == "ortho":
        return 1 / sp.sqrt(n)
    return sp.Rational(1, n) if inverse == (norm == "backward") else sp.Integer(1)


def _along(x: np.ndarray, axis: int, norm: str, *, inverse: bool) -> np.ndarray:
    """The transform along one axis, at full length."""
    n = x.shape[axis]
    if n > LONGEST:
        raise TooLarge(f"an axis of {n} entries, where formulas are written up to {LONGEST}")
    sign, scale = (1 if inverse else -1), _scale(n, norm, inverse=inverse)
    roots = [root_of_unity(k, n) for k in range(n)]
    rows = np.moveaxis(x, axis, 0)
    result = np.empty(rows.shape, object)
    for j in range(n):
        for place in np.ndindex(rows.shape[1:]):
            result[(j, *place)] = sp.expand(
                scale * sp.Add(*[rows[(k, *place)] * roots[sign * j * k % n] for k in range(n)])
            )
    return np.moveaxis(result, 0, axis)


def fft(x: np.ndarray, axes: tuple[int, ...], inverse: bool, norm: str) -> np.ndarray:
    """The complex transform over several axes."""
    for axis in axes:
        x = _along(x, axis, norm, inverse=inverse)
    return x


def rfft(x: np.ndarray, axis: int, norm: str) -> np.ndarray:
    """The first half of the transform of real numbers."""
    return np.take(_along(x, axis, norm, inverse=False), range(x.shape[axis] // 2 + 1), axis)


def irfft(x: np.ndarray, n: int, axis: int, norm: str) -> np.ndarray:
    """The real numbers whose transform begins so: the other half are the conjugates, and of the first and the middle one the real part counts."""
    half = np.moveaxis(x, axis, 0)
    whole = np.empty((n, *half.shape[1:]), object)
    for k in range(n):
        mirrored = k > n // 2
        for place in np.ndindex(half.shape[1:]):
            entry = half[(n - k if mirrored else k, *place)]
            own = k == 0 or 2 * k == n
            whole[(k, *place)] = sp.re(entry) if own else sp.conjugate(entry) if mirrored else entry
    result = _along(np.moveaxis(whole, 0, axis), axis, norm, inverse=True)
    return np.asarray(np.frompyfunc(sp.re, 1, 1)(result), dtype=object)


#: name of the primitive → (operand, then static parameters) → array of expressions
FOURIER: dict[str, Callable[..., Any]] = {"fft": fft, "rfft": rfft, "irfft": irfft}
