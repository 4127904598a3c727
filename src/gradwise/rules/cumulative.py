"""Running sums and products along one ``axis``; the product is exact where entries are zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.program import ArrayType, Primitive
from gradwise.rules.algebra import conj_if_complex, mul, select
from gradwise.rules.axes import transpose
from gradwise.rules.broadcasting import BOOL, broadcast_to, linear, reshape
from gradwise.rules.entries import pairs_of_others
from gradwise.rules.indexing import flip
from gradwise.rules.reductions import sum_


def _cumsum_transpose(ct: Any, operands: Any, linear_: Any, axis: int) -> Any:
    return (flip(cumsum(flip(ct, axis), params=(axis,)), axis),)


def _cumsum_batch(operands: Any, batched: Any, axis: int) -> Any:
    return cumsum(operands[0], params=(axis + 1,))


cumsum = linear(
    "cumsum",
    lambda x, axis: np.add.accumulate(x, axis=axis),
    lambda t, axis: t,
    _cumsum_transpose,
    _cumsum_batch,
    params=("axis",),
)


def _cumprod_jvp(primals: Any, tangents: Any, y: Any, axis: int) -> Any:
    return cumprod_tangent(primals[0], tangents[0], params=(axis,))


#: Running product along ``axis``.
cumprod = Primitive(
    "cumprod",
    lambda x, axis: np.multiply.accumulate(x, axis=axis),
    lambda t, axis: t,
    jvp=_cumprod_jvp,
    batch=lambda operands, batched, axis: cumprod(operands[0], params=(axis + 1,)),
    params=("axis",),
    keeps="operands",
)


def _cumprod_tangent_value(x: Any, dx: Any, axis: int) -> Any:
    """dy_i = dy_{i−1} x_i + y_{i−1} dx_i: the product rule run along the axis, exact where entries are 0."""
    x = np.moveaxis(np.asarray(x), axis, 0)
    dx = np.moveaxis(np.asarray(dx), axis, 0)
    result = np.empty(x.shape, np.result_type(x, dx))
    y: Any = np.ones((), x.dtype)
    dy: Any = np.zeros((), result.dtype)
    for i in range(x.shape[0]):
        dy = dy * x[i] + y * dx[i]
        y = y * x[i]
        result[i] = dy
    return np.moveaxis(result, 0, axis)


def _cumprod_cotangent_value(x: Any, ct: Any, axis: int) -> Any:
    """The adjoint: x̄_i = y_{i−1} s_i with s_i = c_i + x_{i+1} s_{i+1}, for complex x conjugated."""
    x = np.conjugate(np.moveaxis(np.asarray(x), axis, 0))
    ct = np.moveaxis(np.asarray(ct), axis, 0)
    result = np.empty(x.shape, np.result_type(x, ct))
    n = x.shape[0]
    s: Any = np.zeros((), result.dtype)
    for i in range(n - 1, -1, -1):
        s = ct[i] + (s * x[i + 1] if i + 1 < n else 0)
        result[i] = s
    y: Any = np.ones((), x.dtype)
    for i in range(n):
        result[i] = result[i] * y
        y = y * x[i]
    return np.moveaxis(result, 0, axis)


def _rows(x: Any, axis: int) -> tuple[Any, Any, int]:
    """(…, n) with the axis last → (…, n, n) with row i holding x_k for k ≤ i and 1 above; and the mask."""
    order = (*[i for i in range(x.ndim) if i != axis], axis)
    moved = transpose(x, params=(order,))
    n = moved.shape[-1]
    lead = moved.shape[:-1]
    lower = x.builder.emit(lower_triangle, (), (n,))
    mask = broadcast_to(reshape(lower, (*(1,) * len(lead), n, n)), (*lead, n, n))
    copies = broadcast_to(reshape(moved, (*lead, 1, n)), (*lead, n, n))
    return copies, mask, n


lower_triangle = Primitive(
    "lower_triangle", lambda n: np.tri(n, dtype=bool), lambda n: ArrayType((n, n), BOOL), params=("n",), keeps="none"
)


def _cumprod_tangent_jvp(primals: Any, tangents: Any, y: Any, axis: int) -> Any:
    x, dx = primals
    x_dot, dx_dot = tangents
    terms = []
    if dx_dot is not None:
        terms.append(cumprod_tangent(x, dx_dot, params=(axis,)))
    if x_dot is not None:
        copies, mask, _ = _rows(x, axis)
        dots, _, _ = _rows(x_dot, axis)
        duals, _, _ = _rows(dx, axis)
        last = copies.ndim - 1
        inner = pairs_of_others(select(mask, copies, 1), select(mask, dots, 0), params=((last,),))
        total = sum_(mul(select(mask, duals, 0), inner), params=((last,), False))
        terms.append(transpose(total, params=(_axis_back(x.ndim, axis),)))
    return terms[0] if len(terms) == 1 else terms[0] + terms[1]


def _axis_back(ndim: int, axis: int) -> tuple[int, ...]:
    order = [i for i in range(ndim) if i != axis] + [axis]
    return tuple(int(i) for i in np.argsort(order))


def _cumprod_cotangent_jvp(primals: Any, tangents: Any, y: Any, axis: int) -> Any:
    x, ct = primals
    x_dot, ct_dot = tangents
    terms = []
    if ct_dot is not None:
        terms.append(cumprod_cotangent(x, ct_dot, params=(axis,)))
    if x_dot is not None:
        # x̄_j = Σ_{i≥j} c_i Π_{k≤i, k≠j} conj(x_k)
        copies, mask, n = _rows(conj_if_complex(x), axis)
        dots, _, _ = _rows(conj_if_complex(x_dot), axis)
        last = copies.ndim - 1
        inner = pairs_of_others(select(mask, copies, 1), select(mask, dots, 0), params=((last,),))
        order = (*[i for i in range(x.ndim) if i != axis], axis)
        moved = transpose(ct, params=(order,))
        column = broadcast_to(reshape(moved, (*moved.shape, 1)), (*moved.shape, n))
        total = sum_(select(mask, mul(column, inner), 0), params=((last - 1,), False))
        terms.append(transpose(total, params=(_axis_back(x.ndim, axis),)))
    return terms[0] if len(terms) == 1 else terms[0] + terms[1]


def _two_operand_batch(primitive: Primitive) -> Any:
    def batch(operands: Any, batched: Any, axis: int) -> Any:
        n = next(z.shape[0] for z, b in zip(operands, batched, strict=True) if b)
        full = [z if b else broadcast_to(z, (n, *z.shape)) for z, b in zip(operands, batched, strict=True)]
        return primitive(*full, params=(axis + 1,))

    return batch


cumprod_tangent = Primitive(
    "cumprod_tangent",
    _cumprod_tangent_value,
    lambda t, dt, axis: t,
    jvp=_cumprod_tangent_jvp,
    transpose=lambda ct, operands, linear_, axis: (None, cumprod_cotangent(operands[0], ct, params=(axis,))),
    params=("axis",),
    keeps="operands",
)
cumprod_cotangent = Primitive(
    "cumprod_cotangent",
    _cumprod_cotangent_value,
    lambda t, ct, axis: t,
    jvp=_cumprod_cotangent_jvp,
    transpose=lambda ct, operands, linear_, axis: (None, cumprod_tangent(operands[0], ct, params=(axis,))),
    params=("axis",),
    keeps="operands",
)
cumprod_tangent.batch = _two_operand_batch(cumprod_tangent)
cumprod_cotangent.batch = _two_operand_batch(cumprod_cotangent)
