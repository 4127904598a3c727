"""Polynomials by their coefficients, highest power first, and functions applied along axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import array, as_array, converted, integers


def _coefficients(p: Any) -> Any:
    """A polynomial's coefficients as a vector."""
    p = as_array(p)
    return np.reshape(p, (1,)) if p.ndim == 0 else p


def polyval(p: Any, x: Any) -> Any:
    """``np.polyval``, by Horner's rule."""
    p = array(p)
    y: Any = 0
    if not isinstance(x, np.poly1d):  # of which the result is one too
        x = array(x)
        y = np.zeros(np.shape(plain(x)), plain(x).dtype if hasattr(plain(x), "dtype") else type(plain(x)))
    for c in p:
        y = y * x + c
    return y


def polyadd(a1: Any, a2: Any) -> Any:
    """``np.polyadd``."""
    return _aligned(np.add, a1, a2)


def polysub(a1: Any, a2: Any) -> Any:
    """``np.polysub``."""
    return _aligned(np.subtract, a1, a2)


def _aligned(operation: Any, a1: Any, a2: Any) -> Any:
    a1, a2 = _coefficients(a1), _coefficients(a2)
    n = max(len(a1), len(a2))
    a1, a2 = (a if len(a) == n else np.concatenate([np.zeros(n - len(a), a.dtype), a]) for a in (a1, a2))
    return operation(a1, a2)


def polymul(a1: Any, a2: Any) -> Any:
    """``np.polymul``: the convolution of the coefficients, without leading zeros."""
    return np.convolve(_trimmed(_coefficients(a1)), _trimmed(_coefficients(a2)))


def _trimmed(p: Any) -> Any:
    p = np.trim_zeros(p, trim="f")
    return p if len(p) else np.zeros_like(p, shape=(1,))


def polyder(p: Any, m: int = 1) -> Any:
    """``np.polyder``."""
    m = int(integers(m))
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    p = array(p)
    for _ in range(m):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """``np.polyint``; the constants of integration may be traced."""
    m = int(integers(m))
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    constants = _coefficients(np.zeros(m) if k is None else k)
    if len(constants) == 1 and m > 1:
        constants = np.broadcast_to(constants, (m,))
    if len(constants) < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    p = array(p)
    for i in range(m):
        p = np.concatenate([p / np.arange(len(p), 0, -1), constants[i : i + 1]])
    return p


def polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    """``np.polydiv``: quotient and remainder by long division."""
    u, v = _coefficients(u) + 0.0, _coefficients(v) + 0.0
    dtype = np.result_type(u.dtype, v.dtype)
    m, n = len(u) - 1, len(v) - 1
    scale = 1.0 / v[0]
    quotient = []
    r = converted(u, dtype)
    for k in range(m - n + 1):
        d = scale * r[k]
        quotient.append(d)
        r = np.concatenate([r[:k], r[k : k + n + 1] - d * v, r[k + n + 1 :]])
    q = np.stack(quotient) if quotient else np.zeros(1, dtype)
    while np.allclose(r[0], 0, rtol=1e-14) and len(r) > 1:
        r = r[1:]
    return converted(q, dtype), r


def poly(seq_of_zeros: Any) -> Any:
    """``np.poly``: the coefficients of the polynomial with the given roots, or of a matrix's characteristic polynomial."""
    roots = _coefficients(seq_of_zeros)
    if roots.ndim == 2 and roots.shape[0] == roots.shape[1] and roots.shape[0]:
        roots = np.linalg.eigvals(roots)
    elif roots.ndim != 1:
        raise ValueError("input must be 1d or non-empty square 2d array.")
    if not len(roots):
        return 1.0
    roots = roots.astype(np.mintypecode(roots.dtype.char), copy=False)
    a: Any = np.ones((1,), roots.dtype)
    for i in range(len(roots)):
        a = np.convolve(a, np.concatenate([np.ones(1, roots.dtype), -roots[i : i + 1]]))
    if roots.dtype.kind == "c" and np.all(np.sort(roots) == np.sort(np.conj(roots))):
        a = a.real.copy()
    return a


# --- along axes -------------------------------------------------------------------------------------------------------------------


def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.apply_along_axis``."""
    arr = as_array(arr)
    axis = normalize_axis_index(integers(axis), arr.ndim)
    lines = np.moveaxis(arr, axis, -1)
    outer = lines.shape[:-1]
    if 0 in outer:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    results = [as_array(func1d(lines[(*place, Ellipsis)], *args, **kwargs)) for place in np.ndindex(outer)]
    first = results[0]
    rows = [converted(r if r.shape == first.shape else np.broadcast_to(r, first.shape), first.dtype) for r in results]
    result = np.reshape(np.stack(rows), outer + first.shape)
    order = [*range(axis), *range(len(outer), result.ndim), *range(axis, len(outer))]
    return result.transpose(order)


def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    """``np.apply_over_axes``."""
    result = as_array(a)
    ndim = result.ndim
    axes = integers(axes)
    for axis in (axes,) if np.ndim(axes) == 0 else axes:
        axis = axis + ndim if axis < 0 else axis
        reduced = func(result, axis)
        if np.ndim(plain(reduced)) != result.ndim:
            reduced = np.expand_dims(reduced, axis)
            if reduced.ndim != result.ndim:
                raise ValueError("function is not returning an array of the correct shape")
        result = reduced
    return result


FUNCTIONS: dict[Any, Any] = {
    np.polyval: polyval,
    np.polyadd: polyadd,
    np.polysub: polysub,
    np.polymul: polymul,
    np.polyder: polyder,
    np.polyint: polyint,
    np.polydiv: polydiv,
    np.poly: poly,
    np.apply_along_axis: apply_along_axis,
    np.apply_over_axes: apply_over_axes,
}
