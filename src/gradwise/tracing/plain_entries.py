"""Entries of traced arrays that depend on nothing: the 1 in ``np.array([1.0, p])``, the first and last of ``d = np.zeros(n); d[1:-1] = x``.

    is_plain : (trace, variable) → whether no entry of it depends on what is differentiated

Which entry of an array comes from where follows from the equations that only move entries (packing, indexing, assigning, joining), applied to arrays of marks; operations entry by entry mark what one of their
operands marks, and all others mark everything.  Asked where a traced value equals a plain one, which is rare: the record is read once, as far as it goes, by all questions together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.rules.axes import transpose
from gradwise.rules.broadcasting import broadcast_to_p, reshape_p
from gradwise.rules.shapes import concatenate, diagonal, getitem, pack, scatter_set

if TYPE_CHECKING:
    from gradwise.tracing.trace import Trace

_MOVES = frozenset([getitem, scatter_set, concatenate, pack, reshape_p, transpose, broadcast_to_p, diagonal])
#: equations that one question goes through, and entries of one array
_EQUATIONS, _ENTRIES = 500, 10_000


class Producers:
    """The equation of each variable, read from the record as it grows."""

    def __init__(self) -> None:
        self.equations: dict[int, tuple[Any, Any, tuple[int, ...]]] = {}
        self._numbers = self._place = 0

    def of(self, trace: Trace, variable: int) -> Any:
        ops, outs = trace.ops, trace.outs
        while self._numbers < len(outs):
            k = self._place
            end = k + 3 + ops[k + 2]
            out = outs[self._numbers]
            for each in out if type(out) is tuple else (out,):
                self.equations[each] = ops[k], ops[k + 1], tuple(ops[k + 3 : end])
            self._place, self._numbers = end, self._numbers + 1
        return self.equations.get(variable)


def is_plain(trace: Trace, variable: int) -> bool:
    """Whether no entry of a variable depends on the inputs, as far as the equations that it is made by show."""
    if trace.producers is None:
        trace.producers = Producers()
    marks: dict[int, Any] = dict.fromkeys(trace.inputs, True) | dict.fromkeys(trace.handles, True)
    pending = [variable]
    for _ in range(2 * _EQUATIONS):
        if not pending:
            return not np.any(marks[variable])
        v = pending[-1]
        equation = trace.producers.of(trace, v) if v not in marks else None
        if equation is None:  # an input, or captured
            marks.setdefault(v, False)
            pending.pop()
            continue
        primitive, params, operands = equation
        missing = [o for o in operands if o not in marks]
        if missing:
            pending.extend(missing)
            continue
        marks[v] = _marked(trace, primitive, params, operands, marks)
        pending.pop()
    return False


def _marked(trace: Trace, primitive: Any, params: Any, operands: tuple[int, ...], marks: dict[int, Any]) -> Any:
    found = [marks[o] for o in operands]
    if not any(np.any(m) for m in found):
        return False
    if primitive not in _MOVES:
        return _joined(found) if primitive.structural == "elementwise" and not primitive.multiple else True
    values = [trace.values[o] for o in operands]
    given: list[Any] = []
    for mark, value in zip(found, values, strict=True):
        if type(mark) is np.ndarray:  # the value itself may have been let go
            given.append(mark.astype(float))
            continue
        if value is None or np.size(value) > _ENTRIES:
            return True
        if np.asarray(value).dtype.kind in "fc":
            given.append(np.broadcast_to(np.asarray(mark, float), np.shape(value)))
        elif np.any(mark):  # a place that depends on what is differentiated
            return True
        else:
            given.append(value)
    return np.asarray(primitive.value(*given, *params)) != 0


def _joined(found: list[Any]) -> Any:
    """Marked where one of the operands is; a mark for the whole of an operand marks all."""
    if any(m is True for m in found):
        return True
    total: Any = False
    for m in found:
        total = np.logical_or(total, m)
    return total
