"""Matrix and tensor products: matmul, einsum, convolution, which are linear in each operand, and sums with given weights."""

from __future__ import annotations

import operator
from string import ascii_letters
from typing import Any

import numpy as np

from gradwise.program import ArrayType, Primitive
from gradwise.rules.algebra import broadcast_shape, conj_if_complex
from gradwise.rules.broadcasting import broadcast_to, reshape, sum_to
from gradwise.rules.reductions import identity, sum_
from gradwise.rules.shapes import FULL, flip, scatter_set, slice_axis, swap_last, zeros_p


def multilinear_jvp(primitive: Primitive) -> Any:
    """Σ over operands of the product with that operand replaced by its tangent."""

    def jvp(primals: Any, tangents: Any, y: Any, *static: Any) -> Any:
        total = None
        for k, dx in enumerate(tangents):
            if dx is None:
                continue
            term = primitive(*primals[:k], dx, *primals[k + 1 :], params=static)
            total = term if total is None else total + term
        return total

    return jvp


# --- matmul -------------------------------------------------------------------------------------------------------------------


def _matmul_result(a: ArrayType, b: ArrayType) -> ArrayType:
    if a.ndim == 1 and b.ndim == 1:
        shape: tuple[int, ...] = ()
    elif a.ndim == 1:
        shape = (*b.shape[:-2], b.shape[-1])
    elif b.ndim == 1:
        shape = a.shape[:-1]
    else:
        shape = (*broadcast_shape(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
    return ArrayType(shape, a.dtype)


def _column(v: Any) -> Any:
    return reshape(v, (*v.shape, 1))


def _row(v: Any) -> Any:
    return reshape(v, (*v.shape[:-1], 1, v.shape[-1]))


def _matmul_transpose(ct: Any, operands: Any, linear_: Any) -> Any:
    a, b = operands
    if linear_[0]:
        b = conj_if_complex(b)
        if b.ndim == 1:
            return (ct * b if a.ndim == 1 else _column(ct) * b), None
        if a.ndim == 1:
            if b.ndim == 2:
                return matmul(b, ct), None
            return sum_to(reshape(matmul(b, _column(ct)), (*b.shape[:-2], b.shape[-2])), a.shape), None
        return sum_to(matmul(ct, swap_last(b)), a.shape), None
    a = conj_if_complex(a)
    if a.ndim == 1:
        return None, (ct * a if b.ndim == 1 else _column(a) * _row(ct))
    if b.ndim == 1:
        if a.ndim == 2:
            return None, matmul(ct, a)
        return None, sum_to(reshape(matmul(_row(ct), a), (*a.shape[:-2], a.shape[-1])), b.shape)
    return None, sum_to(matmul(swap_last(a), ct), b.shape)


def _matmul_batch(operands: Any, batched: Any) -> Any:
    a, b = operands
    rank_a, rank_b = a.ndim - bool(batched[0]), b.ndim - bool(batched[1])
    if not batched[0]:
        if rank_b == 1:  # rows of vectors: one matrix product
            return matmul(b, swap_last(a)) if rank_a == 2 else matmul(b, a) if rank_a == 1 else _squeeze(a, b, rank_a, rank_b, batched)
        if rank_a <= 2 and rank_b >= 2:
            return matmul(a, b)
    elif not batched[1]:
        if rank_a == 1:
            return matmul(a, b) if rank_b <= 2 else _squeeze(a, b, rank_a, rank_b, batched)
        if rank_b <= 2:
            return matmul(a, b)
    return _squeeze(a, b, rank_a, rank_b, batched)


def _squeeze(a: Any, b: Any, rank_a: int, rank_b: int, batched: Any) -> Any:
    """Vectors as matrices, ranks aligned, the product, and the extra axes away again."""
    if rank_a == 1:
        a = _row(a)
    if rank_b == 1:
        b = _column(b)
    rank = max(rank_a, rank_b, 2)

    def align(x: Any, is_batched: bool) -> Any:
        if not is_batched:
            return x
        return reshape(x, (x.shape[0], *(1,) * (rank + 1 - x.ndim), *x.shape[1:]))

    y = matmul(align(a, batched[0]), align(b, batched[1]))
    shape = list(y.shape)
    if rank_b == 1:
        del shape[-1]
    if rank_a == 1:
        del shape[-1 if rank_b == 1 else -2]
    return reshape(y, tuple(shape))


matmul_p = Primitive(
    "matmul", operator.matmul, _matmul_result, transpose=_matmul_transpose, batch=_matmul_batch, keeps="product"
)
matmul_p.jvp = multilinear_jvp(matmul_p)


def matmul(a: Any, b: Any) -> Any:
    return matmul_p(a, b)


# --- einsum ---------------------------------------------------------------------------------------------------------------------


def _einsum_value(*rest: Any) -> Any:
    *operands, spec = rest
    return np.einsum(spec, *operands, optimize=len(operands) > 1)


def _einsum_result(*rest: Any) -> ArrayType:
    *types, spec = rest
    inputs, output = spec.split("->")
    size: dict[str, int] = {}
    for letters, t in zip(inputs.split(","), types, strict=True):
        for letter, n in zip(letters, t.shape, strict=True):
            if size.get(letter, 1) == 1:
                size[letter] = n
    return ArrayType(tuple(size[letter] for letter in output), types[0].dtype)


def _fresh(used: set[str]) -> str:
    letter = next(c for c in ascii_letters if c not in used)
    used.add(letter)
    return letter


def _einsum_transpose(ct: Any, operands: Any, linear_: Any, spec: str) -> Any:
    k = linear_.index(True)
    inputs, output = spec.split("->")
    terms = inputs.split(",")
    used = set(spec)
    x, target = operands[k], terms[k]
    arrays = [ct, *(conj_if_complex(z) for i, z in enumerate(operands) if i != k)]
    subscripts = [output, *(t for i, t in enumerate(terms) if i != k)]
    distinct = ""
    for letter, n in zip(target, x.shape, strict=True):
        if letter in distinct:  # a diagonal was taken: put the cotangent back on it
            other = _fresh(used)
            arrays.append(ct.builder.emit(identity, (), (n, x.dtype)))
            subscripts.append(letter + other)
            letter = other
        distinct += letter
    present = set("".join(subscripts))
    shape: dict[str, int] = {}
    for letters, z in zip(subscripts, arrays, strict=True):
        for letter, n in zip(letters, z.shape, strict=True):
            if shape.get(letter, 1) == 1:  # stretched, to nothing too
                shape[letter] = n
    kept = "".join(letter for letter in distinct if letter in present)
    result = einsum(*arrays, params=(f"{','.join(subscripts)}->{kept}",))
    # letters that only this operand has were summed: broadcast along them; stretched axes are summed back
    full = tuple(shape.get(c, n) if c in present else n for c, n in zip(distinct, x.shape, strict=True))
    result = reshape(result, tuple(m if c in present else 1 for c, m in zip(distinct, full, strict=True)))
    result = sum_to(result, tuple(1 if n == 1 else m for n, m in zip(x.shape, result.shape, strict=True)))
    result = broadcast_to(result, x.shape)
    return tuple(result if i == k else None for i in range(len(operands)))


def _einsum_batch(operands: Any, batched: Any, spec: str) -> Any:
    inputs, output = spec.split("->")
    letter = _fresh(set(spec))
    terms = [letter + t if b else t for t, b in zip(inputs.split(","), batched, strict=True)]
    return einsum(*operands, params=(f"{','.join(terms)}->{letter}{output}",))


#: ``np.einsum`` with explicit output and no ellipsis.
einsum = Primitive(
    "einsum",
    _einsum_value,
    _einsum_result,
    transpose=_einsum_transpose,
    batch=_einsum_batch,
    params=("subscripts",),
    keeps="product",
)
einsum.jvp = multilinear_jvp(einsum)

# --- convolution ----------------------------------------------------------------------------------------------------------------


def _convolve_result(a: ArrayType, v: ArrayType) -> ArrayType:
    return ArrayType((a.shape[0] + v.shape[0] - 1,), a.dtype)


def _convolve_transpose(ct: Any, operands: Any, linear_: Any) -> Any:
    a, v = operands
    other, size = (v, a.shape[0]) if linear_[0] else (a, v.shape[0])
    # ā_i = Σ_j conj(v_j) c_{i+j}: the convolution with the reversed other, cut where it overlaps completely
    full = convolve(ct, flip(conj_if_complex(other), 0))
    start = other.shape[0] - 1
    part = slice_axis(full, 0, start, start + size)
    return (part, None) if linear_[0] else (None, part)


def _convolve_batch(operands: Any, batched: Any) -> Any:
    a, v = operands
    n = next(z.shape[0] for z, b in zip(operands, batched, strict=True) if b)
    a = a if batched[0] else broadcast_to(a, (n, *a.shape))
    v = v if batched[1] else broadcast_to(v, (n, *v.shape))
    return convolve_rows(a, v)


#: The full discrete convolution of two vectors, y_k = Σ_i a_i v_{k−i}.
convolve = Primitive(
    "convolve", lambda a, v: np.convolve(a, v), _convolve_result, transpose=_convolve_transpose, batch=_convolve_batch, keeps="product"
)
convolve.jvp = multilinear_jvp(convolve)


def convolve_rows(a: Any, v: Any) -> Any:
    """Row-wise full convolution: the outer product, its rows skewed by one place each, summed."""
    n, p, q = a.shape[0], a.shape[1], v.shape[1]
    outer = reshape(v, (n, q, 1)) * reshape(a, (n, 1, p))
    # rows of length p padded to p + q, laid end to end and read again in rows of p + q − 1: row j starts j places later
    room = a.builder.emit(zeros_p, (), ((n, q, p + q), a.dtype))
    padded = scatter_set(room, outer, params=((FULL, FULL, ("slice", 0, p, None)),))
    line = slice_axis(reshape(padded, (n, q * (p + q))), 1, 0, q * (p + q - 1))
    return sum_(reshape(line, (n, q, p + q - 1)), params=((1,), False))


# --- sums with given weights ----------------------------------------------------------------------------------------------------------


def _combination_value(*rest: Any) -> Any:
    *operands, weights = rest
    total: Any = None
    for x, w in zip(operands, weights, strict=True):
        term = x if w == 1.0 else x * w
        total = term if total is None else total + term
    return total + 0 if total is operands[0] else total  # an array of its own


def _combination_jvp(primals: Any, tangents: Any, y: Any, weights: tuple[float, ...]) -> Any:
    used = [(dx, w) for dx, w in zip(tangents, weights, strict=True) if dx is not None]
    return combination(*[dx for dx, _ in used], params=(tuple([w for _, w in used]),))


def _combination_transpose(ct: Any, operands: Any, linear_: Any, weights: tuple[float, ...]) -> Any:
    return tuple((ct if w == 1.0 else ct * w) if is_linear else None for w, is_linear in zip(weights, linear_, strict=True))


def _combination_batch(operands: Any, batched: Any, weights: tuple[float, ...]) -> Any:
    n = next(z.shape[0] for z, b in zip(operands, batched, strict=True) if b)
    full = [z if b else broadcast_to(z, (n, *z.shape)) for z, b in zip(operands, batched, strict=True)]
    return combination(*full, params=(weights,))


#: y = Σ_i w_i x_i of arrays of one shape, with numbers w_i that are given: the stages of a Runge-Kutta step.
combination = Primitive(
    "combination",
    _combination_value,
    lambda *rest: rest[0],
    jvp=_combination_jvp,
    transpose=_combination_transpose,
    batch=_combination_batch,
    params=("weights",),
    keeps="none",
)
