"""Sums, products, extrema, and their cumulative forms.

Every reduction takes ``axes``, a sorted tuple of non-negative axes, and ``keepdims``; a cumulative operation takes one ``axis``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.program import ArrayType, Primitive
from gradwise.rules.algebra import (
    BOOL,
    broadcast_to,
    conj_if_complex,
    convert,
    div,
    equal,
    linear,
    mul,
    not_equal,
    reshape,
    select,
)
from gradwise.rules.shapes import flip, transpose

INT = np.dtype(np.intp)


def reduced_shape(shape: tuple[int, ...], axes: tuple[int, ...], keepdims: bool) -> tuple[int, ...]:
    if keepdims:
        return tuple(1 if i in axes else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def _reduced(t: ArrayType, axes: tuple[int, ...], keepdims: bool) -> ArrayType:
    return ArrayType(reduced_shape(t.shape, axes, keepdims), t.dtype)


def _kept(x: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """A reduced array with its reduced axes back, of length 1."""
    return reshape(x, reduced_shape(shape, axes, keepdims=True))


def _shift(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + 1 for a in axes)


def _batch_reduction(primitive: Primitive) -> Any:
    def batch(operands: Any, batched: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        return primitive(operands[0], params=(_shift(axes), keepdims))

    return batch


# --- sum ------------------------------------------------------------------------------------------------------------------


def _sum_value(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return np.add.reduce(x, axis=axes, keepdims=keepdims)


def _sum_transpose(ct: Any, operands: Any, linear_: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    shape = operands[0].shape
    return (broadcast_to(ct if ct.ndim == 0 else _kept(ct, shape, axes), shape),)


def _sum_batch(operands: Any, batched: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return sum_(operands[0], params=(_shift(axes), keepdims))


sum_ = linear("sum", _sum_value, _reduced, _sum_transpose, _sum_batch, params=("axes", "keepdims"))

# --- product ----------------------------------------------------------------------------------------------------------------


def _prod_value(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return np.multiply.reduce(x, axis=axes, keepdims=keepdims)


def _prod_jvp(primals: Any, tangents: Any, y: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    (x,), (dx,) = primals, tangents
    others = product_of_others(x, params=(axes,))
    return sum_(mul(others, dx), params=(axes, keepdims))


#: Product over ``axes`` (a set: several axes are multiplied together, as in ``np.prod(axis=(0, 1))``).
prod = Primitive(
    "prod", _prod_value, _reduced, jvp=_prod_jvp, params=("axes", "keepdims"), keeps="operands"
)
prod.batch = _batch_reduction(prod)


def _flat_last(x: Any, axes: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    """The reduced axes moved behind and joined into one; and the moved shape."""
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    moved = np.transpose(x, rest + axes)
    return moved.reshape(*moved.shape[: len(rest)], -1), rest


def _others_value(x: Any, axes: tuple[int, ...]) -> Any:
    """Π over the other entries: the product before times the product behind, which zeros cannot disturb."""
    x = np.asarray(x)
    flat, rest = _flat_last(x, axes)
    ones = np.ones((*flat.shape[:-1], 1), x.dtype)
    before = np.concatenate([ones, np.cumprod(flat[..., :-1], axis=-1)], axis=-1)[..., : flat.shape[-1]]
    behind = np.concatenate([np.cumprod(flat[..., :0:-1], axis=-1)[..., ::-1], ones], axis=-1)[..., : flat.shape[-1]]
    result = before * behind
    order = rest + axes
    return result.reshape([x.shape[i] for i in order]).transpose(np.argsort(order))


def _others_jvp(primals: Any, tangents: Any, y: Any, axes: tuple[int, ...]) -> Any:
    (x,), (dx,) = primals, tangents
    # ∂/∂x_j Π_{k≠i} x_k = Π_{k≠i,j} x_k for j ≠ i; all pairs, exact at zeros
    return pairs_of_others(x, dx, params=(axes,))


product_of_others = Primitive(
    "product_of_others",
    _others_value,
    lambda t, axes: t,
    jvp=_others_jvp,
    batch=lambda operands, batched, axes: product_of_others(operands[0], params=(_shift(axes),)),
    params=("axes",),
    keeps="operands",
)


def _pairs_value(x: Any, dx: Any, axes: tuple[int, ...]) -> Any:
    """Σ_{j≠i} dx_j Π_{k≠i,j} x_k: the derivative of the product of others, by the polynomial Π(x_k + t dx_k) mod t²."""
    x = np.asarray(x)
    flat, rest = _flat_last(x, axes)
    flat_dx, _ = _flat_last(np.broadcast_to(dx, x.shape), axes)
    n = flat.shape[-1]
    dtype = np.result_type(flat, flat_dx)
    before = np.ones(flat.shape, dtype)
    d_before = np.zeros(flat.shape, dtype)
    behind = np.ones(flat.shape, dtype)
    d_behind = np.zeros(flat.shape, dtype)
    for i in range(1, n):
        before[..., i] = before[..., i - 1] * flat[..., i - 1]
        d_before[..., i] = d_before[..., i - 1] * flat[..., i - 1] + before[..., i - 1] * flat_dx[..., i - 1]
        j = n - 1 - i
        behind[..., j] = behind[..., j + 1] * flat[..., j + 1]
        d_behind[..., j] = d_behind[..., j + 1] * flat[..., j + 1] + behind[..., j + 1] * flat_dx[..., j + 1]
    result = d_before * behind + before * d_behind
    order = rest + axes
    return result.reshape([x.shape[i] for i in order]).transpose(np.argsort(order))


def _pairs_jvp(primals: Any, tangents: Any, y: Any, axes: tuple[int, ...]) -> Any:
    x, dx = primals
    x_dot, dx_dot = tangents
    terms = []
    if dx_dot is not None:
        terms.append(pairs_of_others(x, dx_dot, params=(axes,)))
    if x_dot is not None:
        # differentiate a matrix-free bilinear form through its definition on explicit pairs
        terms.append(_triples(x, dx, x_dot, axes))
    return terms[0] if len(terms) == 1 else terms[0] + terms[1]


def _triples(x: Any, dx: Any, x_dot: Any, axes: tuple[int, ...]) -> Any:
    """The derivative of ``pairs_of_others`` with respect to x, from a product over explicitly masked copies.

    Σ_{j≠i} dx_j Π_{k≠i,j} x_k with the inner products as ``product_of_others`` of an array in which entry i is 1.
    """
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    order = rest + axes
    moved_shape = tuple(x.shape[i] for i in order)
    n = 1
    for a in axes:
        n *= x.shape[a]
    lead = tuple(x.shape[i] for i in rest)

    def rows(z: Any) -> Any:  # (*lead, n) → (*lead, n, n), row i a copy
        flat = reshape(transpose(z, params=(order,)), (*lead, 1, n))
        return broadcast_to(flat, (*lead, n, n))

    eye = x.builder.emit(identity, (), (n, x.dtype))
    diagonal = broadcast_to(reshape(eye, (*(1,) * len(lead), n, n)), (*lead, n, n))
    masked = select(not_equal(diagonal, 0), 1, rows(x))
    last = (len(lead) + 1,)
    inner = pairs_of_others(masked, mul(1 - diagonal, rows(x_dot)), params=(last,))
    total = sum_(mul(mul(1 - diagonal, rows(dx)), inner), params=(last, False))
    return transpose(reshape(total, moved_shape), params=(tuple(int(i) for i in np.argsort(order)),))


def _pairs_transpose(ct: Any, operands: Any, linear_: Any, axes: tuple[int, ...]) -> Any:
    x, _ = operands  # Σ_i c_i Σ_{j≠i} dx_j P_ij with P symmetric: self-adjoint for real x
    return None, pairs_of_others(conj_if_complex(x), ct, params=(axes,))


def _pairs_batch(operands: Any, batched: Any, axes: tuple[int, ...]) -> Any:
    x, dx = operands
    n = next(z.shape[0] for z, b in zip(operands, batched, strict=True) if b)
    x = x if batched[0] else broadcast_to(x, (n, *x.shape))
    dx = dx if batched[1] else broadcast_to(dx, (n, *dx.shape))
    return pairs_of_others(x, dx, params=(_shift(axes),))


pairs_of_others = Primitive(
    "pairs_of_others",
    _pairs_value,
    lambda t, dt, axes: t,
    jvp=_pairs_jvp,
    transpose=_pairs_transpose,
    batch=_pairs_batch,
    params=("axes",),
    keeps="operands",
)

identity = Primitive(
    "identity", lambda n, dtype: np.eye(n, dtype=dtype), lambda n, dtype: ArrayType((n, n), dtype), params=("n", "dtype"), keeps="none"
)

# --- extrema ----------------------------------------------------------------------------------------------------------------


def _extremum(name: str, ufunc: Any) -> Primitive:
    def value(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        return ufunc.reduce(x, axis=axes, keepdims=keepdims)

    def jvp(primals: Any, tangents: Any, y: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        (x,), (dx,) = primals, tangents
        at = equal(x, _kept(y, x.shape, axes))
        count = sum_(convert(at, x.dtype), params=(axes, keepdims))
        return div(sum_(select(at, dx, 0), params=(axes, keepdims)), count)

    def kink(operands: Any, output: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        x = np.asarray(operands[0])
        at = np.equal(x, np.reshape(output, reduced_shape(x.shape, axes, keepdims=True)))
        return np.count_nonzero(at, axis=axes) > 1

    primitive = Primitive(
        name, value, _reduced, jvp=jvp, params=("axes", "keepdims"), kink=kink, kink_name=f"a tie in {name}"
    )
    primitive.batch = _batch_reduction(primitive)
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
    primitive.batch = _batch_reduction(primitive)
    return primitive


all_ = _truth("all", np.logical_and)
any_ = _truth("any", np.logical_or)

# --- cumulative -------------------------------------------------------------------------------------------------------------


def _cumsum_transpose(ct: Any, operands: Any, linear_: Any, axis: int) -> Any:
    return (flip(cumsum(flip(ct, axis), params=(axis,)), axis),)


def _cumsum_batch(operands: Any, batched: Any, axis: int) -> Any:
    return cumsum(operands[0], params=(axis + 1,))


cumsum = linear(
    "cumsum", lambda x, axis: np.add.accumulate(x, axis=axis), lambda t, axis: t, _cumsum_transpose, _cumsum_batch, params=("axis",)
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
