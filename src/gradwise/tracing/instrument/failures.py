"""Which operation on traced values failed, and that it fails again as a guard of the program.

    note_failure(traceback, error) → how it is known that it fails again

An error shows, in the frames that it went through, what was called with what (``tracing/failing.py``).  The program then asks whether the same call raises the same error
(``rules/failing.py``).
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.rules.failing import raises
from gradwise.tracing import arithmetic
from gradwise.tracing.failing import PLACES, is_of_form
from gradwise.tracing.instrument.userland import is_users_file
from gradwise.tracing.traced import isinstance_traced, operand_index

if TYPE_CHECKING:
    from types import FrameType, TracebackType

#: errors that come of the numbers alone, whatever the state of NumPy's warnings
_OF_NUMBERS = (ValueError, ZeroDivisionError, OverflowError)
#: the operands that a program holds, and what they are made before the call
_KINDS: dict[type, Any] = {c: c for c in (int, float, complex, bool, np.float64, np.complex128)}
_STATIC = (int, float, complex, str, bytes, np.generic, np.dtype, type, types.NoneType, types.EllipsisType)
_PACKAGES = frozenset({"numpy", "scipy", __name__.partition(".")[0]})
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


def below_the_user(traceback: TracebackType | None) -> list[FrameType]:
    """The frames through which an error went below the user's innermost one."""
    frames: list[FrameType] = []
    while traceback is not None:
        frame = traceback.tb_frame
        # SciPy's decorators make code that has no file
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        is_users = package not in _PACKAGES and is_users_file(frame.f_code.co_filename)
        frames = [] if is_users else [*frames, frame]
        traceback = traceback.tb_next
    return frames


def is_decided(traceback: TracebackType | None) -> bool:
    """Whether no frame below the one in which an error is seen first had traced values at hand."""
    below = None if traceback is None else traceback.tb_next
    while below is not None:
        if any(_holds_traced(v) for v in below.tb_frame.f_locals.values()):
            return False
        below = below.tb_next
    return True


def misses_of_plain(error: BaseException) -> bool:
    """Whether an attribute is missing of what is the same kind of thing in a plain call: a number, a list, an array of constants."""
    return type(error) is AttributeError and type(error.name) is str and type(error.obj) in _PLAIN


_PLAIN = frozenset([int, float, complex, bool, str, bytes, types.NoneType, tuple, list, dict, np.ndarray, np.float64])
_LONG = 1000


def _holds_traced(value: Any, depth: int = 4) -> bool:
    """Whether a value is traced, or a container of traced values; of what is deep or long it is believed."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, (list, tuple, set, frozenset)):
        return isinstance_traced(value)
    return not depth or len(value) > _LONG or any(_holds_traced(v, depth - 1) for v in value)


def note_failure(traceback: TracebackType | None, error: BaseException) -> Any:
    """Make it a guard of the trace that the operation fails again as it did.

    Parameters
    ----------
    traceback : traceback
        Whose first frame is of the user's.
    error : BaseException

    Returns
    -------
    Trace or object or None
        The trace that holds the guard; ``DECIDED`` where none is needed; None where the call is not known, or its failing does not depend on the numbers alone.
    """
    frames = below_the_user(traceback)
    operation = None
    for frame in frames:
        if is_of_form(frame, error):
            return DECIDED
        place = PLACES.get(frame.f_code)
        if place is not None and operation is None:
            operation = place(frame.f_locals)
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
    if not tape.open:
        return None
    kinds = tuple([_KINDS.get(type(v)) for v in values])
    params = (repeated, (operation[0], *call), kinds, type(error), error.args, ())
    if not raises.value(*values, *params):
        return None
    index = tape.record(raises, tuple([operand_index(tape, o, None) for o in operands]), params, np.bool_(True))
    tape.guard(index, "error", True)
    return tape
