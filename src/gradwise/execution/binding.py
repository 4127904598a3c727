"""How an equation is called: its primitive's value as a function of the operands alone.

    bind : (primitive, parameters, types of the operands) → (operands → value)

What depends on parameters and types alone (keys, axes, the order of a contraction) is decided once.  Whatever is not listed here is called as its record says.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.rules.broadcasting import reshape_p, sum_to_p
from gradwise.rules.indexing import basic_key
from gradwise.rules.products import einsum
from gradwise.rules.reductions import all_, any_, max_, min_, sum_
from gradwise.rules.shapes import FULL, getitem, numpy_key, scatter_add, scatter_set
from gradwise.rules.sparse import compiled_products, sparse_product

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.program import ArrayType, Primitive

#: multiplications up to which a contraction is done in one go: finding an order, and calling BLAS, costs more
_SMALL_CONTRACTION = 4096


def _leads(key: tuple[Any, ...]) -> bool:
    """Whether a key is an index array along the first axis, and all of the others: ``x[i]``."""
    return key[0] == ("array", 0) and all(entry == FULL for entry in key[1:])


def _getitem(params: tuple[Any, ...], types: Sequence[ArrayType]) -> Callable[..., Any] | None:
    if len(types) == 2 and _leads(params[0]):
        return lambda x, index: x[index]
    if len(types) > 1:
        return None
    key = numpy_key(params[0], ())
    if all(entry is None for entry in key):
        return lambda x: np.asarray(x)[key]
    if len(key) == 1:
        key = key[0]
    return lambda x: x[key]


def _scatter_add(params: tuple[Any, ...], types: Sequence[ArrayType]) -> Callable[..., Any] | None:
    if len(types) > 2:
        return None
    key = basic_key(params[0])

    def value(x: Any, updates: Any) -> Any:
        result = np.array(x)
        result[key] += updates
        return result

    return value


def add_in_place(params: tuple[Any, ...], types: Sequence[ArrayType]) -> Callable[..., Any] | None:
    """``x[key] += updates`` for a key without index arrays, or with one of one entry, which cannot be repeated."""
    if len(types) == 3 and types[2].size == 1 and _leads(params[0]):

        def at_one(x: Any, updates: Any, index: Any) -> Any:
            x[index] += updates
            return x

        return at_one
    if len(types) > 2:
        return None
    key = basic_key(params[0])

    def value(x: Any, updates: Any) -> Any:
        x[key] += updates
        return x

    return value


def part_copied(part: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A part of an array with memory of its own."""
    return lambda x: part(x).copy()


def set_in_place(params: tuple[Any, ...], types: Sequence[ArrayType]) -> Callable[..., Any] | None:
    """``x[key] = updates`` for a key without index arrays."""
    if len(types) > 2:
        return None
    key = basic_key(params[0])

    def value(x: Any, updates: Any) -> Any:
        x[key] = updates
        return x

    return value


def _scatter_set(params: tuple[Any, ...], types: Sequence[ArrayType]) -> Callable[..., Any] | None:
    if len(types) > 2:
        return None
    key = basic_key(params[0])

    def value(x: Any, updates: Any) -> Any:
        result = np.array(x)
        result[key] = updates
        return result

    return value


def _reshape(params: tuple[Any, ...], types: Sequence[ArrayType]) -> Callable[..., Any]:
    (shape,) = params
    return lambda x: (x if type(x) is np.ndarray else np.asarray(x)).reshape(shape)


def _axes(axes: tuple[int, ...], rank: int) -> Any:
    """Axes as NumPy takes them quickest."""
    if len(axes) == rank:
        return None
    return axes[0] if len(axes) == 1 else axes


def _sum_to(params: tuple[Any, ...], types: Sequence[ArrayType]) -> Callable[..., Any] | None:
    (shape,), old = params, types[0].shape
    extra = len(old) - len(shape)
    axes = (*range(extra), *(i + extra for i, n in enumerate(shape) if n == 1 and old[i + extra] != 1))
    if not axes or not old:
        return None
    reduce: Any = np.add.reduce
    if len(axes) == extra:  # no axis of length 1 stays
        axis = _axes(axes, len(old))
        return lambda x: reduce(x, axis)
    return lambda x: reduce(x, axes, None, None, True).reshape(shape)


def _reduction(ufunc: np.ufunc) -> Any:
    reduce: Any = ufunc.reduce

    def binder(params: tuple[Any, ...], types: Sequence[ArrayType]) -> Callable[..., Any] | None:
        axes, keepdims = params
        rank = len(types[0].shape)
        if not axes or not rank:
            return None
        axis = _axes(axes, rank)
        if keepdims:
            return lambda x: reduce(x, axis, None, None, True)
        return lambda x: reduce(x, axis)

    return binder


def _einsum(params: tuple[Any, ...], types: Sequence[ArrayType]) -> Callable[..., Any] | None:
    (spec,) = params
    if len(types) < 2:
        return None
    lengths: dict[str, int] = {}
    for letters, t in zip(spec.split("->")[0].split(","), types, strict=True):
        lengths.update(zip(letters, t.shape, strict=True))
    if math.prod(lengths.values()) <= _SMALL_CONTRACTION:
        return lambda *operands: np.einsum(spec, *operands)
    path = np.einsum_path(spec, *(np.broadcast_to(np.zeros((), t.dtype), t.shape) for t in types))[0]
    return lambda *operands: np.einsum(spec, *operands, optimize=path)


def _sparse_product(params: tuple[Any, ...], types: Sequence[ArrayType]) -> Callable[..., Any] | None:
    (rows, columns), adjoint = params
    x, data, indices, indptr = types
    products = compiled_products()
    if products is None or indices.dtype != indptr.dtype or data.dtype.kind == "c" or len(x.shape) > 2:
        return None
    if adjoint:
        rows, columns = columns, rows
    if x.shape[0] != columns:
        return None
    dtype, zeros = np.result_type(data.dtype, x.dtype), np.zeros
    if len(x.shape) == 1:
        of_vector = products[2 if adjoint else 0]

        def product(x: Any, data: Any, indices: Any, indptr: Any) -> Any:
            result = zeros(rows, dtype)
            of_vector(rows, columns, indptr, indices, data, x, result)
            return result

        return product
    of_matrix, width = products[3 if adjoint else 1], x.shape[1]

    def products_of_columns(x: Any, data: Any, indices: Any, indptr: Any) -> Any:
        result = zeros(rows * width, dtype)
        of_matrix(rows, columns, width, indptr, indices, data, x.ravel(), result)
        return result.reshape(rows, width)

    return products_of_columns


_BINDERS: dict[Primitive, Any] = {
    getitem: _getitem,
    scatter_add: _scatter_add,
    scatter_set: _scatter_set,
    reshape_p: _reshape,
    sum_to_p: _sum_to,
    sum_: _reduction(np.add),
    max_: _reduction(np.maximum),
    min_: _reduction(np.minimum),
    all_: _reduction(np.logical_and),
    any_: _reduction(np.logical_or),
    einsum: _einsum,
    sparse_product: _sparse_product,
}


def bind(
    primitive: Primitive, params: tuple[Any, ...], types: Sequence[ArrayType], inputs: Sequence[int]
) -> Callable[..., Any]:
    """The primitive's value as a function of its operands alone, the variables ``inputs`` with their ``types`` by variable."""
    binder = _BINDERS.get(primitive)
    if binder is not None:
        bound: Callable[..., Any] | None = binder(params, [types[i] for i in inputs])
        if bound is not None:
            return bound
    value = primitive.value
    if not params:
        return value
    if len(inputs) == 1:
        if len(params) == 1:
            (p,) = params
            return lambda x: value(x, p)
        return lambda x: value(x, *params)
    return lambda *operands: value(*operands, *params)
