"""The transforms of ``np.fft``: cut or pad to length, then one linear primitive."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradwise.rules import fourier
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array, carries, integers
from gradwise.tracing.traced import apply, dtype_of
from gradwise.tracing.ufuncs import store


def _norm(norm: str | None) -> str:
    norm = norm or "backward"
    if norm not in fourier.OPPOSITE:
        raise ValueError(f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".')
    return norm


def _fitted(a: Any, n: int, axis: int) -> Any:
    """Cut, or padded with zeros, to length n along an axis."""
    if n < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    length = np.shape(plain(a))[axis]
    if n < length:
        return a[(slice(None),) * axis + (slice(n),)]
    if n > length:
        shape = list(np.shape(plain(a)))
        shape[axis] = n - length
        return np.concatenate([a, np.zeros(shape, dtype_of(plain(a)))], axis=axis)
    return a


def _sizes(a: Any, s: Any, axes: Any) -> tuple[list[int | None], list[int]]:
    """The lengths asked for (None: as they are) and the axes, as ``np.fft`` reads ``s`` and ``axes``."""
    ndim = np.ndim(plain(a))
    s, axes = integers(s), integers(axes)
    if axes is None:
        axes = range(ndim) if s is None else range(-len(s), 0)
    order = [normalize_axis_index(int(i), ndim) for i in axes]
    lengths: list[int | None] = (
        [None] * len(order) if s is None else [None if n is None or n == -1 else int(n) for n in s]
    )
    if len(lengths) != len(order):
        raise ValueError("Shape and axes have different lengths.")
    return lengths, order


def _complex(a: Any) -> Any:
    dtype = np.result_type(dtype_of(plain(a)), np.complex64)
    return a if dtype_of(plain(a)) == dtype else a.astype(dtype)


def _floating(a: Any) -> Any:
    """The array as floats; a complex one loses its imaginary part in NumPy with an error, and here too."""
    dtype = dtype_of(plain(a))
    if dtype.kind == "c":
        raise TypeError(
            "ufunc 'rfft_n_even' did not contain a loop with signature matching types: a real array is required"
        )
    return a if dtype.kind == "f" else a.astype(float)


def _transform(a: Any, lengths: list[int | None], order: list[int], norm: str | None, inverse: bool) -> Any:
    a = _complex(as_array(a))
    for n, axis in zip(lengths, order, strict=True):
        if n is not None:
            a = _fitted(a, n, axis)
    norm = _norm(norm)
    if len(set(order)) == len(order):
        return apply(a.tape, fourier.fft, (a,), (tuple(order), inverse, norm)) if order else a
    for axis in reversed(order):
        a = apply(a.tape, fourier.fft, (a,), ((axis,), inverse, norm))
    return a


def _one(inverse: bool) -> Any:
    def transform(a: Any, n: Any = None, axis: Any = -1, norm: str | None = None) -> Any:
        a = as_array(a)
        lengths, order = _sizes(a, None if n is None else (n,), (axis,))
        return _transform(a, lengths, order, norm, inverse)

    return transform


def _many(inverse: bool, default_axes: Any = None) -> Any:
    def transform(a: Any, s: Any = None, axes: Any = default_axes, norm: str | None = None) -> Any:
        a = as_array(a)
        return _transform(a, *_sizes(a, s, axes), norm, inverse)

    return transform


def rfft(a: Any, n: Any = None, axis: Any = -1, norm: str | None = None) -> Any:
    """``np.fft.rfft``."""
    return rfftn(a, None if n is None else (n,), (axis,), norm)


def irfft(a: Any, n: Any = None, axis: Any = -1, norm: str | None = None) -> Any:
    """``np.fft.irfft``."""
    return irfftn(a, None if n is None else (n,), (axis,), norm)


def hfft(a: Any, n: Any = None, axis: Any = -1, norm: str | None = None) -> Any:
    """``np.fft.hfft``: the inverse real transform of the conjugate, normalised the other way."""
    return irfft(np.conjugate(as_array(a)), n, axis, fourier.OPPOSITE[_norm(norm)])


def ihfft(a: Any, n: Any = None, axis: Any = -1, norm: str | None = None) -> Any:
    """``np.fft.ihfft``."""
    return np.conjugate(rfft(a, n, axis, fourier.OPPOSITE[_norm(norm)]))


def rfftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Any:
    """``np.fft.rfftn``: real along the last of the axes, complex along the others."""
    a = _floating(as_array(a))
    lengths, order = _sizes(a, s, axes)
    if lengths[-1] is not None:
        a = _fitted(a, lengths[-1], order[-1])
    first = apply(a.tape, fourier.rfft, (a,), (order[-1], _norm(norm)))
    return _transform(first, lengths[:-1], order[:-1], norm, inverse=False) if order[:-1] else first


def irfftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Any:
    """``np.fft.irfftn``."""
    a = _complex(as_array(a))
    lengths, order = _sizes(a, s, axes)
    if order[:-1]:
        a = _transform(a, lengths[:-1], order[:-1], norm, inverse=True)
    axis = order[-1]
    n = lengths[-1] if lengths[-1] is not None else 2 * (np.shape(plain(a))[axis] - 1)
    if n < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    a = _fitted(a, n // 2 + 1, axis)
    return apply(a.tape, fourier.irfft, (a,), (n, axis, _norm(norm)))


def _shifted(direction: int) -> Any:
    def shift(x: Any, axes: Any = None) -> Any:
        x = as_array(x)
        axes = integers(axes)
        order = tuple(range(np.ndim(plain(x)))) if axes is None else (axes,) if np.ndim(axes) == 0 else tuple(axes)
        shape = np.shape(plain(x))
        steps = tuple(shape[i] // 2 if direction > 0 else -(shape[i] // 2) for i in order)
        return np.roll(x, steps, order)

    return shift


def _guarded(function: Any, ours: Any) -> Any:
    """Ours where the array is traced; NumPy's where only ``out`` is."""

    def call(a: Any, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        result = ours(a, *args, **kwargs) if carries(as_array(a)) else function(plain(a), *args, **kwargs)
        return result if out is None else store(out, result)

    return call


FUNCTIONS: dict[Any, Any] = {
    function: _guarded(function, ours)
    for function, ours in {
        np.fft.fft: _one(inverse=False),
        np.fft.ifft: _one(inverse=True),
        np.fft.fft2: _many(inverse=False, default_axes=(-2, -1)),
        np.fft.ifft2: _many(inverse=True, default_axes=(-2, -1)),
        np.fft.fftn: _many(inverse=False),
        np.fft.ifftn: _many(inverse=True),
        np.fft.rfft: rfft,
        np.fft.irfft: irfft,
        np.fft.hfft: hfft,
        np.fft.ihfft: ihfft,
        np.fft.rfft2: lambda a, s=None, axes=(-2, -1), norm=None: rfftn(a, s, axes, norm),
        np.fft.irfft2: lambda a, s=None, axes=(-2, -1), norm=None: irfftn(a, s, axes, norm),
        np.fft.rfftn: rfftn,
        np.fft.irfftn: irfftn,
    }.items()
}
FUNCTIONS[np.fft.fftshift] = _shifted(1)
FUNCTIONS[np.fft.ifftshift] = _shifted(-1)
