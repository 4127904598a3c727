"""Which operation on traced values failed, and that it fails again as a guard of the program.

    note_failure(traceback, error) → how it is known that it fails again
    unread(program) → the results that nobody reads, of operations that may fail

An error shows, in the frames that it went through, what was called with what (``tracing/failing.py``).  The program then asks whether the same call raises the same error
(``rules/failing.py``).
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.rules.failing import may_fail, raises
from gradwise.tracing import arithmetic
from gradwise.tracing.failing import PLACES, is_of_form
from gradwise.tracing.traced import isinstance_traced, operand_index
from gradwise.transforms.simplify import needed

if TYPE_CHECKING:
    from types import TracebackType

    from gradwise.program import Program

#: errors that come of the numbers alone, whatever the state of NumPy's warnings
_OF_NUMBERS = (ValueError, ZeroDivisionError, OverflowError)
#: the operands that a program holds, and what they are made before the call
_KINDS: dict[type, Any] = {c: c for c in (int, float, complex, bool, np.float64, np.complex128)}
_STATIC = (int, float, complex, str, bytes, np.generic, np.dtype, type, types.NoneType, types.EllipsisType)
#: that the form of the arguments alone decided it
DECIDED = object()


class _NoGuard(Exception):
    """The call cannot be repeated from what a program holds."""


def _template(value: Any, operands: list[Any]) -> Any:
    """A value with its traced parts and arrays put into ``operands``, as something that can be compared."""
    if isinstance_traced(value) or type(value) is np.ndarray:
        operands.append(value)
        return "operand"
    if type(value) in (tuple, list):
        return type(value), tuple([_template(v, operands) for v in value])
    if isinstance(value, _STATIC):
        return "static", type(value), value
    raise _NoGuard


def _filled(template: Any, operands: Any) -> Any:
    if template == "operand":
        return next(operands)
    if template[0] == "static":
        return template[2]
    return template[0]([_filled(part, operands) for part in template[1]])


def repeated(*rest: Any) -> Any:
    """The call again, of what stands in the places of its operands."""
    *operands, function, args, names, kwargs = rest
    left = iter(operands)
    given = _filled(args, left)
    return function(*given, **dict(zip(names, _filled(kwargs, left), strict=True)))


def note_failure(traceback: TracebackType | None, error: BaseException) -> Any:
    """Make it a guard of the trace that the operation fails again as it did.

    Parameters
    ----------
    traceback : traceback
        Whose first frame is of the user's.

    Returns
    -------
    Trace or object or None
        The trace that holds the guard; ``DECIDED`` where none is needed; None where the call is not known, or its failing does not depend on the numbers alone.
    """
    below = None if traceback is None else traceback.tb_next
    operation = None
    while below is not None and operation is None:
        frame = below.tb_frame
        if is_of_form(frame, error):
            return DECIDED
        place = PLACES.get(frame.f_code)
        operation = None if place is None else place(frame.f_locals)
        below = below.tb_next
    if operation is None or not isinstance(error, _OF_NUMBERS):
        return None
    if not all(isinstance(a, (str, int, float)) for a in error.args):
        return None
    operands: list[Any] = []
    try:
        call = (
            _template(operation[1], operands),
            tuple(operation[2]),
            _template(list(operation[2].values()), operands),
        )
    except _NoGuard:
        return None
    tapes = {id(o.tape): o.tape for o in operands if isinstance_traced(o)}
    values = [arithmetic.plain(o) for o in operands]
    if len(tapes) != 1 or not all(type(v) is np.ndarray or type(v) in _KINDS for v in values):
        return None
    (tape,) = tapes.values()
    if not tape.open or tape.outers:
        return None
    kinds = tuple([_KINDS.get(type(v)) for v in values])
    params = (repeated, (operation[0], *call), kinds, type(error), error.args, ())
    if not raises.value(*values, *params):
        return None
    index = tape.record(raises, tuple([operand_index(tape, o, None) for o in operands]), params, np.bool_(True))
    tape.guard(index, "error", True)
    return tape


def unread(program: Program) -> list[int]:
    """The results that nobody reads, of operations that may fail: to be computed all the same, and looked at.

    With those of matrices their operands, at which SciPy fails if they are not finite.
    """
    read = {*program.outputs, *(g.variable for g in program.guards)}
    kept = set(map(id, needed(program.equations, read)))
    found: dict[int, None] = {}
    for equation in program.equations:
        made, *_ = equation.output_tuple
        if id(equation) in kept or not may_fail(equation.primitive, program.types[made]):
            continue
        if program.types[made].shape != ():
            found.update(dict.fromkeys(i for i in equation.inputs if program.types[i].shape != ()))
        found[made] = None
    return list(found)
