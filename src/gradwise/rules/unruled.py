"""Values that depend on something traced in a way for which there is no rule: they can be read, and raise where their derivative is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.errors import TracingError
from gradwise.program import ArrayType, Primitive
from gradwise.rules.broadcasting import broadcast_to

if TYPE_CHECKING:
    from collections.abc import Sequence


def _value(value: Any, source: Any, what: str) -> Any:
    return value


def _result(value: ArrayType, source: ArrayType, what: str) -> ArrayType:
    return value


def _jvp(primals: Any, tangents: Any, y: Any, what: str) -> Any:
    if tangents[1] is None:
        return tangents[0]
    raise TracingError(what)


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
