"""The product of the entries over some axes, exact where entries are zero, with its derivatives of any order.

∂/∂xᵢ Π xₖ = Π over the other entries; the derivative of that in a direction is Σⱼ dxⱼ Π over all entries but i and j.  Both are computed from the products before and
behind an entry, never by dividing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwise.program import Primitive
from gradwise.rules.algebra import conj_if_complex, mul, not_equal, select
from gradwise.rules.axes import transpose
from gradwise.rules.broadcasting import broadcast_to, reshape
from gradwise.rules.reductions import batch_reduction, identity, reduced, shifted, sum_


def _prod_value(x: Any, axes: tuple[int, ...], keepdims: Any) -> Any:
    return np.multiply.reduce(x, axis=axes, keepdims=keepdims)


def _prod_jvp(primals: Any, tangents: Any, y: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    (x,), (dx,) = primals, tangents
    others = product_of_others(x, params=(axes,))
    return sum_(mul(others, dx), params=(axes, keepdims))


#: Product over ``axes`` (a set: several axes are multiplied together, as in ``np.prod(axis=(0, 1))``).
prod = Primitive("prod", _prod_value, reduced, jvp=_prod_jvp, params=("axes", "keepdims"), keeps="operands")
prod.batch = batch_reduction(prod)


def _flat_last(x: Any, axes: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    """The reduced axes moved behind and joined into one; and the moved shape."""
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    moved = np.transpose(x, rest + axes)
    return moved.reshape(*moved.shape[: len(rest)], math.prod(x.shape[i] for i in axes)), rest


def _others_value(x: Any, axes: tuple[int, ...]) -> Any:
    """Π over the other entries: the product before times the product behind, which zeros cannot disturb."""
    x = np.asarray(x)
    if x.ndim == 1 and x.size and axes:
        before, behind = np.ones_like(x), np.ones_like(x)
        np.cumprod(x[:-1], out=before[1:])
        np.cumprod(x[:0:-1], out=behind[-2::-1])
        return before * behind
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
    batch=lambda operands, batched, axes: product_of_others(operands[0], params=(shifted(axes),)),
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
    return pairs_of_others(x, dx, params=(shifted(axes),))


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
