"""The vocabulary of the matrix formulas: adjoint, diagonal, triangles, Hermitian parts, and how stacks of matrices gain a batch axis.

Every primitive of this family works on stacks (…, m, n), so its batched form is itself, with the stack axes of its operands aligned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.program import ArrayType, Primitive
from gradwise.rules.algebra import broadcast_shape, conj_if_complex
from gradwise.rules.broadcasting import linear, reshape
from gradwise.rules.products import einsum
from gradwise.rules.reductions import identity
from gradwise.rules.shapes import swap_last


def adjoint(x: Any) -> Any:
    """The conjugate transpose of the last two axes."""
    return swap_last(conj_if_complex(x))


def adjoint_value(x: Any) -> Any:
    return np.conj(np.swapaxes(x, -1, -2))


def column(v: Any) -> Any:
    """(…, n) → (…, n, 1)."""
    return reshape(v, (*v.shape, 1))


def row(v: Any) -> Any:
    """(…, n) → (…, 1, n)."""
    return reshape(v, (*v.shape[:-1], 1, v.shape[-1]))


def _stack_letters(ndim: int) -> str:
    return "abcdefghijklmnop"[:ndim]


def diagonal_of(x: Any) -> Any:
    """(…, n, n) → (…, n), the diagonal."""
    stack = _stack_letters(x.ndim - 2)
    return einsum(x, params=(f"{stack}zz->{stack}z",))


def inner(a: Any, b: Any) -> Any:
    """Σ_ij a_ij b_ij over the last two axes, without conjugation."""
    left, right = _stack_letters(a.ndim - 2), _stack_letters(b.ndim - 2)
    full = left if len(left) >= len(right) else right
    left, right = full[len(full) - len(left) :], full[len(full) - len(right) :]
    return einsum(a, b, params=(f"{left}yz,{right}yz->{full}",))


def eye_like(x: Any) -> Any:
    """The identity matrix of the size of the rows of x."""
    return x.builder.emit(identity, (), (x.shape[-2], x.dtype))


def aligned(operands: Any, batched: Any, cores: tuple[int, ...]) -> list[Any]:
    """Operands whose leading batch axis stands in front of equally many stack axes; ``cores`` counts the axes behind the stack."""
    rank = max(x.ndim - core - bool(b) for x, b, core in zip(operands, batched, cores, strict=True))
    return [
        reshape(x, (x.shape[0], *(1,) * (rank - (x.ndim - core - 1)), *x.shape[1:])) if b else x
        for x, b, core in zip(operands, batched, cores, strict=True)
    ]


def stacked_batch(get_primitive: Callable[[], Primitive], *cores: int) -> Callable[..., Any]:
    """The batch rule of a primitive on stacks: itself, on aligned operands.  With one operand nothing needs alignment."""

    def batch(operands: Any, batched: Any, *static: Any) -> Any:
        kinds = cores if len(cores) == len(operands) else cores[:1] * len(operands)
        return get_primitive()(*aligned(operands, batched, kinds), params=static)

    return batch


def stack_shape(types: Any, cores: tuple[int, ...]) -> tuple[int, ...]:
    """The broadcast shape of the stack axes."""
    return broadcast_shape(*[t.shape[: t.ndim - core] for t, core in zip(types, cores, strict=True)])


# --- parts of a matrix ----------------------------------------------------------------------------------------------------------


def _triangle_value(x: Any, offset: int, upper: bool) -> Any:
    return np.triu(x, offset) if upper else np.tril(x, offset)


#: The lower (or upper) triangle from the diagonal ``offset`` on, zeros elsewhere; its own adjoint.
triangle = linear(
    "triangle",
    _triangle_value,
    lambda t, offset, upper: t,
    lambda ct, operands, linear_, offset, upper: (triangle(ct, params=(offset, upper)),),
    stacked_batch(lambda: triangle, 2),
    params=("offset", "upper"),
)


def half_triangle(x: Any) -> Any:
    """Φ(X): the lower triangle with its diagonal halved (Murray 2016, eq. 8)."""
    return (triangle(x, params=(0, False)) + triangle(x, params=(-1, False))) * 0.5


def _real_diagonal(x: Any) -> Any:
    n = x.shape[-1]
    return np.eye(n, dtype=x.dtype) * np.real(np.diagonal(x, axis1=-2, axis2=-1))[..., None, :]


def _hermitian_value(x: Any, upper: bool) -> Any:
    strict = np.triu(x, 1) if upper else np.tril(x, -1)
    return strict + adjoint_value(strict) + _real_diagonal(x)


def _fold_value(x: Any, upper: bool) -> Any:
    if x.dtype.kind != "c":
        return np.triu(x) + adjoint_value(np.tril(x, -1)) if upper else np.tril(x) + adjoint_value(np.triu(x, 1))
    kept, other = (np.triu(x, 1), np.tril(x, -1)) if upper else (np.tril(x, -1), np.triu(x, 1))
    return kept + adjoint_value(other) + _real_diagonal(x)


#: The Hermitian matrix that LAPACK sees when it reads one triangle (and the real part of the diagonal); linear over the reals.
hermitian_from = linear(
    "hermitian_from",
    _hermitian_value,
    lambda t, upper: t,
    lambda ct, operands, linear_, upper: (fold_triangle(ct, params=(upper,)),),
    stacked_batch(lambda: hermitian_from, 2),
    params=("upper",),
)
#: The adjoint of ``hermitian_from``: everything folded onto one triangle.
fold_triangle = linear(
    "fold_triangle",
    _fold_value,
    lambda t, upper: t,
    lambda ct, operands, linear_, upper: (hermitian_from(ct, params=(upper,)),),
    stacked_batch(lambda: fold_triangle, 2),
    params=("upper",),
)


def matrix_type(t: ArrayType, rows: int, columns: int) -> ArrayType:
    return t.with_shape((*t.shape[:-2], rows, columns))
