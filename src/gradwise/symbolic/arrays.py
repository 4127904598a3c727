"""Primitives on whole arrays, on arrays of SymPy expressions.

Moving and adding entries means the same for expressions as for numbers, so the records' own NumPy values serve for most of these (``AS_RECORDED``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.symbolic.entrywise import as_truth, as_value
from gradwise.symbolic.library import sp

#: primitives whose ``value`` works on arrays of expressions as it is
AS_RECORDED = frozenset([
    "add_along", "concatenate", "convolve", "cumprod", "cumsum", "diagonal", "getitem", "matmul", "overlap", "reshape",
    "scatter_add", "scatter_set", "sum_to", "take_along", "transpose", "triangle", "windows",
])  # fmt: skip


def as_array(value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """An array of expressions: what an operation on objects returned, which may be one expression or hold Python numbers."""
    if isinstance(value, np.ndarray) and value.dtype == object and value.shape == shape:
        result = value
    else:
        result = np.empty(shape, object)
        result[...] = value
    flat = result.reshape(-1)
    if any(type(x) in (int, float, bool) for x in flat):
        result = result.copy()
        for place in np.ndindex(shape):
            result[place] = sp.sympify(result[place])
    return result


def entries(x: np.ndarray, axes: tuple[int, ...], keepdims: bool, combine: Callable[[list[Any]], Any]) -> np.ndarray:
    """The entries along ``axes`` combined into one."""
    rest = [i for i in range(x.ndim) if i not in axes]
    moved = x.transpose([*rest, *axes])
    lead = moved.shape[: len(rest)]
    result = np.empty(lead, object)
    flat = moved.reshape(*lead, math.prod(moved.shape[len(rest) :]))
    for place in np.ndindex(lead):
        result[place] = combine(list(flat[place]))
    return result.reshape(tuple(1 if i in axes else n for i, n in enumerate(x.shape))) if keepdims else result


def _norm(values: list[Any]) -> Any:
    return sp.sqrt(sp.Add(*[sp.Abs(v) ** 2 if v.has(sp.I) else v**2 for v in values]))


def _einsum(*rest: Any) -> Any:
    *operands, subscripts = rest
    return np.einsum(subscripts, *operands, optimize=len(operands) > 2)


def _place_diagonal(x: Any, shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> Any:
    result = np.full(shape, sp.Integer(0), object)
    diagonal = np.diagonal(result, offset, axis1, axis2)
    diagonal.flags.writeable = True
    diagonal[...] = x
    return result


def _sparse_product(x: Any, data: Any, indices: Any, indptr: Any, shape: tuple[int, int], adjoint: bool) -> Any:
    matrix = np.full(shape, sp.Integer(0), object)
    for row in range(shape[0]):
        for k in range(int(indptr[row]), int(indptr[row + 1])):
            matrix[row, int(indices[k])] += data[k]
    return (matrix.T if adjoint else matrix) @ x


def _product(values: list[Any]) -> Any:
    return sp.Mul(*values)


#: name of the primitive → (operands, then static parameters) → array of expressions
ARRAYS: dict[str, Callable[..., Any]] = {
    "broadcast_to": lambda x, shape: np.broadcast_to(x, shape),
    "sum": lambda x, axes, keepdims: entries(x, axes, keepdims, lambda values: sp.Add(*values)),
    "prod": lambda x, axes, keepdims: entries(x, axes, keepdims, _product),
    "max": lambda x, axes, keepdims: entries(x, axes, keepdims, lambda values: sp.Max(*values)),
    "min": lambda x, axes, keepdims: entries(x, axes, keepdims, lambda values: sp.Min(*values)),
    "norm": lambda x, axes, keepdims: entries(x, axes, keepdims, _norm),
    "all": lambda x, axes, keepdims: entries(x, axes, keepdims, lambda values: sp.And(*map(as_truth, values))),
    "any": lambda x, axes, keepdims: entries(x, axes, keepdims, lambda values: sp.Or(*map(as_truth, values))),
    "einsum": _einsum,
    "combination": lambda *rest: sum(x * w for x, w in zip(rest, rest[-1])),
    "pack": lambda *rest: np.array([x[()] for x in rest[:-1]], object).reshape(rest[-1]),
    "place_diagonal": _place_diagonal,
    "hermitian_from": lambda x, upper: _symmetric(x, upper=upper),
    "sparse_product": _sparse_product,
    "zeros": lambda shape, dtype: np.full(shape, sp.Integer(0), object),
    "identity": lambda n, dtype: np.array([[sp.Integer(int(i == j)) for j in range(n)] for i in range(n)], object),
    "arange": lambda n: np.array([sp.Integer(i) for i in range(n)], object),
}


def _symmetric(x: Any, *, upper: bool) -> Any:
    strict = np.triu(x, 1) if upper else np.tril(x, -1)
    return strict + np.swapaxes(strict, -1, -2) + np.tril(np.triu(x))


def as_numbers(x: np.ndarray) -> np.ndarray:
    """Truth values as 0 and 1."""
    return as_array(np.frompyfunc(as_value, 1, 1)(x), x.shape)
