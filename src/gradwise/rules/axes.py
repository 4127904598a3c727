"""The order of the axes: transpose."""

from __future__ import annotations

from typing import Any

from gradwise.program import ArrayType
from gradwise.rules.broadcasting import linear


def _inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    inverse = [0] * len(order)
    for i, axis in enumerate(order):
        inverse[axis] = i
    return tuple(inverse)


def _transpose_batch(operands: Any, batched: Any, order: tuple[int, ...]) -> Any:
    return transpose(operands[0], params=((0, *(a + 1 for a in order)),))


transpose = linear(
    "transpose",
    lambda x, order: x.transpose(order),
    lambda t, order: ArrayType(tuple(t.shape[a] for a in order), t.dtype),
    lambda ct, operands, linear_, order: (transpose(ct, params=(_inverse(order),)),),
    _transpose_batch,
    params=("order",),
    view=True,
)


def move_axis(x: Any, source: int, destination: int) -> Any:
    order = [i for i in range(x.ndim) if i != source]
    order.insert(destination, source)
    return x if order == list(range(x.ndim)) else transpose(x, params=(tuple(order),))


def swap_last(x: Any) -> Any:
    """The matrix transpose of the last two axes."""
    n = x.ndim
    return transpose(x, params=((*range(n - 2), n - 1, n - 2),))
