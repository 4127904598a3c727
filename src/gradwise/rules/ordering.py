"""Order: sort, the permutations that sort, binary search, and gathering along an axis.

The permutation that sorts is constant wherever no two entries are equal, so the tangent of a sorted array is the tangent in sorted order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwise.program import ArrayType, Primitive
from gradwise.rules.broadcasting import broadcast_to, linear
from gradwise.rules.reductions import INT


def _full(operands: Any, batched: Any) -> list[Any]:
    """All operands with the batch axis."""
    n = next(x.shape[0] for x, b in zip(operands, batched, strict=True) if b)
    return [x if b else broadcast_to(x, (n, *x.shape)) for x, b in zip(operands, batched, strict=True)]


# --- gathering along an axis ----------------------------------------------------------------------------------------------

take_along = linear(
    "take_along",
    lambda x, indices, axis: np.take_along_axis(np.asarray(x), np.asarray(indices), axis),
    lambda t, indices, axis: ArrayType(indices.shape, t.dtype),
    lambda ct, operands, linear_, axis: (add_along(ct, operands[1], params=(axis, operands[0].shape[axis])), None),
    lambda operands, batched, axis: take_along(*_full(operands, batched), params=(axis + 1,)),
    params=("axis",),
)


def _at_end(x: np.ndarray, axis: int) -> np.ndarray:
    """The array with one axis moved to the end."""
    return x if axis == x.ndim - 1 else np.moveaxis(x, axis, -1)


def _add_along_value(x: Any, indices: Any, axis: int, length: int) -> Any:
    x, places = _at_end(np.asarray(x), axis), _at_end(np.asarray(indices), axis)
    total = np.zeros((*x.shape[:-1], length), x.dtype)
    if not x.size:
        return np.moveaxis(total, -1, axis)
    rows = np.arange(math.prod(x.shape[:-1]))[:, None]
    np.add.at(total.reshape(-1, length), (rows, places.reshape(-1, places.shape[-1])), x.reshape(-1, x.shape[-1]))
    return total if axis == total.ndim - 1 else np.moveaxis(total, -1, axis)


#: The transpose of ``take_along``: entries with the same place are added.
add_along = linear(
    "add_along",
    _add_along_value,
    lambda t, indices, axis, length: ArrayType((*t.shape[:axis], length, *t.shape[axis + 1 :]), t.dtype),
    lambda ct, operands, linear_, axis, length: (take_along(ct, operands[1], params=(axis,)), None),
    lambda operands, batched, axis, length: add_along(*_full(operands, batched), params=(axis + 1, length)),
    params=("axis", "length"),
)

# --- sorting --------------------------------------------------------------------------------------------------------------


def _permutation(name: str, function: Any, params: tuple[str, ...]) -> Primitive:
    primitive = Primitive(name, function, lambda t, *static: ArrayType(t.shape, INT), params=params, keeps="none")
    primitive.batch = lambda operands, batched, axis, *static: primitive(operands[0], params=(axis + 1, *static))
    return primitive


#: The stable permutation that sorts along ``axis``.
argsort = _permutation("argsort", lambda x, axis: np.argsort(x, axis=axis, kind="stable"), ("axis",))
argpartition = _permutation("argpartition", lambda x, axis, kth: np.argpartition(x, kth, axis=axis), ("axis", "kth"))


def _sort_jvp(primals: Any, tangents: Any, y: Any, axis: int) -> Any:
    return take_along(tangents[0], argsort(primals[0], params=(axis,)), params=(axis,))


def _sort_kink(operands: Any, output: Any, axis: int) -> Any:
    y = _at_end(np.asarray(output), axis)
    tied = np.equal(y[..., 1:], y[..., :-1])
    if not tied.any():
        return np.zeros(np.shape(output), bool)
    at = np.zeros(y.shape, bool)
    at[..., 1:] |= tied
    at[..., :-1] |= tied
    return np.moveaxis(at, -1, axis)


def _sort_felt(operands: Any, output: Any, cotangent: Any, axis: int) -> bool:
    """Equal entries that count alike, as in a sum or in a median beside them, make no kink."""
    y, bar = _at_end(np.asarray(output), axis), _at_end(np.asarray(cotangent), axis)
    return bool(np.any(np.equal(y[..., 1:], y[..., :-1]) & np.not_equal(bar[..., 1:], bar[..., :-1])))


sort = Primitive(
    "sort",
    lambda x, axis: np.sort(x, axis=axis, kind="stable"),
    lambda t, axis: t,
    jvp=_sort_jvp,
    batch=lambda operands, batched, axis: sort(operands[0], params=(axis + 1,)),
    params=("axis",),
    kink=_sort_kink,
    kink_name="equal entries in a sort",
    kink_felt=_sort_felt,
)

# --- searching ------------------------------------------------------------------------------------------------------------


def _searchsorted_value(a: Any, v: Any, side: Any, rows: int) -> Any:
    a, v = np.asarray(a), np.asarray(v)
    if rows == 0:
        return np.searchsorted(a, v, side)
    lead = v.shape[:rows]
    flat_a, flat_v = a.reshape(math.prod(a.shape[:-1]), a.shape[-1]), v.reshape(math.prod(lead), -1)
    found = [np.searchsorted(row, values, side) for row, values in zip(flat_a, flat_v, strict=True)]
    return np.asarray(found, INT).reshape(v.shape)


def _searchsorted_batch(operands: Any, batched: Any, side: str, rows: int) -> Any:
    if rows == 0 and not batched[0]:
        return searchsorted(*operands, params=(side, 0))
    return searchsorted(*_full(operands, batched), params=(side, rows + 1))


#: Where each v belongs in the sorted a: a (*rows, n), v (*rows, …).
searchsorted = Primitive(
    "searchsorted",
    _searchsorted_value,
    lambda a, v, side, rows: ArrayType(v.shape, INT),
    batch=_searchsorted_batch,
    params=("side", "rows"),
    keeps="none",
)
