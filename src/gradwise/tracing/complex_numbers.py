"""Operators of traced numbers of which one is complex: recorded without the questions that operands of any kind ask.

An operation of complex numbers took 3.3 times as long to record as one of floats, and circuits, filters and transforms written in ``cmath`` consist of nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.rules.broadcasting import convert_p
from gradwise.tracing.traced import TracedScalar

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.program import Primitive

_C128 = np.dtype(np.complex128)
_COMPLEX = frozenset({complex, np.complex128})
_NUMBERS = _COMPLEX | {float, np.float64, int}


def of_complex(function: Callable[..., Any], primitive: Primitive, x: Any, z: Any) -> Any:
    """The traced result of an operation that gives a complex number; None where it is no such one, and nothing was recorded."""
    trace, a, b = None, x, z
    if type(x) is TracedScalar:
        trace, a = x.tape, x.value
    if type(z) is TracedScalar:
        if trace is not None and z.tape is not trace:
            return None
        trace, b = z.tape, z.value
    one, other = type(a), type(b)
    if trace is None or not trace.open or one not in _NUMBERS or other not in _NUMBERS:
        return None
    if (one is int and a is not x) or (other is int and b is not z) or (one not in _COMPLEX and other not in _COMPLEX):
        return None  # traced integers are guarded
    out = function(a, b)
    if type(out) not in _COMPLEX:
        return None
    operands = (_index(trace, x, a), _index(trace, z, b))
    return TracedScalar(trace, trace.record(primitive, operands, (), out), out)


def _index(trace: Any, operand: Any, value: Any) -> int:
    if operand is value:
        return trace.capture(np.complex128(value))[0]
    if type(value) in _COMPLEX:
        return operand.index
    return trace.record(convert_p, (operand.index,), (_C128,), np.complex128(value))
