"""Products of vectors, matrices and tensors, and convolution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradwise.rules.products import convolve as convolve_p
from gradwise.rules.products import matmul_p
from gradwise.tracing.arithmetic import _innermost, as_objects, plain
from gradwise.tracing.functions.operands import array, as_array, common_dtype, converted, finish, integers, valued
from gradwise.tracing.traced import TracedArray, apply, dtype_of

_F64 = np.dtype(np.float64)


def _contracted(a: Any, b: Any, value: Any) -> Any:
    """``a @ b`` with the value that NumPy gave for it."""
    trace = _innermost(a, b)
    return value if trace is None else apply(trace, matmul_p, (a, b), (), value, np.asarray(value).dtype)


def _usual(a: Any, b: Any) -> Any:
    """The trace of a vector or matrix of float64 beside another, one of them plain or of the same trace; None for all else."""
    trace = None
    for x in (a, b):
        kind = type(x)
        if kind is TracedArray and trace in (None, x.tape) and x.tape.open:
            trace, x = x.tape, x.value  # its shape and dtype do not change
        elif kind is not np.ndarray:
            return None
        if x.dtype is not _F64 or not 1 <= x.ndim <= 2:
            return None
    return trace


def dot(a: Any, b: Any, out: Any = None) -> Any:
    """``np.dot``: the product over the last axis of a and the second last of b."""
    if out is None and (trace := _usual(a, b)) is not None:
        return apply(trace, matmul_p, (a, b), (), np.dot(plain(a), plain(b)))
    a, b = array(a), array(b)
    if "O" in (dtype_of(plain(a)).kind, dtype_of(plain(b)).kind):  # objects of the user's, which compute with numbers
        return np.dot(as_objects(a), as_objects(b))
    rank_a, rank_b = np.ndim(plain(a)), np.ndim(plain(b))
    value = np.dot(plain(a), plain(b))
    if rank_a == 0 or rank_b == 0:
        result = valued(a * b, value)
    elif rank_b <= 2:
        result = _contracted(a, b, value)
    else:
        result = valued(tensordot(a, b, (rank_a - 1, rank_b - 2)), value)
    return finish(result, out)


def inner(a: Any, b: Any, /) -> Any:
    """``np.inner``: the product over the last axes."""
    a, b = array(a), array(b)
    value = np.inner(plain(a), plain(b))
    if np.ndim(plain(a)) == 0 or np.ndim(plain(b)) == 0:
        return valued(a * b, value)
    if np.ndim(plain(b)) <= 2:
        return _contracted(a, b.T, value)
    return valued(tensordot(a, b, (-1, -1)), value)


def vdot(a: Any, b: Any, /) -> Any:
    """``np.vdot``: Σ conj(a)·b over all entries."""
    a, b = np.ravel(as_array(a)), np.ravel(as_array(b))
    value = np.vdot(plain(a), plain(b))
    return _contracted(np.conj(a) if a.dtype.kind == "c" else a, b, value)


def outer(a: Any, b: Any, out: Any = None) -> Any:
    """``np.outer``: the products of all pairs of entries."""
    return finish(np.ravel(as_array(a))[:, None] * np.ravel(as_array(b))[None, :], out)


def _contraction_axes(axes: Any, rank_a: int, rank_b: int) -> tuple[list[int], list[int]]:
    if hasattr(axes, "__iter__"):
        left, right = axes
    else:
        left, right = list(range(-axes, 0)), list(range(axes))
    left, right = ([x] if np.ndim(x) == 0 else list(x) for x in (left, right))
    if len(set(left)) != len(left):
        raise ValueError("duplicate axes are not allowed in tensordot")
    if len(set(right)) != len(right):
        raise ValueError("duplicate axes are not allowed in tensordot")
    if len(left) != len(right):
        raise ValueError("shape-mismatch for sum")
    return [normalize_axis_index(x, rank_a) for x in left], [normalize_axis_index(x, rank_b) for x in right]


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """``np.tensordot``: both as matrices, one product."""
    a, b = as_array(a), as_array(b)
    left, right = _contraction_axes(integers(axes), a.ndim, b.ndim)
    if [a.shape[i] for i in left] != [b.shape[i] for i in right]:
        raise ValueError("shape-mismatch for sum")
    rest_a, rest_b = [i for i in range(a.ndim) if i not in left], [i for i in range(b.ndim) if i not in right]
    shape_a, shape_b = tuple(a.shape[i] for i in rest_a), tuple(b.shape[i] for i in rest_b)
    n = math.prod(a.shape[i] for i in left)
    rows = a.transpose((*rest_a, *left)).reshape((math.prod(shape_a), n))
    columns = b.transpose((*right, *rest_b)).reshape((n, math.prod(shape_b)))
    return np.reshape(_contracted(rows, columns, np.dot(plain(rows), plain(columns))), shape_a + shape_b)


def kron(a: Any, b: Any) -> Any:
    """``np.kron``: every entry of a times b."""
    a, b = as_array(a), as_array(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    ndim = max(a.ndim, b.ndim)
    left, right = (1,) * (ndim - a.ndim) + a.shape, (1,) * (ndim - b.ndim) + b.shape
    product = a.reshape([m for n in left for m in (n, 1)]) * b.reshape([m for n in right for m in (1, n)])
    return product.reshape([m * n for m, n in zip(left, right, strict=True)])


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """``np.cross``: the vector product."""
    a, b = as_array(a), as_array(b)
    value = np.cross(plain(a), plain(b), axisa, axisb, axisc, axis)  # raises and warns as NumPy does
    if axis is not None:
        axisa = axisb = axisc = axis
    dtype = common_dtype(a, b)
    a, b = converted(np.moveaxis(a, axisa, -1), dtype), converted(np.moveaxis(b, axisb, -1), dtype)

    def component(i: int, j: int) -> Any:
        """a_i b_j − a_j b_i, where a third component that is missing is zero."""
        parts: list[Any] = []
        for v, w, p, q in ((a, b, i, j), (a, b, j, i)):
            parts.append(v[..., p] * w[..., q] if p < v.shape[-1] and q < w.shape[-1] else None)
        first, second = parts
        return -second if first is None else first if second is None else first - second

    if np.ndim(value) == max(a.ndim, b.ndim) - 1 and a.shape[-1] == b.shape[-1] == 2:
        return component(0, 1)
    entries = np.broadcast_arrays(component(1, 2), component(2, 0), component(0, 1))
    return np.moveaxis(np.stack(entries, axis=-1), -1, axisc)


# --- convolution ------------------------------------------------------------------------------------------------------------------


def _part(full: Any, m: int, n: int, mode: Any) -> Any:
    """The asked part of a full convolution of lengths m ≥ n."""
    if mode in {"full", 2}:
        return full
    if mode in {"same", 1}:
        start = (n - 1) // 2
        return full[start : start + m].copy()
    if mode in {"valid", 0}:
        return full[n - 1 : m].copy()
    raise ValueError(f"mode must be one of 'valid', 'same', or 'full' (got {mode!r})")


def _vector(a: Any, which: str) -> Any:
    a = as_array(a)
    a = np.reshape(a, (1,)) if a.ndim == 0 else a
    if a.ndim != 1:
        raise ValueError("object too deep for desired array")
    if a.shape[0] == 0:
        raise ValueError(f"{which} cannot be empty")
    return a


def _convolved(a: Any, v: Any) -> Any:
    value = np.convolve(plain(a), plain(v))
    trace = _innermost(a, v)
    return value if trace is None else apply(trace, convolve_p, (a, v), (), value, value.dtype)


def convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    """``np.convolve``: y_k = Σ_i a_i v_{k−i}."""
    a, v = _vector(a, "a"), _vector(v, "v")
    if v.shape[0] > a.shape[0]:
        a, v = v, a
    return _part(_convolved(a, v), a.shape[0], v.shape[0], mode)


def correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    """``np.correlate``: c_k = Σ_n a_{n+k} conj(v_n)."""
    return valued(_correlated(a, v, mode), np.correlate(plain(array(a)), plain(array(v)), mode))


def _correlated(a: Any, v: Any, mode: Any) -> Any:
    a, v = _vector(a, "first array argument"), _vector(v, "second array argument")
    m, n = a.shape[0], v.shape[0]
    v = np.conj(v)[::-1] if v.dtype.kind == "c" else v[::-1]
    full = _convolved(a, v)
    if m >= n:
        return _part(full, m, n, mode)
    if mode in {"same", 1}:  # NumPy correlates the other way round and reverses: the odd place changes sides
        start = m // 2
        return full[start : start + n].copy()
    return _part(full, n, m, mode)


FUNCTIONS: dict[Any, Any] = {
    np.dot: dot,
    np.inner: inner,
    np.vdot: vdot,
    np.outer: outer,
    np.tensordot: tensordot,
    np.kron: kron,
    np.cross: cross,
    np.convolve: convolve,
    np.correlate: correlate,
}
