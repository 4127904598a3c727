"""Diagonals and triangles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradwise.rules.shapes import diagonal as diagonal_p
from gradwise.rules.shapes import place_diagonal
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array, carries, converted, finish, integers
from gradwise.tracing.functions.writing import destination, write_flat
from gradwise.tracing.traced import TracedArray, apply


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """``np.diagonal``: a read-only view."""
    a, offset = as_array(a), int(integers(offset))
    value = np.diagonal(plain(a), offset, integers(axis1), integers(axis2))
    if not carries(a):
        return value
    axes = normalize_axis_index(axis1, a.ndim), normalize_axis_index(axis2, a.ndim)
    result = apply(a.tape, diagonal_p, (a,), (offset, *axes), value)
    if type(result) is TracedArray:
        result.writeable = False
    return result


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    """``np.trace``: the sum of a diagonal."""
    return finish(np.sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype), out)


def _placed(v: Any, k: int) -> Any:
    n = v.shape[0] + abs(k)
    return apply(v.tape, place_diagonal, (v,), ((n, n), k, 0, 1)) if carries(v) else np.diag(plain(v), k)


def diag(v: Any, k: int = 0) -> Any:
    """``np.diag``: a matrix with the given diagonal, or the diagonal of a matrix."""
    v, k = as_array(v), int(integers(k))
    if v.ndim == 1:
        return _placed(v, k)
    if v.ndim == 2:
        return diagonal(v, k)
    raise ValueError("Input must be 1- or 2-d.")


def diagflat(v: Any, k: int = 0) -> Any:
    """``np.diagflat``: a matrix with the flattened entries on a diagonal."""
    return _placed(np.ravel(as_array(v)), int(integers(k)))


def _triangle(m: Any, k: int) -> np.ndarray:
    rows, columns = m.shape[-2:] if m.ndim > 1 else (m.shape[0], m.shape[0])
    return np.tri(rows, columns, k, dtype=bool)


def tril(m: Any, k: int = 0) -> Any:
    """``np.tril``: the lower triangle, zero above."""
    m = as_array(m)
    return np.where(_triangle(m, integers(k)), m, np.zeros(1, m.dtype))


def triu(m: Any, k: int = 0) -> Any:
    """``np.triu``: the upper triangle, zero below."""
    m = as_array(m)
    return np.where(_triangle(m, integers(k) - 1), np.zeros(1, m.dtype), m)


def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """``np.fill_diagonal``, in place."""
    numbers = np.zeros(np.shape(plain(a)), bool)
    np.fill_diagonal(numbers, val=True, wrap=wrap)  # raises where the shape is wrong
    a = destination("np.fill_diagonal", a, val)
    if a is None:
        return
    places = np.flatnonzero(numbers)
    values = np.ravel(as_array(val))
    write_flat(a, places, values[np.arange(places.size) % values.size])


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """``np.vander``: the powers of x as columns."""
    x, N = as_array(x), integers(N)
    if x.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    n = x.shape[0] if N is None else int(N)
    dtype = np.promote_types(x.dtype, int)
    x = converted(x, dtype)
    columns = [np.ones((x.shape[0], min(n, 1)), dtype)]
    if n > 1:
        columns.append(np.cumprod(np.broadcast_to(x[:, None], (x.shape[0], n - 1)), axis=1))
    result = np.concatenate(columns, axis=1)
    return result if increasing else result[:, ::-1].copy()


FUNCTIONS: dict[Any, Any] = {
    np.diagonal: diagonal,
    np.trace: trace,
    np.diag: diag,
    np.diagflat: diagflat,
    np.tril: tril,
    np.triu: triu,
    np.fill_diagonal: fill_diagonal,
    np.vander: vander,
}
