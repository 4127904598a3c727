"""Where an error of an operation on traced values shows what was called with what.

    @shows(of("x", "y"))  :  an error that goes through a call of this function is one of ``function(x, y)``, names in its frame

Functions of NumPy and SciPy, those of ``math``, and Python's operators are each carried out in few places, which say so here.  Nothing is done at a call, so that operations cost what they cost;
who finds an error in a traceback (``instrument/failures.py``) reads the frame.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

    #: a function, its arguments, and those by name
    Operation = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
    Reader = Callable[[dict[str, Any]], Operation]

F = TypeVar("F")

#: what reads the operation from the names of a frame, by the code that runs in it
PLACES: dict[CodeType, Reader] = {}
#: code whose errors of these classes come of the form of values alone; the name of an index there, which may be traced
OF_FORM: dict[CodeType, tuple[type[Exception], str | None]] = {}


def shows(read: Reader) -> Callable[[F], F]:
    """Decorator of a function in whose frame ``read`` finds the operation."""

    def note(function: F) -> F:
        PLACES[function.__code__] = read  # type: ignore[attr-defined]
        return function

    return note


def decided(error: type[Exception], unless_traced: str | None = None) -> Callable[[F], F]:
    """Decorator of a function whose errors of this class come of the form of values alone, unless what has this name is traced."""

    def note(function: F) -> F:
        OF_FORM[function.__code__] = (error, unless_traced)  # type: ignore[attr-defined]
        return function

    return note


def is_of_form(frame: FrameType, error: BaseException) -> bool:
    """Whether no numbers were asked: an attribute that their kind has not, an index beyond the end that is no traced one."""
    expected, index = OF_FORM.get(frame.f_code, (None, None))
    return type(error) is expected and (index is None or not _holds_traced(frame.f_locals[index]))


def _holds_traced(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return any(map(_holds_traced, value))
    if type(value) is slice:
        return _holds_traced((value.start, value.stop, value.step))
    return isinstance_traced(value)


def of(*operands: str, function: Any = None) -> Reader:
    """The operands by their names; the function is called so in the frame, unless it is given."""

    def read(names: dict[str, Any]) -> Operation:
        return names["function"] if function is None else function, tuple([names[o] for o in operands]), {}

    return read


def called(names: dict[str, Any]) -> Operation:
    """``function(*args, **kwargs)``."""
    return names["function"], tuple(names["args"]), names.get("kwargs") or {}


def called_by_name(names: dict[str, Any]) -> Operation:
    """``module.name(*args, **kwargs)``."""
    return getattr(sys.modules[names["module"]], names["name"]), tuple(names["args"]), names["kwargs"]


def by_method(names: dict[str, Any]) -> Operation:
    """``function(self, other)``, or the other way round if ``flipped``."""
    return names["function"], (names["other"], names["self"])[:: 1 if names["flipped"] else -1], {}
