"""Values that depend on something traced in a way for which there is no rule: they can be read, and raise where their derivative is needed.

unruled : (value, source) → value            its tangent is ``lost``, an array that raises where something is computed with it
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import TracingError
from gradwise.program import ArrayType, Primitive
from gradwise.rules.algebra import add
from gradwise.rules.broadcasting import broadcast_to

if TYPE_CHECKING:
    from collections.abc import Sequence


class Lost(np.ndarray):
    """An array of a derivative that is not known: whatever is computed with it raises.  Forward mode computes what nobody asks for, too."""

    what = ""

    def __array_finalize__(self, source: Any) -> None:
        self.what = getattr(source, "what", "")

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        raise TracingError(self.what)

    def __array_function__(self, *args: Any, **kwargs: Any) -> Any:
        raise TracingError(self.what)


def _lost_value(tangent: Any, shape: tuple[int, ...], dtype: Any, what: str) -> Any:
    made = np.full(shape, np.nan, dtype).view(Lost)
    made.what = what
    return made


def _lost_result(tangent: ArrayType, shape: tuple[int, ...], dtype: Any, what: str) -> ArrayType:
    return ArrayType(shape, dtype)


def _lost_batch(operands: Any, batched: Sequence[bool], shape: tuple[int, ...], dtype: Any, what: str) -> Any:
    (tangent,) = operands
    return lost(tangent, params=((tangent.shape[0], *shape), dtype, what))


#: a linear map of which nothing is known
lost = Primitive(
    "lost",
    _lost_value,
    _lost_result,
    jvp=lambda primals, tangents, y, *params: lost(tangents[0], params=params),
    transpose=lambda ct, operands, linear, shape, dtype, what: (
        lost(ct, params=(operands[0].shape, operands[0].dtype, what)),
    ),
    batch=_lost_batch,
    keeps="none",
    params=("shape", "dtype", "what"),
)


def _value(value: Any, source: Any, what: str) -> Any:
    return value


def _result(value: ArrayType, source: ArrayType, what: str) -> ArrayType:
    return value


def _jvp(primals: Any, tangents: Any, y: Any, what: str) -> Any:
    if tangents[1] is None:
        return tangents[0]
    gone = lost(tangents[1], params=(y.shape, y.dtype, what))
    return gone if tangents[0] is None else add(tangents[0], gone)


def _batch(operands: Any, batched: Sequence[bool], what: str) -> Any:
    value, source = operands
    size = next(x.shape[0] for x, b in zip(operands, batched, strict=True) if b)
    return value if batched[0] else broadcast_to(value, (size, *value.shape))


#: ``unruled(value, source)``: the value, which depends on the source; ``what`` is the sentence of the error
unruled = Primitive(
    "unruled",
    _value,
    _result,
    jvp=_jvp,
    batch=_batch,
    keeps="none",
    params=("what",),
    view=True,
)
