"""Discrete Fourier transforms, linear maps with exact adjoints.

With F the unnormalised forward transform, Fᴴ is the unnormalised inverse: the adjoint of a transform is the opposite transform with the opposite
normalisation ("backward" ↔ "forward", "ortho" ↔ "ortho").  The real transform keeps the first n//2 + 1 coefficients; the others are their conjugates,
which gives the adjoint the weights ½ and 2 on the coefficients that stand for two.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.program import ArrayType, Primitive
from gradwise.rules.algebra import mul
from gradwise.rules.broadcasting import complex_dtype, linear, real_dtype, reshape

OPPOSITE = {"backward": "forward", "forward": "backward", "ortho": "ortho"}

# --- complex to complex -------------------------------------------------------------------------------------------------


def _fft_value(x: Any, axes: tuple[int, ...], inverse: bool, norm: Any) -> Any:
    transform = np.fft.ifftn if inverse else np.fft.fftn
    return transform(x, axes=axes, norm=norm)


def _fft_transpose(ct: Any, operands: Any, linear_: Any, axes: tuple[int, ...], inverse: bool, norm: str) -> Any:
    return (fft(ct, params=(axes, not inverse, OPPOSITE[norm])),)


def _fft_batch(operands: Any, batched: Any, axes: tuple[int, ...], inverse: bool, norm: str) -> Any:
    return fft(operands[0], params=(tuple(a + 1 for a in axes), inverse, norm))


#: The complex transform over ``axes``, all different, at full length.
fft = linear(
    "fft",
    _fft_value,
    lambda t, axes, inverse, norm: t,
    _fft_transpose,
    _fft_batch,
    params=("axes", "inverse", "norm"),
    structural="",
)

# --- real to complex and back -------------------------------------------------------------------------------------------


def _weights_value(n: int, single: float, dtype: np.dtype[Any]) -> Any:
    weights = np.full(n // 2 + 1, single, dtype)
    weights[0] = 1
    if n % 2 == 0:
        weights[-1] = 1
    return weights


#: 1 for the coefficients that are their own conjugates (the mean, and the highest of an even number), ``single`` for the others.
spectrum_weights = Primitive(
    "spectrum_weights",
    _weights_value,
    lambda n, single, dtype: ArrayType((n // 2 + 1,), dtype),
    params=("n", "single", "dtype"),
    keeps="none",
)


def _weighted(x: Any, n: int, axis: int, single: float) -> Any:
    weights = x.builder.emit(spectrum_weights, (), (n, single, x.dtype))
    return mul(x, reshape(weights, (n // 2 + 1, *(1,) * (x.ndim - 1 - axis))))


def _replaced(shape: tuple[int, ...], axis: int, n: int) -> tuple[int, ...]:
    return (*shape[:axis], n, *shape[axis + 1 :])


def _rfft_result(t: ArrayType, axis: int, norm: str) -> ArrayType:
    return ArrayType(_replaced(t.shape, axis, t.shape[axis] // 2 + 1), complex_dtype(t.dtype))


def _rfft_transpose(ct: Any, operands: Any, linear_: Any, axis: int, norm: str) -> Any:
    n = operands[0].shape[axis]
    return (irfft(_weighted(ct, n, axis, 0.5), params=(n, axis, OPPOSITE[norm])),)


def _irfft_transpose(ct: Any, operands: Any, linear_: Any, n: int, axis: int, norm: str) -> Any:
    return (_weighted(rfft(ct, params=(axis, OPPOSITE[norm])), n, axis, 2.0),)


#: The transform of real numbers along ``axis``.
rfft = linear(
    "rfft",
    lambda x, axis, norm: np.fft.rfft(x, axis=axis, norm=norm),
    _rfft_result,
    _rfft_transpose,
    lambda operands, batched, axis, norm: rfft(operands[0], params=(axis + 1, norm)),
    params=("axis", "norm"),
    structural="",
)
#: The real numbers (n along ``axis``) whose transform has the given n//2 + 1 first coefficients.
irfft = linear(
    "irfft",
    lambda x, n, axis, norm: np.fft.irfft(x, n, axis=axis, norm=norm),
    lambda t, n, axis, norm: ArrayType(_replaced(t.shape, axis, n), real_dtype(t.dtype)),
    _irfft_transpose,
    lambda operands, batched, n, axis, norm: irfft(operands[0], params=(n, axis + 1, norm)),
    params=("n", "axis", "norm"),
    structural="",
)
