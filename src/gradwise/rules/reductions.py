"""Sums, extrema, their places, truth.

Every reduction takes ``axes``, a sorted tuple of non-negative axes, and ``keepdims``.  Products are in ``entries.py``, running sums and products in
``cumulative.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.program import ArrayType, Primitive
from gradwise.rules.algebra import div, equal, not_equal, select
from gradwise.rules.broadcasting import BOOL, broadcast_to, convert, linear, reshape
from gradwise.rules.elementwise import PREDICATES

INT = np.dtype(np.intp)


def reduced_shape(shape: tuple[int, ...], axes: tuple[int, ...], keepdims: bool) -> tuple[int, ...]:
    if keepdims:
        return tuple(1 if i in axes else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def reduced(t: ArrayType, axes: tuple[int, ...], keepdims: bool) -> ArrayType:
    return ArrayType(reduced_shape(t.shape, axes, keepdims), t.dtype)


def _kept(x: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """A reduced array with its reduced axes back, of length 1."""
    return reshape(x, reduced_shape(shape, axes, keepdims=True))


def shifted(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + 1 for a in axes)


def batch_reduction(primitive: Primitive) -> Any:
    def batch(operands: Any, batched: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        return primitive(operands[0], params=(shifted(axes), keepdims))

    return batch


# --- sum ------------------------------------------------------------------------------------------------------------------


def _sum_value(x: Any, axes: tuple[int, ...], keepdims: Any) -> Any:
    return np.add.reduce(x, axis=axes, keepdims=keepdims)


def _sum_transpose(ct: Any, operands: Any, linear_: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    shape = operands[0].shape
    return (broadcast_to(ct if ct.ndim == 0 else _kept(ct, shape, axes), shape),)


def _sum_batch(operands: Any, batched: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return sum_(operands[0], params=(shifted(axes), keepdims))


sum_ = linear("sum", _sum_value, reduced, _sum_transpose, _sum_batch, params=("axes", "keepdims"))

# --- extrema ----------------------------------------------------------------------------------------------------------------


def _extremum(name: str, ufunc: Any) -> Primitive:
    def value(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        return ufunc.reduce(x, axis=axes, keepdims=keepdims)

    def jvp(primals: Any, tangents: Any, y: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        (x,), (dx,) = primals, tangents
        at = equal(x, _kept(y, x.shape, axes))
        at = PREDICATES["logical_or"](at, not_equal(x, x))  # NaN is chosen where there is one, as in np.maximum
        count = sum_(convert(at, x.dtype), params=(axes, keepdims))
        return div(sum_(select(at, dx, 0), params=(axes, keepdims)), count)

    def kink(operands: Any, output: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        x = np.asarray(operands[0])
        if len(axes) == x.ndim and not keepdims:
            return np.count_nonzero(x == output) > 1
        at = np.equal(x, np.reshape(output, reduced_shape(x.shape, axes, keepdims=True)))
        return np.count_nonzero(at, axis=axes) > 1

    primitive = Primitive(
        name, value, reduced, jvp=jvp, params=("axes", "keepdims"), kink=kink, kink_name=f"a tie in {name}"
    )
    primitive.batch = batch_reduction(primitive)
    return primitive


max_ = _extremum("max", np.maximum)
min_ = _extremum("min", np.minimum)


def _arg(name: str, function: Any) -> Primitive:
    def value(x: Any, axis: int, keepdims: bool) -> Any:
        return function(x, axis=axis, keepdims=keepdims)

    def result(t: ArrayType, axis: int, keepdims: bool) -> ArrayType:
        return ArrayType(reduced_shape(t.shape, (axis,), keepdims), INT)

    primitive = Primitive(name, value, result, params=("axis", "keepdims"), keeps="none")
    primitive.batch = lambda operands, batched, axis, keepdims: primitive(operands[0], params=(axis + 1, keepdims))
    return primitive


argmax = _arg("argmax", np.argmax)
argmin = _arg("argmin", np.argmin)


def _truth(name: str, ufunc: Any) -> Primitive:
    def value(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        return ufunc.reduce(x, axis=axes, keepdims=keepdims)

    def result(t: ArrayType, axes: tuple[int, ...], keepdims: bool) -> ArrayType:
        return ArrayType(reduced_shape(t.shape, axes, keepdims), BOOL)

    primitive = Primitive(name, value, result, params=("axes", "keepdims"), keeps="none")
    primitive.batch = batch_reduction(primitive)
    return primitive


all_ = _truth("all", np.logical_and)
any_ = _truth("any", np.logical_or)


identity = Primitive(
    "identity",
    lambda n, dtype: np.eye(n, dtype=dtype),
    lambda n, dtype: ArrayType((n, n), dtype),
    params=("n", "dtype"),
    keeps="none",
)
