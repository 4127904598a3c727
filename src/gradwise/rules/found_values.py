"""Values that an algorithm found, with the derivative of a formula for them.

found_value : (value, formula) → value            its tangent is that of the formula
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.program import ArrayType, Primitive
from gradwise.rules.broadcasting import broadcast_to

if TYPE_CHECKING:
    from collections.abc import Sequence


def _value(value: Any, formula: Any) -> Any:
    return value


def _result(value: ArrayType, formula: ArrayType) -> ArrayType:
    return value


def _batch(operands: Any, batched: Sequence[bool]) -> Any:
    value, formula = operands
    size = next(x.shape[0] for x, b in zip(operands, batched, strict=True) if b)
    return value if batched[0] else broadcast_to(value, (size, *value.shape))


#: the value of the one and the derivative of the other, which is the same number to what the algorithm's tolerance leaves
found_value = Primitive(
    "found value",
    _value,
    _result,
    jvp=lambda primals, tangents, y: tangents[1],
    batch=_batch,
    keeps="none",
    view=True,
)
